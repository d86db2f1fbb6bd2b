"""Values of predictors as a user writes them."""

from __future__ import annotations

from datetime import date
from numbers import Real
from typing import Any

from ..errors import DataError, first_few, is_one_of
from ..frame.values import label

__all__ = ["level_of"]


def level_of(name: str, levels: tuple[Any, ...], value: Any) -> Any:
    """Return the level that a value is, or whose label it has: the year 2001 and the text "2001", as in new rows."""
    meant = [level for level in levels if is_one_of(value, [level])]
    if not meant and isinstance(value, str | Real | date):
        meant = [level for level in levels if label(level) == label(value)]
    if len(meant) != 1:
        raise DataError(f"{name!r} has no level {value!r}; it has {first_few([str(level) for level in levels])}.")
    return meant[0]
