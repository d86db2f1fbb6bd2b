"""Predictions with standard errors and intervals, in the columns fit, se, lower, upper.

Of a mean, or of a new observation with it (Fox 2016, *Applied Regression Analysis and Generalized Linear Models*, 3rd
ed., section 6.2; Skrondal & Rabe-Hesketh 2009, J. R. Stat. Soc. A 172, 659-687, for models with random effects).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import scipy

from ..errors import ArgumentError, FitError, brief, is_one_of, suggest
from ..generalized.distribution import Family
from ..generalized.means import means_said
from .confint import checked_level

__all__ = ["asks_for_frame", "demand_no_observation", "on_response_scale", "prediction_frame"]

INTERVALS = ("confidence", "prediction")


def asks_for_frame(se: Any, interval: Any, level: Any = 0.95) -> bool:
    """Whether predictions are asked for with their errors.

    Raises
    ------
    ArgumentError
        When `se`, `interval` or `level` are none of what they can be, also where nothing comes of a level.

    Examples
    --------
    >>> asks_for_frame(False, None), asks_for_frame(True, None), asks_for_frame(False, "prediction")
    (False, True, True)
    """
    checked_level(level)
    if not is_one_of(se, (True, False)):
        raise ArgumentError(f"`se` is True or False; got {brief(se)}.")
    if interval is not None and not is_one_of(interval, INTERVALS):
        raise ArgumentError(
            f"`interval` is None, 'confidence' or 'prediction'; got {brief(interval)}.{suggest(interval, INTERVALS)}"
        )
    return bool(se) or interval is not None


def demand_no_observation(interval: Any) -> None:
    """Refuse intervals of new observations of a generalized model.

    Raises
    ------
    FitError
    """
    if is_one_of(interval, ("prediction",)):
        raise FitError(
            "A new observation of a generalized model is a count, an outcome or another draw of its family, of which "
            "no interval lies around the mean by a standard error. Take interval='confidence' for the mean, and draw "
            "observations from the family at the predicted means (type='response') for their quantiles."
        )


def prediction_frame(
    fit: pd.Series, variance: np.ndarray, level: float, df: float | None = None, added: np.ndarray | float = 0.0
) -> pd.DataFrame:
    """Lay predictions out with their standard errors and intervals.

    Parameters
    ----------
    fit : Series, shape (m,)
        By row label.
    variance : ndarray, shape (m,)
        Of the predicted means.
    level : float
        Coverage, in (0, 1).
    df : float, optional
        Degrees of freedom of the t distribution; None for the standard normal one.
    added : ndarray of shape (m,), or float
        What a new observation varies by around its mean.

    Returns
    -------
    DataFrame
        Columns ``fit``, ``se`` (of the mean, as R's ``se.fit``), ``lower``, ``upper``.

    Raises
    ------
    ArgumentError
        When the level is not in (0, 1).

    Examples
    --------
    >>> prediction_frame(pd.Series([1.0]), np.array([9.0]), 0.95, added=16.0).round(2).values.tolist()
    [[1.0, 3.0, -8.8, 10.8]]
    """
    tail = 0.5 * (1.0 - checked_level(level))
    quantile = scipy.stats.norm.isf(tail) if df is None else scipy.stats.t.isf(tail, df)
    reach, se = quantile * np.sqrt(variance + added), np.where(fit.isna(), np.nan, np.sqrt(variance))
    values = {"fit": fit, "se": se, "lower": fit - reach, "upper": fit + reach}
    return pd.DataFrame(values, index=fit.index)


def on_response_scale(frame: pd.DataFrame, family: Family) -> pd.DataFrame:
    """Take predictions of a linear predictor to the scale of the response.

    Parameters
    ----------
    frame : DataFrame
        See `prediction_frame`.
    family : Family

    Returns
    -------
    DataFrame
        The means; their standard errors by the delta method; the limits of the linear predictors as means, the lower
        one first. NaN where the family has no such mean.

    Warns
    -----
    ExtrapolationWarning
        Predicted means are none that the family can have.
    """
    eta = frame["fit"].to_numpy()
    mean = means_said(family, eta, "predicted mean")
    slope = family.link.derivative(np.where(np.isnan(mean), np.nan, eta))
    ends = [family.means(frame[name].to_numpy()) for name in ("lower", "upper")]
    lower, upper = (np.where(slope < 0, *pair) for pair in (ends[::-1], ends))
    with np.errstate(all="ignore"):  # where there is no mean; beyond a pole of the link there is no limit
        return pd.DataFrame(
            {
                "fit": mean,
                "se": np.where(np.isnan(mean), np.nan, frame["se"].to_numpy() * np.abs(slope)),
                "lower": np.where(lower <= mean, lower, np.nan),
                "upper": np.where(upper >= mean, upper, np.nan),
            },
            index=frame.index,
        )
