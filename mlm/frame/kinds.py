"""Which kind of value a column is: decided by its type, or, for Python objects, by what they all are."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd

from ..errors import DataError
from .column import Column, are_numbers, demand_unicode
from .values import EXACT, Category, Numbers, Other, Truth, Value

__all__ = ["COUNTED_PER_ROW", "category_of", "levels_of", "sorted_levels", "value_of"]

# Combinations of levels (or integers of a range) a row up to which each has a place in a table, whether it occurs or
# not; where there are more, the rows are sorted (or hashed), in time and memory that do not grow with them. Measured on
# 1e4 and 1e6 rows: as fast as sorting at 3 to 8 a row, as hashing at 8 to 16; at 1 a row two to four times as fast.
COUNTED_PER_ROW = 4
# Rows of text up to which a look at each costs less than the calls around a table of all. Measured: a third of the time
# at 60 rows, as long at 1,000.
FEW_ROWS = 1000
USUAL_BYTES = (4, 8)  # of a float; pandas cannot look others up
LISTED_TYPES = 4  # types that a message shows
DATES = {"M": "dates", "m": "time differences", "c": "complex numbers"}


def value_of(column: Column) -> Value:
    """Return a column as the kind of value it is, with values of its own.

    Numbers of every type are numbers; truth values are; text, categories, intervals and periods are categories; the
    rest, dates among it, can only be grouped by.
    """
    present, absent = column.present, column.absent
    dtype = present.dtype
    kind = getattr(dtype, "kind", "O")
    if isinstance(dtype, pd.CategoricalDtype):
        codes = np.full(len(absent), -1, dtype=np.intp)
        codes[~absent] = present.cat.codes.to_numpy()
        return Category(codes, dtype.categories, bool(dtype.ordered))
    if kind == "b":
        return Truth(_spread(present, absent))
    if kind == "f" and isinstance(dtype, np.dtype) and dtype.itemsize not in USUAL_BYTES:
        exactly = [Fraction(*value.as_integer_ratio()) for value in present] if np.isfinite(present).all() else []
        return _numbers(pd.Series(exactly or present.astype(float), dtype=object if exactly else float), absent)
    if kind in "fiu" or "decimal" in str(dtype):
        return _numbers(present, absent)
    if kind == "V":
        raise DataError(
            f"{column.what} holds records (dtype {column.dtype}); give each field a column of its own first."
        )
    if kind in DATES:
        return Other(_with_gaps(present, absent), f"{DATES[kind]} ({column.dtype})")
    return _objects(column)


def category_of(values: Any, what: str) -> Value:
    """Return an array of pandas' categories, or of its text, as a category; numbers where all of a text is missing."""
    if isinstance(values, pd.Categorical):
        demand_unicode(values.categories.tolist(), what)
        return Category(values.codes.astype(np.intp), values.categories, bool(values.ordered))
    words = _words(values, what)
    return words if len(words.levels) else Numbers(np.full(len(values), np.nan))


def _words(values: Any, what: str) -> Category:
    """Text as a category of its words, sorted; what is missing has the code -1."""
    # as Python objects, strings are told apart three times as quickly as in pandas' own type around them
    python = getattr(values.dtype, "storage", "") == "python"
    told_apart = _few_words if python and len(values) <= FEW_ROWS else sorted_levels
    codes, levels = told_apart(values.to_numpy(dtype=object) if python else values)
    demand_unicode(levels, what)
    return Category(codes, levels if isinstance(levels, np.ndarray) else pd.Index(levels), text=True)


def _few_words(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What `sorted_levels` gives of strings as Python objects, in fewer calls than rows are worth."""
    words = values.tolist()
    levels = sorted([word for word in set(words) if isinstance(word, str)])
    place = dict(zip(levels, itertools.count()))
    return np.fromiter(map(place.get, words, itertools.repeat(-1)), np.intp, len(words)), np.array(levels, dtype=object)


def _spread(present: pd.Series, absent: np.ndarray) -> np.ndarray:
    """Floats (n,) of the values that are there, NaN where they are not."""
    return _in_their_rows(present.to_numpy(dtype=float), absent)


def _in_their_rows(values: Any, absent: np.ndarray, nothing: float | None = np.nan) -> np.ndarray:
    """Values (n,), and something else where they are missing: floats and NaN, Python's objects and None."""
    rows = np.full(len(absent), nothing)
    rows[~absent] = values
    return rows


def _numbers(present: pd.Series, absent: np.ndarray) -> Numbers:
    kind = getattr(present.dtype, "kind", "O")
    if kind in "iu":
        return _whole(present.to_numpy(dtype=np.uint64 if kind == "u" else np.int64), absent)
    floats = _spread(present, absent)
    if kind == "f":
        return Numbers(floats)
    whole = _whole_numbers(present) if (np.abs(floats) >= EXACT).any() else None
    if whole is None:
        values = list(present)
        apart = len(set(values)) == len(np.unique(floats[~absent]))
        return Numbers(floats, None if apart else _in_their_rows(values, absent, None))
    for dtype in (np.int64, np.uint64):
        if np.iinfo(dtype).min <= min(whole) and max(whole) <= np.iinfo(dtype).max:
            return _whole(np.array(whole, dtype=dtype), absent)
    return Numbers(floats, _in_their_rows(whole, absent, None))


def _whole_numbers(present: pd.Series) -> list[int] | None:
    """Decimals, fractions and other exact numbers as whole ones, where all are."""
    try:
        whole = [int(value) for value in present]
    except (OverflowError, ValueError):  # infinite
        return None
    return whole if all(one == value for one, value in zip(whole, present, strict=True)) else None


def _whole(whole: np.ndarray, absent: np.ndarray) -> Numbers:
    if not absent.any():
        return Numbers(whole.copy())
    exact = np.zeros(len(absent), dtype=whole.dtype)
    exact[~absent] = whole
    return Numbers(_in_their_rows(whole, absent), pd.arrays.IntegerArray(exact, absent.copy()))


def _with_gaps(present: pd.Series, absent: np.ndarray) -> Any:
    """The values as pandas has them, with missing ones in their places."""
    place = np.where(absent, -1, np.cumsum(~absent) - 1)
    values = present.array  # pandas 2.2 does not take from its own wrap around an array
    values = present.to_numpy() if isinstance(values, pd.arrays.NumpyExtensionArray) else values
    return pd.api.extensions.take(values, place, allow_fill=True)


def _objects(column: Column) -> Value:
    """Kind of a column of text or of Python objects."""
    present, absent = column.present, column.absent
    if not len(present):
        return Numbers(np.full(len(absent), np.nan))
    holds = "string" if isinstance(present.dtype, pd.StringDtype) else pd.api.types.infer_dtype(present, skipna=True)
    if holds not in ("string", "interval", "period", "boolean") and are_numbers(present):
        return _numbers(present, absent)
    if holds in ("string", "interval", "period"):
        codes, found = np.full(len(absent), -1, dtype=np.intp), _words(present, column.what)
        codes[~absent] = found.codes
        return Category(codes, found.levels, text=holds == "string")
    demand_unicode(present, column.what)
    return Other(_with_gaps(present, absent), _contents(present))


def _contents(present: pd.Series) -> str:
    """Say of which types Python objects are."""
    types = list(dict.fromkeys(type(value).__name__ for value in present))
    listed = ", ".join(types[:LISTED_TYPES]) + (" …" if len(types) > LISTED_TYPES else "")
    return f"values of type {listed}" if len(types) == 1 else f"values of several types ({listed})"


def sorted_levels(values: Any) -> tuple[np.ndarray, Any]:
    """Codes and sorted levels of any values; -1 for missing ones.

    Values that have no order, such as words and numbers together, are sorted by type and then by how they print.

    Raises
    ------
    TypeError
        When the values cannot be told apart.
    """
    try:
        codes, levels = pd.factorize(values, sort=True)
    except TypeError:  # some pairs of values have no order
        codes, levels = _sorted_by_type(*pd.factorize(values))
    return np.asarray(codes, dtype=np.intp), levels


def _sorted_by_type(codes: np.ndarray, levels: Any) -> tuple[np.ndarray, np.ndarray]:
    """Sort levels by the names of their types and by their texts."""
    order = sorted(range(len(levels)), key=lambda k: (type(levels[k]).__name__, str(levels[k])))
    place = np.append(np.argsort(order), -1)
    found = np.empty(len(levels), dtype=object)
    found[:] = [levels[k] for k in order]
    return place[codes], found


def levels_of(value: Any) -> tuple[np.ndarray, Any]:
    """Codes and levels of a column of any kind; -1 for missing values.

    Raises
    ------
    TypeError, ValueError, NotImplementedError
        When the values cannot be told apart.
    """
    if isinstance(value, Category):
        return value.codes, value.levels
    if isinstance(value, Truth):
        codes, levels = sorted_levels(value.values)
        return codes, np.asarray(levels) == 1
    if isinstance(value, Numbers) and value.exact is not None:
        codes, levels = sorted_levels(value.exact)
        within = isinstance(value.exact, pd.arrays.IntegerArray)
        return codes, levels.to_numpy(dtype=value.exact.dtype.numpy_dtype) if within else levels
    if isinstance(value, Numbers) and value.values.dtype.kind in "iu":
        return _factorize_integers(value.values)
    return sorted_levels(value.values)


def _factorize_integers(values: np.ndarray) -> tuple[np.ndarray, Any]:
    """As `pandas.factorize`, without hashing when the numbers lie close together."""
    low, high = int(np.minimum.reduce(values)), int(np.maximum.reduce(values))
    if high - low >= COUNTED_PER_ROW * len(values):
        return sorted_levels(values)
    wide = values.dtype.kind == "u" and values.dtype.itemsize == np.dtype(np.intp).itemsize  # has numbers beyond intp
    codes = (values - values.dtype.type(low)).astype(np.intp) if wide else np.subtract(values, low, dtype=np.intp)
    seen = np.zeros(high - low + 1, dtype=bool)
    seen[codes] = True
    present = seen.nonzero()[0]
    if len(present) < len(seen):
        codes = (seen.cumsum() - 1)[codes]
    return codes, present.astype(np.uint64) + np.uint64(low) if wide else present + low
