"""The derivatives of the covariance matrix by all variances and covariances, and how many of them are independent.

The covariance of the rows is linear in the elements of the terms' Sigma and in the residual variance. Its derivatives
are ``D_ab = sum_j z_aj z_bj' + z_bj z_aj'`` (a and b columns of one term, j levels) and the identity. What can be told
is their span (Rothenberg 1971, Econometrica 39, 577-591); REML sees it in what is orthogonal to X, as ``M D_ab M`` and
M. With ``N = Z'MZ``, between levels j of one factor and i of another,

``<M D_ab M, M D_cd M> / 2 = sum over j, i of N[aj, ci] N[bj, di] + N[aj, di] N[bj, ci]``, ``<M D_ab M, M> / 2 =
sum_j N[aj, bj]``, and ``<M, M> / 2 = (n - p) / 2``.

``N = S - K``, where S = Z'Z is 0 unless the levels share rows, and ``K = R'R`` with R the coordinates of Z in the fixed
effects' space. So sums over all pairs of levels are those of N over the cells that have rows, plus those of K over all
others: ``sum over all of K[aj, ci] K[bj, di]`` is the inner product of ``sum_j R_aj R_bj'`` and ``sum_i R_ci R_di'``,
which have p rows and columns. Nothing is as large as the number of pairs of levels. Without X, K is 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.linalg import lapack

from ..crossproducts.blocks import CrossProducts
from .confounding import ROUNDING, UNDECIDED, Basis
from .places import Place, Places, Side

__all__ = ["MOST_COLUMNS", "MOST_PARAMETERS", "MOST_PRODUCTS", "Derivatives", "decisive"]

# Smallest eigenvalue of the cosines of the derivatives D where they depend on one another. Measured on 96 to 1e6 rows,
# with weights from 1e-3 to 1e3 and without: up to 1e-15 in 240 designs that are not identified; from 3e-8 in 528 that
# are, (x || g) with x 5,000 standard deviations from 0.
DEPENDENT_EIGENVALUE = 1e-11
# Most columns of a factor that are looked at: there are inner products of their number to the power of four, 21 MB. One
# term with so many has 820 parameters, which no search finds; and most parameters of all terms, of which the rank is to
# be found: a few tenths of a second.
MOST_COLUMNS, MOST_PARAMETERS = 40, 900
# Most columns of a factor times fixed effects: there are products of their number to the power of two, 72 MB.
MOST_PRODUCTS = 3000
# Numbers in a piece of K, which is formed cell by cell: 32 MB.
PIECE = 1 << 22


@dataclass(frozen=True, slots=True, eq=False)
class Derivatives:
    """Inner products of the derivatives by all parameters.

    Attributes
    ----------
    gram : ndarray, shape (m, m)
        Cosines of the derivatives, less what those by variances of spanned columns account for.
    beside : ndarray, shape (m, m)
        The same, less what that by the residual variance accounts for.
    cosines : ndarray, shape (q, q)
        Inner products of the columns in use, of factors that put the same rows together.
    zero : float
        Below it an eigenvalue is 0.
    """

    gram: np.ndarray
    beside: np.ndarray
    cosines: np.ndarray
    zero: float

    @classmethod
    def of(cls, places: Places, products: CrossProducts, inside: Sequence[np.ndarray] | None, zero: float) -> Self:
        """Compute them outside of the fixed effects' space, given the coordinates in it, or as they are."""
        sides = places.sides
        size = sum(len(s.columns) for s in sides)
        cosines = np.zeros((size, size))
        blocks: list[list[np.ndarray]] = [[np.empty(0)] * len(sides) for _ in sides]
        lengths, traces = [], []
        for k, one in enumerate(sides):
            for m, other in enumerate(sides[k:], k):
                sums, within = _sums(one, other, products, inside)
                a, b, c, d = one.a[:, None], one.b[:, None], other.a, other.b
                blocks[k][m] = sums[a, b, c, d] + sums[a, b, d, c]
                blocks[m][k] = blocks[k][m].T
                cosines[np.ix_(one.columns, other.columns)] = within
                cosines[np.ix_(other.columns, one.columns)] = within.T
                if k == m:
                    lengths.append(_lengths(sums, blocks[k][k].diagonal(), one, zero))
                    traces.append(within[one.a, one.b])
        freedom = products.nobs - (0 if inside is None else products.p)
        length = np.concatenate([*lengths, [np.sqrt(freedom / 2.0)]])
        trace = np.concatenate(traces)
        gram = np.block([[np.block(blocks), trace[:, None]], [trace, freedom / 2.0]]) / (length[:, None] * length)
        gram = _less(gram, places.spanned, zero)
        return cls(gram, _less(gram, [len(trace)], zero), cosines, zero)

    def surplus(self, terms: Sequence[Place]) -> int:
        """Number of parameters of terms less the rank of their derivatives."""
        return self._missing(self.gram, terms)

    def surplus_beside(self, terms: Sequence[Place]) -> int:
        """The same with the residual variance and its derivative."""
        return self._missing(self.beside, terms)

    def _missing(self, gram: np.ndarray, terms: Sequence[Place]) -> int:
        if not terms:
            return 0
        chosen = np.concatenate([t.parameters for t in terms])
        values = lapack.dsyev(gram[chosen[:, None], chosen], compute_v=0)[0]
        return int((values < self.zero).sum())


def _less(gram: np.ndarray, known: list[int], zero: float) -> np.ndarray:
    """Inner products of what is orthogonal to some of the derivatives."""
    if not known:
        return gram
    values, vectors, _ = lapack.dsyev(gram[np.ix_(known, known)])
    there = values > zero
    half = (vectors[:, there] / np.sqrt(values[there])).T @ gram[known]
    return np.asarray(gram - half.T @ half)


def decisive(bases: Mapping[int, Basis], reml: bool) -> float:
    """Below what an eigenvalue of cosines of derivatives is 0; 0 where rounding would decide."""
    zero = DEPENDENT_EIGENVALUE + ROUNDING / min(b.least for b in bases.values())
    if reml:  # products outside of the fixed effects' space are differences, to be squared
        zero += ROUNDING / min(b.shares[b.spanned :].min(initial=1.0) for b in bases.values()) ** 2
    return zero if zero < UNDECIDED else 0.0


def _sums(
    one: Side, other: Side, products: CrossProducts, inside: Sequence[np.ndarray] | None
) -> tuple[np.ndarray, np.ndarray]:
    """Sums over all pairs of levels of N[a, c] N[b, d], shape (q, q, r, r), and over cells of N, shape (q, r)."""
    at, to, values = _cells(products, one.factor, other.factor)
    q, r = one.vectors.shape[1], other.vectors.shape[1]
    half = np.matmul(one.vectors.T, values.reshape(len(values), -1)).reshape(q, *values.shape[1:])
    cells = np.matmul(other.vectors.T, half).reshape(q * r, -1)
    if inside is None:
        sums = cells @ cells.T
    else:
        left, right = (np.tensordot(s.vectors, inside[s.factor], (0, 0)) for s in (one, other))
        sums = _outside(cells, at, to, left, right)
        p = left.shape[1]
        first, second = (_squares(x) for x in (left, right))
        every = first.reshape(q * q, p * p) @ second.reshape(r * r, p * p).T
        sums += every.reshape(q, q, r, r).transpose(0, 2, 1, 3).reshape(q * r, q * r)
    return sums.reshape(q, r, q, r).transpose(0, 2, 1, 3), cells.sum(axis=1).reshape(q, r)


def _outside(cells: np.ndarray, at: np.ndarray, to: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Make S into N in place, cell by cell; return the sums of products of N less those of K."""
    sums = np.zeros((len(cells), len(cells)))
    step = 1 + PIECE // (1 + left.shape[1] * (len(left) + len(right)))
    for begin in range(0, cells.shape[1], step):
        piece = slice(begin, begin + step)
        k = np.einsum("apm,bpm->abm", left[:, :, at[piece]], right[:, :, to[piece]]).reshape(len(cells), -1)
        cells[:, piece] -= k
        sums += cells[:, piece] @ cells[:, piece].T - k @ k.T
    return sums


def _squares(coordinates: np.ndarray) -> np.ndarray:
    """Sums over levels of ``R_aj R_bj'``, shape (q, q, p, p)."""
    q, p, _ = coordinates.shape
    flat = coordinates.reshape(q * p, -1)
    return np.ascontiguousarray((flat @ flat.T).reshape(q, p, q, p).transpose(0, 2, 1, 3))


def _cells(products: CrossProducts, first: int, second: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Levels of two factors that share rows, and their cross-products, shape (q_first, q_second, m)."""
    if first == second:
        levels = np.arange(products.factors[first].levels)
        return levels, levels, products.factors[first].zz
    if first < second:
        pair = products.pairs[first, second]
        return pair.rows, pair.columns, pair.values
    pair = products.pairs[second, first]
    return pair.columns, pair.rows, pair.values.transpose(1, 0, 2)


def _lengths(sums: np.ndarray, squares: np.ndarray, side: Side, zero: float) -> np.ndarray:
    """Lengths of derivatives; one that is 0, of columns that are never both there, stays 0 beside what is usual."""
    k = np.arange(len(side.columns))
    own = np.sqrt(sums[k, k, k, k])
    usual = 2.0 * own[side.a] * own[side.b]
    return np.sqrt(np.where(squares > max(zero, DEPENDENT_EIGENVALUE) * usual, squares, usual))
