"""What a fit asks of each row at its linear predictor: deviance, score, weights and how these change."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy import special

from .distribution import Family
from .exact import log_over_digamma
from .units import Units

__all__ = ["AtRows", "Working"]

# Families with the link under which their expected and observed information are the same.
CANONICAL = {
    "binomial": "logit",
    "poisson": "log",
    "Gamma": "inverse",
    "inverse.gaussian": "1/mu^2",
    "gaussian": "identity",
}
EPSILON = float(np.finfo(float).eps)
LARGEST_LOG = 700.0  # of a mean that is still a float, with room for products
# Means of counts that are their predictors, as shares of the largest, up to which they are at the edge:
# levels of zeros have no mode within, and derivatives are rounding.
EDGE_SHARE = 1e-14
# Dispersion of a response near 1 that is rounding.
NO_DEVIANCE = 1e-15


class AtRows(NamedTuple):
    """The rows at their linear predictors, shape (n,).

    Attributes
    ----------
    eta : ndarray
    deviance : float
        Weighted deviances' sum; for shares and counts with their own link, up to a constant of the response.
    score : ndarray
        Derivative of minus half the deviance by the linear predictor.
    weights : ndarray
        Expected information about it.
    mean : ndarray or None
        Where it was computed on the way.
    """

    eta: np.ndarray
    deviance: float
    score: np.ndarray
    weights: np.ndarray
    mean: np.ndarray | None = None


class Working:
    """One family on one response.

    Parameters
    ----------
    family : Family
    y, weights : ndarray, shape (n,)
    trials : ndarray, shape (n,), optional
        Of a binomial response, where they are not the weights.
    units : Units, optional
        Of a response with a dispersion, which is worked with in others than the user's.
    side : ndarray, shape (n,), optional
        Signs that the linear predictors keep, where a mean has a pole at 0.

    Attributes
    ----------
    canonical : bool
        Whether expected and observed information are the same.
    fast : bool
        Whether it is a binomial or Poisson response with that link, whose derivatives are short.
    """

    def __init__(
        self,
        family: Family,
        y: np.ndarray,
        weights: np.ndarray,
        trials: np.ndarray | None = None,
        units: Units | None = None,
        side: np.ndarray | None = None,
    ) -> None:
        self.family, self.y, self.weights, self.trials = family, y, weights, trials
        self.units, self.side = units or Units(), side
        self.canonical = CANONICAL.get(family.name) == family.link.name
        self.fast = self.canonical and family.name in ("binomial", "poisson")
        self.unit = bool((weights == 1.0).all())
        self.constant = self.units.log_density(family, weights)
        if not family.has_scale:
            self.constant = family.least_minus_two_log_likelihood(y, weights, trials)
        if self.fast:
            self.constant -= self._least_deviance

    @property
    def _least_deviance(self) -> float:
        """Sum of `deviances` at means that are the response itself, where `fast`."""
        if self.family.name == "poisson":
            each = self.y + special.entr(self.y)
        else:
            each = special.entr(self.y) + special.entr(1.0 - self.y)
        return 2.0 * float(np.sum(self._weighted(each)))

    @property
    def penalty_factor(self) -> float:
        """What squares of spherical effects are multiplied with to be the user's."""
        return self.units.spherical**2

    def sharpness(self, at: AtRows) -> float:
        """How much the criterion changes with the squares of spherical effects, or with the deviance; 1 or more.

        With a dispersion it does not change with the sum of the two, and modes that are nearly those of the least sum
        are not enough.
        """
        if not self.family.has_scale:
            return 1.0
        dispersion = self.family.likely_dispersion(at.deviance, self.weights)
        return max(self.penalty_factor, 1.0 / max(dispersion, NO_DEVIANCE), 1.0)

    def rounding(self, at: AtRows) -> float:
        """How much of the deviance is rounding of the means, where a dispersion may be so small that it shows."""
        if not self.family.has_scale:
            return 0.0
        return 2.0 * EPSILON * float(np.abs(at.score) @ (1.0 + np.abs(at.eta)))

    def keeping_side(self, eta: np.ndarray) -> Working:
        """The same, whose linear predictors do not pass the pole of the mean, if it has one."""
        if self.family.link.name != "inverse":
            return self
        return Working(self.family, self.y, self.weights, self.trials, self.units, np.sign(eta))

    def admits(self, eta: np.ndarray) -> bool:
        """Whether all means at these linear predictors are the family's; callers silence NumPy."""
        if self.side is not None and not (self.side * eta > 0).all():
            return False
        if self.fast:
            finite = math.isfinite(eta @ eta)
            return finite and (self.family.name != "poisson" or bool(np.maximum.reduce(eta) < LARGEST_LOG))
        if self.family.link.name == "sqrt":  # without a count, a predictor may pass through 0: the deviance is smooth
            return bool(np.isfinite(eta).all() and (eta[self.y > 0] > 0).all())
        if self.family.link.name == "identity" and not self.family.has_scale:
            return bool(np.isfinite(eta).all() and eta.min() > EDGE_SHARE * max(eta.max(), 0.0))
        return self.family.admits(eta)

    def deviances(self, eta: np.ndarray) -> np.ndarray:
        """Weighted deviances, shape (..., n), up to the constant."""
        if not self.fast:
            return self.weights * self.family.deviances_at(self.y, eta)
        if self.family.name == "poisson":
            each = np.exp(eta) - self.y * eta
        else:
            each = np.log1p(np.exp(-np.abs(eta))) + np.maximum(eta, 0.0) - self.y * eta
        return 2.0 * (each if self.unit else self.weights * each)

    def scores(self, eta: np.ndarray) -> np.ndarray:
        """Derivatives of minus half the deviances, shape (..., n)."""
        if self.fast:
            mean = np.exp(eta) if self.family.name == "poisson" else special.expit(eta)
            return self._weighted(self.y - mean)
        return self.weights * self.family.score(self.y, eta)

    def information(self, eta: np.ndarray) -> np.ndarray:
        """Information about linear predictors, shape (..., n), where `fast`."""
        if self.family.name == "poisson":
            return self._weighted(np.exp(eta))
        small = np.exp(-np.abs(eta))
        return self._weighted(small / np.square(1.0 + small))

    def _weighted(self, each: np.ndarray) -> np.ndarray:
        return each if self.unit else self.weights * each

    def at(self, eta: np.ndarray) -> AtRows:
        """Compute what a step takes at linear predictors, shape (n,)."""
        if not self.fast:
            score = self.weights * self.family.score(self.y, eta)
            information = self.weights * self.family.working_weights(eta)
            return AtRows(eta, float(np.add.reduce(self.deviances(eta))), score, information)
        if self.family.name == "poisson":
            mean = np.exp(eta)
            each, information = mean - self.y * eta, mean
        else:
            small = np.exp(-np.abs(eta))
            share = 1.0 / (1.0 + small)
            mean = np.where(eta > 0, share, small * share)
            each = np.log1p(small)
            each += np.maximum(eta, 0.0)
            each -= self.y * eta
            information = small * share * share
        deviance = 2.0 * float(np.add.reduce(self._weighted(each)))
        return AtRows(eta, deviance, self._weighted(self.y - mean), self._weighted(information), mean)

    def observed(self, at: AtRows) -> np.ndarray:
        """Observed information: minus the derivative of the score."""
        if self.canonical:
            return at.weights
        link, mu = self.family.link, self.family.link.inverse(at.eta)
        variance = self.family.variance(mu)
        with np.errstate(all="ignore"):
            ratio = link.derivative(at.eta) / variance
            bend = link.second_derivative(at.eta) / variance - ratio * ratio * self.family.variance_derivative(mu)
            found = at.weights - self.weights * (self.y - mu) * bend
        return np.where(np.isfinite(found), found, at.weights)

    def weights_slope(self, at: AtRows) -> np.ndarray:
        """Derivative of the expected information by the linear predictor."""
        if self.fast:
            assert at.mean is not None
            return at.weights if self.family.name == "poisson" else at.weights * (1.0 - 2.0 * at.mean)
        link, mu = self.family.link, self.family.link.inverse(at.eta)
        first = link.derivative(at.eta)
        with np.errstate(all="ignore"):
            found = at.weights * (
                2.0 * link.second_derivative(at.eta) / first
                - first * self.family.variance_derivative(mu) / self.family.variance(mu)
            )
        return np.where(np.isfinite(found), found, 0.0)

    def weights_bend(self, at: AtRows) -> np.ndarray:
        """Second derivative of the information by the linear predictor, where `fast`."""
        if self.family.name == "poisson":
            return at.weights
        assert at.mean is not None
        return at.weights * (1.0 - 6.0 * at.mean * (1.0 - at.mean))

    def likelihood(self, at: AtRows) -> tuple[float, float]:
        """Minus twice the log-likelihood of the rows, and its derivative by the deviance.

        Families with a dispersion have it at the deviance over the sum of weights, and 2 is added for it: as R's
        ``family()$aic``, of which lme4's likelihood of such models is made.
        """
        family = self.family
        if not family.has_scale:
            return at.deviance + self.constant, 1.0
        dispersion = family.likely_dispersion(at.deviance, self.weights)
        mean = family.link.inverse(at.eta)
        value = family.minus_two_log_likelihood(self.y, mean, self.weights, dispersion) + 2.0
        return value + self.constant, self._slope_by_deviance(at.deviance, dispersion)

    def _slope_by_deviance(self, deviance: float, dispersion: float) -> float:
        """Derivative of the likelihood by the deviance, the dispersion following it."""
        share = deviance / dispersion
        if self.family.name != "Gamma":
            return share / deviance
        shape = 1.0 / dispersion
        return 2.0 * float(np.sum(self.weights)) * log_over_digamma(shape) * shape / deviance
