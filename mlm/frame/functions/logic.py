"""Comparisons and logic, with three values: true, false, missing."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from ...errors import shorten
from ..values import Category, Matrix, Numbers, Other, Truth, Value, label
from .kinds import truth, truths
from .levels import aligned, as_category, position, used
from .registry import Site, described, function, numbers

Scalar = bool | int | float | str | None


def _by_label(x: Value, y: Value) -> bool:
    """Whether two values are compared as words."""
    return any(isinstance(value, Category | Other | str) for value in (x, y))


def _numerically(site: Site, x: Value, y: Value, compare: Callable) -> Value:
    left, right = numbers(site, x), numbers(site, y)
    return truth(np.where(np.isnan(left) | np.isnan(right), np.nan, compare(left, right)))


@function("==", "equal")
def equal(site: Site, x: Value, y: Value) -> Value:
    """Whether two values are equal; categories and words by their labels."""
    return _numerically(site, x, y, operator.eq) if not _by_label(x, y) else truth(_same_label(site, x, y))


@function("!=", "not_equal")
def unequal(site: Site, x: Value, y: Value) -> Value:
    """Whether two values differ; categories and words by their labels."""
    return _numerically(site, x, y, operator.ne) if not _by_label(x, y) else truth(1 - _same_label(site, x, y))


def _same_label(site: Site, x: Value, y: Value) -> Any:
    """Compare labels: 1, 0, NaN."""
    if isinstance(x, Scalar) and isinstance(y, Scalar):
        return np.nan if x is None or y is None else float(label(x) == label(y))
    if isinstance(x, Scalar):
        x, y = y, x
    if isinstance(x, Numbers) and isinstance(y, str):
        raise site.error(f"numbers are compared with numbers, not with the word {shorten(y)!r}.")
    if any(isinstance(side, Other) for side in (x, y)) and any(_numeric(side) for side in (x, y)):
        raise site.error(f"{described(x)} and {described(y)} cannot be compared.")
    left = as_category(site, x)
    if isinstance(y, Scalar):
        hits = np.array([float(word == label(y)) for word in left.labels] + [np.nan])
        return np.full(len(left.codes), np.nan) if y is None else hits[left.codes]
    right = as_category(site, y)
    place = {word: k for k, word in enumerate(left.labels)}
    moved = np.array([place.get(word, -2) for word in right.labels] + [-1])[right.codes]
    return np.where((left.codes < 0) | (moved == -1), np.nan, left.codes == moved)


def _numeric(value: Value) -> bool:
    return isinstance(value, Numbers | Truth | Matrix | bool | int | float)


def _ordering(name: str, other: str, compare: Callable, line: str) -> None:
    """Enter a comparison that needs an order."""

    def run(site: Site, x: Value, y: Value) -> Value:
        if isinstance(x, str) and isinstance(y, str):
            return bool(compare(x, y))
        if not _by_label(x, y):
            return _numerically(site, x, y, compare)
        left, right = _positions(site, x, y)
        return truth(np.where(np.isnan(left) | np.isnan(right), np.nan, compare(left, right)))

    run.__doc__ = line
    function(name, other, learns=True)(run)


_ordering("<", "less", operator.lt, "Whether x is smaller; ordered categories by their order.")
_ordering("<=", "less_equal", operator.le, "Whether x is smaller or equal; ordered categories by their order.")
_ordering(">", "greater", operator.gt, "Whether x is larger; ordered categories by their order.")
_ordering(">=", "greater_equal", operator.ge, "Whether x is larger or equal; ordered categories by their order.")


def _positions(site: Site, x: Value, y: Value) -> tuple[Any, Any]:
    """Positions of levels of ordered categories, at least one of them a column."""
    sides: list[Any] = []
    for key, value in (("x", x), ("y", y)):
        if isinstance(value, Category) and value.ordered:
            sides.append(_known(site, key, value))
        elif isinstance(value, Scalar):
            sides.append(value)
        else:
            what = "an unordered category" if isinstance(value, Category) else described(value)
            raise site.error(
                f"its sides are ordered categories or their levels, not {what}; ordered(f, levels = c(…)) orders."
            )
    columns = [side for side in sides if isinstance(side, Category)]
    if not columns:
        raise site.error(f"{described(x)} and {described(y)} have no common order.")
    if len(columns) == 2 and columns[0].labels != columns[1].labels:
        raise site.error("its two ordered categories have different levels, or in a different order.")
    found = [_places(site, side, columns[0]) for side in sides]
    return found[0], found[1]


def _known(site: Site, key: str, value: Category) -> Category:
    """An ordered category with the levels that it had at the fit; a level that is new has no place among them."""
    category = aligned(site, key, value)
    new = [k for k in used(category) if k >= len(site.learnt[key])]
    if new:
        word = shorten(category.labels[new[0]])
        raise site.error(f"the level {word!r} did not occur in the fit and has no place in its order.")
    return category


def _places(site: Site, side: Any, column: Category) -> Any:
    if isinstance(side, Category):
        return np.where(side.codes < 0, np.nan, side.codes)
    return np.nan if side is None else float(position(site, column, side, "what it is compared with"))


@function("%in%")
def is_in(site: Site, x: Value, table: Value) -> Value:
    """Whether a value is one of a list of constants; never missing."""
    listed = table if isinstance(table, tuple) else (table,)
    if not all(isinstance(each, Scalar) for each in listed):
        raise site.error("on its right stand constants: c(…).")
    if isinstance(x, Scalar):
        return any(bool(equal(site, x, each)) or (x is None and each is None) for each in listed)
    some = [each for each in listed if not (each is None or each != each)]
    given = next((each for each in some if isinstance(each, str)), None)
    if isinstance(x, Numbers | Matrix) and given is not None:
        raise site.error(f"numbers are compared with numbers, not with the word {shorten(given)!r}.")
    of_missing = float(len(some) < len(listed))
    if isinstance(x, Numbers | Matrix) or (isinstance(x, Truth) and given is None):
        read = numbers(site, x)
        return truth(np.where(np.isnan(read), of_missing, np.isin(read, np.array(some, dtype=float))))
    category = as_category(site, x)
    words = {label(each) for each in some}
    return Truth(np.array([float(word in words) for word in category.labels] + [of_missing])[category.codes])


@function("!", "logical_not")
def negated(site: Site, x: Value) -> Value:
    """Not: true where x is false."""
    return truth(1 - truths(site, x))


@function("&", "&&", "logical_and")
def both(site: Site, x: Value, y: Value) -> Value:
    """And; false where one side is false, whatever the other."""
    left, right = truths(site, x), truths(site, y)
    return truth(np.where((left == 0) | (right == 0), 0.0, left * right))


@function("|", "||", "logical_or")
def either(site: Site, x: Value, y: Value) -> Value:
    """Or; true where one side is true, whatever the other."""
    left, right = truths(site, x), truths(site, y)
    return truth(np.where((left == 1) | (right == 1), 1.0, left + right))


@function("xor", "logical_xor")
def one_only(site: Site, x: Value, y: Value) -> Value:
    """Whether exactly one side is true."""
    return truth(np.abs(truths(site, x) - truths(site, y)))


@function("is.na", "isnan", "isna", "isnull")
def is_na(site: Site, x: Value) -> Value:
    """Whether a value is missing; of several columns, each of them."""
    if isinstance(x, tuple):
        return tuple(is_na(site, each) for each in x)
    if isinstance(x, Matrix):
        return Matrix(np.isnan(x.values).astype(float), x.names)
    if isinstance(x, Category):
        return Truth((np.asarray(x.codes) < 0).astype(float))
    if isinstance(x, Other):
        return Truth(np.asarray(pd.isna(x.values)).astype(float))
    if isinstance(x, Numbers | Truth):
        return Truth(np.isnan(numbers(site, x)).astype(float))
    return x is None or x != x
