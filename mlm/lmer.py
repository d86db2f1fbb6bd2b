"""Linear mixed models: from a formula and data to a fitted model, in five stages one can read top to bottom."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from .checks import demand_estimable, demand_identified, demand_residuals, demand_variation, starting_theta
from .covariance import covariance_layout
from .crossproducts import CrossProducts, cross_products
from .design import Columns, dependent_columns
from .deviance import Deviance
from .errors import DataError, FitError, FormulaError, RankWarning, SingularFitWarning
from .frame import Grouping, ModelFrame, RandomPart, model_frame
from .model import MixedModel
from .nloptwrap import lme4_start
from .optimize import minimise
from .table import as_numbers

__all__ = ["lmer"]


def lmer(
    formula: str,
    data: Any,
    reml: bool = True,
    weights: Any = None,
    offset: Any = None,
    optimizer: str = "newton",
    start: Any = None,
    tolerance: float | None = None,
    verbose: bool = False,
) -> MixedModel:
    """Fit a linear mixed-effects model by REML or maximum likelihood.

    Parameters
    ----------
    formula : str
        As in lme4, for example ``"y ~ x + (1 + x | g)"``.
    data : data frame
        pandas, polars, pyarrow or any other eager frame that narwhals knows, or a mapping of columns.
    reml : bool, default True
        Restricted maximum likelihood; False for maximum likelihood.
    weights : str or array_like of shape (rows,), optional
        Prior weights: the residual variance of a row is ``sigma² / weight``.
    offset : str or array_like of shape (rows,), optional
        Known part of the linear predictor.
    optimizer : {"newton", "nloptwrap"}
        ``"newton"`` finds the exact optimum. ``"nloptwrap"`` (extra ``nlopt``) stops where lme4's default optimiser
        stops, which can differ in the last printed digit.
    start : array_like of shape (n_theta,), optional
        Where the search for theta starts.
    tolerance : float, optional
        Absolute tolerance of ``"nloptwrap"``, of theta and of the criterion: by default 1e-8 as in lme4 since
        1.1-22; lme4 1.1-20 and 1.1-21 had 1e-6.
    verbose : bool, default False
        Print a line for each evaluation of the criterion, as it comes: its number, the criterion, theta. For fits that
        take long.

    Returns
    -------
    MixedModel
        Fitted and read-only.

    Raises
    ------
    FormulaError
        The formula cannot be read, or has no random-effects term.
    DataError
        The data do not fit the formula.
    FitError
        The model cannot be estimated from these data.

    Warns
    -----
    MissingRowsWarning, RankWarning, SingularFitWarning

    References
    ----------
    Bates, D., Mächler, M., Bolker, B. & Walker, S. (2015). Fitting linear mixed-effects models using lme4.
    Journal of Statistical Software 67(1), sections 2-3. doi:10.18637/jss.v067.i01

    Examples
    --------
    >>> import mlm
    >>> data = {"y": [3.1, 4.0, 5.2, 7.9, 9.1, 9.8, 5.0, 6.2, 7.1], "x": [1, 2, 3] * 3, "g": list("aaabbbccc")}
    >>> m = mlm.lmer("y ~ x + (1 | g)", data)
    >>> m.fixef.round(3).to_dict()
    {'(Intercept)': 4.344, 'x': 1.017}
    """
    if reml not in (True, False):
        raise FitError(f"`reml` is True (REML) or False (maximum likelihood); got {reml!r}.")
    frame = model_frame(formula, data, weights, offset)
    terms = _sorted_terms(frame)
    demand_estimable(frame, terms)
    frame, products = _independent(frame, terms)
    demand_variation(frame, products)
    return fit(frame, terms, products, reml, optimizer, start, tolerance, verbose)


def fit(
    frame: ModelFrame,
    terms: list[RandomPart],
    products: CrossProducts,
    reml: bool,
    optimizer: str = "newton",
    start: np.ndarray | None = None,
    tolerance: float | None = None,
    verbose: bool = False,
) -> MixedModel:
    """Fit from cross-products that are there already (`MixedModel.refit` comes in here)."""
    deviance = deviance_function(terms, products, reml)
    demand_identified(terms, deviance)
    first = starting_theta(start, deviance)
    if first is None and optimizer == "nloptwrap":
        first = lme4_start(frame, terms)
    optimum = minimise(deviance, optimizer, first, tolerance, verbose)
    demand_residuals(optimum, deviance)
    model = MixedModel(frame, tuple(terms), products, deviance, optimum, reml)
    if model.is_singular:
        warnings.warn(_singular_message(model), SingularFitWarning, stacklevel=3)
    return model


def deviance_function(terms: list[RandomPart], products: CrossProducts, reml: bool) -> Deviance:
    """Build the deviance function: the layout of theta on these cross-products."""
    position = {f.name: k for k, f in enumerate(products.factors)}
    sizes = tuple((position[t.term.group], len(t.columns.names)) for t in terms)
    return Deviance(products, covariance_layout(sizes, len(products.factors)), reml)


def _sorted_terms(frame: ModelFrame) -> list[RandomPart]:
    """Terms by number of levels, the largest first: the order of theta in lme4.

    Terms that are not in this order already are sorted so that ties come out reversed, as lme4's do.
    """
    if not frame.random:
        raise FormulaError(
            "The formula has no random-effects term; add one such as '(1 | group)', or use mlm.lm for ordinary "
            f"least squares.\n  {frame.formula.text}"
        )
    levels = [frame.groupings[part.term.group].size for part in frame.random]
    if levels == sorted(levels, reverse=True):
        return list(frame.random)
    order = sorted(range(len(levels)), key=levels.__getitem__)
    return [frame.random[k] for k in reversed(order)]


def _factors(frame: ModelFrame, terms: list[RandomPart]) -> list[tuple[Grouping, Columns]]:
    """Grouping factors with the columns of all their terms, the largest first."""
    joined: dict[str, Columns] = {}
    for part in terms:
        have = joined.get(part.term.group)
        joined[part.term.group] = (
            part.columns
            if have is None
            else Columns(have.names + part.columns.names, have.factors + part.columns.factors, have.n)
        )
    factors = [(frame.groupings[name], columns) for name, columns in joined.items()]
    return sorted(factors, key=lambda f: -f[0].size * len(f[1].names))


def _independent(frame: ModelFrame, terms: list[RandomPart]) -> tuple[ModelFrame, CrossProducts]:
    """Compute the cross-products; drop fixed-effects columns that depend on others, as lme4 does, and say so."""
    factors = _factors(frame, terms)
    products = cross_products(frame, factors)
    if products.independent:
        return frame, products
    matrix = frame.x if frame.weights is None else frame.x * np.sqrt(frame.weights)[:, None]
    dropped = dependent_columns(matrix)
    if not dropped:
        return frame, cross_products(frame, factors, orthonormal=True)
    names = [frame.x_names[k] for k in dropped]
    kept = [n for n in frame.x_names if n not in names]
    warnings.warn(
        f"The fixed-effects columns are linearly dependent: {', '.join(names)} {'was' if len(names) == 1 else 'were'} "
        f"dropped, being constant or a combination of the {len(kept)} columns kept ({', '.join(kept[:8])}"
        f"{' …' if len(kept) > 8 else ''}). Leave {'it' if len(names) == 1 else 'them'} out of the formula.",
        RankWarning,
        stacklevel=3,
    )
    frame = frame.without(dropped)
    return frame, cross_products(frame, factors, orthonormal=True)


def _singular_message(model: MixedModel) -> str:
    flat = ", ".join(f"'({t})'" for t in model.singular_terms)
    return (
        f"Singular fit: the covariance of {flat} is estimated with a variance of 0 or a correlation of ±1. "
        "The fit is kept; a simpler random-effects term would describe the data as well."
    )


def refit_response(model: MixedModel, y: Any, reml: bool, optimizer: str) -> MixedModel:
    """Fit a model's formula to another response for the same rows."""
    index = model.frame.index
    if isinstance(y, pd.Series) and not y.index.equals(index):
        if not y.index.is_unique or len(index.difference(y.index)):
            raise DataError("The labels of the new response are not those of the rows in use; give an array instead.")
        y = y.reindex(index)
    values = as_numbers(y, "The new response")
    if values.shape != (model.nobs,):
        raise DataError(
            f"The new response must have one value for each of the {model.nobs} rows in use; got {values.shape}."
        )
    if not np.isfinite(values).all():
        raise DataError(f"The new response has {int((~np.isfinite(values)).sum())} missing or infinite values.")
    terms = list(model.terms)
    frame, products = _independent(replace(model.frame, y=values), terms)
    demand_variation(frame, products)
    return fit(frame, terms, products, reml, optimizer)
