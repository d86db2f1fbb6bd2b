"""Each term that can be left out, left out: smaller models of one level, and smaller generalized ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import scipy

from ..errors import FitError
from ..fit.generalized import GeneralizedFit
from ..frame.model_frame import ModelFrame
from ..frame.reduction import with_fixed_terms
from ..generalized.irls import estimate
from .contrasts import marginal_contrasts
from .full_design import model_terms

__all__ = ["ratio_frame"]


def ratio_frame(m: Any) -> pd.DataFrame:
    """Likelihood-ratio tests of the terms of a generalized model, mixed or not, in the columns of R's ``drop1()``.

    Raises
    ------
    FitError
        When a smaller model cannot be fitted, or has categories that would be coded in another way.
    """
    labels = list(marginal_contrasts(m.frame))
    smaller = [_without(m.frame, label) for label in labels]
    return _mixed(m, labels, smaller) if isinstance(m, GeneralizedFit) else _of_one_level(m, labels, smaller)


def _without(frame: ModelFrame, label: str) -> ModelFrame:
    terms = [k for k, term in enumerate(model_terms(frame)) if term.label != label]
    return with_fixed_terms(frame, terms)


def _mixed(m: GeneralizedFit, labels: Sequence[str], smaller: Sequence[ModelFrame]) -> pd.DataFrame:
    family = m.asked_family
    fits = [type(m).estimate(frame, list(m.terms), family, m.n_agq, quiet=True) for frame in smaller]
    lost = np.array([m.npar - fit.npar for fit in fits], dtype=float)
    loglik = np.array([m.loglik, *(fit.loglik for fit in fits)])
    ratio = np.maximum(2.0 * (loglik[0] - loglik[1:]), 0.0)
    columns = {
        "npar": [np.nan, *lost],
        "AIC": -2.0 * loglik + 2.0 * np.array([m.npar, *(fit.npar for fit in fits)]),
        "LRT": [np.nan, *ratio],
        "Pr(Chi)": [np.nan, *scipy.stats.chi2.sf(ratio, lost)],
    }
    return pd.DataFrame(columns, ["<none>", *labels], dtype=float)


def _of_one_level(m: Any, labels: Sequence[str], smaller: Sequence[ModelFrame]) -> pd.DataFrame:
    """Of a family with a dispersion, that of the whole model is what deviances are divided by."""
    fits = [estimate(frame.x, m.outcome, frame.known_part, m.family) for frame in smaller]
    for label, fit in zip(labels, fits, strict=True):
        if fit is None or not fit.converged:
            raise FitError(f"The model without {label} could not be fitted: its search did not end.")
    lost = np.array([len(m.beta) - frame.x.shape[1] for frame in smaller], dtype=float)
    deviance = np.array([m.deviance, *(fit.deviance for fit in fits if fit is not None)])
    with np.errstate(divide="ignore"):
        size = m.nobs * np.log(deviance / m.nobs) if m.family.name == "gaussian" else deviance / m.dispersion
    ratio = np.maximum(size - size[0], 0.0)
    columns = {
        "Df": [np.nan, *lost],
        "Deviance": deviance,
        "AIC": m.aic + size - size[0] - 2.0 * np.array([0.0, *lost]),
        "scaled dev." if m.family.has_scale else "LRT": [np.nan, *ratio[1:]],
        "Pr(>Chi)": [np.nan, *scipy.stats.chi2.sf(ratio[1:], lost)],
    }
    return pd.DataFrame(columns, ["<none>", *labels], dtype=float)
