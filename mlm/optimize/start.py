"""Where the search for theta starts: moments of the least-squares residuals, or better where that is cheap.

A single random intercept is special: levels of one size enter the deviance only through the sum of their
cross-products. There are few sizes, so that the minimum over the one variance ratio can be found on these sums,
whatever the number of levels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack

from ..crossproducts.blocks import CrossProducts, FactorProducts
from ..likelihood.covariance import covariance_root
from ..likelihood.deviance import Deviance
from ..likelihood.level_matrices import apply, level_roots, multiply
from ..likelihood.one_factor import OneFactor
from .scoring import scored_factor

__all__ = [
    "joint_moments",
    "level_moments",
    "moment_scales",
    "moment_start",
    "scored_start",
    "single_scale",
    "single_start",
]

ROWS = 12  # rows a coefficient from which a level's own least squares say something
BROAD = 1e4  # relative standard deviation that lets levels have coefficients of their own, nearly
UNKNOWN = 1e6  # sampling variance, over that of an average level, beyond which a level's coefficients say nothing
TINY = 1e-300  # keeps 0 / 0 from being computed
SHARE = 1e-2  # of the coefficients' spread that is taken for their variance at least
SIZES = 64  # different sizes of levels up to which they are summed up by size
SMALLEST = 1e-3  # relative standard deviation below which the general search decides
NEAR = 1e-15  # what the deviance could still fall by, a thousandth of what ends the search


def moment_start(deviance: Deviance) -> np.ndarray:
    """Guess theta from moments of the least-squares residuals."""
    roots, products, layout = [], deviance.products, deviance.layout
    joint = joint_moments(products) if len(products.factors) > 1 else None
    for k, factor in enumerate(products.factors):
        found = level_moments(factor, products)
        if found is None:
            roots.append(np.diag(moment_scales(factor, products) if joint is None else joint[k]))
        else:
            roots.append(covariance_root(layout.within_terms(k) * found[0], found[0].diagonal()))
    return layout.pick(roots)


def scored_start(deviance: Deviance) -> np.ndarray | None:
    """Guess theta of one grouping factor by a step of scoring from moments within levels; None without these."""
    solver, layout = deviance.solver, deviance.layout
    found = level_moments(deviance.products.factors[0], deviance.products) if isinstance(solver, OneFactor) else None
    if not isinstance(solver, OneFactor) or found is None:
        return None
    sigma, variance = found
    t = covariance_root(layout.within_terms(0) * sigma, sigma.diagonal())
    inner, e = solver.scores(t)
    slope = inner.sum(axis=2) - e @ e.T / variance
    return layout.pick([scored_factor(layout, 0, t, inner, slope)])


def single_start(deviance: Deviance) -> np.ndarray | None:
    """Find the theta of a single random intercept at once; None where that is no use."""
    if deviance.layout.sizes != (1,):
        return None
    found = single_scale(deviance.products, deviance.criterion.dof, deviance.criterion.reml)
    return None if found is None else np.array([found])


def moment_scales(factor: FactorProducts, products: CrossProducts) -> np.ndarray:
    """Guess the relative standard deviations of one factor's columns, shape (q,).

    Each column alone gets the analysis-of-variance estimate on the least-squares residuals, kept away from zero.
    """
    square = _squares(factor)
    e = factor.zxy[:, -1]
    total = float(products.xy[-1, -1])
    between = np.add.reduce(e * e / np.maximum(square, TINY), 1)
    residual = max(total - max(between.tolist()), 1e-3 * total) / max(products.nobs - factor.levels, 1)
    weight = np.maximum(np.add.reduce(square, 1), TINY)
    floor = _floor(weight, factor.levels, products.nobs)
    return np.sqrt(np.maximum((between / residual - factor.levels) / weight, floor))


def _squares(factor: FactorProducts) -> np.ndarray:
    """Sums of squares of a factor's columns, level by level, shape (q, J)."""
    return factor.zz.reshape(-1, factor.levels)[:: factor.size + 1]


def joint_moments(products: CrossProducts) -> list[np.ndarray]:
    """Guess the relative standard deviations of all factors' columns together, an array of shape (q,) a factor.

    Henderson's first method on the least-squares residuals (1953, Biometrics 9, 226-252; Searle, Casella & McCulloch
    1992, Variance Components, section 5.2): the sums of squares between the levels of each column alone are equated
    to their expectations, in which all variances stand. Of the fixed effects only an intercept is reckoned with.
    """
    places = [(k, a) for k, factor in enumerate(products.factors) for a in range(factor.size)]
    squares = [products.factors[k].zz[a, a] for k, a in places]
    expected, observed = np.zeros((len(places) + 1, len(places) + 1)), np.zeros(len(places) + 1)
    observed[-1], expected[-1, -1] = products.xy[-1, -1], products.nobs - products.p
    for i, (k, a) in enumerate(places):
        inverse = np.divide(1.0, squares[i], out=np.zeros_like(squares[i]), where=squares[i] > 0)
        observed[i] = inverse @ products.factors[k].zxy[a, -1] ** 2
        expected[i, -1] = np.count_nonzero(squares[i]) - 1
        expected[-1, i] = squares[i].sum() - squares[i] @ squares[i] / products.nobs
        for j, place in enumerate(places):
            levels, shared = _shared(products, (k, a), place)
            expected[i, j] = inverse[levels] @ shared**2 - squares[j] @ squares[j] / products.nobs
    found = np.linalg.lstsq(expected, observed, rcond=1e-12)[0]
    ratios = found[:-1] / max(found[-1], 1e-3 * observed[-1] / products.nobs)
    return [
        np.sqrt(np.maximum([r for r, place in zip(ratios, places, strict=True) if place[0] == k], floor))
        for k, f in enumerate(products.factors)
        for floor in [_floor(np.maximum(_squares(f).sum(axis=1), TINY), f.levels, products.nobs)]
    ]


def _shared(products: CrossProducts, one: tuple[int, int], other: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Cross-products of two columns, given as (factor, effect): levels of the first one's factor, and values."""
    (k, a), (m, b) = one, other
    if k == m:
        return np.arange(products.factors[k].levels), products.factors[k].zz[a, b]
    pair = products.pairs[min(k, m), max(k, m)]
    return (pair.rows, pair.values[a, b]) if k < m else (pair.columns, pair.values[b, a])


def _floor(weight: np.ndarray, levels: int, nobs: int) -> np.ndarray:
    """Variance ratios that the data could hardly tell from 0, of columns with these sums of squares, shape (q,)."""
    return 0.02 * nobs / (weight * math.sqrt(nobs / levels))


def level_moments(factor: FactorProducts, products: CrossProducts) -> tuple[np.ndarray, float] | None:
    """Guess the relative covariance of one factor's columns, shape (q, q), and the residual variance.

    Both are found from least squares within each level: the covariance is that of the levels' coefficients, less what
    their sampling variance adds to it (Swamy 1970, Econometrica 38, 311-323). None where levels are too small for
    coefficients of their own.
    """
    q, levels = factor.size, factor.levels
    if q < 2 or products.nobs < ROWS * levels * q:
        return None
    e, square = factor.zxy[:, -1], np.add.reduce(_squares(factor), 1) / levels
    root, _ = level_roots(np.diag(BROAD / np.sqrt(np.maximum(square, TINY))), factor.zz)
    inverse = multiply(root.transpose(1, 0, 2), root)
    if (np.maximum.reduce(inverse.reshape(-1, levels)[:: q + 1], 1) * square).max() > UNKNOWN:
        return None
    coefficients = apply(inverse, e)
    within = float(products.xy[-1, -1]) - float(np.vdot(coefficients, e))
    variance = within / (products.nobs - levels * q)
    coefficients -= (np.add.reduce(coefficients, 1) / levels)[:, None]
    spread = coefficients @ coefficients.T / (levels - 1)
    sigma, least = spread / variance - inverse.sum(axis=2) / levels, SHARE * spread.diagonal() / variance
    sigma.flat[:: q + 1] = np.maximum(sigma.diagonal() + least, least)
    return sigma, variance


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
        The relative standard deviation. None where levels are of too many sizes, or the minimum is at or near 0.
    """
    sums = _sums_by_size(products.factors[0])
    if sums is None:
        return None
    at = 2.0 * math.log(moment_scales(products.factors[0], products)[0])
    weights = _weights(len(products.xy), dof, reml)
    last: tuple[float, float, float] | None = None
    for _ in range(20):
        slope, bend = _derivatives(math.exp(at), sums, products.xy, *weights)
        if math.isnan(slope):
            return None
        step = -slope / bend if bend > 0 else -math.copysign(2.0, slope)
        step, error = min(max(step, -2.0), 2.0), step * step  # what Newton's method leaves
        if last is not None and bend > 0 and abs(step) < abs(at - last[0]) < 1.0:
            step, error = _inverse_step(last, (at, slope, bend)), (step * (at - last[0])) ** 2
        last = (at, slope, bend) if bend > 0 else None
        at += step
        if at < 2.0 * math.log(SMALLEST):
            return None
        if 0.0 < bend * error**2 < NEAR:
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
    """Sizes (U,), how many levels have each (U,), and the sum of their ``[X y]'Z Z'[X y]``, flat (U, (p + 1)²)."""

    size: np.ndarray
    count: np.ndarray
    products: np.ndarray


def _sums_by_size(factor: FactorProducts) -> _Sums | None:
    size, columns = factor.zz[0, 0], factor.zxy[0]
    if factor.levels <= SIZES:
        rows = columns.T
        return _Sums(size, np.ones(len(size)), (rows[:, :, None] * rows[:, None]).reshape(len(size), -1))
    whole = size.astype(np.intp)
    if (whole != size).any() or whole.max() >= 8 * factor.levels + 1000:
        return None
    count = np.bincount(whole)
    present = np.flatnonzero(count)
    if len(present) > SIZES:
        return None
    columns = columns[:, np.argsort(whole, kind="stable")]
    ends = np.cumsum(count[present])
    products = np.empty((len(present), len(columns) ** 2))
    for k, end in enumerate(ends):
        mine = columns[:, end - count[present[k]] : end]
        products[k] = (mine @ mine.T).ravel()
    return _Sums(present.astype(float), count[present].astype(float), products)


def _weights(width: int, dof: int, reml: bool) -> tuple[np.ndarray, np.ndarray]:
    """How often elements of D, and their squares, count in `_derivatives`: two arrays of shape (p + 1, p + 1)."""
    squared = np.full((width, width), float(reml))
    squared[-1] = squared[:, -1] = dof
    linear = np.zeros((width, width))
    linear.flat[:: width + 1] = squared.diagonal()
    return linear, squared


def _derivatives(
    ratio: float, sums: _Sums, xy: np.ndarray, linear: np.ndarray, squared: np.ndarray
) -> tuple[float, float]:
    """First and second derivative of the profiled deviance by the logarithm of the variance ratio.

    With ``A = [X y]' V^-1 [X y] = U'U`` and ``D = U^-T dA U^-1`` the logarithm of the penalised residual sum of squares
    changes by the last diagonal element of D, and that of ``|X' V^-1 X|`` by the sum of the others. The deviance has
    the first `dof` times, and the second once under REML: these are the weights.
    """
    shrink = 1.0 / (1.0 + ratio * sums.size)
    parts = np.empty((3, len(shrink)))
    np.multiply(ratio, shrink, out=parts[0])
    np.multiply(parts[0], shrink, out=parts[1])
    np.multiply(parts[1], 2.0 * shrink - 1.0, out=parts[2])
    lost = (parts @ sums.products).reshape(3, *xy.shape)
    root, info = lapack.dpotrf(xy - lost[0])
    if info:
        return math.nan, math.nan
    inverse = lapack.dtrtri(root)[0]
    first, second = inverse.T @ lost[1:] @ inverse
    share = sums.count * (1.0 - shrink)
    slope = np.add.reduce(share) - np.vdot(linear, first)
    bend = share @ shrink - np.vdot(linear, second) - np.vdot(squared, first * first)
    return float(slope), float(bend)
