"""What clustering does to means and groups: design effect, plausible range, shrinkage."""

from __future__ import annotations

import math
from numbers import Real
from typing import NamedTuple

import numpy as np
import pandas as pd
import scipy

from ..errors import ArgumentError, FitError, first_few, is_number, suggest
from ..fit.ranef import covariance_blocks
from ..frame.columns import INTERCEPT
from ..frame.unread import UnreadFrame
from ..inference.confint import checked_level
from ..model.mixed_model import MixedModel
from ..report.face import demand_linear, demand_mixed

__all__ = [
    "PlausibleRange",
    "design_effect",
    "effective_sample_size",
    "group_sizes",
    "intercept_variance",
    "plausible_range",
    "shrinkage",
]


def intercept_variance(m: MixedModel) -> float:
    """Return the variance of the random intercept of a model that has nothing else random.

    Raises
    ------
    FitError
        When the model has random slopes or several random terms.
    """
    demand_mixed(m)
    demand_linear(m, "The variance between groups beside that within")
    if len(m.terms) != 1 or m.terms[0].columns.names != (INTERCEPT,):
        shown = ", ".join(f"({part.term.text})" for part in m.terms)
        raise FitError(
            f"This is defined for one random intercept, (1 | group); the model has {shown}. Refit it with a"
            " random intercept only."
        )
    return float(m.varcorr["vcov"].iloc[0])


def group_sizes(m: MixedModel) -> np.ndarray:
    """Return the number of rows in each level of the first grouping factor, shape (levels,)."""
    name = m.ngrps.index[0]
    if isinstance(m.frame, UnreadFrame):
        return np.asarray(m.frame.sums.factors[name].counts).astype(np.intp)
    grouping = m.frame.groupings[name]
    return np.bincount(grouping.codes, minlength=grouping.size)


def design_effect(clustering: MixedModel | float, cluster_size: float | None = None) -> float:
    """Compute by how much clustering inflates the variance of a mean.

    Parameters
    ----------
    clustering : MixedModel or float
        A null model with one random intercept, or an intraclass correlation.
    cluster_size : float, optional
        Rows per group. For a model the default is ``sum(n_j²) / sum(n_j)``, with which the formula is exact
        for the unweighted mean and unequal groups (Kish).

    Returns
    -------
    float
        ``1 + (cluster_size - 1) * icc``.

    Raises
    ------
    FitError
        For a model with more than a random intercept and a fixed one, with weights or an offset: what clustering does
        to the mean of the response is not known from it.
    ArgumentError
        When the intraclass correlation is not in [0, 1], or the cluster size is missing or below 1.

    Examples
    --------
    >>> round(design_effect(0.133, cluster_size=20), 3)
    3.527

    References
    ----------
    Kish, L. (1965). *Survey Sampling*, section 5.4. Wiley. Snijders & Bosker (2012), section 3.4.
    """
    if isinstance(clustering, MixedModel):
        between = intercept_variance(clustering)
        _demand_null(clustering)
        correlation = between / (between + clustering.sigma**2)
        if cluster_size is None:
            sizes = group_sizes(clustering)
            cluster_size = float(np.sum(sizes**2) / np.sum(sizes))
    else:
        if not is_number(clustering):
            kind = type(clustering).__name__
            raise ArgumentError(f"This takes a linear mixed model that mlm.lmer has fitted, or a number; got {kind}.")
        correlation = float(clustering)
    if not 0 <= correlation <= 1:
        raise ArgumentError(f"The intraclass correlation must lie between 0 and 1; got {correlation}.")
    if cluster_size is None or not is_number(cluster_size) or not cluster_size >= 1:
        raise ArgumentError(f"The cluster size must be a number, at least 1; got {_shown(cluster_size)}.")
    return 1 + (cluster_size - 1) * correlation


def _demand_null(m: MixedModel) -> None:
    """Refuse a model whose intraclass correlation is not that of the response."""
    found = [name for name in m.frame.x_names if name != INTERCEPT]
    more = {f"the predictors {first_few(found)}": bool(found), "no intercept": INTERCEPT not in m.frame.x_names}
    more |= {"weights": m.frame.weights is not None, "an offset": m.frame.offset is not None}
    reasons = [reason for reason, there in more.items() if there]
    if reasons:
        group = m.terms[0].term.text
        raise FitError(
            f"The design effect of a mean is that of the null model, {m.response} ~ 1 + ({group}) without weights; "
            f"this model has {' and '.join(reasons)}. Fit the null model, or give an intraclass correlation."
        )


def effective_sample_size(
    clustering: MixedModel | float, cluster_size: float | None = None, n: float | None = None
) -> float:
    """Compute how many independent rows would say as much about the mean as the clustered ones.

    Parameters
    ----------
    clustering : MixedModel or float
        A null model with one random intercept, or an intraclass correlation.
    cluster_size : float, optional
        Rows per group; see :func:`design_effect`.
    n : float, optional
        Number of rows; for a model the default is its own.

    Returns
    -------
    float
        ``n / design_effect``.

    Raises
    ------
    ArgumentError
        As :func:`design_effect`, or when `n` is missing or not positive.

    Examples
    --------
    >>> round(effective_sample_size(0.133, cluster_size=20, n=1000), 1)
    283.5

    References
    ----------
    Snijders, T. A. B. & Bosker, R. J. (2012). *Multilevel Analysis*, 2nd ed., section 3.4. Sage.
    """
    if n is None and isinstance(clustering, MixedModel):
        n = clustering.nobs
    if n is None or not is_number(n) or not n > 0:
        raise ArgumentError(f"The number of rows n must be positive; got {_shown(n)}.")
    return n / design_effect(clustering, cluster_size)


def _shown(value: object) -> str:
    """A number as it is; of anything else its type."""
    return str(value) if isinstance(value, Real | None) else type(value).__name__


class PlausibleRange(NamedTuple):
    """Range in which a share of the groups' coefficients is expected to lie.

    Attributes
    ----------
    lower : float
        In units of the coefficient.
    upper : float
    """

    lower: float
    upper: float


def plausible_range(
    m: MixedModel,
    term: str = INTERCEPT,
    *,
    multiplier: float = 1.96,
    level: float | None = None,
    group: str | None = None,
) -> PlausibleRange:
    """Compute the plausible values range of a coefficient that varies over groups.

    Parameters
    ----------
    m : MixedModel
    term : str
        A term with both a fixed and a random effect.
    multiplier : float
        Standard deviations on each side; 1.96, as textbooks and tutorials round the 97.5 % point of the
        normal distribution (1.959964 exactly).
    level : float, optional
        Share of the groups, 0 to 1, instead of the multiplier: the exact normal quantile is taken.
    group : str, optional
        The grouping factor; needed when the term varies over several.

    Returns
    -------
    PlausibleRange
        ``lower``, ``upper``, in units of the coefficient.

    Raises
    ------
    ArgumentError
        When the term is not both fixed and random, varies over several factors, or the level is not in (0, 1).

    Examples
    --------
    >>> import mlm
    >>> m = mlm.lmer("y ~ 1 + (1 | g)", {"y": [1, 2, 4, 5, 7, 9], "g": list("aabbcc")})
    >>> lower, upper = plausible_range(m)
    >>> round(lower, 2), round(upper, 2)
    (-1.56, 10.89)

    References
    ----------
    Raudenbush, S. W. & Bryk, A. S. (2002). *Hierarchical Linear Models*, 2nd ed., 71-72. Sage.
    """
    demand_mixed(m)
    demand_linear(m, "A plausible range")
    if level is not None:
        multiplier = float(scipy.stats.norm.ppf(0.5 + checked_level(level) / 2))
    if not is_number(multiplier):
        raise ArgumentError(f"The multiplier is a number of standard deviations; got {_shown(multiplier)}.")
    if not isinstance(term, str) or not isinstance(group, str | None):
        raise ArgumentError(
            f"A coefficient and a grouping factor are named by texts; got {type(term).__name__} and "
            f"{type(group).__name__}."
        )
    groups = list(dict.fromkeys(part.term.group for part in m.terms))
    if group is not None and group not in groups:
        raise ArgumentError(
            f"Nothing varies over {group!r} in this model; its grouping factors are {', '.join(groups)}."
            f"{suggest(group, groups)}"
        )
    deviations = _standard_deviations(m, term, group)
    if term not in m.fixef.index or not deviations:
        known = [name for name in m.fixef.index if _standard_deviations(m, name, None)]
        by = f" over {group!r}" if group is not None else ""
        others = f"these do: {first_few(known)}" if known else "none does that has a fixed effect, too"
        raise ArgumentError(f"No coefficient {term!r} varies{by} in this model; {others}.{suggest(term, known)}")
    if list(m.fixef.index).count(term) > 1:
        raise ArgumentError(f"Several coefficients are called {term!r}; rename one of the columns they come from.")
    if len(deviations) > 1:
        raise ArgumentError(f"{term!r} varies over {', '.join(deviations)}; name one of them with group=.")
    (deviation,) = deviations.values()
    half = multiplier * deviation
    return PlausibleRange(float(m.fixef[term]) - half, float(m.fixef[term]) + half)


def _standard_deviations(m: MixedModel, term: str, group: str | None) -> dict[str, float]:
    """Standard deviations of a coefficient over the levels of one factor or of all, by lme4's name of the term."""
    return {
        name: math.sqrt(covariance[k, k])
        for name, part, covariance in covariance_blocks(m)
        for k, column in enumerate(part.columns.names)
        if column == term and group in (None, part.term.group)
    }


def shrinkage(m: MixedModel) -> pd.DataFrame:
    """Show for each group how far its mean is pulled towards the overall one.

    Parameters
    ----------
    m : MixedModel
        With one random intercept; predictors are allowed.

    Returns
    -------
    DataFrame
        One row per group, indexed by its label:

        - ``n``: rows,
        - ``lambda``: the reliability ``tau² / (tau² + sigma² / n)``, the weight of the group's own mean,
        - ``raw``: mean of the group's deviations from the fixed part,
        - ``eb``: the empirical Bayes estimate of its deviation, ``lambda * raw`` (the conditional mode),
        - ``no_pooling``: intercept plus ``raw``; the group's mean when there are no predictors,
        - ``partial_pooling``: intercept plus ``eb``.

    Raises
    ------
    FitError
        When the model has random slopes, several random terms, or prior weights.

    Examples
    --------
    >>> import mlm
    >>> m = mlm.lmer("y ~ 1 + (1 | g)", {"y": [1, 2, 4, 5, 7, 9], "g": list("aabbcc")})
    >>> shrinkage(m).round(3).loc["a", ["lambda", "raw", "eb"]].tolist()
    [0.953, -3.167, -3.017]

    References
    ----------
    Raudenbush, S. W. & Bryk, A. S. (2002). *Hierarchical Linear Models*, 2nd ed., 46-48. Sage.
    """
    demand_mixed(m)
    demand_linear(m, "Shrinkage")
    between = intercept_variance(m)
    if m.frame.weights is not None:
        raise FitError("The weights of this model differ by row; its groups have no single reliability.")
    sizes = group_sizes(m)
    grouping = m.frame.groupings[m.ngrps.index[0]]
    deviation = m.frame.net_response - m.frame.x @ m.fixef.to_numpy()
    raw = np.bincount(grouping.codes, weights=deviation, minlength=len(sizes)) / sizes
    reliability = between / (between + m.sigma**2 / sizes)
    intercept = float(m.fixef.get(INTERCEPT, 0.0))
    columns = {"n": sizes, "lambda": reliability, "raw": raw, "eb": reliability * raw}
    columns |= {"no_pooling": intercept + raw, "partial_pooling": intercept + reliability * raw}
    return pd.DataFrame(columns, index=pd.Index(grouping.levels, name=grouping.name))
