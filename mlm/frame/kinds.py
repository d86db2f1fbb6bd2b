"""Which kind of value a column is: decided by its type, or, for Python objects, by what they all are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .values import Category, Numbers, Other, Truth, Value

__all__ = ["plain_missing", "sorted_levels", "value_of"]

# What pandas calls the contents of a column of Python objects, by the kind of value that they make.
NUMBER_OBJECTS = ("integer", "floating", "mixed-integer-float", "decimal")
DATES = ("datetime64", "datetime", "date", "timedelta64", "timedelta", "time")


def value_of(column: pd.Series, name: str) -> Value:
    """Return a pandas column as the kind of value it is, with values of its own.

    Numbers of every type are numbers; truth values are; text, categories, intervals and periods are categories; the
    rest, dates among it, can only be grouped by.
    """
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        codes = column.cat.codes.to_numpy(dtype=np.intp, copy=True)
        return Category(codes, column.cat.categories, bool(dtype.ordered))
    if isinstance(dtype, pd.SparseDtype):
        return value_of(pd.Series(np.asarray(column), column.index), name)
    if isinstance(dtype, np.dtype):
        return _numpy_value(column, dtype)
    if isinstance(dtype, pd.PeriodDtype | pd.IntervalDtype):
        return _factorized(column)
    return _extension_value(column, dtype)


def _numpy_value(column: pd.Series, dtype: np.dtype) -> Value:
    if dtype.kind in "fiu":
        return Numbers(column.to_numpy(copy=True))
    if dtype.kind == "b":
        return Truth(column.to_numpy().astype(float))
    if dtype.kind in "Mm":
        return Other(column.to_numpy(copy=True), f"{'dates' if dtype.kind == 'M' else 'time differences'} ({dtype})")
    if dtype.kind == "O":
        return _objects(column)
    return Other(column.to_numpy(copy=True), f"{'complex numbers' if dtype.kind == 'c' else 'values'} ({dtype})")


def _extension_value(column: pd.Series, dtype: Any) -> Value:
    """Values of pandas' own types and of Arrow's; a NaN in them is missing as well."""
    kind = dtype.kind
    if _is_text(dtype):
        return _factorized(column)
    if "decimal" in str(dtype):
        return Numbers(np.array(column.to_numpy(dtype=object, na_value=np.nan), dtype=float))
    if kind in "iu" and not column.isna().any():
        return Numbers(column.to_numpy(dtype=np.dtype(f"{kind}8")).copy())
    if kind in "iu":
        exact = column.array if hasattr(dtype, "numpy_dtype") and not isinstance(dtype, pd.ArrowDtype) else pd.array(column, dtype="UInt64" if kind == "u" else "Int64")
        return Numbers(column.to_numpy(dtype=float, na_value=np.nan).copy(), exact.copy())
    if kind == "f":
        return Numbers(column.to_numpy(dtype=float, na_value=np.nan).copy())
    if kind == "b":
        return Truth(column.to_numpy(dtype=float, na_value=np.nan).copy())
    if "dictionary" in str(dtype):
        return value_of(column.astype("category"), str(column.name))
    if kind in "Mm":
        return Other(column.array, f"{'dates' if kind == 'M' else 'time differences'} ({dtype})")
    return _objects(column.astype(object))


def _is_text(dtype: Any) -> bool:
    return isinstance(dtype, pd.StringDtype) or str(dtype) in ("string[pyarrow]", "large_string[pyarrow]")


def _objects(column: pd.Series) -> Value:
    """Kind of a column of Python objects."""
    holds = pd.api.types.infer_dtype(column, skipna=True)
    absent = np.asarray(column.isna())
    if holds == "empty":
        return Numbers(np.full(len(column), np.nan))
    if holds in NUMBER_OBJECTS:
        exact = pd.array(column, dtype="Int64") if holds == "integer" and _fits(column) else None
        if exact is not None and not absent.any():
            return Numbers(exact.to_numpy(dtype=np.int64))
        return Numbers(np.array(column.where(~absent, np.nan), dtype=float), exact)
    if holds == "boolean":
        return Truth(np.array(column.where(~absent, np.nan), dtype=float))
    if holds in ("string", "interval", "period"):
        return _factorized(column)
    what = f"{'dates' if holds in DATES else holds} values"
    return Other(column.to_numpy(copy=True), f"{what} (dtype {column.dtype})")


def _fits(column: pd.Series) -> bool:
    present = column.dropna()
    return bool(present.map(lambda v: -(2**63) <= v < 2**63).all())


def _factorized(column: pd.Series) -> Category:
    # as Python objects, strings are told apart three times as quickly as by pandas' own type around them
    python = str(getattr(column.dtype, "storage", "")) == "python"
    kept = column.to_numpy(dtype=object, na_value=None) if python else column
    codes, levels = pd.factorize(kept, sort=True)
    return Category(np.asarray(codes, dtype=np.intp), levels if isinstance(levels, pd.Index) else pd.Index(levels))


def sorted_levels(values: Any) -> tuple[np.ndarray, Any]:
    """Codes and sorted levels of any values; -1 for missing ones.

    Raises
    ------
    TypeError
        When the values cannot be told apart.
    """
    codes, levels = pd.factorize(values, sort=True)
    return np.asarray(codes, dtype=np.intp), levels


def plain_missing(values: np.ndarray) -> np.ndarray:
    """Which Python objects are missing."""
    return np.asarray(pd.isna(values))
