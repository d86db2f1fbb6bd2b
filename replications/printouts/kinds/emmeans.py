"""``emmeans()``, ``contrast()``, ``emtrends()`` and ``joint_tests()`` of emmeans."""

from __future__ import annotations

import re

from replications.printouts.block import Block
from replications.printouts.cells import Cell, is_number, trailing
from replications.printouts.cursor import Cursor
from replications.printouts.kind import kind
from replications.printouts.lines import Line
from replications.printouts.names import quantity, slug

_LAST = r"(lower\.CL\s+upper\.CL|asymp\.LCL\s+asymp\.UCL|(t|z|F)\.ratio\s+p\.value|lower\.HPD\s+upper\.HPD|p\.value)"
_NOTES = (
    r"^(Degrees-of-freedom|Confidence level|P value adjustment|Results are (averaged|given)|Intervals are|Tests are)",
    r"^(Conf-level adjustment|Note: |NOTE: |d\.f\. method|Warning)",
)


@kind(
    "emmeans.emmeans",
    begins=rf"^\s*\S.*\s{_LAST}\s*$|^\s*\$(emmeans|contrasts|emtrends|lsmeans)\s*$|^\s*[\w.]+ = \S.*:\s*$",
    turn=40,
)
def read(cursor: Cursor) -> Block | None:
    """Read one table with the notes below; ids are ``levels.quantity``."""
    first = cursor.peek()
    assert first is not None
    block = Block("emmeans.emmeans", first.number, call=cursor.call())
    if first.text.strip().startswith("$"):
        cursor.take()
    given = ""
    if (line := cursor.peek()) is not None and re.match(r"^[\w.]+ = \S.*:$", line.text.strip()):
        given = cursor.take().text.strip(": ")
    head = cursor.peek()
    if head is None or not re.search(rf"{_LAST}\s*$", head.text):
        return None
    columns, labels = _columns(cursor.take())
    block.kind = _kind(labels)
    while True:
        while (line := cursor.peek()) is not None and not line.blank and _add(block, line, columns, given):
            cursor.take()
        again = _again(cursor, head)
        if again is None:
            break
        given = again
    while (line := cursor.skip_blank()) is not None and any(re.match(p, line.text.strip()) for p in _NOTES):
        block.heads.setdefault("notes", "")
        block.heads["notes"] = f"{block.heads['notes']} {cursor.take().text.strip()}".strip()
    return block if block.numbers else None


def _again(cursor: Cursor, head: Line) -> str | None:
    """Pass ``sex = f:`` and the headings that stand again below; return what is given."""
    ahead = 0
    while (line := cursor.peek(ahead)) is not None and line.blank:
        ahead += 1
    below = cursor.peek(ahead + 1)
    if line is None or below is None or not re.match(r"^.* = .*:$", line.text.strip()):
        return None
    if below.text.split() != head.text.split():
        return None
    cursor.at += ahead + 2
    return line.text.strip(": ")


def _columns(line: Line) -> tuple[list[Cell], str]:
    """Return the headings of numbers, and the text before them: they begin with the estimate."""
    cells = [Cell(found[0], found.start(), found.end()) for found in re.finditer(r"\S+", line.text)]
    at = next(
        (
            i
            for i, cell in enumerate(cells)
            if re.search(r"^(emmean|estimate|prob|rate|response|odds\.ratio|ratio|df1|lsmean|\S+\.trend)$", cell.text)
        ),
        1,
    )
    return cells[at:], " ".join(cell.text for cell in cells[:at])


def _kind(labels: str) -> str:
    if "contrast" in labels:
        return "emmeans.contrast"
    return "emmeans.joint_tests" if "model term" in labels else "emmeans.emmeans"


def _add(block: Block, line: Line, columns: list[Cell], given: str) -> bool:
    if line.prose or line.code:
        return False
    cells = trailing(line.text)[-len(columns) :]
    if len(cells) < len(columns):
        words = line.text.split()[-len(columns) :]
        if len(words) < len(columns) or not all(is_number(word) or word in ("nonEst", "Inf", "-Inf") for word in words):
            return False
    label = line.text[: cells[0].start].strip() if cells else ""
    if not label:
        return False
    name = ".".join(filter(None, (slug(given.partition("=")[2]), slug(label))))
    for column, cell in zip(columns, cells, strict=True):
        what = "estimate" if column is columns[0] and column.text != "df1" else quantity(column.text)
        block.add(cell.text, f"{name}.{what}", f"{given} {label}".strip(), column.text, line.number)
    return True
