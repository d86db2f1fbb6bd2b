"""Which crossed columns the levels of a nested factor share rows with, and products over these neighbours.

Neighbours are multiplied pair by pair. Where the matrices of the crossed factors are one dense block, a few popular
columns that have most of the entries (films that everybody has rated) are worked on as a dense matrix instead: as many
as cost least.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import cached_property, reduce

import numpy as np
from scipy import sparse

from ...sparse.fronts import Fronts

__all__ = ["Incidence"]

# Seconds that a multiplication and addition takes of two dense matrices, and of a sparse and a dense one, and seconds
# that a pair of neighbours in a list takes. Only their ratios matter. Measured on one thread at 2.8 GHz, from 1,000
# levels and 500 columns to 300,000 and 30,000: 16 to 58 ps, 0.3 to 0.7 ns, and 2 to 19 ns, the most where the store is
# larger than the processor's cache.
DENSE_SECONDS, SPARSE_SECONDS, PAIR_SECONDS = 40e-12, 600e-12, 5e-9
# Bytes for the list of pairs and the dense matrix together; a share of columns that needs more is taken only where all
# do. A choice, not a measurement: a small part of what is granted to the system itself (`crossed.SYSTEM_BYTES`).
LISTED_BYTES = 1.5e9
# Pairs that are listed at once, so that what is worked on stays in the processor's cache. Measured: from 1 << 14 to
# 1 << 16 listing takes the same within 20 %, and half as long as all at once.
PAIRS_AT_ONCE = 1 << 15
# Shares of the columns that may be the popular ones. Measured on ratings of 1,850 items by 3,000 users: the time is
# within 10 % of the least from 0.08 to 0.25, so that finer steps would gain nothing, and four times that at 1.
POPULAR_SHARES = np.array([0.0, 0.02, 0.04, 0.08, 0.12, 0.16, 0.2, 0.25, 0.3, 0.4, 0.5, 0.7, 1.0])
# Entries of the popular columns that are worked on at once where levels do not meet: a fresh page of memory costs more
# than what is computed in it. Measured on 6,000 levels and 740 columns: 0.34 s, and 0.45 to 0.55 s all at once.
DENSE_AT_ONCE = 1 << 18
# ... and of a dense matrix that a sparse one is multiplied with, so that what is gone through at random stays in the
# processor's cache. Measured there: 0.10 to 0.12 s with 32 to 256 columns, and 0.25 s with all 740.
COLUMNS_AT_ONCE = 64


class Incidence:
    """Cross-products of a nested factor with the crossed ones: one pattern, q rows of values.

    The original values are `data`. Elimination of factors before changes them, on the same pattern; methods take the
    values as they are by then.

    Parameters
    ----------
    levels : int
        Number of levels J.
    fronts : Fronts
        Where the entries of the crossed factors' (m, m) matrices stand.
    row, column : ndarray of int, shape (nnz,)
        Level and column of each entry, sorted by level.
    data : ndarray, shape (q, nnz)
    first : bool
        Whether no factor is eliminated before, so that the values are always `data`.

    Attributes
    ----------
    popular : ndarray of int, shape (k,)
        Columns that are worked on as a dense matrix.
    presummed : bool
        Whether products of pairs are formed once: those of a single effect whose values are always `data`.
    """

    def __init__(
        self, levels: int, fronts: Fronts, row: np.ndarray, column: np.ndarray, data: np.ndarray, first: bool
    ) -> None:
        self.levels, self.row, self.column, self.data = levels, row, column, data
        self.width, self.presummed = fronts.width, first and len(data) == 1
        self.starts = np.searchsorted(row, np.arange(levels + 1))
        self.popular = _most_popular(self) if fronts.dense else np.empty(0, dtype=np.intp)
        self._popular = _PopularColumns(self)
        self._pairs = _Pairs(fronts, self._popular.row, self._popular.column, self._popular.starts)
        if self.presummed:
            self._products = self._pairs.products(self._popular.others(data[0]))

    def csr(self, values: np.ndarray) -> sparse.csr_array:
        """One row of values as a sparse (levels, width) matrix."""
        return sparse.csr_array((values, self.column, self.starts), shape=(self.levels, self.width))

    def times(self, data: np.ndarray, dense: np.ndarray) -> np.ndarray:
        """Multiply (q, nnz) data with a dense (width, k) matrix: shape (q, k, levels)."""
        return np.stack([(self.csr(row) @ dense).T for row in data])

    def transposed_times(self, data: np.ndarray, dense: np.ndarray) -> np.ndarray:
        """Sum over effects and levels of data' times dense (q, k, levels): shape (width, k)."""
        return sum(self.csr(row).T @ block.T for row, block in zip(data, dense, strict=True))

    def through(self, data: np.ndarray, store: np.ndarray) -> np.ndarray:
        """``A_i w`` at the entries of ``A_i`` for a symmetric w, given as a store: shape (q, nnz)."""
        if not len(self.popular):
            return np.stack([self._pairs.through(row, store) for row in data])
        w = store.reshape(self.width, self.width)
        return np.stack([(self.csr(row) @ w)[self.row, self.column] for row in data])

    def weighted_gram(self, weights: np.ndarray) -> np.ndarray:
        """Sum over levels of weight times ``A_i' A_i``, of presummed products: a store."""
        store = self._products.T @ weights
        self._popular.complete_gram(store, self.data * np.sqrt(weights)[self.row])
        return store

    def gram(self, data: np.ndarray) -> np.ndarray:
        """Sum over effects and levels of the outer products of (q, nnz) data: a store."""
        store = self._pairs.gram(self._popular.others(data))
        self._popular.complete_gram(store, data)
        return store

    def mixed_gram(self, data: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Sum over effects and levels of ``a'b + b'a`` for rows a, b of two (q, nnz) data: a store."""
        store = self._pairs.mixed_gram(self._popular.others(data), self._popular.others(other))
        self._popular.complete_mixed_gram(store, data, other)
        return store

    def quadratic(self, data: np.ndarray, store: np.ndarray) -> np.ndarray:
        """Level by level ``A_i w A_i'`` for a symmetric w, given as a store: shape (q, q, levels)."""
        if self.presummed:
            # the products have every pair of different neighbours once, where it counts twice
            squares = self._pairs.squares(self._popular.others(self.data[0]), store)
            out = (2.0 * (self._products @ store) - squares)[None, None]
        else:
            out = self._pairs.quadratic(self._popular.others(data), store)
        if len(self.popular):
            self._popular.add_quadratic(out, data, store.reshape(self.width, self.width))
        return out


class _Pairs:
    """Pairs of entries of one level, left >= right.

    Parameters
    ----------
    fronts : Fronts
    row, column : ndarray of int, shape (nnz,)
        Level and column of each entry, sorted by level.
    starts : ndarray of int, shape (levels + 1,)
        First entry of each level.
    """

    def __init__(self, fronts: Fronts, row: np.ndarray, column: np.ndarray, starts: np.ndarray) -> None:
        self.fronts, self.row, self.column, self.starts = fronts, row, column, starts
        self.levels = len(starts) - 1

    def squares(self, values: np.ndarray, store: np.ndarray) -> np.ndarray:
        """Sum over a level's entries of the squared value times ``w_cc``, c being the column: shape (levels,)."""
        weighted = values**2 * store[self.fronts.diagonal[self.column]]
        return np.bincount(self.row, weighted, minlength=self.levels)

    def products(self, values: np.ndarray) -> sparse.csr_array:
        """Products of the (nnz,) values of all pairs: a row a level, a column a place in the store."""
        starts = _ends_of_pairs(self.starts)
        place, products = np.empty(starts[-1], dtype=self.fronts.integer), np.empty(starts[-1])
        for at, mine, times, right, there in self._placed_neighbours():
            place[at] = there
            np.multiply(values.take(right), values[mine].repeat(times), out=products[at])
        return sparse.csr_array((products, place, _lean(starts)), shape=(self.levels, self.fronts.size))

    def gram(self, data: np.ndarray) -> np.ndarray:
        """Sum over effects and levels of the outer products of (q, nnz) data: a store."""
        left, right, place = self._listed
        out = np.bincount(place, sum(row[left] * row[right] for row in data), minlength=self.fronts.size)
        return out.astype(float, copy=False)  # without pairs, numpy counts in integers

    def mixed_gram(self, data: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Sum over effects and levels of ``a'b + b'a`` for rows a, b of two (q, nnz) data: a store."""
        left, right, place = self._listed
        both = (a[left] * b[right] + a[right] * b[left] for a, b in zip(data, other, strict=True))
        out = np.bincount(place, sum(both), minlength=self.fronts.size)
        return out.astype(float, copy=False)  # without pairs, numpy counts in integers

    def through(self, values: np.ndarray, store: np.ndarray) -> np.ndarray:
        """``a_i w`` at the entries of ``a_i``, of one effect: shape (nnz,)."""
        left, right, place = self._listed
        between, size = store[place], len(values)
        beside = np.where(left == right, 0.0, between)
        return np.bincount(left, between * values[right], minlength=size) + np.bincount(
            right, beside * values[left], minlength=size
        )

    def quadratic(self, data: np.ndarray, store: np.ndarray) -> np.ndarray:
        """Level by level ``A_i w A_i'``, shape (q, q, levels)."""
        left, right, place = self._listed
        between = store[place] * np.where(left == right, 0.5, 1.0)
        out = np.empty((len(data), len(data), self.levels))
        for a in range(len(data)):
            for b in range(a + 1):
                values = between * (data[a][left] * data[b][right] + data[a][right] * data[b][left])
                out[a, b] = out[b, a] = np.bincount(self.row[left], values, minlength=self.levels)
        return out

    @cached_property
    def _listed(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Left and right entry of each pair, and where it stands in the store."""
        count = int(_ends_of_pairs(self.starts)[-1])
        pairs, place = np.empty((2, count), dtype=np.int32), np.empty(count, dtype=self.fronts.integer)
        for at, mine, times, right, there in self._placed_neighbours():
            place[at] = there
            pairs[0, at], pairs[1, at] = np.arange(mine.start, mine.stop).repeat(times), right
        return *pairs, place

    def _placed_neighbours(self) -> Iterator[tuple[slice, slice, np.ndarray, np.ndarray, np.ndarray]]:
        """What `_neighbours` yields, and where the pairs stand in the store."""
        step = self.fronts.step[self.column]
        for at, mine, times, right in _neighbours(self.starts):
            yield at, mine, times, right, self.fronts.place_steps(step.take(right), step[mine].repeat(times))


class _PopularColumns:
    """The popular columns as a dense matrix, and products of these with one another and with the other columns.

    Parameters
    ----------
    whole : Incidence

    Attributes
    ----------
    row, column, starts : ndarray of int
        Level and column of the other columns' entries, and the first of each level.
    """

    def __init__(self, whole: Incidence) -> None:
        self.levels, self.width, self.columns = whole.levels, whole.width, whole.popular
        self.row, self.column, self.starts = whole.row, whole.column, whole.starts
        if not len(self.columns):
            return
        rank = np.full(self.width, -1)
        rank[self.columns] = np.arange(len(self.columns))
        inside = rank[whole.column] >= 0
        self._mine, self._others = np.flatnonzero(inside), np.flatnonzero(~inside)
        self._place = whole.row[inside] * len(self.columns) + rank[whole.column[inside]]
        self._starts = np.searchsorted(whole.row[inside], np.arange(self.levels + 1))
        self.row, self.column = whole.row[self._others], whole.column[self._others]
        self.starts = np.searchsorted(self.row, np.arange(self.levels + 1))

    def others(self, values: np.ndarray) -> np.ndarray:
        """Values (..., nnz) at the entries of the other columns."""
        return values[..., self._others] if len(self.columns) else values

    def complete_gram(self, store: np.ndarray, data: np.ndarray) -> None:
        """Add the outer products with popular columns, in place: the store has those among the other columns."""
        if not len(self.columns):
            return
        out = store.reshape(self.width, self.width)
        dense = [self._dense(row) for row in data]
        turned = [self._sparse(row).T for row in data]
        for some in _columns_at_once(len(self.columns)):
            pairs = zip(turned, dense, strict=True)
            across = reduce(np.add, (one @ np.ascontiguousarray(block[:, some]) for one, block in pairs))
            out[self.columns[some]] = across.T
            out[:, self.columns[some]] = across
        out[self.columns[:, None], self.columns] = reduce(np.add, (block.T @ block for block in dense))

    def complete_mixed_gram(self, store: np.ndarray, data: np.ndarray, other: np.ndarray) -> None:
        """The same for ``a'b + b'a`` of two (q, nnz) data."""
        if not len(self.columns):
            return
        out, across = store.reshape(self.width, self.width), np.zeros((self.width, len(self.columns)))
        for a, b in zip(data, other, strict=True):
            one, two = self._dense(a), self._dense(b)
            across += self._sparse(a).T @ two + self._sparse(b).T @ one
            both = one.T @ two
            across[self.columns] += both + both.T
        out[self.columns] = across.T
        out[:, self.columns] = across

    def add_quadratic(self, out: np.ndarray, data: np.ndarray, w: np.ndarray) -> None:
        """Add to ``A_i w A_i'``, in place, what the popular columns give, with one another and with the others."""
        inner = w[self.columns[:, None], self.columns]
        beside = [(some, w.take(self.columns[some], axis=1)) for some in _columns_at_once(len(self.columns))]
        step = max(DENSE_AT_ONCE // len(self.columns), 1)
        for start in range(0, self.levels, step):
            some = slice(start, min(start + step, self.levels))
            dense = [self._dense(row, some) for row in data]
            for a, mine in enumerate(dense):
                half = 0.5 * (mine @ inner)
                others = self._sparse(data[a], some)
                for columns, across in beside:
                    half[:, columns] += others @ across
                for b, other in enumerate(dense):
                    share = np.einsum("jk,jk->j", half, other)
                    out[a, b, some] += share
                    out[b, a, some] += share

    def _dense(self, values: np.ndarray, levels: slice | None = None) -> np.ndarray:
        """The popular columns of all levels or some, shape (levels, k)."""
        first, stop = (0, self.levels) if levels is None else (levels.start, levels.stop)
        at, k = slice(self._starts[first], self._starts[stop]), len(self.columns)
        out = np.zeros((stop - first) * k)
        out[self._place[at] - first * k] = values[self._mine[at]]
        return out.reshape(stop - first, k)

    def _sparse(self, values: np.ndarray, levels: slice | None = None) -> sparse.csr_array:
        """The other columns of all levels or some, as a sparse (levels, width) matrix."""
        first, stop = (0, self.levels) if levels is None else (levels.start, levels.stop)
        starts = self.starts[first : stop + 1]
        at = slice(starts[0], starts[-1])
        entries = values[self._others[at]], self.column[at], starts - starts[0]
        return sparse.csr_array(entries, shape=(stop - first, self.width))


def _columns_at_once(count: int) -> Iterator[slice]:
    """Pieces of so many columns."""
    return (slice(start, min(start + COLUMNS_AT_ONCE, count)) for start in range(0, count, COLUMNS_AT_ONCE))


def _most_popular(incidence: Incidence) -> np.ndarray:
    """Columns whose products are cheapest as a dense matrix, shape (k,)."""
    levels, width, row, column = incidence.levels, incidence.width, incidence.row, incidence.column
    count = np.bincount(column, minlength=width)
    order = np.argsort(-count, kind="stable")
    rank = np.empty(width, dtype=np.intp)
    rank[order] = np.arange(width)
    best, least = width, np.inf
    for k in np.unique((POPULAR_SHARES * width).astype(int)):
        rest = np.bincount(row[rank[column] >= k], minlength=levels).astype(float)
        pairs = float(rest @ (rest + 1.0)) / 2.0
        # an evaluation forms A'A and A w A' once: of the dense columns the first is symmetric, which halves it
        cost = DENSE_SECONDS * 1.5 * levels * k**2 + SPARSE_SECONDS * 2.0 * k * rest.sum() + PAIR_SECONDS * 2.0 * pairs
        # of a pair its product and place, and where it is listed two entries and a place; of the matrix, its numbers
        size = 24.0 * pairs + 8.0 * levels * k
        cost += size if size > LISTED_BYTES else 0.0
        if cost < least:
            best, least = int(k), cost
    return np.sort(order[:best])


def _lean(index: np.ndarray) -> np.ndarray:
    """As 32-bit integers where these will do: sparse arrays keep, and read, all their indices as wide as the widest."""
    return index.astype(np.int32 if index[-1] < 2**31 else np.int64)


def _ends_of_pairs(starts: np.ndarray) -> np.ndarray:
    """How many pairs of neighbours there are up to each level, shape (levels + 1,)."""
    count = np.diff(starts)
    return np.append(0, np.cumsum(count * (count + 1) // 2))


def _neighbours(starts: np.ndarray) -> Iterator[tuple[slice, slice, np.ndarray, np.ndarray]]:
    """All pairs left >= right of entries of the same level, sorted, in pieces.

    Yields
    ------
    at : slice
        Positions of the pairs.
    mine : slice
        The left entries.
    times : ndarray of int
        How many pairs each of these has.
    right : ndarray of int
        The right entry of each pair.
    """
    entries = np.arange(starts[-1])
    partners = entries + 1 - np.repeat(starts[:-1], np.diff(starts))
    ends = np.cumsum(partners)
    ahead = ends - 1 - entries  # of a right entry, its pairs
    count = int(ends[-1]) if len(ends) else 0
    cuts = np.unique(np.searchsorted(ends, np.arange(0, count, PAIRS_AT_ONCE), side="right")).tolist()
    for first, last in itertools.pairwise([*cuts, len(entries)]):
        mine, at = slice(first, last), slice(ends[first] - partners[first], ends[last - 1])
        yield at, mine, partners[mine], np.arange(at.start, at.stop) - ahead[mine].repeat(partners[mine])
