"""The random effects of lme4, ``Groups Name Variance Std.Dev. Corr``: groups and names are pieces of their own."""

from __future__ import annotations

import re
from collections.abc import Sequence

from replications.printouts.lines import Line
from replications.printouts.pieces.flow import Text, rows_from
from replications.printouts.pieces.laid import Laid, Piece, Row

_HEADINGS = ("Groups", "Name", "Variance", "Std.Dev.", "Corr", "Cov")
_VALUES = ("Variance", "Std.Dev.")
_WITH_OTHERS = ("Corr", "Cov")
"""The heading of numbers with each of the effects above, of which none is missing."""
_COUNTS = re.compile(r"\bgroups:(.*)$")
_LINES_UP_TO_COUNTS = 3
_WITHOUT_NAME = "Residual"


def read(lines: Text, at: int) -> Laid | None:
    """Read a table; None if its headings do not begin here."""
    head, start = _headings(lines, at)
    names = [text for text, _ in head]
    if names[:2] != ["Groups", "Name"] or len(names) < 3:
        return None
    values = [name for name in names if name in _VALUES]
    rows, end = rows_from(lines, start, labels=2)
    groups = _counted(lines, end)
    cells, known = list[tuple[str, str]](), list[str]()
    for row in rows:
        place = _place(row, groups, lines.marked, bool(cells))
        if place is None:
            return Laid(end)
        known = [] if place[0] else known
        if len(row.numbers) != len(values) + len(known) * (names[-1] in _WITH_OTHERS):
            return Laid(end)
        known.append(place[1])
        cells.append(place)
    return _laid(end, head, rows, cells) if rows else None


def _headings(lines: Text, at: int) -> tuple[list[Piece], int]:
    found, place = list[Piece](), at
    while place < len(lines) and (words := lines[place].text.split()) and all(word in _HEADINGS for word in words):
        found += [(word, lines[place].number) for word in words]
        place += 1
    return found, place


def _counted(lines: Text, end: int) -> set[str]:
    """Return the grouping factors that are counted right below."""
    text = " ".join(line.text for line in lines[end : end + _LINES_UP_TO_COUNTS])
    found = _COUNTS.search(text)
    return {part.rpartition(",")[0].strip() for part in found[1].split(";")} if found else set()


def _place(row: Row, groups: set[str], marked: bool, below: bool) -> tuple[str, str] | None:
    """Return group and name of a row, the group empty where it is that of the row above; None where that is unclear."""
    pieces = [text for text, _ in row.label]
    if row.name == _WITHOUT_NAME:
        return _WITHOUT_NAME, ""
    if len(pieces) == 2:
        return None if row.indented else (pieces[0], pieces[1])
    if len(pieces) != 1:
        return None
    if row.indented:
        return "", pieces[0]
    first, _, rest = pieces[0].partition(" ")
    if groups:
        grouped = re.sub(r"\.\d+$", "", first) in groups
        if grouped != bool(rest) and (grouped or marked):
            return None
        return (first, rest) if grouped else ("", pieces[0]) if below else None
    if marked or rest == "(Intercept)":
        return (first, rest) if rest else None
    return ("", first) if below and not rest else None


def _laid(end: int, head: Sequence[Piece], rows: Sequence[Row], cells: Sequence[tuple[str, str]]) -> Laid:
    """Lay out the table as lme4 does, all columns beginning where their headings do."""
    columns = [[text for text, _ in row.numbers] for row in rows]
    names = [text for text, _ in head]
    count = len([name for name in names if name in _VALUES])
    texts = [[*cells[at], *columns[at]] for at in range(len(rows))]
    widths = [
        max(len(row[at]) if at < len(row) else 0 for row in [names, *texts])
        for at in range(max(len(names), *map(len, texts)))
    ]
    assert len(widths) >= 2 + count
    lines = [Line(head[0][1], _line(names, widths))]
    lines += [Line(row.line, _line(text, widths)) for row, text in zip(rows, texts, strict=True)]
    return Laid(end, lines, {row.line: row.pieces for row in rows})


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return " " + " ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=False)).rstrip()
