"""Where searches start beside the usual one: where several minima are likely.

Terms without covariances, as in ``(x || g)``, whose columns are nearly parallel share out what their columns have in
common: each of them can take it, and each way can be a minimum of its own. Nothing that is local sees the others.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ..crossproducts.blocks import CrossProducts, FactorProducts
from ..likelihood.covariance import CovarianceLayout
from ..likelihood.deviance import Deviance
from .optimum import Optimum

__all__ = [
    "correlated_otherwise",
    "fits_any_response",
    "further_starts",
    "shared_otherwise",
    "singular_starts",
    "small_variances",
    "starts_of_many",
]

# Cosine between columns of different terms of a factor from which several minima are looked for: that of a column with
# the constant, where its mean is as large as its standard deviation, is 0.7.
PARALLEL_COSINE = 0.7
# Relative standard deviation that is given to a term which is to take nothing of what is common, and to all of them; up
# to it, that of a term at an end may be 0 in another minimum. Of 2,000 samples from a model without a slope that it was
# fitted to as well, 2 ended in such a minimum that was not the lowest.
SMALL_DEVIATION = 0.1
# Relative standard deviation from which effects that are as many as rows leave little of these.
LARGE_DEVIATION = 100.0
# Rows up to which such minima are looked for: those of small designs have up to 600, and searches of more take time.
MOST_ROWS = 3000
# ... and of several factors with levels of unequal sizes, of whom one design in 300 had another minimum.
MOST_SMALL_ROWS = 600
# Relative standard deviations from which several factors with three elements of theta or more are searched in up to so
# many rows: of 1,199 designs of 10 to 90 rows of another generator three ended in a minimum that was not the lowest.
SEVERAL_DEVIATIONS = (0.3, 3.0, 30.0)
LEAST_ELEMENTS, SEVERAL_ROWS = 3, 100
# Rows up to which searches from small and from large variances are always made: it takes milliseconds there.
# Of 206 designs of another generator, one of 25 rows ended in a minimum that was not the lowest.
FEW_ROWS = 50
# Relative standard deviations from which searches are made where effects have no fixed effect, or no intercept, beside
# them. Of 515 designs of another generator four such ones ended in a minimum that was not the lowest; they are found.
UNMATCHED_DEVIATIONS = (10.0, 100.0)
# Squares of the largest level over those of the smallest, from which one variance may have several minima, and relative
# standard deviations at which the deviance is then computed. Of 2,656 designs of levels of very unequal sizes 4 ended
# in a minimum that was not the lowest.
UNEQUAL_SQUARES = 5.0
DEVIATION_GRID = (0.0, *(0.02 * 2.0**k for k in range(14)))
# Relative standard deviations, and signs of covariances, from which searches with correlations of 1 and -1 are made in
# few rows: of designs of 27 and 32 rows two ended in a minimum that was not the lowest, which these find.
CORRELATED_DEVIATIONS = (10.0, -10.0, 100.0, -100.0)
# Square of that share, at least: larger variances leave too few digits of the deviance to search with.
LEAST_SQUARED_SHARE = 1e-10
# Share of its squares that the fixed effects leave of a column, from which it counts as outside of them: a difference
# with a rounding of 1e-16. A Julian day with no fixed effect is outside of an intercept by 1e-9 in a year.
OUTSIDE_SHARE = 1e-13
# Share of the constant's squares that columns of a factor may leave of it and still have it among them.
CONSTANT_SHARE = 1e-9
# Squared t value of such a column as a fixed effect, from which its effects may have a mean that only their variance
# can take up.
MEAN_T_SQUARED = 4.0
# Relative standard deviations from which a search starts again that has ended with a singular covariance.
SINGULAR_DEVIATIONS = (1.0, 10.0)
# ... or with a relative standard deviation up to this: beside large ones rounding may keep it from 0.
NEARLY_NOTHING = 1e-3


def further_starts(deviance: Deviance) -> list[np.ndarray]:
    """Starts beside the default one, where several minima are likely.

    Effects that are as many as rows can fit these nearly perfectly, with large variances. And terms of a factor can
    have columns that are nearly parallel. What two columns of mean square 1 do not have in common is a share r of their
    length. For that to vary by a relative standard deviation of 1, both must by 1 / r: so large are all such terms, and
    then all but one. Effects that have a mean and no fixed effect for it: their variance can take it up; and effects
    without a fixed effect, or an intercept beside them, at all. Levels of very unequal sizes. Last, a few rows, which
    say little of several variances: one can be 0 in one minimum and not in another.
    """
    return [
        *_starts_of_means(deviance),
        *_starts_of_unmatched(deviance),
        *_starts_of_unequal(deviance),
        *_starts_of_rows(deviance),
        *_starts_of_parallel(deviance),
        *_starts_of_several(deviance),
    ]


def starts_of_many(
    deviance: Deviance, squares: np.ndarray, sums: np.ndarray, values: Callable[[float], np.ndarray]
) -> list[np.ndarray] | None:
    """The same for R responses of one design with one grouping factor.

    Parameters
    ----------
    deviance : Deviance
        Of one of them.
    squares : ndarray, shape (R,)
        Their sums of squares.
    sums : ndarray, shape (q, R)
        ``Z'y`` of each.
    values : callable
        Gives the criterion of each, shape (R,), at a single relative standard deviation.

    Returns
    -------
    list of ndarray, shapes (m, R), or None
        None where more has to be looked at beside each end: in few rows, and where columns of terms are parallel.
    """
    products, layout, many = deviance.products, deviance.layout, len(squares)
    few = products.nobs <= FEW_ROWS and layout.n_theta > 1
    if few or len(products.factors) > 1 or _starts_of_parallel(deviance):
        return None
    (factor,) = products.factors
    design = [*_starts_of_unmatched(deviance), *_starts_of_rows(deviance)]
    starts = [np.repeat(start[:, None], many, axis=1) for start in design]
    if not factor.among_fixed:
        if len(layout.slots) > 1:
            return None
        size = _sizes_of_means(factor, slice(None), products, sums, squares)
        starts.append(np.where(layout.diagonal[:, None], size, 0.0))
    return starts + (_lowest_of_grid(values, many) if _has_unequal_levels(deviance) else [])


def _lowest_of_grid(values: Callable[[float], np.ndarray], many: int) -> list[np.ndarray]:
    """Relative standard deviations at which the criterion is less than at those beside: as many as one response has."""
    edge = np.full((1, many), math.inf)
    found = np.concatenate([edge, np.stack([values(at) for at in DEVIATION_GRID]), edge])
    least = (found[1:-1] <= found[:-2]) & (found[1:-1] <= found[2:])
    grid, first = np.array(DEVIATION_GRID), found[1:-1].argmin(axis=0)
    out = []
    for k in range(int(least.sum(axis=0).max())):
        place = np.where((np.cumsum(least, axis=0) == k + 1) & least, np.arange(len(grid))[:, None], -1).max(axis=0)
        out.append(grid[np.where(place >= 0, place, first)][None])
    return out


def _starts_of_unmatched(deviance: Deviance) -> list[np.ndarray]:
    """From large variances, where effects of the only factor have no fixed effect, or no intercept beside them.

    They vary about 0, wherever that is: few large ones, or many small ones with other variances, can be two minima.
    """
    products = deviance.products
    if len(products.factors) > 1 or products.nobs > MOST_ROWS:
        return []
    (factor,) = products.factors
    spanned = factor.among_fixed or _is_spanned(factor, products)
    return [] if spanned and _has_constant(factor, products) else _of_size(deviance, *UNMATCHED_DEVIATIONS)


def _is_spanned(factor: FactorProducts, products: CrossProducts) -> bool:
    """Whether the columns of a factor are among those that the fixed effects span."""
    square, left = _left_by_fixed(factor, slice(None), products)
    return not (left > OUTSIDE_SHARE * square).any()


def _has_constant(factor: FactorProducts, products: CrossProducts) -> bool:
    """Whether the intercept is among what the columns of a factor span; also where there is none."""
    intercept = products.shift.intercept
    if intercept < 0 or intercept in factor.shared:
        return True
    sums = np.add.reduce(factor.zxy[:, intercept], 1)
    explained = sums @ np.linalg.lstsq(np.add.reduce(factor.zz, 2), sums, rcond=OUTSIDE_SHARE)[0]
    return bool(explained > (1.0 - CONSTANT_SHARE) * products.xy[intercept, intercept])


def _left_by_fixed(factor: FactorProducts, columns: slice, products: CrossProducts) -> tuple[np.ndarray, np.ndarray]:
    """Squares of columns of a factor, and what the fixed effects leave of these."""
    xx = products.xy[:-1, :-1]
    square = np.add.reduce(factor.zz[columns, columns], 2).diagonal()
    zx = np.add.reduce(factor.zxy[columns], 2)[:, :-1]
    return square, square - (zx * np.linalg.solve(xx, zx.T).T).sum(axis=1) if len(xx) else square


def _starts_of_rows(deviance: Deviance) -> list[np.ndarray]:
    """From large variances, where effects are as many as rows or these are few; then from small ones, too."""
    products = deviance.products
    if products.nobs <= FEW_ROWS and deviance.layout.n_theta > 1:
        return _of_size(deviance, LARGE_DEVIATION, SMALL_DEVIATION) + _of_correlations(deviance)
    return _of_size(deviance, LARGE_DEVIATION) if products.nobs <= MOST_ROWS and _is_saturated(deviance) else []


def fits_any_response(deviance: Deviance) -> bool:
    """Whether several factors have as many effects as there are rows, so that their variances can grow without end."""
    return len(deviance.products.factors) > 1 and _is_saturated(deviance)


def _is_saturated(deviance: Deviance) -> bool:
    """Whether effects are as many as rows, which they can fit perfectly whatever the response is."""
    products = deviance.products
    return products.nobs <= products.p + sum([f.size * f.levels for f in products.factors])


def _of_correlations(deviance: Deviance) -> list[np.ndarray]:
    """Theta of effects with correlations of 1 and -1, where they may be correlated."""
    layout, starts = deviance.layout, []
    if layout.diagonal.all():
        return []
    last = [s.elements.stop - 1 for s in layout.slots if s.size > 1]
    for size in CORRELATED_DEVIATIONS:
        start = np.where(layout.diagonal, abs(size), size)
        start[last] = 0.0
        starts.append(start)
    return starts


def _starts_of_several(deviance: Deviance) -> list[np.ndarray]:
    """From small, ordinary and large variances of several factors in small data, which say little of many of them."""
    products = deviance.products
    if len(products.factors) == 1 or products.nobs > SEVERAL_ROWS:
        return []
    return _of_size(deviance, *SEVERAL_DEVIATIONS) if deviance.layout.n_theta >= LEAST_ELEMENTS else []


def _starts_of_parallel(deviance: Deviance) -> list[np.ndarray]:
    """From large variances of the terms whose columns are nearly parallel, of all of these but one, and of none."""
    slots = deviance.layout.slots
    if len(slots) == len(deviance.layout.sizes):
        return []
    size = np.ones(len(slots))
    for i, share in _parallel_terms(deviance).items():
        size[i] = 1.0 / share
    parallel = np.flatnonzero(size > 1.0).tolist()
    if not parallel:
        return []
    all_but_one = [np.where(np.arange(len(size)) == i, SMALL_DEVIATION, size) for i in parallel]
    return [_of_sizes(deviance, sizes) for sizes in (size, *all_but_one, np.ones(len(size)))]


def singular_starts(deviance: Deviance, end: Optimum) -> list[np.ndarray]:
    """Starts after an end with a singular covariance: which variances are 0 can be different in another minimum.

    Beside the small variance of a term of one column, 0 can be such a minimum, too.
    """
    layout, theta = deviance.layout, end.evaluation.theta
    if layout.n_theta == 1 or deviance.products.nobs > MOST_ROWS:
        return []
    least = min(theta[layout.diagonal].tolist())
    starts: list[np.ndarray] = []
    if least <= SMALL_DEVIATION and (small := small_variances(layout, theta)).any():
        starts = [np.where(small, 0.0, theta)]
    if least > NEARLY_NOTHING:
        return starts
    nothing = layout.diagonal & (theta <= NEARLY_NOTHING)
    large = float(np.abs(theta).max()) > max(SINGULAR_DEVIATIONS)  # others are nowhere near the starts of one size
    starts += _of_size(deviance, *SINGULAR_DEVIATIONS)
    return starts + ([np.where(nothing, 1.0, theta)] if large else [])


def small_variances(layout: CovarianceLayout, theta: np.ndarray) -> np.ndarray:
    """Which elements of theta, shape (m,) or (m, R), are small deviations of terms of one column, and not 0."""
    alone = np.concatenate([np.full(s.size * (s.size + 1) // 2, s.size == 1) for s in layout.slots])
    return np.asarray(((theta.T > NEARLY_NOTHING) & (theta.T <= SMALL_DEVIATION) & alone).T)


def shared_otherwise(deviance: Deviance, end: Optimum) -> list[np.ndarray]:
    """Starts after an end in which terms with nearly parallel columns share a variance: one of them takes all of it.

    How it is shared hardly changes the deviance, nearly linearly so, and along a piece of a circle in theta. One of the
    ends is lower: there the others are 0, and the slope by their variances tells whether that is the minimum.
    """
    layout, theta, starts = deviance.layout, end.evaluation.theta, []
    parallel = _parallel_terms(deviance) if len(layout.slots) > len(layout.sizes) else {}
    places = [s.elements for s in layout.slots]
    for i in parallel:
        others = [j for j in parallel if j != i and layout.slots[j].factor == layout.slots[i].factor]
        common = math.sqrt(sum(float(theta[places[j]] @ theta[places[j]]) / layout.slots[j].size for j in (i, *others)))
        if not 0.0 < common < LARGE_DEVIATION or not any(theta[places[j]].any() for j in others):
            continue
        start = theta.copy()
        for j in (i, *others):
            start[places[j]] = np.where(layout.diagonal[places[j]], common if j == i else 0.0, 0.0)
        starts.append(start)
    return starts


def correlated_otherwise(deviance: Deviance, end: Optimum) -> list[np.ndarray]:
    """A start after an end with correlations of 1 or -1: of the other sign; in few rows also beside any other end.

    How effects covary is told by few levels, and each sign can be a minimum.
    """
    layout, theta, nobs = deviance.layout, end.evaluation.theta, deviance.products.nobs
    across = ~layout.diagonal
    singular = theta[layout.diagonal].min(initial=math.inf) <= 0.0
    if not theta[across].any() or nobs > MOST_ROWS or not (singular or nobs <= FEW_ROWS):
        return []
    return [np.where(across, -theta, theta)]


def _starts_of_unequal(deviance: Deviance) -> list[np.ndarray]:
    """From the least values of a grid, where one variance meets levels of very unequal squares; from 1, where several.

    The deviance is a sum over levels, each of which has its own minimum: that of large levels and that of many small
    ones can be two.
    """
    if not _has_unequal_levels(deviance):
        return []
    if len(deviance.products.factors) > 1:
        return _of_size(deviance, 1.0)
    values = [math.inf, *(deviance.value(np.array([at])) for at in DEVIATION_GRID), math.inf]
    return [
        np.array([at])
        for at, before, here, after in zip(DEVIATION_GRID, values, values[1:], values[2:], strict=False)
        if here <= before and here <= after
    ]


def _has_unequal_levels(deviance: Deviance) -> bool:
    """Whether one variance a factor meets levels of very unequal squares, in data that are not large."""
    factors = deviance.products.factors
    most = MOST_ROWS if len(factors) == 1 else MOST_SMALL_ROWS
    if deviance.products.nobs > most or max(deviance.layout.sizes) > 1:
        return False
    for factor in factors:
        squares = factor.zz[0, 0]
        if np.maximum.reduce(squares) >= UNEQUAL_SQUARES * np.minimum.reduce(squares):
            return True
    return False


def _starts_of_means(deviance: Deviance) -> list[np.ndarray]:
    """From variances that stand for means of effects: all of them, then each alone.

    With a column z outside of the fixed effects, ``y ~ 1 + (0 + z | g)``, the effects vary about 0 and not about b: a
    variance of b² takes it up. As a fixed effect of its own z would have b, from the sums of products alone.
    """
    products, layout = deviance.products, deviance.layout
    if all([factor.among_fixed for factor in products.factors]):
        return []
    sizes = np.ones(len(layout.slots))
    for i, slot in enumerate(layout.slots):
        factor = products.factors[slot.factor]
        if not factor.among_fixed:
            sizes[i] = _size_of_mean(factor, slice(slot.start, slot.start + slot.size), products)
    large = np.flatnonzero(sizes > 1.0).tolist()
    starts = [_of_sizes(deviance, sizes)] if large else []
    for i in large if len(large) > 1 else ():
        starts.append(_of_sizes(deviance, np.where(np.arange(len(sizes)) == i, sizes, 1.0)))
    return starts


def _size_of_mean(factor: FactorProducts, columns: slice, products: CrossProducts) -> float:
    """Relative standard deviation of one term, of these columns of its factor, that stands for a mean; 1 for none."""
    sums, residual = np.add.reduce(factor.zxy[columns, -1], 1), products.xy[-1:, -1]
    return float(_sizes_of_means(factor, columns, products, sums[:, None], residual)[0])


def _sizes_of_means(
    factor: FactorProducts, columns: slice, products: CrossProducts, sums: np.ndarray, residual: np.ndarray
) -> np.ndarray:
    """The same for R responses, of which these are ``Z'y``, shape (q, R), and the sums of squares: shape (R,)."""
    square, left = _left_by_fixed(factor, columns, products)
    outside = (left > OUTSIDE_SHARE * square)[:, None]
    if not outside.any():
        return np.ones(len(residual))
    mean = np.where(outside, sums / np.where(outside, left[:, None], 1.0), 0.0)
    explained = mean * mean * left[:, None]
    variance = np.maximum(residual - explained, LEAST_SQUARED_SHARE * residual) / max(products.nobs - products.p, 1)
    large = (explained > MEAN_T_SQUARED * variance).any(axis=0)
    return np.where(large, np.maximum(1.0, np.sqrt(np.max(mean * mean / variance, axis=0))), 1.0)


def _parallel_terms(deviance: Deviance) -> dict[int, float]:
    """Terms with a column nearly parallel to one of another term: the share of its length that sets them apart."""
    layout, out = deviance.layout, {}
    for k, factor in enumerate(deviance.products.factors):
        mine = {i: slice(s.start, s.start + s.size) for i, s in enumerate(layout.slots) if s.factor == k}
        if len(mine) < 2:
            continue
        total = np.add.reduce(factor.zz, 2)
        length = np.sqrt(total.diagonal())
        cosines = np.where(layout.within_terms(k), 0.0, np.abs(total) / (length[:, None] * length))
        for i, columns in mine.items():
            most = float(cosines[columns].max())
            if most > PARALLEL_COSINE:
                out[i] = math.sqrt(max(1.0 - most * most, LEAST_SQUARED_SHARE))
    return out


def _of_size(deviance: Deviance, *sizes: float) -> list[np.ndarray]:
    """Theta of uncorrelated effects that all have the same relative standard deviation, for each of these."""
    return [_of_sizes(deviance, np.full(len(deviance.layout.slots), size)) for size in sizes]


def _of_sizes(deviance: Deviance, size: np.ndarray) -> np.ndarray:
    """Theta of uncorrelated effects with the same relative standard deviation within each term."""
    layout, theta = deviance.layout, np.zeros(deviance.layout.n_theta)
    for s, value in zip(layout.slots, size, strict=True):
        theta[s.elements] = np.where(layout.diagonal[s.elements], value, 0.0)
    return theta
