"""Centring and scaling before a fit: by two standard deviations, within groups, between and within."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from ..errors import DataError, suggest

__all__ = ["between_within", "center_within", "rescale"]

Frame = TypeVar("Frame")


def rescale(x: Any) -> Any:
    """Centre at the mean and divide by two standard deviations; a two-valued variable is only centred.

    Coefficients of rescaled numeric predictors are then comparable with those of untransformed 0/1
    predictors. Missing values are left out of the mean and the standard deviation and stay missing.

    Parameters
    ----------
    x : Series (pandas, polars, …) or array_like of shape (n,)
        Numbers or booleans.

    Returns
    -------
    Series or ndarray of float, shape (n,)
        Of the kind, index and name of `x`.

    Raises
    ------
    DataError
        When `x` is not numeric, not one-dimensional, infinite, or has no or one distinct value.

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
    native = nw.from_native(x, series_only=True, pass_through=True)
    if not isinstance(native, nw.Series):
        return _rescaled(np.asarray(x), "x")
    name = native.name or "x"
    values = _rescaled(_numbers(native, name), name)
    if isinstance(x, pd.Series):
        return pd.Series(values, index=x.index, name=x.name)
    result = nw.new_series(native.name, values, nw.Float64, backend=native.implementation)
    # Missing values are NaN in the array; polars and pyarrow mark them apart.
    return nw.maybe_align_index(result.fill_nan(None), native).to_native()


def _numbers(column: nw.Series, name: str) -> np.ndarray:
    if not (column.dtype.is_numeric() or column.dtype == nw.Boolean):
        raise DataError(f"Column {name!r} is not numeric (dtype {column.dtype}); convert it first.")
    return column.cast(nw.Float64).to_numpy()


def _rescaled(values: np.ndarray, name: str) -> np.ndarray:
    if values.ndim != 1:
        raise DataError(
            f"{name!r} must be one-dimensional; it has {values.ndim} dimensions: rescale each column alone."
        )
    try:
        numbers = values.astype(float)
    except (TypeError, ValueError) as error:
        raise DataError(f"{name!r} is not numeric (dtype {values.dtype}); convert it first.") from error
    present = numbers[~np.isnan(numbers)]
    infinite = int(np.isinf(present).sum())
    if infinite:
        raise DataError(f"{name!r} has {infinite} infinite values in {len(numbers)}; replace or filter them first.")
    distinct = len(np.unique(present))
    if distinct < 2:
        missing = len(numbers) - len(present)
        raise DataError(
            f"{name!r} has {distinct} distinct values in {len(numbers)} ({missing} missing); there is nothing"
            " to scale: leave the variable out."
        )
    # The missing value in a file written by R is a signalling NaN, which NumPy would report as invalid.
    with np.errstate(invalid="ignore"):
        centred = numbers - present.mean()
        return centred if distinct == 2 else centred / (2 * present.std(ddof=1))


def center_within(df: Frame, cols: str | Sequence[str], by: str | Sequence[str], *, suffix: str = "_cwc") -> Frame:
    """Add group-mean centred columns (centring within clusters).

    Parameters
    ----------
    df : data frame
        Anything that narwhals knows; n rows. It is not changed.
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
        of its group's non-missing values; missing where the value or the group is.

    Raises
    ------
    DataError
        When a column does not exist or is not numeric, or a new column's name is taken.

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
    frame, columns, groups = _checked(df, cols, by)
    mean = _group_means(frame, columns, groups)
    new = {f"{name}{suffix}": nw.col(name) - mean[name] for name in columns}
    return _added(frame, new)


def between_within(
    df: Frame, cols: str | Sequence[str], by: str | Sequence[str], *, prefixes: tuple[str, str] = ("b_", "w_")
) -> Frame:
    """Split columns into a between-group part (group mean) and a within-group part (deviation from it).

    Parameters
    ----------
    df : data frame
        Anything that narwhals knows; n rows. It is not changed.
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
        up to the column. Group means are over non-missing values.

    Raises
    ------
    DataError
        When a column does not exist or is not numeric, or a new column's name is taken.

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
    frame, columns, groups = _checked(df, cols, by)
    mean = _group_means(frame, columns, groups)
    between, within = prefixes
    new = {f"{between}{name}": mean[name] for name in columns}
    new |= {f"{within}{name}": nw.col(name) - mean[name] for name in columns}
    return _added(frame, new)


def _checked(df: Any, cols: str | Sequence[str], by: str | Sequence[str]) -> tuple[Any, list[str], list[str]]:
    """Return the narwhals frame and the two lists of names, after checking that all is there and numeric."""
    try:
        frame = nw.from_native(df)
    except TypeError as error:
        raise DataError(f"The data must be a data frame that narwhals knows; got {type(df).__name__}.") from error
    columns = [cols] if isinstance(cols, str) else list(cols)
    groups = [by] if isinstance(by, str) else list(by)
    schema = frame.collect_schema()
    for name in [*columns, *groups]:
        if name not in schema:
            raise DataError(f"The data have no column {name!r}.{suggest(name, schema)}")
    if not columns or not groups:
        raise DataError(f"Name at least one column and one grouping column; got {columns} by {groups}.")
    for name in columns:
        if name in groups:
            raise DataError(f"Column {name!r} cannot be centred within groups of itself.")
        if not (schema[name].is_numeric() or schema[name] == nw.Boolean):
            raise DataError(f"Column {name!r} is not numeric (dtype {schema[name]}); convert it first.")
    return frame, columns, groups


def _group_means(frame: Any, columns: list[str], groups: list[str]) -> dict[str, nw.Expr]:
    """Expressions for the mean of each column in its row's group; missing where the group is."""
    known = ~nw.any_horizontal(*(nw.col(name).is_null() for name in groups), ignore_nulls=False)
    return {name: nw.when(known).then(nw.col(name).mean().over(*groups)) for name in columns}


def _added(frame: Any, new: dict[str, nw.Expr]) -> Any:
    taken = [name for name in new if name in frame.collect_schema()]
    if taken:
        raise DataError(f"The data already have a column {taken[0]!r}; rename it, or name the new columns differently.")
    return frame.with_columns(**new).to_native()
