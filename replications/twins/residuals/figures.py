r"""What it costs to miss printed residual figures, where rows are few.

Among few rows a quartile is a weighted mean of two particular residuals. Of 260 rows, the first quartile is
:math:`\frac14 v_{64} + \frac34 v_{65}` of the sorted residuals :math:`v_0, v_1, \ldots` (R's definition 7: place
:math:`259/4 = 64.75`). Printed with four digits, it lets in a few of the pairs of residuals that rows can have, and no
others. A search that only knows how far the quartile is off gets near it and stays there, as the residuals that would
give it are other ones. So there are two ways to be near a figure:

* it is nearly right. With :math:`e` the error in half units of its last printed place, and :math:`e_0 < 1` the error
  that may be, the cost is the bits by which it is off, :math:`\log_2(1 + (e - e_0)_+)`, and a small pull
  proportional to :math:`(e - e_0)_+`, so that large errors shrink too;
* a suitable pair is nearly in place. For a pair :math:`a \le b` of attainable residuals whose weighted mean rounds to
  the printed figure, a must be the residual of rank k and b that of rank k + 1. The cost is the number of rows that
  would have to change sides: that lie below a and should not, or should and do not, and the same for b.

The smaller one counts. It is zero exactly where the figure holds, so a state of cost zero is a solution. Minimum and
maximum are those of the anchors (`anchors`), and have the first cost alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from replications.twins.residuals.targets import EDGES, QUARTILES, OrderStatistics, Target

PULL, PULL_MOST = 0.01, 20.0  # bits for each half unit, and at most
NEIGHBOURS = 60  # attainable residuals looked at on either side of a printed quartile
PAIRS = 6  # suitable pairs kept of a quartile
REACH = 8  # ranks on either side of a quartile that are looked at: a misfit is one more than that at most
SAME = 1e-7  # residuals closer than this are equal but for rounding
DECIMALS = 9  # of costs, which decide what is drawn: hides the last bits, in which machines differ


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


def _rows_off(ordered: np.ndarray, rank: int, value: float) -> np.ndarray:
    """How many rows keep a residual from a rank: ordered residuals (..., n) -> (...).

    It has the rank if no more residuals than that are less, and one more at least is not greater.
    """
    start = max(rank - REACH, 0)
    around = ordered[..., start : rank + REACH + 1]
    less = start + (around < value - SAME).sum(axis=-1)
    not_greater = start + (around <= value + SAME).sum(axis=-1)
    return np.maximum(less - rank, 0) + np.maximum(rank + 1 - not_greater, 0)


class Figures:
    """The five figures of several models over the same rows, and what their misses cost.

    Parameters
    ----------
    models : list of Target
    attainable : list of Attainable
        Per model, the residuals that rows can have when the column at hand is re-arranged.
    """

    def __init__(self, models: list[Target], attainable: list[Attainable]) -> None:
        self._printed = np.array([target.printed for target in models])
        self._half = np.array([target.half for target in models])[:, None]
        self._order = OrderStatistics.of(models[0].n)
        quartiles = range(*QUARTILES.indices(len(EDGES)))
        self._pairs = [
            (m, k, pair)
            for m, (target, values) in enumerate(zip(models, attainable, strict=True))
            for k in quartiles
            for pair in suitable_pairs(values, target.printed[k], EDGES[k] * target.half, self._order.weight[k])
        ]

    def _errors(self, ordered: np.ndarray) -> np.ndarray:
        at = self._order
        figures = (1 - at.weight) * ordered[..., at.below] + at.weight * ordered[..., at.above]
        return (figures - self._printed) / self._half

    def errors(self, residuals: np.ndarray) -> np.ndarray:
        """Residuals (..., models, n) -> errors in half units of the last printed place (..., models, 5)."""
        return self._errors(np.sort(residuals, axis=-1))

    def _rank_misfit(self, ordered: np.ndarray, k: int, pair: tuple[float, float]) -> np.ndarray:
        """Rows by which the ranks of a pair are off: ordered residuals (..., n) -> (...)."""
        misfit = _rows_off(ordered, self._order.below[k], pair[0])
        if self._order.weight[k] > 0:
            misfit = misfit + _rows_off(ordered, self._order.above[k], pair[1])
        return misfit

    def cost(self, residuals: np.ndarray) -> np.ndarray:
        """Cost of the misses, summed over models and figures: residuals (..., models, n) -> (...)."""
        ordered = np.sort(residuals, axis=-1)
        excess = np.maximum(np.abs(self._errors(ordered)) - EDGES, 0)
        cost = np.log2(1 + excess) + np.minimum(excess * PULL, PULL_MOST)
        for m, k, pair in self._pairs:
            cost[..., m, k] = np.minimum(cost[..., m, k], self._rank_misfit(ordered[..., m, :], k, pair))
        return cost.sum(axis=(-1, -2)).round(DECIMALS)
