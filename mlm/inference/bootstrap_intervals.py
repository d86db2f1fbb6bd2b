"""Confidence intervals from the estimates of a bootstrap."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy

from ..errors import ArgumentError, brief, is_number, is_one_of, suggest

__all__ = ["KINDS", "demand_kind", "limits", "quantiles"]

KINDS = ("percentile", "basic", "normal")


def demand_kind(kind: Any) -> None:
    """Refuse intervals of another kind.

    Raises
    ------
    ArgumentError
        When there is no such kind.
    """
    if not is_one_of(kind, KINDS):
        hint = suggest(kind, KINDS) if isinstance(kind, str) else ""
        hint = f" Give the level by its name: level={kind}." if is_number(kind) and 0 < kind < 1 else hint
        raise ArgumentError(f"`kind` is one of {', '.join(map(repr, KINDS))}; got {brief(kind)}.{hint}")


def limits(estimates: np.ndarray, observed: float, level: float, kind: str) -> tuple[float, float]:
    """Limits of one parameter; NaN with fewer than two estimates that are numbers.

    Parameters
    ----------
    estimates : ndarray, shape (R,)
        Those that are not finite numbers do not count.
    observed : float
    level : float
        Coverage.
    kind : {"percentile", "basic", "normal"}

    References
    ----------
    Davison, A. C. & Hinkley, D. V. (1997). *Bootstrap Methods and their Application*, equations 5.5, 5.6 and 5.18.
    Cambridge.
    """
    values, tail = np.sort(estimates[np.isfinite(estimates)]), 0.5 * (1.0 - level)
    if len(values) < 2:
        return np.nan, np.nan
    if kind == "normal":
        center, reach = 2.0 * observed - values.mean(), scipy.stats.norm.isf(tail) * values.std(ddof=1)
        return center - reach, center + reach
    lower, upper = quantiles(values, [tail, 1.0 - tail])
    return (2.0 * observed - upper, 2.0 * observed - lower) if kind == "basic" else (lower, upper)


def quantiles(values: np.ndarray, shares: list[float]) -> list[float]:
    """Quantiles of sorted values, shape (R,), interpolated on the scale of normal quantiles.

    The value at place k, from 1, is that of the share ``k / (R + 1)``; between two the normal quantile of the share
    tells how far (Davison & Hinkley 1997, equation 5.8). Beyond the first and the last there is no telling, and these
    are given.

    Examples
    --------
    >>> quantiles(np.arange(1.0, 1000.0), [0.025, 0.5])
    [25.0, 500.0]
    """
    many, out = len(values), []
    for share in shares:
        place = (many + 1) * share
        k = int(np.floor(place + ROUNDING))
        if k < 1 or k >= many:
            out.append(float(values[0 if k < 1 else -1]))
            continue
        low, at, high = scipy.stats.norm.ppf([k / (many + 1), max(share, k / (many + 1)), (k + 1) / (many + 1)])
        out.append(float(values[k - 1] + (at - low) / (high - low) * (values[k] - values[k - 1])))
    return out


# Part of a place that is rounding: 0.975 of 1,000 is one less than 975 by 1e-13.
ROUNDING = 1e-9
