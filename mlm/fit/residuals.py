"""Residuals of a linear mixed model: about the fitted values or the fixed part, and over their standard errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..errors import ArgumentError, is_one_of
from ..generalized.residuals import standardized
from .fit import Fit
from .leverage import row_leverages
from .ranef import covariance_blocks

__all__ = ["LEVELS", "TYPES", "checked_level_of", "mixed_residuals"]

LEVELS = ("conditional", "marginal")
TYPES = ("response", "pearson", "deviance", "working", "scaled", "standardized")


def checked_level_of(level: Any) -> str:
    """Return what residuals are taken about.

    Raises
    ------
    ArgumentError
    """
    if not is_one_of(level, LEVELS):
        raise ArgumentError(f"`level` is one of {', '.join(map(repr, LEVELS))}; got {level!r}.")
    return str(level)


def mixed_residuals(fit: Fit, resid: pd.Series, type: Any, level: Any) -> pd.Series:
    """Compute residuals of a linear mixed model.

    Parameters
    ----------
    fit : Fit
    resid : Series, shape (n,)
        Response less fitted values, by row label.
    type : str
        See `MixedModel.residuals`.
    level : {"conditional", "marginal"}

    Returns
    -------
    Series, shape (n,)
    """
    if not is_one_of(type, TYPES):
        raise ArgumentError(f"`type` is one of {', '.join(map(repr, TYPES))}; got {type!r}.")
    conditional = checked_level_of(level) == "conditional"
    weights = np.ones(fit.nobs) if fit.frame.weights is None else fit.frame.weights
    found = resid if conditional else pd.Series(fit.frame.net_response - fit.frame.x @ fit._beta, resid.index)
    if type == "standardized" and not conditional:
        return found / np.sqrt(_marginal_variances(fit, weights))
    if type in ("response", "working"):
        return found.copy()
    found = found * np.sqrt(weights)
    if type == "standardized":
        return standardized(found, row_leverages(fit), fit.sigma)
    return found / fit.sigma if type == "scaled" else found


def _marginal_variances(fit: Fit, weights: np.ndarray) -> np.ndarray:
    """Variance of each row about the estimated fixed part: that of the response less that of the estimate."""
    total = fit.sigma**2 / weights
    for _, part, covariance in covariance_blocks(fit):
        z = part.columns.matrix()
        total = total + np.einsum("ij,jk,ik->i", z, covariance, z)
    return np.asarray(total - fit.working_covariance.variances(fit.frame.x))
