"""Which rows a model without full rank can predict: where dropped columns follow from the kept ones as in the fit.

Searle, S. R. (1971). *Linear Models*, section 5.4: a row of the model matrix that is not a combination of the rows of
the fit has no estimable mean.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from ..errors import RankWarning, counted, first_few, users_stacklevel
from .model_frame import ModelFrame
from .table import Table

__all__ = ["Dependence", "estimable", "estimable_rows"]

# Difference, over the size of a dropped column, up to which it is that which follows from the kept ones: columns are
# dropped where 1e-7 of them or less is their own (frame/rank.py).
ESTIMABLE = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Dependence:
    """How the dropped columns of a model matrix follow from the kept ones in the rows of the fit.

    Attributes
    ----------
    follows : ndarray, shape (p, dropped)
    largest : ndarray, shape (dropped,)
        The largest size of each dropped column.
    """

    follows: np.ndarray
    largest: np.ndarray

    @classmethod
    def of(cls, frame: ModelFrame) -> Dependence:
        """Solve for them."""
        assert frame.dependent is not None
        x, left_out = frame.x, frame.dependent.matrix()
        scale = np.sqrt(np.einsum("ij,ij->j", x, x))
        follows = np.linalg.lstsq(x / scale, left_out, rcond=None)[0] / scale[:, None]
        return cls(follows, np.abs(left_out).max(axis=0))

    def estimable(self, kept: np.ndarray, dropped: np.ndarray) -> np.ndarray:
        """Tell which rows, (m, p) and (m, dropped), have the dropped columns that follow from the kept ones.

        True too where something is missing.
        """
        size = self.largest + np.abs(dropped) + np.abs(kept) @ np.abs(self.follows)
        return np.asarray(~(np.abs(dropped - kept @ self.follows) > ESTIMABLE * size).any(axis=1))


def estimable(frame: ModelFrame, every: np.ndarray) -> np.ndarray:
    """Tell which rows have the dropped columns that follow from the kept ones as they do in the rows of the fit.

    Parameters
    ----------
    frame : ModelFrame
    every : ndarray, shape (m, columns)
        All columns of other rows, the dropped ones in their places.

    Returns
    -------
    ndarray of bool, shape (m,)
        True too where something is missing.

    Examples
    --------
    >>> from mlm.frame.model_frame import model_frame
    >>> rows = {"y": [1.0, 2.2, 4.1, 5.0], "x": [0.0, 1.0, 2.0, 5.0], "z": [0.0, 2.0, 4.0, 10.0]}
    >>> frame = model_frame("y ~ x + z", rows).without([2])
    >>> estimable(frame, np.array([[1.0, 3.0, 6.0], [1.0, 3.0, 7.0]])).tolist()
    [True, False]
    """
    keep = frame.x_design.keep
    if keep is None or frame.dependent is None:
        return np.ones(len(every), dtype=bool)
    return Dependence.of(frame).estimable(every[:, list(keep)], np.delete(every, keep, axis=1))


def estimable_rows(frame: ModelFrame, table: Table) -> tuple[np.ndarray, np.ndarray]:
    """Make the model matrix of new rows, and say of which none has a mean that follows from the fit.

    Parameters
    ----------
    frame : ModelFrame
    table : Table

    Returns
    -------
    x : ndarray, shape (m, p)
    estimable : ndarray of bool, shape (m,)

    Warns
    -----
    RankWarning
    """
    design = frame.x_design
    if design.keep is None:
        return design.replay(table).matrix(), np.ones(table.n, dtype=bool)
    every = design.replay_all(table).matrix()
    found = estimable(frame, every)
    lost = int((~found).sum())
    if lost:
        warnings.warn(
            f"{counted(lost, 'row')} of {table.n:,} cannot be estimated: {first_few(frame.left_out)} was dropped from "
            "the fit as dependent on other columns, and is something else there. What is predicted is as if it were "
            "not in the formula, and has no standard error.",
            RankWarning,
            stacklevel=users_stacklevel(),
        )
    return every[:, list(design.keep)], found
