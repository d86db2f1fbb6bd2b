"""Families of shares and counts: binomial, Poisson, negative binomial."""

from __future__ import annotations

import numpy as np
from scipy import special

from ..errors import ArgumentError
from .distribution import Family
from .exact import LOG_TWO_PI, excess, relative_entropy, stirling_error
from .link import ProbabilityLink

__all__ = ["COUNTS"]

# Probabilities below which a number would not be a float with all its digits any more.
SMALLEST_MEAN = float(np.finfo(float).tiny)
# Distance of a mean from a count, as a share of count and theta, up to which their deviance is a difference of two.
NEAR = 0.5


class Binomial(Family):
    """Shares of successes; the weights are the numbers of trials."""

    name, links = "binomial", ("logit", "probit", "cloglog", "cauchit", "log")
    upper = 1.0

    @property
    def probability(self) -> ProbabilityLink:
        """The link, of a kind that has logarithms."""
        assert isinstance(self.link, ProbabilityLink)
        return self.link

    def variance(self, mu: np.ndarray) -> np.ndarray:
        return mu * (1.0 - mu)

    def variance_derivative(self, mu: np.ndarray) -> np.ndarray:
        return 1.0 - 2.0 * mu

    def unit_deviances(self, y: np.ndarray, mu: np.ndarray) -> np.ndarray:
        return 2.0 * (relative_entropy(y, mu) + relative_entropy(1.0 - y, 1.0 - mu))

    def minus_two_log_likelihood(
        self,
        y: np.ndarray,
        mu: np.ndarray,
        weights: np.ndarray,
        dispersion: float = 1.0,
        trials: np.ndarray | None = None,
    ) -> float:
        n = weights if trials is None else trials
        certain = (y == 0) | (y == 1)  # of one outcome any weight counts rows, and needs no rounding
        whole, successes = np.where(certain, n, np.rint(n)), np.where(certain, n * y, np.rint(n * y))
        share = np.divide(successes, whole, out=np.zeros_like(whole), where=whole > 0)
        each = whole * self.unit_deviances(share, mu) - 2.0 * _log_mass_at_its_mean(successes, whole)
        return float(np.sum(weights / n * each))

    def minus_two_log_densities(self, y: np.ndarray, mu: np.ndarray, dispersion: float) -> np.ndarray:
        return self.unit_deviances(y, mu)

    def start(self, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
        return (weights * y + 0.5) / (weights + 1.0)

    def admits(self, eta: np.ndarray) -> bool:
        below = self.link.name != "log" or bool((eta < 0).all())
        return self.link.admits(eta) and below

    def score(self, y: np.ndarray, eta: np.ndarray) -> np.ndarray:
        link = self.probability
        if link.name == "logit":
            return y - link.inverse(eta)
        with np.errstate(over="ignore", invalid="ignore"):
            up = np.where(y > 0, y * np.exp(link.log_rise(eta)), 0.0)
            return up - np.where(y < 1, (1.0 - y) * np.exp(link.log_hazard(eta)), 0.0)

    def working_weights(self, eta: np.ndarray) -> np.ndarray:
        link = self.probability
        if link.name == "logit":
            return link.derivative(eta)
        return np.exp(link.log_hazard(eta) + link.log_rise(eta))

    def deviances_at(self, y: np.ndarray, eta: np.ndarray) -> np.ndarray:
        link = self.probability
        certain = np.where(y > 0, link.log_mean(eta), link.log_complement(eta))
        within = (y > 0) & (y < 1)
        if not within.any():
            return -2.0 * certain
        mu, rest = link.inverse(eta), link.complement(eta)
        near = relative_entropy(y, mu) + relative_entropy(1.0 - y, rest)
        with np.errstate(invalid="ignore"):
            lost = -special.entr(y) - y * link.log_mean(eta)
            lost -= special.entr(1.0 - y) + (1.0 - y) * link.log_complement(eta)
        exact = np.where(np.minimum(mu, rest) > SMALLEST_MEAN, near, lost)
        return 2.0 * np.where(within, exact, -certain)


def _log_mass_at_its_mean(successes: np.ndarray, trials: np.ndarray) -> np.ndarray:
    """Log probability of a number of successes when its share is the probability."""
    failures = trials - successes
    inner = (successes > 0) & (failures > 0)
    spread = np.where(inner, successes, 1.0) * (np.where(inner, failures, 1.0) / np.where(inner, trials, 1.0))
    errors = stirling_error(trials) - stirling_error(successes) - stirling_error(failures)
    return np.where(inner, errors - 0.5 * (LOG_TWO_PI + np.log(spread)), 0.0)


class Poisson(Family):
    """Counts whose variance is their mean."""

    name, links = "poisson", ("log", "sqrt", "identity")

    def variance(self, mu: np.ndarray) -> np.ndarray:
        return np.array(mu, dtype=float)

    def variance_derivative(self, mu: np.ndarray) -> np.ndarray:
        return np.ones_like(mu, dtype=float)

    def unit_deviances(self, y: np.ndarray, mu: np.ndarray) -> np.ndarray:
        return 2.0 * relative_entropy(y, mu)

    def minus_two_log_densities(self, y: np.ndarray, mu: np.ndarray, dispersion: float) -> np.ndarray:
        at_mean = np.where(y > 0, 2.0 * stirling_error(y) + LOG_TWO_PI + np.log(np.where(y > 0, y, 1.0)), 0.0)
        return self.unit_deviances(y, mu) + at_mean

    def start(self, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
        return y + 0.1


class NegativeBinomial(Family):
    """Counts whose variance is ``mu + mu² / theta``."""

    name, links = "negative.binomial", ("log", "sqrt", "identity")

    @property
    def label(self) -> str:
        return f"Negative Binomial({round(self.size, 4):.7g})"

    @property
    def size(self) -> float:
        """Theta, which must be known by now.

        Raises
        ------
        ArgumentError
            When it is not.
        """
        if self.theta is None:
            raise ArgumentError("The negative binomial family has no theta yet: give one, or estimate it first.")
        return self.theta

    def variance(self, mu: np.ndarray) -> np.ndarray:
        return mu * (1.0 + mu / self.size)

    def variance_derivative(self, mu: np.ndarray) -> np.ndarray:
        return 1.0 + 2.0 * mu / self.size

    def spread(self, mu: np.ndarray) -> np.ndarray:
        return np.sqrt(mu) * np.sqrt(1.0 + mu / self.size)

    def unit_deviances(self, y: np.ndarray, mu: np.ndarray) -> np.ndarray:
        both = y + self.size
        share = (mu - y) / both
        # the deviance of a count from its mean, less that of the count and theta together; far apart these are large
        near = relative_entropy(y, mu) - both * excess(share)
        far = np.where(y > 0, y * np.log(np.where(y > 0, y, 1.0) / mu), 0.0) + both * np.log1p(share)
        return 2.0 * np.where(np.abs(share) < NEAR, near, far)

    def minus_two_log_densities(self, y: np.ndarray, mu: np.ndarray, dispersion: float) -> np.ndarray:
        theta = self.size
        safe = np.where(y > 0, y, 1.0)
        at_mean = 2.0 * (stirling_error(y) + stirling_error(np.array(theta)) - stirling_error(y + theta))
        at_mean += LOG_TWO_PI + np.log(safe) + np.log1p(safe / theta)
        return self.unit_deviances(y, mu) + np.where(y > 0, at_mean, 0.0)

    def start(self, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
        return y + (y == 0) / 6.0


COUNTS = (Binomial, Poisson, NegativeBinomial)
