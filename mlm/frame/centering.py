"""Centring and scaling before a fit: by two standard deviations, within groups, between and within."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, TypeVar

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from ..errors import ArgumentError, DataError, brief, listed
from .column import Column
from .native import Native, like_narwhals, like_pandas

__all__ = ["between_within", "center_within", "rescale"]

Frame = TypeVar("Frame")


def rescale(x: Any) -> Any:
    """Centre at the mean and divide by two standard deviations; a two-valued variable is only centred.

    Coefficients of rescaled numeric predictors are then comparable with those of untransformed 0/1
    predictors. Missing values (null, None, NaN, NA, masked entries of an array) are left out of the mean and
    the standard deviation and stay missing.

    Parameters
    ----------
    x : Series (pandas, polars, …) or array_like of shape (n,)
        Numbers or booleans.

    Returns
    -------
    Series or ndarray of float, shape (n,)
        Of the kind, index and name of `x`; it is missing where `x` is.

    Raises
    ------
    DataError
        When `x` is not numeric, not one-dimensional, infinite, not computed yet, or has no or one distinct value.

    Examples
    --------
    >>> rescale(np.array([1.0, 2.0, 3.0, np.nan])).round(3).tolist()
    [-0.5, 0.0, 0.5, nan]
    >>> rescale(np.array([0, 1, 1, 1])).tolist()
    [-0.75, 0.25, 0.25, 0.25]

    Within groups: ``data.groupby("cntry")["agea"].transform(mlm.rescale)``.

    References
    ----------
    Gelman, A. (2008). Scaling regression inputs by dividing by two standard deviations. *Statistics in
    Medicine* 27(15), 2865-2873. The treatment of two-valued variables is the default of ``arm::rescale``.
    """
    name = getattr(x, "name", None)
    what = "'x'" if name is None or isinstance(x, pd.Index) else f"Column {name!r}"
    values = _rescaled(Column.of(x, what).numbers(), what)
    if isinstance(x, pd.Series):  # the index anew: it can be renamed
        return pd.Series(like_pandas(values, x.dtype), index=x.index.view(), name=x.name)
    if isinstance(x, np.ma.MaskedArray):
        return np.ma.masked_invalid(values)
    series = nw.from_native(x, series_only=True, pass_through=True)
    if not isinstance(series, nw.Series):
        return values
    result = like_narwhals(values, series.name, series.implementation)
    return nw.maybe_align_index(result, series).to_native()


def _rescaled(numbers: np.ndarray, what: str) -> np.ndarray:
    """Numbers, NaN where missing (n,), as multiples of two standard deviations from their mean."""
    present = numbers[~np.isnan(numbers)]
    distinct = len(np.unique(present))
    if distinct < 2:
        missing = len(numbers) - len(present)
        raise DataError(
            f"{what} has {distinct} distinct values in {len(numbers)} ({missing} missing); there is nothing"
            " to scale: leave the variable out."
        )
    # by a power of two, which changes no digit: squares of very large or small numbers are out of range
    power = int(np.frexp(np.abs(present).max())[1])
    present, centred = np.ldexp(present, -power), np.ldexp(numbers, -power)
    centred -= present.mean()
    return np.ldexp(centred, power) if distinct == 2 else centred / (2 * present.std(ddof=1))


def center_within(df: Frame, cols: str | Sequence[str], by: str | Sequence[str], *, suffix: str = "_cwc") -> Frame:
    """Add group-mean centred columns (centring within clusters).

    Parameters
    ----------
    df : data frame or mapping
        Any eager frame that narwhals knows, or a mapping of columns; n rows. It is not changed.
    cols : str or sequence of str
        Numeric columns to centre.
    by : str or sequence of str
        The grouping column, or several whose combination makes the groups.
    suffix : str
        Appended to the names of the new columns.

    Returns
    -------
    data frame
        Of the same kind, n rows, with a column ``<col><suffix>`` for each of `cols`: the value minus the mean
        of its group's non-missing values; missing where the value or the group is. A mapping gives a dict.
        Missing are null, None, NaN, NaT, NA and masked entries of an array, in a grouping column as well.

    Raises
    ------
    DataError
        When a column does not exist, is not numeric or has infinite values, a new column's name is taken, or the
        data are not computed yet (a lazy frame).

    Examples
    --------
    >>> frame = pd.DataFrame({"g": ["a", "a", "b"], "x": [1.0, 3.0, 5.0]})
    >>> center_within(frame, "x", "g")["x_cwc"].tolist()
    [-1.0, 1.0, 0.0]

    References
    ----------
    Enders, C. K. & Tofighi, D. (2007). Centering predictor variables in cross-sectional multilevel models.
    *Psychological Methods* 12(2), 121-138.
    """
    frame, parts = _split(df, cols, by)
    new = {f"{name}{suffix}": within for name, (_, within) in parts.items()}
    return frame.with_columns(new, {f"{name}{suffix}": name for name in parts})


def between_within(
    df: Frame, cols: str | Sequence[str], by: str | Sequence[str], *, prefixes: tuple[str, str] = ("b_", "w_")
) -> Frame:
    """Split columns into a between-group part (group mean) and a within-group part (deviation from it).

    Parameters
    ----------
    df : data frame or mapping
        Any eager frame that narwhals knows, or a mapping of columns; n rows. It is not changed.
    cols : str or sequence of str
        Numeric columns to split.
    by : str or sequence of str
        The grouping column, or several whose combination makes the groups.
    prefixes : tuple of str
        Put before the names of the between and of the within columns.

    Returns
    -------
    data frame
        Of the same kind, n rows, with columns ``b_<col>`` and ``w_<col>`` for each of `cols`; the two add
        up to the column. Group means are over non-missing values; missing is what :func:`center_within` says.

    Raises
    ------
    DataError
        As :func:`center_within`.
    ArgumentError
        When the prefixes are not two texts that make different names.

    Examples
    --------
    >>> frame = pd.DataFrame({"g": ["a", "a", "b"], "x": [1.0, 3.0, 5.0]})
    >>> between_within(frame, "x", "g")[["b_x", "w_x"]].to_numpy().tolist()
    [[2.0, -1.0], [2.0, 1.0], [5.0, 0.0]]

    References
    ----------
    Bell, A. & Jones, K. (2015). Explaining fixed effects: random effects modeling of time-series
    cross-sectional and panel data. *Political Science Research and Methods* 3(1), 133-153.
    """
    pair = isinstance(prefixes, tuple | list) and len(prefixes) == 2 and all(isinstance(each, str) for each in prefixes)
    if not pair or prefixes[0] == prefixes[1]:
        raise ArgumentError(f"prefixes are two different texts; got {brief(prefixes)}.")
    frame, parts = _split(df, cols, by)
    new: dict[str, np.ndarray] = {}
    like: dict[str, str] = {}
    for k, prefix in enumerate(prefixes):
        new |= {f"{prefix}{name}": values[k] for name, values in parts.items()}
        like |= {f"{prefix}{name}": name for name in parts}
    if len(new) < 2 * len(parts):
        raise ArgumentError(f"With the prefixes {prefixes!r}, two of the new columns have the same name.")
    return frame.with_columns(new, like)


def _split(
    df: Any, cols: str | Sequence[str], by: str | Sequence[str]
) -> tuple[Native, dict[str, tuple[np.ndarray, np.ndarray]]]:
    """Return the frame, and for each of the columns its group means and the deviations from them, (n,) each."""
    columns, groups = _names(cols, "cols"), _names(by, "by")
    frame = Native(df)
    both = [name for name in columns if name in groups]
    read = {name: frame.column(name) for name in dict.fromkeys([*columns, *groups])}
    if both:
        raise DataError(f"Column {both[0]!r} cannot be centred within groups of itself.")
    numbers = {name: read[name].numbers() for name in columns}
    codes, count = _groups([read[name] for name in groups])
    means = {name: _group_means(values, codes, count) for name, values in numbers.items()}
    return frame, {name: (means[name], numbers[name] - means[name]) for name in columns}


def _names(names: str | Sequence[str], argument: str) -> list[str]:
    found = [names] if isinstance(names, str) else listed(names, any_order=True)
    if not found:
        raise DataError(f"Name at least one column and one grouping column; {argument} is {names!r}.")
    for name in found:
        if not isinstance(name, Hashable):
            raise DataError(f"{argument} are names of columns; {name!r} is none.")
    return found


def _groups(columns: list[Column]) -> tuple[np.ndarray, int]:
    """Codes of the combinations of values that occur, -1 where one of them is missing, and how many there are."""
    codes, first = columns[0].levels(sort=False)
    count = len(first)
    for column in columns[1:]:
        inner, levels = column.levels(sort=False)
        both = np.where((codes < 0) | (inner < 0), -1, codes * len(levels) + inner)
        codes, found = pd.factorize(np.where(both < 0, np.nan, both))  # codes again below the number of rows
        count = len(found)
    return codes, count


def _group_means(values: np.ndarray, codes: np.ndarray, count: int) -> np.ndarray:
    """Mean of each row's group over its values that are not missing, shape (n,); NaN where there is none."""
    known = (codes >= 0) & ~np.isnan(values)
    own = codes[known]
    sizes = np.bincount(own, minlength=count)
    means = np.full(count + 1, np.nan)  # the last one, for codes of -1, stays NaN
    filled = np.flatnonzero(sizes)
    means[filled] = np.bincount(own, values[known] / sizes[own], count)[filled]
    # once more, of the deviations: what a long sum has lost to rounding
    means[filled] += np.bincount(own, values[known] - means[own], count)[filled] / sizes[filled]
    return means[codes]
