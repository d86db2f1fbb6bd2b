"""Rows of tables for the terms of a linear model that have no coefficient, because they depend on others."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .face import FittedGeneralizedModel, FittedLinearModel, FittedModel

OneLevel = FittedLinearModel | FittedGeneralizedModel

__all__ = ["deleted_rows", "terms_of", "with_dropped_terms"]


def with_dropped_terms(table: pd.DataFrame, m: OneLevel) -> pd.DataFrame:
    """Put rows of NaN where R has the terms without a coefficient.

    Parameters
    ----------
    table : DataFrame, p rows
        One row a coefficient, in the model's order.
    m : FittedLinearModel or FittedGeneralizedModel

    Returns
    -------
    DataFrame
        One row per term; the same where no term was left out.
    """
    kept = m.frame.x_design.keep
    if kept is None:
        return table
    values = np.full((len(m.terms), table.shape[1]), np.nan)
    values[list(kept)] = table.to_numpy()
    return pd.DataFrame(values, pd.Index(m.terms, name=table.index.name), table.columns)


def terms_of(values: pd.Series, m: OneLevel) -> pd.Series:
    """Return the values of coefficients (p,) by term, NaN for the terms that have none."""
    return with_dropped_terms(values.to_frame(), m).iloc[:, 0]


def deleted_rows(m: FittedModel) -> list[str]:
    """The line of R that says how many rows had missing values, where some had."""
    count = m.frame.dropped.count
    return [f"  ({count} observation{'s' if count > 1 else ''} deleted due to missingness)"] if count else []
