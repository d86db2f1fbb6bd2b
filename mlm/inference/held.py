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

__all__ = ["Angle", "Constrained", "Fixed", "Held", "Point", "Ratio", "Surface", "Value", "beside_zero"]

# Of what is held, at one point or at each of many.
Value = float | np.ndarray


class Held(Protocol):
    """What is held, at one point or at many: all arrays may have points last, of shape (…, R), with v of shape (R,).

    Attributes
    ----------
    dropped : tuple of int
        Places of the coordinates y that are none of x.
    squares : tuple of int
        Those of y that are squares of what stands in x.
    """

    @property
    def dropped(self) -> tuple[int, ...]:
        """See above."""

    @property
    def squares(self) -> tuple[int, ...]:
        """See above."""

    def rest(self, y: np.ndarray) -> np.ndarray:
        """The coordinates x that are left, shape (m,)."""

    def whole(self, x: np.ndarray, v: Value) -> np.ndarray:
        """All coordinates y, shape (n,)."""

    def jacobian(self, x: np.ndarray, v: Value) -> np.ndarray:
        """Derivatives of y by x and v, shape (n, m + 1)."""

    def sizes(self, y: np.ndarray) -> np.ndarray:
        """Sizes of the coordinates, shape (n,), as far as these are free: infinite where they are held."""

    def bending(self, gradient: np.ndarray, x: np.ndarray, v: Value) -> np.ndarray | float:
        """What the second derivatives of y add to those of a function with this gradient by y: (m + 1, m + 1)."""


@cache
def _others(places: tuple[int, ...], n: int) -> np.ndarray:
    """Which of n coordinates have other places."""
    return np.delete(np.arange(n), places)


def _put(places: tuple[int, ...], x: np.ndarray, value: Value) -> np.ndarray:
    """Coordinates of a value in these places, and x in the others."""
    y = np.empty((len(x) + len(places), *x.shape[1:]))
    y[list(places)], y[_others(places, len(y))] = value, x
    return y


def _of_others(places: tuple[int, ...], x: np.ndarray) -> np.ndarray:
    """Derivatives of coordinates by x, which are in other places, and by a value in these."""
    plain = _of_one(places, len(x))
    return np.repeat(plain[..., None], x.shape[1], axis=-1) if x.ndim > 1 else plain.copy()


@cache
def _of_one(places: tuple[int, ...], m: int) -> np.ndarray:
    """The same of one point, of m others."""
    out = np.zeros((m + len(places), m + 1))
    out[_others(places, len(out)), np.arange(m)] = 1.0
    out[list(places), -1] = 1.0
    return out


def _unless(places: tuple[int, ...], y: np.ndarray) -> np.ndarray:
    """Sizes of coordinates but for those in these places."""
    out = np.abs(y)
    out[list(places)] = math.inf
    return out


@dataclass(frozen=True)
class Fixed:
    """Coordinates that are v themselves."""

    places: tuple[int, ...]
    squares = ()

    @property
    def dropped(self) -> tuple[int, ...]:
        """See `Held`."""
        return self.places

    def rest(self, y: np.ndarray) -> np.ndarray:
        """See `Held.rest`."""
        return y[_others(self.places, len(y))]

    def whole(self, x: np.ndarray, v: Value) -> np.ndarray:
        """See `Held.whole`."""
        return _put(self.places, x, v)

    def jacobian(self, x: np.ndarray, v: Value) -> np.ndarray:
        """See `Held.jacobian`."""
        return _of_others(self.places, x)

    def sizes(self, y: np.ndarray) -> np.ndarray:
        """See `Held.sizes`."""
        return _unless(self.places, y)

    def bending(self, gradient: np.ndarray, x: np.ndarray, v: Value) -> float:
        """See `Held.bending`."""
        return 0.0


@dataclass(frozen=True)
class Ratio:
    """A coordinate that is v over the exponential of another: a relative standard deviation, and log sigma."""

    place: int
    log_scale: int
    squares = ()

    @property
    def dropped(self) -> tuple[int, ...]:
        """See `Held`."""
        return (self.place,)

    def rest(self, y: np.ndarray) -> np.ndarray:
        """See `Held.rest`."""
        return y[_others((self.place,), len(y))]

    def whole(self, x: np.ndarray, v: Value) -> np.ndarray:
        """See `Held.whole`."""
        return _put((self.place,), x, v * np.exp(-x[self._scale]))

    def jacobian(self, x: np.ndarray, v: Value) -> np.ndarray:
        """See `Held.jacobian`."""
        out, less = _of_others((self.place,), x), np.exp(-x[self._scale])
        out[self.place, self._scale], out[self.place, -1] = -v * less, less
        return out

    def sizes(self, y: np.ndarray) -> np.ndarray:
        """See `Held.sizes`."""
        return _unless((self.place,), y)

    def bending(self, gradient: np.ndarray, x: np.ndarray, v: Value) -> np.ndarray:
        """See `Held.bending`."""
        out, s = np.zeros((len(x) + 1, len(x) + 1, *x.shape[1:])), self._scale
        slope = gradient[self.place] * np.exp(-x[s])
        out[s, s], out[s, -1], out[-1, s] = v * slope, -slope, -slope
        return out

    @property
    def _scale(self) -> int:
        return self.log_scale - (self.place < self.log_scale)


@dataclass(frozen=True)
class Angle:
    """Three coordinates that are ``a²``, ``b² sin v`` and ``b² cos v``; a and b stand in x for the first two.

    Squares, as the sign of the first, or of both others, is that of the correlation ``sin v``, and the deviance has no
    slope along a and b where they are 0.
    """

    scale: int
    first: int
    second: int

    @property
    def dropped(self) -> tuple[int, ...]:
        """See `Held`."""
        return (self.second,)

    @property
    def squares(self) -> tuple[int, ...]:
        """See `Held`."""
        return self.scale, self.first

    def rest(self, y: np.ndarray) -> np.ndarray:
        """See `Held.rest`."""
        y = y.copy()
        length = np.hypot(y[self.first], y[self.second])
        y[self.scale], y[self.first] = np.sqrt(np.abs(y[self.scale])), np.sqrt(length)
        return y[_others((self.second,), len(y))]

    def whole(self, x: np.ndarray, v: Value) -> np.ndarray:
        """See `Held.whole`."""
        length = x[self.first] ** 2
        y = _put((self.second,), x, length * np.cos(v))
        y[self.scale], y[self.first] = x[self.scale] ** 2, length * np.sin(v)
        return y

    def jacobian(self, x: np.ndarray, v: Value) -> np.ndarray:
        """See `Held.jacobian`."""
        out, b, sine, cosine = _of_others((self.second,), x), x[self.first], np.sin(v), np.cos(v)
        out[self.scale, self.scale] = 2.0 * x[self.scale]
        out[self.first, self.first], out[self.first, -1] = 2.0 * b * sine, b * b * cosine
        out[self.second, self.first], out[self.second, -1] = 2.0 * b * cosine, -b * b * sine
        return out

    def sizes(self, y: np.ndarray) -> np.ndarray:
        """See `Held.sizes`: that of the second deviation is its length."""
        out = _unless((self.first,), y)
        out[self.second] = np.hypot(y[self.first], y[self.second])
        return out

    def bending(self, gradient: np.ndarray, x: np.ndarray, v: Value) -> np.ndarray:
        """See `Held.bending`."""
        out, k, b = np.zeros((len(x) + 1, len(x) + 1, *x.shape[1:])), self.first, x[self.first]
        along = gradient[self.first] * np.sin(v) + gradient[self.second] * np.cos(v)
        out[self.scale, self.scale] = 2.0 * gradient[self.scale]
        out[k, k], out[-1, -1] = 2.0 * along, -b * b * along
        out[k, -1] = out[-1, k] = 2.0 * b * (gradient[self.first] * np.cos(v) - gradient[self.second] * np.sin(v))
        return out


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
            with np.errstate(all="ignore"):  # what is not finite is not a decrease
                y = self.held.whole(x, v)
                if not np.isfinite(y).all():
                    raise OverflowError
                spot = self.surface.evaluate(y, None if last is None else last.spot)
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
        """X with diagonal elements of the factors that are near 0 raised, see `beside_zero`."""
        return beside_zero(self.held, v, x, self.surface.factors, low, raised)


def beside_zero(held: Held, v: Value, x: np.ndarray, moves: np.ndarray, low: float, raised: float) -> np.ndarray:
    """X with diagonal elements of the factors that are near 0, where slopes say nothing, raised; or x itself.

    Parameters
    ----------
    held : Held
    v : float or ndarray, shape (R,)
    x : ndarray, shape (m,) or (m, R)
    moves : ndarray, shape (n,) or (n, R)
        See `Surface.factors`.
    low, raised : float
        Elements below the first become the second, both in units of T of the columns worked with.
    """
    y, moves = held.whole(x, v), moves.reshape(len(moves), *[-1] * (x.ndim - 1))
    with np.errstate(invalid="ignore"):
        small = (moves > 0.0) & (held.sizes(y) * moves < low)
    if not small.any():
        return x
    out = held.rest(np.where(small, raised / np.where(moves > 0.0, moves, 1.0), y))
    return np.where(small.any(axis=0), out, x)
