"""``emmeans()``, ``contrast()``, ``emtrends()`` and ``joint_tests()`` of emmeans."""

from __future__ import annotations

import re
from dataclasses import dataclass

from replications.printouts.block import Block
from replications.printouts.cells import NUMBER, Cell, all_numbers, is_split
from replications.printouts.cursor import Cursor
from replications.printouts.kind import kind
from replications.printouts.lines import Line
from replications.printouts.names import quantity, slug
from replications.printouts.rows import swallows

_ESTIMATE = r"(?:emmean|estimate|prob|rate|response|odds\.ratio|ratio|hazard|lsmean|the\.emmean|[^\s=]+\.trend)"
_OF_TESTS = r"(?:model term\s.*\s)?df1\s+df2\s+F\.ratio|effect\.size\s+SE"
_BEHIND = (
    r"(?:SE|df|null|df1|df2|(?:t|z|F)\.ratio|Chisq|p\.value|(?:lower|upper)\.(?:CL|HPD)|asymp\.(?:L|U)CL|\.group|note)"
)
_HEAD = re.compile(rf"^.*?\s(?:{_ESTIMATE}\s+(?:SE|(?:lower|asymp)\S+|df)\b|{_OF_TESTS})(?:\s+{_BEHIND}|\s+SE)*\s*$")
_GIVEN = r"^\s*[\w.]+ = \S.*:\s*$"
_NOTES = (
    r"^(Degrees-of-freedom|Confidence level|P value adjustment|Results are (averaged|given)|Intervals are|Tests are)",
    r"^(Conf-level adjustment|Note: |NOTE: |d\.f\. method|Warning)",
)


@dataclass
class _Row:
    """A row: its label, the beginning of its ids, its cells as heading, quantity, text and line."""

    label: str
    name: str
    cells: list[tuple[str, str, str, Line]]


@kind(
    "emmeans.emmeans",
    begins=rf"{_HEAD.pattern}|^\s*\$(emmeans|contrasts|emtrends|lsmeans)\s*$|{_GIVEN}",
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
    if (line := cursor.peek()) is not None and re.match(_GIVEN, line.text):
        given = cursor.take().text.strip(": ")
    head = cursor.peek()
    if head is None or not _HEAD.match(head.text):
        return None
    columns, labels = _columns(cursor.take())
    block.kind = _kind(labels)
    while True:
        rows: list[_Row] = []
        while (line := cursor.peek()) is not None and not line.blank and (row := _row(line, columns, given)):
            rows.append(row)
            cursor.take()
        _panels(cursor, block, rows)
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
        (i for i, cell in enumerate(cells) if re.search(rf"^({_ESTIMATE}|df1|effect\.size)$", cell.text)),
        1,
    )
    return cells[at:], " ".join(cell.text for cell in cells[:at])


def _kind(labels: str) -> str:
    if "contrast" in labels:
        return "emmeans.contrast"
    return "emmeans.joint_tests" if "model term" in labels else "emmeans.emmeans"


def _row(line: Line, columns: list[Cell], given: str) -> _Row | None:
    """Return a row of a label and a number, or ``nonEst``, for each heading."""
    found = re.match(rf"^(.*?\S)((?:\s+(?:{NUMBER}|nonEst)){{{len(columns)}}})(?:\s+([a-zA-Z\d]+))?\s*$", line.text)
    if line.prose or line.code or found is None or is_split(line.text) or (found[3] and columns[-1].text != ".group"):
        return None
    label = found[1].strip()
    if swallows(label, gap=False) and "  " not in line.text.strip():
        return None
    cells = re.findall(rf"{NUMBER}|nonEst", found[2])
    return _Row(
        f"{given} {label}".strip(),
        ".".join(filter(None, (slug(given.partition("=")[2]), slug(label)))),
        [
            (
                column.text,
                "estimate" if column is columns[0] and column.text != "df1" else quantity(column.text),
                cell,
                line,
            )
            for column, cell in zip(columns, cells, strict=True)
        ],
    )


def _panels(cursor: Cursor, block: Block, rows: list[_Row]) -> None:
    """Add the rows, with the columns that did not fit and stand below them, a line a row and without its label."""
    while (head := cursor.peek()) is not None and rows and re.match(rf"^\s*{_BEHIND}(\s+{_BEHIND})*\s*$", head.text):
        names, lines = head.text.split(), [cursor.peek(1 + at) for at in range(len(rows))]
        cells = [all_numbers(line.text) if line is not None and not line.prose else None for line in lines]
        behind = cursor.peek(1 + len(rows))
        if any(row is None or len(row) != len(names) for row in cells) or (behind and all_numbers(behind.text)):
            cursor.take()
            while (line := cursor.peek()) is not None and not line.prose and all_numbers(line.text):
                block.unread.append((line.number, cursor.take().text))
            break
        for row, line, values in zip(rows, lines, cells, strict=True):
            assert line is not None
            assert values is not None
            row.cells += [(n, quantity(n), cell.text, line) for n, cell in zip(names, values, strict=True)]
        cursor.at += 1 + len(rows)
    for row in rows:
        for column, what, text, line in row.cells:
            if text != "nonEst":
                block.add(text, f"{row.name}.{what}", row.label, column, line.number)
