"""Figures of residuals: as a distribution, and their averages along the fitted values."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy

from ..errors import ArgumentError, brief, is_count
from ..report.face import FittedModel, demand_model, is_generalized, is_mixed
from .labels import demand_words, whole_counts, words
from .places import Canvas
from .rows import bin_edges
from .style import GREY, OKABE_ITO

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

__all__ = ["binned_residuals", "residual_histogram"]

BAND = 2.0
"""Standard errors on either side of 0, as Gelman and Hill draw them: about 19 of 20 bins lie within."""


def binned_residuals(
    m: FittedModel,
    *,
    bins: int | None = None,
    ax: Axes | None = None,
    figsize: tuple[float, float] | None = None,
    title: str | None = None,
    xlabel: str | None = None,
    ylabel: str | None = None,
) -> Axes:
    """Draw averages of the residuals over averages of the fitted values, with the band that the model expects.

    Rows are put into bins of about the same size by their fitted values. If the model holds, about 95% of the averages
    lie within two standard errors of 0, which follow from the variance that the model gives each row. Residuals at
    conditional modes vary a little less, and lean upwards from left to right where groups are small: the modes are
    drawn towards 0, and the fitted values with them towards the middle.

    Parameters
    ----------
    m : fitted model
        Of any kind; residuals are differences of response and mean.
    bins : int, optional
        Number of bins; by default the square root of the number of rows.
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
        When `m` is not a model, or `bins` is not a number of bins.

    Examples
    --------
    >>> import mlm, replications
    >>> pupils = replications.load("imm10", verbose=False)
    >>> m = mlm.glm("(math > 50) ~ homework + ses", pupils)
    >>> mlm.plot.binned_residuals(m).get_xlabel()
    'Average fitted value'

    References
    ----------
    Gelman, A. & Hill, J. (2007). *Data Analysis Using Regression and Multilevel/Hierarchical Models*, section 5.6.
    Cambridge University Press.
    """
    demand_words(title, xlabel, ylabel)
    demand_model(m)
    if bins is not None and not is_count(bins, 1, m.nobs):
        raise ArgumentError(f"bins is a number of bins, from 1 to the {m.nobs} rows; got {brief(bins)}.")
    table = _averages(m, max(1, math.isqrt(m.nobs)) if bins is None else int(bins))
    canvas = Canvas.of(ax, figsize)
    canvas.ax.axhline(0, color=GREY, linewidth=1, linestyle="--")
    for side, name in ((-1.0, "±2 standard errors"), (1.0, None)):
        canvas.ax.plot(table["fitted"], side * BAND * table["se"], color=GREY, linewidth=1, label=name)
    canvas.ax.plot(table["fitted"], table["residual"], "o", color=OKABE_ITO[0], markersize=4, label="averages of bins")
    conditional = " at the conditional modes" if is_mixed(m) else ""

    def write() -> None:
        canvas.label(
            title,
            words(xlabel, f"Average fitted value{conditional}"),
            words(ylabel, f"Average residual ({m.response})"),
        )
        canvas.legend()
        canvas.thin()

    canvas.dress(write)
    return canvas.ax


def _averages(m: FittedModel, bins: int) -> pd.DataFrame:
    """Average fitted values and residuals of bins, and standard errors of the latter: columns fitted, residual, se."""
    mean = m.fitted.to_numpy()
    if is_generalized(m):
        residuals, weights, variance = m.residuals("response"), m.outcome.weights, m.family.variance(mean)
    else:
        residuals, weights, variance = m.resid, m.frame.weights, np.ones(m.nobs)
    variance = m.sigma**2 * variance / (1.0 if weights is None else weights)
    rows = pd.DataFrame({"fitted": mean, "residual": residuals.to_numpy(), "se": variance})
    place = rows["fitted"].rank(method="average").sub(0.5).mul(bins / len(rows)).astype(int)  # equal values together
    parts = rows.groupby(place.to_numpy())
    averages = parts.mean()
    return averages.assign(se=np.sqrt(averages["se"] / parts.size()))


def residual_histogram(
    m: FittedModel,
    *,
    bins: int | ArrayLike = 40,
    ax: Axes | None = None,
    figsize: tuple[float, float] | None = None,
    title: str | None = None,
    xlabel: str | None = None,
    ylabel: str | None = None,
) -> Axes:
    """Draw a histogram of the residuals with the normal density that the model assumes.

    With prior weights this density is that of the Pearson residuals, which are drawn then: each residual times the
    square root of its weight.

    Parameters
    ----------
    m : MixedModel or LinearModel
    bins : int or array_like, shape (n_bins + 1,)
        Number of bins, or their edges, increasing.
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
        When `m` is not a model, or a generalized one, or for wrong `bins`.

    Examples
    --------
    >>> import mlm, replications
    >>> pupils = replications.load("imm10", verbose=False)
    >>> mlm.plot.residual_histogram(mlm.lm("math ~ homework", pupils)).get_xlabel()
    'Residual (math)'
    """
    demand_words(title, xlabel, ylabel)
    demand_model(m)
    if is_generalized(m):
        raise ArgumentError(
            f"Residuals of a {m.family.label} model are not normal ones, with which they could be compared; draw "
            "mlm.plot.binned_residuals(m) instead."
        )
    weights = m.frame.weights
    residuals = m.resid.to_numpy() * (1.0 if weights is None else np.sqrt(weights))
    edges = bin_edges(residuals, bins)
    canvas = Canvas.of(ax, figsize)
    canvas.ax.hist(residuals, bins=edges.tolist(), color=OKABE_ITO[5], edgecolor="white", label="residuals")
    _normal(canvas.ax, m.sigma, edges, len(residuals))
    canvas.ax.grid(axis="x", visible=False)
    whole_counts(canvas.ax)
    kind = "Residual" if weights is None else "Residual × √weight"

    def write() -> None:
        canvas.label(title, words(xlabel, f"{kind} ({m.response})"), words(ylabel, "Rows"))
        canvas.legend()
        canvas.thin()

    canvas.dress(write)
    return canvas.ax


def _normal(ax: Axes, sigma: float, edges: np.ndarray, rows: int) -> None:
    """Draw the rows that a normal distribution has in a bin at each point; of unequal bins, in each bin."""
    widths = np.diff(edges)
    name = f"normal, SD {sigma:.3g}"
    if not (np.isfinite(sigma) and sigma > 0):
        ax.plot([], [], color=OKABE_ITO[1], label=f"{name}: no density")
    elif np.allclose(widths, widths[0]):
        across = np.linspace(edges[0], edges[-1], 200)
        density = rows * widths[0] * scipy.stats.norm.pdf(across, scale=sigma)
        ax.plot(across, density, color=OKABE_ITO[1], label=name)
    else:
        expected = rows * np.diff(scipy.stats.norm.cdf(edges, scale=sigma))
        ax.stairs(expected, edges, color=OKABE_ITO[1], label=f"{name}, by bin")
