"""The criterion of a generalized mixed model as searches see it: a function of fewer or more parameters."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..errors import FitError
from ..generalized.laplace import GeneralizedEvaluation, Laplace
from ..generalized.working import Working
from ..optimize.optimum import Log

__all__ = ["At", "Criterion", "PerfectFit", "with_size"]

# Step of the log of the negative binomial theta, over which differences are taken.
LOG_STEP = 1e-3
# Logarithms of the negative binomial theta beyond which only zeros vary, or counts near 1 are Poisson's.
LEAST_LOG, LARGEST_LOG = -12.0, 16.0
# Mean deviance of a response with a dispersion, in units in which it is near 1, up to which there is none to be
# estimated: rows are 3e-7 of the response from their means. The likelihood of fits so near has minima that are narrower
# than searches in double precision see; measured, those with 1e-6 are found.
LEAST_DISPERSION = 1e-13
# Squares of spherical effects over the deviance, beside fixed effects that move along, up to which rows are told from
# their levels. At its largest it is half of how often effects vary as much as the rows about them (of J levels of k
# rows, with effects b and a dispersion s², theta² is about b / (k s) there). Measured, those up to 3e3 are found.
MOST_SHARE = 5e3


class PerfectFit(Exception):
    """A point of a search at which nothing is left of the response: the likelihood rises without end.

    Attributes
    ----------
    by_effects : bool
        Whether it takes the random effects.
    """

    def __init__(self, by_effects: bool) -> None:
        super().__init__()
        self.by_effects = by_effects


class At(NamedTuple):
    """A point of a search: a function of fewer or more parameters than the criterion."""

    value: float
    gradient: np.ndarray
    evaluation: GeneralizedEvaluation
    laplace: Laplace


class Criterion:
    """The criterion as the searches see it."""

    def __init__(self, laplace: Laplace, log: Log, estimated: bool) -> None:
        self.laplace, self.log, self.estimated = laplace, log, estimated
        self.n_theta = laplace.layout.n_theta
        self.largest_log = LARGEST_LOG + float(np.log(max(np.mean(laplace.problem.rows.y), 1.0)))

    @property
    def unit(self) -> float:
        """Theta, in the columns worked with, that is 1 in the user's units of spherical effects."""
        return self.laplace.problem.working.units.spherical

    @property
    def has_scale(self) -> bool:
        """Whether the family has a dispersion, so that the likelihood can have many minima."""
        return self.laplace.problem.working.family.has_scale

    def with_modes(self, theta: np.ndarray, last: At | None, beta: np.ndarray | None = None) -> At:
        """Beta moved along with the modes."""
        mode = None if last is None else last.evaluation.mode
        laplace = self.laplace if last is None else last.laplace
        start = mode.beta if mode is not None and beta is None else beta
        assert start is not None
        at = laplace.evaluate(theta, start, mode, joint=len(start) > 0)
        self.log.add(np.concatenate([theta, at.beta]), at.value)
        self._demand_left(at, at.mode.penalty)
        return At(at.value, at.gradient[: self.n_theta], at, laplace)

    def _demand_left(self, at: GeneralizedEvaluation, penalty: float = 0.0) -> None:
        """Break off where nothing is left of a response with a dispersion, or next to nothing beside the effects."""
        if self.has_scale:
            deviance, weights = at.mode.at.deviance, self.laplace.problem.working.weights
            if deviance <= LEAST_DISPERSION * float(np.sum(weights)) or penalty > MOST_SHARE * deviance:
                raise PerfectFit(bool(at.theta.any()))

    def keeping_side(self, at: At) -> At:
        """A point, after which no linear predictor passes a pole of the mean any more."""
        working = at.laplace.problem.working
        kept = working.keeping_side(at.evaluation.mode.at.eta)
        if kept is working:
            return at
        self.laplace = Laplace(at.laplace.problem._replace(working=kept), at.laplace.layout, at.laplace.n_agq)
        return at._replace(laplace=self.laplace)

    def together(self, x: np.ndarray, last: At | None) -> At:
        """All parameters: theta, beta and, where it is estimated, the log of the negative binomial theta."""
        assert last is not None
        n, mode = self.n_theta, last.evaluation.mode
        if not self.estimated:
            at = last.laplace.evaluate(x[:n], x[n:], mode)
            self.log.add(x, at.value)
            self._demand_left(at)
            return At(at.value, at.gradient, at, last.laplace)
        return self._sized(x[:n], x[n:-1], x[-1], last, joint=False)

    def released(self, x: np.ndarray, last: At) -> At:
        """A point of `with_modes` as one of `together`, with the same modes where their system is the same."""
        if not last.laplace.problem.working.canonical:
            return self.together(x, last)
        at = last.laplace.with_beta_held(last.evaluation)
        self.log.add(x, at.value)
        return At(at.value, at.gradient, at, last.laplace)

    def with_modes_and_size(self, x: np.ndarray, last: At | None) -> At:
        """Theta and the log of the negative binomial theta, beta moved along with the modes."""
        assert last is not None
        beta = last.evaluation.beta
        return self._sized(x[:-1], beta, x[-1], last, joint=len(beta) > 0)

    def _sized(self, theta: np.ndarray, beta: np.ndarray, log_size: float, last: At, joint: bool) -> At:
        if not LEAST_LOG < log_size < self.largest_log:
            raise FitError("The negative binomial theta is too far from 1.")
        laplace = with_size(last.laplace, log_size)
        at = laplace.evaluate(theta, beta, last.evaluation.mode, joint)
        self.log.add(np.concatenate([theta, at.beta, [log_size]]), at.value)
        gradient = at.gradient[: self.n_theta] if joint else at.gradient
        return At(at.value, np.append(gradient, self._by_size(laplace, log_size, at, joint)), at, laplace)

    def _by_size(self, laplace: Laplace, log_size: float, at: GeneralizedEvaluation, joint: bool) -> float:
        """Derivative by the log of the negative binomial theta, from four differences."""
        values = [
            with_size(laplace, log_size + k * LOG_STEP).evaluate(at.theta, at.beta, at.mode, joint).value
            for k in (-2, -1, 1, 2)
        ]
        return (values[0] - 8.0 * values[1] + 8.0 * values[2] - values[3]) / (12.0 * LOG_STEP)


def with_size(laplace: Laplace, log_size: float) -> Laplace:
    """The criterion with another theta of the negative binomial family."""
    working = laplace.problem.working
    family = working.family.with_theta(float(np.exp(log_size)))
    problem = laplace.problem._replace(working=Working(family, working.y, working.weights, working.trials))
    return Laplace(problem, laplace.layout, laplace.n_agq)
