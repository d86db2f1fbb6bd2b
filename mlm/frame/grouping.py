"""Grouping factors: which level each row belongs to, and the cells of two factors that have rows.

Levels are told apart by their values, and new rows are matched with them by the one rule of `matching`: names of
levels are for people to read.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from ..errors import DataError
from ..language.tree import Node, spell
from .kinds import COUNTED_PER_ROW, levels_of
from .likeness import Unlike, family, places
from .values import EXACT, ROWS, Matrix, Value, label

__all__ = ["Grouping", "cells", "grouping"]

# Rows from which their numbers, and those of levels, are 64 bits wide: below, twice such a number has 32.
MANY_ROWS = 1 << 30
# Cells of a table that each have a place in it however few rows there are: to count through them takes 20 µs at most.
FEW_CELLS = 1 << 12


@dataclass(frozen=True, eq=False)
class Grouping:
    """A grouping factor.

    Attributes
    ----------
    name : str
        ``"g"``, or ``"a:b"`` for an interaction.
    codes : ndarray of int, shape (n,)
        Position of each row's level.
    size : int
        Number of levels J.
    parts : tuple of (pandas.Index or ndarray)
        The levels of each of its parts, sorted (categories in their own order); one part but for interactions.
    pairs : tuple of (ndarray, ndarray)
        For each part after the first: which levels of what stands before it meet which of its own, sorted.
    """

    name: str
    codes: np.ndarray
    size: int
    parts: tuple[Any, ...]
    pairs: tuple[tuple[np.ndarray, np.ndarray], ...] = ()

    @cached_property
    def levels(self) -> pd.Index:
        """The levels, as pandas labels rows by: values, or for an interaction labels such as ``"1:a"``."""
        if not self.pairs:
            return _named(pd.Index(self.parts[0]))
        labels = [label(value) for value in self.parts[0]]
        for (before, own), part in zip(self.pairs, self.parts[1:], strict=True):
            mine = [label(value) for value in part]
            labels = [f"{labels[a]}:{mine[b]}" for a, b in zip(before, own, strict=True)]
        return pd.Index(labels)

    def values(self) -> list[pd.Index]:
        """Values of each of its parts, row by row."""
        codes, found = self.codes, []
        for (before, own), part in zip(self.pairs[::-1], self.parts[:0:-1], strict=True):
            found.append(_named(pd.Index(part)).take(own[codes]))
            codes = before[codes]
        return [_named(pd.Index(self.parts[0])).take(codes), *found[::-1]]

    def find(self, parts: tuple[Node, ...], values: list[Value]) -> tuple[np.ndarray, np.ndarray]:
        """Find the levels of other rows.

        Parameters
        ----------
        parts : tuple of Node
        values : list of Value
            The parts on these rows.

        Returns
        -------
        codes : ndarray of int, shape (rows,)
            Position among the levels; -1 for what is missing, and for levels that are not there.
        absent : ndarray of bool, shape (rows,)
            Where a part is missing.

        Raises
        ------
        DataError
            When a part's values are of another kind than in the fit, or cannot be told apart.
        """
        codes, absent = _place(parts[0], values[0], self.parts[0])
        rest = zip(parts[1:], values[1:], self.parts[1:], self.pairs, strict=True)
        for node, value, part, (before, own) in rest:
            inner, missing = _place(node, value, part)
            absent = absent | missing
            known, wanted = before * len(part) + own, codes * len(part) + inner
            place = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
            codes = np.where((codes >= 0) & (inner >= 0) & (known[place] == wanted), place, -1)
        return codes, absent


def _named(levels: pd.Index) -> pd.Index:
    """Whole numbers that are stored as floats (a missing one among them makes pandas do so) as whole numbers."""
    if levels.dtype.kind != "f":
        return levels
    values = levels.to_numpy(dtype=float)
    whole = (values == np.floor(values)) & (np.abs(values) < EXACT)
    return pd.Index(values.astype(np.int64), name=levels.name) if whole.all() else levels


def _place(node: Node, value: Value, known: Any) -> tuple[np.ndarray, np.ndarray]:
    """Positions of a part's rows among known levels, and where it is missing."""
    codes, levels = _factorized(node, value)
    try:
        place = places(codes, levels, known)
    except Unlike as error:
        raise DataError(
            f"The grouping column {spell(node)!r} of the new data is not what it was in the fit: {family(known)} then, "
            f"{family(levels)} now, and {error}; convert it first."
        ) from None
    return place[codes], codes < 0


def grouping(name: str, parts: tuple[Node, ...], values: list[Value]) -> Grouping:
    """Codes and levels of a grouping factor, which may be the interaction of several expressions.

    Parameters
    ----------
    name : str
    parts : tuple of Node
    values : list of Value
        The parts on the rows in use, without missing values.

    Returns
    -------
    Grouping

    Raises
    ------
    DataError
        When values cannot be told apart, or are not levels at all.
    """
    codes, levels = _factorized(parts[0], values[0])
    every, pairs, size = [levels], [], len(levels)
    for node, value in zip(parts[1:], values[1:], strict=True):
        inner, inner_levels = _factorized(node, value)
        before, own, codes = cells(codes, inner, (size, len(inner_levels)))
        every.append(inner_levels)
        pairs.append((before.astype(np.intp), own.astype(np.intp)))
        size = len(before)
    return Grouping(name, codes, size, tuple(every), tuple(pairs))


def _factorized(node: Node, value: Value) -> tuple[np.ndarray, Any]:
    if not isinstance(value, ROWS) or isinstance(value, Matrix):
        raise DataError(f"The grouping factor {spell(node)!r} is not one level per row.")
    try:
        return levels_of(value)
    except (TypeError, ValueError, NotImplementedError) as error:
        raise DataError(
            f"The values of the grouping column {spell(node)!r} cannot be told apart: {error}. Make text of them "
            "first, or numbers."
        ) from None


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
        Of each cell, sorted by the first, then by the second; 32 bits wide where that is enough.
    cell : ndarray of int, shape (n,)
        Which cell each row is in.

    Examples
    --------
    >>> import numpy as np
    >>> [each.tolist() for each in cells(np.array([1, 0, 1, 1]), np.array([2, 0, 0, 2]), (2, 3))]
    [[0, 1, 1], [0, 0, 2], [2, 0, 1, 2]]
    """
    narrow = np.int32 if len(first) < MANY_ROWS else np.intp
    if levels[0] * levels[1] <= max(COUNTED_PER_ROW * len(first), FEW_CELLS):
        key, seen = first * levels[1] + second, np.zeros(levels[0] * levels[1], dtype=bool)
        seen[key] = True
        rows, columns = np.divmod(seen.nonzero()[0], levels[1])
        return rows.astype(narrow), columns.astype(narrow), (seen.cumsum() - 1)[key]
    first, second = first.astype(narrow), second.astype(narrow)
    order = _by_level(second, levels[1])
    order = order[_by_level(first[order], levels[0])]
    first, second = first[order], second[order]
    starts = np.append(True, (first[1:] != first[:-1]) | (second[1:] != second[:-1]))
    cell = np.empty(len(order), dtype=np.intp)
    cell[order] = np.cumsum(starts, dtype=narrow) - 1
    return first[starts], second[starts], cell


def _by_level(codes: np.ndarray, levels: int) -> np.ndarray:
    """Order in which rows are sorted by their level and then as they stand, by counting.

    It is that of the entries of a matrix with a 1 for the level of each row, column by column.
    """
    ends = np.arange(len(codes) + 1, dtype=codes.dtype)
    one = sparse.csr_array((np.ones(len(codes), dtype=bool), codes, ends), shape=(len(codes), levels))
    return one.tocsc().indices
