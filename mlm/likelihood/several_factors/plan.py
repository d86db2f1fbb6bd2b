"""Eliminating random effects block by block.

Grouping factors fall in two kinds. *Stages* are eliminated level by level: the largest factor, and every factor in
which all levels of the earlier stages are nested, so that its block stays block-diagonal. What is left (factors
crossed with these) forms the *tail*: the Schur complement, sparse or dense. Everything here is on the scale of the
random effects b, so that theta enters at one place: the root ``L^-1 T'`` of a level.

With ``S = Z_i'Z_i`` (after earlier eliminations), ``E = T (T'ST + I)^-1 T'`` and neighbours N of level i,

- mode:        ``b_i = E (Z_i'(y - X beta) - A_iN b_N)``
- covariance:  ``W_ii = E + E Q E``, ``W_iN = -E A_iN W_NN``, with ``Q = A_iN W_NN A_iN'``
- derivative:  ``Z_i' P Z_i = (I - SE) S - (I - SE) Q (I - SE)'``

where W is the covariance of the effects given y, over sigma² (including the fixed effects under REML).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ...crossproducts.blocks import CrossProducts, PairProducts
from ...sparse.fronts import Fronts
from .crossed import Tail, tail_fronts, tail_of
from .incidence import Incidence

__all__ = ["Plan", "Stage", "nested_factors", "plan"]


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """One factor that is eliminated level by level.

    Attributes
    ----------
    factor : int
        Its position among the cross-products' factors.
    zz : ndarray, shape (q, q, J)
    zxy : ndarray, shape (q, p + 1, J)
    parents : dict of int to (ndarray of int of shape (J,), ndarray of shape (q, q_t, J))
        For each later stage t, the level of it in which each level is nested, and their cross-products.
    tail : Incidence or None
        Cross-products with the tail.
    maps : dict of int to ndarray of int, shape (nnz,)
        Where each entry of `tail` stands in the tail entries of the parent in stage t.
    """

    factor: int
    zz: np.ndarray
    zxy: np.ndarray
    parents: dict[int, tuple[np.ndarray, np.ndarray]]
    tail: Incidence | None
    maps: dict[int, np.ndarray]


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """The order of elimination.

    Attributes
    ----------
    stages : tuple of Stage
    tail : Tail or None
    """

    stages: tuple[Stage, ...]
    tail: Tail | None


def nested_factors(products: CrossProducts) -> list[int]:
    """The first factor, and those in which every level of all before them in the list is nested."""
    nested = [0]
    for t in range(1, len(products.factors)):
        if all(len(_pair(products, s, t).rows) == products.factors[s].levels for s in nested):
            nested.append(t)
    return nested


def plan(products: CrossProducts) -> Plan:
    """Choose the order of elimination and lay out the blocks for it."""
    nested = nested_factors(products)
    crossed = tuple(k for k in range(len(products.factors)) if k not in nested)
    if not crossed:
        return Plan(tuple(_stages(products, nested, {})), None)
    columns = _columns(products, crossed)
    entries = {s: _entries(products, s, crossed, columns) for s in nested}
    fronts = _fronts(products, nested[-1], crossed, columns)
    tails = {s: Incidence(products.factors[s].levels, fronts, *entries[s], first=s == nested[0]) for s in nested}
    return Plan(tuple(_stages(products, nested, tails)), tail_of(products, crossed, columns, fronts))


def _stages(products: CrossProducts, nested: list[int], tails: dict[int, Incidence]) -> Iterator[Stage]:
    """Blocks of the factors that are eliminated level by level."""
    for position, s in enumerate(nested):
        later = nested[position + 1 :]
        parents = {t: (_pair(products, s, t).columns, _pair(products, s, t).values) for t in later}
        maps = {t: _positions(tails[s], parents[t][0], tails[t]) for t in later if tails}
        yield Stage(s, products.factors[s].zz, products.factors[s].zxy, parents, tails.get(s), maps)


def _columns(products: CrossProducts, crossed: tuple[int, ...]) -> tuple[np.ndarray, ...]:
    """The tail's columns of each factor, shapes (q, J)."""
    shapes = [(products.factors[k].size, products.factors[k].levels) for k in crossed]
    starts = np.cumsum([0, *(q * levels for q, levels in shapes)])
    return tuple(start + np.arange(q * n).reshape(q, n) for start, (q, n) in zip(starts[:-1], shapes, strict=True))


def _fronts(products: CrossProducts, last: int, crossed: tuple[int, ...], columns: tuple[np.ndarray, ...]) -> Fronts:
    """The pattern that is left when the last stage, in which all others are nested, has been eliminated."""
    pairs = [_pair(products, last, k) for k in crossed]
    starts = np.cumsum([0, *(products.factors[k].levels for k in crossed)])[:-1]
    names = ", ".join(f"{products.factors[k].name!r} ({products.factors[k].levels} levels)" for k in crossed)
    row = np.concatenate([pair.rows for pair in pairs])
    unit = np.concatenate([start + pair.columns for start, pair in zip(starts, pairs, strict=True)])
    return tail_fronts(products.factors[last].levels, row, unit, columns, names)


def _pair(products: CrossProducts, a: int, b: int) -> PairProducts:
    """Cross-products between two factors, in either order, sorted by the first one's level."""
    if a < b:
        return products.pairs[a, b]
    other = products.pairs[b, a]
    order = np.lexsort((other.rows, other.columns))
    return PairProducts(other.columns[order], other.rows[order], other.values.transpose(1, 0, 2)[:, :, order])


def _entries(
    products: CrossProducts, s: int, crossed: tuple[int, ...], columns: tuple[np.ndarray, ...]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cross-products of a stage with the tail: level, column, and values of shape (q, nnz), sorted by level."""
    pairs = [(_pair(products, s, k), at) for k, at in zip(crossed, columns, strict=True)]
    row = np.concatenate([pair.rows for pair, at in pairs for _ in at])
    column = np.concatenate([effect[pair.columns] for pair, at in pairs for effect in at])
    values = np.concatenate([pair.values[:, a] for pair, at in pairs for a in range(len(at))], axis=1)
    order = np.argsort(row * (1 + int(column.max())) + column, kind="stable")
    return row[order], column[order], values[:, order]


def _positions(child: Incidence, parent_of: np.ndarray, parent: Incidence) -> np.ndarray:
    """Where the entries of the children stand among those of their parents (which have them all)."""
    have = parent.row * parent.width + parent.column
    return np.searchsorted(have, parent_of[child.row] * parent.width + child.column)
