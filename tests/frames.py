"""The same columns in frames of every kind, and what a frame holds as plain lists.

Columns are lists in which None and NaN both mean missing: None becomes what the library has for it (null, NA, a masked
entry, NaN where there is nothing else), and a NaN stays a NaN where the library tells the two apart.
"""

import math

import numpy as np
import pandas as pd
import pytest


def _numbers(values):
    return np.array([math.nan if v is None else v for v in values], dtype=float)


def _holds_floats(values):
    return all(v is None or isinstance(v, float) for v in values)


def numpy_backed(columns):
    """Floats with NaN, everything else as objects with None."""
    return pd.DataFrame(
        {k: _numbers(v) if _holds_floats(v) else np.array(v, dtype=object) for k, v in columns.items()},
        index=pd.Index(range(10, 10 + len(next(iter(columns.values())))), name="row"),
    )


def objects(columns):
    """Objects, with NaN, None and pandas.NA in turn."""
    some = [None, pd.NA, math.nan]
    return pd.DataFrame(
        {
            k: pd.Series([some[i % 3] if u is None or u != u else u for i, u in enumerate(v)], dtype=object)
            for k, v in columns.items()
        }
    )


def nullable(columns):
    """Nullable types; NaN is a value in Float64."""
    made = {}
    for name, values in columns.items():
        if _holds_floats(values):
            absent = np.array([v is None for v in values])
            made[name] = pd.arrays.FloatingArray(_numbers(values), absent)
        elif all(v is None or type(v) is int for v in values):  # by hand: pandas converts them by way of floats
            absent = np.array([v is None for v in values])
            made[name] = pd.arrays.IntegerArray(np.array([v or 0 for v in values], dtype=np.int64), absent)
        else:
            made[name] = pd.Series(values, dtype=object).convert_dtypes().array
    return pd.DataFrame(made)


def arrow_backed(columns):
    """Columns of pandas that Arrow holds; NaN is a value."""
    arrow = pytest.importorskip("pyarrow")
    return pd.DataFrame({k: pd.arrays.ArrowExtensionArray(arrow.array(v)) for k, v in columns.items()})


def polars(columns):
    return pytest.importorskip("polars").DataFrame(columns)


def pyarrow(columns):
    arrow = pytest.importorskip("pyarrow")
    return arrow.table({k: arrow.array(v) for k, v in columns.items()})


def lists(columns):
    return {k: list(v) for k, v in columns.items()}


def masked(columns):
    """Masked arrays; NaN is a value that is not masked, and behind the mask stand numbers."""
    made = {}
    for name, values in columns.items():
        absent = [v is None for v in values]
        if _holds_floats(values):
            made[name] = np.ma.array([-99.0 if v is None else v for v in values], mask=absent)
        else:
            other = next(v for v in values if v is not None)
            made[name] = np.ma.array([other if v is None else v for v in values], mask=absent)
    return made


KINDS = [numpy_backed, objects, nullable, arrow_backed, polars, pyarrow, lists, masked]
kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


def listed(frame, name):
    """A column as a list; None where it is missing as its library has it, NaN where NaN is a value to it."""
    column = frame[name]
    if hasattr(column, "to_pylist"):
        return column.to_pylist()
    if isinstance(column, pd.Series):
        if isinstance(column.dtype, np.dtype):
            return [None if v != v else v for v in column.tolist()]
        return column.to_numpy(dtype=object, na_value=None).tolist()
    if isinstance(column, np.ndarray):
        return [None if v != v else v for v in column.tolist()]
    return column.to_list()


def agree(found, expected):
    """Whether values are missing in the same places, and equal but for a few units of the last place elsewhere."""
    assert [v is None for v in found] == [v is None for v in expected]
    present = [v for v in expected if v is not None]
    assert [v for v in found if v is not None] == pytest.approx(present, rel=1e-15, abs=1e-15)


def unchanged(frame):
    """What must be as before, afterwards: all the values, as text."""
    names = next((getattr(frame, k) for k in ("column_names", "columns") if hasattr(frame, k)), frame)
    return {name: str(frame[name]) for name in names}
