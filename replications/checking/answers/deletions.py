"""``drop1()`` and lmerTest's ``ranova()``: models without one of their terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import scipy

import mlm
from replications.checking.answers.cells import Source, of_table, only, said
from replications.checking.targets import Target

WHOLE = "<none>"


def drop1(target: Target, models: Mapping[str, Any]) -> Source:
    """Return what finds the cells of ``drop1()``; of lme4 itself they are of fits by maximum likelihood."""
    model = only(models)
    kenward = "kenward-roger" if said(target, "Kenward") else None
    if target.block.kind == "lmerTest.drop1" or not isinstance(model, mlm.MixedModel):
        return of_table(target, mlm.drop1(model, ddf=kenward).frame)
    labels = dict.fromkeys(number.row for number in target.numbers.values())
    return of_table(target, likelihood_ratios(model, [label for label in labels if label != WHOLE]))


def likelihood_ratios(model: mlm.MixedModel, labels: Sequence[str]) -> pd.DataFrame:
    """Return lme4's table of a linear mixed model and those without each of some terms.

    Raises
    ------
    mlm.errors.MlmError
        If a term is none of the model's.
    """
    whole = mlm.update(model, reml=False)
    rows: dict[str, dict[str, float]] = {WHOLE: {"AIC": whole.aic}}
    for label in labels:
        smaller = mlm.update(whole, f". ~ . - {label}")
        demand_same_rows(model, smaller)
        ratio, df = 2 * (whole.loglik - smaller.loglik), whole.npar - smaller.npar
        p = float(scipy.special.chdtrc(df, max(ratio, 0.0)))
        rows[label] = {"npar": df, "AIC": smaller.aic, "LRT": ratio, "Pr(Chi)": p}
    return pd.DataFrame.from_dict(rows, orient="index").reindex(columns=["npar", "AIC", "LRT", "Pr(Chi)"])


def demand_same_rows(model: Any, other: Any) -> None:
    """Refuse a smaller model that has more rows, where the term left out has missing values.

    Raises
    ------
    LookupError
    """
    if model.nobs != other.nobs:
        raise LookupError(f"the model without a term has {other.nobs} rows, and {model.nobs} with it")


def ranova(target: Target, models: Mapping[str, Any]) -> Source:
    """Return what finds the cells of ``ranova()``, with whole terms left out if its rows are."""
    labels = dict.fromkeys(number.row for number in target.numbers.values())
    whole = not any(" in (" in label for label in labels)
    model = only(models)
    if any(number.column == "Eliminated" for number in target.numbers.values()):
        return of_table(target, mlm.step(model).random.frame)
    slopes = any(len(effects) > 1 for effects in mlm.VarCorr(model).groupby("grp")["var1"].unique())
    return of_table(target, mlm.ranova(model, reduce_terms=not (whole and slopes)).frame)


def step(target: Target, models: Mapping[str, Any]) -> Source:
    """Return what finds the cells of lmerTest's ``step()``: its fixed effects."""
    return of_table(target, mlm.step(only(models)).fixed.frame)
