"""The rows of one grouping factor, to be gone through once more where its levels leave little of them.

A sum of squares less what levels take of it is a difference: of effects that vary a thousand times as much as the
residuals it has lost six digits. The rows themselves, less what an orthonormal basis of each level takes of them, have
lost three, as residuals have. The bases are found by the Gram-Schmidt method, each column being made orthogonal twice,
which is enough (Giraud, Langou & Rozložník 2005, Comput. Math. Appl. 50, 1069-1075).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..frame.columns import Columns
from .bases import FactorColumns
from .blocks import Levels

__all__ = ["ENOUGH", "LevelRows"]

# Share of a column's length in a level that it keeps beside those after it, up to which that is the rounding of rows.
LEAST_SHARE = 1e-14
# Share of a fixed-effects column's length that levels leave of it, up to which it is constant within them.
CONSTANT_SHARE = 1e-13
# ... and from which least squares on it are taken off the response, which any coefficients serve: those of less, or of
# columns that nearly depend on each other, could be so large that they were mostly rounding.
CLEAR_SHARE = 1e-3
# Share of the response's length up to which what is left of it is rounding.
NOTHING_SHARE = 1e-14
# Rounding of what is left of a row, relative to the row: a few subtractions with one of 1e-16.
ROW_ROUNDING = 4e-16
# Share of the largest singular value of columns of length 1, from which one counts there.
DEPENDENT = 1e-4
# So often each column is made orthogonal.
ENOUGH = 2


class LevelRows(NamedTuple):
    """The rows behind the cross-products of the only grouping factor.

    Attributes
    ----------
    fixed : Columns
        The fixed-effects columns worked with.
    means : ndarray, shape (p,)
        What is subtracted from them.
    response : ndarray, shape (n,)
    mean : float
        What is subtracted from it.
    ols : ndarray, shape (p,)
        Least-squares coefficients, which are taken off as well.
    root_weights : ndarray, shape (n,), or None
    effects : FactorColumns
        Columns of the random effects.
    turn : ndarray, shape (q, q), or None
        The random-effects columns worked with in terms of these; None where they are the same.
    """

    fixed: Columns
    means: np.ndarray
    response: np.ndarray
    mean: float
    ols: np.ndarray
    root_weights: np.ndarray | None
    effects: FactorColumns
    turn: np.ndarray | None

    def turned(self, turn: np.ndarray) -> LevelRows:
        """The same with random-effects columns ``Z turn``."""
        return self._replace(turn=turn if self.turn is None else self.turn @ turn)

    def levels(self) -> Levels:
        """Go through the rows: the levels in orthonormal bases, and what these leave."""
        z, size, block = self.read()
        whole = np.square(block).sum(axis=1)
        coordinates = self._made_orthogonal(z, size, block)
        taken, lost = self.take_fixed(block, whole, self.effects.shared)
        coordinates[:, -1] -= np.matmul(taken, coordinates[:, len(z) : -1])
        return Levels(coordinates, block @ block.T, taken, lost)

    def take_fixed(self, block: np.ndarray, whole: np.ndarray, shared: Sequence[int]) -> tuple[np.ndarray, float]:
        """Take least squares on what effects leave of the fixed-effects columns off the response, in place.

        Parameters
        ----------
        block : ndarray, shape (p + 1, n)
            What they leave of [X y].
        whole : ndarray, shape (p + 1,)
            Squares of [X y].
        shared : sequence of int
            Positions of columns of which nothing is left but rounding.

        Returns
        -------
        taken : ndarray, shape (p,)
            Coefficients.
        lost : float
            Rounding of what is left of the squares of the response.
        """
        p = len(block) - 1
        left = np.square(block[:p]).sum(axis=1)
        left[list(shared)] = 0.0
        block[:p][left <= CONSTANT_SHARE**2 * whole[:p]] = 0.0
        taken = _taken(block, np.flatnonzero(left > CLEAR_SHARE**2 * whole[:p]))
        size, rest = self._sizes(taken), block[p]
        if np.vdot(rest, rest) <= NOTHING_SHARE**2 * np.vdot(size, size):
            rest = size  # all that is left is rounding
        return taken, ROW_ROUNDING * float(np.linalg.norm(size * rest))

    def _made_orthogonal(self, z: np.ndarray, size: np.ndarray, block: np.ndarray) -> np.ndarray:
        """The Gram-Schmidt method, level by level and in place, from the last column of Z; coordinates of all."""
        codes, levels, q = self.effects.grouping.codes, self.effects.grouping.size, len(z)
        coordinates = np.zeros((q, q + len(block), levels))
        bases: dict[int, np.ndarray] = {}
        for k, column in [*reversed(list(enumerate(z))), *enumerate(block, q)]:
            for i, basis in [*bases.items()] * ENOUGH:
                along = np.bincount(codes, basis * column, minlength=levels)
                coordinates[i, k] += along
                column -= along[codes] * basis
            if k < q:
                bases[k], coordinates[k, k] = _normalised(column, size[k], codes, levels)
        return coordinates

    def read(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Random-effects columns (q, n), the size of what they are computed of, and [X y] (p + 1, n)."""
        p = len(self.means)
        z, block = self.effects.read(0, self.fixed.n, self.root_weights), np.empty((p + 1, self.fixed.n))
        self.fixed.fill(block[:p], means=self.means.tolist())
        block[p] = self.response - self.mean - self.ols @ block[:p]
        if self.root_weights is not None:
            block *= self.root_weights
        return (z, np.abs(z), block) if self.turn is None else (self.turn.T @ z, np.abs(self.turn.T) @ np.abs(z), block)

    def _sizes(self, taken: np.ndarray) -> np.ndarray:
        """Size of the response and of what fixed effects take off it, row by row: shape (n,)."""
        x = np.empty((len(self.means), self.fixed.n))
        self.fixed.fill(x, means=self.means.tolist())
        size = np.abs(self.response - self.mean) + np.abs(self.ols + taken) @ np.abs(x)
        return size if self.root_weights is None else size * self.root_weights


def _normalised(column: np.ndarray, size: np.ndarray, codes: np.ndarray, levels: int) -> tuple[np.ndarray, np.ndarray]:
    """A column with a length of 1 in each level, or 0 where it is rounding of this size; and its lengths before."""
    square = np.bincount(codes, column * column, minlength=levels)
    clear = square > LEAST_SHARE**2 * np.bincount(codes, size * size, minlength=levels)
    length = np.sqrt(np.where(clear, square, np.inf))
    return column / length[codes], np.where(clear, length, 0.0)


def _taken(block: np.ndarray, clear: np.ndarray) -> np.ndarray:
    """Take least squares on these of the other columns off the last one, in place; coefficients of all."""
    x, y, taken = block[clear], block[-1], np.zeros(len(block) - 1)
    length = np.sqrt(np.square(x).sum(axis=1))
    products = (x @ x.T) / length / length[:, None]
    for _ in range(ENOUGH):
        more = np.linalg.lstsq(products, (x @ y) / length, rcond=DEPENDENT)[0] / length
        taken[clear] += more
        y -= more @ x
    return taken
