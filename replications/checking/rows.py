"""Which rows a printout says it took: ``subset(d, age > 30)`` as a condition on columns of the data."""

from __future__ import annotations

import re

import pandas as pd

from mlm.errors import DataError
from replications.printouts.block import Block

_NAME = r"[A-Za-z.][\w.]*"
_VALUE = r"-?\d+\.?\d*(?:[eE][-+]?\d+)?|\"[^\"]*\"|'[^']*'"
_ONE = re.compile(rf"^\(?\s*({_NAME})\s*(==|!=|<=|>=|<|>)\s*({_VALUE})\s*\)?$")
_SUBSET = re.compile(rf"^subset\(\s*(?:x\s*=\s*)?{_NAME}\s*,\s*(?:subset\s*=\s*)?(.*)\)$", re.DOTALL)
_BRACKETS = re.compile(rf"^({_NAME})\[(.*),\s*\]$", re.DOTALL)
_SAME_ROWS = re.compile(rf"^(?:\w+::)?(?:as\.data\.frame|droplevels|as_tibble|data\.frame)\(\s*{_NAME}\s*\)$")
_ARGUMENT = re.compile(r"\bsubset\s*=\s*([^,]+?)\s*(?:,|\)$)")
Condition = tuple[str, str, str]
"""A column, a comparison, and what it is compared with."""


def said(block: Block) -> str:
    """Return what a printout says of the rows it took: a condition as R writes it, or a call; empty if nothing.

    Examples
    --------
    >>> said(Block("lme4.summary", 1, data_name="subset(d, age > 30)"))
    'age > 30'
    """
    data = re.sub(r"\s+", " ", block.data_name or "").strip()
    if found := _SUBSET.match(data):
        return found[1].strip()
    if found := _BRACKETS.match(data):
        return found[2].replace(f"{found[1]}$", "").strip()
    if "subset" in block.heads:
        return block.heads["subset"].strip()
    argument = _ARGUMENT.search(block.heads.get("call", "")) if "subset(" not in data else None
    if argument is not None:
        return argument[1]
    return "" if re.fullmatch(r"[\w.$`:]*", data) or _SAME_ROWS.match(data) else data


def conditions(text: str) -> tuple[Condition, ...] | str:
    """Return the comparisons that a text joins by ``&``, or why they are not understood.

    Examples
    --------
    >>> conditions("age > 30 & sex == 'f'"), conditions("age %in% 1:3")
    ((('age', '>', '30'), ('sex', '==', "'f'")), "the rows of 'age %in% 1:3' are not taken here: where= says which")
    """
    found = [_ONE.match(part.strip()) for part in re.split(r"&&?", text)]
    if text and all(found):
        return tuple((one[1], one[2], one[3]) for one in found if one is not None)
    return f"the rows of {text!r} are not taken here: where= says which"


def taken(data: pd.DataFrame, wanted: tuple[Condition, ...]) -> pd.DataFrame:
    """Return the rows that meet all conditions; as in R those with a missing value do not.

    Raises
    ------
    mlm.errors.DataError
        If a column is not there, cannot be compared, or no row is left.
    """
    for name, operator, value in wanted:
        if name not in data:
            raise DataError(
                f"the rows with {name} {operator} {value} cannot be taken: no column {name!r}; where= says which"
            )
        column = data[name]
        number = value[:1] not in "\"'"
        if number != pd.api.types.is_numeric_dtype(column):
            raise DataError(f"the rows with {name} {operator} {value} cannot be taken: {name} has other values")
        compared = float(value) if number else value[1:-1]
        kept = getattr(column if number else column.astype(object), _METHODS[operator])(compared) & column.notna()
        data = data[kept]
    if data.empty:
        raise DataError("no row is left by what the printout says of its rows; where= says which")
    return data


_METHODS = {"==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
