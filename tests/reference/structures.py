"""The structures of random effects that designs are drawn from: each function returns the plan of one design.

`place` counts the designs of a structure, so that its variants alternate; what else varies comes from `rng`.
"""

from __future__ import annotations

import numpy as np
from reference.draw import Covariate, Effect, Factor, Plan

# the legacy stream is the one that never changes
Stream = np.random.RandomState

NAMES = ("x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8")
SPREADS = ("even", "random", "power", "random", "singletons")


def log_uniform(rng: Stream, low: float, high: float) -> float:
    """Return a number drawn evenly on the logarithmic scale."""
    return float(np.exp(np.log(low) + (np.log(high) - np.log(low)) * rng.random_sample()))


def some_rows(rng: Stream, low: int = 80, high: int = 1200) -> int:
    """Return a number of rows."""
    return int(log_uniform(rng, low, high))


def some_levels(rng: Stream, rows: int, per_level: float = 4.0) -> int:
    """Return a number of levels that leaves at least `per_level` rows a level on average."""
    return int(log_uniform(rng, 6, max(7, min(rows / per_level, 120))))


def random_root(
    rng: Stream, scales: tuple[float, ...], correlation: float | None = None
) -> tuple[tuple[float, ...], ...]:
    """Return a lower-triangular root: standard deviations 0.3 to 1.3 over `scales`, random correlations."""
    k = len(scales)
    rows = np.tril(rng.uniform(-0.6, 0.6, (k, k)), -1) + np.eye(k)
    if correlation is not None:
        rows = np.zeros((k, k))
        rows[:, 0] = [1.0] + [correlation] * (k - 1)
    rows /= np.sqrt((rows**2).sum(axis=1, keepdims=True))
    deviations = rng.uniform(0.3, 1.3, k) / np.array(scales)
    return tuple(tuple(round(float(value), 12) for value in row) for row in rows * deviations[:, None])


def effect(
    rng: Stream, factors: str, columns: str = "1", scale: float = 1.0, correlation: float | None = None
) -> Effect:
    """Return random effects of `columns` ("1 x1") by the interaction of `factors` ("a b")."""
    names = tuple(columns.split())
    scales = tuple(scale if name[0] == "x" else 1.0 for name in names)
    return Effect(tuple(factors.split()), names, random_root(rng, scales, correlation))


def covariates(count: int, scale: float = 1.0, location: float = 0.0, between: str | None = None) -> tuple:
    """Return covariates x1, x2, ...; with `between`, the last one is constant within its levels."""
    made = [Covariate(name, scale, location) for name in NAMES[:count]]
    if between is not None:
        made[-1] = Covariate(made[-1].name, scale, location, between)
    return tuple(made)


def one_factor(rng: Stream, place: int, rows: int, per_level: float = 4.0) -> Factor:
    """Return the grouping factor g; every third one has integer levels."""
    return Factor("g", some_levels(rng, rows, per_level), SPREADS[place % len(SPREADS)], place % 3 == 2)


def intercept(rng: Stream, place: int) -> Plan:
    rows = some_rows(rng)
    count = place % 4
    fixed = " + ".join(("1", *NAMES[:count]))
    between = "g" if count > 1 else None
    return Plan(
        f"y ~ {fixed} + (1 | g)",
        rows,
        (one_factor(rng, place, rows, 2.5),),
        covariates(count, between=between),
        effects=(effect(rng, "g"),),
    )


def slope(rng: Stream, place: int) -> Plan:
    rows = some_rows(rng, 120)
    formula = ("y ~ x1 + (1 + x1 | g)", "y ~ x1 + x2 + (x1 | g)", "y ~ x1 * x2 + (1 + x1 | g)")[place % 3]
    count = 1 if place % 3 == 0 else 2
    between = "g" if place % 3 == 2 else None
    return Plan(
        formula,
        rows,
        (one_factor(rng, place, rows, 5),),
        covariates(count, between=between),
        effects=(effect(rng, "g", "1 x1"),),
    )


def two_slopes(rng: Stream, place: int) -> Plan:
    rows = some_rows(rng, 300, 1500)
    formula = ("y ~ x1 + x2 + (1 + x1 + x2 | g)", "y ~ x1 + x2 + x3 + (0 + x1 + x2 | g)")[place % 2]
    columns = ("1 x1 x2", "x1 x2")[place % 2]
    return Plan(
        formula,
        rows,
        (one_factor(rng, place, rows, 8),),
        covariates(2 + place % 2),
        effects=(effect(rng, "g", columns),),
    )


def uncorrelated(rng: Stream, place: int) -> Plan:
    rows = some_rows(rng, 150)
    formula = (
        "y ~ x1 + (x1 || g)",
        "y ~ x1 + x2 + (1 + x1 + x2 || g)",
        "y ~ x1 + x2 + (0 + x1 + x2 || g)",
    )[place % 3]
    columns = ("1 x1", "1 x1 x2", "x1 x2")[place % 3]
    effects = tuple(effect(rng, "g", column) for column in columns.split())
    factor = one_factor(rng, place, rows, 6)
    return Plan(formula, rows, (factor,), covariates(1 + (place % 3 > 0)), effects=effects)


def several_terms(rng: Stream, place: int) -> Plan:
    rows = some_rows(rng, 200)
    formula, blocks = (
        ("y ~ x1 + (1 | g) + (0 + x1 | g)", ("1", "x1")),
        ("y ~ x1 + x2 + (1 + x1 | g) + (0 + x2 | g)", ("1 x1", "x2")),
        ("y ~ x1 + x2 + (1 | g) + (0 + x1 + x2 | g)", ("1", "x1 x2")),
    )[place % 3]
    effects = tuple(effect(rng, "g", block) for block in blocks)
    factor = one_factor(rng, place, rows, 8)
    return Plan(formula, rows, (factor,), covariates(1 + (place % 3 > 0)), effects=effects)


def factor_slopes(rng: Stream, place: int) -> Plan:
    rows = some_rows(rng, 250, 1200)
    levels = 2 + place % 2
    formula = ("y ~ f + (0 + f | g)", "y ~ f + x1 + (f | g)", "y ~ 0 + f + (0 + f | g)")[place // 2 % 3]
    columns = " ".join(f"f={letter}" for letter in "abc"[:levels])
    return Plan(
        formula,
        rows,
        (one_factor(rng, place, rows, 10),),
        covariates(1),
        (("f", levels),),
        effects=(effect(rng, "g", columns),),
    )


def nested(rng: Stream, place: int) -> Plan:
    rows = some_rows(rng, 150)
    formula, columns = (
        ("y ~ x1 + (1 | a/b)", "1"),
        ("y ~ x1 + x2 + (1 | a) + (1 | a:b)", "1"),
        ("y ~ x1 + (1 + x1 | a/b)", "1 x1"),
        ("y ~ x1 + (1 + x1 | a) + (1 | a:b)", "1"),
    )[place % 4]
    parents = int(log_uniform(rng, 6, 25))
    children = 2 + rng.randint(4)
    rows = max(rows, parents * children * 5)
    numeric = place % 5 == 1
    factors = (Factor("a", parents, SPREADS[place % 3], numeric), Factor("b", children, numeric=numeric))
    upper = "1 x1" if place % 4 >= 2 else "1"
    effects = (effect(rng, "a", upper), effect(rng, "a b", columns))
    return Plan(formula, rows, factors, covariates(1 + (place % 4 == 1)), effects=effects)


def deeply_nested(rng: Stream, place: int) -> Plan:
    rows = some_rows(rng, 400, 1500)
    factors = (Factor("a", 8 + rng.randint(6), "even"), Factor("b", 3), Factor("c", 2 + place % 2))
    effects = (effect(rng, "a"), effect(rng, "a b"), effect(rng, "a b c"))
    return Plan("y ~ x1 + (1 | a/b/c)", rows, factors, covariates(1), effects=effects)


def crossed(rng: Stream, place: int) -> Plan:
    rows = some_rows(rng, 150)
    formula, columns = (
        ("y ~ 1 + (1 | a) + (1 | b)", ("1", "1")),
        ("y ~ x1 + x2 + (1 | a) + (1 | b)", ("1", "1")),
        ("y ~ x1 + (1 + x1 | a) + (1 | b)", ("1 x1", "1")),
        ("y ~ x1 + (1 + x1 | a) + (x1 | b)", ("1 x1", "1 x1")),
        ("y ~ x1 + (x1 || a) + (1 | b)", ("1 x1", "1")),
    )[place % 5]
    a = int(log_uniform(rng, 6, rows / 8))
    b = int(log_uniform(rng, 6, rows / 8))
    factors = (Factor("a", a, "even" if place % 2 else "random", place % 3 == 1), Factor("b", b))
    effects = tuple(effect(rng, name, block) for name, block in zip("ab", columns, strict=True))
    return Plan(formula, rows, factors, covariates((0, 2, 1, 1, 1)[place % 5]), effects=effects)


def partially_crossed(rng: Stream, place: int) -> Plan:
    rows = some_rows(rng, 200, 1500)
    a = int(log_uniform(rng, 15, rows / 5))
    b = int(log_uniform(rng, 10, rows / 5))
    factors = (Factor("a", a, "power"), Factor("b", b, ("power", "singletons")[place % 2]))
    return Plan(
        "y ~ x1 + (1 | a) + (1 | b)",
        rows,
        factors,
        covariates(1),
        effects=(effect(rng, "a"), effect(rng, "b")),
    )


def three_factors(rng: Stream, place: int) -> Plan:
    rows = some_rows(rng, 300, 1500)
    factors = (
        Factor("a", 8 + rng.randint(30)),
        Factor("b", 8 + rng.randint(20)),
        Factor("c", 6 + rng.randint(6)),
    )
    formula, names = (
        ("y ~ x1 + (1 | a) + (1 | b) + (1 | c)", ("a", "b", "c")),
        ("y ~ x1 + (1 | a) + (1 | b) + (1 | a:c)", ("a", "b", "a c")),
    )[place % 2]
    return Plan(formula, rows, factors, covariates(1), effects=tuple(effect(rng, name) for name in names))


def interaction(rng: Stream, place: int) -> Plan:
    rows = some_rows(rng, 250)
    factors = (Factor("a", 6 + rng.randint(8), "random", place % 2 == 1), Factor("b", 4 + rng.randint(5)))
    formula, names, columns = (
        ("y ~ x1 + (1 | a:b)", ("a b",), "1"),
        ("y ~ x1 + (1 | a) + (1 | b) + (1 | a:b)", ("a", "b", "a b"), "1"),
        ("y ~ x1 + (1 + x1 | a:b)", ("a b",), "1 x1"),
    )[place % 3]
    return Plan(
        formula,
        max(rows, 4 * factors[0].levels * factors[1].levels),
        factors,
        covariates(1),
        effects=tuple(effect(rng, name, columns) for name in names),
    )
