"""Levels in bases of their own columns: nothing is lost where effects are large, or columns depend on each other."""

import numpy as np
import pytest
import scipy.linalg

from mlm.crossproducts.blocks import FactorProducts
from mlm.likelihood.level_bases import LevelBases, level_coordinates, solve_beside_one

# products of a few numbers near 1, in another order
EXACT = 1e-13


@pytest.mark.parametrize("q", [1, 2, 3, 5])
@pytest.mark.parametrize("rank", [0, 1, 5])
@pytest.mark.parametrize("size", [1.0, 1e3, 1e9])
def test_one_beside_squares_of_every_size_is_not_lost(q, rank, size):
    """Of ``I + B B'`` with a singular and huge B the determinant is a product of one over the squares and the rest."""
    rng = np.random.default_rng(6)
    b = np.stack([np.tril(rng.normal(size=(q, q))) for _ in range(4)], axis=2)
    b[:, rank:] = 0.0
    b *= size
    rows = rng.normal(size=(q, 3, 4))
    solved = rows.copy()
    log_det = solve_beside_one(b, solved)
    want = 0.0
    for j in range(4):
        values, vectors = scipy.linalg.svd(b[:, :, j])[1::-1]
        want += np.log1p(values**2).sum()
        inside = vectors.T @ rows[:, :, j]
        inner = inside.T @ (inside / (1.0 + values**2)[:, None])
        np.testing.assert_allclose(solved[:, :, j].T @ solved[:, :, j], inner, rtol=1e-11, atol=1e-11 * inner.max())
    assert log_det == pytest.approx(want, rel=1e-13)


@pytest.mark.parametrize("q", [1, 2, 3])
def test_coordinates_of_levels_have_their_products(q):
    """Also of levels whose columns depend on each other, but for rounding, or are 0: no coordinates there."""
    z = np.random.default_rng(7).normal(size=(5, q, q + 3))
    z[1, :, 0], z[2, 0], z[3, :, 1:], z[4] = 0.0, 0.0, 0.0, 0.0
    z[2, 0, -1] = 1e-17
    products = np.matmul(z, z.transpose(0, 2, 1)).transpose(1, 2, 0)
    others = np.random.default_rng(8).normal(size=(5, 2, q + 3))
    beside = np.matmul(z, others.transpose(0, 2, 1)).transpose(1, 2, 0)
    found = level_coordinates(products, beside)
    for j in range(5):
        r, w = found[:, :q, j], found[:, q:, j]
        assert (np.triu(r, 1) == 0.0).all()
        np.testing.assert_allclose(r.T @ r, products[:, :, j], rtol=EXACT, atol=EXACT)
        np.testing.assert_allclose(r.T @ w, beside[:, :, j], rtol=EXACT, atol=EXACT)


@pytest.mark.parametrize("rank", [1, 3])
@pytest.mark.parametrize("size", [1.0, 1e4, 1e7])
def test_modes_of_effects_of_every_size(rank, size):
    """Against singular values: ``T V s / (1 + s²) U' r`` and ``T V 1 / (1 + s²) V' T'``, with ``R T = U s V'``."""
    rng = np.random.default_rng(9)
    z, r = rng.normal(size=(4, 3, 6)), rng.normal(size=(4, 2, 6))
    zz, zxy = (np.matmul(z, other.transpose(0, 2, 1)).transpose(1, 2, 0) for other in (z, r))
    t = size * np.diag([0.0, 1e-3, 1.0][-rank:] if rank == 3 else [0.0, 0.0, 1.0])  # ascending, as it is given them
    bases = LevelBases(FactorProducts("g", 4, zz, zxy), np.einsum("jka,jla->kl", r, r))
    modes, covariances = bases.modes(t, np.array([0.5]))
    for j in range(4):
        u, s, v = scipy.linalg.svd(bases.coordinates[:, :3, j] @ t)
        left = bases.coordinates[:, 4, j] - 0.5 * bases.coordinates[:, 3, j]
        want = t @ v.T @ (s / (1.0 + s * s) * (u.T @ left))
        np.testing.assert_allclose(modes[:, j], want, rtol=1e-9, atol=1e-9 * np.abs(want).max())
        want = t @ (v.T / (1.0 + s * s)) @ v @ t.T
        np.testing.assert_allclose(covariances[:, :, j], want, rtol=1e-7, atol=1e-9 * np.abs(want).max())
