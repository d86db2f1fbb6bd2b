"""Ordinary least squares, for complete pooling, no pooling and dummy-variable models.

The coefficients come from a QR decomposition of the model matrix; columns that depend on columns to their
left are left out and reported, as R's ``lm()`` does. Standard errors and tests as in Fox (2016), *Applied
Regression Analysis and Generalized Linear Models*, 3rd ed., chapters 5, 6 and 9.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import scipy

from ..errors import ArgumentError, brief, is_one_of
from ..fit.predict import demand_new_levels, demand_no_effects
from ..fit.residuals import kept_effects
from ..generalized.residuals import KINDS, standardized
from ..inference.coefficients import coefficient_table
from ..inference.confint import confidence_intervals
from ..inference.f_tests import Exact
from ..inference.intervals import boot_intervals, is_boot
from ..inference.predictions import asks_for_frame, prediction_frame
from ..inference.row_influence import cooks_distances, spread_without
from ..report.dropped import terms_of
from ..report.tidy import coefficient_rows, linear_glance_row
from .one_level_model import OneLevelModel, demand_own_ddf

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
class LinearModel(OneLevelModel):
    """A linear model fitted by least squares; made by :func:`lm`, read-only.

    Attributes
    ----------
    formula : str
    response : str
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

    sigma: float

    def __repr__(self) -> str:
        return f"<LinearModel {self.formula} | sigma {self.sigma:.4f} | n {self.nobs}>"

    @property
    def fitted(self) -> pd.Series:
        """Fitted values by row label."""
        values = self.frame.x @ self.fixef.to_numpy() + self.frame.known_part
        return pd.Series(values, index=self.frame.index.view(), name="fitted")

    @property
    def resid(self) -> pd.Series:
        """Residuals by row label."""
        return (self.y - self.fitted).rename("resid")

    def residuals(self, type: str = "response", re_form: Any = None, level: str | None = None) -> pd.Series:
        """Compute residuals of a kind.

        Parameters
        ----------
        type : {"response", "pearson", "deviance", "working", "standardized"}
            Differences from the fitted values, by four names as in R; or these over their standard errors,
            ``sigma * sqrt(1 - h)`` with leverages h (R's ``rstandard``), NaN in rows that are fitted whatever they are.

        re_form, level
            As for the residuals of mixed models: without random effects they make no difference.

        Returns
        -------
        Series, shape (nobs,)

        Raises
        ------
        ArgumentError
            For an unknown `type` or `level`, or random effects in `re_form`.

        Examples
        --------
        >>> import mlm
        >>> m = mlm.lm("y ~ x", {"y": [1.0, 2.1, 2.9, 4.2, 5.1], "x": [1, 2, 3, 4, 5]})
        >>> m.residuals("standardized").round(2).tolist()
        [0.0, 0.7, -1.49, 1.1, -0.26]
        """
        demand_no_effects(kept_effects(re_form, level))
        if not is_one_of(type, (*KINDS, "standardized")):
            raise ArgumentError(
                f"`type` is one of {', '.join(map(repr, (*KINDS, 'standardized')))}; got {brief(type)}."
            )
        found = self.resid.rename(type)
        if type != "standardized":
            return found
        q = np.linalg.qr(self.frame.x)[0]
        return standardized(found, np.einsum("ij,ij->i", q, q), self.sigma)

    def denominators(self, ddf: str | None = None) -> Exact:
        """See `OneLevelModel.denominators`; of a fit without residuals F is infinite."""
        exact = super().denominators(ddf)
        if self.sigma > 0.0 or not self.df_resid:
            return exact
        working = self.working_covariance
        unscaled = working._replace(matrix=np.eye(len(working.matrix)))
        return Exact(exact.vcov, working, exact.df, unscaled)

    @property
    def _dispersion(self) -> float:
        return self.sigma**2

    @cached_property
    def leverages(self) -> np.ndarray:
        """What each row has of its own fitted value, shape (n,), R's ``hatvalues``."""
        q = np.linalg.qr(self.frame.x)[0]
        found = np.einsum("ij,ij->i", q, q)
        found.flags.writeable = False
        return found

    def _row_measures(self) -> dict[str, Any]:
        residuals, hat = self.resid, self.leverages
        found = {".resid": residuals, ".hat": hat, ".sigma": spread_without(residuals.to_numpy(), hat, self.df_resid)}
        found[".cooksd"] = cooks_distances(residuals.to_numpy(), hat, self.sigma**2, len(self.beta))
        return {**found, ".std.resid": standardized(residuals, hat, self.sigma)}

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
        """Number of parameters, which are the coefficients and the residual variance."""
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
        return coefficient_table(self.fixef.index, self.beta, self.se.to_numpy(), self.test_df).drop(columns="df")

    def confint(
        self,
        level: float = 0.95,
        method: str = "wald",
        parm: Any = None,
        ddf: str | None = None,
        *,
        n: int | None = None,
        kind: str | None = None,
        seed: Any = None,
    ) -> pd.DataFrame:
        """Return confidence intervals of the coefficients.

        Parameters
        ----------
        level : float
            Coverage, in (0, 1).
        method : {"wald", "boot"}
            ``estimate ± t * se``, t from the t distribution with `df_resid` degrees of freedom, which is exact; or the
            parametric bootstrap, also of sigma: see `mlm.bootstrap`. Case does not matter.
        parm : str, int or sequence of these, optional
            Terms wanted, by name or position from 0; all by default.
        ddf : None
            As for `coefficients`.
        n : int, optional
            Refits of the bootstrap, 1000 by default.
        kind : {"percentile", "basic", "normal"}, optional
            Of its intervals, see `Bootstrap.confint`.
        seed : int, numpy.random.Generator or None
            Of its draws.

        Returns
        -------
        DataFrame, shape (terms, 2)
            Columns named by the two tail probabilities, as ``"2.5 %"`` and ``"97.5 %"``; as in R, NaN for the terms in
            `aliased`.

        Raises
        ------
        ArgumentError
            When the level is not in (0, 1), there is no such method or term, or `n`, `kind` or `seed` are given with
            another method.
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
        if is_boot(method, n, kind, seed):
            return boot_intervals(self, level, parm, n, kind, seed)
        if isinstance(method, str) and method.lower() == "profile":
            raise ArgumentError("Intervals of a linear model by the t distribution are exact: take method='wald'.")
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

    def predict(
        self,
        newdata: Any = None,
        se: bool = False,
        interval: str | None = None,
        level: float = 0.95,
        re_form: Any = None,
        new_levels: str = "error",
    ) -> pd.Series | pd.DataFrame:
        """Return fitted values, or predictions for new rows, with standard errors and intervals if asked for.

        Parameters
        ----------
        newdata : data frame, optional
            With the columns of the formula's right side; what is missing in them is missing in the predictions.
        se : bool
            Return a frame, with intervals of the means.
        interval : {None, "confidence", "prediction"}
            Return a frame, with intervals of the means (as `se` does), or of new observations, by the t distribution.
        level : float
            Coverage, in (0, 1).
        re_form : {None, False, "NA", 0}
            As for mixed models: without random effects it makes no difference.
        new_levels : {"error", "population", "missing"}
            Of grouping factors, as for mixed models: there are none, and it makes no difference.

        Returns
        -------
        Series, or DataFrame with the columns ``fit``, ``se``, ``lower``, ``upper``, by row label
            In units of the response. ``se`` is the standard error of the mean, R's ``se.fit``.

        Raises
        ------
        ArgumentError
            For an unknown `interval`, a level outside (0, 1), an unknown `new_levels`, or random effects in `re_form`.
        DataError
            When a column is missing, or is not what it was in the fit.

        Warns
        -----
        RankWarning
            Columns were dropped from the fit as dependent on others, and new rows have them otherwise: these have no
            standard error.

        Examples
        --------
        >>> import mlm
        >>> rows = {"y": [1.0, 2.1, 2.9, 4.2, 5.1], "x": [1.0, 2.0, 3.0, 4.0, 5.0]}
        >>> m = mlm.lm("y ~ x", rows)
        >>> m.predict({"x": [6.0]}).round(2).tolist()
        [6.15]
        >>> m.predict({"x": [6.0]}, interval="prediction").round(2).values.tolist()
        [[6.15, 0.13, 5.6, 6.7]]
        """
        demand_no_effects(re_form)
        demand_new_levels(new_levels)
        framed = asks_for_frame(se, interval, level)
        fit, variance = self.linear_prediction(newdata, framed)
        if variance is None:
            return self.fitted if newdata is None else fit
        added = self.sigma**2 if interval == "prediction" else 0.0
        return prediction_frame(fit, variance, level, self.test_df, added)
