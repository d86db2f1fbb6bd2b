"""Crossed factors by conjugate gradients, beside elimination: exact, or within their Monte Carlo error."""

import brute
import numpy as np
import pytest

from mlm.errors import FitError
from mlm.likelihood.iterative.conjugate_gradients import conjugate_gradients, log_quadrature
from mlm.likelihood.iterative.solver import Iterative

PROBES = 60
CROSSED = [formula for formula in brute.STRUCTURES.values() if "h)" in formula or "/" in formula]
# conjugate gradients leave 1e-10 of the right sides
EXACT = 1e-8
# in standard errors; they are estimates themselves, and each structure has a dozen figures
ERRORS = 5.0


def both(formula, reml=True, seed=1):
    """The exact criterion and the iterative solver of one structure, and a theta."""
    deviance, _terms = brute.setup(formula, brute.data(seed), reml=reml)[:2]
    iterative = Iterative(deviance.products, deviance.layout, deviance.criterion, PROBES, seed)
    rng = np.random.default_rng(seed)
    theta = np.where(deviance.layout.diagonal, rng.uniform(0.3, 1.2, deviance.layout.n_theta), 0.2)
    return deviance, iterative, theta


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("formula", CROSSED)
def test_what_is_solved_is_exact_and_what_is_estimated_within_its_error(formula, reml):
    deviance, iterative, theta = both(formula, reml)
    exact, found = deviance.evaluate(theta, 1), iterative.estimate(theta)
    at = found.evaluation
    np.testing.assert_allclose(at.beta, exact.beta, rtol=EXACT, atol=EXACT)
    np.testing.assert_allclose(at.unscaled, exact.unscaled, rtol=EXACT, atol=EXACT)
    np.testing.assert_allclose(at.sigma2, exact.sigma2, rtol=EXACT)
    assert abs(at.value - exact.value) <= ERRORS * found.value_error + EXACT * abs(exact.value)
    matrices = deviance.layout.matrices(theta)
    score = deviance.layout.pick([2.0 * t.T @ exact.slope(k) @ t for k, t in enumerate(matrices)])
    errors = found.scores.std(axis=0, ddof=1) / np.sqrt(PROBES)
    assert (np.abs(found.score - score) <= ERRORS * errors + 1e-6 * np.abs(score).max()).all()


@pytest.mark.parametrize("formula", CROSSED)
def test_modes_are_exact_and_covariances_near(formula):
    deviance, iterative, theta = both(formula)
    theta[np.flatnonzero(deviance.layout.diagonal)[-1]] = 0.0
    modes, covariances = deviance.modes(theta)
    solved, estimated = iterative.modes(theta)
    for k, (mode, covariance) in enumerate(zip(modes, covariances, strict=True)):
        np.testing.assert_allclose(solved[k], mode, atol=EXACT * (1.0 + np.abs(mode).max()))
        np.testing.assert_allclose(estimated[k], covariance, atol=0.25 * covariance.max() + 1e-12)
        some = np.array([0, mode.shape[1] - 1])
        np.testing.assert_allclose(iterative.covariances_of(theta, k, some), covariance[:, :, some], atol=1e-7)


def test_without_random_effects_nothing_is_estimated():
    deviance, iterative, theta = both("y ~ x + (1 | g) + (1 | h)")
    found = iterative.estimate(0.0 * theta)
    assert found.value_error < 1e-12
    assert found.evaluation.value == pytest.approx(deviance.value(0.0 * theta), rel=1e-12)


def test_more_probes_err_less():
    deviance, _, theta = both("y ~ x + (1 + x | g) + (1 + z | h)")
    given = deviance.products, deviance.layout, deviance.criterion
    few, many = (Iterative(*given, probes, 3).estimate(theta).value_error for probes in (20, 320))
    assert 0.15 < many / few < 0.4


def test_information_is_the_average_of_observed_and_expected():
    deviance, iterative, theta = both("y ~ x + (1 | g) + (1 | h)")
    frame = brute.data(1)
    x, y = np.column_stack([np.ones(len(frame)), frame["x"]]), frame["y"].to_numpy()
    factors = [f.name for f in deviance.products.factors]
    levels = [frame[f].to_numpy() for f in factors]
    changes = [2.0 * t**2 * (of[:, None] == of) for of, t in zip(levels, theta, strict=True)]
    inverse = np.linalg.inv(np.eye(len(y)) + 0.5 * sum(changes))
    p = inverse - inverse @ x @ np.linalg.solve(x.T @ inverse @ x, x.T @ inverse)
    sigma2 = y @ p @ y / (len(y) - 2)
    working = np.stack([change @ p @ y for change in changes])
    single = working @ p @ y
    average = working @ p @ working.T / sigma2 - np.outer(single, single) / (sigma2**2 * (len(y) - 2))
    np.testing.assert_allclose(iterative.estimate(theta).information, average, rtol=1e-4, atol=1e-4)


def test_conjugate_gradients_solve_and_tell_the_determinant():
    rng = np.random.default_rng(0)
    half = rng.normal(size=(12, 12))
    s, right = half @ half.T + np.eye(12), rng.normal(size=(12, 3))
    right[:, 1] = 0.0
    solved = conjugate_gradients(lambda v: s @ v, lambda r: r, right, np.full(3, 1e-12))
    np.testing.assert_allclose(solved.x, np.linalg.solve(s, right), atol=1e-9)
    values, vectors = np.linalg.eigh(s)
    weights = (vectors.T @ right[:, 0]) ** 2
    assert log_quadrature(solved, 0) == pytest.approx(weights @ np.log(values) / weights.sum(), rel=1e-9)
    assert log_quadrature(solved, 1) == 0.0


def test_what_is_not_solved_is_refused(monkeypatch):
    monkeypatch.setattr("mlm.likelihood.iterative.conjugate_gradients.MOST_ITERATIONS", 1)
    s = np.diag([1.0, 2.0, 3.0])
    with pytest.raises(FitError, match="not solve the system of the crossed factors in 1 iterations"):
        conjugate_gradients(lambda v: s @ v, lambda r: r, np.ones((3, 1)), np.array([1e-12]))


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda solver, t: solver.evaluate(t, 1), "The gradient of the criterion cannot be had"),
        (lambda solver, t: solver.along([], []), "Degrees of freedom by Satterthwaite's method"),
        (lambda solver, t: solver.expected([], []), "Kenward and Roger's covariance matrix"),
    ],
)
def test_exact_derivatives_are_refused(call, what):
    _, iterative, theta = both("y ~ x + (1 | g) + (1 | h)")
    with pytest.raises(FitError, match=what):
        call(iterative, theta)
    assert iterative.curvature(iterative.evaluate(theta, 0)) is None
    assert iterative.moved(iterative.evaluate(theta, 0), theta, 0.0) is None
