"""What must hold before and after a fit for its numbers to mean something; each check names the term and a remedy."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..crossproducts.bases import DEPENDENT_SHARE
from ..crossproducts.blocks import CrossProducts
from ..errors import ArgumentError, DataError, FitError, FormulaError, brief, counted, is_count, is_one_of
from ..frame.model_frame import ModelFrame, RandomPart
from ..frame.units import SMALLEST_SQUARES
from ..likelihood.deviance import SOLVERS, Deviance, Solving
from ..likelihood.iterative.solver import needs_exact
from ..optimize.ending import HIDDEN, SMALL, UNBOUNDED
from ..optimize.optimum import Optimum
from .confounding import spanned_terms

__all__ = [
    "by_reml",
    "convergence_message",
    "demand_estimable",
    "demand_exact",
    "demand_identified",
    "demand_left",
    "demand_no_family",
    "demand_residuals",
    "demand_variation",
    "exact_message",
    "iterative_message",
    "singular_message",
    "solving_of",
    "starting_theta",
]

# "Measured" is what rounding leaves, at most, in 60 random designs of 30 to 1e5 rows with means up to 1,000 standard
# deviations. Smaller limits would let through what cannot be fitted, larger ones refuse what can.

# Share of the response's sum of squares that least squares leave where predictors fit it exactly. Residuals are formed
# from the rows then, with a rounding of 1e-16 of the response, or 1e-32 of its squares. Measured: 8e-28.
EXACT_SHARE = 1e-24
# Sum of squares about the mean, over that of the mean, up to which the rows are looked at for a response that is
# constant. Measured of constants: 2e-31.
CONSTANT_SHARE = 1e-12
# Arguments of glmer and glm, here and in R, that linear models have not.
OF_GENERALIZED = ("family", "link", "n_agq", "nAGQ")
# Probes of an iterative fit: of one alone there is no error, and more than so many take more than solving exactly.
FEWEST_PROBES, MOST_PROBES = 2, 10_000


def by_reml(reml: bool | None, spelled_as_in_r: bool | None, default: bool) -> bool:
    """Whether to fit by REML, as `reml` says or, in R's spelling, ``REML``.

    Raises
    ------
    ArgumentError
        When one of them is neither True nor False, or they contradict each other.
    """
    if spelled_as_in_r is None and (reml is None or isinstance(reml, bool)):
        return default if reml is None else reml
    for name, value in (("reml", reml), ("REML", spelled_as_in_r)):
        if not is_one_of(value, (None, True, False)):
            raise ArgumentError(f"`{name}` is True (REML) or False (maximum likelihood); got {brief(value)}.")
    if reml is not None and spelled_as_in_r is not None and bool(reml) != bool(spelled_as_in_r):
        raise ArgumentError(f"`reml` is {reml!r} and `REML` is {spelled_as_in_r!r}: they mean the same, so give one.")
    given = spelled_as_in_r if reml is None else reml
    return default if given is None else bool(given)


def demand_no_family(verb: str, others: Mapping[str, Any]) -> None:
    """Refuse arguments of generalized models in a linear one.

    Raises
    ------
    ArgumentError
        When `family`, `link` or the number of quadrature nodes is among them.
    """
    name = next((each for each in others if each in OF_GENERALIZED), None)
    if name is not None:
        other = "mlm.glm" if verb == "lm" else "mlm.glmer"
        raise ArgumentError(
            f"{verb} fits linear models and has no argument {name!r}. Use {other}(formula, data, "
            'family="binomial", …), or another family.'
        )


def solving_of(solver: Any, probes: Any, seed: Any) -> Solving:
    """Check how several factors are asked to be solved; :func:`mlm.lmer` says what the arguments mean.

    Raises
    ------
    ArgumentError
        For values that they cannot have.
    """
    if not is_one_of(solver, SOLVERS):
        raise ArgumentError(
            f"`solver` is 'exact', 'iterative' or None (whichever fits in memory); got {brief(solver)}."
        )
    if not is_count(probes, FEWEST_PROBES, MOST_PROBES):
        raise ArgumentError(f"`probes` is a whole number from {FEWEST_PROBES} to {MOST_PROBES}; got {brief(probes)}.")
    if not is_count(seed, 0):
        raise ArgumentError(f"`seed` is a whole number from 0 on; got {brief(seed)}.")
    return Solving(solver, int(probes), int(seed))


def iterative_message(deviance: Deviance) -> str:
    """Say that a fit was solved iteratively, which was not asked for, and why."""
    solving = deviance.solving
    return (
        f"Solved iteratively, with {solving.probes} random probes: theta and the criterion carry a Monte Carlo error, "
        "which m.monte_carlo and the summary say. An exact solution was not tried: "
        f"{str(deviance.refused).rpartition(' Use ')[0]} Ask for solver='iterative' to have this without a warning."
    )


def demand_estimable(
    frame: ModelFrame, terms: list[RandomPart], residual: bool = True, otherwise: str = "mlm.lm"
) -> None:
    """lme4's checks: more than one level, fewer levels and fewer random effects than rows; and slopes that can vary.

    Without a `residual` variance, as of counts, there may be as many levels as rows. `otherwise` fits a model without
    groups.
    """
    n = frame.nobs
    for part in terms:
        if part.term.holds_its_group:
            _demand_other_columns(frame, part)
        group, levels = part.term.group, frame.groupings[part.term.group].size
        if levels < 2:
            raise DataError(
                f"The grouping factor {group!r} has one level in the {counted(n, 'row')} used; a random effect needs "
                f"at least 2. Take '({part.term.text})' out of the formula, or use {otherwise}."
            )
        if residual and levels >= n:
            raise DataError(
                f"The grouping factor {group!r} has {levels} levels in {n} rows: every row is a level of its own, "
                "so its variance cannot be told from the residual variance. Use a coarser grouping factor."
            )
        effects = levels * len(part.columns.names)
        if residual and effects >= n:
            raise DataError(
                f"The term '({part.term.text})' has {effects} random effects ({levels} levels x "
                f"{len(part.columns.names)}) for {n} rows; they cannot be told from the residuals. "
                "Use fewer random slopes."
            )


def _demand_other_columns(frame: ModelFrame, part: RandomPart) -> None:
    """Refuse a slope of the grouping factor itself, as in ``(x | x)``."""
    grouping = frame.groupings[part.term.group]
    one_row = np.empty(grouping.size, dtype=np.intp)
    one_row[grouping.codes] = np.arange(frame.nobs)
    for k, (name, values) in enumerate(zip(part.columns.names, part.columns.matrix().T, strict=True)):
        if not part.columns.is_one(k) and (values == values[one_row][grouping.codes]).all():
            raise FormulaError(
                f"In the term '({part.term.text})' what varies is the grouping factor {part.term.group!r} itself: "
                f"{name!r} is constant within each of its {grouping.size} levels, where no slope can be told. "
                f"Use '(1 | {part.term.group})', or another grouping factor."
            )


def demand_variation(frame: ModelFrame, products: CrossProducts) -> None:
    """Refuse a constant response, and predictors that give the response exactly."""
    mean = products.shift.response / products.shift.scale
    flat = products.total <= CONSTANT_SHARE * frame.nobs * mean * mean
    suspected = flat or frame.weights is not None or products.shift.intercept < 0
    if suspected and frame.net_response.min() == frame.net_response.max():
        raise DataError(
            f"The response {frame.formula.response!r} is constant in the {frame.nobs} rows used: there is nothing to "
            "explain."
        )
    demand_left(frame, products)


def demand_left(frame: ModelFrame, products: CrossProducts) -> None:
    """Refuse a response whose squares are not numbers, and predictors that give it exactly."""
    if not 0 < products.total < np.inf:
        raise DataError(f"The squares of the response {frame.formula.response!r} cannot be represented; rescale it.")
    if products.xy[-1, -1] <= EXACT_SHARE * products.total:
        raise FitError(exact_message(frame.formula.response))


def exact_message(response: str, what: str = "residual variance") -> str:
    """Say that the fixed effects leave nothing of a response, so that `what` there is of it cannot be estimated."""
    return (
        f"The fixed effects fit the response {response!r} exactly: there is no {what} to estimate. "
        "Is the response, or a copy of it, among the predictors?"
    )


def demand_exact(what: str, *fits: Any) -> None:
    """Refuse fits that were solved iteratively, where Monte Carlo errors would count.

    Parameters
    ----------
    what : str
        What is asked for: the subject of a sentence.
    *fits : fitted models
        Of any kind.

    Raises
    ------
    FitError
    """
    if any(getattr(fit, "monte_carlo", None) is not None for fit in fits):
        raise needs_exact(what)


def demand_identified(terms: list[RandomPart], deviance: Deviance) -> None:
    """Refuse random-effects terms whose covariance no data of this design can tell."""
    products, layout = deviance.products, deviance.layout
    for slot, part in zip(layout.slots, terms, strict=True):
        block = slice(slot.start, slot.start + slot.size)
        basis = products.factors[slot.factor].basis
        if basis is None:
            continue
        root = basis.root[block, block]
        independent = min(basis.shares[block].tolist()) >= DEPENDENT_SHARE
        inner = root if independent else np.add.reduce(products.factors[slot.factor].zz[block, block], 2) @ root
        squares = np.add.reduce(root * inner, 0)
        if not min(squares.tolist()) > SMALLEST_SQUARES:
            name = part.columns.names[int(np.argmin(squares))]
            raise DataError(
                f"The column {name!r} of the term '({part.term.text})' is 0 in all rows, or too small to be "
                "squared; take it out, or rescale it."
            )
        if independent:
            continue
        raise DataError(
            f"The columns {', '.join(part.columns.names)} of the term '({part.term.text})' depend linearly on one "
            "another, to working precision: drop one (one may be constant), or centre the slopes."
        )
    if deviance.criterion.reml:
        _demand_unconfounded(terms, deviance)


def _demand_unconfounded(terms: list[RandomPart], deviance: Deviance) -> None:
    """Refuse terms that the fixed effects span: the REML criterion is the same for any variance of theirs."""
    for k in spanned_terms(deviance.products, deviance.layout):
        part = terms[k]
        levels = deviance.products.factors[deviance.layout.slots[k].factor].levels
        raise FitError(
            f"The fixed effects account for all {levels} levels of {part.term.group!r}, so nothing is left "
            f"from which REML could tell the variance of '({part.term.text})'; take one or the other out."
        )


def demand_residuals(optimum: Optimum, deviance: Deviance) -> None:
    """Refuse a fit that is not a number, or has no residuals."""
    at = optimum.evaluation
    if not math.isfinite(at.value + sum(at.theta.tolist())):
        raise FitError("The deviance cannot be computed: numbers are too large or too small; rescale the variables.")
    share = max(at.penalised / float(deviance.products.xy[-1, -1]), 0.0)
    if deviance.is_perfect(at):
        raise FitError(
            f"The model fits the response perfectly, or leaves less of it ({share:.0e} of its sum of squares) than "
            "double precision can tell from nothing: there is no residual variance to estimate. Does the response vary "
            "within the levels of the grouping factors, by a millionth at least of how it varies between them?"
        )


def starting_theta(start: Any, deviance: Deviance) -> np.ndarray | None:
    """Check a user's start for the search."""
    if start is None:
        return None
    try:
        theta = np.full(1, np.nan) if np.asarray(start).dtype.kind in "bc" else np.asarray(start, dtype=float)
    except (TypeError, ValueError, OverflowError):
        theta = np.full(1, np.nan)
    if theta.shape != (deviance.layout.n_theta,) or not np.isfinite(theta).all():
        raise ArgumentError(
            f"`start` must be {counted(deviance.layout.n_theta, 'finite number')}, one an element of theta; "
            f"got {brief(start)}."
        )
    return theta


def singular_message(terms: tuple[str, ...]) -> str:
    """Say that the covariance of some terms is singular."""
    flat = ", ".join(f"'({term})'" for term in terms)
    return (
        f"Singular fit: the covariance of {flat} is estimated with a variance of 0 or a correlation of ±1. "
        "The fit is kept; a simpler random-effects term would describe the data as well."
    )


def convergence_message(optimum: Optimum, terms: list[RandomPart]) -> str:
    """Say that the search did not reach a minimum, and what to do."""
    named = ", ".join(f"'({part.term.text})'" for part in terms)
    if optimum.message.startswith((HIDDEN, SMALL)):
        return (
            f"Not converged to all digits: {optimum.message}. The fit is kept; the variances of {named} are known no "
            "better than that. Effects that vary so much more than the residuals leave too few digits of these: "
            "centre predictors that are far from 0, or leave out what varies so much."
        )
    if optimum.message == UNBOUNDED:
        return (
            f"Not converged: {UNBOUNDED}. With the effects of {named}, the fixed effects fit the response perfectly: "
            "most levels have a single row, or as many as there are effects. The fit is kept, but its standard errors "
            "and degrees of freedom mean nothing. Leave out predictors, or the random effects."
        )
    slopes = any(len(part.columns.names) > 1 for part in terms)
    simpler = "a slope, or its covariances ('||', with centred predictors), or a term" if slopes else "a term"
    return (
        f"Not converged: {optimum.message}, after {counted(len(optimum.log), 'evaluation')}. The fit is kept, but the "
        f"variances of {named}, and all that depends on them, are not those of the minimum. "
        + ("Take optimizer='newton'." if optimum.optimizer != "newton" else f"Leave out {simpler}.")
    )
