"""Figures of grouped data: one panel a group, one line a group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..errors import ArgumentError, DataError, FitError, is_count, is_one_of
from ..frame.columns import INTERCEPT
from ..model.reference_grid import Predictor, average_design, predictors
from ..report.face import FittedMixedModel, FittedModel, is_mixed, is_model
from .style import (
    LIGHT,
    MARKERS,
    OKABE_ITO,
    WIDTH,
    axes,
    bin_edges,
    by_group,
    complete,
    demand_truth,
    grouping_factor,
    least_squares_line,
    panels,
    spaced,
    words,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike

__all__ = ["facet_density_lines", "facet_histogram", "group_lines"]

LABELLED_GROUPS = 8
"""Groups up to this number get a colour and a label each: there are seven colours to tell apart."""


def facet_histogram(
    data: Any,
    x: str,
    by: str,
    *,
    bins: int | ArrayLike = 30,
    ncols: int = 4,
    xlabel: str | None = None,
    ylabel: str = "Frequency",
) -> Figure:
    """Draw a histogram of one variable for each group, on common axes.

    Parameters
    ----------
    data : data frame or mapping
        Any eager frame that narwhals knows, or a mapping of columns. Rows with missing values in the two columns
        (null, None, NaN, NaT, NA, masked entries of an array) are left out, and one warning says how many.
    x, by : str
        Numeric column and grouping column.
    bins : int or array_like, shape (n_bins + 1,)
        Number of bins of one width over the range of all groups, or their edges, increasing. Values of a
        discrete scale fall on the borders of some numbers of bins; edges between the values keep them apart.
    ncols : int
        Panels a row.
    xlabel, ylabel : str, optional
        Axis labels; `x` by default.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    DataError
        When a column does not exist, is not numeric or infinite, no row is complete, or the frame is lazy.
    ArgumentError
        When `bins` is neither a positive whole number nor increasing edges, or `ncols` no positive whole number.

    Warns
    -----
    MissingRowsWarning
        When rows are left out; with counts by column.

    Examples
    --------
    >>> data = {"y": [1, 2, 2, 3], "g": ["a", "a", "b", "b"]}
    >>> figure = facet_histogram(data, "y", "g", bins=[0.5, 1.5, 2.5, 3.5])
    >>> [ax.get_title() for ax in figure.axes]
    ['a', 'b']
    """
    table = complete(data, by, x=x)
    groups = list(by_group(table))
    edges = bin_edges(table["x"].to_numpy(), bins)
    figure, places = panels(len(groups), ncols, sharex=True, sharey=True)
    for ax, (name, rows) in zip(places, groups, strict=True):
        ax.hist(rows["x"], bins=edges.tolist(), color=OKABE_ITO[0], linewidth=0)
        ax.set_title(str(name), fontsize="medium")
    figure.supxlabel(words(xlabel, x))
    figure.supylabel(ylabel)
    return figure


def facet_density_lines(
    data: Any,
    x: str,
    y: str,
    by: str,
    *,
    kind: str = "density",
    ncols: int = 4,
    gridsize: int = 14,
    xlabel: str | None = None,
    ylabel: str | None = None,
) -> Figure:
    """Draw for each group where its points lie and the least-squares line through them.

    Parameters
    ----------
    data : data frame or mapping
        As for :func:`facet_histogram`; so are rows with missing values.
    x, y, by : str
        Two numeric columns and the grouping column.
    kind : {"density", "points"}
        Hexagons shaded by the share of the group's rows in them, or the points themselves.
    ncols : int
        Panels a row.
    gridsize : int
        Hexagons across a panel.
    xlabel, ylabel : str, optional
        Axis labels; `x` and `y` by default.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    DataError
        As :func:`facet_histogram`.
    ArgumentError
        For an unknown `kind`, or when `ncols` or `gridsize` is no positive whole number.

    Examples
    --------
    >>> data = {"x": [0, 1, 2, 0, 1, 2], "y": [1, 2, 4, 5, 4, 2], "g": list("aaabbb")}
    >>> len(facet_density_lines(data, "x", "y", "g", kind="points").axes)
    2
    """
    if not is_one_of(kind, ("density", "points")):
        raise ArgumentError(f"kind must be 'density' or 'points'; got {kind!r}.")
    if not is_count(gridsize):
        raise ArgumentError(
            f"gridsize, the hexagons across a panel, must be a positive whole number; got {gridsize!r}."
        )
    table = complete(data, by, x=x, y=y)
    groups = list(by_group(table))
    extent = (table["x"].min(), table["x"].max(), table["y"].min(), table["y"].max())
    figure, places = panels(len(groups), ncols, sharex=True, sharey=True)
    for ax, (name, rows) in zip(places, groups, strict=True):
        across, up = rows["x"].to_numpy(), rows["y"].to_numpy()
        if kind == "points":
            ax.scatter(across, up, s=8, color=LIGHT, linewidths=0)
        else:
            _shade(ax, across, up, gridsize, extent)
        line = least_squares_line(across, up)
        if line is not None:
            ends = np.array([across.min(), across.max()])
            ax.plot(ends, line[0] + line[1] * ends, color=OKABE_ITO[1], linewidth=1.8)
        ax.set_title(str(name), fontsize="medium")
    figure.supxlabel(words(xlabel, x))
    figure.supylabel(words(ylabel, y))
    return figure


def _shade(
    ax: Axes, across: np.ndarray, up: np.ndarray, gridsize: int, extent: tuple[float, float, float, float]
) -> None:
    """Shade hexagons by the share of the points in them."""
    share = np.full(len(across), 1 / len(across))
    ax.hexbin(
        across, up, C=share, reduce_C_function=np.sum, gridsize=gridsize, extent=extent, cmap="Blues", mincnt=1,
        linewidths=0,
    )  # fmt: skip


def group_lines(
    source: FittedModel | Any,
    x: str,
    *,
    y: str | None = None,
    by: str | None = None,
    points: bool = True,
    overall: bool = True,
    ax: Axes | None = None,
    xlabel: str | None = None,
    ylabel: str | None = None,
) -> Axes:
    """Draw one line a group: fitted by a mixed model, by dummies, or through each group's own points.

    Parameters
    ----------
    source : MixedModel, LinearModel or data frame
        A mixed model gives each group's line with its conditional modes, over the group's own range, other
        predictors at typical values; a linear model needs `by`, a category among its predictors; a data
        frame (or a mapping of columns) needs `y` and `by`, and gets separate least-squares lines; its rows with
        missing values are left out, and one warning says how many.
    x : str
        Numeric predictor.
    y, by : str, optional
        Response and grouping column, where the source does not tell.
    points : bool
        Draw the data.
    overall : bool
        Draw the line of the fixed part (of all data together, for a data frame) in black.
    ax : matplotlib.axes.Axes, optional
    xlabel, ylabel : str, optional
        Axis labels; the variables' names by default.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ArgumentError
        When a needed name is missing or is no predictor.
    DataError
        As :func:`facet_histogram`, or when the model matrix does not show a predictor.
    FitError
        When a random slope belongs to a variable without a typical value.

    Examples
    --------
    >>> data = {"x": [0, 1, 2, 0, 1, 2], "y": [1, 2, 4, 5, 4, 2], "g": list("aaabbb")}
    >>> group_lines(data, "x", y="y", by="g").get_xlabel()
    'x'
    """
    demand_truth(points=points, overall=overall)
    if not is_model(source):
        lines, middle, rows = _separate_lines(source, x, y, by)
    else:
        y = source.response
        lines, middle, rows = _mixed_lines(source, x, by) if is_mixed(source) else _dummy_lines(source, x, by)
    labelled = len(lines) <= LABELLED_GROUPS
    ax = axes(ax, width=WIDTH, height=4.6)
    for k, (name, (across, up)) in enumerate(lines.items()):
        style: dict[str, Any] = {"color": OKABE_ITO[0], "linewidth": 1.0, "alpha": 0.6}
        if labelled:
            color, marker = OKABE_ITO[k % len(OKABE_ITO)], MARKERS[k % len(MARKERS)]
            style = {"color": color, "linewidth": 1.6, "marker": marker, "markevery": [-1], "label": str(name)}
            mine = rows[rows["group"] == name] if points else rows[:0]
            ax.scatter(mine["x"], mine["y"], s=14, color=color, marker=marker, alpha=0.6, linewidths=0)
        ax.plot(across, up, zorder=3, **style)
    if points and not labelled:
        ax.scatter(rows["x"], rows["y"], s=8, color=LIGHT, alpha=0.7, linewidths=0, zorder=1)
    if overall and middle is not None:
        ax.plot(*middle, color="black", linewidth=3, label="overall" if labelled else None, zorder=4)
    if labelled:
        ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    ax.set(xlabel=words(xlabel, x), ylabel=words(ylabel, y or ""))
    return ax


Line = tuple[np.ndarray, np.ndarray]
Lines = tuple[dict[Any, Line], Line | None, pd.DataFrame]


def _numeric_predictor(m: FittedModel, x: str) -> tuple[Predictor, dict[str, Predictor]]:
    """The predictor along the axis, and the others."""
    known = predictors(m)
    if not isinstance(x, str) or x not in known or known[x].levels:
        numeric = [name for name, p in known.items() if not p.levels]
        raise ArgumentError(f"{x!r} is not a numeric predictor of this model; these are: {', '.join(numeric)}.")
    return known[x], {name: p for name, p in known.items() if name != x}


def _mixed_lines(m: FittedMixedModel, x: str, by: str | None) -> Lines:
    """Fixed part plus conditional modes of each group."""
    group = grouping_factor(m, by)
    focal, held = _numeric_predictor(m, x)
    across = spaced([focal.low, focal.high])
    _, design = average_design(m, {x: across.tolist()}, held)
    middle = design @ m.fixef.to_numpy()
    modes = m.ranef()
    lift: dict[Any, np.ndarray] = {}
    for term, rows in modes[modes["grpvar"] == group].groupby("term", sort=False):
        if term not in (INTERCEPT, x) and (term not in held or held[term].levels):
            raise FitError(f"The random slope {term!r} has no typical value; lines over {x!r} are not defined.")
        z = across if term == x else np.full(len(across), 1.0 if term == INTERCEPT else held[term].typical)
        for name, value in zip(rows["grp"], rows["condval"], strict=True):
            lift[name] = lift.get(name, 0.0) + value * z
    lines = {name: (across, middle + value) for name, value in lift.items()}
    seen = _seen(m, focal, m.groups[group].to_numpy())
    return _within_range(lines, seen), (across, middle), seen


def _dummy_lines(m: FittedModel, x: str, by: str | None) -> Lines:
    """Predictions at each level of a category."""
    if by is None:
        raise ArgumentError("A linear model does not tell its groups; name a category among its predictors by=.")
    focal, held = _numeric_predictor(m, x)
    if by not in held or not held[by].levels:
        categories = [name for name, p in held.items() if p.levels]
        raise ArgumentError(f"{by!r} is not a category of this model; these are: {', '.join(categories) or 'none'}.")
    category = held.pop(by)
    levels, across = category.levels, spaced([focal.low, focal.high])
    grid, design = average_design(m, {x: across.tolist(), by: list(levels)}, held)
    up = design @ m.fixef.to_numpy()
    lines = {level: (across, up[(grid[by] == level).to_numpy()]) for level in levels}
    seen = _seen(m, focal, category.values)
    return _within_range(lines, seen), None, seen


def _within_range(lines: dict[Any, Line], seen: pd.DataFrame) -> dict[Any, Line]:
    """Cut straight lines to the range of x that each group has."""
    found = {}
    for name, (across, up) in lines.items():
        mine = seen.loc[seen["group"] == name, "x"]
        inner = np.linspace(mine.min(), mine.max(), 50)
        found[name] = (inner, np.interp(inner, across, up))
    return found


def _separate_lines(data: Any, x: str, y: str | None, by: str | None) -> Lines:
    """Least-squares lines through the points of each group, and through all points."""
    if y is None or by is None:
        raise ArgumentError("Lines through data need the names of the response and of the groups: y= and by=.")
    seen = complete(data, by, x=x, y=y)
    lines: dict[Any, Line] = {}
    for name, rows in by_group(seen):
        line = least_squares_line(rows["x"].to_numpy(), rows["y"].to_numpy())
        if line is not None:
            across = spaced(rows["x"], 2)
            lines[name] = (across, line[0] + line[1] * across)
    if not lines:
        raise DataError(f"{x!r} does not vary within any of the {seen['group'].nunique()} groups; there is no line.")
    whole = least_squares_line(seen["x"].to_numpy(), seen["y"].to_numpy())
    across = spaced(seen["x"], 2)
    return lines, (across, whole[0] + whole[1] * across) if whole else None, seen


def _seen(m: FittedModel, focal: Predictor, group: np.ndarray) -> pd.DataFrame:
    """Rows of the fit as they are to be drawn."""
    return pd.DataFrame({"x": focal.values, "y": m.frame.y, "group": group})
