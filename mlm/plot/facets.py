"""Figures of grouped data: one panel per group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..errors import MOST_COUNT, ArgumentError, brief, is_count, is_one_of
from .labels import demand_words, whole_counts, words
from .panels import Panels
from .rows import bin_edges, by_group, complete, least_squares_line
from .style import LIGHT, OKABE_ITO

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

__all__ = ["facet_density_lines", "facet_histogram"]

ROUNDINGS = 10_000
"""Steps between floats that a range has at least, so that the hexagons in it can be told apart."""


def facet_histogram(
    data: Any,
    x: str,
    by: str,
    *,
    bins: int | ArrayLike = 30,
    ncols: int | None = None,
    ax: Any = None,
    figsize: tuple[float, float] | None = None,
    title: str | None = None,
    xlabel: str | None = None,
    ylabel: str | None = None,
) -> np.ndarray:
    """Draw a histogram of one variable for each group, on common axes.

    Parameters
    ----------
    data : data frame or mapping
        Any eager frame that narwhals knows, or a mapping of columns. Rows with missing values in the two columns
        (null, None, NaN, NaT, NA, masked entries of an array) are left out, and one warning says how many.
    x, by : str
        Column of numbers or dates, and grouping column. Groups that are text with numbers in it come in the order of
        these, 2 before 10; categories in their own.
    bins : int or array_like, shape (n_bins + 1,)
        Number of bins of one width over the range of all groups, or their edges, increasing (of dates in days since
        1970). Values of a discrete scale fall on the borders of some numbers of bins; edges between the values keep
        them apart.
    ncols : int, optional
        Panels per row: by default four, of more than 40 groups eight, of more than 160 ten.
    ax : array of matplotlib.axes.Axes, optional
        To draw on, at least one for each group.
    figsize : tuple of float, optional
        Width and height of a new figure in inches.
    title, xlabel, ylabel : str, optional
        Title of the figure and labels of its axes, shown as they are written; `x` and "Frequency" by default.

    Returns
    -------
    ndarray of matplotlib.axes.Axes, shape (groups,)

    Raises
    ------
    DataError
        When a column does not exist, is not numeric or infinite, no row is complete, or the frame is lazy.
    ArgumentError
        When `bins` is neither a positive whole number nor increasing edges, `ncols` no positive whole number, or `ax`
        has fewer Axes than there are groups.

    Warns
    -----
    MissingRowsWarning
        When rows are left out; with counts by column.

    Examples
    --------
    >>> import mlm, replications
    >>> pupils = replications.load("imm10", verbose=False)
    >>> panels = mlm.plot.facet_histogram(pupils, "math", "schnum")
    >>> len(panels)
    10
    """
    demand_words(title, xlabel, ylabel)
    rows = complete(data, by, x)
    groups = list(by_group(rows.table))
    edges = bin_edges(rows.table["x"].to_numpy(), bins)
    panels = Panels.of([str(name) for name, _ in groups], ax, figsize, ncols)
    for place, (_, mine) in zip(panels.each, groups, strict=True):
        if panels.large:  # one shape, as thousands of bars take a minute
            place.stairs(np.histogram(mine["x"], edges)[0], edges, fill=True, color=OKABE_ITO[0])
        else:
            place.hist(mine["x"], bins=edges.tolist(), color=OKABE_ITO[0], linewidth=0)
    for place in panels.each:
        whole_counts(place)
    panels.finish(rows.dates, title, words(xlabel, x), words(ylabel, "Frequency"))
    return panels.each


def facet_density_lines(
    data: Any,
    x: str,
    y: str,
    by: str,
    *,
    kind: str = "density",
    ncols: int | None = None,
    gridsize: int = 14,
    ax: Any = None,
    figsize: tuple[float, float] | None = None,
    title: str | None = None,
    xlabel: str | None = None,
    ylabel: str | None = None,
) -> np.ndarray:
    """Draw for each group where its points lie and the least-squares line through them.

    Parameters
    ----------
    data : data frame or mapping
        As for :func:`facet_histogram`; so are rows with missing values.
    x, y, by : str
        Column of numbers or dates, column of numbers, and grouping column.
    kind : {"density", "points"}
        Hexagons shaded by the share of the group's rows in them, or the points themselves.
    ncols : int, optional
        Panels per row, as for :func:`facet_histogram`.
    gridsize : int
        Hexagons across a panel.
    ax : array of matplotlib.axes.Axes, optional
        To draw on, at least one for each group.
    figsize : tuple of float, optional
        Width and height of a new figure in inches.
    title, xlabel, ylabel : str, optional
        Title of the figure and labels of its axes, shown as they are written; `x` and `y` by default.

    Returns
    -------
    ndarray of matplotlib.axes.Axes, shape (groups,)

    Raises
    ------
    DataError
        As :func:`facet_histogram`.
    ArgumentError
        For an unknown `kind`, when `ncols` or `gridsize` is not a positive whole number, or `ax` has too few Axes.

    Examples
    --------
    >>> import mlm, replications
    >>> pupils = replications.load("imm10", verbose=False)
    >>> columns = "homework", "math", "schnum"
    >>> len(mlm.plot.facet_density_lines(pupils, *columns, kind="points"))
    10
    """
    demand_words(title, xlabel, ylabel)
    if not is_one_of(kind, ("density", "points")):
        raise ArgumentError(f"kind must be 'density' or 'points'; got {brief(kind)}.")
    if not is_count(gridsize):
        raise ArgumentError(
            f"gridsize, the hexagons across a panel, must be a positive whole number up to {MOST_COUNT:,}; "
            f"got {brief(gridsize)}."
        )
    rows = complete(data, by, x, y=y)
    groups, whole = list(by_group(rows.table)), rows.table
    extent = (*_range(whole["x"]), *_range(whole["y"]))
    panels = Panels.of([str(name) for name, _ in groups], ax, figsize, ncols)
    for place, (_, mine) in zip(panels.each, groups, strict=True):
        across, up = mine["x"].to_numpy(), mine["y"].to_numpy()
        if kind == "points":
            place.scatter(across, up, s=8, color=LIGHT, linewidths=0)
        else:
            _shade(place, across, up, gridsize, extent)
        line = least_squares_line(across, up)
        if line is not None:
            ends = np.array([across.min(), across.max()])
            place.plot(ends, line[0] + line[1] * ends, color=OKABE_ITO[1], linewidth=1.8)
    panels.finish(rows.dates, title, words(xlabel, x), words(ylabel, y))
    return panels.each


def _range(values: pd.Series) -> tuple[float, float]:
    """Smallest and largest value, or a range about them where they are one, or as near as rounding."""
    low, high = float(values.min()), float(values.max())
    least = ROUNDINGS * float(np.spacing(max(abs(low), abs(high))))
    half = least if low < high else max(0.5, least)
    return (low, high) if high - low > least else (low - half, high + half)


def _shade(
    ax: Axes, across: np.ndarray, up: np.ndarray, gridsize: int, extent: tuple[float, float, float, float]
) -> None:
    """Shade hexagons by the share of the points in them."""
    share, rows = np.full(len(across), 1 / len(across)), max(1, int(gridsize / 3**0.5))
    ax.hexbin(
        across, up, C=share, reduce_C_function=np.sum, gridsize=(gridsize, rows), extent=extent, cmap="Blues", mincnt=1,
        linewidths=0, vmin=0,
    )  # fmt: skip
