"""Whether counts vary more than their family allows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import scipy

from ..errors import ArgumentError, FitError
from ..report.face import is_generalized, is_model
from ..report.html import as_html

__all__ = ["Overdispersion", "overdispersion"]

COUNTED = ("binomial", "poisson", "negative.binomial")
SIGNIFICANT = 0.05  # p values below this are said to show overdispersion, as performance does
SMALLEST_SHOWN = 0.001


@dataclass(frozen=True)
class Overdispersion:
    """Pearson's statistic against its degrees of freedom.

    Attributes
    ----------
    ratio : float
        Statistic over degrees of freedom: about 1 where rows vary as the family says.
    chisq : float
        Sum of squared Pearson residuals.
    df : int
        Rows less parameters.
    pvalue : float
        Of a larger statistic, by the chi-squared distribution.
    """

    ratio: float
    chisq: float
    df: int
    pvalue: float

    def __str__(self) -> str:
        small = self.pvalue < SMALLEST_SHOWN
        p = f"< {SMALLEST_SHOWN}" if small else f"{self.pvalue:.3f}".rstrip("0").rstrip(".")
        numbers = (f"{self.ratio:.3f}", f"{self.chisq:.3f}", p)
        width = max(map(len, numbers))
        names = ("dispersion ratio", "Pearson's Chi-Squared", "p-value")
        lines = [f"{name:>23} = {number:>{width}}" for name, number in zip(names, numbers, strict=True)]
        found = "Overdispersion detected." if self.pvalue < SIGNIFICANT else "No overdispersion detected."
        return "\n".join(["# Overdispersion test", "", *lines, "", found])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return as_html(str(self))

    @property
    def frame(self) -> pd.DataFrame:
        """One row with ``ratio``, ``chisq``, ``df``, ``pvalue``."""
        return pd.DataFrame({name: [getattr(self, name)] for name in ("ratio", "chisq", "df", "pvalue")})


def overdispersion(m: Any) -> Overdispersion:
    """Compare the Pearson residuals of a model of counts or shares with what its family allows.

    Parameters
    ----------
    m : GeneralizedLinearModel or GeneralizedMixedModel
        Binomial with more than one trial a row, Poisson or negative binomial.

    Returns
    -------
    Overdispersion
        With ``ratio``, ``chisq``, ``df`` and ``pvalue``; prints as ``performance::check_overdispersion``. Of a mixed
        model residuals are those at the conditional modes, and degrees of freedom rows less fixed effects and
        variance parameters: the test is approximate, and poor where means are small.

    Raises
    ------
    ArgumentError
        When `m` is not a generalized model.
    FitError
        When rows cannot vary more than their family says: of a single trial each, or with a dispersion that is
        estimated; or there are no degrees of freedom.

    Examples
    --------
    >>> import mlm
    >>> k, x = [0, 9, 1, 14, 2, 0, 7, 1, 12, 3], [1, 2, 1, 2, 1, 1, 2, 2, 1, 2]
    >>> rows = {"k": k, "x": x}
    >>> round(overdispersion(mlm.glm("k ~ x", rows, "poisson")).ratio, 2)
    6.26

    References
    ----------
    McCullagh, P. & Nelder, J. A. (1989). *Generalized Linear Models*, 2nd ed., sections 4.5 and 6.2. Chapman & Hall.

    Bolker, B. M. et al. (2009). Generalized linear mixed models: a practical guide for ecology and evolution. *Trends
    in Ecology & Evolution* 24(3), 127-135.
    """
    if not (is_model(m) and is_generalized(m)):
        raise ArgumentError(f"This takes a model that mlm.glm or mlm.glmer has fitted; got {type(m).__name__}.")
    family = m.family
    if family.name not in COUNTED:
        raise FitError(
            f"The {family.name} family has a dispersion that is estimated from the data, {m.sigma**2:.4g} here: "
            "rows can exceed nothing. Overdispersion is of binomial, Poisson and negative binomial models."
        )
    if family.name == "binomial" and np.max(m.outcome.weights) <= 1:
        raise FitError(
            "Each row is one trial, whose variance follows from its mean: rows of 0 and 1 cannot be overdispersed. Sum "
            "them up where predictors and groups are the same, and fit cbind(successes, failures)."
        )
    df = m.df_resid
    if df < 1:
        raise FitError(f"The model has no residual degrees of freedom: {m.nobs} rows, {m.nobs - df} parameters.")
    chisq = float(np.sum(np.square(m.residuals("pearson").to_numpy())))
    return Overdispersion(chisq / df, chisq, int(df), float(scipy.stats.chi2.sf(chisq, df)))
