"""Where searches of a profile start beside the last point: where several minima are likely with a parameter held."""

from __future__ import annotations

import numpy as np

from ..fit.fit import Fit

__all__ = ["MOST_ROWS", "further_thetas"]

# Rows up to which the other parameters may have several minima, and the same of fits with a singular covariance.
FEW_ROWS, MOST_ROWS = 100, 3000
# Relative standard deviations of all effects, and that of one beside effects of 1. All lower minima of fourteen drawn
# designs of 24 to 39 rows were found from these; large deviations and covariances of both signs found none besides.
DEVIATIONS = (0.1, 1.0)
SMALL = 0.05


def further_thetas(m: Fit) -> list[np.ndarray]:
    """Theta of the columns worked with, from which all but a held parameter are searched for; none in large data.

    Parameters
    ----------
    m : Fit
    """
    layout, nobs = m.working.layout, m.nobs
    if nobs > (MOST_ROWS if m.is_singular else FEW_ROWS):
        return []
    diagonal = layout.diagonal
    found = [np.where(diagonal, size, 0.0) for size in DEVIATIONS]
    each = np.flatnonzero(diagonal).tolist() if layout.n_theta > 1 else []
    return found + [np.where(np.arange(layout.n_theta) == k, SMALL, 1.0 * diagonal) for k in each]
