"""Where figures are drawn: on new axes or on those given, with their labels and a legend beside the data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ArgumentError, brief, is_number, listed
from .cells import fit, has_layout, room, say_no_room, whole
from .labels import settle, size_of, thin_ticks, told_apart, words, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.legend import Legend

__all__ = ["REWRITTEN", "WIDTH", "Canvas", "demand_truth"]

WIDTH = 6.6
"""Width of a figure in inches: the text width of a book page."""
HEIGHT = 4.4
SHARE_OF_LEGEND = 0.36
"""Share of the width that a legend beside the axes gets at most; a wider one stands below them."""
LEAST_NAME = 0.8
"""Inches of a name in a legend beside axes at least: two ends of narrower ones do not tell names apart."""
MOST_BELOW = 0.5
"""Share of the height that a legend and names below axes get at most, where no layout gives them room."""
HANDLE = 0.6
"""Inches that the marks of a legend take beside their names."""
REWRITTEN = 2
"""Times that labels are broken into lines again after axes became smaller by them."""
GAP = 0.1
"""Inches between axes and legend."""


def demand_truth(**given: object) -> None:
    """Refuse arguments that are not True or False.

    Raises
    ------
    ArgumentError
    """
    for name, value in given.items():
        if not isinstance(value, bool | np.bool_):
            raise ArgumentError(f"{name} is True or False; got {type(value).__name__}.")


def demand_axes(ax: object) -> None:
    """Refuse what is not a matplotlib Axes with two straight axes.

    Raises
    ------
    ArgumentError
    """
    if not hasattr(type(ax), "errorbar"):
        hint = " Of an array of Axes, give one of its elements." if isinstance(ax, np.ndarray) else ""
        raise ArgumentError(
            f"ax is a matplotlib Axes to draw on, as plt.subplots() gives; got {type(ax).__name__}.{hint}"
        )
    if getattr(ax, "figure", None) is None:
        raise ArgumentError("ax was removed from its figure; give Axes that are on one, or leave ax out.")
    kind = getattr(ax, "name", "rectilinear")
    if kind != "rectilinear":
        raise ArgumentError(f"ax has the projection {kind!r}; figures are drawn on Axes without one.")


def checked_size(figsize: Any, given: Any) -> tuple[float, float] | None:
    """Return width and height of a new figure, or None where nothing is said of them.

    Raises
    ------
    ArgumentError
        When they are not two positive numbers, or axes are given, whose figure has a size.
    """
    if figsize is None:
        return None
    size = listed(figsize) or []
    if len(size) != 2 or not all(is_number(side) and 0 < side < np.inf for side in size):
        raise ArgumentError(f"figsize is the width and the height in inches, such as (6.6, 4.4); got {brief(figsize)}.")
    if given is not None:
        raise ArgumentError("figsize is the size of a new figure; the figure of the ax that is given has its own.")
    return float(size[0]), float(size[1])


def bare(ax: Axes) -> Axes:
    """Take away the frame's top and right and put the grid behind the data."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_axisbelow(True)
    return ax


@dataclass(frozen=True, slots=True)
class Canvas:
    """Axes to draw on, and whether their figure may grow with what stands beside them.

    Attributes
    ----------
    ax : matplotlib.axes.Axes
    grows : bool
        It may where neither axes nor a size are given.
    """

    ax: Axes
    grows: bool

    @classmethod
    def of(cls, ax: Any, figsize: Any, height: float = HEIGHT) -> Canvas:
        """Take the axes given, or make new ones.

        Raises
        ------
        ArgumentError
            When something else than axes or a size is given, or both.
        """
        size = checked_size(figsize, ax)
        if ax is not None:
            demand_axes(ax)
            return cls(bare(ax), grows=False)
        import matplotlib.pyplot as plt

        _, new = plt.subplots(figsize=size or (WIDTH, height), layout="constrained")
        return cls(bare(new), grows=size is None)

    def label(self, title: str | None, xlabel: str, ylabel: str) -> None:
        """Write title and labels as they are, in as many lines as they need; a ``$`` starts no formula."""
        settle(self.ax)
        width, height = size_of(self.ax)
        for text, write, artist, most in (
            (xlabel, self.ax.set_xlabel, self.ax.xaxis.label, width),
            (ylabel, self.ax.set_ylabel, self.ax.yaxis.label, height),
            (words(title, ""), self.ax.set_title, self.ax.title, width),
        ):
            if text or artist is not self.ax.title:
                write(wrapped(text, most, artist.get_fontsize()), parse_math=False)

    def hanging(self) -> float:
        """Inches that the names below the axis take."""
        box = self.ax.xaxis.get_tightbbox()
        return 0.0 if box is None else max(0.0, float(self.ax.bbox.y0 - box.y0) / whole(self.ax).dpi)

    def grow(self, more: float) -> None:
        """Make the figure higher by so many inches, where it may grow."""
        if self.grows and more > 0:
            figure = whole(self.ax)
            width, height = figure.get_size_inches()
            figure.set_size_inches(width, height + more)

    def legend(self, title: str | None = None) -> Legend | None:
        """Put a legend beside the axes, or below them where it is wide, and never over data or other axes."""
        handles, labels = self.ax.get_legend_handles_labels()
        if not handles:
            return None
        settle(self.ax)
        width, height = size_of(self.ax)
        box = self._legend(title, width - HANDLE)
        across, up = _size(box)
        if across <= SHARE_OF_LEGEND * width and up <= height:
            _beside(self.ax, box)
            return box
        columns = max(1, min(len(labels), int(width / (across + 0.02))))
        box = self._legend(title, width - HANDLE, columns)
        up = _size(box)[1]
        if not has_layout(self.ax) and up + self.hanging() > MOST_BELOW * room(self.ax)[1]:
            if SHARE_OF_LEGEND * room(self.ax)[0] - HANDLE > LEAST_NAME:
                return self._squeezed(title)
            box = self._legend(title, width - HANDLE, letters="x-small")
        self.grow(up)
        _below(self.ax, box, GAP + self.hanging())
        return box

    def _legend(self, title: str | None, width: float, columns: int = 1, letters: str = "medium") -> Legend:
        """Make a legend with names of so many inches."""
        handles, labels = self.ax.get_legend_handles_labels()
        names = told_apart(labels, max(width, 0.5), letters, 2)
        heading = None if title is None else wrapped(title, max(width, 0.5), letters)
        box = self.ax.legend(
            handles, names, loc="best", title=heading, frameon=False, borderaxespad=0, ncols=columns, fontsize=letters,
            title_fontsize=letters,
        )  # fmt: skip
        for text in (*box.get_texts(), box.get_title()):
            text.set_parse_math(False)
        return box

    def _squeezed(self, title: str | None) -> Legend:
        """Put a legend that would take most of the height to the right, in letters that make it as low as the cell."""
        width, height = room(self.ax)
        for letters in ("medium", "small", "x-small", "xx-small"):
            box = self._legend(title, SHARE_OF_LEGEND * width - HANDLE, letters=letters)
            if _size(box)[1] <= height:
                break
        _beside(self.ax, box)
        return box

    def thin(self, dates: bool = False) -> None:
        """Take away ticks of the horizontal axis until no number stands over another."""
        thin_ticks([self.ax], dates)

    def dress(self, write: Callable[[], None]) -> None:
        """Write what stands beside the axes; on a figure without layout again, at the size that is left for the axes.

        Warns
        -----
        MlmWarning
            When they have no room for it.
        """
        write()
        if has_layout(self.ax):
            return
        for _ in range(REWRITTEN):
            settle(self.ax)
            write()
        if not fit(self.ax):
            say_no_room()


def _size(box: Legend) -> tuple[float, float]:
    """Width and height of a legend in inches."""
    extent = box.get_window_extent()
    return extent.width / box.figure.dpi, extent.height / box.figure.dpi


def _beside(ax: Axes, box: Legend) -> None:
    """Put a legend to the right of the axes."""
    box.set_loc("center left")
    box.set_bbox_to_anchor((0, 0.5), _moved(ax, GAP, 0, right=True))


def _below(ax: Axes, box: Legend, drop: float) -> None:
    """Put a legend below the axis, its numbers and its label, which take so many inches."""
    box.set_loc("upper center")
    box.set_bbox_to_anchor((0.5, 0), _moved(ax, 0, -drop))


def _moved(ax: Axes, x: float, y: float, right: bool = False) -> Any:
    """Coordinates of the axes, moved by inches, from their right side where this is said."""
    from matplotlib.transforms import Affine2D, ScaledTranslation

    start = Affine2D().translate(1.0 if right else 0.0, 0.0)
    return start + ax.transAxes + ScaledTranslation(x, y, whole(ax).dpi_scale_trans)
