"""Models without random effects: least squares, the dispersion, and the same model of another response."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from scipy import linalg

from ..errors import FitError
from ..frame.model_frame import ModelFrame
from ..generalized.distribution import Family
from ..generalized.irls import Estimate, estimate, unscaled_covariance
from ..generalized.residuals import residuals
from ..generalized.response import Response

__all__ = ["dispersion", "least_squares", "of_response"]


def least_squares(frame: ModelFrame) -> tuple[np.ndarray, np.ndarray, float]:
    """Solve by QR; returns coefficients (p,), their covariance (p, p) and the residual standard error."""
    y = frame.net_response
    n, p = frame.nobs, len(frame.x_names)
    if not p:  # SciPy 1.12 solves no system of nothing
        return np.empty(0), np.empty((0, 0)), float(np.sqrt(y @ y / n))
    q, r = linalg.qr(frame.x, mode="economic")
    coefficients = linalg.solve_triangular(r, q.T @ y)
    residual = y - frame.x @ coefficients
    sigma = float(np.sqrt(residual @ residual / (n - p))) if n > p else np.nan
    inverse = linalg.solve_triangular(r, np.eye(p))
    return coefficients, inverse @ inverse.T * sigma**2, sigma


def dispersion(frame: ModelFrame, response: Response, found: Estimate, family: Family) -> float:
    """Sum of squared Pearson residuals over the residual degrees of freedom; 1 where there is none."""
    if not family.has_scale:
        return 1.0
    left = frame.nobs - len(frame.x_names)
    with np.errstate(all="ignore"):  # what is no number is refused
        return float(np.sum(residuals(family, response, found.eta, "pearson") ** 2)) / left if left else np.nan


def of_response(m: Any, y: np.ndarray) -> Any:
    """The same model of another response of its rows, without a word; a theta of the family stays.

    Parameters
    ----------
    m : LinearModel or GeneralizedLinearModel
    y : ndarray, shape (n,)
        As `simulate` draws them: of a binomial model shares of successes among the same trials.

    Raises
    ------
    FitError
        Where a search finds no means to begin with.
    """
    frame = replace(m.frame, y=y)
    if not hasattr(m, "family"):
        beta, covariance, sigma = least_squares(frame)
        return replace(m, frame=frame, beta=beta, covariance=covariance, sigma=sigma)
    response, family = replace(m.outcome, values=y), m.family
    found = estimate(frame.x, response, frame.known_part, family)
    if found is None:
        raise FitError(f"No means of the {family.name} family are found that a search could begin with.")
    scale = dispersion(frame, response, found, family)
    with np.errstate(all="ignore"):
        covariance = unscaled_covariance(frame.x, response, found.eta, family) * scale
    frame = replace(frame, outcome=response)
    return replace(m, frame=frame, beta=found.beta, covariance=covariance, dispersion=scale, ended=found)
