"""Whether sums can be added up: of one formula, with the same weights and offset, categories coded in one way."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..errors import DataError, first_few, shorten
from ..frame.coding import Coding
from ..frame.unread import UnreadFrame
from ..language.tree import spell

__all__ = ["demand_alike"]


def demand_alike(first: UnreadFrame, other: UnreadFrame, k: int) -> None:
    """Refuse sums of other columns than the first ones, or of another model.

    Parameters
    ----------
    first, other : UnreadFrame
    k : int
        What messages call the other ones: sums 2, 3 …

    Raises
    ------
    DataError
    """
    if first.formula.text != other.formula.text:
        raise DataError(
            f"Sums 1 are of {shorten(first.formula.text)!r} and sums {k} of {shorten(other.formula.text)!r}; only "
            "those of one formula can be merged."
        )
    _demand_given_alike(first, other, k)
    if set(first.sums.pairs) != set(other.sums.pairs):
        raise DataError(f"Sums 1 and {k} differ in their grouping factors; sum both in one way.")
    _demand_coded_alike(first, other, k)
    if first.sums.names != other.sums.names:
        apart = [name for name in first.sums.names if name not in other.sums.names]
        apart += [name for name in other.sums.names if name not in first.sums.names]
        raise DataError(
            f"Sums 1 and {k} are of different columns ({first_few(apart) or 'in another order'}): a column is of "
            "another kind there. Give both the same types, and sum again."
        )
    for call, learnt in first.recipe.learnt.items():
        theirs = other.recipe.learnt.get(call, {})
        for key in ("center and scale", "value"):
            if learnt.get(key) != theirs.get(key):
                raise DataError(
                    f"A function of the formula ({call.function}) learnt other numbers of the rows of sums 1 and {k}; "
                    "give the numbers in the formula, such as I((x - 50) / 10)."
                )


def _demand_given_alike(first: UnreadFrame, other: UnreadFrame, k: int) -> None:
    """Refuse sums with other weights, or another offset, than the first ones: they are of another model."""
    for name, nothing in (("weights", 1), ("offset", 0)):
        told = [getattr(frame.call, name) for frame in (first, other)]
        if told[0] != told[1]:
            one, two = (f"no {name}" if text is None else f"{name}={shorten(text)!r}" for text in told)
            remedy = f", where a site has none with a column of {nothing}" if None in told else ""
            raise DataError(
                f"Sums 1 were made with {one} and sums {k} with {two}, so that they are of different models. Sum them "
                f"again with the same `{name}`{remedy}."
            )


def _demand_coded_alike(first: UnreadFrame, other: UnreadFrame, k: int) -> None:
    """Refuse a category with other levels, or other contrasts, than in the first sums."""
    theirs = _codings(other)
    for name, one in _codings(first).items():
        two = theirs[name]
        if one is None or two is None:
            if one is not two:
                raise DataError(
                    f"{shorten(name)!r} is a category in sums {1 if two is None else k} and numbers in sums "
                    f"{k if two is None else 1}; give it one type, and sum again."
                )
        elif one.labels != two.labels:
            apart = [each for each in (*one.labels, *two.labels) if (each in one.labels) != (each in two.labels)]
            what = f"differ in the levels of {shorten(name)!r} ({first_few(apart) or 'in another order'})"
            every = ", ".join(map(repr, _together(one, two)))
            raise DataError(
                f"Sums 1 and {k} are of different columns: they {what}. Name all levels when summing, "
                f"mlm.sums(…, levels={{{name!r}: [{every}]}})."
            )
        elif one.contrast_labels != two.contrast_labels or not _same_matrix(one, two):
            raise DataError(
                f"Sums 1 and {k} are of different columns: {shorten(name)!r} has other contrasts there. Sum both with "
                "the same `contrasts`."
            )


def _together(one: Coding, two: Coding) -> list[Any]:
    """The levels of two codings, sorted where they can be."""
    every = list(dict.fromkeys(level for coding in (one, two) for level in pd.Index(coding.levels).tolist()))
    return sorted(every) if len({type(level) for level in every}) == 1 else every


def _codings(frame: UnreadFrame) -> dict[str, Coding | None]:
    """How each variable is coded, by its name; of the random part where the fixed part has it not."""
    designs = [*(part.design for part in frame.random), frame.x_design]
    return {
        spell(node): coding
        for design in designs
        for node, coding in zip(design.terms.variables, design.codings, strict=True)
    }


def _same_matrix(one: Coding, two: Coding) -> bool:
    matrices = [np.zeros(0) if coding.contrast is None else coding.contrast for coding in (one, two)]
    return bool(np.array_equal(matrices[0], matrices[1]))
