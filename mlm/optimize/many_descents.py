"""Newton's method for many functions side by side: each with its own steps, and its own end.

Steps and their safeguards are those of `newton`. It knows nothing of models.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from .ending import ROUNDING_DECREASE
from .newton import LEAST_CURVATURE, LEAST_REACH, MOST_SHORTENINGS, REACH, SUFFICIENT_SHARE

__all__ = ["Points", "descend"]

# Steps at most. From where a similar function has its minimum, five or six are usual.
MOST_STEPS = 40
# Promised decrease below which a step is the last, unless asked for otherwise: it is as far as the root of twice that
# in standard errors, 4e-6, and Newton's method leaves the square of it.
LAST_DECREASE = 1e-11
# Share of the largest second derivative below which another one is 0, where it may be: rounding, and what is left.
FLAT_CURVATURE = 1e-6
# Share of a step that is tried next where it does not lower the function enough.
SHORTENED = 0.35


class Points(Protocol):
    """What an evaluation of R functions gives, each at a point of its own."""

    @property
    def value(self) -> np.ndarray:
        """The functions, shape (R,); what is not finite is not a decrease."""

    @property
    def gradient(self) -> np.ndarray:
        """Shape (m, R)."""

    @property
    def hessian(self) -> np.ndarray:
        """Second derivatives, shape (m, m, R)."""


Moved = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def _straight(active: np.ndarray, x: np.ndarray, step: np.ndarray) -> np.ndarray:
    return x + step


def descend(
    evaluate: Callable[[np.ndarray, np.ndarray], Points],
    start: np.ndarray,
    steps: int = MOST_STEPS,
    flat: bool = False,
    last: float = LAST_DECREASE,
    moved: Moved = _straight,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Go by Newton's steps.

    Parameters
    ----------
    evaluate : callable
        Takes which of the functions are asked for, shape (S,), and a point of each, shape (m, S).
    start : ndarray, shape (m, R)
    steps : int
        At most.
    flat : bool
        Whether a minimum may be as low along some ways from it.
    last : float
        Promised decrease below which a step is the last.
    moved : callable
        Takes which functions, points and steps, and gives where these lead.

    Returns
    -------
    x : ndarray, shape (m, R)
        Where they lead.
    value : ndarray, shape (R,)
        There.
    ended : ndarray of bool, shape (R,)
        Which have ended, in a minimum.
    """
    x, active = start.copy(), np.arange(start.shape[1])
    ended = np.zeros(len(active), dtype=bool)
    at = evaluate(active, x)
    value, gradient, hessian = at.value, at.gradient, at.hessian
    step, decrease, definite = _steps(x, gradient, hessian, flat)
    factor, shortened, reached = np.ones(len(active)), np.zeros(len(active), dtype=int), np.empty(len(active))
    for _ in range(steps):
        there = definite & (decrease < last)
        reached[active] = value - np.where(there, decrease, 0.0)
        x[:, active[there]] += step[:, there]
        ended[active[there]] = True
        keep = ~there & np.isfinite(value) & (shortened <= MOST_SHORTENINGS)
        active = active[keep]
        if not len(active):
            return x, reached, ended
        value, gradient, hessian, step = value[keep], gradient[:, keep], hessian[..., keep], step[:, keep]
        decrease, definite, factor, shortened = decrease[keep], definite[keep], factor[keep], shortened[keep]
        tried = moved(active, x[:, active], factor * step)
        at = evaluate(active, tried)
        wanted = value + SUFFICIENT_SHARE * factor * np.einsum("mr,mr->r", gradient, step)
        computed = np.isfinite(at.gradient).all(axis=0) & np.isfinite(at.hessian).all(axis=(0, 1))
        better = computed & ((at.value <= wanted) | (decrease < ROUNDING_DECREASE))
        x[:, active[better]] = tried[:, better]
        value, gradient = np.where(better, at.value, value), np.where(better, at.gradient, gradient)
        hessian = np.where(better, at.hessian, hessian)
        fresh, promised, positive = _steps(x[:, active], gradient, hessian, flat)
        step, decrease = np.where(better, fresh, step), np.where(better, promised, decrease)
        definite = np.where(better, positive, definite)
        factor, shortened = np.where(better, 1.0, SHORTENED * factor), np.where(better, 0, shortened + 1)
    reached[active] = value
    return x, reached, ended


def _steps(
    x: np.ndarray, gradient: np.ndarray, hessian: np.ndarray, flat: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Newton's steps (m, R), the decreases they promise, and whether second derivatives are positive, or flat."""
    values, vectors = np.linalg.eigh(np.nan_to_num(hessian.transpose(2, 0, 1)))
    floor = LEAST_CURVATURE * np.maximum(np.abs(values).max(axis=1, keepdims=True), np.finfo(float).tiny)
    along = np.einsum("rab,ar->rb", vectors, gradient) / np.maximum(np.abs(values), floor)
    step = -np.einsum("rab,rb->ar", vectors, along)
    decrease = -0.5 * np.einsum("ar,ar->r", gradient, step)
    reach = REACH * np.maximum(LEAST_REACH, np.abs(x).max(axis=0))
    length = np.maximum(np.abs(step).max(axis=0), np.finfo(float).tiny)
    least = -FLAT_CURVATURE if flat else LEAST_CURVATURE
    return step * np.minimum(1.0, reach / length), decrease, values[:, 0] > least / LEAST_CURVATURE * floor[:, 0]
