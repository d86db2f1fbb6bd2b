"""Generalised least squares: the fixed effects, once the random effects have been eliminated."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.linalg import lapack

from ..errors import FitError

__all__ = ["FixedPart", "solve_fixed"]

# Share of ``y' V^-1 y`` that is left as the penalised residual sum of squares by rounding: a few units of 2e-16.
ROUNDING_SHARE = 1e-15


class FixedPart(NamedTuple):
    """Generalised least squares.

    Attributes
    ----------
    beta : ndarray, shape (p,)
    inverse, inverse_root : ndarray, shape (p, p)
        ``(X' V^-1 X)^-1`` and a matrix whose product with its transpose it is.
    pivots : ndarray, shape (p,)
        Diagonal of Cholesky's factor of ``X' V^-1 X``, the product of whose squares is the determinant.
    penalised : float
        Penalised residual sum of squares.
    """

    beta: np.ndarray
    inverse: np.ndarray
    inverse_root: np.ndarray
    pivots: np.ndarray
    penalised: float


def solve_fixed(rest: np.ndarray, p: int, deviation: float = 0.0) -> FixedPart:
    """Solve for the fixed effects from ``[X y]' V^-1 [X y]``, shape (p + 1, p + 1).

    Its Cholesky factor is ``[R z; 0 r]`` with ``R'R = X' V^-1 X``, ``R'z = X' V^-1 y`` and ``z'z + r² = y' V^-1 y``: by
    the normal equations ``beta = R^-1 z``, and r² is the penalised residual sum of squares. Where there is no such
    factor, the reason is the relative standard deviation of the effects, if one is given, which is large then.
    """
    if not p:
        return FixedPart(np.zeros(0), np.zeros((0, 0)), np.zeros((0, 0)), np.zeros(0), float(rest[0, 0]))
    root, info = lapack.dpotrf(rest, lower=0, clean=1)
    penalised = float(root[p, p]) * float(root[p, p])  # a power with exponent 2 rounds otherwise in other units
    if info == p + 1 or (not info and penalised <= ROUNDING_SHARE * rest[p, p]):
        raise FitError(
            "The model fits the response perfectly, or leaves less of it than double precision can tell from nothing: "
            "there is no residual variance to estimate."
        )
    if info and deviation:
        raise FitError(
            f"The random effects vary {deviation:.0e} times as much as the residuals, and that leaves no digits of a "
            "fixed effect: centre predictors that are far from 0, or leave out what varies so much."
        )
    if info:
        raise FitError("The fixed-effects columns are linearly dependent to working precision; rescale or drop some.")
    inverse_root = lapack.dtrtri(root[:p, :p], lower=0)[0]
    beta = inverse_root @ root[:p, p]
    return FixedPart(beta, inverse_root @ inverse_root.T, inverse_root, root.diagonal()[:p], penalised)
