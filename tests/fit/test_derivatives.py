"""Parameters that can be told, of designs of every kind: by cross-products, and by the matrices of all rows."""

import warnings

import numpy as np
import pandas as pd
import pytest
from brute import surplus_of_all_rows

import mlm
from mlm.fit.identification import unidentified
from mlm.fit.stages import deviance_function, independent_columns, sorted_terms
from mlm.frame.model_frame import model_frame

FIXED = [
    *("0", "1", "x", "b", "f + few", "x * b", "h", "0 + x", "factor(a) + factor(c)"),
    *("factor(s)", "factor(s) + f", "factor(s):x", "factor(s):f"),
]
RANDOM = [
    *(
        "(1 | s)",
        "(x | s)",
        "(x || s)",
        "(0 + x | s)",
        "(f | s)",
        "(0 + f | s)",
        "(b | s)",
        "(few | s)",
        "(0 + few | s)",
    ),
    *("(1 | again)", "(x | again)", "(0 + z | again)", "(1 | s:f)", "(z | s:f)", "(1 | f)", "(x | f)"),
    *("(1 | h)", "(x | h)", "(f | h)", "(b | h)", "(1 | a)", "(1 | c)", "(x | a)", "(0 + x | c)", "(0 + f | c)"),
    *("(1 | a:c)", "(1 | two)", "(x | two)", "(b | two)", "(1 | s) + (1 | first) + (1 | last)"),
]


def data(rng):
    """s by two names and split in two halves, f and h crossed with it, a and c crossed, connected or not."""
    groups, n = rng.integers(2, 6), rng.integers(14, 32)
    s, row = np.concatenate([np.arange(groups), rng.integers(0, groups, n - groups)]), np.arange(n)
    frame = pd.DataFrame({"s": s, "again": rng.permutation(groups)[s], "y": rng.normal(size=n)})
    frame["x"], frame["z"] = rng.integers(0, rng.choice([2, 3, 9]), n), rng.normal(size=n)
    frame["f"], frame["h"] = np.resize(rng.choice(list("abcabcaabb"), n), n), rng.choice(list("uvwq"), n)
    first, second = rng.integers(2, 5, 2)
    cell = row % (first * second) if rng.integers(2) else rng.integers(0, first * second, n)
    frame["a"], frame["c"] = cell // second, cell % second
    if rng.integers(3) == 0:
        frame["c"] = frame["c"] % 2 + 2 * (frame["a"] >= first // 2)
    frame["b"] = rng.normal(size=groups)[s] if rng.integers(2) else s % 2.0
    frame["few"] = (s == 0) * (row % 2.0) if rng.integers(2) else (frame["f"] == "c") * 1.0
    frame["two"] = (s if rng.integers(2) else row) % 2
    frame["first"], frame["last"] = np.where(s < groups // 2, s, 100 + row), np.where(s < groups // 2, 100 + row, s)
    return frame.assign(w=rng.uniform(0.1, 5.0, n))


def design(seed, reml):
    """A random design: the frame, its terms and the deviance function; or None for what is refused before a fit."""
    rng = np.random.default_rng(seed)
    formula = f"y ~ {rng.choice(FIXED)} + {' + '.join(rng.choice(RANDOM, rng.integers(1, 4)))}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.RankWarning)
        frame = model_frame(formula, data(rng), weights="w" if rng.integers(3) == 0 else None)
        terms = sorted_terms(frame)
        if any((part.columns.matrix() == 0).all(axis=0).any() for part in terms):
            return None
        frame, products = independent_columns(frame, terms)
    return frame, terms, deviance_function(terms, products, reml)


@pytest.mark.parametrize("reml", [True, False], ids=["REML", "ML"])
@pytest.mark.parametrize("seed", range(130))
def test_surplus(seed, reml):
    found = design(seed, reml)
    if found is None:
        return
    frame, terms, deviance = found
    findings = unidentified(terms, deviance)
    assert sum(f.surplus for f in findings) == surplus_of_all_rows(frame, terms, reml), frame.formula.text
    assert all(f.surplus > 0 for f in findings)


def test_the_random_designs_are_of_all_kinds():
    """They can be told or not: because of the fixed effects, within factors, across them, and beside the residuals."""
    said, tried, told = "", 0, 0
    for seed in range(130):
        found = design(seed, True)
        if found is not None:
            texts = [f.what for f in unidentified(found[1], found[2])]
            said, tried, told = said + " ".join(texts), tried + 1, told + (not texts)
    assert tried > 115
    assert 40 < told < 90
    kinds = (
        "combination",
        "account for",
        "do not vary apart",
        "share",
        "within the levels of",
        "depend on one another",
        "residual",
    )
    assert [kind for kind in kinds if kind not in said] == []
