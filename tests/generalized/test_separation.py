"""Columns that separate a response are found and named, and no others."""

import warnings

import numpy as np
import pytest
from scipy.optimize import linprog

import mlm
from mlm.generalized.family import make_family
from mlm.generalized.separation import separating

RNG = np.random.default_rng(17)
N = 200
X = RNG.normal(size=N)
Y = RNG.binomial(1, 1 / (1 + np.exp(-X)))
BINOMIAL = make_family("binomial")


def columns(x):
    return np.column_stack([np.ones(N), x])


@pytest.mark.parametrize("far", [1e2, 1e4, 1e8, 1e9, 1e12])
def test_one_value_far_from_the_others_separates_nothing(far):
    """A success whose probability is 1: the model of the other rows, as R's glm fits them."""
    x, other = X.copy(), np.arange(N) != np.flatnonzero(Y == 1)[0]
    x[~other] = far
    assert separating(columns(x), Y, BINOMIAL) is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        m, rest = mlm.glm("y ~ x", {"y": Y, "x": x}), mlm.glm("y ~ x", {"y": Y[other], "x": X[other]})
    assert m.deviance == pytest.approx(rest.deviance, abs=1e-9)
    assert m.fixef.to_numpy() == pytest.approx(rest.fixef.to_numpy(), rel=1e-8)
    assert m.se.to_numpy() == pytest.approx(rest.se.to_numpy(), rel=1e-8)


@pytest.mark.parametrize("far", [0.0, 2000.0, 1e9, 1e10])
def test_the_column_that_separates_is_named(far):
    found = separating(columns(far + X), (X > 0) * 1, BINOMIAL)
    assert found[0].tolist() == [False, True]
    with pytest.warns(mlm.ConvergenceWarning, match="errors of x are those"):
        mlm.glm("y ~ x", {"y": (X > 0) * 1, "x": np.round(X, 3) + min(far, 2000.0)})


def test_an_overlap_of_one_pair_is_no_separation():
    order, y = np.argsort(X), (X > 0) * 1
    first = order[np.flatnonzero(X[order] > 0)[0] - 1 :][:2]
    y[first] = 1 - y[first]
    assert separating(columns(X), y, BINOMIAL) is None


def test_a_constant_alone_is_named():
    assert separating(np.ones((3, 1)), np.ones(3), BINOMIAL)[0].tolist() == [True]


def can_be_set_apart(x, y):
    """Rows on which some separating combination is not 0: one linear program a row."""
    sides = np.where(y == 0, -1.0, 1.0)[:, None] * x
    found = [linprog(-row, -sides, np.zeros(len(sides)), bounds=(-1, 1)) for row in sides]
    return sum(each.status == 0 and -each.fun > 1e-6 for each in found)


@pytest.mark.parametrize("which", ["one", "two", "category", "categories", "within"])
@pytest.mark.parametrize("seed", range(2))
def test_every_row_set_apart_is_counted(which, seed):
    """Also those on which the combination that separates most is 0."""
    rng = np.random.default_rng(seed)
    n, f, z = 40, rng.integers(0, 3, 40), rng.normal(size=40)
    x, either = rng.normal(size=n), rng.integers(0, 2, 40)
    y = {
        "one": (x > 0) * 1,
        "two": (x + z > 0) * 1,
        "category": np.where(f == 1, 1, either),
        "categories": np.where(f == 1, 0, np.where(f == 2, 1, either)),
        "within": np.where(f == 1, 0, np.where(f == 2, x > 0, either)),
    }[which]
    matrix = np.column_stack([np.ones(n), x, z, f == 1, f == 2]).astype(float)[:, : 2 if which == "one" else 5]
    assert separating(matrix, y, BINOMIAL)[1] == can_be_set_apart(matrix, y)
