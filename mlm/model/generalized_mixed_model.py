"""The fitted generalized mixed model: all that can be asked of a fit, one method a question."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pandas as pd

from ..errors import ArgumentError, FitError, brief, is_one_of
from ..fit.generalized import GeneralizedFit
from ..fit.predict import predicted_values, variances, wanted
from ..fit.ranef import coef_tables, ranef_table, varcorr_table
from ..fit.residuals import kept_effects
from ..generalized.residuals import KINDS, residuals, standardized
from ..inference.coefficients import coefficient_table
from ..inference.confint import confidence_intervals
from ..inference.f_tests import Exact, checked_ddf
from ..inference.predictions import asks_for_frame, demand_no_observation, on_response_scale, prediction_frame
from ..inference.ratios import exponentiated, ratio_table
from ..report.face import FittedGeneralizedModel, FittedMixedModel
from ..report.html import as_html
from ..report.maketables import MaketablesFace
from ..report.print_model import print_model
from ..report.summary import Summary, summarize
from ..report.tidy import glance_row, tidy_table
from .after_fit import AfterFit

__all__ = ["GeneralizedMixedModel"]


class GeneralizedMixedModel(MaketablesFace, AfterFit, GeneralizedFit):
    """A generalized linear mixed model fitted by `mlm.glmer`, read-only.

    Attributes
    ----------
    frame : ModelFrame
        The rows in use.
    terms : tuple
        Random-effects terms in the order of theta; the ``term.text`` of each is as the formula has it.
    family : family of distributions
        ``m.family.name``, ``m.family.link.name``; ``m.family.theta`` of a negative binomial model.
    n_agq : int
        0, 1 (Laplace) or the quadrature nodes an effect.
    """

    def __repr__(self) -> str:
        groups = ", ".join(f"{g} {n}" for g, n in self.ngrps.items())
        kind = f"{self.family.label} ({self.family.link.name})"
        return (
            f"<GeneralizedMixedModel {self.formula} | {kind} | -2 log L {-2.0 * self.loglik:.4f} | n {self.nobs}, "
            f"{groups}>"
        )

    def __str__(self) -> str:
        """Lay out as R prints the model; `summary` says more."""
        return print_model(self)

    def _repr_html_(self) -> str:
        return as_html(str(self))

    # fixed effects

    def covariance(self, use_hessian: bool = True) -> pd.DataFrame:
        """Covariance matrix of the fixed effects.

        Parameters
        ----------
        use_hessian : bool
            True for twice the inverse of the second derivatives by theta and beta, as in lme4 (`vcov` is this, but for
            ``n_agq=0``, where it is the other); False for the information at the conditional modes, as if theta were
            known.

        Returns
        -------
        DataFrame, shape (p, p)

        Raises
        ------
        ArgumentError
            When `use_hessian` is neither True nor False.

        Examples
        --------
        >>> import mlm
        >>> data = {"y": [0, 1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 0], "g": list("aaabbbcccddd")}
        >>> m = mlm.glmer("y ~ 1 + (1 | g)", data, n_agq=0)
        >>> m.covariance(use_hessian=False).equals(m.vcov)
        True
        """
        if not is_one_of(use_hessian, (True, False)):
            raise ArgumentError(f"`use_hessian` is True or False; got {brief(use_hessian)}.")
        return pd.DataFrame(self.fixed_covariance(use_hessian), self._names, self._names)

    def denominators(self, ddf: str | None = None) -> Exact:
        """How contrasts of the coefficients are tested: their covariance matrix, and infinite degrees of freedom.

        Parameters
        ----------
        ddf : None
            There are no degrees of freedom to choose.

        Returns
        -------
        object
            With ``vcov``, shape (p, p); ``dfs(contrasts)``; ``f_test(contrasts, difference)``.
        """
        _demand_normal(ddf)
        return Exact(self.vcov.to_numpy(), self.working_covariance, np.inf)

    def coefficients(self, ddf: str | None = None) -> pd.DataFrame:
        """Table of fixed effects with Wald tests by the normal distribution.

        Parameters
        ----------
        ddf : None
            There are no degrees of freedom to choose.

        Returns
        -------
        DataFrame
            Columns ``Estimate``, ``Std. Error``, ``z value`` (``t value`` in families with a dispersion, as lme4 calls
            it), ``Pr(>|z|)``.

        Raises
        ------
        FitError
            For degrees of freedom that linear mixed models have.
        ArgumentError
            For an unknown `ddf`.

        Examples
        --------
        >>> import mlm
        >>> data = {"y": [0, 1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 0], "g": list("aaabbbcccddd")}
        >>> mlm.glmer("y ~ 1 + (1 | g)", data).coefficients().columns.tolist()
        ['Estimate', 'Std. Error', 'z value', 'Pr(>|z|)']
        """
        _demand_normal(ddf)
        estimates = self.fixef
        table = coefficient_table(estimates.index, estimates.to_numpy(), self.se.to_numpy(), normal=True)
        return table.rename(columns={"z value": "t value"}) if self.has_scale else table

    def _wald_intervals(self, level: float, method: str, parm: Any, ddf: str | None) -> pd.DataFrame:
        if checked_ddf(ddf) is not None:
            raise FitError("Intervals of a generalized mixed model are by the normal distribution: leave `ddf` out.")
        return confidence_intervals(self.fixef, self.se, level, method, None, parm)

    def exp_table(self, level: float = 0.95) -> pd.DataFrame:
        """Return odds ratios, rate ratios, or what else the exponentials of the fixed effects are, with intervals.

        They compare rows of one level: within groups, not between averages of the population.

        Parameters
        ----------
        level : float
            Coverage, in (0, 1).

        Returns
        -------
        DataFrame, one row a term
            Columns ``odds ratio`` (or ``rate ratio`` …), two limits named as by `confint`, and the p value.

        Raises
        ------
        FitError
            When the link is neither a logit nor a logarithm.
        """
        return ratio_table(cast(FittedGeneralizedModel, self), level)

    # random effects

    @property
    def varcorr(self) -> pd.DataFrame:
        """Variances and covariances, with columns grp, var1, var2, vcov, sdcor (correlations for covariances)."""
        return varcorr_table(self)

    def ranef(self) -> pd.DataFrame:
        """Conditional modes of the random effects, on the scale of the linear predictor.

        Returns
        -------
        DataFrame
            Columns grpvar, term, grp, condval, condsd; one row a level and term. `condsd` is the square root of the
            conditional variance given the estimated parameters.
        """
        return ranef_table(self)

    def coef(self) -> pd.DataFrame | dict[str, pd.DataFrame]:
        """Fixed effects plus conditional modes, level by level.

        Returns
        -------
        DataFrame, or dict of DataFrame when there are several grouping factors
        """
        tables = coef_tables(self)
        return next(iter(tables.values())) if len(tables) == 1 else tables

    # rows

    def residuals(self, type: str = "deviance", re_form: Any = None, level: str | None = None) -> pd.Series:
        """Compute residuals of a kind.

        Parameters
        ----------
        type : {"deviance", "pearson", "response", "working", "standardized"}
            Signed roots of the deviances (`resid`); differences from the means over their standard deviations, but for
            the dispersion; differences from the means; these on the scale of the link; deviance residuals over
            ``sigma * sqrt(1 - h)`` with the leverages h of the rows at the conditional modes, NaN in rows that are
            fitted whatever they are.
        re_form : {None, False, "NA", 0} or str
            Random effects that the means are taken with, as for `predict`.
        level : {"conditional", "marginal"}, optional
            The same in other words: all random effects, or none.

        Returns
        -------
        Series, shape (nobs,)

        Raises
        ------
        ArgumentError
            For an unknown `type`, `re_form` or `level`, or standardized residuals without some random effects:
            leverages are those of the whole fit.

        Examples
        --------
        >>> import mlm
        >>> data = {"y": [0, 1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 0], "g": list("aaabbbcccddd")}
        >>> m = mlm.glmer("y ~ 1 + (1 | g)", data)
        >>> bool((m.residuals("response") - (m.y - m.fitted)).abs().max() < 1e-12)
        True
        """
        if not is_one_of(type, (*KINDS, "standardized")):
            raise ArgumentError(
                f"`type` is one of {', '.join(map(repr, (*KINDS, 'standardized')))}; got {brief(type)}."
            )
        re_form = kept_effects(re_form, level)
        if type == "standardized":
            if re_form is not None:
                raise ArgumentError("Standardized residuals are those of the whole fit: leave `re_form` out.")
            return standardized(self._residuals("deviance"), self.leverages, self.sigma)
        eta = self._eta if re_form is None else predicted_values(self, wanted(self, None, re_form, "error")).to_numpy()
        return pd.Series(residuals(self.family, self.outcome, eta, type), self.frame.index.view())

    def predict(
        self,
        newdata: Any = None,
        re_form: Any = None,
        new_levels: str = "error",
        type: str = "link",
        se: bool = False,
        interval: str | None = None,
        level: float = 0.95,
    ) -> pd.Series | pd.DataFrame:
        """Predict the linear predictor or the mean, with standard errors and intervals if they are asked for.

        Parameters
        ----------
        newdata : data frame, optional
            Default: the rows of the fit. What is missing in a predictor is missing in the predictions.
        re_form : {None, False, "NA", 0} or str
            None uses the conditional modes of all random effects; ``"NA"`` or False uses none; some of the formula's
            terms, such as ``"(1 | g)"``, use these.
        new_levels : {"error", "population", "missing"}
            What to do with levels that the fit has not seen: complain; predict with random effects of 0, which err by
            their whole variance; or give NaN.
        type : {"link", "response"}
            The linear predictor, as in R, or the mean: a probability, a rate. Without random effects the mean is that
            of a group whose effects are 0, which is not the average over groups.
        se : bool
            Return a frame, with intervals.
        interval : {None, "confidence"}
            ``"confidence"`` is the same. New observations have no such interval.
        level : float
            Coverage, in (0, 1).

        Returns
        -------
        Series, or DataFrame with the columns ``fit``, ``se``, ``lower``, ``upper``, by row label
            With random effects ``se`` is that of fixed and random effects jointly, theta taken as known, from the
            penalised system at the conditional modes; without, the root of ``x'Vx`` with `vcov` V. Intervals are by the
            normal distribution. On the scale of the response ``se`` is by the delta method, and the limits are those of
            the linear predictor as means.

        Raises
        ------
        ArgumentError
            For an unknown `re_form`, `new_levels`, `type` or `interval`, or a level outside (0, 1).
        DataError
            When a column is missing or is not what it was in the fit, a level is new or missing and `new_levels` is
            ``"error"``, or the rows are new and the offset was given as values.
        FitError
            For intervals of new observations.

        Warns
        -----
        RankWarning
            Columns were dropped from the fit as dependent on others, and new rows have them otherwise: these have no
            standard error.

        Examples
        --------
        >>> import mlm
        >>> data = {"y": [0, 1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 0], "g": list("aaabbbcccddd")}
        >>> m = mlm.glmer("y ~ 1 + (1 | g)", data)
        >>> new = {"g": ["a", "z"]}
        >>> m.predict(new, new_levels="population", type="response").round(2).tolist()
        [0.6, 0.5]
        >>> m.predict({"g": ["a"]}, type="response", se=True).round(2).values.tolist()
        [[0.6, 0.24, 0.18, 0.92]]
        """
        if not is_one_of(type, ("link", "response")):
            raise ArgumentError(f"`type` is 'link' or 'response'; got {brief(type)}.")
        framed = asks_for_frame(se, interval, level)
        demand_no_observation(interval)
        rows = wanted(self, newdata, re_form, new_levels)
        eta = predicted_values(self, rows)
        if framed:
            frame = prediction_frame(eta, variances(self, lambda: self._equations, rows), level)
            return frame if type == "link" else on_response_scale(frame, self.family)
        if type == "link":
            return eta
        return pd.Series(self.family.link.inverse(eta.to_numpy()), eta.index).where(eta.notna(), np.nan)

    # reports

    def summary(self, ddf: str | None = None, **options: Any) -> Summary:
        """Summary laid out as in lme4; options as in `mlm.summarize`."""
        return summarize(self, ddf, **options)

    def tidy(
        self, conf_int: bool = False, ddf: str | None = None, level: float = 0.95, exponentiate: bool = False
    ) -> pd.DataFrame:
        """One row a parameter, in broom's columns (effect, group, term, estimate, std.error, statistic …).

        Parameters
        ----------
        conf_int : bool
            Add ``conf.low`` and ``conf.high`` of the fixed effects, the limits of `confint`.
        ddf : None
            As for `coefficients`.
        level : float
            Coverage, in (0, 1).
        exponentiate : bool
            Fixed effects and limits as odds ratios, rate ratios …; as in broom.mixed the standard errors are theirs by
            the delta method, the ratio times the coefficient's. (`mlm.glm` keeps the coefficients', as broom does.)

        Returns
        -------
        DataFrame
            Fixed effects, then standard deviations and correlations of the random effects.

        Raises
        ------
        FitError
            When exponentials of coefficients mean nothing with this link.
        """
        table = tidy_table(cast(FittedMixedModel, self), conf_int, ddf, level)
        return exponentiated(cast(FittedGeneralizedModel, self), table, exponentiate)

    def glance(self) -> pd.DataFrame:
        """One row a model: nobs, sigma, logLik, AIC, BIC, deviance, df.residual."""
        return glance_row(cast(FittedMixedModel, self))


def _demand_normal(ddf: Any) -> None:
    if checked_ddf(ddf) is not None:
        raise FitError("Tests of a generalized mixed model are by the normal distribution: leave `ddf` out.")
