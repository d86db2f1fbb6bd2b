"""What it costs to miss printed residual figures, where rows are few.

Among few rows a quartile is a weighted mean of two particular residuals, and only a handful of pairs of attainable
residuals give the printed one. So there are two ways to be near: the figure is nearly right (bits by which it is
off), or a suitable pair is nearly in place (rows by which the ranks of the two are off). The smaller one counts;
both are zero exactly when the figure holds.
"""

from dataclasses import dataclass

import numpy as np

from replications.twins.residuals.targets import NEARLY_HALF, QUARTILES, Target

# of half a unit: the quartiles get a margin for the optimiser's last digits, the extremes are the anchors'
EDGES = np.array([NEARLY_HALF, 0.9, 0.9, 0.9, NEARLY_HALF])
PULL, PULL_MOST = 0.01, 20.0
NEIGHBOURS = 60  # attainable residuals looked at on either side of a printed quartile
PAIRS = 6
REACH = 8
SAME = 1e-7  # residuals closer than this are equal but for rounding


@dataclass(frozen=True)
class Attainable:
    """Residuals that rows can have (sorted), and how many rows can have each at once."""

    values: np.ndarray
    rows: np.ndarray


def suitable_pairs(attainable: Attainable, printed: float, edge: float, weight: float) -> list[tuple[float, float]]:
    """Pairs a <= b of attainable residuals with (1-weight) a + weight b within edge of a quartile, the closest first.

    Close means: few other attainable residuals lie between the two. Twice the same residual takes two rows.
    """
    values = attainable.values
    at = int(np.searchsorted(values, printed))
    low, high = max(at - NEIGHBOURS, 0), min(at + NEIGHBOURS, len(values))
    near, rows = values[low:high], attainable.rows[low:high]
    mean = (1 - weight) * near[:, None] + weight * near[None, :]
    possible = np.triu(np.ones_like(mean, dtype=bool), 1) | np.diag((rows > 1) | (weight == 0))
    first, second = np.nonzero((np.abs(mean - printed) <= edge) & possible)
    order = np.argsort(second - first, kind="stable")[:PAIRS]
    return [(float(near[first[k]]), float(near[second[k]])) for k in order]


class Figures:
    """The five figures of several models over the same rows, and what their misses cost.

    Parameters
    ----------
    models : list of Target
    attainable : list of Attainable
        Per model, the residuals that rows can have when the column at hand is re-arranged.
    """

    def __init__(self, models: list[Target], attainable: list[Attainable]):
        self.printed = np.array([target.printed for target in models])
        self.half = np.array([target.half for target in models])[:, None]
        place = (models[0].n - 1) * np.array([0, *QUARTILES, 1])
        self.below = np.floor(place).astype(int)
        self.weight = place - self.below
        self.above = np.minimum(self.below + 1, models[0].n - 1)
        self.pairs = [
            (m, k, pair)
            for m, values in enumerate(attainable)
            for k in (1, 2, 3)
            for pair in suitable_pairs(values, self.printed[m, k], EDGES[k] * self.half[m, 0], self.weight[k])
        ]

    def _five(self, ordered: np.ndarray) -> np.ndarray:
        figures = (1 - self.weight) * ordered[..., self.below] + self.weight * ordered[..., self.above]
        return (figures - self.printed) / self.half

    def errors(self, residuals: np.ndarray) -> np.ndarray:
        """Residuals (..., models, n) -> errors in half units of the last printed place (..., models, 5)."""
        return self._five(np.sort(residuals, axis=-1))

    def _rank_misfit(self, ordered: np.ndarray, k: int, pair: tuple[float, float]) -> np.ndarray:
        """Rows by which the ranks of a pair are off, up to `REACH` each: ordered residuals (..., n) -> (...)."""
        misfit = 0
        for rank, value in zip((self.below[k], self.above[k]), pair, strict=True):
            start = max(rank - REACH, 0)
            around = ordered[..., start : rank + REACH + 1]
            less = start + (around < value - SAME).sum(axis=-1)
            upto = start + (around <= value + SAME).sum(axis=-1)
            misfit = misfit + np.maximum(less - rank, 0) + np.maximum(rank + 1 - upto, 0)
            if self.weight[k] == 0:
                break
        return misfit

    def cost(self, residuals: np.ndarray) -> np.ndarray:
        """Cost of the misses, summed over models and figures: residuals (..., models, n) -> (...)."""
        ordered = np.sort(residuals, axis=-1)
        excess = np.maximum(np.abs(self._five(ordered)) - EDGES, 0)
        cost = np.log2(1 + excess) + np.minimum(excess * PULL, PULL_MOST)
        for m, k, pair in self.pairs:
            cost[..., m, k] = np.minimum(cost[..., m, k], self._rank_misfit(ordered[..., m, :], k, pair))
        return cost.sum(axis=(-1, -2)).round(9)
