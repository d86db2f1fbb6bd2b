"""One grouping factor alone: the same numbers as one of several, wherever theta is, and the derivatives asked for."""

import numpy as np
import pytest
from brute import STRUCTURES, data, setup

from mlm.likelihood.covariance import covariance_root, directions
from mlm.likelihood.several_factors.backward import posterior
from mlm.likelihood.several_factors.forward import eliminate
from mlm.likelihood.several_factors.parts import divide
from mlm.optimize.minimise import minimise
from mlm.optimize.scoring import scored_factor
from mlm.optimize.start import MOST_SIZES, _inverse_step, level_moments, scored_start, single_start

ONE = [s for s in STRUCTURES if s.startswith("one, ")]
# the same sums in another order; with theta at 20, I - SE keeps 1e-3 of I
SAME = 1e-11


def thetas(layout):
    """Inside, large, singular and zero."""
    inside = np.random.default_rng(4).normal(size=layout.n_theta)
    last = np.flatnonzero(layout.diagonal)[-1]
    return [inside, 20.0 * inside, np.where(np.arange(layout.n_theta) == last, 0.0, inside), 0.0 * inside]


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("structure", ONE)
def test_the_same_as_one_of_several(structure, reml, weights):
    fast, _ = setup(STRUCTURES[structure], data(), reml, weights)
    parts = divide(fast.products)
    for theta in thetas(fast.layout):
        eliminated = eliminate(parts, fast.products.xy, fast.layout.matrices(theta))
        want, at = posterior(parts, eliminated, estimated=reml), fast.evaluate(theta)
        assert at.penalised == pytest.approx(eliminated.fixed.penalised, rel=SAME)
        assert at.solution.log_det == pytest.approx(eliminated.log_det, rel=SAME, abs=SAME)
        np.testing.assert_allclose(at.beta, eliminated.fixed.beta, rtol=SAME, atol=SAME)
        np.testing.assert_allclose(at.projections[0], want.factors[0].projections, rtol=0, atol=SAME * 96)
        np.testing.assert_allclose(at.residuals[0], want.factors[0].residuals, rtol=0, atol=SAME * 96)
        modes, covariances = fast.modes(theta)
        known = posterior(parts, eliminated, estimated=False)
        np.testing.assert_allclose(modes[0], known.factors[0].modes, rtol=SAME, atol=SAME)
        np.testing.assert_allclose(covariances[0], known.factors[0].covariances, rtol=SAME, atol=SAME)


@pytest.mark.parametrize("structure", ONE)
def test_slope_is_that_of_the_evaluation(structure):
    fast, _ = setup(STRUCTURES[structure], data(), reml=True)
    for theta in thetas(fast.layout):
        at = fast.evaluate(theta)
        # sums of 14 levels
        np.testing.assert_allclose(at.solution.slope, at.slope(0), rtol=0, atol=SAME * 96)


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("structure", ONE)
def test_second_derivatives_by_sigma_are_those_of_dense_matrices(structure, reml, weights):
    """``2 e' V_a P V_b e / sigma² - tr(Q V_a Q V_b) - e' V_a e e' V_b e / (dof sigma⁴)``; its part within levels."""
    fast, dense = setup(STRUCTURES[structure], data(), reml, weights)
    z, dof = np.concatenate(dense.z, axis=1), len(dense.y) - reml * dense.x.shape[1]
    for theta in thetas(fast.layout):
        found, (t,) = dense.solve(theta), fast.layout.matrices(theta)
        inverse, sigma2 = found["inverse"], found["sigma2"]
        p, e = inverse - inverse @ dense.x @ found["unscaled"] @ dense.x.T @ inverse, inverse @ found["rest"]
        change = directions(fast.layout, 0, t)
        v = np.einsum("iaj,xab,kbj->xik", z, change, z, optimize=True)
        traces = np.einsum("xik,yki->xy", (p if reml else inverse) @ v, (p if reml else inverse) @ v)
        scores = v @ e @ e
        want = 2.0 * v @ e @ p @ (v @ e).T / sigma2 - traces - np.outer(scores, scores) / (dof * sigma2**2)
        k, projected = (np.einsum("iaj,ik,kbj->jab", z, m, z, optimize=True) for m in (inverse, p))
        residual = np.einsum("iaj,i->ja", z, e)
        other = 2.0 * (k - projected) * reml + 2.0 * residual[:, :, None] * residual[:, None] / sigma2 - k
        inside = np.einsum("jab,xbc,jcd,yda->xy", k, change, other, change, optimize=True)
        of = fast.evaluate(theta).solution
        within, between = fast.solver._within_levels(of, change), fast.solver._between_levels(of, change)
        # the dense side inverts matrices with condition numbers up to 1e4, and traces of order 1e3 cancel
        near = 1e-10 * (1.0 + max(np.abs(inside).max(), np.abs(traces).max()))
        np.testing.assert_allclose(within, inside, rtol=0, atol=near)
        np.testing.assert_allclose(within - between, want, rtol=0, atol=near)


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("structure", ONE)
def test_the_search_ends_where_exact_second_derivatives_expect_nothing(structure, reml):
    """It stops without computing them at the last point, after a step so short that they can hardly have changed."""
    frame = data(3)
    frame["y"] += np.random.default_rng(5).normal(size=14)[frame["g"]] * (1.0 + 2.0 * frame["x"] - 2.0 * frame["z"])
    deviance, _ = setup(STRUCTURES[structure], frame, reml)
    at = deviance.evaluate(minimise(deviance).evaluation.theta)
    exact = deviance.curvature(at)
    moving = at.theta != 0  # where an element is exactly 0, the minimum is at the boundary
    decrease = 0.5 * at.gradient[moving] @ np.linalg.solve(exact[np.ix_(moving, moving)], at.gradient[moving])
    # twice what the search may leave: a short step changes second derivatives by some percent
    assert 0 <= decrease < 2e-12


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("levels", [MOST_SIZES // 2, 3 * MOST_SIZES])
def test_single_intercept_is_found_at_once(levels, reml):
    """Level by level where they are few, by sizes of levels where they are many."""
    rng = np.random.default_rng(levels)
    frame = data(6, 20 * levels)
    frame["g"] = rng.permutation(np.repeat(np.arange(levels), 20))
    frame["y"] = frame["x"] + 0.7 * rng.normal(size=levels)[frame["g"]] + rng.normal(size=len(frame))
    deviance, _ = setup("y ~ x + z + (1 | g)", frame, reml)
    found = minimise(deviance)
    assert len(found.evaluations) == 1
    at = deviance.evaluate(found.evaluation.theta)
    second = deviance.curvature(at)[0, 0]
    # the deviance could fall by 1e-15 or less: by a theta that is wrong by 1e-8 where its second derivative is 10
    assert second > 0
    assert abs(at.gradient[0]) / second < 1e-8


@pytest.mark.parametrize("near", [0.02, -0.01])
def test_step_through_two_points_is_of_fourth_order(near):
    """The slope exp(x) - 1 has the inverse log(1 + s), whose fourth derivative is 6 in size."""
    first, second = ((x, np.expm1(x), np.exp(x)) for x in (0.1, near))
    error = abs(near + _inverse_step(first, second))
    # remainder of Hermite's interpolation: the derivative over 4!, times the squares of the slopes, s > -0.01
    assert error <= 6.0 / 24.0 / 0.99**4 * (first[1] * second[1]) ** 2
    assert error > 0.1 * (first[1] * second[1]) ** 2


def test_single_intercept_is_left_to_the_search_where_its_variance_is_zero():
    frame = data(1, 400)
    frame["y"] = np.random.default_rng(0).normal(size=400)
    frame["y"] -= frame.groupby("g")["y"].transform("mean")
    deviance, _ = setup("y ~ 1 + (1 | g)", frame, reml=True)
    assert single_start(deviance) is None
    assert minimise(deviance).evaluation.theta.tolist() == [0.0]


def test_moments_are_those_of_least_squares_within_levels():
    """Swamy's estimate, with a matrix inverted a level."""
    rng = np.random.default_rng(9)
    g, x = np.repeat(np.arange(12), 40), rng.normal(size=480)
    y = 1.0 + x + rng.normal(size=12)[g] + 0.8 * rng.normal(size=12)[g] * x + rng.normal(size=480)
    frame = data(2, 480).assign(g=g, x=x, y=y)
    fast, _ = setup("y ~ x + (1 + x | g)", frame, reml=True)
    (factor,) = fast.products.factors
    inverse = [np.linalg.inv(factor.zz[:, :, j]) for j in range(12)]
    coefficients = np.array([inverse[j] @ factor.zxy[:, -1, j] for j in range(12)])
    within = fast.products.xy[-1, -1] - np.sum(coefficients * factor.zxy[:, -1].T)
    variance, spread = within / (480 - 24), np.cov(coefficients.T)
    want = spread / variance - np.mean(inverse, axis=0) + 0.01 * np.diag(np.diag(spread)) / variance
    # the levels are given a relative standard deviation of 1e4 for one without bounds
    found = level_moments(factor, fast.products)
    np.testing.assert_allclose(found.sigma, want, rtol=1e-5)
    assert found.variance == pytest.approx(variance, rel=1e-5)
    # from there a step of scoring is the whole approach: Newton's method takes over
    # one more than shows the digits of the deviance: theta is to be the same in all orders of the rows
    assert len(minimise(fast).evaluations) <= 5


@pytest.mark.parametrize("structure", [s for s in ONE if "slope" in s])
def test_start_is_a_step_of_scoring_from_moments_by_dense_matrices(structure):
    """``Z_j' V^-1 Z_j``, and ``Z_j' V^-1 r`` with the columns of Z taken out by generalised least squares."""
    fast, _ = setup(STRUCTURES[structure], data(), reml=False)
    (factor,), layout = fast.products.factors, fast.layout
    found = level_moments(factor, fast.products)
    if found is None:
        assert scored_start(fast) is None
        return
    t = covariance_root(layout.within_terms(0) * found.sigma, found.sigma.diagonal())
    q, levels = factor.size, factor.levels
    for_mean, right, inner, e = np.zeros((q, q)), np.zeros(q), np.empty((q, q, levels)), np.empty((q, levels))
    for j in range(levels):
        shrink = np.linalg.inv(np.eye(q) + factor.zz[:, :, j] @ t @ t.T)
        inner[:, :, j], e[:, j] = shrink @ factor.zz[:, :, j], shrink @ factor.zxy[:, -1, j]
        for_mean, right = for_mean + inner[:, :, j], right + e[:, j]
    e -= np.einsum("abj,b->aj", inner, np.linalg.solve(for_mean, right))
    slope = inner.sum(axis=2) - e @ e.T / found.variance
    want = layout.pick([scored_factor(layout, 0, t, inner, slope)])
    # to the squares of an average level a share of 1e-8 is added
    np.testing.assert_allclose(scored_start(fast), want, rtol=1e-5)


@pytest.mark.parametrize("change", ["few rows", "collinear", "one column"])
def test_no_moments_where_levels_have_no_coefficients_of_their_own(change):
    n = 40 if change == "few rows" else 480
    frame = data(2, n).assign(g=np.arange(n) % 12)
    if change == "collinear":
        frame.loc[frame["g"] == 3, "x"] = 1.0
    fast, _ = setup("y ~ 1 + (1 | g)" if change == "one column" else "y ~ x + (1 + x | g)", frame, reml=True)
    assert level_moments(fast.products.factors[0], fast.products) is None
    assert minimise(fast).converged
