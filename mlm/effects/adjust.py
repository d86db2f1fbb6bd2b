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

from ..errors import ArgumentError, brief, suggest
from .tails import ERROR, Largest, range_tail

__all__ = ["JOINT", "METHODS", "STEPWISE", "Simultaneous", "checked_adjust"]

STEPWISE = ("holm", "hochberg", "hommel", "BH", "fdr", "BY")
"""Methods that order the p values and have no intervals."""
JOINT = ("mvt", "scheffe")
"""Methods that depend on the correlations."""
METHODS = ("none", "tukey", "mvt", "dunnettx", "scheffe", "sidak", "bonferroni", *STEPWISE)

RANK = 1e-9  # eigenvalue of correlations up to which it is 0
WIDEST = 1e6  # quantiles that are searched for
DIRECT, STEPS = 6, (4, 8, 16)  # degrees of freedom that are searched for one by one; steps between which others are
CLOSE = 1e-9  # relative difference of quantiles at two numbers of nodes


def checked_adjust(adjust: Any) -> str:
    """Return the name of an adjustment: one of `METHODS`, ``"none"`` for None.

    Raises
    ------
    ArgumentError

    Examples
    --------
    >>> checked_adjust(None), checked_adjust("Bonf"), checked_adjust("bh")
    ('none', 'bonferroni', 'BH')
    """
    if adjust is None:
        return "none"
    known = {name.lower(): name for name in METHODS}
    text = adjust.lower() if isinstance(adjust, str) else ""
    meant = [text] if text in known else [name for name in known if text and name.startswith(text)]
    if len(meant) != 1:
        hint = suggest(adjust, METHODS) if isinstance(adjust, str) else ""
        raise ArgumentError(
            f"adjust= is one of {', '.join(METHODS)}, or the beginning of one of them, or None; "
            f"got {brief(adjust)}.{hint}"
        )
    return known[meant[0]]


@dataclass(frozen=True, eq=False)
class Simultaneous:
    """A family of estimates.

    Attributes
    ----------
    df : ndarray, shape (k,)
        Degrees of freedom; infinite for the normal distribution.
    correlation : ndarray, shape (k, k)
        Of the estimates; for methods in `JOINT`.
    means : int
        How many means are compared by pairs.
    size : int
        How many estimates the family has, those among them that do not follow from the fit; these count in all methods
        but Scheffé's and ``"mvt"``, which are of what the data tell.
    """

    df: np.ndarray
    correlation: np.ndarray
    means: int
    size: int

    @cached_property
    def rank(self) -> int:
        """Rank of the correlations."""
        values = np.linalg.eigvalsh(self.correlation)
        return int((values > RANK * max(values.max(initial=0.0), 1.0)).sum())

    @cached_property
    def largest(self) -> Largest:
        """The distribution of the largest size."""
        return Largest.of(self.correlation)

    def error(self, t: np.ndarray) -> float:
        """Largest error of probabilities of ``"mvt"`` at t statistics, shape (k,); 0 where all are below `ERROR`."""
        most = max((self.largest.error(abs(one), df) for one, df in zip(t, self.df, strict=True)), default=0.0)
        return most if most > ERROR else 0.0

    def pvalues(self, t: np.ndarray, method: str) -> np.ndarray:
        """Two-sided p values of t statistics, shape (k,)."""
        single = 2.0 * scipy.stats.t.sf(np.abs(t), self.df)
        if method == "none" or self.size <= 1:
            return np.asarray(single)
        if method in STEPWISE:
            lost = np.ones(self.size - len(single))
            return stepwise(np.concatenate([single, lost]), method)[: len(single)]
        if method == "bonferroni":
            return np.minimum(1.0, self.size * single)
        if method == "sidak":
            return np.asarray(-np.expm1(self.size * np.log1p(-single)))
        tails = [self.tail(abs(one), df, method) for one, df in zip(t, self.df, strict=True)]
        return np.maximum(np.array(tails), single)

    def quantiles(self, level: float, method: str) -> np.ndarray:
        """By how many standard errors intervals of a simultaneous coverage extend, shape (k,).

        Of the methods that have no intervals those of Bonferroni are taken.
        """
        tail = 1.0 - level
        if method == "none" or self.size <= 1:
            return np.asarray(scipy.stats.t.isf(0.5 * tail, self.df))
        if method == "bonferroni" or method in STEPWISE:
            return np.asarray(scipy.stats.t.isf(0.5 * tail / self.size, self.df))
        if method == "sidak":
            return np.asarray(scipy.stats.t.isf(-0.5 * np.expm1(np.log(level) / self.size), self.df))
        if method == "scheffe":
            several = np.isinf(self.df)
            f = scipy.stats.f.isf(tail, self.rank, np.where(several, 1.0, self.df))
            return np.sqrt(np.where(several, scipy.stats.chi2.isf(tail, self.rank), self.rank * f))
        return self._between(tail, method)

    def _between(self, tail: float, method: str) -> np.ndarray:
        """Quantiles of a few degrees of freedom one by one, of many between nodes of Chebyshev.

        They are smooth in one over the degrees of freedom.
        """
        out = np.full(len(self.df), np.nan)
        inverse, places = np.unique(1.0 / self.df[~np.isnan(self.df)], return_inverse=True)
        if len(inverse) <= DIRECT:
            found = np.array([self._quantile(tail, one, method) for one in inverse.tolist()])
        else:
            found = self._interpolated(tail, method, inverse)
        out[~np.isnan(self.df)] = found[places]
        return out

    def _interpolated(self, tail: float, method: str, inverse: np.ndarray) -> np.ndarray:
        """Quantiles from those at nodes, which are halved until two numbers of them agree."""
        low, high = float(inverse[0]), float(inverse[-1])
        known: dict[float, float] = {}
        before = np.full(len(inverse), np.nan)
        for count in STEPS:
            if count >= len(inverse):
                break
            places = [k / count for k in range(count + 1)]
            nodes = [0.5 * (low + high) - 0.5 * (high - low) * np.cos(np.pi * place) for place in places]
            for place, node in zip(places, nodes, strict=True):
                if place not in known:
                    known[place] = self._quantile(tail, max(node, low), method)
            values = [known[place] for place in places]
            found = np.asarray(scipy.interpolate.BarycentricInterpolator(nodes, values)(inverse))
            if (np.abs(found - before) <= CLOSE * found).all():
                return found
            before = found
        return np.array([self._quantile(tail, one, method) for one in inverse.tolist()])

    def tail(self, t: float, df: float, method: str) -> float:
        """Probability that the largest of the family's t statistics is larger: NaN without degrees of freedom."""
        if np.isnan(df) or np.isnan(t):
            return np.nan
        if method == "tukey":
            return range_tail(np.sqrt(2.0) * t, self.means, df)
        if method == "scheffe":
            square = t * t / self.rank
            of_f = scipy.special.fdtrc(self.rank, df, square)
            return float(scipy.special.chdtrc(self.rank, t * t) if np.isinf(df) else of_f)
        if method == "dunnettx":
            return _dunnett(t, self.size, df)
        return self.largest.tail(t, df)

    def _quantile(self, tail: float, inverse: float, method: str) -> float:
        """Quantile at one over the degrees of freedom."""
        df = 1.0 / inverse if inverse > 0.0 else np.inf
        low = float(scipy.stats.t.isf(0.5 * tail, df))
        pairs = self.means * (self.means - 1) // 2 if method == "tukey" else self.size
        high = float(scipy.stats.t.isf(0.5 * tail / pairs, df)) + 1.0  # Bonferroni's is the largest
        return float(
            scipy.optimize.brentq(
                lambda t: self.tail(t, df, method) - tail, 0.5 * low, min(high, WIDEST), xtol=1e-10, rtol=1e-10
            )
        )


def _dunnett(t: float, size: int, df: float) -> float:
    """Tail probability of the largest of t statistics whose correlations are 0.5, approximately: emmeans' ``dunnettx``.

    A mean of two tail probabilities: of the studentized range of as many means as have this number of pairs, and of
    independent statistics.
    """
    means, share = 0.5 * (1.0 + np.sqrt(1.0 + 8.0 * size)), (size - 1.0) / size
    independent = -np.expm1(size * np.log1p(-2.0 * scipy.stats.t.sf(t, df)))
    return float(share * range_tail(np.sqrt(2.0) * t, means, df) + (1.0 - share) * independent)


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
