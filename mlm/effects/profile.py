"""Profiles of the deviance with their figure: the numbers are those of `inference.profile`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..inference.profile import ProfiledDeviance, profiled
from ..plot.profile import zeta_curves

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Profile", "profile"]


class Profile(ProfiledDeviance):
    """Profiles of the deviance: `print` it, or take `frame`, `confint` or `plot`.

    Attributes
    ----------
    model : MixedModel or GeneralizedMixedModel
        By maximum likelihood: what is profiled.
    level : float
        Coverage of the intervals that are printed and drawn.
    """

    def plot(self, **options: Any) -> np.ndarray:
        """Draw the zeta curves; arguments as for `mlm.plot.zeta_curves`.

        Examples
        --------
        >>> import mlm, replications
        >>> imm10 = replications.load("imm10", verbose=False)
        >>> m = mlm.lmer("math ~ homework + (1 | schnum)", imm10)
        >>> len(mlm.profile(m).plot())
        4
        """
        return zeta_curves(self, **options)


def profile(m: Any, which: Any = None, level: float = 0.95) -> Profile:
    """Profile the deviance of a mixed model over each of its parameters.

    Parameters are the standard deviations and correlations of the random effects, sigma and the fixed effects, in
    lme4's order and by its names of ``oldNames = FALSE``. A fit by REML is fitted again by maximum likelihood, as in
    lme4. Ends of intervals are searched for on the deviance itself, with all other parameters at their best at each
    value; lme4 interpolates between points of a curve. A standard deviation's interval ends at 0, and a correlation's
    at ±1, where the deviance does not rise enough on the way; ``notes()`` says so, and so does the print.

    Parameters
    ----------
    m : MixedModel or GeneralizedMixedModel
    which : str, int or sequence of these, optional
        Parameters wanted, by name or position from 0; ``"theta_"`` are all of the random effects and sigma, ``"beta_"``
        the fixed effects.
    level : float
        Coverage of the intervals that are printed, in (0, 1). Curves are followed to it, and to 0.99 at least.

    Returns
    -------
    Profile
        With ``frame`` (parameter, value, zeta: one row a step), ``confint(level, parm)``, ``notes()`` and ``plot()``.

    Raises
    ------
    ArgumentError
        For what is not a mixed model, a level outside (0, 1), or parameters that are not there.
    FitError
        For a generalized model of a family with a dispersion, or one fitted with ``n_agq=0``.

    Examples
    --------
    >>> import mlm
    >>> data = {"y": [1.0, 2.0, 4.0, 5.0, 7.0, 9.0], "g": list("aabbcc")}
    >>> print(mlm.profile(mlm.lmer("y ~ 1 + (1 | g)", data)))
    Profile of the deviance (maximum likelihood): 95% intervals
                     Estimate    2.5 %  97.5 %
    sd_(Intercept)|g  2.56038 0.686709 7.81277
    sigma             1.00000 0.531012 2.95328
    (Intercept)       4.66667 0.384952 8.94838

    References
    ----------
    Bates, D., Mächler, M., Bolker, B. & Walker, S. (2015). Fitting linear mixed-effects models using lme4. Journal of
    Statistical Software 67(1), section 5.1. doi:10.18637/jss.v067.i01
    """
    return profiled(m, which, level, Profile)
