"""The profiled deviance (or REML criterion) as a pure function of theta: `criterion` has the formula and the notation.

One factor is solved level by level, several are eliminated one after the other: which it is, is decided here, once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from ..crossproducts.blocks import CrossProducts
from .covariance import CovarianceLayout
from .criterion import Criterion, Curvature, Evaluation
from .one_factor import OneFactor
from .several_factors.solver import SeveralFactors

__all__ = ["Deviance", "Solver"]

# Share of the least-squares residuals' sum of squares that is left as the penalised one, below which a fit is perfect:
# what is left is a difference, to which a rounding of 1e-16 of the whole leaves fewer than four digits.
PERFECT_SHARE = 1e-12


class Solver(Protocol):
    """The face that one factor and several have in common."""

    exact: bool
    """Whether `curvature` is exact, and can be had after any evaluation with first derivatives."""

    def evaluate(self, theta: np.ndarray, derivatives: int) -> Evaluation:
        """See `Deviance.evaluate`."""

    def curvature(self, at: Evaluation) -> np.ndarray | None:
        """See `Deviance.curvature`."""

    def along(self, matrices: list[np.ndarray], steps: Sequence[np.ndarray]) -> Curvature:
        """See `Deviance.along`."""

    def modes(self, theta: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """See `Deviance.modes`."""

    def scores(self, t: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        """What a step of scoring takes of the only factor at one `T`, see `OneFactor.scores`; None with several."""


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
    criterion : Criterion
    solver : Solver
        How the random effects are eliminated: `OneFactor` or `SeveralFactors`.
    """

    def __init__(self, products: CrossProducts, layout: CovarianceLayout, reml: bool) -> None:
        self.products, self.layout = products, layout
        # rows are worked with times root weights W, which makes |V| larger by |W|², and under X = B R D with a basis B,
        # which makes |X'V^-1X| smaller by |R D|² (see crossproducts.in_memory)
        constant = (products.log_basis if reml else 0.0) - products.log_weights
        self.criterion = Criterion(products.nobs, products.p, reml, constant)
        kind = OneFactor if len(products.factors) == 1 else SeveralFactors
        self.solver: Solver = kind(products, layout, self.criterion)

    def evaluate(self, theta: np.ndarray, derivatives: int = 1) -> Evaluation:
        """Compute the criterion, the fixed effects and the derivatives at a theta.

        Parameters
        ----------
        theta : ndarray, shape (n_theta,)
        derivatives : {0, 1, 2}
            Up to which order. With several grouping factors the second ones cannot be had afterwards; with one they
            can, where the first were asked for (see `curvature`).
        """
        return self.solver.evaluate(theta, derivatives)

    def value(self, theta: np.ndarray) -> float:
        """Compute the criterion alone."""
        return self.solver.evaluate(theta, 0).value

    def curvature(self, at: Evaluation) -> np.ndarray | None:
        """Second derivatives by theta at an evaluation, or None where they were not asked for when evaluating."""
        return self.solver.curvature(at)

    def along(self, matrices: list[np.ndarray], steps: Sequence[np.ndarray]) -> Curvature:
        """Exact first and second derivatives along steps of T.

        Parameters
        ----------
        matrices : list of ndarray, shapes (q, q)
            Each factor's T, of any form.
        steps : sequence of ndarray, shapes (m_k, q, q)
            Changes of each factor's T; those of all factors, one after the other, are m in number.

        Returns
        -------
        Curvature
        """
        return self.solver.along(matrices, steps)

    def modes(self, theta: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Conditional modes (q, J) of each factor's effects, and their covariances over sigma² (q, q, J).

        The covariances are those given the estimated parameters, fixed effects included (as lme4's ``condVar``).
        """
        return self.solver.modes(theta)

    def is_perfect(self, at: Evaluation) -> bool:
        """Whether as good as nothing is left of the response, so that the deviance falls without end."""
        return bool(at.penalised <= PERFECT_SHARE * self.products.xy[-1, -1])
