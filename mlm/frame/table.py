"""Columns of a data frame, of whatever kind, fetched once each."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from ..errors import DataError, suggest
from .kinds import plain_missing, value_of
from .values import Numbers, Value

__all__ = ["Table", "as_numbers"]

LISTED = 12  # names of columns that a message shows
# How frames that have not been computed yet become data, by the module their class comes from.
COLLECT = {
    "polars": ".collect()",
    "dask": ".compute()",
    "duckdb": ".df()",
    "pyspark": ".toPandas()",
    "sqlframe": ".toPandas()",
    "ibis": ".to_pandas()",
}


class Table:
    """A thin face on a data frame of any kind, which fetches and copies the columns that are asked for, once each.

    Parameters
    ----------
    frame : pandas.DataFrame or narwhals.DataFrame
    names : dict of str to object
        The frame's name of each column, by its text: a column may be called 1.
    n : int
        Number of rows.
    index : pandas.Index
        Labels of the rows.
    """

    __slots__ = ("_columns", "_values", "frame", "index", "n", "names")

    def __init__(self, frame: Any, names: dict[str, Any], n: int, index: pd.Index) -> None:
        self.frame, self.names, self.n, self.index = frame, names, n, index
        self._columns: dict[str, pd.Series] = {}
        self._values: dict[str, Value] = {}

    @classmethod
    def of(cls, data: Any, whose: str = "The data") -> Table:
        """Take data of any kind for a table; no column is touched yet.

        Parameters
        ----------
        data : data frame or mapping
            pandas, or any eager frame that narwhals knows, or a mapping of columns.
        whose : str
            What messages call them.

        Raises
        ------
        DataError
            When the data are not a data frame, or have no rows.
        """
        if isinstance(data, Table):
            return data
        if isinstance(data, pd.DataFrame):
            frame, index = data, data.index
        elif isinstance(data, Mapping):
            frame, index = _from_mapping(data, whose)
        else:
            frame = _eager(data, whose)
            index = pd.RangeIndex(frame.shape[0])
        if not len(index):
            raise DataError(f"{whose} have no rows.")
        return cls(frame, _named(frame), len(index), index)

    def demand(self, names: Iterable[str], whose: str = "The data", user: str = "the formula") -> None:
        """Raise unless all these columns are there, once each.

        Raises
        ------
        DataError
            Naming every column that is missing, or one that is there twice.
        """
        absent = [name for name in dict.fromkeys(names) if name not in self.names]
        if absent:
            raise DataError(self._absence(absent, whose, user))
        if isinstance(self.frame, pd.DataFrame) and not self.frame.columns.is_unique:
            for name in names:
                times = int((self.frame.columns == self.names[name]).sum())
                if times > 1:
                    raise DataError(f"{whose} have {times} columns {name!r}; rename or drop all but one.")

    def _absence(self, absent: list[str], whose: str, user: str) -> str:
        known = list(self.names)
        if isinstance(self.frame, pd.DataFrame) and self.frame.columns.nlevels > 1:
            return (
                f"The columns of {whose.lower()} have names of {self.frame.columns.nlevels} levels; give them plain "
                "names first, for example frame.columns = ['_'.join(name) for name in frame.columns]."
            )
        listed = ", ".join(known[:LISTED]) + (" …" if len(known) > LISTED else "")
        near = "".join(_alike(name, known) or suggest(name, known) for name in absent[:3])
        which = f"column {absent[0]!r}, which" if len(absent) == 1 else f"columns {', '.join(map(repr, absent))}, which"
        return f"{whose} have no {which} {user} uses.{near} They have {len(known)} columns: {listed}."

    def __contains__(self, name: str) -> bool:
        return name in self.names

    def raw(self, name: str) -> pd.Series:
        """Return a column as pandas has it: with the type that it has in the frame."""
        column = self._columns.get(name)
        if column is None:
            found = self.frame[self.names[name]]
            column = self._columns[name] = found if isinstance(found, pd.Series) else series(found)
        return column

    def value(self, name: str) -> Value:
        """Return a column as the kind of value it is; its values are copied."""
        value = self._values.get(name)
        if value is None:
            column = self.raw(name)
            dtype = column.dtype
            plain = type(dtype) is not np.dtype or dtype.kind not in "fiu"
            value = self._values[name] = value_of(column, name) if plain else Numbers(column.to_numpy(copy=True))
        return value


def _named(frame: Any) -> dict[str, Any]:
    """The columns' names by their text; a name that is text goes before one that only reads like it."""
    columns = list(frame.columns)
    names = {name: name for name in columns if isinstance(name, str)}
    if len(names) < len(columns):
        names |= {str(name): name for name in columns if str(name) not in names and not isinstance(name, tuple)}
    return names


def _alike(name: str, known: list[str]) -> str:
    """Point out a name that looks the same and is written with other signs: µ and μ, e and ´."""
    folded = unicodedata.normalize("NFKC", name)
    twins = [other for other in known if unicodedata.normalize("NFKC", other) == folded]
    if not twins:
        return ""
    signs = next(f"U+{ord(b):04X} for U+{ord(a):04X}" for a, b in zip(name + " ", twins[0] + " ", strict=False) if a != b)
    return f" There is a {twins[0]!r}, which looks the same and is written with other signs ({signs})."


def _eager(data: Any, whose: str) -> nw.DataFrame:
    """Wrap a frame that narwhals knows, or say what is the matter with it."""
    native = nw.from_native(data, pass_through=True)
    if isinstance(native, nw.LazyFrame):
        kind = type(data)
        call = next((call for module, call in COLLECT.items() if kind.__module__.startswith(module)), ".collect()")
        raise DataError(f"{whose} have not been computed yet ({kind.__name__}): call {call} first.")
    if not isinstance(native, nw.DataFrame):
        raise DataError(f"{whose.replace('The', 'The', 1)} must be a data frame or a mapping of columns; got {type(data).__name__}.")
    return native


def _from_mapping(data: Mapping[str, Any], whose: str) -> tuple[pd.DataFrame, pd.Index]:
    """Make a frame of columns of one length; labels of rows are those of the columns, where they have any."""
    lengths = {name: len(values) if np.ndim(values) or isinstance(values, pd.Categorical) else None for name, values in data.items()}
    if len(set(lengths.values())) > 1 or None in lengths.values():
        listed = ", ".join(f"{name} {'a single value' if k is None else k}" for name, k in lengths.items())
        raise DataError(f"The columns of the data must have one length; they have: {listed}.")
    indexes = [values.index for values in data.values() if isinstance(values, pd.Series)]
    if any(not index.equals(indexes[0]) for index in indexes[1:]):
        raise DataError(f"The columns of {whose.lower()} are labelled differently; align them in a data frame first.")
    flat = {name: values for name, values in data.items() if np.ndim(values) < 2}
    index = indexes[0] if indexes else pd.RangeIndex(next(iter(lengths.values()), 0) or 0)
    columns = {name: nw.from_native(v, series_only=True, pass_through=True) for name, v in flat.items()}
    return pd.DataFrame(
        {k: series(v).set_axis(index) if isinstance(v, nw.Series) and not isinstance(flat[k], pd.Series) else flat[k] for k, v in columns.items()},
        index=index,
    ), index


def series(column: nw.Series) -> pd.Series:
    """Bring a column of polars, pyarrow … to pandas, without a detour through floats for whole numbers."""
    dtype, absent = column.dtype, column.is_null().to_numpy()
    if dtype in (nw.Categorical, nw.Enum):
        return _categories(column)
    if dtype.is_integer() and absent.any():
        return pd.Series(pd.arrays.IntegerArray(column.fill_null(0).to_numpy().copy(), absent.copy()))
    if dtype == nw.Boolean and absent.any():
        return pd.Series(pd.arrays.BooleanArray(column.fill_null(False).to_numpy().copy(), absent.copy()))
    if dtype.is_decimal():
        return pd.Series(column.cast(nw.Float64).to_numpy())
    if dtype in (nw.Date, nw.Datetime):
        return pd.Series(pd.to_datetime(pd.Series(column.to_list())))
    if dtype == nw.String:
        return pd.Series(np.array(column.to_list(), dtype=object), dtype=object)
    return pd.Series(column.to_numpy())


def _categories(column: nw.Series) -> pd.Series:
    """Categories in the order that was declared; one that only records which came first (polars' Categorical) is none."""
    declared = column.cat.get_categories().to_list()
    native = column.to_native()
    ordered = bool(getattr(getattr(native, "type", None), "ordered", False))
    levels = declared if ordered or column.dtype == nw.Enum else sorted(declared)
    return pd.Series(pd.Categorical(column.cast(nw.String).to_list(), levels, ordered=ordered))


def as_numbers(values: Any, what: str, length: int | None = None) -> np.ndarray:
    """Turn values from outside of a frame into an array of floats of their own; what is missing or masked is NaN.

    Parameters
    ----------
    values : array_like
    what : str
        What messages call them.
    length : int, optional
        How many there must be.

    Raises
    ------
    DataError
        When they are words, dates, complex numbers, or of another shape.
    """
    native = nw.from_native(values, series_only=True, pass_through=True)
    if isinstance(native, nw.Series):
        column = native.to_native() if isinstance(values, pd.Series) else series(native)
        found = value_of(column, what)
        numbers = np.array(getattr(found, "values", np.nan), dtype=float) if _is_numeric(found) else None
    else:
        numbers = _plain_numbers(values)
    if numbers is None:
        raise DataError(f"{what} must be numbers; got {_example(values)}.")
    if length is not None and numbers.shape != (length,):
        raise DataError(f"{what} must be one number a row: {length}; got {numbers.shape}.")
    return numbers


def _is_numeric(value: Value) -> bool:
    return type(value).__name__ in ("Numbers", "Truth")


def _plain_numbers(values: Any) -> np.ndarray | None:
    """Floats of an array or a sequence, None where it holds anything else."""
    try:
        array = values if isinstance(values, np.ndarray) else np.asarray(values)
    except ValueError:
        return None
    if array.dtype.kind == "O":
        absent = plain_missing(array)
        array = np.where(absent, np.nan, array)
        if any(isinstance(v, str | bytes | complex) for v in array.ravel()):
            return None
    elif array.dtype.kind not in "fiub":
        return None
    try:
        numbers = np.array(array, dtype=float)
    except (TypeError, ValueError):
        return None
    mask = np.ma.getmaskarray(values) if isinstance(values, np.ma.MaskedArray) else None
    if mask is not None:
        numbers = np.where(mask, np.nan, np.asarray(np.ma.getdata(values), dtype=float))
    return numbers


def _example(values: Any) -> str:
    array = np.asarray(values, dtype=object)
    shown = ", ".join(repr(v) for v in array.ravel()[:2])
    return f"{getattr(getattr(values, 'dtype', None), 'name', type(values).__name__)} ({shown} …)"


def names_of(nodes: Sequence[str]) -> tuple[str, ...]:
    """Drop repetitions."""
    return tuple(dict.fromkeys(nodes))
