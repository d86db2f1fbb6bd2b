"""Which numbers a printed one may stand for, and what follows for others: arithmetic with intervals.

A rule that finds a printed number outside of its interval has proved that it cannot be, whatever the digits were that
rounding took away.

References
----------
Moore, R. E., Kearfott, R. B., & Cloud, M. J. (2009). *Introduction to Interval Analysis*. SIAM. Chapter 2.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Decimal
from typing import NamedTuple

from replications.errors import RegistryError
from replications.rounding import parse

TWICE = 1.1
"""R may round a number to one place more before it rounds it to the last: half a unit, and half of a tenth of one."""
SMALLEST = 1e-10
"""Below this a bound as "<2e-16" is itself rounded: it stands for 2.2e-16."""
ARITHMETIC = 1e-12
"""What double precision may lose of a result, as a share of it."""


class Interval(NamedTuple):
    """The numbers from ``low`` to ``high``.

    Examples
    --------
    >>> Interval(1.0, 2.0) - Interval(0.5, 1.0), Interval(2.0, 4.0) / Interval(1.0, 2.0)
    (Interval(low=0.0, high=1.5), Interval(low=1.0, high=4.0))
    """

    low: float
    high: float

    @classmethod
    def exactly(cls, value: float) -> Interval:
        """Return the interval of one number."""
        return cls(value, value)

    def plus(self, other: Interval) -> Interval:
        """Return all sums."""
        return Interval(self.low + other.low, self.high + other.high)

    def __sub__(self, other: Interval) -> Interval:
        return Interval(self.low - other.high, self.high - other.low)

    def __mul__(self, other: Interval | float) -> Interval:  # type: ignore[override]
        other = other if isinstance(other, Interval) else Interval(other, other)
        products = [0.0 if 0.0 in (a, b) else a * b for a in self for b in other]
        return Interval(min(products), max(products))

    def __truediv__(self, other: Interval | float) -> Interval:
        other = other if isinstance(other, Interval) else Interval(other, other)
        if other.low <= 0 <= other.high:
            return EVERYTHING
        return self * Interval(1 / other.high, 1 / other.low)

    def monotone(self, function: Callable[[float], float]) -> Interval:
        """Return the values of a function that only rises, or only falls."""
        ends = function(self.low), function(self.high)
        return Interval(min(ends), max(ends))

    def within(self, low: float, high: float) -> Interval:
        """Return the part between two numbers; the nearer of them if there is none."""
        return Interval(min(max(self.low, low), high), max(min(self.high, high), low))

    @property
    def magnitude(self) -> Interval:
        """The absolute values."""
        if self.low <= 0 <= self.high:
            return Interval(0.0, max(-self.low, self.high))
        return Interval(*sorted((abs(self.low), abs(self.high))))

    def meets(self, other: Interval) -> bool:
        """Tell whether a number lies in both, but for what double precision loses."""
        spare = ARITHMETIC * max((abs(end) for end in (*self, *other) if math.isfinite(end)), default=0.0)
        return self.low <= other.high + spare and other.low <= self.high + spare


EVERYTHING = Interval(-math.inf, math.inf)
NORMAL = Interval(math.inf, math.inf)
"""The degrees of freedom of a t statistic that is normal."""


def printed(text: str, times: float = TWICE) -> Interval | None:
    """Return the numbers that a printed one may stand for; None if it is not a number (``NA``, ``Inf``).

    Parameters
    ----------
    text : str
        ``"3.262"``, ``"<2e-16"``, ``"> .9999"``, ``"25,697"``, ``"13.8%"``.
    times : float
        1 for a number that was rounded once.

    Examples
    --------
    >>> printed("<2e-16").high, printed("0.5", 1), printed("NaN")
    (2.55e-16, Interval(low=0.45, high=0.55), None)
    """
    above = text.strip().startswith(">")
    try:
        number = parse(text.strip().lstrip("<>= "))
    except RegistryError:
        return None
    value, half = number.value, number.half * Decimal(str(times))
    if text.strip().startswith("<"):
        return Interval(0.0, float(value + half if value < SMALLEST else value))
    if above:
        return Interval(float(value), math.inf)
    return Interval(float(value - half), float(value + half))


def printed_once(text: str) -> Interval | None:
    """Return the numbers that round to a printed one: within half a unit of its last place."""
    return printed(text, 1.0)


def exact(text: str) -> Interval | None:
    """Return a printed count as the interval of one number; one with decimals or an exponent as it may be."""
    found = printed(text)
    if found is None or any(mark in text for mark in ".e"):
        return found
    return Interval.exactly(float(parse(text).value))


def as_printed(allowed: Interval, text: str) -> str:
    """Write in the style of a printed number what would have been consistent with an interval.

    Examples
    --------
    >>> as_printed(Interval(58.5424, 58.5438), "58.545"), as_printed(Interval(1.0, 1.0), "2")
    ('58.542 to 58.544', '1')
    """
    if not math.isfinite(allowed.low) or not math.isfinite(allowed.high):
        bounds = [f"{'at least' if math.isfinite(allowed.low) else 'at most'} {end:.6g}" for end in allowed]
        return next((bound for bound, end in zip(bounds, allowed, strict=True) if math.isfinite(end)), "any number")
    number = parse(text.strip().lstrip("<>= "))
    if number.style != "fixed" or max(map(abs, allowed)) > 1e15:
        ends = [f"{end:.4g}" for end in allowed]
    else:
        ends = [_rounded(end, number.place) for end in allowed]
        if ends[0] == ends[1] and number.value == Decimal(ends[0]):
            ends = [f"{end:.6g}" for end in allowed]
    return ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"


def _rounded(end: float, place: int) -> str:
    rounded = Decimal(repr(end)).quantize(Decimal(1).scaleb(place), ROUND_HALF_EVEN)
    return f"{rounded if rounded else abs(rounded):f}"
