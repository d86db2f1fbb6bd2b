"""What R users type: ``mlm.ranef(m)`` for ``m.ranef()``, ``mlm.fixef(m)`` for ``m.fixef``.

Each function hands its arguments on to the model's method or property, which says what they mean and what is raised.
"""

from __future__ import annotations

from inspect import signature
from typing import Any

import pandas as pd

from .errors import ArgumentError, FitError, suggest
from .model.linear_model import LinearModel
from .model.mixed_model import MixedModel
from .report.dropped import terms_of
from .report.face import is_model
from .report.summary import Summary, summarize

__all__ = [
    "VarCorr",
    "coef",
    "confint",
    "fitted",
    "fixef",
    "glance",
    "predict",
    "ranef",
    "resid",
    "summary",
    "tidy",
    "vcov",
]

Model = MixedModel | LinearModel


def _asked(m: Model, name: str) -> Any:
    """Return a model's attribute, or say why it has none."""
    if not is_model(m):
        raise ArgumentError(f"This takes a model that mlm.lmer or mlm.lm has fitted; got {type(m).__name__}.")
    found = getattr(m, name, None)
    if found is None:
        raise FitError(f"A linear model has no {name!r}: it has no random effects. Fit them with mlm.lmer.")
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
    >>> mlm.fixef(mlm.lm("y ~ x", {"x": [1.0, 2.0, 3.0], "y": [3.0, 5.0, 7.0]})).round(3).to_dict()
    {'(Intercept)': 1.0, 'x': 2.0}
    """
    return _asked(m, "fixef")


def ranef(m: MixedModel) -> pd.DataFrame:
    """Return the conditional modes of the random effects, one row per level and term, as `MixedModel.ranef`.

    Raises
    ------
    FitError
        For a linear model, which has none.

    Examples
    --------
    >>> import mlm
    >>> m = mlm.lmer("y ~ 1 + (1 | g)", {"y": [1.0, 2.0, 4.0, 5.0, 7.0, 9.0], "g": list("aabbcc")})
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
    >>> m = mlm.lmer("y ~ 1 + (1 | g)", {"y": [1.0, 2.0, 4.0, 5.0, 7.0, 9.0], "g": list("aabbcc")})
    >>> mlm.coef(m)["(Intercept)"].round(2).to_dict()
    {'a': 1.65, 'b': 4.51, 'c': 7.84}
    """
    return terms_of(m.fixef, m) if isinstance(m, LinearModel) else _asked(m, "coef")()


def VarCorr(m: MixedModel) -> pd.DataFrame:
    """Return variances and covariances of the random effects, as `MixedModel.varcorr`.

    Raises
    ------
    FitError
        For a linear model, which has none.

    Examples
    --------
    >>> import mlm
    >>> m = mlm.lmer("y ~ 1 + (1 | g)", {"y": [1.0, 2.0, 4.0, 5.0, 7.0, 9.0], "g": list("aabbcc")})
    >>> mlm.VarCorr(m).set_index("grp")["sdcor"].round(3).to_dict()
    {'g': 3.175, 'Residual': 1.0}
    """
    return _asked(m, "varcorr")


def vcov(m: Model) -> pd.DataFrame:
    """Return the covariance matrix of the fixed effects, shape (p, p), as `MixedModel.vcov`.

    Examples
    --------
    >>> import mlm
    >>> m = mlm.lmer("y ~ 1 + (1 | g)", {"y": [1.0, 2.0, 4.0, 5.0, 7.0, 9.0], "g": list("aabbcc")})
    >>> mlm.vcov(m).shape
    (1, 1)
    """
    return _asked(m, "vcov")


def summary(m: Model, *arguments: Any, **options: Any) -> Summary:
    """Return the report laid out as in R; arguments as for `MixedModel.summary` or `LinearModel.summary`.

    Examples
    --------
    >>> import mlm
    >>> m = mlm.lmer("y ~ 1 + (1 | g)", {"y": [1.0, 2.0, 4.0, 5.0, 7.0, 9.0], "g": list("aabbcc")})
    >>> print(str(mlm.summary(m)).splitlines()[0])
    Linear mixed model fit by REML ['lmerMod']
    """
    return _called(m, "summary", arguments, options)


def predict(m: Model, newdata: Any = None, *arguments: Any, **options: Any) -> pd.Series:
    """Return fitted values, or predictions for new rows; arguments as for `MixedModel.predict`.

    Examples
    --------
    >>> import mlm
    >>> m = mlm.lmer("y ~ 1 + (1 | g)", {"y": [1.0, 2.0, 4.0, 5.0, 7.0, 9.0], "g": list("aabbcc")})
    >>> mlm.predict(m, {"g": ["c", "z"]}, new_levels="population").round(2).tolist()
    [7.84, 4.67]
    """
    return _called(m, "predict", (newdata, *arguments), options)


def fitted(m: Model) -> pd.Series:
    """Return the fitted values by row label, in units of the response.

    Examples
    --------
    >>> import mlm
    >>> mlm.fitted(mlm.lm("y ~ x", {"x": [1.0, 2.0, 3.0], "y": [2.0, 4.0, 6.0]})).round(3).tolist()
    [2.0, 4.0, 6.0]
    """
    return _asked(m, "fitted")


def resid(m: Model) -> pd.Series:
    """Return the response less the fitted values, by row label.

    Examples
    --------
    >>> import mlm
    >>> mlm.resid(mlm.lm("y ~ x", {"x": [1.0, 2.0, 3.0], "y": [2.0, 5.0, 2.0]})).round(3).tolist()
    [-1.0, 2.0, -1.0]
    """
    return _asked(m, "resid")


def confint(m: Model, *arguments: Any, **options: Any) -> pd.DataFrame:
    """Return confidence intervals of the fixed effects; arguments as for `MixedModel.confint`.

    Examples
    --------
    >>> import mlm
    >>> m = mlm.lmer("y ~ 1 + (1 | g)", {"y": [1.0, 2.0, 4.0, 5.0, 7.0, 9.0], "g": list("aabbcc")})
    >>> mlm.confint(m).round(2).values.tolist()
    [[0.99, 8.35]]
    """
    return _called(m, "confint", arguments, options)


def tidy(m: Model, *arguments: Any, **options: Any) -> pd.DataFrame:
    """Return one row per parameter, in broom's columns; arguments as for `MixedModel.tidy`.

    Examples
    --------
    >>> import mlm
    >>> m = mlm.lmer("y ~ 1 + (1 | g)", {"y": [1.0, 2.0, 4.0, 5.0, 7.0, 9.0], "g": list("aabbcc")})
    >>> mlm.tidy(m)["term"].tolist()
    ['(Intercept)', 'sd__(Intercept)', 'sd__Observation']
    """
    return _called(m, "tidy", arguments, options)


def glance(m: Model) -> pd.DataFrame:
    """Return one row of numbers about the whole model, in broom's columns.

    Examples
    --------
    >>> import mlm
    >>> m = mlm.lmer("y ~ 1 + (1 | g)", {"y": [1.0, 2.0, 4.0, 5.0, 7.0, 9.0], "g": list("aabbcc")})
    >>> int(mlm.glance(m)["nobs"].iloc[0])
    6
    """
    return _asked(m, "glance")()
