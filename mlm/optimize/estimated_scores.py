"""The theta where scores are 0 that are estimated with probes: Newton's method with average information.

The criterion carries Monte Carlo error, which is larger than what the last steps gain, so that it is no guide to its
minimum. Its derivatives along steps ``T X`` of each factor's T carry next to none. With the same probes at every theta
they are smooth, and what is found is the theta where those of these probes are 0; how far it may be from where the
exact ones are is estimated from how the probes differ.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..likelihood.covariance import CovarianceLayout
from ..likelihood.deviance import Deviance
from ..likelihood.iterative.solver import Estimated, Iterative
from .optimum import Log, MonteCarlo, Optimum
from .start import moment_start

__all__ = ["near_scores", "solve_scores"]

# Square of the step in sampling standard errors of theta below which the search ends; the next step would be a hundred
# times as short, or less.
FINAL_STEP = 1e-7
# ... and below which all probes are used: before, a few of them do.
NEAR_STEP = 1e-1
FEW_PROBES = 6
# ... and below which a search that only looks for a start makes its last step. Measured on 1e6 ratings: it ends 1e-4 to
# 4e-4 standard errors from the minimum.
CLOSE_STEP = 1e-2
# Shares by which a step may make a diagonal element of T smaller and larger; elements beside it may change by the
# largest there is.
SMALLER, LARGER = 0.9, 1.0
# Shares by which what a step may change of an element is made shorter where it turns around, and longer where not.
TURNED, ONWARD = 0.5, 1.5
# Least diagonal element of T, whose square is 1e-4 standard errors of a variance of 0: what ends there is 0. Above 0
# the derivatives tell of what lies around, correlations of 1 included.
LEAST_DEVIATION = 1e-2
# Steps, and halvings of one, at most.
MOST_STEPS, MOST_HALVINGS = 100, 8
# Monte Carlo standard errors by which the criterion may rise along a step, and the least that counts.
RISE_ERRORS, LEAST_RISE = 10.0, 0.1
# Step for differences of theta.
DIFFERENCE = 1e-6


def solve_scores(deviance: Deviance, start: np.ndarray | None, log: Log) -> Optimum:
    """Find the theta where the estimated scores are 0.

    Parameters
    ----------
    deviance : Deviance
        Whose solver is `Iterative`.
    start : ndarray, shape (n_theta,), optional
        Of the columns worked with; moments of the residuals by default.
    log : Log

    Returns
    -------
    Optimum
        With `monte_carlo`.
    """
    solver, layout = deviance.solver, deviance.layout
    assert isinstance(solver, Iterative)
    least = _least(deviance)
    theta = moment_start(deviance) if start is None else layout.rectify(start)
    at, converged = _descend(solver, layout, _raised(layout, theta, least), least, log)
    message = "the estimated scores are 0" if converged else f"no end after {MOST_STEPS} steps"
    errors, end = _errors(deviance, at, least), at.evaluation
    ended = _at_least(layout, end.theta, least)
    if ended.any():
        theta = layout.rectify(np.where(ended, 0.0, end.theta))
        end = solver.evaluate(theta, 0)
        log.add(theta, end.value)
    return Optimum(end, converged, "newton", message, log, monte_carlo=errors)


def near_scores(deviance: Deviance, solver: Iterative) -> np.ndarray | None:
    """Find a theta near the one where a solver's scores are 0; None where that is on the boundary.

    Parameters
    ----------
    deviance : Deviance
        Of the same model, solved in whatever way.
    solver : Iterative

    Returns
    -------
    ndarray, shape (n_theta,), or None
    """
    layout, least = deviance.layout, _least(deviance)
    start = _raised(layout, moment_start(deviance), least)
    at, converged = _descend(solver, layout, start, least, Log(), CLOSE_STEP)
    if not converged:
        return None
    theta = _end(layout, at.evaluation.theta, _step(layout, at, least)[0], np.ones(layout.n_theta))
    return None if _at_least(layout, theta, least).any() else theta


def _least(deviance: Deviance) -> np.ndarray:
    """Least diagonal elements of T, in theta's order, shape (n_theta,)."""
    squares = [np.einsum("aaj,aaj->a", f.zz, f.zz) for f in deviance.products.factors]
    return deviance.layout.pick([np.diag(LEAST_DEVIATION * (2.0 / s) ** 0.25) for s in squares])


def _at_least(layout: CovarianceLayout, theta: np.ndarray, least: np.ndarray) -> np.ndarray:
    """Which elements of theta are diagonal elements of T as small as they can be."""
    return np.asarray(layout.diagonal & (theta <= least))


def _raised(layout: CovarianceLayout, theta: np.ndarray, least: np.ndarray) -> np.ndarray:
    """Theta with no diagonal element of T below the least."""
    return np.where(layout.diagonal, np.maximum(theta, least), theta)


def _descend(
    solver: Iterative,
    layout: CovarianceLayout,
    theta: np.ndarray,
    least: np.ndarray,
    log: Log,
    final: float = FINAL_STEP,
) -> tuple[Estimated, bool]:
    """Newton steps from one theta; the last evaluation, and whether the next step's square is below `final`."""
    few = FEW_PROBES if solver.probes > FEW_PROBES else None

    def estimate(theta: np.ndarray) -> Estimated:
        found = solver.estimate(theta, few)
        log.add(theta, found.evaluation.value)
        return found

    at = estimate(theta)
    reach, last = np.ones(layout.n_theta), np.zeros(layout.n_theta)
    for _ in range(MOST_STEPS):
        step, square = _step(layout, at, least)
        if few is not None and square < NEAR_STEP:
            few = None
            at = estimate(at.evaluation.theta)
            step, square = _step(layout, at, least)
        if square < final:
            return at, True
        reach = np.where(step * last < 0, TURNED * reach, np.minimum(ONWARD * reach, 1.0))
        at, last = _moved(layout, at, step, reach, least, estimate), step
    return at, False


def _step(layout: CovarianceLayout, at: Estimated, least: np.ndarray) -> tuple[np.ndarray, float]:
    """Newton's step X, as elements of theta, and its square in sampling standard errors."""
    free, second = _free(layout, at, least), _second_derivatives(layout, at)
    step = np.zeros(layout.n_theta)
    if free.any():
        step[free] = -np.linalg.lstsq(second[np.ix_(free, free)], at.score[free], rcond=None)[0]
    return step, -0.5 * float(at.score @ step)


def _free(layout: CovarianceLayout, at: Estimated, least: np.ndarray) -> np.ndarray:
    """Which elements of X are free: all but those of variances that are 0 and would be less."""
    return ~(_at_least(layout, at.evaluation.theta, least) & (at.score >= 0))


def _second_derivatives(layout: CovarianceLayout, at: Estimated) -> np.ndarray:
    """Average information, and what the slope adds as Sigma is quadratic in X, where that is positive: (n, n)."""
    out = at.information.copy()
    for k, slope in enumerate(at.slopes):
        mine, row, column = layout.positions(k)
        values, vectors = np.linalg.eigh(np.where(layout.within_terms(k), slope, 0.0))
        positive = (vectors * np.maximum(values, 0.0)) @ vectors.T
        same = column[:, None] == column
        out[np.ix_(mine, mine)] += np.where(same, 2.0 * positive[row[:, None], row], 0.0)
    return out


def _moved(
    layout: CovarianceLayout,
    at: Estimated,
    step: np.ndarray,
    reach: np.ndarray,
    least: np.ndarray,
    estimate: Callable[[np.ndarray], Estimated],
) -> Estimated:
    """The end of a step, which is halved while the criterion rises by more than its error."""
    bound = at.evaluation.value + max(RISE_ERRORS * at.value_error, LEAST_RISE)
    step = np.where(layout.diagonal, np.clip(step, -SMALLER * reach, LARGER * reach), step)
    for _ in range(MOST_HALVINGS):
        found = estimate(_raised(layout, _end(layout, at.evaluation.theta, step, reach), least))
        if found.evaluation.value <= bound:
            break
        step = 0.5 * step
    return found


def _end(layout: CovarianceLayout, theta: np.ndarray, step: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """``T (I + X)``, with elements beside the diagonal that change by its largest at most, and by `reach` of that."""
    ends = []
    for t, x, r in zip(*map(layout.matrices, (theta, step, reach)), strict=True):
        change, bound = t @ x, r * float(t.diagonal().max())
        ends.append(t + np.where(np.eye(len(t), dtype=bool), change, np.clip(change, -bound, bound)))
    return layout.pick(ends)


def _errors(deviance: Deviance, at: Estimated, least: np.ndarray) -> MonteCarlo:
    """Monte Carlo errors: of the criterion, and of theta, by itself and over its sampling standard errors."""
    layout, theta, probes = deviance.layout, at.evaluation.theta, len(at.values)
    free = _free(layout, at, least)
    inverse = np.linalg.pinv(_second_derivatives(layout, at)[np.ix_(free, free)])
    sampling = 2.0 * inverse
    error = inverse @ np.atleast_2d(np.cov(at.scores[:, free], rowvar=False)) @ inverse / probes
    slopes = np.reshape([_difference(deviance, theta, k) for k in np.flatnonzero(free).tolist()], (-1, layout.n_theta))
    own = np.sqrt(np.maximum(np.einsum("ka,kl,la->a", slopes, error, slopes), 0.0))
    se = np.sqrt(np.maximum(np.einsum("ka,kl,la->a", slopes, sampling, slopes), 0.0))
    root = np.linalg.cholesky(sampling + np.finfo(float).tiny * np.eye(len(sampling)))
    relative = np.linalg.solve(root, np.linalg.solve(root, error).T)
    largest = float(np.sqrt(max(np.linalg.eigvalsh(relative).max(initial=0.0), 0.0)))
    solver = deviance.solver
    assert isinstance(solver, Iterative)
    return MonteCarlo(solver.probes, solver.seed, at.value_error, own, se, largest)


def _difference(deviance: Deviance, theta: np.ndarray, element: int) -> np.ndarray:
    """Change of the user's theta with one element of X."""
    layout, step = deviance.layout, np.zeros(deviance.layout.n_theta)
    step[element] = DIFFERENCE
    ends = []
    for sign in (1.0, -1.0):
        pairs = zip(layout.matrices(theta), layout.matrices(sign * step), strict=True)
        ends.append(deviance.users_theta(layout.pick([t + t @ x for t, x in pairs])))
    return (ends[0] - ends[1]) / (2.0 * DIFFERENCE)
