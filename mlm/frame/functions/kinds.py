"""What functions ask of their arguments, and the kinds of what they give back."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..values import Constant, Numbers, Truth, Value
from .registry import Site, numbers, one_number

__all__ = ["ABSENT", "Absent", "column", "computed", "finite", "number_list", "present", "truth", "truths", "whole"]


class Absent:
    """Stands for an operand that is not there: that of a sign before its only operand."""

    def __repr__(self) -> str:
        return "absent"


ABSENT = Absent()


def computed(values: Any) -> Value:
    """Make the value of computed floats: numbers of an array, a constant of a scalar."""
    return Numbers(values) if np.ndim(values) else float(values)


def truth(values: Any) -> Value:
    """Make the value of floats 0, 1, NaN: truth values of an array, a constant of a scalar."""
    if np.ndim(values):
        return Truth(values)
    return None if np.isnan(values) else bool(values)


def truths(site: Site, value: Value) -> Any:
    """Return a value as 1 true, 0 false, NaN missing: an array (n,) or a scalar. Numbers other than 0 are true."""
    read = np.asarray(numbers(site, value))
    return np.where(np.isnan(read), np.nan, read != 0)


def column(site: Site, value: Value) -> np.ndarray:
    """Return a column of numbers as floats (n,).

    Raises
    ------
    DataError
        When it is a constant, or no numbers.
    """
    read = numbers(site, value)
    if np.ndim(read) == 0:
        raise site.error("it needs a column of numbers, not a single one.")
    return read


def present(values: np.ndarray) -> np.ndarray:
    """The values that are not missing."""
    return values[~np.isnan(values)]


def finite(site: Site, values: np.ndarray) -> np.ndarray:
    """Return the values that are not missing, when there are some and none is infinite."""
    some = present(values)
    if some.size == 0:
        raise site.error(f"all of its {values.size} numbers are missing.")
    if infinite := int(np.isinf(some).sum()):
        raise site.error(f"{infinite} of its numbers are infinite.")
    return some


def whole(site: Site, value: Value, name: str, least: int, most: int) -> int:
    """Return a constant that must be a whole number from `least` to `most`."""
    number = one_number(site, value, name)
    if not (least <= number <= most and number == int(number)):
        raise site.error(f"{name} is a whole number from {least} to {most:,}; got {number:g}.")
    return int(number)


def number_list(site: Site, value: Constant | Value, name: str) -> tuple[float, ...]:
    """Return a constant that must be one or several finite numbers."""
    listed = value if isinstance(value, tuple) else (value,)
    found = tuple(one_number(site, each, f"each of {name}") for each in listed)
    if any(np.isnan(found)):
        raise site.error(f"{name} must not be missing.")
    return found
