"""Profile intervals of a generalized linear model's coefficients, by the model fitted with each held at values."""

from __future__ import annotations

import math
import warnings
from typing import Any, Protocol

import numpy as np
import pandas as pd
import scipy

from ..errors import ConvergenceWarning, FitError, first_few, users_stacklevel
from ..frame.model_frame import ModelFrame
from ..generalized.distribution import Family
from ..generalized.irls import Estimate, estimate
from ..generalized.response import Response
from .confint import checked_level, limit_names, positions

__all__ = ["profile_intervals"]

# Times that the distance to an end is doubled from Wald's: beyond, the likelihood has no end there.
MOST_DOUBLINGS = 12
# Share of a standard error to which an end is searched for.
NEAR_ENOUGH = 1e-9


class Profiled(Protocol):
    """What is profiled."""

    @property
    def frame(self) -> ModelFrame:
        """The rows."""

    @property
    def beta(self) -> np.ndarray:
        """Coefficients, shape (p,)."""

    @property
    def family(self) -> Family:
        """With its link."""

    @property
    def dispersion(self) -> float:
        """What the rise is divided by."""

    @property
    def ended(self) -> Estimate:
        """Where the search ended."""

    @property
    def outcome(self) -> Response:
        """The response as the family takes it."""

    @property
    def deviance(self) -> float:
        """Of the fit."""

    @property
    def terms(self) -> tuple[str, ...]:
        """All columns, those that were left out in their places."""

    @property
    def se(self) -> pd.Series:
        """Standard errors by term."""


def profile_intervals(m: Profiled, level: float, parm: Any) -> pd.DataFrame:
    """Intervals of coefficients within which the deviance, over the dispersion, rises by less than chi-squared allows.

    All others are estimated anew at each value; the dispersion stays, and so does theta of a negative binomial model.
    `GeneralizedLinearModel.confint` says what the arguments mean.

    Raises
    ------
    FitError
        Where the fit is not a maximum of the likelihood.

    Warns
    -----
    ConvergenceWarning
        Where the deviance never rises so far: the limit is infinite.
    """
    level = checked_level(level)
    if m.ended.endless or m.ended.at_boundary or not m.ended.converged:
        raise FitError("The fit is not a maximum of the likelihood, as it says itself: there is nothing to profile.")
    quantile = float(scipy.stats.norm.isf(0.5 * (1.0 - level)))
    place = {name: k for k, name in enumerate(m.frame.x_names)}
    chosen = [m.terms[k] for k in positions(parm, m.terms, {"beta_": list(range(len(m.terms)))})]
    limits = np.full((len(chosen), 2), np.nan)
    for row, name in zip(limits, chosen, strict=True):
        if name in place:
            row[:] = [_end(m, place[name], side * quantile) for side in (-1.0, 1.0)]
    open_ended = [name for name, row in zip(chosen, limits, strict=True) if np.isinf(row).any()]
    if open_ended:
        warnings.warn(
            f"The deviance does not rise enough on one side of {first_few(open_ended)}: the interval has no end there.",
            ConvergenceWarning,
            stacklevel=users_stacklevel(),
        )
    return pd.DataFrame(limits, chosen, list(limit_names(level)))


def _end(m: Profiled, k: int, target: float) -> float:
    """Where zeta, the signed root of the rise of the deviance, is the target; infinite where it is nowhere."""
    others, column = np.delete(m.frame.x, k, axis=1), m.frame.x[:, k]
    start, se = float(m.beta[k]), float(m.se.iloc[k])

    def zeta(b: float) -> float:
        found = estimate(others, m.outcome, m.frame.known_part + b * column, m.family)
        if found is None:
            return math.copysign(math.inf, b - start)
        return math.copysign(math.sqrt(max(found.deviance - m.deviance, 0.0) / m.dispersion), b - start)

    def beyond(b: float) -> float:
        return min(abs(zeta(b)), 1e3) - abs(target)  # a number also where the family has no means

    near, far = start, start + target * se
    for _ in range(MOST_DOUBLINGS):
        if beyond(far) >= 0.0:
            return float(scipy.optimize.brentq(beyond, near, far, xtol=NEAR_ENOUGH * se))
        near, far = far, start + 2.0 * (far - start)
    return math.copysign(math.inf, target)
