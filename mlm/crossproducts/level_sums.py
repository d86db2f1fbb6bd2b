"""Sums within the levels of one grouping factor, ``Z_j' [Z X y]_j``, in the way that is quickest for its size."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from .bases import FactorColumns

__all__ = ["LevelSums"]

# Products of columns, times rows, up to which they are summed in one call for all instead of one call for each.
# Measured with 10 levels: for two effects quicker up to 1e4 (at 1e3 twice as quick), for one effect up to 500, and by a
# half slower at 1e4.
ONE_CALL_PRODUCTS = 1 << 13
# Rows that stand one after the other in a level, on average, from which these are summed first and not row by row.
# Measured on 7,185 to 65,536 rows, one or two effects beside two to nine columns: slower at 4, quicker from 8 on, four
# times as quick at 45, ten times at 650. To bring rows in any order together first took up to five times as long as to
# sum them as they are; to multiply matrices, level by level, saved time with three effects or more and thousands of
# rows a level only (up to half), and with fewer cost up to ten times as much.
RUN_ROWS = 8


class LevelSums:
    """Adds up, level by level, the products of one factor's (shifted) random-effects columns.

    Where all of these are fixed-effects columns too, which is the usual case, their products with each other are among
    those with [X y] and need no sums of their own.

    Parameters
    ----------
    of : FactorColumns
        The random-effects columns, q of them.
    width : int
        Number of columns of [X y], p + 1.
    """

    def __init__(self, of: FactorColumns, width: int) -> None:
        self.of, self.levels, self.q = of, of.grouping.size, len(of.columns.names)
        self.ones = [of.columns.is_one(k) for k in range(self.q)]
        # where they stand among the columns that they are multiplied with
        found = of.places
        self.places, self.own = (tuple(range(self.q)), True) if found is None else (found, False)
        self.side_by_side = self.places == tuple(range(self.places[0], self.places[0] + self.q))
        self.sums = np.zeros((self.q, width + self.q * self.own, self.levels))

    def add(self, block: np.ndarray, start: int, stop: int, root_weights: np.ndarray | None) -> None:
        """Add rows start … stop; `block` holds their [X y] times root weights, shape (p + 1, rows)."""
        codes, columns = self.of.grouping.codes[start:stop], block
        z: Any = block[self.places[0] : self.places[-1] + 1] if self.side_by_side else [block[k] for k in self.places]
        if self.own:
            z = self._read(start, stop, root_weights)
            columns = np.concatenate([z, block])
        ones = self.ones if root_weights is None else [False] * self.q
        if self.q * columns.size <= ONE_CALL_PRODUCTS:
            self._add_products(codes, columns if ones == [True] else np.asarray(z)[:, None] * columns)
        else:
            self._add_columns(codes, z, columns, ones)

    def products(self) -> tuple[np.ndarray, np.ndarray]:
        """The sums of all rows that were added.

        Returns
        -------
        zz : ndarray, shape (q, q, J)
        zxy : ndarray, shape (q, p + 1, J)
        """
        sums, places = self.sums, self.places
        for a, b in itertools.combinations(range(self.q), 2):  # which is what _add_columns leaves out
            sums[b, places[a]] = sums[a, places[b]]
        zz = sums[:, places[0] : places[-1] + 1] if self.side_by_side else sums[:, list(places)]
        return zz, sums[:, self.q :] if self.own else sums

    def _read(self, start: int, stop: int, root_weights: np.ndarray | None) -> Any:
        """The random-effects columns of these rows, shifted and times root weights, as q arrays."""
        factors = self.of.columns.factors
        if self.of.means is None and root_weights is None and all(len(arrays) == 1 for arrays in factors):
            return [arrays[0][start:stop] for arrays in factors]  # where they are
        return self.of.read(start, stop, root_weights)

    def _add_products(self, codes: np.ndarray, products: np.ndarray) -> None:
        """Few rows: sum all products in one call."""
        places = codes + np.arange(0, self.sums.size, self.levels)[:, None]
        sums = np.bincount(places.ravel(), products.ravel(), minlength=self.sums.size)
        self.sums += sums.reshape(self.sums.shape)

    def _add_columns(self, codes: np.ndarray, z: Sequence[np.ndarray], columns: np.ndarray, ones: list[bool]) -> None:
        """Many rows: sum column by column, the products of two random-effects columns once."""
        starts, rows = _runs(codes), None
        if starts is not None:
            codes, rows = codes[starts], np.diff(starts, append=len(codes))
        for a, place in enumerate(self.places):
            for k, column in enumerate(columns):
                if k in self.places[:a]:
                    continue
                values = rows
                if not (ones[a] and k == place):
                    values = column if ones[a] else z[a] * column
                    values = values if starts is None else np.add.reduceat(values, starts)
                self.sums[a, k] += np.bincount(codes, values, minlength=self.levels)


def _runs(codes: np.ndarray) -> np.ndarray | None:
    """Where rows of one level one after the other begin; None where these are few."""
    changes = codes[1:] != codes[:-1]
    if RUN_ROWS * np.count_nonzero(changes) >= len(codes):
        return None
    return np.concatenate([[0], changes.nonzero()[0] + 1])
