"""Rows with what a fit says of them, in the columns of R's broom and broom.mixed.

Cook's distances are ``(r / (1 - h))² h / (φ p)``, with Pearson's residuals r, leverages h, dispersion φ and p fixed
effects (Cook & Weisberg 1982, *Residuals and Influence in Regression*, section 5.4).
"""

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

__all__ = ["augment", "cooks_distances", "rows_of_the_fit", "rows_of_users", "spread_without", "with_columns"]

# What is left of 1 beside a leverage that is 1 to rounding: such a row is fitted whatever it is.
FULL_LEVERAGE = 1e-8


def augment(m: Any, newdata: Any = None, **options: Any) -> pd.DataFrame:
    """Return rows with fitted values, residuals and leverages; arguments as for `MixedModel.augment`.

    Examples
    --------
    >>> import mlm
    >>> m = mlm.lm("y ~ x", {"y": [1.0, 2.1, 2.9, 4.2, 5.1], "x": [1.0, 2.0, 3.0, 4.0, 5.0]})
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


def cooks_distances(pearson: np.ndarray, leverage: np.ndarray, dispersion: float, p: int) -> np.ndarray:
    """Cook's distances, shape (n,); NaN in rows that are fitted whatever they are, and without fixed effects."""
    spare = 1.0 - leverage
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.square(pearson / spare) * leverage / (dispersion * p)
    return np.where((spare > FULL_LEVERAGE) & (p > 0), found, np.nan)


def spread_without(residuals: np.ndarray, leverage: np.ndarray, df_resid: int) -> np.ndarray:
    """What sigma is estimated as without each row, shape (n,), from residuals whose squares are the deviance's parts.

    Of a generalized linear model to first order, as R has it (Belsley, Kuh & Welsch 1980, *Regression Diagnostics*,
    section 2.1).
    """
    squares, spare = np.square(residuals), 1.0 - leverage
    with np.errstate(divide="ignore", invalid="ignore"):
        out = np.where(spare > FULL_LEVERAGE, squares / spare, 0.0)
        return np.sqrt(np.maximum(float(squares.sum()) - out, 0.0) / (df_resid - 1))
