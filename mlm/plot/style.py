"""What all figures share: colours, sizes, panels, and the columns and groups that are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..errors import ArgumentError, is_count, is_number, listed
from ..frame.column import complete_rows
from ..frame.native import Native
from ..report.face import FittedMixedModel, demand_mixed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike

OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe & Ito (2008), Color Universal Design, without the yellow, which is too light for lines on white."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X")
LINES = ("-", "--", "-.", ":")
GREY, LIGHT = "0.35", "0.65"
WIDTH = 6.6
"""Width of a figure in inches: the text width of a book page."""


def axes(ax: Axes | None, width: float = WIDTH, height: float = 4.4) -> Axes:
    """Return the axes given, or new ones, without the frame's top and right.

    Raises
    ------
    ArgumentError
        When something else than axes is given.
    """
    if ax is not None and not hasattr(type(ax), "errorbar"):
        raise ArgumentError(f"ax is a matplotlib Axes to draw on, as plt.subplots() gives; got {type(ax).__name__}.")
    if ax is None:
        import matplotlib.pyplot as plt

        _, ax = plt.subplots(figsize=(width, height), layout="constrained")
    return bare(ax)


def words(label: str | None, otherwise: str) -> str:
    """Return a label that is given, or what stands there otherwise.

    Raises
    ------
    ArgumentError
        When it is no text.
    """
    if not isinstance(label, str | None):
        raise ArgumentError(f"A label of a figure is a text; got {type(label).__name__}.")
    return label or otherwise


def demand_truth(**given: object) -> None:
    """Refuse arguments that are not True or False.

    Raises
    ------
    ArgumentError
    """
    for name, value in given.items():
        if not isinstance(value, bool | np.bool_):
            raise ArgumentError(f"{name} is True or False; got {type(value).__name__}.")


def bare(ax: Axes) -> Axes:
    """Take away the frame's top and right and put the grid behind the data."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_axisbelow(True)
    return ax


def panels(count: int, ncols: int, height: float = 1.6, **options: Any) -> tuple[Figure, list[Axes]]:
    """Return a figure with `count` panels in rows of `ncols`; surplus places stay empty."""
    import matplotlib.pyplot as plt

    if not isinstance(ncols, int | np.integer) or ncols < 1:
        raise ArgumentError(f"ncols, the panels a row, must be a positive whole number; got {ncols!r}.")
    ncols = min(int(ncols), count)
    nrows = -(-count // ncols)
    figure, grid = plt.subplots(
        nrows, ncols, squeeze=False, figsize=(WIDTH, height * nrows + 0.5), layout="constrained", **options
    )
    places = list(grid.ravel())
    for k, ax in enumerate(places):
        if k >= count:
            ax.set_axis_off()
        # the panel above an empty place is the last of its column: it carries the labels of the axis
        if count - ncols <= k < count:
            ax.tick_params(labelbottom=True)
    return figure, [bare(ax) for ax in places[:count]]


def complete(data: Any, by: str, **numeric: str) -> pd.DataFrame:
    """Return columns of any data frame as a pandas frame, complete rows only; one warning says how many are left out.

    Parameters
    ----------
    data : data frame or mapping
    by : str
        The grouping column, which becomes ``group``, a category: sorted, or in the order of the categories.
    **numeric : str
        Columns of numbers by the name that they are to have.

    Returns
    -------
    DataFrame, shape (rows, numeric + 1)

    Raises
    ------
    ArgumentError
        When a name is none.
    DataError
        When a column does not exist, is not numeric or has infinite values, no row is complete, or the data are no
        data frame or not computed yet.

    Warns
    -----
    MissingRowsWarning
    """
    frame = Native(data)
    for name in (*numeric.values(), by):
        if not isinstance(name, str | int | float | tuple):
            raise ArgumentError(f"A column is given by its name, a text; got {type(name).__name__}.")
    columns = {name: frame.column(name) for name in (*numeric.values(), by)}
    values = {role: columns[name].numbers() for role, name in numeric.items()}
    codes, levels = columns[by].levels()
    used = complete_rows({name: column.absent for name, column in columns.items()})
    table = pd.DataFrame({role: numbers[used] for role, numbers in values.items()})
    dates = isinstance(levels, pd.DatetimeIndex)  # as text they are short where they are days
    return table.assign(group=pd.Categorical.from_codes(codes[used], levels.astype(str) if dates else levels))


def bin_edges(values: np.ndarray, bins: int | ArrayLike) -> np.ndarray:
    """Edges of the bins: those given, or as many bins as asked for over the range of the values.

    Raises
    ------
    ArgumentError
        When `bins` is neither a positive whole number nor increasing edges.
    """
    if is_count(bins):
        return np.histogram_bin_edges(values, int(bins))
    given = listed(bins) or []
    edges = np.asarray(given) if all(map(is_number, given)) else np.empty(0)
    if edges.ndim != 1 or len(edges) < 2 or edges.dtype.kind not in "iuf" or not np.all(np.diff(edges) > 0):
        raise ArgumentError(f"bins must be a positive whole number, or two or more increasing edges; got {bins!r}.")
    return edges.astype(float)


def grouping_factor(m: FittedMixedModel, group: str | None) -> str:
    """Return the name of a grouping factor of a model, the first by default.

    Raises
    ------
    ArgumentError
        When the model has no such factor.
    """
    demand_mixed(m)
    known = m.ngrps.index.tolist()
    if group is not None and not (isinstance(group, str) and group in known):
        raise ArgumentError(f"{group!r} is not a grouping factor of this model; these are: {', '.join(known)}.")
    return known[0] if group is None else group


def by_group(table: pd.DataFrame) -> Iterator[tuple[Any, pd.DataFrame]]:
    """Rows of each ``group`` that has some, in the order of the groups."""
    yield from table.groupby("group", observed=True, sort=True)


def least_squares_line(x: np.ndarray, y: np.ndarray) -> tuple[float, float] | None:
    """Return intercept and slope, or None when x does not vary."""
    if len(x) < 2 or np.ptp(x) == 0:
        return None
    across, up = x - x.mean(), y - y.mean()  # about the means, so that years and dates lose no digits
    slope = float(across @ up / (across @ across))
    return float(y.mean()) - slope * float(x.mean()), slope


def spaced(values: Iterable[float], points: int = 50) -> np.ndarray:
    """Return evenly spaced points over the range of the values."""
    array = np.asarray(list(values), dtype=float)
    return np.linspace(array.min(), array.max(), points)
