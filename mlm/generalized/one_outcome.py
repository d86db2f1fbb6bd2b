"""The likelihood of levels with one outcome each, as their variance grows without end.

Beside an effect of standard deviation tau, with fixed effects ``tau * b``, the error of the link vanishes as tau grows:
a level has its outcome where the effect is larger than the least of its rows' linear predictors asks for, whatever the
link is and whatever variances and offsets stay finite. Minus twice the log-likelihood goes to ``-2 * sum of log
Phi(min over rows of ±x'b)``, that of a probit model with one row a level where predictors are the level's.
"""

from __future__ import annotations

import numpy as np
import scipy
from scipy import special

__all__ = ["at_endless_variance"]

# How sharp a level's least row is made out, in turn: in standard deviations of the effect.
SHARPNESS = (1.0, 0.1, 0.01, 1e-3, 1e-4)


def at_endless_variance(x: np.ndarray, succeeds: np.ndarray, codes: np.ndarray) -> float:
    """Minus twice the log-likelihood towards which it goes, at the best fixed effects.

    Parameters
    ----------
    x : ndarray, shape (n, p)
        Fixed-effects columns, of full rank.
    succeeds : ndarray of bool, shape (n,)
        Of one value in each level.
    codes : ndarray of int, shape (n,)
        Each row's level.

    Returns
    -------
    float

    Examples
    --------
    >>> codes = np.array([0, 0, 1, 1, 2])
    >>> round(at_endless_variance(np.ones((5, 1)), codes > 0, codes), 3)  # one failure and two successes of 3 levels
    3.819
    """
    basis = np.linalg.qr(x)[0] * np.sqrt(len(x))
    rows = np.unique(np.column_stack([codes, np.where(succeeds, 1.0, -1.0)[:, None] * basis]), axis=0)
    starts = np.flatnonzero(np.diff(rows[:, 0], prepend=-1.0))
    signed, sizes = rows[:, 1:], np.diff(starts, append=len(rows))

    def soft(b: np.ndarray, sharpness: float) -> tuple[float, np.ndarray]:
        """The sum with a smooth minimum, which is not above the minimum, and its derivatives."""
        away = signed @ b
        least = np.minimum.reduceat(away, starts)
        share = np.exp((np.repeat(least, sizes) - away) / sharpness)
        total = np.add.reduceat(share, starts)
        least = least - sharpness * np.log(total)
        log_chance = special.log_ndtr(least)
        slope = np.exp(-0.5 * np.square(least) - log_chance) / np.sqrt(2.0 * np.pi)
        return -2.0 * float(log_chance.sum()), -2.0 * (np.repeat(slope / total, sizes) * share) @ signed

    b = np.zeros(x.shape[1])
    for sharpness in SHARPNESS:
        b = scipy.optimize.minimize(soft, b, (sharpness,), "L-BFGS-B", jac=True).x
    return -2.0 * float(special.log_ndtr(np.minimum.reduceat(signed @ b, starts)).sum())
