"""Arithmetic and logic as an engine computes them row by row: of floats, and null wherever memory has NaN.

Truth values are the numbers 1 and 0, so that what is missing in them is null in every engine: a comparison with NaN is
False where columns are NumPy's. Where a function is not defined its argument is made missing first, because engines end
a query there.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import reduce
from operator import and_

import narwhals.stable.v2 as nw

__all__ = [
    "all_of",
    "any_of",
    "divided",
    "exp_less_1",
    "floor",
    "larger",
    "log_of_1_and",
    "negative",
    "power",
    "sound",
    "told",
]

MOST_FACTORS = 8  # whole powers up to which numbers are multiplied: no engine's power is as exact
EXACT = 2.0**53  # from here on, floats do not tell whole numbers apart
SPLITTER = 2.0**27 + 1.0  # parts a float in two halves, whose products are exact (Dekker 1971)
Number = nw.Expr | float
Step = Callable[[nw.Expr], nw.Expr]


def sound(expression: nw.Expr) -> nw.Expr:
    """The numbers of an expression, null where they are infinite or NaN.

    By subtraction: what engines know of the largest numbers of a Parquet file leaves NaN out.
    """
    return nw.when((expression - expression) == 0).then(expression)


def told(condition: nw.Expr, *numbers: nw.Expr) -> nw.Expr:
    """Whether a condition of some numbers holds: 1 or 0, null where one of these is missing."""
    return _where_all(numbers, condition.cast(nw.Float64))


def _where_all(numbers: tuple[nw.Expr, ...], expression: nw.Expr) -> nw.Expr:
    return nw.when(reduce(and_, [~(number - number).is_null() & (number == number) for number in numbers])).then(
        expression
    )


def all_of(x: nw.Expr, y: nw.Expr) -> nw.Expr:
    """Whether both are true; false where one is, whatever the other."""
    return nw.when((x == 0) | (y == 0)).then(nw.lit(0.0)).otherwise(x * y)


def any_of(x: nw.Expr, y: nw.Expr) -> nw.Expr:
    """Whether one is true; true where one is, whatever the other."""
    return nw.when((x == 1) | (y == 1)).then(nw.lit(1.0)).otherwise(x + y)


def larger(x: nw.Expr, y: nw.Expr) -> nw.Expr:
    """The larger of two numbers."""
    return _where_all((x, y), nw.when(x >= y).then(x).otherwise(y))


def negative(x: nw.Expr) -> nw.Expr:
    """The number with the other sign; older versions of narwhals have no minus with one argument."""
    return x * -1.0


def floor(x: nw.Expr) -> nw.Expr:
    """The largest whole number that is not above."""
    return x // 1.0


def log_of_1_and(x: nw.Expr) -> nw.Expr:
    """``log(1 + x)``, exact for small x: what rounding takes of the sum is taken of the quotient too (Kahan)."""
    above = nw.when(x > -1).then(x)
    more = 1.0 + above
    return nw.when(more == 1).then(above).otherwise(more.log() * above / (more - 1.0))


def exp_less_1(x: nw.Expr) -> nw.Expr:
    """``exp(x) - 1``, exact for small x, in the same way."""
    power_of_e = x.exp()
    less = power_of_e - 1.0
    near = less * x / nw.when(power_of_e > 0).then(power_of_e).log()
    return nw.when(power_of_e == 1).then(x).otherwise(nw.when((less == -1) | (x > 1)).then(less).otherwise(near))


def power(base: nw.Expr, exponent: Number) -> nw.Expr:
    """A power; x^0 and 1^x are 1 even where x is missing."""
    if isinstance(exponent, nw.Expr):
        return nw.when((exponent == 0) | (base == 1)).then(nw.lit(1.0)).otherwise(base**exponent)
    if exponent == 0:
        return nw.when(base.is_null()).then(nw.lit(1.0)).otherwise(nw.lit(1.0))
    if not (exponent == math.floor(exponent) and abs(exponent) <= MOST_FACTORS):
        return base**exponent
    product = base
    for _ in range(abs(int(exponent)) - 1):
        product = product * base
    return product if exponent > 0 else 1.0 / product


def divided(x: nw.Expr, y: Number, step: Step) -> tuple[nw.Expr, nw.Expr]:
    """Quotient of the whole division, rounded down, and its remainder, which has the sign of the divisor.

    Both are those of the floats as they are, which a difference of rounded numbers is not: 1 is nine times 0.1 and 0.1
    less a little, because the float 0.1 is above a tenth. The quotient of floats is never below the true one after it
    was rounded down, and one above it at most; the product of it and the divisor is had exactly, as a sum of two.

    Parameters
    ----------
    x : narwhals.Expr
    y : narwhals.Expr or float
    step : callable
        Makes a column of an expression that is used many times.
    """
    x, y = step(x), step(y) if isinstance(y, nw.Expr) else y
    over, under = x.abs(), y.abs() if isinstance(y, nw.Expr) else abs(y)
    ratio = step(over / under)
    times = step(floor(nw.when(ratio < EXACT).then(ratio)))
    left = step(_less_product(over, times, under, step))
    above = (left < 0).cast(nw.Float64)
    times, left = times - above, step(left + above * under)
    apart = step((((x < 0) & (y > 0)) | ((x > 0) & (y < 0))).cast(nw.Float64))
    more = apart * (left > 0).cast(nw.Float64)
    signed = left * (1.0 - 2.0 * (x < 0).cast(nw.Float64))
    return (1.0 - 2.0 * apart) * times - more, signed + more * y


def _less_product(x: nw.Expr, a: nw.Expr, b: Number, step: Step) -> nw.Expr:
    """``x - a b``, where that is a float: exactly."""
    product = a * b
    (high, low), (upper, lower) = _halves(a, step), _halves(b, step)
    rest = ((high * upper - product) + high * lower + low * upper) + low * lower
    return (x - product) - rest


def _halves(x: Number, step: Step) -> tuple[Number, Number]:
    """A float as the sum of two with half as many digits."""
    large = SPLITTER * x
    high = large - (large - x)
    high = step(high) if isinstance(high, nw.Expr) else high
    return high, x - high
