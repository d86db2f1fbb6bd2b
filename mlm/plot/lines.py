"""The lines of groups: of a mixed model, of a category of a linear model, or through each group's own points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..errors import ArgumentError, DataError, FitError, first_few, suggest, told
from ..frame.columns import INTERCEPT
from ..model.reference_grid import Predictor, average_design, predictors
from ..report.face import FittedMixedModel, FittedModel, demand_mixed, mean_of
from .rows import NO_VARIANCE, by_group, complete, is_ordered, least_squares_line, natural, spaced

__all__ = ["Lines", "dummy_lines", "grouping_factor", "mixed_lines", "separate_lines"]

Line = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """What is drawn of groups.

    Attributes
    ----------
    each : dict
        By group, in the order of the legend: its line, two arrays of shape (points,).
    middle : tuple of two ndarray of shape (points,), or None
        The line of all.
    seen : DataFrame, shape (rows, 3)
        The rows as they are drawn: ``x``, ``y``, ``group``.
    x, y, by : str
        Names of the variables.
    dates : bool
        Whether ``x`` are dates, in days since 1970.
    note : str
        Which variances are 0, so that lines fall together; empty where none is.
    """

    each: dict[Any, Line]
    middle: Line | None
    seen: pd.DataFrame
    x: str
    y: str
    by: str
    dates: bool = False
    note: str = ""


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
        hint = suggest(group, known) if isinstance(group, str) else ""
        raise ArgumentError(
            f"{told(group)} is not a grouping factor of this model; these are: {first_few(known)}.{hint}"
        )
    return known[0] if group is None else group


def mixed_lines(m: FittedMixedModel, x: str, y: str | None, by: str | None, data: Any) -> Lines:
    """Fixed part plus conditional modes of each group."""
    _demand_response(m, y)
    _demand_no_offset(m)
    group = grouping_factor(m, by)
    focal, held = _numeric_predictor(m, x)
    seen = _seen(m, focal, m.groups[group].to_numpy(), group, data)
    across = _common_range(focal, seen)
    _, design = average_design(m, {x: across.tolist()}, held)
    middle = design @ m.fixef.to_numpy()
    modes = m.ranef()
    lift: dict[Any, np.ndarray] = {}
    for term, rows in modes[modes["grpvar"] == group].groupby("term", sort=False):
        if term not in (INTERCEPT, x) and (term not in held or held[term].levels):
            raise FitError(f"The random slope {term!r} has no typical value; lines over {x!r} are not defined.")
        z = across if term == x else np.full(len(across), 1.0 if term == INTERCEPT else held[term].typical)
        for name, value in zip(rows["grp"], rows["condval"], strict=True):
            lift[name] = lift.get(name, 0.0) + value * z
    lines = {name: (across, middle + lift[name]) for name in natural(list(lift))}
    return Lines(
        _within_range(m, lines, seen, group),
        (across, mean_of(m, middle)),
        seen,
        x,
        m.response,
        group,
        note=_without_variance(modes[modes["grpvar"] == group]),
    )


def _without_variance(modes: pd.DataFrame) -> str:
    """Say which effects of a factor are 0 for all groups: of its only one no name is needed."""
    flat = [str(term) for term, rows in modes.groupby("term", sort=False) if not rows["condval"].any()]
    of = "" if modes["term"].nunique() == 1 else f"{', '.join(flat)}: "
    return f"{of}{NO_VARIANCE}" if flat else ""


def dummy_lines(m: FittedModel, x: str, y: str | None, by: str | None, data: Any) -> Lines:
    """Predictions at each level of a category."""
    _demand_response(m, y)
    _demand_no_offset(m)
    if by is None:
        raise ArgumentError("A linear model does not tell its groups; name a category among its predictors by=.")
    focal, held = _numeric_predictor(m, x)
    if not isinstance(by, str) or by not in held or not held[by].levels:
        categories = [name for name, p in held.items() if p.levels]
        raise ArgumentError(f"{by!r} is not a category of this model; these are: {first_few(categories) or 'none'}.")
    category = held.pop(by)
    seen = _seen(m, focal, category.values, by, data)
    across = _common_range(focal, seen)
    levels = natural(category.levels, is_ordered(m.frame.predictors[by]))
    grid, design = average_design(m, {x: across.tolist(), by: levels}, held)
    up = design @ m.fixef.to_numpy()
    lines = {level: (across, up[(grid[by] == level).to_numpy()]) for level in levels}
    return Lines(_within_range(m, lines, seen, by), None, seen, x, m.response, by)


def separate_lines(data: Any, x: str, y: str | None, by: str | None) -> Lines:
    """Least-squares lines through the points of each group, and through all points."""
    if y is None or by is None:
        raise ArgumentError("Lines through data need the names of the response and of the groups: y= and by=.")
    rows = complete(data, by, x, y=y)
    seen = rows.table
    lines: dict[Any, Line] = {}
    for name, mine in by_group(seen):
        line = least_squares_line(mine["x"].to_numpy(), mine["y"].to_numpy())
        if line is not None:
            across = spaced(mine["x"], 2)
            lines[name] = (across, line[0] + line[1] * across)
    if not lines:
        raise DataError(f"{x!r} does not vary within any of the {seen['group'].nunique()} groups; there is no line.")
    whole = least_squares_line(seen["x"].to_numpy(), seen["y"].to_numpy())
    across = spaced(seen["x"], 2)
    middle = (across, whole[0] + whole[1] * across) if whole else None
    return Lines(lines, middle, seen, x, y, by, rows.dates)


def _numeric_predictor(m: FittedModel, x: str) -> tuple[Predictor, dict[str, Predictor]]:
    """The predictor along the axis, and the others."""
    known = predictors(m)
    if not isinstance(x, str) or x not in known or known[x].levels:
        numeric = [name for name, p in known.items() if not p.levels]
        raise ArgumentError(
            f"{x!r} is not a numeric predictor of this model; these are: {first_few(numeric) or 'none'}."
        )
    return known[x], {name: p for name, p in known.items() if name != x}


def _demand_response(m: FittedModel, y: str | None) -> None:
    """Refuse a name of what is drawn upwards that is not the model's response: its lines are of nothing else."""
    if y is not None and y != m.response:
        raise ArgumentError(
            f"The lines of a model are of its response, {m.response!r}; y={y!r} is another. Leave y out."
        )


def _demand_no_offset(m: FittedModel) -> None:
    """Refuse a known part of the predictor: a line would be that of rows where it is 0."""
    if m.frame.offset is not None:
        raise FitError("This model has an offset, which has no typical value; lines of groups are not defined.")


def _seen(m: FittedModel, focal: Predictor, group: np.ndarray, by: str, data: Any) -> pd.DataFrame:
    """Rows as they are to be drawn: those of the fit, or of other data."""
    if data is None:
        return pd.DataFrame({"x": focal.values, "y": m.frame.y, "group": group})
    rows = complete(data, by, focal.name, y=m.response)
    if rows.dates:
        raise DataError(f"Column {focal.name!r} is a date, and was a number in the fit.")
    return rows.table.assign(group=rows.table["group"].astype(object))


def _common_range(focal: Predictor, seen: pd.DataFrame) -> np.ndarray:
    """Points over the range of the fit and of the rows that are drawn."""
    return spaced([focal.low, focal.high, seen["x"].min(), seen["x"].max()])


def _within_range(m: FittedModel, lines: dict[Any, Line], seen: pd.DataFrame, by: str) -> dict[Any, Line]:
    """Cut lines of linear predictors to the range of x that each group has, as means; groups without rows have none."""
    found = {}
    for name, (across, up) in lines.items():
        mine = seen.loc[seen["group"] == name, "x"]
        if len(mine):
            inner = np.linspace(mine.min(), mine.max(), 50)
            found[name] = (inner, mean_of(m, np.interp(inner, across, up)))
    if not found:
        raise DataError(f"No group of the model, {first_few([str(name) for name in lines])}, is in the column {by!r}.")
    return found
