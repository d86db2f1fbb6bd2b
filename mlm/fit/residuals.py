"""Residuals of a linear mixed model: about fitted values or a part of them, and over their standard errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..errors import ArgumentError, brief, is_one_of
from ..generalized.residuals import standardized
from .fit import Fit
from .leverage import row_leverages
from .predict import predicted_values, wanted
from .ranef import covariance_blocks

__all__ = ["TYPES", "kept_effects", "mixed_residuals"]

# What residuals are taken about, as nlme and HLMdiag call it, and the same as a `re_form`.
LEVELS = {"conditional": None, "marginal": False}
TYPES = ("response", "pearson", "deviance", "working", "scaled", "standardized")


def kept_effects(re_form: Any, level: Any) -> Any:
    """Return the random effects that residuals are taken with, as `predict` has them, in either spelling.

    Parameters
    ----------
    re_form : {None, False, "NA", 0} or str
        Or a `level`, which stands in the same place.
    level : {None, "conditional", "marginal"}

    Raises
    ------
    ArgumentError
    """
    if level is None:
        return LEVELS[re_form] if isinstance(re_form, str) and re_form in LEVELS else re_form
    if not is_one_of(level, LEVELS):
        raise ArgumentError(f"`level` is one of {', '.join(map(repr, LEVELS))}; got {brief(level)}.")
    if re_form is not None:
        raise ArgumentError(f"`level={level!r}` is `re_form={LEVELS[level]}`: give one of them.")
    return LEVELS[level]


def mixed_residuals(fit: Fit, resid: pd.Series, type: Any, re_form: Any) -> pd.Series:
    """Compute residuals of a linear mixed model.

    Parameters
    ----------
    fit : Fit
    resid : Series, shape (n,)
        Response less fitted values, by row label.
    type : str
        See `MixedModel.residuals`.
    re_form : {None, False, "NA", 0} or str
        Random effects that are taken off, too.

    Returns
    -------
    Series, shape (n,)
    """
    if not is_one_of(type, TYPES):
        raise ArgumentError(f"`type` is one of {', '.join(map(repr, TYPES))}; got {brief(type)}.")
    weights = np.ones(fit.nobs) if fit.frame.weights is None else fit.frame.weights
    found = resid if re_form is None else fit.y.rename(None) - _values(fit, re_form)
    if type == "standardized" and re_form is not None:
        if re_form is not False and re_form != "NA":
            raise ArgumentError(
                f"Standardized residuals are about all random effects or none, re_form=False; got {brief(re_form)}."
            )
        return found / np.sqrt(_marginal_variances(fit, weights))
    if type in ("response", "working"):
        return found.copy()
    found = found * np.sqrt(weights)
    if type == "standardized":
        return standardized(found, row_leverages(fit), fit.sigma)
    return found / fit.sigma if type == "scaled" else found


def _values(fit: Fit, re_form: Any) -> pd.Series:
    return predicted_values(fit, wanted(fit, None, re_form, "error"))


def _marginal_variances(fit: Fit, weights: np.ndarray) -> np.ndarray:
    """Variance of each row about the estimated fixed part: that of the response less that of the estimate."""
    total = fit.sigma**2 / weights
    for _, part, covariance in covariance_blocks(fit):
        z = part.columns.matrix()
        total = total + np.einsum("ij,jk,ik->i", z, covariance, z)
    return np.asarray(total - fit.working_covariance.variances(fit.frame.x))
