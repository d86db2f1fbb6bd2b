"""Tables of models that were typed, as books have them: ``5.08 (.09)`` below each model's name, without rules."""

from __future__ import annotations

import re

from replications.printouts.block import Block
from replications.printouts.cells import Cell
from replications.printouts.cursor import Cursor
from replications.printouts.grids import LONGEST, GridRow
from replications.printouts.kind import kind
from replications.printouts.lines import Line
from replications.printouts.model_tables import table

_PAIR = re.compile(r"-?\d*\.?\d+ ?\*{0,3} ?\(\d*\.?\d+\)\*{0,3}")
_OF_MODELS = re.compile(r"\bs\.?e\.?\b|standard error|coef|^\(?(?:intercept|constant)\b", re.IGNORECASE | re.MULTILINE)
_OF_DATA = re.compile(r"\bS\.?D\.?\b|\b[Mm]eans?\b|\bIQR\b|[%]")
_PIECE = re.compile(r"\S+(?: \S+)*")
_PAIRS_AT_LEAST = 3
"""Cells of an estimate and its standard error from which on lines are a table of models."""
_HEADINGS_AT_MOST = 4


@kind("typed.table", begins=r"^\S.*?\s{2,}\S", turn=89)
def read(cursor: Cursor) -> Block | None:
    """Read columns that two blanks set apart, if something says that they are of models; else they may be means.

    A cell that begins below no column makes its line unread.
    """
    first, begins = cursor.peek(), [cursor.peek(ahead) for ahead in range(_HEADINGS_AT_MOST + 1)]
    if first is None or not any(line is not None and _PAIR.search(line.text) for line in begins):
        return None
    lines = _lines(cursor)
    at = next((at for at, line in enumerate(lines) if _PAIR.search(line.text)), len(lines))
    pairs = [found for line in lines for found in _PAIR.finditer(line.text)]
    above = _above(cursor)
    text = "\n".join([*above, *(line.text for line in lines)])
    if at > _HEADINGS_AT_MOST or len(pairs) < _PAIRS_AT_LEAST or _OF_DATA.search(text) or not _OF_MODELS.search(text):
        return None
    if any(map(_PAIR.search, above)):
        return None
    starts = _starts(lines[at:])
    placed = [(line, _placed(line, starts)) for line in lines]
    cursor.at += len(lines)
    block = Block("typed.table", first.number, call=cursor.call())
    heads = [row for _, row in placed[:at] if row is not None and len({*row.cells[1:]}) == len(row.cells) - 1]
    rows = [row for _, row in placed[at:] if row is not None]
    table.add(block, [*(heads[:1] or [_numbered(lines[0], len(starts))]), *rows])
    block.unread += [(line.number, line.text) for line, row in placed[at:] if row is None]
    return block if block.numbers else None


def _lines(cursor: Cursor) -> list[Line]:
    """Return the lines up to a blank one, without passing them."""
    lines: list[Line] = []
    while (line := cursor.peek(len(lines))) is not None and not (line.blank or line.prose or line.code or line.cells):
        if len(lines) == LONGEST:
            break
        lines.append(line)
    return lines


def _above(cursor: Cursor) -> list[str]:
    """Return the lines right above, up to a blank one."""
    found: list[str] = []
    while len(found) < _HEADINGS_AT_MOST and len(found) < cursor.at:
        line = cursor.lines[cursor.at - 1 - len(found)]
        if line.blank or line.prose or line.code or line.cells:
            break
        found.append(line.text)
    return found


def _starts(lines: list[Line]) -> list[int]:
    """Return where the columns begin: those of the line with the most pairs."""
    return max(([found.start() for found in _PAIR.finditer(line.text)] for line in lines), key=len)


def _placed(line: Line, starts: list[int]) -> GridRow | None:
    """Return label and cells of a line; None where a piece begins below no column."""
    pieces = [Cell(found[0], found.start(), found.end()) for found in _PIECE.finditer(line.text)]
    label = pieces.pop(0).text if pieces and pieces[0].start < starts[0] - 1 else ""
    cells = [""] * len(starts)
    for piece in pieces:
        near = [at for at, start in enumerate(starts) if abs(start - piece.start) <= 1]
        if len(near) != 1 or cells[near[0]]:
            return None
        cells[near[0]] = piece.text
    return GridRow(line.number, (label, *cells))


def _numbered(line: Line, count: int) -> GridRow:
    return GridRow(line.number, ("", *(f"({at + 1})" for at in range(count))))
