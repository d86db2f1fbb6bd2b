"""The ends of searches for theta from several starts, for families with a dispersion and in small designs.

Deviance and penalty are in different units with a dispersion, so that the likelihood can have many minima: among them
some at which a term has fewer spherical effects than columns, as each of them costs ``log |T' Z' W Z T + I|``. Of other
families it is small designs that say so little of a covariance that another can be as likely.
"""

from __future__ import annotations

import numpy as np

from ..errors import FitError
from ..optimize.quasi_newton import Descent, descend
from .generalized_criterion import At, Criterion
from .generalized_start import expected_curvature, fewer_effects, moments, spread_starts

__all__ = ["several_ends", "small_ends"]

# Ends that are followed further, and of which starts with fewer effects are made; starts of these that are followed.
MOST_ENDS, MOST_FEWER = 3, 4
# Steps of a search before it is known to be one of the lowest.
FIRST_STEPS = 15
# Longest step of theta, in lengths of theta: a longer one passes over minima.
REACH = 3.0
# The criterion by which ends differ, and the share of theta, beyond which they are apart.
APART, ELSEWHERE = 2e-2, 5e-2
# Sizes of the diagonal elements of theta, in the columns worked with, where responses are near 1.
SIZES = (1.0, 0.3)
# ... and of families without a dispersion, in small designs, with covariances as large.
SMALL_SIZES = (0.1, 2.0)


def several_ends(criterion: Criterion, plain: At, theta: np.ndarray | None, tolerance: float) -> list[Descent[At]]:
    """Search for theta, beta moved along with the modes, from several starts.

    Parameters
    ----------
    criterion : Criterion
    plain : At
        The model without random effects.
    theta : ndarray, shape (n_theta,), optional
        Where the user starts.
    tolerance : float
        Decrease that is left to go.

    Returns
    -------
    list of Descent
        The lowest ends, lowest first.
    """
    estimated, information = moments(plain.laplace, plain.evaluation.mode)
    search = _Searches(criterion, plain, information, tolerance)
    starts = [estimated if theta is None else theta, *spread_starts(plain.laplace, plain.evaluation.mode)]
    starts += [np.where(criterion.laplace.layout.diagonal, size, 0.0) for size in SIZES]
    none = Descent(np.zeros(criterion.n_theta), plain, np.eye(criterion.n_theta), 0.0, True)
    ends = search.apart([none, *search.ends(search.evaluated(starts))])
    fewer = [start for end in ends[:MOST_ENDS] for start in fewer_effects(criterion.laplace, end.x)]
    ends = search.apart([*ends, *search.ends(search.evaluated(fewer)[:MOST_FEWER])])[:MOST_ENDS]
    return search.apart([search.finished(end) for end in ends])


def small_ends(criterion: Criterion, plain: At, first: Descent[At], tolerance: float) -> list[Descent[At]]:
    """Search for theta from further starts, where a small design may have several minima.

    Parameters
    ----------
    criterion : Criterion
    plain : At
        The model without random effects.
    first : Descent
        The end of the search from the usual start.
    tolerance : float
        Decrease that is left to go.

    Returns
    -------
    list of Descent
        The first one, and those that end elsewhere, lowest first.
    """
    search = _Searches(criterion, plain, moments(plain.laplace, plain.evaluation.mode)[1], tolerance)
    starts = [np.full(criterion.n_theta, size) for size in SMALL_SIZES]
    others = [end for end in search.apart(search.ends(search.evaluated(starts))) if not search.same(end, first)]
    return [first, *(search.finished(end) for end in others)]


class _Searches:
    """Searches for theta, all from the modes of the model without random effects."""

    def __init__(self, criterion: Criterion, plain: At, information: np.ndarray, tolerance: float) -> None:
        self.criterion, self.plain, self.information, self.tolerance = criterion, plain, information, tolerance

    def evaluated(self, starts: list[np.ndarray]) -> list[tuple[np.ndarray, At]]:
        """Starts that can be had, with the criterion there, lowest first."""
        found = []
        for start in starts:
            try:
                found.append((start, self.criterion.with_modes(start, self.plain)))
            except FitError:
                continue
        return sorted(found, key=lambda each: each[1].value)

    def ends(self, starts: list[tuple[np.ndarray, At]]) -> list[Descent[At]]:
        """Where searches from there end, or are after so many steps."""
        return [self._descended(start, at, FIRST_STEPS) for start, at in starts]

    def _descended(self, start: np.ndarray, at: At, steps: int) -> Descent[At]:
        curvature = np.diag(expected_curvature(self.criterion.laplace, start, self.information))
        return descend(self.criterion.with_modes, start, at, curvature, self.tolerance, steps, REACH)

    def finished(self, end: Descent[At]) -> Descent[At]:
        """A search that was broken off, gone on with."""
        if end.left < self.tolerance:
            return end
        return descend(self.criterion.with_modes, end.x, end.at, end.hessian, self.tolerance, reach=REACH)

    def apart(self, ends: list[Descent[At]]) -> list[Descent[At]]:
        """Ends that are not the same, lowest first."""
        kept: list[Descent[At]] = []
        for end in sorted(ends, key=lambda end: end.at.value):
            if not any(self.same(end, other) for other in kept):
                kept.append(end)
        return kept

    def same(self, end: Descent[At], other: Descent[At]) -> bool:
        """Whether an end is where another is, and not above it by much."""
        if end.at.value - other.at.value > APART:
            return False
        layout = self.criterion.laplace.layout
        here, there = layout.rectify(end.x), layout.rectify(other.x)
        return bool(np.abs(here - there).max() <= ELSEWHERE * np.abs(there).max())
