"""Functions of formulas as an engine computes them, row by row; what is undefined is missing."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Any

import narwhals.stable.v2 as nw

from ..errors import DataError, shorten
from .functions.kinds import ABSENT
from .functions.registry import Function, Site, described, one_number, one_truth
from .functions.table import found
from .lazy_arithmetic import (
    all_of,
    any_of,
    divided,
    exp_less_1,
    floor,
    larger,
    log_of_1_and,
    negative,
    power,
    sound,
    told,
)
from .lazy_table import LazyTable

__all__ = ["Lazily", "LazySite", "lazy_function", "numbers_of"]


@dataclass(frozen=True, slots=True)
class Lazily:
    """Numbers, or truth values, that an engine computes row by row; null is missing.

    Attributes
    ----------
    expression : narwhals.Expr
        Floats; of truth values 1 and 0.
    truth : bool
    """

    expression: nw.Expr
    truth: bool = False


@dataclass
class LazySite(Site):
    """Where a function is called, the table whose rows it may learn from, and what makes a column of an expression."""

    table: Any = None
    step: Callable[[nw.Expr], nw.Expr] = lambda expression: expression


def numbers_of(site: Site, value: Any) -> nw.Expr:
    """Numbers as floats.

    Raises
    ------
    DataError
        When the value is of words.
    """
    if isinstance(value, Lazily):
        return value.expression
    if isinstance(value, bool | int | float):
        return nw.lit(float(value))
    raise site.error(f"it needs numbers, not {described(value)}.")


def _truths(site: Site, value: Any) -> nw.Expr:
    """Truth values; numbers other than 0 are true."""
    if isinstance(value, Lazily) and value.truth:
        return value.expression
    number = numbers_of(site, value)
    return told(number != 0, number)


def _of_one(compute: Callable[[nw.Expr], nw.Expr]) -> Callable[..., Lazily]:
    def run(site: Site, x: Any) -> Lazily:
        return Lazily(compute(numbers_of(site, x)))

    return run


def _of_two(compute: Callable[[nw.Expr, nw.Expr], nw.Expr]) -> Callable[..., Lazily]:
    def run(site: Site, x: Any, y: Any) -> Lazily:
        return Lazily(compute(numbers_of(site, x), numbers_of(site, y)))

    return run


def _compared(compare: Callable[[nw.Expr, nw.Expr], nw.Expr]) -> Callable[..., Lazily]:
    def run(site: Site, x: Any, y: Any) -> Lazily:
        left, right = numbers_of(site, x), numbers_of(site, y)
        return Lazily(told(compare(left, right), left, right), True)

    return run


def _logical(compute: Callable[..., nw.Expr]) -> Callable[..., Lazily]:
    def run(site: Site, *values: Any) -> Lazily:
        return Lazily(compute(*(_truths(site, value) for value in values)), True)

    return run


def _constant_or_numbers(site: Site, value: Any) -> nw.Expr | float:
    """Numbers of the rows, or one for all."""
    return float(value) if isinstance(value, bool | int | float) else numbers_of(site, value)


def _whole_division(part: int) -> Callable[..., Lazily]:
    def run(site: LazySite, x: Any, y: Any) -> Lazily:
        return Lazily(divided(numbers_of(site, x), _constant_or_numbers(site, y), site.step)[part])

    return run


def _truncated(x: nw.Expr) -> nw.Expr:
    return nw.when(x < 0).then(negative(floor(negative(x)))).otherwise(floor(x))


def _sign(x: nw.Expr) -> nw.Expr:
    return told(x > 0, x) - told(x < 0, x)


def _plus(site: Site, x: Any, y: Any = ABSENT) -> Lazily:
    return Lazily(numbers_of(site, x) if y is ABSENT else numbers_of(site, x) + numbers_of(site, y))


def _minus(site: Site, x: Any, y: Any = ABSENT) -> Lazily:
    return Lazily(negative(numbers_of(site, x)) if y is ABSENT else numbers_of(site, x) - numbers_of(site, y))


def _log(site: Site, x: Any, base: Any = ABSENT) -> Lazily:
    number = numbers_of(site, x)
    above = nw.when(number > 0).then(number)
    return Lazily(above.log() if base is ABSENT else above.log(one_number(site, base, "base")))


def _power(site: Site, x: Any, y: Any) -> Lazily:
    return Lazily(power(numbers_of(site, x), _constant_or_numbers(site, y)))


def _same(site: Site, x: Any) -> Lazily:
    return x if isinstance(x, Lazily) else Lazily(numbers_of(site, x))


def _if_else(site: LazySite, test: Any, yes: Any, no: Any) -> Lazily:
    asked = _truths(site, test)
    both = all(isinstance(side, bool) or (isinstance(side, Lazily) and side.truth) for side in (yes, no))
    sides = [Lazily(nw.lit(None, dtype=nw.Float64)) if side is None else side for side in (yes, no)]
    if any(isinstance(side, str) for side in sides):
        raise DataError(
            f"{shorten(site.label)!r} makes words of numbers, which is not translated for {site.table.engine}. Make "
            f"the column there before the fit and name it in the formula, or fit the rows in memory, "
            f"mlm.lmer(formula, data{site.table.remedy})."
        )
    chosen = [_truths(site, side) if both else numbers_of(site, side) for side in sides]
    return Lazily(nw.when(asked == 1).then(chosen[0]).otherwise(nw.when(asked == 0).then(chosen[1])), both)


def _largest(site: Site, *values: Any) -> Lazily:
    return Lazily(reduce(larger, [numbers_of(site, value) for value in values]))


def _smallest(site: Site, *values: Any) -> Lazily:
    return Lazily(negative(reduce(larger, [negative(numbers_of(site, value)) for value in values])))


def _is_in(site: Site, x: Any, table: Any) -> Lazily:
    read = numbers_of(site, x)
    some = [one_number(site, each, "each on the right") for each in (table if isinstance(table, tuple) else (table,))]
    return Lazily(nw.when(read.is_in(some)).then(nw.lit(1.0)).otherwise(nw.lit(0.0)), True)


def _is_missing(site: Site, x: Any) -> Lazily:
    return Lazily(sound(numbers_of(site, x)).is_null().cast(nw.Float64), True)


def _scale(site: LazySite, x: Any, center: Any = True, scale: Any = True) -> Lazily:
    read = numbers_of(site, x)

    def learn() -> tuple[float, float]:
        middle = center if not isinstance(center, bool) else moments(site, read)["mean"] if center else 0.0
        unit = scale if not isinstance(scale, bool) else _root_mean_square(site, read, middle) if scale else 1.0
        return one_number(site, middle, "center"), one_number(site, unit, "scale")

    middle, unit = site.keep("center and scale", learn)
    if not (math.isfinite(middle) and math.isfinite(unit) and unit != 0):
        raise site.error(f"it would subtract {middle:g} and divide by {unit:g}.")
    return Lazily((read - middle) / unit)


def _center(site: LazySite, x: Any) -> Lazily:
    return _scale(site, x, True, False)


def _root_mean_square(site: LazySite, read: nw.Expr, middle: float) -> float:
    """Root of the sum of squares over n - 1, about a number."""
    away = sound(read) - middle
    found = site.table.numbers({"n": _counted(away), "squares": (away * away).sum()})
    return math.sqrt(found["squares"] / (found["n"] - 1.0)) if found["n"] > 1 else math.nan


def _counted(expression: nw.Expr) -> nw.Expr:
    """How many numbers are not missing, as a float."""
    return (~expression.is_null()).cast(nw.Float64).sum()


def moments(site: LazySite, read: nw.Expr) -> dict[str, float]:
    """Number of rows, of numbers that are not missing, and their mean, smallest and largest."""
    some = sound(read)
    asked = {"rows": nw.len(), "n": _counted(some), "mean": some.mean(), "min": some.min(), "max": some.max()}
    return site.table.numbers(asked)


def _moment(name: str) -> Callable[..., float]:
    def run(site: LazySite, x: Any, na_rm: Any = False) -> float:
        def learn() -> float:
            read = numbers_of(site, x)
            found = moments(site, read)
            absent = int(found["rows"] - found["n"])
            if absent and not one_truth(site, na_rm, "na.rm"):
                raise site.error(
                    f"{absent} of {int(found['rows'])} numbers are missing; with na.rm = TRUE it passes over them."
                )
            deviation = _root_mean_square(site, read, found["mean"]) if name in ("sd", "var") else 0.0
            return {**found, "sd": deviation, "var": deviation**2}[name]

        return site.keep("value", learn)

    return run


TABLE: dict[str, Callable[..., Any]] = {
    "+": _plus,
    "-": _minus,
    "*": _of_two(operator.mul),
    "/": _of_two(operator.truediv),
    "^": _power,
    "%/%": _whole_division(0),
    "%%": _whole_division(1),
    "log": _log,
    "log2": _of_one(lambda x: nw.when(x > 0).then(x).log(2)),
    "log10": _of_one(lambda x: nw.when(x > 0).then(x).log(10)),
    "log1p": _of_one(log_of_1_and),
    "exp": _of_one(lambda x: x.exp()),
    "expm1": _of_one(exp_less_1),
    "sqrt": _of_one(lambda x: nw.when(x >= 0).then(x).sqrt()),
    "square": _of_one(lambda x: x * x),
    "abs": _of_one(lambda x: x.abs()),
    "sign": _of_one(_sign),
    "floor": _of_one(floor),
    "ceiling": _of_one(lambda x: negative(floor(negative(x)))),
    "trunc": _of_one(_truncated),
    "as.integer": _of_one(_truncated),
    "as.numeric": _of_one(lambda x: x),
    "as.logical": _logical(lambda x: x),
    "I": _same,
    "ifelse": _if_else,
    "pmin": _smallest,
    "pmax": _largest,
    "==": _compared(operator.eq),
    "!=": _compared(operator.ne),
    "<": _compared(operator.lt),
    "<=": _compared(operator.le),
    ">": _compared(operator.gt),
    ">=": _compared(operator.ge),
    "!": _logical(lambda x: 1.0 - x),
    "&": _logical(all_of),
    "|": _logical(any_of),
    "%in%": _is_in,
    "is.na": _is_missing,
    "scale": _scale,
    "center": _center,
    "mean": _moment("mean"),
    "sd": _moment("sd"),
    "var": _moment("var"),
    "min": _moment("min"),
    "max": _moment("max"),
}
BY_RUN = {found(name, {}).run: Function(name, run) for name, run in TABLE.items()}


def lazy_function(name: str, label: str, table: LazyTable) -> Function:
    """Look a function up that an engine can compute; other names of it are known, too.

    Raises
    ------
    DataError
        When there is none: with what to do instead.
    FormulaError
        When no formula can call it.
    """
    known = BY_RUN.get(found(name, {}).run)
    if known is None:
        raise DataError(
            f"{shorten(label)!r} cannot be computed where the data stay: {shorten(name)}() is not translated for "
            f"{table.engine}. Make the column there before the fit and name it in the formula, or fit the rows in "
            f"memory, mlm.lmer(formula, data{table.remedy})."
        )
    return known
