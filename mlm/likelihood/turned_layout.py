"""Random effects of other columns: T of the columns worked with from the lower factors of these."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .covariance import CovarianceLayout, lower_factor

__all__ = ["TurnedLayout"]


class TurnedLayout(CovarianceLayout):
    """The layout of theta, for columns of each term that are others than those worked with.

    Effects b of these columns are effects ``M b`` of those worked with, so that ``T = M L`` for a lower factor L of
    their covariance. Then T is of any form, and linear in theta.

    Parameters
    ----------
    layout : CovarianceLayout
        Of the columns worked with.
    turns : sequence of ndarray, shapes (q, q)
        Each term's M.

    Attributes
    ----------
    steps : list of ndarray, shapes (m, q, q)
        Change of each factor's T with each element of its part of theta.
    lengths : ndarray, shape (n_theta,)
        Of these changes.
    """

    def __init__(self, layout: CovarianceLayout, turns: Sequence[np.ndarray]) -> None:
        super().__init__([(slot.factor, slot.size) for slot in layout.slots], len(layout.sizes))
        self.turns = list(turns)
        whole = [np.zeros((size, size)) for size in self.sizes]
        for slot, turn in zip(self.slots, turns, strict=True):
            block = slice(slot.start, slot.start + slot.size)
            whole[slot.factor][block, block] = turn
        self.steps = [turn @ self.units(k) for k, turn in enumerate(whole)]
        self._flat = [steps.reshape(len(steps), -1) for steps in self.steps]
        self.lengths = np.empty(self.n_theta)
        self.lengths[self.order] = np.concatenate([np.sqrt(np.square(s).sum(axis=(1, 2))) for s in self.steps])

    def matrices(self, theta: np.ndarray) -> list[np.ndarray]:
        """Return each grouping factor's T, shapes (q, q)."""
        each = zip(self.sizes, self._places, self._flat, strict=True)
        return [(theta[mine] @ flat).reshape(size, size) for size, (mine, _, _), flat in each]

    def pick(self, matrices: list[np.ndarray]) -> np.ndarray:
        """Derivatives by theta from those by each factor's T, shapes (q, q)."""
        out = np.empty(self.n_theta)
        for (mine, _, _), flat, by_matrix in zip(self._places, self._flat, matrices, strict=True):
            out[mine] = flat @ by_matrix.ravel()
        return out

    def working_theta(self, matrices: list[np.ndarray]) -> np.ndarray:
        """The theta of the columns worked with: lower factors of T."""
        lower = [t.copy() for t in matrices]
        for slot in self.slots:
            block = slice(slot.start, slot.start + slot.size)
            lower[slot.factor][block, block] = lower_factor(lower[slot.factor][block, block])
        return CovarianceLayout.pick(self, lower)
