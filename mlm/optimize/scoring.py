"""Fisher scoring: steps in Sigma, and the expected second derivatives by theta.

In Sigma the criterion is close to linear-quadratic even far from its minimum, which makes scoring a good first step
(Searle, Casella & McCulloch 1992, Variance Components, section 8.3). Expected second derivatives follow from those in
`likelihood.one_factor` with ``E e e' = sigma² P``: they are ``tr(P V_a P V_b)``, for several factors as well. Here only
those of a level with itself are reckoned with, ``tr(K_j S_a K_j S_b)`` with ``K_j = Z_j' P Z_j``: what connects levels,
fixed effects and other factors, is left out, and steps are made factor by factor.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import lapack

from ..likelihood.covariance import CovarianceLayout, bending, covariance_root, directions
from ..likelihood.criterion import Evaluation
from ..likelihood.deviance import Deviance
from ..likelihood.level_matrices import level_traces

__all__ = ["expected_information", "scored_factor", "scoring_step"]

# Share of a variance that a step of scoring leaves of it at least: with less, a step that goes too far ends near a
# singular covariance. Measured (see `newton`): 1,775 and 7,355 evaluations; 1,824 and 7,431 with 1e-4, 1,766 and 7,319
# with 0.1.
KEPT_VARIANCE_SHARE = 1e-2
# Share of the largest singular value of a singular information from which one counts: above rounding. Measured: the
# same from 1e-15 to 1e-6.
INFORMATION_RCOND = 1e-12


def scoring_step(deviance: Deviance, at: Evaluation) -> np.ndarray:
    """One step of Fisher scoring in Sigma, factor by factor; returns theta.

    A Sigma that is not positive definite is moved to the nearest that is.
    """
    layout = deviance.layout
    matrices = layout.matrices(at.theta)
    return layout.pick([scored_factor(layout, k, t, at.projections[k], at.slope(k)) for k, t in enumerate(matrices)])


def scored_factor(layout: CovarianceLayout, factor: int, t: np.ndarray, k: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """One factor's `T` after a step of scoring.

    With vec D the elements of D one after another, ``tr(K S_a K S_b) = vec(S_a)' (K ⊗ K) vec(S_b)``: the information is
    the sum of ``K_j ⊗ K_j`` over levels, and the step D solves ``sum_j K_j D K_j = -slope``. Like the slope it is
    symmetric. Elements between terms, which are 0 in Sigma, are then left out.

    Parameters
    ----------
    layout : CovarianceLayout
    factor : int
    t : ndarray, shape (q, q)
    k : ndarray, shape (q, q, J)
        ``Z_j' P Z_j``.
    slope : ndarray, shape (q, q)
        Derivative of the deviance by Sigma.

    Returns
    -------
    ndarray, shape (q, q)
    """
    q, flat = len(t), k.reshape(len(t) ** 2, -1)
    information = (flat @ flat.T).reshape(q, q, q, q).transpose(0, 2, 1, 3).reshape(q * q, q * q)  # K[a, c] K[b, d]
    sigma = t @ t.T
    _, step, info = lapack.dposv(information, -slope.ravel())
    if info:
        step = np.linalg.lstsq(information, -slope.ravel(), rcond=INFORMATION_RCOND)[0]
    step = layout.within_terms(factor) * step.reshape(q, q)
    return covariance_root(sigma + 0.5 * (step + step.T), floor=KEPT_VARIANCE_SHARE * sigma.diagonal())


def expected_information(deviance: Deviance, at: Evaluation) -> np.ndarray:
    """Approximate second derivatives by theta, factor by factor, shape (n_theta, n_theta).

    The expected ones, and what the slope by Sigma adds where it is positive: near a Sigma of 0 that is all. The slope's
    expected value is 0; with its positive part the sum stays positive semidefinite.
    """
    layout = deviance.layout
    out = np.zeros((layout.n_theta, layout.n_theta))
    for k, t in enumerate(layout.matrices(at.theta)):
        mine, block = _factor_information(layout, k, t, at.projections[k], deviance.criterion.dof)
        values, vectors = np.linalg.eigh(at.slope(k))
        uphill = (vectors * np.maximum(values, 0.0)) @ vectors.T
        out[np.ix_(mine, mine)] = block + bending(layout, k, uphill)
    return out


def _factor_information(
    layout: CovarianceLayout, factor: int, t: np.ndarray, k: np.ndarray, dof: int
) -> tuple[np.ndarray, np.ndarray]:
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
    positions : ndarray, shape (m,)
        The factor's elements of theta.
    information : ndarray, shape (m, m)
        ``sum_j tr(K_j S_a K_j S_b)`` with ``S_a = dSigma / dtheta_a``, less what profiling out sigma takes: the
        expected value of ``e' V_a e / sigma²`` is ``tr(P V_a) = sum_j tr(S_a K_j)``, and the product of two over dof is
        taken off.
    """
    mine, change = layout.positions(factor)[0], directions(layout, factor, t)
    mean = np.einsum("xab,ab->x", change, np.add.reduce(k, 2))
    return mine, level_traces(change, k, k) - np.outer(mean, mean) / dof
