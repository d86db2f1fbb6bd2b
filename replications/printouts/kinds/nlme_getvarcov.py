"""``getVarCov()`` of nlme: covariances of random effects, or of the rows of one group, and standard deviations."""

from __future__ import annotations

import re
from itertools import pairwise

from replications.printouts.block import Block
from replications.printouts.cells import tidy, trailing
from replications.printouts.cursor import Cursor
from replications.printouts.kind import kind
from replications.printouts.names import slug

_TITLE = re.compile(r"^\s*(Random effects|Conditional|Marginal) variance covariance matrix\s*$")
_DEVIATIONS = re.compile(r"^\s*Standard Deviations:\s")


@kind("nlme.getVarCov", begins=rf"{_TITLE.pattern}|^\s*[\w.]+ \S+\s*$", turn=43)
def read(cursor: Cursor) -> Block | None:
    """Read the title, the matrix in its panels and the line below; ids are ``conditional_vcov.row.column``."""
    first, below = cursor.peek(), cursor.peek(1)
    if first is None or not _TITLE.match(first.text):
        if below is None or below.prose or below.code or not _TITLE.match(below.text):
            return None
        cursor.take()
    found = _TITLE.match(cursor.take().text)
    assert first is not None
    assert found is not None
    what = found[1].casefold().replace(" ", "_")
    block = Block("nlme.getVarCov", first.number, call=cursor.call(), heads={"title": found[0].strip()})
    if not _TITLE.match(first.text):
        block.heads["group"] = first.text.strip()
    names: list[str] = []
    while (columns := _columns(cursor)) and _panel(cursor, block, f"{what}_vcov", columns, names):
        continue
    line = cursor.peek()
    if line is not None and _DEVIATIONS.match(line.text):
        cells = trailing(line.text)
        if len(cells) == len(names):
            for name, cell in zip(names, cells, strict=True):
                block.add(cell.text, f"{what}_sd.{_name(name)}", name, "Standard Deviations", line.number)
        else:
            block.unread.append((line.number, line.text))
        cursor.take()
    return block if block.numbers else None


def _name(label: str) -> str:
    """Return a term as ids spell it; of a row or column that has no name, ``[2,]``, its number."""
    return slug(re.sub(r"^\[,?(\d+),?\]$", r"\1", label))


def _columns(cursor: Cursor) -> list[str]:
    """Return the headings of a panel, cut where the numbers of its first row end; nothing where none begins."""
    line, below = cursor.peek(), cursor.peek(1)
    if line is None or below is None or line.prose or line.code or _DEVIATIONS.match(line.text):
        return []
    ends = [cell.end for cell in trailing(below.text)]
    if not ends or len(line.text.rstrip()) > ends[-1]:
        return []
    pieces = [line.text[start:end].strip() for start, end in pairwise([0, *ends])]
    named = pieces if pieces[0] else pieces[1:]
    return named if all(named) else []


def _panel(cursor: Cursor, block: Block, prefix: str, columns: list[str], names: list[str]) -> bool:
    """Read the rows below headings; False if there are none."""
    cursor.take()
    count = 0
    while (line := cursor.peek()) is not None and not (line.blank or line.prose or line.code):
        cells = trailing(line.text)[-len(columns) :]
        label = line.text[: cells[0].start].strip() if len(cells) == len(columns) else ""
        if _DEVIATIONS.match(line.text) or not label:
            break
        names += [label] if label not in names else []
        for column, cell in zip(columns, cells, strict=True):
            block.add(tidy(cell.text), f"{prefix}.{_name(label)}.{_name(column)}", label, column, line.number)
        cursor.take()
        count += 1
    return count > 0
