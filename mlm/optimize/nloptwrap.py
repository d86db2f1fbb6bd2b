"""Stopping where lme4 stops: its default optimiser, with the settings that are in force when R runs it.

lme4 calls NLopt's BOBYQA (Powell 2009) through the R package nloptr. It sets absolute tolerances of 1e-8 and leaves
nloptr's relative tolerance at its default of 1e-4, and it is the latter that ends most searches: a theta of 0.29 is
then known to some 3e-5. The start is 1 for a standard deviation and 0 for a covariance, unless all terms are random
intercepts.

Two things are done at the boundary, where diagonal elements of theta are 0 (?lmerControl names them, `restart_edge` and
`boundary.tol`; what follows was seen by giving lme4 optimisers and criteria of one's own, tests/reference/edges.R):

* Where the search ends with elements that are exactly 0, the criterion is evaluated 1e-5 above 0 for each of them in
  turn. If any of these is lower at all, the search is made again, from where it ended, and what it finds is taken
  whether it is lower or not. This is done once.
* Then each element above 0 and below 1e-5 is put to 0 in turn, on top of those put there before it. It stays there if
  the criterion is lower than where the search ended, even if that is higher than before this element was put there.

All this is what one sees from outside: the start, and every evaluation, agree with those that R reports.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import FitError, MlmError
from ..frame.columns import INTERCEPT
from ..frame.model_frame import ModelFrame, RandomPart
from ..likelihood.criterion import Evaluation
from ..likelihood.deviance import Deviance, UsersDeviance
from .boundary import leave_boundary
from .free_descent import free_descent
from .optimum import Log, Optimum
from .scoring import expected_information

__all__ = ["at_boundary", "further_decrease", "leaves_edge", "lme4_start", "nloptwrap"]

# A search ends where theta or the criterion changes by less than this: lme4's default since 1.1-22. R's estimates are
# met with it, and with 1e-6 those of the two versions before (tests/optimize/test_tolerance.py).
ABSOLUTE_TOLERANCE = 1e-8
# ... or theta by less than this share of itself: nloptr's default of xtol_rel, which lme4 leaves in force.
RELATIVE_TOLERANCE = 1e-4
MOST_EVALUATIONS = 100_000  # lme4's limit
# How far above 0 lme4 looks whether the criterion is lower, where a search ends at 0.
EDGE_STEP = 1e-5
# Below which an element of theta is put to 0 where the criterion is lower there: lme4's default of `boundary.tol`.
BOUNDARY_TOLERANCE = 1e-5
# Decrease of the criterion that is left at an end, from which this is none: theta is a tenth of its standard error away
# from the minimum, or further.
FAR = 1e-2
# ... and what a step of scoring must promise for the minimum to be looked for: it may promise less than there is.
PROMISE = 1e-3
# Theta of a start from which it, and not the data, is the reason where the criterion cannot be computed.
LARGE_START = 1e5

Value = Callable[[np.ndarray], float]


def nloptwrap(deviance: Deviance, start: np.ndarray | None, tolerance: float, log: Log) -> Optimum:
    """Search as lme4 does by default.

    Parameters
    ----------
    deviance : Deviance
        Of the columns worked with. The search is made in the theta of the user's columns, as lme4's is; the criterion
        is computed from the columns worked with, in which less is lost to rounding.
    start : ndarray, shape (n_theta,), optional
        1 for standard deviations and 0 for covariances by default.
    tolerance : float
        Absolute tolerance of theta and of the criterion; 1e-6 was lme4's in 1.1-20 and 1.1-21.
    log : Log
        The evaluations of the search, and of a second one; those at the boundary are not counted in lme4 either.

    Returns
    -------
    Optimum
        Its message says which tolerance ended the search, and what was done at the boundary; not converged where it
        was none.

    Raises
    ------
    FitError
        Without the package nlopt, or where its search fails.

    References
    ----------
    Powell, M. J. D. (2009). The BOBYQA algorithm for bound constrained optimization without derivatives. Report
    DAMTP 2009/NA06, University of Cambridge.
    """
    try:
        import nlopt
    except ImportError as error:
        raise FitError("optimizer='nloptwrap' needs the package nlopt: pip install nlopt.") from error

    value, diagonal = UsersDeviance(deviance).value, deviance.layout.diagonal
    bobyqa = _bobyqa(nlopt, value, diagonal, tolerance, log)
    first = np.where(diagonal, 1.0, 0.0) if start is None else deviance.layout.rectify(np.asarray(start, dtype=float))
    theta, done = _ended(bobyqa, first), ""
    if leaves_edge(value, theta, diagonal):
        theta = _ended(bobyqa, theta)
        done = "; searched again from a boundary where the criterion falls"
    reached = {
        nlopt.FTOL_REACHED: "tolerance of the criterion",
        nlopt.XTOL_REACHED: "tolerance of theta",
        nlopt.SUCCESS: "the smallest steps make no difference",
    }
    result = bobyqa.last_optimize_result()
    theta, zeros = at_boundary(value, theta, diagonal, bobyqa.last_optimum_value())
    if zeros:
        done += f"; {zeros} of theta below {BOUNDARY_TOLERANCE:g} put to 0"
    message = f"NLopt stopped: {reached.get(result, f'{MOST_EVALUATIONS} evaluations')}{done}"
    found = deviance.evaluate(deviance.working_theta(theta))
    further = further_decrease(deviance, found)
    if further > FAR:
        message += f"; from there the criterion falls by another {further:.2g} at least"
    return Optimum(found, result in reached and not further > FAR, "nloptwrap", message, log, theta)


def further_decrease(deviance: Deviance, at: Evaluation) -> float:
    """By how much the criterion falls from an end: down to the next minimum, or where a singular covariance grows."""
    if not math.isfinite(at.value + float(at.gradient.sum())):
        return 0.0  # which is said elsewhere
    try:
        along = np.linalg.lstsq(expected_information(deviance, at), at.gradient, rcond=None)[0]
        is_near = 0.5 * float(at.gradient @ along) < PROMISE
        lowest = at if is_near else free_descent(deviance, deviance.evaluate, at)[0]
        grown = leave_boundary(deviance, deviance.evaluate, at)
    except (MlmError, np.linalg.LinAlgError, ArithmeticError):
        return 0.0
    return max(at.relative - lowest.relative, 0.0 if grown is None else at.relative - grown.relative)


def _bobyqa(nlopt: Any, value: Value, diagonal: np.ndarray, tolerance: float, log: Log) -> Any:
    """NLopt's BOBYQA with lme4's settings; a standard deviation is not below 0."""

    def logged(theta: np.ndarray, gradient: np.ndarray) -> float:
        at = theta.copy()  # NLopt goes on to use the memory
        found = value(at)
        log.add(at, found)
        return found

    bobyqa = nlopt.opt(nlopt.LN_BOBYQA, len(diagonal))
    bobyqa.set_lower_bounds(np.where(diagonal, 0.0, -np.inf))
    bobyqa.set_min_objective(logged)
    bobyqa.set_xtol_abs(tolerance)
    bobyqa.set_ftol_abs(tolerance)
    bobyqa.set_xtol_rel(RELATIVE_TOLERANCE)
    bobyqa.set_maxeval(MOST_EVALUATIONS)
    return bobyqa


def _ended(bobyqa: Any, start: np.ndarray) -> np.ndarray:
    """Where a search from this start ends."""
    largest = float(np.abs(start).max())
    large = largest > LARGE_START
    refusal = FitError(
        f"The search cannot be made from a `start` as large as {largest:.0e}: theta are standard deviations "
        "over that of the residuals. Give one nearer to 1, or none, or take optimizer='newton'."
    )
    try:
        end = np.asarray(bobyqa.optimize(start))
    except MlmError as error:
        raise (refusal if large else error) from None
    except Exception as error:  # NLopt has exceptions of its own, without a common class
        why = str(error) or type(error).__name__
        raise FitError(f"NLopt's search has failed ({why}); take optimizer='newton', or another `start`.") from error
    if large and not math.isfinite(bobyqa.last_optimum_value()):
        raise refusal
    return end


def leaves_edge(value: Value, theta: np.ndarray, diagonal: np.ndarray) -> bool:
    """Whether the criterion is lower a step above 0, for any element that is 0."""
    edges = np.flatnonzero(diagonal & (theta == 0))
    if not len(edges):
        return False
    here, step = value(theta), EDGE_STEP * np.eye(len(theta))
    return any(value(theta + step[k]) < here for k in edges)


def at_boundary(value: Value, theta: np.ndarray, diagonal: np.ndarray, ended: float) -> tuple[np.ndarray, int]:
    """Put elements next to 0 there, one after the other, where the criterion is below that of the search's end."""
    zeros = 0
    for k in np.flatnonzero(diagonal & (theta > 0) & (theta < BOUNDARY_TOLERANCE)):
        trial = theta.copy()
        trial[k] = 0.0
        if value(trial) < ended:
            theta, zeros = trial, zeros + 1
    return theta, zeros


def lme4_start(frame: ModelFrame, terms: list[RandomPart]) -> np.ndarray | None:
    """Where lme4 starts when all terms are random intercepts; None when some are not.

    Parameters
    ----------
    frame : ModelFrame
    terms : list of RandomPart
        In the order of theta.

    Returns
    -------
    ndarray, shape (terms,), or None
        Each row is given the mean response of its level; the variance of these means over the rows, relative to what
        all terms leave of the response's variance, is theta squared. 1 for all terms where nothing is left.
    """
    if any(part.columns.names != (INTERCEPT,) for part in terms):
        return None
    explained = np.empty(len(terms))
    for k, part in enumerate(terms):
        grouping = frame.groupings[part.term.group]
        explained[k] = _variance(_level_means(frame.y, grouping.codes)[grouping.codes])
    left = _variance(frame.y) - explained.sum()
    return np.sqrt(explained / left) if left > 0 else np.ones(len(terms))


def _level_means(values: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Means by level, shape (levels,), summed as R does it: in long doubles, rounded at the end."""
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    sums = np.add.reduceat(values[order].astype(np.longdouble), starts)
    return (sums / np.diff(starts, append=len(codes))).astype(float)


def _variance(values: np.ndarray) -> float:
    """A variance as R computes it: in long doubles about a mean that is rounded, and rounded at the end.

    The difference of two such variances starts the search, and where effects are large it is what is left of rounding.
    """
    deviations = values.astype(np.longdouble) - float(values.astype(np.longdouble).mean())
    return float((deviations * deviations).sum() / (len(values) - 1))
