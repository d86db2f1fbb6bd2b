"""Explained variance, under its several definitions."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import scipy

from ..errors import FitError, first_few
from ..frame.columns import INTERCEPT
from ..model.generalized_mixed_model import GeneralizedMixedModel
from ..model.mixed_model import MixedModel
from ..report.face import demand_linear, demand_mixed
from ..report.html import as_html
from .clustering import group_sizes, intercept_variance
from .components import closing_notes, is_weighted, variance_components, warn_singular
from .decomposition import CENTRED, VarianceDecomposition, variance_decomposition
from .observation_level import APPROXIMATIONS

__all__ = ["RSquared", "r2"]


@dataclass(frozen=True)
class RSquared:
    """Explained variance under its several definitions; those that need a null model are NaN without one.

    Attributes
    ----------
    marginal : float
        Nakagawa & Schielzeth: variance of the fixed part over all variance.
    conditional : float
        Nakagawa & Schielzeth: variance of fixed and random part over all variance.
    level1 : float
        Raudenbush & Bryk: proportional reduction of the residual variance from the null model. It can be negative.
    level2 : float
        The same of the intercept variance.
    overall : float
        Snijders & Bosker's level-1 R²: proportional reduction of the two variances' sum, the error in
        predicting an individual.
    group_means : float
        Snijders & Bosker's level-2 R²: proportional reduction of the error in predicting a group's mean, at
        the harmonic mean of the group sizes.
    singular : tuple of str
        Random-effects terms with a variance of 0 or a correlation of ±1.
    decomposition : VarianceDecomposition or None
        Rights & Sterba's shares of the total variance and of those within and between groups; None of a generalized
        model, or with several grouping factors.
    weighted : bool
        Whether the residual variance is that of a row of weight 1, which not all rows have.
    """

    marginal: float
    conditional: float
    level1: float = math.nan
    level2: float = math.nan
    overall: float = math.nan
    group_means: float = math.nan
    singular: tuple[str, ...] = ()
    decomposition: VarianceDecomposition | None = field(default=None, compare=False, repr=False)
    weighted: bool = False

    def __str__(self) -> str:
        lines = ["# R2 for Mixed Models", ""]
        lines += [f"  Conditional R2: {self.conditional:.3f}", f"     Marginal R2: {self.marginal:.3f}"]
        if not math.isnan(self.overall):
            lines += ["", "# Against the null model", ""]
            lines += [f"      Level 1 R2: {self.level1:.3f}", f"      Level 2 R2: {self.level2:.3f}"]
            lines += [f"      Overall R2: {self.overall:.3f}", f"  Group means R2: {self.group_means:.3f}"]
        return "\n".join([*lines, *closing_notes(self.singular, self.weighted)])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return as_html(str(self), "mlm-r2")

    @property
    def frame(self) -> pd.DataFrame:
        """One row, a column a definition; those that need a null model are NaN without one."""
        names = ("marginal", "conditional", "level1", "level2", "overall", "group_means")
        return pd.DataFrame({name: [getattr(self, name)] for name in names})


def r2(
    m: MixedModel | GeneralizedMixedModel,
    null: MixedModel | None = None,
    approximation: str = APPROXIMATIONS[0],
    centred: float = CENTRED,
) -> RSquared:
    """Compute the explained variance of a mixed model, by itself and against a null model.

    Parameters
    ----------
    m : MixedModel or GeneralizedMixedModel
    null : MixedModel, optional
        For a linear model: the random-intercept model without predictors, fitted to the same rows by the same
        criterion; m may not have random slopes then.
    approximation : {"lognormal", "delta", "trigamma"}
        Of a generalized model's residual variance, as for `icc`.
    centred : float
        For `decomposition`, how far a predictor's mean within a group may be from 0, in its standard deviations, to
        count as centred, and how far a value from its group's to count as constant there. What is taken for the
        variance within groups instead of between is up to this squared: by default a millionth, as of data that were
        written with a few decimals.

    Returns
    -------
    RSquared

    Raises
    ------
    FitError
        When the two models differ in rows, response, grouping factor, criterion, weights or offset, the null model has
        predictors, or they are not random-intercept models with one grouping factor; for a family and link as with
        `icc`.
    ArgumentError
        When `m` is not a mixed model, there is no such `approximation`, or `centred` is not in [0, 1).

    Warns
    -----
    SingularFitWarning
        A variance is 0, or a correlation ±1.

    Examples
    --------
    >>> import mlm
    >>> data = {"y": [1, 2.2, 4.1, 5, 7.3, 9], "x": [0, 1, 0, 1, 0, 1], "g": list("aabbcc")}
    >>> m = mlm.lmer("y ~ x + (1 | g)", data, reml=False)
    >>> found = r2(m, null=mlm.lmer("y ~ 1 + (1 | g)", data, reml=False))
    >>> round(found.level1, 3), round(found.marginal, 3)
    (0.936, 0.063)

    Notes
    -----
    With prior weights the residual variance is that of a row of weight 1, as for `icc`.

    References
    ----------
    Nakagawa, S. & Schielzeth, H. (2013). A general and simple method for obtaining R² from generalized linear
    mixed-effects models. *Methods in Ecology and Evolution* 4(2), 133-142.

    Nakagawa, S., Johnson, P. C. D. & Schielzeth, H. (2017). The coefficient of determination R² and intra-class
    correlation coefficient from generalized linear mixed-effects models revisited and expanded. *Journal of the Royal
    Society Interface* 14, 20170213.

    Raudenbush, S. W. & Bryk, A. S. (2002). *Hierarchical Linear Models*, 2nd ed., 74-79. Sage.

    Rights, J. D. & Sterba, S. K. (2019). Quantifying explained variance in multilevel models: an integrative framework
    for defining R-squared measures. *Psychological Methods* 24(3), 309-338.

    Snijders, T. A. B. & Bosker, R. J. (1994). Modeled variance in two-level models. *Sociological Methods &
    Research* 22(3), 342-363; and (2012) *Multilevel Analysis*, 2nd ed., section 7.1. Sage.
    """
    parts = variance_components(m, approximation)
    warn_singular(m.singular_terms, "conditional R squared")
    marginal = parts.fixed / parts.total
    conditional = (parts.fixed + float(parts.random.sum())) / parts.total
    decomposition = variance_decomposition(m, centred) if isinstance(m, MixedModel) and m.has_rows else None
    if null is None:
        return RSquared(
            marginal, conditional, singular=m.singular_terms, decomposition=decomposition, weighted=is_weighted(m)
        )
    demand_linear(m, "The comparison with a null model")
    assert isinstance(m, MixedModel)
    _demand_comparable(m, null)
    between, between0 = intercept_variance(m), intercept_variance(null)
    within, within0 = m.sigma**2, null.sigma**2
    size = float(scipy.stats.hmean(group_sizes(m)))
    return RSquared(
        marginal,
        conditional,
        level1=1 - within / within0,
        level2=1 - between / between0 if between0 > 0 else math.nan,
        overall=1 - (within + between) / (within0 + between0),
        group_means=1 - (within / size + between) / (within0 / size + between0),
        singular=m.singular_terms,
        decomposition=decomposition,
        weighted=is_weighted(m),
    )


def _demand_comparable(m: MixedModel, null: MixedModel) -> None:
    """Raise unless a model and its null model were fitted to the same data in the same way."""
    demand_mixed(null)
    demand_linear(null, "A null model of a linear one")
    if m.nobs != null.nobs:
        raise FitError(
            f"The model uses {m.nobs} rows, the null model {null.nobs}; fit both to the rows that are"
            " complete for all variables."
        )
    rows = _places(m, null)
    if not np.array_equal(m.frame.y, null.frame.y[rows]):
        order = np.array_equal(np.sort(m.frame.y), np.sort(null.frame.y))
        hint = " or has them in another order, under other row labels; fit both to the same data" if order else ""
        raise FitError(f"The model explains {m.response!r}, the null model other values of {null.response!r}{hint}.")
    if m.reml != null.reml:
        raise FitError(
            f"The model was fitted by {_criterion(m)}, the null model by {_criterion(null)};"
            f" compare with null.refit(reml={m.reml})."
        )
    groups, groups0 = list(m.ngrps.index), list(null.ngrps.index)
    if groups != groups0:
        raise FitError(f"The model groups by {', '.join(groups)}, the null model by {', '.join(groups0)}.")
    _demand_null(m, null, groups, rows)


def _places(m: MixedModel, null: MixedModel) -> np.ndarray:
    """Where the null model has each row, by their labels, shape (n,); in their order, where labels do not tell."""
    mine, theirs = m.frame.index, null.frame.index
    found = theirs.get_indexer(mine) if mine.is_unique and theirs.is_unique else np.full(m.nobs, -1)
    return np.asarray(found) if (found >= 0).all() else np.arange(m.nobs)


def _demand_null(m: MixedModel, null: MixedModel, groups: list[str], rows: np.ndarray) -> None:
    """Raise unless the null model has the other's groups, weights and offset, and an intercept alone."""
    others = [name for name in null.frame.x_names if name != INTERCEPT]
    if others or INTERCEPT not in null.frame.x_names:
        has = f"has {first_few(others)}" if others else "has no intercept"
        raise FitError(
            f"The null model {has}; what predictors explain is told from a model without them, such as "
            f"'{m.response} ~ 1 + (1 | {groups[0]})'."
        )
    for name in groups:
        if not np.array_equal(m.frame.groupings[name].codes, null.frame.groupings[name].codes[rows]):
            raise FitError(f"The models have other rows in the groups of {name!r}; fit both to the same data.")
    for what in ("weights", "offset"):
        mine, other = getattr(m.frame, what), getattr(null.frame, what)
        if not np.array_equal(_each(m, mine, what), _each(m, other, what)[rows]):
            raise FitError(f"The null model has other {what} than the model{_who(mine, other)}; give both the same.")


def _each(m: MixedModel, values: np.ndarray | None, what: str) -> np.ndarray:
    return np.full(m.nobs, float(what == "weights")) if values is None else values


def _who(mine: np.ndarray | None, other: np.ndarray | None) -> str:
    if mine is None:
        return ", which has none"
    return ": it has none" if other is None else ""


def _criterion(m: MixedModel) -> str:
    return "REML" if m.reml else "maximum likelihood"
