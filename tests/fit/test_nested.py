"""Terms of factors within factors: parameters that can be told, by cross-products and by the matrices of all rows."""

import numpy as np
import pandas as pd
import pytest
from brute import surplus_of_all_rows

from mlm.fit.identification import unidentified
from mlm.fit.stages import deviance_function, independent_columns, sorted_terms
from mlm.frame.model_frame import model_frame

COARSE = ["(1 | g)", "(x | g)", "(f | g)", "(0 + f | g)", "(b || g)", "(0 + z | g)", "(h | g)", "(z | k)"]
FINE = [
    "(1 | g:f)",
    "(1 | g:b)",
    "(x | g:f)",
    "(0 + z | g:h)",
    "(1 | g:h)",
    "(b | g:f)",
    "(1 | g:f:h)",
    "(0 + b | g:b)",
]


def data(seed):
    """Cells of one row to some, and empty ones; f and h are crossed, b is boolean, k is g by another name."""
    rng = np.random.default_rng(seed)
    g = np.repeat(np.arange(5), rng.integers(8, 15, 5))
    n = len(g)
    frame = pd.DataFrame({"g": g, "k": rng.permutation(5)[g], "y": rng.normal(size=n), "x": rng.integers(0, 3, n)})
    frame["f"], frame["h"] = rng.choice(list("abc"), n), rng.choice(list("uv"), n)
    return frame.assign(z=rng.normal(size=n), b=rng.integers(0, 2, n) > 0, w=rng.uniform(0.1, 10.0, n))


def design(formula, seed, weights=None):
    frame = model_frame(formula, data(seed), weights=weights)
    terms = sorted_terms(frame)
    frame, products = independent_columns(frame, terms)
    return frame, terms, deviance_function(terms, products, False)


@pytest.mark.parametrize("weights", [None, "w"], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("seed", range(30))
def test_surplus(seed, weights):
    rng = np.random.default_rng(seed)
    chosen = [*rng.choice(COARSE, rng.integers(1, 3)), *rng.choice(FINE, rng.integers(1, 3))]
    frame, terms, deviance = design("y ~ 1 + " + " + ".join(chosen), seed, weights)
    found = unidentified(terms, deviance)
    assert sum(f.surplus for f in found) == surplus_of_all_rows(frame, terms, False), chosen


def test_the_random_designs_are_of_both_kinds():
    """Of 30, from 5 to 25 are not identified across factors."""
    counts = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        chosen = [*rng.choice(COARSE, rng.integers(1, 3)), *rng.choice(FINE, rng.integers(1, 3))]
        _, terms, deviance = design("y ~ 1 + " + " + ".join(chosen), seed)
        counts.append(any("within the levels of g:" in f.what for f in unidentified(terms, deviance)))
    assert 5 <= sum(counts) <= 25
