"""A formula and lazy data: which columns it makes, as expressions of an engine, and the rows that are complete.

The data are passed over once for counts of missing and infinite values, and once for each column of words that is a
category; before that for what single functions learn, the distinct values of a category, the mean that scale() takes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np

from ..errors import DataError, shorten
from ..language.formula import Formula, parse
from ..language.terms import Terms
from ..language.tree import Call, Name, Node, spell, walk
from .call_text import CallText, name_of
from .coding import Coding, checked_contrasts, coding_of, demand_levels
from .columns import INTERCEPT
from .design import Design, crossed, full_coding
from .evaluate import Evaluator
from .given import OFFSET, WEIGHTS, given
from .lazy_complete import complete_rows, demand_plain, large_groups
from .lazy_functions import Lazily
from .lazy_predictors import predictors_of
from .lazy_table import LazyTable
from .lazy_values import ROW, ByValue, Translator, chosen
from .model_frame import RandomPart
from .outcome import numbers_of_rows
from .rows import Dropped, fills_missing, makes_missing, taken
from .unread import UnreadColumns, UnreadPredictor
from .values import Category, Matrix, Numbers, Truth, Value, label
from .variables import demanded, without_dot

__all__ = ["PRIOR", "LazyFrame", "LazyPart", "Product", "read_lazy"]

Product = tuple[str, ...]
"""A column of a model matrix: the names of the factors that it is the product of; of the constant, none."""
RESPONSE, PRIOR = "(y)", "(w)"


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
    table.demand_free(reading.used)
    demand_plain(table, reading.grouped)
    kept, dropped = complete_rows(reading.translator, reading.computed, reading.grouped)
    if least > 1:
        kept, dropped = large_groups(kept, dropped, list(reading.keys.values()), least)
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
        self.levels, self.nobs = levels, 0
        self.formula, self.roles, self.translator = formula, roles, translator
        computed = dict.fromkeys((formula.left, *formula.fixed.variables, *formula.offsets, *roles.values()))
        computed |= dict.fromkeys(node for term in formula.random for node in term.expr.variables)
        parts = dict.fromkeys(node for term in formula.random for node in term.parts)
        apart = [node for node in parts if makes_missing(node) or fills_missing(node)]
        self.computed = list(computed | dict.fromkeys(apart))
        self.keys = {term.group: tuple(translator.columns(term.parts)) for term in formula.random}
        self.grouped = translator.columns([node for node in parts if node not in apart])
        self.used = translator.columns([*computed, *parts])
        self.factors: dict[str, nw.Expr] = {}
        self._labelled: dict[tuple[str, str], str] = {}
        self._counts: dict[str, dict[Any, int]] = {}

    # columns

    def frame(
        self, kept: LazyTable, dropped: Dropped, contrasts: Mapping[str, Any] | None, call: CallText
    ) -> LazyFrame:
        """Make the columns of all terms on the complete rows."""
        n = self.nobs = dropped.total - dropped.count
        self._learn_groups(kept)
        values = {node: self._of_rows(node, kept) for node in self._designed()}
        demand_levels(self.levels, values)
        chosen_by = checked_contrasts(contrasts, self.formula.fixed.variables, values)
        x = self._part(self.formula.fixed, values, chosen_by)
        random = tuple(self._part(term.expr, values, {}) for term in self.formula.random)
        self.factors |= self._numbers_of_rows()
        columns = ((), *dict.fromkeys(each for part in (x, *random) for each in part.products if each), (RESPONSE,))
        known: dict[str, Any] = {
            "formula": self.formula, "x_design": x.design, "x_columns": x.unread(columns, n), "dropped": dropped,
            "random": tuple(
                RandomPart(term, part.unread(columns, n), part.design)
                for term, part in zip(self.formula.random, random, strict=True)
            ),
            "recipe": self.translator.recipe(), "predictors": self._predictors(kept), "call": call, **self._given(kept),
        }  # fmt: skip
        table = kept.with_columns(self.factors)
        return LazyFrame(table, n, columns, self._labels(columns), self.keys, WEIGHTS in self.roles, known)

    def _learn_groups(self, kept: LazyTable) -> None:
        """Keep what expressions learn that group, for new rows."""
        for node in dict.fromkeys(node for term in self.formula.random for node in term.parts):
            if isinstance(node, Call):
                names = self.translator.columns([node])
                rows = kept.by(names, {"(rows)": nw.len()})
                evaluator = Evaluator(kept.values_of(rows, names), {})
                evaluator.value(node)
                self.translator.kinds = evaluator.kinds | self.translator.kinds
                self.translator.learnt = dict(evaluator.learnt) | self.translator.learnt

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

    def _given(self, kept: LazyTable) -> dict[str, Any]:
        """That there are no weights, that there is no offset, or what the offset is of and its mean."""
        found: dict[str, Any] = {} if WEIGHTS in self.roles else {"weights": None}
        parts = self._offsets()
        if not parts:
            return {**found, "offset": None}
        added = reduce(add, [self._number(node, "offset") for node in parts])
        mean = kept.with_columns({OFFSET: added}).numbers({OFFSET: nw.col(OFFSET).mean()})[OFFSET]
        return {**found, "offset_parts": parts, "offset_mean": mean}

    def _offsets(self) -> tuple[Node, ...]:
        """What the offset is the sum of."""
        return (*self.formula.offsets, *([self.roles[OFFSET]] if OFFSET in self.roles else []))

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
            names = (spell(node), node.name if isinstance(node, Name) else "")  # without backticks
            declared = next((self.levels[name] for name in names if name in self.levels), None)
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
        codings = tuple(_coding(values[node], node, contrasts, self.nobs) for node in terms.variables)
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
        truth = self.translator.lazily(node).expression
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
        for node in self._offsets():
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
        return found.expression


def _coding(value: Value, node: Node, contrasts: Mapping[str, Any], rows: int) -> Coding | None:
    if isinstance(value, Category | Truth):
        name = spell(node)
        return coding_of(value, name, contrasts.get(name), rows)
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
