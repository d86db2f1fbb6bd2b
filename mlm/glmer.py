"""Generalized linear mixed models: from a formula and data to a fitted model, to be read from top to bottom."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .errors import ArgumentError, brief, is_one_of
from .fit.generalized_checks import checked_nodes, demand_generalized
from .fit.stages import sorted_terms, without_dependent
from .frame.fit_call import FitCall
from .frame.model_frame import read_frame
from .generalized.family import make_family
from .generalized.response import reader_of
from .model.generalized_mixed_model import GeneralizedMixedModel

__all__ = ["glmer"]


def glmer(
    formula: str,
    data: Any,
    family: str = "binomial",
    link: str | None = None,
    n_agq: int = 1,
    weights: Any = None,
    offset: Any = None,
    start: Any = None,
    verbose: bool = False,
    contrasts: Mapping[str, Any] | None = None,
    functions: Mapping[str, Callable[..., Any]] | None = None,
    data_name: str | None = None,
) -> GeneralizedMixedModel:
    """Fit a generalized linear mixed-effects model by maximum likelihood.

    Parameters
    ----------
    formula : str
        As in lme4, for example ``"cbind(sick, healthy) ~ period + (1 | herd)"``.
    data : data frame
        Anything that narwhals knows, or a mapping of columns; n rows.
    family : str
        R's name: ``"binomial"``, ``"poisson"``, ``"Gamma"``, ``"inverse.gaussian"``, ``"gaussian"``, or
        ``"negative.binomial"``, whose theta is estimated (lme4's ``glmer.nb``).
    link : str, optional
        By default the family's own.
    n_agq : int
        1 is Laplace's approximation of the likelihood. With more, adaptive Gauss-Hermite quadrature with so many nodes
        an effect, for one grouping factor and up to 3 effects a level. 0 is fast and only approximate: the fixed
        effects are those at the conditional modes, and do not maximise the likelihood.
    weights : str or array_like, shape (n,), optional
        Prior weights; of shares of successes, the numbers of trials.
    offset : str or array_like, shape (n,), optional
        Known part of the linear predictor.
    start : array_like of shape (n_theta,), or mapping, optional
        Where the search for theta starts, or ``{"theta": …, "fixef": …}``.
    verbose : bool
        Print a line an evaluation: its number, -2 log L, theta and the fixed effects, of the columns worked with.
    contrasts, functions, data_name
        As for `mlm.lmer`.

    Returns
    -------
    GeneralizedMixedModel
        Fitted and read-only.

    Raises
    ------
    ArgumentError
        An option has a value that it cannot have, quadrature is asked for a model that it does not take, or the model
        is a linear one: family ``"gaussian"`` with the identity link.
    FormulaError
        The formula cannot be read, or has no random-effects term.
    DataError
        The data do not fit the formula or the family.
    FitError
        The model cannot be estimated from these data: fixed effects separate the response, for example.

    Warns
    -----
    MissingRowsWarning
        Rows with missing values were left out.
    RankWarning
        Columns of the fixed effects depend on others and were dropped.
    SingularFitWarning
        A variance is estimated as zero, or a correlation as plus or minus one.
    ConvergenceWarning
        The search ended without a minimum, or rounding hides it.

    References
    ----------
    Breslow, N. E. & Clayton, D. G. (1993). Approximate inference in generalized linear mixed models. Journal of the
    American Statistical Association 88, 9-25.

    Pinheiro, J. C. & Bates, D. M. (1995). Approximations to the log-likelihood function in the nonlinear mixed-effects
    model. Journal of Computational and Graphical Statistics 4, 12-35.

    Examples
    --------
    >>> import mlm
    >>> data = {"sick": [2, 3, 9, 7, 3, 1, 1, 8], "n": [14, 12, 12, 15, 22, 18, 21, 22]}
    >>> data["herd"] = list("aabbccdd")
    >>> m = mlm.glmer("cbind(sick, n - sick) ~ 1 + (1 | herd)", data)
    >>> round(-2 * m.loglik, 3)
    42.377
    """
    if not is_one_of(verbose, (True, False)):
        raise ArgumentError(f"`verbose` is True or False; got {brief(verbose)}.")
    nodes, distribution = checked_nodes(n_agq), make_family(family, link)
    demand_generalized(distribution)
    given: dict[str, Any] = {"weights": weights, "offset": offset, "contrasts": contrasts, "functions": functions}
    given |= {"data_name": data_name, "family": family, "link": link, "n_agq": n_agq}
    reader, origin = reader_of(distribution), FitCall(glmer, data, given)
    frame = read_frame(formula, data, weights, offset, contrasts, functions, data_name, reader, origin)
    terms = sorted_terms(frame, "mlm.glm")
    frame = without_dependent(frame)
    return GeneralizedMixedModel.estimate(frame, terms, distribution, nodes, start, verbose)
