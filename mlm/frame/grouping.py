"""Grouping factors: which level each row belongs to, and the cells of two factors that have rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from ..errors import DataError
from .formula import RandomTerm
from .table import Table

__all__ = ["Grouping", "cells", "grouping"]

# Combinations of levels (or integers of a range) a row up to which each has a place in a table, whether it occurs or
# not; where there are more, the rows are sorted (or hashed), in time and memory that do not grow with them. Measured on
# 1e4 and 1e6 rows: as fast as sorting at 3 to 8 a row, as hashing at 8 to 16; at 1 a row two to four times as fast.
COUNTED_PER_ROW = 4
# Bits of the numbers that NumPy's stable sort takes by radix, in time linear in the rows (documentation of numpy.sort:
# 16 or less); wider ones it sorts by comparing.
DIGIT_BITS = 16


@dataclass(frozen=True, eq=False)
class Grouping:
    """A grouping factor.

    Attributes
    ----------
    name : str
        ``"g"``, or ``"a:b"`` for an interaction.
    codes : ndarray of int, shape (n,)
        Position of each row's level.
    values : pandas.Index or ndarray, shape (J,)
        The levels in use, sorted (categories in their own order).
    """

    name: str
    codes: np.ndarray
    values: pd.Index | np.ndarray

    @property
    def size(self) -> int:
        """Number of levels."""
        return len(self.values)

    @cached_property
    def levels(self) -> pd.Index:
        """The levels, as pandas labels rows by: no fit needs it."""
        return pd.Index(self.values)


def grouping(term: RandomTerm, table: Table) -> Grouping:
    """Codes and levels of a term's grouping factor, which may be the interaction of several columns.

    Parameters
    ----------
    term : RandomTerm
    table : Table
        Rows without missing values in these columns.

    Returns
    -------
    Grouping
    """
    columns = term.group_columns
    codes, levels = _factorize(table, columns[0])
    for name in columns[1:]:
        inner, inner_levels = _factorize(table, name)
        first, second, codes = cells(codes, inner, (len(levels), len(inner_levels)))
        levels = pd.Index([f"{levels[a]}:{inner_levels[b]}" for a, b in zip(first, second, strict=True)])
    return Grouping(term.group, codes, levels)


def _factorize(table: Table, name: str) -> tuple[np.ndarray, pd.Index | np.ndarray]:
    column = table[name]
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.codes.to_numpy().astype(np.intp), column.cat.categories
    if table.kind(name) in "iu" and isinstance(column.dtype, np.dtype):  # integers, signed or not
        return _factorize_integers(table.values(name))
    # pandas' strings, where it keeps Python objects: as objects they are told apart three times as quickly
    strings = column.dtype == "str" and column.dtype.storage == "python"
    kept = column.to_numpy(dtype=object) if strings else column
    try:
        return pd.factorize(kept, sort=True)
    except TypeError as error:
        raise DataError(f"The values of the grouping column {name!r} cannot be told apart: {error}.") from None


def _factorize_integers(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """As `pandas.factorize`, without hashing when the numbers lie close together."""
    low, high = int(np.minimum.reduce(values)), int(np.maximum.reduce(values))
    if high - low >= COUNTED_PER_ROW * len(values):
        return pd.factorize(values, sort=True)
    codes = np.subtract(values, low, dtype=np.intp)
    seen = np.zeros(high - low + 1, dtype=bool)
    seen[codes] = True
    present = np.flatnonzero(seen)
    if len(present) < len(seen):
        codes = (np.cumsum(seen) - 1)[codes]
    return codes, present + low


def cells(first: np.ndarray, second: np.ndarray, levels: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the cells of a two-way table that have rows.

    Parameters
    ----------
    first, second : ndarray of int, shape (n,)
        Level of each row in the two factors, from 0.
    levels : (int, int)
        How many levels they have.

    Returns
    -------
    first_levels, second_levels : ndarray of int, shape (m,)
        Of each cell, sorted by the first, then by the second.
    cell : ndarray of int, shape (n,)
        Which cell each row is in.

    Examples
    --------
    >>> import numpy as np
    >>> cells(np.array([1, 0, 1, 1]), np.array([2, 0, 0, 2]), (2, 3))
    (array([0, 1, 1]), array([0, 0, 2]), array([2, 0, 1, 2]))
    """
    key = first * levels[1] + second
    if levels[0] * levels[1] <= COUNTED_PER_ROW * len(key):
        seen = np.zeros(levels[0] * levels[1], dtype=bool)
        seen[key] = True
        present, cell = np.flatnonzero(seen), (np.cumsum(seen) - 1)[key]
    else:
        order = _sorted_order(key, levels[0] * levels[1])
        key = key[order]
        starts = np.append(True, key[1:] != key[:-1])
        present, cell = key[starts], np.empty(len(key), dtype=np.intp)
        cell[order] = np.cumsum(starts) - 1
    return *np.divmod(present, levels[1]), cell


def _sorted_order(key: np.ndarray, size: int) -> np.ndarray:
    """Order in which keys below `size` are sorted: digit by digit, from the last to the first."""
    order = np.argsort(key.astype(np.uint16), kind="stable")
    for shift in range(DIGIT_BITS, int(size - 1).bit_length(), DIGIT_BITS):
        order = order[np.argsort((key[order] >> shift).astype(np.uint16), kind="stable")]
    return order
