"""P values and interval widths of several estimates at once.

Hochberg & Tamhane (1987), *Multiple Comparison Procedures*; Holm (1979), Scand. J. Stat. 6, 65-70; Hommel (1988),
Biometrika 75, 383-386; Benjamini & Hochberg (1995), J. R. Stat. Soc. B 57, 289-300; Benjamini & Yekutieli (2001), Ann.
Stat. 29, 1165-1188.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy

from ..errors import ArgumentError, suggest

__all__ = ["METHODS", "STEPWISE", "Simultaneous", "checked_adjust"]

STEPWISE = ("holm", "hochberg", "hommel", "BH", "fdr", "BY")
"""Methods that order the p values and have no intervals."""
METHODS = ("none", "tukey", "mvt", "dunnettx", "scheffe", "sidak", "bonferroni", *STEPWISE)

LOG2_DIRECTIONS = 15  # directions of the multivariate t distribution: errors of its probabilities are below 2e-4
CIRCLE = 1 << 16  # directions in a plane, where the function is known on all of them but for kinks: errors below 1e-8
MOST_NUMBERS = 4_000_000  # that are held at once
RANK = 1e-9  # eigenvalue of correlations up to which it is 0
TWO = 2  # means of one pair
WIDEST = 1e6  # quantiles that are searched for


def checked_adjust(adjust: Any) -> str:
    """Return the name of an adjustment: one of `METHODS`, ``"none"`` for None.

    Raises
    ------
    ArgumentError

    Examples
    --------
    >>> checked_adjust(None), checked_adjust("Bonferroni"), checked_adjust("bh")
    ('none', 'bonferroni', 'BH')
    """
    if adjust is None:
        return "none"
    known = {name.lower(): name for name in METHODS}
    if not isinstance(adjust, str) or adjust.lower() not in known:
        hint = suggest(adjust, METHODS) if isinstance(adjust, str) else ""
        raise ArgumentError(f"adjust= is one of {', '.join(METHODS)}, or None; got {adjust!r}.{hint}")
    return known[adjust.lower()]


@dataclass(frozen=True, eq=False)
class Simultaneous:
    """A family of estimates.

    Attributes
    ----------
    df : ndarray, shape (k,)
        Degrees of freedom; infinite for the normal distribution.
    correlation : ndarray, shape (k, k)
        Of the estimates.
    means : int
        How many means are compared by pairs.
    """

    df: np.ndarray
    correlation: np.ndarray
    means: int

    @property
    def size(self) -> int:
        """How many estimates there are."""
        return len(self.df)

    @cached_property
    def root(self) -> np.ndarray:
        """What makes the correlations: shape (k, rank)."""
        values, vectors = np.linalg.eigh(self.correlation)
        there = values > RANK * max(values.max(initial=0.0), 1.0)
        return np.asarray(vectors[:, there] * np.sqrt(values[there]))

    @cached_property
    def reach(self) -> np.ndarray:
        """Along each of many directions, the largest size that an estimate has, in standard errors of a unit vector.

        Where T has the multivariate t distribution of rank r, it is a random direction times a length whose square
        over r has the F distribution, so that ``P(max |T| > t)`` is the mean over directions of
        ``P(F > (t / reach)² / r)`` (Genz & Bretz 2009, *Computation of Multivariate Normal and t Probabilities*,
        section 4.1).
        """
        rank = self.root.shape[1]
        if rank == 1:
            return np.abs(self.root).max(axis=0)
        if rank == 2:
            angle = np.pi * (np.arange(CIRCLE) + 0.5) / CIRCLE
            directions = np.column_stack([np.cos(angle), np.sin(angle)])
        else:
            even = scipy.stats.qmc.Sobol(rank, scramble=False).random_base2(LOG2_DIRECTIONS)
            normal = scipy.special.ndtri(even + 0.5 / len(even))
            directions = normal / np.sqrt((normal * normal).sum(axis=1, keepdims=True))
        step = max(1, MOST_NUMBERS // self.size)
        parts = [np.abs(directions[k : k + step] @ self.root.T).max(axis=1) for k in range(0, len(directions), step)]
        return np.concatenate(parts)

    def alone(self, method: str) -> bool:
        """Whether there is nothing to adjust for; of a family of pairs those that are not estimable count."""
        return self.size <= 1 and not (method == "tukey" and self.means > TWO)

    def pvalues(self, t: np.ndarray, method: str) -> np.ndarray:
        """Two-sided p values of t statistics, shape (k,)."""
        single = 2.0 * scipy.stats.t.sf(np.abs(t), self.df)
        if method == "none" or self.alone(method):
            return np.asarray(single)
        if method in STEPWISE:
            return stepwise(single, method)
        if method == "bonferroni":
            return np.minimum(1.0, self.size * single)
        if method == "sidak":
            return np.asarray(-np.expm1(self.size * np.log1p(-single)))
        return np.array([self.tail(abs(one), df, method) for one, df in zip(t, self.df, strict=True)])

    def quantiles(self, level: float, method: str) -> np.ndarray:
        """By how many standard errors intervals of a simultaneous coverage extend, shape (k,).

        Of the methods that have no intervals those of Bonferroni are taken.
        """
        tail = 1.0 - level
        if method == "none" or self.alone(method):
            return np.asarray(scipy.stats.t.isf(0.5 * tail, self.df))
        if method == "bonferroni" or method in STEPWISE:
            return np.asarray(scipy.stats.t.isf(0.5 * tail / self.size, self.df))
        if method == "sidak":
            return np.asarray(scipy.stats.t.isf(-0.5 * np.expm1(np.log(level) / self.size), self.df))
        found = {df: self._quantile(tail, df, method) for df in dict.fromkeys(self.df.tolist())}
        return np.array([found[df] for df in self.df.tolist()])

    def tail(self, t: float, df: float, method: str) -> float:
        """Probability that the largest of the family's t statistics is larger: NaN without degrees of freedom."""
        if np.isnan(df) or np.isnan(t):
            return np.nan
        if method == "tukey":
            return float(scipy.stats.studentized_range.sf(np.sqrt(2.0) * t, self.means, df))
        if method == "scheffe":
            rank = self.root.shape[1]
            return _f_tail(t * t / rank, rank, df)
        if method == "dunnettx":
            return _dunnett(t, self.size, df)
        rank = self.root.shape[1]
        with np.errstate(divide="ignore"):
            return float(np.mean(_f_tail(np.square(t / self.reach) / rank, rank, df)))

    def _quantile(self, tail: float, df: float, method: str) -> float:
        if np.isnan(df):
            return np.nan
        if method == "scheffe":
            rank = self.root.shape[1]
            quantile = scipy.stats.chi2.isf(tail, rank) / rank if np.isinf(df) else scipy.stats.f.isf(tail, rank, df)
            return float(np.sqrt(rank * quantile))
        low = float(scipy.stats.t.isf(0.5 * tail, df))
        pairs = self.means * (self.means - 1) // 2 if method == "tukey" else self.size
        high = float(scipy.stats.t.isf(0.5 * tail / pairs, df)) + 1.0  # Bonferroni's is the largest
        return float(
            scipy.optimize.brentq(lambda t: self.tail(t, df, method) - tail, 0.5 * low, min(high, WIDEST), xtol=1e-9)
        )


def _f_tail(value: Any, rank: int, df: float) -> Any:
    """Upper tail probability of the F distribution, or of chi squared over its degrees of freedom."""
    return scipy.special.chdtrc(rank, rank * value) if np.isinf(df) else scipy.special.fdtrc(rank, df, value)


def _dunnett(t: float, size: int, df: float) -> float:
    """Tail probability of the largest of t statistics whose correlations are 0.5, approximately: emmeans' ``dunnettx``.

    A mean of two tail probabilities: of the studentized range of as many means as have this number of pairs, and of
    independent statistics.
    """
    means, share = 0.5 * (1.0 + np.sqrt(1.0 + 8.0 * size)), (size - 1.0) / size
    independent = -np.expm1(size * np.log1p(-2.0 * scipy.stats.t.sf(t, df)))
    return float(share * scipy.stats.studentized_range.sf(np.sqrt(2.0) * t, means, df) + (1.0 - share) * independent)


def stepwise(pvalues: np.ndarray, method: str) -> np.ndarray:
    """Adjust p values in their order, as R's ``p.adjust``; those that are missing do not count.

    Examples
    --------
    >>> stepwise(np.array([0.01, 0.04, 0.03]), "holm").round(3).tolist()
    [0.03, 0.06, 0.06]
    >>> stepwise(np.array([0.01, 0.04, 0.03]), "BH").round(3).tolist()
    [0.03, 0.04, 0.04]
    """
    out = pvalues.copy()
    there = ~np.isnan(pvalues)
    order = np.argsort(pvalues[there])
    p, n = pvalues[there][order], int(there.sum())
    rank = np.arange(1, n + 1)
    if method == "holm":
        found = np.maximum.accumulate((n - rank + 1) * p)
    elif method == "hommel":
        found = _hommel(p)
    else:
        harmonic = float((1.0 / rank).sum()) if method == "BY" else 1.0
        factor = n - rank + 1.0 if method == "hochberg" else harmonic * n / rank
        found = np.minimum.accumulate((factor * p)[::-1])[::-1]
    back = np.empty(n)
    back[order] = np.minimum(1.0, found)
    out[there] = back
    return out


def _hommel(p: np.ndarray) -> np.ndarray:
    """Hommel's method for sorted p values: the largest of Simes' tests of all sets that contain each.

    Of sets of m that contain the i-th, the one with the largest p value has the largest others.
    """
    n = len(p)
    found = p.copy()
    for m in range(2, n + 1):
        top = p[n - m + 1 :]  # the m - 1 largest
        others = float(np.min(m * top / np.arange(2, m + 1)))
        simes = np.minimum(others, m * p)
        inside = np.arange(n) > n - m
        simes[inside] = min(others, m * p[n - m])
        found = np.maximum(found, simes)
    return found
