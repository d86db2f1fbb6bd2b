"""What can be asked of a linear and of a generalized mixed model alike, once it is fitted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from ..fit.fit import Fit
from ..fit.fitted import FittedMixed
from ..fit.generalized import GeneralizedFit
from ..fit.mixed_model_equations import MixedModelEquations, mixed_model_equations
from ..fit.predict import predicted_values, variances, wanted
from ..fit.simulate import simulate
from ..fit.stored import stored_numbers
from ..inference.bootstrap import Bootstrap, bootstrap
from ..inference.intervals import is_boot, is_wald, mixed_intervals
from ..inference.predictions import asks_for_frame, prediction_frame
from ..inference.row_influence import cooks_distances
from .augmenting import rows_of_the_fit, rows_of_users, with_columns
from .every_model import EveryModel

__all__ = ["AfterFit"]


class AfterFit(EveryModel, FittedMixed):
    """Methods that both kinds of mixed model have."""

    def simulate(self, n: int = 1, seed: Any = None, re_form: Any = False) -> np.ndarray:
        """Draw new responses from the model.

        Parameters
        ----------
        n : int
            How many.
        seed : int, numpy.random.Generator or None
            With a number the responses are the same each time; the first ones are the same for each `n`.
        re_form : {False, "NA", 0, None} or str
            Random effects that stay what the fit found: False (``"NA"``, 0), none, so that all are drawn anew, as by
            default in lme4; None, all; some of the formula's terms, such as ``"(1 | g)"``, these.

        Returns
        -------
        ndarray, shape (nobs, n)
            On the scale of the response as the formula has it; of a binomial model shares of successes among the
            trials. See `mlm.simulate`.

        Raises
        ------
        ArgumentError
            When `n` is not a count, `seed` none, or `re_form` is unknown or keeps a part of a term.
        FitError
            When means are drawn that the family cannot have, or trials are not whole numbers.

        Examples
        --------
        >>> import mlm
        >>> m = mlm.lmer("y ~ 1 + (1 | g)", {"y": [1, 2, 4, 5, 7, 9], "g": list("aabbcc")})
        >>> m.simulate(2, seed=1).shape
        (6, 2)
        """
        return simulate(self, n, seed, re_form)

    def bootstrap(
        self,
        n: int = 1000,
        statistic: Callable[[Any], Any] | None = None,
        seed: Any = None,
        kind: str = "parametric",
        re_form: Any = False,
        group: str | None = None,
        progress: bool | None = None,
    ) -> Bootstrap:
        """Fit the model again and again, to responses drawn from it or to groups drawn from the data.

        Parameters
        ----------
        n : int
            Number of refits.
        statistic : callable, optional
            Takes a fitted model; by default all parameters are taken.
        seed : int, numpy.random.Generator or None
        kind : {"parametric", "groups"}
        re_form : {False, "NA", 0, None} or str
            As for `simulate`.
        group : str, optional
            The grouping factor whose levels are drawn.
        progress : bool, optional

        Returns
        -------
        Bootstrap
            See `mlm.bootstrap`, which says what the arguments mean.

        Examples
        --------
        >>> import mlm
        >>> data = {"y": [1.0, 2.0, 4.0, 5.0, 7.0, 9.0, 3.0, 5.0], "g": list("aabbccdd")}
        >>> mlm.lmer("y ~ 1 + (1 | g)", data).bootstrap(50, seed=1).confint().shape
        (3, 2)
        """
        return bootstrap(self, n, statistic, seed, kind, re_form, group, progress)

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
        n : int, optional
            Simulated responses of ``"boot"``, 1,000 by default.
        kind : {"percentile", "basic", "normal"}, optional
            How ``"boot"`` makes intervals of the estimates: by default their percentiles.
        seed : int or numpy.random.Generator, optional
            Of ``"boot"``.

        Returns
        -------
        DataFrame, one row a parameter
            Columns named by the two tail probabilities, as ``"2.5 %"`` and ``"97.5 %"``. Rows are fixed effects; but
            for Wald's method, which leaves R's rows of variances empty, these stand below standard deviations,
            correlations and sigma, as lme4's ``oldNames = FALSE``. Of a generalized model all are on the scale of the
            link. Of a profile, ``.attrs["notes"]`` has what is warned of.

        Raises
        ------
        ArgumentError
            When the level is not in (0, 1), there is no such method, parameter or `ddf`, or what is of ``"boot"`` is
            given with another method.
        FitError
            For degrees of freedom of a generalized model, or a profile of one that has a dispersion or was fitted with
            ``n_agq=0``.

        Warns
        -----
        SingularFitWarning
            When an end of a profile interval is at the edge of what is possible, a variance of 0 or a correlation of
            ±1; when a correlation that is asked for is not defined: its limits are NaN.
        ConvergenceWarning
            When no end of an interval is found, or the fit is not a minimum of the deviance.

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
        wald = is_wald(method)
        is_boot(method, n, kind, seed)
        if wald:
            return self._wald_intervals(level, method, parm, ddf)
        return mixed_intervals(self, level, method, parm, ddf, n, kind, seed)

    def _wald_intervals(self, level: float, method: str, parm: Any, ddf: str | None) -> pd.DataFrame:
        """Wald intervals of the fixed effects."""
        raise NotImplementedError

    @cached_property
    def _equations(self) -> MixedModelEquations:
        return mixed_model_equations(self)  # type: ignore[arg-type]

    @property
    def _own_options(self) -> dict[str, Any]:
        return {"reml": self.reml} if isinstance(self, Fit) else {}

    def _stored(self) -> dict[str, Any]:
        return {"frame": self.frame, **stored_numbers(self)}  # type: ignore[arg-type]

    def augment(self, newdata: Any = None, new_levels: str = "error", se: bool = False) -> pd.DataFrame:
        """Return rows with what the fit says of them, in the columns of R's broom.mixed.

        Parameters
        ----------
        newdata : data frame, optional
            Default: the rows of the fit, with the response, the columns of the data that the formula uses (also within
            functions, offsets and slopes), grouping factors, and ``(weights)`` and ``(offset)`` that were given.
        new_levels : {"error", "population", "missing"}
            As for `predict`.
        se : bool
            Add ``.se.fit``, the standard errors that `predict` gives.

        Returns
        -------
        DataFrame, by row label
            ``.fitted`` (of a generalized model, linear predictors) [, ``.se.fit``], ``.resid`` (deviance residuals, of
            a generalized one), ``.hat`` (leverages), ``.cooksd`` (Cook's distances), ``.fixed`` (without random
            effects), ``.mu`` (means), ``.offset``, ``.sqrtXwt``, ``.sqrtrwt`` (roots of the weights of the rows and of
            squared residuals), ``.weights`` (prior ones), ``.wtres`` (Pearson residuals) and of a generalized model
            ``.eta``. New rows have ``.fitted``, ``.se.fit``, ``.fixed`` and ``.mu``.

        Raises
        ------
        ArgumentError, DataError
            As for `predict`.

        Examples
        --------
        >>> import mlm
        >>> data = {"y": [1.0, 2.0, 4.0, 5.0, 7.0, 9.0], "g": list("aabbcc")}
        >>> m = mlm.lmer("y ~ 1 + (1 | g)", data)
        >>> m.augment()[["y", "g", ".fitted", ".hat"]].round(2).values[0].tolist()
        [1.0, 'a', 1.65, 0.48]
        """
        asked: Any = self
        framed, rows = asks_for_frame(se, None), wanted(asked, newdata, None, new_levels)
        fitted = predicted_values(asked, rows)
        fixed = predicted_values(asked, replace(rows, parts=(), lost=np.zeros_like(rows.lost)))
        family = asked.family if isinstance(self, GeneralizedFit) else None
        added: dict[str, Any] = {".fitted": fitted}
        if framed:
            errors = prediction_frame(fitted, variances(asked, lambda: self._equations, rows), 0.95)
            added[".se.fit"] = errors["se"]
        means = fitted if family is None else family.means(fitted.to_numpy())
        if newdata is not None:
            return with_columns(rows_of_users(newdata), {**added, ".fixed": fixed, ".mu": means})
        weights = np.ones(self.nobs) if self.frame.weights is None else self.frame.weights
        of_rows, of_squares = weights, weights
        if family is not None:
            spread = family.variance(np.asarray(means))
            of_squares, of_rows = weights / spread, weights * family.working_weights(fitted.to_numpy())
        pearson = (asked.scaled_resid * asked.sigma).to_numpy()
        leverage = asked.leverages
        added |= {".resid": asked.resid, ".hat": leverage}
        added |= {".cooksd": cooks_distances(pearson, leverage, asked.sigma**2, len(self.fixef)), ".fixed": fixed}
        added |= {".mu": means, ".offset": np.zeros(self.nobs) + self.frame.known_part, ".sqrtXwt": np.sqrt(of_rows)}
        added |= {".sqrtrwt": np.sqrt(of_squares), ".weights": weights, ".wtres": pearson}
        return with_columns(rows_of_the_fit(self.frame), added if family is None else {**added, ".eta": fitted})
