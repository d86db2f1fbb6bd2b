"""Figures of fitted models: coefficients and effects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

from ..errors import ArgumentError
from ..frame.columns import INTERCEPT
from ..inference.confint import checked_level
from ..report.face import FittedModel, model_list, model_names
from ..report.r_numbers import percent
from ..report.tables.rows import Estimate, TableRow, estimates, is_intercept, rows_by_key
from .labels import demand_words, name_across, name_up, say_inside, words
from .places import Canvas, demand_truth
from .rows import is_ordered, natural
from .style import GREY, MOST_LINES, OKABE_ITO, color, demand_tellable, line, marker

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["dot_and_whisker", "effect_lines"]

LINE_OF_MODEL = 0.11
"""Height in inches that each model takes in the row of a coefficient: a marker of 5 points and what keeps it apart."""
FEW_TERMS = 20
"""Coefficients up to this number have wide rows: a page."""
MANY_LEVELS = 60
"""Levels above this number get small markers: at a page's width the others would touch."""
DODGED = 0.8
"""Share of a row, or of the place of a level, that is given to what stands in it side by side."""


class PredictedValues(Protocol):
    """What lines of an effect are drawn from, as `mlm.Effect` has it."""

    @property
    def frame(self) -> pd.DataFrame:
        """Columns: the focal predictor, those of `at`, ``fit``, ``lower``, ``upper`` in units of the response."""

    @property
    def focal(self) -> str:
        """The predictor along the axis."""

    @property
    def at(self) -> tuple[str, ...]:
        """Predictors of whose values each gets a line."""

    @property
    def categorical(self) -> bool:
        """Whether the focal predictor is a category."""

    @property
    def response(self) -> str:
        """Name of the response."""


def dot_and_whisker(
    models: FittedModel | Iterable[FittedModel],
    names: Sequence[str] | None = None,
    coef_names: Sequence[str] | Mapping[str, str] | None = None,
    *,
    intercept: bool = False,
    level: float = 0.95,
    ax: Axes | None = None,
    figsize: tuple[float, float] | None = None,
    title: str | None = None,
    xlabel: str | None = None,
    ylabel: str | None = None,
) -> Axes:
    """Draw coefficients as dots and their confidence intervals as whiskers, models beside each other.

    Parameters
    ----------
    models : MixedModel, LinearModel, GeneralizedLinearModel or sequence of them
    names : sequence of str, optional
        Names of the models in the legend.
    coef_names : sequence of str or mapping, optional
        Labels of the coefficients that are drawn, as in :func:`mlm.regtable`: one for each, in the order of first
        appearance over the models, or a mapping of those that are to be renamed. Coefficients of several models that
        get one name share a row.
    intercept : bool
        Draw the intercept too.
    level : float
        Coverage: t intervals for linear models, Wald intervals for mixed models.
    ax : matplotlib.axes.Axes, optional
        To draw on.
    figsize : tuple of float, optional
        Width and height of a new figure in inches.
    title, xlabel, ylabel : str, optional
        Title and labels of the axes, shown as they are written; "Estimate" by default, with the coverage.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ArgumentError
        When there is nothing to draw, the number of names is not that of the models or coefficients, `coef_names` names
        a term that no model has, two coefficients of one model get one name, or there are more models than colours and
        markers can tell apart, 49.

    Examples
    --------
    >>> import mlm, replications
    >>> pupils = replications.load("imm10", verbose=False)
    >>> m = mlm.lmer("math ~ homework + ses + (1 | schnum)", pupils)
    >>> [label.get_text() for label in mlm.plot.dot_and_whisker(m).get_yticklabels()]
    ['homework', 'ses']
    """
    demand_words(title, xlabel, ylabel)
    level = checked_level(level)
    fits = model_list(models)
    labels = model_names(len(fits), names)
    demand_truth(intercept=intercept)
    demand_tellable(len(fits), "model")
    rows = _rows(fits, labels, coef_names, intercept, level)
    height = max(0.38 if len(rows) <= FEW_TERMS else 0.2, LINE_OF_MODEL * len(fits) / DODGED)
    canvas = Canvas.of(ax, figsize, height=max(2.0, 0.7 + height * len(rows)))
    canvas.ax.axvline(0, color=GREY, linewidth=1, linestyle="--")
    step = DODGED / len(fits)
    for k, label in enumerate(labels):
        here = [(i, cell) for i, row in enumerate(rows) if isinstance(cell := row.cells[k], Estimate)]
        place = np.array([i for i, _ in here]) + (k - (len(fits) - 1) / 2) * step
        values = np.array([(cell.value, cell.low, cell.high) for _, cell in here]).reshape(-1, 3)
        _intervals(canvas.ax, place, values[:, 0], values[:, 1:], k, label)
    canvas.ax.set_ylim(len(rows) - 0.5, -0.5)
    canvas.ax.grid(axis="y", visible=False)
    along = f"{words(xlabel, 'Estimate')} ({percent(level)} confidence interval)"

    def write() -> None:
        note = name_up(canvas.ax, [row.label for row in rows], "medium")
        canvas.label(title, along, words(ylabel, note))
        if len(fits) > 1:
            canvas.legend()
        canvas.thin()

    canvas.dress(write)
    return canvas.ax


def _rows(
    fits: Sequence[FittedModel],
    heads: Sequence[str],
    coef_names: Sequence[str] | Mapping[str, str] | None,
    intercept: bool,
    level: float,
) -> list[TableRow]:
    """Coefficients of all models as a table has them, a row each, in the order of a figure."""
    columns = [estimates(m, (), None, level) for m in fits]
    if not intercept:
        columns = [{key: cell for key, cell in column.items() if not is_intercept(key)} for column in columns]
    keys = list(dict.fromkeys(key for column in columns for key in column))
    if not keys:
        raise ArgumentError("There are no coefficients to draw; intercept=True draws the intercept.")
    known = [key.label for key in keys]
    if isinstance(coef_names, Mapping) and INTERCEPT not in known:
        coef_names = {term: name for term, name in coef_names.items() if term != INTERCEPT}
    rows, order = rows_by_key(columns, heads, coef_names), _in_order(fits)
    return [rows[key] for key in sorted(rows, key=lambda key: order.index(key.label))]


def _in_order(fits: Sequence[FittedModel]) -> list[str]:
    """Put the coefficients of several models in the order of the formulas, and those of a category in a natural one."""
    runs: dict[tuple[str, ...], list[list[str]]] = {}
    ordered = set()
    for m in fits:
        ordered |= {name for name, kept in m.frame.predictors.items() if is_ordered(kept)}
        for variables, keys in groupby(m.frame.x_design.column_keys(), key=lambda key: key[0]):
            runs.setdefault(variables, []).append([name for _, name, _ in keys])
    found: list[str] = []
    for variables, lists in runs.items():
        names = list(dict.fromkeys(name for one in lists for name in one))
        chosen = bool(ordered & set(variables)) or any(one != sorted(one) for one in lists)
        found += natural(names if chosen else sorted(names), chosen)
    return list(dict.fromkeys(found))


def _intervals(ax: Axes, place: np.ndarray, estimates: np.ndarray, limits: np.ndarray, k: int, label: str) -> None:
    """Draw the coefficients of the k-th model: estimates (terms,) with limits (terms, 2), at their places."""
    ax.errorbar(
        estimates,
        place,
        xerr=np.abs(limits - estimates[:, None]).T,
        fmt=marker(k),
        color=color(k),
        markersize=5,
        elinewidth=1.4,
        label=label,
    )


def effect_lines(
    found: PredictedValues,
    *,
    ax: Axes | None = None,
    figsize: tuple[float, float] | None = None,
    title: str | None = None,
    xlabel: str | None = None,
    ylabel: str | None = None,
    at_label: str | None = None,
) -> Axes:
    """Draw predicted values with their band, one line for each value of the other predictors.

    Up to 28 lines have a colour, a kind of line or a marker and a label each; more are drawn alike and without bands,
    and the legend says how many there are. Where no value is estimable, the axes say so.

    Parameters
    ----------
    found : Effect
        From :func:`mlm.effect`, or whatever has its `frame`, `focal`, `at`, `categorical` and `response`.
    ax : matplotlib.axes.Axes, optional
        To draw on.
    figsize : tuple of float, optional
        Width and height of a new figure in inches.
    title, xlabel, ylabel, at_label : str, optional
        Title, labels of the axes and of the legend, shown as they are written; the variables' names by default.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ArgumentError
        When `found` is not an effect, or a label or `ax` is of another kind.

    Examples
    --------
    >>> import mlm, replications
    >>> pupils = replications.load("imm10", verbose=False)
    >>> m = mlm.lmer("math ~ homework + ses + (1 | schnum)", pupils)
    >>> mlm.plot.effect_lines(mlm.effect(m, "homework")).get_ylabel()
    'math'
    """
    demand_words(title, xlabel, ylabel, at_label)
    if not all(hasattr(found, name) for name in ("frame", "focal", "at", "categorical", "response")):
        raise ArgumentError(f"Lines are drawn of what mlm.effect(model, focal) gives; got {type(found).__name__}.")
    at = list(found.at)
    parts = list(found.frame.groupby(at, observed=True, sort=False)) if at else [((), found.frame)]
    labels = [", ".join(f"{v:g}" if isinstance(v, float) else str(v) for v in values) for values, _ in parts]
    many = len(parts) > MOST_LINES
    if many:
        labels = [f"{len(parts)} combinations, without bands"] + [""] * (len(parts) - 1)
    canvas = Canvas.of(ax, figsize)
    names = natural(list(dict.fromkeys(found.frame[found.focal])), is_ordered(found))
    draw = _points_with_bars if found.categorical else _line_with_band
    for k, (label, (_, rows)) in enumerate(zip(labels, parts, strict=True)):
        if found.categorical:
            rows = rows.set_index(found.focal).loc[[n for n in names if n in set(rows[found.focal])]].reset_index()
        draw(canvas.ax, rows, found.focal, k, len(parts), label)
    if found.categorical:
        canvas.ax.set_xlim(-0.5, len(names) - 0.5)

    def write() -> None:
        note = ""
        if found.categorical:
            note = name_across(canvas.ax, [str(value) for value in names])
            canvas.grow(canvas.hanging() - 1.0)
        else:
            canvas.thin()
        canvas.label(
            title, words(xlabel, f"{found.focal} ({note})" if note else found.focal), words(ylabel, found.response)
        )
        if at:
            canvas.legend(words(at_label, ", ".join(at)))

    if found.frame["fit"].isna().all():
        say_inside(canvas.ax, getattr(found, "note", "") or "No value of the effect can be estimated.")
    canvas.dress(write)
    return canvas.ax


def _line_with_band(ax: Axes, rows: pd.DataFrame, focal: str, k: int, count: int, label: str) -> None:
    """Draw the k-th of several lines; of more than can be told apart all alike."""
    if count > MOST_LINES:
        ax.plot(rows[focal], rows["fit"], color=OKABE_ITO[0], linewidth=0.6, alpha=0.5, label=label)
        return
    ax.plot(rows[focal], rows["fit"], color=color(k), linestyle=line(k), label=label)
    ax.fill_between(
        rows[focal], rows["lower"], rows["upper"], color=color(k), alpha=min(0.15, 0.6 / count), linewidth=0
    )


def _points_with_bars(ax: Axes, rows: pd.DataFrame, focal: str, k: int, count: int, label: str) -> None:
    """Draw the k-th of several values at each level, beside each other."""
    step = min(0.12, DODGED / count)
    place = np.arange(len(rows)) + step * (k - (count - 1) / 2)
    if count > MOST_LINES:
        ax.plot(place, rows["fit"], ".", color=OKABE_ITO[0], markersize=2, label=label)
        return
    half = (rows["upper"] - rows["fit"]).to_numpy()
    small: dict[str, Any] = {"markersize": 2, "elinewidth": 0.6} if len(rows) > MANY_LEVELS else {}
    ax.errorbar(place, rows["fit"], yerr=half, fmt=marker(k), color=color(k), label=label, **small)
