"""Generalized linear models: from a formula and data to a fitted model without random effects."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .errors import ConvergenceWarning, DataError, FitError, counted, first_few, users_stacklevel
from .fit.one_level import dispersion
from .frame.fit_call import FitCall
from .frame.independence import demand_no_random_terms, independent_columns
from .frame.model_frame import ModelFrame, read_frame
from .frame.units import LARGEST_SQUARES, demand_squares
from .generalized.distribution import Family
from .generalized.family import OVERDISPERSED, make_family
from .generalized.irls import Estimate, unscaled_covariance
from .generalized.means import range_of, vanishing_said
from .generalized.overdispersion import estimate_with_theta
from .generalized.response import Response, reader_of
from .generalized.separation import may_separate, separating
from .model.generalized_linear_model import GeneralizedLinearModel

__all__ = ["glm"]

# Distance of a column from 0, in standard deviations, from which rounding is felt; and an offset that is large, where a
# linear predictor has no unit: its exponential is 3 million.
FAR, LARGE_OFFSET = 1e5, 15.0
# Weight of a row, or variance of a coefficient, below which digits are lost.
SMALLEST_WEIGHT = 1e-300
NOT_AT_REST = "The search did not come to rest: the estimates are where it was given up. "
R_GLM = 1e-11  # share of a column's length that must be new: R's glm


def glm(
    formula: str,
    data: Any,
    family: str = "binomial",
    link: str | None = None,
    weights: Any = None,
    offset: Any = None,
    contrasts: Mapping[str, Any] | None = None,
    functions: Mapping[str, Callable[..., Any]] | None = None,
    data_name: str | None = None,
) -> GeneralizedLinearModel:
    """Fit a generalized linear model by maximum likelihood.

    Parameters
    ----------
    formula : str
        As in R, without random terms: ``"passed ~ homework + ses"``. A binomial response is True and False, 0 and 1, a
        category of two levels (the first is failure), shares of successes with the numbers of trials as `weights`, or
        ``cbind(successes, failures) ~ …``.
    data : data frame
        Anything that narwhals knows, or a mapping of columns; n rows. Rows with missing values in a variable
        of the formula are left out, with a warning.
    family : {"binomial", "poisson", "Gamma", "inverse.gaussian", "gaussian", "negative.binomial"}
        Distribution of the response. With ``"negative.binomial"`` theta is estimated, too: ``m.family.theta``.
    link : str, optional
        By default the family's own. binomial: logit, probit, cloglog, cauchit, log; poisson and negative.binomial: log,
        sqrt, identity; Gamma: inverse, log, identity; inverse.gaussian: 1/mu^2, inverse, log, identity; gaussian:
        identity, log, inverse.
    weights, offset : str or array_like of shape (rows,), optional
        Prior weights (numbers of trials of shares of successes), and a known part of the linear predictor.
    contrasts : mapping of str to str or array_like, optional
        How categories are coded, as in R: ``{"f": "sum"}`` (treatment, sum, helmert, poly, or a matrix).
    functions : mapping of str to callable, optional
        Functions of your own that the formula calls, by their names there: they take and give arrays.
    data_name : str, optional
        What reports call the data; by default ``data.attrs["name"]``, where there is one.

    Returns
    -------
    GeneralizedLinearModel

    Raises
    ------
    ArgumentError
        There is no such family, it has no such link, or another option has a value that it cannot have.
    FormulaError
        The formula cannot be read, or has random terms.
    DataError
        A column is missing, or the response is none that the family has, or too large or small to compute with.
    FitError
        There are no coefficients to start from whose means the family has.

    Warns
    -----
    ConvergenceWarning
        The likelihood has no maximum, because predictors tell the outcomes apart completely; or it was not found.
    ResponseWarning
        Counts are not whole numbers.
    RankWarning
        Columns that depend linearly on columns to their left were left out.

    References
    ----------
    McCullagh, P. & Nelder, J. A. (1989). *Generalized Linear Models*, 2nd ed., chapters 2 and 4.

    Examples
    --------
    >>> import mlm
    >>> rows = {"hours": [1, 2, 3, 4, 5, 6, 7, 8], "passed": [0, 0, 1, 0, 1, 0, 1, 1]}
    >>> m = mlm.glm("passed ~ hours", rows)
    >>> m.fixef.round(3).to_dict(), round(m.deviance, 3)
    ({'(Intercept)': -2.673, 'hours': 0.594}, 8.45)
    """
    asked = make_family(family, link)
    given: dict[str, Any] = {"weights": weights, "offset": offset, "contrasts": contrasts, "functions": functions}
    origin = FitCall(glm, data, given | {"data_name": data_name, "family": family, "link": link})
    frame = read_frame(formula, data, weights, offset, contrasts, functions, data_name, reader_of(asked), origin)
    demand_no_random_terms(frame, "mlm.glmer", "a generalized linear model")
    terms = frame.x_names
    demand_squares(frame, LARGEST_SQUARES)
    frame, aliased = independent_columns(frame, R_GLM)
    response = frame.outcome
    assert isinstance(response, Response)
    chosen, found = estimate_with_theta(frame.x, response, frame.known_part, asked)
    if found is None:
        raise _beyond_floats(frame, asked) if _is_beyond_floats(response, asked) else _without_start(frame, chosen)
    scale = dispersion(frame, response, found, chosen)
    with np.errstate(all="ignore"):
        covariance = unscaled_covariance(frame.x, response, found.eta, chosen) * scale
    variances = np.diag(covariance)
    lost = np.isinf(variances) | ((variances < SMALLEST_WEIGHT) & (scale > 0))
    if _is_beyond_floats(response, asked) or (found.converged and asked.has_scale and lost.any()):
        raise _beyond_floats(frame, chosen)
    _say_end(frame, response, found, chosen, covariance)
    return GeneralizedLinearModel(
        formula=frame.formula.text,
        response=frame.formula.response,
        frame=frame,
        beta=found.beta,
        covariance=covariance,
        aliased=aliased,
        terms=terms,
        family=chosen,
        dispersion=scale,
        ended=found,
    )


def _is_beyond_floats(response: Response, family: Family) -> bool:
    """Whether means as large as the response have weights that are not numbers, or none at all."""
    known = family if family.theta is not None or family.name != OVERDISPERSED else family.with_theta(1.0)
    with np.errstate(all="ignore"):
        eta = family.link.link(family.start(response.values, response.weights))
        work = known.working_weights(eta)
        deviances = response.weights * known.deviances_at(response.values, eta)
    fine = np.isfinite(eta) & np.isfinite(work) & (work >= SMALLEST_WEIGHT) & np.isfinite(deviances)
    return not (fine.all() and np.isfinite(np.sum(response.weights * work)))


def _beyond_floats(frame: ModelFrame, family: Family) -> DataError:
    largest = float(np.abs(frame.y).max())
    return DataError(
        f"The response {frame.formula.response!r} has numbers of {largest:.0e}, whose variances the {family.name} "
        f"family with link={family.link.name!r} cannot compute with in double precision; rescale it, for example "
        f"divide it by {largest:.0e}."
    )


def _without_start(frame: ModelFrame, family: Family) -> FitError:
    other = next(name for name in (*family.links, "log") if name != family.link.name)
    remedy = _look_at_offset(frame, family) or f"Take another link, such as {other!r}."
    return FitError(
        f"The {family.name} family with link={family.link.name!r} has no means from which {frame.formula.text!r} can "
        f"be fitted: they must be {range_of(family)}, in all {frame.nobs} rows. {remedy}"
    )


def _say_end(frame: ModelFrame, response: Response, found: Estimate, family: Family, covariance: np.ndarray) -> None:
    """Warn where the search did not end at a maximum."""
    if family.theta is not None and np.isinf(family.theta):
        warnings.warn(
            "The counts vary no more than Poisson ones, and theta of the negative binomial family has no finite "
            "estimate; fit family='poisson'.",
            ConvergenceWarning,
            stacklevel=users_stacklevel(),
        )
    if found.converged and not found.at_boundary:
        if np.isinf(np.diag(covariance)).any():
            warnings.warn(
                "Fitted means are so near the ends of their range, and so far from the response, that standard errors "
                f"cannot be computed, and are infinite. {_remedy(frame, family)}",
                ConvergenceWarning,
                stacklevel=users_stacklevel(),
            )
        return
    if found.endless:
        why = _endless(frame, found, family, covariance)
    elif found.at_boundary:
        why = (
            f"The search ended at the edge of the means that the {family.name} family has with "
            f"link={family.link.name!r}, where they are {range_of(family)}: the likelihood still rises towards it, and "
            "standard errors mean nothing. Take another link."
        )
    else:
        why = NOT_AT_REST + _remedy(frame, family)
    warnings.warn(why, ConvergenceWarning, stacklevel=users_stacklevel())


def _remedy(frame: ModelFrame, family: Family) -> str:
    """Say what of the data may keep a search from an end."""
    x = frame.x
    far = np.abs(x.mean(axis=0)) > FAR * x.std(axis=0)
    names = [name for name, is_far in zip(frame.x_names, far & (x.std(axis=0) > 0), strict=True) if is_far]
    if names:
        return f"Centre {first_few(names)}: what is far from 0 for how little it varies leaves no digits."
    return _look_at_offset(frame, family) or "Scale the predictors."


def _look_at_offset(frame: ModelFrame, family: Family) -> str:
    """Say how large an offset is that is too large to fit with; nothing where it is not."""
    largest = float(np.max(np.abs(frame.known_part)))
    if not family.link.unit or largest <= LARGE_OFFSET:
        return ""
    return f"Look at the offset: it is up to {largest:.3g}, on the scale of the link ({family.link.name})."


def _constant(frame: ModelFrame, family: Family) -> str:
    """Say that there is one outcome only, or no count above 0."""
    what = "zeros" if family.upper != 1 else "failures" if frame.y[0] == 0 else "successes"
    return (
        f"The response {frame.formula.response!r} has only {what} in the {counted(frame.nobs, 'row')} used: there is "
        f"nothing to explain, and the likelihood has no maximum. Fitted means run to {frame.y[0]:g} in "
        f"{counted(frame.nobs, 'row')}; estimates and standard errors are those of where the search was given up, and "
        "mean nothing."
    )


def _endless(frame: ModelFrame, found: Estimate, family: Family, covariance: np.ndarray) -> str:
    """Say which rows are told apart and which coefficients have no finite estimate."""
    if frame.y.min() == frame.y.max() in (0.0, family.upper):
        return _constant(frame, family)
    if family.may_vanish and found.edge is not None:
        said = vanishing_said(frame.formula.response, family, int(found.edge.sum()), frame.nobs)
        return (
            f"{said} Estimates and standard errors are those of where the search was given up, and mean nothing. "
            + ("Take link='identity', or leave out what tells these rows from the others.")
        )
    apart = separating(frame.x, frame.y, family) if may_separate(family) else None
    if apart is None and may_separate(family):
        return NOT_AT_REST + _remedy(frame, family)
    se = np.sqrt(np.diag(covariance))
    grown = se > 100 * np.min(se) if apart is None else apart[0]
    rows = apart[1] if apart is not None else 0 if found.edge is None else int(found.edge.sum())
    names = [name for name, far in zip(frame.x_names, grown, strict=True) if far] or frame.x_names
    what = "0 or 1" if family.upper == 1 else "0"
    return (
        f"The likelihood has no maximum: fitted means run to {what} in {counted(rows, 'row')} of "
        f"{frame.nobs:,}, which the predictors tell apart completely (separation). Estimates and standard errors of "
        f"{first_few(list(names))} are those of where the search was given up, and mean nothing; leave these "
        "predictors out, or join the levels that have one outcome only."
    )
