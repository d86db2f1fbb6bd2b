"""The printed residual figures (Min, 1Q, Median, 3Q, Max) of the models, as targets for the generator.

Cross-products fix coefficients, variances and likelihoods; residual quantiles depend on rows. They are met
by choosing, among the pairings with the right cross-products, one that has them.
"""

from dataclasses import dataclass

import numpy as np

from replications.twins.aggregates import Aggregates
from replications.twins.models import fit
from replications.twins.swapping.margins import Rows

NEARLY_HALF = 0.999  # of half a unit in the last printed place: still rounds to the printed figure
QUARTILES = (0.25, 0.5, 0.75)


@dataclass(frozen=True)
class Target:
    """One model with printed residual figures.

    Attributes
    ----------
    names, scales : product columns of the model ("1" first) and their scales
    coefficients : group name -> array, fixed plus random effects on ``names``
    unit : what residuals are divided by, sigma for scaled residuals, 1 for lm
    printed : array (5,), the figures
    half : half a unit in their last printed place
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

    def fitted(self, group: str, columns: dict[str, np.ndarray]) -> np.ndarray:
        """Fitted values, in units of the outcome, for rows of a group given as product columns."""
        beta = self.coefficients[group]
        out = beta[0]
        for name, scale, slope in zip(self.names[1:], self.scales[1:], beta[1:], strict=True):
            out = out + slope * (columns[name] / scale)
        return out

    def residuals(self, group: str, columns: dict[str, np.ndarray]) -> np.ndarray:
        """Residuals as printed (scaled for mixed models)."""
        return (columns[self.outcome] / self.outcome_scale - self.fitted(group, columns)) / self.unit

    def order_statistics(self) -> tuple[np.ndarray, np.ndarray]:
        """Positions (0-based) and weights of the three quartiles in R's definition 7: (1-w) v[k] + w v[k+1]."""
        place = (self.n - 1) * np.array(QUARTILES)
        below = np.floor(place).astype(int)
        return below, place - below


def targets(aggregates: Aggregates) -> list[Target]:
    """Models whose residuals depend on the pairing; without a level-1 predictor the margins settle them."""
    out = []
    for model in aggregates.recipe["models"]:
        fitted = fit(aggregates, model)
        if len(fitted.names) == 1:
            continue
        decimals = {len(figure.split(".")[1]) for figure in model["printed"]}
        out.append(
            Target(
                model["name"], model["outcome"], aggregates.scale(model["outcome"]), fitted.names,
                tuple(aggregates.scale(name) for name in fitted.names), fitted.coefficients,
                fitted.sigma if model["kind"] == "lmer" else 1.0, np.array(model["printed"], dtype=float),
                0.5 * 10.0 ** -min(decimals), tuple(model["blocks"]), fitted.n,
            )
        )  # fmt: skip
    return out


def outcome_bounds(rows: Rows, models: list[Target]) -> tuple[np.ndarray, np.ndarray] | None:
    """Least and greatest outcome (as integers) each row may carry so that no residual passes the printed Min or Max."""
    used = [target for target in models if target.applies_to(rows)]
    if not used:
        return None
    low, high = np.full(rows.n, -np.inf), np.full(rows.n, np.inf)
    for target in used:
        fitted = target.fitted(rows.group.name, rows.columns)
        edge = NEARLY_HALF * target.half
        least = (fitted + target.unit * (target.printed[0] - edge)) * target.outcome_scale
        most = (fitted + target.unit * (target.printed[4] + edge)) * target.outcome_scale
        low, high = np.maximum(low, least), np.minimum(high, most)
    return low, high


def five_figures(residuals: np.ndarray) -> np.ndarray:
    """Min, 1Q, Median, 3Q, Max of the last axis as R computes them."""
    return np.moveaxis(np.quantile(residuals, [0, *QUARTILES, 1], axis=-1), 0, -1)
