"""``describe()`` of psych: a row of moments a variable."""

from __future__ import annotations

from replications.printouts import frames
from replications.printouts.block import Block
from replications.printouts.cells import trailing
from replications.printouts.cursor import Cursor
from replications.printouts.kind import kind
from replications.printouts.names import slug


@kind("psych.describe", begins=r"^\s*vars\s+n\s+mean\b", turn=40)
def read(cursor: Cursor) -> Block | None:
    """Read rows that have a number for each heading; with one variable its name is not a part of the ids."""
    first = cursor.peek()
    assert first is not None
    names = first.text.split()
    block = Block("psych.describe", first.number, call=cursor.call())
    if table := frames.read(cursor):
        for row in table.rows:
            prefix = f"{slug(row.label)}." if len(table.rows) > 1 else ""
            for name, (text, at) in row.cells.items():
                block.add(text, prefix + slug(name), row.label, name, at)
        return block
    cursor.take()
    rows = []
    while (line := cursor.peek()) is not None and len(cells := trailing(line.text)[-len(names) :]) == len(names):
        rows.append((line.text[: cells[0].start].strip(), cells, cursor.take().number))
    for label, cells, number in rows:
        prefix = f"{slug(label)}." if len(rows) > 1 else ""
        for name, cell in zip(names, cells, strict=True):
            block.add(cell.text, prefix + slug(name), label, name, number)
    return block if block.numbers else None
