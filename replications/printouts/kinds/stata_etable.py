"""Stata's ``etable``: a column a model between rules of dashes, standard errors in brackets below the estimates."""

from __future__ import annotations

import re

from replications.printouts import grids
from replications.printouts.block import Block
from replications.printouts.cursor import Cursor
from replications.printouts.grids import GridRow
from replications.printouts.kind import kind
from replications.printouts.lines import Line
from replications.printouts.model_tables import table

_RULE = re.compile(r"^\s*-{8,}\s*$")
_OF_A_FIT = re.compile(r"^(?:(?:var|sd|cov|corr)\(.+\)|Number of observations)$")


@kind("stata.etable", begins=r"^\s*-{8,}\s*$|^\s{8,}\S", turn=72)
def read(cursor: Cursor) -> Block | None:
    """Read the rows below the models' names if some tells of variances or of the number of observations."""
    first = cursor.peek()
    above = int(first is not None and _RULE.match(first.text) is not None)
    head, rule = cursor.peek(above), cursor.peek(above + 1)
    if head is None or rule is None or head.blank or head.prose or not _RULE.match(rule.text):
        return None
    lines = _body(cursor, above + 2)
    rows, unread = grids.of_lines(lines)
    names = _names(head.text, len(rows[0].cells) - 1 if rows else 0)
    if not names or not any(_OF_A_FIT.match(row.cells[0]) for row in rows):
        return None
    block = Block("stata.etable", head.number, call=cursor.call())
    cursor.at += len(lines) + above + 3
    table.add(block, [GridRow(head.number, ("", *names)), *rows])
    block.unread += [(line.number, line.text) for line in unread]
    if (note := cursor.peek()) is not None and note.text.lstrip().startswith("**"):
        block.heads["note"] = cursor.take().text.strip()
    return block if block.numbers else None


def _names(text: str, count: int) -> list[str]:
    """Return the names of as many models; none if the words are neither one each nor set apart."""
    pieces = (re.split(r"\s{2,}", text.strip()), text.split())
    return next((words for words in pieces if len(words) == count), [])


def _body(cursor: Cursor, start: int) -> list[Line]:
    """Return the lines up to the last rule; none if it does not come."""
    lines: list[Line] = []
    while (line := cursor.peek(start + len(lines))) is not None and not (line.blank or line.prose or line.code):
        if _RULE.match(line.text):
            return lines
        if len(lines) == grids.LONGEST:
            break
        lines.append(line)
    return []
