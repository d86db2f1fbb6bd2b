"""The likelihood as a curve, its maximum and the interval read off it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import scipy

from ..errors import ArgumentError, FitError, brief, is_count
from ..inference.confint import checked_level
from ..likelihood.deviance import UsersDeviance
from ..report.face import demand_linear
from ..report.r_numbers import percent
from .labels import demand_words, inches, line_height, size_of, words
from .places import Canvas
from .style import OKABE_ITO

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Annotation

__all__ = ["likelihood_curve"]

FEWEST_POINTS = 2
"""Points that make a curve at least."""
LARGEST_ICC = 1 - 1e-9
"""Where the interval's upper end is looked for at most, of an estimate that is not so near 1: theta is 3e4 there."""
NEAR_ONE = 1e4
"""Variance ratio above which the curve is drawn over 1 less the correlation, of which floats keep all digits."""
SMALLEST_SHARE = 1e-6
"""Where the interval's end near a correlation of 1 is looked for at most, as a share of 1 less its estimate."""
FEWEST_DIGITS = 3
"""Decimals of the printed interval at least; one that is narrower than these shows two digits of its width."""
DRAWN_REACH = 1.8
"""How far the curve is drawn on both sides of its maximum, over the distance to the interval's ends."""
LARGEST_DRAWN_ICC = 1 - 1e-6
"""Where the curve ends at most."""
LETTERS = ("medium", "small", "x-small", "xx-small")
"""Sizes of what is written above the curve: the first at which it has room on its side."""


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
    figsize: tuple[float, float] | None = None,
    title: str | None = None,
    xlabel: str | None = None,
    ylabel: str | None = None,
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
        To draw on.
    figsize : tuple of float, optional
        Width and height of a new figure in inches.
    title, xlabel, ylabel : str, optional
        Title and labels of the axes, shown as they are written.

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
    >>> import mlm, replications
    >>> pupils = replications.load("imm10", verbose=False)
    >>> m = mlm.lmer("math ~ homework + (1 | schnum)", pupils, reml=False)
    >>> mlm.plot.likelihood_curve(m).get_xlabel()
    'Intraclass correlation'
    """
    demand_words(title, xlabel, ylabel)
    demand_linear(m, "This curve")
    if isinstance(m, type) or not (hasattr(m, "deviance_function") and hasattr(m, "theta")):
        raise ArgumentError(f"This takes a linear mixed model that mlm.lmer has fitted; got {type(m).__name__}.")
    if not is_count(points, FEWEST_POINTS):
        raise ArgumentError(f"points is a whole number, at least {FEWEST_POINTS}; got {brief(points)}.")
    if len(m.theta) != 1:
        raise FitError(f"The curve is over one parameter; this model has {len(m.theta)} covariance parameters.")

    level = checked_level(level)
    drop = scipy.stats.chi2.ppf(level, 1) / 2
    found = _profiled(m, drop, points)
    canvas = Canvas.of(ax, figsize)
    floor = m.loglik - 2.2 * drop
    inside = (found.across >= found.low) & (found.across <= found.high)
    shaded = (found.across[inside], floor, found.curve[inside])
    canvas.ax.fill_between(*shaded, color=OKABE_ITO[5], alpha=0.3, linewidth=0)
    canvas.ax.plot(found.across, found.curve, color=OKABE_ITO[0])
    canvas.ax.plot([found.best], [m.loglik], "o", color=OKABE_ITO[1], zorder=4)
    canvas.ax.ticklabel_format(axis="x", useOffset=False)
    name = "Restricted log-likelihood" if m.reml else "Log-likelihood"
    along = "1 − intraclass correlation" if found.near_one else "Intraclass correlation"
    written: list[Annotation] = []

    def write() -> None:
        for text in written:
            text.remove()
        written[:] = _note(canvas.ax, found, m.loglik, percent(level))
        canvas.label(title, words(xlabel, along), words(ylabel, f"{name} (profiled)"))
        canvas.ax.set_ylim(floor, m.loglik + _head(canvas.ax) * (m.loglik - floor))
        canvas.thin()

    canvas.dress(write)
    return canvas.ax


@dataclass(frozen=True, slots=True, eq=False)
class Profiled:
    """The curve (points,) over the intraclass correlation or, near one, over one less it; its maximum and interval."""

    across: np.ndarray
    curve: np.ndarray
    best: float
    low: float
    high: float
    near_one: bool

    @property
    def written(self) -> tuple[str, str, str]:
        """Maximum and interval as correlations, with as many decimals as the interval needs."""
        if self.near_one:
            return f"1 − {self.best:.3g}", f"1 − {self.high:.3g}", f"1 − {self.low:.3g}"
        digits = max(FEWEST_DIGITS, 1 - math.floor(math.log10(self.high - self.low)))
        return f"{self.best:.{digits}f}", f"{self.low:.{digits}f}", f"{self.high:.{digits}f}"


def _profiled(m: ProfiledLikelihood, drop: float, points: int) -> Profiled:
    """Evaluate the curve from beyond one end of the interval, where it is lower by `drop`, to beyond the other."""
    ratio = float(m.theta[0] ** 2)
    near_one = ratio > NEAR_ONE

    def log_likelihood(value: float) -> float:
        odds = (1 - value) / value if near_one else value / (1 - value)
        return -0.5 * float(m.deviance_function.evaluate(np.array([np.sqrt(odds)])).value)

    best = (1.0 if near_one else ratio) / (1 + ratio)
    first, last = (SMALLEST_SHARE * best, 0.5) if near_one else (0.0, LARGEST_ICC)
    low, high = (_crossing(log_likelihood, m.loglik - drop, best, end) for end in (first, last))
    start = max(best - DRAWN_REACH * (best - low), first)
    stop = min(best + DRAWN_REACH * (high - best), last if near_one else LARGEST_DRAWN_ICC)
    across = np.linspace(start, stop, points)
    curve = np.array([log_likelihood(value) for value in across])
    return Profiled(across, curve, best, low, high, near_one)


def _head(ax: Axes) -> float:
    """Room above the curve for three lines of text, over the height of the curve."""
    share = min((3 * line_height("medium") + 0.3) / size_of(ax)[1], 0.6)
    return share / (1 - share)


def _note(ax: Axes, found: Profiled, top: float, coverage: str) -> list[Annotation]:
    """Write maximum and interval above the curve, on the side of the maximum where there is room."""
    left, right = ax.get_xlim()
    place = (found.best - left) / (right - left)
    side = "left" if place < 0.25 else "right" if place > 0.75 else "center"
    best, low, high = found.written
    said = f"{coverage} interval", f"{low} to {high}", f"maximum at {best}"
    share = {"left": 1 - place, "right": place, "center": 2 * min(place, 1 - place)}[side]
    room = share * size_of(ax)[0]
    letters = next((size for size in LETTERS if max(inches(text, size) for text in said) <= room), LETTERS[-1])
    options: dict[str, Any] = {"textcoords": "offset points", "ha": side, "va": "bottom", "fontsize": letters}
    above = (0, 8 + 72 * line_height(letters))
    return [
        ax.annotate(said[2], (found.best, top), (0, 8), **options),
        ax.annotate("\n".join(said[:2]), (found.best, top), above, **options),
    ]


def _crossing(curve: Any, height: float, inside: float, end: float) -> float:
    """Where the curve falls to a height between its top and an end; the end if it does not."""
    if inside == end or curve(end) >= height:
        return end
    return float(scipy.optimize.brentq(lambda value: curve(value) - height, *sorted((inside, end))))
