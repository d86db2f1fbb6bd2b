"""Expressions of a formula translated for an engine, each once; what has few values is computed on the values.

Expressions of a column of words, and of a column whose numbers are levels, go through the table of all functions: the
engine is asked for the column's distinct values, the functions are run on these, and each value is told its result.
So factor(), relevel(), C(), %in% and comparisons with words mean what they mean in memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from ..errors import DataError, shorten
from ..language.tree import Call, Name, Node, Number, Text, spell, walk
from .evaluate import CONSTANTS, Evaluator, Recipe, column_names
from .functions.table import bound, found
from .lazy_arithmetic import sound
from .lazy_functions import Lazily, LazySite, lazy_function, numbers_of
from .lazy_table import LazyTable
from .matching import NUMBERS, TRUTH_VALUES, Kind
from .table import Table
from .values import Category, Matrix, Numbers, Other, Truth, Value, missing

__all__ = ["ByValue", "Translator", "chosen", "key_of"]

# Distinct values of a column that is taken for a category: more make a model that nobody reads, and queries too long.
MOST_VALUES = 1_000
CODES = frozenset(("factor", "as.factor", "ordered", "as.ordered", "C", "relevel", "droplevels", "as.character"))
# Functions that learn of rows and not of values alone, and those of them that learn levels only.
LEARN_LEVELS = CODES | {"ifelse", "as.numeric", "as.integer", "levels", "<", "<=", ">", ">="}
ROW, OWN = "(row)", "(own)"  # values as they are compared, and as the column has them
SAID = {"true", "false"}  # truth values as words


@dataclass(frozen=True, slots=True, eq=False)
class ByValue:
    """An expression of one column, computed on the distinct values of the column.

    Attributes
    ----------
    column : str
    key : narwhals.Expr
        The column, as it is compared with the values.
    raw : list
        The distinct values, None for missing ones, L of them.
    value : Value
        The expression on these, L rows.
    """

    column: str
    key: nw.Expr
    raw: list[Any]
    value: Value

    def lazily(self, node: Node) -> Lazily:
        """The expression as numbers or truth values of the rows.

        Raises
        ------
        DataError
            When it is a category, or several columns.
        """
        if isinstance(self.value, Truth):
            return Lazily(chosen(self.key, self.raw, self.value.values), True)
        if isinstance(self.value, Numbers):
            return Lazily(chosen(self.key, self.raw, np.asarray(self.value.values, dtype=float)))
        what, remedy = "a category" if isinstance(self.value, Category) else "several columns", ""
        if isinstance(self.value, Category) and {str(each).lower() for each in self.value.levels} == SAID:
            what = f"a category of the words {' and '.join(map(repr, map(str, self.value.levels)))}"
            remedy = " Make truth values of the column where the data are: Dask makes words of Python's objects."
        raise DataError(f"{shorten(spell(node))!r} is {what}, and numbers are needed.{remedy}")

    def present(self) -> nw.Expr:
        """Whether a row has a value."""
        if isinstance(self.value, Matrix | Other):
            return ~self.key.is_null()
        absent = missing(self.value)
        values = np.ones(len(self.raw)) if absent is None else (~absent).astype(float)
        return chosen(self.key, self.raw, values) == 1.0


def chosen(key: nw.Expr, raw: list[Any], values: np.ndarray) -> nw.Expr:
    """The number that belongs to each row's value; null where that is NaN."""
    expression = nw.lit(None, dtype=nw.Float64)
    for number in dict.fromkeys(values[~np.isnan(values)].tolist()):
        alike = [value for value, mine in zip(raw, values.tolist(), strict=True) if mine == number]
        some = [value for value in alike if value is not None]
        condition = key.is_in(some) if some else key.is_null()
        if some and len(some) < len(alike):
            condition = condition | key.is_null()
        expression = nw.when(condition).then(nw.lit(number)).otherwise(expression)
    return expression


def key_of(table: LazyTable, name: str) -> nw.Expr:
    """A column as its values are told apart: missing numbers are null, words are words."""
    column, holds = nw.col(name), table.holds(name)
    if holds == "numbers" and (table.is_float(name) or table.dtypes[name].is_decimal()):
        return sound(column.cast(nw.Float64))
    if holds != "words" or isinstance(table.dtypes[name], nw.String) or not table.is_text(name):
        return column
    return nw.when(~column.is_null()).then(column.cast(nw.String))  # pandas 2 makes words of what is missing


class Translator:
    """Computes the expressions of one formula, each once, and keeps what they learn.

    Parameters
    ----------
    table : LazyTable

    Attributes
    ----------
    table : LazyTable
        With the columns that were made on the way.
    steps : dict of str to narwhals.Expr
        These columns, each of which may use those before it.
    """

    def __init__(self, table: LazyTable) -> None:
        self.table = table
        self.steps: dict[str, nw.Expr] = {}
        self.learnt: dict[Call, Mapping[str, Any]] = {}
        self.kinds: dict[str, Kind] = {}
        self._known: dict[Node, Any] = {}
        self._distinct: dict[str, tuple[Table, list[Any]]] = {}

    def value(self, node: Node) -> Any:
        """Return an expression as `Lazily`, `ByValue` or a constant."""
        if node not in self._known:
            self._known[node] = self._value(node)
        return self._known[node]

    def known(self, node: Node) -> Any:
        """Return an expression that was asked for before; None of any other."""
        return self._known.get(node)

    def lazily(self, node: Node) -> Lazily:
        """Return an expression as numbers or truth values of the rows."""
        value = self.value(node)
        if isinstance(value, ByValue):
            return value.lazily(node)
        return value if isinstance(value, Lazily) else Lazily(numbers_of(LazySite(spell(node), 0), value))

    def columns(self, nodes: tuple[Node, ...] | list[Node]) -> list[str]:
        """Names of the columns that expressions use."""
        return column_names(nodes, {}, self.table)

    def evaluator(self, table: Table) -> Evaluator:
        """Compute expressions on the distinct values of a column."""
        return Evaluator(table, {})

    def site(self, node: Call) -> LazySite:
        """Where a function is called."""
        return LazySite(spell(node), 0, table=self.table, step=self.step)

    def step(self, expression: nw.Expr) -> nw.Expr:
        """Make a column of an expression that is used many times."""
        name = f"(t{len(self.steps)})"
        self.steps[name] = expression
        self.table = self.table.with_columns({name: expression})
        return nw.col(name)

    def recipe(self) -> Recipe:
        """What is to be kept for new rows."""
        return Recipe(dict(self.kinds), dict(self.learnt), {})

    def _value(self, node: Node) -> Any:
        if isinstance(node, Number | Text):
            return node.value
        columns = self.columns([node])
        if isinstance(node, Name) and not columns:
            return CONSTANTS[node.name]
        if len(columns) == 1 and self._is_by_value(node, columns[0]):
            return self._by_value(node, columns[0])
        if isinstance(node, Name):
            return self._column(node.name)
        assert isinstance(node, Call)
        if not columns:
            return self.evaluator(self.table.names_only()).value(node)
        return self.value(node.arguments[0]) if node.function == "(" else self._call(node)

    def _column(self, name: str) -> Lazily:
        holds = self.table.holds(name)
        if holds == "truth":
            self.kinds[name] = TRUTH_VALUES
            return Lazily(nw.col(name).cast(nw.Float64), True)
        if holds != "numbers":
            raise DataError(
                f"Column {name!r} holds {self.table.told(name)}, which is neither numbers nor words; make numbers of "
                "it first."
            )
        self.kinds[name] = NUMBERS
        number = nw.col(name).cast(nw.Float64)
        return Lazily(sound(number) if self.table.is_float(name) else number)

    def _call(self, node: Call) -> Any:
        site = self.site(node)
        known = lazy_function(node.function, spell(node), self.table)
        values = [self.value(argument) for argument in node.arguments]
        values = [
            value.lazily(argument) if isinstance(value, ByValue) else value
            for value, argument in zip(values, node.arguments, strict=True)
        ]
        site.table = self.table  # with the columns that the arguments made
        made: Any = bound(known, site, values, list(node.keywords or (None,) * len(values)))
        if site.learnt:
            self.learnt[node] = site.learnt
        return Lazily(sound(made.expression)) if isinstance(made, Lazily) and not made.truth else made

    def _is_by_value(self, node: Node, column: str) -> bool:
        """Whether an expression is one of the values of a column and of nothing else."""
        calls = [piece for piece in walk(node) if isinstance(piece, Call) and piece.function != "("]
        if self.table.holds(column) != "words" and not any(_bare(call) in CODES for call in calls):
            return False
        for call in calls:
            if found(call.function, {}).learns and _bare(call) not in LEARN_LEVELS:
                raise DataError(
                    f"{shorten(spell(call))!r} cannot be computed where the data stay, inside of "
                    f"{shorten(spell(node))!r}; make the column before the fit."
                )
        return True

    def _by_value(self, node: Node, column: str) -> ByValue:
        table, raw = self.distinct(column)
        evaluator = self.evaluator(table)
        try:
            value = evaluator.variable(node)
        except DataError as error:
            counted = f" (Counted are the {len(raw)} distinct values of {column!r}.)" if " rows" in str(error) else ""
            raise DataError(f"{error}{counted}") from None
        self.kinds |= evaluator.kinds
        self.learnt |= evaluator.learnt
        return ByValue(column, key_of(self.table, column), raw, value)

    def distinct(self, column: str) -> tuple[Table, list[Any]]:
        """The distinct values of a column, as a table of one column and as a list.

        Raises
        ------
        DataError
            When there are too many.
        """
        if column not in self._distinct:
            _demand_order(self.table.of_pandas(column), column)
            key = key_of(self.table, column)
            own = nw.col(column) if self.table.holds(column) == "words" else key
            rows = self.table.with_columns({OWN: own, ROW: key}).by([OWN, ROW], {"(rows)": nw.len()})
            if len(rows) > MOST_VALUES:
                raise DataError(
                    f"Column {column!r} has {len(rows):,} distinct values, too many for a category of the fixed part "
                    f"(the limit is {MOST_VALUES:,}); take it for a grouping factor: (1 | {column})."
                )
            raw = [None if pd.isna(value) else value for value in rows[ROW].to_list()]
            declared, values = self.table.declared(column), rows.select(nw.col(OWN).alias(column)).to_native()
            if declared is not None:
                values = pd.DataFrame({column: pd.Categorical(raw, categories=declared)})
            self._distinct[column] = Table.of(values), raw
        return self._distinct[column]


def _demand_order(dtype: Any, column: str) -> None:
    """Refuse a dictionary of Arrow's in a frame of pandas', whose levels come in the order in which rows have them.

    Raises
    ------
    DataError
    """
    if isinstance(dtype, pd.ArrowDtype) and str(dtype).startswith("dictionary"):
        raise DataError(
            f"Column {column!r} is a dictionary of Arrow's ({dtype}), which loses the order of its levels when rows "
            "are grouped; make a category of pandas of it first, astype(pandas.CategoricalDtype([…], ordered=True))."
        )


def _bare(call: Call) -> str:
    return call.function.removeprefix("base::").removeprefix("stats::")
