"""Arithmetic and the elementary functions, always on floats of 64 bits.

Where a function is not defined it gives NaN or infinity, silently: the frame says later where that happens.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from ..values import Matrix, Value
from .kinds import ABSENT, computed, whole
from .registry import Site, described, function, numbers, one_number, one_truth

EXACT_DIGITS = 15  # decimal digits that a float of 64 bits holds: rounding to more changes nothing
MAX_PLACES = 300  # before and after the point, to which round() goes: powers of ten end at 308
MAX_DIGITS = 100  # that signif() takes; more than any float has
MAX_SEQUENCE = 10_000  # numbers that from:to may make
SLACK = 1e-10  # of a step: the last number of seq() is in, though the steps do not add up exactly (as in R)
Constants = bool | int | float | tuple | None


def _reckon(site: Site, operation: Callable, *values: Value) -> Value:
    """Apply an operation to numbers, columns of them, matrices or lists of constants."""
    if any(isinstance(value, Matrix | tuple) for value in values):
        return _of_several(site, operation, values)
    return computed(operation(*(numbers(site, value) for value in values)))


def _of_several(site: Site, operation: Callable, values: tuple[Value, ...]) -> Value:
    """Apply an operation to each column of matrices, or to each of the constants of lists."""
    matrices = [value for value in values if isinstance(value, Matrix) and value.values.shape[1] > 1]
    if matrices:
        widths = [matrix.values.shape[1] for matrix in matrices]
        if len(set(widths)) > 1:
            raise site.error(f"one side has {widths[0]} columns and the other {widths[1]}.")
        sides = [value.values if value in matrices else _beside(numbers(site, value)) for value in values]
        return Matrix(np.asarray(operation(*sides), dtype=float), matrices[0].names)
    if any(isinstance(value, tuple) for value in values) and all(isinstance(value, Constants) for value in values):
        lists = [value if isinstance(value, tuple) else (value,) for value in values]
        lengths = {len(each) for each in lists} - {1}
        if len(lengths) > 1:
            raise site.error(
                f"its lists have {' and '.join(map(str, sorted(lengths)))} constants; they must be as long."
            )
        read = [np.array([numbers(site, each) for each in constants], dtype=float) for constants in lists]
        return tuple(np.asarray(operation(*read), dtype=float).tolist())
    return computed(operation(*(numbers(site, value) for value in values)))


def _beside(values: Any) -> Any:
    """Numbers of the rows so that they meet those of every column."""
    return values[:, None] if np.ndim(values) else values


def _gamma(x: Any) -> Any:
    """Euler's gamma function, NaN at its poles."""
    pole = np.less_equal(x, 0) & np.equal(x, np.floor(x))
    return np.where(pole, np.nan, special.gamma(x))


# R's name and other names, what computes it, what it is.
OF_ONE: tuple[tuple[tuple[str, ...], Callable, str], ...] = (
    (("log2",), np.log2, "Logarithm to the base 2."),
    (("log10",), np.log10, "Logarithm to the base 10."),
    (("log1p",), np.log1p, "Natural logarithm of 1 + x, exact for small x."),
    (("exp",), np.exp, "Exponential function."),
    (("expm1",), np.expm1, "exp(x) - 1, exact for small x."),
    (("sqrt",), np.sqrt, "Square root."),
    (("square",), np.square, "Square, x^2."),
    (("abs", "absolute", "fabs"), np.abs, "Absolute value."),
    (("sign",), np.sign, "Sign: -1, 0 or 1."),
    (("sin",), np.sin, "Sine of radians."),
    (("cos",), np.cos, "Cosine of radians."),
    (("tan",), np.tan, "Tangent of radians."),
    (("asin", "arcsin"), np.arcsin, "Inverse sine, in radians."),
    (("acos", "arccos"), np.arccos, "Inverse cosine, in radians."),
    (("atan", "arctan"), np.arctan, "Inverse tangent, in radians."),
    (("sinh",), np.sinh, "Hyperbolic sine."),
    (("cosh",), np.cosh, "Hyperbolic cosine."),
    (("tanh",), np.tanh, "Hyperbolic tangent."),
    (("floor",), np.floor, "Largest whole number not above x."),
    (("ceiling", "ceil"), np.ceil, "Smallest whole number not below x."),
    (("trunc",), np.trunc, "Whole part, towards zero."),
    (("gamma",), _gamma, "Gamma function."),
    (("lgamma",), special.gammaln, "Logarithm of the absolute value of the gamma function."),
    (("factorial",), lambda x: _gamma(np.add(x, 1.0)), "Factorial, gamma(x + 1)."),
)

# Operators and functions of two numbers: names, what computes it, what it is.
OF_TWO: tuple[tuple[tuple[str, ...], Callable, str], ...] = (
    (("*", "multiply"), np.multiply, "Product."),
    (("/", "divide"), np.divide, "Quotient; 1/0 is infinite."),
    (("^", "power"), np.power, "Power; x^0 is 1 even where x is missing."),
    (("%%", "mod"), np.mod, "Remainder of the whole division, with the sign of the divisor."),
    (("%/%", "floor_divide"), np.floor_divide, "Whole division, rounded down."),
)


def _of_one(operation: Callable, line: str) -> Callable:
    def run(site: Site, x: Value) -> Value:
        return _reckon(site, operation, x)

    run.__doc__ = line
    return run


def _of_two(operation: Callable, line: str) -> Callable:
    def run(site: Site, x: Value, y: Value) -> Value:
        return _reckon(site, operation, x, y)

    run.__doc__ = line
    return run


for _names, _operation, _line in OF_ONE:
    function(*_names)(_of_one(_operation, _line))
for _names, _operation, _line in OF_TWO:
    function(*_names)(_of_two(_operation, _line))


@function("+", "add")
def plus(site: Site, x: Value, y: Any = ABSENT) -> Value:
    """Sum; before a single operand, the number itself."""
    return _reckon(site, np.positive, x) if y is ABSENT else _reckon(site, np.add, x, y)


@function("-", "subtract")
def minus(site: Site, x: Value, y: Any = ABSENT) -> Value:
    """Difference; before a single operand, its negative."""
    return _reckon(site, np.negative, x) if y is ABSENT else _reckon(site, np.subtract, x, y)


@function("log")
def log(site: Site, x: Value, base: Any = ABSENT) -> Value:
    """Natural logarithm, or that to a base."""
    if base is ABSENT:
        return _reckon(site, np.log, x)
    exact = {2.0: np.log2, 10.0: np.log10}.get(base) if isinstance(base, int | float) else None
    if exact is not None:
        return _reckon(site, exact, x)
    return _reckon(site, lambda number, to: np.log(number) / np.log(to), x, base)


@function("atan2", "arctan2")
def atan2(site: Site, y: Value, x: Value) -> Value:
    """Angle of the point (x, y), in radians."""
    return _reckon(site, np.arctan2, y, x)


@function("round")
def round_(site: Site, x: Value, digits: Value = 0) -> Value:
    """Round to decimals, or to tens where digits is negative; halves to the even neighbour."""
    places = one_number(site, digits, "digits")
    if not abs(places) <= MAX_PLACES:
        raise site.error(f"digits is from -{MAX_PLACES} to {MAX_PLACES}; got {places:g}.")
    return _reckon(site, lambda number: _rounded(np.asarray(number), int(np.floor(places + 0.5))), x)


def _rounded(x: np.ndarray, digits: int) -> np.ndarray:
    """The nearer of the two neighbours with so many decimals, as floats are; the even one of two as near.

    R says of its ``round`` since version 4.0.0 that it does so; NumPy's multiplies and divides, and differs.
    """
    if digits == 0:
        return np.rint(x)
    unit = 10.0 ** abs(digits)
    scaled = x * unit if digits > 0 else x / unit
    down, up = np.floor(scaled), np.ceil(scaled)
    below, above = (down / unit, up / unit) if digits > 0 else (down * unit, up * unit)
    under, over = x - below, above - x
    lower = (under < over) | ((under == over) & (np.mod(down, 2) == 0))
    exact = ~np.isfinite(scaled) | (digits + np.log10(np.abs(x)) > EXACT_DIGITS)
    return np.where(exact, x, np.where(lower, below, above))


@function("signif")
def signif(site: Site, x: Value, digits: Value = 6) -> Value:
    """Round to significant digits."""
    kept = whole(site, digits, "digits", 1, MAX_DIGITS)
    return _reckon(site, lambda number: _significant(np.asarray(number), kept), x)


def _significant(x: np.ndarray, digits: int) -> np.ndarray:
    places = digits - 1 - np.floor(np.log10(np.abs(x)))
    unit = 10.0 ** np.abs(places)
    rounded = np.where(places > 0, np.rint(x * unit) / unit, np.rint(x / unit) * unit)
    return np.where(np.isfinite(unit) & np.isfinite(x) & (x != 0) & (digits <= EXACT_DIGITS), rounded, x)


@function("pmin", "minimum")
def pmin(site: Site, *values: Value, na_rm: Value = False) -> Value:
    """Smallest of several numbers, row by row."""
    return _extreme(site, values, na_rm, np.minimum, np.fmin)


@function("pmax", "maximum")
def pmax(site: Site, *values: Value, na_rm: Value = False) -> Value:
    """Largest of several numbers, row by row."""
    return _extreme(site, values, na_rm, np.maximum, np.fmax)


def _extreme(site: Site, values: tuple[Value, ...], na_rm: Value, strict: Callable, lenient: Callable) -> Value:
    """Reduce row by row; `lenient` is that which passes over missing numbers."""
    if not values:
        raise site.error("it needs at least one column.")
    chosen = lenient if one_truth(site, na_rm, "na.rm") else strict
    found = _reckon(site, np.positive, values[0])
    for value in values[1:]:
        found = _reckon(site, chosen, found, value)
    return found


@function("(")
def parentheses(site: Site, x: Value) -> Value:
    """What stands in the parentheses, unchanged."""
    return x


@function("I")
def as_is(site: Site, x: Value) -> Value:
    """The same value; inside of it operators are arithmetic."""
    return x


@function("c", named=True)
def combined(site: Site, *values: Value) -> Value:
    """List of constants, for arguments such as levels and knots."""
    flat: list[Any] = []
    for value in values:
        if isinstance(value, tuple):
            flat += value
        elif value is None or isinstance(value, bool | int | float | str):
            flat.append(value)
        else:
            raise site.error("c() lists constants; columns stand side by side in cbind().")
    return tuple(flat)


@function("seq")
def seq(site: Site, from_: Value, to: Value, by: Value = None, length_out: Value = None) -> Value:
    """List of constants from one number to another, by a step or so many of them."""
    first, last = one_number(site, from_, "from"), one_number(site, to, "to")
    if by is not None and length_out is not None:
        raise site.error("it takes the step, by, or the number of constants, length.out, and not both.")
    if length_out is not None:
        return tuple(np.linspace(first, last, whole(site, length_out, "length.out", 1, MAX_SEQUENCE)).tolist())
    step = one_number(site, by, "by") if by is not None else 1.0 if last >= first else -1.0
    count = (last - first) / step + 1 if step else np.nan
    if not 1 <= count <= MAX_SEQUENCE:
        raise site.error(f"from {first:g} to {last:g} by {step:g} are not 1 to {MAX_SEQUENCE:,} numbers.")
    return tuple((first + step * np.arange(int(count + SLACK))).tolist())


@function("rev")
def rev(site: Site, x: Value) -> Value:
    """List of constants in the opposite order."""
    if not isinstance(x, tuple):
        raise site.error(f"it turns a list of constants around, such as levels(f), not {described(x)}.")
    return x[::-1]


@function(":")
def sequence(site: Site, from_: Value, to: Value) -> Value:
    """List of the constants from one whole number to another, by ones."""
    if not all(isinstance(end, int | float) for end in (from_, to)):
        raise site.error(
            "inside of a function : is R's operator of sequences, for two constants; for the combinations of two "
            "categories write interaction(a, b)."
        )
    first, last = one_number(site, from_, "the start"), one_number(site, to, "the end")
    if not (abs(last - first) < MAX_SEQUENCE and first == np.floor(first)):
        raise site.error(f"it starts at a whole number and has at most {MAX_SEQUENCE:,} numbers.")
    step = 1 if last >= first else -1
    return tuple(first + step * k for k in range(int(abs(last - first)) + 1))
