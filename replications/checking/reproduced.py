"""Whether a computed number gives a printed one: to its last place, to its digits, or by way of more places."""

from __future__ import annotations

import math
import re
from decimal import ROUND_HALF_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, InvalidOperation

from replications.checking.answers.cells import Value
from replications.errors import RegistryError
from replications.printouts.block import Number
from replications.rounding import agrees, decimal, parse, show

SIGNIFICANT = ("rse", "f", "deviance", "null_deviance", "dispersion")
"""What summaries of ``lm`` and ``glm`` round to significant digits."""
MORE_PLACES = 3
"""Places to which R may have rounded a number before it rounded it to those that are printed."""


def reproduces(value: Value, number: Number) -> bool:
    """Tell whether a computed number reproduces a printed one by the rule of the registries."""
    if isinstance(value, LookupError):
        return False
    if isinstance(value, float) and math.isinf(value):
        return number.text.strip() == "Inf"
    if isinstance(value, str) or number.id.endswith(".stars"):
        return value == number.text
    text = number.text.strip()
    if text.startswith("<"):
        bound = parse(text)
        return decimal(value) < bound.value + (bound.half if bound.value < Decimal("1e-10") else 0)
    try:
        return agrees(value, text) or (number.id in SIGNIFICANT and _to_digits(value, text))
    except RegistryError:
        return False


def _to_digits(value: float, text: str) -> bool:
    """Tell whether a whole number was rounded to significant digits before it was printed: 6395000."""
    digits = parse(text).value.normalize().as_tuple().digits
    return value != 0 and decimal(float(f"{value:.{len(digits) - 1}e}")) == parse(text).value


def rounded_twice(value: float, text: str) -> str | None:
    """Return the number of more places by way of which a computed one gives the printed one.

    Examples
    --------
    >>> rounded_twice(1780.4973, "1780"), rounded_twice(1779.4973, "1780"), rounded_twice(1779.4, "1780")
    ('1780.5', '1779.5', None)
    """
    place = parse(text).place
    for more in range(1, MORE_PLACES + 1):
        via = decimal(value).quantize(Decimal(1).scaleb(place - more), ROUND_HALF_EVEN)
        for rounding in (ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_HALF_DOWN):
            if via.quantize(Decimal(1).scaleb(place), rounding) == parse(text).value:
                return f"{via:f}"
    return None


def twice(value: float, number: Number) -> str | None:
    """Return the number of more places by way of which a computed one gives a printed one; None where it does not."""
    try:
        return None if number.text.strip().startswith("<") else rounded_twice(value, number.text.strip())
    except (RegistryError, InvalidOperation):  # of a number far larger than the printed one
        return None


def shown_as(value: Value, number: Number) -> str:
    """Return a computed number as it would have been printed."""
    if isinstance(value, float) and math.isfinite(value):
        text = re.sub(r"^<\s*", "", number.text.strip())
        try:
            return show(value, text)
        except (RegistryError, InvalidOperation):
            return f"{value:.6g}"
    return str(value)
