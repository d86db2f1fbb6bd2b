"""Expressions on columns: a tree and a table give values, by the functions of one table and nothing else.

What a function learns of the rows of a fit (means, knots, levels) and what kind each column is are kept in a
`Recipe`; on new rows they are used again.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from ..errors import FormulaError
from ..language.tokens import error_at
from ..language.tree import Call, Name, Node, Number, Text, spell
from .functions.table import Function, Site, bound, found
from .matching import Kind, as_in_the_fit, kind_of
from .table import Table
from .values import Value

__all__ = ["Evaluator", "Recipe", "column_names", "demand_functions"]

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
        The user's functions. They are not saved with a model: see `with_functions`.
    """

    kinds: Mapping[str, Kind] = field(default_factory=dict)
    learnt: Mapping[Call, Mapping[str, Any]] = field(default_factory=dict)
    own: Mapping[str, Function] = field(default_factory=dict)
    lost: tuple[str, ...] = ()

    def evaluator(self, table: Table) -> Evaluator:
        """Evaluate on new rows."""
        return Evaluator(table, self.own, self)

    def __reduce__(self) -> tuple[Any, ...]:
        # a function that is not in a module cannot be saved; who loads the model gives it again
        return Recipe, (dict(self.kinds), dict(self.learnt), {}, (*self.lost, *self.own))


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
        self._known: dict[Node, Value] = {}

    def value(self, node: Node) -> Value:
        """Return the value of an expression."""
        if isinstance(node, Name):
            return self.column(node)
        if isinstance(node, Number):
            return node.value
        if isinstance(node, Text):
            return node.value
        if node not in self._known:
            self._known[node] = self.call(node)
        return self._known[node]

    def column(self, node: Name) -> Value:
        """Return a column as the kind it is, or as it was in the fit; or a constant."""
        name = node.name
        if name in CONSTANTS and name not in self.table:
            return CONSTANTS[name]
        if self.recipe is None:
            value = self.table.value(name)
            if name not in self.kinds:
                self.kinds[name] = kind_of(value)
            return value
        return as_in_the_fit(self.table.value(name), self.recipe.kinds[name], name)

    def call(self, node: Call) -> Value:
        """Call a function of the table."""
        if node.function == "(":
            return self.value(node.arguments[0])
        known = found(node.function, self.own)
        values = [
            argument if parameter in known.quoted else self.value(argument)
            for parameter, argument in _arguments(node, known)
        ]
        keywords = list(node.keywords or (None,) * len(values))
        site = Site(spell(node), self.table.n)
        if self.recipe is not None:
            site = Site(site.label, site.n, dict(self.recipe.learnt.get(node, {})), replaying=True)
        value = bound(known, site, values, keywords)
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
            _enter(node, known, names)
        elif isinstance(node, Call):
            for name in column_names(_evaluated(node, own), own, known):
                names[name] = None
    return list(names)


def _enter(node: Name, known: Container[str], names: dict[str, None]) -> None:
    if node.quoted or node.name not in CONSTANTS or node.name in known:
        names[node.name] = None


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
