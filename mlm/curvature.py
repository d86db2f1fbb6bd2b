"""Exact second derivatives of the profiled deviance when one grouping factor stands alone.

With ``V_a = Z dSigma_a Z'`` and ``e = V^-1 (y - X beta)`` the second derivative by Sigma in the directions a and b is
``-tr(R V_a R V_b) + 2 e' V_a P V_b e / sigma²``, R being P under REML and ``V^-1`` under maximum likelihood
(Searle, Casella & McCulloch 1992, Variance Components, section 6.6; Gilmour, Thompson & Cullis 1995, Biometrics 51).
All of it is sums over levels of ``K_j = Z_j' V^-1 Z_j``, ``F_j = Z_j' V^-1 X R`` and ``e_j = Z_j' V^-1 (y - X beta)``,
where ``R R' = (X' V^-1 X)^-1``.
"""

from __future__ import annotations

import numpy as np

from .covariance import CovarianceLayout
from .one_factor import LevelSolution

__all__ = ["bending", "directions", "level_traces", "second_derivatives"]


def directions(layout: CovarianceLayout, factor: int, t: np.ndarray) -> np.ndarray:
    """Change of Sigma with each element of a factor's part of theta, shape (m, q, q)."""
    change = layout.units(factor) @ t.T
    return change + change.transpose(0, 2, 1)


def level_traces(change: np.ndarray, k: np.ndarray) -> np.ndarray:
    """Traces ``sum_j tr(K_j S_a K_j S_b)`` for changes of Sigma (m, q, q) and matrices of levels (q, q, J): (m, m)."""
    q, flat = len(k), k.reshape(len(k) ** 2, -1)
    products = (flat @ flat.T).reshape(q, q, q, q)
    return np.asarray(np.einsum("xab,bcda,ycd->xy", change, products, change))


def second_derivatives(of: LevelSolution, between: np.ndarray) -> np.ndarray:
    """Second derivatives of the profiled deviance by the elements of Sigma, shape (q², q²).

    Parameters
    ----------
    of : LevelSolution
    between : ndarray, shape (p + 1, p + 1) or (p + 1, 1)
        `OneFactor.between`.

    Notes
    -----
    Only their products with symmetric directions on both sides mean anything. With ``N_j = F_j F_j'`` under REML and 0
    under maximum likelihood, ``tr(K_j V_a (2 N_j + 2 e_j e_j' / sigma² - K_j) V_b)`` is what stays within a level.
    Between levels, ``F_i' V_a F_i``, ``F_i' V_a e_i`` and ``e_i' V_a e_i`` are summed up first and then multiplied.
    """
    q, width, levels = of.outside.shape
    e = of.outside[:, -1]
    within = of.inner - 2.0 * (of.projection - e[:, None] * e)
    products = of.inner.reshape(q * q, levels) @ within.reshape(q * q, levels).T
    out = products.reshape(q, q, q, q).transpose(1, 2, 3, 0).reshape(q * q, q * q)
    right = of.outside[:, -between.shape[1] :].reshape(-1, levels)
    sums = (of.outside.reshape(-1, levels) @ right.T).reshape(q, width, q, -1).transpose(0, 2, 1, 3)
    return out - (sums * between).reshape(q * q, -1) @ sums.reshape(q * q, -1).T


def bending(layout: CovarianceLayout, factor: int, slope: np.ndarray) -> np.ndarray:
    """What the slope by Sigma adds to second derivatives by theta, because Sigma is quadratic in theta."""
    units = layout.units(factor)
    return 2.0 * units.reshape(len(units), -1) @ (slope @ units).reshape(len(units), -1).T
