"""The one rule by which a computed number reproduces a printed one.

A computed x reproduces a printed string if it may have been rounded to it: |x − printed| ≤ half a unit of the
last printed place. There is no other tolerance for a number. What is not a plain rounded number says so in
the registry by its ``relation``:

=========  =================================================================================================
rounded    the rule above (the registry leaves ``relation`` out)
``<``      a printed bound ("<2e-16"): x is smaller
``about``  a value put in words ("around 62") or read off a plot: within the ``tolerance`` written beside it
``over``   a lower bound in words ("a bit over 44,000"): at or above it, by no more than ``tolerance``
mostly     "mostly range from −5 to 5": x is the share of values on the inner side of the printed end,
           and "mostly" is taken as at least 90%
text       stars, number words and claims: the same string
=========  =================================================================================================

A ``%`` sign divides by 100: a computed share of 0.1379 reproduces "13.8%". ``decimals`` is for a print-out
that rounds to a fixed place and then drops zeros ("0.3" for 0.30): it makes the rule stricter.

R sometimes rounds twice (to significant digits, then to the layout's places), which can move the last digit
by one. The rule makes no allowance for it; such a value would be a known exception, with its reason.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from numbers import Real
from typing import SupportsFloat

from replications.errors import RegistryError

RELATIONS = ("rounded", "<", "about", "over", "mostly", "text")
MOSTLY = Decimal("0.9")

NUMBER_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")

_THOUSANDS = re.compile(r"-?[1-9]\d{0,2}(,\d{3})+(\.\d+)?")
_POWER = re.compile(r"\s*[×x]\s*10\s*\^\s*")


@dataclass(frozen=True, slots=True)
class Printed:
    """A printed number: its value, the exponent of its last place, and how it was written.

    Attributes
    ----------
    value : Decimal
        As a plain number: "13.8%" is 0.138, "1.25×10^5" is 125000.
    place : int
        Power of ten of the last printed place in ``value``: −3 for "13.8%".
    style : str
        "fixed", "percent", "thousands", "power" (×10^5) or "scientific" (1e-06).
    """

    value: Decimal
    place: int
    style: str

    @property
    def half(self) -> Decimal:
        """Half a unit of the last printed place."""
        return Decimal(5).scaleb(self.place - 1)


def parse(printed: str, decimals: int | None = None) -> Printed:
    """Read a printed number.

    Parameters
    ----------
    printed : str
        With an optional leading "<", thousands commas, a percent sign, a Unicode minus, a power of ten.
    decimals : int, optional
        Places the print-out was rounded to, where it dropped zeros at the end.

    Raises
    ------
    RegistryError
        If the string is not a number.

    Examples
    --------
    >>> parse("1.2538825×10^5").value, parse("1.2538825×10^5").half
    (Decimal('125388.25'), Decimal('0.005'))
    """
    text = printed.strip().lstrip("<").strip().replace("\N{MINUS SIGN}", "-").replace("E", "e")
    style = "fixed"
    if text.endswith("%"):
        style, text = "percent", text[:-1]
    elif _POWER.search(text):
        style, text = "power", _POWER.sub("e", text)
    elif _THOUSANDS.fullmatch(text):
        style, text = "thousands", text.replace(",", "")
    elif "e" in text:
        style = "scientific"
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise RegistryError(f"The printed string {printed!r} is not a number") from None
    if not value.is_finite() or not math.isfinite(float(value)):
        raise RegistryError(f"The printed string {printed!r} is not a finite number")
    if style == "percent":
        value = value.scaleb(-2)
    place = int(value.as_tuple().exponent)
    return Printed(value, place if decimals is None else -decimals, style)


def decimal(computed: SupportsFloat) -> Decimal:
    """Return a computed number as the decimal of 15 significant digits, which is what a double carries.

    A mean of exactly 42.15 is held as 42.14999999999999858, which would be more than half a unit from 42.2.
    """
    return Decimal(format(float(computed), ".15g"))


def agrees(
    computed: object,
    printed: str,
    relation: str = "rounded",
    tolerance: str | None = None,
    decimals: int | None = None,
) -> bool:
    """Tell whether a computed value reproduces a printed string.

    Parameters
    ----------
    computed : number or str
        Full precision; a share, not a percentage, where a percentage is printed. A string where the relation
        is "text" (a whole number serves for a number word).
    printed, relation, tolerance, decimals
        As in the registry; see the module's table.

    Raises
    ------
    RegistryError
        If the relation is unknown, or "about" and "over" come without a tolerance.

    Examples
    --------
    >>> agrees(0.13786, "13.8%"), agrees(0.1385, "13.8%"), agrees(0.1386, "13.8%")
    (True, True, False)
    >>> agrees(3e-123, "<2e-16", "<"), agrees(3, "three", "text")
    (True, True)
    """
    if relation not in RELATIONS:
        raise RegistryError(f"Unknown relation {relation!r} of {printed!r}: it is one of {', '.join(RELATIONS)}")
    if relation == "text":
        return as_text(computed, printed) == printed
    if isinstance(computed, str | bytes) or not isinstance(computed, Real) or not math.isfinite(computed):
        return False
    x, target = decimal(computed), parse(printed, decimals)
    match relation:
        case "<":
            return x < target.value
        case "mostly":
            return x >= MOSTLY
        case "about" | "over":
            if tolerance is None:
                raise RegistryError(f"The printed value {printed!r} has relation {relation!r} but no tolerance")
            low = target.value if relation == "over" else target.value - Decimal(tolerance)
            return low <= x <= target.value + Decimal(tolerance)
        case _:
            return abs(x - target.value) <= target.half


def as_text(computed: object, printed: str) -> str:
    """Return a computed value as text, a small whole number in words where a number word is printed."""
    if printed in NUMBER_WORDS and isinstance(computed, Real) and computed in range(len(NUMBER_WORDS)):
        return NUMBER_WORDS[round(float(computed))]
    return str(computed)


def show(computed: object, printed: str, relation: str = "rounded", decimals: int | None = None) -> str:
    """Write a computed value the way the printed one is written, with as many places.

    Examples
    --------
    >>> show(125388.2548, "1.2538825×10^5"), show(25696.6, "25,697"), show(0.17312, ".173")
    ('1.2538825×10^5', '25,697', '.173')
    """
    if relation == "text" or isinstance(computed, str) or not isinstance(computed, Real):
        return as_text(computed, printed)
    if not math.isfinite(computed):
        return str(float(computed))
    if relation == "mostly":
        return f"{float(computed):.0%} inside"
    x, target = decimal(computed), parse(printed, decimals)
    if relation == "<":
        return printed if x < target.value else f"{float(computed):.3g}"
    return _in_style(x.quantize(Decimal(1).scaleb(target.place), ROUND_HALF_EVEN), printed, target)


def _in_style(x: Decimal, printed: str, target: Printed) -> str:
    if not x:
        x = abs(x)  # R prints -0.0004 to three places as 0.000
    match target.style:
        case "percent":
            return f"{x.scaleb(2):f}%"
        case "thousands":
            return f"{x:,f}"
        case "power":
            exponent = int(_POWER.split(printed)[1])
            return f"{x.scaleb(-exponent):f}×10^{exponent}"
        case "scientific":
            digits = len(target.value.as_tuple().digits) - 1
            return f"{x:.{digits}e}" if not x else _scientific(x, digits)
        case _:
            text = f"{x:f}"
            return re.sub(r"^(-?)0\.", r"\1.", text) if re.match(r"-?\.", printed) else text


def _scientific(x: Decimal, digits: int) -> str:
    return f"{float(x):.{digits}e}"
