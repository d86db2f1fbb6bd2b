"""Columns of a data frame, of whatever kind, fetched once each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from ..errors import DataError, suggest

__all__ = ["Table", "as_numbers"]


class Table:
    """A thin face on a pandas data frame that remembers columns, their kinds and values: pandas makes them anew.

    Parameters
    ----------
    frame : pandas.DataFrame
    """

    __slots__ = ("_columns", "_kinds", "_values", "frame", "n")

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame, self.n = frame, len(frame)
        self._columns: dict[str, pd.Series] = {}
        self._kinds: dict[str, str] = {}
        self._values: dict[str, np.ndarray] = {}

    @classmethod
    def of(cls, data: Any, names: Iterable[str] | None = None) -> Table:
        """Bring data of any kind to a table.

        Parameters
        ----------
        data : data frame or mapping
            pandas, or any eager frame that narwhals knows, or a mapping of columns.
        names : iterable of str, optional
            The columns that will be asked for.

        Raises
        ------
        DataError
            When the data are not a data frame, have no rows, or lack one of the columns.
        """
        if isinstance(data, Table):
            return data
        if isinstance(data, Mapping):
            data = _from_mapping(data)
        names = None if names is None else list(names)
        if isinstance(data, pd.DataFrame):
            _demand_columns(names or [], data.columns)
        else:
            try:
                native = nw.from_native(data, eager_only=True)
            except TypeError:
                kind = type(data).__name__
                raise DataError(f"The data must be a data frame or a mapping of columns; got {kind}.") from None
            _demand_columns(names or [], native.columns)
            data = pd.DataFrame({n: _from_narwhals(native[n]) for n in names or native.columns})
        if not len(data):
            raise DataError("The data have no rows.")
        return cls(data)._with_numbers_found(data.columns if names is None else names)

    def _with_numbers_found(self, names: Iterable[str]) -> Table:
        """Give columns of Python objects that are all numbers a numeric type; they would count as categories."""
        found = {}
        for name in names:
            column = self[name] if isinstance(name, str) else None
            if isinstance(column, pd.Series) and self.kind(name) == "O" and column.dtype == object:
                numbers = column.infer_objects()
                if numbers.dtype != object:
                    found[name] = numbers
        return Table(self.frame.assign(**found)) if found else self

    def __contains__(self, name: str) -> bool:
        return name in self._columns or name in self.frame.columns

    def __getitem__(self, name: str) -> pd.Series:
        column = self._columns.get(name)
        if column is None:
            column = self._columns[name] = self.frame[name]
        return column

    def kind(self, name: str) -> str:
        """NumPy's letter for the kind of a column: f, i, u, b, O …, also for pandas' own types."""
        kind = self._kinds.get(name)
        if kind is None:
            kind = self._kinds[name] = self[name].dtype.kind
        return kind

    def is_number(self, name: str) -> bool:
        """Whether a column is there and holds real numbers (not truth values)."""
        return name in self and self.kind(name) in "fiu"

    def values(self, name: str) -> np.ndarray:
        """Values of a numeric column as they are stored; missing values of nullable types become NaN."""
        values = self._values.get(name)
        if values is None:
            column = self[name]
            plain = isinstance(column.dtype, np.dtype)
            values = column.to_numpy() if plain else column.to_numpy(dtype=float, na_value=np.nan)
            self._values[name] = values
        return values


def _demand_columns(names: list[str], known: Any) -> None:
    unique = known.is_unique if isinstance(known, pd.Index) else len(set(known)) == len(known)
    twice = [] if unique else [n for n in names if list(known).count(n) > 1]
    if twice:
        raise DataError(
            f"The data have {list(known).count(twice[0])} columns {twice[0]!r}; rename or drop all but one."
        )
    missing = [n for n in names if n not in known]
    if missing:
        listed = ", ".join(map(str, list(known)[:12]))
        raise DataError(
            f"The data have no column {missing[0]!r}, which the formula uses.{suggest(missing[0], known)}"
            f" They have {len(known)} columns: {listed}{' …' if len(known) > 12 else ''}."
        )


def _from_mapping(data: Mapping[str, Any]) -> pd.DataFrame:
    lengths = {name: len(values) if np.ndim(values) else None for name, values in data.items()}
    if len(set(lengths.values())) > 1 or None in lengths.values():
        listed = ", ".join(f"{name} {'a single value' if k is None else k}" for name, k in lengths.items())
        raise DataError(f"The columns of the data must have one length; they have: {listed}.")
    return pd.DataFrame(dict(data))


def _from_narwhals(column: nw.Series) -> pd.Series:
    values = pd.Series(column.to_numpy())
    if column.dtype in (nw.Categorical, nw.Enum):
        return values.astype(pd.CategoricalDtype(column.cat.get_categories().to_list()))
    return values


def as_numbers(values: Any, what: str) -> np.ndarray:
    """Turn values into an array of floats, or say what they are that cannot be."""
    try:
        return np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise DataError(f"{what} must be numbers: {error}.") from None
