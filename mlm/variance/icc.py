"""Intraclass correlation: the share of the variance that lies between groups."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from ..model.generalized_mixed_model import GeneralizedMixedModel
from ..model.mixed_model import MixedModel
from ..report.html import as_html
from .components import singular_note, variance_components, warn_singular
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
    """

    adjusted: float
    unadjusted: float
    by_group: pd.Series
    singular: tuple[str, ...] = ()

    @property
    def conditional(self) -> float:
        """The unadjusted share, under its older name."""
        return self.unadjusted

    @property
    def frame(self) -> pd.DataFrame:
        """The two shares, ``adjusted`` and ``unadjusted``, in a column ``ICC``."""
        return pd.DataFrame({"ICC": [self.adjusted, self.unadjusted]}, ["adjusted", "unadjusted"])

    def __str__(self) -> str:
        text = (
            "# Intraclass Correlation Coefficient\n\n"
            f"    Adjusted ICC: {self.adjusted:.3f}\n  Unadjusted ICC: {self.unadjusted:.3f}"
        )
        note = singular_note(self.singular)
        if len(self.by_group) <= 1:
            return "\n".join([text, *note])
        width = max(5, *(len(str(name)) for name in self.by_group.index))
        rows = [f"{name:<{width}} | {value:.3f}" for name, value in self.by_group.items()]
        return "\n".join([text, "", f"{'Group':<{width}} |   ICC", "-" * (width + 8), *rows, *note])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return as_html(str(self), "mlm-icc")


def icc(m: MixedModel | GeneralizedMixedModel, approximation: str = APPROXIMATIONS[0]) -> IntraclassCorrelation:
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

    Returns
    -------
    IntraclassCorrelation
        Prints as ``performance::icc``, which gives NA for a singular fit. Here such a fit has the shares of its
        estimated variances, and the printout says that it is singular. Of counts performance 0.10 takes ``exp(beta)``
        for the mean, that of a group without effects; later versions take the mean, as here.

    Raises
    ------
    FitError
        For a family and link whose residual variance on this scale is not known: a cauchit has none, for example.
    ArgumentError
        When `m` is no mixed model, or there is no such `approximation`.

    Warns
    -----
    SingularFitWarning
        A variance is 0, or a correlation ±1.

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
    parts = variance_components(m, approximation)
    random = float(parts.random.sum())
    within = random + parts.residual
    warn_singular(m.singular_terms, "intraclass correlation")
    by_group = (parts.random / within).rename("icc")
    return IntraclassCorrelation(random / within, random / parts.total, by_group, m.singular_terms)
