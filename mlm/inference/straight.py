"""An end of a regular profile at once: its value, and all other parameters at their best there.

Newton's method for "the deviance has risen so far, and does not fall with any of the others", which takes two to
seven evaluations; the rise is told as its root, zeta, which is nearly linear. It begins where the curve through the
estimate leads, and the end on the other side; or else halfway. Other ends are for `crossing`.

References
----------
Venzon, D. J. & Moolgavkar, S. H. (1988). A method for computing profile-likelihood-based confidence intervals. Applied
Statistics 37(1), 87-94. doi:10.2307/2347496
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.linalg import lapack

from ..errors import FitError
from .between import Curve
from .crossing import ASTRAY, LEFT, NEAR_ENOUGH, Path, Step, tangent_of
from .held import Point

__all__ = ["straight"]

# Steps at most: those of regular profiles are 3 to 6.
MOST_STRAIGHT = 10


def straight(
    path: Path,
    target: float,
    sign: int,
    limits: tuple[float, float] = (-math.inf, math.inf),
    known: Sequence[Step] = (),
) -> Step | None:
    """Go to where zeta is the target by Newton's method for v and all other coordinates at once.

    Parameters
    ----------
    path : Path
    target : float
        Positive.
    sign : {-1, 1}
        The side of the estimate.
    limits : tuple of float
        Between which v is.
    known : sequence of Step
        Points of the profile besides the estimate, on either side.

    Returns
    -------
    Step or None
        None where it leads astray: `crossing` goes step by step.
    """
    start = path.start
    if path.is_bent or not Curve.leads(start):
        return None
    beside = [step for step in known if Curve.leads(step) and step.v != start.v]
    for nodes in ([start, *beside], [start])[0 if beside else 1 :]:
        found = _gone(path, target, sign, limits, nodes)
        if found is not None:
            return found
    half = _gone(path, 0.5 * target, sign, limits, [start])
    return None if half is None else _gone(path, target, sign, limits, [start, half])


def _gone(path: Path, target: float, sign: int, limits: tuple[float, float], nodes: Sequence[Step]) -> Step | None:
    """The same from where the curve through some points leads."""
    of, at, hessian, tangent = path.of, path.start.at, None, path.start.tangent
    v, x = Curve(nodes).at(sign * target)
    for _ in range(MOST_STRAIGHT):
        if not limits[0] < v < limits[1]:
            return None
        try:
            at = of.evaluate(v, x, at)
        except FitError:
            return None
        rise = at.value - path.lowest
        if not 0.0 < rise < (target + ASTRAY) ** 2:
            return None
        if hessian is not None and abs(math.sqrt(rise) - target) < NEAR_ENOUGH and _left(hessian, at) < LEFT:
            return Step(v, math.sqrt(rise), x, at, 2.0 * math.sqrt(rise) / at.slope, tangent, hessian)
        hessian = of.curvature(v, x, at)
        if not _is_definite(hessian):
            return None
        tangent = tangent_of(hessian)
        change = _newton(hessian, at)
        least, slope = rise + 0.5 * float(at.gradient @ change), at.slope + float(at.gradient @ tangent)
        if not (least > 0.0 and sign * slope > 0.0):
            return None
        zeta = math.sqrt(least)
        move = (target - zeta) * 2.0 * zeta / slope
        v, x = v + move, x + change + move * tangent
    return None


def _newton(hessian: np.ndarray, at: Point) -> np.ndarray:
    """Newton's step of the other coordinates."""
    return -np.linalg.solve(hessian[:-1, :-1], at.gradient) if len(at.gradient) else np.zeros(0)


def _left(hessian: np.ndarray, at: Point) -> float:
    """By how much the deviance would fall along it."""
    return -0.5 * float(at.gradient @ _newton(hessian, at))


def _is_definite(hessian: np.ndarray) -> bool:
    return len(hessian) == 1 or not lapack.dpotrf(hessian[:-1, :-1])[1]
