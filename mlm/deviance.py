"""The profiled deviance (or REML criterion) as a pure function of theta, with its analytic gradient.

Notation: random effects ``b = Lambda u``, Lambda block-diagonal with the factors' `T`; ``sigma² Sigma`` with
``Sigma = T T'`` is the covariance of one level's effects, and ``V = I + Z Lambda Lambda' Z'``. The definitions are
those of Bates, Mächler, Bolker & Walker (2015, J. Stat. Softw. 67(1)), equations 32-42. The gradient follows from
``dV = Z dSigma Z'``: the derivative by one factor's `Sigma` is the sum over its levels of
``Z_j' V^-1 Z_j  -  [REML: Z_j' V^-1 X (X' V^-1 X)^-1 X' V^-1 Z_j]  -  e_j e_j' / sigma²``, ``e_j = Z_j' V^-1 (y - X beta)``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.linalg import lapack

from .covariance import CovarianceLayout
from .crossproducts import CrossProducts, FactorProducts
from .errors import FitError

__all__ = ["Criterion", "Deviance", "Evaluation", "Levels", "OneFactorDeviance", "eliminate"]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The criterion at one theta, and what was found on the way.

    Attributes
    ----------
    theta : ndarray, shape (n_theta,)
    value : float
        Profiled deviance, or REML criterion.
    gradient : ndarray, shape (n_theta,)
    sigma2 : float
        Residual variance at this theta.
    beta : ndarray, shape (p,)
        Working fixed effects (see `crossproducts.Shift`).
    unscaled : ndarray, shape (p, p)
        Working covariance matrix of the fixed effects, without its factor sigma².
    penalised : float
        Penalised residual sum of squares r²(theta).
    trace, outer : tuple of ndarray
        A (q, q) matrix for each grouping factor: the two parts of the derivative by Sigma,
        ``trace - outer / sigma²``.
    """

    theta: np.ndarray
    value: float
    gradient: np.ndarray
    sigma2: float
    beta: np.ndarray
    unscaled: np.ndarray
    penalised: float
    trace: tuple[np.ndarray, ...]
    outer: tuple[np.ndarray, ...]

    def slope(self, factor: int) -> np.ndarray:
        """Derivative by one factor's Sigma, shape (q, q)."""
        return self.trace[factor] - self.outer[factor] / self.sigma2


class Deviance(Protocol):
    """What the optimiser and the fitted model ask of a deviance function."""

    layout: CovarianceLayout

    def evaluate(self, theta: np.ndarray) -> Evaluation:
        """Compute the criterion and its gradient."""

    def information(self, theta: np.ndarray) -> np.ndarray:
        """Approximate the criterion's second derivatives, shape (n_theta, n_theta)."""

    def start(self) -> np.ndarray:
        """Guess theta from moments."""

    def modes(self, theta: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Conditional modes (q, J) and unscaled conditional covariances (q, q, J) of each factor's effects."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """The scalar part: what is the same for every structure.

    Attributes
    ----------
    nobs, p : int
    reml : bool
    log_weights : float
    """

    nobs: int
    p: int
    reml: bool
    log_weights: float

    @property
    def dof(self) -> int:
        """Divisor of the residual variance: n, or n - p under REML."""
        return self.nobs - self.p if self.reml else self.nobs

    def value(self, penalised: float, log_det_z: float, log_det_x: float) -> float:
        """Equations 37 (deviance) and 42 (REML criterion)."""
        dof = self.dof
        log_det = log_det_z + (log_det_x if self.reml else 0.0) - self.log_weights
        return log_det + dof * (1.0 + math.log(2.0 * math.pi * penalised / dof))


@dataclass(frozen=True, slots=True)
class Levels:
    """One grouping factor's levels, eliminated.

    Attributes
    ----------
    cholesky : ndarray, shape (q, q, J)
        Lower Cholesky factors L_j of ``T' Z_j'Z_j T + I``.
    solved : ndarray, shape (q, c, J)
        ``L_j^-1 T' B_j`` for the columns B_j.
    log_det : float
        Sum of the logarithms of the determinants of ``L_j L_j'``.
    """

    cholesky: np.ndarray
    solved: np.ndarray
    log_det: float


def eliminate(t: np.ndarray, zz: np.ndarray, columns: np.ndarray) -> Levels:
    """Factor all levels of a grouping factor at once.

    Parameters
    ----------
    t : ndarray, shape (q, q)
        Relative covariance factor.
    zz : ndarray, shape (q, q, J)
    columns : ndarray, shape (q, c, J)
        Right-hand sides ``Z_j' [...]``.

    Returns
    -------
    Levels

    Notes
    -----
    q is small and J is large: the loops run over q, the arithmetic over the levels.
    """
    q = len(t)
    solved = (t.T @ columns.reshape(q, -1)).reshape(columns.shape)
    a = np.einsum("ca,cdj,db->abj", t, zz, t)
    for i in range(q):
        a[i, i] += 1.0
    log_det = 0.0
    for i in range(q):
        for k in range(i):
            a[i, i] -= a[i, k] * a[i, k]
        np.sqrt(a[i, i], out=a[i, i])
        log_det += 2.0 * float(np.log(a[i, i]).sum())
        for r in range(i + 1, q):
            for k in range(i):
                a[r, i] -= a[r, k] * a[i, k]
            a[r, i] /= a[i, i]
        for k in range(i):
            solved[i] -= a[i, k] * solved[k]
        solved[i] /= a[i, i]
    return Levels(a, solved, log_det)


class OneFactorDeviance:
    """The deviance when all random-effects terms share one grouping factor.

    Parameters
    ----------
    products : CrossProducts
    layout : CovarianceLayout
    reml : bool
    """

    def __init__(self, products: CrossProducts, layout: CovarianceLayout, reml: bool) -> None:
        self.products, self.layout = products, layout
        self.criterion = Criterion(products.nobs, products.p, reml, products.log_weights)
        (factor,) = products.factors
        self._columns = np.concatenate([factor.zz, factor.zxy], axis=1)

    def evaluate(self, theta: np.ndarray) -> Evaluation:
        """Compute the criterion and its gradient at `theta`, shape (n_theta,)."""
        p, (factor,), (t,) = self.products.p, self.products.factors, self.layout.matrices(theta)
        levels, rest, projected = self._project(t)
        fixed = solve_fixed(rest, p)
        sigma2 = fixed.penalised / self.criterion.dof
        q = factor.size
        through = projected[:, q:]  # Z' V^-1 [X y]
        trace = projected[:, :q].sum(axis=2)
        if self.criterion.reml and p:
            half = np.tensordot(fixed.inverse_root, through[:, :p], axes=(0, 1))
            trace = trace - np.einsum("kaj,kbj->ab", half, half)
        e = through[:, p] - np.einsum("qkj,k->qj", through[:, :p], fixed.beta)
        outer = e @ e.T
        gradient = self.layout.pick([2.0 * (trace - outer / sigma2) @ t])
        value = self.criterion.value(fixed.penalised, levels.log_det, fixed.log_det)
        return Evaluation(
            theta, value, gradient, sigma2, fixed.beta, fixed.inverse, fixed.penalised, (trace,), (outer,)
        )

    def _project(self, t: np.ndarray) -> tuple[Levels, np.ndarray, np.ndarray]:
        """Eliminate the levels: also ``[X y]' V^-1 [X y]`` and ``Z' V^-1 [Z X y]``."""
        (factor,) = self.products.factors
        q = factor.size
        levels = eliminate(t, factor.zz, self._columns)
        rest = self.products.xy.copy()
        projected = self._columns.copy()
        for solved in levels.solved:
            rest -= solved[q:] @ solved[q:].T
            for a in range(q):
                projected[a] -= solved[a] * solved
        return levels, rest, projected

    def information(self, theta: np.ndarray) -> np.ndarray:
        """Expected second derivatives by theta, without the correction for estimated fixed effects."""
        (t,) = self.layout.matrices(theta)
        (factor,) = self.products.factors
        k = self._project(t)[2][:, : factor.size]
        return expected_information(self.layout, 0, t, k, self.criterion.dof)

    def start(self) -> np.ndarray:
        """Guess theta from moments of the least-squares residuals."""
        return self.layout.pick([np.diag(moment_scales(f, self.products)) for f in self.products.factors])

    def modes(self, theta: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Conditional modes (q, J) and unscaled conditional covariances (q, q, J)."""
        (t,) = self.layout.matrices(theta)
        (factor,) = self.products.factors
        q = factor.size
        evaluation = self.evaluate(theta)
        levels = eliminate(t, factor.zz, factor.zxy)
        u = levels.solved[:, -1] - np.einsum("qkj,k->qj", levels.solved[:, :-1], evaluation.beta)
        root = np.empty((q, q, factor.levels))
        root[...] = t.T[:, :, None]
        for i in range(q):  # L^-1 T'
            for k in range(i):
                root[i] -= levels.cholesky[i, k] * root[k]
            root[i] /= levels.cholesky[i, i]
        return [np.einsum("kaj,kj->aj", root, u)], [np.einsum("kaj,kbj->abj", root, root)]


@dataclass(frozen=True, slots=True)
class FixedPart:
    """Generalised least squares: `beta`, its unscaled covariance, log determinant and what is left of y."""

    beta: np.ndarray
    inverse: np.ndarray
    inverse_root: np.ndarray
    log_det: float
    penalised: float


def solve_fixed(rest: np.ndarray, p: int) -> FixedPart:
    """Solve for the fixed effects from ``[X y]' V^-1 [X y]``, shape (p + 1, p + 1).

    Raises
    ------
    FitError
        When the matrix is not positive definite to working precision.
    """
    if not p:
        return FixedPart(np.zeros(0), np.zeros((0, 0)), np.zeros((0, 0)), 0.0, float(rest[0, 0]))
    root, info = lapack.dpotrf(rest, lower=0, clean=1)
    if info == p + 1 or (not info and root[p, p] ** 2 <= 1e-15 * rest[p, p]):
        raise FitError("The model fits the response perfectly: there is no residual variance to estimate.")
    if info:
        raise FitError("The fixed-effects columns are linearly dependent to working precision; rescale or drop some.")
    inverse_root = lapack.dtrtri(root[:p, :p], lower=0)[0]
    beta = inverse_root @ root[:p, p]
    log_det = 2.0 * float(np.log(np.diag(root)[:p]).sum())
    return FixedPart(beta, inverse_root @ inverse_root.T, inverse_root, log_det, float(root[p, p] ** 2))


def expected_information(
    layout: CovarianceLayout, factor: int, t: np.ndarray, k: np.ndarray, dof: int
) -> np.ndarray:
    """Expected second derivatives of the profiled deviance by one factor's elements of theta.

    Parameters
    ----------
    layout : CovarianceLayout
    factor : int
    t : ndarray, shape (q, q)
    k : ndarray, shape (q, q, J)
        ``Z_j' V^-1 Z_j``.
    dof : int

    Returns
    -------
    ndarray, shape (m, m)
        ``sum_j tr(K_j S_a K_j S_b)`` with ``S_a = dSigma / dtheta_a``, less what profiling out sigma takes.
    """
    q = len(t)
    _, rows, columns = layout.positions(factor)
    change = np.zeros((len(rows), q, q))
    for a, (i, c) in enumerate(zip(rows, columns, strict=True)):
        change[a, i, :] += t[:, c]
        change[a, :, i] += t[:, c]
    flat = k.reshape(q * q, -1)
    products = (flat @ flat.T).reshape(q, q, q, q)
    mean = np.einsum("xab,ab->x", change, k.sum(axis=2))
    return np.einsum("xab,bcda,ycd->xy", change, products, change) - np.outer(mean, mean) / dof


def moment_scales(factor: FactorProducts, products: CrossProducts) -> np.ndarray:
    """Guess the relative standard deviations of one factor's columns, shape (q,).

    Each column alone gets the analysis-of-variance estimate on the least-squares residuals, kept away from zero.
    """
    square = np.einsum("qqj->qj", factor.zz)
    e = factor.zxy[:, -1]
    total = products.xy[-1, -1]
    between = np.divide(e**2, square, out=np.zeros_like(e), where=square > 0).sum(axis=1)
    residual = max(total - between.max(), 1e-3 * total) / max(products.nobs - factor.levels, 1)
    excess = (between / residual - factor.levels) / np.maximum(square.sum(axis=1), 1e-300)
    floor = 0.02 * products.nobs / np.maximum(square.sum(axis=1) * np.sqrt(products.nobs / factor.levels), 1e-300)
    return np.sqrt(np.maximum(excess, floor))
