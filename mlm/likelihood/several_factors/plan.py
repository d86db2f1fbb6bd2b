"""The order in which random effects are eliminated.

Grouping factors fall in two kinds. *Nested* ones are eliminated one after another, level by level: the largest factor,
and every factor in which all levels of those before it are nested, so that its block stays block-diagonal. What is left
is *crossed* with these: the Schur complement of the crossed factors has all their levels in it, sparse or dense.
Everything here is on the scale of the random effects b, so that theta enters at one place: the root ``L^-1 T'`` of a
level.

With ``S = Z_i'Z_i`` (after earlier eliminations), ``E = T (T'ST + I)^-1 T'`` and neighbours N of level i, which are the
levels of later nested factors in which it lies and the crossed levels it shares rows with,

- mode:        ``b_i = E (Z_i'(y - X beta) - A_iN b_N)``
- covariance:  ``W_ii = E + E Q E``, ``W_iN = -E A_iN W_NN``, with ``Q = A_iN W_NN A_iN'``
- derivative:  ``Z_i' V^-1 Z_i = (I - SE) S - (I - SE) Q (I - SE)'``

where W is the covariance of the random effects given y and the fixed effects, over sigma². The page
`book/several_factors.md` derives them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...crossproducts.blocks import CrossProducts, PairProducts
from ...sparse.fronts import Fronts
from ..level_matrices import sum_by
from .crossed import Crossed, crossed_fronts, crossed_products, joint_fronts
from .incidence import Incidence

__all__ = ["Nested", "Parents", "Plan", "nested_factors", "plan"]


# Columns of a dense Schur complement from which an order of all factors' levels together is looked for, and of all
# these up to which it is. Below, an evaluation takes about a second; above, it was not measured what finding it takes.
JOINT_COLUMNS, MOST_JOINT_COLUMNS = 3000, 30_000
# Share of the levels in the dense one that have most neighbours and come last, without being ordered. Measured on 0.8e6
# ratings, 15,000 x 6,000: 0.2 s for the order and a sixth of the dense one's seconds; ordered in full 8.6 s, a seventh.
LAST_SHARE = 1 / 3
# Share of the dense one's seconds, as they are estimated, up to which fronts of all levels are used.
JOINT_SHARE = 0.6


@dataclass(frozen=True, slots=True, eq=False)
class Parents:
    """In which level of the next nested factor each level lies.

    Attributes
    ----------
    index : ndarray of int, shape (J,)
        Level of the next nested factor.
    count : int
        Number of its levels.
    entries : ndarray of int, shape (nnz,)
        Where each entry of the levels' cross-products with the crossed factors stands among those of their parents;
        empty without crossed factors.
    entry_count : int
        Number of the parents' entries.
    """

    index: np.ndarray
    count: int
    entries: np.ndarray
    entry_count: int

    def of_levels(self, values: np.ndarray) -> np.ndarray:
        """What the parent of each level has: (..., count) gives (..., J)."""
        return values[..., self.index]

    def of_entries(self, values: np.ndarray) -> np.ndarray:
        """What the parent of each level has at its entry of the same column: (..., entry_count) gives (..., nnz)."""
        return values[..., self.entries]

    def level_sums(self, values: np.ndarray) -> np.ndarray:
        """Sums over the levels of each parent: (..., J) gives (..., count)."""
        return sum_by(self.index, values, self.count)

    def entry_sums(self, values: np.ndarray) -> np.ndarray:
        """Sums over the levels of each parent, column by column: (..., nnz) gives (..., entry_count)."""
        return sum_by(self.entries, values, self.entry_count) if len(self.entries) else values


@dataclass(frozen=True, slots=True, eq=False)
class Nested:
    """One nested factor, eliminated level by level.

    Each of its levels lies in one level of the next nested factor, its *parent*, and so in one of every later nested
    factor: these are the levels *above* it, whose effects, factor by factor, are a in number.

    Attributes
    ----------
    factor : int
        Its position among the cross-products' factors.
    zz : ndarray, shape (q, q, J)
    zxy : ndarray, shape (q, p + 1, J)
    above : ndarray, shape (q, a, J)
        Cross-products with the effects of the levels above.
    parents : Parents or None
        None for the last factor, which has nothing above it.
    crossed : Incidence or None
        Cross-products with the crossed factors.
    """

    factor: int
    zz: np.ndarray
    zxy: np.ndarray
    above: np.ndarray
    parents: Parents | None
    crossed: Incidence | None


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """The order of elimination.

    Attributes
    ----------
    nested : tuple of Nested
        In the order in which they are eliminated; all levels of one are nested in those after it. None, where all
        factors are crossed ones.
    crossed : Crossed or None
        The other factors.
    """

    nested: tuple[Nested, ...]
    crossed: Crossed | None

    @property
    def right_sides(self) -> int:
        """Number of columns of ``[X y]``."""
        return self.nested[0].zxy.shape[1] if self.crossed is None else self.crossed.zxy.shape[1]


def nested_factors(products: CrossProducts) -> list[int]:
    """The first factor, and those in which every level of all before them in the list is nested."""
    nested = [0]
    for t in range(1, len(products.factors)):
        if all(len(_pair(products, s, t).rows) == products.factors[s].levels for s in nested):
            nested.append(t)
    return nested


def plan(products: CrossProducts) -> Plan:
    """Choose the order of elimination and lay out the cross-products for it."""
    order = nested_factors(products)
    factors = tuple(k for k in range(len(products.factors)) if k not in order)
    if not factors:
        return Plan(_nested(products, order, [None for _ in order]), None)
    columns = _columns(products, factors)
    fronts = _fronts(products, order[-1], factors, columns)
    every = tuple(range(len(products.factors)))
    joint = _joint_fronts(products, _columns(products, every), fronts) if order == [0] else None
    if joint is not None:
        return Plan((), crossed_products(products, every, _columns(products, every), joint))
    incidences = [_incidence(products, s, factors, columns, fronts, first=s == order[0]) for s in order]
    return Plan(_nested(products, order, incidences), crossed_products(products, factors, columns, fronts))


def _nested(products: CrossProducts, order: list[int], incidences: Sequence[Incidence | None]) -> tuple[Nested, ...]:
    """Cross-products of the nested factors; `incidences` has what their levels share with the crossed ones."""
    out = []
    for position, (s, crossed) in enumerate(zip(order, incidences, strict=True)):
        own, later = products.factors[s], order[position + 1 :]
        above, parents = np.empty((own.size, 0, own.levels)), None
        if later:
            pairs = [_pair(products, s, t) for t in later]
            above = np.concatenate([pair.values for pair in pairs], axis=1)
            parents = _parents(pairs[0].columns, products.factors[later[0]].levels, crossed, incidences[position + 1])
        out.append(Nested(s, own.zz, own.zxy, above, parents, crossed))
    return tuple(out)


def _parents(index: np.ndarray, count: int, child: Incidence | None, parent: Incidence | None) -> Parents:
    """Find the entries of the children among those of their parents, which have them all."""
    if child is None or parent is None:
        return Parents(index, count, np.empty(0, dtype=np.intp), 0)
    index, have = index.astype(np.intp), parent.row * parent.width + parent.column
    entries = np.searchsorted(have, index[child.row] * parent.width + child.column)
    return Parents(index, count, entries, len(have))


def _columns(products: CrossProducts, factors: tuple[int, ...]) -> tuple[np.ndarray, ...]:
    """The columns of each crossed factor in their Schur complement, shapes (q, J)."""
    shapes = [(products.factors[k].size, products.factors[k].levels) for k in factors]
    starts = np.cumsum([0, *(q * levels for q, levels in shapes)])
    return tuple(start + np.arange(q * n).reshape(q, n) for start, (q, n) in zip(starts[:-1], shapes, strict=True))


def _fronts(products: CrossProducts, last: int, factors: tuple[int, ...], columns: tuple[np.ndarray, ...]) -> Fronts:
    """The pattern that is left when the last nested factor, in which all others are nested, has been eliminated."""
    pairs = [_pair(products, last, k) for k in factors]
    starts = np.cumsum([0, *(products.factors[k].levels for k in factors)]).tolist()[:-1]
    names = ", ".join(f"{products.factors[k].name!r} ({products.factors[k].levels} levels)" for k in factors)
    row = pairs[0].rows if len(pairs) == 1 else np.concatenate([pair.rows for pair in pairs])
    units = [start + pair.columns if start else pair.columns for start, pair in zip(starts, pairs, strict=True)]
    unit = units[0] if len(units) == 1 else np.concatenate(units)
    return crossed_fronts(products.factors[last].levels, row, unit, columns, names)


def _joint_fronts(products: CrossProducts, columns: tuple[np.ndarray, ...], dense: Fronts) -> Fronts | None:
    """The pattern of all factors together; None where the dense one that is left without the first is as fast.

    Levels of both factors with few rows are eliminated before those with many, which leaves fewer of these than there
    are levels of either.
    """
    if not dense.dense or dense.width < JOINT_COLUMNS or sum(at.size for at in columns) > MOST_JOINT_COLUMNS:
        return None
    starts = np.cumsum([0, *(f.levels for f in products.factors)])
    row = np.concatenate([starts[a] + pair.rows for (a, _), pair in products.pairs.items()])
    unit = np.concatenate([starts[b] + pair.columns for (_, b), pair in products.pairs.items()])
    found = joint_fronts(row, unit, columns, sum(at.shape[1] for at in columns[1:]), LAST_SHARE)
    if found is None:
        return None
    return found if found.seconds < JOINT_SHARE * dense.seconds else None


def _pair(products: CrossProducts, a: int, b: int) -> PairProducts:
    """Cross-products between two factors, in either order, sorted by the first one's level."""
    if a < b:
        return products.pairs[a, b]
    other = products.pairs[b, a]
    order = np.lexsort((other.rows, other.columns))
    return PairProducts(other.columns[order], other.rows[order], other.values.transpose(1, 0, 2)[:, :, order])


def _incidence(
    products: CrossProducts,
    s: int,
    factors: tuple[int, ...],
    columns: tuple[np.ndarray, ...],
    fronts: Fronts,
    first: bool,
) -> Incidence:
    """Cross-products of a nested factor with the crossed ones, sorted by its level."""
    pairs = [(_pair(products, s, k), at) for k, at in zip(factors, columns, strict=True)]
    row = np.concatenate([pair.rows for pair, at in pairs for _ in at], dtype=np.intp)
    column = np.concatenate([effect[pair.columns] for pair, at in pairs for effect in at])
    values = np.concatenate([pair.values[:, a] for pair, at in pairs for a in range(len(at))], axis=1)
    order = np.argsort(row * (1 + int(column.max())) + column, kind="stable")
    return Incidence(products.factors[s].levels, fronts, row[order], column[order], values[:, order], first)
