"""Which columns of the tail each level of a stage shares rows with, and products over these neighbours.

Neighbours are multiplied pair by pair. Where the tail is one dense block, a few popular columns that have most of the
entries (films that everybody has rated) are worked on as a dense matrix instead: as many as cost least.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import cached_property

import numpy as np
from scipy import sparse

from ...sparse.fronts import Fronts

__all__ = ["Incidence"]

# seconds that a multiplication and addition takes: of dense matrices, of a sparse and a dense one, in a list of pairs
DENSE, MIXED, LISTED = 40e-12, 600e-12, 5e-9
ROOM = 1.5e9  # bytes: what takes more is chosen only where everything does
PIECE = 1 << 15  # pairs that are listed at once: they stay in the processor's cache
SHARES = np.array([0.0, 0.02, 0.04, 0.08, 0.12, 0.16, 0.2, 0.25, 0.3, 0.4, 0.5, 0.7, 1.0])  # of columns, to try


class Incidence:
    """Cross-products of a stage with the tail: one pattern, q rows of values.

    Parameters
    ----------
    levels : int
        Number of levels J.
    fronts : Fronts
        Where the entries of the tail's (m, m) matrices stand.
    row, column : ndarray of int, shape (nnz,)
        Level and column of each entry, sorted by level.
    data : ndarray, shape (q, nnz)

    Attributes
    ----------
    popular : ndarray of int, shape (k,)
        Columns that are worked on as a dense matrix.
    """

    def __init__(self, levels: int, fronts: Fronts, row: np.ndarray, column: np.ndarray, data: np.ndarray) -> None:
        self.levels, self.fronts, self.row, self.column, self.data = levels, fronts, row, column, data
        self.width = fronts.width
        self.starts = np.searchsorted(row, np.arange(levels + 1))
        self.popular = self._most_popular() if fronts.dense else np.empty(0, dtype=np.intp)
        self._dense_place = self._dense_entries = self._entries = np.empty(0, dtype=np.intp)
        self._row, self._column, self._starts = row, column, self.starts
        if len(self.popular):
            self._set_apart()
        self._pairs = self._pair_products() if len(data) == 1 else sparse.csr_array((levels, 0))

    def _set_apart(self) -> None:
        """Part the entries of the popular columns from the others."""
        rank = np.full(self.width, -1)
        rank[self.popular] = np.arange(len(self.popular))
        inside = rank[self.column] >= 0
        self._dense_entries, self._entries = np.flatnonzero(inside), np.flatnonzero(~inside)
        self._dense_place = self.row[inside] * len(self.popular) + rank[self.column[inside]]
        self._row, self._column = self.row[self._entries], self._column[self._entries]
        self._starts = np.searchsorted(self._row, np.arange(self.levels + 1))

    def _most_popular(self) -> np.ndarray:
        """Columns whose products are cheapest as a dense matrix, shape (k,)."""
        count = np.bincount(self.column, minlength=self.width)
        order = np.argsort(-count, kind="stable")
        rank = np.empty(self.width, dtype=np.intp)
        rank[order] = np.arange(self.width)
        best, least = self.width, np.inf
        for k in np.unique((SHARES * self.width).astype(int)):
            rest = np.bincount(self.row[rank[self.column] >= k], minlength=self.levels).astype(float)
            pairs = float(rest @ (rest + 1.0)) / 2.0
            cost = DENSE * 1.5 * self.levels * k**2 + MIXED * 2.0 * k * rest.sum() + LISTED * 2.0 * pairs
            size = 24.0 * pairs + 8.0 * self.levels * k
            cost += size if size > ROOM else 0.0
            if cost < least:
                best, least = int(k), cost
        return np.sort(order[:best])

    def _pair_products(self) -> sparse.csr_array:
        """Products of neighbouring entries: a row a level, a column a place in the store."""
        starts, values = _ends_of_pairs(self._starts), self._of_others(self.data[0])
        place, products = np.empty(starts[-1], dtype=self.fronts.integer), np.empty(starts[-1])
        for at, mine, times, right, there in self._placed_neighbours():
            place[at] = there
            np.multiply(values.take(right), values[mine].repeat(times), out=products[at])
        return sparse.csr_array((products, place, _lean(starts)), shape=(self.levels, self.fronts.size))

    @cached_property
    def _listed(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """All pairs of neighbours left >= right among the other columns' entries, and where they stand in the store."""
        count = int(_ends_of_pairs(self._starts)[-1])
        pairs, place = np.empty((2, count), dtype=np.int32), np.empty(count, dtype=self.fronts.integer)
        for at, mine, times, right, there in self._placed_neighbours():
            place[at] = there
            pairs[0, at], pairs[1, at] = np.arange(mine.start, mine.stop).repeat(times), right
        return *pairs, place

    def _placed_neighbours(self) -> Iterator[tuple[slice, slice, np.ndarray, np.ndarray, np.ndarray]]:
        """What `_neighbours` yields of the other columns' entries, and where the pairs stand in the store."""
        step = self.fronts.step[self._column]
        for at, mine, times, right in _neighbours(self._starts):
            yield at, mine, times, right, self.fronts.place_steps(step.take(right), step[mine].repeat(times))

    def _of_others(self, values: np.ndarray) -> np.ndarray:
        """Values (..., nnz) at the entries of the other columns."""
        return values[..., self._entries] if len(self.popular) else values

    def _dense(self, values: np.ndarray) -> np.ndarray:
        """The popular columns, shape (levels, k)."""
        out = np.zeros(self.levels * len(self.popular))
        out[self._dense_place] = values[self._dense_entries]
        return out.reshape(self.levels, len(self.popular))

    def _others(self, values: np.ndarray) -> sparse.csr_array:
        """The other columns, as a sparse (levels, width) matrix."""
        return sparse.csr_array((self._of_others(values), self._column, self._starts), shape=(self.levels, self.width))

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
        if len(self.popular):
            w = store.reshape(self.width, self.width)
            return np.stack([(self.csr(row) @ w)[self.row, self.column] for row in data])
        left, right, place = self._listed
        between, size = store[place], data.shape[1]
        beside = np.where(left == right, 0.0, between)
        return np.stack(
            [
                np.bincount(left, between * row[right], minlength=size)
                + np.bincount(right, beside * row[left], minlength=size)
                for row in data
            ]
        )

    def weighted_gram(self, weights: np.ndarray) -> np.ndarray:
        """Sum over levels of weight times ``A_i' A_i``, for the original data of a single effect: a store."""
        return self._with_popular(self._pairs.T @ weights, self.data * np.sqrt(weights)[self.row])

    def gram(self, data: np.ndarray) -> np.ndarray:
        """Sum over effects and levels of the outer products of (q, nnz) data: a store."""
        left, right, place = self._listed
        values = sum(row[left] * row[right] for row in self._of_others(data))
        out = np.bincount(place, values, minlength=self.fronts.size)
        return self._with_popular(out.astype(float, copy=False), data)  # without pairs, numpy counts in integers

    def _with_popular(self, store: np.ndarray, data: np.ndarray) -> np.ndarray:
        """Complete the outer products, of which the store has those of the other columns."""
        if not len(self.popular):
            return store
        out = store.reshape(self.width, self.width)
        dense = [self._dense(row) for row in data]
        across = sum(self._others(row).T @ block for row, block in zip(data, dense, strict=True))
        across[self.popular] = sum(block.T @ block for block in dense)
        out[self.popular] = across.T
        out[:, self.popular] = across
        return store

    def quadratic(self, data: np.ndarray, store: np.ndarray) -> np.ndarray:
        """Level by level ``A_i w A_i'`` for a symmetric w, given as a store: shape (q, q, levels)."""
        single = data is self.data and len(data) == 1
        out = self._single_quadratic(store) if single else self._listed_quadratic(data, store)
        if len(self.popular):
            self._add_popular(out, data, store.reshape(self.width, self.width))
        return out

    def _single_quadratic(self, store: np.ndarray) -> np.ndarray:
        """What the other columns give, for the original data of a single effect."""
        squares = self._of_others(self.data[0]) ** 2 * store[self.fronts.diagonal[self._column]]
        diagonal = np.bincount(self._row, squares, minlength=self.levels)
        return (2.0 * (self._pairs @ store) - diagonal)[None, None]

    def _listed_quadratic(self, data: np.ndarray, store: np.ndarray) -> np.ndarray:
        """What the other columns give."""
        (left, right, place), data = self._listed, self._of_others(data)
        between = store[place] * np.where(left == right, 0.5, 1.0)
        out = np.empty((len(data), len(data), self.levels))
        for a in range(len(data)):
            for b in range(a + 1):
                values = between * (data[a][left] * data[b][right] + data[a][right] * data[b][left])
                out[a, b] = out[b, a] = np.bincount(self._row[left], values, minlength=self.levels)
        return out

    def _add_popular(self, out: np.ndarray, data: np.ndarray, w: np.ndarray) -> None:
        """Add what the popular columns give, with one another and with the others."""
        beside = w[:, self.popular]
        inner = beside[self.popular]
        dense = [self._dense(row) for row in data]
        through = [self._others(row) @ beside for row in data]
        for a, mine in enumerate(dense):
            half = 0.5 * (mine @ inner)
            half += through[a]
            for b, other in enumerate(dense):
                share = np.einsum("jk,jk->j", half, other)
                out[a, b] += share
                out[b, a] += share


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
    cuts = np.unique(np.searchsorted(ends, np.arange(0, count, PIECE), side="right")).tolist()
    for first, last in itertools.pairwise([*cuts, len(entries)]):
        mine, at = slice(first, last), slice(ends[first] - partners[first], ends[last - 1])
        yield at, mine, partners[mine], np.arange(at.start, at.stop) - ahead[mine].repeat(partners[mine])
