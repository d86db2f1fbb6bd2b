"""Bases of the random-effects columns in which nothing depends on the user's units or origin.

Within each term the columns worked with are orthonormal, in the inner product with the prior weights and over n. Where
a term has the constant, the other columns are shifted by their means before products are summed: a year is 2,000 from
0 and varies by a few, and the squares of what is left would be lost in those of the mean. The rest is done to the few
sums of products of a term, by Cholesky's factor; where columns nearly depend on each other, by a QR decomposition of
their rows. A column alone is divided by its root mean square; the constant alone, without weights, stays what it is.
"""

from __future__ import annotations

import itertools
import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.linalg import lapack

from ..frame.columns import Columns
from ..frame.grouping import Grouping
from .blocks import EffectsBasis

__all__ = [
    "CONSTANT_SHARE",
    "DEPENDENT_SHARE",
    "FactorColumns",
    "basis_of_rows",
    "basis_of_sums",
    "from_zero",
    "shifted",
]

# Share of its length that each column keeps beside those to its left, above which sums of products tell it from them:
# they have the square of that share, 1e-5, to a rounding of 1e-16.
CLEAR_SHARE = 3e-3
# Share below which columns depend on each other to working precision, and are not divided by what is left.
DEPENDENT_SHARE = 1e-7
# Square of a column's length about its mean over that of the column, below which it is constant: means have a rounding
# of 1e-16.
CONSTANT_SHARE = 1e-28
# Standard deviations that the mean of a fixed-effects column is from 0, up to which it may stay there: its square, 1e4,
# times a rounding of 1e-16 is what the column's and the constant's products can lose.
NEAR_ZERO = 100.0


class FactorColumns(NamedTuple):
    """The random-effects columns of one grouping factor.

    Attributes
    ----------
    grouping : Grouping
    columns : Columns
        Of all its terms, q of them.
    sizes : tuple of int
        Number of columns of each term.
    means : ndarray, shape (q,), or None
        What is subtracted from the columns; None for nothing.
    constants : tuple of int
        Where means are subtracted, the position of each term's constant; -1 for a term without one.
    shared : tuple of int
        Where those of the columns stand among the fixed-effects columns that are there with the same shift.
    """

    grouping: Grouping
    columns: Columns
    sizes: tuple[int, ...]
    means: np.ndarray | None = None
    constants: tuple[int, ...] = ()
    shared: tuple[int, ...] = ()

    @property
    def places(self) -> tuple[int, ...] | None:
        """Where the columns stand among the fixed-effects columns; None unless all do."""
        return self.shared if len(self.shared) == len(self.columns.factors) else None

    def read(self, start: int, stop: int, root_weights: np.ndarray | None) -> np.ndarray:
        """Rows start … stop of the shifted columns, shape (q, rows), times their root weights."""
        z, means = np.empty((len(self.columns.names), stop - start)), self.means
        self.columns.fill(z, start, stop, None if means is None else means.tolist())
        if root_weights is not None:
            z *= root_weights
        return z

    @property
    def is_one(self) -> bool:
        """Whether this is the constant alone."""
        return self.sizes == (1,) and self.columns.is_one(0)


@lru_cache(maxsize=256)  # sizes of terms; an entry is a few positions
def _terms(sizes: tuple[int, ...]) -> tuple[slice, ...]:
    """Where the columns of each term stand."""
    ends = list(itertools.accumulate(sizes, initial=0))
    return tuple(slice(a, b) for a, b in itertools.pairwise(ends))


def shifted(factor: FactorColumns, weights: np.ndarray | None, fixed: Columns, means: list[float]) -> FactorColumns:
    """Find what to subtract from the columns beside a constant, and where they stand among the fixed-effects columns.

    Parameters
    ----------
    factor : FactorColumns
        With its columns as they are.
    weights : ndarray, shape (n,), or None
    fixed : Columns
        The fixed-effects columns worked with, p of them.
    means : list of float
        What is subtracted from these, p numbers; the same is from those of them that are random-effects columns too.

    Returns
    -------
    FactorColumns
    """
    columns, sizes = factor.columns, factor.sizes
    found = tuple([_place(arrays, fixed) for arrays in columns.factors])
    own, constants = _shifts(factor, weights, found, means) if max(sizes) > 1 else ([0.0] * len(found), ())
    shared = tuple([k for k, mean in zip(found, own, strict=True) if k >= 0 and mean == means[k]])
    if not any(own):
        return FactorColumns(factor.grouping, columns, sizes, shared=shared)
    return FactorColumns(factor.grouping, columns, sizes, np.array(own), constants, shared)


def from_zero(factors: list[tuple[Grouping, Columns]], fixed: Columns, means: np.ndarray) -> np.ndarray:
    """What to subtract from fixed-effects columns: nothing from slopes that random effects have without a constant.

    Nor from products with such a slope. Beside it the shifted column is the constant, times its mean, and large effects
    would leave a difference of the two. Where a term has the constant as well, its slope is shifted as the fixed one.

    Parameters
    ----------
    factors : list of (Grouping, Columns)
    fixed : Columns
        The fixed-effects columns, p of them.
    means : ndarray, shape (p,)
        Theirs.

    Returns
    -------
    ndarray, shape (p,)
    """
    if all([columns.has_one for _, columns in factors]):
        return means
    alone, beside = set[int](), set[int]()
    for _, columns in factors:
        (beside if columns.has_one else alone).update([id(arrays[0]) for arrays in columns.factors if len(arrays) == 1])
    out = means.copy()
    for k, arrays in enumerate(fixed.factors):
        mine = set(map(id, arrays))
        if means[k] and mine & alone and not mine & beside:
            out[k] *= abs(means[k]) > NEAR_ZERO * float(np.multiply.reduce(arrays).std())
    return out


def _shifts(
    factor: FactorColumns, weights: np.ndarray | None, found: tuple[int, ...], means: list[float]
) -> tuple[list[float], tuple[int, ...]]:
    """What to subtract from each column, and where the constant of each term stands: see `FactorColumns`."""
    columns, own, constants = factor.columns, [0.0] * len(factor.columns.names), []
    for term in _terms(factor.sizes):
        ones = [k for k in range(term.start, term.stop) if columns.is_one(k)]
        constants.append(ones[0] if ones else -1)
        for k in range(term.start, term.stop) if ones else ():
            if k not in ones:
                own[k] = means[found[k]] if found[k] >= 0 else 0.0
                own[k] = own[k] or _mean(columns.factors[k], weights)
    return own, tuple(constants)


def _place(arrays: tuple[np.ndarray, ...], among: Columns) -> int:
    """Where a column stands among others, as the very same array; -1 where it does not."""
    if len(arrays) == 1:
        for k, others in enumerate(among.factors):
            if others[0] is arrays[0] and len(others) == 1:
                return k
    return -1


def _mean(arrays: tuple[np.ndarray, ...], weights: np.ndarray | None) -> float:
    values = arrays[0] if len(arrays) == 1 else np.multiply.reduce(arrays)
    if weights is None:
        return float(np.add.reduce(values)) / len(values)
    return float(np.dot(values, weights)) / float(np.add.reduce(weights))


def basis_of_sums(factor: FactorColumns, total: np.ndarray, nobs: int) -> tuple[EffectsBasis, np.ndarray, bool]:
    """Find the basis from sums of products.

    Parameters
    ----------
    factor : FactorColumns
    total : ndarray, shape (q, q)
        Products of the (shifted, weighted) columns, summed over all rows.
    nobs : int

    Returns
    -------
    basis : EffectsBasis
    turn : ndarray, shape (q, q)
        The basis in terms of the shifted columns.
    clear : bool
        Whether sums were enough; if not, columns are looked at row by row.
    """
    q = len(total)
    if q == 1:
        square = float(total[0, 0]) / nobs
        root = np.array([[math.sqrt(square) if square > 0 else 1.0]])
        return EffectsBasis(root, 1.0 / root, np.array([1.0 if square > 0 else 0.0])), 1.0 / root, True
    if factor.sizes == (2,) and factor.constants in ((0,), ()):
        found = _basis_of_two(total / nobs, 0.0 if factor.means is None else float(factor.means[1]))
        if found is not None:
            return found
    length = np.sqrt(total.diagonal() / nobs)
    length = np.where(length > 0, length, 1.0)
    cosines = total / (nobs * length[:, None] * length)
    roots, shares, clear = np.zeros((q, q)), np.empty(q), True
    for term in _terms(factor.sizes):
        roots[term, term], shares[term] = _root(cosines[term, term])
        clear &= min(shares[term].tolist()) > CLEAR_SHARE
    root = roots * length
    turn = lapack.dtrtri(root, lower=0)[0]
    return _composed(factor, root, turn, shares), turn, clear


def _basis_of_two(squares: np.ndarray, mean: float) -> tuple[EffectsBasis, np.ndarray, bool] | None:
    """The same of two columns, the most usual case, from their mean squares; None where these do not tell enough."""
    (first, across), (_, second) = squares.tolist()
    if not (first > 0 and second > 0):
        return None
    one = math.sqrt(first)
    both = across / one
    left = second - both * both
    if not (left > CLEAR_SHARE**2 * second and second > CONSTANT_SHARE * mean * mean * first):
        return None
    two = math.sqrt(left)
    turn = np.array([[1.0 / one, -both / (one * two)], [0.0, 1.0 / two]])
    shares = np.array([1.0, math.sqrt(left / second)])
    if not mean:
        return EffectsBasis(np.array([[one, both], [0.0, two]]), turn, shares), turn, True
    above = both + one * mean
    inverse = np.array([[1.0 / one, -above / (one * two)], [0.0, 1.0 / two]])
    return EffectsBasis(np.array([[one, above], [0.0, two]]), inverse, shares), turn, True


def _root(cosines: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cholesky's factor of one term's cosines, and the shares that columns keep; without a factor, the identity."""
    root, info = lapack.dpotrf(cosines, lower=0, clean=1)
    if info:
        return np.eye(len(cosines)), np.zeros(len(cosines))
    return root, root.diagonal()


def basis_of_rows(factor: FactorColumns, root_weights: np.ndarray | None) -> tuple[FactorColumns, EffectsBasis]:
    """Find columns and basis by QR decompositions of the shifted, weighted columns; for nearly dependent ones.

    Returns
    -------
    factor : FactorColumns
        With the orthonormal columns.
    basis : EffectsBasis
    """
    z = factor.columns.matrix() - (0.0 if factor.means is None else factor.means)
    weighted = z if root_weights is None else z * root_weights[:, None]
    length = np.sqrt(np.einsum("ij,ij->j", weighted, weighted) / len(z))
    length = np.where(length > 0, length, 1.0)
    roots, shares, new = np.zeros((z.shape[1],) * 2), np.empty(z.shape[1]), np.empty_like(z)
    for term in _terms(factor.sizes):
        q, r = np.linalg.qr(weighted[:, term] / (length[term] * math.sqrt(len(z))))
        sign = np.where(r.diagonal() < 0, -1.0, 1.0)
        roots[term, term], shares[term] = sign[:, None] * r, np.abs(r.diagonal())
        new[:, term] = q * (sign * math.sqrt(len(z)))
        if min(shares[term].tolist()) < DEPENDENT_SHARE:
            roots[term, term], new[:, term] = np.eye(len(r)), weighted[:, term] / length[term]
    if root_weights is not None:
        new /= root_weights[:, None]
    arrays = tuple((column,) for column in np.ascontiguousarray(new.T))
    columns = Columns(factor.columns.names, arrays, factor.columns.n)
    root = roots * length
    basis = _composed(factor, root, lapack.dtrtri(root, lower=0)[0], shares)
    return FactorColumns(factor.grouping, columns, factor.sizes), basis


def _composed(factor: FactorColumns, root: np.ndarray, inverse: np.ndarray, shares: np.ndarray) -> EffectsBasis:
    """Put the shift and the basis of the shifted columns together.

    With means m and the constant at c, the shifted columns are ``Z S`` with ``S = I - e_c m'``: from ``Z S = B R``
    follows ``Z = B (R + R e_c m')``, whose inverse is ``S R^-1``.
    """
    means = factor.means
    if means is None:
        return EffectsBasis(root, inverse, shares)
    squares, root, inverse, shares = (root * root).sum(axis=0), root.copy(), inverse.copy(), shares.copy()
    for term, constant in zip(_terms(factor.sizes), factor.constants, strict=True):
        if constant >= 0:
            mean = means[term]
            root[term, term] += np.outer(root[term, constant], mean)
            inverse[constant] -= mean @ inverse[term]
            flat = squares[term] <= CONSTANT_SHARE * mean * mean * squares[constant]
            shares[term] = np.where(flat & (mean != 0), 0.0, shares[term])
    return EffectsBasis(root, inverse, shares)
