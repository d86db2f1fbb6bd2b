"""A fitted mixed model as data frames, in the columns of R's broom.mixed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from scipy import stats

from .errors import FitError

if TYPE_CHECKING:
    from .model import MixedModel

__all__ = ["confidence_intervals", "glance_row", "tidy_table"]


def confidence_intervals(model: MixedModel, level: float, method: str) -> pd.DataFrame:
    """Intervals of the fixed effects; `MixedModel.confint` says what the arguments mean."""
    if method != "wald":
        raise FitError(f"Confidence intervals by {method!r} are not there; use method='wald'.")
    if not 0.0 < level < 1.0:
        raise FitError(f"A confidence level lies between 0 and 1; got {level!r}.")
    tail = 0.5 * (1.0 - level)
    reach = float(stats.norm.isf(tail)) * model.se
    names = [f"{100 * t:.3g} %" for t in (tail, 1.0 - tail)]
    return pd.DataFrame({names[0]: model.fixef - reach, names[1]: model.fixef + reach})


def tidy_table(model: MixedModel, conf_int: bool, ddf: str | None) -> pd.DataFrame:
    """One row a parameter."""
    names = ["estimate", "std.error", *(["df"] if ddf else []), "statistic", *(["p.value"] if ddf else [])]
    fixed = model.coefficients(ddf).set_axis(names, axis=1).rename_axis("term").reset_index()
    if conf_int:
        fixed[["conf.low", "conf.high"]] = model.confint().to_numpy()
    fixed.insert(0, "effect", "fixed")
    fixed.insert(1, "group", pd.Series([None] * len(fixed), dtype=object))
    random = model.varcorr
    columns = random[["var1", "var2"]].astype(object).where(random[["var1", "var2"]].notna(), None)
    terms = [_parameter(var1, var2) for var1, var2 in columns.itertuples(index=False, name=None)]
    below = {"effect": "ran_pars", "group": random["grp"], "term": terms, "estimate": random["sdcor"]}
    return pd.concat([fixed, pd.DataFrame(below)], ignore_index=True)


def _parameter(var1: str | None, var2: str | None) -> str:
    """broom.mixed's name of a variance parameter: ``sd__x``, ``cor__(Intercept).x``, ``sd__Observation``."""
    return f"sd__{var1 or 'Observation'}" if var2 is None else f"cor__{var1}.{var2}"


def glance_row(model: MixedModel) -> pd.DataFrame:
    """One row a model."""
    row = {
        "nobs": model.nobs,
        "sigma": model.sigma,
        "logLik": model.loglik,
        "AIC": model.aic,
        "BIC": model.bic,
        "REMLcrit" if model.reml else "deviance": model.deviance,
        "df.residual": model.df_resid,
    }
    return pd.DataFrame([row])
