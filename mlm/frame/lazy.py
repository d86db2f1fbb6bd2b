"""A formula and lazy data: which columns it makes, as expressions of an engine, and the rows that are complete.

The data are passed over once for counts of missing and infinite values, and once for each column of words that is a
category; before that for what single functions learn, the distinct values of a category, the mean that scale() takes.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np

from ..errors import DataError, MissingRowsWarning, shorten, users_stacklevel
from ..language.formula import Formula, parse
from ..language.terms import Terms
from ..language.tree import Call, Name, Node, spell, walk
from .call_text import CallText, name_of
from .coding import Coding, checked_contrasts, coding_of
from .columns import INTERCEPT
from .design import Design, crossed, full_coding
from .given import OFFSET, WEIGHTS, given
from .lazy_functions import Lazily, sound
from .lazy_predictors import predictors_of
from .lazy_table import LazyTable
from .lazy_values import ROW, ByValue, Translator, chosen, key_of
from .model_frame import RandomPart
from .outcome import numbers_of_rows
from .rows import Dropped, taken
from .unread import UnreadColumns, UnreadPredictor
from .values import Category, Matrix, Numbers, Truth, Value, label
from .variables import demanded, without_dot

__all__ = ["PRIOR", "LazyFrame", "LazyPart", "Product", "read_lazy"]

Product = tuple[str, ...]
"""A column of a model matrix: the names of the factors that it is the product of; of the constant, none."""
RESPONSE, PRIOR, GROUP = "(y)", "(w)", "mlm_size"


@dataclass(frozen=True, slots=True, eq=False)
class LazyPart:
    """Columns of some terms: their recipe, and of which factors each is the product."""

    design: Design
    products: tuple[Product, ...]

    def unread(self, columns: Sequence[Product], n: int) -> UnreadColumns:
        """The columns by their names, and where they stand among all."""
        return UnreadColumns(self.design.names, n, tuple(columns.index(product) for product in self.products))


@dataclass(frozen=True, slots=True, eq=False)
class LazyFrame:
    """What `ModelFrame` is for rows in memory, with expressions for the rows.

    Attributes
    ----------
    table : LazyTable
        The complete rows; with a column for each factor, the response less the offset, and the weights.
    nobs : int
    columns : tuple of tuple of str
        All columns that sums are taken of, as products of factors: first the constant, last the response.
    labels : tuple of str
        What each column is: its variables with the endings of their columns.
    keys : mapping of str to tuple of str
        The data's columns by which each grouping factor groups.
    weighted : bool
    known : mapping
        What `UnreadFrame` knows, but for the grouping factors.
    """

    table: LazyTable
    nobs: int
    columns: tuple[Product, ...]
    labels: tuple[str, ...]
    keys: Mapping[str, tuple[str, ...]]
    weighted: bool
    known: Mapping[str, Any]


def read_lazy(
    formula: str,
    data: Any,
    weights: Any,
    offset: Any,
    contrasts: Mapping[str, Any] | None,
    data_name: str | None,
    levels: Mapping[str, Sequence[Any]] | None = None,
    least: int = 1,
) -> LazyFrame:
    """Bring a formula and lazy data together.

    Parameters
    ----------
    formula : str
    data : DuckDB relation, polars LazyFrame, Ibis table, Dask or PySpark frame, or path of Parquet files
    weights, offset : str or None
        A column's name, or an expression.
    contrasts, data_name
        As for `model_frame`.
    levels : mapping of str to sequence, optional
        Levels of categories, by their names in the formula, whether rows have them or not.
    least : int
        Groups of fewer rows are left out.

    Raises
    ------
    FormulaError, DataError, ArgumentError
        As `model_frame` does; DataError also for what an engine cannot compute.
    """
    named = name_of(data, data_name)
    table = LazyTable.of(data)
    parsed = parse(formula)
    if parsed.has_dot:
        parsed = without_dot(parsed, table.names_only(), {})
    roles = _roles(table, weights, offset)
    texts = {role: text for role, text in ((WEIGHTS, weights), (OFFSET, offset)) if text is not None}
    demanded(parsed, roles, texts, table.names_only(), {})
    reading = _Reading(parsed, roles, Translator(table), levels or {})
    kept, dropped = reading.complete_rows()
    if least > 1:
        kept, dropped = reading.large_groups(kept, dropped, least)
    return reading.frame(kept, dropped, contrasts, CallText(named, weights, offset))


def _roles(table: LazyTable, weights: Any, offset: Any) -> dict[str, Node]:
    """The expressions of weights and an offset by their roles."""
    found: dict[str, Node] = {}
    for role, text in ((WEIGHTS, weights), (OFFSET, offset)):
        if text is None:
            continue
        if not isinstance(text, str):
            raise DataError(
                f"The {role[1:-1]} are values, and the rows of {table.engine} have no order to match them by; make a "
                f"column of them and give its name, {role[1:-1]}='name'."
            )
        node = given(text, role[1:-1], table.names_only())
        assert not isinstance(node, np.ndarray)
        found[role] = node
    return found


class _Reading:
    """One formula on its way to a `LazyFrame`."""

    def __init__(
        self,
        formula: Formula,
        roles: Mapping[str, Node],
        translator: Translator,
        levels: Mapping[str, Sequence[Any]],
    ) -> None:
        self.levels = levels
        self.formula, self.roles, self.translator, self.table = formula, roles, translator, translator.table
        computed = dict.fromkeys((formula.left, *formula.fixed.variables, *formula.offsets, *roles.values()))
        computed |= dict.fromkeys(node for term in formula.random for node in term.expr.variables)
        self.computed = list(computed)
        parts = dict.fromkeys(node for term in formula.random for node in term.parts)
        self.grouped = list(dict.fromkeys(name for node in parts for name in translator.columns([node])))
        self.factors: dict[str, nw.Expr] = {}
        self._labelled: dict[tuple[str, str], str] = {}
        self._counts: dict[str, dict[Any, int]] = {}

    # rows

    def complete_rows(self) -> tuple[LazyTable, Dropped]:
        """The rows in which nothing is missing; says which are left out.

        Raises
        ------
        DataError
            When a variable is infinite or undefined somewhere, or no row is complete.
        """
        present = {node: self._present(node) for node in self.computed}
        of_column = {name: ~key_of(self.table, name).is_null() for name in self._columns()}
        conditions = [*present.values(), *(of_column[name] for name in self.grouped)]
        every = reduce(and_, conditions)
        asked = {"rows": nw.len(), "complete": _counted(every)}
        for name in of_column:
            users = [~present[node] for node in present if name in self.translator.columns([node])]
            users += [~of_column[name]] if name in self.grouped else []
            asked[f"absent {name}"] = _counted(~of_column[name] & reduce(or_, users))
            if self.table.holds(name) == "numbers" and self.table.is_float(name):
                number = nw.col(name).cast(nw.Float64)
                asked[f"infinite {name}"] = _counted((number == math.inf) | (number == -math.inf))
        calls = {node: there for node, there in present.items() if isinstance(node, Call)}
        for k, (node, there) in enumerate(calls.items()):
            inputs = [of_column[name] for name in self.translator.columns([node])]
            asked[f"undefined {k}"] = _counted(reduce(and_, inputs, ~there))
        found = {name: int(count) for name, count in self.table.numbers(asked).items() if not math.isnan(count)}
        _demand_numbers(found, list(calls))
        total, complete = found["rows"], found.get("complete", 0)
        by_column = {name: found[f"absent {name}"] for name in of_column if found.get(f"absent {name}")}
        _say_dropped(total, complete, by_column, list(of_column))
        return self.table.keeping(every), Dropped(total - complete, total, by_column)

    def large_groups(self, kept: LazyTable, dropped: Dropped, least: int) -> tuple[LazyTable, Dropped]:
        """Leave out the rows of groups that have fewer than `least`, until none has; warns of them.

        Raises
        ------
        DataError
            When no row is left.
        """
        keys = [list(self.translator.columns(term.parts)) for term in self.formula.random]
        before = dropped.total - dropped.count
        rows, counted = before, -1
        while rows != counted:
            counted = rows
            for names in keys:
                size = kept.with_columns({GROUP: nw.lit(1.0)}).sizes(names, GROUP)
                kept = size.keeping(nw.col(GROUP) >= least)
            rows = int(kept.numbers({"rows": nw.len()})["rows"])
        if not rows:
            raise DataError(f"No group has {least} rows or more; ask for fewer, or group by something coarser.")
        if rows < before:
            warnings.warn(
                f"{before - rows} of {before} complete rows are in groups of fewer than {least} rows and are left out.",
                MissingRowsWarning,
                stacklevel=users_stacklevel(),
            )
        return kept, Dropped(dropped.total - rows, dropped.total, dropped.by_column)

    def _columns(self) -> list[str]:
        return list(dict.fromkeys([*self.translator.columns(self.computed), *self.grouped]))

    def _present(self, node: Node) -> nw.Expr:
        value = self.translator.value(node)
        if isinstance(value, ByValue):
            return value.present()
        if not isinstance(value, Lazily):
            raise DataError(f"{shorten(spell(node))!r} names no column of the data: it is one value for all rows.")
        return ~(value.expression if value.truth else sound(value.expression)).is_null()

    # columns

    def frame(
        self, kept: LazyTable, dropped: Dropped, contrasts: Mapping[str, Any] | None, call: CallText
    ) -> LazyFrame:
        """Make the columns of all terms on the complete rows."""
        values = {node: self._of_rows(node, kept) for node in self._designed()}
        chosen_by = checked_contrasts(contrasts, self.formula.fixed.variables, values)
        x = self._part(self.formula.fixed, values, chosen_by)
        random = tuple(self._part(term.expr, values, {}) for term in self.formula.random)
        n = dropped.total - dropped.count
        self.factors |= self._numbers_of_rows()
        columns = ((), *dict.fromkeys(each for part in (x, *random) for each in part.products if each), (RESPONSE,))
        known: dict[str, Any] = {
            "formula": self.formula, "x_design": x.design, "x_columns": x.unread(columns, n), "dropped": dropped,
            "random": tuple(
                RandomPart(term, part.unread(columns, n), part.design)
                for term, part in zip(self.formula.random, random, strict=True)
            ),
            "recipe": self.translator.recipe(), "predictors": self._predictors(kept), "call": call, **self._given(),
        }  # fmt: skip
        keys = {term.group: tuple(self.translator.columns(term.parts)) for term in self.formula.random}
        table = kept.with_columns(self.factors)
        return LazyFrame(table, n, columns, self._labels(columns), keys, WEIGHTS in self.roles, known)

    def _labels(self, columns: Sequence[Product]) -> tuple[str, ...]:
        """What the columns are."""
        told = {alias: f"{variable}: {end}" for (variable, end), alias in self._labelled.items()}
        told[RESPONSE] = spell(self.formula.left)
        return tuple(" * ".join(told[name] for name in product) or "1" for product in columns)

    def _predictors(self, kept: LazyTable) -> dict[str, UnreadPredictor]:
        """What is known of the columns that the fixed part uses."""
        names = self.translator.columns(self.formula.fixed.variables)
        coded = {}
        for node in self.formula.fixed.variables:
            for piece in walk(node):
                value = self.translator.known(piece)
                if isinstance(value, ByValue):
                    coded[value.column] = value
        return predictors_of(kept, {name: coded.get(name) for name in names})

    def _given(self) -> dict[str, Any]:
        """That there are no weights, that there is no offset, or what the offset is of."""
        found: dict[str, Any] = {} if WEIGHTS in self.roles else {"weights": None}
        parts = (*self.formula.offsets, *([self.roles[OFFSET]] if OFFSET in self.roles else []))
        return {**found, "offset_parts": parts} if parts else {**found, "offset": None}

    def _designed(self) -> list[Node]:
        nodes = dict.fromkeys(self.formula.fixed.variables)
        return list(nodes | dict.fromkeys(node for term in self.formula.random for node in term.expr.variables))

    def _of_rows(self, node: Node, kept: LazyTable) -> Value:
        """What a variable is, for its coding: of a category the levels that complete rows have, a code a value."""
        value = self.translator.value(node)
        if isinstance(value, Lazily):
            return Truth(np.array([0.0, 1.0])) if value.truth else Numbers(np.zeros(1))
        if isinstance(value.value, Category):
            there = taken(value.value, self._occurring(value, kept))
            assert isinstance(there, Category)
            declared = self.levels.get(spell(node))
            return there if declared is None else _declared(there, declared, spell(node))
        return value.value

    def _occurring(self, value: ByValue, kept: LazyTable) -> np.ndarray:
        """Which of a column's distinct values complete rows have."""
        if value.column not in self._counts:
            rows = kept.with_columns({ROW: value.key}).by([ROW], {"(rows)": nw.len()})
            self._counts[value.column] = dict(zip(rows[ROW].to_list(), rows["(rows)"].to_list(), strict=True))
        counts = self._counts[value.column]
        return np.array([each in counts for each in value.raw])

    def _part(self, terms: Terms, values: Mapping[Node, Value], contrasts: Mapping[str, Any]) -> LazyPart:
        """The recipe and the products of some terms: see `design.build`."""
        codings = tuple(_coding(values[node], node, contrasts) for node in terms.variables)
        full = full_coding(terms, codings)
        names = [INTERCEPT] if terms.intercept else []
        products: list[Product] = [()] if terms.intercept else []
        spans = []
        for term, flags in zip(terms.sets, full, strict=True):
            columns = [
                self._coded(terms.variables[k], values[terms.variables[k]], codings[k], flag)
                for k, flag in zip(term, flags, strict=True)
            ]
            made = list(crossed(columns))
            names += [name for name, _ in made]
            products += [tuple(map(str, factors)) for _, factors in made]
            spans.append(len(made))
        design = Design(terms, tuple(names), codings, full, self.translator.recipe(), tuple(spans))
        return LazyPart(design, tuple(products))

    def _coded(self, node: Node, value: Value, coding: Coding | None, full: bool) -> list[tuple[str, Any]]:
        """Names of a variable's columns, with the names of the factors that they are."""
        mine = self.translator.value(node)
        name = spell(node)
        if coding is None:
            return [(name, self._factor(name, name, self.translator.lazily(node).expression))]
        if isinstance(mine, ByValue) and isinstance(value, Category):
            there = self._occurring_raw(mine)
            made = coding.columns(name, value.codes, full)
            return [(end, self._factor(name, end, chosen(mine.key, there, array))) for end, array in made]
        truth = self.translator.lazily(node).expression.cast(nw.Float64)
        made = coding.columns(name, np.array([0, 1]), full)
        return [(end, self._factor(name, end, low + (high - low) * truth)) for end, (low, high) in made]

    def _occurring_raw(self, value: ByValue) -> list[Any]:
        return [each for each in value.raw if each in self._counts[value.column]]

    def _factor(self, variable: str, label: str, expression: nw.Expr) -> str:
        """The name of a factor, the same for the same column of the same variable."""
        alias = self._labelled.setdefault((variable, label), f"(f{len(self._labelled)})")
        self.factors[alias] = expression
        return alias

    def _numbers_of_rows(self) -> dict[str, nw.Expr]:
        """The response less the offset, and the weights."""
        asked = self.translator.value(self.formula.left)
        if isinstance(asked, Lazily) and asked.truth:  # of which it is said that they are taken for numbers
            numbers_of_rows(self.formula, Truth(np.array([0.0, 1.0])), 2)
        elif isinstance(asked, ByValue) and isinstance(asked.value, Category):
            numbers_of_rows(self.formula, asked.value, len(asked.raw))
        response = self._number(self.formula.left, "response")
        for node in (*self.formula.offsets, *([self.roles[OFFSET]] if OFFSET in self.roles else [])):
            if node == self.formula.left:
                raise DataError(f"The offset is the response {shorten(spell(node))!r} itself. Give another, or none.")
            response = response - self._number(node, "offset")
        found = {RESPONSE: response}
        if WEIGHTS in self.roles:
            found[PRIOR] = self._number(self.roles[WEIGHTS], "weights column")
        return found

    def _number(self, node: Node, role: str) -> nw.Expr:
        value = self.translator.value(node)
        if isinstance(value, ByValue) and isinstance(value.value, Category | Matrix):
            name = node.name if isinstance(node, Name) else spell(node)
            raise DataError(f"The {role} {shorten(name)!r} is not numeric: it is a category.")
        found = self.translator.lazily(node)
        return found.expression.cast(nw.Float64) if found.truth else found.expression


def _coding(value: Value, node: Node, contrasts: Mapping[str, Any]) -> Coding | None:
    if isinstance(value, Category | Truth):
        name = spell(node)
        return coding_of(value, name, contrasts.get(name))
    if isinstance(value, Numbers):
        return None
    raise DataError(f"The predictor {shorten(spell(node))!r} is neither one column of numbers nor a category.")


def _declared(value: Category, levels: Sequence[Any], name: str) -> Category:
    """A category with the levels that are given."""
    labels = [label(level) for level in levels]
    unknown = [each for each in value.labels if each not in labels]
    if unknown:
        raise DataError(f"{shorten(name)!r} has the level {shorten(unknown[0])!r}, which is not among those given.")
    place = np.array([labels.index(each) for each in value.labels], dtype=np.intp)
    every = np.empty(len(levels), dtype=object)
    every[:] = list(levels)
    return Category(place[value.codes], every, value.ordered, value.contrast, value.text)


def _counted(condition: nw.Expr) -> nw.Expr:
    return condition.cast(nw.Float64).sum()


def _demand_numbers(found: Mapping[str, int], calls: list[Call]) -> None:
    """Refuse infinite values, and expressions that have none where their columns do."""
    total = found["rows"]
    if not total:
        raise DataError("The data have no rows.")
    for key, count in found.items():
        what, _, name = key.partition(" ")
        if what == "infinite" and count:
            raise DataError(
                f"Column {name!r} has {count} infinite values in its {total} rows; replace them by missing values or "
                "filter these rows."
            )
        if what == "undefined" and count:
            node = calls[int(name)]
            raise DataError(
                f"{spell(node)!r} is infinite or undefined in {count} of {total} rows; filter these rows or change the "
                "term."
            )


def _say_dropped(total: int, complete: int, by_column: Mapping[str, int], columns: list[str]) -> None:
    """Warn of rows that are left out.

    Raises
    ------
    DataError
        When all are.
    """
    listed = ", ".join(f"{name} ({count})" for name, count in by_column.items())
    if not complete:
        raise DataError(f"No row is complete: all {total} rows have missing values, by column: {listed}.")
    if complete < total:
        warnings.warn(
            f"{total - complete} of {total} rows have missing values and are left out, by column: {listed}. To choose "
            f"the rows yourself, filter them before the fit.",
            MissingRowsWarning,
            stacklevel=users_stacklevel(),
        )
