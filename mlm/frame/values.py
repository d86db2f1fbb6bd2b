"""What an expression can be: numbers, truth values, a category, several columns, or a constant.

The kind of a column is decided here once, from its type and never from the rows that happen to be there.
Missing is NaN in numbers and truth values, and the code -1 in categories.
"""

from __future__ import annotations

import datetime
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..language.tree import Number, spell

__all__ = [
    "EXACT",
    "NUMERIC",
    "ROWS",
    "Category",
    "Constant",
    "Matrix",
    "Numbers",
    "Other",
    "Truth",
    "Value",
    "label",
    "missing",
    "surely_complete",
    "surely_finite",
]


# Numbers up to which a product of vectors is quickest; OpenBLAS shares longer ones out to threads, which wait for each
# other: of 31,648 rows, on two busy cores, 2 ms for 10 µs.
ONE_THREAD = 10_000
EXACT = 2**53  # from here on, floats do not tell whole numbers apart


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """Numbers (n,), as they are stored or as floats; NaN where they are missing.

    `exact` has whole numbers, which floats do not tell apart above 2^53: with missing ones among them as pandas does,
    beyond 64 bits as Python does. `total` is the sum of the values, where it was found on the way.
    """

    values: np.ndarray
    exact: Any = None
    total: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """Truth values (n,) as floats: 1 true, 0 false, NaN missing."""

    values: np.ndarray

    @property
    def codes(self) -> np.ndarray:
        """Their positions among False and True, -1 where they are missing."""
        return np.nan_to_num(self.values, nan=-1.0).astype(np.intp)


@dataclass(frozen=True, slots=True, eq=False)
class Category:
    """A category, R's factor.

    Attributes
    ----------
    codes : ndarray of int, shape (n,)
        Position of each row's level, -1 where it is missing.
    levels : pandas.Index or ndarray, shape (levels,)
        The levels' values, in their order.
    ordered : bool
        Whether the order means something; such categories get polynomial contrasts.
    contrast : str, ndarray of shape (levels, columns), pandas.DataFrame or None
        How it is coded, where the formula says so.
    text : bool
        Whether it holds text, which has no codes: as.numeric() then reads the words.
    """

    codes: np.ndarray
    levels: Any
    ordered: bool = False
    contrast: Any = None
    text: bool = False

    @property
    def labels(self) -> tuple[str, ...]:
        """The levels as R prints them."""
        return tuple(label(value) for value in self.levels)


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """Several columns (n, k) with their names: polynomials, splines; missing is NaN."""

    values: np.ndarray
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Other:
    """A column that can be grouped by but not computed with: dates, objects.

    `what` says what it holds.
    """

    values: Any
    what: str

    def remedy(self, name: str) -> str:
        """How a column of this kind becomes one that can be computed with."""
        column = f"data[{name!r}]"
        if self.what.startswith("dates"):
            return f"make numbers of it, such as days: ({column} - {column}.min()).dt.days"
        if self.what.startswith("time differences"):
            return f"make numbers of it, such as seconds: {column}.dt.total_seconds()"
        if self.what.startswith("complex"):
            return f"take its real part first: {column}.to_numpy().real"
        if self.what.startswith("values of type date"):
            return f"make numbers of it, such as days: days = pandas.to_datetime({column}), (days - days.min()).dt.days"
        return f"convert it first, for example with {column}.astype(float) or .astype(str)"


ROWS = (Numbers, Truth, Category, Matrix, Other)  # what has one value per row
NUMERIC = (Numbers, Truth)

Constant = float | bool | str | tuple[Any, ...] | None
Value = Numbers | Truth | Category | Matrix | Other | Constant


def label(value: Any) -> str:
    """Write a level as R does: ``TRUE``, floats to 15 digits in the shorter notation, midnights as dates.

    Examples
    --------
    >>> [label(value) for value in ("a", 2.0, 1e5, 100000, True)]
    ['a', '2', '1e+05', '100000', 'TRUE']
    >>> label(datetime.timedelta(hours=1))
    '0 days 01:00:00'
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool | np.bool_):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float | np.floating):
        number = float(value) + 0.0  # no minus before zero
        return spell(Number(number)) if math.isfinite(number) else "NaN" if number != number else f"{number}".title()
    if isinstance(value, datetime.datetime | np.datetime64) and value is not pd.NaT:
        stamp = pd.Timestamp(value)
        return str(stamp.date()) if stamp == stamp.normalize() else str(stamp)
    if isinstance(value, datetime.timedelta | np.timedelta64):
        return str(pd.Timedelta(value))
    return str(value)


def surely_finite(value: Numbers) -> bool:
    """Whether no number is missing or infinite, as far as one sum tells: it does not where that is too large."""
    values, total = value.values, value.total
    if values.dtype.kind != "f":
        return True
    if total is None and len(values) > ONE_THREAD:
        with np.errstate(all="ignore"):
            total = np.add.reduce(values)
    return math.isfinite(np.vdot(values, values) if total is None else total)


def surely_complete(value: Value) -> bool:
    """Whether it is a category or numbers, nothing is missing, and no number infinite: see `surely_finite`."""
    if isinstance(value, Category):
        return bool(np.minimum.reduce(value.codes) >= 0)
    return isinstance(value, Numbers) and surely_finite(value)


def missing(value: Value) -> np.ndarray | None:
    """Which rows of a value are missing; None where none is."""
    if isinstance(value, Category):
        absent = value.codes < 0
    elif isinstance(value, NUMERIC) and value.values.dtype.kind == "f":
        absent = np.isnan(value.values)
    elif isinstance(value, Matrix):
        absent = np.isnan(value.values).any(axis=1)
    elif isinstance(value, Other):
        absent = np.asarray(pd.isna(value.values))
    else:
        return None
    return absent if absent.any() else None
