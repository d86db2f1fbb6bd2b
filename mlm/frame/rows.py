"""Which rows a fit can use: those where no variable of the formula is missing; infinite values are an error."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from ..errors import DataError
from ..language.tree import Call, Name, Node, spell, walk
from .column import complete_rows as rows_in_use
from .table import Table
from .values import Category, Matrix, Numbers, Other, Truth, Value, missing, surely_finite

__all__ = ["Dropped", "complete_rows", "demand_defined", "fills_missing", "makes_missing", "taken"]


@dataclass(frozen=True, slots=True, eq=False)
class Dropped:
    """Rows left out: how many of how many, and how many each column is to blame for."""

    count: int
    total: int
    by_column: dict[str, int] = field(default_factory=dict)


def complete_rows(
    variables: Mapping[Node | str, Value], columns: Mapping[str, Value], total: int
) -> tuple[np.ndarray | None, Dropped]:
    """Find the rows in which nothing is missing; say which are left out, in one warning.

    Parameters
    ----------
    variables : mapping of (Node or str) to Value
        All variables of a formula; weights and an offset that were given as values, by their names.
    columns : mapping of str to Value
        The columns that they are computed from.
    total : int
        Number of rows.

    Returns
    -------
    used : ndarray of bool, shape (total,), or None
        None when all rows are complete.
    dropped : Dropped

    Raises
    ------
    DataError
        When a variable is infinite or undefined somewhere, or no row is complete.
    """
    blamed: dict[str, np.ndarray] = {}
    for node, value in variables.items():
        absent = _absent(node, value)
        if absent is not None:
            for name, rows in _blame(node, absent, columns):
                blamed[name] = blamed[name] | rows if name in blamed else rows
    if not blamed:
        return None, Dropped(0, total)
    used = rows_in_use(blamed, columns.__contains__)
    by_column = {name: int(rows.sum()) for name, rows in blamed.items()}
    dropped = Dropped(int((~used).sum()), total, by_column)
    return used, dropped


def _absent(node: Node | str, value: Value) -> np.ndarray | None:
    """Which rows of a variable are missing; None where none is; raises where one is infinite."""
    if isinstance(value, Numbers) and surely_finite(value):
        return None
    if type(value) is Numbers or type(value) is Matrix:
        _demand_no_infinity(node, value.values)
    return missing(value)


def _demand_no_infinity(node: Node | str, values: np.ndarray) -> None:
    infinite = int(np.isinf(values).reshape(len(values), -1).any(axis=1).sum())
    if infinite and isinstance(node, Name | str):
        name = node.name if isinstance(node, Name) else node
        raise DataError(
            f"Column {name!r} has {infinite} infinite values in its {len(values)} rows; "
            "replace them by missing values or filter these rows."
        )
    if infinite:
        raise _undefined(node, infinite, len(values))


def _undefined(node: Node | str, count: int, total: int) -> DataError:
    name = node if isinstance(node, str) else spell(node)
    return DataError(
        f"{name!r} is infinite or undefined in {count} of {total} rows; filter these rows or change the term."
    )


def _blame(node: Node | str, absent: np.ndarray, columns: Mapping[str, Value]) -> Iterable[tuple[str, np.ndarray]]:
    """The columns that make a variable missing, with the rows; raises for numbers that a function cannot give."""
    if not isinstance(node, Call):
        return [(node.name if isinstance(node, Name) else str(node), absent)]
    pieces = list(walk(node))
    names = dict.fromkeys(p.name for p in pieces if isinstance(p, Name) and p.name in columns)
    guilty = [(name, rows & absent) for name in names if (rows := missing(columns[name])) is not None]
    unexplained = absent.copy()
    for _, rows in guilty:
        unexplained &= ~rows
    if unexplained.any():
        if not makes_missing(node):
            raise _undefined(node, int(unexplained.sum()), len(absent))
        guilty.append((spell(node), unexplained))
    return [(name, rows) for name, rows in guilty if rows.any()]


# Functions that give missing values by what they mean: where no interval or no level is met.
MAKES_MISSING = ("cut", "factor", "ordered", "base::cut", "base::factor", "base::ordered")


def makes_missing(node: Node) -> bool:
    """Whether an expression can be missing by what it means where its columns are there."""
    pieces = list(walk(node))
    if any(isinstance(piece, Name) and piece.name == "NA" for piece in pieces):
        return True
    return any(isinstance(piece, Call) and piece.function in MAKES_MISSING for piece in pieces)


# Functions that can have a value where a column has none.
FILLS_MISSING = ("is.na", "%in%", "&", "|", "ifelse", "base::is.na", "base::ifelse")


def fills_missing(node: Node) -> bool:
    """Whether an expression can have a value where its columns have none."""
    return any(isinstance(piece, Call) and piece.function in FILLS_MISSING for piece in walk(node))


def demand_defined(node: Node, value: Value, table: Table) -> None:
    """Raise where a variable of new rows is infinite, or undefined though nothing that it is computed from is missing.

    Raises
    ------
    DataError
    """
    absent = _absent(node, value)
    if absent is not None:
        names = {piece.name for piece in walk(node) if isinstance(piece, Name) and piece.name in table}
        for _ in _blame(node, absent, {name: table.value(name) for name in names}):
            pass


def taken(value: Value, used: np.ndarray | None) -> Value:
    """Return a value in the rows in use; levels that no row has are dropped (R: ``drop.unused.levels = TRUE``)."""
    if isinstance(value, Category):
        return _lean(value if used is None else replace(value, codes=value.codes[used]))
    if used is None:
        return value
    if isinstance(value, Numbers):
        return Numbers(value.values[used], None if value.exact is None else value.exact[used])
    if isinstance(value, Truth):
        return Truth(value.values[used])
    if isinstance(value, Matrix):
        return Matrix(value.values[used], value.names)
    return Other(value.values[used], value.what) if isinstance(value, Other) else value


def _lean(value: Category) -> Category:
    """Drop the levels that no row has."""
    seen = np.bincount(value.codes + 1, minlength=len(value.levels) + 1)[1:] > 0
    if seen.all():
        return value
    place = np.append(np.cumsum(seen) - 1, -1)
    contrast = value.contrast if isinstance(value.contrast, str | None) else value.contrast[seen]
    return replace(value, codes=place[value.codes], levels=value.levels[seen], contrast=contrast)
