"""A linear predictor of lazy rows: columns times numbers, and numbers that belong to the levels of the rows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np

from ..language.tree import Node
from .design import Design
from .evaluate import Recipe
from .lazy_complete import demand_finite
from .lazy_replay import Replayed, replayed_columns
from .lazy_table import LazyTable
from .lazy_values import key_of
from .table import Table

__all__ = ["LazyPredictor", "Levels"]

ROWS = "(rows)"


class Levels:
    """The values of grouping columns that rows have.

    Attributes
    ----------
    table : Table
        Each combination of values, L of them.
    counts : ndarray of int, shape (L,)
        Rows of each.
    """

    def __init__(self, names: Sequence[str], found: nw.DataFrame[Any], table: Table) -> None:
        self.names, self.found, self.table = list(names), found, table
        self.counts = found[ROWS].to_numpy()


class LazyPredictor:
    """Collects the parts of a linear predictor.

    Parameters
    ----------
    table : LazyTable
        The rows.
    recipe : Recipe
        Of the fit.
    """

    def __init__(self, table: LazyTable, recipe: Recipe) -> None:
        self._table, self._translator = table, Replayed(table, recipe)
        self._parts: list[nw.Expr] = []
        self._nodes: dict[Node, None] = {}

    def add_columns(self, design: Design, weights: Sequence[float]) -> None:
        """Add a model matrix times numbers, one a column."""
        self._parts.append(_combined(self._columns(design), weights))

    def add_offset(self, node: Node) -> None:
        """Add an expression."""
        self._nodes[node] = None
        self._parts.append(self._translator.lazily(node).expression.cast(nw.Float64))

    def levels(self, names: Sequence[str]) -> Levels:
        """Ask for the combinations of the values of some columns."""
        found = self._table.by(names, {ROWS: nw.len()})
        return Levels(names, found, self._table.values_of(found, names))

    def add_levels(self, design: Design, columns: list[int], levels: Levels, b: np.ndarray, otherwise: float) -> None:
        """Add columns of a model matrix times numbers that differ between levels, which are joined to the rows.

        Parameters
        ----------
        design : Design
        columns : list of int
            Those of its columns that count.
        levels : Levels
        b : ndarray, shape (columns, L)
            NaN for levels that have none.
        otherwise : float
            What is added to the rows of these: 0, or NaN for null.
        """
        made, place = self._columns(design), len(self._parts)
        names = [f"mlm_b{place}_{row}" for row in range(len(columns))]
        known = ~np.isnan(b).any(axis=0)
        table, found = self._table, levels.found
        keys = {f"mlm_key{place}_{k}": _compared(table, name) for k, name in enumerate(levels.names)}
        series = [nw.new_series(n, v, nw.Float64, backend=found.implementation) for n, v in zip(names, b, strict=True)]
        other = found.with_columns(*series).filter(known.tolist()).select(*[keys[k].alias(k) for k in keys], *names)
        self._table = table.joined(keys, other)
        mine = _combined([made[k] for k in columns], [nw.col(name) for name in names])
        absent = nw.lit(None if np.isnan(otherwise) else otherwise, dtype=nw.Float64)
        self._parts.append(nw.when(~nw.col(names[0]).is_null()).then(mine).otherwise(absent))

    def native_as(self, name: str) -> Any:
        """The engine's own table: the columns of the data and the linear predictor.

        Raises
        ------
        DataError
            When numbers are infinite or undefined somewhere, which is asked in one query, or there are no rows.
        """
        demand_finite(self._translator, list(self._nodes))
        table = self._table
        for step, expression in self._translator.steps.items():
            table = table.with_columns({step: expression})
        return table.native_with(name, reduce(add, self._parts))

    def _columns(self, design: Design) -> list[nw.Expr]:
        self._nodes |= dict.fromkeys(design.terms.variables)
        return replayed_columns(design, self._translator)


def _combined(columns: Sequence[nw.Expr], weights: Sequence[Any]) -> nw.Expr:
    return reduce(add, [column * weight for column, weight in zip(columns, weights, strict=True)])


def _compared(table: LazyTable, name: str) -> nw.Expr:
    """A grouping column, as the engine compares it: words as words, whatever their type is there."""
    return key_of(table, name) if table.holds(name) == "words" else nw.col(name)
