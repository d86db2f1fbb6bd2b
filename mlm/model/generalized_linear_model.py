"""Generalized linear models without random effects: what follows from their coefficients.

Standard errors and tests from the expected information at the maximum; residuals and leverages as in Davison, A. C. &
Snell, E. J. (1991), "Residuals and diagnostics", in *Statistical Theory and Modelling*.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from ..errors import ArgumentError, brief, is_one_of
from ..fit.predict import demand_new_levels, demand_no_effects
from ..fit.residuals import kept_effects
from ..generalized.distribution import Family
from ..generalized.irls import Estimate, estimate, leverages
from ..generalized.means import means_said
from ..generalized.overdispersion import theta_se
from ..generalized.residuals import KINDS, residuals, standardized
from ..generalized.response import Response
from ..inference.coefficient_profiles import profile_intervals
from ..inference.coefficients import coefficient_table
from ..inference.confint import confidence_intervals
from ..inference.intervals import boot_intervals, is_boot
from ..inference.predictions import asks_for_frame, demand_no_observation, on_response_scale, prediction_frame
from ..inference.ratios import exponentiated, ratio_table
from ..inference.row_influence import cooks_distances, spread_without
from ..report.dropped import terms_of
from ..report.tidy import coefficient_rows, generalized_glance_row
from .one_level_model import OneLevelModel, demand_own_ddf

__all__ = ["GeneralizedLinearModel"]


@dataclass(frozen=True, eq=False)
class GeneralizedLinearModel(OneLevelModel):
    """A generalized linear model fitted by maximum likelihood; made by :func:`glm`, read-only.

    Attributes
    ----------
    formula : str
    response : str
    frame : ModelFrame
        The rows and columns in use (columns left out as dependent are not in it).
    beta : ndarray, shape (p,)
        Coefficients, on the scale of the link; `fixef` has them by term.
    covariance : ndarray, shape (p, p)
        Their covariance matrix; `vcov` has it by terms.
    aliased : tuple of str
        Columns left out because they depend on others, in the formula's order.
    terms : tuple of str
        All columns, the aliased ones in their places.
    family : family of distributions
        ``family.name``, ``family.link.name``, and ``family.theta`` of the negative binomial family, whose standard
        error is `theta_se`.
    dispersion : float
        Sum of squared Pearson residuals over the residual degrees of freedom; 1 where the family has none.
    """

    family: Family
    dispersion: float
    ended: Estimate = field(repr=False)  # where the search ended

    def __repr__(self) -> str:
        kind = f"{self.family.label} ({self.family.link.name})"
        return f"<GeneralizedLinearModel {self.formula} | {kind} | deviance {self.deviance:.4f} | n {self.nobs}>"

    @property
    def outcome(self) -> Response:
        """The response as the family takes it, with values, weights and what is success."""
        found = self.frame.outcome
        assert isinstance(found, Response)
        return found

    def _rows(self, values: np.ndarray, name: str) -> pd.Series:
        return pd.Series(values, self.frame.index.view(), name=name)

    @property
    def linear_predictors(self) -> pd.Series:
        """Linear predictor by row label, offset included."""
        return self._rows(self.ended.eta.copy(), "linear_predictors")

    @property
    def fitted(self) -> pd.Series:
        """Fitted means by row label; of a binomial model, probabilities."""
        return self._rows(self.family.link.inverse(self.ended.eta), "fitted")

    @property
    def resid(self) -> pd.Series:
        """Deviance residuals by row label; others by `residuals`."""
        return self.residuals().rename("resid")

    def residuals(self, type: str = "deviance", re_form: Any = None, level: str | None = None) -> pd.Series:
        """Compute residuals of a kind.

        Parameters
        ----------
        type : {"deviance", "pearson", "response", "working", "standardized"}
            As in R; ``"standardized"`` are deviance residuals over their standard errors (R's ``rstandard``), NaN in
            rows that are fitted whatever they are.

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
        >>> m = mlm.glm("y ~ 1", {"y": [1, 0, 1, 1]})
        >>> m.residuals("response").round(2).tolist()
        [0.25, -0.75, 0.25, 0.25]
        """
        demand_no_effects(kept_effects(re_form, level))
        if not is_one_of(type, (*KINDS, "standardized")):
            raise ArgumentError(
                f"`type` is one of {', '.join(map(repr, (*KINDS, 'standardized')))}; got {brief(type)}."
            )
        if type != "standardized":
            return self._rows(residuals(self.family, self.outcome, self.ended.eta, type), type)
        found = self._rows(residuals(self.family, self.outcome, self.ended.eta, "deviance"), type)
        return standardized(found, self.leverages, self.sigma)

    @property
    def _working_weights(self) -> np.ndarray:
        return self.outcome.weights * self.family.working_weights(self.ended.eta)

    @property
    def _dispersion(self) -> float:
        return self.dispersion

    @cached_property
    def leverages(self) -> np.ndarray:
        """What each row has of its own fit, shape (n,), R's ``hatvalues``."""
        found = leverages(self.frame.x, self.outcome, self.ended.eta, self.family)
        found.setflags(write=False)
        return found

    def _row_measures(self) -> dict[str, Any]:
        residuals, hat = self.resid, self.leverages
        found = {".resid": residuals, ".std.resid": self.residuals("standardized"), ".hat": hat}
        found[".sigma"] = spread_without(residuals.to_numpy(), hat, self.df_resid)
        pearson = self.residuals("pearson").to_numpy()
        return {**found, ".cooksd": cooks_distances(pearson, hat, self.dispersion, len(self.beta))}

    @cached_property
    def theta_se(self) -> float:
        """Standard error of ``family.theta``; NaN where it is infinite, or the family has none."""
        if self.family.theta is None:
            return np.nan
        return theta_se(self.family.theta, self.outcome.values, self.fitted.to_numpy(), self.outcome.weights)

    @property
    def sigma(self) -> float:
        """Square root of the dispersion."""
        return float(np.sqrt(self.dispersion))

    @property
    def deviance(self) -> float:
        """Residual deviance, twice what the log likelihood lacks of that of a model with a mean a row."""
        return self.ended.deviance

    @cached_property
    def null_deviance(self) -> float:
        """Deviance of the model of the intercept and the offset alone; NaN where the family has no such means."""
        if self.has_intercept:
            null = estimate(np.ones((self.nobs, 1)), self.outcome, self.frame.known_part, self.family)
            return np.nan if null is None else null.deviance
        eta = np.zeros(self.nobs) + self.frame.known_part
        if not self.family.admits(eta):
            return np.nan
        return float(self.outcome.weights @ self.family.deviances_at(self.outcome.values, eta))

    @property
    def df_null(self) -> int:
        """Rows, less 1 for an intercept."""
        return self.nobs - self.has_intercept

    @property
    def iterations(self) -> int:
        """Steps that R's search makes, which printouts say."""
        return self.ended.steps

    @property
    def converged(self) -> bool:
        """Whether the search ended at a maximum of the likelihood."""
        return self.ended.converged and not self.ended.at_boundary

    @property
    def npar(self) -> int:
        """Number of parameters, which are the coefficients and what the family estimates besides."""
        return len(self.beta) + self.family.has_scale + (self.family.theta is not None)

    @cached_property
    def loglik(self) -> float:
        """Log likelihood with all its constants, as in R, where a dispersion is deviance over rows, or sum of weights.

        A binomial row counts by its weight: where that is not a whole number of trials, or the share no whole number of
        successes, R rounds both. NaN where a fit is exact and leaves no dispersion.
        """
        y, weights, trials = self.outcome.values, self.outcome.weights, self.outcome.trials
        scale = self.family.likely_dispersion(self.deviance, weights)
        if not scale > 0:
            return np.nan
        twice = self.family.minus_two_log_likelihood_at(y, self.ended.eta, weights, scale, trials)
        return -0.5 * twice

    @property
    def aic(self) -> float:
        """Akaike's information criterion."""
        return -2 * self.loglik + 2 * self.npar

    @property
    def bic(self) -> float:
        """Schwarz's criterion."""
        return -2 * self.loglik + np.log(self.nobs) * self.npar

    @property
    def test_df(self) -> float:
        """Degrees of freedom of the tests of coefficients; infinite where no dispersion is estimated."""
        return super().test_df if self.family.has_scale else np.inf

    def coefficients(self, ddf: str | None = None) -> pd.DataFrame:
        """Return estimates, standard errors, z or t values and p values by term.

        Parameters
        ----------
        ddf : None
            There are no degrees of freedom to choose.

        Returns
        -------
        DataFrame
            Columns ``Estimate``, ``Std. Error``, ``z value``, ``Pr(>|z|)``; of families with a dispersion ``t value``,
            ``Pr(>|t|)``, by `df_resid`.

        Raises
        ------
        FitError
            For degrees of freedom that mixed models have.
        ArgumentError
            For an unknown `ddf`.

        Examples
        --------
        >>> import mlm
        >>> mlm.glm("y ~ 1", {"y": [1, 0, 1, 1]}).coefficients().round(3).values.tolist()
        [[1.099, 1.155, 0.951, 0.341]]
        """
        demand_own_ddf(ddf)
        named = self.fixef.index, self.beta, self.se.to_numpy()
        if not self.family.has_scale:
            return coefficient_table(*named, normal=True)
        return coefficient_table(*named, self.test_df).drop(columns="df")

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
        method : {"wald", "profile", "boot"}
            ``estimate ± z * se``, z from the standard normal distribution, as R's ``confint.default``; or as R's
            ``confint`` where the deviance, over the dispersion, has risen by the quantile of chi-squared, all other
            coefficients being at their best: searched for, not interpolated; or the parametric bootstrap, see
            `mlm.bootstrap`, also of sigma where there is a dispersion. Case does not matter.
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
            On the scale of the link; columns named by the two tail probabilities, as ``"2.5 %"`` and ``"97.5 %"``. NaN
            for the terms in `aliased`.

        Raises
        ------
        ArgumentError
            When the level is not in (0, 1), there is no such method or term, or `n`, `kind` or `seed` are given with
            another method.
        FitError
            For degrees of freedom that mixed models have, or a profile of a fit that is not a maximum.

        Examples
        --------
        >>> import mlm
        >>> mlm.glm("y ~ 1", {"y": [1, 0, 1, 1]}).confint().round(2).values.tolist()
        [[-1.16, 3.36]]
        >>> m = mlm.glm("y ~ 1", {"y": [1, 0, 1, 1]})
        >>> m.confint(method="profile").round(2).values.tolist()
        [[-0.96, 4.1]]
        """
        demand_own_ddf(ddf)
        if is_boot(method, n, kind, seed):
            return boot_intervals(self, level, parm, n, kind, seed)
        if isinstance(method, str) and method.lower() == "profile":
            return profile_intervals(self, level, parm)
        return confidence_intervals(terms_of(self.fixef, self), terms_of(self.se, self), level, method, None, parm)

    def exp_table(self, level: float = 0.95) -> pd.DataFrame:
        """Return odds ratios, rate ratios, or what else the exponentials of the coefficients are, with intervals.

        Parameters
        ----------
        level : float
            Coverage, in (0, 1).

        Returns
        -------
        DataFrame, one row a term
            Columns ``odds ratio`` (or ``rate ratio`` …), two limits named as by `confint`, and the p value. The
            intercept's is a ratio to 1: odds, or a mean, where all predictors are 0.

        Raises
        ------
        FitError
            When the link is neither a logit nor a logarithm.

        Examples
        --------
        >>> import mlm
        >>> rows = {"y": [1, 0, 1, 1, 0, 0, 1, 0], "x": [1, 1, 1, 1, 0, 0, 0, 0]}
        >>> mlm.glm("y ~ x", rows).exp_table()["odds ratio"].round(2).to_dict()
        {'(Intercept)': 0.33, 'x': 9.0}
        """
        return ratio_table(self, level)

    def tidy(
        self, conf_int: bool = False, ddf: str | None = None, level: float = 0.95, exponentiate: bool = False
    ) -> pd.DataFrame:
        """Return one row a term, in broom's columns.

        Parameters
        ----------
        conf_int : bool
            Add ``conf.low`` and ``conf.high``, the limits of `confint`.
        ddf : None
            As for `coefficients`.
        level : float
            Coverage, in (0, 1).
        exponentiate : bool
            Estimates and limits as odds ratios, rate ratios …; as in broom the standard errors stay those of the
            coefficients. (Those of `mlm.glmer` are the ratios', as in broom.mixed.)

        Returns
        -------
        DataFrame
            Columns term, estimate, std.error, statistic, p.value [, conf.low, conf.high]; the terms in `aliased` have
            NaN.

        Raises
        ------
        FitError
            When exponentials of coefficients mean nothing with this link.
        """
        demand_own_ddf(ddf)
        return exponentiated(self, coefficient_rows(self, conf_int, None, level), exponentiate)

    def glance(self) -> pd.DataFrame:
        """Return one row of model-level numbers, in broom's columns."""
        return generalized_glance_row(self)

    def predict(
        self,
        newdata: Any = None,
        type: str = "link",
        se: bool = False,
        interval: str | None = None,
        level: float = 0.95,
        re_form: Any = None,
        new_levels: str = "error",
    ) -> pd.Series | pd.DataFrame:
        """Return linear predictors or means, of the rows of the fit or of new ones, with their errors if asked for.

        Parameters
        ----------
        newdata : data frame, optional
            With the columns of the formula's right side; what is missing in them is missing in the predictions.
        type : {"link", "response"}
            The linear predictor, as in R, or the mean: a probability, a rate. NaN where the family has no such mean.
        se : bool
            Return a frame, with intervals.
        interval : {None, "confidence"}
            ``"confidence"`` is the same. New observations have no such interval.
        level : float
            Coverage, in (0, 1).
        re_form : {None, False, "NA", 0}
            As for mixed models: without random effects it makes no difference.
        new_levels : {"error", "population", "missing"}
            Of grouping factors, as for mixed models: there are none, and it makes no difference.

        Returns
        -------
        Series, or DataFrame with the columns ``fit``, ``se``, ``lower``, ``upper``, by row label
            Intervals are by the t distribution where the family has a dispersion, else by the normal one. On the scale
            of the response ``se`` is by the delta method, and the limits are those of the linear predictor as means.

        Raises
        ------
        ArgumentError
            For an unknown `type`, `se`, `interval`, `level` or `new_levels`, or random effects in `re_form`.
        DataError
            When a column is missing, or is not what it was in the fit.
        FitError
            For intervals of new observations.

        Warns
        -----
        ExtrapolationWarning
            Predicted means are none that the family can have, such as negative ones.
        RankWarning
            Columns were dropped from the fit as dependent on others, and new rows have them otherwise: these have no
            standard error.

        Examples
        --------
        >>> import mlm
        >>> rows = {"y": [1, 0, 1, 1, 0, 0, 1, 0], "x": [1, 1, 1, 1, 0, 0, 0, 0]}
        >>> m = mlm.glm("y ~ x", rows)
        >>> m.predict({"x": [0, 1]}, type="response").round(2).tolist()
        [0.25, 0.75]
        >>> m.predict({"x": [0]}, type="response", se=True).round(2).values.tolist()
        [[0.25, 0.22, 0.03, 0.76]]
        """
        if not is_one_of(type, ("link", "response")):
            raise ArgumentError(f"`type` is 'link' or 'response'; got {brief(type)}.")
        demand_no_effects(re_form)
        demand_new_levels(new_levels)
        framed = asks_for_frame(se, interval, level)
        demand_no_observation(interval)
        eta, variance = self.linear_prediction(newdata, framed)
        if newdata is None:
            eta = self.linear_predictors.rename("prediction")
        if variance is not None:
            frame = prediction_frame(eta, variance, level, self.test_df)
            return frame if type == "link" else on_response_scale(frame, self.family)
        if type == "link":
            return eta
        return pd.Series(means_said(self.family, eta.to_numpy(), "predicted mean"), eta.index, name=eta.name)
