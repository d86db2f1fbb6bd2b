"""Fits to the rows without one group, each an optimum of its own.

Of a linear model the group's own sums are taken off the cross-products, and the search for the variances goes on from
where that of all rows ended. Where the group has most of these sums, the other rows are gone through again, and the
search starts where a fit of its own would. A generalized model is fitted to the other rows from where that of all
ended.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import lapack

from ..console import counting
from ..crossproducts.blocks import CrossProducts
from ..crossproducts.deletion import Deletion
from ..errors import DataError, FitError, MlmError, counted
from ..frame.selection import with_rows
from ..likelihood.covariance import CovarianceLayout
from ..likelihood.deviance import Deviance
from ..optimize.newton import newton
from ..optimize.optimum import Log, Optimum
from ..optimize.search import search
from .checks import demand_exact, demand_identified, demand_residuals
from .fit import Fit
from .fitted import SINGULAR_DEVIATION
from .generalized import GeneralizedFit
from .ranef import covariance_blocks
from .refits import refit_on
from .stages import grouping_factors, without_dependent
from .working_covariance import WorkingCovariance

__all__ = ["Refit", "refits"]

# Share of its length that each fixed-effects column keeps beside those to its left in the rows that are left, above
# which X'X, which has its square to a rounding of 1e-16, gives six digits of the coefficients.
LEAST_SHARE = 1e-5
DEPENDENT = "the fixed-effects columns depend on one another in the rows that are left."


@dataclass(frozen=True, slots=True, eq=False)
class Refit:
    """Estimates without one group.

    Attributes
    ----------
    beta : ndarray, shape (p,)
    vcov : ndarray, shape (p, p)
    working : WorkingCovariance
        The same, of the columns worked with.
    covariances : list of ndarray, shapes (q, q)
        Of each term's random effects, in the order of theta.
    sigma : float
    problem : str
        Why there are none, if the model cannot be fitted without the group; they are NaN then.
    """

    beta: np.ndarray
    vcov: np.ndarray
    working: WorkingCovariance
    covariances: list[np.ndarray]
    sigma: float
    problem: str = ""


def refits(fit: Fit | GeneralizedFit, groups: np.ndarray, progress: bool | None = None) -> list[Refit]:
    """Fit a model without each group in turn.

    Parameters
    ----------
    fit : Fit or GeneralizedFit
    groups : ndarray of int, shape (n,)
        Group of each row, from 0.
    progress : bool, optional
        Whether to count the fits; by default on terminals only.

    Returns
    -------
    list of Refit
    """
    demand_exact("What single groups do to the estimates", fit)
    one = _linear(fit, groups) if isinstance(fit, Fit) else _generalized(fit, groups)
    out, count = [], int(groups.max()) + 1
    with counting("influence", count, progress) as tell:
        for group in range(count):
            try:
                out.append(one(group))
            except MlmError as error:
                out.append(_missing(fit, str(error)))
            tell(group + 1)
    return out


def _missing(fit: Fit | GeneralizedFit, problem: str) -> Refit:
    p, sizes = len(fit.frame.x_names), [len(part.columns.names) for part in fit.terms]
    none = np.full((p, p), np.nan)
    working = WorkingCovariance(np.asarray, none)
    return Refit(np.full(p, np.nan), none, working, [np.full((q, q), np.nan) for q in sizes], np.nan, problem)


def _linear(fit: Fit, groups: np.ndarray) -> Callable[[int], Refit]:
    """What fits a linear model without a group, by cross-products."""
    terms = list(fit.terms)
    deletion = Deletion(fit.frame, grouping_factors(fit.frame, terms), fit.products, groups)
    layout, start = fit.working.layout, fit.optimum.evaluation.theta

    def one(group: int) -> Refit:
        products = deletion.without(group)
        _demand_levels(products)
        if not (deletion.holds(group, products) and _are_apart(products)):
            return _from_rows(fit, np.flatnonzero(groups != group))
        deviance = Deviance(products, layout, fit.reml, fit.solving)
        demand_identified(terms, deviance)
        optimum = _searched(deviance, None if fit.is_singular else start)
        demand_residuals(optimum, deviance)
        at, shift = optimum.evaluation, products.shift
        sigma = shift.scale * math.sqrt(at.sigma2)
        covariances = _covariances(layout, deviance.users_theta(at.theta), sigma)
        return Refit(
            shift.coefficients(at.beta), shift.covariance(at.sigma2 * at.unscaled),
            WorkingCovariance(shift.contrast, sigma**2 * at.unscaled), covariances, sigma,
            "" if optimum.converged else optimum.message,
        )  # fmt: skip

    return one


def _from_rows(fit: Fit, keep: np.ndarray) -> Refit:
    """Fit a linear model to some rows by sums and a search of their own."""
    found = refit_on(fit, with_rows(fit.frame, keep, None))
    assert isinstance(found, Fit)
    if len(found.frame.x_names) < len(fit.frame.x_names):
        raise FitError(DEPENDENT)
    demand_identified(list(found.terms), found.working)
    covariances = [covariance for *_, covariance in covariance_blocks(found)]
    problem = "" if found.converged else found.optimum.message
    return Refit(found._beta, found._vcov, found.working_covariance, covariances, found.sigma, problem)


def _searched(deviance: Deviance, start: np.ndarray | None) -> Optimum:
    """Search on from a start; from all the places where a fit of its own would, where that ends at a boundary."""
    with np.errstate(all="ignore"):  # what cannot be computed is looked at where it is computed
        found = None if start is None else newton(deviance, start, Log())
    inside = found is not None and found.converged
    if found is not None and inside:
        inside = bool((found.evaluation.theta[deviance.layout.diagonal] >= SINGULAR_DEVIATION).all())
    return found if found is not None and inside else search(deviance, start, Log())


def _covariances(layout: CovarianceLayout, theta: np.ndarray, sigma: float) -> list[np.ndarray]:
    matrices, out = layout.matrices(theta), []
    for slot in layout.slots:
        block = slice(slot.start, slot.start + slot.size)
        t = matrices[slot.factor][block, block]
        out.append(sigma**2 * t @ t.T)
    return out


def _demand_levels(products: CrossProducts) -> None:
    """Refuse rows in which factors have too few levels, or of which there are no more than fixed effects."""
    for factor in products.factors:
        if factor.levels < 2 or factor.levels >= products.nobs:
            of = f"{counted(factor.levels, 'level')} of {factor.name!r}"
            raise DataError(f"{of} in {counted(products.nobs, 'row')} {'is' if factor.levels == 1 else 'are'} left.")
    if products.nobs <= products.p:
        raise FitError(DEPENDENT)


def _are_apart(products: CrossProducts) -> bool:
    """Whether the sums tell the fixed-effects columns apart in the rows that are left."""
    if not products.p:
        return True
    square = products.xy[:-1, :-1]
    length = np.sqrt(np.maximum(square.diagonal(), np.finfo(float).tiny))
    root, info = lapack.dpotrf(square / (length[:, None] * length))
    return not info and min(root.diagonal().tolist()) >= LEAST_SHARE


def _generalized(fit: GeneralizedFit, groups: np.ndarray) -> Callable[[int], Refit]:
    """What fits a generalized model to the rows without a group."""
    whole = replace(fit.frame, random=fit.terms)

    def one(group: int) -> Refit:
        keep = np.flatnonzero(groups != group)
        response = fit.outcome
        trials = None if response.trials is None else response.trials[keep]
        left = replace(response, values=response.values[keep], weights=response.weights[keep], trials=trials)
        frame = with_rows(whole, keep, left)
        if without_dependent(frame, quiet=True) is not frame:
            raise FitError(DEPENDENT)
        found = fit.on_rows(frame, list(frame.random), quiet=True)
        covariances = _covariances(found.worked.layout, found.theta, found.sigma)
        return Refit(found._beta, found._vcov, found.working_covariance, covariances, found.sigma)

    return one
