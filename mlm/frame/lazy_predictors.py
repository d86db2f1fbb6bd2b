"""What effects and means ask of predictors, where rows are not read: means and ranges, levels and how they combine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd

from ..errors import DataError
from .lazy_arithmetic import sound
from .lazy_table import LazyTable
from .lazy_values import ByValue, key_of
from .unread import UnreadPredictor
from .values import Category

__all__ = ["predictors_of"]

ROWS = "(rows)"
MOST_CELLS = 100_000  # combinations of levels that are counted: a table that takes some megabytes


def predictors_of(table: LazyTable, columns: Mapping[str, ByValue | None]) -> dict[str, UnreadPredictor]:
    """Ask for what is known of predictors.

    Parameters
    ----------
    table : LazyTable
        The rows in use.
    columns : mapping of str to (ByValue or None)
        Names of the columns; with the values of those that are levels.

    Returns
    -------
    dict of str to UnreadPredictor
    """
    numbers = [name for name, coded in columns.items() if coded is None and table.holds(name) == "numbers"]
    range_of = _ranges(table, numbers)
    levelled = [name for name in columns if name not in numbers or range_of[name]["two"]]
    every = _cells(table, levelled)
    cells = every.dropna(ignore_index=True)  # of what is missing no level can be asked for
    found = {}
    for name, coded in columns.items():
        if name in levelled:
            levels = _levels(name, coded, every)
            counts = every.groupby(name)[ROWS].sum()
            absent = int(every[ROWS][every[name].isna()].sum())
            ordered = coded is not None and isinstance(coded.value, Category) and coded.value.ordered
            found[name] = UnreadPredictor(
                levels, tuple(int(counts.get(each, 0)) for each in levels), ordered=ordered, absent=absent, cells=cells
            )
        else:
            known = range_of[name]
            low, high, absent = known["min"], known["max"], int(known["absent"])
            found[name] = UnreadPredictor(typical=known["mean"], low=low, high=high, absent=absent, cells=cells)
    return found


def _ranges(table: LazyTable, names: list[str]) -> dict[str, dict[str, Any]]:
    """Mean, smallest and largest number of columns, and whether there are no others."""
    if not names:
        return {}
    asked: dict[str, nw.Expr] = {}
    for name in names:
        number = sound(nw.col(name).cast(nw.Float64))
        asked |= {f"mean {name}": number.mean(), f"min {name}": number.min(), f"max {name}": number.max()}
        asked[f"absent {name}"] = number.is_null().cast(nw.Float64).sum()
    found = table.numbers(asked)
    between = {}
    for name in names:
        number = sound(nw.col(name).cast(nw.Float64))
        inside = (number > found[f"min {name}"]) & (number < found[f"max {name}"])
        between[name] = inside.cast(nw.Float64).sum()
    others = table.numbers(between)
    return {
        name: {key: found[f"{key} {name}"] for key in ("mean", "min", "max", "absent")} | {"two": others[name] == 0}
        for name in names
    }


def _cells(table: LazyTable, names: list[str]) -> pd.DataFrame:
    """Combinations of the values of columns that rows have, and how many."""
    if not names:
        return pd.DataFrame({ROWS: []})
    keys = {f"(key {k})": key_of(table, name) for k, name in enumerate(names)}
    rows = table.with_columns(keys).by(list(keys), {ROWS: nw.len()})
    if len(rows) > MOST_CELLS:
        raise DataError(
            f"The categories of the fixed part ({', '.join(names)}) have {len(rows):,} combinations, too many to count "
            f"(the limit is {MOST_CELLS:,}); take what has many levels for a grouping factor."
        )
    values = dict(zip(names, (rows[key].to_list() for key in keys), strict=True))
    return pd.DataFrame({**values, ROWS: rows[ROWS].to_list()})


def _levels(name: str, coded: ByValue | None, cells: pd.DataFrame) -> tuple[Any, ...]:
    """The levels that rows have, in their order."""
    there = set(cells[name].dropna())
    if coded is None:
        return tuple(sorted(there))
    if isinstance(coded.value, Category) and coded.value.text:
        return tuple(each for each in coded.value.levels if each in there)
    order = {value: k for k, value in enumerate(coded.raw)}
    if isinstance(coded.value, Category):
        order = {value: int(coded.value.codes[k]) for k, value in enumerate(coded.raw)}
    return tuple(sorted(there, key=order.__getitem__))
