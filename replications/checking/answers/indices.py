"""``icc()``, ``r2()`` and ``model_performance()`` of performance, and ``AIC()`` of several models."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

import mlm
from replications.checking.answers.cells import Source, not_here, only
from replications.checking.intervals import printed
from replications.checking.targets import Target
from replications.printouts.block import Number
from replications.quantities import find

CRITERIA = ("AIC", "AICc", "BIC")
ATTRIBUTES = {
    "R2 (cond.)": "conditional",
    "R2 (marg.)": "marginal",
    "R2": "r_squared",
    "R2 (adj.)": "adj_r_squared",
    "Sigma": "sigma",
}
"""What the other headings are called here."""


def icc(target: Target, models: Mapping[str, Any]) -> Source:
    """Return what finds shares of variance; those by group are of the intercepts."""
    model = only(models)
    found = mlm.icc(model)

    def value(id: str) -> float:
        group = id.removeprefix("icc.")
        share = float(getattr(found, id)) if group == id else _of_group(model, found, group)
        return _unless_slopes(model, share, target.numbers[id])

    return value


def _unless_slopes(model: Any, found: float, number: Number) -> float:
    """Return a share; without a word of *differs* where ``||`` leaves open whether the slopes were counted."""
    if "||" in model.formula and not _shows(number, found):
        raise LookupError("performance up to 0.10 leaves out of its shares the slopes of terms with ||")
    return found


def _shows(number: Number, found: float) -> bool:
    shown = printed(number.text)
    return shown is None or shown.low <= found <= shown.high


def _of_group(model: Any, found: mlm.IntraclassCorrelation, name: str) -> float:
    """Return a group's share: with a slope that of its intercept's variance, as performance has it."""
    group = find(name, found.by_group.index, "group")
    table = mlm.VarCorr(model)
    own = table[(table["grp"] == group) & table["var2"].isna()]
    if len(own) == 1:
        return float(found.by_group[group])
    if not isinstance(model, mlm.MixedModel):
        raise not_here(f"the share of {group} alone, which has slopes,")
    intercept = own.loc[own["var1"] == "(Intercept)", "vcov"]
    return float(intercept.sum() * (1 - found.adjusted) / float(model.sigma) ** 2)


def r2(target: Target, models: Mapping[str, Any]) -> Source:
    """Return what finds shares of variance that are explained."""
    model = only(models)
    if isinstance(model, mlm.LinearModel):
        shares = {"r2": model.r_squared, "adj_r2": model.adj_r_squared}
        return lambda id: float(shares[id])
    if isinstance(model, mlm.GeneralizedLinearModel):
        raise not_here("R2 of a generalized linear model")
    found = mlm.r2(model)
    return lambda id: _unless_slopes(model, float(getattr(found, id.removeprefix("r2_"))), target.numbers[id])


def performance(target: Target, models: Mapping[str, Any]) -> Source:
    """Return what finds the indices of a model by their headings.

    Of a linear mixed model by maximum likelihood performance has, from 0.10 on, criteria by the restricted likelihood
    at its estimates, which are not recomputed here.
    """
    model = only(models)

    def value(id: str) -> float:
        number = target.numbers[id]
        if number.column not in CRITERIA:
            found = _index(model, number.column)
            return _unless_slopes(model, found, number) if number.column[:2] in ("R2", "IC") else found
        found = _criterion(model, number.column)
        if not getattr(model, "reml", True) and not _shows(number, found):
            raise LookupError("criteria by the restricted likelihood at estimates that maximise another one")
        return found

    return value


def _criterion(model: Any, name: str) -> float:
    if name != "AICc":
        return float(getattr(model, name.lower()))
    return float(model.aic + 2 * model.npar * (model.npar + 1) / (model.nobs - model.npar - 1))


def _index(model: Any, name: str) -> float:
    if name == "ICC":
        return float(mlm.icc(model).adjusted)
    if name == "RMSE":
        return float(np.sqrt(np.mean(np.square(np.asarray(model.resid)))))
    if name not in ATTRIBUTES:
        raise LookupError(f"{name} is not recomputed here")
    of_shares = name.startswith("R2") and hasattr(model, "varcorr")
    return float(getattr(mlm.r2(model) if of_shares else model, ATTRIBUTES[name]))


def criteria(target: Target, models: Mapping[str, Any]) -> Source:
    """Return what finds the criteria of several models by their names."""

    def value(id: str) -> float:
        number = target.numbers[id]
        model = models[find(number.row, models, "model")]
        return float(model.npar if re.fullmatch("df|Df", number.column) else getattr(model, number.column.lower()))

    return value
