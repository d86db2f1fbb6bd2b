"""What the rows tell of the fixed effects at the conditional modes, theta taken as known, and what each row has of it.

The system of random and fixed effects is that of a weighted least-squares problem (Bates, D. et al. (2015). Journal of
Statistical Software 67(1), equation 51): its information is that of the rows with their working weights, its leverages
are the diagonal of its hat matrix.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import linalg

from ..generalized.pirls import scaled_effects
from ..generalized.rows import Rows
from ..generalized.systems import System

__all__ = ["AtModes", "Information", "information"]


class AtModes(NamedTuple):
    """The random effects' system at the conditional modes.

    Attributes
    ----------
    matrices : list of ndarray, shapes (q, q)
        Each factor's T.
    system : System
    weights : ndarray, shape (n,)
        Working weights: of a linear model, the prior ones.
    """

    matrices: list[np.ndarray]
    system: System
    weights: np.ndarray


class Information(NamedTuple):
    """Expected information about the fixed effects, over the dispersion, and what it came from.

    Attributes
    ----------
    rows : Rows
    at : AtModes
    matrix : ndarray, shape (p, p)
        Random effects eliminated.
    solved : list of ndarray, shapes (q, J, p)
        Random effects, by which each fixed-effects column is matched.
    """

    rows: Rows
    at: AtModes
    matrix: np.ndarray
    solved: list[np.ndarray]

    def leverages(self) -> np.ndarray:
        """Diagonal of the weighted hat matrix, shape (n,), in the order of the rows."""
        by_effects, by_columns = self.parts()
        return by_effects + by_columns

    def parts(self) -> tuple[np.ndarray, np.ndarray]:
        """What random effects, and then fixed effects, have of each row, shapes (n,)."""
        left = self.left()
        by_columns = np.einsum("pi,pi->i", left, linalg.solve(self.matrix, left, assume_a="pos")) if len(left) else 0.0
        by_effects = self.rows.quadratic(self.at.system.inverse(), self.at.matrices)
        return self.at.weights * by_effects, self.at.weights * by_columns

    def left(self) -> np.ndarray:
        """What random effects leave of the fixed-effects columns, shape (p, n)."""
        matched = [
            self.rows.spread(scaled_effects(self.at.matrices, [s[:, :, k] for s in self.solved]))
            for k in range(len(self.matrix))
        ]
        return self.rows.xt - np.array(matched) if matched else self.rows.xt


def information(rows: Rows, at: AtModes) -> Information:
    """Find the information of rows at conditional modes.

    Parameters
    ----------
    rows : Rows
    at : AtModes

    Returns
    -------
    Information
    """
    scaled = rows.xt * at.weights
    across = [np.tensordot(t.T, v, axes=1) for t, v in zip(at.matrices, rows.gather(scaled), strict=True)]
    solved = at.system.solve([a.copy() for a in across])
    less = sum(np.tensordot(a, s, axes=([0, 1], [0, 1])) for a, s in zip(across, solved, strict=True))
    return Information(rows, at, scaled @ rows.xt.T - less, solved)
