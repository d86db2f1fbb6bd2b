r"""Windows: when quartiles of residuals round to the printed ones, as conditions on how many residuals are where.

A quartile in R is :math:`(1-w) v_k + w v_{k+1}` of the sorted residuals :math:`v_0, v_1, \ldots`. Both lie in the
*window*, printed figure plus or minus half a unit of its last place, if

* at most k residuals are below the window, so that :math:`v_k` is not, and
* at least k + 2 are not above it, so that :math:`v_{k+1}` is not (k + 1 are enough where :math:`w = 0`).

Then the quartile, which is between the two, lies in the window too and rounds to the figure. The conditions ask a
little more than the figure does, which is no hindrance among thousands of rows. By how much the two counts are off is
the *misfit*: the number of rows on the wrong side. Unlike the quartile itself it is an integer, and how a move of four
rows changes it can be told by looking at these four.
"""

from __future__ import annotations

import numpy as np

from replications.twins.residuals.targets import QUARTILE_EDGE, QUARTILES, OrderStatistics, Target


class Windows:
    """The windows of the three quartiles of several models.

    Counts are arrays (2, models, 3, ...): of residuals below each window, and of those not above it.

    Attributes
    ----------
    low, high : arrays (models, 3)
        Edges of the windows.
    """

    def __init__(self, models: list[Target]) -> None:
        printed = np.array([target.printed[QUARTILES] for target in models])
        half = np.array([target.half for target in models])[:, None] * QUARTILE_EDGE
        self.low, self.high = printed - half, printed + half
        order = [OrderStatistics.of(target.n) for target in models]
        self._most_below = np.array([at.below[QUARTILES] for at in order])
        self._least_upto = np.array([(at.below + 1 + (at.weight > 0))[QUARTILES] for at in order])

    def sides(self, residuals: np.ndarray) -> np.ndarray:
        """Which residuals (models, ...) are below each window, and which are not above it: (2, models, 3, ...).

        A residual that is missing, as the model does not use the row, is on neither side.
        """
        along = (slice(None), slice(None), *[None] * (residuals.ndim - 1))
        with np.errstate(invalid="ignore"):
            return np.stack([residuals[:, None] < self.low[along], residuals[:, None] <= self.high[along]])

    def misfits(self, counts: np.ndarray) -> np.ndarray:
        """How many rows are on the wrong side, per model and quartile: (models, 3, ...)."""
        along = (slice(None), slice(None), *[None] * (counts.ndim - 3))
        below, upto = counts
        return np.maximum(below - self._most_below[along], 0) + np.maximum(self._least_upto[along] - upto, 0)
