"""The likelihood of a generalized mixed model around its maximum, and what its second derivatives say."""

from __future__ import annotations

import numpy as np
from scipy import linalg

from ..errors import FitError
from ..generalized.laplace import GeneralizedEvaluation, Laplace
from ..optimize.quasi_newton import differenced_hessian
from .generalized_rows import WorkedRows
from .generalized_search import GeneralizedOptimum

__all__ = ["UsersCriterion", "curvature", "inverse_block"]

# Differences of the gradient are taken over this share of a standard error.
SHARE_OF_ERROR = 1e-2


class UsersCriterion:
    """The criterion as a function of the user's theta and beta: minus twice the log-likelihood.

    Attributes
    ----------
    layout : CovarianceLayout
    """

    def __init__(self, worked: WorkedRows, laplace: Laplace, at: GeneralizedEvaluation) -> None:
        self.layout, self._worked, self._laplace, self._at = worked.layout, worked, laplace, at

    def value(self, theta: np.ndarray, beta: np.ndarray) -> float:
        """Compute the criterion.

        Parameters
        ----------
        theta : ndarray, shape (n_theta,)
            Relative covariance parameters, in lme4's order.
        beta : ndarray, shape (p,)

        Raises
        ------
        FitError
            Where the model has means that its family cannot have.
        """
        theta, beta = self._worked.working_theta(np.asarray(theta)), self._worked.working_beta(np.asarray(beta))
        return self._laplace.evaluate(theta, beta).value


def curvature(optimum: GeneralizedOptimum) -> np.ndarray:
    """Second derivatives by theta and beta at the minimum, by differences of the exact gradient: shape (m, m)."""
    at, n = optimum.evaluation, len(optimum.evaluation.theta)

    def gradient(x: np.ndarray) -> np.ndarray:
        try:
            return optimum.laplace.evaluate(x[:n], x[n:], at.mode).gradient
        except FitError:  # beyond the edge of what means the family has
            return np.full(len(x), np.nan)

    size = np.sqrt(2.0 / np.maximum(optimum.hessian.diagonal(), 1e-12))
    steps = SHARE_OF_ERROR * np.minimum(size, 1.0)
    return differenced_hessian(gradient, np.concatenate([at.theta, at.beta]), steps)


def inverse_block(hessian: np.ndarray, n_theta: int) -> np.ndarray:
    """Fixed effects' block of twice the inverse, NaN where there is none; what theta cannot tell is left out."""
    own, across, fixed = hessian[:n_theta, :n_theta], hessian[:n_theta, n_theta:], hessian[n_theta:, n_theta:]
    if not np.isfinite(hessian).all():
        return np.full_like(fixed, np.nan)
    scale = np.sqrt(np.maximum(np.abs(own.diagonal()), 1e-300))
    inverse = linalg.pinvh(own / np.outer(scale, scale), rtol=1e-8) / np.outer(scale, scale)
    try:
        return 2.0 * linalg.inv(fixed - across.T @ inverse @ across)
    except linalg.LinAlgError:
        return np.full_like(fixed, np.nan)
