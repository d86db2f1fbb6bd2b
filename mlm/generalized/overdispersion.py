"""Theta of the negative binomial family by maximum likelihood.

Venables, W. N. & Ripley, B. D. (2002). *Modern Applied Statistics with S*, 4th ed., section 7.4. The score is written
with the differences in it taken before they are computed, so that it has its digits where the counts vary hardly more
than Poisson ones: with s = (y - mu) / (theta + mu), a row's is

    psi(theta + y) - psi(theta) - log(1 + y / theta) - (s - log(1 + s)).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import scipy
from scipy import special

from .distribution import Family
from .exact import DIGAMMA, excess
from .family import OVERDISPERSED, make_family
from .irls import Estimate, estimate
from .response import Response

__all__ = ["estimate_with_theta", "likely_theta", "theta_se"]

# Theta from which on digamma functions are taken by their asymptotic series, which has all digits.
SERIES_FROM = 30.0
# Theta is looked for between these, as shares of the least and of the largest of 1 and the counts and their means: at
# the upper one the variance is the Poisson one to a float's digits. Below the lower one it goes on while the score says
# so, a hundredfold at a time, down to the smallest.
LOW_SHARE, HIGH_SHARE, SMALLEST = 1e-6, 1e15, 1e-200
LAST_STEPS = 1  # that R makes in its last search for coefficients, which begins where the one before ended
FAR = -0.5  # difference of a count from its mean, as a share of mean and theta, that is far
STRIDE = 10.0  # from one theta to the next at which the sign of the score is looked at
# Change of theta, as a share of it or of its standard error, that ends the search for both; and rounds at most.
SAME_THETA, SAME_SHARE, ROUNDS = 1e-10, 1e-7, 100


def likely_theta(y: np.ndarray, mu: np.ndarray, weights: np.ndarray) -> float:
    """Return the theta of the largest likelihood, at means.

    Parameters
    ----------
    y, mu, weights : ndarray, shape (n,)

    Returns
    -------
    float
        Infinite, when no theta has a larger likelihood than the Poisson distribution.

    Examples
    --------
    >>> y = np.array([0.0, 1.0, 7.0, 0.0])
    >>> round(likely_theta(y, np.full(4, 2.0), np.ones(4)), 4)
    0.3696
    """
    if not (y > 0).any():  # any theta will do where the means are 0, as they are then
        return np.inf

    def slope(log_theta: float) -> float:
        return float(weights @ _score(np.exp(log_theta), y, mu))

    grid = _grid(y, mu, slope)
    signs = np.array([slope(at) > 0 for at in grid])
    peaks = [
        float(np.exp(scipy.optimize.brentq(slope, grid[k], grid[k + 1], xtol=1e-15, rtol=1e-14)))
        for k in np.flatnonzero(signs[:-1] & ~signs[1:])
    ]
    if signs[-1] or float(weights @ (y - np.square(y - mu))) >= 0:  # the score's limit, times twice theta squared
        peaks.append(np.inf)
    if len(peaks) < 2:
        return peaks[0] if peaks else float(np.exp(grid[0]))
    return min(peaks, key=lambda theta: _minus_two_log_likelihood(theta, y, mu, weights))


def _grid(y: np.ndarray, mu: np.ndarray, slope: Callable[[float], float]) -> np.ndarray:
    """Logarithms of theta, from where the likelihood rises to where the distribution is the Poisson one."""
    sizes = np.concatenate([[1.0], y[y > 0], mu[mu > 0]])
    low, high = np.log(LOW_SHARE * sizes.min()), np.log(HIGH_SHARE * sizes.max())
    while low > np.log(SMALLEST) and slope(low) <= 0:
        low -= 2 * np.log(STRIDE)
    return np.linspace(low, high, 2 + int((high - low) / np.log(STRIDE)))


def _score(theta: float, y: np.ndarray, mu: np.ndarray) -> np.ndarray:
    """Derivative of each row's log likelihood by theta."""
    share = (y - mu) / (theta + mu)
    # far below its mean a count's share is -1 to rounding, where the logarithm of the quotient has its digits
    lost = np.where(share < FAR, share - np.log((theta + y) / (theta + mu)), excess(np.maximum(share, FAR)))
    return _digamma_excess(theta, y) - lost


def _digamma_excess(theta: float, y: np.ndarray) -> np.ndarray:
    """What the difference of the digamma functions of theta + y and theta is above that of the logarithms."""
    if theta < SERIES_FROM:
        return special.digamma(theta + y) - special.digamma(theta) - np.log1p(y / theta)
    return y / (theta + y) / (2.0 * theta) + _series(theta, 0) - _series(theta + y, 0)


def _trigamma_excess(theta: float, y: np.ndarray) -> np.ndarray:
    """Its derivative by theta."""
    if theta < SERIES_FROM:
        return special.polygamma(1, theta + y) - special.polygamma(1, theta) + y / (theta + y) / theta
    both = theta + y
    half = y / both / theta * (1.0 / theta + 1.0 / both) / 2.0
    return _series(both, 1) - _series(theta, 1) - half


def _series(z: np.ndarray | float, order: int) -> np.ndarray:
    """What the asymptotic series of the digamma function, or minus its derivative, has beyond ``log z - 1 / (2 z)``."""
    inverse = 1.0 / np.square(np.asarray(z, dtype=float))
    total = np.zeros_like(inverse)
    for k in range(len(DIGAMMA), 0, -1):
        total = inverse * (DIGAMMA[k - 1] * (2.0 * k if order else 1.0) + total)
    return total / z if order else total


def _minus_two_log_likelihood(theta: float, y: np.ndarray, mu: np.ndarray, weights: np.ndarray) -> float:
    return make_family(OVERDISPERSED).with_theta(theta).minus_two_log_likelihood(y, mu, weights)


def theta_se(theta: float, y: np.ndarray, mu: np.ndarray, weights: np.ndarray) -> float:
    """Return the standard error of theta from the observed information at means, as in R's ``glm.nb``.

    Parameters
    ----------
    theta : float
    y, mu, weights : ndarray, shape (n,)

    Returns
    -------
    float
        NaN where theta is infinite, or the likelihood has no maximum there.

    Examples
    --------
    >>> y = np.array([0.0, 1.0, 7.0, 0.0])
    >>> round(theta_se(0.3696, y, np.full(4, 2.0), np.ones(4)), 3)
    0.395
    """
    if not np.isfinite(theta):
        return np.nan
    share = (y - mu) / (theta + mu)
    slope = float(weights @ (_trigamma_excess(theta, y) + np.square(share) / (theta + y)))
    return float(1.0 / np.sqrt(-slope)) if slope < 0 else np.nan


def estimate_with_theta(
    x: np.ndarray, response: Response, offset: np.ndarray | float, family: Family
) -> tuple[Family, Estimate | None]:
    """Maximise the likelihood over coefficients and theta in turn.

    Parameters
    ----------
    x, response, offset
        As for `estimate`.
    family : Family
        With a theta, which stays; the negative binomial one without it, of which theta is found; or another.

    Returns
    -------
    family : Family
        With its theta, which is infinite where the counts vary no more than Poisson ones.
    found : Estimate or None
    """
    if family.name != OVERDISPERSED or family.theta is not None:
        return family, estimate(x, response, offset, family)
    with np.errstate(all="ignore"):  # what is not a number is refused
        return _alternated(x, response, offset, family)


def _alternated(
    x: np.ndarray, response: Response, offset: np.ndarray | float, family: Family
) -> tuple[Family, Estimate | None]:
    """Coefficients and theta, each at the other, until neither moves."""
    y, weights = response.values, response.weights
    theta, known, found = 1.0, family.with_theta(1.0), None
    for _ in range(ROUNDS):
        found = estimate(x, response, offset, known)
        if found is None:
            return known, None
        mu, before = known.link.inverse(found.eta), theta
        theta = likely_theta(y, mu, weights)
        known = known.with_theta(theta)
        near = np.fmax(SAME_THETA * theta, SAME_SHARE * theta_se(theta, y, mu, weights))
        if theta == before or (np.isfinite(theta) and abs(theta - before) <= near):
            break
    else:
        found = None if found is None else replace(found, converged=False)
    return known, None if found is None else replace(found, steps=LAST_STEPS)
