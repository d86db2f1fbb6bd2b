"""The columns of a model as an engine has them: less their means, and sums of their products."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce
from operator import add, mul
from typing import NamedTuple

import narwhals.stable.v2 as nw
import numpy as np

from ..errors import DataError, shorten
from .given import LARGEST_WEIGHT, SMALLEST_WEIGHT
from .lazy import PRIOR, LazyFrame, Product
from .lazy_table import LazyTable
from .table import Table

__all__ = ["GroupedSums", "LazyRows"]

Pair = tuple[int, int]
SPARE = "(residual)"


class GroupedSums(NamedTuple):
    """Sums for each combination of some columns' values, m of them.

    Attributes
    ----------
    keys : Table
        The values.
    counts : ndarray, shape (m,)
        Numbers of rows.
    sums : mapping of (int, int) to ndarray, shape (m,)
        Of products of two columns, the first of which stands before the second or is the same.
    """

    keys: Table
    counts: np.ndarray
    sums: dict[Pair, np.ndarray]


class LazyRows:
    """Complete rows with the model's columns, each less its mean.

    Attributes
    ----------
    shift : ndarray, shape (columns,)
        What was subtracted from each column; 0 from the constant, which is the first.
    log_weights : float
        Sum of the logarithms of the weights.
    """

    def __init__(self, table: LazyTable, nobs: int, shift: np.ndarray, weighted: bool, log_weights: float) -> None:
        self._table, self._nobs, self._weighted = table, nobs, weighted
        self.shift, self.log_weights = shift, log_weights

    @classmethod
    def of(cls, frame: LazyFrame) -> LazyRows:
        """Have the means computed.

        Raises
        ------
        DataError
            When weights are not positive, or columns have no finite mean.
        """
        products = frame.columns
        asked = {_name(k): _product(product).mean() for k, product in enumerate(products) if product}
        if frame.weighted:
            prior = nw.col(PRIOR)
            positive = nw.when(prior > 0).then(prior)
            asked |= {"least": prior.min(), "most": prior.max(), "logarithms": positive.log().sum()}
            asked["bad"] = (prior <= 0).cast(nw.Float64).sum()
        found = frame.table.numbers(asked)
        if frame.weighted:
            _demand_weights(found, frame.nobs, frame.known["call"].weights)
        shift = np.array([found.get(_name(k), 0.0) for k in range(len(products))])
        if not np.isfinite(shift).all():
            name = frame.known["formula"].response if not math.isfinite(shift[-1]) else "a predictor"
            raise DataError(f"The mean of {name} cannot be computed: its numbers are too large; rescale it.")
        columns = {_name(k): _product(product) - shift[k] for k, product in enumerate(products) if product}
        table = frame.table.with_columns(columns)
        return cls(table, frame.nobs, shift, frame.weighted, found.get("logarithms", 0.0))

    def with_more(self, weights: np.ndarray) -> LazyRows:
        """The same with combinations of the columns before the response, weights (more, columns)."""
        more, last = len(weights), self.width - 1
        made = {f"(r{row})": self._combined(each) for row, each in enumerate(weights)}
        named = {_name(last + row): nw.col(f"(r{row})") for row in range(more)}
        table = self._table.with_columns({SPARE: nw.col(_name(last)), **made})
        table = table.with_columns({**named, _name(last + more): nw.col(SPARE)})
        shift = np.concatenate([self.shift[:-1], np.zeros(more), self.shift[-1:]])
        return LazyRows(table, self._nobs, shift, self._weighted, self.log_weights)

    def _combined(self, weights: np.ndarray) -> nw.Expr:
        parts = [nw.col(_name(k)) * weight for k, weight in enumerate(weights.tolist()) if k and weight]
        return reduce(add, parts) + float(weights[0])

    def with_response(self, weights: np.ndarray) -> LazyRows:
        """The same with a combination of the columns for the response, weights (columns,)."""
        last = _name(self.width - 1)
        made = self._table.with_columns({SPARE: self._combined(weights)})
        table, shift = made.with_columns({last: nw.col(SPARE)}), self.shift.copy()
        shift[-1] = 0.0
        return LazyRows(table, self._nobs, shift, self._weighted, self.log_weights)

    def without_weights(self) -> LazyRows:
        """The same rows, each of which counts once."""
        return LazyRows(self._table, self._nobs, self.shift, False, 0.0)

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.shift)

    def total(self) -> np.ndarray:
        """Products over all rows, shape (columns, columns)."""
        wanted = [(a, b) for a in range(self.width) for b in range(a, self.width)]
        table, asked = self._products(wanted)
        found = table.numbers(asked)
        out = np.empty((self.width, self.width))
        for a, b in wanted:
            out[a, b] = out[b, a] = found[_sum_name(a, b)] if (a, b) != (0, 0) or self._weighted else self._nobs
        return out

    def by(self, keys: Sequence[str], wanted: Sequence[Pair]) -> GroupedSums:
        """Products for each combination of some columns' values."""
        table, asked = self._products(wanted)
        found = table.by(keys, {"(rows)": nw.len(), **asked})
        counts = found["(rows)"].to_numpy().astype(float)
        sums = {
            (a, b): counts if (a, b) == (0, 0) and not self._weighted else found[_sum_name(a, b)].to_numpy()
            for a, b in wanted
        }
        return GroupedSums(table.values_of(found, keys), counts, sums)

    def _products(self, wanted: Sequence[Pair]) -> tuple[LazyTable, dict[str, nw.Expr]]:
        """The table with a column for each product, and their sums."""
        made = {}
        for a, b in wanted:
            factors = [nw.col(_name(k)) for k in (a, b) if k]
            factors += [nw.col(PRIOR)] if self._weighted else []
            if factors:
                made[_sum_name(a, b)] = reduce(mul, factors)
        return self._table.with_columns(made), {name: nw.col(name).sum() for name in made}


def _name(column: int) -> str:
    return f"(c{column})"


def _sum_name(a: int, b: int) -> str:
    return f"(s{a}_{b})"


def _product(product: Product) -> nw.Expr:
    return reduce(mul, [nw.col(name) for name in product])


def _demand_weights(found: dict[str, float], nobs: int, name: str) -> None:
    told = f"weights {shorten(name)!r}"
    if found["bad"]:
        raise DataError(f"{int(found['bad'])} of {nobs} {told} are zero or negative; leave these rows out.")
    if not SMALLEST_WEIGHT < found["least"] <= found["most"] < LARGEST_WEIGHT:
        raise DataError(
            f"The {told} are too small or too large to compute with ({found['least']:.3g} to {found['most']:.3g}); "
            "divide them by their mean."
        )
