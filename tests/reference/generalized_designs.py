"""The random designs of generalized models that mlm is compared on with lme4 and glmmTMB, drawn deterministically.

In tests/, ``python -m reference.generalized_designs FOLDER`` writes each design's rows as CSV with a manifest; then
``Rscript reference/generalized.R FOLDER reference/generalized.json`` fits them. Structures, predictors and effects are
those of the linear designs (`designs.py`); what is drawn there as a response without noise is a linear predictor here.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from reference import structures
from reference.draw import Factor, Plan, as_frame, as_text, csv_text, draw_columns, fingerprint
from reference.structures import Stream, covariates, effect
from scipy.special import expit, ndtr

Structure = Callable[[Stream, int], Plan]
Columns = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class GeneralizedDesign:
    """A formula, the family, and how to draw the rows."""

    key: str
    structure: str
    family: str
    link: str
    n_agq: int
    seed: int
    plan: Plan
    response: str

    @property
    def formula(self) -> str:
        """The model formula, in lme4's notation."""
        return self.plan.formula.replace("y ~", f"{self.response} ~", 1)

    @property
    def weights(self) -> str | None:
        """Column of the prior weights."""
        return "trials" if self.response == "share" else "w" if self.plan.weights else None

    @property
    def offset(self) -> str | None:
        """Column of the offset."""
        return "off" if self.plan.offset else None

    def columns(self) -> Columns:
        """Return the columns as text."""
        columns = draw_columns(replace(self.plan, sigma=0.0, y_location=0.0), Stream(self.seed + 50))
        predictor = np.array([float(text) for text in columns.pop("y")])
        columns.update(draw_response(self, predictor, Stream(self.seed + 70)))
        return columns

    def frame(self) -> tuple[pd.DataFrame, str]:
        """Return the data and the fingerprint of their CSV text."""
        columns = self.columns()
        return as_frame(self.plan, columns), fingerprint(csv_text(columns))


def draw_response(design: GeneralizedDesign, predictor: np.ndarray, rng: Stream) -> Columns:
    """Draw the response's columns around a linear predictor, shape (n,)."""
    if design.family == "binomial":
        return _binomial(design, predictor, rng)
    mean = _mean(design.family, design.link, predictor)
    if design.family == "poisson":
        return {"y": [str(k) for k in rng.poisson(mean)]}
    if design.family == "negative.binomial":
        return {"y": [str(k) for k in rng.poisson(mean * rng.gamma(1.5, 1 / 1.5, len(mean)))]}
    if design.family == "Gamma":
        return {"y": as_text(rng.gamma(5.0, mean / 5.0) + 1e-3)}
    if design.family == "inverse.gaussian":
        return {"y": as_text(rng.wald(mean, 12.0 * mean) + 1e-3)}
    y = mean + 0.4 * rng.standard_normal(len(mean))
    return {"y": as_text(np.maximum(y, 0.05) if design.link == "log" else y)}  # R starts at the logarithm of y


def _binomial(design: GeneralizedDesign, predictor: np.ndarray, rng: Stream) -> Columns:
    inverse = {
        "logit": expit,
        "probit": ndtr,
        "cloglog": lambda eta: 1.0 - np.exp(-np.exp(eta - 0.5)),
        "cauchit": lambda eta: 0.5 + np.arctan(eta) / np.pi,
    }[design.link]
    mean = inverse(0.8 * predictor)
    if design.response == "y":
        return {"y": [str(int(k)) for k in rng.random_sample(len(mean)) < mean]}
    trials = 1 + rng.randint(9, size=len(mean))
    successes = rng.binomial(trials, mean)
    if design.response == "share":
        # all digits, so that trials times share is a whole number
        share = [repr(float(s) / float(n)) for s, n in zip(successes, trials, strict=True)]
        return {"share": share, "trials": [str(n) for n in trials]}
    return {"yes": [str(s) for s in successes], "no": [str(n - s) for s, n in zip(successes, trials, strict=True)]}


def _mean(family: str, link: str, predictor: np.ndarray) -> np.ndarray:
    if link == "log":
        return np.exp(0.4 + 0.45 * predictor)
    if link == "sqrt":
        return np.square(np.maximum(2.5 + 0.4 * predictor, 0.4))
    if link == "inverse":
        return 1.0 / np.maximum(2.0 + 0.2 * predictor, 0.8)
    if link == "1/mu^2":
        return np.power(np.maximum(2.0 + 0.2 * predictor, 0.8), -0.5)
    return np.maximum(7.0 + 0.7 * predictor, 1.0) if family != "gaussian" else predictor


def observation_level(rng: Stream, place: int) -> Plan:
    """Give every row a level of its own beside the groups, as for counts that vary more than Poisson's."""
    plan = structures.intercept(rng, place)
    rows = min(plan.rows, 250)
    groups = Factor("g", max(5, rows // 8), "even")
    return replace(
        plan,
        formula=f"{plan.formula} + (1 | row)",
        rows=rows,
        factors=(groups, Factor("row", rows, "even")),
        effects=(effect(rng, "g"), effect(rng, "row")),
    )


def singular(rng: Stream, place: int) -> Plan:
    """No variance between groups, or none of a slope."""
    rows = structures.some_rows(rng, 100, 400)
    factor = structures.one_factor(rng, place, rows, 6)
    formula, effects = (("y ~ x1 + (1 | g)", ()), ("y ~ x1 + (1 + x1 | g)", (effect(rng, "g"),)))[place % 2]
    return Plan(formula, rows, (factor,), covariates(1), effects=effects)


def scalar(rng: Stream, place: int) -> Plan:
    """One effect a level, for quadrature: few rows a level, where Laplace's approximation is poor."""
    plan = structures.intercept(rng, place)
    levels = max(plan.rows // (4 + place % 4), 6)
    return replace(plan, factors=(replace(plan.factors[0], levels=levels, spread="random"),))


BINOMIAL = ("y", "cbind(yes, no)", "share")
# structure, family, link, nodes, responses in turn, how many; appending keeps every earlier design as it is
CATALOGUE: tuple[tuple[str, Structure, str, str, int, tuple[str, ...], int], ...] = (
    ("intercept", structures.intercept, "binomial", "logit", 1, BINOMIAL, 12),
    ("slope", structures.slope, "binomial", "logit", 1, BINOMIAL, 10),
    ("two_slopes", structures.two_slopes, "binomial", "logit", 1, ("cbind(yes, no)",), 3),
    ("uncorrelated", structures.uncorrelated, "binomial", "logit", 1, BINOMIAL, 6),
    ("several_terms", structures.several_terms, "binomial", "logit", 1, ("cbind(yes, no)",), 3),
    ("factor_slopes", structures.factor_slopes, "binomial", "logit", 1, ("cbind(yes, no)",), 4),
    ("nested", structures.nested, "binomial", "logit", 1, BINOMIAL, 8),
    ("crossed", structures.crossed, "binomial", "logit", 1, BINOMIAL, 10),
    ("partially_crossed", structures.partially_crossed, "binomial", "logit", 1, BINOMIAL, 3),
    ("three_factors", structures.three_factors, "binomial", "logit", 1, ("y",), 2),
    ("interaction", structures.interaction, "binomial", "logit", 1, BINOMIAL, 3),
    ("singular", singular, "binomial", "logit", 1, BINOMIAL, 6),
    ("offset", structures.intercept, "binomial", "logit", 1, ("y",), 3),
    ("intercept", structures.intercept, "binomial", "probit", 1, BINOMIAL, 4),
    ("crossed", structures.crossed, "binomial", "cloglog", 1, BINOMIAL, 4),
    ("slope", structures.slope, "binomial", "cauchit", 1, BINOMIAL, 3),
    ("quadrature", scalar, "binomial", "logit", 9, BINOMIAL, 6),
    ("quadrature", scalar, "binomial", "probit", 15, BINOMIAL, 2),
    ("intercept", structures.intercept, "poisson", "log", 1, ("y",), 8),
    ("slope", structures.slope, "poisson", "log", 1, ("y",), 8),
    ("uncorrelated", structures.uncorrelated, "poisson", "log", 1, ("y",), 4),
    ("nested", structures.nested, "poisson", "log", 1, ("y",), 6),
    ("crossed", structures.crossed, "poisson", "log", 1, ("y",), 8),
    ("deeply_nested", structures.deeply_nested, "poisson", "log", 1, ("y",), 2),
    ("observation", observation_level, "poisson", "log", 1, ("y",), 4),
    ("offset", structures.slope, "poisson", "log", 1, ("y",), 4),
    ("singular", singular, "poisson", "log", 1, ("y",), 4),
    ("intercept", structures.intercept, "poisson", "sqrt", 1, ("y",), 3),
    ("intercept", structures.intercept, "poisson", "identity", 1, ("y",), 2),
    ("quadrature", scalar, "poisson", "log", 5, ("y",), 4),
    ("quadrature", scalar, "poisson", "log", 25, ("y",), 2),
    ("intercept", structures.intercept, "Gamma", "log", 1, ("y",), 4),
    ("crossed", structures.crossed, "Gamma", "log", 1, ("y",), 2),
    ("intercept", structures.intercept, "Gamma", "inverse", 1, ("y",), 3),
    ("intercept", structures.intercept, "Gamma", "identity", 1, ("y",), 2),
    ("intercept", structures.intercept, "inverse.gaussian", "log", 1, ("y",), 3),
    ("intercept", structures.intercept, "inverse.gaussian", "1/mu^2", 1, ("y",), 2),
    ("slope", structures.slope, "gaussian", "log", 1, ("y",), 3),
    ("intercept", structures.intercept, "gaussian", "inverse", 1, ("y",), 2),
    ("intercept", structures.intercept, "negative.binomial", "log", 1, ("y",), 4),
    ("slope", structures.slope, "negative.binomial", "log", 1, ("y",), 3),
    ("crossed", structures.crossed, "negative.binomial", "log", 1, ("y",), 2),
)
MOST_ROWS = 700  # so that lme4 takes minutes


def designs() -> Iterator[GeneralizedDesign]:
    """Yield every design."""
    for number, (structure, build, family, link, n_agq, responses, count) in enumerate(CATALOGUE):
        for place in range(count):
            seed = 300_000 + 100 * number + place
            plan = build(Stream(seed), place)
            if structure != "deeply_nested" and all(f.levels * 4 < MOST_ROWS for f in plan.factors):
                plan = replace(plan, rows=max(min(plan.rows, MOST_ROWS), plan.factors[0].levels * 3))
            if structure == "offset":
                plan = replace(plan, offset=True)
            key = f"{family}_{link.replace('1/mu^2', 'inverse_square')}_{n_agq}_{structure}_{place + 1:02d}"
            response = responses[place % len(responses)]
            yield GeneralizedDesign(key, structure, family, link, n_agq, seed, plan, response)


def write(folder: Path) -> None:
    """Write every design as FOLDER/key.csv, and FOLDER/manifest.json."""
    folder.mkdir(parents=True, exist_ok=True)
    manifest = []
    for design in designs():
        text = csv_text(design.columns())
        (folder / f"{design.key}.csv").write_text(text, encoding="utf-8", newline="\n")
        manifest.append(
            {
                "key": design.key,
                "formula": design.formula,
                "family": design.family,
                "link": design.link,
                "n_agq": design.n_agq,
                "weights": design.weights or "",
                "offset": design.offset or "",
                "numeric_factors": [factor.name for factor in design.plan.factors if factor.numeric],
                "hash": fingerprint(text),
            }
        )
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
