"""Random formulas on columns of random types: the fit on plain columns, or one error of mlm; never anything else."""

import random
import warnings

import numpy as np
import pandas as pd
import pytest

import mlm

ROWS = 48
BATCHES, EACH = 12, 25

NUMBERS = [
    lambda v: v,
    list,
    lambda v: v.astype(object),
    lambda v: pd.array(v, dtype="Float64"),
    lambda v: np.ma.array(v, mask=[False] * ROWS),
    lambda v: v.astype(">f8"),
    pd.arrays.SparseArray,
]
WHOLE = [
    lambda v: v,
    lambda v: v.astype("int8"),
    lambda v: v.astype("uint16"),
    lambda v: v.astype("float32"),
    lambda v: pd.array(v, dtype="Int32"),
    lambda v: v.astype(object),
]
WORDS = [lambda v: v, list, lambda v: v.astype(object), lambda v: pd.array(v, dtype="string"), pd.Categorical]
TRUTHS = [lambda v: v, lambda v: v.astype(object), lambda v: pd.array(v, dtype="boolean")]
TYPES = {"x": NUMBERS, "z": NUMBERS, "y": NUMBERS, "k": WHOLE, "g": WHOLE, "f": WORDS, "c": WORDS, "flag": TRUTHS}
ODD = [
    lambda: pd.date_range("2020", periods=ROWS),
    lambda: pd.to_timedelta(np.arange(ROWS), "D"),
    lambda: np.arange(ROWS) + 1j,
    lambda: [None] * ROWS,
    lambda: [[1]] * ROWS,
    lambda: [(1, 2)] * ROWS,
    lambda: [{}] * ROWS,
    lambda: [1, "a"] * (ROWS // 2),
    lambda: [True, None, 2.5] * (ROWS // 3),
    lambda: np.full(ROWS, np.inf),
    lambda: np.zeros(ROWS),
    lambda: [""] * ROWS,
    lambda: pd.interval_range(0, ROWS),
    lambda: pd.period_range("2020", periods=ROWS, freq="M"),
    lambda: np.arange(ROWS, dtype="uint64") + np.uint64(2**63),
    lambda: [2**70 + k for k in range(ROWS)],
    lambda: pd.Categorical([None] * ROWS),
    lambda: pd.Categorical.from_codes([0] * ROWS, categories=[(1, 2)]),
    lambda: pd.array([pd.NA] * ROWS, dtype="boolean"),
    lambda: [object()] * ROWS,
    lambda: np.array([1e300, -1e300] * (ROWS // 2)),
    lambda: np.full(ROWS, 1e-320),
    lambda: np.array([np.datetime64("NaT", "ns")] * ROWS),
]
RESPONSES = ["y"] * 8 + ["log(z)", "y - z", "flag", "f", "y^2", "cbind(y, z)", "scale(y)", "1"]
TERMS = [
    *["x", "z", "k", "f", "flag", "c", "1", "0", ".", "2", "pi", "x*f", "x:z", "f/x", "(x + z)^2", "x %in% f", "f:c"],
    *["I(x^2)", "log(z)", "log(x)", "scale(x)", "poly(x, 2)", "bs(x, df = 4)", "ns(z, 3)", "I(x - mean(x))", "(x > 0)"],
    *["ifelse(x > 0, z, 1)", "cut(z, 3)", "cut(z, c(0, 2, 9))", "factor(k)", "C(f, sum)", "relevel(f, ref = 'c')"],
    *["I(k %% 2)", "as.numeric(flag)", "is.na(x)", "interaction(f, c)", "ordered(k)", "offset(z)", "offset(f)"],
    *["log(f)", "mean(x)", "open('f')", "nobody", "pmax(x, 0)", "I(scale(x)^2)", "I(f %in% c('a', 'b'))"],
]
EFFECTS = [
    *["(1 | g)", "(x | g)", "(x || g)", "(1 | c)", "(1 | g:c)", "(1 | g/c)", "(f | g)", "(1 | factor(g))", "(1 | x)"],
    *["(1 | flag)", "(z | g) + (1 | c)", "(1 | g) + (1 | g)", "(x | x)", "(1 | cut(z, 3))"],
]


def columns(rng):
    d = {"x": rng.normal(size=ROWS), "z": rng.uniform(1, 5, size=ROWS), "k": np.tile([1, 2, 3, 4], ROWS // 4)}
    d |= {"f": rng.choice(list("abc"), ROWS).astype(object), "flag": rng.random(ROWS) < 0.5}
    d |= {
        "g": np.repeat(np.arange(8), ROWS // 8),
        "c": rng.permutation(np.repeat(list("pqrs"), ROWS // 4)).astype(object),
    }
    d["y"] = 0.5 * d["x"] + rng.normal(size=8)[d["g"]] + rng.normal(size=ROWS)
    return d


def outcome(formula, data):
    """The model or the error of mlm; warnings that are not of mlm are errors, as everywhere in these tests."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MlmWarning)
        try:
            return (mlm.lmer if "|" in formula else mlm.lm)(formula, data), None
        except mlm.MlmError as error:
            return None, error


def draw(seed):
    """A formula, the plain columns, and the same of other types; None in place of the plain ones when one is odd."""
    pick, plain = random.Random(seed), columns(np.random.default_rng(seed))
    formula = f"{pick.choice(RESPONSES)} ~ {' + '.join(pick.choice(TERMS) for _ in range(pick.choice([1, 1, 2, 3])))}"
    if pick.random() < 0.6:
        formula += f" + {pick.choice(EFFECTS)}"
    given = {name: pick.choice(TYPES[name])(values) for name, values in plain.items()}
    odd = pick.random() < 0.4
    if odd:
        given[pick.choice(list(given))] = pick.choice(ODD)()
    return formula, None if odd else plain, pd.DataFrame(given) if pick.random() < 0.5 else given


@pytest.mark.parametrize("batch", range(BATCHES))
def test_a_formula_on_columns_of_any_type(batch):
    fitted = 0
    for seed in range(batch * EACH, (batch + 1) * EACH):
        formula, plain, given = draw(seed)
        m, error = outcome(formula, given)
        fitted += m is not None
        if error is not None:
            assert len(str(error)) < 800, (seed, formula)
        if plain is None:
            continue
        right, refused = outcome(formula, plain)
        assert type(error) is type(refused), (seed, formula, error, refused)
        if right is not None:
            np.testing.assert_allclose(m.fixef, right.fixef, rtol=1e-5, atol=1e-6, err_msg=f"{seed} {formula}")
            np.testing.assert_allclose(m.loglik, right.loglik, rtol=1e-8, err_msg=f"{seed} {formula}")
            for rows in (given, plain):
                predicted = m.predict(rows) if len(m.fitted) == ROWS else m.fitted
                np.testing.assert_allclose(predicted, m.fitted, rtol=1e-7, atol=1e-7, err_msg=f"{seed} {formula}")
    assert fitted > EACH // 10
