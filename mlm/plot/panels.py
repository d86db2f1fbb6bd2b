"""Several axes of one figure: one per group, or one per term."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ArgumentError, brief, counted, is_count, listed
from .cells import fit, has_layout, say_no_room, whole
from .labels import days_across, line_height, settle, size_of, thin_ticks, told_apart, upright_days, words, wrapped
from .places import REWRITTEN, WIDTH, bare, checked_size, demand_axes

if TYPE_CHECKING:
    pass

__all__ = ["Panels", "axes_given"]

LAID_OUT = 24
"""Panels up to this number are laid out by matplotlib, which takes a second; the time grows with the square."""
FEW, MANY = 40, 160
"""Up to the first number four panels stand in a row, above the second ten, and eight between: two pages to four."""
APART = 0.08
"""Inches between the panels of a large figure, and around them."""
PANEL = 1.6
"""Height in inches of a row of four panels."""


@dataclass(frozen=True, slots=True)
class Panels:
    """Axes in rows.

    Attributes
    ----------
    each : ndarray of Axes, shape (panels,)
    columns : int
        Panels per row, of a figure of our own; 0 where the axes were given.
    titles : tuple of str
        What stands above each.
    """

    each: np.ndarray
    columns: int
    titles: tuple[str, ...]

    @classmethod
    def of(
        cls, titles: Sequence[str], ax: Any, figsize: Any, ncols: int | None = None, row: float = PANEL,
        sharex: bool = True, sharey: bool = True,
    ) -> Panels:  # fmt: skip
        """Take the axes given, or make a figure with a panel for each title, and write the titles.

        Parameters
        ----------
        titles : sequence of str
        ax : Axes, array of Axes or None
        figsize : sequence of two numbers or None
        ncols : int, optional
            Panels per row.
        row : float
            Height in inches of a row of at most four panels.
        sharex, sharey : bool
            Whether the panels of a new figure have common limits.

        Raises
        ------
        ArgumentError
            When `ncols` is not a positive whole number, or the axes given are not enough or no axes.
        """
        if ncols is not None and not is_count(ncols):
            raise ArgumentError(f"ncols, the panels a row, must be a positive whole number; got {brief(ncols)}.")
        size = checked_size(figsize, ax)
        if ax is not None:
            return cls(_given(ax, titles), 0, tuple(titles))
        columns = 4 if len(titles) <= FEW else 8 if len(titles) <= MANY else 10
        columns = min(columns if ncols is None else int(ncols), len(titles))
        few = len(titles) <= LAID_OUT
        return cls(_made(titles, columns, size, row, few and sharex, few and sharey), columns, tuple(titles))

    @property
    def large(self) -> bool:
        """Whether there are so many that each is drawn as one shape, and placed by us."""
        return bool(self.columns) and len(self.each) > LAID_OUT

    @property
    def width(self) -> float | None:
        """Width in inches of a figure of our own, for the names of rows and all panels beside them."""
        return float(whole(self.each[0]).get_size_inches()[0]) if self.columns else None

    def thin(self, dates: bool = False) -> None:
        """Take away ticks of the horizontal axes that stand over each other."""
        bottom = list(self.each[-self.columns :])
        common = len(bottom) > 1 and bottom[0].get_shared_x_axes().joined(bottom[0], bottom[1])
        for ax in () if common else bottom:
            thin_ticks([ax], dates)
        if self.columns or common:
            thin_ticks(bottom, dates)

    def dress(self, write: Callable[[], None]) -> None:
        """Write what stands beside the panels; on a figure without layout again, at the size that is left for them.

        Warns
        -----
        MlmWarning
            When they have no room for it.
        """
        write()
        if has_layout(self.each[0]):
            return
        for _ in range(REWRITTEN):
            for ax in self.each:
                settle(ax)
            write()
        for ax in self.each:
            settle(ax)
        if not all([fit(ax) for ax in self.each]):
            say_no_room()

    def label(self, title: str | None, xlabel: str, ylabel: str, rows: bool = False) -> None:
        """Write title and labels: those of all panels at the figure's sides, those of given axes at each.

        Where each row of panels has an axis of its own, as `rows` says, the vertical label is that of the first one.
        """
        figure = self.each[0].figure
        if not self.columns:
            _write_titles(self.each, self.titles)
            for ax in self.each:
                settle(ax)
                width, height = size_of(ax)
                ax.set_xlabel(wrapped(xlabel, width, ax.xaxis.label.get_fontsize()), parse_math=False)
                ax.set_ylabel(wrapped(ylabel, height, ax.yaxis.label.get_fontsize()), parse_math=False)
        else:
            width, height = figure.get_size_inches()
            below = figure.supxlabel(wrapped(xlabel, 0.9 * width, "large"), parse_math=False)
            if self.large:
                below.set_y(APART / height)
            if not rows:
                beside = figure.supylabel(wrapped(ylabel, 0.9 * height, "large"), parse_math=False)
                if self.large:
                    beside.set_x(APART / width)
        for ax in self.each[:: self.columns] if self.columns and rows else ():
            settle(ax)
            ax.set_ylabel(wrapped(ylabel, size_of(ax)[1], ax.yaxis.label.get_fontsize()), parse_math=False)
        if words(title, ""):
            self._headed(str(title))

    def _headed(self, title: str) -> None:
        """Write a title over all panels; over that of the only one, where it is on given axes."""
        first = self.each[0]
        if self.columns or len(self.each) > 1:
            room = 0.9 * whole(first).get_size_inches()[0]
            head = first.figure.suptitle(wrapped(title, room, "large"), parse_math=False)
            if self.large:
                head.set_y(1 - APART / whole(first).get_size_inches()[1])
        else:
            width = size_of(first)[0]
            lines = wrapped(title, width, "large"), wrapped(self.titles[0], width, "medium")
            first.set_title("\n".join(lines).strip(), parse_math=False)

    def finish(self, dates: bool, title: str | None, xlabel: str, ylabel: str) -> None:
        """Label panels on common axes, with numbers at the figure's sides where there is room for them."""
        if dates:
            for ax in self.each:
                days_across(ax)
        if self.large or not self.columns:
            _share_limits(self.each)
        if self.large:
            _leave_out_inner_ticks(self.each, self.columns)

        def write() -> None:
            self.label(title, xlabel, ylabel)
            if self.large:
                if dates:
                    upright_days(list(self.each[-self.columns :]))
                _arrange(self.each, self.columns)
            self.thin(dates)

        self.dress(write)


def axes_given(ax: Any, count: int) -> np.ndarray:
    """Axes that were given, one for each panel.

    Raises
    ------
    ArgumentError
        When they are not enough, or no axes.
    """
    found = [ax] if hasattr(type(ax), "errorbar") else listed(ax.ravel() if isinstance(ax, np.ndarray) else ax) or []
    for each in found or [ax]:
        demand_axes(each)
    if len(found) < count:
        raise ArgumentError(
            f"There are {counted(count, 'panel')}, and ax has {len(found)} Axes. Give an array of "
            f"{count}, such as plt.subplots({count})[1], or leave ax out."
        )
    each = np.empty(count, dtype=object)
    each[:] = [bare(place) for place in found[:count]]
    return each


def _given(ax: Any, titles: Sequence[str]) -> np.ndarray:
    """Axes that were given, one for each panel, with their titles."""
    each = axes_given(ax, len(titles))
    settle(each[0])
    _write_titles(each, titles)
    return each


def _write_titles(each: np.ndarray, titles: Sequence[str]) -> None:
    """Write the title of each of the axes given, in as many lines as it needs."""
    for place, title in zip(each, titles, strict=True):
        place.set_title(wrapped(title, size_of(place)[0], "medium"), fontsize="medium", parse_math=False)


def _made(
    titles: Sequence[str], columns: int, size: tuple[float, float] | None, row: float, sharex: bool, sharey: bool
) -> np.ndarray:
    """Make a figure with a panel for each title; surplus places stay empty."""
    import matplotlib.pyplot as plt
    from matplotlib.layout_engine import PlaceHolderLayoutEngine

    count, rows = len(titles), -(-len(titles) // columns)
    letters = "medium" if columns <= 4 else "x-small" if columns <= 8 else "xx-small"
    room = 0.95 * ((WIDTH if size is None else size[0]) - 0.9) / columns
    broken = _in_step(told_apart(titles, room, letters), columns)
    more = sum(title.count("\n") for title in broken[::columns]) * line_height(letters)
    height = row * min(1.0, 4 / columns) * rows + more + 0.5
    _, grid = plt.subplots(
        rows, columns, squeeze=False, sharex=sharex, sharey=sharey, figsize=size or (WIDTH, height),
        layout="constrained" if count <= LAID_OUT else "none",
    )  # fmt: skip
    if count > LAID_OUT:
        grid.flat[0].figure.set_layout_engine(PlaceHolderLayoutEngine(True, True))
    for k, ax in enumerate(grid.flat):
        if k >= count:
            ax.set_axis_off()
            continue
        bare(ax).set_title(broken[k], fontsize=letters, parse_math=False)
        # the panel above an empty place is the last of its column: it carries the labels of the axis
        if k >= count - columns:
            ax.tick_params(labelbottom=True)
    each = np.empty(count, dtype=object)
    each[:] = list(grid.flat)[:count]
    return each


def _share_limits(each: np.ndarray) -> None:
    """Give all panels the same limits."""
    limits = np.array([(*ax.get_xlim(), *ax.get_ylim()) for ax in each])
    for ax in each:
        ax.set_xlim(limits[:, 0].min(), limits[:, 1].max())
        ax.set_ylim(limits[:, 2].min(), limits[:, 3].max())


def _in_step(titles: Sequence[str], columns: int) -> list[str]:
    """Give the titles of a row as many lines, so that one of them tells the height of all."""
    found: list[str] = []
    for k in range(0, len(titles), columns):
        row = titles[k : k + columns]
        most = max(title.count("\n") for title in row)
        found += ["\n" * (most - title.count("\n")) + title for title in row]
    return found


def _leave_out_inner_ticks(each: np.ndarray, columns: int) -> None:
    """Take the ticks from all panels but those at the sides: most of the time of a large figure is theirs."""
    from matplotlib.ticker import NullLocator

    letters = "medium" if columns <= 4 else "x-small"
    for k, ax in enumerate(each):
        ax.tick_params(labelsize=letters)
        ax.grid(visible=False)
        if k % columns:
            ax.yaxis.set_major_locator(NullLocator())
        if k < len(each) - columns:
            ax.xaxis.set_major_locator(NullLocator())


def _arrange(each: np.ndarray, columns: int) -> None:
    """Place the panels of a large figure by what stands beside those at its sides; matplotlib would take a minute."""
    figure = each[0].figure
    width, height = figure.get_size_inches()
    head, foot, side = (
        (text.count("\n") + 1) * line_height("large") + APART if text else 0.0
        for text in (figure.get_suptitle(), figure.get_supxlabel(), figure.get_supylabel())
    )
    edge, below = each[::columns], each[-columns:]
    left = side + max(ax.bbox.x0 - ax.yaxis.get_tightbbox().x0 for ax in edge) / figure.dpi
    right = max(0.0, *(ax.xaxis.get_tightbbox().x1 - ax.bbox.x1 for ax in below)) / figure.dpi
    foot += max(ax.bbox.y0 - ax.xaxis.get_tightbbox().y0 for ax in below) / figure.dpi
    titles = [line_height(ax.title.get_fontsize()) * (ax.get_title().count("\n") + 1) + APART for ax in edge]
    across = (width - left - right - 2 * APART) / columns
    up = (height - head - foot - sum(titles) - 2 * APART) / len(edge) - APART
    top = height - head - APART
    for k, ax in enumerate(each):
        row, column = divmod(k, columns)
        low = top - sum(titles[: row + 1]) - (row + 1) * up - row * APART
        ax.set_position(
            [(left + APART + column * across) / width, low / height, (across - APART) / width, max(up, 0.02) / height]
        )
