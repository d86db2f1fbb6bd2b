"""``ranef()`` and ``coef()`` of lme4's models: a table a grouping factor, below ``$factor``."""

from __future__ import annotations

import re

from replications.printouts import frames
from replications.printouts.block import Block
from replications.printouts.cells import tidy, trailing
from replications.printouts.cursor import Cursor
from replications.printouts.kind import kind
from replications.printouts.matrices import Matrix
from replications.printouts.names import slug
from replications.printouts.rows import Row, swallows

_ENDS = re.compile(r"^\s*(?:\$|\[\d+\]|with conditional variances|attr\()")
_ELIDED = re.compile(r"^[\s.]+$")
_DECIMAL = re.compile(r"\.|\de|^-?0$|N")
"""What an effect has, or NA and NaN; a whole number is the end of a level's name."""


@kind("lme4.ranef", begins=r"^\s*\$`?[\w.:]+`?\s*$", turn=45)
def read(cursor: Cursor) -> Block | None:
    """Read the tables that follow each other; with one column ids are ``ranef.group.level.condval``."""
    first = cursor.peek()
    assert first is not None
    block = Block("lme4.ranef", first.number, call=cursor.call())
    what = "coef" if re.search(r"\bcoef\(", block.call) else "ranef"
    if what == "coef":
        block.kind = "stats.coef"
    behind = cursor.at
    while (line := cursor.skip_blank()) is not None and (found := re.match(r"^\s*\$`?([\w.:]+)`?\s*$", line.text)):
        cursor.take()
        cursor.skip_blank()
        table = _by_place(cursor) or _in_turn(cursor) or frames.read(cursor)
        if (
            table is None
            or [row.label for row in table.rows] == table.headings
            or ("(Intercept)" not in table.headings and not re.search(r"ranef|coef", block.call))
        ):
            break
        for row in table.rows:
            for column, (text, number) in row.cells.items():
                one = what == "ranef" and len(table.headings) == 1
                end = "condval" if one else slug(column)
                block.add(text, f"{what}.{slug(found[1])}.{slug(row.label)}.{end}", row.label, column, number)
        behind = cursor.at
    cursor.at = behind
    if (line := cursor.skip_blank()) is not None and line.text.startswith("with conditional variances"):
        behind = cursor.at + 1
    elif line is not None and re.match(r"^\s*attr\(,\"class\"\)", line.text):
        below = cursor.peek(1)
        behind = cursor.at + 1 + (below is not None and below.text.lstrip().startswith("[1]"))
    cursor.at = behind
    return block if block.numbers else None


def _by_place(cursor: Cursor) -> Matrix | None:
    """Read a table whose rows all are aligned; None, and the cursor where it was, where one behind them is not."""
    start = cursor.at
    table, line = frames.read(cursor), cursor.peek()
    if table is None or line is None or line.blank or line.prose or line.code or _ENDS.match(line.text):
        return table
    if len(trailing(line.text)) >= len(table.headings) or _ELIDED.match(line.text):
        cursor.at, table = start, None
    return table


def _in_turn(cursor: Cursor) -> Matrix | None:
    """Read a table that may have lost its places: below ``(Intercept) x`` each row has a level and as many numbers.

    None, and the cursor where it was, where a single row is not like that, as below headings with blanks or in panels.
    """
    head = cursor.peek()
    if head is None or not head.text.lstrip().startswith("(Intercept)"):
        return None
    matrix, start = Matrix(head.text.split()), cursor.at
    cursor.take()
    while (line := cursor.peek()) is not None and not (line.blank or line.prose or line.code):
        if _ELIDED.match(line.text):
            cursor.take()
            continue
        cells = trailing(line.text)[-len(matrix.headings) :]
        if _ENDS.match(line.text) or (matrix.rows and not cells):
            break
        cells = cells if all(_DECIMAL.search(cell.text) for cell in cells) else []
        label = line.text[: cells[0].start].strip() if len(cells) == len(matrix.headings) else ""
        if not label or swallows(label, gap=True):
            cursor.at = start
            return None
        found = {name: (tidy(cell.text), line.number) for name, cell in zip(matrix.headings, cells, strict=True)}
        matrix.rows.append(Row(label, cursor.take().number, found))
    if not matrix.rows:
        cursor.at = start
    return matrix if matrix.rows else None
