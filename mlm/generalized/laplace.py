"""Laplace's approximation of a generalized mixed model's likelihood, as a function of theta and beta.

With the conditional modes u of `pirls`, minus twice the log-likelihood is approximated by

    -2 log p(y | u) + |u|² + log |T' Z' W Z T + I|,

where W is the expected information of the rows about their linear predictors at the modes (Breslow & Clayton 1993, J.
Am. Stat. Assoc. 88, equation 4, with all terms kept; Pinheiro & Chao 2006, J. Comput. Graph. Stat. 15). Where a
response with a dispersion is worked with in other units, ``|u|²`` is multiplied to be the user's: `Units.spherical`.
Derivatives are exact: the modes move with the parameters as the implicit function theorem says (Kristensen et al. 2016,
J. Stat. Softw. 70, section 2), and what the sum changes by that is found with one more solve, for all parameters at
once.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..errors import FitError
from ..likelihood.covariance import CovarianceLayout
from .parts import Parts, by_laplace
from .pirls import Mode, Problem, find_mode, predicted, pulled, scaled_effects
from .quadrature import Nodes, quadrature
from .second_derivatives import second_derivatives
from .systems import NoEffects, through_blocks

__all__ = ["GeneralizedEvaluation", "Laplace"]


class GeneralizedEvaluation(NamedTuple):
    """The criterion at one theta and beta.

    Attributes
    ----------
    theta : ndarray, shape (n_theta,)
    beta : ndarray, shape (p,)
    value : float
        Minus twice the log-likelihood.
    gradient : ndarray, shape (n_theta + p,)
        By theta, then beta; where beta is moved along with the modes, its part is 0.
    mode : Mode
    """

    theta: np.ndarray
    beta: np.ndarray
    value: float
    gradient: np.ndarray
    mode: Mode


class Laplace:
    """The criterion of one model; columns and theta are those worked with.

    Parameters
    ----------
    problem : Problem
    layout : CovarianceLayout
    n_agq : int
        1 for Laplace's approximation, more for adaptive Gauss-Hermite quadrature with so many nodes an effect.
    """

    def __init__(self, problem: Problem, layout: CovarianceLayout, n_agq: int = 1) -> None:
        self.problem, self.layout, self.n_agq = problem, layout, n_agq
        size = problem.rows.effects[0].size
        self.nodes = Nodes.of(n_agq, size) if n_agq > 1 else None

    @property
    def flat_modes(self) -> list[np.ndarray]:
        """Modes of 0, shapes (q, J)."""
        return [np.zeros(size) for size in self.problem.rows.sizes]

    def evaluate(
        self, theta: np.ndarray, beta: np.ndarray, last: Mode | None = None, joint: bool = False
    ) -> GeneralizedEvaluation:
        """Compute the criterion and its gradient.

        Parameters
        ----------
        theta : ndarray, shape (n_theta,)
        beta : ndarray, shape (p,)
        last : Mode, optional
            Modes at other parameters, from which the search for these starts.
        joint : bool
            Let beta move with the modes, to where these and it give the least deviance: ``n_agq=0``.

        Raises
        ------
        FitError
            When there are no such modes.
        """
        with np.errstate(all="ignore"):  # what is not finite is refused below
            return self._evaluated(theta, beta, last, joint)

    def _evaluated(self, theta: np.ndarray, beta: np.ndarray, last: Mode | None, joint: bool) -> GeneralizedEvaluation:
        return self._at_mode(theta, self._mode(self.layout.matrices(theta), beta, last, joint))

    def with_beta_held(self, at: GeneralizedEvaluation) -> GeneralizedEvaluation:
        """Evaluate where beta was moved along: with a canonical link, the modes are those of the same beta held."""
        with np.errstate(all="ignore"):
            return self._at_mode(at.theta, at.mode._replace(fixed=None))

    def _at_mode(self, theta: np.ndarray, mode: Mode) -> GeneralizedEvaluation:
        parts = self._parts(mode)
        gradient = self._gradient(mode, parts)
        if not math.isfinite(parts.value + np.add.reduce(gradient)):
            raise FitError(self._not_computed)
        return GeneralizedEvaluation(theta, mode.beta, parts.value, gradient, mode)

    @property
    def is_twice_exact(self) -> bool:
        """Whether there are `second_derivatives`: of shares and counts with their own link."""
        return self.problem.working.fast

    def second_derivatives(self, at: GeneralizedEvaluation, directions: np.ndarray) -> np.ndarray:
        """Second derivatives by theta and along directions of beta, in columns (p, k): shape (n_theta + k,) * 2."""
        with np.errstate(all="ignore"):
            return second_derivatives(self.problem, self.layout, at.mode, directions, self.nodes)

    @property
    def _not_computed(self) -> str:
        """Why there is no likelihood, where its modes are found."""
        if self.nodes is None:
            return "The likelihood cannot be computed: numbers are too large or too small; rescale."
        family = self.problem.working.family
        return (
            f"At some of the {self.n_agq} quadrature nodes an effect the {family.name} family has no means with "
            f"link={family.link.name!r}. Use n_agq=1 (Laplace), or a link whose means are the family's for any "
            "predictor."
        )

    def _mode(self, matrices: list[np.ndarray], beta: np.ndarray, last: Mode | None, joint: bool) -> Mode:
        """Find the modes from where others are expected to move; where that leads astray, from these, and from 0.

        From where T is 0, they are expected to move too far.
        """
        starts = [(self.flat_modes, beta)]
        if last is not None and not isinstance(last.system, NoEffects):
            starts = [predicted(self.problem.rows, last, matrices, beta, joint), (last.u, beta), *starts]
        for k, (u, coefficients) in enumerate(starts):
            try:
                return find_mode(self.problem, matrices, coefficients, u, joint)
            except FitError:
                if k == len(starts) - 1:
                    raise
        raise AssertionError

    def _parts(self, mode: Mode) -> Parts:
        if self.nodes is None or mode.fixed is not None:
            return by_laplace(self.problem, mode)
        return quadrature(self.problem, mode, self.nodes)

    def _gradient(self, mode: Mode, parts: Parts) -> np.ndarray:
        """Put the gradient together: `by_system` reaches the rows through the weights, and the modes through all."""
        rows, working = self.problem.rows, self.problem.working
        changed = rows.quadratic(parts.by_system, mode.matrices) * working.weights_slope(mode.at)
        toward = [(p + m)[:, :, None] for p, m in zip(pulled(rows, mode.matrices, changed), parts.by_mode, strict=True)]
        if mode.fixed is None:
            back, beta = mode.curvature.solve(toward), np.zeros(len(mode.beta))
        else:
            back, beta = mode.fixed.solve(toward, rows.xt @ (changed + parts.by_row))
        back = [b[:, :, 0] for b in back]
        moved = rows.spread(scaled_effects(mode.matrices, back)) + beta @ rows.xt
        changed -= mode.observed * moved
        own = through_blocks(mode.blocks, parts.by_system, mode.matrices)
        score, through = rows.gather(mode.at.score), rows.gather(changed)
        slopes = [
            direct + 2.0 * m + t @ u.T + s @ b.T
            for direct, m, t, u, s, b in zip(parts.by_matrix, own, through, mode.u, score, back, strict=True)
        ]
        fixed = np.zeros(len(mode.beta)) if mode.fixed is not None else rows.xt @ (changed + parts.by_row)
        return np.concatenate([self.layout.pick(slopes), fixed])
