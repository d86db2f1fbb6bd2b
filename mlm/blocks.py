"""Eliminating random effects block by block.

Grouping factors fall in two kinds. *Stages* are eliminated level by level: the largest factor, and every factor in
which all levels of the earlier stages are nested, so that its block stays block-diagonal. What is left (factors
crossed with these) forms a dense *tail*: the Schur complement. Everything here is on the scale of the random effects
b, so that theta enters at one place: the root ``L^-1 T'`` of a level.

With ``S = Z_i'Z_i`` (after earlier eliminations), ``E = T (T'ST + I)^-1 T'`` and neighbours N of level i,

- mode:        ``b_i = E (Z_i'(y - X beta) - A_iN b_N)``
- covariance:  ``W_ii = E + E Q E``, ``W_iN = -E A_iN W_NN``, with ``Q = A_iN W_NN A_iN'``
- derivative:  ``Z_i' P Z_i = (I - SE) S - (I - SE) Q (I - SE)'``

where W is the covariance of the effects given y, over sigma² (including the fixed effects under REML).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .crossproducts import CrossProducts, PairProducts
from .errors import FitError
from .incidence import Incidence

__all__ = ["Plan", "Stage", "nested_factors", "plan"]

WIDEST = 25_000  # columns of the dense Schur complement: 5 GB a matrix
MATRICES = 5  # of that size that are held at once


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
    dense : tuple of int
        Factors of the tail.
    offsets : tuple of int
        First column of each of them in the tail; effects first, levels second.
    tail : ndarray, shape (m, m)
        Cross-products within the tail.
    tail_xy : ndarray, shape (m, p + 1)
    """

    stages: tuple[Stage, ...]
    dense: tuple[int, ...]
    offsets: tuple[int, ...]
    tail: np.ndarray
    tail_xy: np.ndarray


def nested_factors(products: CrossProducts) -> list[int]:
    """The first factor, and those in which every level of all before them in the list is nested."""
    nested = [0]
    for t in range(1, len(products.factors)):
        if all(len(_pair(products, s, t).rows) == products.factors[s].levels for s in nested):
            nested.append(t)
    return nested


def plan(products: CrossProducts) -> Plan:
    """Choose the order of elimination and lay out the blocks for it."""
    nested, factors = nested_factors(products), range(len(products.factors))
    dense = tuple(k for k in factors if k not in nested)
    sizes = [products.factors[k].levels * products.factors[k].size for k in dense]
    _demand_room(products, dense, sum(sizes))
    offsets = tuple(int(o) for o in np.cumsum([0, *sizes])[:-1])
    tails = {s: _tail_of(products, s, dense, offsets, sum(sizes)) for s in nested}
    stages = []
    for position, s in enumerate(nested):
        later = nested[position + 1 :]
        parents = {t: (_pair(products, s, t).columns, _pair(products, s, t).values) for t in later}
        maps = {}
        for t in later:
            mine, above = tails[s], tails[t]
            if mine is not None and above is not None:
                maps[t] = _positions(mine, parents[t][0], above)
        f = products.factors[s]
        stages.append(Stage(s, f.zz, f.zxy, parents, tails[s], maps))
    tail, tail_xy = _tail(products, dense, offsets, sum(sizes))
    return Plan(tuple(stages), dense, offsets, tail, tail_xy)


def _demand_room(products: CrossProducts, dense: tuple[int, ...], width: int) -> None:
    """Refuse a Schur complement that would not fit in memory, before trying."""
    if width > WIDEST:
        names = ", ".join(f"{products.factors[k].name!r} ({products.factors[k].levels} levels)" for k in dense)
        raise FitError(
            f"The crossed grouping factors {names} need a dense system of {width} columns, about "
            f"{MATRICES * 8e-9 * width**2:.0f} GB; at most {WIDEST} columns are tried. Use fewer random slopes, or "
            "coarser grouping factors."
        )


def _pair(products: CrossProducts, a: int, b: int) -> PairProducts:
    """Cross-products between two factors, in either order, sorted by the first one's level."""
    if a < b:
        return products.pairs[a, b]
    other = products.pairs[b, a]
    order = np.lexsort((other.rows, other.columns))
    return PairProducts(other.columns[order], other.rows[order], other.values.transpose(1, 0, 2)[:, :, order])


def _tail_of(
    products: CrossProducts, s: int, dense: tuple[int, ...], offsets: tuple[int, ...], width: int
) -> Incidence | None:
    if not dense:
        return None
    rows, columns, values = [], [], []
    for k, offset in zip(dense, offsets, strict=True):
        pair = _pair(products, s, k)
        for effect in range(products.factors[k].size):
            rows.append(pair.rows)
            columns.append(offset + effect * products.factors[k].levels + pair.columns)
            values.append(pair.values[:, effect])
    row, column = np.concatenate(rows), np.concatenate(columns)
    order = np.lexsort((column, row))
    data = np.concatenate(values, axis=1)[:, order]
    return Incidence(products.factors[s].levels, width, row[order], column[order], data)


def _positions(child: Incidence, parent_of: np.ndarray, parent: Incidence) -> np.ndarray:
    """Where the entries of the children stand among those of their parents (which have them all)."""
    have = parent.row * parent.width + parent.column
    return np.searchsorted(have, parent_of[child.row] * parent.width + child.column)


def _tail(
    products: CrossProducts, dense: tuple[int, ...], offsets: tuple[int, ...], width: int
) -> tuple[np.ndarray, np.ndarray]:
    tail, tail_xy = np.zeros((width, width)), np.zeros((width, products.p + 1))
    for k, offset in zip(dense, offsets, strict=True):
        f = products.factors[k]
        at = offset + np.arange(f.levels)
        for a in range(f.size):
            tail_xy[at + a * f.levels] = f.zxy[a].T
            for b in range(f.size):
                tail[at + a * f.levels, at + b * f.levels] = f.zz[a, b]
        for other, start in zip(dense, offsets, strict=True):
            if other <= k:
                continue
            pair, levels = products.pairs[k, other], products.factors[other].levels
            for a in range(f.size):
                for b in range(products.factors[other].size):
                    rows, columns = offset + a * f.levels + pair.rows, start + b * levels + pair.columns
                    tail[rows, columns] = tail[columns, rows] = pair.values[a, b]
    return tail, tail_xy
