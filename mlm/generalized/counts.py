"""Families of shares and counts: binomial, Poisson, negative binomial."""

from __future__ import annotations

import numpy as np
from scipy import special

from ..errors import ArgumentError, FitError
from .distribution import Family
from .exact import LOG_TWO_PI, excess, relative_entropy, stirling_error
from .link import ProbabilityLink

__all__ = ["COUNTS"]

# Least distance from 0 and 1 of a probability from which a fit starts.
EPSILON = float(np.finfo(float).eps)
# Probabilities below which a number would not be a float with all its digits any more.
SMALLEST_MEAN = float(np.finfo(float).tiny)
# Distance from a whole number up to which a number of trials is one, as R's of successes.
NEAR_WHOLE = 1e-3
# Differences of a count from its mean, as shares, up to which their deviance is a sum of terms of second order.
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
        lost = float(np.sum(weights * self.unit_deviances(y, mu)))
        return lost + self.least_minus_two_log_likelihood(y, weights, trials)

    def minus_two_log_likelihood_at(
        self,
        y: np.ndarray,
        eta: np.ndarray,
        weights: np.ndarray,
        dispersion: float = 1.0,
        trials: np.ndarray | None = None,
    ) -> float:
        lost = float(np.sum(weights * self.deviances_at(y, eta)))
        return lost + self.least_minus_two_log_likelihood(y, weights, trials)

    def least_minus_two_log_likelihood(
        self, y: np.ndarray, weights: np.ndarray, trials: np.ndarray | None = None
    ) -> float:
        n = weights if trials is None else trials
        return -2.0 * float(np.sum(weights / n * _log_mass_at_its_mean(n * y, n)))

    def minus_two_log_densities(self, y: np.ndarray, mu: np.ndarray, dispersion: float) -> np.ndarray:
        return self.unit_deviances(y, mu)

    def start(self, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
        return np.clip((weights * y + 0.5) / (weights + 1.0), EPSILON, 1.0 - EPSILON)

    def draw(
        self,
        rng: np.random.Generator,
        mu: np.ndarray,
        weights: np.ndarray,
        dispersion: float = 1.0,
        trials: np.ndarray | None = None,
    ) -> np.ndarray:
        n = np.rint(weights if trials is None else trials)
        broken = np.abs(n - (weights if trials is None else trials)) > NEAR_WHOLE
        if broken.any():
            raise FitError(
                f"Successes are drawn among whole numbers of trials; the weights of {int(broken.sum())} of "
                f"{len(broken)} rows are none."
            )
        return rng.binomial(n.astype(np.int64), mu) / n

    def admitted(self, eta: np.ndarray) -> np.ndarray:
        found = self.link.domain(eta)
        return found & (np.asarray(eta) < 0) if self.link.name == "log" else found

    def residual(self, y: np.ndarray, eta: np.ndarray) -> np.ndarray:
        mu, rest = self.link.inverse(eta), self.probability.complement(eta)
        return np.where(mu < rest, y - mu, rest - (1.0 - y))

    def room(self, eta: np.ndarray) -> np.ndarray:
        return np.minimum(self.link.inverse(eta), self.probability.complement(eta))

    def score(self, y: np.ndarray, eta: np.ndarray) -> np.ndarray:
        link = self.probability
        if link.name == "logit":
            return self.residual(y, eta)
        with np.errstate(over="ignore", invalid="ignore"):
            up = np.where(y > 0, y * np.exp(link.log_rise(eta)), 0.0)
            return up - np.where(y < 1, (1.0 - y) * np.exp(link.log_hazard(eta)), 0.0)

    def working_weights(self, eta: np.ndarray) -> np.ndarray:
        link = self.probability
        if link.name == "logit":
            return link.derivative(eta)
        return np.exp(link.log_hazard(eta) + link.log_rise(eta))

    def curvature(self, y: np.ndarray, eta: np.ndarray) -> np.ndarray:
        link, work = self.probability, self.working_weights(eta)
        if link.name == "logit":
            return work
        with np.errstate(all="ignore"):
            bend, rise, hazard = link.bend(eta), np.exp(link.log_rise(eta)), np.exp(link.log_hazard(eta))
            found = np.where(y > 0, y * rise * (rise - bend), 0.0)
            found += np.where(y < 1, (1.0 - y) * hazard * (hazard + bend), 0.0)
        return np.where(np.isfinite(found), found, work)

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
    errors = stirling_error(np.array([trials, successes, failures]))
    return np.where(inner, errors[0] - errors[1] - errors[2] - 0.5 * (LOG_TWO_PI + np.log(spread)), 0.0)


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

    def draw(
        self,
        rng: np.random.Generator,
        mu: np.ndarray,
        weights: np.ndarray,
        dispersion: float = 1.0,
        trials: np.ndarray | None = None,
    ) -> np.ndarray:
        return rng.poisson(mu).astype(float)

    def start(self, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
        return y + 0.1


class NegativeBinomial(Family):
    """Counts whose variance is ``mu + mu² / theta``: Poisson ones, where theta is infinite."""

    name, links = "negative.binomial", ("log", "sqrt", "identity")

    @property
    def label(self) -> str:
        return f"Negative Binomial({round(self.size, 4):.7g})" if np.isfinite(self.size) else "Negative Binomial(Inf)"

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
        if np.isinf(self.size):
            return 2.0 * relative_entropy(y, mu)
        theta = self.size
        # y log(1 + v) - theta log(1 + s), of which v and s are small near the mean, and v where counts are large
        with np.errstate(all="ignore"):
            s = (y - mu) / (theta + mu)
            v = theta / (y + theta) * ((y - mu) / mu)
            log_s = np.where(np.abs(s) < NEAR, np.log1p(s), np.log((theta + y) / (theta + mu)))
            log_v = np.where(np.abs(v) < NEAR, np.log1p(v), np.log(np.where(y > 0, y, 1.0) / mu) - log_s)
            near = theta * v * s - y * excess(v) + theta * excess(s)
            far = np.where(y > 0, y * log_v, 0.0) - theta * log_s
        return 2.0 * np.where((np.abs(s) < NEAR) & (np.abs(v) < NEAR), near, far)

    def minus_two_log_densities(self, y: np.ndarray, mu: np.ndarray, dispersion: float) -> np.ndarray:
        theta = self.size
        safe = np.where(y > 0, y, 1.0)
        at_mean = 2.0 * stirling_error(y) + LOG_TWO_PI + np.log(safe)
        if np.isfinite(theta):
            at_mean += 2.0 * (stirling_error(np.array(theta)) - stirling_error(y + theta)) + np.log1p(safe / theta)
        return self.unit_deviances(y, mu) + np.where(y > 0, at_mean, 0.0)

    def draw(
        self,
        rng: np.random.Generator,
        mu: np.ndarray,
        weights: np.ndarray,
        dispersion: float = 1.0,
        trials: np.ndarray | None = None,
    ) -> np.ndarray:
        if np.isinf(self.size):
            return rng.poisson(mu).astype(float)
        return rng.negative_binomial(self.size, self.size / (self.size + mu)).astype(float)

    def start(self, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
        return y + (y == 0) / 6.0


COUNTS = (Binomial, Poisson, NegativeBinomial)
