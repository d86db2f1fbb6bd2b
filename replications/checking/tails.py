"""Tail probabilities of intervals: statistics and degrees of freedom that are known as they were printed."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import scipy.special as special

from replications.checking.intervals import Interval

LOST = 1e-9
"""What R's and SciPy's tail probabilities may differ by, as a share."""
CANCELLED = 2.3e-16
"""What a p value loses that was computed as one less a probability, as ``pbkrtest`` and lmerTest before 3.0 do."""
POINTS = 9
"""At how many degrees of freedom within an interval the tail of F is tried."""


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


def above(t: Interval, df: Interval) -> Interval:
    """Return the probabilities of a t variable above a statistic: the p values of a right-tailed test.

    Examples
    --------
    >>> above(Interval(1.959, 1.961), Interval(float("inf"), float("inf")))
    Interval(low=0.0249..., high=0.0250...)
    """
    ends = [_above(x, k) for x in t for k in df.within(1e-3, math.inf)]
    return _spread(min(ends), max(ends))


def _above(t: float, df: float) -> float:
    half = _two_sided(abs(t), df) / 2
    return half if t >= 0 else 1 - half


def above_chisq(statistic: Interval, df: Interval) -> Interval:
    """Return the probabilities of a chi-squared variable above a statistic."""
    ends = [float(special.chdtrc(k, max(x, 0.0))) for x in statistic for k in df.within(1e-3, math.inf)]
    return _spread(min(ends), max(ends))


def above_f(statistic: Interval, df1: Interval, df2: Interval) -> Interval:
    """Return the probabilities of an F variable above a statistic.

    They fall with the statistic; in the degrees of freedom they may turn where F is near 1, so that these are tried at
    ``POINTS``, and by as much as the probabilities bend there more is allowed.

    Examples
    --------
    >>> above_f(Interval(1.2595, 1.2605), Interval(3, 3), Interval(435.285, 435.295))
    Interval(low=0.2874..., high=0.2878...)
    """
    lows, highs = (_over_degrees(x, df1, df2.within(1e-3, 1e12)) for x in (statistic.high, statistic.low))
    return _spread(max(lows.low, 0.0), highs.high)


def _over_degrees(x: float, df1: Interval, df2: Interval) -> Interval:
    ones, twos = _points(df1.within(1e-3, 1e12)), _points(df2)
    tails = {(k, n): float(special.fdtrc(k, n, x)) if x > 0 else 1.0 for k, n in product(ones, twos)}
    lines = [[tails[k, n] for n in twos] for k in ones] + [[tails[k, n] for k in ones] for n in twos]
    bend = max((float(abs(np.diff(line, 2)).max()) for line in lines if len(line) > 1), default=0.0)
    return Interval(min(tails.values()) - bend, max(tails.values()) + bend)


def _points(interval: Interval) -> list[float]:
    if interval.low == interval.high:
        return [interval.low]
    step = (interval.high - interval.low) / (POINTS - 1)
    return [interval.low + at * step for at in range(POINTS)]


def _spread(low: float, high: float) -> Interval:
    return Interval(low * (1 - LOST), min(1.0, high * (1 + LOST)))
