"""The table of coefficients: estimates, standard errors, t or z tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import scipy

__all__ = ["coefficient_table"]


def coefficient_table(
    names: Sequence[str] | pd.Index,
    estimate: np.ndarray,
    se: np.ndarray,
    df: np.ndarray | float | None = None,
    normal: bool = False,
) -> pd.DataFrame:
    """Put estimates beside what tells whether they are 0.

    Parameters
    ----------
    names : sequence of str, length p
    estimate, se : ndarray, shape (p,)
    df : ndarray, shape (p,), or float, optional
        Degrees of freedom of the t tests.
    normal : bool
        Tests by the normal distribution, where no dispersion is estimated.

    Returns
    -------
    DataFrame
        Columns ``Estimate``, ``Std. Error``, ``t value``; with degrees of freedom ``df`` before and ``Pr(>|t|)`` after
        the t values, two-sided, NaN without any. With `normal`: ``z value`` and ``Pr(>|z|)``.
    """
    with np.errstate(invalid="ignore", divide="ignore"):  # of a fit that is exact the standard errors are 0
        columns: dict[str, Any] = {"Estimate": estimate, "Std. Error": se}
        columns |= {"z value": estimate / se} if normal else {"df": df, "t value": estimate / se}
    if normal:
        columns["Pr(>|z|)"] = 2.0 * scipy.special.ndtr(-np.abs(columns["z value"]))
        return pd.DataFrame(columns, index=names)
    if df is None:
        del columns["df"]
    else:
        # twice the upper tail: stdtr is the distribution function itself, without what scipy.stats does around it
        columns["Pr(>|t|)"] = 2.0 * scipy.special.stdtr(df, -np.abs(columns["t value"]))
    return pd.DataFrame(columns, index=names)
