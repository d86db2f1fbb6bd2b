"""What a few counts show to be identified: nothing is looked at then, and nothing would be found."""

import numpy as np
import pandas as pd
import pytest

from mlm.fit import identification
from mlm.fit.plenty import plenty
from mlm.fit.stages import deviance_function, independent_columns, sorted_terms
from mlm.frame.model_frame import model_frame

PLENTY = [
    "x + (1 | s)",
    "x + (x | s)",
    "f + (f | s)",
    "x + (x || s)",
    "x + (1 | s) + (1 | h)",
    "x + (1 | h) + (1 | k)",
    "x + (x | h) + (x | k)",
    "x + (1 | s) + (1 | h) + (1 | three)",
    "x + (x | s / f)",
    "x + (1 | s / f)",
    "x + (far | s)",
]
NOT_PLENTY = [
    ("factor(s) + (d | s)", 2),
    ("x + (1 | s) + (d | s)", 1),
    ("few + (few | s)", 2),
    ("f + (f | s) + (1 | s:f)", 1),
    ("x + (lev || s) + (1 | s)", 1),
    ("x + (1 | s) + (1 | again)", 1),
    ("x + (x | h) + (1 | k) + (1 | kk)", 1),
    ("x + (1 | two)", 0),
    ("x + (lev | s)", 0),
    ("x + (1 | two) + (1 | k)", 0),
]


def design(formula, weights):
    """Terms and deviance function; the weights are from 0.001 to 1000."""
    rng = np.random.default_rng(3)
    n, s = 240, np.repeat(np.arange(24), 10)
    frame = pd.DataFrame({"s": s, "again": -s, "h": rng.integers(0, 16, n), "k": rng.integers(0, 16, n)})
    frame["kk"], frame["two"], frame["f"] = 99 - frame["k"], frame["h"] % 2, np.resize(list("abcac"), n)
    frame["x"], frame["d"], frame["few"] = rng.normal(size=n), np.arange(n) % 4.0, (s == 5) * (np.arange(n) % 2.0)
    frame["three"] = frame["k"] % 3
    frame["far"], frame["lev"] = 300.0 + rng.normal(size=n), rng.normal(size=24)[s]
    frame["y"], frame["w"] = rng.normal(size=n), 10.0 ** rng.uniform(-3, 3, n)
    rows = model_frame(f"y ~ {formula}", frame, weights=weights)
    terms = sorted_terms(rows)
    _, products = independent_columns(rows, terms)
    return terms, deviance_function(terms, products, True)


@pytest.mark.parametrize("weights", [None, "w"], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("formula", PLENTY)
def test_counts_agree_with_the_rank(formula, weights, monkeypatch):
    terms, deviance = design(formula, weights)
    assert plenty(terms, deviance.products) or weights
    monkeypatch.setattr(identification, "plenty", lambda terms, products: False)
    assert identification.unidentified(terms, deviance) == ()


@pytest.mark.parametrize(("formula", "surplus"), NOT_PLENTY)
def test_what_has_to_be_looked_at(formula, surplus):
    terms, deviance = design(formula, None)
    assert not plenty(terms, deviance.products)
    assert sum(f.surplus for f in identification.unidentified(terms, deviance)) == surplus
