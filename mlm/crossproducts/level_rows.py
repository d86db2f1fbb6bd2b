"""The rows of one grouping factor, to be summed once more where its levels leave little of them.

A sum of squares less what levels take of it is a difference: of effects that vary a thousand times as much as the
residuals it has lost six digits. What least squares within each level leave of a row has lost three, as the row
itself has, and its squares none (Björck 1996, Numerical Methods for Least Squares Problems, section 2.2).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..frame.columns import Columns
from .bases import FactorColumns

__all__ = ["LevelRows"]

# Rows that are worked on at once, as many as stay in the processor's cache.
PIECE_ROWS = 1 << 14


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

    def within(self, coefficients: np.ndarray, taken: np.ndarray) -> np.ndarray:
        """Products of what levels leave of ``[X, y - X taken]``, shape (p + 1, p + 1).

        Parameters
        ----------
        coefficients : ndarray, shape (q, p + 1, J)
            Of these columns by least squares on the random-effects columns of each level.
        taken : ndarray, shape (p,)
            What is taken off y beside its least-squares fit.
        """
        q, width, _ = coefficients.shape
        if self.turn is not None:
            coefficients = (self.turn @ coefficients.reshape(q, -1)).reshape(coefficients.shape)
        out = np.zeros((width, width))
        for start in range(0, self.fixed.n, PIECE_ROWS):
            stop = min(start + PIECE_ROWS, self.fixed.n)
            codes, (z, block) = self.effects.grouping.codes[start:stop], self._read(start, stop, taken)
            for a in range(q):
                block -= z[a] * coefficients[a].take(codes, axis=1)
            out += block @ block.T
        return out

    def _read(self, start: int, stop: int, taken: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Random-effects columns (q, rows) and these (p + 1, rows) of some rows, times root weights."""
        p, means = len(self.means), self.effects.means
        z, block = np.empty((len(self.effects.columns.names), stop - start)), np.empty((p + 1, stop - start))
        self.effects.columns.fill(z, start, stop, None if means is None else means.tolist())
        self.fixed.fill(block[:p], start, stop, self.means.tolist())
        block[p] = self.response[start:stop] - self.mean - (self.ols + taken) @ block[:p]
        if self.root_weights is not None:
            z *= self.root_weights[start:stop]
            block *= self.root_weights[start:stop]
        return z, block
