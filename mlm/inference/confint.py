"""Confidence intervals of the fixed effects."""

from __future__ import annotations

import pandas as pd
from scipy import stats

from ..errors import FitError
from ..fit.fit import Fit

__all__ = ["confidence_intervals"]


def confidence_intervals(fit: Fit, level: float, method: str) -> pd.DataFrame:
    """Intervals of the fixed effects; `MixedModel.confint` says what the arguments mean."""
    if method != "wald":
        raise FitError(f"Confidence intervals by {method!r} are not there; use method='wald'.")
    if not 0.0 < level < 1.0:
        raise FitError(f"A confidence level lies between 0 and 1; got {level!r}.")
    tail = 0.5 * (1.0 - level)
    reach = float(stats.norm.isf(tail)) * fit.se
    names = [f"{100 * t:.3g} %" for t in (tail, 1.0 - tail)]
    return pd.DataFrame({names[0]: fit.fixef - reach, names[1]: fit.fixef + reach})
