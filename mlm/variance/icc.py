"""Intraclass correlation: the share of the variance that lies between groups."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from ..errors import ArgumentError, brief, is_one_of
from ..model.generalized_mixed_model import GeneralizedMixedModel
from ..model.mixed_model import MixedModel
from ..report.html import as_html
from .components import closing_notes, is_weighted, variance_components, warn_singular
from .observation_level import APPROXIMATIONS

__all__ = ["IntraclassCorrelation", "icc"]


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
    singular : tuple of str
        Random-effects terms with a variance of 0 or a correlation of ±1.
    shows_groups : bool
        Whether `frame` and the printout are `by_group`.
    weighted : bool
        Whether the residual variance is that of a row of weight 1, which not all rows have.
    """

    adjusted: float
    unadjusted: float
    by_group: pd.Series
    singular: tuple[str, ...] = ()
    shows_groups: bool = False
    weighted: bool = False

    @property
    def frame(self) -> pd.DataFrame:
        """One row with ``adjusted`` and ``unadjusted``; by group, ``group`` and ``icc``."""
        if self.shows_groups:
            return pd.DataFrame({"group": list(self.by_group.index), "icc": self.by_group.to_numpy(copy=True)})
        return pd.DataFrame({"adjusted": [self.adjusted], "unadjusted": [self.unadjusted]})

    @property
    def conditional(self) -> float:
        """The unadjusted share, under its older name."""
        return self.unadjusted

    def __str__(self) -> str:
        note = closing_notes(self.singular, self.weighted)
        if self.shows_groups:
            return "\n".join(["# ICC by Group", "", *self._groups(), *note])
        text = (
            "# Intraclass Correlation Coefficient\n\n"
            f"    Adjusted ICC: {self.adjusted:.3f}\n  Unadjusted ICC: {self.unadjusted:.3f}"
        )
        return "\n".join([text, *(["", *self._groups()] if len(self.by_group) > 1 else []), *note])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return as_html(str(self), "mlm-icc")

    def _groups(self) -> list[str]:
        """Lines of the shares by group."""
        width = max(map(len, ["Group", *map(str, self.by_group.index)]))
        rows = [f"{name:<{width}} | {value:.3f}" for name, value in self.by_group.items()]
        return [f"{'Group':<{width}} |   ICC", "-" * (width + 8), *rows]


def icc(
    m: MixedModel | GeneralizedMixedModel, approximation: str = APPROXIMATIONS[0], by_group: bool = False
) -> IntraclassCorrelation:
    """Compute the intraclass correlation of a fitted mixed model.

    Of a generalized model it is that on the scale of the linear predictor. The residual variance is then that of the
    latent variable of a binomial model (π²/3 with a logit, 1 with a probit, π²/6 with a complementary log-log link) or
    approximated from the mean response (see `approximation`). Random effects of single rows, ``(1 | row)``, count as
    residuals.

    Parameters
    ----------
    m : MixedModel or GeneralizedMixedModel
    approximation : {"lognormal", "delta", "trigamma"}
        Of counts and Gamma responses with a log link, how the variance of the logarithm follows from v, the variance
        over the squared mean: ``log(1 + v)``, ``v`` or ``trigamma(1 / v)``. v is ``1 / mean`` of Poisson counts,
        ``1 / mean + 1 / theta`` of negative binomial ones, and the dispersion of a Gamma response. The mean is
        ``exp(beta + variance / 2)`` of the model without predictors, which is fitted for it. With a square-root link
        the variance is 1/4, and ``(1 + mean / theta) / 4``.
    by_group : bool
        Show the share of each grouping factor; the attribute ``by_group`` has them anyway. With random slopes they are
        shares of the mean variance over the rows, where performance 0.10 takes the variance of the intercepts alone,
        at 0 of the predictors, which can be more than all.

    Returns
    -------
    IntraclassCorrelation
        Prints as ``performance::icc``, which gives NA for a singular fit. Here such a fit has the shares of its
        estimated variances, and the printout says that it is singular. Of counts performance 0.10 takes ``exp(beta)``
        for the mean, that of a group without effects; later versions take the mean, as here. Of Gamma responses it
        takes v whatever is asked, which is ``"delta"`` here; `approximation` is that of table 1 of Nakagawa et al.

    Raises
    ------
    FitError
        For a family and link whose residual variance on this scale is not known: a cauchit has none, for example.
    ArgumentError
        When `m` is not a mixed model, there is no such `approximation`, or `by_group` is not True or False.

    Warns
    -----
    SingularFitWarning
        A variance is 0, or a correlation ±1.

    Notes
    -----
    With prior weights the residual variance of row i is ``sigma² / w_i``. Here it is ``sigma²``, that of a row of
    weight 1, as in performance: the shares are those among such rows, and depend on the unit of the weights. The
    printout says so where weights are not all 1.

    Examples
    --------
    >>> import mlm
    >>> m = mlm.lmer("y ~ 1 + (1 | g)", {"y": [1, 2, 4, 5, 7, 9], "g": list("aabbcc")})
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
    if not is_one_of(by_group, (True, False)):
        raise ArgumentError(f"by_group is True or False; got {brief(by_group)}.")
    parts = variance_components(m, approximation)
    random = float(parts.random.sum())
    within = random + parts.residual
    warn_singular(m.singular_terms, "intraclass correlation")
    groups = (parts.random / within).rename("icc")
    return IntraclassCorrelation(
        random / within, random / parts.total, groups, m.singular_terms, bool(by_group), is_weighted(m)
    )
