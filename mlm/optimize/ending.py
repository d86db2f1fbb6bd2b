"""What is said of the end of a search, and of a point where nothing can be computed."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.linalg import lapack

from ..errors import FitError, MlmError
from ..likelihood.criterion import Evaluation
from ..likelihood.deviance import Deviance
from ..likelihood.level_bases import SQUARES_ROUNDING
from .optimum import Log, Optimum

__all__ = [
    "HIDDEN",
    "LEAST_DECREASE",
    "MOST_DECREASE",
    "ROUNDING_DECREASE",
    "SMALL",
    "UNBOUNDED",
    "beneath_rounding",
    "computed",
    "ended",
    "finished",
    "rounding_of",
]

# Decrease of the deviance that its rounding hides: 1e-13 of a deviance of 1e5. Values that differ by less count as
# equal; below, the gradient decides, which has no such rounding. Measured (see `newton`): the same from 1e-11 to 1e-6;
# with 1e-4, 13 searches ended higher.
ROUNDING_DECREASE = 1e-8
# Share of the least-squares residuals' sum of squares that is left as the penalised one, below which rounding, 1e-16 of
# the former where squares are subtracted, can be 1e-6 of what is left: the deviance of 100 rows has one of 1e-4.
LEAST_RESIDUAL_SHARE = 1e-10
# So many roundings then.
LEAST_ROUNDINGS = 5e5
# Promised decreases for which the last step is made: with less, theta is right to 5e-9 standard errors of its own;
# more is rounding of the gradient, or no minimum.
LEAST_DECREASE, MOST_DECREASE = 1e-17, 1e-12
# Steps that are made by the gradient alone: each of the last ones squares what is left.
MOST_GRADIENT_STEPS = 5
# How what is said begins where rounding is the reason, and the search came as near to the minimum as that allows.
HIDDEN, SMALL = "rounding hides decreases", "the residual variance is a share"
# What is said where there is no minimum: fixed effects and levels fit the response perfectly, and the criterion falls
# to its limit as the residual variance goes to 0.
UNBOUNDED = "the criterion falls as far as the residual variance, and has no minimum"

# The same of a single difference: ends of one search were 1 and 2 units of the last place apart.
FIXED_ROUNDING = 4e-16
# Relative standard deviation below which the random effects leave 1e-6 of a fixed-effects column, and 1e-9 is hidden.
LARGE_DEVIATION = 1e3
# ... and, with several factors, a few of which may be in one level with large weights.
LARGE_OF_SEVERAL = 30.0
# Decrease that rounding hides, above which the end is none: theta could be a thousandth of its standard error away,
# and another search could seem to end lower.
LARGEST_HIDDEN = 1e-6
# Relative changes of theta in which the criterion's own change, their square, is nothing: values differ by rounding.
NEARBY = 1e-11 * np.array([-3.0, -2.0, 1.0, 4.0])

# Times which large relative deviations are taken, and the increase of the criterion from which there is a minimum: with
# two levels it is 1.8.
FURTHER, LEAST_INCREASE = 4.0, 1e-2

NOT_COMPUTED = "The deviance cannot be computed: numbers are too large or too small; rescale the variables."


def computed(deviance: Deviance, theta: np.ndarray, derivatives: int) -> Evaluation:
    """Evaluate; whatever cannot be computed is an error of `mlm`."""
    try:
        found = deviance.evaluate(theta, derivatives)
    except (np.linalg.LinAlgError, ArithmeticError) as error:
        raise FitError(NOT_COMPUTED) from error
    if not math.isfinite(found.value + sum(found.gradient.tolist())):
        raise FitError(NOT_COMPUTED)
    return found


def beneath_rounding(
    deviance: Deviance, evaluate: Callable[..., Evaluation], at: Evaluation, hessian: np.ndarray
) -> tuple[Evaluation, bool]:
    """Newton steps, by the gradient alone, where the value has lost the digits to tell; and whether they arrive.

    The gradient is sums over levels of what is small there, the value a difference of large squares.

    Parameters
    ----------
    deviance : Deviance
    evaluate : callable
        Evaluates a theta, and takes it down.
    at : Evaluation
        Where the search has ended.
    hessian : ndarray, shape (n_theta, n_theta)
        Second derivatives there; where they are not positive definite, nothing is done.
    """
    if not len(at.gradient):
        at = evaluate(at.theta)
    root, info = lapack.dpotrf(hessian)
    if info:
        return at, True  # the saddle is left next
    for _ in range(MOST_GRADIENT_STEPS):
        along = lapack.dpotrs(root, at.gradient)[0]
        decrease = 0.5 * float(at.gradient @ along)
        if decrease < LEAST_DECREASE:
            break
        try:
            tried = evaluate(at.theta - along)
        except MlmError:
            break
        if not float(tried.gradient @ lapack.dpotrs(root, tried.gradient)[0]) < decrease:  # half of what it was
            break
        at = tried
    return at, decrease < rounding_of(deviance, at)


def finished(
    deviance: Deviance, evaluate: Callable[..., Evaluation], at: Evaluation, hessian: np.ndarray
) -> Evaluation:
    """Make the last step of a search, which changes the criterion by less than its rounding, but the estimates visibly.

    Where a search ends depends on its way, and that on the last digits of the data's sums: the minimum itself does not.

    Parameters
    ----------
    deviance : Deviance
    evaluate : callable
        Evaluates a theta, up to so many derivatives, and takes it down.
    at : Evaluation
        Where the search has ended; without derivatives, that is the minimum.
    hessian : ndarray, shape (n_theta, n_theta)
        Second derivatives.

    Returns
    -------
    Evaluation
    """
    if not len(at.gradient):
        return at
    _, along, info = lapack.dposv(hessian, at.gradient)
    decrease = 0.5 * float(at.gradient @ along)
    if info or not LEAST_DECREASE < decrease < MOST_DECREASE:
        return at
    moved = deviance.moved(at, -along, decrease)
    return evaluate(at.theta - along, 0) if moved is None else moved


def ended(deviance: Deviance, at: Evaluation, converged: bool, log: Log) -> Optimum:
    """What was found; no minimum where rounding would hide it."""
    message = "converged" if converged else "the search ended before the gradient was zero"
    large = _is_large(deviance, at)
    hidden = _hidden(deviance, at) if large else 0.0
    if large and hidden < LEAST_INCREASE and not _is_bounded(deviance, at):
        converged, message = False, UNBOUNDED
    elif hidden > LARGEST_HIDDEN:
        converged = False
        known = math.sqrt(2.0 * hidden)
        message = f"{HIDDEN} of the criterion up to {hidden:.0e}, and theta to {known:.0e} of its standard errors"
    share = at.penalised / float(deviance.products.xy[-1, -1])
    if share < LEAST_RESIDUAL_SHARE and at.penalised < LEAST_ROUNDINGS * deviance.solver.lost(at.theta):
        converged = False
        message = f"{SMALL} of {share:.0e} of the variance, too small for the digits of squares"
    return Optimum(at, converged, "newton", message, log)


def _is_large(deviance: Deviance, at: Evaluation) -> bool:
    """Whether any effects vary so much more than the residuals that digits are lost."""
    return max(map(abs, at.theta.tolist())) >= _least_large(deviance)


def _least_large(deviance: Deviance) -> float:
    return LARGE_DEVIATION if deviance.solver.exact else LARGE_OF_SEVERAL


def _is_bounded(deviance: Deviance, at: Evaluation) -> bool:
    """Whether the criterion rises where the large effects become larger still."""
    further = np.where(np.abs(at.theta) >= _least_large(deviance), FURTHER, 1.0)
    try:
        return deviance.value(at.theta * further) > at.value + LEAST_INCREASE
    except (MlmError, np.linalg.LinAlgError, ArithmeticError):
        return True


def _hidden(deviance: Deviance, at: Evaluation) -> float:
    """Decrease that rounding hides, as estimated and, where that is little, as measured at thetas next to the end."""
    estimated = rounding_of(deviance, at)
    if estimated > LARGEST_HIDDEN:
        return estimated
    try:
        values = [at.value, *(deviance.value(at.theta * (1.0 + change)) for change in NEARBY)]
    except (MlmError, np.linalg.LinAlgError, ArithmeticError):
        return math.inf
    return max(estimated, max(values) - min(values))


def rounding_of(deviance: Deviance, at: Evaluation) -> float:
    """Decrease of the deviance that its rounding hides: more where little is left of squares.

    Of those of the response, and under REML of those of a fixed-effects column x: of ``x'x`` the random effects leave
    1 over its element of the inverse of ``X' V^-1 X`` at least, a difference of which the logarithm is taken.
    """
    products, large, out = deviance.products, _is_large(deviance, at), ROUNDING_DECREASE
    squares = SQUARES_ROUNDING * float(products.xy[-1, -1])
    if large or products.nobs * squares > ROUNDING_DECREASE * at.penalised:
        out = max(out, products.nobs * deviance.solver.lost(at.theta) / at.penalised)
    if not large or not deviance.criterion.reml:
        return out
    kept = at.unscaled.diagonal() * products.xy.diagonal()[:-1] * deviance.solver.differences
    return max(out, FIXED_ROUNDING * float(kept.max(initial=0.0)))
