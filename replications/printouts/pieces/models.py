"""Tables of models between rules of ``=``, a cell a line and row after row: a row with a cell for each is certain."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from replications.printouts.cells import NUMBER
from replications.printouts.lines import Line
from replications.printouts.pieces.flow import Text
from replications.printouts.pieces.laid import Laid, Piece

_RULE = re.compile(r"^={8,}$")
_THIN = re.compile(r"^-{5,}")
_CELL = rf"\(?(?:{NUMBER})\)?(?:\s?(?:\*{{1,3}}|[.+](?=\s|$)))?"
_CELLS = re.compile(rf"(?:^|(?<=\s))(?:{_CELL})(?:\s+{_CELL})*$")
_LINES_AT_MOST = 400
_WIDTH = 24
_LEAST = 0.5
"""Share of rows that have a cell for each model, from which on the others are those with empty cells."""


@dataclass
class _Term:
    """A row with what stands in brackets below it."""

    label: Piece
    cells: list[Piece] = field(default_factory=list)

    def rows(self, count: int) -> list[list[Piece]]:
        """Return its rows, each with a cell for each model; nothing if that is not so."""
        rows = [self.cells[at : at + count] for at in range(0, len(self.cells), count)]
        within = [{text.startswith("(") for text, _ in row} for row in rows]
        whole = len(self.cells) == count * len(rows) and all(len(kinds) == 1 for kinds in within)
        return rows if whole and within == [{False}, {True}][: len(rows)] else []


def read(lines: Text, at: int) -> Laid | None:
    """Read a table; None if no rule begins it and another ends it."""
    if not _RULE.match(lines[at].text):
        return None
    end = next((i for i in range(at + 1, min(at + _LINES_AT_MOST, len(lines))) if _RULE.match(lines[i].text)), None)
    below = next((i for i in range(at + 1, end or at) if _THIN.match(lines[i].text)), None)
    if end is None or below is None:
        return None
    names = [line.text for line in lines[at + 1 : below] if not line.blank]
    terms = _terms(lines[below:end])
    whole = [bool(term.rows(len(names))) for term in terms if term.cells] if names else []
    if sum(whole) < _LEAST * len(whole) or not any(whole):
        return Laid(end + 1)
    return _laid(lines, (at, end), names, terms)


def _terms(lines: Sequence[Line]) -> list[_Term]:
    """Return the rows that lines are; a rule may have the next label behind it."""
    terms = list[_Term]()
    for line in lines:
        text = _THIN.sub("", line.text).strip()
        found = _CELLS.search(text)
        label = text[: found.start()].strip() if found else text
        if label or not terms:
            terms.append(_Term((label, line.number)))
        for cell in re.finditer(_CELL, text[found.start() :]) if found else ():
            terms[-1].cells.append((cell[0], line.number))
    return terms


def _laid(lines: Text, ends: tuple[int, int], names: Sequence[str], terms: Sequence[_Term]) -> Laid:
    """Lay out the rows that are certain; the others are lost."""
    first, last = (lines[i] for i in ends)
    wide = max(len(term.label[0]) for term in terms) + 1
    found = Laid(ends[1] + 1, [first, Line(lines[ends[0] + 1].number, _line("", wide, names))])
    for term in terms:
        rows = term.rows(len(names))
        found.lost += [] if rows else [Line(line, text) for text, line in [term.label, *term.cells] if text]
        for at, row in enumerate(rows):
            number = row[0][1] if at else term.label[1]
            found.lines.append(Line(number, _line("" if at else term.label[0], wide, [text for text, _ in row])))
            found.pieces[number] = [
                (part, line) for text, line in row for part in re.split(r"[()\s]+|(?<=\d)(?=\*)", text) if part
            ]
    found.lines.append(last)
    return found


def _line(label: str, wide: int, cells: Sequence[str]) -> str:
    """Return a row whose cells have their numbers in the middle of their columns, whatever stars stand behind."""
    placed = []
    for cell in cells:
        number = re.sub(r"\s*[*.+]+$", "", cell) if cell[-1:] in "*.+" else cell
        before = (_WIDTH - len(number)) // 2
        placed.append(f"{' ' * before}{cell}".ljust(_WIDTH))
    return f"{label:{wide}}{''.join(placed)}".rstrip()
