"""What lmerTest printed before its version 3: ``rand()``, ``lsmeans()`` and ``difflsmeans()``."""

from __future__ import annotations

import re

from replications.printouts import matrices
from replications.printouts.block import Block
from replications.printouts.cells import stars_of, trailing
from replications.printouts.coefficients import add_rows
from replications.printouts.cursor import Cursor
from replications.printouts.kind import begins_another, kind
from replications.printouts.lines import Line
from replications.printouts.names import quantity, slug

_MEANS = {
    "Estimate": "estimate", "Standard Error": "se", "DF": "df", "t-value": "t", "Lower CI": "ci_low",
    "Upper CI": "ci_high", "p-value": "p",
}  # fmt: skip
_HEAD = re.compile(r"^\s*(?P<factors>.*?)\s*" + r"\s+".join(_MEANS) + r"\s*$")


@kind("lmerTest.rand", begins=r"^\s*Analysis of Random effects Table:", turn=20)
def read(cursor: Cursor) -> Block | None:
    """Read the tests of random effects; ids are ``term.quantity``."""
    first = cursor.take()
    block = Block("lmerTest.rand", first.number, call=cursor.call(), heads={"title": first.text.strip()})
    cursor.skip_blank()
    matrix = matrices.read(cursor, lambda line: begins_another(line, "lmerTest.rand"))
    add_rows(block, matrix, lambda label, column: f"{slug(label)}.{quantity(column)}")
    return block if block.numbers else None


@kind("lmerTest.lsmeans", begins=r"^\s*(Least Squares Means table:|Differences of LSMEANS:)", turn=20)
def read_means(cursor: Cursor) -> Block | None:
    """Read means or differences; the columns that repeat the levels of the label are not numbers of the table."""
    first = cursor.take()
    head = cursor.skip_blank()
    found = _HEAD.match(head.text) if head is not None and not head.prose else None
    if head is None or found is None:
        return None
    cursor.take()
    block = Block("lmerTest.lsmeans", first.number, call=cursor.call(), heads={"title": first.text.strip()})
    ends = [head.text.index(factor) + len(factor) for factor in found["factors"].split()]
    rows: list[Line] = []
    while (line := cursor.peek()) is not None and not (line.blank or line.prose or line.code):
        if line.text.startswith("---") or "Signif. codes" in line.text:
            break
        rows.append(cursor.take())
    starred = any(stars_of(row.text)[1] for row in rows)
    for row in rows:
        _add(block, row, ends, starred)
    return block if block.numbers else None


def _add(block: Block, line: Line, ends: list[int], starred: bool) -> None:
    """Add a row: its label, its levels below the factors' names, and a number for each heading."""
    text, stars = stars_of(line.text)
    cells = trailing(text)[-len(_MEANS) :]
    start = cells[0].start if cells else 0
    label = _without_level(text[: ends[0]]) if ends else text[:start].strip()
    if len(cells) < len(_MEANS) or not label or (ends and text[ends[-1] : start].strip()):
        block.unread.append((line.number, line.text))
        return
    for (heading, what), cell in zip(_MEANS.items(), cells, strict=True):
        block.add(cell.text, f"{slug(label)}.{what}", label, heading, line.number)
    if starred:
        block.add(stars, f"{slug(label)}.stars", label, "", line.number)


def _without_level(text: str) -> str:
    """Return a label without the level that stands apart behind it, below the first factor's name."""
    found = re.match(r"(\S+(?: \S+)*)(?:\s{2,}\S+(?: \S+)*|\s\S+)$", text)
    return found[1] if found else ""
