"""Conjugate gradients for many right sides at once, and what their coefficients tell of the matrix.

The coefficients of a column are those of Lanczos' method started from it: a tridiagonal matrix whose eigenvalues and
vectors give ``b' f(S) b`` for functions f by Gauss' quadrature (Golub & Meurant 2010, Matrices, Moments and Quadrature
with Applications, chapters 4 and 6; Ubaru, Chen & Saad 2017, SIAM J. Matrix Anal. Appl. 38, 1075-1099, for the
logarithm of a determinant).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.linalg import eigh_tridiagonal

from ...errors import FitError

__all__ = ["Solved", "conjugate_gradients", "log_quadrature"]

# Iterations at most: the error falls by (k - 1) / (k + 1) an iteration, k the root of the condition number, so that a
# condition of 1e5 is solved to 1e-10 in so many.
MOST_ITERATIONS = 4000

Product = Callable[[np.ndarray], np.ndarray]


class Solved(NamedTuple):
    """Solutions, and how they were found.

    Attributes
    ----------
    x : ndarray, shape (m, k)
    lengths, ratios : list of ndarray, shapes (i_c,)
        Coefficients of each column's i_c iterations: steps along the directions, and squares of the residuals over
        those before.
    iterations : int
        Of the column that took most.
    """

    x: np.ndarray
    lengths: list[np.ndarray]
    ratios: list[np.ndarray]
    iterations: int


def conjugate_gradients(times: Product, precondition: Product, right: np.ndarray, tolerance: np.ndarray) -> Solved:
    """Solve ``S x = b`` for a symmetric positive definite S that is only multiplied with.

    Parameters
    ----------
    times : callable
        Multiplies S with columns (m, k).
    precondition : callable
        The same with an approximation of its inverse, symmetric and positive definite.
    right : ndarray, shape (m, k)
    tolerance : ndarray, shape (k,)
        Share of each right side, in the norm of the preconditioner, that may be left; columns that have come to it are
        not multiplied any more.

    Returns
    -------
    Solved

    Raises
    ------
    FitError
        When a column does not come to its tolerance.

    References
    ----------
    Hestenes, M. R. & Stiefel, E. (1952). Methods of conjugate gradients for solving linear systems. Journal of Research
    of the National Bureau of Standards 49, 409-436.

    Examples
    --------
    >>> s, right = np.array([[2.0, 1.0], [1.0, 3.0]]), np.array([[3.0], [4.0]])
    >>> conjugate_gradients(lambda v: s @ v, lambda r: r, right, np.array([1e-12])).x.round(9).ravel().tolist()
    [1.0, 1.0]
    """
    columns = right.shape[1]
    x, lengths, ratios = np.zeros_like(right), np.full((0, columns), np.nan), np.full((0, columns), np.nan)
    kept_lengths, kept_ratios = [lengths], [ratios]
    square = _products(right, precondition(right))
    bound = tolerance**2 * square
    going = np.flatnonzero(square > 0)
    residual = right[:, going]
    direction, square = np.array(precondition(residual)), square[going]
    for iteration in range(MOST_ITERATIONS + 1):
        if not len(going):
            lengths, ratios = np.concatenate(kept_lengths), np.concatenate(kept_ratios)
            found = [np.isfinite(lengths[:, c]) for c in range(columns)]
            each = [lengths[f, c] for c, f in enumerate(found)], [ratios[f, c] for c, f in enumerate(found)]
            return Solved(x, *each, iteration)
        image = times(direction)
        length = square / _products(direction, image)
        x[:, going] += length * direction
        residual -= length * image
        ahead = precondition(residual)
        left = _products(residual, ahead)
        ratio = left / square
        kept_lengths.append(_spread(length, going, columns))
        kept_ratios.append(_spread(ratio, going, columns))
        goes_on = left > bound[going]
        if not goes_on.all():
            going, residual, ahead = going[goes_on], residual[:, goes_on], ahead[:, goes_on]
            direction, ratio, left = direction[:, goes_on], ratio[goes_on], left[goes_on]
        direction, square = ahead + ratio * direction, left
    raise FitError(
        f"Conjugate gradients do not solve the system of the crossed factors in {MOST_ITERATIONS} iterations: the "
        "levels tell the random effects apart too poorly. Use fewer random slopes, or coarser grouping factors."
    )


def log_quadrature(solved: Solved, column: int) -> float:
    """Gauss' quadrature of ``b' log(S) b / b'b`` for a right side b, S being preconditioned.

    Of a right side of 0 it is 0.
    """
    lengths, ratios = solved.lengths[column], solved.ratios[column]
    if not len(lengths):
        return 0.0
    diagonal = 1.0 / lengths
    diagonal[1:] += ratios[:-1] / lengths[:-1]
    values, vectors = eigh_tridiagonal(diagonal, np.sqrt(ratios[:-1]) / lengths[:-1])
    return float(vectors[0] ** 2 @ np.log(np.maximum(values, np.finfo(float).tiny)))


def _products(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Products of columns, shape (k,)."""
    return np.einsum("ij,ij->j", a, b)


def _spread(values: np.ndarray, at: np.ndarray, columns: int) -> np.ndarray:
    """One row with values at some of the columns, and NaN elsewhere."""
    out = np.full((1, columns), np.nan)
    out[0, at] = values
    return out
