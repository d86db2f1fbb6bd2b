"""R's printed matrices: a row of headings, rows of a label and right-aligned numbers, wide ones in several panels.

Where text came through a PDF or lost its blanks, rows lie in pieces over several lines, or nothing is aligned. So a
cell belongs to the heading it ends below; where that fails, to the heading of its turn, if there are as many cells as
headings. Pieces of a row are laid over each other as long as none covers another. A row that none of this explains is
given back as not read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from replications.printouts.cells import NUMBER, Cell, all_numbers, names_above, stars_of, trailing
from replications.printouts.cursor import Cursor
from replications.printouts.headings import headings, known_headings
from replications.printouts.lines import Line
from replications.printouts.overlay import overlaid
from replications.printouts.rows import Row, aligned, joined, parse, wrapped

CODES = re.compile(
    r"^\s*(?:(?:0\.1 )?'\s*)?'\s+1\s*$|"
    r"^\s*(?:0\s+['?]?\*{3}['?]?\s+0?\.001|0?\.\d+\s+'|'(?:\*{1,3}|\.| )'\s+[01])"
)
_NO_ROW = re.compile(rf"^(?:\s*\[\d+\]\s|.*\w(?::\s|\s*=)\s*(?:{NUMBER})\s*$)")
"""A vector's line, ``[1] 32``, and a name with a colon or an equals sign and a number, ``AIC: 32``."""
_STARRED = re.compile(r"^(?P<label>.*?)(?:\s+(?P<stars>\*{1,3}|\.))?\s*$")
_STARS = re.compile(r"^\s*(?:\*{1,3}|\.)\s*$")
"""The stars of the row above, which were wrapped to a line of their own."""
_TITLE = re.compile(r"^\s*(?!Signif)(?:[A-Z][\w. -]*|[\w.]+ = .*\S):\s*$")
"""A line that says what stands below it, ``Correlation:`` or ``sex = f:``."""
FIRST_OF_A_TABLE = ("Estimate", "Value", "Sum Sq", "npar", "numDF", "Res.Df")
"""Headings that stand first in their table, so that none of its further panels begins with them."""
_NOWHERE = -1
"""The place of headings that follow each other line by line, below which nothing ends."""
_WORDS_OF_PROSE = 4
"""Words in a line that has no number at its end, from which on it is prose."""


class _Lines(list[Cell]):
    """Headings that stand on several lines, in their order and without places; ``first`` are those of the first."""

    def __init__(self, before: Sequence[Cell], found: Sequence[Cell]) -> None:
        super().__init__(replace(cell, start=_NOWHERE, end=_NOWHERE) for cell in (*before, *found))
        self.first: list[Cell] = before.first if isinstance(before, _Lines) else list(before)


@dataclass
class Matrix:
    """A printed matrix: headings and rows in their order, and the lines that did not fit."""

    headings: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    unread: list[Line] = field(default_factory=list)
    legend: bool = False
    cut: bool = False

    @property
    def has_stars(self) -> bool:
        """Whether the stars were printed, and for all rows: a legend stands below, or some row has them."""
        return not self.cut and (self.legend or any(row.stars for row in self.rows))


def read(
    cursor: Cursor,
    ends: Callable[[Line], bool],
    *,
    find: Callable[[str], list[Cell]] = known_headings,
    short: bool = False,
    columns: list[Cell] | None = None,
    label: Callable[[str], bool] = bool,
) -> Matrix:
    """Read a matrix, panel after panel, and leave the cursor behind it.

    Parameters
    ----------
    cursor : Cursor
        At the first row of headings.
    ends : callable
        Tells whether a line is none of the matrix.
    find : callable
        The headings of a line, empty for a row.
    short : bool
        As in :func:`parse`.
    columns : list of Cell, optional
        Headings to use where the first line is none.
    label : callable
        Tells whether a row may be called so; any name will do unless it is known better.
    """
    matrix, columns, panel = Matrix(), columns or [], list[Line]()
    while (line := cursor.peek()) is not None:
        if line.blank:
            if not _goes_on(cursor, matrix, panel, ends, find, columns):
                break
            cursor.skip_blank()
            _add(matrix, panel, columns, short, label)
            panel = []
            _stars_below(cursor, matrix)
        elif line.prose or line.code or ends(line) or _NO_ROW.match(line.text) or _is_title(line, matrix, panel):
            break
        elif _is_legend(cursor, matrix):
            continue
        elif found := find(line.text):
            if (matrix.rows or panel) and _is_another(cursor, matrix, panel, columns, found):
                break
            first = columns and not panel and not matrix.rows
            _add(matrix, panel, columns, short, label)
            columns, panel = _joined_headings(columns, found) if first else found, []
            cursor.take()
        elif not columns or not _may_be_row(line, cursor.peek(1), matrix, panel):
            break
        elif panel and _STARS.match(line.text):
            _wrapped_stars(cursor, matrix, panel)
        else:
            panel.append(cursor.take())
    _add(matrix, panel, columns, short, label)
    return matrix


def _wrapped_stars(cursor: Cursor, matrix: Matrix, panel: list[Line]) -> None:
    """Give the row above the stars that stand on a line of their own, if these can be of no other row.

    Below several rows without stars they may be a column of their own: then it is not known which rows have none.
    """
    line, below = cursor.take(), cursor.peek()
    goes_on = below is not None and bool(trailing(stars_of(below.text)[0]))
    alone = len(panel) == 1 or any(stars_of(row.text)[1] for row in panel)
    if trailing(panel[-1].text) and (goes_on or alone) and not (below is not None and _STARS.match(below.text)):
        panel[-1] = replace(panel[-1], text=f"{panel[-1].text} {line.text.strip()}")
    else:
        matrix.cut = True
        matrix.unread.append(line)


def _is_title(line: Line, matrix: Matrix, panel: list[Line]) -> bool:
    """Tell whether a line below rows says what stands below it; a row's name that ends so stood above already."""
    known = {row.label for row in matrix.rows} | {_label(row.text) for row in panel}
    return bool(known) and _TITLE.match(line.text) is not None and line.text.strip() not in known


def _may_be_row(line: Line, below: Line | None, matrix: Matrix, panel: list[Line]) -> bool:
    """Tell whether a line may be a row, or a piece of one, and does not head what stands below it."""
    if (matrix.rows or panel) and _heads_others(line, below, matrix):
        return False
    return tableish(line.text) or _label(line.text) in {row.label for row in matrix.rows}


def _heads_others(line: Line, below: Line | None, matrix: Matrix) -> bool:
    """Tell whether a line has names above the values of a vector, or headings no reader knows above numbers."""
    if below is None or trailing(line.text) or _label(line.text) in {row.label for row in matrix.rows}:
        return False
    cells = trailing(below.text)
    if cells and not below.text[: cells[0].start].strip():
        return bool(names_above(line.text, cells))
    columns = headings(line.text)
    return len(columns) > 1 and line.text.startswith(" ") and len(aligned(cells, columns)) == len(columns)


def _is_another(
    cursor: Cursor, matrix: Matrix, panel: list[Line], columns: Sequence[Cell], found: Sequence[Cell]
) -> bool:
    """Tell whether headings below rows are those of another table: a panel has other headings and the same rows."""
    names = {column.text for column in found}
    interval = len(names) > 1 and all("%" in name for name in names)
    if (
        found[0].text in FIRST_OF_A_TABLE
        or interval
        or names & {*matrix.headings, *(column.text for column in columns)}
    ):
        return True
    labels = [_label(line.text) for line in panel] or [row.label for row in matrix.rows]
    below = [cursor.peek(1 + at) for at in range(len(labels))]
    same = [line is not None and _label(line.text) == label for line, label in zip(below, labels, strict=True)]
    return not all(same)


def _stars_below(cursor: Cursor, matrix: Matrix) -> None:
    """Give the rows their stars where the column of stars, whose heading is blank, stands in a panel of its own.

    If some of its rows are missing, it is not known which rows have none.
    """
    rows = {row.label: row for row in matrix.rows}
    found: list[tuple[Row, str, int]] = []
    while (line := cursor.peek(len(found))) is not None and not line.blank and (cells := _STARRED.match(line.text)):
        if line.prose or line.code or cells["label"].strip() not in rows:
            break
        found.append((rows[cells["label"].strip()], cells["stars"] or "", line.number))
    if len(found) == len(rows):
        for row, stars, number in found:
            row.stars, row.stars_line = stars, number
    elif any(stars for _, stars, _ in found):
        matrix.cut = True
        matrix.unread += [cursor.lines[cursor.at + at] for at in range(len(found))]
    else:
        return
    cursor.at += len(found)


def _joined_headings(before: list[Cell], found: list[Cell]) -> list[Cell]:
    """Return the headings of two lines: in the order of their places, or in turn where a line was wrapped."""
    if isinstance(before, _Lines):
        return _Lines(before, found)
    again = found[0].text in FIRST_OF_A_TABLE
    over = any(a.start < b.end and b.start < a.end for a in before for b in found)
    if (over and again) or {cell.text for cell in before} & {cell.text for cell in found}:
        return found
    goes_on = _is_placed(found[0]) and _is_placed(before[0]) and found[0].start < before[0].start
    if over or (goes_on and not again):
        return _Lines(before, found)
    return sorted([*before, *found], key=lambda cell: cell.start)


def _is_placed(cell: Cell) -> bool:
    """Tell whether it is known where a heading stands."""
    return cell.end - cell.start == len(cell.text)


def _is_legend(cursor: Cursor, matrix: Matrix) -> bool:
    line = cursor.peek()
    assert line is not None
    if re.match(r"^-{3,}$", line.text.strip()):
        cursor.take()
        return True
    if re.match(r"^\s*-*\s*Signif\.?\s*codes", line.text) or CODES.match(line.text):
        matrix.legend = True
        cursor.take()
        return True
    return False


def _goes_on(
    cursor: Cursor,
    matrix: Matrix,
    panel: list[Line],
    ends: Callable[[Line], bool],
    find: Callable[[str], list[Cell]],
    columns: Sequence[Cell],
) -> bool:
    """Tell whether a matrix goes on behind blank lines: with headings, a legend, rows seen before or below headings."""
    ahead = 0
    while (line := cursor.peek(ahead)) is not None and line.blank:
        ahead += 1
    if line is None or line.prose or line.code or ends(line) or _NO_ROW.match(line.text):
        return False
    if re.match(r"^\s*(-{3,}$|-*\s*Signif\.?\s*codes)", line.text):
        return True
    seen = {row.label for row in matrix.rows} | {_label(row.text) for row in panel}
    if find(line.text):
        below = cursor.peek(ahead + 1)
        return not (matrix.rows or panel) or (below is not None and _label(below.text) in seen)
    return not (matrix.rows or panel) or _label(line.text) in seen or _below(line.text, columns)


def _below(text: str, columns: Sequence[Cell]) -> bool:
    """Tell whether a line has a number below each heading, or several that end with headings."""
    cells = trailing(stars_of(text)[0])
    if len(cells) < len(columns):
        return len(cells) > 1 and len(aligned(cells, columns)) == len(cells)
    pairs = zip(cells[-len(columns) :], columns, strict=True) if columns else ()
    below = [cell.start < column.end and column.start < cell.end for cell, column in pairs]
    return bool(below) and (all(below) or "  " not in text.strip())


def _label(text: str) -> str:
    text = stars_of(re.sub(r"\s+(\*{1,3}|\.)$", "", text))[0]
    cells = trailing(text)
    return text[: cells[0].start].strip() if cells else text.strip()


def tableish(text: str) -> bool:
    """Tell whether a line may be a row, or a piece of one: it ends with a number or stars, or has few words."""
    bare = re.sub(r"\s+(\*{1,3}|\.)$", "", text)
    return bool(trailing(bare)) or len(re.findall(r"\S*[A-Za-z]{2}\S*", bare)) < _WORDS_OF_PROSE


def _add(
    matrix: Matrix, panel: list[Line], columns: Sequence[Cell], short: bool, label: Callable[[str], bool] = bool
) -> None:
    """Add the rows of a panel; if some cannot be read as they stand, their pieces are laid over each other."""
    if not panel:
        return
    panel, starred = _without_stars(panel)
    rows = _rows(matrix, panel, columns, short)
    if isinstance(columns, _Lines) and any(map(_is_piece, panel)):
        pieces = wrapped(panel, columns.first, columns) or joined(panel, columns)
        panel = [Line(row.line, "") for row in pieces] or panel
        rows = [*pieces] or [None for _ in panel]
    elif not all(row is not None and label(row.label) for row in rows):
        laid = overlaid(panel)
        if pieces := joined(panel, columns):
            panel, rows = [Line(row.line, "") for row in pieces], list(pieces)
        elif len(laid) < len(panel):
            panel, rows = laid, _rows(matrix, laid, columns, short)
    names = [column.text for column in columns]
    matrix.headings += [name for name in names if name not in matrix.headings]
    for line, row in zip(panel, rows, strict=True):
        if row is None or _is_of_fewer(row, matrix):
            matrix.unread.append(line)
        else:
            _merge(matrix, row, names)
    for row, (stars, number) in zip(matrix.rows, starred, strict=False):
        row.stars, row.stars_line = stars, number
    labels = {row.label for row in matrix.rows}
    matrix.cut |= any(
        (found := _STARRED.match(line.text)) and found["stars"] and found["label"] in labels for line in matrix.unread
    )


def _is_piece(line: Line) -> bool:
    """Tell whether a line has numbers and no label."""
    return all_numbers(stars_of(line.text)[0]) is not None


def _without_stars(panel: list[Line]) -> tuple[list[Line], list[tuple[str, int]]]:
    """Return the rows of a panel without the column of stars that was wrapped and stands below, and these stars."""
    rows, below = panel[: len(panel) // 2], panel[len(panel) // 2 :]
    found = [_STARRED.match(line.text) for line in below]
    same = [
        known is not None and known["label"].strip() == _label(row.text)
        for row, known in zip(rows, found, strict=False)
    ]
    if len(rows) != len(below) or not all(same) or not any(known and known["stars"] for known in found):
        return panel, []
    if not all(trailing(stars_of(row.text)[0]) for row in rows):
        return panel, []
    return rows, [(known["stars"] or "", line.number) for known, line in zip(found, below, strict=True) if known]


def _rows(matrix: Matrix, panel: Sequence[Line], columns: Sequence[Cell], short: bool) -> list[Row | None]:
    """Return the row of each line; where some are aligned, one that is not must have all its cells."""
    if not columns:
        return [None] * len(panel)
    short = short and not any(aligned(trailing(stars_of(line.text)[0]), columns) for line in panel)
    rows = [_row(line, columns, short, matrix) for line in panel]
    if any(row is not None and _is_full(line, columns) for line, row in zip(panel, rows, strict=True)):
        rows = [row or parse(line, columns, short=short, decimal=True) for line, row in zip(panel, rows, strict=True)]
    named = len(rows) > 1 or any(row is not None and row.label for row in rows)
    return [None if named and row is not None and not row.label else row for row in rows]


def _is_full(line: Line, columns: Sequence[Cell]) -> bool:
    """Tell whether a row has a number that ends below each heading, and no other: none stands where labels do."""
    cells = trailing(stars_of(line.text)[0])
    return len(cells) == len(columns) == len(aligned(cells, columns))


def _row(line: Line, columns: Sequence[Cell], short: bool, matrix: Matrix) -> Row | None:
    """Return a row; one that was seen in a panel above may have no cells here, or stars alone."""
    row = parse(line, columns, short=short)
    label = row.label if row is not None else ""
    if row is not None and (label or not matrix.rows):
        return row
    found = re.match(r"^(.*?)\s*(?:\s(\*{1,3}|\.))?$", line.text)
    label, stars = (found[1].strip(), found[2] or "") if found else ("", "")
    if label in {row.label for row in matrix.rows}:
        return Row(label, line.number, stars=stars, stars_line=line.number)
    return row


def _is_of_fewer(row: Row, matrix: Matrix) -> bool:
    """Tell whether a row says again, with fewer cells, what one of its name says above: it is of another table."""
    above = [known.cells.keys() for known in matrix.rows if known.label == row.label]
    return bool(row.cells) and any(row.cells.keys() < cells for cells in above)


def _merge(matrix: Matrix, row: Row, names: Iterable[str]) -> None:
    names = set(names)
    for known in matrix.rows:
        if known.label == row.label and not names & set(known.cells) and known.label:
            known.cells |= row.cells
            known.stars, known.stars_line = row.stars or known.stars, row.stars_line
            return
    matrix.rows.append(row)
