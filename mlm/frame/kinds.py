"""Which kind of value a column is: decided by its type, or, for Python objects, by what they all are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..errors import DataError
from .column import Column
from .values import Category, Numbers, Other, Truth, Value

__all__ = ["sorted_levels", "value_of"]

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
        return Numbers(_spread(present, absent))
    if kind in "fiu" or "decimal" in str(dtype):
        return _numbers(present, absent)
    if kind == "V":
        raise DataError(
            f"{column.what} holds records (dtype {column.dtype}); give each field a column of its own first."
        )
    if kind in DATES:
        return Other(_with_gaps(present, absent), f"{DATES[kind]} ({column.dtype})")
    return _objects(column)


def _spread(present: pd.Series, absent: np.ndarray) -> np.ndarray:
    """Floats (n,) of the values that are there, NaN where they are not."""
    numbers = np.full(len(absent), np.nan)
    numbers[~absent] = present.to_numpy(dtype=float)
    return numbers


def _numbers(present: pd.Series, absent: np.ndarray) -> Numbers:
    kind = getattr(present.dtype, "kind", "O")
    if kind not in "iu":
        return Numbers(_spread(present, absent))
    whole = present.to_numpy(dtype=np.uint64 if kind == "u" else np.int64)
    if not absent.any():
        return Numbers(whole.copy())
    exact = np.zeros(len(absent), dtype=whole.dtype)
    exact[~absent] = whole
    return Numbers(_spread(present, absent), pd.arrays.IntegerArray(exact, absent.copy()))


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
    if holds == "mixed-integer-float" or holds == "decimal":
        return Numbers(_spread(present, absent))
    if holds in ("string", "interval", "period"):
        codes = np.full(len(absent), -1, dtype=np.intp)
        # as Python objects, strings are told apart three times as quickly as in pandas' own type around them
        python = getattr(present.dtype, "storage", "") == "python"
        codes[~absent], levels = sorted_levels(present.to_numpy(dtype=object) if python else present)
        return Category(codes, pd.Index(levels), text=holds == "string")
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
