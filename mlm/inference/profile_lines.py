"""The profile of each parameter of a mixed model: its path, and where that ends."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import numpy as np

from ..fit.fit import Fit
from ..fit.generalized import GeneralizedFit
from ..likelihood.covariance import CovarianceLayout, lower_factor, triangle
from ..likelihood.turned_layout import TurnedLayout
from .between import between
from .crossing import Path, Step, interpolated, lowest, settled
from .generalized_surface import GeneralizedSurface
from .held import Angle, Constrained, Fixed, Held, Ratio, Surface
from .linear_surfaces import WithCoefficient, WithSigma, WithTheta
from .many_held import Way, in_errors
from .parameters import Parameter
from .profile_starts import further_thetas

__all__ = ["STEPS", "Line", "line_of", "of_columns"]

# Steps on either side of an estimate, a power of 2.
STEPS = 8

# A standard deviation of effects of the columns worked with, over sigma, that is 0: correlations with it mean nothing.
NO_DEVIATION = 1e-6
# Squared share of a deviation that is its own beside another effect, below which their correlation is 1.
NOTHING_OWN = 1e-10


class Turned(NamedTuple):
    """A fit's theta in columns of which those in question come first.

    Attributes
    ----------
    layout : TurnedLayout
    theta : ndarray, shape (n_theta,)
    first : int
        Where the term in question begins in theta.
    size : int
        Effects of that term.
    """

    layout: TurnedLayout
    theta: np.ndarray
    first: int
    size: int

    @property
    def column(self) -> tuple[int, ...]:
        """Where the first column of the term's factor stands in theta."""
        return tuple(range(self.first, self.first + self.size))

    def without_first(self) -> np.ndarray:
        """Theta of the same covariance of all effects but the first one of the term, which is 0."""
        theta, size = self.theta.copy(), self.size
        t = np.zeros((size, size))
        mine = slice(self.first, self.first + size * (size + 1) // 2)
        columns, rows = triangle(size)
        t[rows, columns] = theta[mine]
        if size > 1:
            t[1:, 1:] = lower_factor(t[1:])
        t[:, 0] = 0.0
        theta[mine] = t[rows, columns]
        return theta


class Own(NamedTuple):
    """What searches of many minima at once need of a parameter.

    Attributes
    ----------
    way : Way
    turned : Turned
        The estimates, in columns of the parameter's own.
    further : list of ndarray, shapes (n_theta,)
        Other starts, likewise.
    """

    way: Way
    turned: Turned
    further: list[np.ndarray]


@dataclass(frozen=True, eq=False)
class Line:
    """The profile of one parameter.

    Attributes
    ----------
    path : Path
    users : callable
        The parameter in the user's units, from what is held.
    bounds : tuple of (callable or None)
        Give the last point on either side, where the parameter has bounds.
    limits : tuple of float
        The bounds, in what is held.
    held : callable
        What is held, from the parameter in the user's units.
    own : Own, optional
        Of a linear mixed model of one grouping factor.
    """

    path: Path
    users: Callable[[float], float]
    bounds: tuple[Callable[[], Step] | None, Callable[[], Step] | None] = (None, None)
    limits: tuple[float, float] = (-math.inf, math.inf)
    held: Callable[[float], float] = float
    own: Own | None = None

    def free(self, y: np.ndarray) -> np.ndarray:
        """What the path searches for, of coordinates y as `many_held` has them, shape (n_theta + 2,)."""
        of = self.path.of
        return of.held.rest(y[: len(of.surface.factors)])

    def points(self, end: Step, other: Step | None, outwards: bool) -> list[tuple[float, float]]:
        """What is held, and zeta, between the estimate and an end, with neither: at once, or one after the other.

        The end on the other side helps with that.
        """
        even = end.v in self.limits  # where zeta may be flat
        regular = not (even or outwards or self.path.is_bent)
        found = between(self.path, end, STEPS, other) if regular else None
        return [(step.v, step.zeta) for step in self._outwards(end, even)] if found is None else found

    def _outwards(self, end: Step, even: bool) -> list[Step]:
        """Points even in the value or in zeta."""
        made = [self.path.start]
        for j in range(1, STEPS):
            near, share = made[-1], 1.0 / (STEPS + 1 - j)
            v = near.v + share * (end.v - near.v)
            v = v if even else interpolated(near, end, near.zeta + share * (end.zeta - near.zeta))
            made.append(self.path.step(v, near, None if even else end))
        return made[1:]


def _turned(
    layout: CovarianceLayout, theta: np.ndarray, roots: list[np.ndarray], term: int, effects: tuple[int, ...]
) -> Turned:
    """Put effects of a term first; `roots` are each term's columns worked with from the user's."""
    turns = []
    for t, (slot, root) in enumerate(zip(layout.slots, roots, strict=True)):
        mine = effects if t == term else ()
        turns.append(root[:, [*mine, *(k for k in range(slot.size) if k not in mine)]])
    slot, turned = layout.slots[max(term, 0)], TurnedLayout(layout, turns)
    return Turned(turned, of_columns(turned, layout, theta), slot.theta, slot.size)


def of_columns(turned: TurnedLayout, layout: CovarianceLayout, theta: np.ndarray) -> np.ndarray:
    """Theta of other columns, from that of those worked with: shapes (n_theta,)."""
    matrices, found = layout.matrices(theta), np.empty(layout.n_theta)
    for slot, turn in zip(layout.slots, turned.turns, strict=True):
        block, (columns, rows) = slice(slot.start, slot.start + slot.size), triangle(slot.size)
        found[slot.elements] = lower_factor(np.linalg.solve(turn, matrices[slot.factor][block, block]))[rows, columns]
    return found


def line_of(m: Fit | GeneralizedFit, parameter: Parameter) -> Line | None:
    """The profile of a parameter of a fit by maximum likelihood; None of a correlation that is not defined."""
    return _linear_line(m, parameter) if isinstance(m, Fit) else _generalized_line(m, parameter)


def _linear_line(m: Fit, parameter: Parameter) -> Line | None:
    layout, at = m.working.layout, m.optimum.evaluation
    bases = [f.basis for f in m.products.factors]
    roots = []
    for slot in layout.slots:
        basis, block = bases[slot.factor], slice(slot.start, slot.start + slot.size)
        roots.append(np.eye(slot.size) if basis is None else basis.root[block, block])
    turned = _turned(layout, at.theta, roots, parameter.term, parameter.effects if parameter.term >= 0 else ())
    further = [of_columns(turned.layout, layout, other) for other in further_thetas(m)]
    line = _LINEAR[parameter.kind](m, parameter, turned, further)
    if line is None or len(layout.sizes) > 1:
        return line
    return replace(line, own=Own(_way(m, parameter, turned), turned, further))


def _way(m: Fit, parameter: Parameter, turned: Turned) -> Way:
    """How a parameter is held beside theta, log sigma and b."""
    n, first, contrast = len(turned.theta), turned.first, np.zeros(m.products.p)
    if parameter.kind == "cor":
        return Way(Angle(first, first + 1, first + turned.size), turned.layout, contrast)
    if parameter.kind == "sd":
        return Way(Ratio(first, n), turned.layout, contrast)
    if parameter.kind == "sigma":
        return Way(Fixed((n,)), turned.layout, contrast)
    return Way(Fixed((n + 1,)), turned.layout, *in_errors(m, parameter.effects[0]))


def _coefficient_line(m: Fit, parameter: Parameter, turned: Turned, further: Sequence[np.ndarray]) -> Line:
    (k,), theta = parameter.effects, turned.theta
    of = Constrained(WithCoefficient(m.working, turned.layout, k), Fixed((len(theta),)))
    return Line(Path(of, float(m.fixef.iloc[k]), theta, lambda: further), float)


def _sigma_line(m: Fit, parameter: Parameter, turned: Turned, further: Sequence[np.ndarray]) -> Line:
    theta, scale = turned.theta, m.products.shift.scale
    of = Constrained(WithSigma(m.working, turned.layout), Fixed((len(theta),)))
    path = Path(of, _log_sigma(m), theta, lambda: further)
    return Line(path, lambda v: scale * math.exp(v), held=lambda v: math.log(v / scale))


def _correlation_line(m: Fit, parameter: Parameter, turned: Turned, further: Sequence[np.ndarray]) -> Line | None:
    return _correlation(WithTheta(m.working, turned.layout), turned, turned.theta, further)


def _deviation_line(m: Fit, parameter: Parameter, turned: Turned, further: Sequence[np.ndarray]) -> Line:
    theta, scale, plain = turned.theta, m.products.shift.scale, WithTheta(m.working, turned.layout)
    held, y = Ratio(turned.first, len(theta)), np.append(theta, _log_sigma(m))

    def others() -> list[np.ndarray]:
        return [held.rest(np.append(y, 0.5 * math.log(plain.evaluate(y).at.sigma2))) for y in further]

    path = _deviation_path(WithSigma(m.working, turned.layout), held, turned, y, others)
    bounds = partial(_none_of_linear, path, plain, turned, further), None
    return Line(path, lambda v: scale * v, bounds, (0.0, math.inf), lambda v: v / scale)


_LINEAR: dict[str, Callable[[Fit, Parameter, Turned, Sequence[np.ndarray]], Line | None]] = {
    "sd": _deviation_line,
    "cor": _correlation_line,
    "sigma": _sigma_line,
    "beta": _coefficient_line,
}


def _log_sigma(m: Fit) -> float:
    """In units of the response worked with."""
    return 0.5 * math.log(m.optimum.evaluation.sigma2)


def _none_of_linear(path: Path, plain: WithTheta, turned: Turned, further: Sequence[np.ndarray]) -> Step:
    """The point where a standard deviation is 0."""
    of = Constrained(plain, Fixed(turned.column))
    starts = [of.held.rest(y) for y in (turned.without_first(), *further)]
    x, at, _ = lowest(of, 0.0, settled(of, 0.0, starts[0], of.evaluate(0.0, starts[0])), starts[1:])
    y = np.append(of.held.whole(x, 0.0), 0.5 * math.log(at.spot.at.sigma2))
    return _bound(path, path.of.held.rest(y), at.value)


def _generalized_line(m: GeneralizedFit, parameter: Parameter) -> Line | None:
    worked, at = m.worked, m.optimum.evaluation
    roots = []
    for slot in worked.layout.slots:
        block = slice(slot.start, slot.start + slot.size)
        roots.append(worked.roots[slot.factor][block, block] / worked.units.theta)
    turned = _turned(worked.layout, at.theta, roots, parameter.term, parameter.effects if parameter.term >= 0 else ())
    theta, p = turned.theta, len(at.beta)
    if parameter.kind == "beta":
        (k,) = parameter.effects
        columns = _columns_with(worked.users_beta(np.eye(p)).reshape(p, p)[k])
        y = np.append(theta, np.linalg.solve(columns, at.beta))
        of = Constrained(GeneralizedSurface(m, turned.layout, columns), Fixed((len(theta),)))
        return Line(Path(of, float(y[len(theta)]), of.held.rest(y)), float)
    surface, y = GeneralizedSurface(m, turned.layout, np.eye(p)), np.append(theta, at.beta)
    if parameter.kind == "cor":
        return _correlation(surface, turned, y)
    path = _deviation_path(surface, Fixed((turned.first,)), turned, y)

    def none() -> Step:
        of = Constrained(surface, Fixed(turned.column))
        start = of.held.rest(np.append(turned.without_first(), y[len(theta) :]))
        x, at, _ = settled(of, 0.0, start, of.evaluate(0.0, start, path.start.at))
        return _bound(path, path.of.held.rest(of.held.whole(x, 0.0)), at.value)

    return Line(path, float, (none, None), (0.0, math.inf))


def _columns_with(contrast: np.ndarray) -> np.ndarray:
    """Coordinates of the fixed effects, the first of which is the contrast: shape (p, p)."""
    q = np.linalg.qr(np.column_stack([contrast, np.eye(len(contrast))]))[0]
    q[:, 0] = contrast / float(contrast @ contrast)
    return q


def _deviation_path(
    surface: Surface, held: Held, turned: Turned, y: np.ndarray, further: Callable[[], Sequence[np.ndarray]] = tuple
) -> Path:
    """The path of the first effect's standard deviation."""
    v = y[turned.first] * (math.exp(y[-1]) if isinstance(held, Ratio) else 1.0)
    if abs(y[turned.first]) * turned.layout.lengths[turned.first] < NO_DEVIATION:
        y, v = y.copy(), 0.0
        y[: len(turned.theta)] = turned.without_first()
    return Path(Constrained(surface, held), float(v), held.rest(y), further)


def _bound(path: Path, x: np.ndarray, value: float) -> Step:
    """The point where a standard deviation is 0."""
    return Step(0.0, path.zeta(value - path.lowest), x, path.start.at, math.nan, np.zeros(len(x)))


def _correlation(surface: Surface, turned: Turned, y: np.ndarray, further: Sequence[np.ndarray] = ()) -> Line | None:
    """The profile of the correlation of a term's first two effects."""
    first, second = turned.first + 1, turned.first + turned.size
    own = math.hypot(y[first], y[second])
    lengths = turned.layout.lengths[[turned.first, second]]
    if abs(y[turned.first]) * lengths[0] < NO_DEVIATION or own * lengths[1] < NO_DEVIATION:
        return None
    held = Angle(turned.first, first, second)
    angle = math.atan2(y[first], y[second])
    if 1.0 - abs(math.sin(angle)) < NOTHING_OWN:
        angle = math.copysign(0.5 * math.pi, angle)
    path = Path(Constrained(surface, held), angle, held.rest(y), lambda: [held.rest(other) for other in further])
    edges = -0.5 * math.pi, 0.5 * math.pi

    def edge_at(edge: float) -> Step:
        return path.start if angle == edge else path.again(path.step(edge, path.start))

    return Line(path, math.sin, (partial(edge_at, edges[0]), partial(edge_at, edges[1])), edges, math.asin)
