"""Models of mlm for the package marginaleffects: predictions, comparisons and slopes of the fixed part."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

from ..errors import ArgumentError, FitError
from ..frame.values import Category, Truth
from ..report.face import demand_model, mean_of

__all__ = ["marginal_model"]

RESPONSE = "response_of_the_fit"
"""What the response is called there: it may be an expression, or have the name of a predictor."""


def marginal_model(m: Any) -> Any:
    """Return a model as the functions of marginaleffects take it: ``marginaleffects.avg_slopes(marginal_model(m))``.

    Parameters
    ----------
    m : fitted model
        Of any kind. Random effects are taken as 0; means of generalized models are on the scale of the response.

    Returns
    -------
    marginaleffects.classes.model.ModelAbstract
        With the rows of the fit, the coefficients and their covariance matrix. Tests and intervals are by the normal
        distribution; marginaleffects' ``df=`` takes other degrees of freedom.

    Raises
    ------
    ArgumentError
        When `m` is not a model, or marginaleffects is not installed.
    FitError
        For a model with an offset, which its rows of predictors do not bring.

    Notes
    -----
    marginaleffects 0.6.0 fails with polars 2 on numeric columns ("'is_in' cannot check for Float64 values"), in its own
    code; with polars 1 it works.

    Examples
    --------
    >>> import mlm
    >>> from mlm.adapters.marginaleffects import marginal_model
    >>> m = mlm.lm("y ~ x", {"x": [1.0, 2.0, 3.0], "y": [2.0, 4.0, 7.0]})
    >>> marginaleffects.avg_slopes(marginal_model(m))  # doctest: +SKIP
    """
    demand_model(m)
    if m.frame.offset is not None:
        raise FitError("A model with an offset cannot be handed to marginaleffects: its rows have no offset.")
    try:
        classes, polars = import_module("marginaleffects.classes.model"), import_module("polars")
    except ImportError as error:
        raise ArgumentError(
            f"This needs the package marginaleffects ({error}): pip install marginaleffects 'polars<2'."
        ) from None
    names = [str(name) for name in m.frame.predictors]
    data = polars.DataFrame({RESPONSE: m.frame.y, **_columns(m, polars)})
    vault = classes.ModelVault(
        coef=m.fixef.to_numpy(),
        coefnames=np.array([str(name) for name in m.fixef.index]),
        formula=f"{RESPONSE} ~ {' + '.join(f'`{name}`' for name in names) or '1'}",
        formula_engine="mlm",
        modeldata=data,
        package="mlm",
        vcov=m.vcov.to_numpy(),
        variable_names=[RESPONSE, *names],
    )
    return _kind(classes.ModelAbstract)(m, vault)


def _columns(m: Any, polars: Any) -> dict[str, Any]:
    """Predictors in the rows of the fit: categories as polars' enumerations of their labels."""
    found: dict[str, Any] = {}
    for name, value in m.frame.predictors.items():
        if isinstance(value, Category):
            labels = list(value.labels)
            found[name] = polars.Series([labels[code] for code in value.codes], dtype=polars.Enum(labels))
        else:
            found[name] = np.asarray(value.values, dtype=bool if isinstance(value, Truth) else float)
    return found


@cache
def _kind(base: type) -> type:
    """The class of models for marginaleffects, on its own abstract one."""

    class MarginalModel(base):
        """A model of mlm with the face that marginaleffects asks for."""

        df_resid = np.inf  # rows less parameters are no degrees of freedom of a mixed model

        def find_response(self) -> str:
            return RESPONSE

        def find_predictors(self) -> list[str]:
            return [str(name) for name in self.model.frame.predictors]

        def find_variables(self) -> list[str]:
            return [RESPONSE, *self.find_predictors()]

        def get_exog(self, newdata: Any) -> np.ndarray:
            return np.asarray(self.model.design(newdata).to_numpy())

        def get_predict(self, params: np.ndarray, newdata: Any) -> Any:
            rows = newdata if isinstance(newdata, np.ndarray) else self.get_exog(newdata)
            estimate = mean_of(self.model, rows @ np.asarray(params, dtype=float))
            return import_module("polars").DataFrame({"rowid": np.arange(len(rows)), "estimate": estimate})

    return MarginalModel
