"""Rows with what a fit says of them, in the columns of R's broom and broom.mixed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ..frame.given import OFFSET, WEIGHTS
from ..frame.model_frame import ModelFrame
from ..frame.table import Table
from ..frame.values import Category, Truth, Value
from ..language.tree import Name, spell
from ..report.face import demand_model

__all__ = ["augment", "rows_of_the_fit", "rows_of_users", "with_columns"]


def augment(m: Any, newdata: Any = None, **options: Any) -> pd.DataFrame:
    """Return rows with fitted values, residuals and leverages; arguments as for `MixedModel.augment`.

    Examples
    --------
    >>> import mlm
    >>> m = mlm.lm("y ~ x", {"y": [1.0, 2.1, 2.9, 4.2, 5.1], "x": [1, 2, 3, 4, 5]})
    >>> mlm.augment(m).columns.tolist()
    ['y', 'x', '.fitted', '.resid', '.hat', '.sigma', '.cooksd', '.std.resid']
    """
    demand_model(m)
    return m.augment(newdata, **options)


def rows_of_the_fit(frame: ModelFrame) -> pd.DataFrame:
    """The response and what the formula computes with, in the rows in use; weights and an offset that were given."""
    columns: dict[str, Any] = {frame.formula.response: frame.y}
    of_rows = {name: _plain(value) for name, value in {**frame.predictors, **frame.others}.items()}
    given = {name: of_rows.pop(name) for name in (WEIGHTS, OFFSET) if name in of_rows}
    for name, values in of_rows.items():
        columns.setdefault(name, values)
    for part in sorted(frame.random, key=lambda part: len(part.term.parts)):
        for node, levels in zip(part.term.parts, frame.groupings[part.term.group].values(), strict=True):
            columns.setdefault(node.name if isinstance(node, Name) else spell(node), levels.to_numpy())
    columns |= given
    return pd.DataFrame({name: pd.Series(values, frame.index) for name, values in columns.items()}, frame.index.view())


def _plain(value: Value) -> Any:
    if isinstance(value, Category):
        return pd.Categorical.from_codes(value.codes, pd.Index(value.levels), ordered=value.ordered)
    values = value.values  # type: ignore[union-attr]
    return values.astype(bool) if isinstance(value, Truth) and not np.isnan(values).any() else np.array(values)


def rows_of_users(newdata: Any) -> pd.DataFrame:
    """New data of any kind as a data frame of its own."""
    if isinstance(newdata, pd.DataFrame):
        return newdata.copy()
    table = Table.of(newdata, "The new data")
    return pd.DataFrame({name: np.asarray(table.raw(name)) for name in table.names}, index=table.index)


def with_columns(rows: pd.DataFrame, added: Mapping[str, Any]) -> pd.DataFrame:
    """Set columns at the end, by position; those of the same names are replaced."""
    plain = {name: np.asarray(values) for name, values in added.items()}
    return rows.drop(columns=[name for name in plain if name in rows]).assign(**plain)
