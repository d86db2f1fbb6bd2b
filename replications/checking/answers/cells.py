"""Cells of a computed table, found by the labels that were printed."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from replications.checking.part import Cutoffs
from replications.checking.targets import Target
from replications.quantities import find

Value = float | str | LookupError
"""A number, stars, or why there is none."""
Source = Callable[[str], Value]
"""What gives the number of an id, or raises a LookupError."""
HEADINGS = {
    "Chi Df": "Df",
    "-2*log(L)": "deviance",
    "Pr(>Chi)": "Pr(>Chisq)",
    "Pr(Chi)": "Pr(>Chisq)",
    "Pr(>|Chi|)": "Pr(>Chisq)",
    "LR Chisq": "Chisq",
    "F": "F value",
    "F values": "F value",
}
"""Other words for a heading."""


def stars(p: float, cutoffs: Cutoffs) -> str:
    """Return the stars of a p value by a legend."""
    return next((text for text, bound in cutoffs if p < bound), "")


def not_here(what: str) -> LookupError:
    """Return what says that something is not recomputed."""
    return LookupError(f"{what} is not recomputed here")


def only(models: Mapping[str, Any]) -> Any:
    """Return the model of a block that is about one."""
    (model,) = models.values()
    return model


def of_table(target: Target, table: pd.DataFrame, last: str | None = None) -> Source:
    """Return what finds the cells of a table.

    Parameters
    ----------
    target : Target
    table : DataFrame
        With R's labels of rows and columns.
    last : str, optional
        The column of the p values that the stars are of; the last one by default.
    """
    own = table.rename(columns=HEADINGS)

    def value(id: str) -> Value:
        number = target.numbers[id]
        row = find(number.row, own.index, "row")
        if id.endswith(".stars"):
            return stars(float(own.loc[row, last] if last else own.loc[row].iloc[-1]), target.cutoffs)
        column = find(HEADINGS.get(number.column, number.column), own.columns, "column")
        found = float(own.loc[row, column])
        if math.isnan(found):
            raise LookupError(f"the table has no {number.column} of {number.row}")
        return found

    return value


def said(target: Target, pattern: str) -> bool:
    """Tell whether the title or the call of a block has a pattern."""
    return bool(re.search(pattern, f"{target.block.heads.get('title', '')} {target.block.call}"))
