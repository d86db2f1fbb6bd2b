"""Figures of fitted models: random effects, coefficients, residuals, effects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pandas as pd
import scipy

from ..errors import ArgumentError
from ..frame.columns import INTERCEPT
from ..inference.confint import checked_level
from ..report.face import FittedMixedModel, FittedModel, demand_model, model_list, model_names
from .style import GREY, LINES, MARKERS, OKABE_ITO, WIDTH, axes, bare, bin_edges, demand_truth, grouping_factor, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "caterpillar",
    "dot_and_whisker",
    "effect_lines",
    "ranef_histogram",
    "residual_histogram",
]

NAMED_GROUPS = 60
"""Groups up to this number are named on the axis of a caterpillar plot: it is 11 inches high then, a printed page."""


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


def caterpillar(
    m: FittedMixedModel, group: str | None = None, *, level: float = 0.95, sort_by: str | None = None
) -> Figure:
    """Draw the conditional modes of the random effects with intervals, one panel a term, in ascending order.

    Parameters
    ----------
    m : MixedModel
    group : str, optional
        Grouping factor; the first by default.
    level : float
        Coverage of the intervals, ``condval ± z * condsd``.
    sort_by : str, optional
        Term by which to order all panels, so that a row is one group; by default each panel has its own order
        when there are too many groups to name, and the first term's order when they are named.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ArgumentError
        For an unknown grouping factor or term, or a level not in (0, 1).

    Examples
    --------
    >>> import mlm
    >>> m = mlm.lmer("y ~ 1 + (1 | g)", {"y": [1.0, 2.0, 4.0, 5.0, 7.0, 9.0], "g": list("aabbcc")})
    >>> len(caterpillar(m).axes)
    1
    """
    import matplotlib.pyplot as plt

    modes = _modes(m, group)
    terms = list(dict.fromkeys(modes["term"]))
    if sort_by is not None and not (isinstance(sort_by, str) and sort_by in terms):
        raise ArgumentError(f"{sort_by!r} is not a random effect here; these are: {', '.join(terms)}.")
    z = scipy.stats.norm.ppf(0.5 + checked_level(level) / 2)
    count = modes["grp"].nunique()
    named = count <= NAMED_GROUPS
    height = max(2.6, 0.17 * count + 0.9) if named else 4.4
    figure, places = plt.subplots(
        1, len(terms), squeeze=False, sharey=named, figsize=(WIDTH, height), layout="constrained"
    )
    table = modes.set_index("grp")
    for ax, term in zip(places[0], terms, strict=True):
        by = sort_by or (terms[0] if named else term)
        order = table[table["term"] == by].sort_values("condval").index
        _whiskers(ax, table[table["term"] == term].loc[order], z, named)
        ax.set_title(term, fontsize="medium")
    places[0][0].set_ylabel(f"{modes['grpvar'].iloc[0]} ({count} groups)" if not named else modes["grpvar"].iloc[0])
    figure.supxlabel(f"Deviation from the fixed effect ({100 * level:g}% interval)")
    return figure


def _whiskers(ax: Axes, rows: pd.DataFrame, z: float, named: bool) -> None:
    """Draw the modes of one term with their intervals, in the order of the rows."""
    place = np.arange(len(rows))
    bare(ax).axvline(0, color=GREY, linewidth=1, linestyle="--")
    half = z * rows["condsd"]
    lines = ax.hlines(place, rows["condval"] - half, rows["condval"] + half, color=OKABE_ITO[0])
    lines.set(linewidth=1.2 if named else 0.5, alpha=1.0 if named else 0.5)
    ax.plot(rows["condval"], place, "o", color=OKABE_ITO[0], markersize=4 if named else 1.5)
    ax.grid(axis="y", visible=False)
    ax.set_ylim(-0.8, len(rows) - 0.2)
    ax.set_yticks(place if named else [], [str(name) for name in rows.index] if named else [])
    ax.tick_params(axis="y", length=0, labelsize="small")


def _modes(m: FittedMixedModel, group: str | None) -> pd.DataFrame:
    """Conditional modes of one grouping factor."""
    factor = grouping_factor(m, group)
    modes = m.ranef()
    return modes[modes["grpvar"] == factor]


def dot_and_whisker(
    models: FittedModel | Iterable[FittedModel],
    names: Sequence[str] | None = None,
    coef_names: Mapping[str, str] | None = None,
    *,
    intercept: bool = False,
    level: float = 0.95,
    ax: Axes | None = None,
    xlabel: str = "Estimate",
) -> Axes:
    """Draw coefficients as dots and their confidence intervals as whiskers, models beside each other.

    Parameters
    ----------
    models : MixedModel, LinearModel or sequence of them
    names : sequence of str, optional
        Names of the models in the legend.
    coef_names : mapping of str to str, optional
        Labels of terms.
    intercept : bool
        Draw the intercept too.
    level : float
        Coverage: t intervals for linear models, Wald intervals for mixed models.
    ax : matplotlib.axes.Axes, optional
    xlabel : str

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ArgumentError
        When there is nothing to draw, or the number of names is not that of the models.

    Examples
    --------
    >>> import mlm
    >>> data = {"y": [1.0, 2.2, 4.1, 5.0, 7.3, 9.0], "x": [0, 1, 0, 1, 0, 1]}
    >>> [label.get_text() for label in dot_and_whisker(mlm.lm("y ~ x", data)).get_yticklabels()]
    ['x']
    """
    fits = model_list(models)
    labels = model_names(len(fits), names)
    if coef_names is not None and not isinstance(coef_names, Mapping):
        raise ArgumentError(
            f"coef_names maps terms to labels, such as {{'x': 'Hours'}}; got {type(coef_names).__name__}."
        )
    demand_truth(intercept=intercept)
    terms = [t for t in dict.fromkeys(t for m in fits for t in m.fixef.index) if intercept or t != INTERCEPT]
    if not terms:
        raise ArgumentError("There are no coefficients to draw; intercept=True draws the intercept.")
    ax = axes(ax, width=WIDTH, height=max(2.0, 0.7 + 0.38 * len(terms)))
    ax.axvline(0, color=GREY, linewidth=1, linestyle="--")
    step = 0.6 / len(fits)
    for k, (m, label) in enumerate(zip(fits, labels, strict=True)):
        here = [t for t in terms if t in m.fixef.index]
        place = np.array([terms.index(t) for t in here]) + (k - (len(fits) - 1) / 2) * step
        _intervals(ax, place, m.fixef[here].to_numpy(), m.confint(level).loc[here].to_numpy(), k, label)
    ax.set_yticks(range(len(terms)), [(coef_names or {}).get(t, t) for t in terms])
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    ax.set_xlabel(f"{xlabel} ({100 * level:g} % confidence interval)")
    if len(fits) > 1:
        ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return ax


def _intervals(ax: Axes, place: np.ndarray, estimates: np.ndarray, limits: np.ndarray, k: int, label: str) -> None:
    """Draw the coefficients of the k-th model: estimates (terms,) with limits (terms, 2), at their places."""
    ax.errorbar(
        estimates,
        place,
        xerr=np.abs(limits - estimates[:, None]).T,
        fmt=MARKERS[k % len(MARKERS)],
        color=OKABE_ITO[k % len(OKABE_ITO)],
        markersize=5,
        elinewidth=1.4,
        label=label,
    )


def effect_lines(
    found: PredictedValues,
    *,
    ax: Axes | None = None,
    xlabel: str | None = None,
    ylabel: str | None = None,
    at_label: str | None = None,
) -> Axes:
    """Draw predicted values with their band, one line for each value of the other predictors.

    Parameters
    ----------
    found : Effect
        From :func:`mlm.effect`, or whatever has its `frame`, `focal`, `at`, `categorical` and `response`.
    ax : matplotlib.axes.Axes, optional
    xlabel, ylabel, at_label : str, optional
        Labels of the axes and of the legend; the variables' names by default.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import mlm
    >>> rows = {"y": [1.0, 2.2, 4.1, 5.0, 7.3, 9.0], "x": [0, 1, 0, 1, 0, 1], "z": [1, 3, 2, 5, 4, 6]}
    >>> effect_lines(mlm.effect(mlm.lm("y ~ x + z", rows), "z")).get_ylabel()
    'y'
    """
    if not all(hasattr(found, name) for name in ("frame", "focal", "at", "categorical", "response")):
        raise ArgumentError(f"Lines are drawn of what mlm.effect(model, focal) gives; got {type(found).__name__}.")
    ax = axes(ax)
    at = list(found.at)
    parts = list(found.frame.groupby(at, observed=True, sort=False)) if at else [((), found.frame)]
    for k, (values, rows) in enumerate(parts):
        color = OKABE_ITO[k % len(OKABE_ITO)]
        label = ", ".join(f"{value:g}" if isinstance(value, float) else str(value) for value in values)
        if not found.categorical:
            ax.plot(rows[found.focal], rows["fit"], color=color, linestyle=LINES[k % len(LINES)], label=label)
            ax.fill_between(rows[found.focal], rows["lower"], rows["upper"], color=color, alpha=0.15, linewidth=0)
        else:
            place = np.arange(len(rows)) + 0.12 * (k - (len(parts) - 1) / 2)
            half = (rows["upper"] - rows["fit"]).to_numpy()
            marker = MARKERS[k % len(MARKERS)]
            ax.errorbar(place, rows["fit"], yerr=half, fmt=marker, color=color, label=label)
            ax.set_xticks(np.arange(len(rows)), [str(value) for value in rows[found.focal]])
    if at:
        ax.legend(title=words(at_label, ", ".join(at)), frameon=False)
    ax.set(xlabel=words(xlabel, found.focal), ylabel=words(ylabel, found.response))
    return ax


def ranef_histogram(
    m: FittedMixedModel, term: str = INTERCEPT, group: str | None = None, *, bins: int = 30, ax: Axes | None = None
) -> Axes:
    """Draw a histogram of one random effect's conditional modes (empirical Bayes estimates).

    Parameters
    ----------
    m : MixedModel
    term : str
    group : str, optional
        Grouping factor; the first by default.
    bins : int
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ArgumentError
        For an unknown grouping factor or term.

    Examples
    --------
    >>> import mlm
    >>> m = mlm.lmer("y ~ 1 + (1 | g)", {"y": [1.0, 2.0, 4.0, 5.0, 7.0, 9.0], "g": list("aabbcc")})
    >>> ranef_histogram(m, bins=3).get_ylabel()
    'Groups (g)'
    """
    modes = _modes(m, group)
    mine = modes[modes["term"] == term] if isinstance(term, str) else modes[:0]
    if mine.empty:
        raise ArgumentError(
            f"{term!r} is not a random effect here; these are: {', '.join(dict.fromkeys(modes['term']))}."
        )
    edges = bin_edges(mine["condval"].to_numpy(), bins).tolist()
    ax = axes(ax)
    ax.hist(mine["condval"], bins=edges, color=OKABE_ITO[0], edgecolor="white")
    ax.grid(axis="x", visible=False)
    ax.set(xlabel=f"Empirical Bayes estimate of {term}", ylabel=f"Groups ({modes['grpvar'].iloc[0]})")
    return ax


def residual_histogram(m: FittedModel, *, bins: int = 40, ax: Axes | None = None) -> Axes:
    """Draw a histogram of the residuals with the normal density that the model assumes.

    Parameters
    ----------
    m : MixedModel or LinearModel
    bins : int
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import mlm
    >>> residual_histogram(mlm.lm("y ~ x", {"y": [1.0, 2.0, 4.0], "x": [0, 1, 2]}), bins=3).get_xlabel()
    'Residual (y)'
    """
    demand_model(m)
    residuals = m.resid.to_numpy()
    edges = bin_edges(residuals, bins).tolist()
    ax = axes(ax)
    ax.hist(residuals, bins=edges, color=OKABE_ITO[5], edgecolor="white", label="residuals")
    across = np.linspace(edges[0], edges[-1], 200)
    scale = len(residuals) * (edges[1] - edges[0])
    density = scale * scipy.stats.norm.pdf(across, scale=m.sigma)
    ax.plot(across, density, color=OKABE_ITO[1], label=f"normal, SD {m.sigma:.3g}")
    ax.grid(axis="x", visible=False)
    ax.legend(frameon=False)
    ax.set(xlabel=f"Residual ({m.response})", ylabel="Rows")
    return ax
