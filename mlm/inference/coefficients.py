"""The table of coefficients: estimates, standard errors, t or z tests."""

from __future__ import annotations

import numpy as np
import pandas as pd
import scipy

__all__ = ["coefficient_table"]


def coefficient_table(
    estimate: pd.Series, se: pd.Series, df: pd.Series | float | None = None, normal: bool = False
) -> pd.DataFrame:
    """Put estimates beside what tells whether they are 0.

    Parameters
    ----------
    estimate, se : pandas.Series, length p
        By term.
    df : pandas.Series of length p, or float, optional
        Degrees of freedom of the t tests.
    normal : bool
        Tests by the normal distribution, where no dispersion is estimated.

    Returns
    -------
    DataFrame
        Columns ``Estimate``, ``Std. Error``, ``t value``; with degrees of freedom ``df`` before and ``Pr(>|t|)`` after
        the t values, two-sided, NaN without any. With `normal`: ``z value`` and ``Pr(>|z|)``.
    """
    table, t = pd.DataFrame({"Estimate": estimate, "Std. Error": se}), estimate / se
    if normal:
        return table.assign(**{"z value": t, "Pr(>|z|)": 2.0 * scipy.stats.norm.sf(np.abs(t))})
    if df is None:
        return table.assign(**{"t value": t})
    return table.assign(**{"df": df, "t value": t, "Pr(>|t|)": 2.0 * scipy.stats.t.sf(np.abs(t), df)})
