"""Another response for the rows of a fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..errors import DataError
from ..frame.column import Column
from ..frame.model_frame import ModelFrame

__all__ = ["new_response"]


def new_response(frame: ModelFrame, y: Any) -> np.ndarray:
    """Check another response for the rows in use.

    Parameters
    ----------
    frame : ModelFrame
        That of the fit, n rows.
    y : array_like, shape (n,)
        A Series is aligned by its labels.

    Returns
    -------
    ndarray of float, shape (n,)
        An array of its own.

    Raises
    ------
    DataError
        When there are not as many numbers as rows, their labels are others, or some are missing or infinite.
    """
    index = frame.index
    if isinstance(y, pd.Series) and not y.index.equals(index):
        if not y.index.is_unique or len(index.difference(y.index)):
            raise DataError("The labels of the new response are not those of the rows in use; give an array instead.")
        y = y.reindex(index)
    values = Column.of(y, "The new response").numbers()
    if values.shape != (frame.nobs,):
        raise DataError(
            f"The new response must have one value for each of the {frame.nobs} rows in use; got {values.shape}."
        )
    if np.isnan(values).any():
        raise DataError(f"The new response has {int(np.isnan(values).sum())} missing values.")
    return values
