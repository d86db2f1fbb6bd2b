"""The variables of a formula: computed on all rows, as in R, and then taken in the rows where none is missing."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from ..errors import DataError, FormulaError, shorten
from ..language.formula import Formula, parse
from ..language.tree import Call, Name, Node, spell
from .evaluate import CONSTANTS, Evaluator, Recipe, column_names, demand_functions
from .functions.table import Function
from .given import OFFSET, WEIGHTS, given
from .matching import kind_of
from .rows import Dropped, complete_rows, taken
from .table import Table
from .values import NUMERIC, ROWS, Category, Numbers, Value

__all__ = ["Variables", "demanded", "variables", "without_dot"]


class Variables(NamedTuple):
    """All variables of a formula on the rows in use.

    Attributes
    ----------
    formula : Formula
        With the columns that a ``.`` stands for.
    values : mapping of (Node or str) to Value
        Of each variable, and of weights and an offset by their roles.
    predictors : mapping of str to Value
        The data's columns that the fixed part uses, in its order.
    others : mapping of str to Value
        Those that only the response's expression, offsets and slopes use; weights and an offset that were given.
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
    predictors: Mapping[str, Value]
    others: Mapping[str, Value]
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
    if formula.names and weights is None and offset is None:
        plain = _of_columns(formula, table, own)
        if plain is not None:
            return plain
    if formula.has_dot:
        formula = without_dot(formula, table, own)
    texts = {role: each for role, each in ((WEIGHTS, weights), (OFFSET, offset)) if each is not None}
    by_role = {role: given(each, role[1:-1], table) for role, each in texts.items()}
    names = demanded(formula, by_role, texts, table, own)
    table.unkept = frozenset() if by_role else formula.only_grouped_by
    evaluator = Evaluator(table, own)
    values: dict[Any, Value] = {node: evaluator.value(node) for node in formula.variables}
    for role, each in by_role.items():
        values[role] = Numbers(each) if isinstance(each, np.ndarray) else evaluator.value(each)
    _demand_rows(values, table.n)
    columns = {name: table.value(name) for name in names}
    used, dropped = complete_rows(_by_expression(values, by_role, evaluator), columns, table.n)
    for key, value in values.items():
        if used is not None or type(value) is Category:
            values[key] = taken(value, used)
    _demand_other_offset(formula, values, by_role)
    known = {node.name: value for node, value in values.items() if isinstance(node, Name)}
    asked_of = column_names(formula.fixed.variables, own, table)  # effects are: also what stands in a call
    predictors = {name: known[name] if name in known else taken(columns[name], used) for name in asked_of}
    also = column_names(_others_of(formula, by_role.get(OFFSET)), own, table)
    others = {name: known[name] if name in known else taken(columns[name], used) for name in also}
    others |= {role: values[role] for role in by_role}
    n = table.n if used is None else int(used.sum())
    weights, offset = by_role.get(WEIGHTS), by_role.get(OFFSET)
    return Variables(formula, values, predictors, others, weights, offset, n, used, dropped, evaluator.as_recipe())


def _others_of(formula: Formula, offset: Node | np.ndarray | None) -> list[Node]:
    """Expressions beside the fixed part and the columns that group."""
    nodes: list[Node] = [formula.left] if isinstance(formula.left, Call) else []
    nodes += formula.offsets if offset is None or isinstance(offset, np.ndarray) else (*formula.offsets, offset)
    for term in formula.random:
        nodes += [*term.expr.variables, *(node for node in term.parts if isinstance(node, Call))]
    return nodes


def _of_columns(formula: Formula, table: Table, own: Mapping[str, Function]) -> Variables | None:
    """The usual case: every variable is a column of numbers or a category, nothing is missing; None in any other."""
    table.unkept = formula.only_grouped_by
    found = table.complete_values(formula.names) if CONSTANTS.keys().isdisjoint(formula.names) else None
    if found is None:
        return None
    kinds = {name: kind_of(value) for name, value in found.items()}
    # text has no levels but those of its rows
    named = {name: taken(v, None) if type(v) is Category and not v.text else v for name, v in found.items()}
    values = dict(zip(formula.variables, named.values(), strict=True))
    predictors = {name: named[name] for name in formula.predictors}
    others = {name: named[name] for name in formula.slopes}
    recipe = Recipe(MappingProxyType(kinds), MappingProxyType({}), own)
    return Variables(formula, values, predictors, others, None, None, table.n, None, Dropped(0, table.n), recipe)


def without_dot(formula: Formula, table: Table, own: Mapping[str, Function]) -> Formula:
    """Read a formula again with the columns that are not in its response for the ``.`` in it."""
    demand_functions([formula.left], own, formula.text)
    left = column_names([formula.left], own, table)
    return parse(formula.text, [name for name in table.names if name not in left])


def demanded(
    formula: Formula, by_role: Mapping[str, Any], texts: Mapping[str, Any], table: Table, own: Mapping[str, Function]
) -> dict[str, None]:
    """Names of the columns that are computed with; raise where one, or a function, is not there.

    What was taken out of the formula again must be there, too.
    """
    demand_functions(formula.variables + formula.fixed.taken_out, own, formula.text)
    names = column_names(formula.variables, own, table)
    wanted = {"the formula": names + column_names(formula.fixed.taken_out, own, table)}
    for role, each in by_role.items():
        if not isinstance(each, np.ndarray):
            try:
                demand_functions((each,), own, texts[role])
            except FormulaError as error:
                raise FormulaError(f"`{role[1:-1]}`: {error}") from None
            wanted[f"`{role[1:-1]}`"] = more = column_names((each,), own, table)
            names = names + more
    table.demand(wanted)
    return dict.fromkeys(names)


def _by_expression(
    values: Mapping[Any, Value], by_role: Mapping[str, Any], evaluator: Evaluator
) -> Mapping[Any, Value]:
    """Values by what messages call them: weights and an offset by their expressions, where they have one."""
    expressions: dict[Any, Node] = {role: each for role, each in by_role.items() if isinstance(each, (Name, Call))}
    if evaluator.with_missing:
        expressions = {k: evaluator.told(expressions.get(k, k)) for k in values if not isinstance(k, str)} | {
            role: evaluator.told(each) for role, each in expressions.items()
        }
    return {expressions.get(k, k): v for k, v in values.items()} if expressions else values


def _demand_other_offset(formula: Formula, values: Mapping[Any, Value], by_role: Mapping[str, Any]) -> None:
    """Refuse the response for an offset: it would leave nothing to explain."""
    response = values[formula.left]
    for node in (*formula.offsets, by_role.get(OFFSET)):
        if node is None:
            continue
        offset = values[OFFSET] if node is by_role.get(OFFSET) else values[node]
        same = isinstance(offset, NUMERIC) and isinstance(response, NUMERIC)
        if same and np.array_equal(offset.values, response.values):  # type: ignore[union-attr]
            raise DataError(
                f"The offset is the response {shorten(formula.response)!r} itself: it is taken off, and leaves 0 in "
                f"all {len(offset.values)} rows. Give another offset, or none."  # type: ignore[union-attr]
            )


def _demand_rows(values: Mapping[Any, Value], n: int) -> None:
    """Raise for a variable that is one value and not one per row."""
    for key, value in values.items():
        if not isinstance(value, ROWS):
            name = key if isinstance(key, str) else spell(key)
            raise DataError(f"{shorten(name)!r} names no column of the data: it is one value for all {n} rows.")
