"""Numbers that describe a whole column, and columns centred and scaled by them.

All are learnt: on new rows the numbers of the rows of the fit are used again. R does so for scale() alone, and only
where it is not inside of another function. A missing number is passed over by scale() and center(); the others refuse
it unless ``na.rm = TRUE``, where R gives NA.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..values import Matrix, Numbers, Value
from .kinds import column, finite, number_list, present
from .registry import Site, function, numbers, one_number, one_truth

QUARTILES = (0.0, 0.25, 0.5, 0.75, 1.0)
ONE_COLUMN: tuple[tuple[str, Callable[[np.ndarray], float], int, str], ...] = (
    ("mean", np.mean, 1, "Mean of the rows of the fit."),
    ("median", np.median, 1, "Median of the rows of the fit."),
    ("sd", lambda x: np.std(x, ddof=1), 2, "Standard deviation of the rows of the fit, by n - 1."),
    ("var", lambda x: np.var(x, ddof=1), 2, "Variance of the rows of the fit, by n - 1."),
)
SEVERAL: tuple[tuple[str, Callable[[np.ndarray], float], int, str], ...] = (
    ("min", np.min, 1, "Smallest number of the rows of the fit."),
    ("max", np.max, 1, "Largest number of the rows of the fit."),
    ("sum", np.sum, 0, "Sum over the rows of the fit."),
)


def _summary(site: Site, values: tuple[Value, ...], na_rm: Value, summarise: Callable, least: int) -> Any:
    """Learn a number of all values together, or a list of some."""
    lenient = one_truth(site, na_rm, "na.rm")
    read = np.concatenate([np.atleast_1d(numbers(site, value)) for value in values]) if values else np.empty(0)

    def compute() -> float | tuple[float, ...]:
        some = present(read)
        if (absent := read.size - some.size) and not lenient:
            raise site.error(f"{absent} of {read.size} numbers are missing; with na.rm = TRUE it passes over them.")
        if some.size < least:
            raise site.error(f"it needs {least} numbers or more that are not missing; there are {some.size}.")
        found = np.asarray(summarise(some), dtype=float)
        if np.isnan(found).any():
            raise site.error(f"{int(np.isinf(some).sum())} of its numbers are infinite.")
        return tuple(found.tolist()) if found.ndim else float(found)

    return site.keep("value", compute)


def _enter_one(name: str, summarise: Callable, least: int, line: str) -> None:
    def run(site: Site, x: Value, na_rm: Value = False) -> Value:
        return _summary(site, (x,), na_rm, summarise, least)

    run.__doc__ = line
    function(name, learns=True)(run)


def _enter_several(name: str, summarise: Callable, least: int, line: str) -> None:
    def run(site: Site, *values: Value, na_rm: Value = False) -> Value:
        return _summary(site, values, na_rm, summarise, least)

    run.__doc__ = line
    function(name, learns=True)(run)


for _row in ONE_COLUMN:
    _enter_one(*_row)
for _row in SEVERAL:
    _enter_several(*_row)


@function("quantile", learns=True)
def quantile(site: Site, x: Value, probs: Value = QUARTILES, na_rm: Value = False) -> Value:
    """Quantiles of the rows of the fit, R's type 7; probs are numbers from 0 to 1, the quarters by default."""
    at = number_list(site, probs, "probs")
    outside = [each for each in at if not 0 <= each <= 1]
    if outside or not at:
        raise site.error(f"probs are numbers from 0 to 1; got {outside[0] if outside else 'none'}.")
    found = _summary(site, (x,), na_rm, lambda some: np.quantile(some, at), 1)
    return found if isinstance(probs, tuple) else found[0]


@function("range", learns=True)
def range_(site: Site, *values: Value, na_rm: Value = False) -> Value:
    """Smallest and largest number of the rows of the fit."""
    return _summary(site, values, na_rm, lambda some: (np.min(some), np.max(some)), 1)


@function("scale", "standardize", learns=True)
def scale(site: Site, x: Value, center: Value = True, scale: Value = True) -> Value:
    """Subtract the mean and divide by the standard deviation of the rows of the fit, or by numbers that are given.

    Without centring it divides by the root of the sum of squares over n - 1, as R does.
    """
    if isinstance(x, Matrix) and x.values.shape[1] > 1:
        columns = [_scaled(site, x.values[:, k], center, scale, f" of {name}") for k, name in enumerate(x.names)]
        return Matrix(np.column_stack(columns), x.names)
    return Numbers(_scaled(site, column(site, x), center, scale, ""))


@function("center", learns=True)
def center(site: Site, x: Value) -> Value:
    """Subtract the mean of the rows of the fit."""
    return scale(site, x, True, False)


def _scaled(site: Site, values: np.ndarray, center: Value, scale: Value, of: str) -> np.ndarray:
    middle, unit = site.keep(f"center and scale{of}", lambda: _center_and_scale(site, values, center, scale))
    return (values - middle) / unit


def _center_and_scale(site: Site, values: np.ndarray, center: Value, scale: Value) -> tuple[float, float]:
    some = finite(site, values)
    middle = float(some.mean()) if center is True else 0.0 if center is False else one_number(site, center, "center")
    if scale is False:
        unit = 1.0
    elif scale is not True:
        unit = one_number(site, scale, "scale")
    elif some.size < 2:
        raise site.error("a standard deviation needs two numbers that are not missing; there is one.")
    elif center is True and np.ptp(some) == 0:
        raise site.error(f"all of its numbers are {some[0]:g}: their standard deviation is 0.")
    else:
        unit = float(np.sqrt(np.sum((some - middle) ** 2) / (some.size - 1)))
    if not (np.isfinite(middle) and np.isfinite(unit) and unit != 0):
        raise site.error(f"it would subtract {middle:g} and divide by {unit:g}.")
    return middle, unit
