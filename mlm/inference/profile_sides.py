"""The sides of a model's profiles, all together: those that are regular, and those that end at bounds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np

from .parameters import Parameter
from .profile_lines import STEPS
from .profile_minima import Lines
from .profile_points import SideBySide
from .profile_starts import further_thetas

__all__ = ["Sides"]

# A parameter's position, a side of its estimate, and a value that is held where the curve ends.
Curve = tuple[int, int, float]


class Sides:
    """What is found of both sides of all parameters at once.

    Parameters
    ----------
    m : Fit or GeneralizedFit
        By maximum likelihood.
    parameters : sequence of Parameter
    """

    def __init__(self, m: Any, parameters: Sequence[Parameter]) -> None:
        self.m, self.parameters = m, parameters
        self.searches = SideBySide(m, parameters) if SideBySide.serves(m) else None
        self.lines = Lines(m, None if self.searches is None else self.searches.deviance)
        self._regular: dict[float, np.ndarray] = {}
        self._curves: dict[Curve, list[tuple[float, float]] | None] = {}

    def regular(self, k: int, sign: int, target: float, whole: bool = False) -> np.ndarray | None:
        """Values at even steps of zeta to a target, shape (STEPS,).

        None of a side that is not regular: it is gone along by itself. For the curves as a `whole`, those of sides that
        end at bounds are searched for beside.
        """
        if target not in self._regular:
            self._regular[target] = self._found(target, whole)
        values = self._regular[target][k, (sign + 1) // 2]
        return None if math.isnan(values[0]) else values

    def curves(self, wanted: Sequence[Curve]) -> None:
        """Search for the points of all these curves at once."""
        fresh = [curve for curve in wanted if curve not in self._curves]
        if fresh and self.searches is not None:
            self._look([], 0.0, [], fresh)

    def curve(self, k: int, sign: int, v: float) -> list[tuple[float, float]] | None:
        """Points of a curve to a value, with neither end: what is held, and zeta. None where these are not found."""
        self.curves([(k, sign, v)])
        return self._curves.get((k, sign, v))

    def _found(self, target: float, whole: bool) -> np.ndarray:
        """Regular sides, shape (parameters, 2, STEPS), NaN of others; bounds and ways to these are kept."""
        found = np.full((len(self.parameters), 2, STEPS), math.nan)
        if self.searches is None:
            return found
        every = list(product(range(len(found)), (-1, 1)))
        sides, looked, ends = [side for side in every if self._may_be_regular(*side, target)], [], []
        if sides:
            places, signs = np.array(sides).T
            values, u = self.searches.points(places, signs, target, STEPS, self._near)
            found[places, (signs + 1) // 2] = values
            if self._has_further:
                looked = [j for j in range(len(sides)) if np.isfinite(values[j]).all()]
                ends = [(self.parameters[places[j]], values[j, -1], u[:, j]) for j in looked]
        bounds = [side for side in every if self._ends_at_bound(*side, target)]
        curves = [(k, sign, self._limit(k, sign)) for k, sign in bounds if whole or self._is_below(k, sign, target)]
        for j, is_lowest in zip(looked, self._look(ends, target, bounds, curves), strict=True):
            if not is_lowest:
                found[places[j], (signs[j] + 1) // 2] = math.nan
        return found

    def _near(self, which: np.ndarray, values: np.ndarray, u: np.ndarray) -> np.ndarray:
        return self.lines.near([self.parameters[k] for k in which], values, u)

    def _look(
        self,
        ends: Sequence[tuple[Parameter, float, np.ndarray]],
        target: float,
        bounds: Sequence[tuple[int, int]],
        curves: Sequence[Curve],
    ) -> np.ndarray:
        """Whether ends are the lowest minima; bounds, and points of curves, are kept."""
        named = [(self.parameters[k], sign) for k, sign in bounds]
        wanted = [side for side in named if not self.lines.knows(*side)]
        ways = [(self.parameters[k], v) for k, _, v in curves]
        if not (ends or wanted or ways):
            return np.zeros(0, dtype=bool)
        are_lowest, points = self.lines.look(ends, target, wanted, ways)
        for curve, each in zip(curves, points, strict=True):
            self._curves[curve] = None if np.isnan(each).any() else each
        return are_lowest

    def _limit(self, k: int, sign: int) -> float:
        line = self.lines.of(self.parameters[k])
        assert line is not None
        return line.limits[(sign + 1) // 2]

    @cached_property
    def _has_further(self) -> bool:
        """Whether minima may be lower than those that are found from the estimates."""
        return self.m.is_singular or bool(further_thetas(self.m))

    def is_bounded(self, k: int, sign: int, target: float) -> bool:
        """Whether zeta comes to a bound before a target, or of a correlation to where a standard deviation is 0."""
        parameter = self.parameters[k]
        if parameter.kind == "cor":
            return target >= self.lines.most(parameter) or self._is_below(k, sign, target)
        bound = self.lines.bound(parameter, sign)
        return bound is not None and target >= bound.zeta

    def _is_below(self, k: int, sign: int, target: float) -> bool:
        """Whether zeta of a correlation stays below a target as far as ±1, as it is known of points on the way."""
        parameter = self.parameters[k]
        if self.searches is None or not self.lines.is_near(parameter, sign):
            return False
        bound = self.lines.bound(parameter, sign)
        if bound is None or bound.zeta > target:
            return False
        points = self._curves.get((k, sign, self._limit(k, sign)), [])
        return points is not None and all(zeta < target for _, zeta in points)

    def _may_be_regular(self, k: int, sign: int, target: float) -> bool:
        """Whether zeta comes to a target before a bound, from an estimate that is none."""
        line = self.lines.of(self.parameters[k])
        return line is not None and line.path.v not in line.limits and not self.is_bounded(k, sign, target)

    def _ends_at_bound(self, k: int, sign: int, target: float) -> bool:
        """Whether a bound is before the target, for an estimate that is not at this bound."""
        line = self.lines.of(self.parameters[k])
        return line is not None and line.path.v != self._limit(k, sign) and self.is_bounded(k, sign, target)
