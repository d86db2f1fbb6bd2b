"""The terms on one partition of the rows: how many of their variances and covariances can be told.

The covariance of the rows is linear in the elements of the terms' Sigma: all terms on one partition of the rows give
level j the block ``sum Sigma_ab D_ab`` with ``D_ab = z_a z_b' + z_b z_a'``, a and b columns of one term in `Z_j`. What
can be told is the span of these D (Rothenberg 1971, Econometrica 39, 577-591: parameters are identified where the
derivatives by them are independent). Their inner products follow from cross-products alone:
``<D_ab, D_cd> / 2 = sum_j (Z_j'Z_j)[b, c] (Z_j'Z_j)[a, d] + (Z_j'Z_j)[b, d] (Z_j'Z_j)[a, c]``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Self

import numpy as np
from scipy.linalg import lapack

from ..crossproducts.blocks import CrossProducts
from ..frame.model_frame import RandomPart
from ..likelihood.covariance import CovarianceLayout

__all__ = [
    "CLEAR_EIGENVALUE",
    "DEPENDENT_EIGENVALUE",
    "MOST_COLUMNS",
    "Partition",
    "Place",
    "missing_rank",
    "orthonormal_columns",
    "partitions",
    "triangle",
    "zero_eigenvalue",
]

# Smallest eigenvalue of the cosines of one level's columns from which they are clearly independent: every parameter can
# be told by this level, and nothing more is looked at. It only saves time: below, the rank is computed.
CLEAR_EIGENVALUE = 1e-8
# Smallest eigenvalue of the cosines of the derivatives D where they depend on one another. Measured on 96 to 1e6 rows,
# with weights from 1e-3 to 1e3 and without: up to 1e-15 in 240 designs that are not identified; from 3e-8 in 528 that
# are, (x || g) with x 5,000 standard deviations from 0.
DEPENDENT_EIGENVALUE = 1e-11
# ... and what rounding adds where the columns of a term nearly depend on each other, over the smallest eigenvalue of
# their cosines; and the sum of both from which rounding decides, and nothing is said.
ROUNDING, UNDECIDED = 1e-14, 1e-4
# Most columns on one partition that are looked at: there are inner products of their number to the power of four. One
# term with so many has 1,830 parameters, which no search finds.
MOST_COLUMNS = 60
# Share of an unidentified direction's length from which a parameter takes part in it.
TAKES_PART = 1e-6


def partitions(products: CrossProducts) -> list[list[int]]:
    """Grouping factors, those together that put the same rows together: as many pairs as levels occur."""
    out: list[list[int]] = []
    for k, factor in enumerate(products.factors):
        for same in out:
            if products.factors[same[0]].levels == factor.levels == len(products.pairs[same[0], k].rows):
                same.append(k)
                break
        else:
            out.append([k])
    return out


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A term in its partition: positions of its columns and of its parameters (the upper triangle of Sigma)."""

    part: RandomPart
    columns: np.ndarray
    parameters: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class Partition:
    """The terms on one partition of the rows, with columns that are orthonormal within each term.

    Attributes
    ----------
    terms : list of Place
    cosines : ndarray, shape (q, q)
        Inner products of those columns.
    user : ndarray, shape (q, q)
        The user's columns, each of length 1, in terms of them.
    gram : ndarray, shape (m, m)
        Cosines of the derivatives by all parameters.
    zero : float
        Below it an eigenvalue of `gram` is 0.
    """

    terms: list[Place]
    cosines: np.ndarray
    user: np.ndarray
    gram: np.ndarray
    zero: float

    @classmethod
    def of(
        cls, factors: list[int], parts: dict[int, RandomPart], products: CrossProducts, layout: CovarianceLayout
    ) -> Self | None:
        """Lay out terms, given by position in the layout; None where it is clear at once that all can be told."""
        size = sum(layout.slots[k].size for k in parts)
        if size < 2 or size > MOST_COLUMNS or (len(factors) == 1 and _one_level_tells(products.factors[factors[0]].zz)):
            return None
        zz, first = _joined(factors, products)
        terms: list[Place] = []
        keep: list[int] = []
        parameter = 0
        for k, part in parts.items():
            slot = layout.slots[k]
            count, begin = slot.size * (slot.size + 1) // 2, first[slot.factor] + slot.start
            columns = np.arange(len(keep), len(keep) + slot.size)
            terms.append(Place(part, columns, np.arange(parameter, parameter + count)))
            keep += range(begin, begin + slot.size)
            parameter += count
        chosen = zz if keep == list(range(len(zz))) else zz[np.ix_(keep, keep)]
        zz, user, least = _orthonormal(chosen, [t.columns for t in terms])
        gram = _derivative_cosines(zz, [t.columns for t in terms])
        return cls(terms, zz.sum(axis=2), user, gram, zero_eigenvalue(least))

    def surplus(self, terms: list[Place]) -> int:
        """Number of parameters less the rank of their derivatives."""
        return missing_rank(self.gram, terms, self.zero)

    def connected(self) -> list[list[Place]]:
        """Terms in sets; one set has no common direction with another."""
        sets = [[t] for t in self.terms]
        for a, b in combinations(self.terms, 2):
            largest = np.linalg.svd(self.cosines[np.ix_(a.columns, b.columns)], compute_uv=False)[0]
            one, other = (next(s for s in sets if t in s) for t in (a, b))
            if one is not other and largest**2 > 1.0 - self.zero:
                one += other
                sets.remove(other)
        return [sorted(s, key=self.terms.index) for s in sets]

    def common_names(self, terms: list[Place]) -> list[str]:
        """Columns of one term that lie in the space of another."""
        names = []
        for a in terms:
            others = [self.cosines[np.ix_(b.columns, a.columns)] for b in terms if b is not a]
            for name, column in zip(a.part.columns.names, a.columns, strict=True):
                inside = [other @ self.user[a.columns, column] for other in others]
                if max(v @ v for v in inside) > 1.0 - self.zero:
                    names.append(name)
        return list(dict.fromkeys(names))

    def redundant(self, terms: list[Place]) -> list[Place]:
        """Terms without which the others say the same; small ones first, and of factors the inner and later ones."""
        kept, out = list(terms), []
        for term in sorted(terms[::-1], key=lambda t: (len(t.parameters), -len(t.part.term.parts))):
            others = [t for t in kept if t is not term]
            if others and self.surplus(kept) - self.surplus(others) == len(term.parameters):
                kept = others
                out.append(term)
        return sorted(out, key=self.terms.index)

    def taking_part(self) -> list[Place]:
        """Terms with a parameter in a direction that cannot be told."""
        values, vectors, _ = lapack.dsyev(self.gram)
        share = (vectors[:, values < self.zero] ** 2).sum(axis=1)
        return [t for t in self.terms if share[t.parameters].max() > TAKES_PART]


def missing_rank(gram: np.ndarray, terms: list[Place], zero: float) -> int:
    """Number of parameters of terms less the rank of the cosines of their derivatives."""
    chosen = np.concatenate([t.parameters for t in terms])
    values = lapack.dsyev(gram[chosen[:, None], chosen], compute_v=0)[0]
    return int((values < zero).sum())


def zero_eigenvalue(least: float) -> float:
    """Below what an eigenvalue of cosines of derivatives is 0; 0 where rounding would decide.

    `least` is the smallest eigenvalue of the cosines of a term's columns.
    """
    zero = DEPENDENT_EIGENVALUE + ROUNDING / least
    return zero if zero < UNDECIDED else 0.0


def _one_level_tells(zz: np.ndarray) -> bool:
    """Whether a level, one with many rows, has clearly independent columns."""
    level = zz[:, :, int(zz[0, 0].argmax())]
    scale = np.sqrt(level.diagonal())
    if not min(scale.tolist()) > 0:
        return False
    return bool(lapack.dsyev(level / (scale[:, None] * scale), compute_v=0)[0][0] > CLEAR_EIGENVALUE)


def _joined(factors: list[int], products: CrossProducts) -> tuple[np.ndarray, dict[int, int]]:
    """``Z_j'Z_j`` of all columns of factors with the same levels, in the first one's order; where each one's begin."""
    if len(factors) == 1:
        return products.factors[factors[0]].zz, {factors[0]: 0}
    sizes = [products.factors[k].size for k in factors]
    first = dict(zip(factors, np.cumsum([0, *sizes[:-1]]).tolist(), strict=True))
    zz = np.empty((sum(sizes), sum(sizes), products.factors[factors[0]].levels))
    # pairs of levels are sorted by the first: with one pair a level, its second levels say where each one went
    order = {k: products.pairs[factors[0], k].columns for k in factors[1:]}
    order[factors[0]] = np.arange(zz.shape[2])
    for k in factors:
        at = slice(first[k], first[k] + products.factors[k].size)
        zz[at, at] = products.factors[k].zz[:, :, order[k]]
    for a, b in combinations(factors, 2):
        left, right = (slice(first[k], first[k] + products.factors[k].size) for k in (a, b))
        zz[left, right] = products.pairs[a, b].values[:, :, order[a]]
        zz[right, left] = zz[left, right].transpose(1, 0, 2)
    return zz, first


def _orthonormal(zz: np.ndarray, blocks: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray, float]:
    """Make the columns of each term orthonormal; also the user's in terms of them, and the smallest eigenvalue met."""
    change, user, least = orthonormal_columns(zz.sum(axis=2), blocks)
    half = (change.T @ zz.reshape(len(zz), -1)).reshape(zz.shape)
    return np.matmul(change.T, half), user, least


def orthonormal_columns(total: np.ndarray, blocks: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray, float]:
    """Orthonormal columns of each term, given all cross-products, in terms of the user's columns; and the reverse.

    A term's covariance matrix is free, so that other columns with the same span are the same term. Also the smallest
    eigenvalue of the cosines of a term's columns.
    """
    least = 1.0
    change, user = np.zeros_like(total), np.zeros_like(total)
    for block in blocks:
        here = block[:, None], block
        scale = np.sqrt(total.diagonal()[block])
        values, vectors, _ = lapack.dsyev(total[here] / (scale[:, None] * scale))
        least = min(least, max(float(values[0]), ROUNDING))
        roots = np.sqrt(np.maximum(values, ROUNDING))
        change[here] = vectors / roots / scale[:, None]
        user[here] = roots[:, None] * vectors.T
    return change, user, least


@lru_cache(maxsize=64)  # sizes; an entry is a few positions
def triangle(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of an upper triangle."""
    return np.triu_indices(size)


def _derivative_cosines(zz: np.ndarray, blocks: list[np.ndarray]) -> np.ndarray:
    """Cosines of the derivatives D by all parameters: see the formula at the head of this module."""
    rows, columns = triangle(len(zz))
    place = np.empty((len(zz), len(zz)), dtype=np.intp)
    place[rows, columns] = place[columns, rows] = np.arange(len(rows))
    upper = zz[rows, columns]
    sums = upper @ upper.T
    a, b = (np.concatenate([block[triangle(len(block))[side]] for block in blocks]) for side in (0, 1))
    across, aa, bb = place[b[:, None], a], place[a[:, None], a], place[b[:, None], b]
    inner = sums[across, across.T] + sums[bb, aa]
    # columns that never differ from 0 in the same level have D = 0: it stays 0 beside the length that is usual
    own = np.sqrt(sums.diagonal())
    squares, usual = inner.diagonal(), 2.0 * own[aa.diagonal()] * own[bb.diagonal()]
    length = np.sqrt(np.where(squares > DEPENDENT_EIGENVALUE * usual, squares, usual))
    return np.asarray(inner / (length[:, None] * length))
