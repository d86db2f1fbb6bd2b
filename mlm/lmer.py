"""Linear mixed models: from a formula and data to a fitted model, stage by stage, to be read from top to bottom."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from .errors import ArgumentError, brief, is_one_of, suggest
from .fit.checks import by_reml, demand_estimable, demand_no_family, solving_of
from .fit.lazy import unread_frame
from .fit.of_sums import products_of
from .fit.stages import sorted_terms
from .frame.fit_call import FitCall
from .frame.lazy_table import is_lazy
from .frame.model_frame import ModelFrame, read_frame
from .likelihood.deviance import AUTOMATIC, PROBES
from .model.mixed_model import MixedModel
from .model.model_sums import ModelSums, demand_alone

__all__ = ["lmer"]


def lmer(
    formula: str | ModelSums,
    data: Any = None,
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
    solver: str | None = None,
    probes: int = PROBES,
    seed: int = 0,
    **others: Any,
) -> MixedModel:
    """Fit a linear mixed-effects model by REML or maximum likelihood.

    Parameters
    ----------
    formula : str or ModelSums
        As in lme4, for example ``"y ~ x + (1 + x | g)"``; the notes below have the grammar. Or sums that `mlm.sums` or
        `mlm.merge` made, which have formula, weights, offset and contrasts in them, and take the place of the data.
    data : data frame
        pandas, polars, pyarrow or any other eager frame that narwhals knows, or a mapping of columns. Also a polars
        ``LazyFrame``, a relation of DuckDB, a Dask frame, an Ibis table, or the name of a Parquet file
        (``"visits/*.parquet"``, which DuckDB reads): these are not read, and what needs their rows (fitted values,
        residuals, simulation) raises `FitError`.
    reml : bool, default True
        Restricted maximum likelihood; False for maximum likelihood.
    weights : str or array_like of shape (rows,), optional
        Prior weights, as R's ``weights``: the residual variance of a row is ``sigma² / weight``. They are not sampling
        (survey) weights, which say how many others a row stands for and would need other standard errors. Of lazy data
        these, and an offset, are names of columns or expressions.
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
    solver : {None, "exact", "iterative"}
        How several grouping factors are solved. ``"exact"`` eliminates all their effects, and is refused where the
        system of crossed factors does not fit in memory; ``"iterative"`` only multiplies with it, by conjugate
        gradients, and estimates traces and the criterion with random probes: ``m.monte_carlo`` says how sure theta and
        the criterion are then. None is exact where that fits. A single factor is always solved exactly.
    probes : int, default 30
        Random probes of an iterative solution: four times as many halve its Monte Carlo error.
    seed : int, default 0
        What the probes are drawn from.

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
    MissingRowsWarning
        Rows with missing values were left out.
    RankWarning
        Columns of the fixed effects depend on others and were dropped.
    IdentificationWarning
        The data cannot tell some variances apart.
    SingularFitWarning
        A variance is estimated as zero, or a correlation as plus or minus one.
    ConvergenceWarning
        The search ended without a minimum, or rounding hides it.
    ResponseWarning
        The response is True and False.
    MonteCarloWarning
        The system of crossed factors does not fit in memory and is solved iteratively, with a Monte Carlo error.

    Notes
    -----
    A formula is ``response ~ fixed part + (random effects | group)``. The fixed part has an intercept; ``0 +`` takes it
    out.

    In the fixed part,

    ====================  =========================================================================
    ``x + z``             two predictors: a slope of numbers, a coefficient for each level but the
                          first of words, categories and truth values
    ``x:z``               their interaction; ``x * z`` is ``x + z + x:z``
    ``factor(k)``         codes 1, 2, 3 as a category
    ``log(x)``            functions of columns, as in R: ``I(x^2)``, ``scale(x)``, ``poly(x, 2)`` …
    ```my score```        a column whose name is not a word stands in backticks
    ====================  =========================================================================

    and in the random part,

    ====================  =========================================================================
    ``(1 | g)``           an intercept for each level of ``g``
    ``(1 + x | g)``       an intercept and a slope of ``x``, correlated
    ``(x || g)``          the same without the correlation
    ``(1 | a/b)``         groups ``b`` within groups ``a``
    ``(1|a) + (1|b)``     crossed groups
    ====================  =========================================================================

    What to do next with the model ``m``: ``print(m.summary(ddf="satterthwaite"))`` for the printout with p values,
    ``mlm.icc(m)`` for the share of variance between groups, ``m.ranef()`` and ``m.coef()`` for single groups,
    ``mlm.anova(m0, m)`` against a smaller model, ``mlm.effect(m, "x").plot()`` and ``mlm.plot.caterpillar(m)`` for
    pictures, ``m.predict(new_data)`` for new rows, ``m.tidy()`` for a data frame.

    References
    ----------
    Bates, D., Mächler, M., Bolker, B. & Walker, S. (2015). Fitting linear mixed-effects models using lme4.
    Journal of Statistical Software 67(1), sections 2-3. doi:10.18637/jss.v067.i01

    Examples
    --------
    Does more homework go with better results in mathematics, in ten schools of Kreft & De Leeuw (1998)?

    >>> import mlm, replications
    >>> pupils = replications.load("imm10", verbose=False)
    >>> m = mlm.lmer("math ~ homework + (1 | schnum)", pupils)
    >>> table = m.coefficients(ddf="satterthwaite").round(2)
    >>> table[["Estimate", "Std. Error", "Pr(>|t|)"]]
                 Estimate  Std. Error  Pr(>|t|)
    (Intercept)     44.98        1.80       0.0
    homework         2.21        0.38       0.0
    >>> print(mlm.icc(m))
    # Intraclass Correlation Coefficient
    <BLANKLINE>
        Adjusted ICC: 0.281
      Unadjusted ICC: 0.249

    Not in every school: let each have a slope of its own.

    >>> slopes = mlm.lmer("math ~ homework + (1 + homework | schnum)", pupils)
    >>> slopes.coef()["homework"].round(1).tolist()
    [-3.2, -2.8, 7.6, 5.4, -3.8, -1.8, 1.3, 6.1, 5.5, 6.1]
    """
    if others:
        demand_no_family("lmer", others)
        name = next(iter(others))
        raise ArgumentError(f"lmer has no argument {name!r}.{suggest(name, lmer.__annotations__)}")
    restricted = by_reml(reml, REML, default=True)
    if verbose is not False and not is_one_of(verbose, (True, False)):
        raise ArgumentError(f"`verbose` is True or False; got {brief(verbose)}.")
    given: dict[str, Any] = {
        "weights": weights,
        "offset": offset,
        "contrasts": contrasts,
        "functions": functions,
        "data_name": data_name,
        "optimizer": optimizer,
        "tolerance": tolerance,
    }
    solving = AUTOMATIC
    if solver is not None or probes is not PROBES or seed is not AUTOMATIC.seed:
        solving = solving_of(solver, probes, seed)
        if solver == "exact" and solving != AUTOMATIC._replace(solver=solver):
            raise ArgumentError("`probes` and `seed` are of solver='iterative'; solver='exact' draws nothing.")
        given |= {name: value for name, value in solving._asdict().items() if value != getattr(AUTOMATIC, name)}
    origin = FitCall(lmer, data, given)
    frame: ModelFrame
    if isinstance(formula, ModelSums) or isinstance(data, ModelSums):
        frame = demand_alone(formula, data, weights, offset, contrasts, functions, data_name).frame
    else:
        lazy = not isinstance(data, pd.DataFrame | dict) and is_lazy(data)
        read = unread_frame if lazy else read_frame
        frame = read(formula, data, weights, offset, contrasts, functions, data_name, origin=origin)
    terms = sorted_terms(frame)
    demand_estimable(frame, terms)
    frame, products = products_of(frame, terms)
    return MixedModel.estimate(
        frame, terms, products, restricted, optimizer, start, tolerance, verbose, solving=solving
    )
