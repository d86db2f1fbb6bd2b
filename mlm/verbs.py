"""What R users type: ``mlm.ranef(m)`` for ``m.ranef()``, ``mlm.fixef(m)`` for ``m.fixef``.

Each function hands its arguments on to the model's method or property, which says what they mean and what is raised.
"""

from __future__ import annotations

from inspect import signature
from numbers import Real
from typing import Any

import pandas as pd

from .errors import ArgumentError, FitError, brief, is_one_of, listed, suggest
from .inference.elimination import ALPHA_FIXED, ALPHA_RANDOM, Elimination, eliminate
from .lm import least_squares
from .model.generalized_linear_model import GeneralizedLinearModel
from .model.generalized_mixed_model import GeneralizedMixedModel
from .model.linear_model import LinearModel
from .model.mixed_model import MixedModel
from .model.one_level_model import OneLevelModel
from .report.dropped import terms_of
from .report.face import demand_linear_mixed, demand_model, is_generalized
from .report.summary import Summary, summarize

__all__ = [
    "VarCorr",
    "coef",
    "coefficients",
    "confint",
    "fitted",
    "fixef",
    "glance",
    "predict",
    "ranef",
    "resid",
    "residuals",
    "step",
    "summary",
    "tidy",
    "vcov",
]

Model = MixedModel | GeneralizedMixedModel | LinearModel | GeneralizedLinearModel


def _asked(m: Model, name: str) -> Any:
    """Return a model's attribute, or say why it has none."""
    demand_model(m)
    found = getattr(m, name, None)
    if found is None:
        kind, verb = ("generalized linear", "glmer") if is_generalized(m) else ("linear", "lmer")
        raise FitError(f"A {kind} model has no {name!r}: it has no random effects. Fit them with mlm.{verb}.")
    return found


def _called(m: Model, name: str, arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Call a model's method, or say which arguments it has."""
    method = _asked(m, name)
    known = [*signature(summarize if name == "summary" else method).parameters]
    for option in options:
        if option not in known:
            there = ", ".join(one for one in known if one != "m")
            raise ArgumentError(f"{name} has no argument {option!r}; it has {there}.{suggest(option, known)}")
    return method(*arguments, **options)


def fixef(m: Model) -> pd.Series:
    """Return the fixed-effects estimates by term, shape (p,), as `MixedModel.fixef`.

    Examples
    --------
    >>> import mlm
    >>> mlm.fixef(mlm.lm("y ~ x", {"x": [1, 2, 3], "y": [3, 5, 7]})).round(3).to_dict()
    {'(Intercept)': 1.0, 'x': 2.0}
    """
    return _asked(m, "fixef")


def ranef(m: MixedModel | GeneralizedMixedModel) -> pd.DataFrame:
    """Return the conditional modes of the random effects, one row per level and term, as `MixedModel.ranef`.

    Raises
    ------
    FitError
        For a linear model, which has none.

    Examples
    --------
    >>> import mlm
    >>> m = mlm.lmer("y ~ 1 + (1 | g)", {"y": [1, 2, 4, 5, 7, 9], "g": list("aabbcc")})
    >>> mlm.ranef(m)["condval"].round(2).tolist()
    [-3.02, -0.16, 3.18]
    """
    return _asked(m, "ranef")()


def coef(m: Model) -> pd.DataFrame | dict[str, pd.DataFrame] | pd.Series:
    """Return coefficients level by level, as `MixedModel.coef`; of a linear model its coefficients by term.

    As in R, terms of a linear model that depend on others have NaN.

    Examples
    --------
    >>> import mlm
    >>> m = mlm.lmer("y ~ 1 + (1 | g)", {"y": [1, 2, 4, 5, 7, 9], "g": list("aabbcc")})
    >>> mlm.coef(m)["(Intercept)"].round(2).to_dict()
    {'a': 1.65, 'b': 4.51, 'c': 7.84}
    """
    return terms_of(m.fixef, m) if isinstance(m, OneLevelModel) else _asked(m, "coef")()


def coefficients(m: Model, *arguments: Any, **options: Any) -> pd.DataFrame:
    """Return the table of coefficients with standard errors and tests; arguments as for `MixedModel.coefficients`.

    Examples
    --------
    >>> import mlm
    >>> m = mlm.lmer("y ~ 1 + (1 | g)", {"y": [1, 2, 4, 5, 7, 9], "g": list("aabbcc")})
    >>> mlm.coefficients(m, ddf="satterthwaite")["df"].round(2).tolist()
    [2.0]
    """
    return _called(m, "coefficients", arguments, options)


def VarCorr(m: MixedModel | GeneralizedMixedModel) -> pd.DataFrame:
    """Return variances and covariances of the random effects, as `MixedModel.varcorr`.

    Raises
    ------
    FitError
        For a linear model, which has none.

    Examples
    --------
    >>> import mlm
    >>> m = mlm.lmer("y ~ 1 + (1 | g)", {"y": [1, 2, 4, 5, 7, 9], "g": list("aabbcc")})
    >>> mlm.VarCorr(m).set_index("grp")["sdcor"].round(3).to_dict()
    {'g': 3.175, 'Residual': 1.0}
    """
    return _asked(m, "varcorr")


def vcov(m: Model) -> pd.DataFrame:
    """Return the covariance matrix of the fixed effects, shape (p, p), as `MixedModel.vcov`.

    Examples
    --------
    >>> import mlm
    >>> m = mlm.lmer("y ~ 1 + (1 | g)", {"y": [1, 2, 4, 5, 7, 9], "g": list("aabbcc")})
    >>> mlm.vcov(m).shape
    (1, 1)
    """
    return _asked(m, "vcov")


def summary(m: Model, *arguments: Any, **options: Any) -> Summary:
    """Return the report laid out as in R; arguments as for `MixedModel.summary` or `LinearModel.summary`.

    Examples
    --------
    >>> import mlm
    >>> m = mlm.lmer("y ~ 1 + (1 | g)", {"y": [1, 2, 4, 5, 7, 9], "g": list("aabbcc")})
    >>> print(str(mlm.summary(m)).splitlines()[0])
    Linear mixed model fit by REML ['lmerMod']
    """
    return _called(m, "summary", arguments, options)


def predict(m: Model, newdata: Any = None, *arguments: Any, **options: Any) -> pd.Series | pd.DataFrame:
    """Return fitted values, or predictions for new rows; arguments as for `MixedModel.predict`.

    Examples
    --------
    >>> import mlm
    >>> m = mlm.lmer("y ~ 1 + (1 | g)", {"y": [1, 2, 4, 5, 7, 9], "g": list("aabbcc")})
    >>> mlm.predict(m, {"g": ["c", "z"]}, new_levels="population").round(2).tolist()
    [7.84, 4.67]
    """
    return _called(m, "predict", (newdata, *arguments), options)


def fitted(m: Model) -> pd.Series:
    """Return the fitted values by row label, in units of the response.

    Examples
    --------
    >>> import mlm
    >>> mlm.fitted(mlm.lm("y ~ x", {"x": [1, 2, 3], "y": [2, 4, 6]})).round(3).tolist()
    [2.0, 4.0, 6.0]
    """
    return _asked(m, "fitted")


def resid(m: Model) -> pd.Series:
    """Return the response less the fitted values, by row label.

    Examples
    --------
    >>> import mlm
    >>> mlm.resid(mlm.lm("y ~ x", {"x": [1, 2, 3], "y": [2, 5, 2]})).round(3).tolist()
    [-1.0, 2.0, -1.0]
    """
    return _asked(m, "resid")


def residuals(m: Model, *arguments: Any, **options: Any) -> pd.Series:
    """Return residuals of a `type`; arguments as for the model's method, such as `MixedModel.residuals`.

    Examples
    --------
    >>> import mlm
    >>> m = mlm.lmer("y ~ 1 + (1 | g)", {"y": [1, 2, 4, 5, 7, 9], "g": list("aabbcc")})
    >>> mlm.residuals(m, type="scaled").round(2).tolist()
    [-0.65, 0.35, -0.51, 0.49, -0.84, 1.16]
    """
    return _called(m, "residuals", arguments, options)


def confint(m: Model, *arguments: Any, **options: Any) -> pd.DataFrame:
    """Return confidence intervals of the fixed effects; arguments as for `MixedModel.confint`.

    Examples
    --------
    >>> import mlm
    >>> m = mlm.lmer("y ~ 1 + (1 | g)", {"y": [1, 2, 4, 5, 7, 9], "g": list("aabbcc")})
    >>> mlm.confint(m).round(2).values.tolist()
    [[0.99, 8.35]]
    """
    return _called(m, "confint", arguments, options)


def tidy(m: Model, *arguments: Any, **options: Any) -> pd.DataFrame:
    """Return one row per parameter, in broom's columns; arguments as for `MixedModel.tidy`.

    Examples
    --------
    >>> import mlm
    >>> m = mlm.lmer("y ~ 1 + (1 | g)", {"y": [1, 2, 4, 5, 7, 9], "g": list("aabbcc")})
    >>> mlm.tidy(m)["term"].tolist()
    ['(Intercept)', 'sd__(Intercept)', 'sd__Observation']
    """
    return _called(m, "tidy", arguments, options)


def glance(m: Model) -> pd.DataFrame:
    """Return one row of numbers about the whole model, in broom's columns.

    Examples
    --------
    >>> import mlm
    >>> m = mlm.lmer("y ~ 1 + (1 | g)", {"y": [1, 2, 4, 5, 7, 9], "g": list("aabbcc")})
    >>> int(mlm.glance(m)["nobs"].iloc[0])
    6
    """
    return _asked(m, "glance")()


def step(
    m: MixedModel,
    ddf: str | None = None,
    alpha_random: float = ALPHA_RANDOM,
    alpha_fixed: float = ALPHA_FIXED,
    reduce_random: bool = True,
    reduce_fixed: bool = True,
    keep: Any = (),
) -> Elimination:
    """Leave out random effects, then terms of the fixed part, that are not significant, as lmerTest's ``step()``.

    One at a time the least significant is left out and the model fitted again, random effects tested as by `ranova` and
    terms as by `drop1`. P values of a model that was chosen so are too small, and its intervals too narrow.

    Parameters
    ----------
    m : MixedModel
    ddf : {"satterthwaite", "kenward-roger"}
        Satterthwaite's by default.
    alpha_random, alpha_fixed : float
        P values above these count as not significant.
    reduce_random, reduce_fixed : bool
        Whether to leave out random effects, and terms of the fixed part.
    keep : sequence of str
        Terms of the fixed part that stay; ``"z:x"`` is ``x:z``.

    Returns
    -------
    Elimination
        With the tables ``random`` and ``fixed``, and ``model``: a linear model where no random effects are left. What
        could be left out, but for a smaller model that cannot be fitted, stays, and the table says why: the last random
        effects of a model with weights, or terms without which categories would be coded in another way.

    Raises
    ------
    ArgumentError
        For what is not a mixed model, or an option that has a value it cannot have.
    FitError
        For Kenward and Roger's method on a fit by maximum likelihood; when random effects cannot be tested, as without
        them categories would be coded in another way.

    Examples
    --------
    >>> import mlm
    >>> rows = {"y": [1, 2.2, 4.1, 5, 7.3, 9], "x": [3, 1, 1, 2, 2, 3], "g": list("aabbcc")}
    >>> found = mlm.step(mlm.lmer("y ~ x + (1 | g)", rows))
    >>> found.model.formula, found.fixed.frame["Eliminated"].tolist()
    ('y ~ (1 | g)', [1.0])

    References
    ----------
    Harrell, F. E. (2015). *Regression Modeling Strategies*, 2nd ed., section 4.3. Springer.
    """
    demand_linear_mixed(m, "step")
    levels: dict[str, Any] = {"alpha_random": alpha_random, "alpha_fixed": alpha_fixed}
    for name, share in levels.items():
        real = isinstance(share, Real) and not isinstance(share, bool)
        if not real or not 0 <= share <= 1:
            raise ArgumentError(f"`{name}` is a p value from 0 to 1; got {brief(share)}.")
    for name, flag in (("reduce_random", reduce_random), ("reduce_fixed", reduce_fixed)):
        if not is_one_of(flag, (True, False)):
            raise ArgumentError(f"`{name}` is True or False; got {brief(flag)}.")
    kept = [keep] if isinstance(keep, str) else listed(keep)
    if kept is None or not all(isinstance(name, str) for name in kept):
        raise ArgumentError(f"`keep` is a list of terms of the fixed part, by their names; got {brief(keep)}.")
    return eliminate(m, least_squares, ddf, (alpha_random, alpha_fixed), (reduce_random, reduce_fixed), tuple(kept))
