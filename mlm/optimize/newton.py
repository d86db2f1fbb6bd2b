"""Finding the theta of the smallest deviance.

The search is Newton's: after a step of scoring with exact second derivatives for one grouping factor, or several with
few effects, and where factors are eliminated with nearly exact ones, whose error is learned from the steps made (BFGS
where they are not positive definite). Its variables are theta itself, or with nearly exact derivatives the logarithms
of the diagonal of `T` where these are clear of 0, without bounds: the sign of a column of `T` means nothing, and
flipping it back costs nothing. A bound would make every ``theta_ii = 0`` a stationary point. Whether a zero is really
the minimum is decided in `boundary`.

The search ends where a step promises a decrease of less than `FINAL_DECREASE`, or where it can be foreseen that the
next one would: near the minimum each promises so much less than the one before that derivatives at its end would say
nothing new, and they are left out. Where an evaluation takes seconds the search starts so near (`estimated_start`) that
this is mostly so of the first step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.linalg import lapack

from ..errors import MlmError
from ..likelihood.criterion import Evaluation
from ..likelihood.deviance import Deviance
from .boundary import leave_boundary, leave_saddle, settle_zeros
from .ending import (
    LEAST_DECREASE,
    ROUNDING_DECREASE,
    beneath_rounding,
    computed,
    ended,
    finished,
    rounding_of,
)
from .estimated_start import direct_end, estimated_start
from .free_descent import free_descent
from .further_starts import fits_any_response
from .optimum import Log, Optimum
from .scoring import expected_information, scoring_step
from .start import LEAST_DIVISOR, moment_start, scored_start, single_start

__all__ = ["newton"]

# "Measured" is the number of evaluations in 324 searches from where they start by default (the 256 designs of
# tests/test_differential.py and 68 of tests/brute.py) and in 340 harder ones (the latter without effects, and from
# starts at 0 and far off), as benchmarks/search_limits.py counts them: 1,439 and 6,006 with the values below. Figures
# are of an earlier state of the search, in which these were 1,775 and 7,355, where nothing else is said. Where another
# value counts fewer, this one was left: the designs are small, and no published digit was to move. Decreases are those
# of the deviance.

# Promised decrease below which a search with exact second derivatives ends, the step that promises it being its last.
# The deviance rises by the square of theta's distance in standard errors: before that step theta is right to 3e-7 of
# them; so where a covariance is singular. Without exact ones the bound is `ending.LEAST_DECREASE`.
FINAL_DECREASE = 1e-13
# ... and below which it is foreseen that the next step, with second derivatives as exact, would: theta is then right to
# 1e-7 standard errors, and the same to rounding on every way to the minimum that is the same but for that.
FORESEEN_DECREASE = 1e-14
# Promised decrease of the last step up to which the estimates at its end are computed to first order, from what is at
# hand at its start. Measured with ten levels and 3e-9: fixed effects are right to 1e-10 of their standard errors and
# these, relatively, to 2e-10; the criterion to its rounding. Evaluations now: 1,535 and 6,053 with 1e-12, 1,490 and
# 6,029 with 1e-10, 1,400 and 5,998 with 1e-6.
MOVED_DECREASE = 1e-8
# Decrease that Newton's method expects, below which it takes over from scoring; above, it is still far from where its
# quadratic holds. Measured: 1,783 with 0.1, 1,800 with 10, 2,024 with 100.
NEWTON_DECREASE = 1.0
# Slope of the deviance by the logarithm of an element of theta, up to which a start is left to Newton's method at once.
# Measured of balanced designs: 1e-12.
LEVEL_SLOPE = 1e-6
# ... and up to which moments are the minimum itself: where the smallest deviation that is clear of 0 is told by squares
# of 1e-9 only, the decrease that is left is `FINAL_DECREASE`.
ZERO_SLOPE = 1e-11
# Steps of scoring at most, of an evaluation each. Measured: 2,040 with none, 1,839 with 1, 1,776 with 4.
SCORING_STEPS = 2
# Promised decrease below which a step is so short that second derivatives at its start serve at its end as well, and
# the end may be foreseen: above, they are computed at each point. Measured: 1,752 with 0, 1,845 with 0.1.
SHORT_STEP_DECREASE = 1e-3
# Share of a diagonal element of T that a step may change for its logarithm to be the variable, and the longest step in
# logarithms. Measured: 1,690 with a share of 0 (never), 1,691 with 0.25, 1,985 with 1; 1,694 with steps of 0.25.
LOGARITHM_SHARE = 0.5
LOGARITHM_REACH = 1.0
# A diagonal element of T above this, and above this share of the largest element, is clear of 0: logarithms are fit for
# it, and the boundary need not be looked at. Measured: the same within one evaluation from 1e-6 to 0.1.
REGULAR_DIAGONAL = 1e-3
# Squared cosine, in the metric of the second derivatives, between a step and what they lack along it, from which on
# that is learned by a rank-one update: below, the update would be more than its inverse, 100, times what is lacking
# along the step (the safeguard of Nocedal & Wright 2006, Numerical Optimization, section 6.2). Measured: 1,789 and
# 7,381 with 1e-6, 1,767 and 7,339 with 0.1, 1,773 and 7,439 with 1 (never).
RANK_ONE_COSINE_SQUARED = 0.01
# Cosine between a step and the change of the gradient from which BFGS stays positive definite (it does where that is
# positive: Nocedal & Wright 2006, section 6.1): a cosine has a rounding of 1e-16 or so.
BFGS_COSINE = 1e-12
# Share of the largest eigenvalue, by size, that others are raised to where second derivatives are not positive
# definite, so that the step is finite; `REACH` bounds it. Measured: the same from 1e-14 to 1e-6.
LEAST_CURVATURE = 1e-10
# Longest step over the largest element of theta (or `LEAST_REACH`, where all are near 0), in any one: what is known at
# a point holds as far as theta itself is large. Measured: 1,737 and 7,264 with 0.5, 1,820 and 7,551 with 4; 1,800 and
# 7,073 with 1, but 4 searches ended higher. With a least reach of 1e-6, 7,872; of 0.1, 6,998.
REACH = 2.0
LEAST_REACH = 1e-3
# Share of the decrease by the slope that a step must make (Armijo; Nocedal & Wright 2006, section 3.1, who give this
# value). Measured: 5 searches without end with 0; 7,345 with 0.01; 1,826 and 7,320 with 0.3.
SUFFICIENT_SHARE = 1e-4
# A step that does not is shortened to where a parabola has its minimum, within these shares of its length (Dennis &
# Schnabel 1983, Numerical Methods for Unconstrained Optimization, section 6.3.2); where the deviance cannot be
# computed, to the smaller one. Measured: 1,826 and 7,623 with 0.01 for 0.1, 1,772 and 7,345 with 0.3.
SHORTENING = (0.1, 0.5)
# Share of a step, and of the decrease that it promises, to which its end has to agree with a known minimum to count as
# one that comes to it. Other values were not tried; on 273 small designs a sixth of the evaluations is saved.
KNOWN_SHARE = 0.1
# Bounds that only a failing search meets: of shortenings of one step (with 5 none of the above fails, with 2, 19 do),
# of the decrease that a shortened step must promise (the same from 1e-16 to 1e-8), of steps (50 suffice, 20 do not in
# 53), and of descents from singular covariances (7 suffice; with 5, 6 end higher); evaluations after which no descent
# is begun.
MOST_SHORTENINGS = 12
MOST_EVALUATIONS = 300
LEAST_PROMISE = 1e-12
MOST_STEPS = 100
# Steps after which a search near a singular covariance goes on in the variables of `free_descent`. Measured, beside
# 1,439 and 6,006: 1,432 and 6,056 with 5, 1,439 and 5,983 with 30; none ends higher.
IRREGULAR_STEPS = 15
MOST_DESCENTS = 10


def newton(deviance: Deviance, start: np.ndarray | None, log: Log, known: Sequence[Evaluation] = ()) -> Optimum | None:
    """Find the exact minimum.

    Parameters
    ----------
    deviance : Deviance
    start : ndarray, shape (n_theta,), optional
        Of the columns worked with. Moments of the residuals, scored, by default.
    log : Log
    known : sequence of Evaluation
        Minima that are known: a search that comes to one of them is given up.

    Returns
    -------
    Optimum or None
        None where it came to a known minimum.
    """

    def evaluate(theta: np.ndarray, derivatives: int = 2) -> Evaluation:
        evaluation = computed(deviance, theta, derivatives)
        log.add(theta, evaluation.value)
        return evaluation

    begun = len(log)
    if start is None:
        single = single_start(deviance)
        if single is not None:
            return ended(deviance, evaluate(single, 0), True, log)
        estimated = estimated_start(deviance)
        if estimated is None:
            at, near = _approach(deviance, evaluate)
            if near is None:
                return ended(deviance, at, True, log)
            hessian = near
        else:
            at = evaluate(estimated.theta)
            hessian = _second_derivatives(deviance, at)
            end = direct_end(deviance, evaluate, at, hessian, estimated) if _is_regular(deviance, at.theta) else None
            if end is not None:
                return ended(deviance, end, True, log)
    else:
        at = evaluate(np.array(start, dtype=float))
        hessian = _second_derivatives(deviance, at)
    for _ in range(MOST_DESCENTS):
        at, converged, hessian = _descend(deviance, evaluate, at, hessian, known)
        if known and not converged and _comes_to(deviance, at, *_plain_step(hessian, at), known):
            return None
        regular = _is_regular(deviance, at.theta)
        hidden = converged and rounding_of(deviance, at) > ROUNDING_DECREASE
        if (hidden or not regular) and not deviance.solver.exact:
            at = evaluate(at.theta)
            exact = deviance.curvature(at)  # those at hand were made positive definite
            hessian = hessian if exact is None else exact
        if hidden and regular:
            at, converged = beneath_rounding(deviance, evaluate, at, hessian)
        fresh = leave_saddle(evaluate, at, hessian) if converged and lapack.dpotrf(hessian)[1] else None
        if fresh is None:
            if converged and regular:
                return ended(deviance, finished(deviance, evaluate, at, hessian), converged, log)
            at = settle_zeros(deviance, evaluate, at)
            fresh = leave_boundary(deviance, evaluate, at)
        if fresh is None or len(log) - begun > MOST_EVALUATIONS:
            break
        at, hessian = fresh, _second_derivatives(deviance, fresh)
    theta = deviance.layout.rectify(at.theta)
    if (theta != at.theta).any():
        at = evaluate(theta)
    if not deviance.is_perfect(at) and (converged or _has_covariances(deviance)):
        at, reached = free_descent(deviance, evaluate, at)
        converged |= reached
    return ended(deviance, at, converged, log)


def _has_covariances(deviance: Deviance) -> bool:
    """Whether any term has effects that may be correlated: variances alone have no valleys that are bent."""
    return any(slot.size > 1 for slot in deviance.layout.slots)


def _is_regular(deviance: Deviance, theta: np.ndarray) -> bool:
    """Whether no variance is near 0, no correlation near ±1, and no sign needs flipping."""
    largest = max(1.0, *map(abs, theta.tolist()))
    return min(theta[deviance.layout.diagonal].tolist()) > REGULAR_DIAGONAL * largest


def _approach(deviance: Deviance, evaluate: Callable[[np.ndarray], Evaluation]) -> tuple[Evaluation, np.ndarray | None]:
    """Moments, and a step or two of scoring while these pay; also the second derivatives there, None at the minimum.

    Where a step of scoring came with the moments, more are made only if Newton's method expects to gain much; none
    where the slope is 0 already. Moments by themselves have none only where they are estimates by REML, as of balanced
    designs (Searle, Casella & McCulloch 1992, Variance Components, section 6.6): there is nothing more to look for.
    """
    scored, steps = scored_start(deviance), SCORING_STEPS
    at = evaluate(moment_start(deviance) if scored is None else scored)
    slope = _slope(at)
    if scored is None and slope < ZERO_SLOPE and _is_clear(deviance, at):
        return at, None
    if slope < LEVEL_SLOPE:
        steps = 0
    elif scored is None and deviance.solver.exact and deviance.layout.n_theta > 1:
        # a step of scoring nearly always pays, and costs less than the second derivatives that could tell
        tried = evaluate(scoring_step(deviance, at))
        at, steps = (tried, steps - 1) if tried.relative < at.relative else (at, 0)
    hessian = _second_derivatives(deviance, at)
    for _ in range(steps):
        if _is_close(deviance, hessian, at):
            break
        tried = evaluate(scoring_step(deviance, at))
        if tried.relative > at.relative:
            break
        at, hessian = tried, _second_derivatives(deviance, tried)
    return at, hessian


def _slope(at: Evaluation) -> float:
    """Of the deviance by the logarithm of an element of theta, at most."""
    return max(map(abs, (at.gradient * at.theta).tolist()))


def _is_clear(deviance: Deviance, at: Evaluation) -> bool:
    """Whether theta is clear of singular covariances, and rounding hides no decrease that counts."""
    return _is_regular(deviance, at.theta) and rounding_of(deviance, at) <= ROUNDING_DECREASE


def _is_close(deviance: Deviance, hessian: np.ndarray, at: Evaluation) -> bool:
    """Whether Newton's method takes over: scoring, factor by factor, knows nothing of how several factors interact."""
    step, decrease = _plain_step(hessian, at)
    several = not deviance.solver.exact
    return decrease < NEWTON_DECREASE or (several and _logarithmic_step(deviance, hessian, at, step) is not None)


def _comes_to(
    deviance: Deviance, at: Evaluation, step: np.ndarray, decrease: float, known: Sequence[Evaluation]
) -> bool:
    """Whether a Newton step would end at a known minimum, in theta and in value."""
    theta, near = deviance.layout.rectify(at.theta + step), KNOWN_SHARE * float(np.abs(step).max())
    return decrease < NEWTON_DECREASE and any(
        np.abs(theta - end.theta).max() <= near
        and abs(at.relative - decrease - end.relative) <= KNOWN_SHARE * decrease + rounding_of(deviance, at)
        for end in known
    )


def _descend(
    deviance: Deviance,
    evaluate: Callable[..., Evaluation],
    at: Evaluation,
    hessian: np.ndarray,
    known: Sequence[Evaluation],
) -> tuple[Evaluation, bool, np.ndarray]:
    """Newton steps with backtracking; the best evaluation, whether it is the end, and second derivatives."""
    last, fresh, error = np.inf, True, np.zeros(hessian.shape)
    for made in range(MOST_STEPS):
        if made == IRREGULAR_STEPS and _has_covariances(deviance) and not _is_regular(deviance, at.theta):
            at, converged = free_descent(deviance, evaluate, at)
            return at, converged, _second_derivatives(deviance, at)
        step, decrease = _step(deviance, hessian, at)
        rounding = rounding_of(deviance, at)
        if decrease < _final(deviance, at.theta) or (decrease < rounding and decrease >= last):
            return at, True, hessian
        if known and _comes_to(deviance, at, step, decrease, known):
            return at, False, hessian
        derivatives = _worthwhile(deviance, at, step, decrease, last)
        last = decrease
        end = deviance.moved(at, step, decrease) if not derivatives and decrease < MOVED_DECREASE else None
        if end is not None:
            return end, True, hessian
        found = _search_line(evaluate, at, step, decrease, derivatives, rounding)
        if found is None:
            if decrease < rounding or fresh:
                return at, decrease < rounding, hessian
            hessian, fresh = _second_derivatives(deviance, at), True
            continue
        if deviance.is_perfect(found):
            return at if fits_any_response(deviance) else found, False, hessian
        if not derivatives:
            if (found.theta == at.theta + step).all():
                return found, True, hessian
            found = evaluate(found.theta)
        near = deviance.solver.exact and decrease < SHORT_STEP_DECREASE
        promise = _plain_step(hessian, found)[1] if near else np.inf
        serve = promise * decrease < LEAST_DECREASE  # the next step with these second derivatives leaves as little
        if promise < FINAL_DECREASE:
            return found, True, hessian if serve else _second_derivatives(deviance, found)
        if not serve:
            hessian, fresh = _next_derivatives(deviance, hessian, found, at, error), False
        at = found
    return at, False, hessian


def _final(deviance: Deviance, theta: np.ndarray) -> float:
    """Promised decrease below which a search ends: little where no exact second derivatives make a last step."""
    exact = deviance.solver.exact or not _is_regular(deviance, theta)
    return FINAL_DECREASE if exact else LEAST_DECREASE


def _worthwhile(deviance: Deviance, at: Evaluation, step: np.ndarray, decrease: float, last: float) -> int:
    """How many derivatives to ask for at the end of a step that promises this decrease, the one before it `last`.

    None, where the next step would promise nothing: with nearly exact second derivatives it can be expected to promise
    the share of this one that this one does of the one before, and with exact ones the square of that share. Where a
    covariance may be singular, slopes are asked for at the end.
    """
    exact, near = deviance.solver.exact, decrease < SHORT_STEP_DECREASE
    share = decrease / last if last < np.inf else 1.0
    ending = near and decrease * share ** (2 if exact else 1) < (FORESEEN_DECREASE if exact else LEAST_DECREASE)
    if ending and all(_is_regular(deviance, end) for end in (at.theta, at.theta + step)):
        return 0
    return 1 if near and not exact else 2


def _second_derivatives(deviance: Deviance, at: Evaluation) -> np.ndarray:
    """Exact ones where they are positive definite, else the expected ones."""
    exact = deviance.curvature(at)
    if exact is not None and not lapack.dpotrf(exact)[1]:
        return exact
    return expected_information(deviance, at)


def _next_derivatives(
    deviance: Deviance, hessian: np.ndarray, found: Evaluation, at: Evaluation, error: np.ndarray
) -> np.ndarray:
    """Second derivatives at the next point.

    Where they are only nearly exact, what they lack is much the same everywhere. It is learned from the steps: along
    one, the mean of those at its ends is the change of the gradient, to second order. `error` gathers it, in place
    (symmetric rank-one updates). Where they are not positive definite, it is BFGS.
    """
    new = deviance.curvature(found)
    if new is not None and deviance.solver.exact:
        return new
    old = deviance.curvature(at)
    step, change = found.theta - at.theta, found.gradient - at.gradient
    if new is None or old is None or lapack.dpotrf(new)[1]:
        return _update(hessian, step, change)
    missing = change - (0.5 * (new + old) + error) @ step
    along = float(missing @ step)
    least = RANK_ONE_COSINE_SQUARED * float(missing @ np.linalg.solve(new, missing)) * float(step @ new @ step)
    if along * along > least:
        error += np.outer(missing, missing) / along
    return new if lapack.dpotrf(new + error)[1] else new + error


def _step(deviance: Deviance, hessian: np.ndarray, at: Evaluation) -> tuple[np.ndarray, float]:
    """Newton step, and the decrease it promises.

    Without exact second derivatives it is one in the logarithms of the diagonal where that is possible; with them,
    scoring has come so close before that logarithms save no evaluations.
    """
    plain = _plain_step(hessian, at)
    found = None if deviance.solver.exact else _logarithmic_step(deviance, hessian, at, plain[0])
    return plain if found is None else found


def _logarithmic_step(
    deviance: Deviance, hessian: np.ndarray, at: Evaluation, plain: np.ndarray
) -> tuple[np.ndarray, float] | None:
    """Newton step in the logarithms of the diagonal of `T`, in which the deviance is closest to a quadratic.

    None near a singular Sigma, where logarithms have no minimum, and where the step would go far.
    """
    diagonal, theta = deviance.layout.diagonal, at.theta
    if not _is_regular(deviance, theta) or (np.abs(plain) > LOGARITHM_SHARE * theta)[diagonal].any():
        return None
    scale = np.where(diagonal, theta, 1.0)  # theta as exp(u) has theta as its first and its second derivative
    gradient = at.gradient * scale
    bent = hessian * (scale[:, None] * scale)
    bent.flat[:: len(bent) + 1] += np.where(diagonal, gradient, 0.0)
    _, along, info = lapack.dposv(bent, gradient)
    if info or np.abs(along[diagonal]).max() > LOGARITHM_REACH:
        return None
    step = np.where(diagonal, theta * np.expm1(-along), -along)
    if at.gradient @ step > 0:
        return None
    return step, 0.5 * float(gradient @ along)


def _plain_step(hessian: np.ndarray, at: Evaluation) -> tuple[np.ndarray, float]:
    """Newton step and the decrease it promises; no longer than the model can be trusted.

    Where second derivatives are not positive definite, their eigenvalues are made so (Nocedal & Wright 2006, section
    3.4). Half of ``g' H^-1 g`` is by how much the quadratic with gradient g and derivatives H falls at most.
    """
    _, along, info = lapack.dposv(hessian, at.gradient)
    if info:
        values, vectors = np.linalg.eigh(hessian)
        floor = LEAST_CURVATURE * max(float(np.abs(values).max()), LEAST_DIVISOR)
        along = vectors @ ((vectors.T @ at.gradient) / np.maximum(np.abs(values), floor))
    decrease = 0.5 * float(at.gradient @ along)
    length = max(map(abs, along.tolist()))
    reach = REACH * max(LEAST_REACH, *map(abs, at.theta.tolist()))
    return -along * min(1.0, reach / length) if length > 0 else -along, decrease


def _search_line(
    evaluate: Callable[..., Evaluation],
    at: Evaluation,
    step: np.ndarray,
    decrease: float,
    derivatives: int,
    rounding: float,
) -> Evaluation | None:
    """Shorten the step until the deviance falls as it should; None if it never does."""
    slope, factor = float(at.gradient @ step), 1.0
    shortest, longest = SHORTENING
    for _ in range(MOST_SHORTENINGS):
        try:
            found = evaluate(at.theta + factor * step, derivatives)
        except MlmError:
            factor *= shortest
            continue
        if decrease < rounding or found.relative <= at.relative + SUFFICIENT_SHARE * factor * slope:
            return found
        curvature = found.relative - at.relative - factor * slope
        lowest = -factor * slope / (2.0 * curvature) if curvature > 0 else longest
        factor *= float(np.clip(lowest, shortest, longest))
        if -factor * slope < LEAST_PROMISE:
            return None
    return None


def _update(hessian: np.ndarray, step: np.ndarray, change: np.ndarray) -> np.ndarray:
    """BFGS update of the second derivatives (Nocedal & Wright 2006, section 6.1), where it stays positive definite."""
    curvature = float(step @ change)
    forward = hessian @ step
    expected = float(step @ forward)
    if curvature <= BFGS_COSINE * np.linalg.norm(step) * np.linalg.norm(change) or expected <= 0:
        return hessian
    return hessian + np.outer(change, change) / curvature - np.outer(forward, forward) / expected
