"""Figures of the random effects: each with its interval, and all as a distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import scipy

from ..errors import ArgumentError, brief, first_few
from ..frame.columns import INTERCEPT
from ..inference.confint import checked_level
from ..report.face import FittedMixedModel, is_generalized
from ..report.r_numbers import percent
from .labels import demand_words, name_up, whole_counts, words
from .lines import grouping_factor
from .panels import Panels
from .places import Canvas
from .rows import NO_VARIANCE, bin_edges, natural
from .style import GREY, OKABE_ITO

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

__all__ = ["caterpillar", "ranef_histogram"]

NAMED_GROUPS = 60
"""Groups up to this number are named on the axis of a caterpillar plot: it is 11 inches high then, a printed page."""
LINE_OF_GROUP = 0.17
"""Height in inches of the row of a group that is named: a line of small letters."""


def caterpillar(
    m: FittedMixedModel,
    group: str | None = None,
    *,
    level: float = 0.95,
    sort_by: str | None = None,
    ax: Any = None,
    figsize: tuple[float, float] | None = None,
    title: str | None = None,
    xlabel: str | None = None,
    ylabel: str | None = None,
) -> np.ndarray:
    """Draw the conditional modes of the random effects with intervals, one panel per term, in ascending order.

    Up to 60 groups are named; of more the label of the axis says how many there are.

    Parameters
    ----------
    m : MixedModel or GeneralizedMixedModel
        Of a generalized model the modes are on the scale of the linear predictor, which the label says.
    group : str, optional
        Grouping factor; the first by default.
    level : float
        Coverage of the intervals, ``condval ± z * condsd``.
    sort_by : str, optional
        Term by which to order all panels, so that a row is one group; by default each panel has its own order
        when there are too many groups to name, and the first term's order when they are named.
    ax : matplotlib.axes.Axes or array of them, optional
        To draw on, at least one for each term.
    figsize : tuple of float, optional
        Width and height of a new figure in inches.
    title, xlabel, ylabel : str, optional
        Title of the figure and labels of its axes, shown as they are written.

    Returns
    -------
    ndarray of matplotlib.axes.Axes, shape (terms,)

    Raises
    ------
    ArgumentError
        For an unknown grouping factor or term, a level not in (0, 1), or fewer Axes than terms.

    Examples
    --------
    >>> import mlm, replications
    >>> pupils = replications.load("imm10", verbose=False)
    >>> m = mlm.lmer("math ~ homework + (1 | schnum)", pupils)
    >>> [ax.get_title() for ax in mlm.plot.caterpillar(m)]
    ['(Intercept)']
    """
    demand_words(title, xlabel, ylabel)
    modes = _modes(m, group)
    terms = list(dict.fromkeys(modes["term"]))
    if sort_by is not None and not (isinstance(sort_by, str) and sort_by in terms):
        raise ArgumentError(f"{brief(sort_by)} is not a random effect here; these are: {first_few(terms)}.")
    level = checked_level(level)
    z = scipy.stats.norm.ppf(0.5 + level / 2)
    table = {term: rows.set_index("grp") for term, rows in modes.groupby("term", sort=False)}
    count = len(table[terms[0]])
    named = count <= NAMED_GROUPS
    height = max(2.1, LINE_OF_GROUP * count + 0.4) if named else 3.9
    flat = {term for term in terms if not table[term]["condval"].any()}
    titles = [f"{term} ({NO_VARIANCE})" if term in flat else term for term in terms]
    panels = Panels.of(titles, ax, figsize, row=height, sharex=False, sharey=named)
    for place, term in zip(panels.each, terms, strict=True):
        by = table[sort_by or (terms[0] if named else term)]["condval"]
        order = by.loc[natural(by.index.tolist())].sort_values(kind="stable").index
        _whiskers(place, table[term].loc[order], z, named)
    factor = modes["grpvar"].iloc[0]
    scale = f", {m.family.link.name} scale" if is_generalized(m) and m.family.link.name != "identity" else ""
    along = words(xlabel, f"Deviation from the fixed effect{scale} ({percent(level)} interval)")
    many = f"{count} groups" + (", each panel in its own order" if len(terms) > 1 and sort_by is None else "")

    def write() -> None:
        note = "" if named else many
        for place in panels.each if named else ():
            note = name_up(place, [str(name) for name in order], width=panels.width)
        panels.label(title, along, words(ylabel, f"{factor} ({note})" if note else factor), rows=True)
        panels.thin()

    panels.dress(write)
    return panels.each


def _whiskers(ax: Axes, rows: pd.DataFrame, z: float, named: bool) -> None:
    """Draw the modes of one term with their intervals, in the order of the rows."""
    place = np.arange(len(rows))
    ax.axvline(0, color=GREY, linewidth=1, linestyle="--")
    half = z * rows["condsd"]
    lines = ax.hlines(place, rows["condval"] - half, rows["condval"] + half, color=OKABE_ITO[0])
    lines.set(linewidth=1.2 if named else 0.5, alpha=1.0 if named else 0.5)
    ax.plot(rows["condval"], place, "o", color=OKABE_ITO[0], markersize=4 if named else 1.5)
    ax.grid(axis="y", visible=False)
    ax.set_ylim(-0.8, len(rows) - 0.2)
    if not named:
        ax.set_yticks([])


def _modes(m: FittedMixedModel, group: str | None) -> pd.DataFrame:
    """Conditional modes of one grouping factor."""
    factor = grouping_factor(m, group)
    modes = m.ranef()
    return modes[modes["grpvar"] == factor]


def ranef_histogram(
    m: FittedMixedModel,
    term: str = INTERCEPT,
    group: str | None = None,
    *,
    bins: int | ArrayLike = 30,
    ax: Axes | None = None,
    figsize: tuple[float, float] | None = None,
    title: str | None = None,
    xlabel: str | None = None,
    ylabel: str | None = None,
) -> Axes:
    """Draw a histogram of one random effect's conditional modes (empirical Bayes estimates).

    Parameters
    ----------
    m : MixedModel or GeneralizedMixedModel
    term : str
    group : str, optional
        Grouping factor; the first by default.
    bins : int or array_like, shape (n_bins + 1,)
        Number of bins, or their edges, increasing.
    ax : matplotlib.axes.Axes, optional
        To draw on.
    figsize : tuple of float, optional
        Width and height of a new figure in inches.
    title, xlabel, ylabel : str, optional
        Title and labels of the axes, shown as they are written.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ArgumentError
        For an unknown grouping factor or term, or wrong `bins`.

    Examples
    --------
    >>> import mlm, replications
    >>> pupils = replications.load("imm10", verbose=False)
    >>> m = mlm.lmer("math ~ homework + (1 | schnum)", pupils)
    >>> mlm.plot.ranef_histogram(m, bins=5).get_ylabel()
    'Groups (schnum)'
    """
    demand_words(title, xlabel, ylabel)
    modes = _modes(m, group)
    mine = modes[modes["term"] == term] if isinstance(term, str) else modes[:0]
    if mine.empty:
        known = list(dict.fromkeys(modes["term"]))
        raise ArgumentError(f"{brief(term)} is not a random effect here; these are: {first_few(known)}.")
    values = mine["condval"].to_numpy()
    edges = bin_edges(values, bins).tolist()
    canvas = Canvas.of(ax, figsize)
    canvas.ax.hist(values, bins=edges, color=OKABE_ITO[0], edgecolor="white")
    canvas.ax.grid(axis="x", visible=False)
    whole_counts(canvas.ax)
    note = "" if values.any() else f" ({NO_VARIANCE})"
    factor = modes["grpvar"].iloc[0]

    def write() -> None:
        along = f"Empirical Bayes estimate of {term}{note}"
        canvas.label(title, words(xlabel, along), words(ylabel, f"Groups ({factor})"))
        canvas.thin()

    canvas.dress(write)
    return canvas.ax
