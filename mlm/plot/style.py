"""What all figures share: colours, sizes, panels, and the columns and groups that are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from ..errors import ArgumentError, DataError, suggest
from ..report.face import FittedMixedModel, demand_mixed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe & Ito (2008), Color Universal Design, without the yellow, which is too light for lines on white."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X")
LINES = ("-", "--", "-.", ":")
GREY, LIGHT = "0.35", "0.65"
WIDTH = 6.6
"""Width of a figure in inches: the text width of a book page."""


def axes(ax: Axes | None, width: float = WIDTH, height: float = 4.4) -> Axes:
    """Return the axes given, or new ones, without the frame's top and right."""
    if ax is None:
        import matplotlib.pyplot as plt

        _, ax = plt.subplots(figsize=(width, height), layout="constrained")
    return bare(ax)


def bare(ax: Axes) -> Axes:
    """Take away the frame's top and right and put the grid behind the data."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_axisbelow(True)
    return ax


def panels(count: int, ncols: int, height: float = 1.6, **options: Any) -> tuple[Figure, list[Axes]]:
    """Return a figure with `count` panels in rows of `ncols`; surplus places stay empty."""
    import matplotlib.pyplot as plt

    ncols = min(ncols, count)
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


def columns(data: Any, *names: str) -> pd.DataFrame:
    """Return the columns of any data frame as a pandas frame, complete rows only.

    Raises
    ------
    DataError
        When a column does not exist, or no row is complete.
    """
    if isinstance(data, Mapping):
        data = pd.DataFrame(dict(data))
    try:
        frame = nw.from_native(data, eager_only=True)
    except TypeError as error:
        raise DataError(f"The data must be a data frame; got {type(data).__name__}.") from error
    for name in names:
        if name not in frame.columns:
            raise DataError(f"The data have no column {name!r}.{suggest(name, frame.columns)}")
    selected = data[list(dict.fromkeys(names))] if isinstance(data, pd.DataFrame) else frame.select(*names).to_pandas()
    complete = selected.dropna()
    if complete.empty:
        raise DataError(f"None of the {len(selected)} rows has values in all of {', '.join(names)}.")
    return complete


def demand_numeric(table: pd.DataFrame, *names: str) -> None:
    """Raise a DataError unless the columns are numeric."""
    for name in names:
        if table[name].dtype.kind not in "fiub":
            raise DataError(f"Column {name!r} is not numeric (dtype {table[name].dtype}).")


def grouping_factor(m: FittedMixedModel, group: str | None) -> str:
    """Return the name of a grouping factor of a model, the first by default.

    Raises
    ------
    ArgumentError
        When the model has no such factor.
    """
    demand_mixed(m)
    known = m.ngrps.index.tolist()
    if group is not None and group not in known:
        raise ArgumentError(f"{group!r} is not a grouping factor of this model; these are: {', '.join(known)}.")
    return known[0] if group is None else group


def by_group(table: pd.DataFrame, by: str) -> Iterator[tuple[Any, pd.DataFrame]]:
    """Groups in sorted order (numbers numerically, categories in their own order)."""
    yield from table.groupby(by, observed=True, sort=True)


def least_squares_line(x: np.ndarray, y: np.ndarray) -> tuple[float, float] | None:
    """Return intercept and slope, or None when x does not vary."""
    if len(x) < 2 or np.ptp(x) == 0:
        return None
    slope, intercept = np.polyfit(x, y, 1)
    return float(intercept), float(slope)


def spaced(values: Iterable[float], points: int = 50) -> np.ndarray:
    """Return evenly spaced points over the range of the values."""
    array = np.asarray(list(values), dtype=float)
    return np.linspace(array.min(), array.max(), points)
