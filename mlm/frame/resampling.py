"""A model frame with some of its rows, whole levels of a grouping factor as often as they are drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from .columns import Columns, ones
from .grouping import Grouping
from .model_frame import ModelFrame

__all__ = ["with_levels"]


def with_levels(frame: ModelFrame, group: str, drawn: np.ndarray) -> ModelFrame:
    """Make a frame of the rows of some levels, in the order drawn; those drawn twice are different levels.

    Levels of other factors that lie within one level each are different in each copy; those that do not stay the same.

    Parameters
    ----------
    frame : ModelFrame
    group : str
        A grouping factor.
    drawn : ndarray of int
        Positions of levels.
    """
    codes = frame.groupings[group].codes
    order = np.argsort(codes, kind="stable")
    count = np.bincount(codes, minlength=frame.groupings[group].size)
    first = np.cumsum(count) - count
    rows = np.concatenate([order[first[k] : first[k] + count[k]] for k in drawn])
    copy = np.repeat(np.arange(len(drawn)), count[drawn])
    groupings: Mapping[str, Grouping] = {
        name: _drawn(g, codes, rows, copy) if name != group else _named(g.name, copy)
        for name, g in frame.groupings.items()
    }
    random = tuple(replace(part, columns=_rows_of(part.columns, rows)) for part in frame.random)
    return replace(
        frame,
        y=frame.y[rows],
        x_columns=_rows_of(frame.x_columns, rows),
        random=random,
        groupings=groupings,
        weights=None if frame.weights is None else frame.weights[rows],
        offset=None if frame.offset is None else frame.offset[rows],
        index=pd.RangeIndex(len(rows)),
        predictors={},
        others={},
        outcome=None if frame.outcome is None else _outcome(frame.outcome, rows),
    )


def _drawn(other: Grouping, codes: np.ndarray, rows: np.ndarray, copy: np.ndarray) -> Grouping:
    """Another factor on these rows: new levels in each copy where its own lie within one level of what was drawn."""
    within = np.full(other.size, -1)
    within[other.codes] = codes
    mine = other.codes[rows]
    return _named(other.name, copy * other.size + mine if (within[other.codes] == codes).all() else mine)


def _named(name: str, values: np.ndarray) -> Grouping:
    levels, codes = np.unique(values, return_inverse=True)
    return Grouping(name, codes.ravel(), len(levels), (levels,))


def _rows_of(columns: Columns, rows: np.ndarray) -> Columns:
    factors = tuple(
        (ones(len(rows)),) if columns.is_one(k) else tuple(a[rows] for a in arrays)
        for k, arrays in enumerate(columns.factors)
    )
    return Columns(columns.names, factors, len(rows))


def _outcome(outcome: Any, rows: np.ndarray) -> Any:
    """What a generalized model reads of the response, on these rows."""
    trials = outcome.trials
    taken = {"values": outcome.values[rows], "weights": outcome.weights[rows]}
    return replace(outcome, **taken, trials=None if trials is None else trials[rows])
