"""Predictions of lazy rows: the conditional modes are joined to the rows by their groups, where these are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import ArgumentError, DataError, first_few
from ..frame.lazy_linear import LazyPredictor
from ..frame.lazy_table import LazyTable
from ..language.tree import Node
from .fit import Fit
from .predict import chosen_effects, codes_of, demand_new_levels

__all__ = ["FITTED", "demand_plain", "lazy_predictions"]

FITTED = "fit"


def lazy_predictions(fit: Fit, data: Any, re_form: Any, new_levels: str) -> Any:
    """Predict rows that stay where they are; `mlm.MixedModel.predict` says what the arguments mean.

    One query asks whether numbers are finite, and one a grouping factor for its levels; the predictions themselves are
    computed by whoever computes what is returned.

    Parameters
    ----------
    fit : Fit
    data : DuckDB relation, polars LazyFrame, Ibis table, Dask or PySpark frame, or path of Parquet files
    re_form, new_levels

    Returns
    -------
    lazy data
        Of the same kind: all columns of the data, and ``fit``.

    Raises
    ------
    ArgumentError, DataError
        As `MixedModel.predict` does; DataError also when the data have a column ``fit``, columns were dropped from the
        model, or an engine cannot compute an expression.
    """
    demand_new_levels(new_levels)
    effects = chosen_effects(fit, re_form)
    table = LazyTable.of(data)
    _demand(fit, table, [node for k in effects for node in fit.terms[k].term.parts])
    frame, found = fit.frame, LazyPredictor(table, fit.frame.recipe)
    found.add_columns(frame.x_design, fit.fixef.tolist())
    for node in frame.offset_parts or ():
        found.add_offset(node)
    for k, columns in effects.items():
        part, slot = fit.terms[k], fit.deviance_function.layout.slots[k]
        levels = found.levels(frame.recipe.columns(part.term.parts))
        evaluator, factor = frame.recipe.evaluator(levels.table), frame.groupings[part.term.group]
        codes = codes_of(factor, part.term, evaluator, new_levels, levels.counts)
        modes = fit.modes[part.term.group][0][slot.start : slot.start + slot.size][columns][:, codes]
        otherwise = np.nan if new_levels == "missing" else 0.0
        found.add_levels(part.design, columns, levels, np.where(codes >= 0, modes, np.nan), otherwise)
    return found.native_as(FITTED)


def demand_plain(more: bool) -> None:
    """Refuse standard errors and intervals of lazy data.

    Raises
    ------
    ArgumentError
    """
    if more:
        raise ArgumentError(
            "Lazy data get predictions alone: `se`, `interval` and `weights` need the rows in memory; collect those "
            "rows of which you want intervals."
        )


def _demand(fit: Fit, table: LazyTable, grouped: Sequence[Node]) -> None:
    """Refuse data that cannot be predicted where they stay."""
    frame = fit.frame
    if frame.offset_parts is None:
        frame.known_part_of(table.names_only())  # which says that the offset is not known
    used = {
        "the model": [*frame.x_design.columns_used(), *frame.recipe.columns(grouped)],
        "the offset": frame.recipe.columns(frame.offset_parts or ()),
    }
    table.demand(used, "The new data")
    if FITTED in table:
        raise DataError(f"The new data have a column {FITTED!r}, which is what predictions are called; rename it.")
    if frame.x_design.keep is not None:
        raise DataError(
            f"{first_few(frame.left_out)} was dropped from the fit as dependent on other columns, and an engine is not "
            f"asked whether new rows have it so; leave it out of the formula, or predict the rows in memory, "
            f"m.predict(data{table.remedy})."
        )
