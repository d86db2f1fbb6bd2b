"""Tail probabilities of intervals: statistics and degrees of freedom that are known as they were printed."""

from __future__ import annotations

import math
from collections.abc import Callable

import scipy.special as special

from replications.checking.intervals import Interval

LOST = 1e-9
"""What R's and SciPy's tail probabilities may differ by, as a share."""


def two_sided(t: Interval, df: Interval) -> Interval:
    """Return the p values of a t statistic; with infinitely many degrees of freedom those of a normal one.

    Examples
    --------
    >>> two_sided(Interval(1.959, 1.961), Interval(float("inf"), float("inf")))
    Interval(low=0.0498..., high=0.0501...)
    """
    t, df = t.magnitude, df.within(1e-3, math.inf)
    return _spread(_two_sided(t.high, df.high), _two_sided(t.low, df.low))


def _two_sided(t: float, df: float) -> float:
    if math.isinf(df):
        return math.erfc(t / math.sqrt(2))
    return float(special.betainc(df / 2, 0.5, df / (df + t * t))) if t else 1.0


def quantile(share: float, df: Interval) -> Interval:
    """Return the quantiles of the t distribution."""
    ends = [special.ndtri(share) if math.isinf(at) else special.stdtrit(at, share) for at in df.within(1e-3, math.inf)]
    return Interval(float(min(ends)), float(max(ends)))


def above_chisq(statistic: Interval, df: Interval) -> Interval:
    """Return the probabilities of a chi-squared variable above a statistic."""
    return _corners(lambda x, k: special.chdtrc(k, x) if x > 0 else 1.0, statistic, df.within(1e-3, math.inf))


def above_f(statistic: Interval, df1: Interval, df2: Interval) -> Interval:
    """Return the probabilities of an F variable above a statistic."""
    ends = [
        _corners(lambda x, k, n=n: special.fdtrc(k, n, x) if x > 0 else 1.0, statistic, df1)  # type: ignore[misc]
        for n in df2.within(1e-3, 1e12)
    ]
    return Interval(min(end.low for end in ends), max(end.high for end in ends))


def _corners(tail: Callable[[float, float], float], statistic: Interval, df: Interval) -> Interval:
    ends = [float(tail(x, k)) for x in statistic for k in df]
    return _spread(min(ends), max(ends))


def _spread(low: float, high: float) -> Interval:
    return Interval(low * (1 - LOST), min(1.0, high * (1 + LOST)))
