"""The numbers of a target as its fits give them, each by its id."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

import mlm
from mlm.errors import MlmError
from replications.checking.answers import deletions, indices, limits, means, terms
from replications.checking.answers.cells import Source, Value, of_table, stars
from replications.checking.targets import Target
from replications.errors import CheckError
from replications.printouts.block import Number
from replications.printouts.names import slug
from replications.quantities import Quantities

KENWARD = {"se": "Std. Error", "df": "df", "t": "t value", "p": "Pr(>|t|)", "stars": "Pr(>|t|)"}


def values(target: Target, models: Mapping[str, Any]) -> dict[str, Value]:
    """Return what the models of a target have for each of its numbers.

    Parameters
    ----------
    target : Target
    models : mapping of str to model
        Fitted, by the names of the target's recipes.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what there is to say of the models was said as they were fitted
        try:
            source = _SOURCES[target.what](target, models)
        except (LookupError, CheckError, MlmError, np.linalg.LinAlgError) as error:
            return dict.fromkeys(target.numbers, LookupError(_reason(error)))
        return {id: _value(source, id) for id in target.numbers}


def _value(source: Source, id: str) -> Value:
    try:
        return source(id)
    except (LookupError, CheckError, AttributeError, TypeError, MlmError) as error:
        return LookupError(_reason(error))


def _reason(error: Exception) -> str:
    if isinstance(error, LookupError | MlmError) and error.args:
        return str(error.args[0]).split("\n")[0]
    return "the model has no such number"


def _model(target: Target, models: Mapping[str, Any]) -> Source:
    (model,) = models.values()
    (recipe,) = target.recipes.values()
    satterthwaite = any(id.endswith(".df") for id in target.numbers)
    quantities = Quantities(model, satterthwaite)
    kenward = _by_kenward(target, model)

    def value(id: str) -> Value:
        if kenward is not None and (named := re.fullmatch(r"fixef\.(.+)\.(se|df|t|p|stars)", id)):
            cell = float(kenward.loc[quantities.term(named[1]), KENWARD[named[2]]])
            return stars(cell, target.cutoffs) if named[2] == "stars" else cell
        if id.endswith(".stars"):
            return stars(quantities.p(id.split(".")[-2]), target.cutoffs)
        if reason := _of_nlme(target, id, recipe.reml):
            raise LookupError(reason)
        if target.block.kind == "lme4.ranef":
            return _mode(model, id, target.numbers[id])
        if id in ("dispersion", "sigma"):
            return float(getattr(model, id))
        found = float(model.deviance) if target.block.kind == "stats.deviance" else quantities.get(id)
        if not isinstance(found, str) and not math.isfinite(float(found)):  # type: ignore[arg-type]
            raise LookupError("it is not finite")
        return found if isinstance(found, str) else float(found)  # type: ignore[arg-type]

    return value


def without_hessian(target: Target, model: Any) -> dict[str, Value]:
    """Return the standard errors of a ``glmer`` as if theta were known, and what is computed from them."""
    covariance = model.covariance(use_hessian=False)
    errors = pd.Series(np.sqrt(np.diag(covariance)), covariance.index)
    quantities = Quantities(model, False)

    def value(id: str) -> Value:
        if named := re.fullmatch(r"fixef_corr\.([^.]+)\.([^.]+)", id):
            a, b = map(quantities.term, named.groups())
            return float(covariance.loc[a, b] / (errors[a] * errors[b]))
        _, name, what = id.rsplit(".", 2)
        term = quantities.term(name)
        z = float(model.fixef[term] / errors[term])
        p = math.erfc(abs(z) / math.sqrt(2))
        found: dict[str, Value] = {"se": float(errors[term]), "z": z, "p": p, "stars": stars(p, target.cutoffs)}
        return found[what]

    wanted = re.compile(r"fixef\.[^.]+\.(se|z|p|stars)|fixef_corr\.[^.]+\.[^.]+")
    return {id: _value(value, id) for id in target.numbers if wanted.fullmatch(id)}


def _by_kenward(target: Target, model: Any) -> pd.DataFrame | None:
    """Return the coefficients by Kenward and Roger's method, where a summary says that its tests are by it."""
    if not target.block.kind.startswith("lme4.") or "Kenward" not in target.block.heads.get("title", ""):
        return None
    found: pd.DataFrame = model.coefficients(ddf="kenward-roger")
    return found


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


def _comparison(target: Target, models: Mapping[str, Any]) -> Source:
    reml = any(recipe.reml and recipe.function == "lmer" for recipe in target.recipes.values())
    table = mlm.anova(*models.values(), names=list(models), refit=not reml)
    return of_table(target, table.frame)


_SOURCES: dict[str, Callable[[Target, Mapping[str, Any]], Source]] = {
    "model": _model,
    "comparison": _comparison,
    "terms": terms.anova,
    "car": terms.car,
    "drop1": deletions.drop1,
    "ranova": deletions.ranova,
    "step": deletions.step,
    "confint": limits.confint,
    "means": means.means,
    "joint tests": means.joint_tests,
    "icc": indices.icc,
    "r2": indices.r2,
    "performance": indices.performance,
    "criteria": indices.criteria,
}
