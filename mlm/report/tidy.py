"""A fitted mixed model as data frames, in the columns of R's broom.mixed."""

from __future__ import annotations

from typing import Any

import pandas as pd

__all__ = ["glance_row", "tidy_table"]


def tidy_table(m: Any, conf_int: bool, ddf: str | None) -> pd.DataFrame:
    """One row a parameter."""
    names = ["estimate", "std.error", *(["df"] if ddf else []), "statistic", *(["p.value"] if ddf else [])]
    fixed = m.coefficients(ddf).set_axis(names, axis=1).rename_axis("term").reset_index()
    if conf_int:
        fixed[["conf.low", "conf.high"]] = m.confint().to_numpy()
    fixed.insert(0, "effect", "fixed")
    fixed.insert(1, "group", pd.Series([None] * len(fixed), dtype=object))
    random = m.varcorr
    columns = random[["var1", "var2"]].astype(object).where(random[["var1", "var2"]].notna(), None)
    terms = [_parameter(var1, var2) for var1, var2 in columns.itertuples(index=False, name=None)]
    below = {"effect": "ran_pars", "group": random["grp"], "term": terms, "estimate": random["sdcor"]}
    return pd.concat([fixed, pd.DataFrame(below)], ignore_index=True)


def _parameter(var1: str | None, var2: str | None) -> str:
    """broom.mixed's name of a variance parameter: ``sd__x``, ``cor__(Intercept).x``, ``sd__Observation``."""
    return f"sd__{var1 or 'Observation'}" if var2 is None else f"cor__{var1}.{var2}"


def glance_row(m: Any) -> pd.DataFrame:
    """One row a m."""
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
