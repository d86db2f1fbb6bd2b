"""How a category is coded: the names of contrasts, and those with a base of one's own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ...language.tree import Call, Name, Number, Text, spell
from ..values import Category, Value, label
from .categories import as_factor
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


@function("C", quoted=("contr",), learns=True)
def contrast(site: Site, object_: Value, contr: Any = None) -> Value:
    """Category coded by contrasts: treatment, sum, helmert, poly, or contr.treatment(n, base = 2), Treatment("b")."""
    category = as_factor(site, object_)
    if contr is None:
        return category
    fitted = len(site.learnt["levels"])
    known = replace(category, codes=category.codes[:0], levels=category.levels[:fitted])
    return replace(category, contrast=_coding(site, known, contr))


def _coding(site: Site, category: Category, tree: Any) -> str | pd.DataFrame:
    """The coding that a tree names: a word, or a matrix where a base is chosen or R names columns by numbers."""
    count = base = None
    word = ""
    if isinstance(tree, Call) and not tree.infix:
        word, (count, base) = tree.function, _arguments(site, tree)
    elif isinstance(tree, Name | Text):
        word = tree.name if isinstance(tree, Name) else tree.value
    if word not in KINDS:
        given = f"; {spell(tree)} is none" if isinstance(tree, Call | Name | Text | Number) else ""
        raise site.error(
            f"its contrasts are treatment, sum, helmert, poly, SAS or contr.treatment(n, base = 2){given}."
        )
    kind, levels = KINDS[word], len(category.levels)
    if count is not None and not (isinstance(count, Number) and count.value == levels):
        raise site.error(f"contrasts of {spell(count)} levels are asked for, and there are {levels}.")
    if base is not None and kind != "treatment":
        raise site.error(f"{kind} contrasts have no base; contr.treatment has.")
    # a function of R knows the number of levels alone, and numbers its columns; a word knows the levels
    names = _numbered(levels) if word.startswith("contr.") and not isinstance(tree, Text) else category.labels
    if base is not None:
        return _based(site, category, base, names, by_label=word == "Treatment")
    if kind == "SAS" or (kind == "treatment" and names != category.labels):
        return _treatment(levels - 1 if kind == "SAS" else 0, category.labels, names)
    return kind


def _arguments(site: Site, call: Call) -> tuple[Any, Any]:
    """Number of levels and base in a call; the first argument, a number, is the number of levels."""
    count = base = None
    for argument, key in zip(call.arguments, call.keywords or (None,) * len(call.arguments), strict=True):
        first = key is None and count is None and base is None
        if key in COUNT or (first and isinstance(argument, Number) and call.function != "Treatment"):
            count = argument
        elif base is None and (key in BASE or key is None):
            base = argument
        else:
            raise site.error(
                f"{call.function} has no argument {spell(argument)}; it has the number of levels and base."
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
        raise site.error(f"the base is a level in quotes, or its position from 1 to {len(labels)}; got {spell(base)}.")
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
