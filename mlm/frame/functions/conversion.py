"""From one kind of value to another: numbers, truth values, text."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from ...errors import shorten
from ..values import Category, Matrix, Truth, Value, label
from .kinds import computed, truth, truths
from .levels import aligned, as_category, level_array, recoded, used
from .registry import Site, described, function, numbers

NUMBER = re.compile(r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|inf(?:inity)?)", re.IGNORECASE | re.ASCII)
MISSING_WORDS = ("", "NA", "NaN", "nan")
TRUE_WORDS, FALSE_WORDS = ("T", "TRUE", "true", "True"), ("F", "FALSE", "false", "False")


def _number(word: str) -> float | None:
    """Read a number; None when the word is none."""
    word = word.strip()
    if word in MISSING_WORDS:
        return np.nan
    return float(word) if NUMBER.fullmatch(word) else None


def _truth(word: str) -> float | None:
    """Read a truth value; None when the word is none."""
    if word in MISSING_WORDS:
        return np.nan
    return 1.0 if word in TRUE_WORDS else 0.0 if word in FALSE_WORDS else None


def _read(site: Site, category: Category, read: Callable[[str], float | None], what: str) -> np.ndarray:
    """Read the labels of the rows.

    Raises
    ------
    DataError
        When a label that occurs cannot be read; the message counts the rows and gives the first one.
    """
    labels = category.labels
    found = [read(word) for word in labels]
    bad = [k for k in used(category) if found[k] is None]
    if bad:
        rows = int(np.isin(category.codes, bad).sum())
        raise site.error(f"{rows} of {len(category.codes)} rows hold {what}, such as {shorten(labels[bad[0]])!r}.")
    return np.array([np.nan if value is None else value for value in found] + [np.nan])[category.codes]


def _numeric(site: Site, x: Value) -> Any:
    """Numbers of any kind: text is read, a category gives its codes where these can mean nothing else."""
    if isinstance(x, str):
        number = _number(x)
        if number is None:
            raise site.error(f"{shorten(x)!r} is not a number.")
        return number
    if not isinstance(x, Category):
        return np.array(numbers(site, x)) if not isinstance(x, float | int | None) else numbers(site, x)
    if x.text:
        return _read(site, x, _number, "no number")
    category = aligned(site, "levels", x)
    values = [_number(word) for word in category.labels]
    if any(value is not None and value != k for k, value in enumerate(values, start=1)):
        raise site.error(
            "it is ambiguous: the levels are numbers, and R gives the codes 1, 2, … of their order. For the numbers "
            "write as.numeric(as.character(…))."
        )
    if any(new := used(category) >= len(site.learnt["levels"])):
        word = category.labels[used(category)[new][0]]
        raise site.error(f"the level {shorten(word)!r} did not occur in the fit and has no code.")
    return np.where(category.codes < 0, np.nan, category.codes + 1.0)


@function("as.numeric", "as.double", learns=True)
def as_numeric(site: Site, x: Value) -> Value:
    """Numbers: text is read, truth values are 0 and 1, a category of words gives the codes 1, 2, … of its levels.

    A category whose levels are themselves numbers, other than 1, 2, …, is refused.
    """
    return computed(_numeric(site, x))


@function("as.integer", learns=True)
def as_integer(site: Site, x: Value) -> Value:
    """Whole numbers: as as.numeric(), cut off towards zero."""
    return computed(np.trunc(_numeric(site, x)))


@function("as.logical")
def as_logical(site: Site, x: Value) -> Value:
    """Truth values: numbers other than 0, and the words T, TRUE, true, True, are true."""
    if isinstance(x, str):
        read = _truth(x)
        if read is None:
            raise site.error(f"{shorten(x)!r} is not a truth value.")
        return truth(read)
    if isinstance(x, Category):
        return Truth(_read(site, x, _truth, "no truth value"))
    return truth(truths(site, x))


@function("as.character", learns=True)
def as_character(site: Site, x: Value) -> Value:
    """Text: the labels, sorted."""
    if isinstance(x, tuple) or (isinstance(x, Matrix) and x.values.shape[1] > 1):
        raise site.error(f"it needs one column, not {described(x)}.")
    if x is None or isinstance(x, bool | int | float | str):
        return None if x is None else label(x)
    category = as_category(site, x)
    words = sorted(category.labels)
    place = {word: k for k, word in enumerate(words)}
    moved = recoded(category, [place[word] for word in category.labels], words)
    return aligned(site, "levels", Category(moved.codes, level_array(words), text=True))
