"""``anova()`` of one model, of types I to III, and car's ``Anova()``: tests of its terms."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import scipy

import mlm
from replications.checking.answers.cells import Source, not_here, of_table, only
from replications.checking.answers.deletions import demand_same_rows
from replications.checking.targets import Target

TYPES = {"I": 1, "II": 2, "III": 3, "1": 1, "2": 2, "3": 3}
INTERCEPT = "(Intercept)"


def anova(target: Target, models: Mapping[str, Any]) -> Source:
    """Return what finds the cells of ``anova(m)``: of lmerTest, of lme4, of a linear or a generalized linear model."""
    model, columns = only(models), {number.column for number in target.numbers.values()}
    if isinstance(model, mlm.GeneralizedLinearModel):
        return of_table(target, _deviances(model, _labels(target)))
    if "npar" in columns and not any(column.startswith("Pr(") for column in columns):
        return of_table(target, _of_lme4(model))
    if not isinstance(model, mlm.MixedModel):
        return of_table(target, mlm.anova(model).frame)
    title = target.block.heads.get("title", "")
    ddf = "kenward-roger" if "Kenward" in title else "satterthwaite"
    return of_table(target, mlm.anova(model, type=_type(title, "III"), ddf=ddf).frame)


def car(target: Target, models: Mapping[str, Any]) -> Source:
    """Return what finds the cells of car's ``Anova()``."""
    model, title = only(models), target.block.heads.get("title", "")
    kind = _type(title, "II")
    if isinstance(model, mlm.GeneralizedLinearModel):
        if "LR" not in " ".join(number.column for number in target.numbers.values()):
            raise LookupError(f"the tests of {title!r} are not recomputed here")
        return of_table(target, _ratios(model, _labels(target), kind))
    if isinstance(model, mlm.LinearModel):
        return of_table(target, _squares(model, kind))
    return of_table(target, _by_kenward(model, kind) if "F tests" in title else _wald(model, kind))


def _type(title: str, default: str) -> int:
    found = re.search(r"Type (I{1,3}|[123])\b", title)
    return TYPES[found[1] if found else default]


def _labels(target: Target) -> list[str]:
    return list(dict.fromkeys(number.row for number in target.numbers.values()))


def columns_of_terms(model: Any) -> dict[str, list[int]]:
    """Return the places of each term's coefficients; R orders these as the terms, the intercept before them."""
    table = mlm.anova(model, type=1).frame.drop(index="Residuals", errors="ignore")
    counts = [round(count) for count in table["NumDF" if "NumDF" in table else "Df"]]
    first = len(mlm.fixef(model)) - sum(counts)
    ends = np.cumsum([first, *counts])
    found = {str(name): list(range(a, b)) for name, (a, b) in zip(table.index, pairwise(ends), strict=True)}
    return {INTERCEPT: list(range(first)), **found} if first else found


def _above(term: str, terms: Sequence[str]) -> list[str]:
    """Return the terms that contain another one: ``a:b`` contains ``a``."""
    parts = set(term.split(":"))
    return [other for other in terms if parts < set(other.split(":"))]


def _wald(model: Any, kind: int) -> pd.DataFrame:
    """Return Wald tests of the terms: of type III of their coefficients, of type II beside those not above them.

    What a term adds to the terms above it is a difference of two Wald statistics: Fox & Weisberg (2019), *An R
    Companion to Applied Regression*, section 5.3.
    """
    places = columns_of_terms(model)
    names = [name for name in places if kind > 2 or name != INTERCEPT]
    rows = {}
    for name in names:
        above = [at for other in _above(name, names) for at in places[other]] if kind == 2 else []
        df = len(places[name])
        statistic = _statistic(model, [*above, *places[name]]) - _statistic(model, above)
        rows[name] = (statistic, df, float(scipy.special.chdtrc(df, statistic)))
    return pd.DataFrame.from_dict(rows, orient="index", columns=["Chisq", "Df", "Pr(>Chisq)"])


def _statistic(model: Any, places: Sequence[int]) -> float:
    """Return Wald's statistic of some coefficients."""
    b, v = np.asarray(mlm.fixef(model), dtype=float)[places], np.asarray(mlm.vcov(model), dtype=float)
    return float(b @ np.linalg.solve(v[np.ix_(places, places)], b)) if len(places) else 0.0


def _by_kenward(model: Any, kind: int) -> pd.DataFrame:
    """Return Kenward and Roger's tests of the terms, where these are tests of their coefficients."""
    places = columns_of_terms(model)
    names = [name for name in places if kind > 2 or name != INTERCEPT]
    if kind == 2 and any(_above(name, names) for name in names):
        raise LookupError("type II tests by Kenward and Roger's method beside interactions are not recomputed here")
    identity, rows = np.eye(len(mlm.fixef(model))), {}
    for name in names:
        found = mlm.contest(model, identity[places[name]], ddf="kenward-roger", joint=True).frame.iloc[0]
        rows[name] = (found["F value"], len(places[name]), found["DenDF"], found["Pr(>F)"])
    return pd.DataFrame.from_dict(rows, orient="index", columns=["F value", "Df", "Df.res", "Pr(>F)"])


def _squares(model: mlm.LinearModel, kind: int) -> pd.DataFrame:
    """Return sums of squares and F tests of a linear model, from Wald's statistics."""
    table, df = _wald(model, kind), float(model.df_resid)
    f = table["Chisq"] / table["Df"]
    p = scipy.special.fdtrc(table["Df"], df, f)
    found = pd.DataFrame({"Sum Sq": table["Chisq"] * model.sigma**2, "Df": table["Df"], "F value": f, "Pr(>F)": p})
    found.loc["Residuals", ["Sum Sq", "Df"]] = [df * model.sigma**2, df]
    return found


def _ratios(model: mlm.GeneralizedLinearModel, labels: Sequence[str], kind: int) -> pd.DataFrame:
    """Return likelihood ratios of a generalized linear model's terms, each beside those that are not above it."""
    demand_no_dispersion(model)
    if kind > 2 and any(_above(label, labels) for label in labels):
        raise LookupError("type III tests of a generalized linear model with interactions are not recomputed here")
    rows = {}
    for label in labels:
        larger = _without(model, _above(label, labels))
        smaller = _without(model, [label, *_above(label, labels)])
        ratio, df = smaller.deviance - larger.deviance, smaller.df_resid - larger.df_resid
        rows[label] = (ratio, df, float(scipy.special.chdtrc(df, max(ratio, 0.0))))
    return pd.DataFrame.from_dict(rows, orient="index", columns=["Chisq", "Df", "Pr(>Chisq)"])


def _deviances(model: mlm.GeneralizedLinearModel, labels: Sequence[str]) -> pd.DataFrame:
    """Return R's analysis of deviance: the terms one after another."""
    demand_no_dispersion(model)
    terms = [label for label in labels if label != "NULL"]
    steps = [_without(model, terms[at:]) for at in range(len(terms) + 1)]
    left = [(float(step.df_resid), float(step.deviance)) for step in steps]
    rows = {"NULL": (np.nan, np.nan, *left[0], np.nan)}
    for term, (larger, smaller) in zip(terms, pairwise(left), strict=True):
        df, fall = larger[0] - smaller[0], larger[1] - smaller[1]
        rows[term] = (df, fall, *smaller, float(scipy.special.chdtrc(df, max(fall, 0.0))))
    columns = ["Df", "Deviance", "Resid. Df", "Resid. Dev", "Pr(>Chi)"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def demand_no_dispersion(model: mlm.GeneralizedLinearModel) -> None:
    """Refuse a family whose dispersion is estimated.

    Raises
    ------
    LookupError
    """
    if model.family.has_scale:
        raise LookupError(f"tests of terms of the family {model.family.name} are not recomputed here")


def _without(model: Any, terms: Sequence[str]) -> Any:
    """Return a model without some terms, fitted to the same rows."""
    if not terms:
        return model
    smaller = mlm.update(model, f". ~ . - {' - '.join(terms)}")
    demand_same_rows(model, smaller)
    return smaller


def _of_lme4(model: Any) -> pd.DataFrame:
    """Return lme4's table of terms in their order: squares of the fixed effects by the factor of their precision."""
    if not isinstance(model, mlm.MixedModel):
        raise not_here("lme4's table of a generalized model's terms, by an approximation,")
    sigma2 = float(model.sigma) ** 2
    factor = np.linalg.cholesky(np.linalg.inv(np.asarray(mlm.vcov(model), dtype=float) / sigma2)).T
    squares = (factor @ np.asarray(mlm.fixef(model), dtype=float)) ** 2
    places = {name: at for name, at in columns_of_terms(model).items() if name != INTERCEPT}
    counts = [len(at) for at in places.values()]
    sums = np.array([squares[at].sum() for at in places.values()])
    means = sums / counts
    columns = {"npar": counts, "Sum Sq": sums, "Mean Sq": means, "F value": means / sigma2}
    return pd.DataFrame(columns, index=list(places))
