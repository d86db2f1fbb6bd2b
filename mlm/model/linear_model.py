"""Ordinary least squares, for complete pooling, no pooling and dummy-variable models.

The coefficients come from a QR decomposition of the model matrix; columns that depend on columns to their
left are left out and reported, as R's ``lm()`` does. Standard errors and tests as in Fox (2016), *Applied
Regression Analysis and Generalized Linear Models*, 3rd ed., chapters 5, 6 and 9.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import scipy

from ..errors import FitError
from ..frame.columns import INTERCEPT
from ..frame.model_frame import ModelFrame
from ..frame.table import Table
from ..inference.coefficients import coefficient_table
from ..inference.confint import confidence_intervals
from ..inference.satterthwaite import checked_ddf
from ..report.dropped import terms_of
from ..report.html import as_html
from ..report.print_model import print_model
from ..report.summary import Summary, summarize
from ..report.tidy import coefficient_rows, linear_glance_row

__all__ = ["FStatistic", "LinearModel"]


class FStatistic(NamedTuple):
    """F test of all coefficients but the intercept: the value and its degrees of freedom."""

    value: float
    numdf: int
    dendf: int

    @property
    def pvalue(self) -> float:
        """Upper tail probability of the F distribution."""
        return float(scipy.stats.f.sf(self.value, self.numdf, self.dendf))


@dataclass(frozen=True, eq=False)
class LinearModel:
    """A linear model fitted by least squares; made by :func:`lm`, read-only.

    Attributes
    ----------
    formula, response : str
    frame : ModelFrame
        The rows and columns in use (columns left out as dependent are not in it).
    beta : ndarray, shape (p,)
        Coefficients; `fixef` has them by term.
    covariance : ndarray, shape (p, p)
        Their covariance matrix; `vcov` has it by terms.
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
    beta: np.ndarray
    covariance: np.ndarray = field(repr=False)
    sigma: float
    aliased: tuple[str, ...]
    terms: tuple[str, ...] = field(repr=False)

    def __post_init__(self) -> None:
        self.beta.flags.writeable = self.covariance.flags.writeable = False

    def __repr__(self) -> str:
        return f"<LinearModel {self.formula} | sigma {self.sigma:.4f} | n {self.nobs}>"

    @property
    def fixef(self) -> pd.Series:
        """Coefficients by term."""
        return pd.Series(self.beta, self.frame.x_names, name="Estimate", copy=True)

    @property
    def vcov(self) -> pd.DataFrame:
        """Covariance matrix of the coefficients, shape (p, p)."""
        return pd.DataFrame(self.covariance, self.frame.x_names, self.frame.x_names, copy=True)

    @property
    def se(self) -> pd.Series:
        """Standard errors by term."""
        return pd.Series(np.sqrt(np.diag(self.vcov)), index=self.fixef.index.view(), name="se")

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

    @property
    def x(self) -> pd.DataFrame:
        """Model matrix, shape (nobs, p)."""
        return pd.DataFrame(self.frame.x, index=self.frame.index.view(), columns=self.fixef.index.view(), copy=True)

    @property
    def y(self) -> pd.Series:
        """Response in the rows in use."""
        return pd.Series(self.frame.y, index=self.frame.index.view(), name=self.response, copy=True)

    @property
    def fitted(self) -> pd.Series:
        """Fitted values by row label."""
        values = self.frame.x @ self.fixef.to_numpy() + self.frame.known_part
        return pd.Series(values, index=self.frame.index.view(), name="fitted")

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
        fit = self.fitted.to_numpy() - self.frame.known_part
        return float(np.sum((fit - fit.mean()) ** 2 if self.has_intercept else fit**2))

    @property
    def r_squared(self) -> float:
        """Share of the sum of squares (about the mean, with an intercept) that the model explains."""
        total = self._explained + self.deviance
        return self._explained / total if total else np.nan

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
        with np.errstate(divide="ignore", invalid="ignore"):  # nothing is left by a fit that is exact
            f = float(np.divide(self._explained / numdf, self.sigma**2))
        return FStatistic(f, numdf, self.df_resid)

    @property
    def npar(self) -> int:
        """Number of parameters: the coefficients and the residual variance."""
        return len(self.fixef) + 1

    @property
    def loglik(self) -> float:
        """Log likelihood at the maximum-likelihood variance; infinite for a fit that is exact."""
        with np.errstate(divide="ignore"):
            return float(-0.5 * self.nobs * (np.log(2 * np.pi * self.deviance / self.nobs) + 1))

    @property
    def aic(self) -> float:
        """Akaike's information criterion."""
        return -2 * self.loglik + 2 * self.npar

    @property
    def bic(self) -> float:
        """Schwarz's criterion."""
        return -2 * self.loglik + np.log(self.nobs) * self.npar

    def coefficients(self, ddf: str | None = None) -> pd.DataFrame:
        """Return estimates, standard errors, t values and p values by term.

        Parameters
        ----------
        ddf : None
            A linear model has its own, exact degrees of freedom, `df_resid`; there are no others.

        Returns
        -------
        DataFrame
            Columns ``Estimate``, ``Std. Error``, ``t value``, ``Pr(>|t|)``.

        Raises
        ------
        FitError
            For degrees of freedom that mixed models have.
        ArgumentError
            For an unknown `ddf`.

        Examples
        --------
        >>> import mlm
        >>> rows = {"y": [1.0, 2.1, 2.9, 4.2, 5.1], "x": [1.0, 2.0, 3.0, 4.0, 5.0]}
        >>> mlm.lm("y ~ x", rows).coefficients().loc["x"].round(4).tolist()
        [1.03, 0.0379, 27.2059, 0.0001]
        """
        demand_own_ddf(ddf)
        return coefficient_table(self.fixef, self.se, self.df_resid).drop(columns="df")

    def confint(
        self, level: float = 0.95, method: str = "wald", parm: Any = None, ddf: str | None = None
    ) -> pd.DataFrame:
        """Return confidence intervals of the coefficients.

        Parameters
        ----------
        level : float
            Coverage, in (0, 1).
        method : {"wald"}
            ``estimate ± t * se``, t from the t distribution with `df_resid` degrees of freedom; ``"Wald"`` is the same.
        parm : str, int or sequence of these, optional
            Terms wanted, by name or position from 0; all by default.
        ddf : None
            As for `coefficients`.

        Returns
        -------
        DataFrame, shape (terms, 2)
            Columns named by the two tail probabilities, as ``"2.5 %"`` and ``"97.5 %"``; as in R, NaN for the terms in
            `aliased`.

        Raises
        ------
        ArgumentError
            When the level is not in (0, 1), or there is no such method or term.
        FitError
            For degrees of freedom that mixed models have.

        Examples
        --------
        >>> import mlm
        >>> rows = {"y": [1.0, 2.1, 2.9, 4.2, 5.1], "x": [1.0, 2.0, 3.0, 4.0, 5.0]}
        >>> mlm.lm("y ~ x", rows).confint(0.9).loc["x"].round(3).to_dict()
        {'5 %': 0.941, '95 %': 1.119}
        """
        demand_own_ddf(ddf)
        estimate, se = terms_of(self.fixef, self), terms_of(self.se, self)
        return confidence_intervals(estimate, se, level, method, self.df_resid, parm)

    def tidy(self, conf_int: bool = False, ddf: str | None = None, level: float = 0.95) -> pd.DataFrame:
        """Return one row per term, in broom's columns.

        Parameters
        ----------
        conf_int : bool
            Add ``conf.low`` and ``conf.high``, the limits of `confint`.
        ddf : None
            As for `coefficients`.
        level : float
            Coverage, in (0, 1).

        Returns
        -------
        DataFrame
            Columns term, estimate, std.error, statistic, p.value [, conf.low, conf.high]; the terms in `aliased` have
            NaN.
        """
        demand_own_ddf(ddf)
        return coefficient_rows(self, conf_int, None, level)

    def glance(self) -> pd.DataFrame:
        """Return one row of model-level numbers, in broom's columns."""
        return linear_glance_row(self)

    def with_functions(self, functions: Mapping[str, Callable[..., Any]]) -> LinearModel:
        """Return the model with functions that its formula calls given again.

        Functions of one's own are not saved with a model. What a loaded model has computed it still has; for new rows
        it asks for them.

        Parameters
        ----------
        functions : mapping of str to callable
            By their names in the formula; they must be what they were in the fit.

        Returns
        -------
        LinearModel

        Raises
        ------
        ArgumentError
            When these are no functions, or the fit knew none of such a name.

        Examples
        --------
        >>> import pickle
        >>> import mlm
        >>> rows = {"y": [1.0, 2.1, 2.9, 4.2, 5.1], "x": [1.0, 2.0, 3.0, 4.0, 5.0]}
        >>> m = mlm.lm("y ~ half(x)", rows, functions={"half": lambda x: x / 2})
        >>> again = pickle.loads(pickle.dumps(m)).with_functions({"half": lambda x: x / 2})
        >>> again.predict({"x": [6.0]}).round(2).tolist()
        [6.15]
        """
        return replace(self, frame=self.frame.with_functions(functions))

    def design(self, newdata: Any) -> pd.DataFrame:
        """Make the model matrix from new data, shape (rows, p)."""
        table = Table.of(newdata, "The new data")
        matrix = self.frame.x_design.replay(table).matrix()
        return pd.DataFrame(matrix, index=table.index.view(), columns=self.fixef.index.view())

    def predict(self, newdata: Any = None) -> pd.Series:
        """Return fitted values, or predictions for new rows.

        Parameters
        ----------
        newdata : data frame, optional
            With the columns of the formula's right side; what is missing in them is missing in the predictions.

        Returns
        -------
        Series, shape (rows,)
            In units of the response.

        Raises
        ------
        DataError
            When a column is missing, or is not what it was in the fit.

        Examples
        --------
        >>> import mlm
        >>> rows = {"y": [1.0, 2.1, 2.9, 4.2, 5.1], "x": [1.0, 2.0, 3.0, 4.0, 5.0]}
        >>> mlm.lm("y ~ x", rows).predict({"x": [6.0]}).round(2).tolist()
        [6.15]
        """
        if newdata is None:
            return self.fitted
        table = Table.of(newdata, "The new data")
        values = self.frame.x_design.replay(table).matrix() @ self.fixef.to_numpy() + self.frame.known_part_of(table)
        return pd.Series(values, table.index.view(), name="prediction")

    def summary(self, ddf: str | None = None, **options: Any) -> Summary:
        """Return the report laid out as R's ``summary.lm``; `ddf` as for `coefficients`, options as for `summarize`."""
        demand_own_ddf(ddf)
        return summarize(self, **options)

    def __str__(self) -> str:
        """Lay out as R prints the model; `summary` says more."""
        return print_model(self)

    def _repr_html_(self) -> str:
        return as_html(str(self))


def demand_own_ddf(ddf: str | None) -> None:
    """Refuse degrees of freedom that a linear model does not have.

    Raises
    ------
    FitError
        For those of mixed models.
    ArgumentError
        For unknown ones.
    """
    if checked_ddf(ddf) is not None:
        raise FitError("A linear model has exact degrees of freedom; leave ddf out.")
