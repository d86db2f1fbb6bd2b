"""One grouping factor alone: its levels share no rows, and V is solved level by level.

With ``S = Z_j'Z_j`` of a level, ``Sigma = T T'`` and ``L L' = T'ST + I``, Woodbury's identity gives
``Z_j' V^-1 = (I - S T (L L')^-1 T') Z_j'``. Applied to the cross-products ``Z_j'[Z X y]`` as a whole it yields all that
the deviance, its gradient and its second derivatives are made of. This is `elimination` and `posterior` for the case
in which one stage is all there is, without the passes back and forth between stages.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import lapack

from .crossproducts import CrossProducts
from .elimination import FixedPart, solve_fixed
from .levels import apply, level_roots, multiply, outer, solve_roots

__all__ = ["LevelSolution", "OneFactor"]


@dataclass(frozen=True, slots=True, eq=False)
class LevelSolution:
    """The levels and the fixed effects at one `T`.

    Attributes
    ----------
    fixed : FixedPart
    log_det : float
        Sum over levels of ``log |T'ST + I|``.
    inner : ndarray, shape (q, q, J)
        ``K_j = Z_j' V^-1 Z_j``.
    outside : ndarray, shape (q, p + 1, J)
        ``Z_j' V^-1 [X R, (y - X beta) / sigma]`` with ``R R' = (X' V^-1 X)^-1``; the last column is ``e_j / sigma``.
    projection : ndarray, shape (q, q, J)
        ``Z_j' P Z_j`` (P is ``V^-1``, under REML with the fixed effects projected out).
    t : ndarray, shape (q, q)
    sigma2 : float
        Residual variance.
    slope : ndarray, shape (q, q)
        Derivative of the deviance by Sigma.
    """

    fixed: FixedPart
    log_det: float
    inner: np.ndarray
    outside: np.ndarray
    projection: np.ndarray
    t: np.ndarray
    sigma2: float
    slope: np.ndarray


class OneFactor:
    """Cross-products with a single grouping factor.

    Parameters
    ----------
    products : CrossProducts
    dof : int
        Divisor of the residual variance.
    reml : bool

    Attributes
    ----------
    zxy : ndarray, shape (q, q + p + 1, J)
        ``Z_j' [Z X y]`` of each level.
    """

    def __init__(self, products: CrossProducts, dof: int, reml: bool) -> None:
        (factor,) = products.factors
        self.dof, self.reml = dof, reml
        self.xy, self.p, self.q = products.xy, products.p, factor.size
        self.zxy = np.concatenate([factor.zz, factor.zxy], axis=1)

    @cached_property
    def between(self) -> np.ndarray:
        """How often products between levels of pairs of columns of `LevelSolution.outside` count in second derivatives.

        Shape (p + 1, p + 1); under maximum likelihood only products with the last column count: shape (p + 1, 1).
        """
        # a product with the last column stands for its transpose too, where the transpose is left out
        out = np.ones((self.p + 1, self.p + 1)) if self.reml else np.full((self.p + 1, 1), 2.0)
        out[-1, -1] = 1.0 / self.dof
        return out

    def fixed(self, t: np.ndarray) -> tuple[FixedPart, float]:
        """Generalised least squares, and the sum of ``log |T'ST + I|``, at one `T` of shape (q, q)."""
        _, rest, log_det = self._eliminate(t)
        return solve_fixed(rest, self.p), log_det

    def solve(self, t: np.ndarray) -> LevelSolution:
        """Solve at one `T` of shape (q, q).

        Raises
        ------
        FitError
            When nothing is left of the response, or the fixed-effects columns are dependent.
        """
        half, rest, log_det = self._eliminate(t)
        if self.q > 1:
            half = self.zxy - multiply(half[:, : self.q].transpose(1, 0, 2), half)
        fixed = solve_fixed(rest, self.p)
        sigma2 = fixed.penalised / self.dof
        combine = np.zeros((self.p + 1, self.p + 1))
        combine[:-1, :-1] = fixed.inverse_root.T
        combine[-1, :-1] = -fixed.beta
        combine[-1, -1] = 1.0
        combine[-1] /= math.sqrt(sigma2)
        inner, outside = half[:, : self.q], np.matmul(combine, half[:, self.q :])
        projection, e = inner, outside[:, -1]
        if self.reml and self.p:
            projection = inner - outer(outside[:, :-1], outside[:, :-1])
        return LevelSolution(fixed, log_det, inner, outside, projection, t, sigma2, projection.sum(axis=2) - e @ e.T)

    def scores(self, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What a step of scoring takes at one `T`, but for the fixed effects, at less than half the cost of `solve`.

        Returns
        -------
        inner : ndarray, shape (q, q, J)
            ``K_j = Z_j' V^-1 Z_j``.
        e : ndarray, shape (q, J)
            ``Z_j' V^-1 r``, r being the least-squares residuals without what fixed effects of Z explain of them.
        """
        columns = np.concatenate([self.zxy[:, : self.q], self.zxy[:, -1:]], axis=1)
        half, _ = _half(t, columns)
        columns -= multiply(half[:, : self.q].transpose(1, 0, 2), half)
        inner, e = columns[:, : self.q], columns[:, -1]
        _, means, info = lapack.dposv(np.add.reduce(inner, 2), np.add.reduce(e, 1))
        return (inner, e) if info else (inner, e - np.matmul(means, inner))

    def modes(self, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Conditional modes (q, J) at one `T`, and their covariances over sigma² (q, q, J): ``T (L L')^-1 T'``."""
        fixed, _ = self.fixed(t)
        root, _ = level_roots(t, self.zxy[:, : self.q])
        covariances = multiply(root.transpose(1, 0, 2), root)
        remaining = self.zxy[:, -1] - np.matmul(fixed.beta, self.zxy[:, self.q : -1])
        return apply(covariances, remaining), covariances

    def _eliminate(self, t: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
        """Take the random effects out of ``[X y]'[X y]``.

        Returns
        -------
        half : ndarray, shape (q, q + p + 1, J)
            ``L^-1 T' Z_j'[Z X y]``; of a single column ``Z_j' V^-1 [Z X y]``, which is had by one division.
        rest : ndarray, shape (p + 1, p + 1)
            ``[X y]' V^-1 [X y]``.
        log_det : float
        """
        q, zxy = self.q, self.zxy
        if q == 1:
            ratio = t[0, 0] ** 2
            square = 1.0 + ratio * zxy[0, 0]
            half = zxy / square
            return half, self.xy - ratio * (half[0, 1:] @ zxy[0, 1:].T), float(np.log(square).sum())
        half, log_det = _half(t, zxy)
        rest = self.xy.copy()
        for row in half[:, q:]:
            rest -= row @ row.T
        return half, rest, log_det


def _half(t: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, float]:
    """``L^-1 T'`` times columns that begin with ``Z_j' Z_j``, shape (q, k, J); also the sum of ``log |T'ST + I|``."""
    half = (t.T @ columns.reshape(len(t), -1)).reshape(columns.shape)
    return half, solve_roots(np.matmul(t.T, half[:, : len(t)]), half)
