"""The model frame: the rows in use, the response, the model matrices and the grouping factors of one formula.

The user's data frame is never changed. As in R, expressions are computed
on all rows, and rows in which one of them is missing are left out, counted by column and named in one warning.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from ..errors import DataError, shorten
from ..language.formula import Formula, RandomTerm, parse
from ..language.parser import parse_expression
from ..language.tree import Call, Name, Node, spell
from .coding import checked_contrasts
from .column import Column
from .columns import Columns
from .design import Design, build
from .evaluate import Evaluator, Recipe, column_names, demand_functions
from .functions.table import Function, own_functions
from .grouping import Grouping, grouping
from .rows import Dropped, complete_rows, demand_defined, owned, taken
from .table import Table
from .values import NUMERIC, ROWS, Category, Matrix, Numbers, Other, Value

__all__ = ["Dropped", "ModelFrame", "RandomPart", "model_frame"]

WEIGHTS, OFFSET = "(weights)", "(offset)"  # what messages call them, where they are given as values
# Outside of these, weights are refused: cross-products are sums of weights times squares, and products of two of them
# must stay within double precision, 1e-308 to 1e308, with room for the units of the columns.
SMALLEST_WEIGHT, LARGEST_WEIGHT = 1e-100, 1e100
SHOWN = 5  # levels that a message shows


@dataclass(frozen=True, slots=True, eq=False)
class RandomPart:
    """One random-effects term on the data: the term, its columns (n rows) and their recipe."""

    term: RandomTerm
    columns: Columns
    design: Design


@dataclass(frozen=True, slots=True, eq=False)
class ModelFrame:
    """Everything that a fit needs of the data.

    Attributes
    ----------
    formula : Formula
    y : ndarray, shape (n,)
        The response, as it stands in the data (an offset is not yet taken off).
    x_columns : Columns
        Fixed-effects columns; `x` gives them as an array of shape (n, p).
    x_design : Design
    random : tuple of RandomPart
    groupings : mapping of str to Grouping
    weights, offset : ndarray of shape (n,) or None
    index : pandas.Index
        Labels of the rows in use.
    dropped : Dropped
    recipe : Recipe
        How the variables are computed on new rows.
    predictors : mapping of str to Value
        The data's columns that the fixed part uses, on the rows in use.
    offset_parts : tuple of Node, or None
        Expressions whose sum is the offset; None when it was given as values.
    """

    formula: Formula
    y: np.ndarray
    x_columns: Columns
    x_design: Design
    random: tuple[RandomPart, ...]
    groupings: Mapping[str, Grouping]
    weights: np.ndarray | None
    offset: np.ndarray | None
    index: pd.Index
    dropped: Dropped
    recipe: Recipe
    predictors: Mapping[str, Value]
    offset_parts: tuple[Node, ...] | None = ()

    def __post_init__(self) -> None:
        for name in ("groupings", "predictors"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))
        _freeze(self)

    def __reduce__(self) -> tuple[Any, ...]:
        values = (getattr(self, each.name) for each in fields(self))
        return ModelFrame, tuple(dict(v) if isinstance(v, MappingProxyType) else v for v in values)

    @property
    def nobs(self) -> int:
        """Number of rows in use."""
        return self.x_columns.n

    @property
    def known_part(self) -> np.ndarray | float:
        """The offset, shape (n,), or 0 without one."""
        return 0.0 if self.offset is None else self.offset

    @property
    def net_response(self) -> np.ndarray:
        """The response less the offset, shape (n,)."""
        return self.y if self.offset is None else self.y - self.offset

    @property
    def x(self) -> np.ndarray:
        """Fixed-effects model matrix, shape (n, p)."""
        return self.x_columns.matrix()

    @property
    def x_names(self) -> tuple[str, ...]:
        """Names of the fixed-effects columns."""
        return self.x_columns.names

    def with_functions(self, functions: Mapping[str, Callable[..., Any]]) -> ModelFrame:
        """Return the frame with functions of the user's given again: see `Recipe.with_functions`."""
        recipe = self.recipe.with_functions(functions)
        random = tuple(replace(part, design=part.design.with_recipe(recipe)) for part in self.random)
        return replace(self, recipe=recipe, x_design=self.x_design.with_recipe(recipe), random=random)

    def without(self, dropped: list[int]) -> ModelFrame:
        """Return the frame with these fixed-effects columns left out."""
        out = set(dropped)
        keep = [k for k in range(len(self.x_names)) if k not in out]
        return replace(self, x_columns=self.x_columns.select(keep), x_design=self.x_design.without(dropped))

    def known_part_of(self, table: Table) -> np.ndarray | float:
        """Return the offset of new rows, shape (rows,), or 0 without one.

        Raises
        ------
        DataError
            When a column is missing, or the offset was given as values, which new rows do not bring.
        """
        if self.offset_parts is None:
            raise DataError(
                "The offset of this model was given as values, and that of new rows is not known; give it as a column "
                "of the data, offset='name', or in the formula, offset(name)."
            )
        table.demand(self.recipe.columns(self.offset_parts), "The new data", "the offset")
        evaluator = self.recipe.evaluator(table)
        total: np.ndarray | float = 0.0
        for node in self.offset_parts:
            value = evaluator.value(node)
            demand_defined(node, value, table)
            total = total + _numeric(node, value, "offset", table.n)
        return total


def model_frame(
    formula: str | Formula,
    data: Any,
    weights: Any = None,
    offset: Any = None,
    contrasts: Mapping[str, Any] | None = None,
    functions: Mapping[str, Callable[..., Any]] | None = None,
) -> ModelFrame:
    """Bring a formula and a data frame together.

    Parameters
    ----------
    formula : str or Formula
    data : data frame
        pandas, polars, pyarrow, modin … (any eager frame that narwhals knows), or a mapping of columns.
    weights, offset : str or array_like of shape (rows,), optional
        Prior weights (positive) and a known part of the linear predictor: a column's name, an expression, or values.
    contrasts : mapping of str to str or array_like, optional
        How categories of the fixed part are coded: ``{"f": "sum"}`` (treatment, sum, helmert, poly, or a matrix).
    functions : mapping of str to callable, optional
        Functions of your own that the formula calls: they take and give arrays.

    Returns
    -------
    ModelFrame

    Raises
    ------
    FormulaError
        When the formula cannot be read.
    DataError
        When a column is missing or not numeric, values are infinite, or no complete row is left.
    ArgumentError
        When `contrasts` or `functions` are not what they should be.

    Examples
    --------
    >>> frame = model_frame("y ~ x + (1 | g)", {"y": [1.0, 2.0, 4.0, 3.0], "x": [0, 1, 2, 3], "g": list("aabb")})
    >>> frame.x_names, frame.groupings["g"].size
    (('(Intercept)', 'x'), 2)
    """
    own = own_functions(functions)
    parsed = formula if isinstance(formula, Formula) else parse(formula)
    table = Table.of(data)
    if parsed.has_dot:
        parsed = _without_dot(parsed, table, own)
    given = {WEIGHTS: _given(weights, "weights", table), OFFSET: _given(offset, "offset", table)}
    nodes = _nodes(parsed)
    everything = [*nodes, *(node for node in given.values() if isinstance(node, Name | Call))]
    demand_functions(nodes, own, parsed.text)
    table.demand(column_names(nodes, own, table))
    for what, text in (("`weights`", weights), ("`offset`", offset)):
        node = given[f"({what[1:-1]})"]
        if isinstance(node, Name | Call):
            demand_functions([node], own, text)
            table.demand(column_names([node], own, table), user=what)
    names = column_names(everything, own, table)
    evaluator = Evaluator(table, own)
    values: dict[Any, Value] = {node: evaluator.value(node) for node in nodes}
    for role, node in given.items():
        if node is not None:
            values[role] = Numbers(node) if isinstance(node, np.ndarray) else evaluator.value(node)
    _demand_rows(values, table.n)
    named: dict[Any, Value] = {given[k] if isinstance(given.get(k), Name | Call) else k: v for k, v in values.items()}
    columns = {name: table.value(name) for name in names}
    used, dropped = complete_rows(named, columns, table.n)
    kept = {Name(name): columns[name] for name in column_names(parsed.fixed.variables, own, table.names)} | values
    grouped = {node for term in parsed.random for node in term.parts}.difference(_nodes(parsed, groups=False))
    mine = {key: taken(value, used) for key, value in kept.items()}
    values = mine | owned({key: value for key, value in mine.items() if key not in grouped})
    recipe = evaluator.as_recipe()
    return _assembled(parsed, values, given, dropped, recipe, table, used, contrasts)


def _assembled(
    parsed: Formula,
    values: dict[Any, Value],
    given: dict[str, Any],
    dropped: Dropped,
    recipe: Recipe,
    table: Table,
    used: np.ndarray | None,
    contrasts: Mapping[str, Any] | None,
) -> ModelFrame:
    """Put the parts together: response, matrices, factors, weights, offset."""
    n = table.n if used is None else int(used.sum())
    y = _numeric(parsed.left, values[parsed.left], "response", n)
    chosen = {}
    if contrasts is not None:
        chosen = checked_contrasts(contrasts, {spell(node): values[node] for node in parsed.fixed.variables})
    x_design, x_columns = build(parsed.fixed, values, n, recipe, chosen)
    random = []
    for term in parsed.random:
        design, columns = build(term.expr, values, n, recipe)
        random.append(RandomPart(term, columns, design))
    parts = [_numeric(node, values[node], "offset", n) for node in parsed.offsets]
    if given[OFFSET] is not None:
        parts.append(_numeric(given[OFFSET], values[OFFSET], "offset column", n))
    by_value = isinstance(given[OFFSET], np.ndarray)
    extra = () if given[OFFSET] is None or by_value else (given[OFFSET],)
    predictors = {name: values[Name(name)] for name in x_design.columns_used()}
    return ModelFrame(
        formula=parsed,
        y=y,
        x_columns=x_columns,
        x_design=x_design,
        random=tuple(random),
        groupings=_groupings(parsed, values),
        weights=_weights(given[WEIGHTS], values, n),
        offset=np.sum(parts, axis=0) if parts else None,
        index=table.index if used is None else table.index[used],
        dropped=dropped,
        recipe=recipe,
        predictors=predictors,
        offset_parts=None if by_value else (*parsed.offsets, *extra),
    )


def _without_dot(parsed: Formula, table: Table, own: Mapping[str, Function]) -> Formula:
    """Read a formula again with the columns that are not in its response for the ``.`` in it."""
    demand_functions([parsed.left], own, parsed.text)
    left = column_names([parsed.left], own, table)
    return parse(parsed.text, [name for name in table.names if name not in left])


def _nodes(parsed: Formula, groups: bool = True) -> list[Node]:
    """All variables of a formula, in its order, each once; or all but those that are only grouped by."""
    nodes: dict[Node, None] = {parsed.left: None}
    nodes |= dict.fromkeys(parsed.fixed.variables)
    nodes |= dict.fromkeys(parsed.offsets)
    for term in parsed.random:
        nodes |= dict.fromkeys(term.expr.variables)
        if groups:
            nodes |= dict.fromkeys(term.parts)
    return list(nodes)


def _freeze(frame: ModelFrame) -> None:
    """Make the arrays of a frame read-only."""
    columns = [frame.x_columns, *(part.columns for part in frame.random)]
    arrays = [array for some in columns for factors in some.factors for array in factors]
    arrays += [each for each in (frame.y, frame.weights, frame.offset) if each is not None]
    arrays += [each.codes for each in frame.groupings.values()]
    for value in frame.predictors.values():
        arrays.append(value.codes if isinstance(value, Category) else value.values)  # type: ignore[union-attr]
    for array in arrays:
        if isinstance(array, np.ndarray):
            array.flags.writeable = False


def _given(values: Any, what: str, table: Table) -> Node | np.ndarray | None:
    """Weights or an offset: an expression, or an array of floats (rows,)."""
    if values is None:
        return None
    if isinstance(values, str):
        return Name(values, quoted=True) if values in table else parse_expression(values)
    if isinstance(values, pd.Series) and not values.index.equals(table.index):
        raise DataError(
            f"The index of the {what} is not that of the data; align them first, for example with "
            "values.reindex(data.index), or pass values.to_numpy() to take them row by row."
        )
    if np.shape(values) != (table.n,):
        raise DataError(f"The {what} must be one number a row: {table.n}; got {np.shape(values)}.")
    return Column.of(values, f"`{what}`").numbers()


def _demand_rows(values: Mapping[Any, Value], n: int) -> None:
    """Raise for a variable that is one value and not one a row."""
    for key, value in values.items():
        if not isinstance(value, ROWS):
            name = key if isinstance(key, str) else spell(key)
            raise DataError(f"{name!r} names no column of the data: it is one value for all {n} rows.")


def _numeric(node: Node, value: Value, role: str, n: int) -> np.ndarray:
    """Values of an expression that must be one numeric column, as floats (n,)."""
    if isinstance(value, NUMERIC):
        return np.asarray(value.values, dtype=float)
    name = node.name if isinstance(node, Name) else spell(node) if isinstance(node, Call) else OFFSET
    if isinstance(value, Matrix) and value.values.shape[1] == 1:
        return value.values[:, 0].copy()
    if isinstance(value, Matrix):
        raise DataError(f"The {role} {name!r} makes {value.values.shape[1]} columns; it must be one.")
    if isinstance(value, int | float):
        return np.full(n, float(value))
    if isinstance(value, Category):
        shown = ", ".join(map(shorten, value.labels[:SHOWN])) + (" …" if len(value.labels) > SHOWN else "")
        what, remedy = (
            f"is a category ({shown})",
            f"convert it first, for example with pandas.to_numeric(data[{name!r}])",
        )
    elif isinstance(value, Other):
        what, remedy = f"holds {value.what}", value.remedy(name)
    else:
        what, remedy = "is a word", "name a column"
    raise DataError(f"The {role} {name!r} is not numeric: it {what}; {remedy}.")


def _groupings(parsed: Formula, values: Mapping[Any, Value]) -> dict[str, Grouping]:
    found: dict[str, Grouping] = {}
    for term in parsed.random:
        if term.group not in found:
            found[term.group] = grouping(term.group, term.parts, [values[node] for node in term.parts])
    return found


def _weights(node: Any, values: Mapping[Any, Value], n: int) -> np.ndarray | None:
    if node is None:
        return None
    weights = _numeric(node, values[WEIGHTS], "weights column", n)
    name = f" {(node.name if isinstance(node, Name) else spell(node))!r}" if isinstance(node, Name | Call) else ""
    bad = int((weights <= 0).sum())
    if bad:
        raise DataError(f"{bad} of {len(weights)} weights{name} are zero or negative; leave these rows out.")
    if not SMALLEST_WEIGHT < weights.min() <= weights.max() < LARGEST_WEIGHT:
        raise DataError(
            f"The weights{name} are too small or too large to compute with ({weights.min():.3g} to {weights.max():.3g})"
            "; divide them by their mean."
        )
    return weights
