"""The numbers of a target as its fits give them, each by its id."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

import mlm
from mlm.errors import MlmError
from replications.checking.part import Cutoffs
from replications.checking.targets import Target
from replications.errors import CheckError
from replications.printouts.block import Number
from replications.printouts.names import slug
from replications.quantities import Quantities, find

Value = float | str | LookupError
"""A number, stars, or why there is none."""


def values(target: Target, models: Mapping[str, Any]) -> dict[str, Value]:
    """Return what the models of a target have for each of its numbers.

    Parameters
    ----------
    target : Target
    models : mapping of str to model
        Fitted, by the names of the target's recipes.
    """
    source = _SOURCES[target.what](target, models)
    found: dict[str, Value] = {}
    for id in target.numbers:
        try:
            found[id] = source(id)
        except (LookupError, CheckError, AttributeError, TypeError, MlmError) as error:
            found[id] = LookupError(_reason(error))
    return found


def _reason(error: Exception) -> str:
    if isinstance(error, LookupError | MlmError) and error.args:
        return str(error.args[0]).split("\n")[0]
    return "the model has no such number"


def stars(p: float, cutoffs: Cutoffs) -> str:
    """Return the stars of a p value by a legend."""
    return next((text for text, bound in cutoffs if p < bound), "")


def _model(target: Target, models: Mapping[str, Any]) -> Any:
    (model,) = models.values()
    (recipe,) = target.recipes.values()
    satterthwaite = any(id.startswith("fixef.") and id.endswith(".df") for id in target.numbers)
    quantities = Quantities(model, satterthwaite)

    def value(id: str) -> Value:
        if id.endswith(".stars"):
            return stars(quantities.p(id.split(".")[-2]), target.cutoffs)
        if reason := _of_nlme(target, id, recipe.reml):
            raise LookupError(reason)
        if target.block.kind == "lme4.ranef":
            return _mode(model, id, target.numbers[id])
        if id == "dispersion":
            return float(model.dispersion)
        minus_twice = id == "deviance" and recipe.function == "glmer"  # so do its summaries call it
        found = -2 * model.loglik if minus_twice else quantities.get(id)
        if not isinstance(found, str) and not math.isfinite(float(found)):  # type: ignore[arg-type]
            raise LookupError("it is not finite")
        return found if isinstance(found, str) else float(found)  # type: ignore[arg-type]

    return value


def _mode(model: Any, id: str, number: Number) -> float:
    """Return a conditional mode, by the group of the id, and the level and the effect that were printed."""
    table = mlm.ranef(model)
    own = (table["grpvar"].map(slug) == id.split(".")[1]) & (table["term"] == number.column)
    found = table.loc[own & (table["grp"].astype(str) == number.row), "condval"]
    if len(found) != 1:
        raise LookupError(f"the model has no conditional mode {number.column!r} of {number.row!r}")
    return float(found.iloc[0])


def _of_nlme(target: Target, id: str, reml: bool) -> str:
    """Return why a number of nlme has no equal here; empty for others."""
    if not target.block.kind.startswith("nlme."):
        return ""
    if id.endswith((".df", ".p", ".stars")):
        return "nlme's degrees of freedom are those of the level at which a term varies"
    return "nlme's BIC of a REML fit counts the rows less the coefficients" if id == "bic" and reml else ""


def _comparison(target: Target, models: Mapping[str, Any]) -> Any:
    reml = any(recipe.reml and recipe.function == "lmer" for recipe in target.recipes.values())
    table = mlm.anova(*models.values(), names=list(models), refit=not reml)
    return _cells(target, table.frame)


def _terms(target: Target, models: Mapping[str, Any]) -> Any:
    (model,) = models.values()
    columns = {number.column for number in target.numbers.values()}
    if "npar" in columns and not any(column.startswith("Pr(") for column in columns):
        return _cells(target, _of_lme4(model))
    return _cells(target, mlm.anova(model).frame)


def _of_lme4(model: Any) -> pd.DataFrame:
    """Return lme4's table of terms in their order: squares of the fixed effects by the factor of their precision."""
    table = mlm.anova(model, type=1).frame
    sigma2 = float(model.sigma) ** 2
    factor = np.linalg.cholesky(np.linalg.inv(np.asarray(model.vcov, dtype=float) / sigma2)).T
    squares = (factor @ np.asarray(list(mlm.fixef(model)), dtype=float)) ** 2
    counts = [round(count) for count in table["NumDF"]]
    ends = np.cumsum([len(squares) - sum(counts), *counts])  # before the terms stands the intercept
    sums = np.array([squares[a:b].sum() for a, b in pairwise(ends)])
    means = sums / counts
    columns = {"npar": counts, "Sum Sq": sums, "Mean Sq": means, "F value": means / sigma2}
    return pd.DataFrame(columns, index=table.index)


def _cells(target: Target, table: Any) -> Any:
    """Return what finds the cells of a table by the labels that were printed."""

    def value(id: str) -> Value:
        number = target.numbers[id]
        row = find(number.row, table.index, "row")
        if id.endswith(".stars"):
            return stars(float(table.loc[row].iloc[-1]), target.cutoffs)
        heading = {"Chi Df": "Df", "-2*log(L)": "deviance", "Pr(>Chi)": "Pr(>Chisq)"}.get(number.column, number.column)
        column = find(heading if heading in table else number.column, table.columns, "column")
        return float(table.loc[row, column])

    return value


def _icc(target: Target, models: Mapping[str, Any]) -> Any:
    (model,) = models.values()
    found = mlm.icc(model)

    def value(id: str) -> Value:
        group = id.removeprefix("icc.")
        return (
            float(found.by_group[find(group, found.by_group.index, "group")])
            if group != id
            else float(getattr(found, id))
        )

    return value


def _r2(target: Target, models: Mapping[str, Any]) -> Any:
    (model,) = models.values()
    found = mlm.r2(model)
    return lambda id: float(getattr(found, id.removeprefix("r2_")))


_SOURCES: dict[str, Any] = {"model": _model, "comparison": _comparison, "terms": _terms, "icc": _icc, "r2": _r2}
