"""The profiles of a model's parameters, and what of them is found at once: bounds, ends looked at again, and curves.

Where one grouping factor is all there is, minima with a parameter held are searched for side by side, from all starts;
elsewhere, and where these searches do not end, one after the other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ..likelihood.many_points import ManyPoints
from .crossing import LOWER, Step
from .many_held import Way, lowest_minima
from .parameters import Parameter, parameters_of
from .profile_lines import STEPS, Line, Own, line_of, of_columns
from .profile_starts import MOST_ROWS

__all__ = ["Lines"]

Side = tuple[Parameter, int]
Point = tuple[float, float]
# Zeta at ±1, were the deviance quadratic, up to which a correlation's interval may well end there: it is 1 to 2 times
# that of 24 drawn designs.
LIKELY = 4.0
# A parameter's way, a value at which it is held on its path, and thetas of its own columns.
Search = tuple[Way, float, Sequence[np.ndarray]]


class Lines:
    """The profiles of a model's parameters.

    Parameters
    ----------
    m : Fit or GeneralizedFit
        By maximum likelihood.
    deviance : ManyPoints or None
        At many points at once, where that is possible.
    """

    def __init__(self, m: Any, deviance: ManyPoints | None) -> None:
        self.m, self.deviance = m, deviance
        self._known: dict[tuple[object, ...], Line | None] = {}
        self._bounds: dict[tuple[object, ...], Step] = {}
        self._without: dict[tuple[object, ...], np.ndarray] = {}

    def of(self, parameter: Parameter) -> Line | None:
        """That of a parameter; None of a correlation that is not defined."""
        key = parameter[1:]
        if key not in self._known:
            self._known[key] = line_of(self.m, parameter)
        return self._known[key]

    def bound(self, parameter: Parameter, sign: int) -> Step | None:
        """The last point on one side; None where there is none."""
        line, key = self.of(parameter), (*parameter[1:], sign)
        if line is None or (find := line.bounds[(sign + 1) // 2]) is None:
            return None
        if key not in self._bounds and self.deviance is not None and (sides := self._bounded(parameter)):
            self.look([], 0.0, sides)
        if key not in self._bounds:
            self._bounds[key] = find()
        return self._bounds[key]

    def _bounded(self, parameter: Parameter) -> list[Side]:
        """Sides of parameters like one that end, or may well do, at bounds that are not known yet."""
        mine = [each for each in parameters_of(self.m) if (each.kind, each.term) == (parameter.kind, parameter.term)]
        sides = [(each, sign) for each in mine for sign in (-1, 1)]
        ends = [(each, sign) for each, sign in sides if (each.kind, sign) == ("sd", -1) or self.is_near(each, sign)]
        return [side for side in ends if not self.knows(*side)]

    def is_near(self, parameter: Parameter, sign: int) -> bool:
        """Whether a correlation's interval may well end at -1 or 1, as it is at the estimate."""
        line = self.of(parameter) if parameter.kind == "cor" else None
        if line is None or line.path.v == (limit := line.limits[(sign + 1) // 2]):
            return False
        return abs(limit - line.path.v) < LIKELY * abs(line.path.start.pace)

    def knows(self, parameter: Parameter, sign: int) -> bool:
        """Whether that has been found."""
        return (*parameter[1:], sign) in self._bounds

    def most(self, parameter: Parameter) -> float:
        """What zeta of a correlation is at most: its value where one of the standard deviations is 0."""
        if parameter.kind != "cor":
            return math.inf
        bounds = [self.bound(each, -1) for each in _deviations(parameter)]
        return min(bound.zeta for bound in bounds if bound is not None)

    def look(
        self,
        ends: Sequence[tuple[Parameter, float, np.ndarray]],
        zeta: float,
        bounds: Sequence[Side],
        curves: Sequence[tuple[Parameter, float]] = (),
    ) -> tuple[np.ndarray, list[list[Point]]]:
        """Search for minima lower than ends of profiles, for bounds, and for points of curves.

        Parameters
        ----------
        ends : sequence of (Parameter, float, ndarray)
            With values in the user's units, and theta of the columns worked with, log sigma and b.
        zeta : float
            At all of these.
        bounds : sequence of (Parameter, int)
            Sides.
        curves : sequence of (Parameter, float)
            With values that are held, to which curves lead from the estimates.

        Returns
        -------
        are_lowest : ndarray of bool
            Whether ends are the lowest minima.
        points : list of list of (float, float)
            Of each curve, between estimate and end: what is held, and zeta, NaN where no minimum is found.
        """
        searches = [*(self._of_end(*end) for end in ends), *(self._of_bound(*side) for side in bounds)]
        first_point = len(searches)
        searches += [each for curve in curves for each in self._of_curve(*curve)]
        least, y, first = self._lowest(searches)
        for k, (parameter, sign) in enumerate(bounds, len(ends)):
            if not math.isnan(least[k]):
                self._bounds[*parameter[1:], sign] = self._bound(parameter, sign, least[k], y[:, k], first[k])
        held, rises = iter(searches[first_point:]), iter(least[first_point:] - self._at_estimates)
        paths = [self._line(parameter).path for parameter, _ in curves]
        points = [[(next(held)[1], path.zeta(next(rises))) for _ in range(STEPS - 1)] for path in paths]
        return least[: len(ends)] > self._at_estimates + zeta * zeta - LOWER, points

    def near(self, parameters: Sequence[Parameter], values: np.ndarray, u: np.ndarray) -> np.ndarray:
        """Minima with parameters held at values in the user's units, searched for from u: coordinates likewise.

        Theta of the columns worked with, log sigma and b; NaN where none is found. Shapes (m + 2, R).
        """
        searches = []
        for k, (parameter, value) in enumerate(zip(parameters, values, strict=True)):
            line = self._line(parameter)
            way = _own(line).way
            searches.append((way, line.held(value), [of_columns(way.layout, self.m.working.layout, u[:-2, k])]))
        least, y, _ = self._lowest(searches)
        for k, (way, _, _) in enumerate(searches):
            y[:-2, k] = way.layout.working_theta(way.layout.matrices(y[:-2, k]))
        return np.where(np.isnan(least), np.nan, y)

    def _of_end(self, parameter: Parameter, value: float, u: np.ndarray) -> Search:
        line = self._line(parameter)
        way, _, further = _own(line)
        return way, line.held(value), [of_columns(way.layout, self.m.working.layout, u[:-2]), *further]

    def _of_bound(self, parameter: Parameter, sign: int) -> Search:
        """Of a standard deviation, thetas have a first column of 0."""
        line = self._line(parameter)
        way, turned, further = _own(line)
        if parameter.kind == "cor":
            return way, line.limits[(sign + 1) // 2], [turned.theta, *further]
        without = np.where(np.isin(np.arange(len(turned.theta)), turned.column), 0.0, 1.0)
        return way, 0.0, [turned.without_first(), *(without * theta for theta in further)]

    def _bound(self, parameter: Parameter, sign: int, value: float, y: np.ndarray, start: int) -> Step:
        line = self._line(parameter)
        path, x, zeta = line.path, line.free(y), line.path.zeta(value - self._at_estimates)
        path.is_bent = path.is_bent or (parameter.kind == "cor" and start > 0)
        if parameter.kind == "sd":
            layout = _own(line).way.layout
            self._without[parameter[1:]] = layout.working_theta(layout.matrices(y[:-2]))
        return Step(line.limits[(sign + 1) // 2], zeta, x, path.start.at, math.nan, np.zeros(len(x)))

    def _of_curve(self, parameter: Parameter, v: float) -> list[Search]:
        """Points even in what is held, also from where deviations in question are 0: in many rows, the likelier one."""
        line = self._line(parameter)
        way, turned, further = _own(line)
        none = [each[1:] for each in _deviations(parameter) if each[1:] in self._without]
        likely = sorted(none, key=lambda each: self._bounds[*each, -1].zeta)[: 1 if self.m.nobs > MOST_ROWS else None]
        starts = [turned.theta]
        starts += [of_columns(way.layout, self.m.working.layout, self._without[each]) for each in likely]
        starts += further
        shares = np.arange(1, STEPS) / STEPS
        return [(way, line.path.v + share * (v - line.path.v), starts) for share in shares]

    def _line(self, parameter: Parameter) -> Line:
        line = self.of(parameter)
        assert line is not None
        return line

    def _lowest(self, searches: Sequence[Search]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        assert self.deviance is not None
        return lowest_minima(self.deviance, *zip(*searches, strict=True))

    @cached_property
    def _at_estimates(self) -> float:
        """The deviance at the estimates, as it is computed at many points."""
        at = self.m.optimum.evaluation
        u = np.concatenate([at.theta, [0.5 * math.log(at.sigma2), 0.0]])
        assert self.deviance is not None
        return float(self.deviance.at(u[:, None], np.zeros((len(at.beta), 1))).value[0])


def _own(line: Line) -> Own:
    assert line.own is not None
    return line.own


def _deviations(parameter: Parameter) -> list[Parameter]:
    """The standard deviations of a parameter's effects."""
    effects = parameter.effects if parameter.term >= 0 else ()
    return [Parameter("", "sd", parameter.term, (effect,)) for effect in effects]
