"""Satterthwaite's degrees of freedom for the fixed effects.

Kuznetsova, Brockhoff & Christensen (2017), J. Stat. Softw. 82(13), section 2; Giesbrecht & Burns (1985), Biometrics 41.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import ArgumentError, DataError, is_one_of
from ..fit.fit import Fit
from ..frame.column import Column
from ..likelihood.criterion import Evaluation
from ..likelihood.deviance import Deviance

__all__ = ["VarianceInformation", "checked_ddf", "degrees_of_freedom", "variance_information"]

# The derivative is (2/3 (f(h) - f(-h)) - 1/12 (f(2h) - f(-2h))) / h: the five-point formula, in which terms up to the
# fourth order cancel (Abramowitz & Stegun 1964, 25.3.6). Multiples of h, and weights.
FIVE_POINTS = ((1.0, 2.0 / 3.0), (2.0, -1.0 / 12.0))
# h over an element of theta: the formula's error is of order h⁴, and rounding of the gradient, some 1e-13, is divided
# by h. Elements near 0 are varied by as much as one of a tenth of the largest would be.
RELATIVE_STEP = 1e-3
LEAST_STEP_SHARE = 0.1
LEAST_SCALE = 1e-8  # where all elements of theta are (nearly) 0, so that h is not
# Share of the largest eigenvalue of the second derivatives, above which a direction counts as one in which the deviance
# rises: below, differences of the gradient could not tell it from 0.
LEAST_EIGENVALUE = 1e-8


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
    if not is_one_of(ddf, (None, "satterthwaite")):
        raise ArgumentError(f"ddf must be None or 'satterthwaite'; got {ddf!r}.")
    return ddf


def variance_information(fit: Fit) -> VarianceInformation:
    """Differentiate the deviance, as a function of (theta, sigma), and the fixed effects' covariance.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    VarianceInformation

    Notes
    -----
    With sigma not profiled out, the deviance is ``log |V| + dof log(2 pi sigma²) + r² / sigma²`` (Bates et al. 2015,
    section 3; under REML with ``log |X' V^-1 X|`` besides). Second derivatives by theta are differences of its
    analytic gradient, `_gradient_at`. Those by sigma are exact: ``6 r² / sigma⁴ - 2 dof / sigma²``, and by theta and
    sigma ``4 / sigma³ sum_j e_j e_j' T``, as the gradient has ``-2 / sigma² sum_j e_j e_j' T``. Elements of theta that
    are 0 on the diagonal (a singular fit) are not varied.
    """
    deviance, at = fit.working, fit.optimum.evaluation
    at = at if at.residuals else deviance.evaluate(at.theta)
    k, p, sigma = len(at.theta), len(at.beta), np.sqrt(at.sigma2)
    layout = deviance.layout
    hessian, jacobian = np.zeros((k + 1, k + 1)), np.zeros((k + 1, p, p))
    free = [a for a in range(k) if at.theta[a] != 0 or not layout.diagonal[a]]
    for a in free:
        hessian[a, :k], jacobian[a] = _changes(deviance, at, a)
    matrices = layout.matrices(at.theta)
    hessian[:k, k] = hessian[k, :k] = layout.pick([4.0 / sigma**3 * at.outer(f) @ t for f, t in enumerate(matrices)])
    hessian[k, k] = 6.0 * at.penalised / at.sigma2**2 - 2.0 * deviance.criterion.dof / at.sigma2
    jacobian[k] = 2.0 * sigma * at.unscaled
    return VarianceInformation(_invert(hessian, [*free, k]), jacobian)


def degrees_of_freedom(fit: Fit, information: VarianceInformation, contrast: Any) -> float:
    """Satterthwaite's degrees of freedom of one contrast.

    A variance v estimated with f degrees of freedom has the variance ``2 v² / f``. That of the contrast's variance is
    ``g' A g`` by the delta method, g being its derivatives by (theta, sigma) and A their covariance matrix. Equated,
    these give ``f = 2 v² / g' A g`` (Giesbrecht & Burns 1985).

    Parameters
    ----------
    fit : Fit
    information : VarianceInformation
        Of this fit.
    contrast : array_like, shape (p,)
        Weights of the fixed effects.

    Returns
    -------
    float
        NaN for a contrast of zeros only.

    Raises
    ------
    DataError
        When the contrast has not one finite number a fixed effect.
    """
    weights = Column.of(contrast, "The contrast").numbers()
    if weights.shape != (fit.products.p,):
        raise DataError(f"A contrast has one number a fixed effect: {fit.products.p}; got shape {weights.shape}.")
    if np.isnan(weights).any():
        raise DataError(f"The contrast has {int(np.isnan(weights).sum())} missing values; write 0 for no weight.")
    if not weights.any():
        return float("nan")
    at, working = fit.optimum.evaluation, fit.products.shift.contrast(weights)
    variance = float(working @ (at.sigma2 * at.unscaled) @ working)
    gradient = np.einsum("i,kij,j->k", working, information.jacobian, working)
    return 2.0 * variance**2 / float(gradient @ information.covariance @ gradient)


def _changes(deviance: Deviance, at: Evaluation, a: int) -> tuple[np.ndarray, np.ndarray]:
    """Derivatives by one element of theta: of the gradient (k,), and of the fixed effects' covariance (p, p)."""
    of_gradient, of_covariance = np.zeros_like(at.theta), np.zeros_like(at.unscaled)
    scale = max(float(np.abs(at.theta).max()), LEAST_SCALE)
    h = RELATIVE_STEP * max(abs(float(at.theta[a])), LEAST_STEP_SHARE * scale)
    for multiple, weight in FIVE_POINTS:
        for sign in (1.0, -1.0):
            theta = at.theta.copy()
            theta[a] += sign * multiple * h
            beside = deviance.evaluate(theta)
            of_gradient = of_gradient + sign * weight / h * _gradient_at(deviance, beside, at.sigma2)
            of_covariance = of_covariance + sign * weight / h * at.sigma2 * beside.unscaled
    return of_gradient, of_covariance


def _gradient_at(deviance: Deviance, beside: Evaluation, sigma2: float) -> np.ndarray:
    """Gradient by theta of the deviance that is not profiled over sigma."""
    matrices = deviance.layout.matrices(beside.theta)
    return deviance.layout.pick([2.0 * beside.slope(k, sigma2) @ t for k, t in enumerate(matrices)])


def _invert(hessian: np.ndarray, free: list[int]) -> np.ndarray:
    """Twice the inverse over the free parameters, positive directions only."""
    out = np.zeros_like(hessian)
    block = 0.5 * (hessian + hessian.T)[np.ix_(free, free)]
    values, vectors = np.linalg.eigh(block)
    positive = values > LEAST_EIGENVALUE * max(float(values[-1]), 1e-300)  # all are 0: none is positive
    inverse = (vectors[:, positive] / values[positive]) @ vectors[:, positive].T
    out[np.ix_(free, free)] = 2.0 * inverse
    return out
