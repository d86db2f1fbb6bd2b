"""Between and beyond known points of a regular profile: where the next ones are.

As functions of zeta, with its sign, what is held and all other coordinates are smooth. A polynomial through what is
known of them, with the derivatives that second derivatives give, leads so near to other points that Newton's decrease
there is the difference of the deviance from its minimum: points of a curve take as good as one evaluation each.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..errors import FitError
from ..optimize.quasi_newton import descend
from .crossing import ASTRAY, LOW, RAISED, Path, Step

__all__ = ["Curve", "between"]

# Decrease of the deviance up to which it is told by second derivatives between those at both ends, which are right to
# one or two digits: what is left then of a zeta of 1 is 1e-8.
NEARLY = 1e-6
# Difference of zeta from what is wanted, at all points of one halving, up to which those of the last one are read off
# the polynomial through them. Measured on 14 designs with several factors: it is then right to 1e-6.
MISSED = 1e-4
# Steps of a search at most: one or two are usual.
MOST_STEPS = 5


class Curve:
    """The polynomial through points of a profile.

    Parameters
    ----------
    steps : sequence of Step
        The estimate first; with derivatives.
    more : sequence of (float, ndarray)
        Zeta, with its sign, and coordinates of others.
    """

    def __init__(self, steps: Sequence[Step], more: Sequence[tuple[float, np.ndarray]] = ()) -> None:
        signed = [math.copysign(s.zeta, s.v - steps[0].v) for s in steps]
        self.unit, self.powers = max(map(abs, signed)) or 1.0, np.arange(2 * len(steps) + len(more))
        slopes = [self.unit * abs(s.pace) * np.append(1.0, s.tangent) for s in steps]
        rows = [self._powers(zeta) for zeta in (*signed, *(zeta for zeta, _ in more))]
        rows += [self.powers * np.append(0.0, self._powers(zeta)[:-1]) for zeta in signed]
        places = [*(np.append(s.v, s.x) for s in steps), *(place for _, place in more)]
        self.coefficients = np.linalg.solve(np.array(rows), np.array(places + slopes))

    def at(self, zeta: float) -> tuple[float, np.ndarray]:
        """What is held, and x, shape (m,)."""
        place = self._powers(zeta) @ self.coefficients
        return float(place[0]), place[1:]

    def _powers(self, zeta: float) -> np.ndarray:
        return (zeta / self.unit) ** self.powers

    @staticmethod
    def leads(step: Step) -> bool:
        """Whether derivatives are known."""
        return step.hessian is not None and math.isfinite(step.pace)


def between(path: Path, end: Step, steps: int, other: Step | None = None) -> list[tuple[float, float]] | None:
    """Values and zeta of points at even steps of zeta, about, with neither end; None where these are not at hand.

    Parameters
    ----------
    path : Path
    end : Step
    steps : int
        A power of 2.
    other : Step, optional
        The end on the other side.
    """
    nodes = [path.start, end, *([] if other is None or other.v == path.v or not Curve.leads(other) else [other])]
    if not (Curve.leads(path.start) and Curve.leads(end)):
        return None
    sign = math.copysign(1.0, end.v - path.v)
    made = {0: (path.v, 0.0), steps: (end.v, end.zeta)}
    more: list[tuple[float, np.ndarray]] = []
    width, missed = steps // 2, math.inf
    while width:
        curve, before, missed = Curve(nodes, more), missed, 0.0
        for j in range(width, steps, 2 * width):
            wanted = end.zeta * j / steps
            v, x = curve.at(sign * wanted)
            made[j] = v, wanted
            if width == 1 and before < MISSED:
                continue
            found = _point(path, end, j / steps, v, x)
            if found is None:
                return None
            zeta, x = found
            more.append((sign * zeta, np.append(v, x)))
            made[j], missed = (v, zeta), max(missed, abs(zeta - wanted))
        width //= 2
    points = [made[j] for j in range(steps + 1)]
    ways = np.diff(np.array(points), axis=0) * [sign, 1.0]
    return points[1:-1] if (ways > 0.0).all() else None


def _point(path: Path, end: Step, share: float, v: float, x: np.ndarray) -> tuple[float, np.ndarray] | None:
    """Zeta and all other coordinates at a value, from near there."""
    start, of = path.start, path.of
    assert start.hessian is not None
    assert end.hessian is not None
    hessian = ((1.0 - share) * start.hessian + share * end.hessian)[:-1, :-1]
    if of.beside_zero(v, x, LOW, RAISED) is not x:  # slopes say nothing there
        return None
    try:
        at = of.evaluate(v, x, start.at)
        if not at.value - path.lowest < (end.zeta + ASTRAY) ** 2:
            return None
        found = descend(lambda x, last: of.evaluate(v, x, last), x, at, hessian, NEARLY, MOST_STEPS)
    except FitError:
        return None
    rise = found.at.value - found.left - path.lowest
    if not (found.converged and rise > 0.0):
        return None
    return math.sqrt(rise), found.x - np.linalg.solve(found.hessian, found.at.gradient)
