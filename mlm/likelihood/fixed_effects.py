"""Generalised least squares: the fixed effects, once the random effects have been eliminated."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.linalg import lapack

from ..errors import FitError

__all__ = ["FirstPass", "FixedPart", "first_pass", "solve_fixed"]

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
    twice : bool
        Whether it comes of two passes, see `FirstPass`.
    """

    beta: np.ndarray
    inverse: np.ndarray
    inverse_root: np.ndarray
    pivots: np.ndarray
    penalised: float
    twice: bool = False


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


class FirstPass(NamedTuple):
    """Generalised least squares, and columns orthonormal in them, but for what sums of squares have lost.

    Where effects vary much, a column of X may differ from others by what tells next to nothing of it, and the response
    be much longer than what is left of it: as squares these differences are lost, as columns they are kept. So `[X y]`
    times `combine` are solved for once more (Yamamoto, Nakatsukasa, Yanagisawa & Fukaya 2015, ETNA 44, 306-326, have
    shown that two passes are as good as reflections).

    Attributes
    ----------
    combine : ndarray, shape (p + 1, p + 1)
        ``[R^-1, -beta; 0, 1]``.
    pivots : ndarray, shape (p,)
        Diagonal of R.
    """

    combine: np.ndarray
    pivots: np.ndarray

    def whole(self, again: FixedPart) -> FixedPart:
        """The fixed effects of X from those of what this pass has left."""
        root = self.combine[:-1, :-1]
        inverse_root = root @ again.inverse_root
        return FixedPart(
            beta=root @ again.beta - self.combine[:-1, -1],
            inverse=inverse_root @ inverse_root.T,
            inverse_root=inverse_root,
            pivots=self.pivots * again.pivots,
            penalised=again.penalised,
            twice=True,
        )


def first_pass(rest: np.ndarray) -> FirstPass:
    """Solve for the fixed effects from ``[X y]' V^-1 [X y]``; nothing is done where squares have lost all digits."""
    p, combine = len(rest) - 1, np.eye(len(rest))
    root, info = lapack.dpotrf(rest[:p, :p], lower=0, clean=1) if p else (rest[:p, :p], 1)
    if info:
        return FirstPass(combine, np.ones(p))
    combine[:p, :p] = inverse_root = lapack.dtrtri(root, lower=0)[0]
    combine[:p, p] = -(inverse_root @ (inverse_root.T @ rest[:p, p]))
    return FirstPass(combine, root.diagonal())
