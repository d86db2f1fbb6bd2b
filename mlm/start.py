"""Where the search for theta starts: moments of the least-squares residuals, or better where that is cheap.

A single random intercept is special: levels of one size enter the deviance only through the sum of their
cross-products. There are few sizes, so that the minimum over the one variance ratio can be found on these sums,
whatever the number of levels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .crossproducts import CrossProducts, FactorProducts
from .levels import apply, level_roots, multiply

__all__ = ["level_moments", "moment_scales", "single_scale"]

ROWS = 12  # rows a coefficient from which a level's own least squares say something
BROAD = 1e4  # relative standard deviation that lets levels have coefficients of their own, nearly
UNKNOWN = 1e6  # sampling variance, over that of an average level, beyond which a level's coefficients say nothing
TINY = 1e-300  # keeps 0 / 0 from being computed
SHARE = 1e-2  # of the coefficients' spread that is taken for their variance at least
SIZES = 64  # different sizes of levels up to which they are summed up by size
SMALLEST = 1e-3  # relative standard deviation below which the general search decides
NEAR = 1e-9  # last step in the logarithm of the variance ratio; Newton's next one would be its square


def moment_scales(factor: FactorProducts, products: CrossProducts) -> np.ndarray:
    """Guess the relative standard deviations of one factor's columns, shape (q,).

    Each column alone gets the analysis-of-variance estimate on the least-squares residuals, kept away from zero.
    """
    square = np.einsum("qqj->qj", factor.zz)
    e = factor.zxy[:, -1]
    total = float(products.xy[-1, -1])
    between = (e**2 / np.maximum(square, TINY)).sum(axis=1)
    residual = max(total - float(between.max()), 1e-3 * total) / max(products.nobs - factor.levels, 1)
    weight = np.maximum(square.sum(axis=1), TINY)
    floor = 0.02 * products.nobs / (weight * math.sqrt(products.nobs / factor.levels))
    return np.sqrt(np.maximum((between / residual - factor.levels) / weight, floor))


def level_moments(factor: FactorProducts, products: CrossProducts) -> np.ndarray | None:
    """Guess the relative covariance of one factor's columns from least squares within each level, shape (q, q).

    The covariance of the levels' coefficients, less what their sampling variance adds to it (Swamy 1970,
    Econometrica 38, 311-323). None where levels are too small for coefficients of their own.
    """
    q, levels = factor.size, factor.levels
    if q < 2 or products.nobs < ROWS * levels * q:
        return None
    e, square = factor.zxy[:, -1], np.einsum("qqj->q", factor.zz) / levels
    root, _ = level_roots(np.diag(BROAD / np.sqrt(np.maximum(square, TINY))), factor.zz)
    inverse = multiply(root.transpose(1, 0, 2), root)
    if (np.einsum("qqj->qj", inverse).max(axis=1) * square).max() > UNKNOWN:
        return None
    coefficients = apply(inverse, e)
    within = float(products.xy[-1, -1]) - float(np.vdot(coefficients, e))
    variance = within / (products.nobs - levels * q)
    coefficients -= coefficients.mean(axis=1)[:, None]
    spread = coefficients @ coefficients.T / (levels - 1)
    sigma, least = spread / variance - inverse.sum(axis=2) / levels, SHARE * spread.diagonal() / variance
    sigma.flat[:: q + 1] = np.maximum(sigma.diagonal() + least, least)
    return sigma


def single_scale(products: CrossProducts, dof: int, reml: bool) -> float | None:
    """Relative standard deviation of a single random intercept, by Newton's method on sums over levels of one size.

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
        None where levels are of too many sizes, or the minimum is at or near 0.
    """
    sums = _sums_by_size(products.factors[0])
    if sums is None:
        return None
    at = np.log(moment_scales(products.factors[0], products)[0] ** 2)
    for _ in range(20):
        try:
            first, second = _derivatives(np.exp(at), sums, products.xy, dof, reml)
        except np.linalg.LinAlgError:
            return None
        step = -first / second if second > 0 else -np.sign(first)
        at += float(np.clip(step, -2.0, 2.0))
        if at < 2.0 * np.log(SMALLEST):
            return None
        if abs(step) < NEAR**0.5:
            return float(np.exp(0.5 * at))
    return None


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    """Sizes (U,), how many levels have each (U,), and the sum of their ``[X y]'Z Z'[X y]`` (U, p + 1, p + 1)."""

    size: np.ndarray
    count: np.ndarray
    products: np.ndarray


def _sums_by_size(factor: FactorProducts) -> _Sums | None:
    size, columns = factor.zz[0, 0], factor.zxy[0]
    if factor.levels <= SIZES:
        return _Sums(size, np.ones_like(size), np.einsum("aj,bj->jab", columns, columns))
    whole = size.astype(np.intp)
    if (whole != size).any() or whole.max() >= 8 * factor.levels + 1000:
        return None
    count = np.bincount(whole)
    present = np.flatnonzero(count)
    if len(present) > SIZES:
        return None
    columns = columns[:, np.argsort(whole, kind="stable")]
    ends = np.cumsum(count[present])
    products = np.empty((len(present), len(columns), len(columns)))
    for k, end in enumerate(ends):
        mine = columns[:, end - count[present[k]] : end]
        products[k] = mine @ mine.T
    return _Sums(present.astype(float), count[present].astype(float), products)


def _derivatives(ratio: float, sums: _Sums, xy: np.ndarray, dof: int, reml: bool) -> tuple[float, float]:
    """First and second derivative of the profiled deviance by the logarithm of the variance ratio."""
    shrink = 1.0 / (1.0 + ratio * sums.size)
    width = xy.shape[0]
    weights = np.stack([ratio * shrink, shrink**2, -2.0 * sums.size * shrink**3])
    combined = (weights @ sums.products.reshape(len(shrink), -1)).reshape(3, width, width)
    a, first, second = xy - combined[0], -combined[1], -combined[2]
    inverse = np.linalg.inv(a[:-1, :-1])
    v = np.append(-inverse @ a[:-1, -1], 1.0)
    moved, rest = first @ v, float(a[-1] @ v)
    d1 = float(v @ moved) / rest
    d2 = (float(v @ second @ v) - 2.0 * float(moved[:-1] @ inverse @ moved[:-1])) / rest
    share = sums.size * shrink
    slope = float(sums.count @ share) + dof * d1
    bend = -float(sums.count @ share**2) + dof * (d2 - d1**2)
    if reml:
        change = inverse @ first[:-1, :-1]
        slope += float(np.trace(change))
        bend += float((inverse * second[:-1, :-1]).sum() - (change * change.T).sum())
    return ratio * slope, ratio**2 * bend + ratio * slope
