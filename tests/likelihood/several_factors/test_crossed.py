"""Crossed factors whose levels share rows with few others: their system in several fronts, against n x n matrices."""

import numpy as np
import pytest
from brute import MOBILITY, demand_dense_modes, mobility, setup

import mlm
from mlm.likelihood.several_factors import average_information, backward, crossed, incidence

# rounding: the dense side inverts matrices of 220 rows with condition numbers up to 1e4
EXACT = 1e-9


def layouts(deviance):
    return [part.plan.crossed.fronts for part in deviance.solver.parts]


def thetas(deviance):
    """Inside, partly zero, and all zero."""
    rng = np.random.default_rng(4)
    inside = rng.normal(size=deviance.layout.n_theta)
    first = np.flatnonzero(deviance.layout.diagonal)
    return [inside, *(np.where(np.arange(len(inside)) == k, 0.0, inside) for k in first), np.zeros(len(inside))]


@pytest.mark.usefixtures("sparse")
@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("formula", MOBILITY)
def test_value_gradient_and_projections_are_the_dense_ones(formula, reml):
    fast, dense = setup(formula, mobility(60, 24, 220), reml)
    assert [len(layout.fronts) > 4 for layout in layouts(fast)] == [True]
    for theta in thetas(fast):
        at, found = fast.evaluate(theta), dense.solve(theta)
        assert at.value == pytest.approx(found["value"], rel=EXACT)
        np.testing.assert_allclose(at.gradient, dense.gradient(theta), rtol=EXACT, atol=100 * EXACT)
        for slot, want in zip(fast.layout.slots, dense.projections(theta), strict=True):
            mine = slice(slot.start, slot.start + slot.size)
            np.testing.assert_allclose(at.projections[slot.factor][mine, mine], want, rtol=EXACT, atol=100 * EXACT)


@pytest.mark.usefixtures("sparse")
@pytest.mark.parametrize("formula", MOBILITY)
def test_modes_and_covariances_are_the_dense_ones(formula):
    fast, dense = setup(formula, mobility(60, 24, 220), reml=True)
    for theta in thetas(fast):
        demand_dense_modes(fast, dense, theta, EXACT)


@pytest.mark.filterwarnings("ignore::mlm.SingularFitWarning")
@pytest.mark.parametrize("formula", MOBILITY)
def test_a_fit_does_not_depend_on_the_fronts(formula, request):
    data = mobility(300, 120, 1500, seed=2)
    dense = mlm.lmer(formula, data)
    request.getfixturevalue("sparse")
    found = mlm.lmer(formula, data)
    assert all(layout.dense for layout in layouts(dense.deviance_function))
    assert not any(layout.dense for layout in layouts(found.deviance_function))
    assert found.deviance == pytest.approx(dense.deviance, abs=1e-8)
    np.testing.assert_allclose(found.theta, dense.theta, rtol=0, atol=1e-5)


def test_many_levels_that_hang_together_loosely_need_no_dense_matrix():
    data = mobility(90_000, 30_000, 400_000, reach=4)
    m = mlm.lmer("y ~ x + (1 | worker) + (1 | firm)", data)
    (layout,) = layouts(m.deviance_function)
    assert layout.width == 30_000
    assert layout.size < 0.01 * layout.width**2
    # standard errors of both standard deviations are below 1 %
    sdcor = m.varcorr.set_index("grp")["sdcor"]
    assert sdcor[["worker", "firm"]].tolist() == pytest.approx([0.7, 1.0], rel=0.05)


def test_what_would_not_fit_is_refused_by_name(monkeypatch):
    monkeypatch.setattr(crossed, "SYSTEM_BYTES", 1e6)
    rng = np.random.default_rng(3)
    data = {"y": rng.normal(size=4000), "pupil": rng.integers(0, 900, 4000), "school": rng.integers(0, 400, 4000)}
    with pytest.raises(mlm.FitError, match=r"'school' \(400 levels\) need a system of 400 columns .* coarser"):
        mlm.lmer("y ~ 1 + (1 | pupil) + (1 | school)", data, solver="exact")


def test_popular_columns_are_for_a_dense_system(monkeypatch, request):
    monkeypatch.setattr(incidence, "POPULAR_SHARES", np.array([1.0]))
    fast, _ = setup(MOBILITY[0], mobility(60, 24, 220), reml=True)
    assert len(fast.solver.parts[0].plan.nested[0].crossed.popular) == 24
    request.getfixturevalue("sparse")
    fast, _ = setup(MOBILITY[0], mobility(60, 24, 220), reml=True)
    assert len(fast.solver.parts[0].plan.nested[0].crossed.popular) == 0


@pytest.mark.parametrize("formula", MOBILITY)
@pytest.mark.parametrize("reml", [True, False])
def test_what_is_worked_on_in_pieces_or_in_place_of_the_factor_gives_the_same_derivatives(formula, reml, monkeypatch):
    """Pieces of a few levels, and a factor that is kept beside the inverse."""
    found = []
    for entries, columns, spend in ((1 << 18, 64, True), (50, 5, True), (1 << 18, 64, False)):
        monkeypatch.setattr(incidence, "POPULAR_SHARES", np.array([0.5]))
        monkeypatch.setattr(incidence, "DENSE_AT_ONCE", entries)
        monkeypatch.setattr(incidence, "COLUMNS_AT_ONCE", columns)
        monkeypatch.setattr(average_information, "COLUMNS", columns)
        monkeypatch.setattr(backward, "PrecisionSystem", crossed.PrecisionSystem if spend else str)
        fast, _ = setup(formula, mobility(60, 24, 220), reml)
        at = fast.evaluate(np.random.default_rng(4).normal(size=fast.layout.n_theta), 2)
        found.append((at.value, at.gradient, at.hessian))
    for value, gradient, hessian in found[1:]:
        assert value == pytest.approx(found[0][0], rel=1e-13)
        np.testing.assert_allclose(gradient, found[0][1], rtol=0, atol=1e-10 * np.abs(gradient).max())
        np.testing.assert_allclose(hessian, found[0][2], rtol=0, atol=1e-10 * np.abs(hessian).max())
