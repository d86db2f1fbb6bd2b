"""Exact second derivatives of the profiled deviance when one grouping factor stands alone.

With ``V_a = Z dSigma_a Z'`` and ``e = V^-1 (y - X beta)`` the second derivative by Sigma in the directions a and b is
``-tr(R V_a R V_b) + 2 e' V_a P V_b e / sigma²``, R being P under REML and ``V^-1`` under maximum likelihood
(Searle, Casella & McCulloch 1992, Variance Components, section 6.6; Gilmour, Thompson & Cullis 1995, Biometrics 51).
All of it is sums over levels of ``K_j = Z_j' V^-1 Z_j``, ``F_j = Z_j' V^-1 X`` and ``e_j``.
"""

from __future__ import annotations

import numpy as np

from .blocks import Stage
from .covariance import CovarianceLayout
from .levels import apply, level_roots, multiply

__all__ = ["directions", "second_derivatives"]


def directions(layout: CovarianceLayout, factor: int, t: np.ndarray) -> np.ndarray:
    """Change of Sigma with each element of a factor's part of theta, shape (m, q, q)."""
    _, rows, columns = layout.positions(factor)
    change = np.zeros((len(rows), len(t), len(t)))
    at = np.arange(len(rows))
    change[at, rows] = t[:, columns].T
    return change + change.transpose(0, 2, 1)


def second_derivatives(
    stage: Stage,
    layout: CovarianceLayout,
    t: np.ndarray,
    beta: np.ndarray,
    unscaled: np.ndarray,
    sigma2: float,
    dof: int,
    reml: bool,
) -> np.ndarray:
    """Second derivatives by theta of the deviance, sigma profiled out.

    Parameters
    ----------
    stage : Stage
        The only one.
    layout : CovarianceLayout
    t : ndarray, shape (q, q)
        Relative covariance factor.
    beta : ndarray, shape (p,)
    unscaled : ndarray, shape (p, p)
        ``(X' V^-1 X)^-1``.
    sigma2 : float
    dof : int
    reml : bool

    Returns
    -------
    ndarray, shape (n_theta, n_theta)
    """
    p, change = len(beta), directions(layout, stage.factor, t)
    k, f, e = _projections(stage, t, beta)
    q = len(t)
    flat = k.reshape(q * q, -1)
    kk = (flat @ flat.T).reshape(q, q, q, q)
    log_det = np.einsum("xab,bcda,ycd->xy", change, kk, change)
    moved = np.einsum("xab,bj->xaj", change, e)  # dSigma_a e_j
    quadratic = np.einsum("xaj,yaj->xy", moved, np.einsum("abj,xbj->xaj", k, moved))
    score = np.einsum("xaj,aj->x", moved, e)
    slope = k.sum(axis=2) - e @ e.T / sigma2
    if p:
        through = np.einsum("akj,xaj->xk", f, moved)
        quadratic -= through @ unscaled @ through.T
        if reml:
            ff = (f.reshape(q * p, -1) @ f.reshape(q * p, -1).T).reshape(q, p, q, p)
            inside = np.einsum("xab,akbl->xkl", change, ff)  # sum_j F_j' dSigma F_j
            slope = slope - np.einsum("akbl,kl->ab", ff, unscaled)
            weighted = np.einsum("kl,xlm->xkm", unscaled, inside)
            log_det += np.einsum("xkl,ylk->xy", weighted, weighted)
            fo = np.einsum("akj,kl->alj", f, unscaled)
            kf = (flat @ np.einsum("alj,blj->abj", fo, f).reshape(q * q, -1).T).reshape(q, q, q, q)
            log_det -= 2.0 * np.einsum("xab,bcda,ycd->xy", change, kf, change)
    bend = _bend(layout, stage.factor, slope)
    return bend - 0.5 * (log_det + log_det.T) + 2.0 * quadratic / sigma2 - np.outer(score, score) / (sigma2**2 * dof)


def _projections(stage: Stage, t: np.ndarray, beta: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """``Z_j' V^-1 Z_j``, ``Z_j' V^-1 X`` and ``Z_j' V^-1 (y - X beta)``."""
    q, p = len(t), len(beta)
    if q == 1:
        shrink = 1.0 / (1.0 + t[0, 0] ** 2 * stage.zz)
    else:
        root, _ = level_roots(t, stage.zz)
        shrink = -multiply(stage.zz, multiply(root.transpose(1, 0, 2), root))
        shrink[np.arange(q), np.arange(q)] += 1.0
    f = multiply(shrink, stage.zxy[:, :p]) if p else np.zeros((q, 0, stage.zz.shape[2]))
    remaining = stage.zxy[:, p] - np.matmul(beta, stage.zxy[:, :p])
    return multiply(shrink, stage.zz), f, apply(shrink, remaining)


def _bend(layout: CovarianceLayout, factor: int, slope: np.ndarray) -> np.ndarray:
    """What the deviance's slope by Sigma adds because Sigma is quadratic in theta."""
    _, rows, columns = layout.positions(factor)
    same = columns[:, None] == columns[None, :]
    return np.where(same, 2.0 * slope[rows[:, None], rows[None, :]], 0.0)
