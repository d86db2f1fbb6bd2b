"""Exact second derivatives of the profiled deviance when one grouping factor stands alone.

With ``V_a = Z dSigma_a Z'`` and ``e = V^-1 (y - X beta)`` the second derivative by Sigma in the directions a and b is
``-tr(R V_a R V_b) + 2 e' V_a P V_b e / sigma²``, R being P under REML and ``V^-1`` under maximum likelihood
(Searle, Casella & McCulloch 1992, Variance Components, section 6.6; Gilmour, Thompson & Cullis 1995, Biometrics 51).
All of it is sums over levels of ``K_j = Z_j' V^-1 Z_j``, ``F_j = Z_j' V^-1 X`` and ``e_j``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .covariance import CovarianceLayout

__all__ = ["Ingredients", "bending", "directions", "second_derivatives"]


def directions(layout: CovarianceLayout, factor: int, t: np.ndarray) -> np.ndarray:
    """Change of Sigma with each element of a factor's part of theta, shape (m, q, q)."""
    _, rows, columns = layout.positions(factor)
    change = np.zeros((len(rows), len(t), len(t)))
    at = np.arange(len(rows))
    change[at, rows] = t[:, columns].T
    return change + change.transpose(0, 2, 1)


@dataclass(frozen=True, slots=True, eq=False)
class Ingredients:
    """What the second derivatives are made of.

    Attributes
    ----------
    change : ndarray, shape (m, q, q)
        Change of Sigma with each element of theta.
    slope : ndarray, shape (q, q)
        Derivative of the deviance by Sigma.
    k : ndarray, shape (q, q, J)
        ``Z_j' V^-1 Z_j``.
    f : ndarray, shape (q, p, J)
        ``Z_j' V^-1 X``.
    e : ndarray, shape (q, J)
        ``Z_j' V^-1 (y - X beta)``.
    unscaled : ndarray, shape (p, p)
        ``(X' V^-1 X)^-1``.
    sigma2 : float
    """

    change: np.ndarray
    slope: np.ndarray
    k: np.ndarray
    f: np.ndarray
    e: np.ndarray
    unscaled: np.ndarray
    sigma2: float


def second_derivatives(of: Ingredients, dof: int, reml: bool) -> np.ndarray:
    """Second derivatives in the directions of theta, sigma profiled out; see `bending` for what is still missing.

    Parameters
    ----------
    of : Ingredients
    dof : int
        Divisor of the residual variance.
    reml : bool

    Returns
    -------
    ndarray, shape (m, m)
    """
    log_det = _of_log_determinant(of, reml)
    m, (q, p, levels) = len(of.change), of.f.shape
    moved = (of.change.reshape(m * q, q) @ of.e).reshape(m, q, levels)  # dSigma_a e_j
    quadratic = moved.reshape(m, -1) @ np.einsum("abj,xbj->xaj", of.k, moved).reshape(m, -1).T
    if p:
        through = moved.reshape(m, -1) @ of.f.transpose(0, 2, 1).reshape(q * levels, p)
        quadratic -= through @ of.unscaled @ through.T
    score = moved.reshape(m, -1) @ of.e.ravel()
    return 2.0 * quadratic / of.sigma2 - log_det - np.outer(score, score) / (of.sigma2**2 * dof)


def _of_log_determinant(of: Ingredients, reml: bool) -> np.ndarray:
    """``tr(R V_a R V_b)``: blocks within a level, and under REML those that the fixed effects make between levels."""
    q, p, levels = of.f.shape
    flat = of.k.reshape(q * q, levels)
    products = flat @ flat.T
    if reml and p:
        through = np.matmul(of.unscaled, of.f)
        between = np.einsum("akj,bkj->abj", through, of.f).reshape(q * q, levels)
        cross = flat @ between.T
        products = products - cross - cross.T
    out = np.einsum("xab,bcda,ycd->xy", of.change, products.reshape(q, q, q, q), of.change)
    if reml and p:
        rows = of.f.reshape(q * p, levels)
        inside = np.einsum("xab,akbl->xkl", of.change, (rows @ rows.T).reshape(q, p, q, p))  # sum_j F_j' dSigma F_j
        weighted = np.matmul(of.unscaled, inside)
        out += np.einsum("xkl,ylk->xy", weighted, weighted)
    return out


def bending(layout: CovarianceLayout, factor: int, slope: np.ndarray) -> np.ndarray:
    """What the slope by Sigma adds to second derivatives by theta, because Sigma is quadratic in theta."""
    _, rows, columns = layout.positions(factor)
    same = columns[:, None] == columns[None, :]
    return np.where(same, 2.0 * slope[rows[:, None], rows[None, :]], 0.0)
