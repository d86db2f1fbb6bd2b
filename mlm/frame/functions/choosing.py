"""One of two values by a test, row by row."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..values import ROWS, Category, Numbers, Truth, Value
from .kinds import truth, truths
from .levels import aligned, level_array
from .registry import Site, described, function, numbers

__all__ = ["if_else"]


@function("ifelse", "where", learns=True)
def if_else(site: Site, test: Value, yes: Value, no: Value) -> Value:
    """Take yes where a test is true and no where it is false; missing where the test is.

    Of categories and words it makes a category of their labels, where R gives the codes of a category. The levels of
    categories keep their order, and words come after; words alone are sorted.
    """
    asked = truths(site, test)
    sides = (yes, no)
    if asked.ndim == 0 and any(isinstance(side, ROWS) for side in sides):
        raise site.error(
            "its test is one value for all rows, of which R makes one value for all rows; write the side that is meant."
        )
    if any(isinstance(side, Category | str) for side in sides):
        return _labelled(site, asked, sides)
    chosen = np.where(asked == 1, numbers(site, yes), numbers(site, no))
    chosen = np.where(np.isnan(asked), np.nan, chosen)
    if all(isinstance(side, Truth | bool | None) for side in sides):
        return truth(chosen)
    return Numbers(chosen) if chosen.ndim else float(chosen)


def _labelled(site: Site, asked: np.ndarray, sides: tuple[Value, Value]) -> Value:
    for side in sides:
        if not isinstance(side, Category | str | None):
            raise site.error(
                f"one side is of words and the other {described(side)}; as.character(…) makes words of numbers."
            )
    if asked.ndim == 0 and not any(isinstance(side, Category) for side in sides):
        return None if np.isnan(asked) else sides[0] if asked == 1 else sides[1]
    words = _words(sides)
    place = {word: k for k, word in enumerate(words)}
    yes, no = (_codes(side, place) for side in sides)
    codes = np.where(np.isnan(asked), -1, np.where(asked == 1, yes, no))
    known = [side for side in sides if isinstance(side, Category)]
    ordered = all(side.ordered and side.labels == words for side in known) and bool(known)
    made = Category(codes, level_array(words), ordered, text=all(side.text for side in known))
    return aligned(site, "levels", made)


def _words(sides: tuple[Value, Value]) -> tuple[str, ...]:
    """Labels of both sides, in the order that they keep; text is sorted."""
    known: dict[str, None] = {}
    if all(side.text for side in sides if isinstance(side, Category)):
        text = {word for side in sides for word in (side.labels if isinstance(side, Category) else (side,))}
        return tuple(sorted(word for word in text if isinstance(word, str)))
    for side in sides:
        if isinstance(side, Category):
            known |= dict.fromkeys(side.labels)
    return tuple(known | dict.fromkeys(sorted(side for side in sides if isinstance(side, str))))


def _codes(side: Any, place: dict[str, int]) -> Any:
    if isinstance(side, Category):
        return np.array([place[word] for word in side.labels] + [-1])[side.codes]
    return -1 if side is None else place[side]
