"""New columns as the fit had them: kinds compared, levels matched by value, and by label where kinds differ.

One rule for predictors and grouping factors alike: a level is the same when its value is; where one side has words
and the other numbers or truth values (a category that was read back from a file), when its label is, as a text or as
the number that the text says. Whatever cannot be told so is one error that names the column and both kinds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..errors import DataError, shorten
from .kinds import sorted_levels
from .values import Category, Numbers, Other, Truth, Value, label

__all__ = ["Kind", "as_in_the_fit", "kind_of", "level_codes"]

SHOWN = 5  # levels that a message shows
TRUE_WORDS = {"TRUE": 1.0, "True": 1.0, "true": 1.0, "T": 1.0, "FALSE": 0.0, "False": 0.0, "false": 0.0, "F": 0.0}


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """What a column was in the fit: numbers, truth values, category (with its levels) or other."""

    name: str
    levels: Any = None
    ordered: bool = False


def kind_of(value: Value) -> Kind:
    """Say which kind a column's value is."""
    if isinstance(value, Category):
        return Kind("category", value.levels, value.ordered)
    return Kind({Numbers: "numbers", Truth: "truth values"}.get(type(value), "other"))


def as_in_the_fit(value: Value, kind: Kind, name: str) -> Value:
    """Return a column of new data as the kind it was in the fit.

    Raises
    ------
    DataError
        When it is of another kind and its values do not say unambiguously what they are.
    """
    now = kind_of(value)
    if _all_missing(value):
        n = len(value.codes) if isinstance(value, Category) else len(value.values)  # type: ignore[union-attr]
        return (
            Category(np.full(n, -1), kind.levels, kind.ordered)
            if kind.name == "category"
            else Numbers(np.full(n, np.nan))
        )
    if kind.name == "category" and isinstance(value, Numbers | Truth | Category | Other):
        return _as_category(value, kind, name)
    if now.name == kind.name:
        return value
    if kind.name == "numbers" and isinstance(value, Truth):
        return Numbers(value.values)
    if kind.name == "numbers" and isinstance(value, Category) and _numeric(value.levels):
        return Numbers(_by_level(np.asarray(value.levels, dtype=float), value.codes))
    if kind.name == "truth values":
        found = _as_truth(value)
        if found is not None:
            return Truth(found)
    raise DataError(
        f"The column {name!r} of the new data is not what it was in the fit: {kind.name} then, {_described(value)} "
        "now; convert it first."
    )


def _all_missing(value: Value) -> bool:
    if isinstance(value, Category):
        return bool((value.codes < 0).all())
    return isinstance(value, Numbers) and value.values.dtype.kind == "f" and bool(np.isnan(value.values).all())


def _described(value: Value) -> str:
    if isinstance(value, Category):
        return f"a category ({_shown(value.labels)})"
    return value.what if isinstance(value, Other) else kind_of(value).name


def _shown(labels: Any) -> str:
    return ", ".join(repr(shorten(str(each))) for each in list(labels)[:SHOWN]) + (" …" if len(labels) > SHOWN else "")


def _numeric(levels: Any) -> bool:
    return getattr(levels, "dtype", np.dtype("O")).kind in "fiu"


def _by_level(of_levels: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Values of rows from values of levels; NaN where the level is missing."""
    return np.append(of_levels, np.nan)[codes]


def _as_truth(value: Value) -> np.ndarray | None:
    """Truth values of numbers 0 and 1 or of words; None when others are among them."""
    if isinstance(value, Category):
        words = [TRUE_WORDS.get(word, {"1": 1.0, "0": 0.0}.get(word)) for word in value.labels]
        return None if None in words else _by_level(np.array(words, dtype=float), value.codes)
    if not isinstance(value, Numbers):
        return None
    numbers = np.asarray(value.values, dtype=float)
    return numbers if np.isin(numbers[~np.isnan(numbers)], (0.0, 1.0)).all() else None


def _as_category(value: Value, kind: Kind, name: str) -> Category:
    """Return a category with the levels of the fit, and after them those that the fit has not seen."""
    try:
        codes, levels = _levels_now(value)
    except TypeError as error:
        raise DataError(f"The values of the column {name!r} of the new data cannot be told apart: {error}.") from None
    try:
        place = level_codes(levels, kind.levels, words_too=True)
    except ValueError as error:
        raise DataError(
            f"The column {name!r} of the new data cannot be matched with the levels of the fit: {error}; convert it to "
            "the type that it had."
        ) from None
    known = place >= 0
    if not known.any() and type_of_levels(levels) != type_of_levels(kind.levels):
        raise DataError(
            f"The column {name!r} of the new data is not what it was in the fit: a category "
            f"({_shown([label(v) for v in kind.levels])}) then, {_described(value)} now, with no level in common; "
            "convert it first."
        )
    more = [level for level, there in zip(levels, known, strict=True) if not there]
    place[~known] = len(kind.levels) + np.arange(len(more))
    all_levels = kind.levels if not more else np.array([*kind.levels, *more], dtype=object)
    return Category(np.append(place, -1)[codes], all_levels, kind.ordered)


def _levels_now(value: Value) -> tuple[np.ndarray, Any]:
    if isinstance(value, Category):
        return value.codes, value.levels
    values = value.values  # type: ignore[union-attr]
    if isinstance(value, Truth):
        codes = np.where(np.isnan(values), -1, np.nan_to_num(values)).astype(np.intp)
        return codes, np.array([False, True])
    return sorted_levels(values)


def type_of_levels(levels: Any) -> str:
    """Tell words, numbers and the rest apart."""
    kinds = {
        "text"
        if isinstance(v, str)
        else "truth"
        if isinstance(v, bool | np.bool_)
        else "number"
        if isinstance(v, int | float | np.number)
        else "other"
        for v in levels
    }
    return kinds.pop() if len(kinds) == 1 else "mixed"


def level_codes(levels: Any, known: Any, words_too: bool = False) -> np.ndarray:
    """Places of levels among known ones, by value, -1 for those that are not there.

    Parameters
    ----------
    levels, known : Index or array_like
    words_too : bool
        Where one side has words and the other has none, compare labels, and numbers that words say.

    Raises
    ------
    ValueError
        When a level could be two of the known ones.
    """
    now, then = type_of_levels(levels), type_of_levels(known)
    if now == then or not words_too or "text" not in (now, then):
        return _index(known).get_indexer(_index(levels))
    place = pd.Index([label(v) for v in known]).get_indexer([label(v) for v in levels])
    if (place >= 0).all() or "number" not in (now, then):
        return place
    return _by_number(levels, known, place)


def _by_number(levels: Any, known: Any, place: np.ndarray) -> np.ndarray:
    """Match the rest of the levels by the numbers that words say: "01" and 1."""
    said = [_number_said(v) for v in known]
    for k in np.flatnonzero(place < 0):
        number = _number_said(levels[k])
        fits = [j for j, other in enumerate(said) if number is not None and other == number]
        if len(fits) > 1:
            raise ValueError(f"{label(levels[k])} could be {' or '.join(repr(label(known[j])) for j in fits)}")
        place[k] = fits[0] if fits else -1
    return place


def _number_said(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _index(levels: Any) -> pd.Index:
    index = levels if isinstance(levels, pd.Index) else pd.Index(levels)
    return index.astype(object) if isinstance(index.dtype, pd.StringDtype) else index
