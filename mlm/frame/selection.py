"""A model frame with some of its rows: the columns and their coding stay what they were."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .columns import Columns, ones
from .grouping import Grouping
from .model_frame import ModelFrame
from .outcome import Outcome

__all__ = ["with_rows"]


def with_rows(frame: ModelFrame, keep: np.ndarray, outcome: Outcome | None) -> ModelFrame:
    """Keep these rows of a frame for a fit to compare; levels that have none of them are left out.

    Parameters
    ----------
    frame : ModelFrame
    keep : ndarray of int
        Positions of the rows.
    outcome : Outcome or None
        The response of these rows, as a generalized model reads it.

    Returns
    -------
    ModelFrame
        Without the data's columns, which new rows would be compared with.
    """
    taken: dict[int, np.ndarray] = {}  # columns that are one array stay one

    def rows_of(columns: Columns) -> Columns:
        factors = tuple(
            (ones(len(keep)),) if columns.is_one(k) else tuple([taken.setdefault(id(a), a[keep]) for a in arrays])
            for k, arrays in enumerate(columns.factors)
        )
        return Columns(columns.names, factors, len(keep))

    return replace(
        frame,
        y=frame.y[keep],
        x_columns=rows_of(frame.x_columns),
        random=tuple([replace(part, columns=rows_of(part.columns)) for part in frame.random]),
        groupings={name: _levels_left(each, keep) for name, each in frame.groupings.items()},
        weights=None if frame.weights is None else frame.weights[keep],
        offset=None if frame.offset is None else frame.offset[keep],
        index=frame.index[keep],
        predictors={},
        others={},
        dependent=None if frame.dependent is None else rows_of(frame.dependent),
        outcome=outcome,
    )


def _levels_left(of: Grouping, keep: np.ndarray) -> Grouping:
    present, codes = np.unique(of.codes[keep], return_inverse=True)
    if not of.pairs:
        return Grouping(of.name, codes, len(present), (of.parts[0][present],))
    before, own = of.pairs[-1]
    return Grouping(of.name, codes, len(present), of.parts, (*of.pairs[:-1], (before[present], own[present])))
