"""Where the profiled deviance has risen so far: the ends of an interval, and points of its curve.

The rise is told as its root, which is nearly linear in a parameter: zeta. Each value is searched for by interpolation
between points that are known, with their slopes, until zeta is what is wanted; all other parameters are at their best
at each.

References
----------
Pinheiro, J. C. & Bates, D. M. (2000). *Mixed-Effects Models in S and S-PLUS*, section 2.4. Springer. Venzon, D. J. &
Moolgavkar, S. H. (1988). A method for computing profile-likelihood-based confidence intervals. Applied Statistics
37(1), 87-94. doi:10.2307/2347496
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import lapack

from ..errors import FitError
from ..optimize.quasi_newton import Descent, descend
from .held import Constrained, Point

__all__ = [
    "ASTRAY",
    "LEFT",
    "LOW",
    "LOWER",
    "NEAR_ENOUGH",
    "RAISED",
    "Path",
    "Step",
    "crossing",
    "interpolated",
    "lowest",
    "settled",
    "tangent_of",
]

# Decrease of the deviance that is left when all other parameters are at their best: zeta is then right to 1e-9.
LEFT = 1e-9
# Difference of zeta from what is wanted: a share of a standard error.
NEAR_ENOUGH = 1e-8
# Steps at most on the way to one value. Those of a regular profile are 2 to 4; halving an interval takes 30.
MOST_STEPS = 60
# Share of the width of what holds an end that may be left after two steps; if more is, it is halved.
SHRUNK = 0.5
# Steps after which a point beyond is gone to once more, from the other side.
PATIENCE = 8
# Steps of a search at most, and of one from another start that is to tell whether it would end lower; and multiples
# of what is left, as far as that one knows, that it may fall.
MOST_DESCENT, FEW_STEPS, FAR_LEFT = 200, 25, 10.0
# By how much a deviance below that of the fit is lower than rounding and what its search left.
LOWER = 1e-6
# Diagonal elements of T that are nearly 0, and what a search starts with instead: where they are 0 they stay so.
LOW, RAISED = 0.02, 0.1
# Zeta beyond that of a point nearby, from which on where its tangent leads is not trusted.
ASTRAY = 3.0
# Times that an end is searched for anew, as a point below it was found from another start.
MOST_BRANCHES = 3
# Searches once more from an end that is beside 0.
MOST_AGAIN = 8
# Share of the way from the estimate, and difference of zeta, between which an end is known well enough, where rounding
# and what searches have left keep zeta from what is wanted.
NARROW, ABOUT = 1e-7, 1e-4
# Share of the largest second derivative, by size, that others are raised to where they are not positive.
LEAST_CURVATURE = 1e-9
# How far a step goes at most, in distances from the start that were known before; and how near to a known end.
LONGEST, SHORTEST = 3.0, 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """A point of the profile, on one side of the estimate.

    Attributes
    ----------
    v : float
        What is held.
    zeta : float
        Root of the rise of the deviance.
    x : ndarray, shape (m,)
        The other coordinates.
    at : Point
    pace : float
        Derivative of v by zeta; NaN where it is not known.
    tangent : ndarray, shape (m,)
        Derivative of x by v, about.
    hessian : ndarray, shape (m + 1, m + 1), or None
        Second derivatives by x and v, about.
    """

    v: float
    zeta: float
    x: np.ndarray
    at: Point
    pace: float
    tangent: np.ndarray
    hessian: np.ndarray | None = None


def settled(of: Constrained, v: float, x: np.ndarray, at: Point) -> tuple[np.ndarray, Point, np.ndarray]:
    """Search for the other coordinates; return them, the point and second derivatives by x and v about there."""
    start = of.beside_zero(v, x, LOW, RAISED)
    found = _searched(of, v, start, at if start is x else of.evaluate(v, start, at))
    raised = of.beside_zero(v, found[0], LOW, RAISED)
    if raised is found[0]:
        return found
    if start is x:  # a variance has become 0 on the way: there may be a lower end beside it
        again = _searched(of, v, raised, of.evaluate(v, raised, found[1]))
        found = again if again[1].value < found[1].value else found
    for _ in range(MOST_AGAIN):  # second derivatives change much beside 0
        again = _searched(of, v, *found[:2])
        if not found[1].value - again[1].value > LEFT:
            break
        found = again
    return found


def lowest(
    of: Constrained, v: float, found: tuple[np.ndarray, Point, np.ndarray], starts: Iterable[np.ndarray]
) -> tuple[np.ndarray, Point, np.ndarray]:
    """The lowest of a point that `settled` gave and those that it gives from other starts."""
    for beginning in starts if len(found[0]) else ():
        x = of.beside_zero(v, beginning, LOW, RAISED)
        try:
            start = of.evaluate(v, x)
            other = _descended(of, v, x, start, of.curvature(v, x, start), LOWER, FEW_STEPS)
            if other.at.value - FAR_LEFT * other.left < found[1].value - LOWER:
                again = settled(of, v, other.x, other.at)
                found = again if again[1].value < found[1].value else found
        except FitError:
            continue
    return found


def _searched(of: Constrained, v: float, x: np.ndarray, at: Point) -> tuple[np.ndarray, Point, np.ndarray]:
    hessian = of.curvature(v, x, at)
    if not len(x):
        return x, at, hessian
    found = _descended(of, v, x, at, hessian, LEFT, MOST_DESCENT)
    return found.x, found.at, hessian


def _descended(
    of: Constrained, v: float, x: np.ndarray, at: Point, hessian: np.ndarray, tolerance: float, steps: int
) -> Descent[Point]:
    definite = _definite(hessian[:-1, :-1])
    return descend(lambda x, last: of.evaluate(v, x, last), x, at, definite, tolerance, steps)


def _definite(hessian: np.ndarray) -> np.ndarray:
    """Second derivatives with eigenvalues made positive (Nocedal & Wright 2006, section 3.4)."""
    scale = np.sqrt(np.abs(hessian.diagonal()))
    scale[scale == 0.0] = 1.0
    scaled = hessian / np.outer(scale, scale)
    if not lapack.dpotrf(scaled)[1]:
        return hessian
    values, vectors = np.linalg.eigh(scaled)
    values = np.maximum(np.abs(values), LEAST_CURVATURE * np.abs(values).max(initial=1.0))
    return (vectors * values) @ vectors.T * np.outer(scale, scale)


class Path:
    """The profile of one parameter on one surface.

    Parameters
    ----------
    of : Constrained
    v : float
        The estimate.
    x : ndarray, shape (m,)
        The other coordinates there.
    further : callable
        Gives other starts for these, shapes (m,), where a search with v held may end in a minimum that is not the
        lowest.

    Attributes
    ----------
    is_bent : bool
        Whether the lowest minimum was once found from another start only: points nearby on both sides are then gone on
        from at each step.
    is_torn : bool
        Whether that was not enough: all starts are then tried at each step.
    lower : float
        By how much the deviance was found below that of the estimate.
    """

    def __init__(
        self, of: Constrained, v: float, x: np.ndarray, further: Callable[[], Sequence[np.ndarray]] = tuple
    ) -> None:
        self.of, self.v, self.x, self._further = of, v, x, further
        self.is_bent, self.is_torn, self.lower = False, False, 0.0
        self._seen: list[Step] = []

    @cached_property
    def start(self) -> Step:
        """The estimate."""
        at = self.of.evaluate(self.v, self.x)
        hessian = self.of.curvature(self.v, self.x, at)
        tangent = tangent_of(hessian)
        rise = float(hessian[-1, -1] + hessian[-1, :-1] @ tangent)
        return Step(self.v, 0.0, self.x, at, math.sqrt(2.0 / rise) if rise > 0.0 else math.nan, tangent, hessian)

    @cached_property
    def further(self) -> Sequence[np.ndarray]:
        """Other starts."""
        return self._further()

    @property
    def lowest(self) -> float:
        """The deviance at the estimate."""
        return self.start.at.value

    def step(self, v: float, near: Step, far: Step | None = None) -> Step:
        """Go to a value from a point nearby; with one beyond, from between the two."""
        found = settled(self.of, v, *self._beginning(v, near, far))
        return self._made(v, lowest(self.of, v, found, self._others(v, near)) if self.is_bent else found)

    def again(self, step: Step) -> Step:
        """The same point, or a lower one that is found from other starts."""
        if self.is_torn or not self.further:
            return step
        found = step.x, step.at, self.of.curvature(step.v, step.x, step.at)
        least = lowest(self.of, step.v, found, self.further)
        if step.at.value - least[1].value < LOWER:
            return step
        self.is_bent = True
        return self._made(step.v, least)

    def _others(self, v: float, near: Step) -> Sequence[np.ndarray]:
        """Other starts at a value: along the tangents of the nearest points on both sides, or all there are."""
        if self.is_torn:
            return self.further
        sides = [s for s in self._seen if s.v <= v], [s for s in self._seen if s.v > v]
        nearest = [min(side, key=lambda s: abs(s.v - v)) for side in sides if side]
        return [s.x + (v - s.v) * s.tangent for s in nearest if s is not near]

    def zeta(self, rise: float) -> float:
        """The root of a rise of the deviance, of which is noted where it is none."""
        self.lower = max(self.lower, -rise)
        return math.sqrt(max(rise, 0.0))

    def _made(self, v: float, found: tuple[np.ndarray, Point, np.ndarray]) -> Step:
        x, at, hessian = found
        zeta = self.zeta(at.value - self.lowest)
        pace = 2.0 * zeta / at.slope if at.slope else math.nan
        made = Step(v, zeta, x, at, pace, tangent_of(hessian), hessian)
        if self.is_bent:
            self._seen.append(made)
        return made

    def _beginning(self, v: float, near: Step, far: Step | None) -> tuple[np.ndarray, Point]:
        """Where a search for the other coordinates begins: along the tangent, unless that leads astray."""
        x = near.x + (v - near.v) * near.tangent if far is None else _between(near, far, v)
        try:
            at = self.of.evaluate(v, x, near.at)
            if at.value - self.lowest < (near.zeta + ASTRAY) ** 2:
                return x, at
        except FitError:
            at = None
        plain = self.of.evaluate(v, near.x, near.at)
        return (near.x, plain) if at is None or not at.value < plain.value else (x, at)

    @property
    def is_lowest(self) -> bool:
        """Whether no point seen so far is lower than the estimate."""
        return self.lower < LOWER


def _between(near: Step, far: Step, v: float) -> np.ndarray:
    """The other coordinates between two points, by Hermite's cubic, shape (m,)."""
    width = far.v - near.v
    share, change = (v - near.v) / width, far.x - near.x
    bend = (1.0 - share) * (width * near.tangent - change) - share * (width * far.tangent - change)
    return np.asarray(near.x + share * change + share * (1.0 - share) * bend)


def tangent_of(hessian: np.ndarray) -> np.ndarray:
    """Derivative of the other coordinates by v along the profile, shape (m,)."""
    if len(hessian) == 1:
        return np.zeros(0)
    return -np.linalg.solve(_definite(hessian[:-1, :-1]), hessian[:-1, -1])


def crossing(
    path: Path, target: float, sign: int, bound: Step | None = None, known: Sequence[Step] = ()
) -> Step | None:
    """Search for where zeta is the target.

    Parameters
    ----------
    path : Path
    target : float
        Positive.
    sign : {-1, 1}
        The side of the estimate.
    bound : Step, optional
        The last point on this side; it is returned where zeta does not reach the target.
    known : sequence of Step
        Other points of this side.

    Returns
    -------
    Step or None
        None where the search comes to no end.
    """
    found = _reached(path, target, sign, bound, known)
    for _ in range(MOST_BRANCHES):
        if found is bound or not path.further:
            return found
        if found is None:
            break
        least = path.again(found)
        if least is found:
            return found
        found = _reached(path, target, sign, bound, [least])
    path.is_bent = path.is_torn = True
    return _reached(path, target, sign, bound, [])


def _reached(path: Path, target: float, sign: int, bound: Step | None, known: Sequence[Step]) -> Step | None:
    """The same along one way, of the lowest points where it is known to be bent."""
    if bound is not None and bound.zeta <= target:
        return bound
    below = max((s for s in [path.start, *known] if s.zeta <= target), key=lambda s: s.zeta)
    beyond = [s for s in [*known, bound] if s is not None and s.zeta > target]
    above = min(beyond, key=lambda s: s.zeta, default=None)
    before, widths = path.start, [math.inf, math.inf]
    for made in range(MOST_STEPS):
        v = interpolated(below, above, target) if above else _beyond(before, below, target, sign, path)
        widths.append(abs(above.v - below.v) if above else math.inf)
        if above is not None and widths[-1] > SHRUNK * widths[-3]:  # zeta bends, or jumps from one minimum to another
            v = 0.5 * (below.v + above.v)
        if above is not None and made % PATIENCE == PATIENCE - 1:  # it may have been no minimum
            v = above.v
        near = below if above is None or abs(v - below.v) < abs(v - above.v) or v == above.v else above
        try:
            step = path.step(v, near)
        except FitError:
            above = Step(v, math.inf, below.x, below.at, math.nan, below.tangent)
            continue
        if abs(step.zeta - target) < NEAR_ENOUGH:
            return step
        if step.zeta < target:
            above = None if above is not None and v == above.v else above
            before, below = below, step
        else:
            above = step
        if above is not None and abs(above.v - below.v) < NARROW * abs(below.v - path.start.v):
            near = min(below, above, key=lambda s: abs(s.zeta - target))
            if abs(near.zeta - target) < ABOUT:
                return near
            if path.further and not path.is_torn:
                return None
    return None


def _beyond(before: Step, below: Step, target: float, sign: int, path: Path) -> float:
    """A value beyond all that are known, no farther than can be trusted."""
    pace = sign * abs(below.pace) if math.isfinite(below.pace) else math.nan
    plain = (target - below.zeta) * pace
    if below is before:
        return below.v + (plain if math.isfinite(plain) else sign * max(abs(below.v), 1.0))
    reach = LONGEST * abs(below.v - path.start.v)
    far = abs(plain) if math.isfinite(plain) else reach
    return below.v + sign * min(max(far, SHORTEST * reach), reach)


def interpolated(below: Step, above: Step, target: float) -> float:
    """A value between two points, for a zeta between theirs: by Hermite's cubic, or halfway."""
    width, middle = above.v - below.v, 0.5 * (below.v + above.v)
    sign = math.copysign(1.0, width)
    v = math.nan
    height = above.zeta - below.zeta
    if math.isfinite(height):
        first, last = sign * abs(below.pace) * height, sign * abs(above.pace) * height
        share = (target - below.zeta) / height
        if math.isfinite(first) and math.isfinite(last):
            left, right = first - width, width - last
            v = below.v + share * width + share * (1 - share) * ((1 - share) * left + share * right)
        elif math.isfinite(first):
            v = below.v + share * (first + share * (width - first))
    return v if math.isfinite(v) and 0.0 < (v - below.v) / width < 1.0 else middle
