"""Where a covariance matrix is singular: whether that is the minimum, or only a stationary point.

Every ``theta_ii = 0`` is a stationary point of the deviance as a function of theta. It is a minimum if the derivative
by Sigma itself is not negative in any direction in which Sigma is zero: the Karush-Kuhn-Tucker condition on the cone of
positive semidefinite matrices (Boyd & Vandenberghe 2004, Convex Optimization, section 5.9).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..likelihood.covariance import canonical_factor
from ..likelihood.criterion import Evaluation
from ..likelihood.deviance import Deviance

__all__ = ["SILENT", "leave_boundary", "settle_zeros"]

SILENT = 1e-8  # decrease that rounding hides in the deviance (1e5 * 1e-14): the gradient decides below it
ZERO = 1e-5  # relative standard deviations below this are tried as 0


def settle_zeros(deviance: Deviance, evaluate: Callable[[np.ndarray], Evaluation], at: Evaluation) -> Evaluation:
    """Put tiny relative standard deviations to 0 where the deviance is no worse for it.

    Parameters
    ----------
    deviance : Deviance
    evaluate : callable
        Evaluates a theta, and takes it down.
    at : Evaluation
        Where the search has ended.

    Returns
    -------
    Evaluation
    """
    theta = deviance.layout.rectify(at.theta)
    for _ in range(deviance.layout.n_theta):
        tiny = deviance.layout.diagonal & (np.abs(theta) < ZERO)
        if not theta[tiny].any():
            break
        theta = deviance.layout.rectify(np.where(tiny, 0.0, theta))
    if (theta == at.theta).all():
        return at
    settled = evaluate(theta)
    return settled if settled.value <= at.value + SILENT else at


def leave_boundary(
    deviance: Deviance, evaluate: Callable[[np.ndarray], Evaluation], at: Evaluation
) -> Evaluation | None:
    """Find a direction in which a singular Sigma should grow.

    Parameters
    ----------
    deviance : Deviance
    evaluate : callable
        Evaluates a theta, and takes it down.
    at : Evaluation
        Where the search has ended.

    Returns
    -------
    Evaluation or None
        Some way along that direction; None when there is none: it is the minimum.
    """
    matrices = deviance.layout.matrices(at.theta)
    for slot in deviance.layout.slots:
        block = slice(slot.start, slot.start + slot.size)
        sigma = matrices[slot.factor][block, block] @ matrices[slot.factor][block, block].T
        values, vectors = np.linalg.eigh(sigma)
        null = vectors[:, values <= 1e-9 * max(values[-1], 1e-12)]
        if not null.shape[1]:
            continue
        slopes, inside = np.linalg.eigh(null.T @ at.slope(slot.factor)[block, block] @ null)
        if slopes[0] >= 0:
            continue
        direction = null @ inside[:, 0]
        best = at
        for size in np.geomspace(1e-6, 1.0, 7):
            grown = [m.copy() for m in matrices]
            root = np.column_stack([grown[slot.factor][block, block], np.sqrt(size) * direction])
            grown[slot.factor][block, block] = _lower(root)
            tried = evaluate(deviance.layout.pick(grown))
            best = tried if tried.value < best.value - SILENT else best
        if best is not at:
            return best
    return None


def _lower(root: np.ndarray) -> np.ndarray:
    """Lower triangular factor of ``root root'``."""
    return canonical_factor(np.asarray(np.linalg.qr(root.T, mode="r")).T)
