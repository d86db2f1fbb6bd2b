"""The terms on nested partitions of the rows: which repeat what terms of coarser groups say.

``(1 | g:f)`` adds the same variance to all pairs of rows of one level of g and f, and so does ``(0 + f | g)`` when its
covariance matrix is a multiple of the identity: the derivative by the one's variance is a sum of derivatives by the
other's. The test is that of `mlm.fit.partition`. Two rows share the levels i and j of two factors when both are in cell
(i, j), so that for columns a, b of the one and c, d of the other, with `S` the cross-products of a cell,
``<D_ab, D_cd> / 2 = sum over cells of S[a, c] S[b, d] + S[a, d] S[b, c]``.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Self

import numpy as np

from ..crossproducts.blocks import CrossProducts
from ..frame.model_frame import RandomPart
from ..likelihood.covariance import CovarianceLayout
from .partition import (
    CLEAR_EIGENVALUE,
    DEPENDENT_EIGENVALUE,
    MOST_COLUMNS,
    Place,
    missing_rank,
    orthonormal_columns,
    triangle,
    zero_eigenvalue,
)

__all__ = ["Nested", "Repeated", "families"]


def families(
    groups: list[list[int]], parts: list[dict[int, RandomPart]], products: CrossProducts, layout: CovarianceLayout
) -> list[list[int]]:
    """Partitions, by position, in sets that are linked by nesting, where a term of the finer one may be repeated.

    The coarser partition of a link has two columns or more. A single one, as in ``(1 | a / b)``, puts covariances
    between finer groups, which no term of theirs has, unless it is 0 in all of them but one: that is not looked for.
    """
    if len(groups) < 2:
        return []
    counts = [sum(layout.slots[k].size for k in mine) for mine in parts]
    if max(counts) < 2:
        return []
    sets: list[set[int]] = []
    for one, other in combinations(range(len(groups)), 2):
        a, b = groups[one][0], groups[other][0]
        levels = products.factors[a].levels, products.factors[b].levels
        coarse, fine = (one, other) if levels[0] < levels[1] else (other, one)
        if counts[coarse] > 1 and counts[fine] > 0 and len(products.pairs[a, b].rows) == max(levels):
            linked = [s for s in sets if one in s or other in s]
            sets = [s for s in sets if s not in linked] + [{one, other}.union(*linked)]
    found = [sorted(s) for s in sets if sum(counts[k] for k in s) <= MOST_COLUMNS]
    return [s for s in found if not _one_level_tells([k for place in s for k in groups[place]], products)]


def _one_level_tells(factors: list[int], products: CrossProducts) -> bool:
    """Whether, of two factors, the coarser's columns are clearly independent in two cells of one of its levels.

    Between the rows of these cells, which no term of the finer one links, each of its parameters is told. Cell by cell
    only products with the finer factor's columns are at hand: they show it where their rank is that of the coarser's.
    """
    if len(factors) > 2:
        return False
    pair = products.pairs[factors[0], factors[1]]
    (one, other), at, to, values = (products.factors[k] for k in factors), pair.rows, pair.columns, pair.values
    if one.levels > other.levels:
        one, other, at, to, values = other, one, to, at, values.transpose(1, 0, 2)
    if one.size > other.size:
        return False
    level = int(one.zz[0, 0].argmax())
    cells = np.flatnonzero(at == level)
    cells = cells[other.zz[0, 0, to[cells]].argsort()[-2:]]
    squares = one.zz[:, :, level].diagonal()[:, None, None] * other.zz[:, :, to[cells]].diagonal().T
    if len(cells) < 2 or not squares.min() > 0:
        return False
    cosines = values[:, :, cells] / np.sqrt(squares)
    return bool((np.linalg.svd(cosines.transpose(2, 0, 1), compute_uv=False) ** 2).min() > CLEAR_EIGENVALUE)


@dataclass(frozen=True, slots=True, eq=False)
class Repeated:
    """A term that repeats what others say: the surplus of parameters, and whether it repeats in everything."""

    term: Place
    others: list[Place]
    surplus: int
    whole: bool


@dataclass(frozen=True, slots=True, eq=False)
class Nested:
    """The terms on nested partitions.

    Attributes
    ----------
    partitions : list of list of Place
        The terms of each partition, which has more levels than those before.
    gram : ndarray, shape (m, m)
        Cosines of the derivatives by all parameters.
    zero : float
        Below it an eigenvalue of `gram` is 0.
    """

    partitions: list[list[Place]]
    gram: np.ndarray
    zero: float

    @classmethod
    def of(cls, parts: list[dict[int, RandomPart]], products: CrossProducts, layout: CovarianceLayout) -> Self:
        """Lay out the terms of partitions, given by position in the layout."""
        slots = layout.slots
        parts = sorted(parts, key=lambda mine: products.factors[slots[next(iter(mine))].factor].levels)
        factors = list(dict.fromkeys(slots[k].factor for mine in parts for k in mine))
        sides = {f: _Side.of(f, [k for mine in parts for k in mine if slots[k].factor == f], layout) for f in factors}
        first = dict(zip(factors, np.cumsum([0, *(len(sides[f].a) for f in factors[:-1])]).tolist(), strict=True))
        partitions = []
        for mine in parts:
            places = []
            for k, part in mine.items():
                columns, parameters = sides[slots[k].factor].places[k]
                places.append(Place(part, columns, parameters + first[slots[k].factor]))
            partitions.append(places)
        gram, least = _cosines(list(sides.values()), products)
        return cls(partitions, gram, zero_eigenvalue(least))

    def repeated(self) -> list[Repeated]:
        """Terms that add less than they have parameters, beyond what each partition by itself lacks."""
        terms = [t for mine in self.partitions for t in mine]
        out: list[Repeated] = []
        if not self.excess(terms):
            return out
        for k, term in enumerate(terms):
            surplus = self._added(terms[:k], term)
            if surplus:
                others = terms[:k]
                for t in terms[:k][::-1]:
                    fewer = [o for o in others if o is not t]
                    others = fewer if self._added(fewer, term) == surplus else others
                whole = self.surplus([*others, term]) - self.surplus(others) == len(term.parameters)
                out.append(Repeated(term, others, surplus, whole))
        return out

    def surplus(self, terms: list[Place]) -> int:
        """Number of parameters less the rank of their derivatives."""
        return missing_rank(self.gram, terms, self.zero) if terms else 0

    def excess(self, terms: list[Place]) -> int:
        """Surplus of all terms together less that of each partition by itself."""
        apart = sum(self.surplus([t for t in mine if t in terms]) for mine in self.partitions)
        return self.surplus(terms) - apart

    def _added(self, terms: list[Place], term: Place) -> int:
        """What a term adds to the excess."""
        return self.excess([*terms, term]) - self.excess(terms)


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    """One factor: the columns in use, by term, and the columns a and b of each parameter."""

    factor: int
    keep: np.ndarray
    places: dict[int, tuple[np.ndarray, np.ndarray]]
    a: np.ndarray
    b: np.ndarray

    @classmethod
    def of(cls, factor: int, terms: list[int], layout: CovarianceLayout) -> Self:
        keep: list[int] = []
        places, a, b = {}, [], []
        parameter = 0
        for k in terms:
            slot = layout.slots[k]
            columns = np.arange(len(keep), len(keep) + slot.size)
            rows, others = triangle(slot.size)
            places[k] = columns, np.arange(parameter, parameter + len(rows))
            a.append(columns[rows])
            b.append(columns[others])
            keep += range(slot.start, slot.start + slot.size)
            parameter += len(rows)
        return cls(factor, np.array(keep), places, np.concatenate(a), np.concatenate(b))


def _cosines(sides: list[_Side], products: CrossProducts) -> tuple[np.ndarray, float]:
    """Cosines of the derivatives by all parameters, and the smallest eigenvalue of a term's columns."""
    changes, lengths, least = [], [], 1.0
    blocks: list[list[np.ndarray]] = [[np.empty(0)] * len(sides) for _ in sides]
    for k, side in enumerate(sides):
        zz = products.factors[side.factor].zz
        total = zz.sum(axis=2)[np.ix_(side.keep, side.keep)]
        change, _, smallest = orthonormal_columns(total, [columns for columns, _ in side.places.values()])
        changes.append(change)
        least = min(least, smallest)
        sums = _sums(zz, (side, side), (change, change))
        blocks[k][k] = _inner(sums, side, side)
        lengths.append(_lengths(sums, blocks[k][k].diagonal(), side))
    for k, m in combinations(range(len(sides)), 2):
        values = _cells(products, sides[k].factor, sides[m].factor)
        pair = sides[k], sides[m]
        blocks[k][m] = _inner(_sums(values, pair, (changes[k], changes[m])), *pair)
        blocks[m][k] = blocks[k][m].T
    length = np.concatenate(lengths)
    return np.asarray(np.block(blocks) / (length[:, None] * length)), least


def _cells(products: CrossProducts, first: int, second: int) -> np.ndarray:
    """Cross-products of two factors in each cell that has rows, shape (q_first, q_second, m)."""
    if first < second:
        return products.pairs[first, second].values
    return products.pairs[second, first].values.transpose(1, 0, 2)


def _sums(values: np.ndarray, sides: tuple[_Side, _Side], changes: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Products of S[a, c] and S[b, d], summed over cells: shape (q, r, q, r)."""
    left, right = sides
    values = values[left.keep[:, None], right.keep]
    q, r, cells = values.shape
    half = (changes[0].T @ values.reshape(q, -1)).reshape(values.shape)
    flat = np.matmul(changes[1].T, half).reshape(q * r, cells)
    return np.asarray((flat @ flat.T).reshape(q, r, q, r))


def _inner(sums: np.ndarray, left: _Side, right: _Side) -> np.ndarray:
    """Half the inner products of the derivatives by the parameters of two factors."""
    a, b, c, d = left.a[:, None], left.b[:, None], right.a, right.b
    return np.asarray(sums[a, c, b, d] + sums[a, d, b, c])


def _lengths(sums: np.ndarray, squares: np.ndarray, side: _Side) -> np.ndarray:
    """Lengths of derivatives; one that is 0, of columns that are never both there, stays 0 beside what is usual."""
    k = np.arange(len(side.keep))
    own = np.sqrt(sums[k, k, k, k])
    usual = 2.0 * own[side.a] * own[side.b]
    return np.sqrt(np.where(squares > DEPENDENT_EIGENVALUE * usual, squares, usual))
