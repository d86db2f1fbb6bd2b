"""How a category is coded: the names of contrasts, and those with a base of one's own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ...errors import first_few, shorten
from ...language.tree import Call, Name, Number, Text, shown
from ..coding import completed, contrast_matrix
from ..values import Category, Value, label
from .categories import as_factor
from .constants import MAX_LEVELS, constant, number_matrix
from .kinds import whole
from .levels import position
from .registry import Site, function

__all__ = ["contrast"]

KINDS = {
    **dict.fromkeys(("treatment", "contr.treatment", "Treatment"), "treatment"),
    **dict.fromkeys(("sum", "contr.sum", "Sum"), "sum"),
    **dict.fromkeys(("helmert", "contr.helmert", "Helmert"), "helmert"),
    **dict.fromkeys(("poly", "contr.poly", "Poly"), "poly"),
    **dict.fromkeys(("SAS", "contr.SAS"), "SAS"),
}
COUNT, BASE = ("n",), ("base", "reference")  # what the arguments are called in R and in Python


@function("C", quoted=("contr", "how_many", "base"), learns=True)
def contrast(site: Site, object_: Value, contr: Any = None, how_many: Any = None, *, base: Any = None) -> Value:
    """Category coded by contrasts: treatment, sum, helmert, poly, contr.treatment(n, base = 2), c(1, 0, -1), a matrix.

    Numbers are one column for each contrast; where there are fewer than the levels less one, R adds columns that are
    orthogonal to them. Of all, how.many takes the first.
    """
    category = as_factor(site, object_)
    if contr is None and base is None and how_many is None:
        return replace(category, contrast=None)
    most = MAX_LEVELS
    if contr is None:  # R asks the function of its default, and cannot name more contrasts than that has
        most = max(len(site.learnt["levels"]) - 1, 1)
        contr = Name("contr.poly" if category.ordered else "contr.treatment")
    fitted = len(site.learnt["levels"])
    known = replace(category, codes=category.codes[:0], levels=category.levels[:fitted])
    kept = None if how_many is None else whole(site, constant(site, how_many), "how.many", 1, most)
    return replace(category, contrast=_coding(site, known, contr, base, kept))


def _first(site: Site, category: Category, coding: str | pd.DataFrame, kept: int | None) -> str | pd.DataFrame:
    """The first columns of a coding; all of them where no number is given."""
    if kept is None:
        return coding
    if isinstance(coding, str) and coding == "treatment":
        coding = _treatment(0, category.labels, category.labels)
    elif isinstance(coding, str):
        matrix, names = contrast_matrix(coding, category.labels, site.label)
        coding = pd.DataFrame(matrix, index=list(category.labels), columns=list(names))
    return coding.iloc[:, :kept]


def _coding(site: Site, category: Category, tree: Any, base: Any, kept: int | None) -> str | pd.DataFrame:
    """The coding that a tree names: a word, or a matrix where numbers are given or R names columns by numbers."""
    plain = base is None and kept is None
    while isinstance(tree, Call) and tree.function == "(":
        tree = tree.arguments[0]
    count = None
    word = ""
    if isinstance(tree, Call) and tree.function in KINDS:
        word = tree.function
        count, inner = _arguments(site, tree)
        base = inner if base is None else base
    elif isinstance(tree, Call):
        return _of_numbers(site, category, tree, kept)
    elif isinstance(tree, Name | Text):
        word = tree.name if isinstance(tree, Name) else tree.value
    if word not in KINDS:
        given = f"; {shown(tree)} is none" if isinstance(tree, Name | Text | Number) else ""
        raise site.error(
            "its contrasts are treatment, sum, helmert, poly, SAS, contr.treatment(n, base = 2) or numbers, "
            f"c(1, 0, -1){given}. A matrix of your own is given beside the formula: contrasts={{'f': matrix}}."
        )
    kind, levels = KINDS[word], len(category.levels)
    named = _levels_named(site, category, count)
    if count is not None and not named and not (isinstance(count, Number) and count.value == levels):
        raise site.error(f"contrasts of {shown(count)} levels are asked for, and there are {levels}.")
    if base is not None and kind != "treatment":
        raise site.error(f"{kind} contrasts have no base; contr.treatment has.")
    # a function of R knows the number of levels alone, and numbers its columns; a word knows the levels
    known = named or (plain and (not word.startswith("contr.") or isinstance(tree, Text)))
    names = category.labels if known else _numbered(levels)
    if base is not None:
        coding: str | pd.DataFrame = _based(site, category, base, names, by_label=word == "Treatment")
    elif kind == "SAS" or (kind == "treatment" and names != category.labels):
        coding = _treatment(levels - 1 if kind == "SAS" else 0, category.labels, names)
    else:
        coding = kind
    return _first(site, category, coding, kept)


def _levels_named(site: Site, category: Category, count: Any) -> bool:
    """Whether the levels are given in place of their number, as levels(f) or one by one: columns have their names."""
    if not isinstance(count, Call):
        return False
    if count.function == "levels":
        return True
    listed = constant(site, count)
    given = tuple(map(label, listed)) if isinstance(listed, tuple) else ()
    if given != category.labels:
        raise site.error(f"the levels are {first_few(list(map(shorten, category.labels)))}; got {shown(count)}.")
    return True


def _of_numbers(site: Site, category: Category, tree: Call, kept: int | None) -> pd.DataFrame:
    """Contrasts written out: one column c(…), or several in cbind(), rbind() or matrix()."""
    labels = category.labels
    matrix, names = number_matrix(site, tree)
    if matrix.shape[0] != len(labels):
        raise site.error(
            f"contrasts have one number for each of the {len(labels)} levels "
            f"({first_few(list(map(shorten, labels)))}); got {matrix.shape[0]}."
        )
    if kept is None or kept > matrix.shape[1]:
        matrix = completed(matrix, shorten(site.label))
    names = [name or str(k) for k, name in enumerate([*names, *[""] * len(labels)][: matrix.shape[1]], start=1)]
    return pd.DataFrame(matrix[:, : len(labels) - 1], index=list(labels), columns=names[: len(labels) - 1])


def _arguments(site: Site, call: Call) -> tuple[Any, Any]:
    """Number of levels and base in a call; the first argument, a number, is the number of levels."""
    count = base = None
    for argument, key in zip(call.arguments, call.keywords or (None,) * len(call.arguments), strict=True):
        first = key is None and count is None and base is None
        if key in COUNT or (first and isinstance(argument, Number | Call) and call.function != "Treatment"):
            count = argument
        elif base is None and (key in BASE or key is None):
            base = argument
        else:
            raise site.error(
                f"{call.function} has no argument {shown(argument)}; it has the number of levels and base."
            )
    return count, base


def _based(site: Site, category: Category, base: Any, names: tuple[str, ...], by_label: bool) -> pd.DataFrame:
    """Treatment contrasts against a level: of a word the one so called, of a number R's position.

    Python's ``Treatment(2)`` means a level, or counts from 0: a number is then the name of a level.
    """
    labels = category.labels
    if isinstance(base, Text) or (by_label and isinstance(base, Number)):
        return _treatment(position(site, category, base.value, "the base"), labels, labels)
    if not isinstance(base, Number) or base.value != int(base.value) or not 1 <= base.value <= len(labels):
        raise site.error(f"the base is a level in quotes, or its position from 1 to {len(labels)}; got {shown(base)}.")
    at = int(base.value) - 1
    if label(base.value) in labels and labels.index(label(base.value)) != at:
        raise site.error(
            f'base {at + 1} is the position of a level in R, and there is a level {at + 1} too; write "{at + 1}".'
        )
    return _treatment(at, labels, names)


def _numbered(levels: int) -> tuple[str, ...]:
    return tuple(str(k + 1) for k in range(levels))


def _treatment(at: int, labels: tuple[str, ...], names: tuple[str, ...]) -> pd.DataFrame:
    """Indicators of all levels but one, named by `names`."""
    others = [k for k in range(len(labels)) if k != at]
    return pd.DataFrame(np.eye(len(labels))[:, others], index=list(labels), columns=[names[k] for k in others])
