"""What lme4 says of where its optimiser has stopped: its own checks, by differences, at its theta.

These are said in printouts only. Whether a search has ended at a minimum is decided by exact derivatives
(`mlm.optimize`), which see more and are not misled by units.

``?convergence`` and ``?lmerControl`` of lme4 name the checks and their tolerances. Its messages, and which of them
keeps others from being given, were seen by running it (tests/reference/printouts.R).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.linalg import LinAlgError, cholesky, solve_triangular

from ..likelihood.deviance import UsersDeviance
from ..optimize.nloptwrap import MOST_EVALUATIONS
from ..optimize.optimum import Optimum

__all__ = ["exit_code", "stopping_messages"]

STEP = 1e-4  # of theta, for differences
SINGULAR = 1e-4  # diagonal elements of theta below this are 0: `check.conv.singular`
LARGEST_GRADIENT = 2e-3  # that is none, scaled by the second derivatives or not: `check.conv.grad`
LEAST_EIGENVALUE = 1e-6  # of the second derivatives that is above 0; and the least ratio of two: `check.conv.hess`
STOPPED = (
    "5 (NLOPT_MAXEVAL_REACHED: Optimization stopped because maxeval (above) was reached.)"  # as NLopt and nloptr say it
)

Value = Callable[[np.ndarray], float]


def exit_code(optimum: Optimum) -> str:
    """The code that lme4 prints of the search, 0 where a tolerance has ended it."""
    return STOPPED if f"{MOST_EVALUATIONS} evaluations" in optimum.message else "0 (OK)"


def stopping_messages(deviance: UsersDeviance, theta: np.ndarray) -> tuple[str, ...]:
    """Lines that lme4 prints of the theta at which the search has stopped; none where all is well.

    Parameters
    ----------
    deviance : UsersDeviance
    theta : ndarray, shape (n_theta,)

    Returns
    -------
    tuple of str
    """
    if (theta[deviance.layout.diagonal] < SINGULAR).any():
        return ("boundary (singular) fit: see help('isSingular')",)
    gradient, hessian = _differences(deviance.value, theta)
    return (*_of_gradient(gradient, hessian), *_of_curvature(hessian))


def _differences(value: Value, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Central differences, first (k,) and second (k, k)."""
    k, here, steps = len(theta), value(theta), STEP * np.eye(len(theta))
    above, below = (np.array([value(theta + sign * step) for step in steps]) for sign in (1.0, -1.0))
    hessian = np.diag((above - 2.0 * here + below) / STEP**2)
    for i in range(k):
        for j in range(i):
            both, across = steps[i] + steps[j], steps[i] - steps[j]
            mixed = value(theta + both) - value(theta + across) - value(theta - across) + value(theta - both)
            hessian[i, j] = hessian[j, i] = mixed / (4.0 * STEP**2)
    return (above - below) / (2.0 * STEP), hessian


def _of_gradient(gradient: np.ndarray, hessian: np.ndarray) -> list[str]:
    try:
        scaled = solve_triangular(cholesky(hessian), gradient)
    except LinAlgError:
        return ["unable to evaluate scaled gradient"]
    largest = float(np.max(np.minimum(np.abs(scaled), np.abs(gradient))))
    if largest <= LARGEST_GRADIENT:
        return []
    return [f"Model failed to converge with max|grad| = {largest:g} (tol = {LARGEST_GRADIENT:g}, component 1)"]


def _of_curvature(hessian: np.ndarray) -> list[str]:
    values = np.linalg.eigvalsh(hessian)
    low, high = float(values[0]), float(values[-1])
    negative = int((values < -LEAST_EIGENVALUE).sum())
    if negative:
        return [f"Model failed to converge: degenerate  Hessian with {negative} negative eigenvalues"]
    if low < LEAST_EIGENVALUE:
        return ["Hessian is numerically singular: parameters are not uniquely determined"]
    said = []
    if high * LEAST_EIGENVALUE > 1.0:
        said.append("Model is nearly unidentifiable: very large eigenvalue\n - Rescale variables?")
    if low / high < LEAST_EIGENVALUE:
        said.append("Model is nearly unidentifiable: large eigenvalue ratio\n - Rescale variables?")
    return said
