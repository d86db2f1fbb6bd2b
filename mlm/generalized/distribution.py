"""What every family of distributions can be asked: how the variance follows from the mean, deviances and likelihoods.

What is asked at a mean is a method with `mu`; what a fit asks at a linear predictor (`score`, `working_weights`,
`deviances_at`) has all its digits also where the mean is rounded, for example a probability to 1.

McCullagh, P. & Nelder, J. A. (1989). *Generalized Linear Models*, 2nd ed., chapter 2, tables 2.1 and 2.3.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from .link import Link

__all__ = ["Family"]


@dataclass(frozen=True)
class Family(ABC):
    """A family of distributions with a link; arrays are of shape (n,), one number per row.

    Attributes
    ----------
    link : Link
    theta : float or None
        Of the negative binomial family: the variance is ``mu + mu² / theta``.
    name : str
        As R calls it.
    links : tuple of str
        Links that it can have, its own first.
    has_scale : bool
        Whether it has a dispersion that is estimated.
    """

    link: Link
    theta: float | None = None

    name: ClassVar[str]
    links: ClassVar[tuple[str, ...]]
    has_scale: ClassVar[bool] = False
    lower: ClassVar[float] = 0.0
    upper: ClassVar[float] = np.inf

    @property
    def label(self) -> str:
        """The name as R prints it."""
        return self.name

    def with_theta(self, theta: float) -> Family:
        """Return the family with another theta."""
        return replace(self, theta=float(theta))

    @abstractmethod
    def variance(self, mu: np.ndarray) -> np.ndarray:
        """Variance of a row of weight 1, over the dispersion."""

    @abstractmethod
    def variance_derivative(self, mu: np.ndarray) -> np.ndarray:
        """Derivative of the variance function by the mean."""

    @abstractmethod
    def unit_deviances(self, y: np.ndarray, mu: np.ndarray) -> np.ndarray:
        """Twice the log likelihood that a row of weight 1 and dispersion 1 loses to its best mean; 0 or more."""

    def minus_two_log_likelihood(
        self,
        y: np.ndarray,
        mu: np.ndarray,
        weights: np.ndarray,
        dispersion: float = 1.0,
        trials: np.ndarray | None = None,
    ) -> float:
        """Minus twice the log density of all rows, with all its constants.

        Parameters
        ----------
        y, mu, weights : ndarray, shape (n,)
        dispersion : float
            Of families that have one.
        trials : ndarray, shape (n,), optional
            Of the binomial family, where they are not the weights: those are then trials times weights of the user's.

        Returns
        -------
        float
            R's ``family()$aic()``, at its dispersion, less 2 for the dispersion.
        """
        return float(np.sum(weights * self.minus_two_log_densities(y, mu, dispersion)))

    def least_minus_two_log_likelihood(
        self, y: np.ndarray, weights: np.ndarray, trials: np.ndarray | None = None
    ) -> float:
        """Minus twice the log density of all rows at means that are the response; without a dispersion."""
        return self.minus_two_log_likelihood(y, y, weights, trials=trials)

    @abstractmethod
    def minus_two_log_densities(self, y: np.ndarray, mu: np.ndarray, dispersion: Any) -> np.ndarray:
        """Minus twice the log density of each row of weight 1; of shares of successes, of single trials."""

    @abstractmethod
    def start(self, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Means from which a fit can start, near the response and within the family's range."""

    @abstractmethod
    def draw(
        self,
        rng: np.random.Generator,
        mu: np.ndarray,
        weights: np.ndarray,
        dispersion: float = 1.0,
        trials: np.ndarray | None = None,
    ) -> np.ndarray:
        """Draw a response with these means; arguments as for `minus_two_log_likelihood`.

        A weight divides the dispersion of families that have one, and changes nothing of counts.
        """

    def deviance_residuals_squared(self, y: np.ndarray, mu: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Deviance of each row, weighted."""
        return weights * self.unit_deviances(y, mu)

    def spread(self, mu: np.ndarray) -> np.ndarray:
        """Square root of the variance function."""
        return np.sqrt(self.variance(mu))

    def admitted(self, eta: np.ndarray) -> np.ndarray:
        """Which of these linear predictors have means that the family can have."""
        found = self.link.domain(eta)
        with np.errstate(all="ignore"):  # there may be no mean in rows that are none of these
            mu = self.link.inverse(eta)
            return found & np.isfinite(mu) & (mu > self.lower) & (mu < self.upper)

    @property
    def takes_any_predictor(self) -> bool:
        """Whether each linear predictor has a mean of the family."""
        return bool(self.link.unit) and (self.link.name != "log" or np.isinf(self.upper))

    @property
    def may_vanish(self) -> bool:
        """Whether means can run to 0 because the response is 0 or less there, as its logarithm's inverse cannot be."""
        return self.lower < 0.0 and self.link.name == "log"

    def admits(self, eta: np.ndarray) -> bool:
        """Whether these linear predictors have means that the family can have."""
        return bool(self.admitted(eta).all())

    def means(self, eta: np.ndarray) -> np.ndarray:
        """Means at linear predictors; NaN where the family can have none."""
        with np.errstate(all="ignore"):
            return np.where(self.admitted(eta), self.link.inverse(eta), np.nan)

    def residual(self, y: np.ndarray, eta: np.ndarray) -> np.ndarray:
        """Differences of a response from its means."""
        return y - self.link.inverse(eta)

    def room(self, eta: np.ndarray) -> np.ndarray:
        """Distances of means from the nearer end of their range."""
        return np.abs(self.link.inverse(eta))

    def score(self, y: np.ndarray, eta: np.ndarray) -> np.ndarray:
        """Derivative of the log likelihood of rows of weight 1 by the linear predictor, times the dispersion."""
        mu = self.link.inverse(eta)
        spread = self.spread(mu)
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            return (y - mu) / spread * (self.link.derivative(eta) / spread)

    def working_weights(self, eta: np.ndarray) -> np.ndarray:
        """Expected information of rows of weight 1 about the linear predictor, times the dispersion."""
        mu = self.link.inverse(eta)
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            return np.square(self.link.derivative(eta) / self.spread(mu))

    def curvature(self, y: np.ndarray, eta: np.ndarray) -> np.ndarray:
        """Observed information of rows of weight 1 about the linear predictor, times the dispersion."""
        work = self.working_weights(eta)
        with np.errstate(all="ignore"):
            mu, slope = self.link.inverse(eta), self.link.derivative(eta)
            bent = self.link.bend(eta) - slope * self.variance_derivative(mu) / self.variance(mu)
            found = work - self.score(y, eta) * bent
        return np.where(np.isfinite(found), found, work)  # at the ends of the range the expected one stays

    def deviances_at(self, y: np.ndarray, eta: np.ndarray) -> np.ndarray:
        """Unit deviances at linear predictors."""
        return self.unit_deviances(y, self.link.inverse(eta))

    def minus_two_log_likelihood_at(
        self,
        y: np.ndarray,
        eta: np.ndarray,
        weights: np.ndarray,
        dispersion: float = 1.0,
        trials: np.ndarray | None = None,
    ) -> float:
        """Minus twice the log density of all rows at linear predictors: see `minus_two_log_likelihood`."""
        return self.minus_two_log_likelihood(y, self.link.inverse(eta), weights, dispersion, trials)

    def likely_dispersion(self, deviance: float, weights: np.ndarray) -> float:
        """Dispersion at which R states the likelihood: the deviance over the sum of weights; 1 where there is none."""
        return deviance / float(np.sum(weights)) if self.has_scale else 1.0
