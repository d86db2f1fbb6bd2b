"""Where the search starts when an evaluation takes seconds: where scores are 0 that are estimated with a few probes.

That is so near the minimum that one exact evaluation is enough if its second derivatives are. They are nearly exact,
and the probes, whose Monte Carlo error hardly changes along so short a step, say what they lack along it: see
`EstimatedStart.lacking`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..errors import MlmError
from ..likelihood.covariance import CovarianceLayout
from ..likelihood.criterion import Evaluation
from ..likelihood.deviance import Deviance
from ..likelihood.iterative.solver import Iterative
from ..likelihood.several_factors.solver import SeveralFactors
from .estimated_scores import near_scores

__all__ = ["EstimatedStart", "direct_end", "estimated_start"]

# Seconds that a factorisation and an inverse are estimated to take, from which a start is estimated: so many at least,
# and so many a pair of levels that share rows. Measured on ratings of 3,700 items by 6,000 users, 1e6 pairs: 0.6 s for
# start and check, where an evaluation takes 2 s, and three more than with them. On 1,850 items, 0.25e6 pairs, the fit
# takes half of its time; on 740, where it would be as fast, the bounds say no.
LEAST_SECONDS, PAIR_SECONDS = 0.1, 0.5e-6
# Probes, and what they are drawn from. Measured on these ratings: theta is 1e-4 sampling standard errors from the
# minimum with 4 to 30 probes.
PROBES, SEED = 6, 0
# Promised decrease of the first step up to which it may be the last: what it leaves, for the third derivatives, is of
# the order of its square. With thousands of levels it changes theta by 1e-5 of itself at most, and what
# `Deviance.moved` finds is right to the square of that. Measured: it promises 1e-9 to 6e-7.
DIRECT_DECREASE = 1e-6
# Decrease that may be left after it: theta is then right to 1e-7 standard errors.
LEFT_DECREASE = 1e-14
# Length, over the largest element of theta, of the steps to both sides of a point from which the scores' change is
# taken: what is left of the third derivatives is the square of this.
DIFFERENCE = 1e-4


class EstimatedStart(NamedTuple):
    """A theta where estimated scores are nearly 0, and what estimated them.

    Attributes
    ----------
    theta : ndarray, shape (n_theta,)
    layout : CovarianceLayout
    solver : Iterative
    """

    theta: np.ndarray
    layout: CovarianceLayout
    solver: Iterative

    def lacking(self, theta: np.ndarray, step: np.ndarray, hessian: np.ndarray) -> tuple[np.ndarray, float]:
        """What second derivatives lack along a step: the change of the gradient beside theirs.

        Parameters
        ----------
        theta, step : ndarray, shape (n_theta,)
        hessian : ndarray, shape (n_theta, n_theta)
            Positive definite.

        Returns
        -------
        missing : ndarray, shape (n_theta,)
            By the probes' mean.
        left : float
            The decrease that a step would promise after this one, for the Monte Carlo error of `missing`.
        """
        share = DIFFERENCE * float(np.abs(theta).max() / np.abs(step).max())
        ends = [self._gradients(theta + sign * share * step) for sign in (1.0, -1.0)]
        missing = (ends[0] - ends[1]) / (2.0 * share) - hessian @ step
        mean, probes = missing.mean(axis=0), len(missing)
        spread = missing - mean
        squares = np.einsum("pa,pa->", spread, np.linalg.solve(hessian, spread.T).T)
        return mean, 0.5 * float(squares) / (probes * (probes - 1))

    def _gradients(self, theta: np.ndarray) -> np.ndarray:
        """Derivatives by theta as each probe has them, shape (probes, n_theta): ``2 G T`` of ``2 T' G T``."""
        back = [np.linalg.inv(t).T for t in self.layout.matrices(theta)]
        lower = (self.layout.matrices(score) for score in self.solver.scores(theta))
        whole = ([s + np.tril(s, -1).T for s in each] for each in lower)
        return np.array([self.layout.pick([b @ s for b, s in zip(back, each, strict=True)]) for each in whole])


def estimated_start(deviance: Deviance) -> EstimatedStart | None:
    """Look for the start; None where an evaluation is quick, and where the scores are 0 on the boundary or nowhere."""
    solver, products = deviance.solver, deviance.products
    if not isinstance(solver, SeveralFactors):
        return None
    pairs = sum(len(pair.rows) for pair in products.pairs.values())
    if solver.seconds < LEAST_SECONDS + PAIR_SECONDS * pairs:
        return None
    iterative = Iterative(products, deviance.layout, deviance.criterion, PROBES, SEED)
    try:
        theta = near_scores(deviance, iterative)
    except (MlmError, np.linalg.LinAlgError):
        return None
    return None if theta is None else EstimatedStart(theta, deviance.layout, iterative)


def direct_end(
    deviance: Deviance,
    evaluate: Callable[..., Evaluation],
    at: Evaluation,
    hessian: np.ndarray,
    estimated: EstimatedStart,
) -> Evaluation | None:
    """The end of one step by the exact gradient at an estimated start; None where more may be left after it.

    Parameters
    ----------
    deviance : Deviance
    evaluate : callable
        Evaluates a theta, up to so many derivatives, and takes it down.
    at : Evaluation
        At the start, with first derivatives.
    hessian : ndarray, shape (n_theta, n_theta)
        Nearly exact second derivatives there, positive definite.
    estimated : EstimatedStart
    """
    step = -np.linalg.solve(hessian, at.gradient)
    decrease = -0.5 * float(at.gradient @ step)
    if not 0.0 < decrease < DIRECT_DECREASE:
        return None
    missing, left = estimated.lacking(at.theta, step, hessian)
    correction = -np.linalg.solve(hessian, missing)
    promised = -0.5 * float(missing @ correction)  # of the correction; it leaves the same share of that
    if left + promised * promised / decrease > LEFT_DECREASE:
        return None
    step = step + correction
    decrease = -0.5 * float(at.gradient @ step)
    moved = deviance.moved(at, step, decrease)
    return evaluate(at.theta + step, 0) if moved is None else moved
