"""Tables of a page that no package is known for: a row of headings, a label in each row."""

from __future__ import annotations

import re

from replications.printouts import grids, row_labels
from replications.printouts.block import Block
from replications.printouts.cells import is_number
from replications.printouts.comparisons import counted
from replications.printouts.cursor import Cursor
from replications.printouts.grids import GridRow
from replications.printouts.kind import kind
from replications.printouts.model_tables import fit_rows, table
from replications.printouts.model_tables.cells import has_number, interval, parts
from replications.printouts.model_tables.labels import INTERCEPTS
from replications.printouts.names import LETTERS, QUANTITIES, interval_ends, level_columns, quantity, slug

_ESTIMATES = {"b", "B", "Est.", "Est", "est", "β", "Beta"}
_STATISTICS = {*QUANTITIES, *_ESTIMATES, "p", "P", "CI", "95% CI", "S.E.", "se"}
_STANDARDISED = {"b*", "\N{GREEK SMALL LETTER BETA}*", "B*"}
_OF = re.compile(r"(?:\d+(?:\.\d+)?\s?% ?)?CI \((\D[^()]*)\)")
"""The heading of an interval that says whose it is: ``95% CI (b*)``."""
_INTERVAL = re.compile(r"\bC\.?I\b|[Ii]nterval")
_DECIMAL = re.compile(r"\d\.\d")
_VALUE = re.compile(r"[<>(\[-]?\s*[\d.]|.*[=<>]\s*-?[\d.]")
_QUARTILES = re.compile(r"\bIQR\b|\bQ1\b")
_DEVIATION = re.compile(r"\(\s*(?:SD|sd|s\.d\.|[Ss]td\.? ?[Dd]ev\.?|[Ss]tandard deviation)\s*\)|\+/-\s*SD\b")
_ERROR = re.compile(r"\bS\.?E\.?\b|\bs\.e\.|[Ss]tandard errors?|Std\. ?[Ee]rr")
_NUMBERED = re.compile(r"\(\d{1,2}\)")
_PERCENT = re.compile(r"\d+(?:\.\d+)?\s?%")


@kind("page.table", begins=r"", turn=90, table=True)
def read(cursor: Cursor) -> Block | None:
    """Read a table of numbers below headings; a table of models is read as such."""
    first = cursor.peek()
    assert first is not None
    grid, note = grids.without_notes(grids.of_cells(cursor))
    block = Block("page.table", first.number, call=cursor.call(), heads={"note": note} if note else {})
    if _is_of_models(grid):
        table.add(block, grid)
    elif len(grid) > 1:
        _add(block, grid)
    return block if block.numbers or block.unread else None


def _is_of_models(grid: list[GridRow]) -> bool:
    """Tell whether a table has a column a model: rows tell of the fit, or of an intercept, and no heading of a cell."""
    head, _ = _split(grid)
    if len(grid) < 4 or any(sum(map(_is_statistic, row.cells[1:])) > 1 for row in head or grid[:1]):
        return False
    if any(not row.cells[0] and parts(row.cells[-1])[:1] == [("se", row.cells[-1].strip("()"))] for row in grid):
        return True
    labels = {fit_rows.clean(row.cells[0]) for row in grid if row not in head}
    return bool(labels & INTERCEPTS) or sum(bool(fit_rows.fit_ids(label, single=False)) for label in labels) > 1


def _is_statistic(heading: str) -> bool:
    return heading in _STATISTICS or quantity(heading) in ("ci_low", "ci_high")


def _split(grid: list[GridRow]) -> tuple[list[GridRow], list[GridRow]]:
    """Return the rows of headings, which have no number, and those below; the first row is one in any case.

    A row of one cell above the numbers is not a heading but tells what the rows below it are.
    """
    at = next((i for i, row in enumerate(grid) if _has_number(row)), len(grid))
    while at > 1 and not any(grid[at - 1].cells[1:]):
        at -= 1
    return grid[: max(at, 1)], grid[max(at, 1) :]


def _has_number(row: GridRow) -> bool:
    """Tell whether a row has a number that is not a heading of an interval's end."""
    ends = interval_ends(row.cells[1:]) if not row.cells[0] else {}
    if all(_NUMBERED.fullmatch(cell) for cell in row.cells if cell):
        return False
    return any(parts(cell) for cell in row.cells[1:] if cell not in ends)


def _is_value(cell: str) -> bool:
    """Tell whether a cell that stands where headings do is a number: with a decimal, and neither a share nor named."""
    return bool(_DECIMAL.search(cell) and _VALUE.match(cell) and not _PERCENT.match(cell))


def _headings(head: list[GridRow]) -> list[tuple[str, str]]:
    """Return for each column what stands above the last row of headings, over several columns perhaps, and its own."""
    width = max(len(row.cells) for row in head)
    above = [""] * width
    for row in head[:-1]:
        last = ""
        for at in range(1, width):
            cell = row.cells[at] if at < len(row.cells) else ""
            last = cell or last
            above[at] = f"{above[at]} {last}".strip()
    own = [*head[-1].cells, *[""] * width][:width]
    higher = [*(head[-2].cells if len(head) > 1 else ()), *[""] * width][:width]
    named = [name or lone for name, lone in zip(own, higher, strict=True)]
    pairs = [(over if over != name else "", name) for over, name in zip(above, named, strict=True)]
    told = {*_STATISTICS, *interval_ends(list(dict.fromkeys(above)))}
    return [(name, over) if over in told and _NUMBERED.fullmatch(name) else (over, name) for over, name in pairs]


def _add(block: Block, grid: list[GridRow]) -> None:
    """Add the numbers of a table; a row is named by its first cells, as many as tell the rows apart."""
    head, rows = _split(grid)
    rows = row_labels.filled(rows)
    if any(_is_value(cell) for cell in head[-1].cells[1:]):
        block.unread += [(row.line, "  ".join(row.cells).strip()) for row in grid]
        return
    headings = _headings(head)
    levels = level_columns([column for _, column in headings])
    count = row_labels.count([column for _, column in headings], rows)
    columns = [column for _, column in headings]
    ends = interval_ends(columns) | counted(columns[count:])
    unnamed = not levels and fit_rows.has_no_names(headings[0][1], [row.cells[0] for row in rows])
    count = 0 if unnamed else count
    everywhere = _within(" ".join(cell for row in grid for cell in row.cells))
    prefix = ""
    if len(ends) == len(headings) - 1 and "confint(" in block.call:
        block.kind, prefix = "stats.confint", "confint."
    for at, row in enumerate(rows, start=1):
        label, name = row_labels.joined(row.cells[:count])
        name = str(at) if unnamed else prefix + name.removeprefix("_" if prefix else "")
        if len(row.cells) > len(headings):
            block.unread.append((row.line, "  ".join(row.cells).strip()))
            continue
        for (above, column), cell in zip(headings[count:], row.cells[count:], strict=False):
            within = _within(f"{label} {above} {column} {cell}") or everywhere
            known = _cell(label, above, column, name, cell, ends, within)
            for id, text, heading in known:
                block.add(text, id, label, heading, row.line)
            if not known and has_number(cell):
                block.unread.append((row.line, cell))


def _cell(
    label: str, above: str, column: str, name: str, cell: str, ends: dict[str, str], within: dict[str, str]
) -> list[tuple[str, str, str]]:
    """Return the numbers of a cell, each with its id and its heading; none if they are not understood."""
    model = f"{slug(above)}." if above else ""
    if above and is_number(cell) and (ids := fit_rows.fit_ids(label, single=False)):
        return [(f"{model}{ids[0]}", cell, above)]
    if counted := fit_rows.named_values(label, cell):
        return [(f"{model}{id}", text, above or column) for id, text in counted]
    if column == LETTERS:
        return [(f"{model}{name}.{quantity(column)}", cell, column)] if cell else []
    numbers = [("estimate", cell)] if is_number(cell) else parts(cell)
    if not numbers and _INTERVAL.search(column):
        numbers = interval(cell)
    numbers = [(within.get(part, part), text) for part, text in numbers]
    heading = f"{above} {column}".strip()
    what = "estimate" if column in _ESTIMATES else ends.get(column) or _quantity(column)
    of = _whose(column)

    def _name(part: str) -> str:
        return f"{of}{part}" if part.startswith("ci_") else what if part == "estimate" else f"{what}_{part}"

    return [(f"{model}{name}.{_name(part)}", text, heading) for part, text in numbers]


def _whose(column: str) -> str:
    """Return what an interval is of, as ids begin; empty for that of the estimates, or where it is not said."""
    found = _OF.fullmatch(column)
    if found is None or found[1] in _ESTIMATES:
        return ""
    return "std_" if found[1] in _STANDARDISED else f"{quantity(found[1])}_"


def _quantity(column: str) -> str:
    return "std_estimate" if column in _STANDARDISED else quantity(column)


def _within(text: str) -> dict[str, str]:
    """Return what a text calls that which stands in brackets, for the names it would have without."""
    if _ERROR.search(text):
        return {}
    if _QUARTILES.search(text):
        return {"ci_low": "q1", "ci_high": "q3", "se": "iqr"}
    if _DEVIATION.search(text):
        return {"se": "sd"}
    return {"se": "percent"} if "%)" in text else {}
