"""The rows of a generalized model as its likelihood works with them: sorted by the largest grouping factor.

Sums of rows by pairs of levels of two grouping factors are all that the random effects' system takes of the rows. A
*cell* is such a pair that has rows; of a factor with itself, the cells are its levels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from .levels import congruent

__all__ = ["Cells", "Effects", "Rows", "cells_of"]

Blocks = dict[tuple[int, int], np.ndarray]


@dataclass(frozen=True, slots=True, eq=False)
class Effects:
    """The random effects of one grouping factor.

    Attributes
    ----------
    codes : ndarray of int, shape (n,)
        Level of each row.
    columns : tuple of (ndarray of shape (n,), or None)
        What each of the q effects of a level is multiplied with; None for 1.
    levels : int
        J.
    """

    codes: np.ndarray
    columns: tuple[np.ndarray | None, ...]
    levels: int

    @property
    def size(self) -> int:
        """Effects a level q."""
        return len(self.columns)


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Pairs of levels of two factors that have rows.

    Attributes
    ----------
    of_row : ndarray of int, shape (n,)
    first, second : ndarray of int, shape (cells,)
        Their levels, sorted by the first and then the second.
    """

    of_row: np.ndarray
    first: np.ndarray
    second: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """What a generalized mixed model is fitted to; n rows, sorted by the levels of the first factor.

    Attributes
    ----------
    y, weights, offset : ndarray, shape (n,)
        The response (of a binomial one, proportions), prior weights (trials), the known part of the linear predictor.
    xt : ndarray, shape (p, n)
        Fixed-effects columns.
    effects : tuple of Effects
        One a grouping factor; the first has the most effects.
    starts : ndarray of int, shape (J,)
        Where the rows of each level of the first factor begin.
    cells : mapping of (int, int) to Cells
        Of each factor with itself and the later ones.
    """

    y: np.ndarray
    weights: np.ndarray
    offset: np.ndarray
    xt: np.ndarray
    effects: tuple[Effects, ...]
    starts: np.ndarray
    cells: dict[tuple[int, int], Cells] = field(default_factory=dict)

    @property
    def sizes(self) -> list[tuple[int, int]]:
        """Effects a level and levels (q, J) of each factor."""
        return [(e.size, e.levels) for e in self.effects]

    def spread(self, coefficients: Sequence[np.ndarray]) -> np.ndarray:
        """Multiply Z with coefficients (q, J) of each factor: shape (n,); with (q, J, c), (c, n)."""
        out: np.ndarray | float = 0.0
        for e, values in zip(self.effects, coefficients, strict=True):
            for column, value in zip(e.columns, values, strict=True):
                mine = value.T.take(e.codes, axis=-1)
                if column is not None:
                    mine *= column
                out = out + mine
        return np.asarray(out)

    def gather(self, values: np.ndarray) -> list[np.ndarray]:
        """Multiply Z' with values (n,): shapes (q, J) a factor; with (c, n), (q, J, c)."""
        if values.ndim == 2:
            return [self._gathered(k, values) for k in range(len(self.effects))]
        out = []
        for k, e in enumerate(self.effects):
            sums = np.empty((e.size, e.levels))
            for a, column in enumerate(e.columns):
                sums[a] = self._sum(k, values if column is None else values * column)
            out.append(sums)
        return out

    def _gathered(self, k: int, values: np.ndarray) -> np.ndarray:
        """One factor's ``Z' values`` of values (c, n): shape (q, J, c)."""
        e, out = self.effects[k], np.empty((self.effects[k].size, self.effects[k].levels, len(values)))
        for a, column in enumerate(e.columns):
            scaled = values if column is None else values * column
            if k == 0:
                out[a] = np.add.reduceat(scaled, self.starts, axis=1).T
                continue
            for c, row in enumerate(scaled):
                out[a, :, c] = np.bincount(e.codes, row, minlength=e.levels)
        return out

    def _sum(self, k: int, values: np.ndarray) -> np.ndarray:
        """Sums of values (..., n) by the levels of a factor."""
        if k == 0:
            return np.add.reduceat(values, self.starts, axis=-1)
        return _summed(self.effects[k].codes, values, self.effects[k].levels)

    def weighted(self, weights: np.ndarray) -> Blocks:
        """Blocks of ``Z' W Z`` at the cells of each pair of factors, shapes (q, q', cells).

        Of weights (c, n), they are (q, q', c, cells).
        """
        out: Blocks = {}
        for (k, m), cells in self.cells.items():
            first, second = self.effects[k], self.effects[m]
            blocks = np.empty((first.size, second.size, *weights.shape[:-1], len(cells.first)))
            for a, left in enumerate(first.columns):
                scaled = weights if left is None else weights * left
                for b, right in enumerate(second.columns):
                    if k == m and b < a:
                        blocks[a, b] = blocks[b, a]
                        continue
                    values = scaled if right is None else scaled * right
                    if k == m:
                        blocks[a, b] = self._sum(k, values)
                    else:
                        blocks[a, b] = _summed(cells.of_row, values, len(cells.first))
            out[k, m] = blocks
        return out

    def quadratic(self, blocks: Blocks, matrices: Sequence[np.ndarray]) -> np.ndarray:
        """``z_i' T M T' z_i`` of each row, shape (n,), for the blocks of a symmetric M at the cells."""
        return self._at_rows({key: congruent(matrices[key[0]], b, matrices[key[1]]) for key, b in blocks.items()})

    def bilinear(self, blocks: Blocks, left: Sequence[np.ndarray], right: Sequence[np.ndarray]) -> np.ndarray:
        """``z_i' (L M R' + R M L') z_i`` of each row, shape (n,), as `quadratic`."""
        scaled = {}
        for (k, m), inner in blocks.items():
            scaled[k, m] = congruent(left[k], inner, right[m]) + congruent(right[k], inner, left[m])
        return self._at_rows(scaled)

    def _at_rows(self, blocks: Blocks) -> np.ndarray:
        """``z_i' M z_i`` of each row, shape (n,)."""
        out: np.ndarray | float = 0.0
        for (k, m), inner in blocks.items():
            of_row = self.cells[k, m].of_row
            for a, left in enumerate(self.effects[k].columns):
                for b, right in enumerate(self.effects[m].columns):
                    if k == m and b < a:
                        continue
                    values = (inner[a, b] if k == m and a == b else 2.0 * inner[a, b]).take(of_row)
                    for column in (left, right):
                        if column is not None:
                            values *= column
                    out = out + values
        return np.asarray(out)


def _summed(places: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    """Sums of values (n,) or (c, n) by the rows' places."""
    if values.ndim == 1:
        return np.bincount(places, values, minlength=count)
    return np.array([np.bincount(places, each, minlength=count) for each in values])


def cells_of(effects: Sequence[Effects]) -> dict[tuple[int, int], Cells]:
    """Find the cells of each factor with itself and with the later ones."""
    found = {}
    for k, first in enumerate(effects):
        every = np.arange(first.levels)
        found[k, k] = Cells(first.codes, every, every)
        for m, second in enumerate(effects[k + 1 :], k + 1):
            pairs, of_row = np.unique(first.codes * np.int64(second.levels) + second.codes, return_inverse=True)
            a, b = np.divmod(pairs, second.levels)
            found[k, m] = Cells(of_row.astype(np.intp), a.astype(np.intp), b.astype(np.intp))
    return found
