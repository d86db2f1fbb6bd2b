"""What the rows tell of the fixed effects at the conditional modes, theta taken as known, and what each row has of it.

The system of random and fixed effects is that of a weighted least-squares problem (Bates, D. et al. (2015). Journal of
Statistical Software 67(1), equation 51): its information is that of the rows with their working weights, its leverages
are the diagonal of its hat matrix.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import linalg

from ..generalized.pirls import Mode, scaled_effects
from ..generalized.rows import Rows

__all__ = ["Information", "information"]


class Information(NamedTuple):
    """Expected information about the fixed effects, over the dispersion, and what it came from.

    Attributes
    ----------
    rows : Rows
    mode : Mode
    matrix : ndarray, shape (p, p)
        Random effects eliminated.
    solved : list of ndarray, shapes (q, J, p)
        Random effects, by which each fixed-effects column is matched.
    """

    rows: Rows
    mode: Mode
    matrix: np.ndarray
    solved: list[np.ndarray]

    def leverages(self) -> np.ndarray:
        """Diagonal of the weighted hat matrix, shape (n,), in the order of the rows."""
        rows, mode = self.rows, self.mode
        by_effects = rows.quadratic(mode.system.inverse(), mode.matrices)
        matched = [
            rows.spread(scaled_effects(mode.matrices, [s[:, :, k] for s in self.solved]))
            for k in range(len(self.matrix))
        ]
        if not matched:
            return mode.at.weights * by_effects
        left = rows.xt - np.array(matched)
        by_columns = np.einsum("pi,pi->i", left, linalg.solve(self.matrix, left, assume_a="pos"))
        return mode.at.weights * (by_effects + by_columns)


def information(rows: Rows, mode: Mode) -> Information:
    """Find the information of rows at conditional modes.

    Parameters
    ----------
    rows : Rows
    mode : Mode

    Returns
    -------
    Information
    """
    scaled = rows.xt * mode.at.weights
    across = [np.tensordot(t.T, v, axes=1) for t, v in zip(mode.matrices, rows.gather(scaled), strict=True)]
    solved = mode.system.solve([a.copy() for a in across])
    less = sum(np.tensordot(a, s, axes=([0, 1], [0, 1])) for a, s in zip(across, solved, strict=True))
    return Information(rows, mode, scaled @ rows.xt.T - less, solved)
