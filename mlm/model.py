"""The fitted mixed model: a read-only value from which everything else is computed on demand."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import stats

from .crossproducts import CrossProducts
from .deviance import Deviance, Evaluation
from .errors import DataError, FitError
from .frame import ModelFrame, RandomPart
from .optimize import Optimum
from .predict import fitted_values, predicted_values
from .ranef import coef_tables, ranef_table, varcorr_table
from .satterthwaite import VarianceInformation, degrees_of_freedom, variance_information
from .table import Table, as_numbers
from .tidy import confidence_intervals, glance_row, tidy_table

if TYPE_CHECKING:
    from .summary import Summary

__all__ = ["MixedModel"]

SINGULAR = 1e-4  # relative standard deviations below this are singular (lme4's isSingular)


@dataclass(frozen=True, eq=False)
class MixedModel:
    """A linear mixed model fitted by `mlm.lmer`.

    Attributes
    ----------
    frame : ModelFrame
        The rows in use.
    terms : tuple of RandomPart
        Random-effects terms in the order of theta.
    products : CrossProducts
    deviance_function : Deviance
        The criterion as a function of theta: ``m.deviance_function.evaluate(theta)``.
    optimum : Optimum
        What the optimiser did; every evaluation.
    reml : bool
    """

    frame: ModelFrame
    terms: tuple[RandomPart, ...]
    products: CrossProducts
    deviance_function: Deviance
    optimum: Optimum
    reml: bool

    def __repr__(self) -> str:
        groups = ", ".join(f"{g} {n}" for g, n in self.ngrps.items())
        return f"<MixedModel {self.formula} | {self.criterion_name} {self.deviance:.4f} | n {self.nobs}, {groups}>"

    # what was fitted

    @property
    def formula(self) -> str:
        """The formula as it was given."""
        return self.frame.formula.text

    @property
    def response(self) -> str:
        """Name of the response."""
        return self.frame.formula.response

    @property
    def nobs(self) -> int:
        """Number of rows in use."""
        return self.products.nobs

    @property
    def ngrps(self) -> pd.Series:
        """Number of levels of each grouping factor."""
        groups = dict.fromkeys(t.term.group for t in self.terms)
        return pd.Series({g: self.frame.groupings[g].size for g in groups})

    @property
    def dropped(self) -> Any:
        """Rows left out for missing values: `count` of `total`, and `by_column`."""
        return self.frame.dropped

    # the criterion

    @property
    def _at(self) -> Evaluation:
        return self.optimum.evaluation

    @property
    def theta(self) -> np.ndarray:
        """Relative covariance parameters in lme4's order, shape (n_theta,)."""
        return self._at.theta.copy()

    @property
    def sigma(self) -> float:
        """Residual standard deviation, in units of the response."""
        return float(np.sqrt(self._at.sigma2))

    @property
    def criterion_name(self) -> str:
        """``"REML criterion"`` or ``"deviance"``."""
        return "REML criterion" if self.reml else "deviance"

    @property
    def deviance(self) -> float:
        """Minus twice the log-likelihood; for REML fits, of the restricted likelihood."""
        return float(self._at.value)

    @property
    def reml_criterion(self) -> float:
        """The REML criterion at convergence.

        Raises
        ------
        FitError
            When the model was fitted by maximum likelihood.
        """
        if not self.reml:
            raise FitError("This model was fitted by maximum likelihood; see m.deviance, or m.refit(reml=True).")
        return self.deviance

    @property
    def loglik(self) -> float:
        """Log-likelihood (restricted, for REML fits)."""
        return -0.5 * self.deviance

    @property
    def npar(self) -> int:
        """Number of parameters: fixed effects, variances and covariances, and sigma."""
        return self.products.p + len(self._at.theta) + 1

    @property
    def df_resid(self) -> int:
        """Rows less parameters."""
        return self.nobs - self.npar

    @property
    def aic(self) -> float:
        """Akaike's information criterion."""
        return self.deviance + 2.0 * self.npar

    @property
    def bic(self) -> float:
        """Schwarz's information criterion."""
        return self.deviance + float(np.log(self.nobs)) * self.npar

    @property
    def converged(self) -> bool:
        """Whether the optimiser reached a minimum."""
        return self.optimum.converged

    @property
    def optimizer(self) -> str:
        """Name of the optimiser."""
        return self.optimum.optimizer

    @property
    def optimizer_info(self) -> Optimum:
        """What the optimiser did."""
        return self.optimum

    @cached_property
    def singular_terms(self) -> tuple[str, ...]:
        """Random-effects terms whose covariance is singular."""
        layout, flat = self.deviance_function.layout, []
        if min(self._at.theta[layout.diagonal].tolist()) >= SINGULAR:
            return ()
        for slot, part in zip(layout.slots, self.terms, strict=True):
            size = slot.size * (slot.size + 1) // 2
            mine = slice(slot.theta, slot.theta + size)
            if (self._at.theta[mine][layout.diagonal[mine]] < SINGULAR).any():
                flat.append(part.term.text)
        return tuple(flat)

    @property
    def is_singular(self) -> bool:
        """Whether a variance is 0 or a correlation ±1."""
        return bool(self.singular_terms)

    @property
    def messages(self) -> list[str]:
        """What the fit has to say about itself."""
        out = [f"singular fit: ({t})" for t in self.singular_terms]
        return out if self.converged else [*out, self.optimum.message]

    # fixed effects

    @property
    def _names(self) -> pd.Index:
        return _index(self.products.x_names).view()  # of its own, because names can be given to it

    @cached_property
    def _beta(self) -> np.ndarray:
        return self.products.shift.coefficients(self._at.beta)

    @cached_property
    def _vcov(self) -> np.ndarray:
        return self.products.shift.covariance(self._at.sigma2 * self._at.unscaled)

    @property
    def fixef(self) -> pd.Series:
        """Fixed-effects estimates by term."""
        return pd.Series(self._beta, self._names)

    @property
    def vcov(self) -> pd.DataFrame:
        """Covariance matrix of the fixed effects, shape (p, p)."""
        return pd.DataFrame(self._vcov, self._names, self._names)

    @property
    def se(self) -> pd.Series:
        """Standard errors of the fixed effects by term."""
        return pd.Series(np.sqrt(self._vcov.diagonal()), self._names)

    @cached_property
    def _variance_information(self) -> VarianceInformation:
        return variance_information(self.deviance_function, self.deviance_function.criterion, self._at)

    def satterthwaite_df(self, contrast: Any) -> float:
        """Satterthwaite's degrees of freedom of a contrast of the fixed effects.

        Parameters
        ----------
        contrast : array_like, shape (p,)

        Returns
        -------
        float
        """
        weights = as_numbers(contrast, "The contrast")
        if weights.shape != (self.products.p,):
            raise DataError(f"A contrast has one number a fixed effect: {self.products.p}; got shape {weights.shape}.")
        working = self.products.shift.contrast(weights)
        return degrees_of_freedom(self._variance_information, self._at.sigma2 * self._at.unscaled, working)

    def coefficients(self, ddf: str | None = None) -> pd.DataFrame:
        """Table of fixed effects.

        Parameters
        ----------
        ddf : {None, "satterthwaite"}
            With ``"satterthwaite"``, degrees of freedom and two-sided p values of t tests (as lmerTest).

        Returns
        -------
        DataFrame
            Columns ``Estimate``, ``Std. Error``, [``df``,] ``t value`` [, ``Pr(>|t|)``].
        """
        estimate, se = self.fixef, self.se
        table = pd.DataFrame({"Estimate": estimate, "Std. Error": se})
        t = estimate / se
        if ddf is None:
            return table.assign(**{"t value": t})
        if ddf != "satterthwaite":
            raise FitError(f"Degrees of freedom are None or 'satterthwaite'; got {ddf!r}.")
        df = pd.Series([self.satterthwaite_df(row) for row in np.eye(len(t))], t.index)
        return table.assign(**{"df": df, "t value": t, "Pr(>|t|)": 2.0 * stats.t.sf(np.abs(t), df)})

    # random effects

    @property
    def varcorr(self) -> pd.DataFrame:
        """Variances and covariances: columns grp, var1, var2, vcov, sdcor (correlations for covariances)."""
        return varcorr_table(self)

    @cached_property
    def modes(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Conditional modes (q, J) and unscaled conditional covariances (q, q, J) of each grouping factor."""
        modes, covariances = self.deviance_function.modes(self._at.theta)
        names = [f.name for f in self.products.factors]
        return dict(zip(names, zip(modes, covariances, strict=True), strict=True))

    def ranef(self) -> pd.DataFrame:
        """Conditional modes of the random effects (empirical Bayes estimates).

        Returns
        -------
        DataFrame
            Columns grpvar, term, grp, condval, condsd; one row a level and term. `condsd` is the square root of the
            conditional variance given the estimated parameters (Bates et al. 2015, eq. 59).

        Examples
        --------
        >>> import mlm
        >>> data = {"y": [1.0, 2.0, 4.0, 5.0, 7.0, 9.0], "g": list("aabbcc")}
        >>> mlm.lmer("y ~ 1 + (1 | g)", data).ranef().round(2)[["grp", "condval"]].values.tolist()
        [['a', -3.02], ['b', -0.16], ['c', 3.18]]
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

    @property
    def x(self) -> pd.DataFrame:
        """Fixed-effects model matrix, shape (n, p)."""
        return pd.DataFrame(self.frame.x, self.frame.index, self._names)

    @property
    def y(self) -> pd.Series:
        """The response."""
        return pd.Series(self.frame.y, self.frame.index, name=self.response)

    @property
    def groups(self) -> pd.DataFrame:
        """Levels of the grouping factors, row by row."""
        factors = self.frame.groupings
        return pd.DataFrame({g: factors[g].levels.take(factors[g].codes) for g in self.ngrps.index}, self.frame.index)

    @property
    def fitted(self) -> pd.Series:
        """Fitted values: fixed effects, conditional modes and offset."""
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

    def design(self, newdata: Any) -> pd.DataFrame:
        """Fixed-effects model matrix of new data.

        Parameters
        ----------
        newdata : data frame or mapping
            With the columns of the fixed part.

        Returns
        -------
        DataFrame, shape (rows, p)
        """
        table = Table.of(newdata)
        return pd.DataFrame(self.frame.x_design.replay(table).matrix(), table.frame.index, self._names)

    def predict(self, newdata: Any = None, re_form: Any = None, new_levels: str = "error") -> pd.Series:
        """Predict the response.

        Parameters
        ----------
        newdata : data frame, optional
            Default: the rows of the fit.
        re_form : {None, "NA", False}
            None uses the conditional modes of all random effects; ``"NA"`` or False uses none.
        new_levels : {"error", "population"}
            What to do with levels that the fit has not seen: complain, or predict with random effects of 0.

        Returns
        -------
        Series

        Raises
        ------
        DataError
            When a column is missing, or a level is new and `new_levels` is ``"error"``.
        """
        return predicted_values(self, newdata, re_form, new_levels)

    # again, and reports

    def refit(self, reml: bool | None = None, y: Any = None, optimizer: str = "newton") -> MixedModel:
        """Fit again by the other criterion, or to another response; cross-products are reused where they hold.

        Parameters
        ----------
        reml : bool, optional
            Default: as before.
        y : array_like, shape (n,), optional
            A new response for the rows in use; a Series is aligned by its labels.
        optimizer : str

        Returns
        -------
        MixedModel
        """
        from .lmer import fit, refit_response

        reml = self.reml if reml is None else reml
        if y is not None:
            return refit_response(self, y, reml, optimizer)
        return fit(self.frame, list(self.terms), self.products, reml, optimizer, self.theta)

    def summary(self, ddf: str | None = None, **options: Any) -> Summary:
        """Summary laid out as in lme4 (or lmerTest, with ``ddf="satterthwaite"``); options as in `mlm.summarize`."""
        from .summary import summarize

        return summarize(self, ddf, **options)

    def confint(self, level: float = 0.95, method: str = "wald") -> pd.DataFrame:
        """Confidence intervals of the fixed effects.

        Parameters
        ----------
        level : float
        method : {"wald"}
            ``estimate ± z * se``.

        Returns
        -------
        DataFrame
            Columns named by the two tail probabilities, as ``"2.5 %"`` and ``"97.5 %"``.
        """
        return confidence_intervals(self, level, method)

    def tidy(self, conf_int: bool = False, ddf: str | None = None) -> pd.DataFrame:
        """One row a parameter, in broom's columns (effect, group, term, estimate, std.error, statistic …)."""
        return tidy_table(self, conf_int, ddf)

    def glance(self) -> pd.DataFrame:
        """One row a model: nobs, sigma, logLik, AIC, BIC, criterion, df.residual."""
        return glance_row(self)


@lru_cache(maxsize=256)
def _index(names: tuple[str, ...]) -> pd.Index:
    """The names of the fixed effects as pandas labels rows and columns by."""
    return pd.Index(names, name=None)
