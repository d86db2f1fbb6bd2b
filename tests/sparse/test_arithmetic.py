"""Arithmetic front by front, against dense matrices."""

import numpy as np
import pytest
from scipy import sparse

from mlm.sparse import arithmetic, cholesky, fronts, supernodes

EXACT = 1e-10  # relative: well-conditioned matrices keep some twelve digits


@pytest.fixture(params=[1, 2, 3])
def problem(request, monkeypatch):
    """Fronts, a store, its dense matrix S and a factor T, for units of so many columns."""
    monkeypatch.setattr(fronts, "DENSE_COLUMNS", 0)
    monkeypatch.setattr(fronts, "DENSE_SHARE", 2.0)
    monkeypatch.setattr(supernodes, "SECONDS_PER_FRONT", 1e-7)
    q, units, rng = request.param, 90, np.random.default_rng(request.param)
    links = rng.random((units, units)) < 1.2 / units
    together = rng.permutation(np.repeat(np.arange(units), q))
    pattern = (links | links.T | np.eye(units, dtype=bool))[together][:, together]
    dense = np.where(pattern, rng.normal(size=pattern.shape), 0.0)
    dense = dense + dense.T
    dense += np.diag(abs(dense).sum(axis=0) + 0.1)
    found = fronts.analyse(sparse.csr_array(pattern), together)
    assert len(found.fronts) > 3
    rows, columns = np.nonzero(np.tril(pattern))
    store = found.zeros()
    store[found.place(rows, columns)] = dense[rows, columns]
    t = np.where(together[:, None] == together, rng.normal(size=pattern.shape), 0.0)
    return found, store, dense, t, (rows, columns), together


def entries(found, store, where):
    return store[found.place(*where)]


def test_sandwich(problem):
    found, store, dense, t, where, _ = problem
    product = t.T @ dense @ t
    there = entries(found, arithmetic.sandwich(found, store, sparse.csr_array(t)), where)
    np.testing.assert_allclose(there, product[where], rtol=0, atol=EXACT * abs(product).max())
    scale = np.diag(t).copy()
    product = dense * scale * scale[:, None]
    there = entries(found, arithmetic.sandwich(found, store, scale), where)
    np.testing.assert_allclose(there, product[where], rtol=0, atol=EXACT * abs(product).max())
    in_place = store.copy()
    assert arithmetic.sandwich(found, in_place, scale, out=in_place) is in_place
    np.testing.assert_array_equal(entries(found, in_place, where), there)
    in_place = store.copy()
    arithmetic.sandwich(found, in_place, sparse.csr_array(t), out=in_place)
    np.testing.assert_array_equal(in_place, arithmetic.sandwich(found, store, sparse.csr_array(t)))


def test_mixed_sandwich(problem):
    found, store, dense, t, where, together = problem
    other = np.where(together[:, None] == together, np.random.default_rng(7).normal(size=t.shape), 0.0)
    product = t.T @ dense @ other + other.T @ dense @ t
    there = entries(found, arithmetic.mixed_sandwich(found, store, sparse.csr_array(t), sparse.csr_array(other)), where)
    np.testing.assert_allclose(there, product[where], rtol=0, atol=EXACT * abs(product).max())
    a, b = np.diag(t).copy(), np.diag(other).copy()
    product = dense * (np.outer(a, b) + np.outer(b, a))
    there = entries(found, arithmetic.mixed_sandwich(found, store, a, b), where)
    np.testing.assert_allclose(there, product[where], rtol=0, atol=EXACT * abs(product).max())


def test_inner_product(problem):
    found, store, dense, t, _, _ = problem
    other = arithmetic.sandwich(found, store, sparse.csr_array(t))
    want = np.sum(dense * (t.T @ dense @ t))
    assert arithmetic.inner_product(found, store, other) == pytest.approx(want, rel=EXACT)


def test_products(problem):
    found, store, dense, _, where, _ = problem
    columns = np.random.default_rng(9).normal(size=(len(dense), 3))
    np.testing.assert_allclose(arithmetic.times(found, store, columns), dense @ columns, atol=EXACT * abs(dense).max())
    arithmetic.add_product(found, store, columns, -1.0)
    there = (dense - columns @ columns.T)[where]
    np.testing.assert_allclose(entries(found, store, where), there, atol=EXACT * abs(dense).max())


@pytest.mark.parametrize("small", [1.0, 1e-4, 1e-9, 0.0])
def test_projections_with_a_factor_that_may_vanish(problem, small):
    found, store, dense, t, _, together = problem
    t = t * np.where(together < 40, small, 1.0)[:, None]
    inner = t.T @ dense @ t + np.eye(len(t))
    exact = dense - dense @ t @ np.linalg.solve(inner, t.T @ dense)
    rows, columns = np.nonzero(together[:, None] == together)
    there = entries(found, arithmetic.projections(found, store, sparse.csr_array(t)), (rows, columns))
    np.testing.assert_allclose(there, exact[rows, columns], rtol=0, atol=EXACT * abs(exact).max())


def test_projections_agree_with_the_inverse(problem):
    found, store, dense, _, _, _ = problem
    scale = np.random.default_rng(10).uniform(0.5, 2.0, len(dense))
    n = arithmetic.sandwich(found, store, scale)
    n[found.diagonal] += 1.0
    inverse = cholesky.factor(found, n).inverse()[found.diagonal]
    there = arithmetic.projections(found, store, scale)[found.diagonal]
    np.testing.assert_allclose(there, (1.0 - inverse) / scale**2, rtol=0, atol=EXACT * abs(there).max())
