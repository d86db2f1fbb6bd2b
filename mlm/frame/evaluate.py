"""Expressions on columns: a tree and a table give values, by the functions of one table and nothing else.

What a function learns of the rows of a fit (means, knots, levels) and what kind each column is are kept in a
`Recipe`; on new rows they are used again.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np

from ..errors import ArgumentError, FormulaError, first_few, shorten
from ..language.tokens import error_at
from ..language.tree import Call, Name, Node, Number, Text, spell, walk
from .functions.table import Function, Site, bound, found, lost, lost_function, own_functions
from .matching import Kind, as_in_the_fit, demand_common, kind_of
from .table import Table
from .values import Value

__all__ = ["CONSTANTS", "Evaluator", "Recipe", "column_names", "demand_functions"]

LITERALS = (Number, Text)
# Names that mean a value where no column has them: R's spelling and Python's.
CONSTANTS: Mapping[str, Value] = MappingProxyType(
    {
        "TRUE": True, "FALSE": False, "T": True, "F": False, "True": True, "False": False,
        "pi": np.pi, "Inf": np.inf, "NaN": np.nan, "NA": None, "NULL": None, "None": None,
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Recipe:
    """What must be known of a fit to compute its columns on new rows.

    Attributes
    ----------
    kinds : mapping of str to Kind
        What each column was.
    learnt : mapping of Call to mapping
        What each call of a function has learnt.
    own : mapping of str to Function
        The user's functions. They are not saved with a model; who loads it gives them again: see `with_functions`.
    """

    kinds: Mapping[str, Kind] = field(default_factory=dict)
    learnt: Mapping[Call, Mapping[str, Any]] = field(default_factory=dict)
    own: Mapping[str, Function] = field(default_factory=dict)

    def evaluator(self, table: Table) -> Evaluator:
        """Evaluate on new rows."""
        return Evaluator(table, self.own, self)

    def columns(self, nodes: Iterable[Node]) -> list[str]:
        """Names of the columns that expressions use, in their order: what was a column in the fit is one."""
        return column_names(nodes, self.own, self.kinds)

    def with_functions(self, functions: Mapping[str, Callable[..., Any]]) -> Recipe:
        """Return the recipe with functions of the user's given again.

        Raises
        ------
        ArgumentError
            When these are not functions, or have names that the fit did not know.
        """
        given = own_functions(functions)
        unknown = [name for name in given if name not in self.own]
        if unknown:
            listed = first_few(list(map(shorten, self.own))) or "none"
            raise ArgumentError(
                f"The model was fitted without a function {shorten(unknown[0])!r}; its own are: {listed}."
            )
        return replace(self, own={**self.own, **given})

    def __reduce__(self) -> tuple[Any, ...]:
        # a function that is in no module cannot be saved
        return Recipe, (dict(self.kinds), dict(self.learnt), {name: lost_function(name) for name in self.own})

    def __deepcopy__(self, memo: dict[int, Any]) -> Recipe:
        return self  # it never changes


class Evaluator:
    """Computes expressions on the rows of one table, each expression once.

    Parameters
    ----------
    table : Table
    own : mapping of str to Function
        The user's functions.
    recipe : Recipe, optional
        That of the fit, when the rows are new.
    """

    def __init__(self, table: Table, own: Mapping[str, Function], recipe: Recipe | None = None) -> None:
        self.table, self.own, self.recipe = table, own, recipe
        self.learnt: dict[Call, dict[str, Any]] = {}
        self.kinds: dict[str, Kind] = {}
        self.with_missing: set[str] = set()
        self._known: dict[Node, Value] = {}

    def value(self, node: Node) -> Value:
        """Return the value of an expression."""
        value = self._known.get(node)
        if value is None:
            if isinstance(node, LITERALS):
                return node.value
            value = self._known[node] = self.column(node) if isinstance(node, Name) else self.call(node)
        return value

    def variable(self, node: Node) -> Value:
        """Return the value of a variable of the model on new rows.

        Raises
        ------
        DataError
            Also when a category inside of an expression has no level in common with the fit: it would compare unequal
            with every level, or be missing, all through. A variable that is itself a category tells what is new.
        """
        if self.recipe is not None and isinstance(node, Call):
            for name in _by_level(node, self.own):
                kind = self.recipe.kinds.get(name)
                if kind is not None and kind.name == "category":
                    demand_common(self.value(Name(name)), kind, name)
        return self.value(node)

    def told(self, node: Node) -> Node:
        """Return what messages and the count of missing rows go by: the expression, or its name as that of a column.

        A variable of which the user's function said that values are missing is missing there, as a column would be.
        """
        inside = {spell(piece) for piece in walk(node) if isinstance(piece, Call)} if self.with_missing else set()
        return node if inside.isdisjoint(self.with_missing) else Name(spell(node))

    def column(self, node: Name) -> Value:
        """Return a column as the kind it is, or as it was in the fit; or a constant."""
        name = node.name
        if name in CONSTANTS and name not in (self.table if self.recipe is None else self.recipe.kinds):
            return CONSTANTS[name]
        value = self.table.value(name)
        if self.recipe is not None:
            return as_in_the_fit(value, self.recipe.kinds[name], name)
        self.kinds[name] = kind_of(value)
        return value

    def call(self, node: Call) -> Value:
        """Call a function of the table."""
        if node.function == "(":
            return self.value(node.arguments[0])
        known = found(node.function, self.own)
        if known.run is lost:
            raise FormulaError(
                f"The model was saved, and its function {shorten(known.name)!r} was not saved with it; give it again: "
                f"m.with_functions({{{shorten(known.name)!r}: ...}})."
            )
        values = [
            argument if parameter in known.quoted else self.value(argument)
            for parameter, argument in _arguments(node, known)
        ]
        keywords = list(node.keywords or (None,) * len(values))
        site = Site(spell(node), self.table.n)
        if self.recipe is not None:
            site = Site(site.label, site.n, dict(self.recipe.learnt.get(node, {})), replaying=True)
        value = bound(known, site, values, keywords)
        if site.gave_missing:
            self.with_missing.add(site.label)
        if site.learnt and self.recipe is None:
            self.learnt[node] = site.learnt
        return value

    def as_recipe(self) -> Recipe:
        """Return what is to be kept for new rows."""
        return Recipe(MappingProxyType(self.kinds), MappingProxyType(self.learnt), self.own)


def _arguments(node: Call, known: Function) -> Iterator[tuple[str, Node]]:
    """Arguments of a call with the parameters they are for, as far as these matter: quoted ones."""
    names = known.parameters if known.quoted else ()
    keywords = node.keywords or (None,) * len(node.arguments)
    for place, (keyword, argument) in enumerate(zip(keywords, node.arguments, strict=True)):
        if keyword is not None:
            yield next((n for n in names if n.startswith(keyword.replace(".", "_"))), keyword), argument
        else:
            yield names[place] if place < len(names) else "", argument


# Functions that read what the labels say, and functions that hand labels on: new levels mean something to them.
READS_LABELS = frozenset(("as.numeric", "as.double", "as.integer", "as.logical"))
HANDS_ON = frozenset(("(", "I", "as.character", "factor", "as.factor", "droplevels"))  # with one argument


def _by_level(node: Node, own: Mapping[str, Function]) -> dict[str, None]:
    """Names that an expression takes for categories whose levels it knows, and not for labels that it reads."""
    names: dict[str, None] = {}
    waiting = [(node, False)]
    while waiting:
        piece, is_read = waiting.pop()
        if isinstance(piece, Name) and not is_read:
            names[piece.name] = None
        elif isinstance(piece, Call):
            bare = piece.function.removeprefix("base::")
            reads = (
                piece.function in own
                or bare in READS_LABELS
                or (is_read and bare in HANDS_ON and len(piece.arguments) == 1)
            )
            waiting += [(argument, reads) for argument in _evaluated(piece, own)]
    return names


def column_names(nodes: Iterable[Node], own: Mapping[str, Function], known: Container[str]) -> list[str]:
    """Names of the columns that expressions use, in their order.

    Parameters
    ----------
    nodes : iterable of Node
    own : mapping of str to Function
        The user's functions.
    known : container of str
        A table, or the names of its columns: a constant's name among them is a column.
    """
    names: dict[str, None] = {}
    for node in nodes:
        if isinstance(node, Name):
            if node.quoted or node.name not in CONSTANTS or node.name in known:
                names[node.name] = None
        elif isinstance(node, Call):
            for name in column_names(_evaluated(node, own), own, known):
                names[name] = None
    return list(names)


def _evaluated(node: Call, own: Mapping[str, Function]) -> list[Node]:
    """Arguments of a call whose values are asked for."""
    if node.function == "(":
        return list(node.arguments)
    known = found(node.function, own)
    return [argument for parameter, argument in _arguments(node, known) if parameter not in known.quoted]


def demand_functions(nodes: Iterable[Node], own: Mapping[str, Function], text: str) -> None:
    """Raise, with the place, unless there is a function for every call.

    Raises
    ------
    FormulaError
        When a function is not known.
    """
    waiting = [node for node in nodes if isinstance(node, Call)]
    while waiting:
        call = waiting.pop()
        try:
            waiting += [node for node in _evaluated(call, own) if isinstance(node, Call)]
        except FormulaError as error:
            raise error_at(text, call.at, str(error)) from None
