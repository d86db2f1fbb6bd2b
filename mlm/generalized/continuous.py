"""Families of continuous numbers: normal, gamma, inverse Gaussian."""

from __future__ import annotations

from typing import Any

import numpy as np

from .distribution import Family
from .exact import LOG_TWO_PI, relative_entropy, stirling_error

__all__ = ["CONTINUOUS"]


class Gaussian(Family):
    """The normal distribution."""

    name, links, has_scale = "gaussian", ("identity", "log", "inverse"), True
    lower = -np.inf

    def variance(self, mu: np.ndarray) -> np.ndarray:
        return np.ones_like(mu, dtype=float)

    def variance_derivative(self, mu: np.ndarray) -> np.ndarray:
        return np.zeros_like(mu, dtype=float)

    def unit_deviances(self, y: np.ndarray, mu: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore"):
            return np.square(y - mu)

    def minus_two_log_likelihood(
        self,
        y: np.ndarray,
        mu: np.ndarray,
        weights: np.ndarray,
        dispersion: float = 1.0,
        trials: np.ndarray | None = None,
    ) -> float:
        # a weight divides the variance here, and counts rows of the other families
        densities = self.minus_two_log_densities(y, mu, dispersion / weights)
        return float(np.sum(densities))

    def minus_two_log_densities(self, y: np.ndarray, mu: np.ndarray, dispersion: Any) -> np.ndarray:
        return LOG_TWO_PI + np.log(dispersion) + self.unit_deviances(y, mu) / dispersion

    def draw(
        self,
        rng: np.random.Generator,
        mu: np.ndarray,
        weights: np.ndarray,
        dispersion: float = 1.0,
        trials: np.ndarray | None = None,
    ) -> np.ndarray:
        return rng.normal(mu, np.sqrt(dispersion / weights))

    def start(self, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
        if self.link.name == "identity":
            return np.array(y, dtype=float)
        size = float(np.mean(np.abs(y))) or 1.0  # a logarithm has no mean of 0 or below, an inverse none of 0
        sign = np.where(y < 0.0, -1.0, 1.0) if self.link.name == "inverse" else 1.0
        return sign * np.maximum(sign * y, 0.1 * size)

    def likely_dispersion(self, deviance: float, weights: np.ndarray) -> float:
        return deviance / len(weights)


class Gamma(Family):
    """Positive numbers whose standard deviation is a share of their mean."""

    name, links, has_scale = "Gamma", ("inverse", "log", "identity"), True

    def variance(self, mu: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore"):
            return np.square(mu)

    def variance_derivative(self, mu: np.ndarray) -> np.ndarray:
        return 2.0 * mu

    def spread(self, mu: np.ndarray) -> np.ndarray:
        return np.array(mu, dtype=float)

    def unit_deviances(self, y: np.ndarray, mu: np.ndarray) -> np.ndarray:
        return 2.0 * relative_entropy(mu, y) / mu  # the deviance of a count with the two exchanged, for a mean of 1

    def minus_two_log_densities(self, y: np.ndarray, mu: np.ndarray, dispersion: float) -> np.ndarray:
        # the density of shape s at its mean is s^s e^-s / Gamma(s), by the size of y; Gamma(s) = Gamma(s + 1) / s
        shape = np.array(1.0 / dispersion)
        at_mean = 2.0 * stirling_error(shape) + LOG_TWO_PI - np.log(shape) + 2.0 * np.log(y)
        return self.unit_deviances(y, mu) / dispersion + at_mean

    def draw(
        self,
        rng: np.random.Generator,
        mu: np.ndarray,
        weights: np.ndarray,
        dispersion: float = 1.0,
        trials: np.ndarray | None = None,
    ) -> np.ndarray:
        shape = weights / dispersion
        return rng.gamma(shape, mu / shape)

    def start(self, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
        return np.array(y, dtype=float)


class InverseGaussian(Family):
    """Positive numbers whose variance grows with the third power of the mean."""

    name, links, has_scale = "inverse.gaussian", ("1/mu^2", "inverse", "log", "identity"), True

    def variance(self, mu: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore"):
            return np.power(mu, 3)

    def variance_derivative(self, mu: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore"):
            return 3.0 * np.square(mu)

    def spread(self, mu: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore"):
            return np.power(mu, 1.5)

    def unit_deviances(self, y: np.ndarray, mu: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore"):
            return np.square((y - mu) / mu) / y

    def minus_two_log_densities(self, y: np.ndarray, mu: np.ndarray, dispersion: float) -> np.ndarray:
        at_mean = LOG_TWO_PI + np.log(dispersion) + 3.0 * np.log(y)
        return self.unit_deviances(y, mu) / dispersion + at_mean

    def draw(
        self,
        rng: np.random.Generator,
        mu: np.ndarray,
        weights: np.ndarray,
        dispersion: float = 1.0,
        trials: np.ndarray | None = None,
    ) -> np.ndarray:
        return rng.wald(mu, weights / dispersion)

    def start(self, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
        return np.array(y, dtype=float)


CONTINUOUS = (Gamma, InverseGaussian, Gaussian)
