"""The table of coefficients: estimates, standard errors, t or z tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import scipy

__all__ = ["coefficient_table"]

T_VALUES = pd.Index(["Estimate", "Std. Error", "t value"])
T_TABLE = pd.Index(["Estimate", "Std. Error", "df", "t value", "Pr(>|t|)"])
Z_TABLE = pd.Index(["Estimate", "Std. Error", "z value", "Pr(>|z|)"])


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
        ratio = estimate / se
    columns: tuple[Any, ...]
    if normal:
        labels, columns = Z_TABLE, (estimate, se, ratio, 2.0 * scipy.special.ndtr(-np.abs(ratio)))
    elif df is None:
        labels, columns = T_VALUES, (estimate, se, ratio)
    else:
        # twice the upper tail: stdtr is the distribution function itself, without what scipy.stats does around it
        labels, columns = T_TABLE, (estimate, se, df, ratio, 2.0 * scipy.special.stdtr(df, -np.abs(ratio)))
    table = np.empty((len(ratio), len(labels)), order="F")
    for k, column in enumerate(columns):
        table[:, k] = column
    return pd.DataFrame(table, names, labels.view(), copy=False)
