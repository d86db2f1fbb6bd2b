"""The formula of the profiled deviance and REML criterion, and what is found at one theta.

Notation: random effects ``b = Lambda u``, Lambda block-diagonal with the factors' `T`; ``sigma² Sigma`` with
``Sigma = T T'`` is the covariance of one level's effects, and ``V = I + Z Lambda Lambda' Z'``. The definitions are
those of Bates, Mächler, Bolker & Walker (2015, J. Stat. Softw. 67(1)), equations 32-42. The gradient follows from
``dV = Z dSigma Z'``: the derivative by one factor's `Sigma` is the sum over its levels of
``Z_j' P Z_j - e_j e_j' / sigma²``, with ``e_j = Z_j' V^-1 (y - X beta)`` and P being ``V^-1`` (under REML with the
fixed effects projected out).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from .fixed_effects import FixedPart

__all__ = ["NOTHING", "Criterion", "Curvature", "Evaluation", "ExpectedInformation"]


NOTHING = np.empty(0)
NOTHING.flags.writeable = False


class Evaluation(NamedTuple):
    """The criterion at one theta, and what was found on the way.

    Attributes
    ----------
    theta : ndarray, shape (n_theta,)
    value : float
        Profiled deviance, or REML criterion.
    relative : float
        The same without `Criterion.constant`, which searches compare: no bit of it hangs on whether the response, a
        column or the root of the weights is multiplied by a power of 2.
    sigma2 : float
        Residual variance at this theta.
    beta : ndarray, shape (p,)
        Working fixed effects (see `crossproducts.blocks.Shift`).
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
    solution : object
        What the solver that made this keeps to form second derivatives from, when they are asked for.
    hessian : ndarray, shape (n_theta, n_theta), or None
        Second derivatives, from a solver that forms them at once.
    root : ndarray, shape (p, p), or None
        R, with ``R R'`` being `unscaled`, where effects are so large that differences of it are kept in R alone.
    """

    theta: np.ndarray
    value: float
    relative: float
    sigma2: float
    beta: np.ndarray
    unscaled: np.ndarray
    penalised: float
    gradient: np.ndarray = NOTHING
    projections: tuple[np.ndarray, ...] = ()
    residuals: tuple[np.ndarray, ...] = ()
    solution: object = None
    hessian: np.ndarray | None = None
    root: np.ndarray | None = None

    def outer(self, factor: int) -> np.ndarray:
        """Sum of ``e_j e_j'`` over one factor's levels, shape (q, q)."""
        return self.residuals[factor] @ self.residuals[factor].T

    def slope(self, factor: int, sigma2: float | None = None) -> np.ndarray:
        """Derivative of the deviance by one factor's Sigma, shape (q, q), at this or another residual variance."""
        return np.add.reduce(self.projections[factor], 2) - self.outer(factor) / (sigma2 or self.sigma2)


@dataclass(frozen=True, slots=True, eq=False)
class Curvature:
    """Exact derivatives of the profiled criterion along steps of the factors' T, and how they come about.

    Of what has not been asked for, all but `sums` and `root` may be empty.

    Attributes
    ----------
    slope : ndarray, shape (m,)
        First derivatives.
    second : ndarray, shape (m, m)
        Second derivatives.
    traces : ndarray, shape (m, m)
        ``tr(V^-1 V_a V^-1 V_b)``: what the second derivatives would be expected to be, were sigma and the fixed effects
        known.
    sums : ndarray, shape (m, p + 1, p + 1)
        ``[F e/sigma]' dSigma_a [F e/sigma]`` over all levels: by how much ``[X R, (y - X beta)/sigma]`` has shorter
        products through ``V^-1``.
    root : ndarray, shape (p, p)
        R, with ``R R' = (X' V^-1 X)^-1``.
    """

    slope: np.ndarray
    second: np.ndarray
    traces: np.ndarray
    sums: np.ndarray
    root: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class ExpectedInformation:
    """What the expected information about Sigma is made of, along m changes S_a of the factors' Sigma.

    ``V_a = Z S_a Z'`` is the change of V, and ``F = V^-1 X R``. Nothing of it depends on the response, and Sigma may be
    singular: it is V alone that is inverted.

    Attributes
    ----------
    traces : ndarray, shape (m, m)
        ``tr(V^-1 V_a V^-1 V_b)``.
    single : ndarray, shape (m,)
        ``tr(V^-1 V_a)``.
    sums : ndarray, shape (m, p, p)
        ``F' V_a F``.
    pairs : ndarray, shape (m, m)
        ``tr(F' V_a V^-1 V_b F)``.
    weighted : callable
        Of weights, shape (m, m) and positive semidefinite, the sum of ``w_ab F' V_a V^-1 V_b F``, shape (p, p).
    root : ndarray, shape (p, p)
        R, with ``R R' = (X' V^-1 X)^-1``.
    """

    traces: np.ndarray
    single: np.ndarray
    sums: np.ndarray
    pairs: np.ndarray
    weighted: Callable[[np.ndarray], np.ndarray]
    root: np.ndarray


class Criterion(NamedTuple):
    """The scalar part: what is the same for every structure.

    Attributes
    ----------
    nobs, p : int
    reml : bool
    constant : float
        What units, prior weights and the basis of the fixed-effects columns add to the criterion.
    units : ndarray, shape (p,)
    unit : float
        Powers of 2 near the lengths of the fixed-effects columns and of the response, which these are divided by in
        what is computed: that rounds nothing.
    """

    nobs: int
    p: int
    reml: bool
    constant: float
    units: np.ndarray
    unit: float

    @property
    def dof(self) -> int:
        """Divisor of the residual variance: n, or n - p under REML."""
        return self.nobs - self.p if self.reml else self.nobs

    def evaluation(self, theta: np.ndarray, fixed: FixedPart, log_det_z: float, **derivatives: Any) -> Evaluation:
        """Put an evaluation together, with whatever derivatives there are."""
        relative = self.relative(fixed, log_det_z)
        return Evaluation(
            theta=theta,
            value=relative + self.constant,
            relative=relative,
            sigma2=fixed.penalised / self.dof,
            beta=fixed.beta,
            unscaled=fixed.inverse,
            penalised=fixed.penalised,
            root=fixed.inverse_root if fixed.twice else None,
            **derivatives,
        )

    def moved(
        self, at: Evaluation, step: np.ndarray, decrease: float, root: np.ndarray, less: np.ndarray
    ) -> Evaluation:
        """Evaluate at the end of a short step, see `Deviance.moved`: to first order, from what is at hand at its start.

        Parameters
        ----------
        at : Evaluation
        step : ndarray, shape (n_theta,)
        decrease : float
        root : ndarray, shape (p, p)
            R, with ``R R' = (X' V^-1 X)^-1``.
        less : ndarray, shape (p + 1, p + 1)
            By how much ``[X R, (y - X beta) / sigma]`` has shorter products with itself through ``V^-1``, which are 1
            and dof at the start: ``[F e/sigma]' S [F e/sigma]`` for the change S of Sigma.
        """
        p = self.p
        penalised = at.penalised - at.sigma2 * float(less[p, p])
        return Evaluation(
            theta=at.theta + step,
            value=at.value - decrease,
            relative=at.relative - decrease,
            sigma2=penalised / self.dof,
            beta=at.beta - math.sqrt(at.sigma2) * (root @ less[:p, p]),
            unscaled=at.unscaled + root @ less[:p, :p] @ root.T,
            penalised=penalised,
        )

    def relative(self, fixed: FixedPart, log_det_z: float) -> float:
        """Equations 37 (deviance) and 42 (REML criterion), without the constant."""
        dof, log_det = self.dof, log_det_z
        if self.reml:
            log_det += 2.0 * sum(map(math.log, (fixed.pivots / self.units).tolist()))
        return log_det + dof * (1.0 + math.log(2.0 * math.pi * (fixed.penalised / self.unit / self.unit) / dof))
