"""Linear mixed models: from a formula and data to a fitted model, stage by stage, to be read from top to bottom."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .errors import ArgumentError, is_one_of
from .fit.checks import by_reml, demand_estimable, demand_variation
from .fit.stages import independent_columns, sorted_terms
from .frame.model_frame import model_frame
from .model.mixed_model import MixedModel

__all__ = ["lmer"]


def lmer(
    formula: str,
    data: Any,
    reml: bool | None = None,
    weights: Any = None,
    offset: Any = None,
    optimizer: str = "newton",
    start: Any = None,
    tolerance: float | None = None,
    verbose: bool = False,
    contrasts: Mapping[str, Any] | None = None,
    functions: Mapping[str, Callable[..., Any]] | None = None,
    data_name: str | None = None,
    REML: bool | None = None,
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
        Prior weights, as R's ``weights``: the residual variance of a row is ``sigma² / weight``. They are not sampling
        (survey) weights, which say how many others a row stands for and would need other standard errors.
    offset : str or array_like of shape (rows,), optional
        Known part of the linear predictor.
    optimizer : {"newton", "nloptwrap"}
        ``"newton"`` finds the exact optimum. ``"nloptwrap"`` (extra ``nlopt``) stops where lme4's default optimiser
        stops, which can differ in the last printed digit.
    start : array_like of shape (n_theta,), optional
        Where the search for theta starts. ``"newton"`` also searches from where it would by itself, and keeps the
        lower end.
    tolerance : float, optional
        Absolute tolerance of ``"nloptwrap"``, of theta and of the criterion: by default 1e-8 as in lme4 since
        1.1-22; lme4 1.1-20 and 1.1-21 had 1e-6.
    verbose : bool, default False
        Print a line for each evaluation of the criterion, as it comes: its number, the criterion, theta. For fits that
        take long.
    contrasts : mapping of str to str or array_like, optional
        How categories of the fixed part are coded, as in R: ``{"f": "sum"}`` (treatment, sum, helmert, poly, or a
        matrix). By default treatment contrasts, and polynomial ones for ordered categories.
    functions : mapping of str to callable, optional
        Functions of your own that the formula calls, by their names there: they take and give arrays.
    data_name : str, optional
        What reports call the data, as R's ``Data:`` line does; by default ``data.attrs["name"]``, where there is one.
    REML : bool, optional
        R's spelling of `reml`.

    Returns
    -------
    MixedModel
        Fitted and read-only.

    Raises
    ------
    ArgumentError
        An option has a value that it cannot have.
    FormulaError
        The formula cannot be read, has no random-effects term, or asks for slopes of a grouping factor within itself.
    DataError
        The data do not fit the formula.
    FitError
        The model cannot be estimated from these data.

    Warns
    -----
    MissingRowsWarning, RankWarning, IdentificationWarning, SingularFitWarning, ConvergenceWarning

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
    restricted = by_reml(reml, REML, default=True)
    if not is_one_of(verbose, (True, False)):
        raise ArgumentError(f"`verbose` is True or False; got {verbose!r}.")
    frame = model_frame(formula, data, weights, offset, contrasts, functions, data_name)
    terms = sorted_terms(frame)
    demand_estimable(frame, terms)
    frame, products = independent_columns(frame, terms)
    demand_variation(frame, products)
    return MixedModel.estimate(frame, terms, products, restricted, optimizer, start, tolerance, verbose)
