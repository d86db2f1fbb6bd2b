"""The lower triangle of correlations of fixed effects, below abbreviated names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

from replications.printouts.block import Block
from replications.printouts.cells import Cell, tidy, trailing
from replications.printouts.cursor import Cursor
from replications.printouts.lines import Line
from replications.printouts.matrices import tableish
from replications.printouts.names import slug

PREFIX = "fixef."


def correlations(cursor: Cursor, block: Block, ends: Callable[[Line], bool]) -> None:
    """Read the triangle into a block; ids are ``fixef_corr.row.column``.

    Names are cut in print, so they are taken from the table of coefficients, by their order, if the name in front of
    each row may be cut from the one in its turn; else the triangle is not read. Without such a table the printed names
    serve.
    """
    start = cursor.at
    lines = _dedented(_lines(cursor, ends))
    terms = list(dict.fromkeys(n.row for n in block.numbers if n.id.startswith(PREFIX)))
    found = _panels(lines, terms) or _stream(lines, terms)
    for kept in range(len(lines) - 1, 1, -1):
        if found is not None or _numeric(lines[kept].text):
            break
        found = _panels(lines[:kept], terms) or _stream(lines[:kept], terms)
    if found is not None and len(found[1]) < len(lines):
        rest = lines[len(found[1])].number
        cursor.at = next(at for at in range(start, cursor.at) if cursor.lines[at].number == rest)
    if found is not None and terms and not _may_be_called(found[0], terms):
        found = None
    block.labels |= {line.number: line.text for line in lines if found is not None and not _numeric(line.text)}
    if found is None:
        block.unread += [(line.number, line.text) for line in lines]
    for text, row, column, at, line in found[0] if found else ():
        first, second = (terms[i] if terms else label for i, label in zip(at, (row, column), strict=True))
        block.add(text, f"fixef_corr.{slug(first)}.{slug(second)}", row, column, line)


def _may_be_called(found: _Numbers, terms: Sequence[str]) -> bool:
    """Tell whether each row's name may be that of the coefficient in its turn, as :func:`_may_be_cut` says."""
    return all(_may_be_cut(label, terms[at[0]]) for _, label, _, at, _ in found)


def _may_be_cut(short: str, name: str) -> bool:
    """Tell whether a name may be a longer one with characters left out, as R's ``abbreviate()`` leaves them out."""
    rest = iter(name.replace(" ", ""))
    return all(character in rest for character in short.replace(" ", ""))


_Numbers = list[tuple[str, str, str, tuple[int, int], int]]
_Found = tuple[_Numbers, Sequence[Line]]
"""The numbers of a triangle, and its lines; what stands below them is none of it."""


def _lines(cursor: Cursor, ends: Callable[[Line], bool]) -> list[Line]:
    """Take the lines of the triangle; it may go on behind blank lines with rows of numbers."""
    lines: list[Line] = []
    while (line := cursor.peek()) is not None and not (line.prose or line.code or ends(line)):
        if line.blank:
            ahead = 0
            while (below := cursor.peek(ahead)) is not None and below.blank:
                ahead += 1
            if below is None or below.prose or below.code or ends(below) or not _numeric(below.text):
                break
            cursor.at += ahead
        elif (
            not lines
            or _heading(line.text)
            or (_numeric(line.text) and tableish(line.text))
            or _label(line.text)
            or line.text.strip() in {_before(known.text) for known in lines}
        ):
            lines.append(cursor.take())
        else:
            break
    return lines


def _numeric(text: str) -> bool:
    return bool(trailing(text))


def _heading(text: str) -> bool:
    if _numeric(text):
        return False
    return text.startswith("  ") or (len(text.split()) > 1 and "(" not in text[1:])


def _label(text: str) -> bool:
    return len(text.split()) <= 2


def _before(text: str) -> str:
    """Return what stands before the numbers of a line."""
    cells = trailing(text)
    return text[: cells[0].start].strip() if cells else text.strip()


def _heads(lines: Sequence[Line], at: int, total: int) -> list[str]:
    """Return the headings of a panel; those with blanks within are cut where the numbers below begin.

    The last row has a number below each heading. Columns are left-aligned, with room for a minus.
    """
    text = lines[at].text
    words = text.split()
    last = next((line for line in lines[at + 1 + max(total - 2, 0) :][:1]), None)
    cells = trailing(last.text) if last is not None and total else []
    if not cells or len(cells) >= len(words):
        return words
    starts = [next((s for s in (cell.start, cell.start - 1) if _begins(text, s)), -1) for cell in cells]
    if -1 in starts or text[: starts[0]].strip():
        return words
    return [text[start:end].strip() for start, end in pairwise([*starts, len(text)])]


def _begins(text: str, at: int) -> bool:
    return 0 < at < len(text) and text[at - 1] == " " and text[at] != " "


def _dedented(lines: list[Line]) -> list[Line]:
    """Return lines without the blanks in front that all of them have."""
    margin = min((len(line.text) - len(line.text.lstrip()) for line in lines), default=0)
    return [replace(line, text=line.text[margin:]) for line in lines]


def _panels(lines: Sequence[Line], terms: Sequence[str]) -> _Found | None:
    """Read an undamaged triangle: headings, then a row for each further term; wide ones go on in panels below."""
    found: _Numbers = []
    offset, row, heads, total = 0, 1, list[str](), len(terms)
    count = total * (total - 1) // 2
    seen: set[str] = set()
    for at, line in enumerate(lines):
        if total and len(found) == count:
            return (found, lines[:at]) if not _is_one_more(line.text, total) else None
        cells = trailing(line.text)
        again = at == 0 or row == total or line.text.startswith("  ") or len(line.text.split()) > 1
        if not cells and again and (row == total or line.text.strip() not in seen):
            if heads and row != total:
                return None
            offset, row, heads = offset + len(heads), 1, _heads(lines, at, total)
            continue
        seen.add(_before(line.text))
        wanted = max(0, min(row, offset + len(heads)) - offset)
        if not heads or len(cells) < wanted or (row >= total > 0):
            return None
        cells = cells[-wanted:] if wanted else []
        label = line.text[: cells[0].start].strip() if cells else line.text.strip()
        if not label:
            return None
        found += [(tidy(cell.text), label, heads[i], (row, offset + i), line.number) for i, cell in enumerate(cells)]
        row += 1
    return (found, lines) if found and (not total or len(found) == count) else None


def _is_one_more(text: str, total: int) -> bool:
    """Tell whether a line is the row of one more term, which the coefficients have not."""
    return len(trailing(text)) == total and bool(_before(text))


def _stream(lines: Sequence[Line], terms: Sequence[str]) -> _Found | None:
    """Read a damaged triangle: row r has r numbers, in the order of their columns."""
    if not terms or not lines:
        return None
    heads = lines[0].text.split()
    found: _Numbers = []
    row, cells, number = 1, list[Cell](), 0
    labels: list[str] = []
    for line in lines[1:]:
        new = trailing(line.text)
        if before := line.text[: new[0].start].strip() if new else line.text.strip():
            labels.append(before)
        cells += new
        number = line.number if new else number
        if len(cells) > row or (row >= len(terms) and new):
            return None
        if len(cells) == row:
            cells.sort(key=lambda cell: cell.start)
            found += [
                (tidy(c.text), "", heads[i] if i < len(heads) else "", (row, i), number) for i, c in enumerate(cells)
            ]
            row, cells = row + 1, []
    if cells or row != len(terms) or len(labels) != len(terms) - 1:
        return None
    return [(text, labels[at[0] - 1], column, at, line) for text, _, column, at, line in found], lines
