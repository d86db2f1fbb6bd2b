"""Expressions without columns: numbers, lists of them and small matrices, as contrasts are written in a formula."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import shorten
from ...language.tree import Call, Name, Node, Number, Text, shown, spell
from ..values import Matrix
from .kinds import whole
from .registry import Site, bound, found, numbers, one_truth

__all__ = ["MAX_LEVELS", "constant", "number_matrix"]

MAX_LEVELS = 1_000  # rows and columns of a matrix that is written out in a formula
WORDS = {"TRUE": True, "FALSE": False, "T": True, "F": False, "NA": None, "NULL": None, "pi": float(np.pi)}


def constant(site: Site, node: Node) -> Any:
    """Value of an expression without columns.

    Raises
    ------
    DataError
        When a column stands in it.
    """
    if isinstance(node, Number | Text):
        return node.value
    if isinstance(node, Name):
        if node.name in WORDS:
            return WORDS[node.name]
        raise site.error(
            f"{shown(node)} is not a constant, and constants must stand here: numbers, c(…), words in quotes."
        )
    values = [constant(site, argument) for argument in node.arguments]
    inner = Site(spell(node), site.n)
    return bound(found(node.function, {}), inner, values, list(node.keywords or (None,) * len(values)))


def number_matrix(site: Site, node: Call) -> tuple[np.ndarray, list[str]]:
    """Numbers of a list, cbind(), rbind() or matrix(), shape (rows, columns), and names of columns, empty where none.

    Raises
    ------
    DataError
        When these are not numbers, or lists of different lengths.
    """
    if node.function == "matrix":
        return _filled(site, node), []
    if node.function not in ("cbind", "rbind"):
        return _listed(site, node)[:, None], [""]
    lists = [_listed(site, argument) for argument in node.arguments]
    if len({len(each) for each in lists}) != 1:
        raise site.error(f"{shown(node)} has lists of different lengths.")
    if node.function == "rbind":
        return np.array(lists), []
    return np.column_stack(lists), [key or "" for key in node.keywords]


def _listed(site: Site, node: Node) -> np.ndarray:
    """Numbers of a list of constants (n,)."""
    value = constant(site, node)
    if isinstance(value, Matrix):
        raise site.error(f"{shown(node)} makes columns of rows; contrasts are numbers, one per level: c(1, 0, -1).")
    return np.array([numbers(site, each) for each in (value if isinstance(value, tuple) else (value,))], dtype=float)


def _filled(site: Site, node: Call) -> np.ndarray:
    """Numbers of matrix(data, nrow, ncol, byrow), shape (nrow, ncol)."""
    places = ["data", "nrow", "ncol", "byrow"]
    given: dict[str, Any] = {}
    for key, argument in zip(node.keywords, node.arguments, strict=True):
        name = key or next((each for each in places if each not in given), None)
        if name not in places or name in given:
            raise site.error(f"matrix() has no argument {shorten(key or spell(argument))}; it has {', '.join(places)}.")
        given[name] = argument
    data = _listed(site, given["data"]) if "data" in given else np.empty(0)
    rows, columns = (
        whole(site, constant(site, given[name]), name, 1, MAX_LEVELS) if name in given else None
        for name in ("nrow", "ncol")
    )
    if rows is None:
        rows = len(data) if columns is None else len(data) // max(columns, 1)
    columns = len(data) // max(rows, 1) if columns is None else columns
    if not len(data) or rows * columns != len(data):
        raise site.error(f"{shown(node)} has {len(data)} numbers, which do not fill its rows and columns.")
    by_row = one_truth(site, constant(site, given["byrow"]), "byrow") if "byrow" in given else False
    return data.reshape(rows, columns) if by_row else data.reshape(columns, rows).T
