"""Lowest minima of the deviance with parameters held at values: searches for all of them, from all starts, at once.

One grouping factor, by maximum likelihood. Coordinates y are theta of columns of a parameter's own, log sigma, and a
fixed effect b.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..fit.fit import Fit
from ..likelihood.many_points import ManyPoints, Spots
from ..likelihood.one_factor import LARGE_SQUARES
from ..likelihood.turned_layout import TurnedLayout
from ..optimize.many_descents import descend
from .arcs import Arcs
from .crossing import LOW, LOWER, RAISED
from .held import Held, beside_zero

__all__ = ["Way", "in_errors", "lowest_minima"]


# Steps of searches at most: the few that take more are looked at one after the other, if they may lead lower.
MOST_STEPS = 20
# Decrease that a last step promises: the values of minima are told to less than that.
LAST_DECREASE = 1e-8


@dataclass(frozen=True, eq=False)
class Way:
    """How a parameter is held.

    Attributes
    ----------
    held : Held
        Of y, shape (m + 2,).
    layout : TurnedLayout
    contrast : ndarray, shape (p,)
        Of the columns worked with, whose value is b; 0 where no fixed effect is held.
    origin, unit : float
        Of what is held, see `in_errors`.
    """

    held: Held
    layout: TurnedLayout
    contrast: np.ndarray
    origin: float = 0.0
    unit: float = 1.0

    @cached_property
    def rows(self) -> np.ndarray:
        """Rows of the factor in which the elements that are free stand, shape (m + 1,): 0 of what is none of it."""
        _, row, _ = self.layout.positions(0)
        return np.delete(np.append(row, np.zeros(2, dtype=int)), self.held.dropped)

    @cached_property
    def moves(self) -> np.ndarray:
        """See `held.Surface`: shape (m + 2,)."""
        return np.append(np.where(self.layout.diagonal, self.layout.lengths, 0.0), np.zeros(2))

    @cached_property
    def units(self) -> np.ndarray:
        """By how much what is free changes for T to change by 1, shape (m + 1, 1)."""
        out = np.append(1.0 / self.layout.lengths, np.ones(2))
        squares = list(self.held.squares)
        out[squares] = np.sqrt(out[squares])
        return np.delete(out, self.held.dropped)[:, None]


def in_errors(m: Fit, k: int) -> tuple[np.ndarray, float, float]:
    """The contrast, shape (p,), that is a user's fixed effect in standard errors; where that is 0, and its unit."""
    shift, at, unit = m.products.shift, m.optimum.evaluation, np.zeros(m.products.p)
    origin = float(shift.coefficients(unit)[k])
    unit[k] = 1.0
    contrast = shift.contrast(unit)
    error = float(np.sqrt(at.sigma2 * contrast @ at.unscaled @ contrast))
    return contrast / error, origin, shift.scale * error


def lowest_minima(
    deviance: ManyPoints, ways: Sequence[Way], values: Sequence[float], starts: Sequence[Sequence[np.ndarray]]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Search for minima with parameters held.

    Parameters
    ----------
    deviance : ManyPoints
    ways : sequence of Way, R of them
    values : sequence of float
        At which parameters are held.
    starts : sequence of sequences of ndarray, shapes (m,)
        Theta of each way's columns.

    Returns
    -------
    least : ndarray, shape (R,)
        Values of the deviance. NaN where none is found, or a search that has not ended may lead lower.
    y : ndarray, shape (m + 2, R)
    first : ndarray of int, shape (R,)
        The first of the starts that lead there.
    """
    of = np.repeat(np.arange(len(ways)), [len(each) for each in starts])
    held = np.array([(v - way.origin) / way.unit for way, v in zip(ways, values, strict=True)])
    many = _Many(deviance, ways, of, held[of])
    with np.errstate(all="ignore"):  # what is not finite is not a decrease
        value, y, ended = many.minima(np.stack([theta for each in starts for theta in each], axis=1))
    value = np.where(np.isfinite(value), value, np.inf)
    least, place, first = np.full(len(ways), np.nan), np.zeros(len(ways), dtype=int), np.zeros(len(ways), dtype=int)
    for r in range(len(ways)):
        mine = np.flatnonzero(of == r)
        found = np.where(ended[mine], value[mine], np.inf)
        if (value[mine] >= found.min() - LOWER).all() and np.isfinite(found.min()):
            first[r] = np.argmax(found < found.min() + LOWER)
            least[r], place[r] = found.min(), mine[np.argmin(found)]
    return least, y[:, place], first


class _Many:
    """The deviance at T points, each with a parameter held: that of the way `of`, shape (T,), says."""

    def __init__(self, deviance: ManyPoints, ways: Sequence[Way], of: np.ndarray, values: np.ndarray) -> None:
        self.deviance, self.values = deviance, values
        kinds = list(dict.fromkeys(way.held for way in ways))
        kind = np.array([kinds.index(way.held) for way in ways])[of]
        self.groups = [(held, kind == k) for k, held in enumerate(kinds)]
        self.moves = np.stack([way.moves for way in ways], axis=1)[:, of]
        self.units = np.concatenate([way.units for way in ways], axis=1)[:, of]
        self.steps = np.stack([way.layout.steps[0] for way in ways], axis=-1)[..., of]
        self.contrasts = np.stack([way.contrast for way in ways], axis=1)[:, of]
        self.arcs = Arcs(np.stack([way.rows for way in ways], axis=1)[:, of])

    def minima(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Values, coordinates y, and which searches ended in a minimum where values are right, from thetas (m, T)."""
        every, plain = np.arange(theta.shape[1]), self._start(theta)
        start = self._raised(plain)
        x, value, ended = self._searched(every, start)
        beside = self._raised(x)
        again = np.flatnonzero((beside != x).any(axis=0) & (start == plain).all(axis=0))
        if len(again):  # a variance has become 0 on the way: there may be a lower end beside it
            other, there, well = self._searched(again, beside[:, again])
            lower = well & (there < value[again])
            mine = again[lower]
            x[:, mine], value[mine], ended[mine] = other[:, lower], there[lower], True
        y = np.empty((len(x) + 1, len(every)))
        for held, mine, v in self._groups_of(every):
            y[:, mine] = held.whole(x[:, mine], v)
        t = np.einsum("xijr,xr->ijr", self.steps, y[:-2])
        return value, y, ended & (self.deviance.largest * np.einsum("ijr,ijr->r", t, t) < LARGE_SQUARES)

    def _searched(self, active: np.ndarray, start: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Where searches lead, values there, and which have ended."""
        units, arcs = self.units[:, active], self.arcs.of(active)

        def evaluate(some: np.ndarray, z: np.ndarray) -> Spots:
            spots = self._at(active[some], z)
            return spots._replace(hessian=spots.hessian + arcs.of(some).bending(z, spots.gradient))

        def moved(some: np.ndarray, z: np.ndarray, step: np.ndarray) -> np.ndarray:
            return arcs.of(some).moved(z, step)

        found, value, ended = descend(evaluate, start / units, MOST_STEPS, True, LAST_DECREASE, moved)
        return found * units, value, ended

    def _at(self, active: np.ndarray, scaled: np.ndarray) -> Spots:
        """The deviance by what is free, in its units."""
        units = self.units[:, active]
        x, n = scaled * units, len(units) + 1
        y, jacobian = np.empty((n, len(active))), np.empty((n, n, len(active)))
        groups = self._groups_of(active)
        for held, mine, v in groups:
            y[:, mine] = held.whole(x[:, mine], v)
            jacobian[..., mine] = held.jacobian(x[:, mine], v)
        spots = self.deviance.at(y, self.contrasts[:, active], self.steps[..., active])
        turned = jacobian.transpose(2, 0, 1)
        second = (turned.transpose(0, 2, 1) @ spots.hessian.transpose(2, 0, 1) @ turned).transpose(1, 2, 0)
        for held, mine, v in groups:
            second[..., mine] += held.bending(spots.gradient[:, mine], x[:, mine], v)
        gradient = np.einsum("nkr,nr->kr", jacobian[:, :-1], spots.gradient)
        return Spots(spots.value, units * gradient, units * units[:, None] * second[:-1, :-1])

    def _start(self, theta: np.ndarray) -> np.ndarray:
        """What is free at thetas, with sigma at its best."""
        y, n = np.concatenate([theta, np.zeros((2, theta.shape[1]))]), self.deviance.nobs
        y[-1] = self.values  # where it is of use
        squares = n - 0.5 * self.deviance.at(y, self.contrasts, self.steps).gradient[-2]
        y[-2], y[-1] = 0.5 * np.log(squares / n), 0.0
        out = np.empty((len(y) - 1, y.shape[1]))
        for held, mine, _ in self._groups_of(np.arange(y.shape[1])):
            out[:, mine] = held.rest(y[:, mine])
        return out

    def _raised(self, x: np.ndarray) -> np.ndarray:
        """The same beside 0."""
        out = x.copy()
        for held, mine, v in self._groups_of(np.arange(x.shape[1])):
            out[:, mine] = beside_zero(held, v, x[:, mine], self.moves[:, mine], LOW, RAISED)
        return out

    def _groups_of(self, active: np.ndarray) -> list[tuple[Held, np.ndarray, np.ndarray]]:
        """What is held, at which of the active points, and its values there."""
        places = [(held, np.flatnonzero(mine[active])) for held, mine in self.groups]
        return [(held, each, self.values[active[each]]) for held, each in places if len(each)]
