"""Where a covariance matrix is singular: whether that is the minimum, or only a stationary point.

Every ``theta_ii = 0`` is a stationary point of the deviance as a function of theta. It is a minimum if the derivative
by Sigma itself, a matrix G, is not negative in any direction in which Sigma is zero: the Karush-Kuhn-Tucker condition
on the cone of positive semidefinite matrices (Boyd & Vandenberghe 2004, Convex Optimization, section 5.9). Along such a
direction v Sigma can only grow, by ``s v v'``, and the deviance changes by ``s v' G v``: the smallest eigenvalue of G
on these directions decides. Between them and the others G must be 0, which a gradient by theta of 0 does not say where
a zero on the diagonal of `T` stands before an element that is not 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from ..errors import MlmError
from ..likelihood.covariance import lower_factor
from ..likelihood.criterion import Evaluation
from ..likelihood.deviance import Deviance
from .ending import ROUNDING_DECREASE

__all__ = ["leave_boundary", "leave_saddle", "settle_zeros"]

# Relative standard deviations below this are tried as 0. A search that ends where a decrease of 1e-13 is promised is
# within the root of 2e-13 / h of a minimum at 0 with second derivative h: nearer than this if h is above 0.002.
# Measured: the same up to 1e-3; with 1e-8, fewer are tried.
ZERO_DEVIATION = 1e-5
# Share of a covariance's largest eigenvalue (or of `NULL_FLOOR`, where all are near 0) up to which another is 0: above
# rounding, 1e-16, and below the square of a diagonal that is clear of 0, 1e-6 (see `newton`). Measured: the same with
# 1e-13, and with floors from 1e-20 to 1e-8; 28 evaluations more with 1e-6.
NULL_SHARE = 1e-9
NULL_FLOOR = 1e-12
# Variances that are tried along a direction in which the deviance falls, relative to the residual one: the best of them
# is where the search goes on. Measured in the harder searches: with three from 1e-6, 400 evaluations less and one ended
# higher; with three from 1e-2, 6 did; with 19, 2,100 more.
GROWN_VARIANCES = np.geomspace(1e-6, 1.0, 7)
# Share of the largest second derivative, by size, from which a negative one is no rounding; and how far to go along it,
# in shares of the largest relative standard deviation (or of 1, where all are less).
NEGATIVE_SHARE = 1e-6
SADDLE_STEPS = (0.01, 0.1, 1.0)


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
        tiny = deviance.layout.diagonal & (np.abs(theta) < ZERO_DEVIATION)
        if not theta[tiny].any():
            break
        theta = deviance.layout.rectify(np.where(tiny, 0.0, theta))
    if (theta == at.theta).all():
        return at
    settled = evaluate(theta)
    return settled if settled.relative <= at.relative + ROUNDING_DECREASE else at


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
        zero = values <= NULL_SHARE * max(values[-1], NULL_FLOOR)
        if not zero.any():
            continue
        root = vectors[:, ~zero] * np.sqrt(values[~zero])
        best = at
        for change in _changes(root, vectors[:, zero], at.slope(slot.factor)[block, block]):
            grown = [m.copy() for m in matrices]
            grown[slot.factor][block, block] = lower_factor(change)
            tried = evaluate(deviance.layout.pick(grown))
            best = tried if tried.relative < best.relative - ROUNDING_DECREASE else best
        if best is not at:
            return best
    return None


def _changes(root: np.ndarray, null: np.ndarray, slope: np.ndarray) -> Iterator[np.ndarray]:
    """Roots of covariances beside ``root root'`` along which the deviance falls, each with one column more.

    Along a null direction v Sigma grows by ``s v v'``. Where the slope G has a part ``C = N'G root`` between null
    directions N and the others, the root itself moves: by ``-N C``, the deviance falls by ``2 |C|²`` to first order.
    """
    nothing = np.zeros((len(root), 1))
    between = null.T @ slope @ root
    length = float(np.linalg.norm(between))
    if 2.0 * length * math.sqrt(GROWN_VARIANCES[0]) > ROUNDING_DECREASE:
        for size in np.sqrt(GROWN_VARIANCES):
            moved = root - size * (null @ between) / length
            yield np.hstack([moved, np.zeros((len(root), len(root) - root.shape[1]))])
    slopes, inside = np.linalg.eigh(null.T @ slope @ null)
    if slopes[0] < 0:
        direction = null @ inside[:, :1]
        for size in np.sqrt(GROWN_VARIANCES):
            yield np.hstack([root, size * direction] + [nothing] * (len(root) - root.shape[1] - 1))


def leave_saddle(
    evaluate: Callable[[np.ndarray], Evaluation], at: Evaluation, hessian: np.ndarray
) -> Evaluation | None:
    """Go down from where the gradient is 0 and a second derivative negative.

    Parameters
    ----------
    evaluate : callable
        Evaluates a theta, and takes it down.
    at : Evaluation
        Where the search has ended.
    hessian : ndarray, shape (n_theta, n_theta)
        Second derivatives.

    Returns
    -------
    Evaluation or None
        Lower down; None where no second derivative is negative, or the deviance is not lower along it.
    """
    values, vectors = np.linalg.eigh(hessian)
    if values[0] >= -NEGATIVE_SHARE * np.abs(values).max():
        return None
    best, reach = at, max(1.0, float(np.abs(at.theta).max()))
    for size in SADDLE_STEPS:
        for sign in (1.0, -1.0):
            try:
                tried = evaluate(at.theta + sign * size * reach * vectors[:, 0])
            except MlmError:
                continue
            best = tried if tried.relative < best.relative - ROUNDING_DECREASE else best
    return None if best is at else best
