"""The fitted mixed model: all that can be asked of a fit, one method a question."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from ..errors import ArgumentError
from ..fit.fit import Fit
from ..fit.lazy_predict import demand_plain, lazy_predictions
from ..fit.leverage import row_leverages
from ..fit.new_weights import observation_variances
from ..fit.predict import demand_errors, fitted_values, predicted_values, variances, wanted
from ..fit.ranef import coef_tables, ranef_of_levels, ranef_table, varcorr_table
from ..fit.residuals import kept_effects, mixed_residuals
from ..frame.lazy_table import is_lazy
from ..inference.coefficients import coefficient_table
from ..inference.confint import confidence_intervals
from ..inference.f_tests import Denominators, Satterthwaite, WithKenwardRoger, checked_ddf
from ..inference.predictions import asks_for_frame, prediction_frame
from ..inference.satterthwaite import VarianceInformation, contrast_df, variance_information
from ..report.html import as_html
from ..report.maketables import MaketablesFace
from ..report.print_model import print_model
from ..report.summary import Summary, summarize
from ..report.tidy import glance_row, tidy_table
from .after_fit import AfterFit

__all__ = ["MixedModel"]


class MixedModel(MaketablesFace, AfterFit, Fit):
    """A linear mixed model fitted by `mlm.lmer`, read-only; what is asked of it is computed on demand.

    Attributes
    ----------
    frame : ModelFrame
        The rows in use.
    terms : tuple
        Random-effects terms in the order of theta; the ``term.text`` of each is as the formula has it.
    reml : bool
        Whether it was fitted by restricted maximum likelihood.
    """

    def __repr__(self) -> str:
        groups = ", ".join(f"{g} {n}" for g, n in self.ngrps.items())
        return f"<MixedModel {self.formula} | {self.criterion_name} {self.deviance:.4f} | n {self.nobs}, {groups}>"

    def __str__(self) -> str:
        """Lay out as R prints the model; `summary` says more."""
        return print_model(self)

    def _repr_html_(self) -> str:
        return as_html(str(self))

    # fixed effects

    @cached_property
    def _variance_information(self) -> VarianceInformation:
        return variance_information(self)

    def satterthwaite_df(self, contrast: Any) -> float:
        """Satterthwaite's degrees of freedom of a contrast of the fixed effects.

        Parameters
        ----------
        contrast : array_like, shape (p,)

        Returns
        -------
        float
            NaN for a contrast of zeros only.

        Raises
        ------
        DataError
            When the contrast has not one number per fixed effect.

        Examples
        --------
        >>> import mlm
        >>> data = {"y": [1.0, 2.0, 4.0, 5.0, 7.0, 9.0], "g": list("aabbcc")}
        >>> round(mlm.lmer("y ~ 1 + (1 | g)", data).satterthwaite_df([1]), 2)
        2.0

        References
        ----------
        Kuznetsova, A., Brockhoff, P. B. & Christensen, R. H. B. (2017). lmerTest package: tests in linear mixed effects
        models. Journal of Statistical Software 82(13), section 2. doi:10.18637/jss.v082.i13
        """
        return contrast_df(self, self._variance_information, contrast)

    def denominators(self, ddf: str | None = "satterthwaite") -> Denominators:
        """How contrasts of the fixed effects are tested: their covariance matrix, and degrees of freedom.

        Parameters
        ----------
        ddf : {"satterthwaite", "kenward-roger"}
            Case does not matter.

        Returns
        -------
        object
            With ``vcov``, shape (p, p); ``dfs(contrasts)``; ``f_test(contrasts, difference)``.

        Raises
        ------
        ArgumentError
            For an unknown `ddf`, or none.
        FitError
            For Kenward and Roger's method on a fit by maximum likelihood.

        Examples
        --------
        >>> import numpy as np
        >>> import mlm
        >>> data = {"y": [1.0, 2.0, 4.0, 5.0, 7.0, 9.0], "g": list("aabbcc")}
        >>> m = mlm.lmer("y ~ 1 + (1 | g)", data)
        >>> m.denominators("kenward-roger").dfs(np.eye(1)).round(2).tolist()
        [2.0]
        """
        method = checked_ddf(ddf)
        if method is None:
            raise ArgumentError("Tests need degrees of freedom: ddf is 'satterthwaite' or 'kenward-roger'.")
        return self._kenward_roger if method == "kenward-roger" else Satterthwaite(self, self._variance_information)

    @cached_property
    def _kenward_roger(self) -> WithKenwardRoger:
        return WithKenwardRoger(self)

    def coefficients(self, ddf: str | None = None) -> pd.DataFrame:
        """Table of fixed effects.

        Parameters
        ----------
        ddf : {None, "satterthwaite", "kenward-roger"}
            Degrees of freedom and two-sided p values of t tests, as lmerTest gives them; with ``"kenward-roger"`` the
            standard errors are those of the adjusted covariance matrix, as pbkrtest's. Case does not matter, and
            ``"lme4"`` is None.

        Returns
        -------
        DataFrame
            Columns ``Estimate``, ``Std. Error``, [``df``,] ``t value`` [, ``Pr(>|t|)``].

        Raises
        ------
        ArgumentError
            For an unknown `ddf`.
        FitError
            For Kenward and Roger's method on a fit by maximum likelihood: it is one of REML.

        Examples
        --------
        >>> import mlm
        >>> data = {"y": [1.0, 2.0, 4.0, 5.0, 7.0, 9.0], "g": list("aabbcc")}
        >>> m = mlm.lmer("y ~ 1 + (1 | g)", data)
        >>> m.coefficients(ddf="satterthwaite").round(2).values.tolist()
        [[4.67, 1.88, 2.0, 2.48, 0.13]]
        """
        if checked_ddf(ddf) is None:
            return coefficient_table(self._names, self._beta, np.sqrt(self._vcov.diagonal()))
        by = self.denominators(ddf)
        se = np.sqrt(by.vcov.diagonal())
        return coefficient_table(self._names, self._beta, se, by.dfs(np.eye(self.products.p)))

    # random effects

    @property
    def varcorr(self) -> pd.DataFrame:
        """Variances and covariances, with columns grp, var1, var2, vcov, sdcor (correlations for covariances).

        Examples
        --------
        >>> import mlm
        >>> data = {"y": [1.0, 2.0, 4.0, 5.0, 7.0, 9.0], "g": list("aabbcc")}
        >>> m = mlm.lmer("y ~ 1 + (1 | g)", data)
        >>> m.varcorr.round(2)[["grp", "vcov", "sdcor"]].values.tolist()
        [['g', 10.08, 3.18], ['Residual', 1.0, 1.0]]
        """
        return varcorr_table(self)

    def ranef(self, levels: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Conditional modes of the random effects (empirical Bayes estimates).

        Parameters
        ----------
        levels : mapping of str to sequence, optional
            Levels of grouping factors: only their rows are given. Of a fit that was solved iteratively their `condsd`
            is solved for.

        Returns
        -------
        DataFrame
            Columns grpvar, term, grp, condval, condsd; one row per level and term. `condsd` is the square root of the
            conditional variance given the estimated parameters (Bates et al. 2015, eq. 59). Of a fit that was solved
            iteratively it is estimated with its probes, unless `levels` are given; ``attrs["condsd"]`` says which.

        Raises
        ------
        ArgumentError
            When there is no such grouping factor, or a level that it does not have.

        Examples
        --------
        >>> import mlm
        >>> data = {"y": [1.0, 2.0, 4.0, 5.0, 7.0, 9.0], "g": list("aabbcc")}
        >>> m = mlm.lmer("y ~ 1 + (1 | g)", data)
        >>> m.ranef().round(2)[["grp", "condval"]].values.tolist()
        [['a', -3.02], ['b', -0.16], ['c', 3.18]]
        """
        return ranef_table(self) if levels is None else ranef_of_levels(self, levels)

    def coef(self) -> pd.DataFrame | dict[str, pd.DataFrame]:
        """Fixed effects plus conditional modes, level by level.

        Returns
        -------
        DataFrame, or dict of DataFrame when there are several grouping factors

        Examples
        --------
        >>> import mlm
        >>> data = {"y": [1.0, 2.0, 4.0, 5.0, 7.0, 9.0], "g": list("aabbcc")}
        >>> mlm.lmer("y ~ 1 + (1 | g)", data).coef().round(2)["(Intercept)"].tolist()
        [1.65, 4.51, 7.84]
        """
        tables = coef_tables(self)
        return next(iter(tables.values())) if len(tables) == 1 else tables

    # rows

    @property
    def fitted(self) -> pd.Series:
        """Fitted values, the sum of fixed effects, conditional modes and offset."""
        return self._fitted.copy()

    @cached_property
    def _fitted(self) -> pd.Series:
        return fitted_values(self)

    @property
    def resid(self) -> pd.Series:
        """Response less fitted values."""
        return self.y.rename(None) - self.fitted

    @property
    def scaled_resid(self) -> pd.Series:
        """Pearson residuals over sigma, as in lme4's summary."""
        scaled = self.resid / self.sigma
        return scaled if self.frame.weights is None else scaled * np.sqrt(self.frame.weights)

    def residuals(self, type: str = "response", re_form: Any = None, level: str | None = None) -> pd.Series:
        """Compute residuals of a kind.

        Parameters
        ----------
        type : {"response", "pearson", "scaled", "standardized", "deviance", "working"}
            Differences from the fitted values (``"working"`` are the same); these times the root of the prior weights
            (and ``"deviance"``); those over sigma; over their standard errors, ``sigma * sqrt(1 - h)`` with the
            leverages h of fixed and random effects together, NaN in rows that are fitted whatever they are.
        re_form : {None, False, "NA", 0} or str
            Random effects of the values that differences are taken from, as for `predict`: all, none, or some terms.
            Without any, standardized residuals are over the root of the variance of a row less that of its estimated
            fixed part.
        level : {"conditional", "marginal"}, optional
            The same in other words: all random effects, or none.

        Returns
        -------
        Series, shape (nobs,)

        Raises
        ------
        ArgumentError
            For an unknown `type`, `re_form` or `level`, or standardized residuals with some of the random effects.

        Examples
        --------
        >>> import mlm
        >>> data = {"y": [1.0, 2.0, 4.0, 5.0, 7.0, 9.0], "g": list("aabbcc")}
        >>> m = mlm.lmer("y ~ 1 + (1 | g)", data)
        >>> standardized, of_average = m.residuals("standardized"), m.residuals(re_form=False)
        >>> standardized.round(2).tolist()[:2], of_average.round(2).tolist()[:2]
        ([-0.9, 0.49], [-3.67, -2.67])
        """
        return mixed_residuals(self, self.resid, type, kept_effects(re_form, level))

    @cached_property
    def leverages(self) -> np.ndarray:
        """What each row has of its own fitted value, shape (n,), given theta; lme4's ``hatvalues``."""
        found = row_leverages(self)
        found.flags.writeable = False
        return found

    def predict(
        self,
        newdata: Any = None,
        re_form: Any = None,
        new_levels: str = "error",
        se: bool = False,
        interval: str | None = None,
        level: float = 0.95,
        weights: Any = None,
    ) -> Any:
        """Predict the response, with standard errors and intervals if they are asked for.

        Parameters
        ----------
        newdata : data frame, optional
            Default: the rows of the fit. What is missing in a predictor is missing in the predictions. Lazy data, or
            the path of Parquet files, are predicted where they are: see Returns.
        re_form : {None, False, "NA", 0} or str
            None uses the conditional modes of all random effects; ``"NA"``, False and 0 all mean none; some of the
            formula's terms, such as ``"(1 | g)"``, use these.
        new_levels : {"error", "population", "missing"}
            What to do with levels that the fit has not seen: complain; predict with random effects of 0, which err by
            their whole variance; or give NaN.
        se : bool
            Return a frame, with intervals of the means.
        interval : {None, "confidence", "prediction"}
            Return a frame, with intervals of the means (as `se` does), or of new observations.
        level : float
            Coverage, in (0, 1).
        weights : str or array_like of shape (rows,), optional
            Prior weights of new observations, a column of `newdata`, an expression of its columns or values: their
            variance around the mean is ``sigma² / weight``. By default the rows of the fit have theirs, and new rows
            what the fit was given by name, a column or an expression, where they have its columns; else the weight 1.

        Returns
        -------
        Series, or DataFrame with the columns ``fit``, ``se``, ``lower``, ``upper``, by row label
            ``se`` is the standard error of the predicted mean, ``x'β̂ + z'û`` less ``x'β + z'u``: that of fixed and
            random effects jointly, given the estimated variances; without random effects the root of ``x'Vx``.
            Intervals are by the normal distribution; a prediction interval's variance is ``se²`` plus that of an
            observation, and knows nothing of random effects that `re_form` leaves out. Of a fit that was solved
            iteratively they are solved for, in up to a thousand different rows.
            Of lazy data: data of the same kind (of Parquet files, a relation of DuckDB) with the columns of `newdata`
            and one more, ``fit``, computed when they are read; null stands for what is missing.

        Raises
        ------
        ArgumentError
            For an unknown `re_form`, `new_levels` or `interval`, or a level outside (0, 1); and for standard errors of
            lazy data.
        FormulaError
            When `weights` is a text that is not an expression.
        DataError
            When weights are missing or not positive, a column is missing or is not what it was in the fit, a level is
            new or missing and `new_levels` is ``"error"``, or the rows are new and the offset was given as values.

        Warns
        -----
        RankWarning
            Columns were dropped from the fit as dependent on others, and new rows have them otherwise: these have no
            standard error.
        ExtrapolationWarning
            New observations are taken to have the weight 1, as the fit has weights and the new rows none.

        References
        ----------
        Henderson, C. R. (1975). Best linear unbiased estimation and prediction under a selection model. Biometrics 31,
        423-447.

        Robinson, G. K. (1991). That BLUP is a good thing: the estimation of random effects. Statistical Science 6,
        15-32, section 5.

        Examples
        --------
        >>> import mlm
        >>> data = {"y": [1.0, 2.0, 4.0, 5.0, 7.0, 9.0], "g": list("aabbcc")}
        >>> m = mlm.lmer("y ~ 1 + (1 | g)", data)
        >>> m.predict({"g": ["a", "d"]}, new_levels="population").round(2).tolist()
        [1.65, 4.67]
        >>> new = {"g": ["a", "d"]}
        >>> m.predict(new, new_levels="population", se=True).round(2).values.tolist()
        [[1.65, 0.7, 0.29, 3.01], [4.67, 3.69, -2.56, 11.9]]
        """
        framed, observed = asks_for_frame(se, interval, level), interval == "prediction"
        if is_lazy(newdata):
            demand_plain(framed or weights is not None)
            return lazy_predictions(self, newdata, re_form, new_levels)
        added = observation_variances(self, newdata, weights) if observed or weights is not None else 0.0
        rows = wanted(self, newdata, re_form, new_levels)
        fit = predicted_values(self, rows)
        if not framed:
            return fit
        demand_errors(self, rows)
        found = variances(self, lambda: self._equations, rows)
        return prediction_frame(fit, found, level, added=added if observed else 0.0)

    # reports

    def summary(self, ddf: str | None = None, **options: Any) -> Summary:
        """Summary laid out as in lme4, or with a `ddf` as in lmerTest; options as in `mlm.summarize`.

        Examples
        --------
        >>> import mlm, replications
        >>> imm10 = replications.load("imm10", verbose=False)
        >>> m = mlm.lmer("math ~ ses + (1 | schnum)", imm10)
        >>> text = str(m.summary("satterthwaite"))
        >>> print(text.partition("Fixed effects:")[2].partition("---")[0].strip())
        Estimate Std. Error       df t value Pr(>|t|)
        (Intercept)  50.3144     1.2365   9.0035  40.693 1.62e-11 ***
        ses           4.3628     0.7388 195.2421   5.905 1.54e-08 ***
        """
        return summarize(self, ddf, **options)

    def _wald_intervals(self, level: float, method: str, parm: Any, ddf: str | None) -> pd.DataFrame:
        if checked_ddf(ddf) is None:
            return confidence_intervals(self.fixef, self.se, level, method, None, parm)
        by = self.denominators(ddf)
        se, df = (pd.Series(v, self._names) for v in (np.sqrt(by.vcov.diagonal()), by.dfs(np.eye(self.products.p))))
        return confidence_intervals(self.fixef, se, level, method, df, parm)

    def tidy(self, conf_int: bool = False, ddf: str | None = None, level: float = 0.95) -> pd.DataFrame:
        """One row per parameter, in broom's columns (effect, group, term, estimate, std.error, statistic …).

        Parameters
        ----------
        conf_int : bool
            Add ``conf.low`` and ``conf.high`` of the fixed effects, the limits of `confint`.
        ddf : {None, "satterthwaite", "kenward-roger"}
            As in `coefficients`.
        level : float
            Coverage, in (0, 1).

        Returns
        -------
        DataFrame
            Fixed effects, then standard deviations and correlations of the random effects.

        Examples
        --------
        >>> import mlm
        >>> data = {"y": [1.0, 2.0, 4.0, 5.0, 7.0, 9.0], "g": list("aabbcc")}
        >>> mlm.lmer("y ~ 1 + (1 | g)", data).tidy()["term"].tolist()
        ['(Intercept)', 'sd__(Intercept)', 'sd__Observation']
        """
        return tidy_table(self, conf_int, ddf, level)

    def glance(self) -> pd.DataFrame:
        """One row per model: nobs, sigma, logLik, AIC, BIC, criterion, df.residual."""
        return glance_row(self)
