"""Where the search for theta starts: moments of the least-squares residuals, or better where that is cheap.

A single random intercept is special: levels of one size enter the deviance only through the sum of their
cross-products. There are few sizes, so that the minimum over the one variance ratio can be found on these sums,
whatever the number of levels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .crossproducts import CrossProducts, FactorProducts

__all__ = ["joint_moments", "level_moments", "moment_scales", "single_scale"]

ROWS = 12  # rows a coefficient from which a level's own least squares say something
CONDITION = 1e6  # of a level's cross-products, beyond which its coefficients say nothing
SIZES = 64  # different sizes of levels up to which they are summed up by size
SMALLEST = 1e-3  # relative standard deviation below which the general search decides
NEAR = 1e-9  # last step in the logarithm of the variance ratio; Newton's next one would be its square


def moment_scales(factor: FactorProducts, products: CrossProducts) -> np.ndarray:
    """Guess the relative standard deviations of one factor's columns, shape (q,).

    Each column alone gets the analysis-of-variance estimate on the least-squares residuals, kept away from zero.
    """
    square = np.einsum("qqj->qj", factor.zz)
    e = factor.zxy[:, -1]
    total = products.xy[-1, -1]
    between = np.divide(e**2, square, out=np.zeros_like(e), where=square > 0).sum(axis=1)
    residual = max(total - between.max(), 1e-3 * total) / max(products.nobs - factor.levels, 1)
    weight = np.maximum(square.sum(axis=1), 1e-300)
    return np.sqrt(np.maximum((between / residual - factor.levels) / weight, _floor(factor, products)))


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
        np.sqrt(np.maximum([r for r, place in zip(ratios, places, strict=True) if place[0] == k], _floor(f, products)))
        for k, f in enumerate(products.factors)
    ]


def _shared(products: CrossProducts, one: tuple[int, int], other: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Cross-products of two columns, given as (factor, effect): levels of the first one's factor, and values."""
    (k, a), (m, b) = one, other
    if k == m:
        return np.arange(products.factors[k].levels), products.factors[k].zz[a, b]
    pair = products.pairs[min(k, m), max(k, m)]
    return (pair.rows, pair.values[a, b]) if k < m else (pair.columns, pair.values[b, a])


def _floor(factor: FactorProducts, products: CrossProducts) -> np.ndarray:
    """Variance ratios of a factor's columns that the data could hardly tell from 0, shape (q,)."""
    weight = np.maximum(np.einsum("qqj->q", factor.zz), 1e-300)
    return np.asarray(0.02 * products.nobs / (weight * np.sqrt(products.nobs / factor.levels)))


def level_moments(factor: FactorProducts, products: CrossProducts) -> np.ndarray | None:
    """Guess the relative covariance of one factor's columns from least squares within each level, shape (q, q).

    The covariance of the levels' coefficients, less what their sampling variance adds to it (Swamy 1970,
    Econometrica 38, 311-323). None where levels are too small for coefficients of their own.
    """
    if factor.size < 2 or products.nobs < ROWS * factor.levels * factor.size:
        return None
    crossed = factor.zz.transpose(2, 0, 1)
    if np.linalg.cond(crossed).max() > CONDITION:
        return None
    inverse, e = np.linalg.inv(crossed), factor.zxy[:, -1]
    coefficients = np.einsum("jab,bj->aj", inverse, e)
    within = products.xy[-1, -1] - np.vdot(coefficients, e)
    variance = within / (products.nobs - factor.levels * factor.size)
    spread = np.cov(coefficients)
    floor = 1e-2 * np.diag(np.diag(spread))
    return np.asarray((spread - variance * inverse.mean(axis=0) + floor) / variance)


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
