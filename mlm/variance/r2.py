"""Where the variance is: intraclass correlation and explained variance."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from ..errors import FitError
from ..model.mixed_model import MixedModel
from .clustering import group_sizes, intercept_variance

__all__ = [
    "IntraclassCorrelation",
    "RSquared",
    "icc",
    "r2",
]


@dataclass(frozen=True)
class _Components:
    """Variances of one model: random effects by grouping factor, residuals, fixed part."""

    random: pd.Series
    residual: float
    fixed: float

    @property
    def total(self) -> float:
        return float(self.random.sum()) + self.residual + self.fixed


def _components(m: MixedModel) -> _Components:
    """Split the variance of the response.

    With random slopes the random variance depends on the row, ``z' Sigma z``; its mean over the rows is taken
    (Johnson 2014).
    """
    table = m.varcorr
    names = list(dict.fromkeys(table["grp"]))[:-1]
    random = dict.fromkeys(m.ngrps.index, 0.0)
    for name, part in zip(names, m.terms, strict=True):
        z = part.columns.matrix()
        random[part.term.group] += float(np.sum(_covariance(table, name) * (z.T @ z / len(z))))
    fixed = float(np.var(m.frame.x @ m.fixef.to_numpy(), ddof=1))
    return _Components(pd.Series(random), m.sigma**2, fixed)


def _covariance(table: pd.DataFrame, name: str) -> np.ndarray:
    """Covariance matrix of one random-effects term from the rows of `varcorr`."""
    rows = table[table["grp"] == name]
    order = rows.loc[rows["var2"].isna(), "var1"].tolist()
    matrix = np.zeros((len(order), len(order)))
    for one, two, value in rows[["var1", "var2", "vcov"]].itertuples(index=False):
        i = order.index(one)
        k = i if pd.isna(two) else order.index(two)
        matrix[i, k] = matrix[k, i] = value
    return matrix


@dataclass(frozen=True)
class IntraclassCorrelation:
    """Share of the variance that lies between groups.

    Attributes
    ----------
    adjusted : float
        Random variance over random plus residual variance: what is left of the clustering given the
        predictors.
    unadjusted : float
        Random variance over all variance, that of the fixed part included (once called "conditional").
    by_group : pandas.Series
        The adjusted share of each grouping factor; they add up to `adjusted`.
    """

    adjusted: float
    unadjusted: float
    by_group: pd.Series

    @property
    def conditional(self) -> float:
        """The unadjusted share, under its older name."""
        return self.unadjusted

    def __str__(self) -> str:
        text = (
            "# Intraclass Correlation Coefficient\n\n"
            f"    Adjusted ICC: {self.adjusted:.3f}\n  Unadjusted ICC: {self.unadjusted:.3f}"
        )
        if len(self.by_group) == 1:
            return text
        width = max(5, *(len(str(name)) for name in self.by_group.index))
        rows = [f"{name:<{width}} | {value:.3f}" for name, value in self.by_group.items()]
        return "\n".join([text, "", f"{'Group':<{width}} |   ICC", "-" * (width + 8), *rows])

    def __repr__(self) -> str:
        return str(self)


def icc(m: MixedModel) -> IntraclassCorrelation:
    """Compute the intraclass correlation of a fitted mixed model.

    Parameters
    ----------
    m : MixedModel

    Returns
    -------
    IntraclassCorrelation
        Prints as ``performance::icc``.

    Examples
    --------
    >>> import mlm
    >>> m = mlm.lmer("y ~ 1 + (1 | g)", {"y": [1.0, 2.0, 4.0, 5.0, 7.0, 9.0], "g": list("aabbcc")})
    >>> round(icc(m).adjusted, 3)
    0.91

    References
    ----------
    Nakagawa, S., Johnson, P. C. D. & Schielzeth, H. (2017). The coefficient of determination R² and
    intra-class correlation coefficient from generalized linear mixed-effects models revisited and expanded.
    *Journal of the Royal Society Interface* 14, 20170213.

    Johnson, P. C. D. (2014). Extension of Nakagawa & Schielzeth's R²GLMM to random slopes models. *Methods in
    Ecology and Evolution* 5(9), 944-946.
    """
    parts = _components(m)
    random = float(parts.random.sum())
    within = random + parts.residual
    return IntraclassCorrelation(random / within, random / parts.total, (parts.random / within).rename("icc"))


@dataclass(frozen=True)
class RSquared:
    """Explained variance under its several definitions; those that need a null model are NaN without one.

    Attributes
    ----------
    marginal, conditional : float
        Nakagawa & Schielzeth: variance of the fixed part, and of fixed and random part, over all variance.
    level1, level2 : float
        Raudenbush & Bryk: proportional reduction of the residual and of the intercept variance from the null
        model. Not sure to be positive.
    overall : float
        Snijders & Bosker's level-1 R²: proportional reduction of the two variances' sum, the error in
        predicting an individual.
    group_means : float
        Snijders & Bosker's level-2 R²: proportional reduction of the error in predicting a group's mean, at
        the harmonic mean of the group sizes.
    """

    marginal: float
    conditional: float
    level1: float = math.nan
    level2: float = math.nan
    overall: float = math.nan
    group_means: float = math.nan

    def __str__(self) -> str:
        lines = ["# R2 for Mixed Models", ""]
        lines += [f"  Conditional R2: {self.conditional:.3f}", f"     Marginal R2: {self.marginal:.3f}"]
        if not math.isnan(self.overall):
            lines += ["", "# Against the null model", ""]
            lines += [f"      Level 1 R2: {self.level1:.3f}", f"      Level 2 R2: {self.level2:.3f}"]
            lines += [f"      Overall R2: {self.overall:.3f}", f"  Group means R2: {self.group_means:.3f}"]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return str(self)


def r2(m: MixedModel, null: MixedModel | None = None) -> RSquared:
    """Compute the explained variance of a mixed model, by itself and against a null model.

    Parameters
    ----------
    m : MixedModel
    null : MixedModel, optional
        The random-intercept model without predictors, fitted to the same rows by the same criterion; m may
        not have random slopes then.

    Returns
    -------
    RSquared

    Raises
    ------
    FitError
        When the two models differ in rows, response, grouping factor or criterion, or are not
        random-intercept models with one grouping factor.

    Examples
    --------
    >>> import mlm
    >>> data = {"y": [1.0, 2.2, 4.1, 5.0, 7.3, 9.0], "x": [0, 1, 0, 1, 0, 1], "g": list("aabbcc")}
    >>> m = mlm.lmer("y ~ x + (1 | g)", data, reml=False)
    >>> found = r2(m, null=mlm.lmer("y ~ 1 + (1 | g)", data, reml=False))
    >>> round(found.level1, 3), round(found.marginal, 3)
    (0.936, 0.063)

    References
    ----------
    Nakagawa, S. & Schielzeth, H. (2013). A general and simple method for obtaining R² from generalized linear
    mixed-effects models. *Methods in Ecology and Evolution* 4(2), 133-142.

    Raudenbush, S. W. & Bryk, A. S. (2002). *Hierarchical Linear Models*, 2nd ed., 74-79. Sage.

    Snijders, T. A. B. & Bosker, R. J. (1994). Modeled variance in two-level models. *Sociological Methods &
    Research* 22(3), 342-363; and (2012) *Multilevel Analysis*, 2nd ed., section 7.1. Sage.
    """
    parts = _components(m)
    marginal = parts.fixed / parts.total
    conditional = (parts.fixed + float(parts.random.sum())) / parts.total
    if null is None:
        return RSquared(marginal, conditional)
    _demand_comparable(m, null)
    between, between0 = intercept_variance(m), intercept_variance(null)
    within, within0 = m.sigma**2, null.sigma**2
    size = float(stats.hmean(group_sizes(m)))
    return RSquared(
        marginal,
        conditional,
        level1=1 - within / within0,
        level2=1 - between / between0 if between0 > 0 else math.nan,
        overall=1 - (within + between) / (within0 + between0),
        group_means=1 - (within / size + between) / (within0 / size + between0),
    )


def _demand_comparable(m: MixedModel, null: MixedModel) -> None:
    """Raise unless a model and its null model were fitted to the same data in the same way."""
    if m.nobs != null.nobs:
        raise FitError(
            f"The model uses {m.nobs} rows, the null model {null.nobs}; fit both to the rows that are"
            " complete for all variables."
        )
    if not np.array_equal(m.frame.y, null.frame.y):
        raise FitError(f"The model explains {m.response!r}, the null model other values of {null.response!r}.")
    if m.reml != null.reml:
        raise FitError(
            f"The model was fitted by {_criterion(m)}, the null model by {_criterion(null)};"
            f" compare with null.refit(reml={m.reml})."
        )
    groups, groups0 = list(m.ngrps.index), list(null.ngrps.index)
    if groups != groups0:
        raise FitError(f"The model groups by {', '.join(groups)}, the null model by {', '.join(groups0)}.")


def _criterion(m: MixedModel) -> str:
    return "REML" if m.reml else "maximum likelihood"
