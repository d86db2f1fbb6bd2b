"""The triangle of correlations of fixed effects: its first row has one number, each other row one more."""

from __future__ import annotations

import re
from collections.abc import Sequence

from replications.printouts.kind import has_title
from replications.printouts.lines import Line
from replications.printouts.pieces.flow import Text, ends, is_words, numbers_of, rows_from
from replications.printouts.pieces.laid import Laid, Piece, Row

_TITLE = re.compile(r"^Correlation(?: of Fixed Effects)?:$")
_CUT = re.compile(r"\S+:(?: |$)")
_WIDTH = 6
"""Characters of a column at least."""


def read(lines: Text, at: int) -> Laid | None:
    """Read the triangle below its title; None if none is above."""
    above = lines.above(at)
    if above is None or not _TITLE.match(above.text) or not is_words(lines[at]):
        return None
    head, start, marked = list[Piece](), at, lines.marked
    while start < len(lines) and is_words(lines[start]) and not _is_label(lines, start, at, marked):
        head += [(word, lines[start].number) for word in lines[start].text.split()]
        start += 1
    rows, end = rows_from(lines, start, ended=_ended)
    counts = [len(row.numbers) for row in rows]
    if not rows:
        return None
    whole = counts == list(range(1, len(head) + 1)) and all(len(row.label) == 1 and " " not in row.name for row in rows)
    return _laid(end, head, rows) if whole else Laid(end)


def _ended(line: Line) -> bool:
    """Tell whether a line is none of the triangle; a name that was cut may end in a colon."""
    return ends(line) and not (_CUT.match(line.text) and not (line.code or line.prose or has_title(line)))


def _is_label(lines: Text, at: int, first: int, marked: bool) -> bool:
    """Tell whether a line of words behind the first one is the label of a row and no heading."""
    if marked:
        return lines[at].output
    return at > first and at + 1 < len(lines) and bool(numbers_of(lines[at + 1]))


def _laid(end: int, head: Sequence[Piece], rows: Sequence[Row]) -> Laid:
    """Lay out the triangle as R does: headings at the left of their columns, numbers at the right."""
    wide = max(len(row.name) for row in rows)
    texts = [[text for text, _ in row.numbers] for row in rows]
    widths = [
        max(_WIDTH, len(name), *(len(row[at]) for row in texts if at < len(row))) for at, (name, _) in enumerate(head)
    ]
    first = " ".join([" " * wide, *(name.ljust(width) for (name, _), width in zip(head, widths, strict=True))])
    found = Laid(end, [Line(head[0][1], first.rstrip())], {row.line: row.pieces for row in rows}, cut=True)
    for row, text in zip(rows, texts, strict=True):
        cells = (cell.rjust(width) for cell, width in zip(text, widths, strict=False))
        found.lines.append(Line(row.line, " ".join([row.name.ljust(wide), *cells])))
    return found
