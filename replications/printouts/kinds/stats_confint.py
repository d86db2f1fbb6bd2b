"""``confint()``: a row a parameter, two quantiles a row."""

from __future__ import annotations

import re

from replications.printouts import matrices
from replications.printouts.block import Block
from replications.printouts.cursor import Cursor
from replications.printouts.kind import begins_another, kind
from replications.printouts.names import slug


@kind(
    "stats.confint",
    begins=r"^\s*(\d+(\.\d+)?\s?%)(\s+(\d+(\.\d+)?\s?%))?\s*$|^\s*Computing (profile|bootstrap)",
    turn=40,
)
def read(cursor: Cursor) -> Block | None:
    """Read the table; ids are ``confint.parameter.low`` and ``.high``."""
    first = cursor.peek()
    assert first is not None
    block = Block("stats.confint", first.number, call=cursor.call())
    if first.text.lstrip().startswith("Computing"):
        block.messages.append(cursor.take().text.strip())
        cursor.skip_blank()
    matrix = matrices.read(cursor, lambda line: begins_another(line, "stats.confint"))
    if len(matrix.headings) != 2 or not all(re.search("%", name) for name in matrix.headings):
        return None
    block.unread += [(line, text) for row in matrix.rows if not row.label for text, line in row.cells.values()]
    for row in (row for row in matrix.rows if row.label):
        for column, end in zip(matrix.headings, ("ci_low", "ci_high"), strict=True):
            if column in row.cells:
                text, line = row.cells[column]
                block.add(text, f"confint.{slug(row.label.replace('.sig', 'sig'))}.{end}", row.label, column, line)
    block.unread += [(line.number, line.text) for line in matrix.unread]
    return block if block.numbers else None
