"""What the gradient of a generalized mixed model's criterion is put together from, and these by Laplace."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .pirls import Mode, Problem
from .rows import Blocks

__all__ = ["Parts", "by_laplace"]


class Parts(NamedTuple):
    """The criterion, and its derivatives by what it is made of, all else fixed.

    Attributes
    ----------
    value : float
    by_row : ndarray, shape (n,)
        By the linear predictor.
    by_matrix : list of ndarray, shapes (q, q)
        By T, the linear predictors' apart.
    by_mode : list of ndarray, shapes (q, J)
        By the modes.
    by_system : mapping
        By the system H, at the cells, symmetric.
    """

    value: float
    by_row: np.ndarray
    by_matrix: list[np.ndarray]
    by_mode: list[np.ndarray]
    by_system: Blocks


def by_laplace(problem: Problem, mode: Mode) -> Parts:
    """Compute them where the integral is Laplace's approximation."""
    value, slope = problem.working.likelihood(mode.at)
    factor = problem.working.penalty_factor
    by_row = -2.0 * slope * mode.at.score
    return Parts(
        value + factor * mode.penalty + mode.system.log_det,
        by_row,
        [g @ u.T for g, u in zip(problem.rows.gather(by_row), mode.u, strict=True)],
        [2.0 * (factor - slope) * u for u in mode.u],
        mode.system.inverse(),
    )
