"""How much new observations vary around their means: by the weights that they are given, or bring along."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ..errors import ArgumentError, DataError, ExtrapolationWarning, users_stacklevel
from ..frame.evaluate import Evaluator, column_names, demand_functions
from ..frame.given import checked_weights, given, numeric
from ..frame.table import Table
from ..frame.unread import UnreadFrame
from .fit import Fit

__all__ = ["observation_variances"]


def observation_variances(fit: Fit, newdata: Any, weights: Any) -> np.ndarray | float:
    """Variances of observations around their means, ``sigma² / weight``, shape (m,).

    Parameters
    ----------
    fit : Fit
    newdata : data frame, or None
        None stands for the rows of the fit, with the weights that they have.
    weights : str or array_like of shape (m,), or None
        Of new rows: a column of theirs, an expression, or values; None stands for what the fit was given, where they
        have its columns, and else for 1.

    Raises
    ------
    ArgumentError
        When weights are given for the rows of the fit.
    DataError
        When they are not one positive number per row.
    FormulaError
        When an expression cannot be read.

    Warns
    -----
    ExtrapolationWarning
        The fit has weights, and new rows none.
    """
    if newdata is None:
        if weights is not None:
            raise ArgumentError("`weights` are those of new rows; the rows of the fit have theirs: leave it out.")
        return fit.sigma**2 / (1.0 if fit.frame.weights is None else fit.frame.weights)
    table, own = Table.of(newdata, "The new data"), fit.frame.recipe.own
    weights = _own_weights(fit, table) if weights is None else weights
    if weights is None:
        return fit.sigma**2
    found = given(weights, "weights", table)
    if isinstance(found, np.ndarray):
        values = found
    else:
        demand_functions((found,), own, weights)
        table.demand({"`weights`": column_names((found,), own, table)}, "The new data")
        values = numeric(found, Evaluator(table, own).value(found), "weights column", table.n)
    missing = int(np.isnan(values).sum())
    if missing:
        raise DataError(
            f"The weights are missing in {missing} of {table.n} rows of the new data; give a positive number for each."
        )
    return fit.sigma**2 / checked_weights(found, values)


def _own_weights(fit: Fit, table: Table) -> str | None:
    """The weights of a fit as they were written, where new rows have the columns; None where they have none.

    Of weights that were given as values the name says nothing: of ``1 / d.w`` it is w.
    """
    shown, origin = fit.frame.call.weights, fit.frame.origin
    if shown is None:
        return None
    written = shown if isinstance(fit.frame, UnreadFrame) else None if origin is None else origin.options.get("weights")
    if isinstance(written, str):
        node = given(written, "weights", table)
        names = [] if isinstance(node, np.ndarray) else column_names((node,), fit.frame.recipe.own, table)
        if all(name in table for name in names):
            return written
    warnings.warn(
        "The fit has weights, and the new data have no column of theirs: intervals are of observations with the weight "
        "1. Give weights=.",
        ExtrapolationWarning,
        stacklevel=users_stacklevel(),
    )
    return None
