"""Fitted models as data frames, in the columns of R's broom and broom.mixed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import cast

import pandas as pd

from ..errors import ArgumentError, brief, is_one_of
from .dropped import with_dropped_terms
from .face import FittedGeneralizedModel, FittedLinearModel, FittedMixedModel, FittedModel, is_mixed

__all__ = ["coefficient_rows", "generalized_glance_row", "glance_row", "linear_glance_row", "tidy_table"]

BROOM = {
    "Estimate": "estimate",
    "Std. Error": "std.error",
    "t value": "statistic",
    "z value": "statistic",
    "df": "df",
    "Pr(>|t|)": "p.value",
    "Pr(>|z|)": "p.value",
}
"""broom's names of the columns of a table of coefficients, in its order."""


def coefficient_rows(m: FittedModel, conf_int: bool, ddf: str | None, level: float) -> pd.DataFrame:
    """One row a coefficient.

    Parameters
    ----------
    m : FittedModel
        Its `coefficients` and `confint` are asked for.
    conf_int : bool
        Add ``conf.low`` and ``conf.high``.
    ddf : str or None
        As in ``m.coefficients``.
    level : float
        Coverage of the intervals.

    Returns
    -------
    DataFrame, one row per term
        The terms of a linear model that depend on others, too, with NaN.
    """
    if not is_one_of(conf_int, (True, False)):
        raise ArgumentError(f"conf_int is True or False; got {brief(conf_int)}.")
    columns = m.coefficients(ddf).rename(columns=BROOM)
    table = columns[[name for name in dict.fromkeys(BROOM.values()) if name in columns]]
    if not is_mixed(m):
        table = with_dropped_terms(table, cast(FittedLinearModel, m))
    limits = m.confint(level, ddf=ddf if conf_int else None).to_numpy()  # a wrong level is said in any case
    if conf_int:
        table = table.assign(**{"conf.low": limits[:, 0], "conf.high": limits[:, 1]})
    return table.rename_axis("term").reset_index()


def tidy_table(m: FittedMixedModel, conf_int: bool, ddf: str | None, level: float = 0.95) -> pd.DataFrame:
    """One row per parameter: the coefficients, then standard deviations and correlations of the random effects."""
    fixed = coefficient_rows(m, conf_int, ddf, level)
    fixed.insert(0, "effect", "fixed")
    fixed.insert(1, "group", pd.Series([None] * len(fixed), dtype=object))
    varcorr = m.varcorr
    order = _lower_triangles([len(part.columns.names) for part in m.terms])
    random = varcorr.iloc[order[: len(varcorr)]]  # a model without a residual variance ends before it
    columns = random[["var1", "var2"]].astype(object).where(random[["var1", "var2"]].notna(), None)
    terms = [_parameter(var1, var2) for var1, var2 in columns.itertuples(index=False, name=None)]
    below = {"effect": "ran_pars", "group": random["grp"], "term": terms, "estimate": random["sdcor"]}
    return pd.concat([fixed, pd.DataFrame(below)], ignore_index=True)


def _lower_triangles(sizes: Sequence[int]) -> list[int]:
    """Places of the rows of `varcorr`, the variances of each term first, in the order of broom.mixed.

    That is by columns of the lower triangle: a standard deviation, then its effect's correlations with those below it.
    """
    order, start = [], 0
    for size in sizes:
        below = start + size
        for k in range(size):
            order.append(start + k)
            order += range(below, below + size - k - 1)
            below += size - k - 1
        start = below
    return [*order, start]


def _parameter(var1: str | None, var2: str | None) -> str:
    """broom.mixed's name of a variance parameter: ``sd__x``, ``cor__(Intercept).x``, ``sd__Observation``."""
    return f"sd__{var1 or 'Observation'}" if var2 is None else f"cor__{var1}.{var2}"


def glance_row(m: FittedMixedModel) -> pd.DataFrame:
    """Model-level numbers of a mixed model, in one row."""
    row = {
        "nobs": m.nobs,
        "sigma": m.sigma,
        "logLik": m.loglik,
        "AIC": m.aic,
        "BIC": m.bic,
        "REMLcrit" if m.reml else "deviance": m.deviance,
        "df.residual": m.df_resid,
    }
    return pd.DataFrame([row])


def generalized_glance_row(m: FittedGeneralizedModel) -> pd.DataFrame:
    """Model-level numbers of a generalized linear model, in one row."""
    row = {
        "null.deviance": m.null_deviance,
        "df.null": m.df_null,
        "logLik": m.loglik,
        "AIC": m.aic,
        "BIC": m.bic,
        "deviance": m.deviance,
        "df.residual": m.df_resid,
        "nobs": m.nobs,
    }
    return pd.DataFrame([row])


def linear_glance_row(m: FittedLinearModel) -> pd.DataFrame:
    """Model-level numbers of a linear model, in one row; as broom, without an F test for a single coefficient."""
    single = len(m.fixef) == 1
    f = None if single else m.fstatistic
    row = {
        "r.squared": m.r_squared,
        "adj.r.squared": m.adj_r_squared,
        "sigma": m.sigma,
        "statistic": f.value if f else math.nan,
        "p.value": f.pvalue if f else math.nan,
        "df": math.nan if single else float(len(m.fixef) - m.has_intercept),
        "logLik": m.loglik,
        "AIC": m.aic,
        "BIC": m.bic,
        "deviance": m.deviance,
        "df.residual": m.df_resid,
        "nobs": m.nobs,
    }
    return pd.DataFrame([row])
