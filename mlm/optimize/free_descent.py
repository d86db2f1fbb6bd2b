"""Newton's method along steps of T that change Sigma in every way, and do nothing else.

Elements of theta are poor variables where a variance is nearly 0: with ``T = [e 0; b c]`` and a small e, b and c may
turn into one another and hardly change Sigma. The valley is a piece of a circle, along which steps in b and c are
short. In the steps of `likelihood.free_steps` it is straight, and a Sigma that is singular keeps its rank. Second
derivatives along them are exact, also with several grouping factors; they cost more than those of a search.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.linalg import lapack

from ..errors import MlmError
from ..likelihood.covariance import lower_factor
from ..likelihood.criterion import Curvature, Evaluation
from ..likelihood.deviance import Deviance
from ..likelihood.free_steps import along_steps, free_steps, mean_products
from .ending import LEAST_DECREASE, ROUNDING_DECREASE

__all__ = ["free_descent"]

# Steps at most, and halvings of one: the last ones square what is left.
MOST_STEPS = 20
MOST_HALVINGS = 20
# Share of the largest second derivative, by size, that others are raised to where they are not positive.
LEAST_CURVATURE = 1e-10


def free_descent(
    deviance: Deviance, evaluate: Callable[[np.ndarray], Evaluation], at: Evaluation
) -> tuple[Evaluation, bool]:
    """Go down to the minimum for the rank that Sigma has.

    Parameters
    ----------
    deviance : Deviance
    evaluate : callable
        Evaluates a theta, and takes it down.
    at : Evaluation

    Returns
    -------
    at : Evaluation
    converged : bool
        Whether nothing is left to go, and second derivatives are positive.
    """
    grams = mean_products(deviance.products)
    last = np.inf
    for _ in range(MOST_STEPS):
        matrices = deviance.layout.matrices(at.theta)
        steps = free_steps(deviance.layout, matrices, grams)
        found = deviance.along(matrices, steps)
        if not len(found.slope):
            return at, True
        far, decrease, definite = _step(found)
        if decrease < LEAST_DECREASE or (decrease < ROUNDING_DECREASE and decrease >= 0.5 * last):
            return at, definite
        tried = _lower(deviance, evaluate, at, steps, far, ROUNDING_DECREASE if decrease < ROUNDING_DECREASE else 0.0)
        if tried is None:
            return at, definite and decrease < ROUNDING_DECREASE
        at, last = tried, decrease
        if deviance.is_perfect(at):
            break
    return at, False


def _step(found: Curvature) -> tuple[np.ndarray, float, bool]:
    """Newton's step, the decrease it promises, and whether second derivatives are positive definite."""
    scale = np.sqrt(np.abs(found.second.diagonal()))
    scale[scale == 0.0] = 1.0
    slope, second = found.slope / scale, found.second / np.outer(scale, scale)
    _, along, info = lapack.dposv(second, slope)
    if info:
        values, vectors = np.linalg.eigh(second)
        along = vectors @ ((vectors.T @ slope) / np.maximum(np.abs(values), LEAST_CURVATURE * np.abs(values).max()))
    return -along / scale, 0.5 * float(slope @ along), not info


def _lower(
    deviance: Deviance,
    evaluate: Callable[[np.ndarray], Evaluation],
    at: Evaluation,
    steps: list[np.ndarray],
    far: np.ndarray,
    rounding: float,
) -> Evaluation | None:
    """Halve a step until the deviance is lower."""
    for k in range(MOST_HALVINGS):
        try:
            tried = evaluate(_moved(deviance, at.theta, steps, far * 0.5**k))
        except MlmError:
            continue
        if tried.relative < at.relative + rounding:
            return tried
    return None


def _moved(deviance: Deviance, theta: np.ndarray, steps: list[np.ndarray], far: np.ndarray) -> np.ndarray:
    """Theta so far along each of the steps."""
    layout = deviance.layout
    matrices = along_steps(layout.matrices(theta), steps, far)
    for s in layout.slots:
        block, t = slice(s.start, s.start + s.size), matrices[s.factor]
        t[block, block] = lower_factor(t[block, block])
    return layout.pick(matrices)
