"""Other fits that may have given a printed number: where lme4 stops, and slips that are often made."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from replications.checking.recipe import Recipe

MOST_COLUMNS = 6
"""Predictors that are centred one by one; of more, all together."""
STANDARD = 0.02
"""How near a column's mean and standard deviation are to 0 and 1 where it is taken to be standardised."""
STOPS = (
    ("lme4 1.1-22 and later (nloptwrap)", {"optimizer": "nloptwrap"}),
    ("lme4 1.1-20 and 1.1-21 (nloptwrap, tolerance 1e-6)", {"optimizer": "nloptwrap", "tolerance": 1e-6}),
)
_SCALE = re.compile(r"\bscale\(\s*([\w.]+)\s*\)")
Recipes = Mapping[str, Recipe]


@dataclass(frozen=True)
class Alternative:
    """One other way to fit the models of a target."""

    label: str
    recipes: Recipes
    data: pd.DataFrame
    changes: Mapping[str, Any]


def stopping_points(recipes: Recipes, data: pd.DataFrame) -> Iterator[Alternative]:
    """Give the points where lme4's versions stop, of linear mixed models."""
    if any(recipe.function == "lmer" for recipe in recipes.values()):
        for label, changes in STOPS:
            yield Alternative(label, recipes, data, changes)


def slips(recipes: Recipes, data: pd.DataFrame) -> Iterator[Alternative]:
    """Give the fits of common slips, the most common first."""
    if any(recipe.function == "lmer" for recipe in recipes.values()):
        reml = any(recipe.reml for recipe in recipes.values())
        other = {name: replace(recipe, reml=not reml) for name, recipe in recipes.items()}
        yield Alternative(
            "maximum likelihood instead of REML" if reml else "REML instead of maximum likelihood", other, data, {}
        )
    yield from _rows(recipes, data)
    predictors = _predictors(recipes, data)
    groups = _groups(recipes, data)
    yield from _centred(recipes, data, predictors, groups)
    yield from _standardised(recipes, data, predictors)
    if any(recipe.weights for recipe in recipes.values()):
        yield Alternative("without the weights", {n: replace(r, weights=None) for n, r in recipes.items()}, data, {})


def _rows(recipes: Recipes, data: pd.DataFrame) -> Iterator[Alternative]:
    complete = data.dropna()
    used = data.dropna(subset=[name for name in data.columns if _mentioned(str(name), recipes)])
    if 0 < len(complete) < len(used):
        yield Alternative("complete cases of all columns of the data", recipes, complete, {})
    filled = data.fillna({name: data[name].mean() for name in _predictors(recipes, data)})
    if len(used) < len(data):
        yield Alternative("missing predictors replaced by their means", recipes, filled, {})


def _mentioned(name: str, recipes: Recipes) -> bool:
    pattern = rf"(?<![\w.]){re.escape(name)}(?![\w.])"
    return any(re.search(pattern, f"{recipe.formula} {recipe.weights or ''}") for recipe in recipes.values())


def _predictors(recipes: Recipes, data: pd.DataFrame) -> list[str]:
    """Return the numeric columns on the right of the formulas that are not grouping factors."""
    groups = _groups(recipes, data)
    right = {name: replace(r, formula=r.formula.partition("~")[2], weights=None) for name, r in recipes.items()}
    return [
        str(name)
        for name in data.columns
        if pd.api.types.is_numeric_dtype(data[name]) and str(name) not in groups and _mentioned(str(name), right)
    ]


def _groups(recipes: Recipes, data: pd.DataFrame) -> list[str]:
    words = {
        word
        for recipe in recipes.values()
        for group in re.findall(r"\|\s*([^()|]+)\)", recipe.formula)
        for word in re.split(r"[:/\s]+", group)
    }
    return [str(name) for name in data.columns if str(name) in words]


def _centred(recipes: Recipes, data: pd.DataFrame, predictors: list[str], groups: list[str]) -> Iterator[Alternative]:
    sets = [[name] for name in predictors[:MOST_COLUMNS]] if len(predictors) > 1 else []
    for names in ([predictors] if predictors else []) + sets:
        told = ", ".join(names)
        means = data[names].mean()
        if (means.abs() > STANDARD * data[names].std()).any():
            yield Alternative(f"{told} centred at the mean", recipes, data.assign(**dict(data[names] - means)), {})
        for group in groups:
            within = data[names] - data.groupby(group)[names].transform("mean")
            yield Alternative(f"{told} centred at the means of {group}", recipes, data.assign(**dict(within)), {})


def _standardised(recipes: Recipes, data: pd.DataFrame, predictors: list[str]) -> Iterator[Alternative]:
    """Give fits with the population's standard deviation where the sample's was taken, and the other way round."""
    rows = data[predictors].dropna()
    names = [n for n in predictors if abs(rows[n].mean()) < STANDARD and abs(rows[n].std() - 1) < STANDARD]
    if names and len(rows) > 1:
        factor = (len(rows) / (len(rows) - 1)) ** 0.5
        for label, by in (("by the population's standard deviation", factor), ("by the sample's", 1 / factor)):
            yield Alternative(
                f"{', '.join(names)} standardised {label}", recipes, data.assign(**dict(data[names] * by)), {}
            )
    yield from _scaled(recipes, data)


def _scaled(recipes: Recipes, data: pd.DataFrame) -> Iterator[Alternative]:
    """Give the fit in which ``scale(x)`` divides by the population's standard deviation."""
    calls = {call for recipe in recipes.values() for call in _SCALE.findall(recipe.formula) if call in data}
    if calls:
        columns = {f"scale({x})": (data[x] - data[x].mean()) / data[x].std(ddof=0) for x in sorted(calls)}
        quoted = {n: replace(r, formula=_SCALE.sub(r"`scale(\1)`", r.formula)) for n, r in recipes.items()}
        yield Alternative("scale() by the population's standard deviation", quoted, data.assign(**columns), {})
