"""Ordinary least squares, for complete pooling, no pooling and dummy-variable models.

The coefficients come from a QR decomposition of the model matrix; columns that depend on columns to their
left are left out and reported, as R's ``lm()`` does. Standard errors and tests as in Fox (2016), *Applied
Regression Analysis and Generalized Linear Models*, 3rd ed., chapters 5, 6 and 9.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from ..errors import FitError
from ..frame.design import INTERCEPT
from ..frame.model_frame import ModelFrame
from ..frame.table import Table
from ..report.summary import Summary, summarize

__all__ = ["FStatistic", "LinearModel"]


class FStatistic(NamedTuple):
    """F test of all coefficients but the intercept: the value and its degrees of freedom."""

    value: float
    numdf: int
    dendf: int

    @property
    def pvalue(self) -> float:
        """Upper tail probability of the F distribution."""
        return float(stats.f.sf(self.value, self.numdf, self.dendf))


@dataclass(frozen=True, eq=False)
class LinearModel:
    """A linear model fitted by least squares; made by :func:`lm`, read-only.

    Attributes
    ----------
    formula, response : str
    frame : ModelFrame
        The rows and columns in use (columns left out as dependent are not in it).
    fixef : pandas.Series, length p
        Coefficients by term.
    vcov : pandas.DataFrame, shape (p, p)
        Their covariance matrix.
    sigma : float
        Residual standard error, in units of the response.
    aliased : tuple of str
        Columns left out because they depend on others, in the formula's order.
    terms : tuple of str
        All columns, the aliased ones in their places.
    """

    formula: str
    response: str
    frame: ModelFrame = field(repr=False)
    fixef: pd.Series
    vcov: pd.DataFrame = field(repr=False)
    sigma: float
    aliased: tuple[str, ...]
    terms: tuple[str, ...] = field(repr=False)

    @property
    def se(self) -> pd.Series:
        """Standard errors by term."""
        return pd.Series(np.sqrt(np.diag(self.vcov)), index=self.fixef.index, name="se")

    @property
    def nobs(self) -> int:
        """Number of rows in use."""
        return self.frame.nobs

    @property
    def df_resid(self) -> int:
        """Residual degrees of freedom, rows minus coefficients."""
        return self.nobs - len(self.fixef)

    @property
    def has_intercept(self) -> bool:
        """Whether the model has an intercept; R² and F compare with the mean only then."""
        return INTERCEPT in self.fixef.index

    @cached_property
    def x(self) -> pd.DataFrame:
        """Model matrix, shape (nobs, p)."""
        return pd.DataFrame(self.frame.x, index=self.frame.index, columns=self.fixef.index)

    @property
    def y(self) -> pd.Series:
        """Response in the rows in use."""
        return pd.Series(self.frame.y, index=self.frame.index, name=self.response)

    @cached_property
    def fitted(self) -> pd.Series:
        """Fitted values by row label."""
        values = self.frame.x @ self.fixef.to_numpy() + _offset(self.frame)
        return pd.Series(values, index=self.frame.index, name="fitted")

    @property
    def resid(self) -> pd.Series:
        """Residuals by row label."""
        return (self.y - self.fitted).rename("resid")

    @property
    def deviance(self) -> float:
        """Residual sum of squares."""
        return self.sigma**2 * self.df_resid if self.df_resid else float(np.sum(self.resid**2))

    @cached_property
    def _explained(self) -> float:
        """Sum of squares of the fit, about its mean when there is an intercept."""
        fit = self.fitted.to_numpy() - _offset(self.frame)
        return float(np.sum((fit - fit.mean()) ** 2 if self.has_intercept else fit**2))

    @property
    def r_squared(self) -> float:
        """Share of the sum of squares (about the mean, with an intercept) that the model explains."""
        return self._explained / (self._explained + self.deviance)

    @property
    def adj_r_squared(self) -> float:
        """R² adjusted for the number of coefficients; NaN without residual degrees of freedom."""
        if not self.df_resid:
            return np.nan
        return 1 - (1 - self.r_squared) * (self.nobs - self.has_intercept) / self.df_resid

    @property
    def fstatistic(self) -> FStatistic | None:
        """F test that all coefficients but the intercept are zero; None when there are no others."""
        numdf = len(self.fixef) - self.has_intercept
        if not numdf or not self.df_resid:
            return None
        return FStatistic(self._explained / numdf / self.sigma**2, numdf, self.df_resid)

    @property
    def npar(self) -> int:
        """Number of parameters: the coefficients and the residual variance."""
        return len(self.fixef) + 1

    @property
    def loglik(self) -> float:
        """Log likelihood at the maximum-likelihood variance."""
        return -0.5 * self.nobs * (np.log(2 * np.pi * self.deviance / self.nobs) + 1)

    @property
    def aic(self) -> float:
        """Akaike's information criterion."""
        return -2 * self.loglik + 2 * self.npar

    @property
    def bic(self) -> float:
        """Schwarz's criterion."""
        return -2 * self.loglik + np.log(self.nobs) * self.npar

    def coefficients(self) -> pd.DataFrame:
        """Return estimates, standard errors, t values and p values by term.

        Returns
        -------
        DataFrame
            Columns ``Estimate``, ``Std. Error``, ``t value``, ``Pr(>|t|)``.
        """
        t = self.fixef / self.se
        p = 2 * stats.t.sf(np.abs(t), self.df_resid) if self.df_resid else np.full(len(t), np.nan)
        return pd.DataFrame({"Estimate": self.fixef, "Std. Error": self.se, "t value": t, "Pr(>|t|)": p})

    def confint(self, level: float = 0.95) -> pd.DataFrame:
        """Return confidence limits from the t distribution, columns ``conf.low`` and ``conf.high``."""
        half = stats.t.ppf(0.5 + level / 2, self.df_resid) * self.se
        return pd.DataFrame({"conf.low": self.fixef - half, "conf.high": self.fixef + half})

    def tidy(self, conf_int: bool = False, level: float = 0.95) -> pd.DataFrame:
        """Return one row a term, in broom's columns (term, estimate, std.error, statistic, p.value)."""
        table = self.coefficients().set_axis(["estimate", "std.error", "statistic", "p.value"], axis=1)
        if conf_int:
            table = table.join(self.confint(level))
        return table.rename_axis("term").reset_index()

    def glance(self) -> pd.DataFrame:
        """Return one row of model-level numbers, in broom's columns."""
        f = self.fstatistic
        row = {
            "r.squared": self.r_squared, "adj.r.squared": self.adj_r_squared, "sigma": self.sigma,
            "statistic": f.value if f else np.nan, "p.value": f.pvalue if f else np.nan,
            "logLik": self.loglik, "AIC": self.aic, "BIC": self.bic, "deviance": self.deviance,
            "df.residual": self.df_resid, "nobs": self.nobs,
        }  # fmt: skip
        return pd.DataFrame([row])

    def design(self, newdata: Any) -> pd.DataFrame:
        """Make the model matrix from new data, shape (rows, p)."""
        table = Table.of(newdata)
        matrix = self.frame.x_design.replay(table).matrix()
        return pd.DataFrame(matrix, index=table.frame.index, columns=self.fixef.index)

    def predict(self, newdata: Any = None) -> pd.Series:
        """Return fitted values, or predictions for new rows."""
        if newdata is None:
            return self.fitted
        if self.frame.offset is not None:
            raise FitError("This model has an offset; predictions for new rows would leave it out.")
        return (self.design(newdata) @ self.fixef).rename("prediction")

    def summary(self, **options: Any) -> Summary:
        """Return the report laid out as R's ``summary.lm``; options as in :func:`mlm.summarize`."""
        return summarize(self, **options)

    def __str__(self) -> str:
        """Lay out as R's summary."""
        return str(self.summary())


def _offset(frame: ModelFrame) -> np.ndarray | float:
    return 0.0 if frame.offset is None else frame.offset
