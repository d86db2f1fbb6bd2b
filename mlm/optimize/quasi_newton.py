"""Quasi-Newton search of a function with exact gradients, from second derivatives that are nearly right.

Steps are those of BFGS (Nocedal & Wright 2006, *Numerical Optimization*, 2nd ed., chapter 6), shortened until the
function falls enough. It knows nothing of models.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, NamedTuple, Protocol, TypeVar

import numpy as np
from scipy.linalg import lapack

from ..errors import FitError

__all__ = ["Descent", "Point", "descend", "differenced_hessian", "once_more"]

MOST_STEPS, MOST_HALVINGS = 200, 30
# Share of the decrease that the slope promises that a step must bring (Armijo's condition, with Nocedal's constant).
ENOUGH = 1e-4
# Share of the value that may be rounding.
ROUNDING = 1e-13
# Multiples of the tolerance and of rounding that may be left where a search cannot go on.
MOST_LEFT, MOST_ROUNDINGS = 1e3, 1e2
# Shortest and longest part of a step that is tried next when one was too long.
SHORTEST, LONGEST = 0.1, 0.5


class Point(Protocol):
    """What an evaluation gives."""

    @property
    def value(self) -> float:
        """The function."""

    @property
    def gradient(self) -> np.ndarray:
        """Its gradient, shape (m,)."""


P = TypeVar("P", bound=Point)


class Descent(NamedTuple, Generic[P]):
    """Where the search ended.

    Attributes
    ----------
    x : ndarray, shape (m,)
    at : Point
    hessian : ndarray, shape (m, m)
        What the search learnt of the second derivatives.
    left : float
        By how much the function would fall, by these.
    converged : bool
    """

    x: np.ndarray
    at: P
    hessian: np.ndarray
    left: float
    converged: bool


def descend(
    evaluate: Callable[[np.ndarray, P | None], P],
    start: np.ndarray,
    at: P,
    hessian: np.ndarray,
    tolerance: float,
    steps: int = MOST_STEPS,
    reach: float = np.inf,
) -> Descent[P]:
    """Search for a minimum.

    Parameters
    ----------
    evaluate : callable
        Takes x, shape (m,), and the last point, from which it may start what it does; raises FitError where the
        function is none.
    start : ndarray, shape (m,)
    at : Point
        The start, evaluated.
    hessian : ndarray, shape (m, m)
        Second derivatives there, about; positive definite.
    tolerance : float
        Decrease that is left to go, below which the search ends.
    steps : int
        At most.
    reach : float
        Longest step, in lengths of x; of an x of 0, any.

    Returns
    -------
    Descent
    """
    x, left = start, np.inf
    for _ in range(steps):
        step, left = _newton_step(hessian, at.gradient)
        if left < tolerance:
            return Descent(x, at, hessian, left, True)
        found = _lower(evaluate, x, at, _within(reach * float(np.linalg.norm(x)), step))
        if found is None:
            return Descent(x, at, hessian, left, _is_little(left, tolerance, at.value))
        moved, then = found
        hessian = _updated(hessian, moved - x, then.gradient - at.gradient)
        x, at = moved, then
    left = _newton_step(hessian, at.gradient)[1]
    return Descent(x, at, hessian, left, _is_little(left, tolerance, at.value))


def once_more(evaluate: Callable[[np.ndarray, P | None], P], end: Descent[P]) -> Descent[P]:
    """Make one step more from where a search has ended, if that leaves less.

    So near a minimum values differ by rounding, and gradients by more than that: these say whether it is nearer.

    Parameters
    ----------
    evaluate : callable
        As of `descend`.
    end : Descent

    Returns
    -------
    Descent
    """
    step = _newton_step(end.hessian, end.at.gradient)[0]
    try:
        at = evaluate(end.x + step, end.at)
    except FitError:
        return end
    hessian = _updated(end.hessian, step, at.gradient - end.at.gradient)
    left = _newton_step(hessian, at.gradient)[1]
    return Descent(end.x + step, at, hessian, left, end.converged) if left < end.left else end


def _is_little(left: float, tolerance: float, value: float) -> bool:
    """Whether what is left is next to nothing, or rounding, where a search could not go on."""
    return left < max(MOST_LEFT * tolerance, MOST_ROUNDINGS * ROUNDING * abs(value))


def _newton_step(hessian: np.ndarray, gradient: np.ndarray) -> tuple[np.ndarray, float]:
    _, solved, info = lapack.dposv(hessian, gradient)
    step = -solved if not info else -gradient
    return step, -0.5 * float(step @ gradient)


def _within(longest: float, step: np.ndarray) -> np.ndarray:
    """Shorten a step to a length, but for one of 0 or none."""
    length = float(np.linalg.norm(step))
    return step * (longest / length) if 0.0 < longest < length else step


def _lower(
    evaluate: Callable[[np.ndarray, P | None], P], x: np.ndarray, at: P, step: np.ndarray
) -> tuple[np.ndarray, P] | None:
    """Shorten a step until the function falls enough; None where it does not."""
    share, promised = 1.0, float(step @ at.gradient)
    for _ in range(MOST_HALVINGS):
        moved = x + share * step
        try:
            then = evaluate(moved, at)
        except FitError:
            share *= 0.25
            continue
        change = then.value - at.value
        if change <= ENOUGH * share * promised + ROUNDING * abs(at.value):
            return moved, then
        # the parabola through the value and slope here and the value there
        best = -0.5 * promised * share / (change / share - promised) if np.isfinite(change) else 0.0
        share *= min(max(best / share, SHORTEST), LONGEST)
    return None


def _updated(hessian: np.ndarray, step: np.ndarray, change: np.ndarray) -> np.ndarray:
    """BFGS's update, damped (Powell's) where the slope did not grow along the step."""
    along = hessian @ step
    curvature, grown = float(step @ along), float(step @ change)
    if not curvature > 0.0:  # a step of nothing tells nothing
        return hessian
    if grown < 0.2 * curvature:
        keep = 0.8 * curvature / (curvature - grown)
        change = keep * change + (1.0 - keep) * along
        grown = 0.2 * curvature
    return hessian - np.outer(along, along) / curvature + np.outer(change, change) / grown


def differenced_hessian(
    gradient: Callable[[np.ndarray], np.ndarray], x: np.ndarray, steps: np.ndarray, order: int = 2
) -> np.ndarray:
    """Second derivatives by central differences of the gradient.

    Parameters
    ----------
    gradient : callable
    x, steps : ndarray, shape (m,)
    order : {2, 4}
        Error, as a power of the steps.

    Returns
    -------
    ndarray, shape (m, m)
    """
    out = np.empty((len(x), len(x)))
    for k, step in enumerate(steps):
        e = np.zeros(len(x))
        e[k] = step
        out[k] = (gradient(x + e) - gradient(x - e)) / (2.0 * step)
        if order == 4:
            wide = (gradient(x + 2.0 * e) - gradient(x - 2.0 * e)) / (4.0 * step)
            out[k] = (4.0 * out[k] - wide) / 3.0
    return 0.5 * (out + out.T)
