"""Where the search for theta starts: moments of the least-squares residuals, or better where that is cheap.

A single random intercept is special: levels of one size enter the deviance only through the sum of their
cross-products. There are few sizes, so that the minimum over the one variance ratio can be found on these sums,
whatever the number of levels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.linalg import lapack

from ..crossproducts.blocks import CrossProducts, FactorProducts
from ..likelihood.covariance import covariance_root
from ..likelihood.deviance import Deviance
from ..likelihood.level_matrices import apply, level_inverses
from .scoring import scored_factor

__all__ = [
    "LevelMoments",
    "joint_moments",
    "level_moments",
    "moment_scales",
    "moment_start",
    "scored_start",
    "single_scale",
    "single_start",
]

# "Measured" is the number of evaluations in the 324 searches from default starts that are described in `newton`: 1,775
# with the values below, when they were measured.

# Rows a coefficient from which levels' own least squares are used for moments; these starts also save the evaluation
# before the first step of scoring. Measured, of a later state of the search: 1,566 evaluations, 1,570 with 4, 1,587
# with 12, none of which ends higher.
ROWS_PER_COEFFICIENT = 5
# Relative standard deviation, of columns with a sum of squares of 1 in an average level, that leaves levels'
# coefficients nearly those of least squares: they shrink by 1e-8 in an average level, and to 0 where they are not
# known. Measured: 1,793 with 1e3, 1,775 with 1e5 and 1e6.
UNSHRUNK_DEVIATION = 1e4
# Sampling variance of a level's coefficient, over that of an average level, above which moments within levels are not
# used: of a level that tells nothing it is 1e8, by the deviation above. Measured: 1,770 with 1e4, 1,793 with 1e8.
UNKNOWN_VARIANCE = 1e6
# Sum of squares of a column in a level, over that in an average level, up to which it is 0: columns of a basis are
# found to a rounding of 1e-16.
NOTHING_SHARE = 1e-12
# Divisor that is less than any sum of squares but 0, in place of 0.
LEAST_DIVISOR = 1e-300
# Share of the spread of levels' coefficients that is added to their variance, and that it is at least: their sampling
# variance may be more than the spread. Measured: 1,768 with 1e-3, 1,793 with 0.1.
LEAST_SPREAD_SHARE = 1e-2
# Share of the least-squares residuals' sum of squares that levels leave of it at least: less is a rounding.
LEAST_WITHIN_SHARE = 1e-13
# Share of the mean square of least-squares residuals that the residual variance has at least, so that ratios to it stay
# finite. Measured: 2,007 with 1e-6, 1,734 with 0.1.
RESIDUAL_SHARE = 1e-3
# Variance ratio from which a search starts at least, for levels of one row and a column of mean square 1 (see
# `_floor`): at 0 the gradient is 0. Measured: 1,766 with 1e-4, 1,778 with 0.002, 1,801 with 0.2, 1,833 with 1.
FLOOR_RATIO = 0.02
# Share of the largest singular value of the equations between moments from which one counts: above rounding. Measured:
# the same from 1e-15 to 1e-6.
MOMENTS_RCOND = 1e-12

# Of a single random intercept.
# Different sizes of levels up to which the minimum is looked for on sums by size. Measured: 2,004 with 0 (never), 1,801
# with 16, 1,773 with 256.
MOST_SIZES = 64
# Numbers in the products of all levels up to which these are not summed by size first: that takes longer than it saves.
FEW_PRODUCTS = 1 << 13
# Largest size for which sizes are counted in a table: so much a level, and so much more, for the table not to take
# longer than the rest. Measured: the same with 0 and with 100 a level.
SIZES_PER_LEVEL, MORE_SIZES = 8, 1000
# Relative standard deviation below which the general search decides: the minimum may be at 0, which no logarithm
# reaches. Measured: the same with 1e-5, 1,784 with 1e-2.
SINGLE_DEVIATION = 1e-3
# ... and above which it does: sums by size leave a difference of squares, which then has a rounding of 1e-13.
MOST_SINGLE_DEVIATION = 30.0
# What the deviance could still fall by where the search ends: a hundredth of what ends the general one.
SINGLE_DECREASE = 1e-15
# Steps at most, and longest step in the logarithm of the variance ratio, a factor of 7: beyond, the general search
# decides. Measured: the same with 10 steps, and with longest steps from 0.5 to 4; 1,790 with 5 steps, 1,779 with a
# longest step of 20.
SINGLE_STEPS = 20
SINGLE_REACH = 2.0


def moment_start(deviance: Deviance) -> np.ndarray:
    """Guess theta from moments of the least-squares residuals."""
    roots, products, layout = [], deviance.products, deviance.layout
    joint = joint_moments(products) if len(products.factors) > 1 else None
    for k, factor in enumerate(products.factors):
        found = level_moments(factor, products)
        if found is None:
            roots.append(np.diag(moment_scales(factor, products) if joint is None else joint[k]))
        else:
            roots.append(covariance_root(layout.within_terms(k) * found.sigma, found.sigma.diagonal()))
    return layout.pick(roots)


def scored_start(deviance: Deviance) -> np.ndarray | None:
    """Guess theta of one grouping factor by a step of scoring from moments within levels; None without these.

    With coefficients b_j of a level, and their sampling covariance ``C_j = (Z_j'Z_j)^-1``, ``K_j = Z_j' V^-1 Z_j`` is
    the inverse of ``C_j + Sigma``, and ``e_j = K_j (b_j - b)``. Of the fixed effects only b is reckoned with, the mean:
    under REML it takes one of J levels, on average, off the slope and off the information. Of balanced designs, in
    which all ``C_j`` are the same, the step ends at the minimum.
    """
    products, layout = deviance.products, deviance.layout
    if len(products.factors) > 1 or products.joint is not None:
        return None
    found = level_moments(products.factors[0], products)
    if found is None:
        return None
    t = covariance_root(layout.within_terms(0) * found.sigma, found.sigma.diagonal())
    inner = level_inverses(found.sampling + (t @ t.T)[:, :, None])
    e, total = apply(inner, found.coefficients), np.add.reduce(inner, 2)
    _, mean, info = lapack.dposv(total, np.add.reduce(e, 1))
    if not info:
        e -= np.matmul(mean, inner)
    levels = products.factors[0].levels
    variance = found.variance * (1.0 - 1.0 / levels if deviance.criterion.reml else 1.0)
    return layout.pick([scored_factor(layout, 0, t, inner, total - e @ e.T / variance)])


def single_start(deviance: Deviance) -> np.ndarray | None:
    """Find the theta of a single random intercept at once; None where that is no use."""
    if deviance.layout.sizes != (1,):
        return None
    found = single_scale(deviance.products, deviance.criterion.dof, deviance.criterion.reml)
    return None if found is None else np.array([found])


def moment_scales(factor: FactorProducts, products: CrossProducts) -> np.ndarray:
    """Guess the relative standard deviations of one factor's columns, shape (q,).

    Each column z alone gets the analysis-of-variance estimate on the least-squares residuals r, kept away from zero.
    With a variance of ``ratio sigma²`` the sum of squares between levels, ``sum_j (z_j'r)² / z_j'z_j``, is expected to
    be ``sigma² (J + ratio z'z)``, apart from fixed effects (Searle, Casella & McCulloch 1992, Variance Components,
    chapter 3). What the best column leaves of the squares, over n - J, is the guess of sigma².
    """
    square, e = _diagonals(factor.zz), factor.zxy[:, -1]
    weights = np.add.reduce(square, 1)
    between = np.add.reduce(e * e * _inverses(square, weights[:, None]), 1).tolist()
    return np.sqrt(_moment_ratios(between, weights.tolist(), factor.levels, products))


def _moment_ratios(between: list[float], weights: list[float], levels: int, products: CrossProducts) -> list[float]:
    """Ratios of variances from squares between levels and sums of squares of columns: see `moment_scales`."""
    total, nobs, found = float(products.xy[-1, -1]), products.nobs, []
    residual = max(total - max(between), RESIDUAL_SHARE * total) / max(nobs - levels, 1)
    for squares, weight in zip(between, weights, strict=True):
        weight = max(weight, LEAST_DIVISOR)
        found.append(max((squares / residual - levels) / weight, _floor(weight, levels, nobs)))
    return found


def _inverses(square: np.ndarray, total: np.ndarray | float) -> np.ndarray:
    """Inverses of sums of squares (…, J) of these totals (…, 1); 0 for levels in which a column is 0, or rounding."""
    return 1.0 / np.where(square > NOTHING_SHARE / square.shape[-1] * total, square, np.inf)


def _diagonals(matrices: np.ndarray) -> np.ndarray:
    """Diagonals of matrices, shape (q, q, J), level by level, shape (q, J)."""
    return matrices.reshape(-1, matrices.shape[2])[:: len(matrices) + 1]


def joint_moments(products: CrossProducts) -> list[np.ndarray]:
    """Guess the relative standard deviations of all factors' columns together, an array of shape (q,) a factor.

    Henderson's first method on the least-squares residuals (1953, Biometrics 9, 226-252; Searle, Casella & McCulloch
    1992, Variance Components, section 5.2): the sums of squares between the levels of each column alone are equated
    to their expectations, in which all variances stand.

    For a column z of one factor, with levels l, the sum of squares is ``sum_l (z_l'r)² / z_l'z_l``. The residual
    variance enters its expectation as often as there are levels, and the variance of a column x, with levels m,
    ``sum_lm (z_l'x_m)² / z_l'z_l`` times; the total of squares has them n - p and ``x'x`` times. Of the fixed effects
    only an intercept is reckoned with: it takes 1 off the number of levels, and ``sum_m (x_m'x_m)² / n`` off what
    stands before the variance of x (exactly so where x is 1, and ``x_m'x_m`` a number of rows).
    """
    places = [(k, a) for k, factor in enumerate(products.factors) for a in range(factor.size)]
    squares = [products.factors[k].zz[a, a] for k, a in places]
    totals = [float(np.add.reduce(square)) for square in squares]
    lost = [float(np.dot(square, square)) / products.nobs for square in squares]
    expected, observed = np.zeros((len(places) + 1, len(places) + 1)), np.zeros(len(places) + 1)
    observed[-1], expected[-1, -1] = products.xy[-1, -1], products.nobs - products.p
    for i, (k, a) in enumerate(places):
        inverse, e = _inverses(squares[i], totals[i]), products.factors[k].zxy[a, -1]
        observed[i] = np.dot(inverse, e * e)
        expected[i, -1] = np.count_nonzero(inverse) - 1
        expected[-1, i] = totals[i] - lost[i]
        for j, place in enumerate(places):
            levels, shared = _shared(products, (k, a), place)
            expected[i, j] = np.dot(inverse[levels], shared * shared) - lost[j]
    *found, residual = lapack.dgelss(expected, observed, cond=MOMENTS_RCOND)[1].ravel().tolist()
    residual = max(residual, RESIDUAL_SHARE * float(products.xy[-1, -1]) / products.nobs)
    roots: list[list[float]] = [[] for _ in products.factors]
    for (k, _), variance, total in zip(places, found, totals, strict=True):
        least = _floor(max(total, LEAST_DIVISOR), products.factors[k].levels, products.nobs)
        roots[k].append(math.sqrt(max(variance / residual, least)))
    return [np.array(each) for each in roots]


def _shared(
    products: CrossProducts, one: tuple[int, int], other: tuple[int, int]
) -> tuple[np.ndarray | slice, np.ndarray]:
    """Cross-products of two columns, given as (factor, effect): levels of the first one's factor, and values."""
    (k, a), (m, b) = one, other
    if k == m:
        return slice(None), products.factors[k].zz[a, b]
    pair = products.pairs[min(k, m), max(k, m)]
    return (pair.rows, pair.values[a, b]) if k < m else (pair.columns, pair.values[b, a])


def _floor(weight: float, levels: int, nobs: int) -> float:
    """Least variance ratio to start from, of a column with this sum of squares.

    `FLOOR_RATIO` in units of the column's mean square, over the root of rows a level: smaller ones are told from 0
    where levels have more rows.
    """
    return FLOOR_RATIO * nobs / (weight * math.sqrt(nobs / levels))


class LevelMoments(NamedTuple):
    """What least squares within each level of a factor say.

    Attributes
    ----------
    sigma : ndarray, shape (q, q)
        A guess of the relative covariance of the factor's columns.
    variance : float
        ... and of the residual variance.
    coefficients : ndarray, shape (q, J)
        Of each level, about their mean.
    sampling : ndarray, shape (q, q, J)
        Their sampling covariances over the residual variance, ``(Z_j'Z_j)^-1``.
    """

    sigma: np.ndarray
    variance: float
    coefficients: np.ndarray
    sampling: np.ndarray


def level_moments(factor: FactorProducts, products: CrossProducts) -> LevelMoments | None:
    """Guess the relative covariance of one factor's columns and the residual variance.

    The covariance is that of the levels' coefficients, less the mean of their sampling covariances, ``sigma²
    (Z_j'Z_j)^-1`` (Swamy 1970, Econometrica 38, 311-323). It need not be positive definite: to the variances a share of
    the spread is added, and they are that share at least. None where levels are too small for coefficients of their
    own. To ``Z_j'Z_j`` something of an average level is added, so that there is an inverse for any level.
    """
    q, levels = factor.size, factor.levels
    if q < 2 or products.nobs < ROWS_PER_COEFFICIENT * levels * q:
        return None
    e, square = factor.zxy[:, -1], np.add.reduce(_diagonals(factor.zz), 1) / levels
    shown = factor.zz.copy()
    diagonals = _diagonals(shown)
    diagonals += (np.maximum(square, LEAST_DIVISOR) / UNSHRUNK_DEVIATION**2)[:, None]
    inverse = level_inverses(shown)
    if not np.maximum.reduce(np.maximum.reduce(_diagonals(inverse), 1) * square) < UNKNOWN_VARIANCE:
        return None
    coefficients = apply(inverse, e)
    total = float(products.xy[-1, -1])
    within = max(total - float(np.vdot(coefficients, e)), LEAST_WITHIN_SHARE * total)
    variance = within / (products.nobs - levels * q)
    coefficients -= (np.add.reduce(coefficients, 1) / levels)[:, None]
    spread = coefficients @ coefficients.T / (levels - 1)
    sigma = spread / variance - np.add.reduce(inverse, 2) / levels
    least = LEAST_SPREAD_SHARE * spread.diagonal() / variance
    sigma.flat[:: q + 1] = np.maximum(sigma.diagonal() + least, least)
    return LevelMoments(sigma, variance, coefficients, inverse)


def single_scale(products: CrossProducts, dof: int, reml: bool) -> float | None:
    """Find a single random intercept's relative standard deviation, by Newton's method on sums over levels of one size.

    Parameters
    ----------
    products : CrossProducts
        With one grouping factor of one column.
    dof : int
        Divisor of the residual variance.
    reml : bool

    Returns
    -------
    float or None
        The relative standard deviation. None where levels are of too many sizes, or the minimum is near 0 or large.
    """
    sums = _sums_by_size(products.factors[0])
    if sums is None:
        return None
    between = float(np.add.reduce(sums.products[:, -1] / np.maximum(sums.size, LEAST_DIVISOR)))
    weight = float(np.add.reduce(sums.rows))
    at = math.log(_moment_ratios([between], [weight], products.factors[0].levels, products)[0])
    weights = _weights(len(products.xy), dof, reml)
    last: tuple[float, float, float] | None = None
    for _ in range(SINGLE_STEPS):
        slope, bend = _derivatives(math.exp(at), sums, products.xy, *weights)
        if math.isnan(slope):
            return None
        step = -slope / bend if bend > 0 else -math.copysign(SINGLE_REACH, slope)
        step, error = min(max(step, -SINGLE_REACH), SINGLE_REACH), step * step  # what Newton's method leaves
        # the cubic is right to fourth order where steps get shorter and are less than a factor of e in the ratio
        if last is not None and bend > 0 and abs(step) < abs(at - last[0]) < 1.0:
            step, error = _inverse_step(last, (at, slope, bend)), (step * (at - last[0])) ** 2
        last = (at, slope, bend) if bend > 0 else None
        at += step
        if not 2.0 * math.log(SINGLE_DEVIATION) <= at <= 2.0 * math.log(MOST_SINGLE_DEVIATION):
            return None
        if 0.0 < bend * error**2 < SINGLE_DECREASE:
            return math.exp(0.5 * at)
    return None


def _inverse_step(last: tuple[float, float, float], now: tuple[float, float, float]) -> float:
    """Step from `now` to where the slope is 0, both points being (position, slope, bend).

    The position as a function of the slope is taken for the cubic that has the two points' values and derivatives
    (Hermite's interpolation in Newton's divided differences). To first order this is Newton's step; its error is of the
    order of the product of the squares of the two points' errors.
    """
    slope, change = now[1], last[1] - now[1]
    chord, here, there = (last[0] - now[0]) / change, 1.0 / now[2], 1.0 / last[2]
    second = (chord - here) / change
    third = ((there - chord) / change - second) / change
    return -slope * here + slope * slope * (second - last[1] * third)


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    """Sizes (U,), these times how many levels have each (U,), and the sum of ``[X y]'Z Z'[X y]``, (U, (p + 1)²)."""

    size: np.ndarray
    rows: np.ndarray
    products: np.ndarray


def _sums_by_size(factor: FactorProducts) -> _Sums | None:
    size, columns = factor.zz[0, 0], factor.zxy[0]
    if factor.levels <= MOST_SIZES or columns.size * len(columns) <= FEW_PRODUCTS:
        rows = columns.T
        return _Sums(size, size, (rows[:, :, None] * rows[:, None]).reshape(len(size), -1))
    whole = size.astype(np.intp)
    if (whole != size).any() or whole.max() >= SIZES_PER_LEVEL * factor.levels + MORE_SIZES:
        return None
    count = np.bincount(whole)
    present = np.flatnonzero(count)
    if len(present) > MOST_SIZES:
        return None
    columns = columns[:, np.argsort(whole, kind="stable")]
    ends = np.cumsum(count[present])
    products = np.empty((len(present), len(columns) ** 2))
    for k, end in enumerate(ends):
        mine = columns[:, end - count[present[k]] : end]
        products[k] = (mine @ mine.T).ravel()
    return _Sums(present.astype(float), (present * count[present]).astype(float), products)


@lru_cache(maxsize=8)  # of models that are fitted in turn; an entry has twice the size of X'X
def _weights(width: int, dof: int, reml: bool) -> tuple[np.ndarray, np.ndarray]:
    """How often elements of D, and their squares, count in `_derivatives`: two arrays of shape ((p + 1)²,)."""
    squared = np.full((width, width), float(reml))
    squared[-1] = squared[:, -1] = dof
    linear = np.zeros((width, width))
    linear.flat[:: width + 1] = squared.diagonal()
    linear.flags.writeable = squared.flags.writeable = False
    return linear.ravel(), squared.ravel()


def _derivatives(
    ratio: float, sums: _Sums, xy: np.ndarray, linear: np.ndarray, squared: np.ndarray
) -> tuple[float, float]:
    """First and second derivative of the profiled deviance by the logarithm of the variance ratio.

    With ``A = [X y]' V^-1 [X y] = U'U`` and ``D = U^-T dA U^-1`` the logarithm of the penalised residual sum of squares
    changes by the last diagonal element of D, and that of ``|X' V^-1 X|`` by the sum of the others. The deviance has
    the first `dof` times, and the second once under REML: these are the weights. The second derivative of a logarithm
    of a determinant is the trace of ``U^-T d²A U^-1`` less the squares of D: those of its own block for X, and those of
    the last row and column for the residual sum of squares.

    With the variance ratio r, A loses ``r / (1 + r s)`` times the products of levels of size s. By the logarithm of r
    that has the derivatives ``r / (1 + r s)²`` and ``2 r / (1 + r s)³ - r / (1 + r s)²``; ``log |V|`` is a sum of
    ``log (1 + r s)``, with ``r s / (1 + r s)`` and ``r s / (1 + r s)²``. The rows of `parts` are r over the first,
    second and third power of ``1 + r s``.
    """
    parts = np.empty((3, len(sums.size)))
    parts[:] = 1.0 / (1.0 + ratio * sums.size)
    parts[0] *= ratio
    np.multiply.accumulate(parts, 0, out=parts)
    lost = (parts @ sums.products).reshape(3, *xy.shape)
    root, info = lapack.dpotrf(xy - lost[0])
    if info:
        return math.nan, math.nan
    inverse = lapack.dtrtri(root)[0]
    changes = (inverse.T @ lost[1:] @ inverse).reshape(2, -1)
    (slopes, bends), (first, third) = (parts[:2] @ sums.rows).tolist(), (changes @ linear).tolist()
    return slopes - first, bends - 2.0 * third + first - float(np.dot(squared, np.square(changes[0])))
