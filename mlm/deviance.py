"""The profiled deviance (or REML criterion) as a pure function of theta, with its analytic gradient.

Notation: random effects ``b = Lambda u``, Lambda block-diagonal with the factors' `T`; ``sigma² Sigma`` with
``Sigma = T T'`` is the covariance of one level's effects, and ``V = I + Z Lambda Lambda' Z'``. The definitions are
those of Bates, Mächler, Bolker & Walker (2015, J. Stat. Softw. 67(1)), equations 32-42. The gradient follows from
``dV = Z dSigma Z'``: the derivative by one factor's `Sigma` is the sum over its levels of
``Z_j' P Z_j - e_j e_j' / sigma²``, with ``e_j = Z_j' V^-1 (y - X beta)`` and P being ``V^-1`` (under REML with the
fixed effects projected out).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from scipy.linalg import lapack

from .average_information import approximate_derivatives, changed_residuals, stored_pairs, working_products
from .components import divide
from .covariance import CovarianceLayout, covariance_root
from .crossproducts import CrossProducts
from .curvature import bending, directions, level_traces, second_derivatives
from .elimination import Eliminated, FixedPart, eliminate
from .one_factor import LevelSolution, OneFactor
from .posterior import Posterior, posterior
from .start import joint_moments, level_moments, moment_scales, single_scale

__all__ = ["Criterion", "Deviance", "Evaluation"]

PERFECT = 1e-12  # penalised share of the OLS residuals: below, rounding leaves sigma fewer than four digits


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """The criterion at one theta, and what was found on the way.

    Attributes
    ----------
    theta : ndarray, shape (n_theta,)
    value : float
        Profiled deviance, or REML criterion.
    sigma2 : float
        Residual variance at this theta.
    beta : ndarray, shape (p,)
        Working fixed effects (see `crossproducts.Shift`).
    unscaled : ndarray, shape (p, p)
        Working covariance matrix of the fixed effects, without its factor sigma².
    penalised : float
        Penalised residual sum of squares r²(theta).
    gradient : ndarray, shape (n_theta,)
        Empty, where no derivatives were asked for.
    projections : tuple of ndarray
        ``Z_j' P Z_j`` of each grouping factor's levels, shapes (q, q, J); none without derivatives.
    residuals : tuple of ndarray
        ``e_j = Z_j' V^-1 (y - X beta)`` of each grouping factor's levels, shapes (q, J); none without derivatives.
    solution : LevelSolution or None
        What second derivatives are made of, of a single grouping factor.
    hessian : ndarray, shape (n_theta, n_theta), or None
        Second derivatives, where these were asked for and several factors meet: nearly exact.
    """

    theta: np.ndarray
    value: float
    sigma2: float
    beta: np.ndarray
    unscaled: np.ndarray
    penalised: float
    gradient: np.ndarray = field(default_factory=lambda: np.empty(0))
    projections: tuple[np.ndarray, ...] = ()
    residuals: tuple[np.ndarray, ...] = ()
    solution: LevelSolution | None = None
    hessian: np.ndarray | None = None

    def outer(self, factor: int) -> np.ndarray:
        """Sum of ``e_j e_j'`` over one factor's levels, shape (q, q)."""
        return self.residuals[factor] @ self.residuals[factor].T

    def slope(self, factor: int, sigma2: float | None = None) -> np.ndarray:
        """Derivative of the deviance by one factor's Sigma, shape (q, q), at this or another residual variance."""
        return self.projections[factor].sum(axis=2) - self.outer(factor) / (sigma2 or self.sigma2)


@dataclass(frozen=True, slots=True, eq=False)
class Criterion:
    """The scalar part: what is the same for every structure.

    Attributes
    ----------
    nobs, p : int
    reml : bool
    constant : float
        What the prior weights and the basis of the fixed-effects columns add to the criterion.
    """

    nobs: int
    p: int
    reml: bool
    constant: float

    @property
    def dof(self) -> int:
        """Divisor of the residual variance: n, or n - p under REML."""
        return self.nobs - self.p if self.reml else self.nobs

    def value(self, penalised: float, log_det_z: float, log_det_x: float) -> float:
        """Equations 37 (deviance) and 42 (REML criterion)."""
        dof = self.dof
        log_det = log_det_z + (log_det_x if self.reml else 0.0) + self.constant
        return log_det + dof * (1.0 + math.log(2.0 * math.pi * penalised / dof))


class Deviance:
    """The deviance of one model on one set of cross-products.

    Parameters
    ----------
    products : CrossProducts
    layout : CovarianceLayout
    reml : bool
        The REML criterion instead of the deviance.

    Attributes
    ----------
    one : OneFactor or None
        Where there is a single grouping factor.
    parts : tuple of Part
        How the random effects of several are eliminated.
    """

    def __init__(self, products: CrossProducts, layout: CovarianceLayout, reml: bool) -> None:
        self.products, self.layout = products, layout
        constant = (products.log_basis if reml else 0.0) - products.log_weights
        self.criterion = Criterion(products.nobs, products.p, reml, constant)
        single = len(products.factors) == 1
        self.one = OneFactor(products, self.criterion.dof, reml) if single else None
        self.parts = () if single else divide(products)

    def evaluate(self, theta: np.ndarray, derivatives: int = 1) -> Evaluation:
        """Compute the criterion, the fixed effects and the derivatives at a theta.

        Parameters
        ----------
        theta : ndarray, shape (n_theta,)
        derivatives : {0, 1, 2}
            Up to which order. With several grouping factors the second ones cannot be had afterwards; with one they
            can, where the first were asked for (see `curvature`).

        Returns
        -------
        Evaluation
        """
        if self.one is not None:
            if derivatives:
                return self._evaluate_one(self.one, theta)
            return self._evaluation(theta, *self.one.fixed(self.layout.matrices(theta)[0]))
        eliminated = eliminate(self.parts, self.products.xy, self.layout, theta)
        if derivatives:
            return self._evaluate_several(theta, eliminated, derivatives)
        return self._evaluation(theta, eliminated.fixed, eliminated.log_det)

    def _evaluation(self, theta: np.ndarray, fixed: FixedPart, log_det: float, **derivatives: Any) -> Evaluation:
        """Put an evaluation together, with whatever derivatives there are."""
        return Evaluation(
            theta=theta,
            value=self.criterion.value(fixed.penalised, log_det, fixed.log_det),
            sigma2=fixed.penalised / self.criterion.dof,
            beta=fixed.beta,
            unscaled=fixed.inverse,
            penalised=fixed.penalised,
            **derivatives,
        )

    def _evaluate_several(self, theta: np.ndarray, eliminated: Eliminated, derivatives: int) -> Evaluation:
        """`evaluate` with derivatives up to this order, where there are several grouping factors."""
        found = posterior(self.parts, eliminated, estimated=self.criterion.reml)
        factors = range(len(eliminated.matrices))
        at = self._evaluation(
            theta,
            eliminated.fixed,
            eliminated.log_det,
            projections=tuple(found.projections[k] for k in factors),
            residuals=tuple(found.residuals[k] for k in factors),
        )
        slopes = [2.0 * at.slope(k) @ t for k, t in enumerate(eliminated.matrices)]
        at = replace(at, gradient=self.layout.pick(slopes))
        return replace(at, hessian=self._hessian(at, eliminated, found)) if derivatives > 1 else at

    def _hessian(self, at: Evaluation, eliminated: Eliminated, found: Posterior) -> np.ndarray:
        """Second derivatives with several factors: one more solution with each part's factored system."""
        matrices, p, n = eliminated.matrices, len(at.beta), len(at.theta)
        changed = [changed_residuals(self.layout, k, t, at.residuals[k]) for k, t in enumerate(matrices)]
        own, with_x, pairs = np.zeros((n, n)), np.zeros((n, p)), None
        for part, done, w in zip(self.parts, eliminated.parts, found.tails, strict=True):
            more = working_products(done, part.take(changed), p)
            own += more[0]
            with_x += more[1]
            if done.tail is not None and done.tail.scale.simple:
                listed = stored_pairs(done.tail, w, part.take(at.residuals), at.sigma2)
                pairs = (done.tail.tail.factors, listed if pairs is None else pairs[1] + listed)
        scale = (at.unscaled, at.sigma2, self.criterion.dof)
        return approximate_derivatives(
            self.layout, matrices, changed, (own, with_x), (at.projections, at.residuals), scale, pairs
        )

    def _evaluate_one(self, one: OneFactor, theta: np.ndarray) -> Evaluation:
        """`evaluate` where there is a single grouping factor."""
        (t,) = self.layout.matrices(theta)
        found = one.solve(t)
        return self._evaluation(
            theta,
            found.fixed,
            found.log_det,
            gradient=self.layout.pick([2.0 * found.slope @ t]),
            projections=(found.projection,),
            residuals=(math.sqrt(found.sigma2) * found.outside[:, -1],),
            solution=found,
        )

    def value(self, theta: np.ndarray) -> float:
        """Compute the criterion alone."""
        return self.evaluate(theta, derivatives=0).value

    def is_perfect(self, at: Evaluation) -> bool:
        """Whether as good as nothing is left of the response, so that the deviance falls without end."""
        return bool(at.penalised <= PERFECT * self.products.xy[-1, -1])

    def curvature(self, at: Evaluation) -> np.ndarray | None:
        """Second derivatives by theta at an evaluation: exact with one grouping factor, nearly so with several.

        None with several, where they were not asked for when evaluating.
        """
        if self.one is None or at.solution is None:
            return at.hessian
        by_sigma = second_derivatives(at.solution, self.one.between)
        change = directions(self.layout, 0, at.solution.t).reshape(len(at.theta), -1)
        return change @ by_sigma @ change.T + bending(self.layout, 0, at.solution.slope)

    def information(self, at: Evaluation) -> np.ndarray:
        """Approximate second derivatives by theta, factor by factor, shape (n_theta, n_theta).

        The expected ones, and what the slope by Sigma adds where it is positive: near a Sigma of 0 that is all.
        """
        out = np.zeros((self.layout.n_theta, self.layout.n_theta))
        for k, t in enumerate(self.layout.matrices(at.theta)):
            mine, block = _expected_information(self.layout, k, t, at.projections[k], self.criterion.dof)
            values, vectors = np.linalg.eigh(at.slope(k))
            uphill = (vectors * np.maximum(values, 0.0)) @ vectors.T
            out[np.ix_(mine, mine)] = block + bending(self.layout, k, uphill)
        return out

    def start(self) -> np.ndarray:
        """Guess theta from moments of the least-squares residuals."""
        roots, factors = [], self.products.factors
        joint = joint_moments(self.products) if len(factors) > 1 else None
        for k, factor in enumerate(factors):
            found = level_moments(factor, self.products)
            if found is None:
                roots.append(np.diag(moment_scales(factor, self.products) if joint is None else joint[k]))
            else:
                roots.append(covariance_root(self.layout.within_terms(k) * found[0], found[0].diagonal()))
        return self.layout.pick(roots)

    def scored_start(self) -> np.ndarray | None:
        """Guess theta of one grouping factor by a step of scoring from moments within levels; None without these."""
        found = level_moments(self.products.factors[0], self.products) if self.one is not None else None
        if self.one is None or found is None:
            return None
        sigma, variance = found
        t = covariance_root(self.layout.within_terms(0) * sigma, sigma.diagonal())
        inner, e = self.one.scores(t)
        slope = inner.sum(axis=2) - e @ e.T / variance
        return self.layout.pick([_scored(self.layout, 0, t, inner, slope)])

    def single(self) -> np.ndarray | None:
        """Find the theta of a single random intercept at once; None where that is no use."""
        if self.layout.sizes != (1,):
            return None
        found = single_scale(self.products, self.criterion.dof, self.criterion.reml)
        return None if found is None else np.array([found])

    def scoring(self, at: Evaluation) -> np.ndarray:
        """One step of Fisher scoring in Sigma, factor by factor; returns theta.

        In Sigma the criterion is close to linear-quadratic even far from its minimum, which makes this a good first
        step. A Sigma that is not positive definite is moved to the nearest that is.
        """
        matrices = self.layout.matrices(at.theta)
        scored = [_scored(self.layout, k, t, at.projections[k], at.slope(k)) for k, t in enumerate(matrices)]
        return self.layout.pick(scored)

    def modes(self, theta: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Conditional modes (q, J) of each factor's effects, and their covariances over sigma² (q, q, J).

        The covariances are those given the estimated parameters, fixed effects included (as lme4's ``condVar``).
        """
        if self.one is not None:
            modes, covariances = self.one.modes(self.layout.matrices(theta)[0])
            return [modes], [covariances]
        eliminated = eliminate(self.parts, self.products.xy, self.layout, theta)
        found = posterior(self.parts, eliminated, estimated=False)
        factors = range(len(self.products.factors))
        return [found.modes[k] for k in factors], [found.covariances[k] for k in factors]


def _scored(layout: CovarianceLayout, factor: int, t: np.ndarray, k: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """One factor's `T` after a step of scoring, from its `T`, ``Z_j' P Z_j`` and slope by Sigma; see `scoring`."""
    q, flat = len(t), k.reshape(len(t) ** 2, -1)
    information = (flat @ flat.T).reshape(q, q, q, q).transpose(0, 2, 1, 3).reshape(q * q, q * q)
    sigma = t @ t.T
    _, step, info = lapack.dposv(information, -slope.ravel())
    if info:
        step = np.linalg.lstsq(information, -slope.ravel(), rcond=1e-12)[0]
    step = layout.within_terms(factor) * step.reshape(q, q)
    return covariance_root(sigma + 0.5 * (step + step.T), floor=1e-2 * sigma.diagonal())


def _expected_information(
    layout: CovarianceLayout, factor: int, t: np.ndarray, k: np.ndarray, dof: int
) -> tuple[np.ndarray, np.ndarray]:
    """Expected second derivatives of the profiled deviance by one factor's elements of theta.

    Parameters
    ----------
    layout : CovarianceLayout
    factor : int
    t : ndarray, shape (q, q)
    k : ndarray, shape (q, q, J)
        ``Z_j' V^-1 Z_j``.
    dof : int

    Returns
    -------
    positions : ndarray, shape (m,)
        The factor's elements of theta.
    information : ndarray, shape (m, m)
        ``sum_j tr(K_j S_a K_j S_b)`` with ``S_a = dSigma / dtheta_a``, less what profiling out sigma takes.
    """
    mine, change = layout.positions(factor)[0], directions(layout, factor, t)
    mean = np.einsum("xab,ab->x", change, k.sum(axis=2))
    return mine, level_traces(change, k) - np.outer(mean, mean) / dof
