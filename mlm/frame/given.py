"""Response, offset and weights: one number per row, from a column's name, an expression or values."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd

from ..errors import DataError, FormulaError, shorten
from ..language.parser import outer_bar, parse_expression
from ..language.tokens import error_at
from ..language.tree import Call, Name, Node, Text, shown, spell
from .column import Column
from .table import Table
from .values import NUMERIC, Category, Matrix, Other, Value

__all__ = ["OFFSET", "WEIGHTS", "checked_weights", "given", "numeric"]

WEIGHTS, OFFSET = "(weights)", "(offset)"  # what messages call them, where they are given as values
# Outside of these, weights are refused: cross-products are sums of weights times squares, and products of two of them
# must stay within double precision, 1e-308 to 1e308, with room for the units of the columns.
SMALLEST_WEIGHT, LARGEST_WEIGHT = 1e-100, 1e100
DECIMAL_COMMA = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+)?,\d+")
SHOWN = 5  # levels that a message shows


def given(values: Any, what: str, table: Table) -> Node | np.ndarray:
    """Read an argument that gives one number per row.

    Parameters
    ----------
    values : str or array_like of shape (rows,)
    what : str
        The argument's name.
    table : Table

    Returns
    -------
    Node, or ndarray of float, shape (rows,)
        An expression; or values, copied, NaN where they are missing.

    Raises
    ------
    DataError
        When there are not as many numbers as rows, or their labels are others.
    FormulaError
        When the text is not an expression.
    """
    if isinstance(values, str):
        return Name(values, quoted=True) if values in table else _expression(values, what)
    if isinstance(values, pd.Series) and not values.index.equals(table.index):
        raise DataError(
            f"The index of the {what} is not that of the data; align them first, for example with "
            "values.reindex(data.index), or pass values.to_numpy() to take them row by row."
        )
    if isinstance(values, type) or _shape(values) != (table.n,):
        raise DataError(
            f"The {what} must be the name of a column, an expression or one number per row: {table.n}; got "
            f"{_shaped(values)}."
        )
    return Column.of(values, f"`{what}`").numbers()


def _shape(values: Any) -> tuple[int, ...]:
    try:
        return np.shape(values)
    except (ValueError, TypeError, NotImplementedError):  # rows of several lengths, types of Arrow's
        return (len(values),)


def _shaped(values: Any) -> str:
    """Say what was given instead of one number per row."""
    if isinstance(values, type):
        return f"the class {values.__name__} itself"
    shape = _shape(values)
    if not shape:
        return f"a single {type(values).__name__}"
    return f"{shape[0]}" if len(shape) == 1 else f"an array of {' by '.join(map(str, shape))}"


def _expression(text: str, what: str) -> Node:
    """Read an expression that an argument gives.

    Raises
    ------
    FormulaError
        When it is none, or has bars; the message names the argument.
    """
    if not text.strip():
        raise FormulaError(f"`{what}` is an empty text: give the name of a column, an expression or values, or None.")
    try:
        node = parse_expression(text)
    except FormulaError as error:
        raise FormulaError(f"`{what}`: {error}") from None
    bar = outer_bar(node)
    if bar is not None:
        why = f"`{what}` has no random-effects terms, and a bar means nothing here; for 'or' write I(a | b)."
        raise error_at(text, bar.at, why)
    return node


def numeric(node: Node | np.ndarray, value: Value, role: str, n: int) -> np.ndarray:
    """Return the values of an expression that must be one numeric column, as floats (n,).

    Raises
    ------
    DataError
        When it is something else; `role` is what the message calls it.
    """
    if isinstance(value, NUMERIC):
        return np.asarray(value.values, dtype=float)
    if isinstance(value, Matrix) and value.values.shape[1] == 1:
        return value.values[:, 0].copy()
    if isinstance(value, int | float):
        return np.full(n, float(value))
    name = node.name if isinstance(node, Name) else spell(node) if isinstance(node, Call) else OFFSET
    name = shorten(name)
    if isinstance(value, Matrix):
        raise DataError(f"The {role} {name!r} makes {value.values.shape[1]} columns; it must be one.")
    raise DataError(f"The {role} {name!r} is not numeric: it {_what_it_is(node, value, name)}.")


def _what_it_is(node: Any, value: Value, name: str) -> str:
    """Say what stands where numbers should, and what to do."""
    if isinstance(value, Category):
        listed = ", ".join(map(shorten, value.labels[:SHOWN])) + (" …" if len(value.labels) > SHOWN else "")
        remedy = f"convert it first, for example with pandas.to_numeric(data[{name!r}])"
        if len(value.labels) and all(map(DECIMAL_COMMA.fullmatch, value.labels)):
            remedy = "these are decimal commas: read the file with decimal=','"
        elif len(value.labels) and not any(map(_says_number, value.labels)):
            word = spell(Text(shorten(value.labels[-1])))
            remedy = f"make numbers of it, such as whether it is one of them: I({shown(node)} == {word})"
        elif isinstance(node, Call):
            remedy = f"write as.numeric(as.character({name}))"
        return f"is a category ({listed}); {remedy}"
    return f"holds {value.what}; {value.remedy(name)}" if isinstance(value, Other) else "is a word; name a column"


def _says_number(word: str) -> bool:
    try:
        return bool(np.isfinite(float(word)))
    except ValueError:
        return False


def checked_weights(node: Node | np.ndarray | None, weights: np.ndarray) -> np.ndarray:
    """Return weights that are positive and can be computed with.

    Raises
    ------
    DataError
        When some are not.
    """
    name = ""
    if isinstance(node, Name | Call):
        name = f" {shorten(node.name if isinstance(node, Name) else spell(node))!r}"
    bad = int((weights <= 0).sum())
    if bad:
        raise DataError(f"{bad} of {len(weights)} weights{name} are zero or negative; leave these rows out.")
    if not SMALLEST_WEIGHT < weights.min() <= weights.max() < LARGEST_WEIGHT:
        raise DataError(
            f"The weights{name} are too small or too large to compute with ({weights.min():.3g} to {weights.max():.3g})"
            "; divide them by their mean."
        )
    return weights
