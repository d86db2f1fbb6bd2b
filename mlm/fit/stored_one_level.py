"""Whether the numbers of a model without random effects, as a file has them, are those of its rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..frame.model_frame import ModelFrame
from ..generalized.distribution import Family
from ..generalized.irls import Estimate, unscaled_covariance
from ..generalized.residuals import residuals
from ..generalized.response import Response
from .one_level import dispersion, least_squares

__all__ = ["demand_estimate", "demand_least_squares"]

# Share of a number, or of a standard error, that another machine's rounding may make; more where columns are nearly
# dependent, by so many roundings times their condition, up to a share that is none of rounding.
SAME, ROUNDINGS, MOST = 1e-6, 1e3, 1e-2
# Share of the response that is rounding where a model fits perfectly.
NOTHING = 1e-9
# Standard errors by which the next step of a search would still change a coefficient.
STEP = 1e-3


def demand_least_squares(frame: ModelFrame, stored: Mapping[str, Any]) -> None:
    """Refuse coefficients, covariances and a sigma that are not those of least squares.

    Raises
    ------
    ValueError
    """
    beta, covariance, sigma = least_squares(frame)
    share, size = _share(frame.x), np.abs(frame.net_response).max(initial=0.0)
    rounding = NOTHING * size
    if not _near(stored["sigma"], sigma, share * np.nan_to_num(sigma) + rounding):
        raise ValueError("its sigma is not that of its rows")
    errors = np.sqrt(np.nan_to_num(covariance.diagonal()))
    largest = np.abs(frame.x).max(axis=0, initial=0.0)
    if not _near(
        stored["beta"], beta, share * (np.abs(beta) + errors) + rounding / np.where(largest > 0, largest, 1.0)
    ):
        raise ValueError("its coefficients are not those of its rows")
    if sigma > rounding:
        _demand_covariance(stored["covariance"] / stored["sigma"] ** 2, covariance / sigma**2, share)


def demand_estimate(frame: ModelFrame, stored: Mapping[str, Any]) -> None:
    """Refuse coefficients, covariances and a dispersion that are not those of the maximum of the likelihood.

    Of a search that came to no maximum only the linear predictor is told.

    Raises
    ------
    TypeError, ValueError
    """
    response, ended, family = frame.outcome, stored["ended"], stored["family"]
    if not isinstance(response, Response):
        raise TypeError("its response is none of a generalized model")
    eta, share = frame.x @ stored["beta"] + frame.known_part, _share(frame.x)
    if not _near(ended.eta, eta, share * (1.0 + np.abs(eta).max(initial=0.0))):
        raise ValueError("its linear predictor is not that of its coefficients")
    with np.errstate(all="ignore"):
        deviance = float(np.sum(residuals(family, response, eta, "deviance") ** 2))
    if np.isfinite(deviance) and not _near(ended.deviance, deviance, share * (deviance + frame.nobs)):
        raise ValueError("its deviance is not that of its coefficients")
    if not ended.converged or ended.endless or ended.at_boundary:
        return
    scale = dispersion(frame, response, ended, family)
    if not _near(stored["dispersion"], scale, share * np.nan_to_num(scale) + NOTHING):
        raise ValueError("its dispersion is not that of its rows")
    with np.errstate(all="ignore"):
        unscaled = unscaled_covariance(frame.x, response, eta, family)
    if not np.isfinite(unscaled).all() or not np.isfinite(scale) or scale <= NOTHING:
        return
    _demand_covariance(stored["covariance"] / stored["dispersion"], unscaled, share)
    _demand_maximum(frame, response, ended, family, unscaled)


def _demand_maximum(
    frame: ModelFrame, response: Response, ended: Estimate, family: Family, inverse: np.ndarray
) -> None:
    """Refuse coefficients that the next step of a search would change."""
    with np.errstate(all="ignore"):
        mean = family.means(ended.eta)
        pull = response.weights * (response.values - mean) * family.link.derivative(ended.eta) / family.variance(mean)
    step = inverse @ (frame.x.T @ np.nan_to_num(pull))
    if (np.abs(step) > STEP * np.sqrt(inverse.diagonal())).any():
        raise ValueError("its coefficients are not those of its rows")


def _demand_covariance(found: np.ndarray, wanted: np.ndarray, share: float) -> None:
    errors = np.sqrt(wanted.diagonal())
    if not _near(found, wanted, share * np.outer(errors, errors)):
        raise ValueError("its covariance matrix is not that of its rows")


def _share(x: np.ndarray) -> float:
    """Share of a number that rounding may make, by the condition of the columns at length 1."""
    length = np.sqrt(np.einsum("ij,ij->j", x, x))
    if not x.size or not length.all():
        return SAME
    return float(min(SAME + ROUNDINGS * np.finfo(float).eps * np.linalg.cond(x / length), MOST))


def _near(found: Any, wanted: Any, within: Any) -> bool:
    """Whether numbers differ by no more than so much; what is missing is missing in both."""
    found, wanted = np.asarray(found, dtype=float), np.asarray(wanted, dtype=float)
    if found.shape != wanted.shape or not np.array_equal(np.isnan(found), np.isnan(wanted)):
        return False
    return bool((np.abs(found - wanted) <= within)[~np.isnan(wanted)].all())
