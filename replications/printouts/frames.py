"""Data frames as R prints them: headings of any kind, every column right-aligned, wide ones in several panels."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile

from replications.printouts.cells import Cell, is_number, trailing
from replications.printouts.cursor import Cursor
from replications.printouts.headings import headings
from replications.printouts.kind import has_title
from replications.printouts.lines import Line
from replications.printouts.matrices import FIRST_OF_A_TABLE, Matrix
from replications.printouts.rows import Row, swallows

_VECTOR = re.compile(r"^\s*\[\d+\]\s")
_TYPES = re.compile(r"^\s*(?:<\w+>\s*)+$")
_NUMBERED = re.compile(r"\s*\d+:(?=\s)")
"""The number of a row as data.table prints it."""
_FACTOR = re.compile(r"^<(NA|[a-z]{3})>$")


TEXT_AT_MOST = 4
"""A table of which less than this part (one in four cells) are numbers is taken to be text."""


def read(cursor: Cursor) -> Matrix | None:
    """Read a data frame; None, and the cursor where it was, if no row is aligned with the headings."""
    matrix, start = Matrix(), cursor.at
    rows: dict[str, Row] = {}
    while (line := cursor.peek()) is not None and not (line.blank or line.prose or line.code):
        types = (below := cursor.peek(1)) is not None and _TYPES.match(below.text) is not None
        columns = _columns(line, cursor.peek(1 + types))
        panel = _panel(cursor, columns, 1 + types) if columns else {}
        again = {column.text for column in columns} & {*matrix.headings, *FIRST_OF_A_TABLE} or list(panel) != list(rows)
        if not panel or (rows and again):
            break
        cursor.at += 1 + types + len(panel)
        matrix.headings += [column.text for column in columns]
        for key, row in panel.items():
            if key in rows:
                rows[key].cells |= row.cells
                rows[key].words += row.words
            rows.setdefault(key, row)
    matrix.rows = list(rows.values())
    numbers = sum(len(row.cells) for row in matrix.rows)
    if not numbers or numbers * TEXT_AT_MOST < len(matrix.rows) * len(matrix.headings):
        cursor.at = start
        return None
    return matrix


def _panel(cursor: Cursor, columns: Sequence[Cell], start: int) -> dict[str, Row]:
    """Return the rows below headings by their labels, or by their numbers, ``1:``, which stand in each panel."""
    rows: dict[str, Row] = {}
    while (line := cursor.peek(start + len(rows))) is not None and (row := _row(line, columns)) is not None:
        numbered = _NUMBERED.match(line.text)
        key = numbered[0].strip() if numbered else row.label
        ends = key in rows or _VECTOR.match(line.text) or has_title(line)
        if ends or not (row.cells or numbered or not _columns(line, cursor.peek(start + 1 + len(rows)))):
            break
        rows[key] = row
    return rows


def is_numbered(text: str) -> bool:
    """Tell whether a line is a row of data.table, with its number in front."""
    return _NUMBERED.match(text) is not None


def _columns(line: Line, below: Line | None) -> list[Cell]:
    """Return the headings of a line, if the line below is aligned with them."""
    if below is None or below.prose or below.blank or below.code or not line.text.startswith(" "):
        return []
    if _TYPES.match(line.text):
        return []
    for columns in (headings(line.text), _by_gaps(line.text, below.text)):
        if columns and _row(below, columns) is not None and not is_number(columns[0].text.strip("()[]*")):
            return columns
    return []


def _by_gaps(text: str, below: str) -> list[Cell]:
    """Return headings that may have blanks within, cut where the row below has a number that ends."""
    ends = [cell.end for cell in trailing(below) if text[: cell.end].strip()]
    if not ends or any(end > len(text) or text[end - 1] == " " or text[end : end + 1].strip() for end in ends):
        return []
    cells, start = [], 0
    for end in ends:
        piece = text[start:end]
        cells.append(Cell(piece.strip(), start + len(piece) - len(piece.lstrip()), end))
        start = end
    if text[start:].strip() or not all(cell.text and "  " not in cell.text for cell in cells):
        return []
    return [_without_heading_of_labels(cells[0], below), *cells[1:]]


def _without_heading_of_labels(cell: Cell, below: str) -> Cell:
    """Return a heading without the one in front that is of the labels, which begins where these do."""
    if " " not in cell.text or cell.start != len(below) - len(below.lstrip()):
        return cell
    own = cell.text.rpartition(" ")[2]
    return Cell(own, cell.end - len(own), cell.end)


def _row(line: Line, columns: Sequence[Cell]) -> Row | None:
    """Return a row cut at the ends of its headings; None if something stands across a cut."""
    text = line.text
    if line.blank or line.prose or line.code or len(text) != len(text.rstrip()) or len(text) > columns[-1].end:
        return None
    if len(text) < columns[-1].end and not _FACTOR.match(columns[-1].text):
        return None
    if any(end < len(text) and text[end] != " " for end in (column.end for column in columns)):
        return None
    first = text[: columns[0].end]
    numbered = _NUMBERED.match(first)
    label = numbered[0] if numbered else first.rpartition(" ")[0]
    value = first[len(label) :].strip()
    if text[columns[0].end - 1 : columns[0].end] in ("", " ") or not value or not label.strip():
        return None
    if swallows(label.strip(), gap=True):
        return None
    starts = [columns[0].end - len(value), *(column.end for column in columns[:-1])]
    words = tuple(text[start : column.end].strip() for column, start in zip(columns, starts, strict=True))
    if not all(words):
        return None
    named = takewhile(lambda word: not is_number(word), words) if numbered else ()
    row = Row(" ".join([label.strip(), *named]), line.number, words=words)
    for column, cell in zip(columns, words, strict=True):
        if is_number(cell.strip("[]")):
            row.cells[column.text] = (cell.strip("[]"), line.number)
    return row
