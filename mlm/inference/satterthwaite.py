"""Satterthwaite's degrees of freedom for the fixed effects.

Kuznetsova, Brockhoff & Christensen (2017), J. Stat. Softw. 82(13), section 2; Giesbrecht & Burns (1985), Biometrics 41.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import ArgumentError
from ..likelihood.criterion import Criterion, Evaluation
from ..likelihood.deviance import Deviance

__all__ = ["VarianceInformation", "checked_ddf", "degrees_of_freedom", "variance_information"]

STEPS = ((1.0, 2.0 / 3.0), (2.0, -1.0 / 12.0))  # five-point central difference
RELATIVE_STEP = 1e-3  # its error is of order step^4; rounding in the gradient is 1e-13 / step


@dataclass(frozen=True, slots=True)
class VarianceInformation:
    """How sure the variance parameters are, and what the fixed effects' covariance owes to them.

    Attributes
    ----------
    covariance : ndarray, shape (k + 1, k + 1)
        Asymptotic covariance matrix of (theta, sigma): twice the inverse of the deviance's second derivatives.
    jacobian : ndarray, shape (k + 1, p, p)
        Derivatives by (theta, sigma) of the (working) covariance matrix of the fixed effects.
    """

    covariance: np.ndarray
    jacobian: np.ndarray


def checked_ddf(ddf: str | None) -> str | None:
    """Return how degrees of freedom are to be found, after checking that it is known.

    Raises
    ------
    ArgumentError
        When it is neither None nor ``"satterthwaite"``.
    """
    if ddf is not None and ddf != "satterthwaite":
        raise ArgumentError(f"ddf must be None or 'satterthwaite'; got {ddf!r}.")
    return ddf


def variance_information(deviance: Deviance, criterion: Criterion, at: Evaluation) -> VarianceInformation:
    """Differentiate the deviance, as a function of (theta, sigma), and the fixed effects' covariance.

    Parameters
    ----------
    deviance : Deviance
    criterion : Criterion
    at : Evaluation
        At the optimum.

    Returns
    -------
    VarianceInformation

    Notes
    -----
    Second derivatives by theta are differences of the analytic gradient at a fixed sigma; those by sigma are exact.
    Elements of theta that are 0 on the diagonal (a singular fit) are not varied.
    """
    at = at if at.residuals else deviance.evaluate(at.theta)
    k, p, sigma = len(at.theta), len(at.beta), np.sqrt(at.sigma2)
    layout = deviance.layout
    hessian, jacobian = np.zeros((k + 1, k + 1)), np.zeros((k + 1, p, p))
    free = [a for a in range(k) if at.theta[a] != 0 or not layout.diagonal[a]]
    scale = max(float(np.abs(at.theta).max()), 1e-8)
    for a in free:
        h = RELATIVE_STEP * max(abs(float(at.theta[a])), 0.1 * scale)
        for multiple, weight in STEPS:
            for sign in (1.0, -1.0):
                theta = at.theta.copy()
                theta[a] += sign * multiple * h
                beside = deviance.evaluate(theta)
                hessian[a, :k] += sign * weight / h * _gradient_at(deviance, beside, at.sigma2)
                jacobian[a] += sign * weight / h * at.sigma2 * beside.unscaled
    matrices = layout.matrices(at.theta)
    cross = layout.pick([4.0 / sigma**3 * at.outer(f) @ t for f, t in enumerate(matrices)])
    hessian[:k, k] = hessian[k, :k] = cross
    hessian[k, k] = 6.0 * at.penalised / at.sigma2**2 - 2.0 * criterion.dof / at.sigma2
    jacobian[k] = 2.0 * sigma * at.unscaled
    return VarianceInformation(_invert(hessian, [*free, k]), jacobian)


def degrees_of_freedom(information: VarianceInformation, vcov: np.ndarray, contrast: np.ndarray) -> float:
    """Satterthwaite's degrees of freedom of one contrast.

    Parameters
    ----------
    information : VarianceInformation
    vcov : ndarray, shape (p, p)
        Covariance matrix of the fixed effects, in the same (working) parametrisation.
    contrast : ndarray, shape (p,)

    Returns
    -------
    float
        NaN for a contrast of zeros only.
    """
    variance = float(contrast @ vcov @ contrast)
    if not contrast.any():
        return float("nan")
    gradient = np.einsum("i,kij,j->k", contrast, information.jacobian, contrast)
    return 2.0 * variance**2 / float(gradient @ information.covariance @ gradient)


def _gradient_at(deviance: Deviance, beside: Evaluation, sigma2: float) -> np.ndarray:
    """Gradient by theta of the deviance that is not profiled over sigma."""
    matrices = deviance.layout.matrices(beside.theta)
    return deviance.layout.pick([2.0 * beside.slope(k, sigma2) @ t for k, t in enumerate(matrices)])


def _invert(hessian: np.ndarray, free: list[int]) -> np.ndarray:
    """Twice the inverse over the free parameters, positive directions only."""
    out = np.zeros_like(hessian)
    block = 0.5 * (hessian + hessian.T)[np.ix_(free, free)]
    values, vectors = np.linalg.eigh(block)
    positive = values > 1e-8 * max(float(values[-1]), 1e-300)
    inverse = (vectors[:, positive] / values[positive]) @ vectors[:, positive].T
    out[np.ix_(free, free)] = 2.0 * inverse
    return out
