"""Ordinary least squares, for complete pooling, no pooling and dummy-variable models."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from .errors import ArgumentError
from .fit import one_level
from .fit.checks import demand_no_family
from .frame.fit_call import FitCall
from .frame.independence import demand_no_random_terms, independent_columns
from .frame.model_frame import ModelFrame, read_frame
from .frame.units import LARGEST_SQUARES, demand_squares
from .model.linear_model import LinearModel

__all__ = ["lm"]


def lm(
    formula: str,
    data: Any,
    contrasts: Mapping[str, Any] | None = None,
    functions: Mapping[str, Callable[..., Any]] | None = None,
    data_name: str | None = None,
    **others: Any,
) -> LinearModel:
    """Fit a linear model by ordinary least squares.

    Parameters
    ----------
    formula : str
        As in R, without random terms: ``"math ~ homework + C(schnum)"``.
    data : data frame
        Anything that narwhals knows, or a mapping of columns; n rows. Rows with missing values in a variable
        of the formula are left out, with a warning.
    contrasts : mapping of str to str or array_like, optional
        How categories are coded, as in R: ``{"f": "sum"}`` (treatment, sum, helmert, poly, or a matrix).
    functions : mapping of str to callable, optional
        Functions of your own that the formula calls, by their names there: they take and give arrays.
    data_name : str, optional
        What reports call the data, as R's ``Data:`` line does; by default ``data.attrs["name"]``, where there is one.

    Returns
    -------
    LinearModel

    Raises
    ------
    ArgumentError
        An option has a value that it cannot have.
    FormulaError
        The formula cannot be read, or has random terms.
    DataError
        A column is missing or not numeric, values are infinite or too large to be squared, or no complete row is left.

    Warns
    -----
    RankWarning
        Columns that depend linearly on columns to their left were left out.

    Examples
    --------
    >>> model = lm("y ~ x", {"x": [1.0, 2.0, 3.0, 4.0], "y": [2.0, 4.1, 5.9, 8.0]})
    >>> model.fixef.round(3).to_dict()
    {'(Intercept)': 0.05, 'x': 1.98}
    >>> round(model.r_squared, 4)
    0.9991

    References
    ----------
    Fox, J. (2016). *Applied Regression Analysis and Generalized Linear Models*, 3rd ed., chapters 5 and 9.
    """
    if others:
        demand_no_family("lm", others)
        raise ArgumentError(
            f"lm has no argument {next(iter(others))!r}; it has formula, data, contrasts, functions and data_name. An "
            "offset is a term, offset(x); fits with weights are those of mlm.glm(…, family='gaussian', weights=…)."
        )
    options: dict[str, Any] = {"contrasts": contrasts, "functions": functions, "data_name": data_name}
    frame = read_frame(formula, data, **options, origin=FitCall(lm, data, options))
    demand_no_random_terms(frame, "mlm.lmer", "least squares")
    return least_squares(frame)


def least_squares(frame: ModelFrame) -> LinearModel:
    """Fit a linear model to a frame without random effects; :func:`lm` says what is raised.

    Parameters
    ----------
    frame : ModelFrame

    Returns
    -------
    LinearModel
    """
    terms = frame.x_names
    if frame.origin is not None and frame.origin.verb is not lm:
        frame = replace(frame, origin=None)
    demand_squares(frame, LARGEST_SQUARES)
    frame, aliased = independent_columns(frame)
    coefficients, vcov, sigma = one_level.least_squares(frame)
    return LinearModel(
        formula=frame.formula.text,
        response=frame.formula.response,
        frame=frame,
        beta=coefficients,
        covariance=vcov,
        sigma=sigma,
        aliased=aliased,
        terms=terms,
    )
