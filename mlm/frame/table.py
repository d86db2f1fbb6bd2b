"""The user's data as a fit and a prediction read them: column by column, each fetched once and of one kind."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from ..errors import DataError, counted, shorten, suggest
from ..language.tree import spell_name
from .column import Column
from .kinds import category_of, value_of
from .native import Native
from .values import Numbers, Value, surely_complete

__all__ = ["Table"]

SIGNS = re.compile(r"[^\w.]+")  # what parts a name that needs backticks into names that need none
# Types of numbers that can be worked with as NumPy stores them; floats of other sizes pandas cannot look up.
PLAIN = frozenset(map(np.dtype, ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8")))
# Rows that are copied at once: those of one column that a processor's cache holds between two looks at them.
PIECE_ROWS = 1 << 15
# Bytes of a column from which its memory would be given back to the system after each fit and asked for again in the
# next, page by page, and of the block that is freed once so that it is kept: the C library of Linux keeps up to twice
# the largest block that was freed, if that had 32 MB at most. Nothing is written to it, so that it takes no memory.
# Measured: a fit of 31,648 rows and 8 columns 7.5 ms without, 4.8 with, of 250,132 rows 26 and 15.
LARGE_BYTES, KEPT_BYTES = 1 << 16, 30_000_000
LISTED = 12  # names of columns that a message shows


class Table:
    """A data frame of any kind, of which the columns that are asked for are read, once each.

    Attributes
    ----------
    n : int
        Number of rows.
    index : pandas.Index
        Labels of the rows.
    unkept : frozenset of str
        Names of columns of which no model keeps the numbers, so that they need not be copied.
    """

    __slots__ = ("_columns", "_names", "_native", "_values", "index", "n", "unkept")

    def __init__(self, native: Native, index: pd.Index) -> None:
        self._native, self.index, self.n = native, index, len(index)
        self.unkept: frozenset[str] = frozenset()
        self._names: dict[str, Any] | None = None
        self._columns: dict[str, Any] = {}
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
        native = Native(data, whose)
        index = native.index
        if not len(index):
            raise DataError(f"{whose} have no rows.")
        return cls(native, index)

    def demand(self, wanted: Mapping[str, Iterable[str]], whose: str = "The data") -> None:
        """Raise unless all these columns are there, once each.

        Parameters
        ----------
        wanted : mapping of str to iterable of str
            Names of columns, by what uses them.
        whose : str

        Raises
        ------
        DataError
            Naming every column that is missing and what uses it, or one that is there twice.
        """
        unsure = [(name, user) for user, names in wanted.items() for name in names if not self._is_plain(name)]
        if not unsure:
            return
        native = self._native
        absent: dict[str, str] = {}
        for name, user in unsure:
            if name not in native.known and name not in self.names:
                absent.setdefault(name, user)
        if absent:
            raise DataError(self._absence(list(absent), whose, list(dict.fromkeys(absent.values()))))
        if native.has_twins:
            for name, _ in unsure:
                times = native.names.count(self.names[name])
                if times > 1:
                    raise DataError(f"{whose} have {times} columns {name!r}; rename or drop all but one.")

    def _is_plain(self, name: str) -> bool:
        """Whether a pandas frame has one column of this very name, which is fetched with the question."""
        data, known = self._native.data, self._native.known
        if name not in self._columns and isinstance(data, pd.DataFrame) and known is data.columns:
            try:
                column = data[name]
            except KeyError:
                return False
            if type(column) is pd.Series:
                self._columns[name] = column
        return name in self._columns

    def _absence(self, absent: list[str], whose: str, users: list[str]) -> str:
        known = list(self.names)
        given: list[Any] = self._native.names
        levels = {len(name) for name in given if isinstance(name, tuple)}
        if levels:
            return (
                f"The columns of {whose.lower()} have names of {max(levels)} levels; give them plain names first, for "
                "example frame.columns = ['_'.join(name) for name in frame.columns]."
            )
        listed = ", ".join(map(shorten, known[:LISTED])) + (" …" if len(known) > LISTED else "")
        near = "".join(self._hint(name, known) for name in absent[:3])
        which = f"column {absent[0]!r}" if len(absent) == 1 else f"columns {', '.join(map(repr, absent))}"
        use = f"{users[0]} uses" if len(users) == 1 else f"{', '.join(users[:-1])} and {users[-1]} use"
        return f"{whose} have no {which}, which {use}.{near} They have {counted(len(known), 'column')}: {listed}."

    def _hint(self, name: str, known: list[str]) -> str:
        """Say what a name that is not a column may mean: a column written otherwise, or the index."""
        index_names = getattr(self._native.data, "index", pd.Index([])).names if self._native.is_pandas else ()
        if name in index_names:
            return f" {name!r} is the name of the index: make it a column first, data.reset_index()."
        quoted = [other for other in known if spell_name(other) != other and name in SIGNS.split(other)]
        if quoted:
            return f" A name with blanks or signs stands in backticks: {shorten(spell_name(quoted[0]))}."
        return _alike(name, known) or suggest(name, known)

    @property
    def names(self) -> dict[str, Any]:
        """The frame's name of each column, by its text: a column may be called 1."""
        if self._names is None:
            given = self._native.names
            self._names = {name: name for name in given if isinstance(name, str)}
            if len(self._names) < len(given):
                self._names |= {str(k): k for k in given if str(k) not in self._names and not isinstance(k, tuple)}
        return self._names

    def __contains__(self, name: object) -> bool:
        return name in self._native or name in self.names

    def raw(self, name: str) -> Any:
        """Return a column as the user's library has it."""
        column = self._columns.get(name)
        if column is None:
            key = name if self._names is None else self._names.get(name, name)
            column = self._columns[name] = self._native.data[key]
        return column

    def value(self, name: str) -> Value:
        """Return a column as the kind of value it is."""
        value = self._values.get(name)
        if value is None:
            column = self.raw(name)
            dtype = column.dtype if type(column) is pd.Series else None
            if isinstance(dtype, np.dtype) and dtype in PLAIN:
                values = column.to_numpy()
                # a model does not follow the user's buffers, nor change them
                value = Numbers(values) if name in self.unkept else _copied(values)
            elif type(dtype) in (pd.CategoricalDtype, pd.StringDtype):
                value = category_of(column.array, f"Column {name!r}")
            else:
                value = value_of(Column.of(column, f"Column {name!r}"))
            self._values[name] = value
        return value

    def complete_values(self, names: Iterable[str]) -> dict[str, Value] | None:
        """Return columns of a pandas frame, where all are numbers or categories and nothing is missing; else None."""
        found: dict[str, Value] = {}
        for name in names:
            value = self.value(name) if self._is_plain(name) else None
            if not surely_complete(value):
                return None
            found[name] = value
        return found


def _copied(values: np.ndarray) -> Numbers:
    """A copy of a column; of a long one with its sum, each piece being added up while it is at hand."""
    if values.nbytes > LARGE_BYTES:
        _keep_memory()
    if len(values) <= PIECE_ROWS or values.dtype.kind != "f":
        return Numbers(values.copy())
    own, total = np.empty(len(values), dtype=values.dtype), 0.0
    with np.errstate(all="ignore"):  # a sum of opposite infinities, or one that is too large, is not an error
        for start in range(0, len(values), PIECE_ROWS):
            piece = own[start : start + PIECE_ROWS]
            piece[...] = values[start : start + PIECE_ROWS]
            total += float(np.add.reduce(piece, dtype=float))
    return Numbers(own, total=total)


@lru_cache(maxsize=1)
def _keep_memory() -> None:
    """Once in a process: let freed memory be kept for the next fit."""
    np.empty(KEPT_BYTES, dtype=np.uint8)


def _alike(name: str, known: list[str]) -> str:
    """Point out a name that looks the same and is written with other signs: µ and μ."""
    folded = unicodedata.normalize("NFKC", name)
    twins = [other for other in known if other != name and unicodedata.normalize("NFKC", other) == folded]
    if not twins:
        return ""
    signs = ", ".join(f"U+{ord(sign):04X}" for sign in twins[0] if sign not in name)
    return f" There is a {twins[0]!r}, which looks the same but is written with other signs ({signs})."
