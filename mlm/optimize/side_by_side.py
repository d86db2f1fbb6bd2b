"""Newton's method for many responses of one design, side by side.

Where a search comes near a singular covariance, it goes on among
these, in the elements of theta but the last one of the diagonal, and ends where the criterion rises as Sigma grows in
the direction in which it is nothing; further starts are those of `further_starts`. What does not end so clearly is
left: whoever asks searches for that response alone, with all that `search` knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..likelihood.covariance import canonical_factor
from ..likelihood.many_responses import Found, ManyResponses, ResponseSums
from .ending import ROUNDING_DECREASE
from .further_starts import MOST_ROWS, SINGULAR_DEVIATIONS, small_variances
from .many_descents import descend
from .newton import REGULAR_DIAGONAL

__all__ = ["Ends", "minima"]

# Relative standard deviation up to which a single variance is looked at as 0: clear of where the search stays away.
ZERO_DEVIATION = 1e-4
# Share of the largest eigenvalue of Sigma from which the second least one is clear of 0: Sigma has one direction less.
CLEAR_SHARE = 1e-7
# Gap of the criterion up to which a search that has not ended is on its way to the same minimum.
SAME_MINIMUM = 1e-3


class Ends(NamedTuple):
    """Where searches ended.

    Attributes
    ----------
    theta : ndarray, shape (m, R)
        With diagonals that are not negative.
    found : Found
        The criterion there.
    settled : ndarray of bool, shape (R,)
        Whether this is a minimum; the others are to be searched alone.
    """

    theta: np.ndarray
    found: Found
    settled: np.ndarray


def minima(criterion: ManyResponses, of: ResponseSums, starts: Sequence[np.ndarray]) -> Ends:
    """Find the minimum of each response, from the same number of starts each, shapes (m, R)."""
    layout, many = criterion.layout, len(of.squares)
    theta, value, ended = _lowest(criterion, of, starts)
    least, largest = theta[layout.diagonal].min(axis=0), np.abs(theta).max(axis=0)
    settled = ended & (least > REGULAR_DIAGONAL * np.maximum(1.0, largest))
    if len(layout.slots) > 1 and criterion.nobs <= MOST_ROWS:
        settled &= ~small_variances(layout, theta).any(axis=0)
    left = np.flatnonzero(~settled & np.isfinite(value))
    if len(left) and len(layout.slots) == 1:
        among = _zeros if layout.n_theta == 1 else _singular
        theta[:, left], settled[left] = among(criterion, of.of(left), theta[:, left])
    found = criterion.evaluate(theta, of, derivatives=False)
    lower = found.value <= value + ROUNDING_DECREASE  # than what led there
    return Ends(theta, found, settled & lower & (found.sigma2 > 0) & np.isfinite(value).reshape(many))


def _lowest(
    criterion: ManyResponses, of: ResponseSums, starts: Sequence[np.ndarray]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The lowest end from several starts, its value, and whether that is a minimum.

    The value is not a number where one has not ended and may be on its way to somewhere lower.
    """
    many, few = len(of.squares), len(starts)
    repeated = of if few == 1 else of.of(np.tile(np.arange(many), few))
    theta, ended = _descend(criterion, repeated, np.concatenate(starts, axis=1))
    value = criterion.evaluate(theta, repeated, derivatives=False).value.reshape(few, many)
    value, ended = np.where(np.isfinite(value), value, np.inf), ended.reshape(few, many)
    least = value.min(axis=0)
    best = (value <= least + ROUNDING_DECREASE).argmax(axis=0)
    away = (~ended & (value > least + SAME_MINIMUM)).any(axis=0)
    mine = np.arange(many)
    theta = _with_signs(criterion, theta[:, best * many + mine])
    return theta, np.where(away, np.nan, value[best, mine]), ended[best, mine]


def _descend(
    criterion: ManyResponses, of: ResponseSums, start: np.ndarray, free: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Newton's steps from starts (m, R), in some elements of theta; where they lead, and which have ended."""
    theta, _, ended = descend(lambda active, theta: _evaluate(criterion, theta, of.of(active), free), start)
    return theta, ended


def _evaluate(criterion: ManyResponses, theta: np.ndarray, of: ResponseSums, free: np.ndarray | None) -> Found:
    """Evaluate; elements of theta that are not free have no slope, and second derivatives of their own alone."""
    at = criterion.evaluate(theta, of)
    if free is not None:
        held = np.flatnonzero(~free)
        at.gradient[held] = at.hessian[held] = at.hessian[:, held] = 0.0
        at.hessian[held, held] = 1.0
    return at


def _with_signs(criterion: ManyResponses, theta: np.ndarray) -> np.ndarray:
    """Turn the columns of T whose diagonal is negative."""
    _, row, column = criterion.layout.positions(0)
    diagonal = np.flatnonzero(row == column)
    sign = np.ones((criterion.q, theta.shape[1]))
    sign[row[diagonal]] = np.where(theta[diagonal] < 0, -1.0, 1.0)
    return theta * sign[column]


def _zeros(criterion: ManyResponses, of: ResponseSums, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Put a single variance to 0 where it is nearly so, and the criterion rises from 0; and tell where."""
    slope = criterion.evaluate(np.zeros_like(theta), of).slope[0, 0]
    nothing = (theta[0] < ZERO_DEVIATION) & (slope > 0)
    return np.where(nothing, 0.0, theta), nothing


def _singular(criterion: ManyResponses, of: ResponseSums, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Search among the covariances of a single term that are singular; where they are, and which are the minimum."""
    layout, many, free = criterion.layout, theta.shape[1], np.ones(len(theta), dtype=bool)
    free[-1] = False
    roots = criterion.roots(theta)
    canonical = np.stack([layout.pick([canonical_factor(roots[..., r])]) for r in range(many)], axis=1)
    canonical[-1] = 0.0
    across = ~layout.diagonal
    starts, few = [canonical], criterion.nobs <= MOST_ROWS
    if few:  # also of correlations of the other sign
        starts.append(np.where(across[:, None], -canonical, canonical))
    repeated = np.tile(np.arange(many), len(starts))
    ends, ended = _descend(criterion, of.of(repeated), np.concatenate(starts, axis=1), free)
    value = criterion.evaluate(ends, of.of(repeated), derivatives=False).value
    value = np.where(ended, value, np.inf).reshape(len(starts), many)
    best = value.argmin(axis=0)
    theta = _with_signs(criterion, ends[:, best * many + np.arange(many)])
    settled = np.isfinite(value.min(axis=0)) & _rises(criterion, of, theta)
    if few:
        settled &= ~_has_lower(criterion, of, value.min(axis=0))
    return theta, settled


def _rises(criterion: ManyResponses, of: ResponseSums, theta: np.ndarray) -> np.ndarray:
    """Whether the criterion rises as Sigma grows in the only direction in which it is nothing."""
    roots = criterion.roots(theta).transpose(2, 0, 1)
    values, vectors = np.linalg.eigh(roots @ roots.transpose(0, 2, 1))
    slope, none = criterion.evaluate(theta, of).slope, vectors[:, :, 0]
    return (values[:, 1] > CLEAR_SHARE * values[:, -1]) & (np.einsum("ra,abr,rb->r", none, slope, none) > 0)


def _has_lower(criterion: ManyResponses, of: ResponseSums, value: np.ndarray) -> np.ndarray:
    """Whether searches from variances of other sizes end lower, or may be on their way to somewhere else."""
    many, out = len(value), np.zeros(len(value), dtype=bool)
    starts = [np.where(criterion.layout.diagonal, size, 0.0) for size in SINGULAR_DEVIATIONS]
    repeated = np.tile(np.arange(many), len(starts))
    start = np.repeat(np.stack(starts, axis=1), many, axis=1)
    theta, ended = _descend(criterion, of.of(repeated), start)
    found = criterion.evaluate(theta, of.of(repeated), derivatives=False).value
    gap = found - np.tile(value, len(starts))
    for each in ((gap < -ROUNDING_DECREASE) | (~ended & ~(gap < SAME_MINIMUM))).reshape(len(starts), many):
        out |= each
    return out
