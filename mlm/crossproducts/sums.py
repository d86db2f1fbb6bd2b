"""Sums of products of columns, from wherever they come, and the cross-products that follow from them.

Sums are taken of columns less a number near their means, so that nothing cancels; about any other numbers they follow
exactly: with ``c - t = (c - s) + (s - t) 1``, products of the former are linear in those of ``[1, c - s]``. So are
products of any combinations of the columns. All that a fit works with is found in this way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import scipy.linalg

from ..errors import DataError
from ..frame.columns import Columns
from ..frame.grouping import Grouping
from .bases import FactorColumns, basis_of_sums
from .blocks import CrossProducts, FactorProducts, PairProducts, Shift
from .in_memory import LARGEST_RESPONSE, RESIDUAL_SHARE, EffectsColumns, least_squares

__all__ = [
    "FactorSums",
    "PairSums",
    "Sums",
    "Worked",
    "cross_products_of",
    "dependent_columns_of",
    "residual_weights",
    "rotation_of",
]

# Share of its length, about its mean, that is new of a column beside those to its left, below which it depends on them:
# sums of products know the square of that share, 1e-11, to a rounding of some 1e-15.
DEPENDENT_SHARE = 3e-6
# Share of a column's length before it was shifted, up to which what is left is the rounding of its mean.
SHIFTED_ROUNDING = 1e-13


class FactorSums(NamedTuple):
    """Sums within the levels of one grouping factor.

    Attributes
    ----------
    grouping : Grouping
        Its levels, J of them.
    counts : ndarray, shape (J,)
        Numbers of rows.
    effects : tuple of int
        Positions of its random-effects columns; first 0, the constant, whether it is one of them or not.
    products : ndarray, shape (effects, columns, J)
        Products of these with all columns.
    """

    grouping: Grouping
    counts: np.ndarray
    effects: tuple[int, ...]
    products: np.ndarray


class PairSums(NamedTuple):
    """Sums over the rows of each pair of levels that occurs: see `PairProducts`.

    Attributes
    ----------
    rows, columns : ndarray of int, shape (m,)
    products : ndarray, shape (effects of one, effects of the other, m)
    """

    rows: np.ndarray
    columns: np.ndarray
    products: np.ndarray


class Rotation(NamedTuple):
    """An orthonormal basis of the fixed-effects columns, for those that nearly depend on one another.

    Attributes
    ----------
    weights : ndarray, shape (r, columns)
        The basis in terms of the columns that were summed; the intercept stays what it is.
    coefficients : ndarray, shape (p, p)
        Coefficients of the fixed-effects columns from those of the basis.
    means : ndarray, shape (p,)
        What was subtracted from the fixed-effects columns.
    """

    weights: np.ndarray
    coefficients: np.ndarray
    means: np.ndarray


class Sums(NamedTuple):
    """Sums of (weighted) products of columns less their shifts.

    Attributes
    ----------
    nobs : int
    shift : ndarray, shape (columns,)
        What was subtracted from each column: first the constant, 0; last the response.
    total : ndarray, shape (columns, columns)
        Over all rows.
    factors : mapping of str to FactorSums
    pairs : mapping of (str, str) to PairSums
        Between factors, in the order in which these stand.
    log_weights : float
        Sum of the logarithms of the weights.
    weighted : bool
    names : tuple of str
        What each column is, the same wherever it is summed.
    plain : ndarray, shape (columns, columns), optional
        Over all rows as `total`, but without the weights; None where there are none.
    """

    nobs: int
    shift: np.ndarray
    total: np.ndarray
    factors: Mapping[str, FactorSums]
    pairs: Mapping[tuple[str, str], PairSums]
    log_weights: float
    weighted: bool
    names: tuple[str, ...] = ()
    plain: np.ndarray | None = None

    @property
    def unweighted(self) -> np.ndarray:
        """Over all rows, without weights."""
        return self.total if self.plain is None else self.plain


class Worked(NamedTuple):
    """Which of the summed columns a model has, and where.

    Attributes
    ----------
    names : tuple of str
        The fixed-effects columns, p of them.
    fixed : tuple of int
        Their positions among the columns.
    random : mapping of str to tuple of (tuple of int)
        Of each grouping factor the positions of the columns of its terms.
    """

    names: tuple[str, ...]
    fixed: tuple[int, ...]
    random: Mapping[str, tuple[tuple[int, ...], ...]]

    @property
    def intercept(self) -> int:
        """Where the constant stands among the fixed-effects columns, or -1."""
        return self.fixed.index(0) if 0 in self.fixed else -1


def cross_products_of(
    sums: Sums, worked: Worked, before: CrossProducts | None = None, rotation: Rotation | None = None
) -> CrossProducts:
    """Find the cross-products that rows in memory would give: see `in_memory.cross_products`.

    Parameters
    ----------
    sums : Sums
    worked : Worked
    before : CrossProducts, optional
        Those of the response, where the response of these sums is its residual: see `residual_weights`.
    rotation : Rotation, optional
        What the fixed-effects columns are a basis of: see `rotation_of`.

    Returns
    -------
    CrossProducts

    Raises
    ------
    DataError
        When the squares of the response are too large or too small to compute with, or random-effects columns nearly
        depend on one another.
    """
    centred = worked.intercept >= 0
    fixed = _moved(sums.shift, [*worked.fixed, len(sums.shift) - 1], keep=centred)
    means = np.array([sums.shift[k] if centred else 0.0 for k in worked.fixed])
    xy = fixed @ sums.total @ fixed.T
    total = float(xy[-1, -1])
    if total != 0 and not 1.0 / LARGEST_RESPONSE < total < LARGEST_RESPONSE:
        raise DataError("The squares of the response are too large or too small to compute with; rescale it.")
    ols, independent = least_squares(xy)
    shift = Shift(means, float(sums.shift[-1]) if centred else 0.0, ols, worked.intercept)
    if rotation is not None:
        shift = shift._replace(means=rotation.means, rotation=rotation.coefficients)
    if before is not None:
        ols, shift, total = np.zeros_like(ols), before.shift, before.total
    residualise = np.eye(len(xy))
    residualise[:-1, -1] = -ols
    fixed = residualise.T @ fixed
    found = [_effects(sums, factor, worked, means) for factor in worked.random]
    order = sorted(range(len(found)), key=lambda k: -found[k].size)
    found = [found[k] for k in order]
    return CrossProducts(
        nobs=sums.nobs,
        x_names=worked.names,
        xy=residualise.T @ xy @ residualise,
        factors=tuple(each.products(fixed) for each in found),
        pairs={(a, b): found[a].pair(found[b], sums) for b in range(len(found)) for a in range(b)},
        shift=shift,
        log_weights=sums.log_weights,
        total=total,
        independent=independent,
        log_basis=0.0 if rotation is None else -2.0 * float(np.linalg.slogdet(rotation.coefficients)[1]),
    )


def dependent_columns_of(sums: Sums, worked: Worked) -> list[int]:
    """Positions of the fixed-effects columns that depend on columns to their left, as far as sums can tell.

    Parameters
    ----------
    sums : Sums
    worked : Worked

    Returns
    -------
    list of int
    """
    centred = worked.intercept >= 0
    fixed = _moved(sums.shift, worked.fixed, keep=centred)
    left = fixed @ sums.total @ fixed.T
    length = left.diagonal().copy()
    before = length + np.square(sums.shift[list(worked.fixed)]) * sums.total[0, 0]
    dropped = []
    for k in range(len(left)):
        new = left[k, k]
        if new <= max(DEPENDENT_SHARE**2 * length[k], SHIFTED_ROUNDING**2 * before[k]):
            dropped.append(k)
            continue
        left[k:, k:] -= np.outer(left[k:, k], left[k, k:]) / new
    return dropped


def residual_weights(sums: Sums, worked: Worked, products: CrossProducts) -> np.ndarray | None:
    """The residual from least squares in terms of the columns that were summed, where it is to be summed again.

    Parameters
    ----------
    sums : Sums
    worked : Worked
    products : CrossProducts
        Those of these sums.

    Returns
    -------
    ndarray, shape (columns,), or None
        None where fixed effects leave enough of the response to be had as a difference of sums.
    """
    if not products.xy[-1, -1] < RESIDUAL_SHARE * products.total:
        return None
    fixed = _moved(sums.shift, [*worked.fixed, len(sums.shift) - 1], keep=worked.intercept >= 0)
    return np.asarray(fixed[-1] - products.shift.ols @ fixed[:-1])


def rotation_of(sums: Sums, worked: Worked) -> Rotation:
    """Find the basis by Cholesky's factor of the sums; the columns of it are to be summed again.

    Once is enough: what is left of their cosines is the rounding of sums over the square of the smallest share, 1e-5.
    Yamamoto, Nakatsukasa, Yanagisawa & Fukaya (2015), Electron. Trans. Numer. Anal. 44, 306-326.
    """
    centred, p = worked.intercept >= 0, len(worked.fixed)
    others = [k for k in range(p) if k != worked.intercept]
    columns = _moved(sums.shift, [worked.fixed[k] for k in others], keep=centred)
    squares = columns @ sums.total @ columns.T
    length = np.sqrt(squares.diagonal())
    root = np.linalg.cholesky(squares / np.outer(length, length)).T
    inverse = scipy.linalg.solve_triangular(root, np.eye(len(others))) / length[:, None]
    coefficients = np.eye(p)
    coefficients[np.ix_(others, others)] = inverse
    means = np.array([sums.shift[k] if centred else 0.0 for k in worked.fixed])
    return Rotation(inverse.T @ columns, coefficients, means)


def _moved(shift: np.ndarray, columns: Sequence[int], keep: bool) -> np.ndarray:
    """Columns in terms of those that were summed, as they are or without their shifts."""
    out = np.zeros((len(columns), len(shift)))
    for row, k in enumerate(columns):
        out[row, k] = 1.0
        if not keep:
            out[row, 0] += shift[k]
    return out


class _Effects(NamedTuple):
    """The random-effects columns of one factor in terms of those that were summed, and their basis."""

    name: str
    sums: FactorSums
    turn: np.ndarray
    columns: EffectsColumns

    @property
    def size(self) -> int:
        """Number of effects, of all levels."""
        return len(self.turn) * len(self.sums.counts)

    def products(self, fixed: np.ndarray) -> FactorProducts:
        """Products within the levels; `fixed` has [X y] in terms of the columns that were summed."""
        mine = np.einsum("ae,ekj->akj", self.turn, self.sums.products)
        zxy = np.einsum("akj,bk->abj", mine, fixed)
        zz = np.einsum("aej,be->abj", mine[:, list(self.sums.effects)], self.turn)
        return self.columns.products(FactorProducts(self.name, len(self.sums.counts), zz, zxy))

    def pair(self, other: _Effects, sums: Sums) -> PairProducts:
        """Products with the columns of another factor."""
        known = sums.pairs.get((self.name, other.name))
        if known is None:
            pair = sums.pairs[other.name, self.name]
            order = np.lexsort((pair.rows, pair.columns))
            known = PairSums(pair.columns[order], pair.rows[order], pair.products.transpose(1, 0, 2)[:, :, order])
        left, right = self.turned(), other.turned()
        values = np.einsum("ae,efm,bf->abm", left, known.products, right, optimize=True)
        return PairProducts(known.rows, known.columns, values)

    def turned(self) -> np.ndarray:
        """The basis in terms of the columns that were summed."""
        return self.turn if self.columns.turn is None else self.columns.turn.T @ self.turn


def _effects(sums: Sums, name: str, worked: Worked, means: np.ndarray) -> _Effects:
    """The columns of a factor's terms, shifted beside a constant, and an orthonormal basis of each term's."""
    factor, terms = sums.factors[name], worked.random[name]
    columns = [k for term in terms for k in term]
    sizes = tuple(map(len, terms))
    own = np.array([sums.shift[k] if 0 in term else 0.0 for term in terms for k in term])
    starts = np.cumsum([0, *sizes])
    constants = tuple(
        int(start) + term.index(0) if 0 in term else -1 for start, term in zip(starts[:-1], terms, strict=True)
    )
    where = {k: place for place, k in enumerate(worked.fixed)}
    shared = tuple(where[k] for k, mean in zip(columns, own, strict=True) if k in where and mean == means[where[k]])
    turn = np.zeros((len(columns), len(factor.effects)))
    for row, k in enumerate(columns):
        turn[row, factor.effects.index(k)] = 1.0
        turn[row, 0] += sums.shift[k] - own[row]
    unread = Columns((), (), sums.nobs)
    shifted = FactorColumns(factor.grouping, unread, sizes, own, constants, shared)
    if not own.any():
        shifted = FactorColumns(factor.grouping, unread, sizes, shared=shared)
    if columns == [0] and not sums.weighted:
        return _Effects(name, factor, turn, EffectsColumns(shifted))
    zz = turn @ factor.products[:, list(factor.effects)].sum(axis=2) @ turn.T
    basis, rotated, clear = basis_of_sums(shifted, zz, sums.nobs)
    if not clear and min(basis.shares.tolist()) > 0:
        raise DataError(
            f"The random-effects columns of {name!r} nearly depend on one another, and sums cannot tell them apart to "
            "all digits. Centre them or leave one out; or fit the rows in memory."
        )
    return _Effects(name, factor, turn, EffectsColumns(shifted, basis, rotated))
