"""The likelihood of a generalized mixed model around its maximum, and what its second derivatives say."""

from __future__ import annotations

import numpy as np
from scipy import linalg

from ..errors import FitError
from ..generalized.laplace import GeneralizedEvaluation, Laplace
from ..optimize.quasi_newton import differenced_hessian
from .generalized_rows import WorkedRows
from .generalized_search import GeneralizedOptimum

__all__ = ["UsersCriterion", "curvature", "even_directions", "inverse_block"]

# Differences of the gradient are taken over this share of a standard error.
SHARE_OF_ERROR = 1e-2
# Least singular value of the weighted columns, beside the largest, below which other directions are taken.
EVEN = 1e-3
# Share of the largest eigenvalue by theta, in units of its own, up to which a direction is one that nothing is told of.
TOLD = 1e-8


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


def even_directions(optimum: GeneralizedOptimum) -> np.ndarray:
    """Directions of beta over which differences are taken, in columns: shape (p, p).

    Those of the columns worked with; or, where these are nearly one for the rows that tell something, because one value
    is far from the others and its mean certain, those in which the information of the rows is the unit matrix.
    """
    rows, weights = optimum.laplace.problem.rows, optimum.evaluation.mode.at.weights
    p = len(rows.xt)
    if p < 2 or weights.min() > EVEN**2 * weights.max() or not np.ptp(rows.xt, axis=1).any():
        return np.eye(p)  # singular values of weighted orthonormal columns are between the roots of the weights
    r = np.asarray(np.linalg.qr((rows.xt * np.sqrt(np.maximum(weights, 0.0))).T, mode="r"))
    sizes = np.linalg.svd(r, compute_uv=False)
    if not (np.isfinite(sizes).all() and 0.0 < sizes[-1] < EVEN * sizes[0]):
        return np.eye(p)
    return np.asarray(linalg.solve_triangular(r, np.eye(p)))


def curvature(optimum: GeneralizedOptimum, directions: np.ndarray) -> np.ndarray:
    """Second derivatives by theta and along directions of beta at the minimum, shape (m, m).

    They are exact, or differences of the exact gradient.
    """
    if optimum.laplace.is_twice_exact:
        return optimum.laplace.second_derivatives(optimum.evaluation, directions)
    at, n = optimum.evaluation, len(optimum.evaluation.theta)
    turn = linalg.block_diag(np.eye(n), directions) if len(directions) else np.eye(n)
    here = np.concatenate([at.theta, at.beta])

    def gradient(z: np.ndarray) -> np.ndarray:
        x = here + turn @ z
        try:
            return np.asarray(turn.T @ optimum.laplace.evaluate(x[:n], x[n:], at.mode).gradient)
        except FitError:  # beyond the edge of what means the family has
            return np.full(len(x), np.nan)

    size = np.sqrt(2.0 / np.maximum((turn.T @ optimum.hessian @ turn).diagonal(), 1e-12))
    return differenced_hessian(gradient, np.zeros(len(here)), SHARE_OF_ERROR * np.minimum(size, 1.0))


def inverse_block(hessian: np.ndarray, n_theta: int) -> np.ndarray:
    """Fixed effects' block of twice the inverse, NaN where there is none; what theta cannot tell is left out."""
    own, across, fixed = hessian[:n_theta, :n_theta], hessian[:n_theta, n_theta:], hessian[n_theta:, n_theta:]
    if not np.isfinite(hessian).all():
        return np.full_like(fixed, np.nan)
    scale = np.sqrt(np.maximum(np.abs(own.diagonal()), 1e-300))
    values, vectors = np.linalg.eigh(own / np.outer(scale, scale))
    told = np.abs(values) > TOLD * np.abs(values).max()
    vectors = vectors[:, told] / scale[:, None]
    inverse = vectors / values[told] @ vectors.T
    try:
        return 2.0 * np.linalg.inv(fixed - across.T @ inverse @ across)
    except np.linalg.LinAlgError:
        return np.full_like(fixed, np.nan)
