"""Steps of T: as many as Sigma has ways to change, the same in any units, nearly the same near the boundary."""

import numpy as np
import pytest

from mlm.likelihood.covariance import covariance_layout, sigma_changes
from mlm.likelihood.free_steps import free_steps

EXACT = 1e-12


def draw(seed, q, rank):
    """T of a rank, lower triangular where that is full, and the metric of some columns."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(30, q))
    t = rng.normal(size=(q, rank)) @ np.linalg.qr(rng.normal(size=(q, q)))[0][:rank]
    return t, z.T @ z / 30


def of_sigma(t, gram):
    """Changes of Sigma with each step, flat: shape (m, q * q)."""
    (steps,) = free_steps(covariance_layout(((0, len(t)),), 1), [t], [gram])
    return sigma_changes(steps, t).reshape(len(steps), -1), steps


@pytest.mark.parametrize(("q", "rank"), [(1, 1), (2, 1), (2, 2), (3, 1), (3, 2), (3, 3), (4, 2), (4, 4)])
def test_they_span_every_change_that_keeps_the_rank(q, rank):
    t, gram = draw(q, q, rank)
    changes, steps = of_sigma(t, gram)
    assert len(steps) == q * rank - rank * (rank - 1) // 2
    every = sigma_changes(np.eye(q * q).reshape(-1, q, q), t).reshape(q * q, -1)
    assert np.linalg.matrix_rank(changes, tol=1e-9) == len(steps) == np.linalg.matrix_rank(every, tol=1e-9)
    for step in steps:  # no part of them turns T only
        product = t.T @ gram @ step
        np.testing.assert_allclose(product, product.T, rtol=0, atol=EXACT)


def test_nothing_is_free_where_all_is_zero():
    (steps,) = free_steps(covariance_layout(((0, 2), (0, 1)), 1), [np.diag([0.0, 0.0, 2.0])], [np.eye(3)])
    assert steps.shape == (1, 3, 3)
    np.testing.assert_array_equal(np.argwhere(steps[0]), [[2, 2]])


@pytest.mark.parametrize(("q", "rank"), [(2, 1), (2, 2), (3, 2), (3, 3)])
def test_units_and_origins_leave_them_what_they_are(q, rank):
    t, gram = draw(7, q, rank)
    other = np.tril(np.random.default_rng(8).normal(size=(q, q)), -1) + np.diag([1.0, 1e3, 1e-2][:q])
    back = np.linalg.inv(other)
    (mine,), (moved,) = (
        free_steps(covariance_layout(((0, q),), 1), [m], [g]) for m, g in ((t, gram), (other @ t, back.T @ gram @ back))
    )
    for one, two in zip(mine, moved, strict=True):  # the singular vectors' signs cancel or turn the whole step
        there = back @ two
        sign = 1.0 if np.sum(one * there) > 0 else -1.0
        np.testing.assert_allclose(sign * there, one, rtol=0, atol=1e-10)


def test_near_the_boundary_they_are_those_on_it():
    t, gram = draw(9, 3, 2)
    u, s, v = np.linalg.svd(t)
    near = t + 1e-6 * np.outer(u[:, 2], v[2])
    on, beside = of_sigma(t, gram)[0], of_sigma(near, gram)[0]
    assert len(on) == 5 < len(beside) == 6
    project = on.T @ np.linalg.pinv(on.T)
    kept = np.linalg.svd(beside @ project)[1]
    assert (kept > 0.1).sum() == 5
    np.testing.assert_allclose(beside[-1], 0.0, atol=1e-5)  # the sixth hardly changes Sigma
    assert s[2] < EXACT
