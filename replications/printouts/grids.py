"""Tables of models as grids of cells, whether they came as a web page, Markdown, LaTeX or ruled text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from replications.printouts.cells import Cell
from replications.printouts.cursor import Cursor
from replications.printouts.lines import Line
from replications.printouts.names import QUANTITIES, quantity

RULE = re.compile(r"^\s*[=\-_\u2500\u2550]{8,}\s*$")
_INDENTED = 3
"""Characters at the left of a line, one of which belongs to its label: levels stand two blanks farther right."""
LONGEST = 400
"""Lines of the longest table that is looked for."""
_PIECE = re.compile(r"\[[^\[\]]*\]\**|\S+(?:\s\S+)*")
_TELLS = re.compile(
    r"Predictors|Estimates?|Est\.?|[Mm](?:ean)?|[Ss]\.?[DdEe]\.?|[Mm]edian|[Nn]|%|.|.*Ratios?|Log-\w+|C\.?I\.?|Statistic|"
    r"[Tt]erms?|[Vv]ariables?|[Pp]arameters?|Coef\w*\.?|B \(.*\)|.*\((?:SE|SD|CI)\)"
)
"""Words of a second row of headings, which say what stands below them."""
_BETWEEN_ROWS = re.compile(
    r"^\s*(\\\\(\[[^\]]*\])?\s*)?\\(hline|midrule|toprule|bottomrule|cmidrule|cline|addlinespace)\b|^\s*\+[-=:+]+\+\s*$"
)
_DRAWN = re.compile(r"^\s*\+[-=:+]+\+\s*$")
_STARS_EXPLAINED = re.compile(r"^\W*(?:Notes?\b)?\W*[*+.\u2020][\s$]*p\s*<")
_LEGEND = re.compile(r"^\s*(\^?\{?\*{1,3}\}?\s*p\s*<|Note|\*+ ?p|p ?<|Standard errors)")


@dataclass(frozen=True, slots=True)
class GridRow:
    """A row of cells and its line; the first cell is its label."""

    line: int
    cells: tuple[str, ...]

    def without(self, at: int) -> GridRow:
        """Return the row without one of its cells."""
        return GridRow(self.line, self.cells[:at] + self.cells[at + 1 :])


def of_cells(cursor: Cursor) -> list[GridRow]:
    """Take the rows of cells that follow each other, with rules between them perhaps.

    Where rules are drawn around each row, ``+---+---+``, the lines between two of them are one row. A row of words
    below a page's headings, one for each column, is none of these.
    """
    pieces: list[list[GridRow]] = [[]]
    heads = list[GridRow]()
    while (line := cursor.peek()) is not None and (line.cells or (any(pieces) and _BETWEEN_ROWS.match(line.text))):
        if line.cells and not all(re.fullmatch(r":?-*:?", cell) for cell in line.cells):
            row = GridRow(line.number, line.cells)
            if line.headed:
                heads.append(row)
            elif _is_below(row, pieces, heads):
                cursor.take()
                continue
            pieces[-1].append(row)
        elif line.cells and any(pieces) and not heads and not line.prose:
            heads = pieces[-1][-1:]
        elif _DRAWN.match(line.text):
            pieces.append([])
        cursor.take()
    drawn = [piece for piece in pieces if piece]
    if len(drawn) < 2 or any(map(_has_rows, drawn)):
        return [row for piece in drawn for row in piece]
    return [_stacked(piece) for piece in drawn]


def _is_below(row: GridRow, pieces: Sequence[list[GridRow]], heads: Sequence[GridRow]) -> bool:
    """Tell whether a row of words is none of headings: it is below ``heads``, or not all of its words are different."""
    if heads:
        return pieces[-1][-1:] == [heads[-1]] and _is_of_words(row, heads[-1])
    names = row.cells[1:]
    differ = all(names) and len(set(names)) == len(names)
    return len(pieces) == len(pieces[0]) == 1 and not differ and _is_of_words(row, pieces[0][0])


def _is_of_words(row: GridRow, head: GridRow) -> bool:
    """Tell whether a row has a label and words, none of which says what stands below, and headings each another one.

    Examples
    --------
    >>> head = GridRow(1, ("", "Girls", "Boys"))
    >>> [_is_of_words(GridRow(2, cells), head) for cells in (("Fit", "ML", "ML"), ("", "b", "b"), ("Term", "M", "SD"))]
    [True, False, False]
    """
    names = head.cells[1:]
    if len(names) < 2 or not all(names) or len(set(names)) < len(names) or not row.cells[0] or not any(row.cells[1:]):
        return False
    told = {*QUANTITIES, *QUANTITIES.values()}
    return not any(
        re.search(r"\d", cell) or cell in told or quantity(cell) in told or _TELLS.fullmatch(cell) for cell in row.cells
    )


def _has_rows(piece: Sequence[GridRow]) -> bool:
    """Tell whether lines are rows of their own: one has values beside a label of its own, or below others."""
    above: set[int] = set()
    for row in piece:
        values = {at for at, cell in enumerate(row.cells[1:]) if _is_whole(cell)}
        if values & above or (values and row.cells[0] and row is not piece[0]):
            return True
        above |= values
    return False


def _is_whole(cell: str) -> bool:
    """Tell whether a cell is of numbers, and none of its brackets was cut."""
    whole = re.search(r"\d", cell) and not re.search(r"[^\W\d_]{2}", cell)
    return bool(whole) and all(cell.count(a) == cell.count(b) for a, b in ("()", "[]"))


def _stacked(piece: Sequence[GridRow]) -> GridRow:
    """Return the row that lines are together, each cell wrapped over them."""
    columns = zip_longest(*(row.cells for row in piece), fillvalue="")
    return GridRow(piece[0].line, tuple(" ".join(filter(None, cells)) for cells in columns))


def without_notes(grid: Sequence[GridRow]) -> tuple[list[GridRow], str]:
    """Return the rows of a grid without those that say what the stars mean, and what these say."""
    notes = {row.line: " ".join(filter(None, row.cells)) for row in grid}
    notes = {line: text for line, text in notes.items() if _STARS_EXPLAINED.match(text)}
    return [row for row in grid if row.line not in notes], " ".join(notes.values())


def of_ruled(cursor: Cursor) -> tuple[list[GridRow], list[Line], list[Line]]:
    """Take a table between rules of ``=`` or ``-``; return its rows, the lines below it and those not placed.

    A cell belongs to the column whose middle is nearest; two cells in one column, or none near, make the line unread.
    """
    lines = _between_rules(cursor)
    notes: list[Line] = []
    while (line := cursor.peek()) is not None and not line.prose and _LEGEND.match(line.text):
        notes.append(cursor.take())
    rows, unread = of_lines([line for line in lines if not line.blank and not RULE.match(line.text)])
    return rows, notes, unread


def of_columns(cursor: Cursor) -> tuple[list[GridRow], list[Line]]:
    """Take lines up to a blank one whose cells stand two blanks apart; return the rows and the lines not placed."""
    lines: list[Line] = []
    while (line := cursor.peek()) is not None and not (line.blank or line.prose or line.code) and len(lines) < LONGEST:
        lines.append(cursor.take())
    margin = min((len(line.text) - len(line.text.lstrip()) for line in lines[1:]), default=0)
    lines = [replace(line, text=line.text[margin:]) for line in lines]
    return of_lines(lines)


def of_lines(lines: Sequence[Line]) -> tuple[list[GridRow], list[Line]]:
    """Return the rows that lines are, each cell in the column whose middle is nearest, and the lines not placed."""
    columns = _columns(lines)
    placed = [(line, _placed(line.text, columns)) for line in lines]
    rows = [GridRow(line.number, cells) for line, cells in placed if cells is not None]
    return rows, [line for line, cells in placed if cells is None]


def _between_rules(cursor: Cursor) -> list[Line]:
    """Take what stands between a rule of ``=`` and the next one; nothing but the rule if there is no next."""
    first, lines = cursor.take(), list[Line]()
    while (line := cursor.peek(len(lines))) is not None and not (line.prose or line.code) and len(lines) < LONGEST:
        lines.append(line)
        if re.match(r"^\s*={8,}\s*$", line.text):
            cursor.at += len(lines)
            return lines
    return [first]


def _columns(body: Sequence[Line]) -> list[float]:
    """Return the middles of the columns of numbers, from the line with the most pieces."""
    best: list[Cell] = []
    for line in body:
        pieces = _pieces(line.text)
        numbers = [piece for piece in pieces[bool(line.text[:_INDENTED].strip()) :] if re.search(r"\d", piece.text)]
        if len(numbers) > len(best):
            best = numbers
    return [(piece.start + len(_unstarred(piece.text)) / 2) for piece in best]


def _unstarred(text: str) -> str:
    return re.sub(r"\s*\*+$", "", text)


def _pieces(text: str) -> list[Cell]:
    return [Cell(found[0], found.start(), found.end()) for found in _PIECE.finditer(text)]


def _placed(text: str, columns: Sequence[float]) -> tuple[str, ...] | None:
    """Return the cells of a line, the label first; None if they cannot be placed."""
    pieces = _pieces(text)
    if not columns:
        return (text.strip(),)
    left = columns[0] - (columns[1] - columns[0]) / 2 if len(columns) > 1 else columns[0] - 10
    label = ""
    if pieces and (pieces[0].start == 0 or pieces[0].end < left):
        label, pieces = pieces[0].text, pieces[1:]
    cells = [""] * len(columns)
    for piece in pieces:
        middle = piece.start + len(_unstarred(piece.text)) / 2
        at = min(range(len(columns)), key=lambda i: abs(columns[i] - middle))
        if cells[at]:
            return None
        cells[at] = piece.text
    return (label, *cells)
