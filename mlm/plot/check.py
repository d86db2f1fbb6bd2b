"""One figure of a model's residuals, random effects and influential groups, by which a model is judged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import scipy

from ..errors import ArgumentError, counted
from ..inference.confint import checked_level
from ..inference.influence import influence
from ..report.face import demand_model, is_generalized, is_mixed
from ..report.r_numbers import percent
from .labels import demand_words, inches, line_height, told_apart, words, wrapped
from .lines import grouping_factor
from .panels import axes_given
from .places import WIDTH, Canvas, checked_size
from .residuals import binned_residuals
from .rows import NO_VARIANCE
from .style import GREY, LIGHT, OKABE_ITO, on_page

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["check", "residual_panels"]

ROW = 2.7
"""Height in inches of a row of two panels."""
NAMED = 3
"""Groups, or rows, with the largest of Cook's distances that are named."""
FEW_POINTS, MANY_POINTS = 300, 3000
"""Points up to which each is drawn clearly, and from which they are small and faint."""
GAP, BESIDE = 0.01, 0.1
"""Shares of the width between two names, and beside the bars for names."""
MOST_NAME, NAME_SIZE = (0.45, 0.3, 0.2), "x-small"
"""Shares of the width that a name has at most, in two lines, the next where the one before has no room; its letters."""
MOST_BINS = 10
LEAST_IN_BIN = 5
"""Rows of a bin at least whose average is part of a line."""

Draw = Callable[[Any], None]


def check(
    m: Any,
    groups: str | None = None,
    *,
    level: float = 0.95,
    ax: Any = None,
    figsize: tuple[float, float] | None = None,
    title: str | None = None,
) -> np.ndarray:
    """Draw what tells whether a model holds: residuals, random effects, influential groups.

    Of a linear model, mixed or not: residuals (with weights, Pearson's) against fitted values; standardized residuals
    against normal quantiles; the roots of their sizes against fitted values; each random effect against normal
    quantiles; Cook's distances by group, of fits without each group (see `influence`; by HLMdiag's convention, so that
    none is negative), or by row; those that cannot be left out, such as rows with a leverage of 1, are counted below.
    Lines are averages of bins, bands are pointwise: each point of a normal sample lies within with the probability
    `level`. Of a generalized model the residuals' averages in bins are drawn, with two standard errors, and no
    quantiles of residuals, which are not normal.

    Parameters
    ----------
    m : fitted model
        Of any kind.
    groups : str, optional
        Grouping factor of a mixed model whose levels' influence is drawn; the first by default.
    level : float
        Of the bands, in (0, 1).
    ax : array of matplotlib.axes.Axes, optional
        To draw on, one for each panel.
    figsize : tuple of float, optional
        Width and height of a new figure in inches.
    title : str, optional
        Title of the figure.

    Returns
    -------
    ndarray of matplotlib.axes.Axes, shape (panels,)

    Raises
    ------
    ArgumentError
        When `m` is not a model or has no such grouping factor, for a level not in (0, 1), or fewer Axes than panels.

    Examples
    --------
    >>> import mlm
    >>> m = mlm.lm("y ~ x", {"y": [1, 2.2, 2.9, 4.1, 5.3, 5.8], "x": [1, 2, 3, 4, 5, 6]})
    >>> print(*(ax.get_title() for ax in check(m)), sep="; ")
    Residuals; Normal quantiles of residuals; Size of residuals; Influence of rows

    References
    ----------
    Loy, A. & Hofmann, H. (2014). HLMdiag: A suite of diagnostics for hierarchical linear models in R. *Journal of
    Statistical Software* 56(5). doi:10.18637/jss.v056.i05
    """
    demand_words(title)
    demand_model(m)
    level = checked_level(level)
    panels = _panels(m, groups, level)
    each = _axes(len(panels), ax, figsize)
    for place, (head, draw) in zip(each, panels, strict=True):
        canvas = Canvas.of(place, None)
        draw(canvas)
        place.set_title(wrapped(head, WIDTH / 2 - 0.5, "medium"), fontsize="medium", parse_math=False)
    if words(title, ""):
        each[0].figure.suptitle(wrapped(str(title), 0.9 * WIDTH, "large"), parse_math=False)
    return each


def _panels(m: Any, groups: str | None, level: float) -> list[tuple[str, Draw]]:
    """Heads of the panels, and what draws each."""
    out: list[tuple[str, Draw]] = []
    general, mixed = is_generalized(m), is_mixed(m)
    mean = m.linear_predictors.to_numpy() if general else m.fitted.to_numpy()
    if general:
        size = np.sqrt(np.abs(m.residuals("pearson").to_numpy() / m.sigma))
        out.append(("Averages of residuals", lambda canvas: _averages(m, canvas)))
    else:
        size = np.sqrt(np.abs(m.residuals("standardized").to_numpy()))
        out += residual_panels(m, level)
    along = "Linear predictor" if general else "Fitted value"
    out.append(("Size of residuals", lambda canvas: _against(canvas, mean, size, "√|residual|", None, along)))
    if mixed:
        out += _random_effects(m, level)
        group = grouping_factor(m, groups)
        out.append((f"Influence of {group}", lambda canvas: _influence(canvas, influence(m, group, "HLMdiag"), group)))
    elif groups is not None:
        raise ArgumentError("This model has no grouping factors: leave `groups` out.")
    else:
        out.append(("Influence of rows", lambda canvas: _influence(canvas, influence(m), "Row")))
    return out


def residual_panels(m: Any, level: float = 0.95) -> list[tuple[str, Draw]]:
    """Heads of the panels of a linear model's residuals, against fitted values and normal quantiles; what draws each.

    Examples
    --------
    >>> import mlm
    >>> m = mlm.lm("y ~ x", {"y": [1.0, 2.0, 4.0], "x": [0, 1, 2]})
    >>> [head for head, draw in residual_panels(m)]
    ['Residuals', 'Normal quantiles of residuals']
    """
    standard, mean = m.residuals("standardized").to_numpy(), m.fitted.to_numpy()
    kind, label = ("response", "Residual") if m.frame.weights is None else ("pearson", "Pearson residual")
    raw = m.residuals(kind).to_numpy()
    return [
        ("Residuals", lambda canvas: _against(canvas, mean, raw, label, 0.0)),
        (
            "Normal quantiles of residuals",
            lambda canvas: _quantiles(canvas, standard, 0.0, 1.0, level, "Standardized residual"),
        ),
    ]


def _axes(count: int, ax: Any, figsize: Any) -> np.ndarray:
    size = checked_size(figsize, ax)
    if ax is not None:
        return axes_given(ax, count)
    import matplotlib.pyplot as plt

    rows = -(-count // 2)
    _, grid = plt.subplots(rows, 2, squeeze=False, figsize=size or (WIDTH, ROW * rows), layout="constrained")
    for place in grid.flat[count:]:
        place.set_axis_off()
    each = np.empty(count, dtype=object)
    each[:] = list(grid.flat)[:count]
    return each


def _blue() -> Any:
    return on_page(OKABE_ITO[0], OKABE_ITO[5])


def _grey() -> Any:
    return on_page(GREY, LIGHT)


def _points(ax: Axes, x: np.ndarray, y: np.ndarray) -> None:
    many = len(x) > MANY_POINTS
    few = len(x) <= FEW_POINTS
    alpha = 0.8 if few else 0.25 if many else 0.5
    ax.plot(
        x, y, "o", color=_blue(), markersize=3.5 if few else 1.5 if many else 2.5,
        alpha=on_page(alpha, min(1.0, 1.6 * alpha)), markeredgewidth=0, rasterized=many,
    )  # fmt: skip


def _against(
    canvas: Canvas, x: np.ndarray, y: np.ndarray, label: str, zero: float | None, along: str = "Fitted value"
) -> None:
    """Points, and averages of bins as a line."""
    if zero is not None:
        canvas.ax.axhline(zero, color=_grey(), linewidth=1, linestyle="--")
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known], y[known]
    _points(canvas.ax, x, y)
    bins = max(1, min(int(np.sqrt(len(x))), len(x) // LEAST_IN_BIN, MOST_BINS))
    parts = np.array_split(np.argsort(x, kind="stable"), bins)
    if bins > 1:
        canvas.ax.plot([x[p].mean() for p in parts], [y[p].mean() for p in parts], color=OKABE_ITO[1], linewidth=1.5)
    canvas.dress(lambda: canvas.label(None, along, label))


def _quantiles(canvas: Canvas, values: np.ndarray, center: float, scale: float, level: float, label: str) -> None:
    """A sample against normal quantiles, with a pointwise band: order statistics have a Beta distribution."""
    ordered = np.sort(values[np.isfinite(values)])
    n = len(ordered)
    rank = np.arange(1, n + 1)
    across = scipy.stats.norm.ppf((rank - 0.5) / n)
    sides = [
        center + scale * scipy.stats.norm.ppf(scipy.stats.beta.ppf(tail, rank, n + 1 - rank))
        for tail in (0.5 - level / 2, 0.5 + level / 2)
    ]
    canvas.ax.fill_between(across, *sides, color=OKABE_ITO[5], alpha=0.3, linewidth=0)
    canvas.ax.plot(across, center + scale * across, color=_grey(), linewidth=1, linestyle="--")
    _points(canvas.ax, across, ordered)
    canvas.dress(lambda: canvas.label(None, f"Normal quantile ({percent(level)} band)", label))


def _random_effects(m: Any, level: float) -> Sequence[tuple[str, Draw]]:
    """A panel a random effect: modes, which vary less than effects, against their own mean and deviation."""
    out: list[tuple[str, Draw]] = []
    for (group, term), rows in m.ranef().groupby(["grpvar", "term"], sort=False):
        values = rows["condval"].to_numpy()
        flat = not values.any()

        def draw(canvas: Canvas, values: np.ndarray = values) -> None:
            scale = float(values.std(ddof=1)) if len(values) > 1 else 0.0
            _quantiles(canvas, values, float(values.mean()), scale, level, "Conditional mode")

        out.append((f"{term} of {group}" + (f" ({NO_VARIANCE})" if flat else ""), draw))
    return out


def _averages(m: Any, canvas: Canvas) -> None:
    """Averages of residuals in bins, without a legend, which the head of the figure's page has."""
    binned_residuals(m, ax=canvas.ax)
    box = canvas.ax.get_legend()
    if box is not None:
        box.remove()
    canvas.dress(lambda: canvas.label(None, "Average fitted value", "Average residual"))


def _influence(canvas: Canvas, found: Any, group: str) -> None:
    """Cook's distances as bars on a line; the largest with their names."""
    values = found.cooks_distance.to_numpy()
    known = np.flatnonzero(np.isfinite(values))
    width = 1.5 if len(values) <= FEW_POINTS else 0.6
    canvas.ax.vlines(known, 0.0, values[known], color=_blue(), linewidth=width)
    canvas.ax.set_xlim(-0.5 - BESIDE * len(values), len(values) - 0.5 + BESIDE * len(values))
    canvas.ax.set_xticks([])
    canvas.ax.grid(axis="x", visible=False)
    canvas.ax.set_ylim(0.0, 1.15 * float(values[known].max(initial=0.0)) or 1.0)
    _name_largest(canvas.ax, values, known, found.frame.index)
    missing = len(values) - len(known)
    noun = "row" if group == "Row" else "group"
    said = counted(len(values), noun) + (f", {missing} not to be left out" if missing else "")
    canvas.dress(lambda: canvas.label(None, f"{group} ({said})", "Cook's distance"))


def _name_largest(ax: Axes, values: np.ndarray, known: np.ndarray, labels: Any) -> None:
    """Write the names of the largest over their bars, shortened so far that none stands over another or over a bar."""
    places = known[np.argsort(-values[known], kind="stable")][:NAMED].tolist()
    size = ax.get_window_extent()
    across, up = size.width / ax.figure.dpi, size.height / ax.figure.dpi
    named = [str(labels[k]) for k in places]
    tried = [told_apart(named, share * across, NAME_SIZE, 2) for share in MOST_NAME]
    beside, top = BESIDE * len(values) + 0.5, ax.get_ylim()[1]
    at = (np.arange(len(values)) + beside) / (len(values) - 1 + 2 * beside)
    taken: list[Box] = []
    for k, place in enumerate(places):
        for text in dict.fromkeys(texts[k] for texts in tried):
            box, side = _box(text, at[place], values[place] / top, across, up)
            if values[place] > 0 and not (_over_bars(box, at, values / top, place) or any(map(box.meets, taken))):
                taken.append(box)
                ax.annotate(
                    text, (float(place), values[place]), xytext=(0, 2), textcoords="offset points", ha=side,
                    va="bottom", fontsize=NAME_SIZE, parse_math=False,
                )  # fmt: skip
                break


class Box(NamedTuple):
    """Where a name stands, in shares of the width and height of the panel."""

    left: float
    right: float
    low: float
    high: float

    def meets(self, other: Box) -> bool:
        """Whether two stand over each other."""
        beside = min(self.right, other.right) + GAP <= max(self.left, other.left)
        return not beside and min(self.high, other.high) > max(self.low, other.low)


def _box(text: str, at: float, height: float, across: float, up: float) -> tuple[Box, str]:
    """Where a name over a bar stands, and with which side at it."""
    width = inches(text, NAME_SIZE) / across
    side = "left" if at < width / 2 else "right" if at > 1 - width / 2 else "center"
    left = at - width * {"left": 0.0, "center": 0.5, "right": 1.0}[side]
    tall = (text.count("\n") + 1) * line_height(NAME_SIZE) / up
    return Box(left, left + width, height, height + tall + GAP), side


def _over_bars(box: Box, at: np.ndarray, heights: np.ndarray, own: int) -> bool:
    """Whether another bar reaches into a name."""
    below = (at > box.left - GAP) & (at < box.right + GAP) & (heights > box.low)
    return bool(np.delete(below, own).any())
