"""Theta of the negative binomial family by maximum likelihood.

Venables, W. N. & Ripley, B. D. (2002). *Modern Applied Statistics with S*, 4th ed., section 7.4.
"""

from __future__ import annotations

import numpy as np
import scipy
from scipy import special

from .distribution import Family
from .irls import Estimate, estimate
from .response import Response

__all__ = ["estimate_with_theta", "likely_theta"]

# Between these, as shares of the mean of the counts, theta is looked for: the variance is then a million times the
# Poisson one, or larger than it by a millionth.
LEAST_SHARE, MOST_SHARE = 1e-6, 1e6
SAME_THETA, ROUNDS = 1e-10, 100  # change of theta, as a share, that ends the search for both; and rounds at most


def likely_theta(y: np.ndarray, mu: np.ndarray, weights: np.ndarray) -> float:
    """Return the theta of the largest likelihood, at means.

    Parameters
    ----------
    y, mu, weights : ndarray, shape (n,)

    Returns
    -------
    float
        Infinite, when the counts vary no more than Poisson ones.

    Examples
    --------
    >>> y = np.array([0.0, 1.0, 7.0, 0.0])
    >>> round(likely_theta(y, np.full(4, 2.0), np.ones(4)), 4)
    0.3696
    """

    def slope(log_theta: float) -> float:
        theta = np.exp(log_theta)
        found = special.digamma(theta + y) - special.digamma(theta) - np.log1p(mu / theta) - (y - mu) / (mu + theta)
        return float(weights @ found)

    size = float(np.average(mu, weights=weights))
    low, high = np.log(LEAST_SHARE * size), np.log(MOST_SHARE * max(size, 1.0))
    if slope(high) >= 0:
        return np.inf
    if slope(low) <= 0:
        return float(np.exp(low))
    return float(np.exp(scipy.optimize.brentq(slope, low, high, xtol=1e-14, rtol=1e-14)))


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
        With its theta; where theta is infinite, with the largest that is looked for.
    found : Estimate or None
    """
    if family.name != "negative.binomial" or family.theta is not None:
        return family, estimate(x, response, offset, family)
    y, weights = response.values, response.weights
    largest = MOST_SHARE * max(float(np.average(y, weights=weights)), 1.0)
    known, found = family.with_theta(1.0), None
    for _ in range(ROUNDS):
        found = estimate(x, response, offset, known)
        if found is None or not found.converged:
            break
        theta = min(likely_theta(y, known.link.inverse(found.eta), weights), largest)
        before, known = known.theta, known.with_theta(theta)
        if before is not None and abs(theta - before) <= SAME_THETA * theta:
            break
    return known, found
