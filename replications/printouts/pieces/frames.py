"""Data frames below a command: a heading a column, a label and a number for each heading in each row."""

from __future__ import annotations

import re
from collections.abc import Sequence

from replications.printouts.pieces.flow import Text, ends, is_command, is_words, numbers_of, rows_from
from replications.printouts.pieces.laid import Laid, Piece, Row, table

_ABOVE = re.compile(r"^\$\S+$|^[\w.]+(?:::[\w.]+)?\(.*\)(?:\$[\w.]+)?$")
"""The name of a part of a list, and a command without a prompt."""


def read(lines: Text, at: int) -> Laid | None:
    """Read a data frame; None if none begins here.

    Where rows are not marked, one row alone may be the last of the names above a vector, and is none.
    """
    above = lines.above(at)
    if above is None or not (above.code or _ABOVE.match(above.text)) or not _is_heading(lines, at):
        return None
    start = at
    while (
        start < len(lines) and _is_heading(lines, start) and not (start > at and lines.marked and lines[start].output)
    ):
        start += 1
    if start == len(lines) or ends(lines[start]):
        return None
    head = [(word, line.number) for line in lines[at:start] for word in line.text.split()]
    rows, end = _counted(lines, start, len(head))
    counted = rows is not None
    if rows is None:
        begins = start if lines.marked or not numbers_of(lines[start]) else start - 1
        head = [piece for piece in head if piece[1] < lines[begins].number]
        rows, end = rows_from(lines, begins)
    if not rows:
        return None
    whole = (
        head
        and (counted or lines.marked or len(rows) > 1)
        and all(row.label and len(row.numbers) == len(head) for row in rows)
    )
    distinct = len({row.name for row in rows}) == len(rows)
    cells = [[text for text, _ in row.numbers] for row in rows]
    return table(end, head, [], rows, cells) if whole and distinct else Laid(end)


def _is_heading(lines: Text, at: int) -> bool:
    return is_words(lines[at]) and not (ends(lines[at]) or is_command(lines[at]))


def _counted(lines: Text, start: int, columns: int) -> tuple[list[Row] | None, int]:
    """Return rows whose labels are whole numbers, each at the beginning of a line; None if any row is not so."""
    end, rows = start, list[Row]()
    pieces, firsts = list[Piece](), set[int]()
    while end < len(lines) and not ends(lines[end]) and (numbers := numbers_of(lines[end])):
        firsts.add(len(pieces))
        pieces += numbers
        end += 1
    starts = range(0, len(pieces), columns + 1)
    if not pieces or len(pieces) % (columns + 1) or not firsts.issuperset(starts):
        return None, start
    for first in starts:
        label, *numbers = pieces[first : first + columns + 1]
        rows.append(Row(label[1], [label], numbers))
    return (rows, end) if _are_labels([row.name for row in rows]) and _differ(rows) else (None, start)


def _are_labels(labels: Sequence[str]) -> bool:
    """Tell whether labels may be no values: whole numbers in the order of levels; a single one is the first."""
    if not all(label.isdigit() for label in labels):
        return False
    rising = (sorted(labels, key=int), sorted(labels))
    return len(set(labels)) == len(labels) and labels in rising and (len(labels) > 1 or labels == ["1"])


def _differ(rows: Sequence[Row]) -> bool:
    """Tell whether labels can be told from values: each row has a decimal, or the rows count up, a whole line each.

    Else whole numbers that follow each other may be cells of any row, or levels that head the columns of a table.
    """
    if all(any("." in text for text, _ in row.numbers) for row in rows):
        return True
    lines = [{line for _, line in (*row.label, *row.numbers)} for row in rows]
    whole = all(len(own) == 1 for own in lines) and len(set.union(*lines)) == len(rows)
    return whole and [row.name for row in rows] == [str(at + 1) for at in range(len(rows))]
