"""Link functions: how the mean of a response follows from the linear predictor.

Each has the mean and its first two derivatives; those whose means are probabilities also have the logarithms of both
probabilities and of the first derivative, which are exact where the mean itself is rounded to 0 or 1.

McCullagh, P. & Nelder, J. A. (1989). *Generalized Linear Models*, 2nd ed., sections 2.2.4 and 4.3.1.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import MappingProxyType
from typing import ClassVar

import numpy as np
from scipy import special

__all__ = ["LINKS", "Link", "ProbabilityLink"]

# The linear predictor below which its exponential is no longer a float with all its digits, and above which it is none.
SMALLEST_LOG, LARGEST_LOG = -708.0, 709.0
HALF_LOG_TWO_PI, HALF_LOG_TWO_OVER_PI = 0.5 * float(np.log(2 * np.pi)), 0.5 * float(np.log(2 / np.pi))
SQRT_HALF = float(np.sqrt(0.5))


class Link(ABC):
    """A link function; all arrays have the shape of the argument.

    Attributes
    ----------
    name : str
        As R calls it.
    unit : float
        By what changes of a linear predictor are large: 1 where it has no unit, as a logarithm has none; 0 where it is
        in the response's, or in a power of it, and only its own size says.
    """

    name: ClassVar[str]
    unit: ClassVar[float] = 0.0

    def __repr__(self) -> str:
        return f"<Link {self.name}>"

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(self.name)

    @abstractmethod
    def link(self, mu: np.ndarray) -> np.ndarray:
        """Linear predictor of a mean."""

    @abstractmethod
    def inverse(self, eta: np.ndarray) -> np.ndarray:
        """Mean at a linear predictor."""

    @abstractmethod
    def derivative(self, eta: np.ndarray) -> np.ndarray:
        """First derivative of the mean by the linear predictor."""

    @abstractmethod
    def second_derivative(self, eta: np.ndarray) -> np.ndarray:
        """Second derivative of the mean by the linear predictor."""

    def bend(self, eta: np.ndarray) -> np.ndarray:
        """Second derivative over the first."""
        return self.second_derivative(eta) / self.derivative(eta)

    def domain(self, eta: np.ndarray) -> np.ndarray:
        """At which of these linear predictors there is a mean."""
        return np.isfinite(eta)

    def admits(self, eta: np.ndarray) -> bool:
        """Whether there is a mean at all these linear predictors."""
        return bool(self.domain(eta).all())


class Identity(Link):
    """The mean itself."""

    name = "identity"

    def link(self, mu: np.ndarray) -> np.ndarray:
        return np.array(mu, dtype=float)

    def inverse(self, eta: np.ndarray) -> np.ndarray:
        return np.array(eta, dtype=float)

    def derivative(self, eta: np.ndarray) -> np.ndarray:
        return np.ones_like(eta, dtype=float)

    def second_derivative(self, eta: np.ndarray) -> np.ndarray:
        return np.zeros_like(eta, dtype=float)


class Inverse(Link):
    """One over the mean."""

    name = "inverse"

    def link(self, mu: np.ndarray) -> np.ndarray:
        return 1.0 / mu

    def inverse(self, eta: np.ndarray) -> np.ndarray:
        return 1.0 / eta

    def derivative(self, eta: np.ndarray) -> np.ndarray:
        return -1.0 / np.square(eta)

    def second_derivative(self, eta: np.ndarray) -> np.ndarray:
        return 2.0 / np.power(eta, 3)

    def domain(self, eta: np.ndarray) -> np.ndarray:
        return super().domain(eta) & (np.asarray(eta) != 0)


class InverseSquare(Link):
    """One over the square of the mean."""

    name = "1/mu^2"

    def link(self, mu: np.ndarray) -> np.ndarray:
        return np.power(mu, -2.0)

    def inverse(self, eta: np.ndarray) -> np.ndarray:
        return np.power(eta, -0.5)

    def derivative(self, eta: np.ndarray) -> np.ndarray:
        return -0.5 * np.power(eta, -1.5)

    def second_derivative(self, eta: np.ndarray) -> np.ndarray:
        return 0.75 * np.power(eta, -2.5)

    def domain(self, eta: np.ndarray) -> np.ndarray:
        return super().domain(eta) & (np.asarray(eta) > 0)


class SquareRoot(Link):
    """The square root of the mean."""

    name = "sqrt"

    def link(self, mu: np.ndarray) -> np.ndarray:
        return np.sqrt(mu)

    def inverse(self, eta: np.ndarray) -> np.ndarray:
        return np.square(eta)

    def derivative(self, eta: np.ndarray) -> np.ndarray:
        return 2.0 * eta

    def second_derivative(self, eta: np.ndarray) -> np.ndarray:
        return np.full_like(eta, 2.0, dtype=float)

    def domain(self, eta: np.ndarray) -> np.ndarray:
        return super().domain(eta) & (np.asarray(eta) > 0)


class ProbabilityLink(Link):
    """A link of probabilities, with logarithms that are exact where a probability is rounded to 0 or 1."""

    unit = 1.0

    @abstractmethod
    def complement(self, eta: np.ndarray) -> np.ndarray:
        """One less the mean, with all its digits."""

    def log_mean(self, eta: np.ndarray) -> np.ndarray:
        """Logarithm of the mean."""
        return _log(self.inverse(eta), self.complement(eta))

    def log_complement(self, eta: np.ndarray) -> np.ndarray:
        """Logarithm of one less the mean."""
        return _log(self.complement(eta), self.inverse(eta))

    @abstractmethod
    def log_derivative(self, eta: np.ndarray) -> np.ndarray:
        """Logarithm of the first derivative of the mean."""

    def log_hazard(self, eta: np.ndarray) -> np.ndarray:
        """Logarithm of the first derivative of the mean over one less the mean."""
        return self.log_derivative(eta) - self.log_complement(eta)

    def log_rise(self, eta: np.ndarray) -> np.ndarray:
        """Logarithm of the first derivative of the mean over the mean."""
        return self.log_derivative(eta) - self.log_mean(eta)


class Log(ProbabilityLink):
    """The logarithm of the mean."""

    name = "log"

    def link(self, mu: np.ndarray) -> np.ndarray:
        return np.log(mu)

    def inverse(self, eta: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore"):
            return np.exp(np.maximum(eta, SMALLEST_LOG))

    def derivative(self, eta: np.ndarray) -> np.ndarray:
        return self.inverse(eta)

    def second_derivative(self, eta: np.ndarray) -> np.ndarray:
        return self.inverse(eta)

    def complement(self, eta: np.ndarray) -> np.ndarray:
        return -np.expm1(eta)

    def log_mean(self, eta: np.ndarray) -> np.ndarray:
        return np.array(eta, dtype=float)

    def log_derivative(self, eta: np.ndarray) -> np.ndarray:
        return np.array(eta, dtype=float)


class Logit(ProbabilityLink):
    """The logarithm of the odds."""

    name = "logit"

    def link(self, mu: np.ndarray) -> np.ndarray:
        return special.logit(mu)

    def inverse(self, eta: np.ndarray) -> np.ndarray:
        return special.expit(eta)

    def derivative(self, eta: np.ndarray) -> np.ndarray:
        return special.expit(eta) * special.expit(-eta)

    def second_derivative(self, eta: np.ndarray) -> np.ndarray:
        mu, rest = special.expit(eta), special.expit(-eta)
        return mu * rest * (rest - mu)

    def bend(self, eta: np.ndarray) -> np.ndarray:
        return special.expit(-eta) - special.expit(eta)

    def complement(self, eta: np.ndarray) -> np.ndarray:
        return special.expit(-eta)

    def log_mean(self, eta: np.ndarray) -> np.ndarray:
        return special.log_expit(eta)

    def log_complement(self, eta: np.ndarray) -> np.ndarray:
        return special.log_expit(-eta)

    def log_derivative(self, eta: np.ndarray) -> np.ndarray:
        return special.log_expit(eta) + special.log_expit(-eta)


class Probit(ProbabilityLink):
    """The quantile of the normal distribution."""

    name = "probit"

    def link(self, mu: np.ndarray) -> np.ndarray:
        return special.ndtri(mu)

    def inverse(self, eta: np.ndarray) -> np.ndarray:
        return special.ndtr(eta)

    def derivative(self, eta: np.ndarray) -> np.ndarray:
        return np.exp(self.log_derivative(eta))

    def second_derivative(self, eta: np.ndarray) -> np.ndarray:
        return -eta * self.derivative(eta)

    def bend(self, eta: np.ndarray) -> np.ndarray:
        return -np.asarray(eta, dtype=float)

    def complement(self, eta: np.ndarray) -> np.ndarray:
        return special.ndtr(-eta)

    def log_mean(self, eta: np.ndarray) -> np.ndarray:
        return special.log_ndtr(eta)

    def log_complement(self, eta: np.ndarray) -> np.ndarray:
        return special.log_ndtr(-eta)

    def log_derivative(self, eta: np.ndarray) -> np.ndarray:
        return -0.5 * np.square(eta) - HALF_LOG_TWO_PI

    def log_hazard(self, eta: np.ndarray) -> np.ndarray:
        # logarithms of the normal density and of its tail are large, and their difference is small
        return HALF_LOG_TWO_OVER_PI - np.log(special.erfcx(eta * SQRT_HALF))

    def log_rise(self, eta: np.ndarray) -> np.ndarray:
        return self.log_hazard(-eta)


class Cauchit(ProbabilityLink):
    """The quantile of the Cauchy distribution."""

    name = "cauchit"

    def link(self, mu: np.ndarray) -> np.ndarray:
        return -1.0 / np.tan(np.pi * mu)

    def inverse(self, eta: np.ndarray) -> np.ndarray:
        return np.arctan2(1.0, -eta) / np.pi

    def derivative(self, eta: np.ndarray) -> np.ndarray:
        return 1.0 / (np.pi * (1.0 + np.square(eta)))

    def second_derivative(self, eta: np.ndarray) -> np.ndarray:
        return -2.0 * np.pi * eta * np.square(self.derivative(eta))

    def bend(self, eta: np.ndarray) -> np.ndarray:
        return -2.0 * np.pi * eta * self.derivative(eta)

    def complement(self, eta: np.ndarray) -> np.ndarray:
        return np.arctan2(1.0, eta) / np.pi

    def log_derivative(self, eta: np.ndarray) -> np.ndarray:
        return -np.log(np.pi) - np.log1p(np.square(eta))


class ComplementaryLogLog(ProbabilityLink):
    """The logarithm of minus the logarithm of one less the mean."""

    name = "cloglog"

    def link(self, mu: np.ndarray) -> np.ndarray:
        return np.log(-np.log1p(-mu))

    def inverse(self, eta: np.ndarray) -> np.ndarray:
        return -np.expm1(self.log_complement(eta))

    def derivative(self, eta: np.ndarray) -> np.ndarray:
        return np.exp(self.log_derivative(eta))

    def second_derivative(self, eta: np.ndarray) -> np.ndarray:
        return self.derivative(eta) * (1.0 + self.log_complement(eta))

    def bend(self, eta: np.ndarray) -> np.ndarray:
        return 1.0 + self.log_complement(eta)

    def complement(self, eta: np.ndarray) -> np.ndarray:
        return np.exp(self.log_complement(eta))

    def log_mean(self, eta: np.ndarray) -> np.ndarray:
        # the mean is the exponential itself, to a float's digits, where that is small
        small = np.asarray(eta) < SMALLEST_LOG
        return np.where(small, eta, super().log_mean(np.maximum(eta, SMALLEST_LOG)))

    def log_complement(self, eta: np.ndarray) -> np.ndarray:
        return -np.exp(np.minimum(eta, LARGEST_LOG))

    def log_derivative(self, eta: np.ndarray) -> np.ndarray:
        return eta + self.log_complement(eta)

    def log_hazard(self, eta: np.ndarray) -> np.ndarray:
        return np.array(eta, dtype=float)


def _log(probability: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Logarithm of a probability, taken from the smaller one of it and its complement."""
    with np.errstate(divide="ignore"):
        return np.where(probability < other, np.log(probability), np.log1p(-np.minimum(other, 0.5)))


LINKS = MappingProxyType(
    {
        kind.name: kind()
        for kind in (Logit, Probit, ComplementaryLogLog, Cauchit, Log, Identity, Inverse, InverseSquare, SquareRoot)
    }
)
