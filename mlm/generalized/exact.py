"""Parts of log densities without the cancellation of large terms that the textbook's formulas have.

Loader, C. (2000). Fast and accurate computation of binomial probabilities. The error of Stirling's formula, and the
deviance of a count from its mean, are computed as such; a log density is their sum.
"""

from __future__ import annotations

import numpy as np
from scipy import special

__all__ = ["DIGAMMA", "LOG_TWO_PI", "excess", "log_over_digamma", "relative_entropy", "stirling_error"]

LOG_TWO_PI = float(np.log(2 * np.pi))
# Share of its size below which a difference is so small that the logarithm of its sum with 1 is taken by its series,
# and the terms of the series: (0.1 / 2.1)^(2k) is below a float's digits from the seventh on.
SMALL_SHARE, TERMS = 0.1, 7
# Number from which on Stirling's series of five terms has all digits of a float.
STIRLING_FROM = 30.0
STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188)
# ... and the series of the digamma function, beyond log n - 1 / (2 n).
DIGAMMA = (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132)


def excess(share: np.ndarray) -> np.ndarray:
    """Return ``share - log(1 + share)``, 0 or more, with all digits where the share is small.

    Examples
    --------
    >>> f"{excess(np.array(1e-9)):.10g}"
    '4.999999997e-19'
    """
    share = np.asarray(share, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.asarray(share - np.log1p(share))
    small = np.abs(share) < SMALL_SHARE
    if small.any():
        d = share[small]
        r = d / (2.0 + d)
        square, series = r * r, np.zeros_like(r)
        for k in range(TERMS, 0, -1):
            series = square * (1.0 / (2 * k + 1) + series)
        found[small] = r * (d - 2.0 * series)
    return found


def relative_entropy(y: np.ndarray, mu: np.ndarray) -> np.ndarray:
    """Return ``y log(y / mu) - (y - mu)``, 0 or more: half the deviance of a count from its mean.

    Examples
    --------
    >>> relative_entropy(np.array([0.0, 2.0]), np.array([3.0, 2.0])).tolist()
    [3.0, 0.0]
    """
    y, mu = np.broadcast_arrays(np.asarray(y, dtype=float), np.asarray(mu, dtype=float))
    found = np.array(mu)
    some = y > 0
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        share = (mu[some] - y[some]) / y[some]
        close = y[some] * excess(share)
    # where a mean is so small that the share is -1 to rounding, the logarithm of the quotient still has its digits
    far = share < -0.5
    if far.any():
        with np.errstate(divide="ignore"):
            close[far] = y[some][far] * (share[far] + np.log(y[some][far]) - np.log(mu[some][far]))
    found[some] = close
    return found


def stirling_error(n: np.ndarray) -> np.ndarray:
    """Return what Stirling's formula lacks of ``log n!``; 0 for n = 0, where the formula is not used.

    Examples
    --------
    >>> stirling_error(np.array([1.0, 1e6])).round(12).tolist()
    [0.081061466795, 8.3333e-08]
    """
    n = np.asarray(n, dtype=float)
    safe = np.where(n > 0, n, 1.0)
    direct = special.gammaln(safe + 1.0) - (safe + 0.5) * np.log(safe) + safe - 0.5 * np.log(2 * np.pi)
    square, series = safe * safe, np.zeros_like(safe)
    for coefficient in reversed(STIRLING):
        series = coefficient + series / square
    return np.where(n > 0, np.where(n < STIRLING_FROM, direct, series / safe), 0.0)


def log_over_digamma(n: float) -> float:
    """Return ``log n - digamma(n)`` with all digits, which is about 1 / (2 n) where n is large.

    Examples
    --------
    >>> f"{log_over_digamma(1e14):.10g}", f"{log_over_digamma(1.0):.10g}"
    ('5e-15', '0.5772156649')
    """
    if n < STIRLING_FROM:
        return float(np.log(n) - special.digamma(n))
    square, series = n * n, 0.0
    for coefficient in reversed(DIGAMMA):
        series = coefficient + series / square
    return 0.5 / n + series / square
