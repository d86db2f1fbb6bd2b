"""Profiles of the deviance as zeta curves, with the intervals read off them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd
import scipy

from ..errors import ArgumentError, FitError
from ..report.r_numbers import percent
from .labels import demand_words, inches, words
from .panels import Panels
from .places import WIDTH, demand_truth
from .style import GREY, OKABE_ITO

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["zeta_curves"]

POINTS = 200
"""Points of each curve, between the steps that were computed."""
ROW = 2.2
"""Height in inches of a row of panels."""
COLUMNS = 3
"""Panels a row by default, at most."""
BETWEEN = 0.3
"""Inches of a panel's share of the width that are no room for its name."""


class ProfiledModel(Protocol):
    """What is drawn: see `mlm.profile`."""

    @property
    def frame(self) -> pd.DataFrame:
        """Columns parameter, value, zeta."""

    @property
    def names(self) -> list[str]:
        """The parameters."""

    @property
    def level(self) -> float:
        """Coverage of the intervals."""

    @property
    def estimates(self) -> pd.Series:
        """Where zeta is 0."""


def zeta_curves(
    p: ProfiledModel,
    *,
    absolute: bool = False,
    ncols: int | None = None,
    ax: Any = None,
    figsize: tuple[float, float] | None = None,
    title: str | None = None,
    xlabel: str | None = None,
    ylabel: str | None = None,
) -> np.ndarray:
    """Draw zeta, the signed root of the rise of the deviance, over each parameter, one panel a parameter.

    A straight line means a deviance that is quadratic, as Wald intervals take it to be. Between the dashed lines lies
    the profile's interval.

    Parameters
    ----------
    p : Profile
        As `mlm.profile` gives it.
    absolute : bool
        The root without its sign: intervals are where the curve is below the line.
    ncols : int, optional
        Panels a row.
    ax : matplotlib.axes.Axes or array of them, optional
        To draw on, at least one for each parameter.
    figsize : tuple of float, optional
        Width and height of a new figure in inches.
    title, xlabel, ylabel : str, optional
        Title of the figure and labels of its axes, shown as they are written.

    Returns
    -------
    ndarray of matplotlib.axes.Axes, shape (parameters,)

    Raises
    ------
    ArgumentError
        For what is not a profile, or fewer Axes than parameters.
    FitError
        When no parameter has a curve.

    Examples
    --------
    >>> import mlm
    >>> data = {"y": [1.0, 2.0, 4.0, 5.0, 7.0, 9.0], "g": list("aabbcc")}
    >>> profile = mlm.profile(mlm.lmer("y ~ 1 + (1 | g)", data))
    >>> [ax.get_title() for ax in mlm.plot.zeta_curves(profile)]
    ['sd_(Intercept)|g', 'sigma', '(Intercept)']
    """
    demand_words(title, xlabel, ylabel)
    demand_truth(absolute=absolute)
    if isinstance(p, type) or not all(hasattr(p, name) for name in ("frame", "names", "level", "estimates")):
        raise ArgumentError(f"This takes a profile, as mlm.profile(m) gives it; got {type(p).__name__}.")
    frame = p.frame
    shown = [(name, rows) for name in p.names if len(rows := frame[frame["parameter"] == name])]
    if not shown:
        raise FitError("There is no curve to draw: none of these parameters is defined in this fit.")
    columns = _columns([name for name, _ in shown]) if ncols is None and ax is None else ncols
    panels = Panels.of([name for name, _ in shown], ax, figsize, columns, ROW, sharex=False)
    quantile = float(scipy.stats.norm.isf(0.5 * (1.0 - p.level)))
    for place, (name, rows) in zip(panels.each, shown, strict=True):
        _curve(place, rows, float(p.estimates[name]), quantile, absolute)
    sign = "|zeta|" if absolute else "zeta"
    said = f"Signed root of the deviance's rise ({sign})" if not absolute else f"Root of the deviance's rise ({sign})"

    def write() -> None:
        panels.label(title, words(xlabel, f"Parameter ({percent(p.level)} interval)"), words(ylabel, said))
        panels.thin()

    panels.dress(write)
    return panels.each


def _columns(names: list[str]) -> int:
    """Panels a row: fewer where names would be broken."""
    most = min(COLUMNS, len(names))
    longest = max(inches(name, "medium") for name in names)
    return next((columns for columns in range(most, 1, -1) if longest < WIDTH / columns - BETWEEN), 1)


def _curve(ax: Axes, rows: pd.DataFrame, estimate: float, quantile: float, absolute: bool) -> None:
    """One parameter's curve, the lines at the quantile, and where the curve meets them."""
    value, zeta = rows["value"].to_numpy(), rows["zeta"].to_numpy()
    across, height = value, zeta
    if len(value) > 2:
        across = np.linspace(value[0], value[-1], POINTS)
        height = scipy.interpolate.PchipInterpolator(value, zeta)(across)
    meets = np.interp([-quantile, quantile], zeta, value)
    for level in (quantile,) if absolute else (-quantile, quantile):
        ax.axhline(level, color=GREY, linewidth=1, linestyle="--")
    for place in meets:
        end = float(np.interp(place, across, height))
        ax.plot([place, place], [0.0, abs(end) if absolute else end], color=OKABE_ITO[1], linewidth=1.2)
    ax.plot(across, np.abs(height) if absolute else height, color=OKABE_ITO[0])
    ax.plot([estimate], [0.0], "o", color=OKABE_ITO[1], zorder=4)
    ax.ticklabel_format(axis="x", useOffset=False)
