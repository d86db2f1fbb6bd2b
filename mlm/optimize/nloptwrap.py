"""Stopping where lme4 stops: its default optimiser, with the settings that are in force when R runs it.

lme4 calls NLopt's BOBYQA (Powell 2009) through the R package nloptr. It sets absolute tolerances of 1e-8 and leaves
nloptr's relative tolerance at its default of 1e-4, and it is the latter that ends most searches: a theta of 0.29 is
then known to some 3e-5. The start is 1 for a standard deviation and 0 for a covariance, unless all terms are random
intercepts. All this is what one sees from outside: the start, and every evaluation, agree with those that R reports.
"""

from __future__ import annotations

import numpy as np

from ..errors import FitError
from ..frame.columns import INTERCEPT
from ..frame.model_frame import ModelFrame, RandomPart
from ..likelihood.deviance import Deviance
from .optimum import Log, Optimum

__all__ = ["lme4_start", "nloptwrap"]

# A search ends where theta or the criterion changes by less than this: lme4's default since 1.1-22. R's estimates are
# met with it, and with 1e-6 those of the two versions before (tests/optimize/test_tolerance.py).
ABSOLUTE_TOLERANCE = 1e-8
# ... or theta by less than this share of itself: nloptr's default of xtol_rel, which lme4 leaves in force.
RELATIVE_TOLERANCE = 1e-4
MOST_EVALUATIONS = 100_000  # lme4's limit


def nloptwrap(deviance: Deviance, users: Deviance, start: np.ndarray | None, tolerance: float, log: Log) -> Optimum:
    """Search as lme4 does by default.

    Parameters
    ----------
    deviance : Deviance
        Of the columns worked with: what is found is evaluated on them.
    users : Deviance
        Of the user's columns. lme4 searches on these, and where it stops depends on the last digits.
    start : ndarray, shape (n_theta,), optional
        1 for standard deviations and 0 for covariances by default.
    tolerance : float
        Absolute tolerance of theta and of the criterion; 1e-6 was lme4's in 1.1-20 and 1.1-21.
    log : Log

    Returns
    -------
    Optimum
        Its message says which tolerance ended the search.

    Raises
    ------
    FitError
        Without the package nlopt.

    References
    ----------
    Powell, M. J. D. (2009). The BOBYQA algorithm for bound constrained optimization without derivatives. Report
    DAMTP 2009/NA06, University of Cambridge.
    """
    try:
        import nlopt
    except ImportError as error:
        raise FitError("optimizer='nloptwrap' needs the package nlopt: pip install nlopt.") from error

    def value(theta: np.ndarray, gradient: np.ndarray) -> float:
        at = theta.copy()  # NLopt goes on to use the memory
        found = users.value(at)
        log.add(at, found)
        return found

    bobyqa = nlopt.opt(nlopt.LN_BOBYQA, deviance.layout.n_theta)
    bobyqa.set_lower_bounds(np.where(deviance.layout.diagonal, 0.0, -np.inf))
    bobyqa.set_min_objective(value)
    bobyqa.set_xtol_abs(tolerance)
    bobyqa.set_ftol_abs(tolerance)
    bobyqa.set_xtol_rel(RELATIVE_TOLERANCE)
    bobyqa.set_maxeval(MOST_EVALUATIONS)
    theta = bobyqa.optimize(
        np.where(deviance.layout.diagonal, 1.0, 0.0) if start is None else np.asarray(start, dtype=float)
    )
    result = bobyqa.last_optimize_result()
    reached = {nlopt.FTOL_REACHED: "tolerance of the criterion", nlopt.XTOL_REACHED: "tolerance of theta"}
    message = f"NLopt stopped: {reached.get(result, f'result {result}')}"
    return Optimum(deviance.evaluate(deviance.working_theta(theta)), True, "nloptwrap", message, log, theta)


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
        codes = frame.groupings[part.term.group].codes
        means = np.bincount(codes, frame.y) / np.bincount(codes)
        explained[k] = means[codes].var()
    left = frame.y.var() - explained.sum()
    return np.sqrt(explained / left) if left > 0 else np.ones(len(terms))
