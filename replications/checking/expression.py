"""Whether a printed number can be the value of an expression of printed numbers."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Mapping

from mlm.errors import ArgumentError
from replications.checking.finding import AGREES, DIFFERS, Finding
from replications.checking.intervals import Interval, as_printed, printed_once

RULE = "value of the expression"
MOST_POWER = 12
"""Powers up to it are understood; what is printed has squares and cubes."""
_ONE = Interval(1.0, 1.0)
_NUMBER = re.compile(r"(?<![\w.])(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_FUNCTIONS: dict[str, tuple[Callable[[float], float], Callable[[float], float]]] = {
    "sqrt": (math.sqrt, lambda x: 0.5 / math.sqrt(x) if x > 0 else math.inf),
    "exp": (math.exp, math.exp),
    "log": (math.log, lambda x: 1 / x),
}
"""Functions that only rise, and their derivatives."""


class _Value:
    """The values an expression may have, and its derivatives by each of the rounded numbers in it."""

    def __init__(self, of: Interval, by: Mapping[str, Interval] | None = None) -> None:
        self.of, self.by = of, dict(by or {})

    def chained(self, of: Interval, slope: Interval) -> _Value:
        return _Value(of, {name: slope * by for name, by in self.by.items()})

    def joined(self, other: _Value, of: Interval, mine: Interval, theirs: Interval) -> _Value:
        by = self.chained(of, mine).by
        for name, slope in other.chained(of, theirs).by.items():
            by[name] = by[name].plus(slope) if name in by else slope
        return _Value(of, by)


def consistent(expression: str, printed: str) -> Finding:
    """Tell whether a printed number can be the value of an expression of printed numbers.

    Parameters
    ----------
    expression : str
        Numbers as they were printed, with ``+ - * / ^`` (or ``**``), brackets, ``sqrt``, ``exp`` and ``log``. A number
        with decimals may be any that rounds to it, the same one wherever it stands; a whole number is meant exactly.
    printed : str
        The result as it was printed.

    Returns
    -------
    Finding
        Its ``verdict`` is "agrees", or "differs" where no numbers that round to those of the expression give one that
        rounds to the result; ``allowed`` is the interval of the values that they give. It is true where it agrees.

    Raises
    ------
    mlm.ArgumentError
        If the expression is none, or the result is not a number.

    References
    ----------
    Moore, R. E., Kearfott, R. B., & Cloud, M. J. (2009). *Introduction to Interval Analysis*. SIAM. Section 6.4, on the
    monotonicity test.

    Examples
    --------
    >>> import replications
    >>> print(replications.consistent("0.657*58.99677 + (1-0.657)*57.6742", "58.545"))
    58.545 differs: value of the expression: 58.5424 to 58.5438 possible, so 58.542 to 58.544
    >>> bool(replications.consistent("10.64 / (10.64 + 66.55)", "0.138"))
    True
    """
    target = _result(printed)
    text, numbers = _numbers(expression)
    allowed = _values(_parsed(text, expression), numbers)
    verdict = AGREES if allowed.meets(target) else DIFFERS
    return Finding(
        verdict=verdict,
        rule=RULE,
        printed=printed,
        allowed=(allowed.low, allowed.high),
        consistent=as_printed(allowed, printed),
        reason=expression if verdict == AGREES else "",
    )


def _result(text: str) -> Interval:
    found = printed_once(text) if isinstance(text, str) else None
    if found is None:
        raise ArgumentError(f"printed is a number as it was printed, a str such as '58.545'; got {text!r}")
    return found


def _numbers(expression: str) -> tuple[str, dict[str, Interval]]:
    """Return an expression with names instead of its rounded numbers, and what each of them may stand for."""
    if not isinstance(expression, str):
        raise ArgumentError(f"expression is a str such as '0.5 / (0.5 + 1.2)'; got {type(expression).__name__}")
    names: dict[str, str] = {}

    def named(found: re.Match[str]) -> str:
        return names.setdefault(found[0], f"_{len(names)}") if re.search(r"[.e]", found[0]) else found[0]

    text = _NUMBER.sub(named, expression.replace("^", "**").replace("\N{MINUS SIGN}", "-").strip())
    return text, {name: interval for number, name in names.items() if (interval := printed_once(number))}


def _parsed(text: str, expression: str) -> ast.expr:
    try:
        return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ArgumentError(f"The expression {expression!r} cannot be read: numbers, + - * / ^ and brackets") from None


def _values(tree: ast.expr, numbers: dict[str, Interval]) -> Interval:
    """Return an interval that holds every value; its ends are met if each number pushes in one direction."""
    value = _evaluate(tree, numbers)
    pushing = {name: slope for name, slope in value.by.items() if slope.low >= 0 or slope.high <= 0}
    if not pushing or not all(map(math.isfinite, value.of)):
        return value.of
    least = {name: _end(numbers[name], low=slope.low >= 0) for name, slope in pushing.items()}
    most = {name: _end(numbers[name], low=slope.low < 0) for name, slope in pushing.items()}
    return Interval(_evaluate(tree, numbers | least).of.low, _evaluate(tree, numbers | most).of.high)


def _end(interval: Interval, *, low: bool) -> Interval:
    return Interval.exactly(interval.low if low else interval.high)


def _evaluate(node: ast.expr, numbers: Mapping[str, Interval]) -> _Value:
    match node:
        case ast.Constant(value=int() as value):
            return _Value(Interval.exactly(float(value)))
        case ast.Name(id=name) if name in numbers:
            return _Value(numbers[name], {name: Interval(1.0, 1.0)})
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            found = _evaluate(inner, numbers)
            return found.chained(found.of * -1.0, Interval(-1.0, -1.0))
        case ast.UnaryOp(op=ast.UAdd(), operand=inner):
            return _evaluate(inner, numbers)
        case ast.BinOp(left=left, op=operator, right=right):
            return _binary(_evaluate(left, numbers), operator, _evaluate(right, numbers))
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in _FUNCTIONS:
            return _called(name, _evaluate(argument, numbers))
    raise ArgumentError(f"An expression has numbers, + - * / ^, brackets, {', '.join(_FUNCTIONS)}, and nothing else")


def _binary(left: _Value, operator: ast.operator, right: _Value) -> _Value:
    one, two = left.of, right.of
    match operator:
        case ast.Add():
            return left.joined(right, one.plus(two), _ONE, _ONE)
        case ast.Sub():
            return left.joined(right, one - two, _ONE, _ONE * -1.0)
        case ast.Mult():
            return left.joined(right, one * two, two, one)
        case ast.Div():
            return left.joined(right, one / two, _ONE / two, (one * -1.0) / (two * two))
        case ast.Pow() if two.low == two.high and two.low == round(two.low) and 0 <= two.low <= MOST_POWER:
            return _power(left, round(two.low))
    raise ArgumentError(f"An expression has + - * / and powers from 0 to {MOST_POWER}, and no other operation")


def _power(value: _Value, power: int) -> _Value:
    base = value.of.magnitude if power % 2 == 0 else value.of
    slope = (
        value.of.monotone(lambda x: power * x ** max(power - 1, 0))
        if power % 2 == 0
        else base.magnitude.monotone(lambda x: power * x ** (power - 1))
    )
    return value.chained(base.monotone(lambda x: x**power), slope)


def _called(name: str, value: _Value) -> _Value:
    function, slope = _FUNCTIONS[name]
    try:
        return value.chained(value.of.monotone(function), value.of.monotone(slope))
    except (ValueError, ZeroDivisionError, OverflowError):
        raise ArgumentError(f"{name} has no value between {value.of.low:g} and {value.of.high:g}") from None
