"""Probabilities that the largest of several statistics is larger than a number.

The studentized range, and the largest size in a multivariate t distribution: exact integrals where one variable makes
the correlations, as in Dunnett's test (Dunnett 1955, J. Am. Stat. Assoc. 50, 1096-1121), else means over quasi-random
directions (Genz & Bretz 2009, *Computation of Multivariate Normal and t Probabilities*, sections 2.1 and 4.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import scipy

__all__ = ["ERROR", "Largest", "range_tail"]

ERROR = 2e-4
"""Of a probability that is a mean over directions; an error that is estimated to be larger is said."""
SETS, DEVIATIONS = 8, 3.0  # of directions, from which the error is estimated, and its multiple of standard errors
LEAST_LOG2, MOST_LOG2, KEPT = 12, 17, 1024  # directions of a set, and how many means of neighbours are kept of them
MOST_WORK = 1 << 27  # directions times statistics: two seconds
AT_ONCE = 1 << 20  # numbers that are held
DEEP = 9.5  # standard errors beyond which the normal distribution has nothing: 2e-21
NODES, MANY = 96, 256  # of Gauss and Legendre, over 10 standard errors, over 20: errors below 1e-9 for 100 means
NEARLY_NONE, TINY = 1e-14, 1e-300  # probability of lengths that are left out; what has a logarithm
SAME = 1e-9  # difference of correlations that is rounding
LOADING = 0.98  # up to which the nodes are close enough for conditional probabilities
CIRCLE = 1 << 16  # directions in a plane, where the function is known on all of them but for kinks: errors below 1e-8


@cache
def _legendre(count: int) -> tuple[np.ndarray, np.ndarray]:
    return np.polynomial.legendre.leggauss(count)


def _nodes(low: float, high: float, count: int = NODES) -> tuple[np.ndarray, np.ndarray]:
    """Places and weights of an integral, shape (count,) each."""
    places, weights = _legendre(count)
    half = 0.5 * (high - low)
    return low + half * (places + 1.0), half * weights


def _over_scales(df: float, most: float) -> tuple[np.ndarray, np.ndarray]:
    """Places of the estimated over the true standard deviation up to one, and weights times the density.

    Its square times `df` is chi squared.
    """
    if np.isinf(df):
        return np.ones(1), np.ones(1)
    low, high = np.sqrt(scipy.special.chdtri(df, [1.0 - NEARLY_NONE, NEARLY_NONE]) / df)
    places, weights = _nodes(low, max(low, min(high, most)))
    square = 0.5 * df * places * places
    logarithm = scipy.special.xlogy(0.5 * df - 1.0, square) - square - scipy.special.gammaln(0.5 * df)
    return places, weights * df * places * np.exp(logarithm)


def range_tail(q: float, means: float, df: float) -> float:
    """Probability that a studentized range is larger than q.

    Parameters
    ----------
    q : float
    means : float
        How many; need not be whole.
    df : float
        Degrees of freedom; infinite for the range of normal variables.

    Examples
    --------
    >>> round(range_tail(3.5, 3, 20.0), 6), round(float(scipy.stats.studentized_range.sf(3.5, 3, 20.0)), 6)
    (0.055892, 0.055892)
    """
    scales, weights = _over_scales(df, DEEP * np.sqrt(2.0) / max(q, SAME))
    largest, own = _nodes(-DEEP, DEEP, MANY)
    density = means * own * np.exp(-0.5 * largest * largest) / np.sqrt(2.0 * np.pi)
    within = scipy.special.ndtr(largest) - scipy.special.ndtr(largest - q * scales[:, None])
    inside = np.exp((means - 1.0) * np.log(np.maximum(within, TINY))) @ density
    return float(np.clip(weights @ (1.0 - inside), 0.0, 1.0))


@dataclass(frozen=True, slots=True, eq=False)
class Largest:
    """The largest size among statistics of a multivariate t distribution.

    Statistics of rank r are a random direction times a length whose square over r has the F distribution, so that
    ``P(max |T| > t)`` is the mean over directions of ``P(F > (t / reach)² / r)``, where the reach is the largest size
    that a statistic has along a direction.

    Attributes
    ----------
    rank : int
        Of the correlations.
    loadings : ndarray of shape (k,), or None
        Where one variable makes the correlations: their square roots.
    reach : ndarray, shape (sets, directions), or None
        Along many directions, in sets that are even each; neighbours of large sets are averaged.
    """

    rank: int
    loadings: np.ndarray | None
    reach: np.ndarray | None

    @classmethod
    def of(cls, correlation: np.ndarray) -> Largest:
        """Prepare for a correlation matrix, shape (k, k)."""
        root, loadings = _root(correlation), _loadings(correlation)
        return cls(root.shape[1], loadings, _reach(root) if loadings is None else None)

    def tail(self, t: float, df: float) -> float:
        """Probability that one is larger than t."""
        if t <= 0.0:
            return 1.0
        if self.loadings is not None:
            return _of_one_factor(t, df, self.loadings)
        return float(self._of_sets(t, df).mean())

    def error(self, t: float, df: float) -> float:
        """Three standard errors of `tail`, told from the sets of directions; 0 for integrals."""
        if self.reach is None or len(self.reach) == 1 or t <= 0.0:
            return 0.0
        return float(DEVIATIONS * self._of_sets(t, df).std(ddof=1) / np.sqrt(len(self.reach)))

    def _of_sets(self, t: float, df: float) -> np.ndarray:
        reach = np.empty((0, 0)) if self.reach is None else self.reach
        with np.errstate(divide="ignore"):
            return np.asarray(_f_tail(np.square(t / reach) / self.rank, self.rank, df).mean(axis=1))


def _root(correlation: np.ndarray) -> np.ndarray:
    """A root of shape (k, rank) by Cholesky, the same on all machines, as vectors of equal eigenvalues are not."""
    columns: list[np.ndarray] = []
    left = correlation.astype(float)
    first = left.diagonal().max(initial=1.0)
    while len(columns) < len(left) and left.diagonal().max() > SAME * first:
        size = left.diagonal()
        k = int(np.argmax(size >= (1.0 - SAME) * size.max()))  # of equal ones the first, whatever rounding says
        columns.append(left[:, k] / np.sqrt(size[k]))
        left = left - np.outer(columns[-1], columns[-1])
    return np.array(columns).reshape(-1, len(left)).T


def _loadings(correlation: np.ndarray) -> np.ndarray | None:
    """What each statistic has of one variable that makes all correlations; None where there is no such."""
    off = np.abs(correlation - np.diag(correlation.diagonal()))
    if off.max(initial=0.0) <= SAME:
        return np.zeros(len(correlation))
    i, j = np.unravel_index(int(np.argmax(off)), off.shape)
    third = int(np.argmax(np.where(np.isin(np.arange(len(off)), [i, j]), -1.0, off[i] * off[j])))
    alone = len(off) < 3 or off[i, third] * off[j, third] <= SAME
    square = off[i, j] if alone else off[i, j] * off[i, third] / off[j, third]
    if not 0.0 < square <= LOADING**2:
        return None
    found = correlation[i] / np.sqrt(square)
    found[i] = np.sqrt(square)
    made = np.outer(found, found)
    np.fill_diagonal(made, correlation.diagonal())
    fits = np.abs(made - correlation).max() <= SAME and np.abs(found).max() <= LOADING
    return np.asarray(found) if fits else None


def _of_one_factor(t: float, df: float, loadings: np.ndarray) -> float:
    """Integrate over the common variable, given which the statistics are independent, and over their scale."""
    scales, weights = _over_scales(df, DEEP / t)
    common, own = (np.zeros(1), np.ones(1)) if not loadings.any() else _nodes(0.0, DEEP)
    density = own * np.exp(-0.5 * common * common) * np.sqrt(2.0 / np.pi) if loadings.any() else own
    outside = np.zeros((len(scales), len(common)))
    for loading in loadings:
        rest = np.sqrt(1.0 - loading * loading)
        middle, bound = loading * common / rest, t * scales[:, None] / rest
        beyond = scipy.special.ndtr(middle - bound) + scipy.special.ndtr(-middle - bound)
        outside += np.log1p(-np.minimum(beyond, 1.0 - NEARLY_NONE))
    return float(np.clip(weights @ (-np.expm1(outside) @ density), 0.0, 1.0))


def _reach(root: np.ndarray) -> np.ndarray:
    """The largest size of a statistic along directions, shape (sets, directions), of a root of shape (k, rank)."""
    count, rank = root.shape
    if rank == 1:
        return np.abs(root).max(axis=0)[None]
    if rank == 2:
        angle = np.pi * (np.arange(CIRCLE) + 0.5) / CIRCLE
        return _farthest(np.column_stack([np.cos(angle), np.sin(angle)]), root)[None]
    log2 = int(np.clip(np.log2(MOST_WORK / (SETS * count)), LEAST_LOG2, MOST_LOG2))
    found = []
    for k in range(SETS):
        even = scipy.stats.qmc.Sobol(rank, seed=np.random.default_rng(k)).random_base2(log2)
        normal = scipy.special.ndtri(np.clip(even, NEARLY_NONE, 1.0 - NEARLY_NONE))
        directions = normal / np.sqrt((normal * normal).sum(axis=1, keepdims=True))
        turned = np.roll(root, k * rank // SETS, axis=1)  # each set begins with other columns: no number counts most
        found.append(np.sort(_farthest(directions, turned)).reshape(KEPT, -1).mean(axis=1))
    return np.array(found)


def _farthest(directions: np.ndarray, root: np.ndarray) -> np.ndarray:
    step = max(1, AT_ONCE // len(root))
    parts = [np.abs(directions[k : k + step] @ root.T).max(axis=1) for k in range(0, len(directions), step)]
    return np.concatenate(parts)


def _f_tail(value: Any, rank: int, df: float) -> Any:
    """Upper tail probability of the F distribution, or of chi squared over its degrees of freedom."""
    return scipy.special.chdtrc(rank, rank * value) if np.isinf(df) else scipy.special.fdtrc(rank, df, value)
