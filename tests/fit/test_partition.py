"""How many variances and covariances can be told: by cross-products, and by the matrices of all rows."""

import numpy as np
import pandas as pd
import pytest
from brute import surplus_of_all_rows

from mlm.fit.identification import unidentified
from mlm.fit.partition import partitions
from mlm.fit.stages import deviance_function, independent_columns, sorted_terms
from mlm.frame.model_frame import model_frame

TERMS = [
    "(1 | g)",
    "(x | g)",
    "(0 + x | g)",
    "(f | g)",
    "(0 + f | g)",
    "(b | g)",
    "(0 + b | g)",
    "(1 | k)",
    "(0 + z | k)",
]


def data(seed):
    """f with empty cells, b constant within levels, of two values or three; k is g by another name."""
    rng = np.random.default_rng(seed)
    g = np.repeat(np.arange(6), rng.integers(2, 9, 6))
    n = len(g)
    frame = pd.DataFrame({"g": g, "k": rng.permutation(6)[g], "y": rng.normal(size=n), "x": rng.integers(0, 3, n)})
    frame["z"], frame["f"] = rng.normal(size=n), np.array(list("abc"))[(g + rng.integers(0, 2, n)) % 3]
    values = [[-1.0, 1.0, 2.0], [-1.0, 1.0], [0.0, 1.0]][rng.integers(3)]
    return frame.assign(b=rng.permutation(np.resize(values, 6))[g])


@pytest.mark.parametrize("reml", [True, False], ids=["REML", "ML"])
@pytest.mark.parametrize("seed", range(60))
def test_surplus(seed, reml):
    rng = np.random.default_rng(seed)
    chosen = rng.choice(TERMS, rng.integers(1, 5))
    frame = model_frame("y ~ 1 + " + " + ".join(chosen), data(seed))
    terms = sorted_terms(frame)
    frame, products = independent_columns(frame, terms)
    assert len(partitions(products)) == 1
    found = unidentified(terms, deviance_function(terms, products, reml))
    assert sum(f.surplus for f in found) == surplus_of_all_rows(frame, terms, reml), chosen
    assert all(f.surplus > 0 for f in found)


def test_partitions_are_told_by_rows_and_not_by_names():
    g = np.array([0, 0, 1, 1, 2, 2, 3, 3])
    frame = pd.DataFrame({"y": np.arange(8.0) ** 2, "g": g, "same": [9, 9, 7, 7, 1, 1, 3, 3], "h": [0, 1, 2, 3] * 2})
    frame["near"] = [0, 0, 1, 1, 2, 2, 3, 0]
    parsed = model_frame("y ~ 1 + (1 | g) + (1 | h) + (1 | same) + (1 | near)", frame)
    _, products = independent_columns(parsed, sorted_terms(parsed))
    names = [[products.factors[k].name for k in factors] for factors in partitions(products)]
    assert sorted(map(sorted, names)) == [["g", "same"], ["h"], ["near"]]
