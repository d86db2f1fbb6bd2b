"""The random designs that mlm and lme4 are compared on, drawn deterministically.

In tests/, ``python -m reference.designs FOLDER`` writes each design's rows as CSV with a manifest; then
``Rscript reference/differential.R FOLDER reference/differential.json`` fits them with lme4.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
from reference import structures
from reference.draw import Factor, Plan, as_frame, csv_text, draw_columns, fingerprint
from reference.structures import NAMES, Stream, covariates, effect

Structure = Callable[[Stream, int], Plan]


@dataclass(frozen=True, slots=True)
class Design:
    """A formula, the criterion, and how to draw the rows."""

    key: str
    structure: str
    reml: bool
    seed: int
    plan: Plan

    @property
    def formula(self) -> str:
        """The model formula, in lme4's notation."""
        return self.plan.formula

    def columns(self) -> dict[str, list[str]]:
        """Return the columns as text."""
        # `seed` drew the plan; the rows have a stream of their own
        return draw_columns(self.plan, Stream(self.seed + 50))

    def frame(self) -> tuple[pd.DataFrame, str]:
        """Return the data and the fingerprint of their CSV text."""
        columns = self.columns()
        return as_frame(self.plan, columns), fingerprint(csv_text(columns))


def several(*bases: Structure, **changes: object) -> Structure:
    """Return a structure that takes `bases` in turn, with some fields of the plan changed."""

    def chosen(rng: Stream, place: int) -> Plan:
        return replace(bases[place % len(bases)](rng, place // len(bases)), **changes)

    return chosen


def imbalanced(rng: Stream, place: int) -> Plan:
    """Half of the groups have one row, or one group has 70 % of the rows."""
    rows = structures.some_rows(rng, 150, 1500)
    spread = ("singletons", "huge")[place % 2]
    slopes = place // 2 % 2 == 1
    factor = Factor("g", int(rows / (6 if slopes else 3)), spread)
    return Plan(
        "y ~ x1 + (1 + x1 | g)" if slopes else "y ~ x1 + (1 | g)",
        rows,
        (factor,),
        covariates(1),
        effects=(effect(rng, "g", "1 x1" if slopes else "1"),),
    )


def scaled(rng: Stream, place: int) -> Plan:
    """Predictors and responses in units from 1e-4 to 1e6."""
    rows = structures.some_rows(rng, 200, 800)
    x_scale, y_scale = (1e-4, 1e-2, 1e3, 1e6)[place % 4], (1e-4, 1.0, 1e3, 1e6)[place // 4 % 4]
    formula, columns = (("y ~ x1 + (1 + x1 | g)", "1 x1"), ("y ~ x1 + x2 + (1 | g)", "1"))[place // 2 % 2]
    return Plan(
        formula,
        rows,
        (structures.one_factor(rng, place, rows, 8),),
        covariates(len(columns.split()) if columns == "1 x1" else 2, scale=x_scale),
        effects=(effect(rng, "g", columns, scale=x_scale),),
        y_scale=y_scale,
    )


def shifted(rng: Stream, place: int) -> Plan:
    """Put a slope on a predictor whose zero is far outside the data, such as a calendar year."""
    plan = structures.slope(rng, 3 * place)
    location = (5.0, 20.0, 100.0)[place % 3]
    return replace(plan, covariates=covariates(1, location=location), y_location=(50.0, 1000.0)[place % 2])


def singular(rng: Stream, place: int) -> Plan:
    """No variance between groups, no variance of a slope, or a correlation of exactly one or minus one."""
    rows = structures.some_rows(rng, 150, 600)
    factor = structures.one_factor(rng, place, rows, 6)
    formula, effects, count = (
        ("y ~ x1 + (1 | g)", (), 1),
        ("y ~ x1 + (1 + x1 | g)", (effect(rng, "g"),), 1),
        ("y ~ x1 + (1 + x1 | g)", (effect(rng, "g", "1 x1", correlation=(1.0, -1.0)[place // 6 % 2]),), 1),
        ("y ~ x1 + (1 + x1 | g)", (), 1),
        ("y ~ x1 + x2 + (1 + x1 + x2 | g)", (effect(rng, "g", "1 x1"),), 2),
        ("y ~ x1 + x2 + (1 + x1 + x2 || g)", (effect(rng, "g", "x1"),), 2),
    )[place % 6]
    return Plan(formula, rows, (factor,), covariates(count), effects=effects)


def singular_crossed(rng: Stream, place: int) -> Plan:
    """Two grouping factors of which one explains nothing."""
    plan = (structures.crossed, structures.nested)[place % 2](rng, place // 2)
    return replace(plan, effects=plan.effects[:1])


def categorical(rng: Stream, place: int) -> Plan:
    """Categorical predictors and their interactions."""
    rows = structures.some_rows(rng, 200, 800)
    fixed = ("f", "f * x1", "f * h", "f:x1 + f", "0 + f", "f * h + f:x1")[place % 6]
    factor = structures.one_factor(rng, place, rows, 5)
    return Plan(
        f"y ~ {fixed} + (1 | g)",
        rows,
        (factor,),
        covariates(1),
        (("f", 2 + place % 4), ("h", 3)),
        effects=(effect(rng, "g"),),
    )


def many_fixed(rng: Stream, place: int) -> Plan:
    """Twenty or more fixed effects."""
    rows = structures.some_rows(rng, 400, 1200)
    fixed = (" + ".join(NAMES) + " + f", "f * (x1 + x2 + x3)", "(x1 + x2 + x3 + x4 + x5) * h")[place % 3]
    factor = structures.one_factor(rng, place, rows, 6)
    return Plan(
        f"y ~ {fixed} + (1 + x1 | g)",
        rows,
        (factor,),
        covariates(8),
        (("f", 8), ("h", 4)),
        effects=(effect(rng, "g", "1 x1"),),
    )


def tiny(rng: Stream, place: int) -> Plan:
    """Twenty to thirty rows."""
    rows = 20 + rng.randint(11)
    formula, columns = (
        ("y ~ 1 + (1 | g)", "1"),
        ("y ~ x1 + (1 | g)", "1"),
        ("y ~ x1 + (x1 || g)", "1 x1"),
        ("y ~ x1 + (1 + x1 | g)", "1 x1"),
    )[place % 4]
    factor = Factor("g", 4 + rng.randint(3), ("even", "random")[place % 2], place % 3 == 0)
    effects = tuple(effect(rng, "g", column) for column in columns.split())
    return Plan(formula, rows, (factor,), covariates(int("x1" in formula)), effects=effects)


def large(rng: Stream, place: int) -> Plan:
    """Draw some five thousand rows."""
    base = (structures.slope, structures.crossed, structures.nested, structures.intercept)[place % 4]
    plan = base(rng, place)
    factors = tuple(replace(f, levels=f.levels * 3 if len(plan.factors) == 1 else f.levels) for f in plan.factors)
    return replace(plan, rows=4000 + rng.randint(1500), factors=factors)


def dependent(rng: Stream, place: int) -> Plan:
    """Draw fixed effects coded within others, and (the third variant) one that is a multiple of another."""
    rows = structures.some_rows(rng, 200, 600)
    formula = (
        "y ~ x1 + f + f:h + (1 | g)",
        "y ~ x1 + h + f:h + (1 + x1 | g)",
        "y ~ x1 + I(2 * x1) + (1 | g)",
    )[place % 3]
    factor = structures.one_factor(rng, place, rows, 6)
    random = effect(rng, "g", "1 x1" if "1 + x1 |" in formula else "1")
    return Plan(formula, rows, (factor,), covariates(1), (("f", 3), ("h", 2)), effects=(random,))


# how many designs of each structure; appending keeps every earlier design as it is
CATALOGUE: tuple[tuple[str, int, Structure], ...] = (
    ("intercept", 24, structures.intercept),
    ("slope", 24, structures.slope),
    ("two_slopes", 10, structures.two_slopes),
    ("uncorrelated", 12, structures.uncorrelated),
    ("several_terms", 9, structures.several_terms),
    ("factor_slopes", 12, structures.factor_slopes),
    ("nested", 16, structures.nested),
    ("deeply_nested", 4, structures.deeply_nested),
    ("crossed", 20, structures.crossed),
    ("partially_crossed", 8, structures.partially_crossed),
    ("three_factors", 4, structures.three_factors),
    ("interaction", 9, structures.interaction),
    ("weights", 10, several(structures.intercept, structures.slope, structures.crossed, weights=True)),
    ("offset", 6, several(structures.intercept, structures.slope, structures.nested, offset=True)),
    ("missing", 4, several(structures.slope, structures.crossed, missing=9)),
    ("imbalanced", 8, imbalanced),
    ("scaled", 16, scaled),
    ("shifted", 6, shifted),
    ("singular", 12, singular),
    ("singular_crossed", 6, singular_crossed),
    ("categorical", 12, categorical),
    ("many_fixed", 6, many_fixed),
    ("tiny", 8, tiny),
    ("large", 6, large),
    ("dependent", 4, dependent),
)


def designs() -> Iterator[Design]:
    """Yield every design; half of each structure by REML, half by maximum likelihood."""
    for number, (structure, count, build) in enumerate(CATALOGUE):
        for place in range(count):
            seed = 100_000 + 100 * number + place
            plan = build(Stream(seed), place)
            # pairs, so that the variants of a structure meet both criteria
            yield Design(f"{structure}_{place + 1:02d}", structure, place // 2 % 2 == 0, seed, plan)


def write(folder: Path) -> None:
    """Write every design as FOLDER/key.csv, and FOLDER/manifest.json."""
    folder.mkdir(parents=True, exist_ok=True)
    manifest = []
    for design in designs():
        text = csv_text(design.columns())
        (folder / f"{design.key}.csv").write_text(text, encoding="utf-8", newline="\n")
        numeric = [factor.name for factor in design.plan.factors if factor.numeric]
        manifest.append(
            {
                "key": design.key,
                "structure": design.structure,
                "formula": design.formula,
                "reml": design.reml,
                "weights": "w" if design.plan.weights else "",
                "offset": "off" if design.plan.offset else "",
                "numeric_factors": numeric,
                "hash": fingerprint(text),
            }
        )
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
