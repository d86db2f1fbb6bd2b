"""Categories: their levels, the order and the labels of these, and combinations."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from ...errors import first_few, shorten
from ...language.parser import parse_expression
from ...language.tree import Name, walk
from ..values import Category, Value, label
from .kinds import ABSENT, whole
from .levels import aligned, as_category, level_array, position, recoded, used
from .registry import Site, described, function, one_truth

__all__ = ["as_factor", "factor", "word_list"]

MAX_COMBINATIONS = 1_000_000  # levels of interaction(): R's are all combinations, and each takes some 100 bytes


def word_list(site: Site, value: Value, name: str) -> tuple[str, ...]:
    """Return a constant that must be a list of words or numbers, as labels."""
    listed = value if isinstance(value, tuple) else (value,)
    if not all(isinstance(each, bool | int | float | str) and each == each for each in listed):
        raise site.error(f"{name} is a list of constants, c(…).")
    return tuple(label(each) for each in listed)


@function("as.factor", learns=True)
def as_factor(site: Site, x: Value) -> Category:
    """Category of a column: numbers by size, text sorted; a category stays as it is."""
    return replace(aligned(site, "levels", as_category(site, x)), text=False)


@function("factor", learns=True)
def factor(
    site: Site,
    x: Value,
    levels: Value = None,
    labels: Value = None,
    exclude: Any = ABSENT,
    ordered: Value = None,
) -> Category:
    """Category with the levels that occur or that are given, in this order; what is none of them is missing."""
    category = aligned(site, "levels", as_category(site, x))
    out = _excluded(site, exclude)
    if out and levels is None and not site.replaying and None not in _constants(exclude):
        _demand_complete(site, category)
    chosen = _occurring(site, category, labels is None, out) if levels is None else word_list(site, levels, "levels")
    if len(set(chosen)) < len(chosen):
        twice = next(word for word in chosen if chosen.count(word) > 1)
        raise site.error(f"the level {shorten(twice)!r} is given twice.")
    found = _with_levels(category, tuple(word for word in chosen if word not in out))
    if site.replaying and levels is not None:
        _demand_common(site, category)
    if labels is not None:
        found = _relabelled(site, found, labels)
    return replace(found, ordered=category.ordered if ordered is None else one_truth(site, ordered, "ordered"))


def _demand_common(site: Site, category: Category) -> None:
    """Refuse new rows all of whose values are new where levels are given: all would be missing."""
    here = used(category)
    if here.size and here[0] >= len(site.learnt["levels"]):
        occur = first_few([shorten(category.labels[k]) for k in here])
        raise site.error(f"no value of the new rows ({occur}) did occur in the fit; write them as they were.")


def _excluded(site: Site, exclude: Any) -> tuple[str, ...]:
    """Labels of values that are to be missing. NULL, which makes a level of missing values, is refused."""
    if exclude is ABSENT:
        return ()
    if exclude is None and any(node == Name("NULL") for node in walk(parse_expression(site.label))):
        raise site.error(
            "missing values are not made a level of their own, which exclude = NULL asks for; fill them before the "
            "fit: data['f'].fillna('none')."
        )
    return word_list(site, tuple(each for each in _constants(exclude) if each is not None), "exclude")


def _constants(exclude: Any) -> tuple[Any, ...]:
    return exclude if isinstance(exclude, tuple) else (exclude,)


def _demand_complete(site: Site, category: Category) -> None:
    """Refuse missing values where R makes a level of them: exclude then says nothing of them."""
    absent = int((category.codes < 0).sum())
    if absent:
        raise site.error(
            f"{absent} of {len(category.codes)} rows are missing, and R here makes a level of them; with NA in "
            "exclude, c(…, NA), they are left out."
        )


def _with_levels(category: Category, chosen: tuple[str, ...]) -> Category:
    """Category with these levels, in this order; what is none of them is missing."""
    place = {word: k for k, word in enumerate(chosen)}
    values = dict(zip(category.labels, category.levels, strict=True))
    places = [place.get(word, -1) for word in category.labels]
    return recoded(category, places, [values.get(word, word) for word in chosen])


def _occurring(site: Site, category: Category, may_grow: bool, out: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Labels that occur in the rows of the fit, and after them those that are new in other rows; `out` do not count."""
    here = tuple(word for word in (category.labels[k] for k in used(category)) if word not in out)
    kept = site.keep("used", lambda: here)
    new = tuple(word for word in here if word not in set(kept))
    if new and not may_grow:
        raise site.error(f"the level {shorten(new[0])!r} did not occur in the fit and has no label.")
    return kept + new


def _relabelled(site: Site, category: Category, labels: Value) -> Category:
    """Give the levels other names; levels of one name become one. A single name is numbered."""
    names = word_list(site, labels, "labels")
    count = len(category.levels)
    if len(names) == 1 and count > 1:
        names = tuple(f"{names[0]}{k}" for k in range(1, count + 1))
    if len(names) != count:
        raise site.error(
            f"there are {len(names)} labels for {count} levels ({first_few(list(map(shorten, category.labels)))})."
        )
    place = {name: k for k, name in enumerate(dict.fromkeys(names))}
    return recoded(category, [place[name] for name in names], tuple(place))


@function("ordered", learns=True)
def ordered(site: Site, x: Value, levels: Value = None, labels: Value = None) -> Value:
    """Ordered category, coded by polynomials; as factor(x, ordered = TRUE)."""
    return factor(site, x, levels, labels, ordered=True)


@function("as.ordered", learns=True)
def as_ordered(site: Site, x: Value) -> Category:
    """Category whose levels are ordered as they stand; an ordered one stays as it is."""
    return replace(as_factor(site, x), ordered=True)


@function("levels", learns=True)
def levels_(site: Site, x: Value) -> Value:
    """List of the levels of a category in the rows of the fit, for arguments of functions."""
    if not isinstance(x, Category):
        raise site.error(f"it needs a category, not {described(x)}; as.factor(…) makes one.")
    return site.keep("levels", lambda: x.labels)


@function("relevel", learns=True)
def relevel(site: Site, x: Value, ref: Value) -> Value:
    """Category with another reference level, which comes first; a number is a position, as in R."""
    if not isinstance(x, Category):
        raise site.error(f"it needs a category, not {described(x)}; as.factor(…) makes one.")
    if x.ordered:
        raise site.error("an ordered category keeps its order; factor(…, ordered = FALSE) takes it away.")
    category = aligned(site, "levels", x)
    first = _reference(site, category, ref)
    order = [first, *(k for k in range(len(category.levels)) if k != first)]
    places = np.argsort(order)
    return recoded(category, places.tolist(), [category.levels[k] for k in order])


def _reference(site: Site, category: Category, ref: Value) -> int:
    """Position of a reference: of a word the level's, of a number itself."""
    if not isinstance(ref, int | float) or isinstance(ref, bool):
        return position(site, category, ref, "ref")
    at = whole(site, ref, "ref", 1, len(category.levels))
    labels = category.labels
    if label(ref) in labels and labels.index(label(ref)) != at - 1:
        raise site.error(
            f'ref = {at} is the position of a level in R, and there is a level {at} too; write ref = "{at}".'
        )
    return at - 1


@function("droplevels", learns=True)
def droplevels(site: Site, x: Value) -> Value:
    """Category without the levels that do not occur."""
    if not isinstance(x, Category):
        raise site.error(f"it needs a category, not {described(x)}; as.factor(…) makes one.")
    return replace(factor(site, x), text=x.text)


@function("interaction", learns=True, named=True)
def interaction(site: Site, *factors: Value, drop: Value = False, sep: Value = ".", lex_order: Value = False) -> Value:
    """Category of all combinations of the levels of several; the first varies fastest, with lex.order the last.

    With drop it has those that occur in the rows of the fit.
    """
    if not factors:
        raise site.error("it needs at least one category.")
    if not isinstance(sep, str):
        raise site.error("sep is a word in quotes.")
    last_first, occurring = one_truth(site, lex_order, "lex.order"), one_truth(site, drop, "drop")
    parts = [aligned(site, f"levels of {k}", as_category(site, each)) for k, each in enumerate(factors, start=1)]
    total = math.prod(len(part.levels) for part in parts)
    if total > MAX_COMBINATIONS:
        raise site.error(f"there are {total:,} combinations; the limit is {MAX_COMBINATIONS:,}. A group can be a:b.")
    codes: Any = 0
    absent: Any = False
    words = [""]
    for k, part in enumerate(reversed(parts) if not last_first else parts):
        joined = part.labels
        codes = codes * len(joined) + part.codes.astype(np.intp)
        absent = absent | (part.codes < 0)
        if k == 0:
            words = list(joined)
        elif last_first:
            words = [f"{word}{sep}{new}" for word in words for new in joined]
        else:
            words = [f"{new}{sep}{word}" for word in words for new in joined]
    every = _distinct(np.where(absent, -1, codes), words)
    return _with_levels(every, _occurring(site, every, may_grow=True)) if occurring else every


def _distinct(codes: np.ndarray, words: list[str]) -> Category:
    """Make a category of combinations; those whose names coincide are one."""
    place: dict[str, int] = {}
    moved = [place.setdefault(word, len(place)) for word in words]
    return Category(np.append(np.asarray(moved, dtype=np.intp), -1)[codes], level_array(list(place)))
