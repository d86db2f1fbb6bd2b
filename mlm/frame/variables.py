"""The variables of a formula: computed on all rows, as in R, and then taken in the rows where none is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import DataError
from ..language.formula import Formula, parse
from ..language.tree import Call, Name, Node, spell
from .evaluate import Evaluator, Recipe, column_names, demand_functions
from .functions.table import Function
from .given import OFFSET, WEIGHTS, given
from .rows import Dropped, complete_rows, owned, taken
from .table import Table
from .values import ROWS, Numbers, Value

__all__ = ["Variables", "variables"]


@dataclass(frozen=True, slots=True, eq=False)
class Variables:
    """All variables of a formula on the rows in use.

    Attributes
    ----------
    formula : Formula
        With the columns that a ``.`` stands for.
    values : mapping of (Node or str) to Value
        Of each variable, of each column of the fixed part, and of weights and an offset by their roles.
    weights, offset : Node, ndarray or None
        What the arguments gave.
    n : int
        Number of rows in use.
    used : ndarray of bool, shape (rows,), or None
        Which rows these are; None for all.
    dropped : Dropped
    recipe : Recipe
        How the variables are computed on new rows.
    """

    formula: Formula
    values: Mapping[Any, Value]
    weights: Node | np.ndarray | None
    offset: Node | np.ndarray | None
    n: int
    used: np.ndarray | None
    dropped: Dropped
    recipe: Recipe


def variables(formula: Formula, table: Table, weights: Any, offset: Any, own: Mapping[str, Function]) -> Variables:
    """Compute all variables of a formula.

    Parameters
    ----------
    formula : Formula
    table : Table
    weights, offset : str, array_like of shape (rows,), or None
    own : mapping of str to Function
        The user's functions.

    Returns
    -------
    Variables

    Raises
    ------
    FormulaError
        When a function is not known.
    DataError
        When a column is missing, a variable is infinite or undefined somewhere, or no row is complete.
    """
    if formula.has_dot:
        formula = _without_dot(formula, table, own)
    by_role = {WEIGHTS: given(weights, "weights", table), OFFSET: given(offset, "offset", table)}
    nodes = formula.variables
    names = _demanded(nodes, formula.text, "the formula", table, own, formula.fixed.taken_out)
    for role, text in ((WEIGHTS, weights), (OFFSET, offset)):
        if isinstance(text, str):
            names |= _demanded((by_role[role],), text, f"`{role[1:-1]}`", table, own)
    evaluator = Evaluator(table, own)
    values: dict[Any, Value] = {node: evaluator.value(node) for node in nodes}
    values |= {role: _value_of(each, evaluator) for role, each in by_role.items() if each is not None}
    _demand_rows(values, table.n)
    columns = {name: table.value(name) for name in names}
    used, dropped = complete_rows(_by_expression(values, by_role), columns, table.n)
    for node in formula.fixed.variables:
        if isinstance(node, Call):  # what stands in it, effects are asked of
            values = {Name(name): columns[name] for name in column_names([node], own, table)} | values
    values = {key: taken(value, used) for key, value in values.items()}
    if not table.is_held:
        values |= owned({key: value for key, value in values.items() if key not in formula.only_grouped_by})
    n = table.n if used is None else int(used.sum())
    return Variables(formula, values, by_role[WEIGHTS], by_role[OFFSET], n, used, dropped, evaluator.as_recipe())


def _without_dot(formula: Formula, table: Table, own: Mapping[str, Function]) -> Formula:
    """Read a formula again with the columns that are not in its response for the ``.`` in it."""
    demand_functions([formula.left], own, formula.text)
    left = column_names([formula.left], own, table)
    return parse(formula.text, [name for name in table.names if name not in left])


def _demanded(
    nodes: tuple[Any, ...],
    text: str,
    user: str,
    table: Table,
    own: Mapping[str, Function],
    others: tuple[Node, ...] = (),
) -> dict[str, None]:
    """Names of the columns that expressions use; raise where one, or a function, is not there, also of others."""
    demand_functions((*nodes, *others), own, text)
    names = column_names(nodes, own, table)
    table.demand(names + column_names(others, own, table), user=user)
    return dict.fromkeys(names)


def _value_of(each: Node | np.ndarray, evaluator: Evaluator) -> Value:
    return Numbers(each) if isinstance(each, np.ndarray) else evaluator.value(each)


def _by_expression(values: Mapping[Any, Value], by_role: Mapping[str, Any]) -> dict[Any, Value]:
    """Values by what messages call them: weights and an offset by their expressions, where they have one."""
    expressions = {role: each for role, each in by_role.items() if isinstance(each, Name | Call)}
    return {expressions.get(k, k): v for k, v in values.items()} if expressions else dict(values)


def _demand_rows(values: Mapping[Any, Value], n: int) -> None:
    """Raise for a variable that is one value and not one a row."""
    for key, value in values.items():
        if not isinstance(value, ROWS):
            name = key if isinstance(key, str) else spell(key)
            raise DataError(f"{name!r} names no column of the data: it is one value for all {n} rows.")
