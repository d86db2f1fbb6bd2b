"""One parameter held at a value: which coordinates are left to search, and how all follow from them.

A surface is a function of coordinates y: elements of lower triangular factors of the random effects' covariances, and
further ones. What is held is a function of y with a value v; x are coordinates of what is left, and ``y(x, v)`` is a
way through all y with this value. Standard deviations and correlations are simple in factors whose first rows are
those of the effects in question: the first effect has the standard deviation ``|l_11|``, and the second, correlated by
``sin v`` with it, ``l_21 = w sin v`` and ``l_22 = w cos v``, which stays smooth where the correlation is 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple, Protocol

import numpy as np

from ..errors import FitError

__all__ = ["Angle", "Constrained", "Fixed", "Held", "Point", "Ratio", "Surface"]

# Least length that has a logarithm here: nothing beside what a row varies by.
LEAST = 1e-12
# Fall of a logarithm in a few steps, after which it is tried whether it falls without end.
FALLING = 2.0


class Held(Protocol):
    """What is held."""

    def rest(self, y: np.ndarray) -> np.ndarray:
        """The coordinates x that are left, shape (m,)."""

    def whole(self, x: np.ndarray, v: float) -> np.ndarray:
        """All coordinates y, shape (n,)."""

    def jacobian(self, x: np.ndarray, v: float) -> np.ndarray:
        """Derivatives of y by x and v, shape (n, m + 1)."""

    def sunk(self, x: np.ndarray, start: np.ndarray) -> np.ndarray:
        """X with lengths of nothing for those that have fallen since the start of a search, or x itself."""

    def bending(self, gradient: np.ndarray, x: np.ndarray, v: float) -> np.ndarray | float:
        """What the second derivatives of y add to those of a function with this gradient by y: (m + 1, m + 1)."""


@cache
def _others(places: tuple[int, ...], n: int) -> np.ndarray:
    """Which of n coordinates have other places."""
    return np.delete(np.arange(n), places)


def _put(places: tuple[int, ...], x: np.ndarray, value: float) -> np.ndarray:
    """Coordinates of a value in these places, and x in the others."""
    y = np.full(len(x) + len(places), value)
    y[_others(places, len(y))] = x
    return y


@cache
def _of_others(places: tuple[int, ...], m: int) -> np.ndarray:
    """Derivatives of coordinates by m that are in other places, and by a value in these."""
    out = np.zeros((m + len(places), m + 1))
    out[_others(places, len(out)), np.arange(m)] = 1.0
    out[list(places), -1] = 1.0
    return out


@dataclass(frozen=True)
class Fixed:
    """Coordinates that are v themselves."""

    places: tuple[int, ...]

    def rest(self, y: np.ndarray) -> np.ndarray:
        """See `Held.rest`."""
        return y[_others(self.places, len(y))]

    def whole(self, x: np.ndarray, v: float) -> np.ndarray:
        """See `Held.whole`."""
        return _put(self.places, x, v)

    def jacobian(self, x: np.ndarray, v: float) -> np.ndarray:
        """See `Held.jacobian`."""
        return _of_others(self.places, len(x)).copy()

    def sunk(self, x: np.ndarray, start: np.ndarray) -> np.ndarray:
        """See `Held.sunk`."""
        return x

    def bending(self, gradient: np.ndarray, x: np.ndarray, v: float) -> float:
        """See `Held.bending`."""
        return 0.0


@dataclass(frozen=True)
class Ratio:
    """A coordinate that is v over the exponential of another: a relative standard deviation, and log sigma."""

    place: int
    log_scale: int

    def rest(self, y: np.ndarray) -> np.ndarray:
        """See `Held.rest`."""
        return y[_others((self.place,), len(y))]

    def whole(self, x: np.ndarray, v: float) -> np.ndarray:
        """See `Held.whole`."""
        return _put((self.place,), x, v * math.exp(-x[self._scale]))

    def jacobian(self, x: np.ndarray, v: float) -> np.ndarray:
        """See `Held.jacobian`."""
        out, less = _of_others((self.place,), len(x)).copy(), math.exp(-x[self._scale])
        out[self.place, self._scale], out[self.place, -1] = -v * less, less
        return out

    def sunk(self, x: np.ndarray, start: np.ndarray) -> np.ndarray:
        """See `Held.sunk`."""
        return x

    def bending(self, gradient: np.ndarray, x: np.ndarray, v: float) -> np.ndarray:
        """See `Held.bending`."""
        out, s = np.zeros((len(x) + 1, len(x) + 1)), self._scale
        slope = gradient[self.place] * math.exp(-x[s])
        out[s, s], out[s, -1], out[-1, s] = v * slope, -slope, -slope
        return out

    @property
    def _scale(self) -> int:
        return self.log_scale - (self.place < self.log_scale)


@dataclass(frozen=True)
class Angle:
    """Three coordinates that are ``e^a``, ``e^b sin v`` and ``e^b cos v``; a and b stand in x for the first two.

    Logarithms, as the sign of the first, or of both others, is that of the correlation ``sin v``.
    """

    scale: int
    first: int
    second: int

    def rest(self, y: np.ndarray) -> np.ndarray:
        """See `Held.rest`."""
        y = y.copy()
        length = math.hypot(y[self.first], y[self.second])
        y[self.scale], y[self.first] = math.log(max(abs(y[self.scale]), LEAST)), math.log(max(length, LEAST))
        return y[_others((self.second,), len(y))]

    def whole(self, x: np.ndarray, v: float) -> np.ndarray:
        """See `Held.whole`."""
        scale, length = self._sizes(x)
        y = _put((self.second,), x, length * math.cos(v))
        y[self.scale], y[self.first] = scale, length * math.sin(v)
        return y

    def jacobian(self, x: np.ndarray, v: float) -> np.ndarray:
        """See `Held.jacobian`."""
        scale, length = self._sizes(x)
        out, sine, cosine = _of_others((self.second,), len(x)).copy(), length * math.sin(v), length * math.cos(v)
        out[self.scale, self.scale] = scale
        out[self.first, self.first], out[self.first, -1] = sine, cosine
        out[self.second, self.first], out[self.second, -1] = cosine, -sine
        return out

    def sunk(self, x: np.ndarray, start: np.ndarray) -> np.ndarray:
        """See `Held.sunk`."""
        fallen = [k for k in (self.scale, self.first) if x[k] < start[k] - FALLING]
        if not fallen:
            return x
        x = x.copy()
        x[fallen] = math.log(LEAST)
        return x

    def bending(self, gradient: np.ndarray, x: np.ndarray, v: float) -> np.ndarray:
        """See `Held.bending`."""
        (scale, length), k = self._sizes(x), self.first
        out, sine, cosine = np.zeros((len(x) + 1, len(x) + 1)), length * math.sin(v), length * math.cos(v)
        one, two = gradient[self.first], gradient[self.second]
        out[self.scale, self.scale] = gradient[self.scale] * scale
        out[k, k] = one * sine + two * cosine
        out[k, -1] = out[-1, k] = one * cosine - two * sine
        out[-1, -1] = -out[k, k]
        return out

    def _sizes(self, x: np.ndarray) -> tuple[float, float]:
        return math.exp(x[self.scale]), math.exp(x[self.first])


class Surface(Protocol):
    """A deviance as a function of coordinates y, shape (n,).

    Attributes
    ----------
    factors : ndarray, shape (n,)
        By how much a factor T of the columns worked with changes with those coordinates that are diagonal elements of
        lower factors; 0 of all others.
    """

    factors: np.ndarray

    def evaluate(self, y: np.ndarray, last: Any) -> Any:
        """A spot with ``value`` and ``gradient``, shape (n,), found with the help of the spot before."""

    def second(self, spot: Any) -> np.ndarray:
        """Second derivatives there, or nearly so, shape (n, n)."""


class Point(NamedTuple):
    """The deviance at x and v.

    Attributes
    ----------
    value : float
    gradient : ndarray, shape (m,)
        By x.
    slope : float
        By v.
    spot : object
        Of the surface.
    """

    value: float
    gradient: np.ndarray
    slope: float
    spot: Any


@dataclass(frozen=True)
class Constrained:
    """A surface with one parameter held."""

    surface: Surface
    held: Held

    def evaluate(self, v: float, x: np.ndarray, last: Point | None = None) -> Point:
        """Evaluate at x and v, from a point nearby.

        Raises
        ------
        FitError
            Where the deviance is none.
        """
        try:
            with np.errstate(all="ignore"):  # what is not finite is no decrease
                spot = self.surface.evaluate(self.held.whole(x, v), None if last is None else last.spot)
                gradient = spot.gradient @ self.held.jacobian(x, v)
        except ArithmeticError as error:  # Python says so of floats that overflow, or are divided by 0
            raise FitError("The deviance cannot be computed there.") from error
        return Point(spot.value, gradient[:-1], float(gradient[-1]), spot)

    def curvature(self, v: float, x: np.ndarray, at: Point) -> np.ndarray:
        """Second derivatives by x and v, shape (m + 1, m + 1)."""
        jacobian = self.held.jacobian(x, v)
        second = jacobian.T @ self.surface.second(at.spot) @ jacobian
        return second + self.held.bending(at.spot.gradient, x, v)

    def beside_zero(self, v: float, x: np.ndarray, low: float, raised: float) -> np.ndarray:
        """X with diagonal elements of the factors that are near 0, where slopes say nothing, raised.

        Parameters
        ----------
        v : float
        x : ndarray, shape (m,)
        low, raised : float
            Elements below the first become the second, both in units of T of the columns worked with.
        """
        y, moves = self.held.whole(x, v), self.surface.factors
        small = (moves > 0.0) & (np.abs(y) * moves < low)
        if not small.any():
            return x
        y[small] = raised / moves[small]
        return self.held.rest(y)
