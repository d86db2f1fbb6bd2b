"""Confidence intervals of the coefficients, in columns named by their tail probabilities as in R."""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np
import pandas as pd
import scipy

from ..errors import ArgumentError, is_one_of
from ..report.r_numbers import format_numbers

__all__ = ["checked_level", "confidence_intervals", "limit_names"]


class Estimated(Protocol):
    """What Wald intervals are computed from: any fit with estimates and their standard errors."""

    @property
    def fixef(self) -> pd.Series:
        """Estimates by term (p,)."""

    @property
    def se(self) -> pd.Series:
        """Their standard errors (p,)."""


def confidence_intervals(fit: Estimated, level: float, method: str, df: float | None = None) -> pd.DataFrame:
    """Intervals of the fixed effects.

    Parameters
    ----------
    fit : Estimated
        A `Fit`, or whatever has `fixef` and `se`, p terms.
    level : float
        Coverage, in (0, 1).
    method : {"wald"}
        Estimate ± quantile times standard error.
    df : float, optional
        Degrees of freedom of the t distribution that the quantile is taken from; None for the standard normal one.

    Returns
    -------
    DataFrame, shape (p, 2)
        In units of the coefficients; the columns named by `limit_names`.

    Raises
    ------
    ArgumentError
        When the level is not in (0, 1), or there is no such method.

    References
    ----------
    Pinheiro, J. C. & Bates, D. M. (2000). *Mixed-Effects Models in S and S-PLUS*, section 2.4. Springer.
    """
    if not is_one_of(method, ("wald",)):
        raise ArgumentError(f"Confidence intervals by {method!r} are not there; use method='wald'.")
    tail = 0.5 * (1.0 - checked_level(level))
    quantile = scipy.stats.norm.isf(tail) if df is None else scipy.stats.t.isf(tail, df)
    estimate, reach = fit.fixef.to_numpy(), float(quantile) * fit.se.to_numpy()
    limits = np.column_stack([estimate - reach, estimate + reach])
    return pd.DataFrame(limits, fit.fixef.index, list(limit_names(level)))


def limit_names(level: float) -> tuple[str, str]:
    """Name the two limits by their tail probabilities in percent.

    As in R, the one that needs more decimals shows three significant digits, and the other as many decimals; levels
    near 0, whose two limits R would call the same, get more.

    Parameters
    ----------
    level : float
        Coverage, in (0, 1).

    Returns
    -------
    tuple of two str

    Examples
    --------
    >>> limit_names(0.95), limit_names(0.9995)
    (('2.5 %', '97.5 %'), ('0.025 %', '99.975 %'))
    """
    tail = 0.5 * (1.0 - level)
    percentages = [100.0 * tail, 100.0 * (1.0 - tail)]
    for digits in range(3, 18):  # 17 significant digits tell any two numbers apart
        lower, upper = format_numbers(percentages, digits, scipen=100, align=False)
        if lower != upper:
            break
    return f"{lower} %", f"{upper} %"


def checked_level(level: Any) -> float:
    """Return a coverage after checking that it lies in (0, 1).

    Raises
    ------
    ArgumentError
        When it does not, or is no number.
    """
    try:
        share = math.nan if isinstance(level, str) else float(level)
    except (TypeError, ValueError, OverflowError):
        share = math.nan
    if not 0 < share < 1:
        raise ArgumentError(f"The level must lie between 0 and 1; got {level!r}.")
    return share
