"""Figures of means, slopes and contrasts with their intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

from ..errors import ArgumentError
from ..frame.values import label
from ..report.r_numbers import percent, telling_digits
from .labels import demand_words, name_up, say_inside, words
from .places import Canvas
from .rows import natural
from .style import GREY, color, demand_tellable, marker

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["mean_intervals"]

LINE_OF_FAMILY = 0.16  # inches that each family takes in a row: a marker of 5 points and what keeps it apart
ROW, MARGINS, LEAST = 0.28, 1.1, 2.2  # inches: of a row, of what is above and below, of the least figure
LEAST_DIGITS = 4  # of a number that is a label
DODGED = 0.6  # share of a row that is given to families side by side


class IntervalEstimates(Protocol):
    """What means with intervals are drawn from, as `mlm.Estimates` has it."""

    @property
    def frame(self) -> pd.DataFrame:
        """Columns: labels, the estimate, ``SE``, ``df``, limits."""

    @property
    def labels(self) -> pd.DataFrame:
        """What each row is."""

    @property
    def by(self) -> tuple[str, ...]:
        """Labels that part families."""

    @property
    def name(self) -> str:
        """What the estimate is called: contrasts ``estimate``."""

    @property
    def level(self) -> float:
        """Coverage."""

    @property
    def adjusted(self) -> str:
        """How the intervals are adjusted; empty where they are not."""

    def confint(self) -> IntervalEstimates:
        """The same with intervals."""

    def test(self) -> IntervalEstimates:
        """The same with tests."""


def mean_intervals(
    found: IntervalEstimates,
    *,
    ax: Axes | None = None,
    figsize: tuple[float, float] | None = None,
    title: str | None = None,
    xlabel: str | None = None,
    ylabel: str | None = None,
) -> Axes:
    """Draw means, slopes or contrasts as dots with their intervals, a row each; families of `by` beside each other.

    Contrasts have a line where nothing differs: at 0, or at 1 for ratios; how intervals are adjusted stands with the
    coverage. Rows and families are values, numbers with as many digits as part them; text with numbers in it stands in
    the order of these. An estimate that does not follow from the fit has an empty row.

    Parameters
    ----------
    found : Estimates
        From :func:`mlm.emmeans` or :func:`mlm.slopes`, or their ``contrast()``.
    ax : matplotlib.axes.Axes, optional
        To draw on.
    figsize : tuple of float, optional
        Width and height of a new figure in inches.
    title, xlabel, ylabel : str, optional
        Title and labels of the axes, shown as they are written; what the estimate is called, with the coverage, and the
        predictors by default.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ArgumentError
        When `found` is nothing of this kind, or has more than 49 families.

    Examples
    --------
    >>> import mlm
    >>> rows = {"y": [1.0, 2.2, 4.1, 5.0, 7.3, 9.0], "f": list("aabbcc")}
    >>> means = mlm.emmeans(mlm.lm("y ~ f", rows), "f")
    >>> [label.get_text() for label in mlm.plot.mean_intervals(means).get_yticklabels()]
    ['a', 'b', 'c']
    """
    demand_words(title, xlabel, ylabel)
    if not all(hasattr(type(found), name) for name in ("confint", "test", "contrast", "frame")):
        raise ArgumentError(f"This draws what mlm.emmeans or mlm.slopes gives; got {type(found).__name__}.")
    frame, by = found.confint().frame, list(found.by)
    inner = [name for name in found.labels if name not in by]
    rows = _joined(frame, inner)
    families = _joined(frame, by) if by else [""] * len(frame)
    names, parts = _in_order(frame, inner, rows), _in_order(frame, by, families)
    demand_tellable(len(parts), "family")
    height = max(LEAST, MARGINS + len(names) * max(ROW, LINE_OF_FAMILY * len(parts)))
    canvas = Canvas.of(ax, figsize, height)
    if found.name == "estimate":
        tested = found.test().frame
        canvas.ax.axvline(float(tested["null"].iloc[0]) if "null" in tested else 0.0, color=GREY, linewidth=0.8)
    values = frame.iloc[:, [len(found.labels.columns), -2, -1]].to_numpy(dtype=float)
    for k, part in enumerate(parts):
        mine = np.array([family == part for family in families]) & np.isfinite(values).all(axis=1)
        place = np.array([names.index(row) for row, own in zip(rows, mine, strict=True) if own], dtype=float)
        shift = (k - (len(parts) - 1) / 2) * DODGED / len(parts)
        _draw(canvas.ax, place + shift, values[mine], k, part)
    canvas.ax.set_ylim(len(names) - 0.5, -0.5)
    canvas.ax.grid(axis="y", visible=False)
    if not np.isfinite(values).all(axis=1).any():
        say_inside(canvas.ax, "No estimate follows from the fit.")
    coverage = f"{percent(found.level)} confidence interval{found.adjusted and ', adjusted: '}{found.adjusted}"
    along = f"{words(xlabel, frame.columns[len(found.labels.columns)])} ({coverage})"

    def write() -> None:
        note = name_up(canvas.ax, names, "medium")
        canvas.label(title, along, words(ylabel, " ".join(filter(None, [", ".join(inner), note and f"({note})"]))))
        if by:
            canvas.legend(", ".join(by))
        canvas.thin()

    canvas.dress(write)
    return canvas.ax


def _joined(frame: pd.DataFrame, names: list[Any]) -> list[str]:
    """What stands in some columns, as one text a row."""
    columns = [_told_apart(frame[name].tolist()) for name in names]
    return [", ".join(texts) for texts in zip(*columns, strict=True)]


def _in_order(frame: pd.DataFrame, names: list[Any], texts: list[str]) -> list[str]:
    """Texts of rows, each once, in the natural order of the columns; the last varies slowest, as in a grid of means."""
    columns = [frame[name].tolist() for name in reversed(names)]
    ranks = [{value: k for k, value in enumerate(natural(list(dict.fromkeys(values))))} for values in columns]
    keys = [[rank[values[i]] for rank, values in zip(ranks, columns, strict=True)] for i in range(len(frame))]
    return list(dict.fromkeys(texts[i] for i in sorted(range(len(frame)), key=keys.__getitem__)))


def _told_apart(values: list[Any]) -> list[str]:
    """Write values, numbers with as many digits as part them."""
    digits = telling_digits([value for value in values if isinstance(value, float)], LEAST_DIGITS)
    return [f"{value:.{digits}g}" if isinstance(value, float) else label(value) for value in values]


def _draw(ax: Axes, place: np.ndarray, values: np.ndarray, k: int, name: str) -> None:
    """Draw the k-th family: estimates and limits (rows, 3) at their places."""
    ax.errorbar(
        values[:, 0],
        place,
        xerr=np.abs(values[:, 1:] - values[:, :1]).T,
        fmt=marker(k),
        color=color(k),
        markersize=5,
        elinewidth=1.4,
        label=name,
    )
