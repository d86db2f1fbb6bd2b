"""All factors' levels eliminated in one order: the same numbers as the first factor before the others."""

import brute
import numpy as np
import pytest
from scipy import sparse

from mlm.likelihood.several_factors.crossed import joint_fronts
from mlm.sparse.ordering import most_neighbours

FORMULAS = ["y ~ x + (1 | g) + (1 | h)", "y ~ x + (1 + x | g) + (1 + z | h)", "y ~ x + (1 | g) + (1 | h) + (0 + z | k)"]


def setup(formula):
    frame = brute.mobility(150, 40, 900) if "worker" in formula else brute.data(1)
    return brute.setup(formula, frame, reml=True)[0]


@pytest.fixture
def jointly(monkeypatch):
    """Joint elimination whatever it costs, of fronts as lean as can be."""

    def deviance(formula):
        monkeypatch.setattr("mlm.likelihood.deviance.FEW_EFFECTS", 0)
        before = setup(formula)
        monkeypatch.setattr("mlm.likelihood.several_factors.plan.JOINT_COLUMNS", 0)
        monkeypatch.setattr("mlm.likelihood.several_factors.plan.JOINT_SHARE", float("inf"))
        monkeypatch.setattr("mlm.likelihood.several_factors.crossed.DENSE_COLUMNS", 10**9)
        monkeypatch.setattr("mlm.sparse.fronts.DENSE_COLUMNS", 0)
        monkeypatch.setattr("mlm.sparse.fronts.DENSE_SHARE", 2.0)
        monkeypatch.setattr("mlm.sparse.fronts.FRONTS_TIME_SHARE", float("inf"))
        return before, setup(formula)

    return deviance


@pytest.mark.parametrize("formula", [*FORMULAS, *brute.MOBILITY[:4]])
@pytest.mark.parametrize("last", [0.7, 0.0])
def test_the_same_numbers(jointly, formula, last):
    before, after = jointly(formula)
    (one,), (other,) = before.solver.parts, after.solver.parts
    if "worker" in formula:
        assert (len(one.plan.nested), len(other.plan.nested)) == (1, 0)
        assert not other.plan.crossed.fronts.dense
    theta = np.where(before.layout.diagonal, 0.7, 0.2)
    theta[np.flatnonzero(before.layout.diagonal)[-1]] = last
    expected, found = before.evaluate(theta, 1), after.evaluate(theta, 1)
    assert found.value == pytest.approx(expected.value, rel=1e-12)
    np.testing.assert_allclose(found.gradient, expected.gradient, atol=1e-9)
    np.testing.assert_allclose(found.beta, expected.beta, atol=1e-11)
    for mine, theirs in zip(after.modes(theta), before.modes(theta), strict=True):
        for a, b in zip(mine, theirs, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-11)
    matrices = before.layout.matrices(theta)
    steps = [before.layout.units(k) for k in range(len(matrices))]
    exact = before.along(matrices, steps).second
    np.testing.assert_allclose(after.along(matrices, steps).second, exact, atol=1e-9 * np.abs(exact).max())
    if last:  # more traces are known than were before, so that second derivatives are at least as near
        nearness = [np.abs(np.asarray(of.evaluate(theta, 2).hessian) - exact).max() for of in (after, before)]
        assert nearness[0] <= nearness[1] + 1e-9 * np.abs(exact).max()


def test_an_evaluation_leaves_the_products_alone(jointly):
    _, after = jointly(brute.MOBILITY[0])
    theta = np.full(after.layout.n_theta, 0.7)
    assert after.value(theta) == after.value(theta)


def test_systems_that_fill_up_in_any_order_are_left_to_the_dense_one():
    row, unit = (each.ravel() for each in np.meshgrid(np.arange(30), 30 + np.arange(20)))
    columns = np.arange(30)[None], 30 + np.arange(20)[None]
    assert joint_fronts(row, unit, columns, 20, 0.3) is None
    few = joint_fronts(np.arange(30), 30 + np.arange(30) // 2, (columns[0], 30 + np.arange(15)[None]), 15, 0.3)
    assert few is not None


def test_columns_with_most_neighbours():
    pattern = sparse.csr_array(np.array([[1, 1, 1], [1, 1, 0], [1, 0, 1]]))
    assert most_neighbours(pattern, 1).tolist() == [True, False, False]
