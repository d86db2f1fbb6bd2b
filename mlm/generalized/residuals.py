"""Residuals of generalized models at their linear predictors.

McCullagh, P. & Nelder, J. A. (1989). *Generalized Linear Models*, 2nd ed., section 2.4.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from .distribution import Family
from .response import Response

__all__ = ["FULL_LEVERAGE", "KINDS", "left_beside", "residuals", "standardized"]

# What is left of 1 beside a leverage, up to which the row is fitted whatever it is: of a leverage of 1 it is rounding,
# of 1e-15, and what is divided by more has six digits.
FULL_LEVERAGE = 1e-10

KINDS = ("deviance", "pearson", "response", "working")


def residuals(family: Family, response: Response, eta: np.ndarray, kind: str) -> np.ndarray:
    """Return residuals, shape (n,).

    Parameters
    ----------
    family : Family
    response : Response
    eta : ndarray, shape (n,)
        Linear predictors.
    kind : {"deviance", "pearson", "response", "working"}
        Signed roots of the deviances; differences from the means over their standard deviations, but for the
        dispersion; differences from the means; these on the scale of the link.

    Examples
    --------
    >>> from mlm.generalized.family import make_family
    >>> response = Response(np.array([4.0]), np.ones(1))
    >>> residuals(make_family("poisson"), response, np.array([0.0]), "pearson").tolist()
    [3.0]
    """
    y = response.values
    away = family.residual(y, eta)
    if kind == "response":
        return away
    if kind == "deviance":
        return np.sign(away) * np.sqrt(response.weights * np.maximum(family.deviances_at(y, eta), 0.0))
    score, work = family.score(y, eta), family.working_weights(eta)
    with np.errstate(divide="ignore", invalid="ignore"):
        if kind == "working":
            return score / work
        return np.sqrt(response.weights / work) * score * np.sign(family.link.derivative(eta))


def left_beside(leverages: np.ndarray) -> np.ndarray:
    """What leverages leave of 1, shape (n,); NaN in rows that are fitted whatever they are."""
    spare = 1.0 - leverages
    return np.where(spare > FULL_LEVERAGE, spare, np.nan)


def standardized(found: pd.Series, leverages: np.ndarray, sigma: float) -> pd.Series:
    """Divide residuals by their standard errors; NaN in rows that are fitted whatever they are.

    Parameters
    ----------
    found : Series, shape (n,)
    leverages : ndarray, shape (n,)
    sigma : float
        Square root of the dispersion.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return found / (sigma * np.sqrt(left_beside(leverages)))
