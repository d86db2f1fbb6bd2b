"""Columns: which model each belongs to, and what its headings say of the cells below."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from replications.printouts import names
from replications.printouts.grids import GridRow
from replications.printouts.model_tables.cells import parts
from replications.printouts.names import interval_ends

_COMMA = re.compile(r"[\[(]?-?\d[\d.]*,\d")
_STATISTICS = {
    "Estimates": "estimate",
    "Log-Odds": "estimate",
    "Log-Mean": "estimate",
    "Odds Ratios": "odds_ratio",
    "Incidence Rate Ratios": "rate_ratio",
    "Risk Ratios": "risk_ratio",
    **dict.fromkeys(("Estimate", "Est.", "b", "B", "\N{GREEK SMALL LETTER BETA}"), "estimate"),
    **dict.fromkeys(("std. Error", "SE", "S.E.", "Std. Error", "Std.Error"), "se"),
    "std. Beta": "std_estimate",
    **dict.fromkeys(("t", "t value", "t-value"), "t"),
    **dict.fromkeys(("z", "z value", "z-value"), "z"),
    **dict.fromkeys(("p", "P", "p-value", "p value", "p.value"), "p"),
    "Statistic": "statistic",
    "df": "df",
    **dict.fromkeys(("CI", "95% CI", "CI (95%)", "Conf. Int (95%)"), "ci"),
    "standardized CI": "std_ci",
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column: the model it belongs to, its heading, and what that says of its cells; empty where it says nothing."""

    model: str
    statistic: str
    what: str


def split(grid: Sequence[GridRow]) -> tuple[list[GridRow], list[GridRow]]:
    """Return the rows of headings and the rest: headings are all rows before the first with a number in a cell."""
    for at, row in enumerate(grid):
        if any(parts(cell) or _COMMA.match(cell) for cell in row.cells[1:]) and not _counts(row, first=not at):
            return list(grid[:at]), list(grid[at:])
    return list(grid), []


def columns_of(head: Sequence[GridRow], count: int) -> list[Column]:
    """Return for each column the model it belongs to and what is printed in it."""
    statistics, models = [""] * count, [""] * count
    for row in head:
        cells = [*row.cells[1:], *[""] * count][:count]
        if sum(bool(_meaning(cell)) for cell in cells) > 1 or row.cells[0] == "Predictors":
            statistics = cells
        elif any(cells) and not (len([cell for cell in cells if cell]) == 1 < count and any(models)):
            models = cells if not all(_same(cells)) or not any(models) else models
    seen: dict[str, int] = {}
    columns, name, ends = list[Column](), "", interval_ends(list(dict.fromkeys(statistics)))
    for at in range(count):
        first = next((text for text in statistics if text), "")
        if not statistics[at] or statistics[at] == first or models[at] or is_of_estimates(statistics[at]):
            name = models[at] or f"({at + 1})"
            seen[name] = seen.get(name, 0) + 1
            name = f"{name}__{seen[name]}" if seen[name] > 1 else name
        what = ends.get(statistics[at]) or _meaning(statistics[at])
        if statistics[at] and any(one.model == name and is_of_estimates(one.statistic) for one in columns):
            what = what or names.quantity(statistics[at])
        columns.append(Column(name, statistics[at], what))
    return columns


def _meaning(heading: str) -> str:
    """Return what a heading says of its cells, the two ends of an interval too; empty for others."""
    return _STATISTICS.get(heading) or (end if (end := names.quantity(heading)) in ("ci_low", "ci_high") else "")


def is_of_estimates(heading: str) -> bool:
    """Tell whether a column's heading says that estimates stand in it, which are a model's first column."""
    return _STATISTICS.get(heading, "") == "estimate" or _STATISTICS.get(heading, "").endswith("_ratio")


def is_statistic(heading: str) -> bool:
    """Tell whether a heading says what stands below it."""
    return bool(_meaning(heading))


def _counts(row: GridRow, *, first: bool) -> bool:
    """Tell whether the cells of a row count the models, ``(1)  (2)``; a first row may do without brackets."""
    cells = [cell for cell in row.cells[1:] if cell]
    bare = first and not row.cells[0] and cells == [str(at + 1) for at in range(len(cells))]
    return bare or all(re.fullmatch(r"\(\d+\)", cell) for cell in cells)


def _same(cells: Sequence[str]) -> list[bool]:
    return [bool(re.fullmatch(r"\*?B \(CI\)\*?|\W*", cell)) for cell in cells]
