"""Fitted and predicted values: the linear predictor, on the rows of the fit or on new ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..errors import ArgumentError, DataError, FitError, suggest
from ..frame.formula import RandomTerm
from ..frame.model_frame import ModelFrame
from ..frame.table import Table
from .fit import Fit

__all__ = ["demand_no_offset", "fitted_values", "predicted_values"]


def fitted_values(fit: Fit) -> pd.Series:
    """Fixed effects, conditional modes and offset, for the rows of the fit."""
    frame = fit.frame
    values = frame.x @ fit.fixef.to_numpy()
    for k, part in enumerate(fit.terms):
        values = values + _contribution(fit, k, part.columns.matrix(), frame.groupings[part.term.group].codes)
    if frame.offset is not None:
        values = values + frame.offset
    return pd.Series(values, frame.index)


def predicted_values(fit: Fit, newdata: Any, re_form: Any, new_levels: str) -> pd.Series:
    """Predictions; `mlm.MixedModel.predict` says what the arguments mean."""
    if not (re_form is None or re_form is False or re_form == "NA"):
        raise ArgumentError(f"re_form is None (all random effects), 'NA' or False (none); got {re_form!r}.")
    if new_levels not in ("error", "population"):
        raise ArgumentError(f"new_levels is 'error' or 'population'; got {new_levels!r}.")
    frame, beta = fit.frame, fit.fixef.to_numpy()
    if newdata is None:
        if re_form is None:
            return fitted_values(fit)
        return pd.Series(frame.x @ beta + frame.known_part, frame.index)
    demand_no_offset(frame)
    table = Table.of(newdata)
    values = frame.x_design.replay(table).matrix() @ beta
    for k, part in enumerate(fit.terms if re_form is None else ()):
        codes = _codes(fit, part.term, table, new_levels)
        values = values + _contribution(fit, k, part.design.replay(table).matrix(), codes)
    return pd.Series(values, table.frame.index)


def demand_no_offset(frame: ModelFrame) -> None:
    """Refuse to predict new rows for a model with an offset.

    Raises
    ------
    FitError
        When the frame of the model has an offset.
    """
    if frame.offset is not None:
        raise FitError(
            "This model has an offset, and that of new rows is not known; add it to m.design(newdata) @ m.fixef, the"
            " prediction of the fixed part without it."
        )


def _contribution(fit: Fit, k: int, z: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """What term k adds to the linear predictor; codes of -1 (unknown levels) add nothing."""
    slot = fit.deviance_function.layout.slots[k]
    b = fit.modes[fit.terms[k].term.group][0][slot.start : slot.start + slot.size]
    return np.where(codes >= 0, np.einsum("ij,ji->i", z, b[:, codes]), 0.0)


def _codes(fit: Fit, term: RandomTerm, table: Table, new_levels: str) -> np.ndarray:
    """Positions of the rows' levels among those of the fit, -1 for new ones."""
    columns = list(term.group_columns)
    missing = [c for c in columns if c not in table]
    if missing:
        raise DataError(f"The new data have no column {missing[0]!r}.{suggest(missing[0], table.frame.columns)}")
    values = table[columns[0]] if len(columns) == 1 else _joined([table[c] for c in columns])
    codes = fit.frame.groupings[term.group].levels.get_indexer(values)
    new = pd.unique(np.asarray(values)[codes < 0])
    if len(new) and new_levels == "error":
        raise DataError(
            f"{term.group!r} has {len(new)} levels that the fit has not seen, such as {str(new[0])!r}; "
            "use new_levels='population' to predict them with random effects of 0."
        )
    return codes


def _joined(columns: list[pd.Series]) -> pd.Series:
    """Names of the levels of an interaction; whole numbers that arrive as floats count as integers."""
    texts = []
    for column in columns:
        if column.dtype.kind == "f" and (column == column.round()).all():
            column = column.astype(np.int64)
        # pandas before 3 writes missing values out
        texts.append(column.astype(str).where(column.notna()))
    return texts[0].str.cat(texts[1:], sep=":")
