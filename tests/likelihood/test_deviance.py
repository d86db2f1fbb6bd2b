"""The deviance, its gradient and its second derivatives against n x n matrices, for every structure of factors."""

import numpy as np
import pytest
from brute import STRUCTURES, data, setup

from mlm.likelihood.several_factors import incidence

# rounding: the dense side inverts 96 x 96 matrices with condition numbers up to 1e4
EXACT = 1e-10
# five-point differences with steps of 1e-3 of values near 500: step^4 times fifth derivatives, and 1e-12 / 1e-3
DIFFERENCED = 1e-7


def thetas(n_theta: int, diagonal: np.ndarray) -> list[np.ndarray]:
    """Points everywhere: inside, at lme4's start, tiny, large, negative, with zeros on the diagonal and all zero."""
    rng = np.random.default_rng(7)
    inside = rng.normal(size=n_theta)
    partly = np.where(np.arange(n_theta) == np.flatnonzero(diagonal)[-1], 0.0, inside)
    return [inside, np.where(diagonal, 1.0, 0.0), 1e-3 * inside, 20.0 * inside, partly, np.zeros(n_theta)]


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("structure", STRUCTURES)
def test_value_and_estimates_are_the_dense_ones(structure, reml, weights):
    fast, dense = setup(STRUCTURES[structure], data(), reml, weights)
    for theta in thetas(fast.layout.n_theta, fast.layout.diagonal):
        at, want = fast.evaluate(theta), dense.solve(theta)
        assert at.value == pytest.approx(want["value"], rel=EXACT)
        assert fast.value(theta) == pytest.approx(at.value, rel=1e-14)  # the same sums in the same order
        assert at.sigma2 == pytest.approx(want["sigma2"], rel=EXACT)
        shift = fast.products.shift
        np.testing.assert_allclose(shift.coefficients(at.beta), want["beta"], rtol=1e3 * EXACT, atol=EXACT)
        np.testing.assert_allclose(shift.covariance(at.unscaled), want["unscaled"], rtol=1e3 * EXACT, atol=EXACT)


@pytest.mark.parametrize(("reml", "weights"), [(True, None), (False, "w")])
@pytest.mark.parametrize("structure", STRUCTURES)
def test_gradient_is_the_dense_one(structure, reml, weights):
    fast, dense = setup(STRUCTURES[structure], data(), reml, weights)
    for theta in thetas(fast.layout.n_theta, fast.layout.diagonal):
        want = dense.gradient(theta)
        # where theta is 20, traces of order 1e3 cancel to a gradient near 1
        np.testing.assert_allclose(fast.evaluate(theta).gradient, want, rtol=100 * EXACT, atol=100 * EXACT)


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("structure", STRUCTURES)
def test_gradient_is_the_slope_of_the_value(structure, reml):
    fast, dense = setup(STRUCTURES[structure], data(), reml)
    theta = thetas(fast.layout.n_theta, fast.layout.diagonal)[0]
    want = dense.differences(theta, step=1e-3)
    near = DIFFERENCED * (1.0 + float(np.abs(want).max()))
    np.testing.assert_allclose(fast.evaluate(theta).gradient, want, rtol=0, atol=near)


def test_gradient_at_zero_is_zero_by_symmetry():
    fast, _ = setup(STRUCTURES["crossed, slopes"], data(), reml=True)
    assert not fast.evaluate(np.zeros(fast.layout.n_theta)).gradient.any()


@pytest.mark.usefixtures("eliminated")
@pytest.mark.parametrize("structure", [s for s in STRUCTURES if "crossed" in s])
@pytest.mark.parametrize("reml", [True, False])
def test_sparse_products_do_not_depend_on_how_they_are_summed(structure, reml, monkeypatch):
    """Popular columns as a dense matrix, the others pair by pair: none, some or all of them."""
    results = []
    for share in (0.0, 0.4, 1.0):
        monkeypatch.setattr(incidence, "POPULAR_SHARES", np.array([share]))
        fast, _ = setup(STRUCTURES[structure], data(), reml)
        incidences = [nested.crossed for nested in fast.solver.parts[0].plan.nested]
        assert all(len(i.popular) == int(share * i.width) for i in incidences)
        at = fast.evaluate(thetas(fast.layout.n_theta, fast.layout.diagonal)[0])
        results.append((at.value, at.gradient))
    # sums of a few hundred products in another order
    for value, gradient in results[1:]:
        assert value == pytest.approx(results[0][0], rel=1e-13)
        np.testing.assert_allclose(gradient, results[0][1], rtol=0, atol=1e-10 * np.abs(gradient).max())


def test_slope_is_the_derivative_by_the_covariance_matrix():
    fast, dense = setup(STRUCTURES["one, slope"], data(), reml=True)
    theta = np.array([1.0, 0.4, 0.8])
    at, h = fast.evaluate(theta), 1e-4
    root = np.array([[1.0, 0.0], [0.4, 0.8]])
    for direction in (np.diag([1.0, 0.0]), np.diag([0.0, 1.0]), np.array([[0.0, 1.0], [1.0, 0.0]])):
        sides = []
        for sign in (1, -1):
            t = np.linalg.cholesky(root @ root.T + sign * h * direction)
            sides.append(dense.value(np.array([t[0, 0], t[1, 0], t[1, 1]])))
        # central differences, step² times third derivatives of order 100
        assert np.sum(at.slope(0) * direction) == pytest.approx((sides[0] - sides[1]) / (2 * h), rel=1e-5)


def test_one_factor_however_its_rows_are_ordered():
    frame = data()
    fast, _ = setup(STRUCTURES["crossed with nested"], frame, reml=True)
    shuffled, _ = setup(STRUCTURES["crossed with nested"], frame.sample(frac=1, random_state=3), reml=True)
    theta = thetas(fast.layout.n_theta, fast.layout.diagonal)[0]
    # the same sums in another order
    assert shuffled.evaluate(theta).value == pytest.approx(fast.evaluate(theta).value, rel=1e-13)


@pytest.mark.parametrize(("reml", "weights"), [(True, None), (False, "w")])
@pytest.mark.parametrize("structure", [s for s in STRUCTURES if s.startswith("one, ")])
def test_second_derivatives_are_the_slope_of_the_gradient(structure, reml, weights):
    fast, dense = setup(STRUCTURES[structure], data(), reml, weights)
    for theta in (t for k, t in enumerate(thetas(fast.layout.n_theta, fast.layout.diagonal)) if k in (0, 1, 4)):
        want, step = np.empty((len(theta), len(theta))), 1e-3
        for k, e in enumerate(step * np.eye(len(theta))):
            near, far = (dense.gradient(theta + m * e) - dense.gradient(theta - m * e) for m in (1, 2))
            want[k] = (8.0 * near - far) / (12.0 * step)
        exact = fast.curvature(fast.evaluate(theta))
        np.testing.assert_allclose(exact, want, rtol=0, atol=DIFFERENCED * (1.0 + float(np.abs(want).max())))
