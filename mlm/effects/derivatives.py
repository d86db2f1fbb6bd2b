"""Derivatives of the rows of a model matrix by a predictor, and where there are none: at steps and bends."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from ..errors import FitError, brief, first_few
from ..model.reference_grid import Designed
from .grid import rows_at

__all__ = ["derivatives"]

# Of the difference quotient, over the range of the predictor: rounding of 1e-13, truncation of its 4th power.
STEP = 1e-3
# Twice the distance multiplies second differences by 4 where there are two derivatives (by 2^k where these are 0 and
# the kth is the first), by 2 and less around a bend or a step, and endlessly where that lies between the two distances.
LEAST, MOST = 3.3, 300.0
# Second differences, over what the column changes by in the range of the predictor, of which nothing is said: those of
# curves are of this size, and have a slope also where the curvature changes; so has rounding.
NOTHING = 3e-5
# Values of the predictor at which a slope is looked for, where there is none at those that were asked for.
PLACES = 32


def derivatives(m: Designed, points: pd.DataFrame, x: str, low: float, high: float) -> np.ndarray:
    """Derivatives of the rows of the model matrix by a predictor.

    Parameters
    ----------
    m : Designed
    points : DataFrame
        Values of the predictors.
    x : str
        The predictor.
    low, high : float
        Its range in the rows of the fit.

    Returns
    -------
    ndarray, shape (points, all columns)

    Raises
    ------
    FitError
        When a column has a step or a bend at a point, such as ``I(x > 3)`` at 3, or all have steps only.
    """
    step = 2.0 ** np.floor(np.log2(STEP * (high - low)))  # a power of 2, by which sums of short numbers are exact
    found, broken = _differences(m, points, x, (low, high), step)
    if broken.any():
        point, column = np.argwhere(broken)[0]
        raise FitError(
            f"There is no slope at {x} = {float(points[x].iloc[point]):.6g}, where {_column(m, column)} has a step or "
            f"a bend. Ask at other values: at={{{x!r}: …}}."
        )
    if not found.any():
        _demand_slopes(m, points, x, (low, high), step)
    return found


def _differences(
    m: Designed, points: pd.DataFrame, x: str, reach: tuple[float, float], step: float
) -> tuple[np.ndarray, np.ndarray]:
    """Quotients of central differences, of fourth order, and which columns have a step or a bend there."""
    middle = rows_at(m, points)
    above, below = (
        [rows_at(m, points.assign(**{x: points[x] + sign * k * step})) for k in (0.5, 1.0, 2.0)] for sign in (1.0, -1.0)
    )
    quotients = (8.0 * (above[1] - below[1]) - (above[2] - below[2])) / (12.0 * step)
    second = [np.abs(up - 2.0 * middle + down) for up, down in zip(above, below, strict=True)]
    least = NOTHING * np.max([np.abs(rows_at(m, points.assign(**{x: end})) - middle) for end in reach], axis=0)
    broken = np.zeros(middle.shape, dtype=bool)
    for inner, outer in pairwise(second):
        broken |= (outer > least) & ((outer < LEAST * inner) | (outer > MOST * inner))
    return np.asarray(quotients), broken


def _demand_slopes(m: Designed, points: pd.DataFrame, x: str, reach: tuple[float, float], step: float) -> None:
    """Refuse a predictor whose columns are constant but for steps, as of ``cut(x, 3)``."""
    low, high = reach
    places = points.iloc[[0] * PLACES].reset_index(drop=True)
    places[x] = low + (np.arange(PLACES) + 0.5) / PLACES * (high - low)
    found, broken = _differences(m, places, x, reach, step)
    changed = np.flatnonzero(np.ptp(rows_at(m, places), axis=0) > 0.0)
    if len(changed) and not (found.astype(bool) & ~broken).any():
        raise FitError(
            f"{x!r} is in the model by steps only ({first_few([_column(m, k) for k in changed])}), and has no slope. "
            f"Compare means at some of its values: mlm.emmeans(m, {x!r}, at={{{x!r}: […]}})."
        )


def _column(m: Designed, k: Any) -> str:
    return brief(str(m.frame.all_columns.names[k]))
