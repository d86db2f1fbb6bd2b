"""The profiled deviance (or REML criterion) as a pure function of theta: `criterion` has the formula and the notation.

`Deviance` is that of the columns worked with, whose theta does not depend on units and origins (see
`crossproducts.bases`); `UsersDeviance` is the same function of the theta of the user's columns.

One factor is solved level by level, several with few effects all at once, others are eliminated one after the other:
which it is, is decided here, once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np

from ..crossproducts.blocks import CrossProducts
from .covariance import CovarianceLayout, covariance_layout, lower_factor
from .criterion import Criterion, Curvature, Evaluation, ExpectedInformation
from .few_effects import FewEffects
from .iterative.solver import Iterative
from .joint_columns import JointColumns
from .one_factor import OneFactor
from .several_factors.crossed import TooFull
from .several_factors.solver import SeveralFactors

__all__ = ["AUTOMATIC", "PROBES", "SOLVERS", "Deviance", "Solver", "Solving", "UsersDeviance"]

# Random effects of several factors in all, up to which they are solved together: dense matrices of so many are quicker
# than elimination. Measured on two crossed factors: 2.2 to 2.8 times as quick with 10 to 50 effects, 1.2 with 170, half
# as quick with 180 and a slope of one.
FEW_EFFECTS = 128
# Share of the least-squares residuals' sum of squares that is left as the penalised one, below which a fit may be
# perfect: what is left as a difference has a rounding of 1e-16 of the whole. It is perfect below so many roundings.
PERFECT_SHARE, PERFECT_ROUNDINGS = 1e-12, 5e3
# Probes by default. Measured: on 0.8e6 ratings theta has a Monte Carlo error of 4e-4 sampling standard errors with 30.
PROBES = 30


class Solving(NamedTuple):
    """How several factors are to be solved.

    Attributes
    ----------
    solver : {None, "exact", "iterative"}
        None is exact where the system of the crossed factors fits, and iterative where it does not.
    probes, seed : int
        Of the iterative solver: how many probes, and what they are drawn from.
    """

    solver: str | None = None
    probes: int = PROBES
    seed: int = 0


AUTOMATIC, SOLVERS = Solving(), (None, "exact", "iterative")


class Solver(Protocol):
    """The face that one factor and several have in common."""

    exact: bool
    """Whether `curvature` is exact, and can be had after any evaluation with first derivatives."""

    def lost(self, theta: np.ndarray) -> float:
        """Rounding of what the effects leave of the response's squares at this theta."""

    @property
    def differences(self) -> np.ndarray:
        """Which elements ``x' V^-1 x`` are differences of squares, shape (p,): large effects leave few digits."""

    def evaluate(self, theta: np.ndarray, derivatives: int) -> Evaluation:
        """See `Deviance.evaluate`."""

    def curvature(self, at: Evaluation) -> np.ndarray | None:
        """See `Deviance.curvature`."""

    def moved(self, at: Evaluation, step: np.ndarray, decrease: float) -> Evaluation | None:
        """See `Deviance.moved`."""

    def along(
        self,
        matrices: list[np.ndarray],
        steps: Sequence[np.ndarray],
        at: Evaluation | None = None,
        second: bool = True,
    ) -> Curvature:
        """See `Deviance.along`."""

    def expected(self, matrices: list[np.ndarray], changes: Sequence[np.ndarray]) -> ExpectedInformation:
        """See `Deviance.expected`."""

    def modes(self, theta: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """See `Deviance.modes`."""


class Deviance:
    """The deviance of one model on one set of cross-products.

    Parameters
    ----------
    products : CrossProducts
    layout : CovarianceLayout
    reml : bool
        The REML criterion instead of the deviance.
    solving : Solving
        How several factors are to be solved.

    Attributes
    ----------
    criterion : Criterion
    solver : Solver
        How the random effects are eliminated: `OneFactor`, `FewEffects`, `SeveralFactors` or `Iterative`.
    refused : str or None
        Why the system was not solved exactly, where that was not asked for.
    """

    def __init__(
        self, products: CrossProducts, layout: CovarianceLayout, reml: bool, solving: Solving = AUTOMATIC
    ) -> None:
        self.products, self.layout, self.solving = products, layout, solving
        self.refused: str | None = None
        # rows are worked with times root weights W, which makes |V| larger by |W|², and under X = B R D with a basis B,
        # which makes |X'V^-1X| smaller by |R D|² (see crossproducts.in_memory)
        # and with a response divided by a scale and a unit, which make r² smaller by their squares
        squares = products.xy.diagonal().tolist()
        *units, unit = [math.ldexp(1.0, math.frexp(square)[1] // 2) for square in squares]  # powers of 2 near the roots
        constant = (products.log_basis + 2.0 * sum(map(math.log, units)) if reml else 0.0) - products.log_weights
        dof = products.nobs - products.p * reml
        constant += 2.0 * dof * math.log(products.shift.scale * unit)
        self.criterion = Criterion(products.nobs, products.p, reml, constant, np.array(units), unit)
        self.solver: Solver = self._solver()

    def _solver(self) -> Solver:
        """How the random effects are eliminated: in the columns of the terms, or in those of their factors."""
        if self.solving.solver != "iterative" or len(self.products.factors) == 1:
            try:
                return self._exact_solver()
            except TooFull as error:
                if self.solving.solver == "exact":
                    raise
                self.refused = str(error)
        return Iterative(self.products, self.layout, self.criterion, self.solving.probes, self.solving.seed)

    def _exact_solver(self) -> Solver:
        products, layout, joint = self.products, self.layout, self.products.joint
        effects = sum([f.size * f.levels for f in products.factors])
        several = FewEffects if effects <= FEW_EFFECTS else SeveralFactors
        kind = OneFactor if len(products.factors) == 1 else several
        if joint is None:
            return kind(products, layout, self.criterion)
        bases = list(zip([f.basis for f in products.factors], [f.basis for f in joint.factors], strict=True))
        mixing = [
            np.eye(q) if a is None or b is None else b.root @ a.inverse
            for (a, b), q in zip(bases, layout.sizes, strict=True)
        ]
        whole = covariance_layout(tuple(enumerate(layout.sizes)), len(layout.sizes))
        return JointColumns(layout, kind(joint, whole, self.criterion), whole, mixing)

    def evaluate(self, theta: np.ndarray, derivatives: int = 1) -> Evaluation:
        """Compute the criterion, the fixed effects and the derivatives at a theta.

        Parameters
        ----------
        theta : ndarray, shape (n_theta,)
        derivatives : {0, 1, 2}
            Up to which order. Where factors are eliminated, the second ones cannot be had afterwards; of an `exact`
            solver they can, where the first were asked for (see `curvature`).
        """
        return self.solver.evaluate(theta, derivatives)

    def value(self, theta: np.ndarray) -> float:
        """Compute the criterion alone."""
        return self.solver.evaluate(theta, 0).value

    def curvature(self, at: Evaluation) -> np.ndarray | None:
        """Second derivatives by theta at an evaluation, or None where they were not asked for when evaluating."""
        return self.solver.curvature(at)

    def moved(self, at: Evaluation, step: np.ndarray, decrease: float) -> Evaluation | None:
        """Evaluate, without derivatives, at the end of a step so short that its square changes nothing to speak of.

        With one grouping factor or few effects, and under REML where factors are eliminated, this takes no more than
        was found at the step's start; otherwise, as where effects are large, it is None.

        Parameters
        ----------
        at : Evaluation
            With first derivatives.
        step : ndarray, shape (n_theta,)
        decrease : float
            By how much the criterion falls along it.
        """
        return self.solver.moved(at, step, decrease)

    def along(
        self,
        matrices: list[np.ndarray],
        steps: Sequence[np.ndarray],
        at: Evaluation | None = None,
        second: bool = True,
    ) -> Curvature:
        """Exact first and second derivatives along steps of T.

        Parameters
        ----------
        matrices : list of ndarray, shapes (q, q)
            Each factor's T, of any form.
        steps : sequence of ndarray, shapes (m_k, q, q)
            Changes of each factor's T; those of all factors, one after the other, are m in number.
        at : Evaluation, optional
            Of the same covariance, with first derivatives: what was solved there need not be solved again.
        second : bool
            Whether more than `Curvature.sums` and `Curvature.root` is asked for.

        Returns
        -------
        Curvature
        """
        return self.solver.along(matrices, steps, at, second)

    def expected(self, matrices: list[np.ndarray], changes: Sequence[np.ndarray]) -> ExpectedInformation:
        """What the expected information about the covariance matrix is made of.

        Parameters
        ----------
        matrices : list of ndarray, shapes (q, q)
            Each factor's T, which may be singular.
        changes : sequence of ndarray, shapes (m_k, q, q)
            Changes of each factor's Sigma, symmetric; those of all factors, one after the other, are m in number.

        Returns
        -------
        ExpectedInformation
        """
        return self.solver.expected(matrices, changes)

    def modes(self, theta: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Conditional modes (q, J) of each factor's effects, and their covariances over sigma² (q, q, J).

        The covariances are those given the estimated parameters, fixed effects included (as lme4's ``condVar``).
        """
        return self.solver.modes(theta)

    def users_modes(self, theta: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Conditional modes (q, J) of the effects of the user's columns, and their covariances over sigma² (q, q, J).

        Parameters
        ----------
        theta : ndarray, shape (n_theta,)
            Of the columns worked with.
        """
        found, scale = zip(*self.modes(theta), self.products.factors, strict=True), self.products.shift.scale
        users = [(m, c) if f.basis is None else f.basis.users_modes(m, c) for m, c, f in found]
        return [scale * m for m, _ in users], [c for _, c in users]

    def covariances_of(self, theta: np.ndarray, factor: int, levels: np.ndarray) -> np.ndarray:
        """Conditional covariances over sigma² of the user's effects, solved for: shape (q, q, levels).

        Parameters
        ----------
        theta : ndarray, shape (n_theta,)
            Of the columns worked with; the solver is `Iterative`.
        factor : int
        levels : ndarray of int, shape (levels,)
        """
        assert isinstance(self.solver, Iterative)
        found, basis = self.solver.covariances_of(theta, factor, levels), self.products.factors[factor].basis
        return found if basis is None else basis.users_modes(found[0], found)[1]

    def predicted(
        self, theta: np.ndarray, columns: list[np.ndarray], codes: list[np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray]:
        """How sure sums of the user's effects are: see `Iterative.predicted`, which the solver is."""
        assert isinstance(self.solver, Iterative)
        bases = [f.basis for f in self.products.factors]
        turned = [z if b is None else z @ b.inverse for z, b in zip(columns, bases, strict=True)]
        return self.solver.predicted(theta, turned, codes)

    def is_perfect(self, at: Evaluation) -> bool:
        """Whether as good as nothing is left of the response, so that the deviance falls without end."""
        few = bool(at.penalised <= PERFECT_SHARE * self.products.xy[-1, -1])
        return few and at.penalised <= PERFECT_ROUNDINGS * self.solver.lost(at.theta)

    def users_theta(self, theta: np.ndarray) -> np.ndarray:
        """The theta of the user's columns: the lower factors of ``R^-1 T``."""
        bases = [f.basis for f in self.products.factors]
        return self._translated(theta, [None if b is None else b.inverse for b in bases])

    def working_theta(self, theta: np.ndarray) -> np.ndarray:
        """The theta of the columns worked with, from that of the user's: the lower factors of ``R T``."""
        return self._translated(
            theta, [None if b is None else b.root for b in (f.basis for f in self.products.factors)]
        )

    def _translated(self, theta: np.ndarray, turns: list[np.ndarray | None]) -> np.ndarray:
        if all(turn is None for turn in turns):
            return theta.copy()
        matrices = self.layout.matrices(theta)
        for slot in self.layout.slots:
            turn, block = turns[slot.factor], slice(slot.start, slot.start + slot.size)
            if turn is not None:
                matrices[slot.factor][block, block] = lower_factor(
                    turn[block, block] @ matrices[slot.factor][block, block]
                )
        return self.layout.pick(matrices)


class UsersDeviance:
    """The deviance as a function of the theta of the user's columns, in lme4's order.

    Parameters
    ----------
    working : Deviance
        The same function of the theta of the columns worked with.

    Attributes
    ----------
    layout : CovarianceLayout
    solver : Solver
    """

    def __init__(self, working: Deviance) -> None:
        self.working, self.layout, self.solver = working, working.layout, working.solver

    def evaluate(self, theta: np.ndarray) -> Evaluation:
        """Compute the criterion, the fixed effects and the gradient at a theta.

        Parameters
        ----------
        theta : ndarray, shape (n_theta,)
        """
        at = self.working.evaluate(self.working.working_theta(theta))
        bases = [f.basis for f in self.working.products.factors]
        projections, residuals = (
            tuple(a if b is None else b.users_products(a) for a, b in zip(arrays, bases, strict=True))
            for arrays in (at.projections, at.residuals)
        )
        at = at._replace(theta=theta, projections=projections, residuals=residuals, solution=None, hessian=None)
        slopes = [2.0 * at.slope(k) @ t for k, t in enumerate(self.layout.matrices(theta))]
        return at._replace(gradient=self.layout.pick(slopes))

    def value(self, theta: np.ndarray) -> float:
        """Compute the criterion alone."""
        return self.working.value(self.working.working_theta(theta))

    def modes(self, theta: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Conditional modes (q, J) of the user's effects, and their covariances over sigma² (q, q, J)."""
        return self.working.users_modes(self.working.working_theta(theta))
