"""How a report is printed: R's options, and the arguments of its ``print()``."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from typing import Any

from ..errors import ArgumentError, brief, is_count, is_one_of
from . import r_numbers

__all__ = ["Style"]

MOST_DIGITS = 22  # digits that R prints at most
FEWER = 3  # digits that tables have fewer than R's option
LEAST_TABLE_DIGITS = 3  # that R's option leaves to them
LEAST_WIDTH, MOST_WIDTH = 10, 10_000  # characters of a line, as R has it


@dataclass(frozen=True, slots=True)
class Style:
    """How to print.

    Attributes
    ----------
    digits : int
        Digits of numbers in the text: R's ``options(digits = 7)``.
    table_digits : int
        Significant digits of the tables.
    scipen : int
        Penalty on scientific notation, in characters.
    width : int
        Characters of a line.
    correlation : bool or None
        Whether the correlations of the fixed effects are printed; None leaves it to their number.
    """

    digits: int = r_numbers.DIGITS
    table_digits: int = r_numbers.DIGITS - FEWER
    scipen: int = 0
    width: int = r_numbers.LINE_WIDTH
    correlation: bool | None = None

    @classmethod
    def of(
        cls, digits: Any, table_digits: Any, scipen: Any, width: Any, correlation: Any = None, fewer: int = FEWER
    ) -> Style:
        """Check what is asked for.

        Without `table_digits` the tables have `fewer` than R's option, and three at least; where the option itself is
        less, they have as many, and the text R's seven.

        Raises
        ------
        ArgumentError
        """
        digits = _checked_digits(digits, "digits")
        if table_digits is not None:
            table_digits = _checked_digits(table_digits, "table_digits")
        elif digits >= LEAST_TABLE_DIGITS:
            table_digits = max(LEAST_TABLE_DIGITS, digits - fewer)
        else:
            digits, table_digits = r_numbers.DIGITS, digits
        if not isinstance(scipen, Integral):
            raise ArgumentError(f"scipen is a whole number, R's option; got {brief(scipen)}.")
        if not is_count(width, LEAST_WIDTH, MOST_WIDTH):
            raise ArgumentError(
                f"width is the number of characters of a line, from {LEAST_WIDTH} to {MOST_WIDTH:,}; "
                f"got {brief(width)}."
            )
        if not is_one_of(correlation, (None, True, False)):
            raise ArgumentError(f"correlation is True, False or None; got {type(correlation).__name__}.")
        return cls(digits, table_digits, int(scipen), int(width), None if correlation is None else bool(correlation))


def _checked_digits(digits: Any, name: str = "digits") -> int:
    """Return a number of significant digits.

    Raises
    ------
    ArgumentError
        When R would not print so many.
    """
    if not is_count(digits, most=MOST_DIGITS):
        raise ArgumentError(
            f"{name} must be a whole number, at least 1 and at most {MOST_DIGITS}; got {brief(digits)}."
        )
    return int(digits)
