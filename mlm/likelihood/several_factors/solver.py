"""The deviance and its derivatives where several grouping factors meet: forward, backward, and once more forward."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ...crossproducts.blocks import CrossProducts
from ..covariance import CovarianceLayout
from ..criterion import Criterion, Curvature, Evaluation, ExpectedInformation
from ..level_bases import SQUARES_ROUNDING
from ..level_matrices import shortened
from .average_information import approximate_derivatives, changed_residuals, trace_corrections, working_products
from .backward import Posterior, posterior
from .expected import expected_information, regular
from .forward import Eliminated, eliminate
from .parts import divide
from .second_derivatives import exact_curvature

__all__ = ["SeveralFactors"]


class Outside(NamedTuple):
    """What the end of a short step follows from, under REML.

    Attributes
    ----------
    root : ndarray, shape (p, p)
        R, with ``R R' = (X' V^-1 X)^-1``.
    matrices : list of ndarray, shapes (q, q)
        Each factor's T.
    outside : tuple of ndarray, shapes (q, p + 1, J)
        ``Z_j' V^-1 [X R, y - X beta]`` of each factor's levels.
    """

    root: np.ndarray
    matrices: list[np.ndarray]
    outside: tuple[np.ndarray, ...]


class SeveralFactors:
    """Cross-products with several grouping factors.

    Parameters
    ----------
    products : CrossProducts
    layout : CovarianceLayout
    criterion : Criterion

    Attributes
    ----------
    parts : tuple of Part
        Parts of the data without a common level, each with its plan of elimination.
    largest : list of float
        Of the squares of each factor's columns in a level.
    seconds : float
        That factoring and inverting the crossed factors' systems is estimated to take.
    """

    exact = False

    def __init__(self, products: CrossProducts, layout: CovarianceLayout, criterion: Criterion) -> None:
        self.xy, self.layout, self.criterion = products.xy, layout, criterion
        self.parts = divide(products)
        self.seconds = sum(part.plan.crossed.fronts.seconds for part in self.parts if part.plan.crossed is not None)
        self.largest = [float(np.maximum.reduce(f.zz, None)) for f in products.factors]

    def lost(self, theta: np.ndarray) -> float:
        """See `Solver.lost`: not known beyond the rounding of the squares themselves."""
        return SQUARES_ROUNDING * float(self.xy[-1, -1])

    @property
    def differences(self) -> np.ndarray:
        """See `Solver.differences`: all of them."""
        return np.ones(len(self.xy) - 1, dtype=bool)

    def evaluate(self, theta: np.ndarray, derivatives: int) -> Evaluation:
        """Eliminate the random effects; with derivatives, also go back through them."""
        eliminated = self._eliminate(theta)
        if not derivatives:
            return self.criterion.evaluation(theta, eliminated.fixed, eliminated.log_det)
        found = posterior(self.parts, eliminated, estimated=self.criterion.reml)
        at = self.criterion.evaluation(
            theta,
            eliminated.fixed,
            eliminated.log_det,
            projections=tuple(factor.projections for factor in found.factors),
            residuals=tuple(factor.residuals for factor in found.factors),
        )
        slopes = [2.0 * at.slope(k) @ t for k, t in enumerate(eliminated.matrices)]
        at = at._replace(gradient=self.layout.pick(slopes))
        if self.criterion.reml:
            outside = tuple([factor.outside for factor in found.factors])
            at = at._replace(solution=Outside(eliminated.fixed.inverse_root, eliminated.matrices, outside))
        return at._replace(hessian=self._hessian(at, eliminated, found)) if derivatives > 1 else at

    def curvature(self, at: Evaluation) -> np.ndarray | None:
        """Nearly exact second derivatives, formed while evaluating."""
        return at.hessian

    def moved(self, at: Evaluation, step: np.ndarray, decrease: float) -> Evaluation | None:
        """Evaluate at the end of a short step, see `Deviance.moved`; what it takes is not at hand without REML."""
        of = at.solution
        if not isinstance(of, Outside):
            return None
        less = np.sum(list(map(shortened, of.outside, of.matrices, self.layout.matrices(step))), axis=0)
        less[-1] /= math.sqrt(at.sigma2)
        less[:, -1] /= math.sqrt(at.sigma2)
        return self.criterion.moved(at, step, decrease, of.root, less)

    def along(
        self,
        matrices: list[np.ndarray],
        steps: Sequence[np.ndarray],
        at: Evaluation | None = None,
        second: bool = True,
    ) -> Curvature:
        """Exact derivatives along steps of T, see `Deviance.along`."""
        eliminated = eliminate(self.parts, self.xy, matrices, scaled=True)
        return exact_curvature(eliminated, self.criterion, steps, second)

    def expected(self, matrices: list[np.ndarray], changes: Sequence[np.ndarray]) -> ExpectedInformation:
        """What the expected information is made of, see `Deviance.expected`."""
        eliminated = eliminate(self.parts, self.xy, regular(matrices, self.parts, self.largest), scaled=True)
        return expected_information(eliminated, changes)

    def modes(self, theta: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Conditional modes (q, J) of each factor's effects, and their covariances over sigma² (q, q, J)."""
        eliminated = self._eliminate(theta)
        found = posterior(self.parts, eliminated, estimated=False)
        return [factor.modes for factor in found.factors], [factor.covariances for factor in found.factors]

    def _eliminate(self, theta: np.ndarray) -> Eliminated:
        return eliminate(self.parts, self.xy, self.layout.matrices(theta))

    def _hessian(self, at: Evaluation, eliminated: Eliminated, found: Posterior) -> np.ndarray:
        """Second derivatives: one more solution with each part's factored system."""
        products, corrections = [], np.zeros((len(at.theta), len(at.theta)))
        for part, done, crossed in zip(self.parts, eliminated.parts, found.crossed, strict=True):
            mine = at._replace(projections=part.take(at.projections), residuals=part.take(at.residuals))
            changed = changed_residuals(self.layout, eliminated.matrices, mine.residuals)
            products.append(working_products(changed, mine.residuals, done, crossed.solve if crossed else None))
            w = crossed.covariances_given_y() if crossed else np.empty(0)
            corrections += trace_corrections(self.layout, eliminated.matrices, mine, done, w)
        return approximate_derivatives(self.layout, at, sum(products[1:], products[0]), corrections, self.criterion.dof)
