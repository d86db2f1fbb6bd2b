"""Which columns of the tail each level of a stage shares rows with, and products over these neighbours.

A few popular columns may have most of the entries (films that everybody has rated): these are worked on as a dense
matrix, the others pair by pair of neighbours. Where to part them is decided by what either costs.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from .levels import fill_lower

__all__ = ["Incidence"]

# seconds that a multiplication and addition takes: of dense matrices, of a sparse and a dense one, in a list of pairs
DENSE, MIXED, LISTED = 40e-12, 600e-12, 5e-9
ROOM = 1.5e9  # bytes: what takes more is chosen only where everything does
SHARES = np.array([0.0, 0.02, 0.04, 0.08, 0.12, 0.16, 0.2, 0.25, 0.3, 0.4, 0.5, 0.7, 1.0])  # of columns, to try


class Incidence:
    """Cross-products of a stage with the tail: one pattern, q rows of values.

    Parameters
    ----------
    levels, width : int
        Number of levels J and of the tail's columns m.
    row, column : ndarray of int, shape (nnz,)
        Level and column of each entry, sorted by level.
    data : ndarray, shape (q, nnz)

    Attributes
    ----------
    popular : ndarray of int, shape (k,)
        Columns that are worked on as a dense matrix.
    """

    def __init__(self, levels: int, width: int, row: np.ndarray, column: np.ndarray, data: np.ndarray) -> None:
        self.levels, self.width, self.row, self.column, self.data = levels, width, row, column, data
        self.starts = np.searchsorted(row, np.arange(levels + 1))
        self.popular = self._most_popular()
        rank = np.full(width, -1)
        rank[self.popular] = np.arange(len(self.popular))
        inside = rank[column] >= 0
        self._dense_entries, self._entries = np.flatnonzero(inside), np.flatnonzero(~inside).astype(np.int32)
        self._dense_place = row[inside] * len(self.popular) + rank[column[inside]]
        self._starts = np.searchsorted(row[self._entries], np.arange(levels + 1))
        left, right = _neighbours(self._starts)
        self._left, self._right = self._entries[left], self._entries[right]
        self._pairs = self._pair_products() if len(data) == 1 else sparse.csr_array((levels, 0))

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
        """Products of neighbouring entries: a row a level, a column a place in the (width, width) upper triangle."""
        count = np.diff(self._starts)
        starts = np.concatenate([[0], np.cumsum(count * (count + 1) // 2)])
        values = self.data[0][self._left] * self.data[0][self._right]
        return sparse.csr_array((values, self._place(), starts), shape=(self.levels, self.width**2))

    def _place(self) -> np.ndarray:
        """Where each pair of neighbours stands in the upper triangle of a (width, width) matrix."""
        return self.column[self._right].astype(np.int64) * self.width + self.column[self._left]

    def _dense(self, values: np.ndarray) -> np.ndarray:
        """The popular columns, shape (levels, k)."""
        out = np.zeros(self.levels * len(self.popular))
        out[self._dense_place] = values[self._dense_entries]
        return out.reshape(self.levels, len(self.popular))

    def _others(self, values: np.ndarray) -> sparse.csr_array:
        """The other columns, as a sparse (levels, width) matrix."""
        return sparse.csr_array(
            (values[self._entries], self.column[self._entries], self._starts), shape=(self.levels, self.width)
        )

    def csr(self, values: np.ndarray) -> sparse.csr_array:
        """One row of values as a sparse (levels, width) matrix."""
        return sparse.csr_array((values, self.column, self.starts), shape=(self.levels, self.width))

    def times(self, data: np.ndarray, dense: np.ndarray) -> np.ndarray:
        """Multiply (q, nnz) data with a dense (width, k) matrix: shape (q, k, levels)."""
        return np.stack([(self.csr(row) @ dense).T for row in data])

    def transposed_times(self, data: np.ndarray, dense: np.ndarray) -> np.ndarray:
        """Sum over effects and levels of data' times dense (q, k, levels): shape (width, k)."""
        return sum(self.csr(row).T @ block.T for row, block in zip(data, dense, strict=True))

    def weighted_gram(self, weights: np.ndarray) -> np.ndarray:
        """Sum over levels of weight times ``A_i' A_i``, for the original data of a single effect."""
        out = (self._pairs.T @ weights).reshape(self.width, self.width)
        return self._with_popular(out, self.data * np.sqrt(weights)[self.row])

    def gram(self, data: np.ndarray) -> np.ndarray:
        """Sum over effects and levels of the outer products of (q, nnz) data: shape (width, width)."""
        values = sum(row[self._left] * row[self._right] for row in data)
        out = np.bincount(self._place(), values, minlength=self.width**2)
        out = out.astype(float, copy=False)  # without pairs, numpy counts in integers
        return self._with_popular(out.reshape(self.width, self.width), data)

    def _with_popular(self, out: np.ndarray, data: np.ndarray) -> np.ndarray:
        """Complete the outer products, of which `out` has the upper triangle of the other columns."""
        fill_lower(out)
        if not len(self.popular):
            return out
        dense = [self._dense(row) for row in data]
        across = sum(self._others(row).T @ block for row, block in zip(data, dense, strict=True))
        across[self.popular] = sum(block.T @ block for block in dense)
        out[self.popular] = across.T
        out[:, self.popular] = across
        return out

    def quadratic(self, data: np.ndarray, w: np.ndarray) -> np.ndarray:
        """Level by level ``A_i w A_i'`` for a symmetric (width, width) w: shape (q, q, levels)."""
        out = self._single_quadratic(w) if data is self.data and len(data) == 1 else self._listed_quadratic(data, w)
        if len(self.popular):
            self._add_popular(out, data, w)
        return out

    def _single_quadratic(self, w: np.ndarray) -> np.ndarray:
        """What the other columns give, for the original data of a single effect."""
        column = self.column[self._entries]
        squares = self.data[0][self._entries] ** 2 * w[column, column]
        diagonal = np.bincount(self.row[self._entries], squares, minlength=self.levels)
        return (2.0 * (self._pairs @ w.ravel()) - diagonal)[None, None]

    def _listed_quadratic(self, data: np.ndarray, w: np.ndarray) -> np.ndarray:
        """What the other columns give."""
        left, right, level = self._left, self._right, self.row[self._left]
        between = w[self.column[left], self.column[right]] * np.where(left == right, 0.5, 1.0)
        out = np.empty((len(data), len(data), self.levels))
        for a in range(len(data)):
            for b in range(a + 1):
                values = between * (data[a][left] * data[b][right] + data[a][right] * data[b][left])
                out[a, b] = out[b, a] = np.bincount(level, values, minlength=self.levels)
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


def _neighbours(starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All pairs left >= right of entries of the same level."""
    entries = np.arange(starts[-1])
    first = np.repeat(starts[:-1], np.diff(starts))
    partners = entries - first + 1
    left = np.repeat(entries, partners)
    before = np.repeat(np.cumsum(partners) - partners, partners)
    right = first[left] + np.arange(len(left)) - before
    return left.astype(np.int32), right.astype(np.int32)
