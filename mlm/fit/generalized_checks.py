"""What must hold before and after a generalized fit; each check names the term or column, and a remedy."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ArgumentError, DataError, FitError, brief, counted, first_few, is_count
from ..frame.model_frame import ModelFrame, RandomPart
from ..generalized.distribution import Family
from ..generalized.irls import estimate
from ..generalized.means import vanishing_said
from ..generalized.one_outcome import at_endless_variance
from ..generalized.pirls import FixedSystem
from ..generalized.response import Response
from ..generalized.separation import may_separate, separating
from .checks import demand_estimable, exact_message
from .generalized_rows import WorkedRows
from .generalized_search import GeneralizedOptimum

__all__ = [
    "checked_nodes",
    "convergence_message",
    "demand_finite",
    "demand_generalized",
    "demand_means",
    "demand_resolved",
    "demand_start",
    "demand_structure",
    "offset_said",
    "perfect_message",
]

# Nodes an effect, at most: lme4's limit. And effects of a level: with 3, K³ evaluations of the rows.
MOST_NODES, MOST_EFFECTS = 100, 3
# Range of an offset, under a link with a unit, that is wide: exp(15) is 3 million.
WIDE_OFFSET = 15.0
# Distance of a value from a column's median, in the usual ones, from which the search loses the digits of the others:
# at 1e9 estimates keep 6 digits and standard errors 4.
FARTHEST = 3e9
# Sum of counts, and about their deviance, from which differences of 1e-4 in it are rounding.
LARGEST_TOTAL = 1e12
# Size of -2 log L of a family with a dispersion above which standard errors from differences of it are rounding: with
# weights of 1e6 it is 1e9, and those of an intercept are off by a half.
LARGEST_CRITERION = 1e8
# Probability of the other outcome, or mean of a count, below which fixed effects may separate the response.
CERTAIN = 1e-4
# Share of its largest value from which a weight of a separating combination counts.
LEAST_WEIGHT = 1e-6
# Standard deviation of effects on the linear predictor up to which a minimum of the approximated likelihood of levels
# with one outcome is taken for one of the likelihood.
TRUSTED_DEVIATION = 4.0
# Variance of a row's linear predictor, a logarithm, from which nothing is told of it: of a standard deviation of 1000.
MOST_VARIANCE = 1e6
# Square of what a row, of mean square 1, has of a direction of which nothing is told, up to which it is rounding.
NOT_TOLD = 1e-20


def checked_nodes(n_agq: Any) -> int:
    """Check the number of quadrature nodes.

    Raises
    ------
    ArgumentError
        When it is not a whole number from 0 to 100.
    """
    if not is_count(n_agq, 0, MOST_NODES):
        raise ArgumentError(
            "`n_agq` is 0 (fast and approximate), 1 (Laplace) or the number of quadrature nodes, up to "
            f"{MOST_NODES}; got {brief(n_agq)}."
        )
    return int(n_agq)


def demand_generalized(family: Family) -> None:
    """Refuse the linear model, whose likelihood is not that of the other families with a dispersion.

    Raises
    ------
    ArgumentError
        For the gaussian family with the identity link.
    """
    if family.name == "gaussian" and family.link.name == "identity":
        raise ArgumentError(
            "family='gaussian' with the identity link is a linear mixed model, which is fitted exactly: "
            "mlm.lmer(formula, data, reml=False). mlm.glmer takes gaussian with link='log' or link='inverse'."
        )


def demand_structure(frame: ModelFrame, terms: list[RandomPart], family: Family, n_agq: int) -> None:
    """Refuse what cannot be estimated, or not by quadrature."""
    demand_estimable(frame, terms, family.has_scale, "mlm.glm")
    if family.has_scale:
        _demand_fewer_effects(frame, terms)
    if not (np.isfinite(frame.y).all() and frame.y.min() < frame.y.max()):
        _refuse_constant(frame, family)
    _demand_near(frame)
    if family.name == "poisson":
        _demand_digits(frame)
    if n_agq > 1:
        _demand_quadrature(terms, family, n_agq)


def _demand_fewer_effects(frame: ModelFrame, terms: list[RandomPart]) -> None:
    """Refuse terms of a factor that have as many effects together as there are rows, as one term with all of them."""
    for group in dict.fromkeys(part.term.group for part in terms):
        own = [part for part in terms if part.term.group == group]
        columns, levels = sum(len(part.columns.names) for part in own), frame.groupings[group].size
        if len(own) > 1 and columns * levels >= frame.nobs:
            named = ", ".join(f"'({part.term.text})'" for part in own)
            raise DataError(
                f"The terms {named} have {columns * levels} random effects together ({levels} levels x {columns}) for "
                f"{frame.nobs} rows; they cannot be told from the residuals. Use fewer random slopes."
            )


def _demand_near(frame: ModelFrame) -> None:
    """Refuse a column with a value so far from the others that these have no digits beside it."""
    x = frame.x
    medians = np.median(x, axis=0)
    distances = np.abs(x - medians).T
    least = np.min(distances, axis=1, where=distances > 0.0, initial=np.inf)
    for k in np.flatnonzero(distances.max(axis=1, initial=0.0) > FARTHEST * least):
        name, values, away = frame.x_names[k], x[:, k], distances[k]
        far = away > FARTHEST * float(np.median(away[away > 0]))
        if far.any():
            raise DataError(
                f"The column {name!r} has {counted(int(far.sum()), 'value')} so far from the others, such as "
                f"{values[np.argmax(away)]:.6g} where {medians[k]:.3g} is the median, that these cannot be told "
                "apart beside it. If it stands for a missing value, make it one; else transform the column."
            )


def _demand_digits(frame: ModelFrame) -> None:
    """Refuse counts whose likelihood, which is about as large as they are together, has no digits for the variances."""
    total = float(np.sum(frame.y if frame.weights is None else frame.weights * frame.y))
    if total >= LARGEST_TOTAL:
        raise DataError(
            f"The response {frame.formula.response!r} has counts up to {frame.y.max():.0e}, together {total:.0e}: from "
            f"{LARGEST_TOTAL:.0e} on, the likelihood of family='poisson' leaves no digits for variances and standard "
            "errors. Take family='negative.binomial', family='Gamma' with link='log', or count in larger units."
        )


def _demand_quadrature(terms: list[RandomPart], family: Family, n_agq: int) -> None:
    """Refuse quadrature where there is none."""
    groups = dict.fromkeys(part.term.group for part in terms)
    effects = sum(len(part.columns.names) for part in terms)
    if len(groups) > 1:
        raise ArgumentError(
            f"n_agq={n_agq} takes one grouping factor, and there are {len(groups)}: {first_few(list(groups))}. Use "
            "n_agq=1 (Laplace)."
        )
    if effects > MOST_EFFECTS:
        raise ArgumentError(
            f"n_agq={n_agq} takes {MOST_EFFECTS} effects a level at most, and {next(iter(groups))!r} has {effects}: "
            f"{n_agq}^{effects} nodes a level. Use n_agq=1 (Laplace)."
        )
    if family.has_scale:
        raise ArgumentError(
            f"n_agq={n_agq} is for families without a dispersion, and {family.name} has one. Use n_agq=1 (Laplace)."
        )


def _refuse_constant(frame: ModelFrame, family: Family) -> None:
    value, name = float(frame.y[0]), frame.formula.response
    if family.name == "binomial" and value in (0.0, 1.0):
        what = "failures" if value == 0.0 else "successes"
        raise DataError(f"The response {name!r} has only {what} in the {counted(len(frame.y), 'row')} used.")
    if family.has_scale or value == 0.0:
        raise DataError(
            f"The response {name!r} is constant ({value:g}) in the {counted(len(frame.y), 'row')} used: there is "
            "nothing to explain."
        )


def demand_start(start: Any, worked: WorkedRows, least: float) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Check a user's start: theta, or ``{"theta": ..., "fixef": ...}``; in the columns worked with.

    There the diagonal elements of theta are `least` at least, in the user's units of spherical effects.
    """
    if start is None:
        return None, None
    parts = start if isinstance(start, dict) else {"theta": start}
    unknown = set(parts) - {"theta", "fixef"}
    if unknown:
        raise ArgumentError(f"`start` has 'theta' and 'fixef'; got {first_few(sorted(map(str, unknown)))}.")
    theta = _numbers(parts.get("theta"), worked.layout.n_theta, "theta")
    beta = _numbers(parts.get("fixef"), len(worked.root), "fixef")
    if theta is not None:
        theta = worked.working_theta(theta)
        low = worked.layout.diagonal & (theta < least * worked.units.spherical)
        theta = np.where(low, least * worked.units.spherical, theta)
    return theta, None if beta is None else worked.working_beta(beta)


def _numbers(given: Any, count: int, name: str) -> np.ndarray | None:
    if given is None:
        return None
    try:
        values = np.asarray(given, dtype=float)
    except (TypeError, ValueError, OverflowError):
        values = np.full(1, np.nan)
    if values.shape != (count,) or not np.isfinite(values).all():
        raise ArgumentError(f"`start` must have {counted(count, 'finite number')} of {name}; got {brief(given)}.")
    return values


def convergence_message(message: str, evaluations: int, terms: tuple[RandomPart, ...]) -> str:
    """Say that the search did not reach a minimum, and what to do."""
    named = ", ".join(f"'({part.term.text})'" for part in terms)
    return (
        f"Not converged: {message}, after {counted(evaluations, 'evaluation')}. The fit is kept, but its estimates are "
        f"not those of the largest likelihood. Leave out a term of {named}, or give other values in start=."
    )


def perfect_message(frame: ModelFrame, by_effects: bool) -> str:
    """Say that nothing is left of a response with a dispersion, with random effects or without."""
    response = frame.formula.response
    if not by_effects:
        return exact_message(response, "dispersion")
    return (
        f"The model fits the response {response!r} perfectly, or leaves less of it than double precision can tell "
        "from nothing: there is no dispersion to estimate, and the likelihood rises without end. Does the response "
        "vary within the levels of the grouping factors, by a ten-thousandth at least of how it varies between them? "
        "Else use fewer random effects, or none."
    )


def offset_said(frame: ModelFrame, family: Family) -> str:
    """Say how far offsets are apart from which a fit may not come; nothing where they are near, or alike.

    Parameters
    ----------
    frame : ModelFrame
    family : Family

    Returns
    -------
    str
        Beginning with a space.
    """
    spread = 0.0 if frame.offset is None else float(np.ptp(frame.offset))
    if not family.link.unit or spread <= WIDE_OFFSET:
        return ""
    assert frame.offset is not None
    return (
        f" The offset may be the cause: it goes from {frame.offset.min():.3g} to {frame.offset.max():.3g} on the scale "
        f"of the link ({family.link.name}), which the response has to follow. Leave it out to see, or give it on that "
        "scale, such as the logarithm of an exposure."
    )


def demand_finite(
    frame: ModelFrame, terms: list[RandomPart], family: Family, optimum: GeneralizedOptimum | None
) -> None:
    """Refuse a fit whose likelihood has no maximum: fixed effects separate the response, or a variance grows.

    A separating combination of columns raises the likelihood without end, whatever the random effects are. It is looked
    for where fitted means are nearly certain.
    """
    if not may_separate(family):
        return
    settled = optimum is not None and optimum.converged and not _are_certain(family, optimum.evaluation.mode.at.eta)
    if not settled:
        _demand_no_separation(frame, family)
    if family.name == "binomial":
        for group in dict.fromkeys(part.term.group for part in terms if _has_intercept(part)):
            _demand_finite_variance(frame, group, family, optimum)


def demand_resolved(frame: ModelFrame, family: Family, optimum: GeneralizedOptimum) -> None:
    """Refuse weights that make the likelihood so large that it has no digits for standard errors."""
    size = abs(float(optimum.evaluation.value))
    if family.has_scale and frame.weights is not None and size >= LARGEST_CRITERION:
        raise DataError(
            f"The weights go up to {frame.weights.max():.0e}, which makes -2 log L {size:.0e} in size: from "
            f"{LARGEST_CRITERION:.0e} on, the likelihood of family={family.name!r} leaves no digits for variances and "
            "standard errors. Divide the weights by their mean: that is another model, here as in lme4, with random "
            "effects shrunken more."
        )


def demand_means(frame: ModelFrame, worked: WorkedRows, optimum: GeneralizedOptimum) -> None:
    """Refuse a fit some of whose means run to 0, because the response is below.

    The likelihood tells nothing of their linear predictors any more.
    """
    working, mode = optimum.laplace.problem.working, optimum.evaluation.mode
    if not (working.family.may_vanish and len(mode.beta)):
        return
    rows = worked.rows.xt
    matrix = FixedSystem(worked.rows, mode.matrices, mode.at.weights, mode.system).information
    sizes, axes = np.linalg.eigh(matrix * float(np.sum(working.weights)) / mode.at.deviance)
    told = np.square(axes.T @ rows) <= MOST_VARIANCE * np.maximum(sizes, NOT_TOLD / MOST_VARIANCE)[:, None]
    lost = int(np.sum(~told.all(axis=0)))
    if lost:
        said = vanishing_said(frame.formula.response, working.family, lost, frame.nobs)
        raise FitError(
            f"{said} There is no estimate. Fit the means themselves by a linear mixed model, or leave out what tells "
            "these rows from the others."
        )


def _demand_no_separation(frame: ModelFrame, family: Family) -> None:
    found = separating(frame.x, frame.y, family)
    if found is None:
        return
    names = first_few([name for name, used in zip(frame.x_names, found[0], strict=True) if used])
    what = "successes from failures" if family.name == "binomial" else "zeros from other counts"
    raise FitError(
        f"The fixed effects {names} separate {what} in {found[1]:,} of {len(frame.y):,} rows: the likelihood grows "
        "without end as their coefficients do, and there is no estimate. Leave a predictor out, or join categories."
    )


def _has_intercept(part: RandomPart) -> bool:
    """Whether a level's effects can move all of its rows the same way."""
    if part.columns.is_one(0):
        return True
    matrix = part.columns.matrix()
    fitted = matrix @ np.linalg.lstsq(matrix, np.ones(len(matrix)), rcond=None)[0]
    return bool(np.abs(fitted - 1.0).max() < LEAST_WEIGHT)


def _demand_finite_variance(frame: ModelFrame, group: str, family: Family, optimum: GeneralizedOptimum | None) -> None:
    """Refuse a factor whose every level has one outcome, where an endless variance is likelier than what was found."""
    factor = frame.groupings[group]
    assert frame.weights is not None
    failures = np.bincount(factor.codes, frame.weights * (1.0 - frame.y), minlength=factor.size)
    successes = np.bincount(factor.codes, frame.weights * frame.y, minlength=factor.size)
    if frame.weights.sum() <= factor.size or ((successes > 0) & (failures > 0)).any():
        return
    endless, without = at_endless_variance(frame.x, frame.y > 0.5, factor.codes), _without_variances(frame, family)
    trusted = optimum is not None and np.abs(optimum.evaluation.theta).max() < TRUSTED_DEVIATION
    found = min(without, optimum.evaluation.value) if optimum is not None and trusted else without
    if endless >= found:
        return
    raise FitError(
        f"No level of {group!r} has both successes and failures: {int((failures == 0).sum())} of {factor.size} have "
        f"successes only, the others failures only. As the variance between levels grows without end, -2 log L goes to "
        f"{endless:.2f}; without it, it is {without:.2f}, and no finite variance was found at which it is below that "
        "bound. A minimum of Laplace's approximation at a large variance would be one of the approximation only. Use "
        "one row a level, or leave the term out."
    )


def _without_variances(frame: ModelFrame, family: Family) -> float:
    """Minus twice the log-likelihood of the model without random effects."""
    assert isinstance(frame.outcome, Response)
    assert frame.weights is not None
    found = estimate(frame.x, frame.outcome, frame.known_part, family)
    if found is None:
        return np.inf
    return family.minus_two_log_likelihood_at(frame.y, found.eta, frame.weights, trials=frame.outcome.trials)


def _are_certain(family: Family, eta: np.ndarray) -> bool:
    """Whether some rows' fitted means are all but at the end of their range."""
    mean = family.link.inverse(eta)
    return bool(mean.min() < CERTAIN or (family.name == "binomial" and mean.max() > 1.0 - CERTAIN))
