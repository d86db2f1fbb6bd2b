"""The likelihood as a curve, its maximum and the interval read off it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import scipy

from ..errors import ArgumentError, FitError, is_count
from ..inference.confint import checked_level
from ..likelihood.deviance import UsersDeviance
from .style import OKABE_ITO, axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["likelihood_curve"]

FEWEST_POINTS = 2
"""Points that make a curve at least."""
LARGEST_ICC = 1 - 1e-9
"""Where the interval's upper end is looked for at most: theta is 3e4 there, and infinite at 1."""
DRAWN_REACH = 1.8
"""How far the curve is drawn on both sides of its maximum, over the distance to the interval's ends."""
LARGEST_DRAWN_ICC = 1 - 1e-6
"""Where the curve ends at most."""


class ProfiledLikelihood(Protocol):
    """What the curve is drawn from: a fit whose deviance can be evaluated anywhere."""

    @property
    def deviance_function(self) -> UsersDeviance:
        """The criterion as a function of theta."""

    @property
    def theta(self) -> np.ndarray:
        """Where it is smallest (n_theta,)."""

    @property
    def loglik(self) -> float:
        """The log-likelihood there."""

    @property
    def reml(self) -> bool:
        """Whether it is the restricted one."""


def likelihood_curve(
    m: ProfiledLikelihood,
    *,
    level: float = 0.95,
    points: int = 200,
    ax: Axes | None = None,
) -> Axes:
    """Draw the profiled log-likelihood of a random-intercept model over the intraclass correlation.

    All other parameters are at their best for each value; the shaded range is the likelihood-ratio interval.

    Parameters
    ----------
    m : MixedModel
        With one random intercept.
    level : float
        Coverage of the interval.
    points : int
        Points of the curve.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ArgumentError
        When the level is not in (0, 1).
    FitError
        When the model has more than one covariance parameter.

    Examples
    --------
    >>> import mlm
    >>> data = {"y": [1.0, 2.0, 4.0, 5.0, 7.0, 9.0], "g": list("aabbcc")}
    >>> m = mlm.lmer("y ~ 1 + (1 | g)", data, reml=False)
    >>> likelihood_curve(m).get_xlabel()
    'Intraclass correlation'
    """
    if isinstance(m, type) or not (hasattr(m, "deviance_function") and hasattr(m, "theta")):
        raise ArgumentError(f"This takes a mixed model that mlm.lmer has fitted; got {type(m).__name__}.")
    if not is_count(points, FEWEST_POINTS):
        raise ArgumentError(f"points is a whole number, at least {FEWEST_POINTS}; got {points!r}.")
    if len(m.theta) != 1:
        raise FitError(f"The curve is over one parameter; this model has {len(m.theta)} covariance parameters.")

    def log_likelihood(icc: float) -> float:
        theta = np.sqrt(icc / (1 - icc))
        return -0.5 * float(m.deviance_function.evaluate(np.array([theta])).value)

    drop = scipy.stats.chi2.ppf(checked_level(level), 1) / 2
    best = float(m.theta[0] ** 2 / (1 + m.theta[0] ** 2))
    ends = [_crossing(log_likelihood, m.loglik - drop, best, end) for end in (0.0, LARGEST_ICC)]
    start = max(best - DRAWN_REACH * (best - ends[0]), 0.0)
    stop = min(best + DRAWN_REACH * (ends[1] - best), LARGEST_DRAWN_ICC)
    across = np.linspace(start, stop, points)
    curve = np.array([log_likelihood(value) for value in across])
    inside = (across >= ends[0]) & (across <= ends[1])
    ax = axes(ax)
    floor = m.loglik - 2.2 * drop
    ax.fill_between(across[inside], floor, curve[inside], color=OKABE_ITO[5], alpha=0.3, linewidth=0)
    ax.plot(across, curve, color=OKABE_ITO[0])
    ax.plot([best], [m.loglik], "o", color=OKABE_ITO[1], zorder=4)
    ax.annotate(f"maximum at {best:.3f}", (best, m.loglik), xytext=(0, 8), textcoords="offset points", ha="center")
    note = f"{100 * level:g} % interval\n{ends[0]:.3f} to {ends[1]:.3f}"
    ax.text(best, m.loglik - 0.75 * drop, note, ha="center", va="top")
    ax.set_ylim(floor, m.loglik + 0.35 * drop)
    name = "Restricted log-likelihood" if m.reml else "Log-likelihood"
    ax.set(xlabel="Intraclass correlation", ylabel=f"{name} (profiled)")
    return ax


def _crossing(curve: Any, height: float, inside: float, end: float) -> float:
    """Where the curve falls to a height between its top and an end; the end if it does not."""
    if inside == end or curve(end) >= height:
        return end
    return float(scipy.optimize.brentq(lambda value: curve(value) - height, *sorted((inside, end))))
