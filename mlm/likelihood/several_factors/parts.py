"""Parts of the data that share no level of any grouping factor can be eliminated one after another.

Pupils and teachers who cross within schools, but never between them, make one part a school: the systems of the parts
are small, where that of all together, were it dense, would not fit in memory. In the words of graphs, parts are what is
connected when levels that share rows are linked.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from ...crossproducts.blocks import CrossProducts, FactorProducts, PairProducts
from .plan import Plan, nested_factors, plan

__all__ = ["Part", "divide"]

# Crossed columns up to which the data are not divided, and about as many as are put together in a part: up to here a
# dense block is fastest whatever its pattern (`fronts.DENSE_COLUMNS`). Measured on pupils and teachers within schools:
# single effects take the same time from 100 columns a part to 3,000, and 1.5 to 2.2 times as long with 30; with random
# slopes 1,000 columns a part take 0.6 of the time.
PART_COLUMNS = 300
# Pairs of levels that are looked at together, to find what is connected: some 50 MB.
PIECE_PAIRS = 1 << 20


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A plan of elimination, and the levels of each grouping factor that it is about (None: all)."""

    plan: Plan
    levels: tuple[np.ndarray, ...] | None = None

    def take(self, values: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
        """Take this part's levels out of arrays of shape (..., J), one a grouping factor."""
        return values if self.levels is None else tuple(v[..., j] for v, j in zip(values, self.levels, strict=True))


def divide(products: CrossProducts) -> tuple[Part, ...]:
    """Divide the levels into parts without common rows, where that makes the Schur complement smaller.

    Parameters
    ----------
    products : CrossProducts

    Returns
    -------
    tuple of Part
        One part with all levels, when they hang together or are few.
    """
    factors = products.factors
    if len(factors) == 1:
        return (Part(plan(products)),)
    nested = nested_factors(products)
    width = [0 if k in nested else f.levels * f.size for k, f in enumerate(factors)]
    if sum(width) <= PART_COLUMNS:
        return (Part(plan(products)),)
    connected = _connected(products)
    count = 1 + max(int(c.max()) for c in connected)
    if count == 1:
        return (Part(plan(products)),)
    bins = _pack(connected, count, [f.size if w else 0 for f, w in zip(factors, width, strict=True)])
    number = 1 + int(bins.max())
    return tuple(_part(products, [bins[c] for c in connected], k) for k in range(number))


def _connected(products: CrossProducts) -> list[np.ndarray]:
    """Number of the connected part that each level belongs to, an array a factor."""
    starts = np.cumsum([0, *(f.levels for f in products.factors)])
    count, label = int(starts[-1]), np.arange(starts[-1])
    for (a, b), pair in products.pairs.items():
        pieces = 1 + len(pair.rows) // PIECE_PAIRS
        for k in range(pieces):
            rows, columns = label[starts[a] + pair.rows[k::pieces]], label[starts[b] + pair.columns[k::pieces]]
            apart = rows != columns
            ones = np.ones(int(apart.sum()), dtype=bool)
            graph = sparse.coo_array((ones, (rows[apart], columns[apart])), shape=(count, count))
            count, found = connected_components(graph, directed=False)
            label = found[label]
            if count == 1:
                break
    return [label[i:j] for i, j in itertools.pairwise(starts)]


def _pack(connected: list[np.ndarray], count: int, sizes: list[int]) -> np.ndarray:
    """Put small connected parts together: the bin of each, so that a bin has about `PART_COLUMNS` crossed columns."""
    width = sum(size * np.bincount(c, minlength=count) for c, size in zip(connected, sizes, strict=True))
    return np.unique(np.cumsum(width) // PART_COLUMNS, return_inverse=True)[1]


def _part(products: CrossProducts, bins: list[np.ndarray], number: int) -> Part:
    """The cross-products of one bin, with its levels numbered anew."""
    levels = tuple(np.flatnonzero(b == number) for b in bins)
    factors = tuple(
        FactorProducts(f.name, len(mine), f.zz[:, :, mine], f.zxy[:, :, mine])
        for f, mine in zip(products.factors, levels, strict=True)
    )
    pairs = {}
    for (a, b), pair in products.pairs.items():
        inside = bins[a][pair.rows] == number
        rows = np.searchsorted(levels[a], pair.rows[inside])
        columns = np.searchsorted(levels[b], pair.columns[inside])
        pairs[a, b] = PairProducts(rows, columns, pair.values[:, :, inside])
    return Part(plan(products._replace(factors=factors, pairs=pairs)), levels)
