"""The multifrontal factor and its selected inverse, against dense linear algebra."""

import numpy as np
import pytest
from scipy import sparse

from mlm.errors import FitError
from mlm.sparse import cholesky, fronts, supernodes

EXACT = 1e-10  # relative: matrices of condition up to 1e4 keep some twelve digits through factor and inverse


def chain(m):
    return sparse.diags_array([np.ones(m - 1), np.ones(m), np.ones(m - 1)], offsets=[-1, 0, 1])


def grid(k):
    return sparse.kron(chain(k), sparse.eye_array(k)) + sparse.kron(sparse.eye_array(k), chain(k))


def tree(m):
    child = np.arange(1, m)
    return sparse.coo_array((np.ones(m - 1), (child, (child - 1) // 3)), shape=(m, m))


def arrow(blocks, size, border):
    m = blocks * size + border
    inside = sparse.block_diag([np.ones((size, size))] * blocks + [np.ones((border, border))])
    rows, columns = np.meshgrid(np.arange(m - border, m), np.arange(0, m - border, 2), indexing="ij")
    return inside + sparse.coo_array((np.ones(rows.size), (rows.ravel(), columns.ravel())), shape=(m, m))


def scattered(m, density, seed):
    return sparse.coo_array((np.random.default_rng(seed).random((m, m)) < density).astype(float))


def hubs(m, seed):
    """A few columns linked to nearly all, among many that are linked to few."""
    rng = np.random.default_rng(seed)
    rows = np.concatenate([rng.integers(0, m, 3 * m), np.repeat(np.arange(5), m)])
    columns = np.concatenate([rng.integers(0, m, 3 * m), np.tile(np.arange(m), 5)])
    return sparse.coo_array((np.ones(len(rows)), (rows, columns)), shape=(m, m))


def twins(m, seed):
    """Every column four times, with the same links."""
    return sparse.kron(scattered(m, 2.0 / m, seed), np.ones((4, 4)))


PATTERNS = {
    "one": sparse.eye_array(1),
    "two": sparse.eye_array(2),
    "isolated": sparse.eye_array(150),
    "chain": chain(200),
    "grid": grid(17),
    "tree": tree(300),
    "arrow": arrow(12, 9, 7),
    "apart": sparse.block_diag([grid(6), chain(20), sparse.eye_array(9), np.ones((12, 12)), tree(40)]),
    "twins": twins(60, 2),
    "hubs": hubs(250, 3),
    "full": np.ones((40, 40)),
    **{f"scattered {d}": scattered(180, d, 4) for d in (0.002, 0.005, 0.01, 0.03, 0.1, 0.3)},
}


def symmetric(pattern):
    """Return the pattern with its transpose and the diagonal, in random order of columns."""
    m = pattern.shape[0]
    both = sparse.csr_array(abs(sparse.coo_array(pattern)))
    both = sparse.csr_array(both + both.T + sparse.eye_array(m))
    shuffled = np.random.default_rng(5).permutation(m)
    return sparse.csr_array(both[shuffled][:, shuffled])


def values_on(pattern, seed=6, spread=0.0):
    """Return a positive definite matrix on the pattern; `spread` scales its columns over as many powers of ten."""
    rng = np.random.default_rng(seed)
    lower = sparse.coo_array(sparse.tril(pattern, -1))
    off = sparse.coo_array((rng.normal(size=lower.nnz), (lower.row, lower.col)), shape=pattern.shape)
    off = off + off.T
    dense = off.toarray() + np.diag(abs(off).sum(axis=0) + rng.uniform(0.1, 2.0, pattern.shape[0]))
    scale = 10.0 ** (spread * rng.uniform(-0.5, 0.5, len(dense)))
    return dense * scale * scale[:, None]


@pytest.fixture
def eager(monkeypatch):
    """Let sparse fronts be chosen for the small matrices of these tests."""
    monkeypatch.setattr(fronts, "DENSE_COLUMNS", 0)
    monkeypatch.setattr(fronts, "DENSE_SHARE", 2.0)
    monkeypatch.setattr(supernodes, "SECONDS_PER_FRONT", 1e-7)


def stored(found, pattern, dense):
    """Store the values of a matrix on a pattern: the store, the entries, and their positions."""
    lower = sparse.coo_array(sparse.tril(pattern))
    entries = lower.row, lower.col
    at = found.place(*entries)
    store = found.zeros()
    store[at] = dense[entries]
    return store, entries, at


def check(found, pattern, dense):
    """Compare log-determinant, solutions and selected inverse with those of dense algebra."""
    store, entries, at = stored(found, pattern, dense)
    factor = cholesky.factor(found, store)
    scale = np.sqrt(np.diag(dense))
    unscaled = np.linalg.inv(dense / scale / scale[:, None])
    columns = np.random.default_rng(7).normal(size=(len(dense), 3)) * scale[:, None]
    exact = unscaled @ (columns / scale[:, None])
    assert factor.log_det == pytest.approx(np.linalg.slogdet(dense)[1], rel=EXACT, abs=EXACT)
    np.testing.assert_allclose(factor.solve(columns) * scale[:, None], exact, rtol=0, atol=EXACT * abs(exact).max())
    half = factor.half_solve(columns)
    product = (columns / scale[:, None]).T @ exact
    np.testing.assert_allclose(half.T @ half, product, rtol=0, atol=EXACT * abs(product).max())
    kept = factor.inverse()
    inverse = factor.inverse(overwrite=True)
    np.testing.assert_array_equal(kept, inverse)
    there = inverse[at] * scale[entries[0]] * scale[entries[1]]
    np.testing.assert_allclose(there, unscaled[entries], rtol=0, atol=EXACT * abs(unscaled).max())
    diagonal = inverse[found.diagonal] * scale**2
    np.testing.assert_allclose(diagonal, np.diag(unscaled), rtol=0, atol=EXACT * abs(unscaled).max())


@pytest.mark.parametrize("name", PATTERNS)
def test_agrees_with_dense_algebra(name, eager):
    pattern = symmetric(PATTERNS[name])
    check(fronts.analyse(pattern), pattern, values_on(pattern))


@pytest.mark.parametrize("name", PATTERNS)
def test_agrees_where_fronts_are_as_small_as_can_be(name, eager, monkeypatch):
    monkeypatch.setattr(supernodes, "SECONDS_PER_FRONT", 0.0)
    monkeypatch.setattr(supernodes, "SECONDS_PER_UPDATE", 0.0)
    pattern = symmetric(PATTERNS[name])
    check(fronts.analyse(pattern), pattern, values_on(pattern))


@pytest.mark.parametrize("name", ["grid", "hubs", "scattered 0.01"])
def test_agrees_for_badly_scaled_values(name, eager):
    pattern = symmetric(PATTERNS[name])
    check(fronts.analyse(pattern), pattern, values_on(pattern, spread=12.0))


@pytest.mark.parametrize("seed", range(20))
def test_agrees_on_random_patterns(seed, eager):
    rng = np.random.default_rng(seed)
    m = int(rng.integers(2, 120))
    pattern = symmetric(scattered(m, float(rng.uniform(0.1, 4.0)) / m, seed))
    check(fronts.analyse(pattern), pattern, values_on(pattern, seed))


def test_agrees_with_the_times_of_a_real_run():
    pattern = symmetric(grid(30))
    found = fronts.analyse(pattern)
    assert not found.dense
    check(found, pattern, values_on(pattern))


def test_one_front_is_the_matrix_row_by_row():
    pattern = symmetric(grid(10))
    found = fronts.analyse(pattern)
    assert found.dense
    dense = values_on(pattern)
    store = stored(found, pattern, dense)[0]
    np.testing.assert_array_equal(np.triu(store.reshape(100, 100)), np.triu(dense))
    check(found, pattern, dense)


@pytest.mark.parametrize("pattern", [scattered(500, 0.4, 1), scattered(500, 0.1, 1)])
def test_what_fills_up_is_one_front(pattern):
    assert fronts.analyse(symmetric(pattern)).dense


def test_place_is_symmetric_and_the_same_with_and_without_a_table(eager, monkeypatch):
    pattern = symmetric(PATTERNS["apart"])
    found = fronts.analyse(pattern)
    entries = sparse.coo_array(pattern)
    rows, columns = entries.row, entries.col
    at = found.place(rows, columns)
    np.testing.assert_array_equal(at, found.place(columns, rows))
    assert len(np.unique(at)) == (pattern.nnz + pattern.shape[0]) // 2
    monkeypatch.setattr(fronts, "TABLE_COLUMNS", 0)
    np.testing.assert_array_equal(at, found.place(rows, columns))


def test_no_columns_and_values_that_are_zero():
    assert fronts.analyse(sparse.csr_array((0, 0))).size == 0
    pattern = symmetric(grid(20))
    without = pattern.copy()
    without.data[:] = 0.0
    np.testing.assert_array_equal(fronts.analyse(without).order, fronts.analyse(pattern).order)


def test_the_diagonal_counts_where_the_pattern_leaves_it_out(eager):
    pattern = symmetric(PATTERNS["grid"])
    hollow = sparse.csr_array(pattern - sparse.diags_array(pattern.diagonal()))
    hollow.eliminate_zeros()
    check(fronts.analyse(hollow), pattern, values_on(pattern))


@pytest.mark.parametrize("name", ["full", "grid", "apart"])
def test_not_positive_definite_is_said(name, eager):
    pattern = symmetric(PATTERNS[name])
    found = fronts.analyse(pattern)
    dense = values_on(pattern)
    dense[3, 3] = -1.0
    with pytest.raises(FitError, match="not positive definite"):
        cholesky.factor(found, stored(found, pattern, dense)[0])


@pytest.mark.parametrize("name", ["grid", "apart", "hubs", "tree"])
def test_units_stay_together(name, eager):
    rng = np.random.default_rng(8)
    links = symmetric(PATTERNS[name])
    size = rng.integers(1, 4, links.shape[0])
    together = rng.permutation(np.repeat(np.arange(len(size)), size))
    pattern = sparse.csr_array(sparse.coo_array(links.toarray()[together][:, together]))
    found = fronts.analyse(pattern, together)
    assert not found.dense
    check(found, pattern, values_on(pattern))
    unit = together[found.order]
    assert np.count_nonzero(np.diff(unit)) == len(size) - 1
    assert all(unit[f.stop - 1] != unit[f.stop] for f in found.fronts[:-1])
