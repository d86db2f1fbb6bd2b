"""What reports, comparisons and figures ask of a fitted model, and how kinds of models are told apart.

Nothing that prints or draws imports a model: it takes whatever has these attributes. They mean here what they mean in
`mlm.MixedModel` and `mlm.LinearModel`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from numbers import Real
from typing import Any, Protocol, TypeGuard

import pandas as pd

from ..errors import ArgumentError, FitError, first_few, listed

__all__ = [
    "FittedGeneralizedMixedModel",
    "FittedGeneralizedModel",
    "FittedLinearModel",
    "FittedMixedModel",
    "FittedModel",
    "demand_linear",
    "demand_linear_mixed",
    "demand_mixed",
    "demand_model",
    "is_generalized",
    "is_mixed",
    "is_model",
    "mean_of",
    "model_list",
    "model_names",
    "name_text",
]


class FittedModel(Protocol):
    """What is asked of every fitted model; n rows, p coefficients."""

    @property
    def formula(self) -> str:
        """The formula as it was given."""

    @property
    def response(self) -> str:
        """Name of the response."""

    @property
    def frame(self) -> Any:
        """The rows in use: ``y``, ``weights`` and ``offset`` (n,), ``x`` (n, p), ``x_design``, ``index``, ``dropped``.

        And ``left_out``, names of dependent columns, and ``call``, what the arguments were called.
        """

    @property
    def nobs(self) -> int:
        """Number of rows n."""

    @property
    def npar(self) -> int:
        """Number of parameters, variances included."""

    @property
    def df_resid(self) -> int:
        """Rows less parameters, by the model's own count."""

    @property
    def fixef(self) -> pd.Series:
        """Coefficients by term (p,)."""

    @property
    def vcov(self) -> pd.DataFrame:
        """Their covariance matrix (p, p)."""

    @property
    def sigma(self) -> float:
        """Residual standard deviation, in units of the response."""

    @property
    def fitted(self) -> pd.Series:
        """Fitted values by row label (n,); of a generalized model means."""

    @property
    def resid(self) -> pd.Series:
        """Residuals by row label (n,)."""

    @property
    def loglik(self) -> float:
        """Log-likelihood."""

    @property
    def aic(self) -> float:
        """Akaike's information criterion."""

    @property
    def bic(self) -> float:
        """Schwarz's information criterion."""

    def coefficients(self, ddf: str | None = None) -> pd.DataFrame:
        """Columns ``Estimate``, ``Std. Error``, [``df``,] ``t value`` [, ``Pr(>|t|)``] by term."""

    def denominators(self, ddf: str | None = None) -> Any:
        """Covariance matrix and degrees of freedom by which contrasts are tested."""

    def confint(self, level: float = 0.95, *, ddf: str | None = None) -> pd.DataFrame:
        """Lower and upper limit by term."""

    def design(self, newdata: Any) -> pd.DataFrame:
        """Fixed-effects model matrix of new rows (rows, p)."""


class FittedMixedModel(FittedModel, Protocol):
    """What is asked of a mixed model besides."""

    @property
    def has_rows(self) -> bool:
        """Whether the rows of the data are known, and not sums of them only."""

    @property
    def reml(self) -> bool:
        """Whether it was fitted by restricted maximum likelihood."""

    @property
    def deviance(self) -> float:
        """The criterion that was minimised."""

    @property
    def ngrps(self) -> pd.Series:
        """Number of levels by grouping factor."""

    @property
    def groups(self) -> pd.DataFrame:
        """Level of each row, a column a grouping factor."""

    @property
    def varcorr(self) -> pd.DataFrame:
        """Variances and covariances: columns grp, var1, var2, vcov, sdcor."""

    @property
    def terms(self) -> Any:
        """Random-effects terms in the order of `varcorr`, each with ``term.group`` and ``columns.names``."""

    @property
    def scaled_resid(self) -> pd.Series:
        """Residuals over sigma (n,)."""

    @property
    def optimizer(self) -> str:
        """Name of the optimiser."""

    @property
    def converged(self) -> bool:
        """Whether it reached a minimum."""

    @property
    def is_singular(self) -> bool:
        """Whether a variance is 0 or a correlation ±1."""

    @property
    def lme4_convergence(self) -> tuple[str, tuple[str, ...]]:
        """What lme4 says of a search of its optimiser: the code that it ended with, and warnings."""

    def ranef(self) -> pd.DataFrame:
        """Conditional modes: columns grpvar, term, grp, condval, condsd."""

    def refit(self, reml: bool | None = None) -> FittedModel:
        """The same model by the other criterion."""


class FittedGeneralizedMixedModel(FittedMixedModel, Protocol):
    """What is asked of a generalized mixed model besides."""

    @property
    def family(self) -> Any:
        """The family: ``name``, ``label``, ``link.name``, ``has_scale``."""

    @property
    def n_agq(self) -> int:
        """How the likelihood was approximated: 0, 1 (Laplace), or the quadrature nodes an effect."""


class FittedLinearModel(FittedModel, Protocol):
    """What is asked of a linear model besides."""

    @property
    def deviance(self) -> float:
        """Residual sum of squares."""

    @property
    def r_squared(self) -> float:
        """Share of the sum of squares that the model explains."""

    @property
    def adj_r_squared(self) -> float:
        """The same, adjusted for the number of coefficients."""

    @property
    def fstatistic(self) -> Any:
        """F test of all coefficients: ``value``, ``numdf``, ``dendf``, ``pvalue``; or None."""

    @property
    def has_intercept(self) -> bool:
        """Whether there is an intercept."""

    @property
    def terms(self) -> tuple[str, ...]:
        """All terms of the formula, those without a coefficient in their places."""

    @property
    def aliased(self) -> tuple[str, ...]:
        """Terms without a coefficient, as they depend on others."""


class FittedGeneralizedModel(FittedModel, Protocol):
    """What is asked of a generalized linear model besides."""

    @property
    def family(self) -> Any:
        """The family: ``name``, ``label``, ``link.name``, ``has_scale``, ``theta``."""

    @property
    def outcome(self) -> Any:
        """The response as the family takes it: ``values`` and ``weights`` (n,)."""

    def residuals(self, type: str = "deviance") -> pd.Series:
        """Residuals of a kind by row label (n,)."""

    @property
    def dispersion(self) -> float:
        """Estimate of the dispersion; 1 where the family has none."""

    @property
    def deviance(self) -> float:
        """Twice what the log likelihood lacks of that of a model with a mean a row."""

    @property
    def theta_se(self) -> float:
        """Standard error of the family's theta; NaN where it has none."""

    @property
    def null_deviance(self) -> float:
        """The deviance of the intercept and the offset."""

    @property
    def df_null(self) -> int:
        """Rows less the intercept."""

    @property
    def iterations(self) -> int:
        """Steps of R's search."""

    @property
    def terms(self) -> tuple[str, ...]:
        """All terms of the formula, those without a coefficient in their places."""

    @property
    def aliased(self) -> tuple[str, ...]:
        """Terms without a coefficient, as they depend on others."""


# The first two look at the class: a data frame has an attribute for each of its columns, whatever these are called.


def is_model(thing: object) -> TypeGuard[FittedModel]:
    """Tell a fitted model, which has a table of coefficients, from data or a sequence of models."""
    return all(hasattr(type(thing), name) for name in ("coefficients", "confint", "tidy"))


def is_mixed(m: FittedModel) -> TypeGuard[FittedMixedModel]:
    """Tell a mixed model, which has groups, from a linear one."""
    return hasattr(type(m), "ngrps")


def is_generalized(m: FittedModel) -> TypeGuard[FittedGeneralizedModel]:
    """Tell a generalized model, which has a family."""
    return hasattr(m, "family")


def mean_of(m: FittedModel, predictor: Any) -> Any:
    """Means at linear predictors: these themselves, but for a generalized model; NaN where its family has none."""
    return m.family.means(predictor) if is_generalized(m) else predictor


def demand_model(m: object) -> None:
    """Refuse what is not a fitted model.

    Raises
    ------
    ArgumentError
    """
    if not is_model(m):
        fits = "mlm.lmer, mlm.glmer, mlm.lm or mlm.glm"
        raise ArgumentError(f"This takes a model that {fits} has fitted; got {type(m).__name__}.")


def demand_linear(m: object, what: str) -> None:
    """Refuse a generalized model where something is told of residual variances.

    Raises
    ------
    FitError
    """
    if hasattr(type(m), "ngrps") and hasattr(m, "family"):
        raise FitError(
            f"{what} is that of a linear mixed model, of its residual variance; this one is of the {m.family.name} "
            "family. mlm.lmer fits linear ones."
        )


def model_names(count: int, names: object) -> list[str]:
    """Return the names of several models: those given, or Model 1, Model 2, ….

    Raises
    ------
    ArgumentError
        When the names are not as many as the models, one is missing, or they are not a list: a set has no order.
    """
    if names is None:
        return [f"Model {k}" for k in range(1, count + 1)]
    each = listed(names)
    if each is None:
        raise ArgumentError(f"names are a list with one name for each of {count} models; got {type(names).__name__}.")
    found = [name_text(name, "names") for name in each]
    if len(found) != count:
        raise ArgumentError(f"{count} models need {count} names; got {len(found)}: {first_few(found)}.")
    return found


def name_text(name: object, argument: str) -> str:
    """Return a name, a text or a number, as text.

    Raises
    ------
    ArgumentError
        When it is missing, or something else.
    """
    if not (isinstance(name, str) or (isinstance(name, Real) and name == name)):
        raise ArgumentError(f"{argument} has a name that is not text: {type(name).__name__}.")
    return str(name)


def demand_mixed(m: object) -> None:
    """Refuse what is not a mixed model.

    Raises
    ------
    ArgumentError
        For a linear model, or something else.
    """
    if not (is_model(m) and is_mixed(m)):
        fits = "mlm.lmer or mlm.glmer"
        raise ArgumentError(f"This takes a mixed model that {fits} has fitted; got {type(m).__name__}.")


def demand_linear_mixed(m: object, what: str) -> None:
    """Refuse what is not a linear mixed model, where tests of it are asked for.

    Raises
    ------
    ArgumentError
        For a linear model, or something else.
    FitError
        For a generalized mixed model.
    """
    if not (is_model(m) and is_mixed(m)):
        raise ArgumentError(f"This takes a linear mixed model that mlm.lmer has fitted; got {type(m).__name__}.")
    if is_generalized(m):
        raise FitError(
            f"{what} is there for linear mixed models; this one is of the {m.family.name} family. Compare it with the "
            "smaller model, mlm.anova(smaller, larger); mlm.ranova(m) and mlm.drop1(m) test what can be left out."
        )


def model_list(models: FittedModel | Iterable[FittedModel]) -> list[FittedModel]:
    """Return one model, or several, as a list.

    Parameters
    ----------
    models : fitted model or iterable of fitted models

    Returns
    -------
    list

    Raises
    ------
    ArgumentError
        When something else is among them.
    """
    single = is_model(models) or isinstance(models, str | Mapping | pd.DataFrame | pd.Series)
    several = None if single else listed(models)
    found: list[Any] = [models] if several is None else several
    for m in found:
        if not is_model(m):
            raise ArgumentError(f"A fitted model is needed; got {type(m).__name__}.")
    return found
