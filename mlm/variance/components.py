"""The parts that the variance of a response is made of: random effects, residuals, fixed effects."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import SingularFitWarning, users_stacklevel
from ..fit.fit import Fit
from ..fit.generalized import GeneralizedFit
from ..fit.ranef import covariance_roots, orthonormal_blocks
from ..frame.unread import UnreadFrame
from ..report.face import demand_mixed
from .observation_level import APPROXIMATIONS, checked_approximation, observation_level_variance

__all__ = [
    "WEIGHTED",
    "VarianceComponents",
    "closing_notes",
    "is_weighted",
    "variance_components",
    "variance_of",
    "warn_singular",
]

WEIGHTED = "Prior weights: the residual variance, and the shares with it, are those of a row of weight 1."


@dataclass(frozen=True, slots=True, eq=False)
class VarianceComponents:
    """Variances of one model, in squared units of the response; of a generalized one, of its linear predictor.

    Attributes
    ----------
    random : pandas.Series
        Of the random effects, by grouping factor.
    residual, fixed : float
        Of the residuals, and of the predictions of the fixed part over the rows. Residuals of a generalized model are
        those of `observation_level_variance`; a random effect of each row, as counts that vary more than Poisson's
        have, is one of them.
    """

    random: pd.Series
    residual: float
    fixed: float

    @property
    def total(self) -> float:
        """Sum of all of them."""
        return float(self.random.sum()) + self.residual + self.fixed


def variance_components(fit: Fit | GeneralizedFit, approximation: str = APPROXIMATIONS[0]) -> VarianceComponents:
    """Split the variance of the response.

    Parameters
    ----------
    fit : Fit or GeneralizedFit
    approximation : {"lognormal", "delta", "trigamma"}
        As for `icc`.

    Returns
    -------
    VarianceComponents
        With random slopes the random variance depends on the row, ``z' Sigma z``; its mean over the rows is taken.

    Examples
    --------
    >>> import mlm
    >>> m = mlm.lmer("y ~ 1 + (1 | g)", {"y": [1, 2, 4, 5, 7, 9], "g": list("aabbcc")})
    >>> parts = variance_components(m)
    >>> parts.random.round(2).to_dict(), round(parts.residual, 2), round(parts.fixed, 2)
    ({'g': 10.08}, 1.0, 0.0)

    References
    ----------
    Johnson, P. C. D. (2014). Extension of Nakagawa & Schielzeth's R²GLMM to random slopes models. *Methods in
    Ecology and Evolution* 5(9), 944-946.
    """
    demand_mixed(fit)
    checked_approximation(approximation)
    random = dict.fromkeys(fit.ngrps.index, 0.0)
    for group, variance in _random_variances(fit):
        random[group] += variance
    fixed = _fixed_variance(fit)
    if not isinstance(fit, GeneralizedFit):
        return VarianceComponents(pd.Series(random), fit.sigma**2, fixed)
    residual = observation_level_variance(fit, approximation)
    residual += sum(random.pop(group) for group, levels in fit.ngrps.items() if levels == fit.nobs)
    return VarianceComponents(pd.Series(random, dtype=float), residual, fixed)


def _random_variances(fit: Fit | GeneralizedFit) -> Iterator[tuple[str, float]]:
    """Grouping factor of each random-effects term, and the mean of its variance over the rows."""
    if not isinstance(fit.frame, UnreadFrame):
        for part, _, covariance in orthonormal_blocks(fit):
            yield part.term.group, float(np.trace(covariance)) / fit.nobs
        return
    for part, root in zip(fit.terms, covariance_roots(fit), strict=True):
        means, products = fit.frame.moments(part.columns)
        at_means = means @ root
        yield part.term.group, float(at_means @ at_means + np.sum(products * (root @ root.T)) / fit.nobs)


def _fixed_variance(fit: Fit | GeneralizedFit) -> float:
    """Variance of the fixed part over the rows."""
    beta = fit.fixef.to_numpy()
    if isinstance(fit.frame, UnreadFrame):
        return float(beta @ fit.frame.moments(fit.frame.x_columns)[1] @ beta) / (fit.nobs - 1)
    return variance_of(fit.frame.x, beta)


def variance_of(columns: np.ndarray, weights: np.ndarray) -> float:
    """Variance over the rows, over n - 1, of a weighted sum of columns (n, k), also of such as are far from 0."""
    return float(np.var((columns - columns.mean(axis=0)) @ weights, ddof=1))


def is_weighted(fit: Fit | GeneralizedFit) -> bool:
    """Whether a linear model's residual variance is that of a row of weight 1, which not all rows are."""
    if isinstance(fit.frame, UnreadFrame):
        return bool(fit.frame.sums.weighted)
    weights = fit.frame.weights
    return isinstance(fit, Fit) and weights is not None and bool((weights != 1.0).any())


def closing_notes(singular: Sequence[str], weighted: bool) -> list[str]:
    """Lines that say of a printed share that it is one of a singular fit, or of a row of weight 1; of others none."""
    lines = (
        [] if not singular else ["", f"Singular fit: {', '.join(singular)} has a variance of 0 or a correlation of ±1."]
    )
    return lines if not weighted else [*lines, "", WEIGHTED]


def warn_singular(terms: Sequence[str], what: str) -> None:
    """Say that a share rests on a singular fit, for which R's performance gives NA."""
    if terms:
        warnings.warn(
            f"The {what} is that of a singular fit: {', '.join(terms)} has a variance of 0 or a correlation of ±1.",
            SingularFitWarning,
            stacklevel=users_stacklevel(),
        )
