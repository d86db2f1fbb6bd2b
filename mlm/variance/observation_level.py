"""The residual variance of generalized mixed models, on the scale of the linear predictor.

Rows vary around their means by a variance that follows from these, so that there is no residual one to be estimated. On
the scale of the linear predictor it is that of the latent variable whose sign is observed, or it is approximated
(Nakagawa, S., Johnson, P. C. D. & Schielzeth, H. (2017). *Journal of the Royal Society Interface* 14, 20170213, table 1
and equations 3.5 to 5.8).
"""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from ..errors import ArgumentError, FitError, brief, is_one_of
from ..fit.generalized import GeneralizedFit
from ..fit.ranef import orthonormal_blocks
from ..frame.reduction import with_constant_only

__all__ = ["APPROXIMATIONS", "checked_approximation", "mean_without_predictors", "observation_level_variance"]

# Variances of the standard logistic, normal and Gumbel distributions, of which a latent variable's signs are observed.
LATENT_VARIANCES = {"logit": math.pi**2 / 3.0, "probit": 1.0, "cloglog": math.pi**2 / 6.0}
APPROXIMATIONS = ("lognormal", "delta", "trigamma")
KNOWN = (
    "binomial models with link='logit', 'probit' or 'cloglog', Poisson and negative binomial ones with 'log' or "
    "'sqrt' and Gamma ones with 'log'"
)


def checked_approximation(approximation: object) -> str:
    """Check the name of an approximation.

    Raises
    ------
    ArgumentError
    """
    if not is_one_of(approximation, APPROXIMATIONS):
        raise ArgumentError(f"`approximation` is {', '.join(map(repr, APPROXIMATIONS))}; got {brief(approximation)}.")
    return str(approximation)


def observation_level_variance(fit: GeneralizedFit, approximation: str) -> float:
    """Return the variance of rows around their linear predictors.

    Parameters
    ----------
    fit : GeneralizedFit
    approximation : {"lognormal", "delta", "trigamma"}
        Of the variance of the logarithm of a response with a log link, whose variance over its squared mean is v:
        ``log(1 + v)``, ``v``, or ``trigamma(1 / v)``. v is 1 / mean of counts, + 1 / theta where these are negative
        binomial, and the dispersion of a Gamma response; the mean is that of the model without predictors.

    Raises
    ------
    FitError
        When it is not known, differs by row with prior weights, or the model without predictors cannot be fitted.
    """
    family, link = fit.family, fit.family.link.name
    if family.name == "binomial" and link in LATENT_VARIANCES:
        return LATENT_VARIANCES[link]
    counts = family.name in ("poisson", "negative.binomial")
    if (counts and link in ("log", "sqrt")) or (family.name, link) == ("Gamma", "log"):
        _demand_one_weight(fit)
    per_theta = 0.0 if family.theta is None else 1.0 / family.theta
    if counts and link == "sqrt":
        return 0.25 * (1.0 + per_theta * (mean_without_predictors(fit) if per_theta else 0.0))
    if counts and link == "log":
        return _of_logarithm(1.0 / mean_without_predictors(fit) + per_theta, approximation)
    if (family.name, link) == ("Gamma", "log"):
        return _of_logarithm(fit.sigma**2, approximation)
    raise FitError(
        f"A residual variance on the scale of the linear predictor is known for {KNOWN}; this model is of the "
        f"{family.name} family with link={link!r}. Its random variances are in m.varcorr."
    )


def _demand_one_weight(fit: GeneralizedFit) -> None:
    """Refuse prior weights: whether one stands for several rows or for a row's precision is not known."""
    weights = fit.frame.weights
    if weights is None or bool((weights == 1.0).all()):
        return
    remedy = "Repeat rows that stand for several"
    if fit.family.name != "Gamma":
        remedy += "; of rates, give the counts, and the logarithm of what they are rates of as offset="
    raise FitError(
        f"The rows of this {fit.family.name} model have prior weights, {weights.min():.3g} to {weights.max():.3g}: the "
        f"variance of a row depends on its weight, and no single residual variance is there. {remedy}."
    )


def _of_logarithm(relative: float, approximation: str) -> float:
    """Variance of the logarithm of what has this variance over its squared mean."""
    if approximation == "delta":
        return relative
    return math.log1p(relative) if approximation == "lognormal" else float(special.polygamma(1, 1.0 / relative))


def mean_without_predictors(fit: GeneralizedFit) -> float:
    """Return the mean response, over rows and random effects, by the model that has an intercept for its fixed part.

    With a log link and no offset it is ``exp(beta + variance / 2)``, with the variance of all random effects.

    Raises
    ------
    FitError
        When that model cannot be fitted.
    """
    family = fit.asked_family
    frame = with_constant_only(fit.frame)
    try:
        null = GeneralizedFit.estimate(frame, list(fit.terms), family, fit.n_agq, quiet=True)
    except FitError as error:
        raise FitError(f"The mean of the model without predictors is needed, and cannot be had. {error}") from error
    variance = np.zeros(null.nobs)
    for _, z, covariance in orthonormal_blocks(null):
        variance += np.einsum("ij,jk,ik->i", z, covariance, z)
    eta = null.fixef.iloc[0] + null.frame.known_part
    if family.link.name == "sqrt":
        return float(np.mean(np.square(eta) + variance))
    return float(np.mean(np.exp(eta + 0.5 * variance)))
