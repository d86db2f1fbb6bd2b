"""The printed residual figures (Min, 1Q, Median, 3Q, Max) of the models, as targets for the generator.

Cross-products fix coefficients, variances and likelihoods; residual quantiles depend on rows. They are met by choosing,
among the pairings with the right cross-products, one that has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from replications.twins.aggregates import Aggregates
from replications.twins.models import fit
from replications.twins.swapping.pairing import Bounds
from replications.twins.swapping.rows import Rows

FIGURES = ("Min", "1Q", "Median", "3Q", "Max")
SHARES = (0, 0.25, 0.5, 0.75, 1)  # of the residuals, at which the figures lie
MIN, QUARTILES, MAX = 0, slice(1, 4), 4  # their places

# What a figure may be off, in units of half its last printed place, so that it still rounds to the print. The quartiles
# get a margin for the optimiser's last digits; the extremes are single rows, of which there may be one only.
EXTREME_EDGE, QUARTILE_EDGE = 0.999, 0.9
EDGES = np.array([EXTREME_EDGE, QUARTILE_EDGE, QUARTILE_EDGE, QUARTILE_EDGE, EXTREME_EDGE])


@dataclass(frozen=True)
class OrderStatistics:
    """Where the figures of n residuals lie among the sorted ones, in R's definition 7 of a quantile.

    The figure at a share s is ``(1 - weight) v[below] + weight v[above]`` of the sorted residuals v, where ``below`` is
    the whole part of ``(n - 1) s``, ``weight`` its fraction and ``above`` the next place; all three of shape (5,).
    """

    below: np.ndarray
    above: np.ndarray
    weight: np.ndarray

    @classmethod
    def of(cls, n: int) -> OrderStatistics:
        """Return those of n residuals."""
        place = (n - 1) * np.array(SHARES)
        below = np.floor(place).astype(int)
        return cls(below, np.minimum(below + 1, n - 1), place - below)


@dataclass(frozen=True)
class Target:
    """One model with printed residual figures.

    Attributes
    ----------
    name, outcome : str
    outcome_scale : int
    names : tuple of str
        Product columns of the model, "1" first.
    scales : tuple of int
        Their scales.
    coefficients : dict
        Group name -> array, fixed plus random effects on ``names``.
    unit : float
        What residuals are divided by: sigma for the scaled residuals of a mixed model, 1 for those of a linear one.
    printed : array (5,)
        The figures.
    half : float
        Half a unit in their last printed place.
    blocks : tuple of str
        Names of the blocks whose rows the model uses.
    n : int
        How many rows these are.
    """

    name: str
    outcome: str
    outcome_scale: int
    names: tuple[str, ...]
    scales: tuple[int, ...]
    coefficients: dict[str, np.ndarray]
    unit: float
    printed: np.ndarray
    half: float
    blocks: tuple[str, ...]
    n: int

    def applies_to(self, rows: Rows) -> bool:
        """Whether the model uses these rows."""
        return rows.group.name in self.coefficients and rows.block.name in self.blocks

    def fitted(self, group: str, columns: Mapping[str, np.ndarray]) -> np.ndarray:
        """Fitted values, in units of the outcome, for rows of a group given as product columns."""
        beta = self.coefficients[group]
        out = beta[0]
        for name, scale, slope in zip(self.names[1:], self.scales[1:], beta[1:], strict=True):
            out = out + slope * (columns[name] / scale)
        return out

    def residuals(self, group: str, columns: Mapping[str, np.ndarray]) -> np.ndarray:
        """Residuals as printed (scaled for mixed models)."""
        return (columns[self.outcome] / self.outcome_scale - self.fitted(group, columns)) / self.unit

    def errors(self, residuals: np.ndarray) -> np.ndarray:
        """How far the five figures of residuals (n,) are off, in half units of the last printed place."""
        return (np.quantile(residuals, SHARES) - self.printed) / self.half


def targets(aggregates: Aggregates) -> list[Target]:
    """Models whose residuals depend on the pairing; without a level-1 predictor the margins settle them."""
    out = []
    for model in aggregates.recipe["models"]:
        fitted = fit(aggregates, model)
        if len(fitted.names) == 1:
            continue
        decimals = min(len(figure.split(".")[1]) for figure in model["printed"])
        target = Target(
            name=model["name"],
            outcome=model["outcome"],
            outcome_scale=aggregates.scale(model["outcome"]),
            names=fitted.names,
            scales=tuple(map(aggregates.scale, fitted.names)),
            coefficients=fitted.coefficients,
            unit=fitted.sigma if model["kind"] == "lmer" else 1.0,
            printed=np.array(model["printed"], dtype=float),
            half=0.5 * 10.0**-decimals,
            blocks=tuple(model["blocks"]),
            n=fitted.n,
        )
        out.append(target)
    return out


def block_residuals(rows: Rows, models: list[Target]) -> np.ndarray:
    """Residuals of each model in all rows of a laid block, the anchors last: (models, rows); NaN where it has none."""
    anchors = [rows.product_row(row) for row in rows.anchors]
    columns = {
        name: np.concatenate([column, np.array([row[name] for row in anchors], dtype=np.int64)])
        for name, column in rows.columns.items()
    }
    out = np.full((len(models), rows.block.n), np.nan)
    for m, target in enumerate(models):
        if target.applies_to(rows):
            out[m] = target.residuals(rows.group.name, columns)
    return out


def outcome_bounds(rows: Rows, models: list[Target]) -> Bounds | None:
    """Least and greatest outcome (as integers) each row may carry so that no residual passes the printed Min or Max."""
    used = [target for target in models if target.applies_to(rows)]
    if not used:
        return None
    low, high = np.full(rows.n, -np.inf), np.full(rows.n, np.inf)
    for target in used:
        fitted = target.fitted(rows.group.name, rows.columns)
        edge = EXTREME_EDGE * target.half
        least = (fitted + target.unit * (target.printed[MIN] - edge)) * target.outcome_scale
        most = (fitted + target.unit * (target.printed[MAX] + edge)) * target.outcome_scale
        low, high = np.maximum(low, least), np.minimum(high, most)
    return low, high
