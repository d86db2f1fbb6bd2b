"""The columns of a fit on new lazy data: what functions learnt of its rows is used again, and levels are its levels."""

from __future__ import annotations

from functools import reduce
from operator import mul
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np

from ..errors import DataError, FormulaError, shorten
from ..language.tree import Call, Node, spell, walk
from .coding import Coding
from .design import Design, crossed, recoded
from .evaluate import Evaluator, Recipe
from .lazy_functions import LazySite
from .lazy_table import LazyTable
from .lazy_values import CODES, ByValue, Translator, chosen
from .table import Table
from .values import Category

__all__ = ["Replayed", "replayed_columns"]

STAYS = {"numbers": "numbers", "truth values": "truth"}  # what a column holds where it is computed row by row


class Replayed(Translator):
    """Computes the expressions of a fit on other rows.

    Parameters
    ----------
    table : LazyTable
        The new rows.
    recipe : Recipe
        That of the fit.
    """

    def __init__(self, table: LazyTable, recipe: Recipe) -> None:
        super().__init__(table)
        self.of_the_fit = recipe

    def columns(self, nodes: tuple[Node, ...] | list[Node]) -> list[str]:
        """Names of the columns that expressions use: what was a column in the fit is one."""
        return self.of_the_fit.columns(nodes)

    def evaluator(self, table: Table) -> Evaluator:
        """Compute expressions on values as they were computed in the fit."""
        return self.of_the_fit.evaluator(table)

    def site(self, node: Call) -> LazySite:
        """Where a function is called, with what it learnt in the fit."""
        if node.function in self.of_the_fit.own:
            raise DataError(
                f"{shorten(spell(node))!r} cannot be computed where the data stay: {node.function}() is a function of "
                f"your own. Predict the rows in memory, m.predict(data{self.table.remedy})."
            )
        learnt = dict(self.of_the_fit.learnt.get(node, {}))
        return LazySite(spell(node), 0, learnt, True, table=self.table, step=self.step)

    def distinct(self, column: str) -> tuple[Table, list[Any]]:
        """The distinct values of a column; numbers that became words are refused."""
        kind, holds = self.of_the_fit.kinds[column], self.table.holds(column)
        if kind.name == "numbers" and holds != "numbers":
            raise DataError(
                f"Column {column!r} was numbers in the fit, and holds {holds} in the new data; convert it first."
            )
        return super().distinct(column)

    def _is_by_value(self, node: Node, column: str) -> bool:
        if STAYS.get(self.of_the_fit.kinds[column].name) != self.table.holds(column):
            return True
        return any(isinstance(piece, Call) and _bare(piece) in CODES for piece in walk(node))


def _bare(call: Call) -> str:
    return call.function.removeprefix("base::").removeprefix("stats::")


def replayed_columns(design: Design, translator: Replayed) -> list[nw.Expr]:
    """The columns of a model matrix in use, row by row; null where something is missing.

    Parameters
    ----------
    design : Design
        Of the fit.
    translator : Replayed

    Raises
    ------
    DataError
        When a column is of another kind than in the fit, a category has levels that the fit has not seen, or a
        function cannot be computed by the engine.
    """
    terms = design.terms
    made: list[nw.Expr] = [nw.lit(1.0)] if terms.intercept else []
    coded: dict[tuple[int, bool], list[tuple[str, Any]]] = {}
    for term, flags in zip(terms.sets, design.full, strict=True):
        for k, flag in zip(term, flags, strict=True):
            if (k, flag) not in coded:
                coded[k, flag] = _coded(translator, terms.variables[k], design.codings[k], flag)
        product = crossed([coded[key] for key in zip(term, flags, strict=True)])
        made += [reduce(mul, list[Any](factors)) for _, factors in product]
    if len(made) != sum(design.spans) + terms.intercept:
        raise FormulaError("The terms make other columns of the new data than of the rows of the fit.")
    return made if design.keep is None else [made[k] for k in design.keep]


def _coded(translator: Replayed, node: Node, coding: Coding | None, full: bool) -> list[tuple[str, Any]]:
    """The columns of a variable."""
    name, value = spell(node), translator.value(node)
    if coding is None:
        return [(name, translator.lazily(node).expression)]
    if isinstance(value, ByValue):
        of_values = recoded(value.value, coding, name)
        codes = of_values.codes if isinstance(of_values, Category) else _codes_of_truth(of_values)
        made = coding.columns(name, codes, full)
        return [(end, chosen(value.key, value.raw, np.where(codes < 0, np.nan, each))) for end, each in made]
    truth = translator.lazily(node).expression
    made = coding.columns(name, np.array([0, 1]), full)
    return [(end, low + (high - low) * truth) for end, (low, high) in made]


def _codes_of_truth(value: Any) -> np.ndarray:
    """Codes of truth values, -1 for missing ones."""
    return np.where(np.isnan(value.values), -1, value.values == 1.0).astype(np.intp)
