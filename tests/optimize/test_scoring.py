"""Steps of scoring and expected second derivatives, against sums over levels and n x n matrices."""

import numpy as np
import pytest
from brute import STRUCTURES, data, setup

from mlm.likelihood.covariance import covariance_layout, directions
from mlm.optimize.scoring import _factor_information, scored_factor

ONE = [s for s in STRUCTURES if s.startswith("one, ")]


@pytest.mark.parametrize("q", [1, 2, 3])
def test_a_step_solves_for_the_slope(q):
    """``sum_j K_j D K_j = -slope`` for the change D of Sigma."""
    rng = np.random.default_rng(q)
    z, t = rng.normal(size=(9, q, q + 2)), np.tril(0.3 * rng.normal(size=(q, q))) + 2.0 * np.eye(q)
    k, half = np.matmul(z, z.transpose(0, 2, 1)).transpose(1, 2, 0), rng.normal(size=(q, q))
    slope = half + half.T
    found = scored_factor(covariance_layout(((0, q),), 1), 0, t, k, slope)
    change = found @ found.T - t @ t.T
    # solutions with matrices of order 9 and less, of condition up to 1e3
    np.testing.assert_allclose(np.einsum("abj,bc,cdj->ad", k, change, k), -slope, rtol=0, atol=1e-11)


def test_a_step_keeps_terms_apart_and_variances_above_zero():
    rng = np.random.default_rng(6)
    z, t = rng.normal(size=(9, 3, 5)), np.diag([1.0, 2.0, 0.5])
    k, half = np.matmul(z, z.transpose(0, 2, 1)).transpose(1, 2, 0), rng.normal(size=(3, 3))
    found = scored_factor(covariance_layout(((0, 2), (0, 1)), 1), 0, t, k, 1e4 * (np.eye(3) + half + half.T))
    assert (found[2, :2] == 0).all()
    # a step that goes far below 0 leaves a hundredth of the variances, times what correlations leave
    np.testing.assert_allclose(np.diag(found @ found.T)[2], 0.01 * 0.25 * 0.01, rtol=1e-12)
    assert (np.diag(found) > 0).all()


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("structure", ONE)
def test_expected_information_is_that_of_dense_matrices(structure, reml):
    """``tr(K_j S_a K_j S_b)`` over levels with ``K_j = Z_j' P Z_j``, less ``tr(P V_a) tr(P V_b) / dof``."""
    fast, dense = setup(STRUCTURES[structure], data(), reml)
    theta = np.random.default_rng(4).normal(size=fast.layout.n_theta)
    found, (t,) = dense.solve(theta), fast.layout.matrices(theta)
    p, z = found["inverse"], np.concatenate(dense.z, axis=1)
    if reml:
        p = p - p @ dense.x @ found["unscaled"] @ dense.x.T @ p
    change = directions(fast.layout, 0, t)
    k = np.einsum("iaj,ik,kbj->jab", z, p, z, optimize=True)
    v = np.einsum("iaj,xab,kbj->xik", z, change, z, optimize=True)
    traces = np.einsum("ik,xki->x", p, v)
    dof = len(dense.y) - reml * dense.x.shape[1]
    want = np.einsum("jab,xbc,jcd,yda->xy", k, change, k, change, optimize=True) - np.outer(traces, traces) / dof
    _, information = _factor_information(fast.layout, 0, t, fast.evaluate(theta).projections[0], dof)
    # the dense side inverts 96 x 96 matrices with condition numbers up to 1e4
    np.testing.assert_allclose(information, want, rtol=0, atol=1e-9 * np.abs(want).max())
