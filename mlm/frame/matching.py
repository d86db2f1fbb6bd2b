"""New columns as the fit had them: kinds compared, levels matched by value, and by label where kinds differ.

One rule for predictors and grouping factors alike: a level is the same when its value is; where one side has words
and the other none (a category that was read back from a file), when its label is, or the number, truth value or time
that the word says. Whatever cannot be told so is one error that names the column and both kinds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..errors import DataError, shorten
from .kinds import levels_of
from .likeness import Unlike, family, level_codes, truth_said
from .values import Category, Numbers, Other, Truth, Value, label, missing

__all__ = ["Kind", "as_in_the_fit", "demand_common", "kind_of", "shown"]

SHOWN = 5  # levels that a message shows


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """What a column was in the fit.

    Attributes
    ----------
    name : str
        numbers, truth values, category, or what else the column holds.
    levels : pandas.Index, ndarray or None
        Of a category.
    ordered : bool
        Whether their order means something.
    text : bool
        Whether the column holds text, which has no codes.
    """

    name: str
    levels: Any = None
    ordered: bool = False
    text: bool = False

    def __str__(self) -> str:
        """How messages call it."""
        if self.name != "category":
            return self.name
        what = "text" if self.text else "a category"
        return f"{what} ({shown([label(value) for value in self.levels])})"


NUMBERS, TRUTH_VALUES = Kind("numbers"), Kind("truth values")


def kind_of(value: Value) -> Kind:
    """Say which kind a column's value is."""
    if type(value) is Numbers:
        return NUMBERS
    if isinstance(value, Category):
        return Kind("category", value.levels, value.ordered, value.text)
    if isinstance(value, Other):
        return Kind(value.what)
    return TRUTH_VALUES if isinstance(value, Truth) else NUMBERS


def as_in_the_fit(value: Value, kind: Kind, name: str) -> Value:
    """Return a column of new data as the kind it was in the fit.

    What was neither numbers nor truth values nor a category stays as it is: its values are compared as levels.

    Raises
    ------
    DataError
        When it is of another kind and its values do not say unambiguously what they are.
    """
    absent = missing(value)
    if absent is not None and absent.all():
        return _nothing(kind, len(absent))
    if kind.name == "category":
        return _as_category(value, kind, name)
    found: Value
    if kind.name == "numbers":
        found = _as_numbers(value)
    elif kind.name == "truth values":
        found = _as_truth(value)
    else:
        found = value
    if found is None:
        raise _not_what_it_was(name, kind, value)
    return found


def demand_common(value: Value, kind: Kind, name: str) -> None:
    """Raise when a category of new rows has values, and none of them is a level of the fit.

    Parameters
    ----------
    value : Value
        As `as_in_the_fit` returns it: the levels of the fit stand first.
    kind : Kind
    name : str

    Raises
    ------
    DataError
    """
    assert isinstance(value, Category)
    there = value.codes[value.codes >= 0]
    if there.size and there.min() >= len(kind.levels):
        now = shown([label(value.levels[k]) for k in np.unique(there)])
        raise DataError(
            f"The column {shorten(name)!r} of the new data has no level in common with the fit: it knew "
            f"{shown([label(level) for level in kind.levels])}, and now there are {now}; write them as they were."
        )


def _not_what_it_was(name: str, kind: Kind, value: Value, why: str = "") -> DataError:
    return DataError(
        f"The column {shorten(name)!r} of the new data is not what it was in the fit: {kind} then, {kind_of(value)} "
        f"now{why}; convert it first."
    )


def shown(labels: Sequence[str]) -> str:
    """The first of some labels, for messages."""
    return ", ".join(repr(shorten(each)) for each in labels[:SHOWN]) + (" …" if len(labels) > SHOWN else "")


def _nothing(kind: Kind, n: int) -> Value:
    """A column of missing values, of the kind of the fit."""
    if kind.name == "category":
        return Category(np.full(n, -1), kind.levels, kind.ordered, text=kind.text)
    absent = np.full(n, np.nan)
    return Truth(absent) if kind.name == "truth values" else Numbers(absent)


def _as_numbers(value: Value) -> Numbers | None:
    """Numbers of what are numbers: a category may have them for levels; None of anything else."""
    if isinstance(value, Numbers | None):
        return value
    if isinstance(value, Truth):
        return Numbers(value.values)
    if not isinstance(value, Category) or family(value.levels) != "numbers":
        return None
    levels = np.asarray(value.levels)
    absent = value.codes < 0
    if not absent.any():
        return Numbers(levels[value.codes] if levels.dtype.kind in "iuf" else levels[value.codes].astype(float))
    numbers = np.append(levels.astype(float), np.nan)[value.codes]
    if levels.dtype.kind not in "iu":
        return Numbers(numbers)
    return Numbers(numbers, pd.arrays.IntegerArray(levels[np.maximum(value.codes, 0)], absent))


def _as_truth(value: Value) -> Truth | None:
    """Truth values of numbers 0 and 1 or of words that say them; None when others are among them."""
    if isinstance(value, Truth):
        return value
    if isinstance(value, Category):
        of_levels = [truth_said(level) for level in value.levels]
        return None if None in of_levels else Truth(np.append(np.array(of_levels, dtype=float), np.nan)[value.codes])
    if not isinstance(value, Numbers):
        return None
    numbers = np.asarray(value.values, dtype=float)
    return Truth(numbers) if np.isin(numbers[~np.isnan(numbers)], (0.0, 1.0)).all() else None


def _as_category(value: Value, kind: Kind, name: str) -> Category:
    """Return a category with the levels of the fit, and after them those that the fit has not seen."""
    try:
        codes, levels = _levels_now(value)
        place = level_codes(levels, kind.levels)
    except Unlike as error:
        raise _not_what_it_was(name, kind, value, f", and {error}") from None
    except (TypeError, ValueError) as error:
        raise DataError(
            f"The values of the column {shorten(name)!r} of the new data cannot be told apart: {error}."
        ) from None
    new = place < 0
    place[new] = len(kind.levels) + np.arange(new.sum())
    every = kind.levels
    if new.any():
        every = np.empty(len(kind.levels) + int(new.sum()), dtype=object)
        every[:] = [*kind.levels, *levels[new]]
    return Category(np.append(place, -1)[codes], every, kind.ordered, text=kind.text)


def _levels_now(value: Value) -> tuple[np.ndarray, Any]:
    """Codes and levels of new rows, those levels only that occur."""
    if isinstance(value, Category):
        occur = np.bincount(value.codes[value.codes >= 0], minlength=len(value.levels)) > 0
        return np.append(np.cumsum(occur) - 1, -1)[value.codes], value.levels[occur]
    return levels_of(value)
