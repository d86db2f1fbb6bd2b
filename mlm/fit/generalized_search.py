"""The search for theta and beta of a generalized mixed model: first beta with the modes, then both together."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..errors import FitError, counted
from ..generalized.laplace import GeneralizedEvaluation, Laplace
from ..optimize.optimum import Log
from ..optimize.quasi_newton import Descent, descend, differenced_hessian, once_more
from .generalized_criterion import At, Criterion
from .generalized_start import (
    expected_curvature,
    first_coefficients,
    moments,
    one_sided_coefficients,
    start_hessian,
)
from .several_ends import several_ends, small_ends

__all__ = ["GeneralizedOptimum", "search"]

# Decrease that is left to go: of a search that another follows, and of the last. The square of a distance in standard
# errors. A step of the first costs as much as two or three of the last: of five of the benchmark's models together, 119
# ms with 1e-2, 102 with 1e-1, from where a predictor with a value of 1e9 ended too early. NEARER is the first search's
# share of it where that has not come below the model without effects: it may be far from a minimum, on a slope that
# says little.
ROUGH, FINE, NEARER = 3e-2, 1e-10, 0.1
# ... above which a search that has ended makes one more step. Below, printed digits no longer change: it is 1e-6
# standard errors. What is less than this can be rounding, in which no search would end.
LAST = 1e-12
# Longest step of theta, beta moved along with the modes, in lengths of theta: one as long may come to 0, a longer one
# passes it. Measured on the counts of broods, whose moments are too large: 11 evaluations, and 13 without.
REACH = 1.0
# Diagonal elements of theta below this may be 0, and are looked at from both sides.
NEAR_ZERO = 1e-2
# A search from moments that ends with one below the first of these starts again from the first of the others that can
# be had: the likelihood can have a minimum at 0 and another.
LOW_SHARE, SECOND_STARTS = 0.1, (1.0, 0.3)
# Fall of the criterion by which another end is lower, and rise that is rounding.
LEAST_GAIN, ROUNDED = 1e-7, 1e-9
# Rows up to which designs of so many elements of theta are searched from further starts, and links of whom all are.
SMALL_ROWS, LEAST_ELEMENTS, BENT_LINKS = 150, 3, ("cauchit", "identity")
# Differences of the gradient are taken over this share of a standard error.
SHARE_OF_ERROR = 1e-3


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class GeneralizedOptimum:
    """What the search did.

    Attributes
    ----------
    evaluation : GeneralizedEvaluation
        At the minimum, in the columns worked with.
    laplace : Laplace
        The criterion there; of a negative binomial model with its theta.
    converged : bool
    optimizer, message : str
    hessian : ndarray
        What the search learnt of the second derivatives by theta and beta.
    log : list of (ndarray, float)
        Parameters and criterion of each evaluation, in order.
    """

    evaluation: GeneralizedEvaluation
    laplace: Laplace
    converged: bool
    optimizer: str
    message: str
    hessian: np.ndarray
    log: list[tuple[np.ndarray, float]] = field(default_factory=list)

    def __repr__(self) -> str:
        state = "converged" if self.converged else "not converged"
        return f"<Optimum {self.optimizer}: {state} after {counted(len(self.log), 'evaluation')}; {self.message}>"


def search(
    laplace: Laplace,
    theta: np.ndarray | None,
    beta: np.ndarray | None,
    rough: bool,
    estimated: bool = False,
    log: Log | None = None,
) -> GeneralizedOptimum:
    """Find the parameters with the largest likelihood.

    Parameters
    ----------
    laplace : Laplace
    theta : ndarray, shape (n_theta,), optional
        Where the search starts.
    beta : ndarray, shape (p,), optional
    rough : bool
        Stop at what ``n_agq=0`` is.
    estimated : bool
        The negative binomial theta is a parameter as well.
    log : Log, optional

    Raises
    ------
    FitError
        When the likelihood cannot be computed where the search starts.
    """
    criterion = Criterion(laplace, Log() if log is None else log, estimated)
    found = _searched(criterion, theta, beta, rough)
    other = one_sided_coefficients(laplace) if beta is None else None
    if other is None:
        return found
    try:
        again = _searched(Criterion(laplace, criterion.log, estimated), theta, other, rough)
    except FitError:
        return found
    return again if again.evaluation.value < found.evaluation.value - LEAST_GAIN else found


def _searched(
    criterion: Criterion, theta: np.ndarray | None, beta: np.ndarray | None, rough: bool
) -> GeneralizedOptimum:
    """The end of a search from these fixed effects."""
    estimated = criterion.estimated
    plain = _without_effects(criterion, beta)
    tolerance = FINE if rough else ROUGH
    firsts = (several_ends if criterion.has_scale else _first_stage)(criterion, plain, theta, tolerance)
    if theta is None and _may_have_several(criterion):
        firsts = small_ends(criterion, plain, firsts[0], tolerance)
    if rough:
        return _ended(criterion, _rough_with_size(criterion, firsts[0]) if estimated else firsts[0])
    ends = [_beside_zero(criterion, _second_stage(criterion, first)) for first in firsts]
    end = min(ends, key=lambda end: end.at.value)
    if theta is not None and beta is not None and not estimated:
        end = _no_higher(criterion, end, np.concatenate([theta, beta]))
    return _ended(criterion, _settled(criterion, end) if criterion.has_scale else end)


def _may_have_several(criterion: Criterion) -> bool:
    """Whether other minima are looked for: in small designs of families without a dispersion."""
    working, n_theta = criterion.laplace.problem.working, criterion.n_theta
    if criterion.has_scale or len(working.y) > SMALL_ROWS:
        return False
    return n_theta >= LEAST_ELEMENTS or working.family.link.name in BENT_LINKS


def _second_stage(criterion: Criterion, first: Descent[At]) -> Descent[At]:
    """Search for all parameters together."""
    x = np.concatenate([first.x, first.at.evaluation.beta])
    hessian = start_hessian(first.hessian, first.at.laplace, first.at.evaluation.mode)
    if criterion.estimated:
        x, hessian = _with_size_start(x, hessian, first.at)
        at = criterion.together(x, first.at)
    else:
        at = criterion.released(x, first.at)
    end = descend(criterion.together, x, at, hessian, FINE)
    return once_more(criterion.together, end) if end.left > LAST else end


def _no_higher(criterion: Criterion, end: Descent[At], start: np.ndarray) -> Descent[At]:
    """The end of a search, or that of another from the very start, where the criterion is lower than at the end."""
    try:
        at = criterion.together(start, end.at)
    except FitError:
        return end
    if at.value > end.at.value - LEAST_GAIN:
        return end
    return descend(criterion.together, start, at, end.hessian, FINE)


def _settled(criterion: Criterion, end: Descent[At]) -> Descent[At]:
    """The end of another search from there, with second derivatives by differences."""

    def gradient(x: np.ndarray) -> np.ndarray:
        try:
            return criterion.together(x, end.at).gradient
        except FitError:
            return np.full(len(x), np.nan)

    steps = SHARE_OF_ERROR * np.sqrt(2.0 / np.maximum(end.hessian.diagonal(), 1e-12))
    hessian = differenced_hessian(gradient, end.x, steps)
    if not np.isfinite(hessian).all() or np.linalg.eigvalsh(hessian)[0] <= 0.0:
        return end
    again = descend(criterion.together, end.x, end.at, hessian, FINE)
    return again if again.at.value < end.at.value or again.converged > end.converged else end


def _without_effects(criterion: Criterion, beta: np.ndarray | None) -> At:
    """The model without random effects, from which all starts."""
    none = np.zeros(criterion.n_theta)
    if beta is not None:
        return criterion.keeping_side(criterion.with_modes(none, None, beta))
    starts = first_coefficients(criterion.laplace)
    for start in starts:
        try:
            found = criterion.with_modes(none, None, start)
        except FitError as error:
            failed = error
        else:
            return criterion.keeping_side(found)
    raise failed


def _first_stage(criterion: Criterion, plain: At, theta: np.ndarray | None, tolerance: float) -> list[Descent[At]]:
    """Search for theta, beta moved along with the modes."""
    estimated, information = moments(plain.laplace, plain.evaluation.mode)
    tries = [estimated] if theta is None else [theta]
    tries += [0.3 * tries[0], 0.05 * tries[0]]
    for start in tries:
        try:
            at = criterion.with_modes(start, plain)
            break
        except FitError as error:
            failed = error
    else:
        raise failed
    end = _theta_descent(criterion, start, at, information, tolerance)
    if end.at.value > plain.value:
        end = descend(criterion.with_modes, end.x, end.at, end.hessian, NEARER * tolerance, reach=REACH)
    if np.abs(end.x[criterion.laplace.layout.diagonal]).min() > LOW_SHARE:
        return [end]
    return [_lower_end(criterion, plain, end, information, tolerance)]


def _theta_descent(
    criterion: Criterion, start: np.ndarray, at: At, information: np.ndarray, tolerance: float
) -> Descent[At]:
    curvature = np.diag(expected_curvature(criterion.laplace, start, information))
    return descend(criterion.with_modes, start, at, curvature, tolerance, reach=REACH)


def _lower_end(
    criterion: Criterion, plain: At, end: Descent[At], information: np.ndarray, tolerance: float
) -> Descent[At]:
    """The end of a search, or that of another from large variances where it is lower."""
    for size in SECOND_STARTS:
        start = np.where(criterion.laplace.layout.diagonal, size, 0.0)
        try:
            at = criterion.with_modes(start, plain)
        except FitError:
            continue
        other = _theta_descent(criterion, start, at, information, tolerance)
        return other if other.at.value < end.at.value - tolerance else end
    return end


def _rough_with_size(criterion: Criterion, first: Descent[At]) -> Descent[At]:
    """Search for theta together with the negative binomial theta, beta moved along with the modes."""
    x, hessian = _with_size_start(first.x, first.hessian, first.at)
    at = criterion.with_modes_and_size(x, first.at)
    end = descend(criterion.with_modes_and_size, x, at, hessian, FINE)
    diagonal = np.append(criterion.laplace.layout.diagonal, False)
    if not (np.abs(end.x[diagonal]) < NEAR_ZERO).any():
        return end
    x = np.where(diagonal, SECOND_STARTS[1], end.x)
    try:
        at = criterion.with_modes_and_size(x, end.at)
    except FitError:
        return end
    other = descend(criterion.with_modes_and_size, x, at, hessian, FINE)
    return other if other.at.value < end.at.value - LEAST_GAIN else end


def _with_size_start(x: np.ndarray, hessian: np.ndarray, first: At) -> tuple[np.ndarray, np.ndarray]:
    """Add the log of the negative binomial theta."""
    size = first.laplace.problem.working.family.theta
    assert size is not None
    wider = np.zeros((len(x) + 1, len(x) + 1))
    wider[:-1, :-1] = hessian
    wider[-1, -1] = max(0.1 * len(first.laplace.problem.rows.y), 1.0)
    return np.append(x, np.log(size)), wider


def _beside_zero(criterion: Criterion, end: Descent[At]) -> Descent[At]:
    """Look at both sides of variances that are nearly 0, where the slope says nothing: lower beside it, or 0 itself."""
    layout, n = criterion.laplace.layout, criterion.n_theta
    near = NEAR_ZERO * criterion.unit
    low = layout.diagonal & (np.abs(end.x[:n]) < near)
    if criterion.estimated and low.any():  # the first search had another negative binomial theta
        end = _from_larger(criterion, end, low)
    for k in np.flatnonzero(layout.diagonal & (np.abs(end.x[:n]) < near)):
        for size in (0.1, 0.5):
            moved = end.x.copy()
            moved[k] = size * criterion.unit
            try:
                at = criterion.together(moved, end.at)
            except FitError:
                continue
            if at.value < end.at.value - LEAST_GAIN:
                again = descend(criterion.together, moved, at, end.hessian, FINE)
                if again.at.value < end.at.value - LEAST_GAIN:
                    end = again
                    break
        flat = end.x.copy()
        flat[k] = 0.0
        if end.x[k] != 0.0 and abs(end.x[k]) < near:
            at = criterion.together(flat, end.at)
            if at.value <= end.at.value + ROUNDED:
                end = end._replace(x=flat, at=at)
    return end


def _from_larger(criterion: Criterion, end: Descent[At], low: np.ndarray) -> Descent[At]:
    """The end of a search, or that of another from where its variances of 0 are not, if it is lower."""
    moved = end.x.copy()
    moved[: criterion.n_theta][low] = SECOND_STARTS[1]
    try:
        again = descend(criterion.together, moved, criterion.together(moved, end.at), end.hessian, FINE)
    except FitError:
        return end
    return again if again.at.value < end.at.value - LEAST_GAIN else end


def _ended(criterion: Criterion, end: Descent[At]) -> GeneralizedOptimum:
    n = criterion.n_theta + len(end.at.evaluation.beta)
    message = "a minimum" if end.converged else f"a decrease of {end.left:.1e} is left"
    return GeneralizedOptimum(
        end.at.evaluation, end.at.laplace, end.converged, "quasi-newton", message, end.hessian[:n, :n], criterion.log
    )
