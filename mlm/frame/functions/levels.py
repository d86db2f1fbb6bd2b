"""Values as categories, and levels that stay those of the fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ...errors import first_few, shorten
from ..kinds import levels_of
from ..values import Category, Matrix, Numbers, Other, Truth, Value, label
from .registry import Site, described

__all__ = ["aligned", "as_category", "level_array", "position", "recoded", "used"]


def as_category(site: Site, value: Value) -> Category:
    """Return a column as a category: numbers by size, truth values FALSE before TRUE, dates by time.

    Raises
    ------
    DataError
        When it is a constant or has several columns.
    """
    if isinstance(value, Category):
        return value
    if isinstance(value, Truth):
        return Category(value.codes, level_array([False, True]))
    if isinstance(value, Numbers) and value.exact is not None:
        codes, levels = levels_of(value)
        return _joined(codes, levels.tolist())
    if isinstance(value, Numbers):
        return _of_numbers(value.values)
    if isinstance(value, Matrix) and value.values.shape[1] == 1:
        return _of_numbers(value.values[:, 0])
    if isinstance(value, Other):
        return _of_objects(site, value)
    raise site.error(f"it needs a category, not {described(value)}.")


def _of_numbers(values: np.ndarray) -> Category:
    absent = np.isnan(values) if values.dtype.kind == "f" else np.zeros(len(values), dtype=bool)
    codes = np.full(len(values), -1, dtype=np.intp)
    distinct, codes[~absent] = np.unique(values[~absent], return_inverse=True)
    return _joined(codes, distinct.tolist())


def _of_objects(site: Site, value: Other) -> Category:
    try:
        codes, distinct = pd.factorize(np.asarray(value.values), sort=True)
    except (TypeError, ValueError):
        raise site.error(f"its values have no order and no labels; it holds {value.what}.") from None
    return _joined(np.asarray(codes, dtype=np.intp), [_plain(value) for value in distinct])


def _joined(codes: np.ndarray, levels: list[Any]) -> Category:
    """Make a category; levels that print the same are one."""
    first: dict[str, int] = {}
    places = [first.setdefault(label(value), len(first)) for value in levels]
    if len(first) < len(levels):
        codes = np.append(places, -1)[codes]
        kept = {place: value for place, value in zip(reversed(places), reversed(levels), strict=True)}
        levels = [kept[place] for place in range(len(first))]
    return Category(codes, level_array(levels))


def level_array(levels: Sequence[Any]) -> np.ndarray:
    """Levels as an array of the objects that they are."""
    array = np.empty(len(levels), dtype=object)
    array[:] = list(levels)
    return array


def _plain(value: Any) -> Any:
    """A level as a Python object; times and time differences as those of pandas."""
    if isinstance(value, np.datetime64):
        return pd.Timestamp(value)
    if isinstance(value, np.timedelta64):
        return pd.Timedelta(value)
    return value.item() if isinstance(value, np.generic) else value


def aligned(site: Site, key: str, category: Category) -> Category:
    """Return a category with the levels that it had at the fit, in that order; levels that are new come after them."""
    kept = site.keep(key, lambda: tuple(_plain(value) for value in category.levels))
    if not site.replaying:
        return category
    labels = category.labels
    place = {label(value): k for k, value in enumerate(kept)}
    if labels == tuple(place):
        return category
    levels = list(kept)
    for value, word in zip(category.levels, labels, strict=True):
        if word not in place:
            place[word] = len(levels)
            levels.append(_plain(value))
    return replace(recoded(category, [place[word] for word in labels], levels), text=category.text)


def recoded(category: Category, places: Sequence[int], levels: Sequence[Any]) -> Category:
    """Return a category with other levels; `places` says where each of the old ones has gone, -1 where it is missing.

    What it said of its coding is gone, and that it was text.
    """
    codes = np.append(np.asarray(places, dtype=np.intp), -1)[np.asarray(category.codes)]
    return replace(category, codes=codes, levels=level_array(levels), contrast=None, text=False)


def used(category: Category) -> np.ndarray:
    """Positions of the levels that occur, in their order."""
    return np.unique(category.codes[np.asarray(category.codes) >= 0])


def position(site: Site, category: Category, value: Value, name: str) -> int:
    """Find a level by the label of a constant.

    Raises
    ------
    DataError
        When there is none.
    """
    labels = category.labels
    if isinstance(value, bool | int | float | str) and label(value) in labels:
        return labels.index(label(value))
    given = (
        repr(shorten(value))
        if isinstance(value, str)
        else label(value)
        if isinstance(value, int | float)
        else "no constant"
    )
    listed = first_few(list(map(shorten, labels)))
    raise site.error(f"{name} is {given}, which is not a level; they are {listed}.")
