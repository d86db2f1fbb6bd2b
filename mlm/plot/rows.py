"""The rows that a figure is drawn from: complete ones, their groups in an order that readers expect, bins, lines."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..errors import MOST_COUNT, ArgumentError, DataError, brief, is_count, is_number, listed
from ..frame.column import Column, complete_rows
from ..frame.native import Native

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = [
    "NO_VARIANCE",
    "Rows",
    "bin_edges",
    "by_group",
    "complete",
    "demand_names",
    "is_ordered",
    "least_squares_line",
    "natural",
    "spaced",
]

NO_VARIANCE = "variance 0: all are 0"
"""What is said of effects whose variance is estimated as 0."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Complete rows of a data frame.

    Attributes
    ----------
    table : DataFrame, shape (rows, columns)
        Numbers by the part they play, and ``group``, a category.
    dates : bool
        Whether ``x`` are dates, in days since 1970 as matplotlib counts them.
    """

    table: pd.DataFrame
    dates: bool


def complete(data: Any, by: str, x: str, **numeric: str) -> Rows:
    """Read columns of any data frame, complete rows only; one warning says how many are left out.

    Parameters
    ----------
    data : data frame or mapping
    by : str
        The grouping column, which becomes ``group``, a category: sorted as :func:`natural` says, or in the order of
        the categories.
    x : str
        Column of numbers or dates.
    **numeric : str
        Columns of numbers by the name that they are to have.

    Raises
    ------
    ArgumentError
        When a name is none.
    DataError
        When a column does not exist, is not numeric or has infinite values, no row is complete, or the data are no
        data frame or not computed yet.

    Warns
    -----
    MissingRowsWarning
    """
    frame = Native(data)
    names = {"x": x, **numeric}
    demand_names(*names.values(), by)
    columns = {name: frame.column(name) for name in (*names.values(), by)}
    days = _days(columns[x])
    values = {role: columns[name].numbers() for role, name in names.items() if role != "x" or days is None}
    values |= {} if days is None else {"x": days}
    codes, levels = columns[by].levels()
    used = complete_rows({name: column.absent for name, column in columns.items()})
    table = pd.DataFrame({role: values[role][used] for role in names})
    kept = levels.astype(str) if isinstance(levels, pd.DatetimeIndex) else levels  # short where dates are days
    shown = pd.Index(natural(kept.tolist(), is_ordered(columns[by].present)), dtype=kept.dtype)
    group = pd.Categorical.from_codes(codes[used], kept).reorder_categories(shown)
    return Rows(table.assign(group=group), days is not None)


def demand_names(*names: object) -> None:
    """Refuse what cannot be the name of a column.

    Raises
    ------
    ArgumentError
    """
    for name in names:
        if not isinstance(name, str | int | float | tuple):
            raise ArgumentError(f"A column is given by its name, a text; got {type(name).__name__}.")


def _days(column: Column) -> np.ndarray | None:
    """Dates as days since 1970, shape (n,), NaN where missing; None of what are not dates."""
    present = column.present
    if pd.api.types.is_object_dtype(present.dtype) or isinstance(present.dtype, pd.ArrowDtype):
        if pd.api.types.infer_dtype(present, skipna=False) not in ("date", "datetime", "datetime64"):
            return None
        present = pd.Series(pd.to_datetime(present.astype(object)))
    if not pd.api.types.is_datetime64_any_dtype(present.dtype) or not len(present):
        return None
    if present.dt.tz is not None:
        present = present.dt.tz_localize(None)
    days = np.full(len(column.absent), np.nan)
    days[~column.absent] = (present - pd.Timestamp(0)) / pd.Timedelta(days=1)
    return days


def is_ordered(values: Any) -> bool:
    """Whether the levels of a category have an order of their own: of a variable of a fit, or of a column."""
    return bool(getattr(values, "ordered", False) or getattr(getattr(values, "dtype", None), "ordered", False))


def natural(labels: Sequence[Any], ordered: bool = False) -> list[Any]:
    """Put text with numbers in it in the order of these: 1, 2, 10 and not 1, 10, 2.

    What is not text, text that stands in another order than a dictionary's, and what is said to be `ordered`, keeps its
    order: somebody chose it.

    Examples
    --------
    >>> natural(["item 1", "item 10", "item 2"]), natural(["low", "mid", "high"])
    (['item 1', 'item 2', 'item 10'], ['low', 'mid', 'high'])
    >>> natural(["-1", "0.25", "0.5", "10", "2"])
    ['-1', '0.25', '0.5', '2', '10']
    """
    found = list(labels)
    if ordered or not all(isinstance(each, str) for each in found) or found != sorted(found):
        return found
    try:
        return sorted(found, key=float)
    except ValueError:
        return sorted(found, key=_pieces)


def _pieces(text: str) -> list[Any]:
    """Text and numbers in turn; of a number its length and its digits, which has no limit."""
    pieces = re.split("([0-9]+)", text)
    return [(len(p.lstrip("0")), p.lstrip("0")) if k % 2 else p.casefold() for k, p in enumerate(pieces)]


def by_group(table: pd.DataFrame) -> Iterator[tuple[Any, pd.DataFrame]]:
    """Rows of each ``group`` that has some, in the order of the groups."""
    yield from table.groupby("group", observed=True, sort=True)


def bin_edges(values: np.ndarray, bins: int | ArrayLike) -> np.ndarray:
    """Edges of the bins: those given, or as many bins as asked for over the range of the values.

    Raises
    ------
    ArgumentError
        When `bins` is neither a positive whole number nor increasing edges.
    DataError
        When the values are further apart than floats reach.
    """
    if is_count(bins):
        return _even_edges(float(values.min()), float(values.max()), int(bins))
    given = listed(bins) or []
    edges = np.asarray(given) if all(map(is_number, given)) else np.empty(0)
    if edges.ndim != 1 or len(edges) < 2 or edges.dtype.kind not in "iuf" or not np.all(np.diff(edges) > 0):
        raise ArgumentError(
            f"bins must be a positive whole number up to {MOST_COUNT:,}, or two or more increasing edges; "
            f"got {brief(bins)}."
        )
    return edges.astype(float)


def _even_edges(low: float, high: float, count: int) -> np.ndarray:
    """Edges of bins of one width: over the range, or about it where floats do not have as many steps in it."""
    if not math.isfinite(high - low):
        raise DataError(f"The values reach from {low:g} to {high:g}, whose difference no float has; rescale them.")
    least = 2 * count * float(np.spacing(max(abs(low), abs(high))))
    if low == high:
        low, high = low - 0.5, high + 0.5
    if high - low < least:
        low, high = low - least / 2, high + least / 2
    return np.linspace(low, high, count + 1)


def least_squares_line(x: np.ndarray, y: np.ndarray) -> tuple[float, float] | None:
    """Return intercept and slope, or None when x does not vary."""
    if len(x) < 2 or np.ptp(x) == 0:
        return None
    across, up = x - x.mean(), y - y.mean()  # about the means, so that years and dates lose no digits
    squares = float(across @ across)
    if not squares:  # too small to be squared
        return None
    slope = float(across @ up) / squares
    return float(y.mean()) - slope * float(x.mean()), slope


def spaced(values: Iterable[float], points: int = 50) -> np.ndarray:
    """Return evenly spaced points over the range of the values."""
    array = np.asarray(list(values), dtype=float)
    return np.linspace(array.min(), array.max(), points)
