"""Draw the rows of a design, the same to the last digit on every machine.

Every value is written as text first (six significant digits) and read back from it, so Python and R see
the same numbers. The stream is NumPy's legacy RandomState, which is frozen for good.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True, slots=True)
class Factor:
    """A grouping factor.

    `spread` says how rows fall on levels: "even", "random", "power" (the k-th level has a share 1/k),
    "singletons" (the first half of the levels have one row each) or "huge" (one level has 70 % of the rows).
    Levels are the texts a001, a002, ... or, with `numeric`, the integers 1, 2, ...
    """

    name: str
    levels: int
    spread: str = "random"
    numeric: bool = False


@dataclass(frozen=True, slots=True)
class Covariate:
    """A continuous predictor: location + scale * standard normal; `between` makes it constant in groups."""

    name: str
    scale: float = 1.0
    location: float = 0.0
    between: str | None = None


@dataclass(frozen=True, slots=True)
class Effect:
    """Random effects that the response is drawn with.

    `factors` are crossed into one grouping (("a", "b") is a:b); `columns` are "1", a covariate, or "f=b" for
    the indicator of a level; `root` is a lower-triangular L, row by row, with covariance L L'.
    """

    factors: tuple[str, ...]
    columns: tuple[str, ...]
    root: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that determines a design's rows, given its stream of random numbers."""

    formula: str
    rows: int
    factors: tuple[Factor, ...]
    covariates: tuple[Covariate, ...] = ()
    categories: tuple[tuple[str, int], ...] = ()
    effects: tuple[Effect, ...] = ()
    sigma: float = 1.0
    y_scale: float = 1.0
    y_location: float = 2.0
    weights: bool = False
    offset: bool = False
    missing: int = 0
    slope_size: float = 0.5


def allocate(rng: np.random.RandomState, factor: Factor, rows: int) -> np.ndarray:
    """Return level codes (rows,), every level used at least once."""
    levels = factor.levels
    if factor.spread == "even":
        codes = np.arange(rows) % levels
    elif factor.spread == "singletons":
        single = levels // 2
        rest = single + rng.randint(0, levels - single, rows - levels)
        codes = np.concatenate([np.arange(levels), rest])
    else:
        share = np.ones(levels)
        if factor.spread == "power":
            share = 1.0 / np.arange(1, levels + 1)
        elif factor.spread == "huge":
            share[:] = 0.3 / (levels - 1)
            share[0] = 0.7
        edges = np.cumsum(share) / share.sum()
        free = np.minimum(np.searchsorted(edges, rng.random_sample(rows - levels)), levels - 1)
        codes = np.concatenate([np.arange(levels), free])
    return codes[rng.permutation(rows)]


def label(factor: Factor, codes: np.ndarray) -> list[str]:
    """Return the level labels of codes (rows,), as text."""
    if factor.numeric:
        return [str(code + 1) for code in codes]
    return [f"{factor.name}{code + 1:03d}" for code in codes]


def as_text(values: np.ndarray) -> list[str]:
    """Return numbers as text with six significant digits."""
    return [f"{value:.6g}" for value in values]


def draw_columns(plan: Plan, rng: np.random.RandomState) -> dict[str, list[str]]:
    """Return the design's columns as text, "NA" for missing ones."""
    rows = plan.rows
    codes = {factor.name: allocate(rng, factor, rows) for factor in plan.factors}
    columns = {factor.name: label(factor, codes[factor.name]) for factor in plan.factors}
    numbers: dict[str, np.ndarray] = {"1": np.ones(rows)}
    for covariate in plan.covariates:
        z = rng.standard_normal(rows)
        if covariate.between is not None:
            z = z[codes[covariate.between]]
        columns[covariate.name] = as_text(covariate.location + covariate.scale * z)
        numbers[covariate.name] = np.array([float(text) for text in columns[covariate.name]])
    for name, levels in plan.categories:
        kind = allocate(rng, Factor(name, levels), rows)
        columns[name] = ["abcdefghij"[code] for code in kind]
        for code in range(levels):
            numbers[f"{name}={'abcdefghij'[code]}"] = (kind == code).astype(float)
    if plan.weights:
        columns["w"] = as_text(np.round(0.2 + 3.8 * rng.random_sample(rows), 2))
    if plan.offset:
        columns["off"] = as_text(plan.y_scale * rng.standard_normal(rows))
    noise = plan.sigma * rng.standard_normal(rows)
    if plan.weights:
        noise /= np.sqrt(np.array(columns["w"], dtype=float))
    y = plan.y_scale * (plan.y_location + systematic_part(plan, rng, codes, numbers) + noise)
    if plan.offset:
        y += np.array(columns["off"], dtype=float)
    columns["y"] = as_text(y)
    for place in range(plan.missing):
        name = list(columns)[place % len(columns)]
        columns[name][rng.randint(rows)] = "NA"
    return columns


def systematic_part(
    plan: Plan, rng: np.random.RandomState, codes: dict[str, np.ndarray], numbers: dict[str, np.ndarray]
) -> np.ndarray:
    """Return fixed part plus random effects (rows,), in units of the response's scale."""
    y = np.zeros(plan.rows)
    for covariate in plan.covariates:
        z = (numbers[covariate.name] - covariate.location) / covariate.scale
        y += plan.slope_size * rng.randint(-2, 3) * z
    for name, levels in plan.categories:
        for code in range(1, levels):
            y += plan.slope_size * rng.randint(-2, 3) * numbers[f"{name}={'abcdefghij'[code]}"]
    size = {factor.name: factor.levels for factor in plan.factors}
    for effect in plan.effects:
        cell, count = np.zeros(plan.rows, dtype=int), 1
        for name in effect.factors:
            cell, count = cell * size[name] + codes[name], count * size[name]
        z = rng.standard_normal((count, len(effect.columns)))
        for column, root in zip(effect.columns, effect.root, strict=True):
            # a plain sum, not a matrix product: BLAS libraries differ in the last bit
            b = sum(weight * z[:, k] for k, weight in enumerate(root))
            y += b[cell] * numbers[column]
    return y


def csv_text(columns: dict[str, list[str]]) -> str:
    """Return the columns as the text of a CSV file."""
    lines = [",".join(columns)]
    lines += [",".join(row) for row in zip(*columns.values(), strict=True)]
    return "\n".join(lines) + "\n"


def fingerprint(text: str) -> str:
    """Return the first 16 hexadecimal digits of a text's SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def as_frame(plan: Plan, columns: dict[str, list[str]]) -> pd.DataFrame:
    """Return the columns as a data frame: numbers as floats, numeric levels as integers, the rest as text."""
    numeric = {factor.name for factor in plan.factors if factor.numeric}
    texts = {factor.name for factor in plan.factors if not factor.numeric} | {name for name, _ in plan.categories}
    data: dict[str, object] = {}
    for name, cells in columns.items():
        if name in numeric and "NA" not in cells:
            data[name] = np.array(cells, dtype=int)
        elif name in texts:
            data[name] = pd.Series([None if cell == "NA" else cell for cell in cells], dtype=object)
        else:
            data[name] = np.array([np.nan if cell == "NA" else float(cell) for cell in cells])
    return pd.DataFrame(data)
