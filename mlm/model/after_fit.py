"""What linear and generalized mixed models have in common to ask of a fit."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ..inference.intervals import is_wald, mixed_intervals

__all__ = ["AfterFit"]


class AfterFit:
    """Questions to a fitted mixed model, linear or generalized."""

    def confint(
        self,
        level: float = 0.95,
        method: str = "wald",
        parm: Any = None,
        ddf: str | None = None,
        *,
        n: int = 1000,
        kind: str = "percentile",
        seed: Any = None,
    ) -> pd.DataFrame:
        """Confidence intervals: of the fixed effects by Wald's method, of all parameters by a profile or the bootstrap.

        Parameters
        ----------
        level : float
            Coverage, in (0, 1).
        method : {"wald", "profile", "boot"}
            ``"wald"`` is ``estimate ± z * se``, z from the standard normal distribution. ``"profile"`` searches for
            where the deviance of maximum likelihood has risen by the quantile of chi-squared, see `mlm.profile`;
            ``"boot"`` simulates responses and fits to them. Case does not matter.
        parm : str, int or sequence of these, optional
            Parameters wanted, by name or position from 0, in this order; all by default. ``"beta_"`` are the fixed
            effects, ``"theta_"`` those of the random effects and sigma, which Wald's method has not.
        ddf : {None, "satterthwaite", "kenward-roger"}
            Of Wald intervals of a linear model: the quantile is that of the t distribution with these degrees of
            freedom, the standard error the method's.
        n : int
            Simulated responses of ``"boot"``.
        kind : {"percentile", "basic", "normal"}
            How ``"boot"`` makes intervals of the estimates.
        seed : int or numpy.random.Generator, optional
            Of ``"boot"``.

        Returns
        -------
        DataFrame, one row a parameter
            Columns named by the two tail probabilities, as ``"2.5 %"`` and ``"97.5 %"``. Rows are fixed effects; but
            for Wald's method, which leaves R's rows of variances empty, these stand below standard deviations,
            correlations and sigma, as lme4's ``oldNames = FALSE``. Of a generalized model all are on the scale of the
            link.

        Raises
        ------
        ArgumentError
            When the level is not in (0, 1), or there is no such method, parameter or `ddf`.
        FitError
            For degrees of freedom of a generalized model, or a profile of one that has a dispersion or was fitted with
            ``n_agq=0``.

        Warns
        -----
        SingularFitWarning
            When a correlation that is asked for is not defined: its limits are NaN.
        ConvergenceWarning
            When no end of an interval is found, or the fit is no minimum of the deviance.

        Examples
        --------
        >>> import mlm
        >>> data = {"y": [1.0, 2.0, 4.0, 5.0, 7.0, 9.0], "g": list("aabbcc")}
        >>> m = mlm.lmer("y ~ 1 + (1 | g)", data)
        >>> m.confint().round(2).to_dict("index")
        {'(Intercept)': {'2.5 %': 0.99, '97.5 %': 8.35}}
        >>> m.confint(method="profile").round(2).to_dict("index")["sd_(Intercept)|g"]
        {'2.5 %': 0.69, '97.5 %': 7.81}
        """
        if is_wald(method):
            return self._wald_intervals(level, method, parm, ddf)
        return mixed_intervals(self, level, method, parm, ddf, n, kind, seed)

    def _wald_intervals(self, level: float, method: str, parm: Any, ddf: str | None) -> pd.DataFrame:
        """Wald intervals of the fixed effects."""
        raise NotImplementedError
