"""The model frame: the rows in use, the response, the model matrices and the grouping factors of one formula.

The user's data frame is never changed, and a model frame neither: its arrays are read-only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from ..errors import DataError
from ..language.formula import Formula, RandomTerm, parse
from ..language.tree import Name, Node
from .call_text import UNNAMED, CallText, name_of, written
from .coding import checked_contrasts
from .columns import Columns
from .design import Design, build
from .evaluate import Recipe
from .fit_call import FitCall
from .functions.table import own_functions
from .given import OFFSET, WEIGHTS, checked_weights, numeric
from .grouping import Grouping, grouping
from .likeness import warn_of_blanks
from .outcome import Outcome, Reader, numbers_of_rows
from .rows import Dropped, demand_defined
from .table import Table
from .values import Category, Value
from .variables import Variables, variables

__all__ = ["Dropped", "ModelFrame", "RandomPart", "model_frame", "read_frame"]


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
    y : ndarray, shape (n,)
        The response, as it stands in the data (an offset is not yet taken off); of a generalized model, `outcome` as
        numbers.
    weights : ndarray of shape (n,) or None
        Those of a generalized model are what its response makes of them.
    offset : ndarray of shape (n,) or None
    index : pandas.Index
        Labels of the rows in use.
    dropped : object
        Rows left out for missing values, with ``count``, ``total`` and ``by_column``.
    """

    formula: Formula
    y: np.ndarray
    x_columns: Columns  # of the fixed effects
    x_design: Design
    random: tuple[RandomPart, ...]
    groupings: Mapping[str, Grouping]
    weights: np.ndarray | None
    offset: np.ndarray | None
    index: pd.Index
    dropped: Dropped
    recipe: Recipe  # how the variables are computed on new rows
    predictors: Mapping[str, Value]  # the data's columns that the fixed part uses, on the rows in use
    offset_parts: tuple[Node, ...] | None = ()  # their sum is the offset; None when it was given as values
    call: CallText = UNNAMED  # what a report says of the data and of the arguments
    dependent: Columns | None = None  # fixed-effects columns that were dropped as dependent on others
    outcome: Outcome | None = None  # what a generalized model reads of the response; None where it is numbers
    origin: FitCall | None = None  # the call that it came by
    # what the response's expression, offsets and slopes use; "(weights)" and "(offset)" as they were given
    others: Mapping[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "groupings", MappingProxyType(dict(self.groupings)))
        object.__setattr__(self, "predictors", MappingProxyType(dict(self.predictors)))
        object.__setattr__(self, "others", MappingProxyType(dict(self.others)))
        _freeze(self)

    def __reduce__(self) -> tuple[Any, ...]:
        values = [getattr(self, each.name) for each in fields(self)]
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
    def offset_mean(self) -> float | None:
        """Mean of the offset over the rows; None without one."""
        return None if self.offset is None else float(np.mean(self.offset))

    @property
    def net_response(self) -> np.ndarray:
        """The response less the offset, shape (n,)."""
        return self.y if self.offset is None else self.y - self.offset

    @property
    def x(self) -> np.ndarray:
        """Fixed-effects model matrix, shape (n, p)."""
        return self.x_columns.matrix()

    @property
    def like_x(self) -> np.ndarray:
        """A matrix with the products X'X of the fixed-effects columns; here these themselves."""
        return self.x

    @property
    def x_names(self) -> tuple[str, ...]:
        """Names of the fixed-effects columns."""
        return self.x_columns.names

    @property
    def all_columns(self) -> Columns:
        """The fixed-effects columns with those that depend on others in their places."""
        keep = self.x_design.keep
        if keep is None or self.dependent is None:
            return self.x_columns
        total = len(keep) + len(self.dependent.names)
        order = np.argsort([*keep, *sorted(set(range(total)) - set(keep))])
        names = (*self.x_columns.names, *self.dependent.names)
        both = Columns(names, (*self.x_columns.factors, *self.dependent.factors), self.nobs)
        return both.select(order.tolist())

    @property
    def left_out(self) -> tuple[str, ...]:
        """Names of the fixed-effects columns that were dropped as dependent on others."""
        return () if self.dependent is None else self.dependent.names

    def with_functions(self, functions: Mapping[str, Callable[..., Any]]) -> ModelFrame:
        """Return the frame with functions of the user's given again: see `Recipe.with_functions`."""
        recipe = self.recipe.with_functions(functions)
        random = tuple(replace(part, design=part.design.with_recipe(recipe)) for part in self.random)
        origin = None if self.origin is None else self.origin.with_functions(functions)
        design = self.x_design.with_recipe(recipe)
        return replace(self, recipe=recipe, x_design=design, random=random, origin=origin)

    def changed(self, **changes: Any) -> ModelFrame:
        """Return the frame with other attributes."""
        return replace(self, **changes)

    def without(self, dropped: list[int]) -> ModelFrame:
        """Return the frame with these fixed-effects columns left out."""
        out = set(dropped)
        keep = [k for k in range(len(self.x_names)) if k not in out]
        design, dependent = self.x_design.without(dropped), self.x_columns.select(sorted(out))
        return replace(self, x_columns=self.x_columns.select(keep), x_design=design, dependent=dependent)

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
        table.demand({"the offset": self.recipe.columns(self.offset_parts)}, "The new data")
        evaluator = self.recipe.evaluator(table)
        total: np.ndarray | float = 0.0
        for node in self.offset_parts:
            value = evaluator.variable(node)
            demand_defined(evaluator.told(node), value, table)
            total = total + numeric(node, value, "offset", table.n)
        return total


def model_frame(
    formula: str | Formula,
    data: Any,
    weights: Any = None,
    offset: Any = None,
    contrasts: Mapping[str, Any] | None = None,
    functions: Mapping[str, Callable[..., Any]] | None = None,
    data_name: str | None = None,
) -> ModelFrame:
    """Bring a formula and a data frame together.

    Parameters
    ----------
    formula : str
    data : data frame
        pandas, polars, pyarrow, modin … (any eager frame that narwhals knows), or a mapping of columns.
    weights, offset : str or array_like of shape (rows,), optional
        Prior weights (positive) and a known part of the linear predictor: a column's name, an expression, or values.
    contrasts : mapping of str to str or array_like, optional
        How categories of the fixed part are coded: ``{"f": "sum"}`` (treatment, sum, helmert, poly, SAS, or a matrix).
    functions : mapping of str to callable, optional
        Functions of your own that the formula calls: they take and give arrays.
    data_name : str, optional
        What reports call the data; by default ``data.attrs["name"]``, where there is one.

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
        When `contrasts`, `functions` or `data_name` are not what they should be.

    Examples
    --------
    >>> data = {"y": [1.0, 2.0, 4.0, 3.0], "x": [0, 1, 2, 3], "g": list("aabb")}
    >>> frame = model_frame("y ~ x + (1 | g)", data)
    >>> frame.x_names, frame.groupings["g"].size
    (('(Intercept)', 'x'), 2)
    """
    return read_frame(formula, data, weights, offset, contrasts, functions, data_name)


def read_frame(
    formula: str | Formula,
    data: Any,
    weights: Any = None,
    offset: Any = None,
    contrasts: Mapping[str, Any] | None = None,
    functions: Mapping[str, Callable[..., Any]] | None = None,
    data_name: str | None = None,
    reader: Reader | None = None,
    origin: FitCall | None = None,
) -> ModelFrame:
    """Bring a formula and a data frame together, for a response of any kind.

    Parameters
    ----------
    formula, data, weights, offset, contrasts, functions, data_name
        As for `model_frame`.
    reader : callable, optional
        Makes an `Outcome` of the response and the weights; without it, the response is one number per row.
    origin : FitCall, optional
        The call that is kept with the frame.

    Returns
    -------
    ModelFrame

    Raises
    ------
    FormulaError, DataError, ArgumentError
        As for `model_frame`, and what the reader raises.
    """
    parsed = formula if isinstance(formula, Formula) else parse(formula)
    named = name_of(data, data_name)
    table = Table.of(data)
    found = variables(parsed, table, weights, offset, own_functions(functions))
    parsed, values, n, recipe = found.formula, found.values, found.n, found.recipe
    warn_of_blanks({k.name: v.levels for k, v in values.items() if isinstance(k, Name) and type(v) is Category})
    x_design, x_columns = build(
        parsed.fixed, values, n, recipe, checked_contrasts(contrasts, parsed.fixed.variables, values)
    )
    left, prior = values[parsed.left], _weights(found)
    outcome = None if reader is None else reader(parsed.left, left, prior, n)
    return ModelFrame(
        formula=parsed,
        y=numbers_of_rows(parsed, left, n) if outcome is None else outcome.values,
        x_columns=x_columns,
        x_design=x_design,
        random=tuple(_random_part(term, found) for term in parsed.random),
        groupings=_groupings(found),
        weights=prior if outcome is None else outcome.weights,
        offset=_offset(found),
        index=table.index if found.used is None else table.index[found.used],
        dropped=found.dropped,
        recipe=recipe,
        predictors=found.predictors,
        others=found.others,
        offset_parts=_offset_parts(found),
        call=CallText(named, written(found.weights, weights), written(found.offset, offset)),
        outcome=outcome,
        origin=origin,
    )


def _random_part(term: RandomTerm, found: Variables) -> RandomPart:
    design, columns = build(term.expr, found.values, found.n, found.recipe)
    return RandomPart(term, columns, design)


def _groupings(found: Variables) -> dict[str, Grouping]:
    groupings: dict[str, Grouping] = {}
    for term in found.formula.random:
        if term.group not in groupings:
            groupings[term.group] = grouping(term.group, term.parts, [found.values[node] for node in term.parts])
    return groupings


def _weights(found: Variables) -> np.ndarray | None:
    if found.weights is None:
        return None
    return checked_weights(found.weights, numeric(found.weights, found.values[WEIGHTS], "weights column", found.n))


def _offset(found: Variables) -> np.ndarray | None:
    """The sum of all offsets, shape (n,); None without one."""
    parts = [numeric(node, found.values[node], "offset", found.n) for node in found.formula.offsets]
    if found.offset is not None:
        parts.append(numeric(found.offset, found.values[OFFSET], "offset column", found.n))
    return np.sum(parts, axis=0) if parts else None


def _offset_parts(found: Variables) -> tuple[Node, ...] | None:
    """Expressions whose sum is the offset; None when it was given as values."""
    if isinstance(found.offset, np.ndarray):
        return None
    return found.formula.offsets if found.offset is None else (*found.formula.offsets, found.offset)


def _freeze(frame: ModelFrame) -> None:
    """Make the arrays of a frame read-only."""
    columns = [frame.x_columns, *[part.columns for part in frame.random]]
    if frame.dependent is not None:
        columns.append(frame.dependent)
    arrays: list[Any] = [frame.y, frame.weights, frame.offset]
    for each in columns:
        for factors in each.factors:
            arrays += factors
    arrays += [each.codes for each in frame.groupings.values()]
    for value in frame.predictors.values():
        arrays.append(value.codes if type(value) is Category else value.values)  # type: ignore[union-attr]
    for array in arrays:
        if type(array) is np.ndarray:
            array.setflags(write=False)
