"""Figures of grouped data: one line per group, on common axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import ArgumentError, counted
from ..report.face import FittedModel, is_mixed, is_model
from .labels import days_across, demand_words, words
from .lines import Lines, dummy_lines, mixed_lines, separate_lines
from .places import Canvas, demand_truth
from .rows import demand_names
from .style import LIGHT, OKABE_ITO, color, ink, marker

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["group_lines"]

LABELLED_GROUPS = 8
"""Groups up to this number get a colour, a marker and a label each: lines of more are not told apart."""
FAINT = 40
"""Lines above this number are drawn thinner and fainter, so that dense places show."""


def group_lines(
    source: FittedModel | Any = None,
    x: str | None = None,
    *,
    y: str | None = None,
    by: str | None = None,
    data: Any = None,
    points: bool = True,
    overall: bool = True,
    ax: Axes | None = None,
    figsize: tuple[float, float] | None = None,
    title: str | None = None,
    xlabel: str | None = None,
    ylabel: str | None = None,
) -> Axes:
    """Draw one line per group: fitted by a mixed model, by dummies, or through each group's own points.

    Up to eight groups have a colour, a marker and a label each; of more the legend says how many there are.

    Parameters
    ----------
    source : fitted model or data frame
        A mixed model gives each group's line with its conditional modes, over the group's own range, other
        predictors at typical values; of a generalized model the lines are means, such as probabilities. A model
        without random effects needs `by`, a category among its predictors; a data
        frame (or a mapping of columns) needs `y` and `by`, and gets separate least-squares lines; its rows with
        missing values are left out, and one warning says how many.
    x : str
        Numeric predictor; with data, a column of dates too.
    y, by : str, optional
        Response and grouping column, where the source does not say: a model has its own response.
    data : data frame or mapping, optional
        Without a model: the source. With one: the rows to draw, instead of those of the fit; they have the columns
        `x`, `by` and the response, and each line runs over their range.
    points : bool
        Draw the data.
    overall : bool
        Draw the line of the fixed part (of all data together, for a data frame) in black (in the colour of text).
    ax : matplotlib.axes.Axes, optional
        To draw on.
    figsize : tuple of float, optional
        Width and height of a new figure in inches.
    title, xlabel, ylabel : str, optional
        Title and labels of the axes, shown as they are written; the variables' names by default.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ArgumentError
        When a needed name is missing or is not a predictor, `y` is not a model's response, or two frames are given.
    DataError
        As :func:`facet_histogram`, when the model matrix does not show a predictor, or the data have no group of the
        model.
    FitError
        When a random slope belongs to a variable without a typical value, or the model has an offset.

    Examples
    --------
    >>> import mlm, replications
    >>> pupils = replications.load("imm10", verbose=False)
    >>> m = mlm.lmer("math ~ homework + (1 + homework | schnum)", pupils)
    >>> mlm.plot.group_lines(m, "homework").get_xlabel()
    'homework'
    """
    demand_words(title, xlabel, ylabel)
    demand_truth(points=points, overall=overall)
    found = _lines(source, x, y, by, data)
    canvas = Canvas.of(ax, figsize, height=4.6)
    labelled = len(found.each) <= LABELLED_GROUPS
    (_draw_apart if labelled else _draw_together)(canvas.ax, found, points)
    if overall and found.middle is not None:
        canvas.ax.plot(*found.middle, color=ink(), linewidth=3, label="overall", zorder=4)
    if found.dates:
        days_across(canvas.ax)

    def write() -> None:
        canvas.label(title, words(xlabel, found.x), words(ylabel, found.y))
        canvas.legend(found.note or None)
        canvas.thin(found.dates)

    canvas.dress(write)
    return canvas.ax


def _lines(source: Any, x: Any, y: str | None, by: str | None, data: Any) -> Lines:
    """Lines of whatever is given."""
    if x is None:
        raise ArgumentError("x names the numeric predictor along the axis; it is missing.")
    demand_names(*(name for name in (y, by) if name is not None))
    if is_model(source):
        return mixed_lines(source, x, y, by, data) if is_mixed(source) else dummy_lines(source, x, y, by, data)
    if source is not None and data is not None:
        raise ArgumentError(
            f"Beside data=, the source is a fitted model or nothing; got {type(source).__name__}. Give one of them."
        )
    return separate_lines(source if data is None else data, x, y, by)


def _draw_apart(ax: Axes, found: Lines, points: bool) -> None:
    """Draw each group in a colour and with a marker of its own."""
    rows = found.seen
    for k, (name, (across, up)) in enumerate(found.each.items()):
        if points:
            mine = rows[rows["group"] == name]
            ax.scatter(mine["x"], mine["y"], s=14, color=color(k), marker=marker(k), alpha=0.6, linewidths=0)
        ax.plot(
            across, up, zorder=3, color=color(k), linewidth=1.6, marker=marker(k), markevery=[-1], label=str(name)
        )  # fmt: skip
    without = rows[~rows["group"].isin(list(found.each))]
    if points and len(without):
        count = counted(without["group"].nunique(), "group")
        ax.scatter(
            without["x"], without["y"], s=14, color=LIGHT, marker="x", linewidths=1, label=f"{count} without a line"
        )


def _draw_together(ax: Axes, found: Lines, points: bool) -> None:
    """Draw all groups alike, and say how many there are."""
    few = len(found.each) <= FAINT
    segments = iter(found.each.values())
    first = next(segments)
    name = f"{len(found.each)} groups ({found.by})"
    style: dict[str, Any] = {"color": OKABE_ITO[0], "linewidth": 1.0 if few else 0.6, "alpha": 0.6 if few else 0.4}
    ax.plot(*first, zorder=3, label=name, **style)
    for across, up in segments:
        ax.plot(across, up, zorder=3, **style)
    if points:
        ax.scatter(found.seen["x"], found.seen["y"], s=8, color=LIGHT, alpha=0.7, linewidths=0, zorder=1)
