"""Small matrices, one per level, against NumPy's own, level by level."""

import numpy as np
import pytest

from mlm.likelihood.level_matrices import (
    apply,
    eliminate,
    inverses_of_two,
    level_inverses,
    level_roots,
    level_traces,
    multiply,
    outer,
)

# products of a few numbers near 1, in another order
EXACT = 1e-13


def positive(q, levels, seed=0):
    """Symmetric matrices (q, q, levels), some of rank one."""
    z = np.random.default_rng(seed).normal(size=(levels, q, q + 1))
    z[::3, :, 1:] = 0.0
    return np.matmul(z, z.transpose(0, 2, 1)).transpose(1, 2, 0)


@pytest.mark.parametrize("q", [1, 2, 3, 5])
def test_systems_of_levels_are_factored_and_solved_in_place(q):
    a, columns = positive(q, 7), np.random.default_rng(1).normal(size=(q, 4, 7))
    rows = np.concatenate([a, columns], axis=1)
    log_det = eliminate(rows)
    for j in range(7):
        root = np.linalg.cholesky(a[:, :, j] + np.eye(q))
        np.testing.assert_allclose(np.triu(rows[:, :q, j]), root.T, rtol=EXACT, atol=EXACT)
        np.testing.assert_allclose(rows[:, q:, j], np.linalg.solve(root, columns[:, :, j]), rtol=EXACT, atol=EXACT)
    want = sum(np.linalg.slogdet(a[:, :, j] + np.eye(q))[1] for j in range(7))
    assert log_det == pytest.approx(want, rel=EXACT)


@pytest.mark.parametrize("q", [1, 2, 3])
@pytest.mark.parametrize("scale", [1.0, 0.0])
def test_roots_of_the_systems_of_levels(q, scale):
    zz = positive(q, 6)
    t = scale * np.tril(np.random.default_rng(2).normal(size=(q, q)))
    root, log_det = level_roots(t, zz)
    want = 0.0
    for j in range(6):
        system = t.T @ zz[:, :, j] @ t + np.eye(q)
        np.testing.assert_allclose(root[:, :, j], np.linalg.inv(np.linalg.cholesky(system)) @ t.T, atol=EXACT)
        want += np.linalg.slogdet(system)[1]
    assert log_det == pytest.approx(want, rel=EXACT, abs=EXACT)


@pytest.mark.parametrize("q", [1, 2, 3, 5])
def test_inverses_level_by_level(q):
    a = positive(q, 7) + 0.1 * np.eye(q)[:, :, None]
    want = np.linalg.inv(a.transpose(2, 0, 1)).transpose(1, 2, 0)
    np.testing.assert_allclose(level_inverses(a), want, rtol=1e-11, atol=1e-11 * np.abs(want).max())


def test_inverses_of_what_has_none_are_not_finite():
    a = np.array([[[1.0, 2.0], [2.0, 0.0]], [[2.0, 0.0], [1.0, 3.0]]])
    with np.errstate(all="ignore"):
        found, determinants = inverses_of_two(a)
        whole = level_inverses(a)
    assert determinants.tolist() == [0.0, 6.0]
    assert not np.isfinite(found[:, :, 0]).any()
    assert not np.isfinite(whole[:, :, 0]).any()
    np.testing.assert_allclose(found[:, :, 1].T @ a[:, :, 1], np.eye(2), atol=EXACT)


@pytest.mark.parametrize("q", [1, 2])
def test_products_level_by_level(q):
    rng = np.random.default_rng(3)
    a, b, x = rng.normal(size=(2, q, 5)), rng.normal(size=(q, 3, 5)), rng.normal(size=(q, 5))
    for j in range(5):
        np.testing.assert_allclose(multiply(a, b)[:, :, j], a[:, :, j] @ b[:, :, j], rtol=EXACT, atol=EXACT)
        np.testing.assert_allclose(apply(a, x)[:, j], a[:, :, j] @ x[:, j], rtol=EXACT, atol=EXACT)
        np.testing.assert_allclose(outer(a, a)[:, :, j], a[:, :, j] @ a[:, :, j].T, rtol=EXACT, atol=EXACT)


@pytest.mark.parametrize("q", [1, 2, 4])
def test_traces_summed_over_levels(q):
    k, other = positive(q, 6), positive(q, 6, seed=4)
    half = np.random.default_rng(5).normal(size=(3, q, q))
    change = half + half.transpose(0, 2, 1)
    want = [[sum(np.trace(k[:, :, j] @ a @ other[:, :, j] @ b) for j in range(6)) for b in change] for a in change]
    # sums of up to 6 * 4^4 products that cancel
    np.testing.assert_allclose(level_traces(change, k, other), want, rtol=0, atol=EXACT * np.abs(want).max())
