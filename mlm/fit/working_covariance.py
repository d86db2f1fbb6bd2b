"""How sure linear functions of the coefficients are, in columns that lose no digits.

Of columns far from 0 for how little they vary, such as years and their squares, the variances ``x'Vx`` of means are
small differences of large numbers. In columns that are centred and orthonormal they are sums of squares: with
``X - 1 m' = Q R`` and ``V = φ (X'X)^-1`` it is ``x'Vx = φ |w|²`` of ``w = R^-T (x - m)`` (Golub & Van Loan 2013,
*Matrix Computations*, 4th ed., section 5.3).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from scipy import linalg

__all__ = ["WorkingCovariance", "of_rows", "over_triangle"]


class WorkingCovariance(NamedTuple):
    """The covariance of the coefficients of the columns worked with, and the way to these.

    Attributes
    ----------
    turn : callable
        Makes weights of the working coefficients of those of the user's, shapes (k, p).
    matrix : ndarray, shape (p, p)
    root : ndarray, shape (p, p), or None
        A matrix whose product with its transpose that is, where it alone has the digits of differences.
    """

    turn: Callable[[np.ndarray], np.ndarray]
    matrix: np.ndarray
    root: np.ndarray | None = None

    def variances(self, rows: np.ndarray) -> np.ndarray:
        """Variances of weighted sums of the user's coefficients, rows (k, p): shape (k,)."""
        turned = self.turn(rows)
        if self.root is not None:
            return np.asarray(np.square(turned @ self.root).sum(axis=1))
        return np.asarray(((turned @ self.matrix) * turned).sum(axis=1))

    def covariance(self, rows: np.ndarray) -> np.ndarray:
        """Covariance matrix of such sums, shape (k, k)."""
        turned = self.turn(rows)
        if self.root is not None:
            half = turned @ self.root
            return np.asarray(half @ half.T)
        return np.asarray(turned @ self.matrix @ turned.T)


def of_rows(x: np.ndarray, weights: np.ndarray | None, intercept: int, dispersion: float) -> WorkingCovariance | None:
    """Find that of a model of one level, from the rows of its fit.

    Parameters
    ----------
    x : ndarray, shape (n, p)
    weights : ndarray, shape (n,), or None
        Working weights.
    intercept : int
        Its column, or -1: without one, columns are not centred.
    dispersion : float

    Returns
    -------
    WorkingCovariance or None
        None where weights leave some coefficient without information.
    """
    means = np.zeros(x.shape[1])
    if intercept >= 0:
        means = np.average(x, axis=0, weights=weights)
        means[intercept] = 0.0
    centred = x - means
    rows = centred if weights is None else centred * np.sqrt(weights)[:, None]
    if not np.isfinite(rows).all():
        return None
    triangle = np.asarray(np.linalg.qr(rows, mode="r"))
    if not triangle.diagonal().all():
        return None
    return WorkingCovariance(partial(_turned, means, intercept, triangle), dispersion * np.eye(x.shape[1]))


def _turned(means: np.ndarray, intercept: int, triangle: np.ndarray, rows: np.ndarray) -> np.ndarray:
    return over_triangle(rows - rows[:, [intercept]] * means if intercept >= 0 else rows, triangle)


def over_triangle(rows: np.ndarray, triangle: np.ndarray) -> np.ndarray:
    """Rows times the inverse of an upper triangle, shape (k, p)."""
    if not rows.size:
        return rows
    return np.asarray(linalg.solve_triangular(triangle, rows.T, trans="T", check_finite=False).T)
