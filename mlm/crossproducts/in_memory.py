"""The blocked cross-products of ``[Z X y]``: all that the likelihood needs, with nothing of size n behind them.

Rows pass through here once, in pieces, column by column. The fixed-effects columns and the response are shifted by
their means and the response is replaced by its residual from ordinary least squares, so that nothing cancels later
(Chan, Golub & LeVeque 1983, Amer. Statist. 37, 242-247, on shifted data). `Shift` takes coefficients back. The
random-effects columns are worked with in a basis of each term, see `bases`; `EffectsBasis` takes effects back.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import scipy.linalg
from scipy.linalg import lapack

from ..errors import DataError
from ..frame.columns import INTERCEPT, Columns
from ..frame.grouping import Grouping, cells
from ..frame.model_frame import ModelFrame
from ..frame.units import LARGEST_PRODUCTS, SMALLEST_SQUARES, demand_squares
from ..frame.values import Numbers
from .bases import FactorColumns, basis_of_rows, basis_of_sums, from_zero, shifted
from .blocks import CrossProducts, EffectsBasis, FactorProducts, PairProducts, Shift
from .joint_rows import JointRows
from .level_rows import LevelRows
from .level_sums import LevelSums

__all__ = [
    "CrossProducts",
    "EffectsColumns",
    "FactorProducts",
    "PairProducts",
    "Shift",
    "cross_products",
    "least_squares",
]

# Rows that are worked on at once: fewer cost array calls, more do not stay in the processor's cache. Measured on 2e6
# rows with two effects for each of 2,000 levels: 75 to 85 ms from 2^13 to 2^16 rows, 120 at 2^10, 130 all at once.
PIECE_ROWS = 1 << 16
# ... but at least so many for each level, as every piece passes over the sums of all levels. Measured on 1e6 rows in
# 1e5 levels: 65 ms at a tenth of a row a level, 42 at a half, 30 from 1 on.
PIECE_ROWS_PER_LEVEL = 4
# Share of its length that a column keeps beside those to its left, above which X'X can tell it from them. X'X has the
# square of that share, 1e-5, to a rounding of 1e-16: coefficients keep eleven digits. Below, dependent columns are
# looked for in the rows, and what is left is worked with in an orthonormal basis (see `fit.stages`). Measured on 200
# rows, x times 3 for x: the criterion changes by 2e-8 of `year + year^2` and a share of 1e-3, with a basis by 1e-11; of
# Julian days beside all levels of a category, without an intercept, by 1e-6 and a share of 1e-4.
INDEPENDENT_SHARE = 3e-3
# Share of the largest eigenvalue of X'X, scaled to a diagonal of 1, from which one counts where columns are not clearly
# independent: above 1e-13, the rounding of sums of 1e6 products. `fit.stages` computes such cross-products again.
ZERO_EIGENVALUE = 1e-11
# Share of the response's sum of squares that least squares leave, above which it may be had as a difference: y'y has a
# rounding of 1e-16 a row, and random effects can take most of what is left. Below, residuals are formed row by row.
# Measured on a design of 438 rows, without an intercept, of which random effects leave 4e-7: at a share of 0.016 the
# criterion of the differences is off by 3e-5, that of the residuals by 1e-6.
RESIDUAL_SHARE = 3e-2
# Numbers in the rows of [Z X y] from which these are not gone through once more: 1 GB.
MOST_NUMBERS = 1 << 27
# ... and in those of the effects of several factors, all levels side by side: 32 MB, decomposed in less than a second.
MOST_JOINT_NUMBERS = 1 << 22
# Sum of squares of the response up to which, and over 1 by which, it is worked with as it is: what is formed of it has
# its square at most, and that must be a number. Beyond, it is divided by a power of 2 first, which rounds nothing.
LARGEST_RESPONSE = 1e80
# Sum of squares below which a column is looked at: those of numbers that are refused are smaller, in a million rows.
SMALL_SQUARES = 1e-300


def cross_products(
    frame: ModelFrame,
    factors: list[tuple[Grouping, Columns]],
    orthonormal: bool = False,
    sizes: Sequence[tuple[int, ...]] | None = None,
) -> CrossProducts:
    """Compute all cross-products of a model frame.

    Parameters
    ----------
    frame : ModelFrame
    factors : list of (Grouping, Columns)
        Grouping factors with the random-effects columns of all their terms, the largest factor first.
    orthonormal : bool
        Work with an orthonormal basis of the fixed-effects columns: for columns that nearly depend on each other.
    sizes : sequence of tuple of int, optional
        Numbers of columns of the terms of each factor: the basis of each term's columns is worked with that `bases`
        describes. By default, the columns as they are.

    Returns
    -------
    CrossProducts
    """
    root_weights = None if frame.weights is None else np.sqrt(frame.weights)
    response, scale = frame.net_response, 1.0
    means, mean_y, intercept = _means(frame, response)
    if sizes is not None and not orthonormal:
        means = from_zero(factors, frame.x_columns, means)
    x = _orthonormal(frame, means, root_weights) if orthonormal else _FixedBasis(frame.x_columns, means)
    if sizes is None:
        given = [FactorColumns(*f, (len(f[1].names),)) for f in factors]
    else:
        shifts = x.means.tolist()
        given = [
            shifted(FactorColumns(*f, s), frame.weights, x.columns, shifts) for f, s in zip(factors, sizes, strict=True)
        ]
    xy, sums = _accumulate(x, response, mean_y, root_weights, given)
    if not 1.0 / LARGEST_RESPONSE < xy[-1, -1] < LARGEST_RESPONSE:
        demand_squares(frame, LARGEST_PRODUCTS)
        scale = _power_of_two(response, mean_y, root_weights)
        response = response / scale
        xy, sums = _accumulate(x, response, mean_y / scale, root_weights, given)
    squares = xy.diagonal().tolist()
    least = min([square for square in squares if square > 0], default=1.0)
    if not sum(squares) < LARGEST_PRODUCTS or least < SMALL_SQUARES:
        demand_squares(frame, LARGEST_PRODUCTS)
        if not sum(squares) < LARGEST_PRODUCTS or least < SMALLEST_SQUARES:
            raise DataError(
                "The weighted squares of the columns cannot be represented; divide the weights by their mean."
            )
    ols, independent = least_squares(xy)
    # [X, y - X b] is [X y] R with R the identity but for -b in its last column: so are its products, here and by level
    residualise = np.zeros(xy.shape)
    residualise.flat[:: len(xy) + 1], residualise[:-1, -1] = 1.0, -ols
    rest = residualise.T @ xy @ residualise
    if sizes is None:
        effects, again = [EffectsColumns(f) for f in given], False
    else:
        effects, again = _find_bases(given, sums, root_weights, frame.nobs)
    if again or rest[-1, -1] < RESIDUAL_SHARE * xy[-1, -1]:
        # X explains y nearly, and the difference is mostly rounding: the rows pass through again, with their residuals
        residuals = response - mean_y / scale - (x.columns.matrix() - x.means) @ ols
        rest, sums = _accumulate(x, residuals, 0.0, root_weights, [e.columns for e in effects])
    else:
        for of in sums:
            of.zxy[:, -1] -= np.matmul(ols, of.zxy[:, :-1])
    each: list[LevelRows] = []
    if sizes is not None and frame.nobs * (len(rest) + sum([s.size for s in sums])) < MOST_NUMBERS:
        fixed = (x.columns, x.means, response, mean_y / scale, ols, root_weights)
        each = [LevelRows(*fixed, own.columns, own.turn) for own in effects]
    alone = each[0] if len(each) == 1 else None
    few = len(each) > 1 and frame.nobs * sum([s.size * s.levels for s in sums]) < MOST_JOINT_NUMBERS
    return CrossProducts(
        nobs=frame.nobs,
        x_names=frame.x_names,
        xy=rest,
        factors=tuple([e.products(s, alone) for e, s in zip(effects, sums, strict=True)]),
        pairs=_pairs(effects, root_weights),
        shift=Shift(means, mean_y, ols, intercept, x.rotation, scale),
        log_weights=0.0 if frame.weights is None else float(np.log(frame.weights).sum()),
        total=float(xy[-1, -1]),
        independent=independent,
        log_basis=x.log_basis,
        rows=JointRows(tuple(each)) if few else None,
    )


class _FixedBasis(NamedTuple):
    """The fixed-effects columns worked with: shifted ones, or an orthonormal basis of them.

    See `Shift` for `means` and `rotation`, and `CrossProducts` for `log_basis`.
    """

    columns: Columns
    means: np.ndarray
    rotation: np.ndarray | None = None
    log_basis: float = 0.0


def _orthonormal(frame: ModelFrame, means: np.ndarray, root_weights: np.ndarray | None) -> _FixedBasis:
    """QR decomposition of the shifted (and weighted) columns, scaled to unit length first.

    With root weights W and lengths D it is ``W X D^-1 = Q R``, and ``B = W^-1 Q`` is the basis. From ``X = B R D``
    follow the coefficients of X, ``D^-1 R^-1`` times those of B, and ``|X'W²X| = |R D|² |B'W²B|``.
    """
    shifted = frame.x - means
    weighted = shifted if root_weights is None else shifted * root_weights[:, None]
    length = np.sqrt(np.einsum("ij,ij->j", weighted, weighted))
    q, r = np.linalg.qr(weighted / length)
    basis = q if root_weights is None else q / root_weights[:, None]
    columns = Columns(frame.x_names, tuple((column,) for column in np.ascontiguousarray(basis.T)), frame.nobs)
    rotation = scipy.linalg.solve_triangular(r, np.eye(len(r))) / length[:, None]
    log_basis = 2.0 * float(np.log(np.abs(np.diag(r))).sum() + np.log(length).sum())
    return _FixedBasis(columns, np.zeros(len(means)), rotation, log_basis)


def _means(frame: ModelFrame, response: np.ndarray) -> tuple[np.ndarray, float, int]:
    """What to subtract: means, where there is an intercept to take the difference up."""
    columns, n = frame.x_columns, frame.nobs
    means = np.zeros(len(columns.names))
    if INTERCEPT not in columns.names:
        return means, 0.0, -1
    known = {id(v.values): v.total for v in frame.predictors.values() if isinstance(v, Numbers) and v.total is not None}
    for k, arrays in enumerate(columns.factors):
        if len(arrays) > 1:
            means[k] = np.dot(arrays[0], np.multiply.reduce(arrays[1:])) / n
        elif not columns.is_one(k):
            total = known.get(id(arrays[0]))
            means[k] = (np.add.reduce(arrays[0], dtype=float) if total is None else total) / n
    return means, float(np.add.reduce(response, dtype=float)) / n, columns.names.index(INTERCEPT)


def _accumulate(
    x: _FixedBasis,
    response: np.ndarray,
    mean_y: float,
    root_weights: np.ndarray | None,
    factors: Sequence[FactorColumns],
) -> tuple[np.ndarray, list[FactorProducts]]:
    """Send the rows through, piece by piece: ``[X y]' [X y]``, and ``Z_j' [Z X y]_j`` of each factor."""
    p, n = len(x.means), len(response)
    xy, sums = np.zeros((p + 1, p + 1)), [LevelSums(f, p + 1) for f in factors]
    piece = max(PIECE_ROWS, PIECE_ROWS_PER_LEVEL * max([s.levels for s in sums]))
    buffer = np.empty((p + 1, min(piece, n)))
    means = x.means.tolist()
    for start in range(0, n, piece):
        stop = min(start + piece, n)
        block = buffer[:, : stop - start]
        x.columns.fill(block[:p], start, stop, means)
        np.subtract(response[start:stop], mean_y, out=block[p])
        if root_weights is not None:
            block *= root_weights[start:stop]
        with np.errstate(over="ignore", invalid="ignore"):  # looked at by least_squares
            xy += block @ block.T
            for s in sums:
                s.add(block, start, stop, None if root_weights is None else root_weights[start:stop])
    return xy, [FactorProducts(s.of.grouping.name, s.levels, *s.products()) for s in sums]


def least_squares(xy: np.ndarray) -> tuple[np.ndarray, bool]:
    """Coefficients of y on X, and whether the columns are clearly independent.

    Columns without new information get no coefficients (they are dropped later).
    """
    if len(xy) == 1:
        return np.zeros(0), True
    if len(xy) == 2 and xy[0, 0] > 0:
        return xy[0, 1:] / xy[0, 0], True
    scale = np.array([math.sqrt(square) or 1.0 for square in xy.diagonal()[:-1].tolist()])
    scaled, right = xy[:-1, :-1] / (scale[:, None] * scale), xy[:-1, -1] / scale
    root, working, info = lapack.dposv(scaled, right)
    # the diagonal of Cholesky's factor: what columns of length 1 keep when those to their left are projected out
    independent = not info and min(root.diagonal().tolist()) > INDEPENDENT_SHARE
    if not independent:
        working = scipy.linalg.lstsq(scaled, right, cond=ZERO_EIGENVALUE, check_finite=False)[0]
    return working / scale, independent


def _power_of_two(response: np.ndarray, mean: float, root_weights: np.ndarray | None) -> float:
    """What to divide a response by whose (weighted) squares are too large or too small."""
    largest = float(np.abs(response - mean).max()) * (1.0 if root_weights is None else float(root_weights.max()))
    return math.ldexp(1.0, math.frexp(largest)[1]) if 0 < largest < math.inf else 1.0


class EffectsColumns(NamedTuple):
    """The random-effects columns of one factor that products are summed of, and what becomes of the products.

    `turn` has the basis in terms of these columns; None where they are the basis.
    """

    columns: FactorColumns
    basis: EffectsBasis | None = None
    turn: np.ndarray | None = None

    def products(self, of: FactorProducts, rows: LevelRows | None = None) -> FactorProducts:
        """Products of the basis, level by level, with the rows that they may be summed of once more."""
        zz, zxy = of.zz, of.zxy
        if self.turn is not None:
            zz, zxy = np.matmul(self.turn.T, self.turned(zz)), self.turned(zxy)
        return FactorProducts(of.name, of.levels, zz, zxy, self.basis, self.columns.shared, rows)

    def turned(self, products: np.ndarray) -> np.ndarray:
        """Products with other columns, shape (q, k, m)."""
        if self.turn is None:
            return products
        return (self.turn.T @ products.reshape(len(products), -1)).reshape(products.shape)


def _find_bases(
    factors: list[FactorColumns], sums: list[FactorProducts], root_weights: np.ndarray | None, nobs: int
) -> tuple[list[EffectsColumns], bool]:
    """The basis of each factor's columns; also whether products are to be summed of other columns."""
    out, again = [], False
    for factor, of in zip(factors, sums, strict=True):
        if root_weights is None and factor.is_one:
            out.append(EffectsColumns(factor))
            continue
        basis, turn, clear = basis_of_sums(factor, np.add.reduce(of.zz, 2), nobs)
        again |= not clear
        out.append(
            EffectsColumns(factor, basis, turn) if clear else EffectsColumns(*basis_of_rows(factor, root_weights))
        )
    return out, again


def _pairs(effects: list[EffectsColumns], root_weights: np.ndarray | None) -> dict[tuple[int, int], PairProducts]:
    out = {}
    for b, second in enumerate(effects):
        for a, first in enumerate(effects[:b]):
            pair = _pair(first.columns, second.columns, root_weights)
            values = first.turned(pair.values)
            if second.turn is not None:
                values = np.matmul(second.turn.T, values)
            out[a, b] = PairProducts(pair.rows, pair.columns, values)
    return out


def _pair(one: FactorColumns, other: FactorColumns, root_weights: np.ndarray | None) -> PairProducts:
    """Sum the products of two factors' (shifted) columns over the rows of each pair of levels."""
    first, second = one.grouping, other.grouping
    rows, columns, cell = cells(first.codes, second.codes, (first.size, second.size))
    if root_weights is None and one.is_one and other.is_one:
        return PairProducts(rows, columns, np.bincount(cell).astype(float)[None, None])
    left, right = one.columns.matrix(), other.columns.matrix()
    left = left if one.means is None else left - one.means
    right = right if other.means is None else right - other.means
    if root_weights is not None:
        left = left * root_weights[:, None]
        right = right * root_weights[:, None]
    values = np.empty((left.shape[1], right.shape[1], len(rows)))
    for a in range(left.shape[1]):
        for b in range(right.shape[1]):
            values[a, b] = np.bincount(cell, left[:, a] * right[:, b], minlength=len(rows))
    return PairProducts(rows, columns, values)
