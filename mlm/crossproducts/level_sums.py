"""Sums within the levels of one grouping factor, ``Z_j' [Z X y]_j``, in the way that is quickest for its size."""

from __future__ import annotations

import itertools

import numpy as np

from ..frame.columns import Columns
from ..frame.grouping import Grouping

__all__ = ["LevelSums"]

# Products of columns, times rows, up to which they are summed in one call for all instead of one call for each.
# Measured with 10 levels: for two effects quicker up to 1e4 (at 1e3 twice as quick), for one effect up to 500, and by a
# half slower at 1e4.
ONE_CALL_PRODUCTS = 1 << 13
# Rows a level from which the rows of a level are brought together and matrices multiplied, instead of summing columns.
# Measured on 65,536 rows sorted by level: quicker from 32 on for a single intercept (twice as quick at 64), for two
# effects from 128 on beside eight fixed effects and from 512 on beside three. Rows in any order must be sorted first,
# which cost more than summing columns in nearly all cases that were tried.
RUN_ROWS = 64


class LevelSums:
    """Adds up, level by level, the products of one factor's random-effects columns.

    Parameters
    ----------
    grouping : Grouping
    columns : Columns
        The random-effects columns, q of them.
    width : int
        Number of columns of [X y], p + 1.
    means : ndarray, shape (q,), or None
        What is subtracted from the columns.

    Attributes
    ----------
    zz : ndarray, shape (q, q, J)
    zxy : ndarray, shape (q, p + 1, J)
    """

    def __init__(self, grouping: Grouping, columns: Columns, width: int, means: np.ndarray | None = None) -> None:
        self.grouping, self.columns, self.levels = grouping, columns, grouping.size
        self.q, self.means = len(columns.names), means
        self.zz = np.zeros((self.q, self.q, self.levels))
        self.zxy = np.zeros((self.q, width, self.levels))

    def add(self, block: np.ndarray, start: int, stop: int, root_weights: np.ndarray | None) -> None:
        """Add rows start … stop; `block` holds their [X y] times root weights, shape (p + 1, rows)."""
        codes = self.grouping.codes[start:stop]
        z = np.empty((self.q, stop - start))
        self.columns.fill(z, start, stop)
        if self.means is not None:
            z -= self.means[:, None]
        weighted = root_weights is not None
        if root_weights is not None:
            z *= root_weights
        if z.size * (self.q + len(block)) <= ONE_CALL_PRODUCTS:
            self._add_products(codes, z, block)
        elif stop - start >= RUN_ROWS * self.levels:
            self._add_runs(codes, z, block, only_ones=self.q == 1 and not weighted and self.columns.is_one(0))
        else:
            self._add_columns(codes, z, block, weighted)

    def _add_runs(self, codes: np.ndarray, z: np.ndarray, block: np.ndarray, only_ones: bool) -> None:
        """Few levels: bring the rows of a level together and multiply matrices."""
        starts = np.concatenate([[0], np.flatnonzero(np.diff(codes)) + 1, [len(codes)]])
        if len(starts) > self.levels + 1:
            # NumPy sorts 16 bits by radix: see DIGIT_BITS in frame.grouping
            order = np.argsort(codes.astype(np.int16 if self.levels < 1 << 15 else codes.dtype), kind="stable")
            codes, z, block = codes[order], z[:, order], block[:, order]
            starts = np.concatenate([[0], np.flatnonzero(np.diff(codes)) + 1, [len(codes)]])
        if only_ones:
            level, sums = codes[starts[:-1]], np.add.reduceat(block, starts[:-1], axis=1)
            self.zz[0, 0] += self._sum(level, np.diff(starts).astype(float))
            for k, column in enumerate(sums):
                self.zxy[0, k] += self._sum(level, column)
            return
        for begin, end in itertools.pairwise(starts):
            level, mine = codes[begin], z[:, begin:end]
            self.zz[:, :, level] += mine @ mine.T
            self.zxy[:, :, level] += mine @ block[:, begin:end].T

    def _add_products(self, codes: np.ndarray, z: np.ndarray, block: np.ndarray) -> None:
        """Few rows: sum all products in one call."""
        columns = np.concatenate([z, block])
        places = codes + self.levels * np.arange(self.q * len(columns))[:, None]
        sums = np.bincount(places.ravel(), (z[:, None] * columns).ravel(), minlength=len(places) * self.levels)
        sums = sums.reshape(self.q, -1, self.levels)
        self.zz += sums[:, : self.q]
        self.zxy += sums[:, self.q :]

    def _add_columns(self, codes: np.ndarray, z: np.ndarray, block: np.ndarray, weighted: bool) -> None:
        """Many levels: sum column by column."""
        ones = [self.columns.is_one(k) and not weighted for k in range(self.q)]
        for a in range(self.q):
            for b in range(a + 1):
                self.zz[a, b] += self._sum(codes, None if ones[a] and ones[b] else z[a] * z[b])
                self.zz[b, a] = self.zz[a, b]
            for k, column in enumerate(block):
                self.zxy[a, k] += self._sum(codes, column if ones[a] else z[a] * column)

    def _sum(self, codes: np.ndarray, values: np.ndarray | None) -> np.ndarray:
        return np.bincount(codes, values, minlength=self.levels)
