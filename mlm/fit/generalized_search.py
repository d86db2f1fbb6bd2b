"""The search for theta and beta of a generalized mixed model: first beta with the modes, then both together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from ..errors import FitError, counted
from ..generalized.laplace import GeneralizedEvaluation, Laplace
from ..generalized.working import Working
from ..optimize.optimum import Log
from ..optimize.quasi_newton import Descent, descend
from .generalized_start import expected_curvature, first_coefficients, moments, start_hessian

__all__ = ["GeneralizedOptimum", "search", "with_size"]

# Decrease that is left to go: of a search that another follows, and of the last. The square of a distance in standard
# errors.
ROUGH, FINE = 1e-2, 1e-10
# Diagonal elements of theta below this may be 0, and are looked at from both sides.
NEAR_ZERO = 1e-2
# A search from moments that ends with one below the first of these, or of a family with a dispersion, starts again
# from the first of the others that can be had: the likelihood can have a minimum at 0 and another.
LOW_SHARE, SECOND_STARTS = 0.1, (1.0, 0.3)
# Fall of the criterion by which another end is lower, and rise that is rounding.
LEAST_GAIN, ROUNDED = 1e-7, 1e-9
# Step of the log of the negative binomial theta, over which differences are taken.
LOG_STEP = 1e-3
# Logarithms of the negative binomial theta beyond which counts are Poisson's, or only zeros vary.
LEAST_LOG, LARGEST_LOG = -12.0, 16.0


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


class _At(NamedTuple):
    """A point of a search: a function of fewer or more parameters than the criterion."""

    value: float
    gradient: np.ndarray
    evaluation: GeneralizedEvaluation
    laplace: Laplace


class _Criterion:
    """The criterion as the searches see it."""

    def __init__(self, laplace: Laplace, log: Log, estimated: bool) -> None:
        self.laplace, self.log, self.estimated = laplace, log, estimated
        self.n_theta = laplace.layout.n_theta

    def with_modes(self, theta: np.ndarray, last: _At | None, beta: np.ndarray | None = None) -> _At:
        """Beta moved along with the modes."""
        mode = None if last is None else last.evaluation.mode
        laplace = self.laplace if last is None else last.laplace
        start = mode.beta if mode is not None and beta is None else beta
        assert start is not None
        at = laplace.evaluate(theta, start, mode, joint=len(start) > 0)
        self.log.add(np.concatenate([theta, at.beta]), at.value)
        return _At(at.value, at.gradient[: self.n_theta], at, laplace)

    def together(self, x: np.ndarray, last: _At | None) -> _At:
        """All parameters: theta, beta and, where it is estimated, the log of the negative binomial theta."""
        assert last is not None
        n, mode = self.n_theta, last.evaluation.mode
        if not self.estimated:
            at = last.laplace.evaluate(x[:n], x[n:], mode)
            self.log.add(x, at.value)
            return _At(at.value, at.gradient, at, last.laplace)
        return self._sized(x[:n], x[n:-1], x[-1], last, joint=False)

    def with_modes_and_size(self, x: np.ndarray, last: _At | None) -> _At:
        """Theta and the log of the negative binomial theta, beta moved along with the modes."""
        assert last is not None
        beta = last.evaluation.beta
        return self._sized(x[:-1], beta, x[-1], last, joint=len(beta) > 0)

    def _sized(self, theta: np.ndarray, beta: np.ndarray, log_size: float, last: _At, joint: bool) -> _At:
        if not LEAST_LOG < log_size < LARGEST_LOG:
            raise FitError("The negative binomial theta is too far from 1.")
        laplace = with_size(last.laplace, log_size)
        at = laplace.evaluate(theta, beta, last.evaluation.mode, joint)
        self.log.add(np.concatenate([theta, at.beta, [log_size]]), at.value)
        gradient = at.gradient[: self.n_theta] if joint else at.gradient
        return _At(at.value, np.append(gradient, self._by_size(laplace, log_size, at, joint)), at, laplace)

    def _by_size(self, laplace: Laplace, log_size: float, at: GeneralizedEvaluation, joint: bool) -> float:
        """Derivative by the log of the negative binomial theta, from four differences."""
        values = [
            with_size(laplace, log_size + k * LOG_STEP).evaluate(at.theta, at.beta, at.mode, joint).value
            for k in (-2, -1, 1, 2)
        ]
        return (values[0] - 8.0 * values[1] + 8.0 * values[2] - values[3]) / (12.0 * LOG_STEP)


def with_size(laplace: Laplace, log_size: float) -> Laplace:
    """The criterion with another theta of the negative binomial family."""
    working = laplace.problem.working
    family = working.family.with_theta(float(np.exp(log_size)))
    problem = laplace.problem._replace(working=Working(family, working.y, working.weights, working.trials))
    return Laplace(problem, laplace.layout, laplace.n_agq)


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
    log = Log() if log is None else log
    criterion = _Criterion(laplace, log, estimated)
    plain = _without_effects(criterion, beta)
    tolerance = FINE if rough else ROUGH
    first = _first_stage(criterion, plain, theta, tolerance)
    if rough:
        return _ended(criterion, _rough_with_size(criterion, first) if estimated else first)
    x = np.concatenate([first.x, first.at.evaluation.beta])
    hessian = start_hessian(first.hessian, first.at.laplace, first.at.evaluation.mode)
    if estimated:
        x, hessian = _with_size_start(x, hessian, first.at)
    at = criterion.together(x, first.at)
    return _ended(criterion, _beside_zero(criterion, descend(criterion.together, x, at, hessian, FINE)))


def _without_effects(criterion: _Criterion, beta: np.ndarray | None) -> _At:
    """The model without random effects, from which all starts."""
    none = np.zeros(criterion.n_theta)
    if beta is not None:
        return criterion.with_modes(none, None, beta)
    starts = first_coefficients(criterion.laplace)
    for start in starts:
        try:
            return criterion.with_modes(none, None, start)
        except FitError as error:
            failed = error
    raise failed


def _first_stage(criterion: _Criterion, plain: _At, theta: np.ndarray | None, tolerance: float) -> Descent[_At]:
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
    end = descend(
        criterion.with_modes, start, at, np.diag(expected_curvature(criterion.laplace, start, information)), tolerance
    )
    alone = not criterion.laplace.problem.working.family.has_scale
    if alone and np.abs(end.x[criterion.laplace.layout.diagonal]).min() > LOW_SHARE:
        return end
    return _lower_end(criterion, plain, end, information, tolerance)


def _lower_end(
    criterion: _Criterion, plain: _At, end: Descent[_At], information: np.ndarray, tolerance: float
) -> Descent[_At]:
    """The end of a search, or that of another from large variances where it is lower."""
    for size in SECOND_STARTS:
        start = np.where(criterion.laplace.layout.diagonal, size, 0.0)
        try:
            at = criterion.with_modes(start, plain)
        except FitError:
            continue
        other = descend(
            criterion.with_modes,
            start,
            at,
            np.diag(expected_curvature(criterion.laplace, start, information)),
            tolerance,
        )
        return other if other.at.value < end.at.value - tolerance else end
    return end


def _rough_with_size(criterion: _Criterion, first: Descent[_At]) -> Descent[_At]:
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


def _with_size_start(x: np.ndarray, hessian: np.ndarray, first: _At) -> tuple[np.ndarray, np.ndarray]:
    """Add the log of the negative binomial theta."""
    size = first.laplace.problem.working.family.theta
    assert size is not None
    wider = np.zeros((len(x) + 1, len(x) + 1))
    wider[:-1, :-1] = hessian
    wider[-1, -1] = max(0.1 * len(first.laplace.problem.rows.y), 1.0)
    return np.append(x, np.log(size)), wider


def _beside_zero(criterion: _Criterion, end: Descent[_At]) -> Descent[_At]:
    """Look at both sides of variances that are nearly 0, where the slope says nothing: lower beside it, or 0 itself."""
    layout, n = criterion.laplace.layout, criterion.n_theta
    low = layout.diagonal & (np.abs(end.x[:n]) < NEAR_ZERO)
    if criterion.estimated and low.any():  # the first search had another negative binomial theta
        end = _from_larger(criterion, end, low)
    for k in np.flatnonzero(layout.diagonal & (np.abs(end.x[:n]) < NEAR_ZERO)):
        for size in (0.1, 0.5):
            moved = end.x.copy()
            moved[k] = size
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
        if end.x[k] != 0.0 and abs(end.x[k]) < NEAR_ZERO:
            at = criterion.together(flat, end.at)
            if at.value <= end.at.value + ROUNDED:
                end = end._replace(x=flat, at=at)
    return end


def _from_larger(criterion: _Criterion, end: Descent[_At], low: np.ndarray) -> Descent[_At]:
    """The end of a search, or that of another from where its variances of 0 are not, if it is lower."""
    moved = end.x.copy()
    moved[: criterion.n_theta][low] = SECOND_STARTS[1]
    try:
        again = descend(criterion.together, moved, criterion.together(moved, end.at), end.hessian, FINE)
    except FitError:
        return end
    return again if again.at.value < end.at.value - LEAST_GAIN else end


def _ended(criterion: _Criterion, end: Descent[_At]) -> GeneralizedOptimum:
    n = criterion.n_theta + len(end.at.evaluation.beta)
    message = "a minimum" if end.converged else f"a decrease of {end.left:.1e} is left"
    return GeneralizedOptimum(
        end.at.evaluation, end.at.laplace, end.converged, "quasi-newton", message, end.hessian[:n, :n], criterion.log
    )
