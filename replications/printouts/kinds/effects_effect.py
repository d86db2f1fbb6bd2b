"""``Effect()``, ``allEffects()`` of effects and their summaries: fits below levels, limits in tables of their own."""

from __future__ import annotations

import re

from replications.printouts.block import Block
from replications.printouts.cells import Cell, all_numbers, trailing
from replications.printouts.cursor import Cursor
from replications.printouts.kind import kind
from replications.printouts.lines import Line
from replications.printouts.names import slug

_TITLE = re.compile(r"^\s*([\w.()^, ]+(?:\*[\w.()^, ]+)*) effect\s*$")
_LIMITS = re.compile(r"^\s*(Lower|Upper) [\d.]+ Percent Confidence Limits\s*$")
_SLICE = re.compile(r"^\s*, (?:, \S.* = .+)+$")
_WHAT = {"Lower": "ci_low", "Upper": "ci_high"}


@kind("effects.effect", begins=_TITLE.pattern, turn=19)
def read(cursor: Cursor) -> Block | None:
    """Read the fits, and the limits below; ids are ``levels.fit``, ``levels.ci_low`` and ``levels.ci_high``."""
    first = cursor.take()
    block, title = Block("effects.effect", first.number, call=cursor.call()), _TITLE.match(first.text)
    assert title is not None
    block.heads["title"], predictors, what = first.text.strip(), title[1].split("*"), "fit"
    while True:
        at, line = cursor.at, cursor.skip_blank()
        if line is not None and (limits := _LIMITS.match(line.text)) and block.numbers:
            what = _WHAT[limits[1]]
            cursor.take()
        elif line is None or line.prose or line.code or not _tables(cursor, block, predictors, what):
            cursor.at = at
            return block if block.numbers else None


def _tables(cursor: Cursor, block: Block, predictors: list[str], what: str) -> bool:
    """Read one table, of a slice where there are more than two predictors; tell whether there was one."""
    at, given = cursor.at, ""
    line = cursor.peek()
    if line is not None and (len(predictors) > 2) == bool(_SLICE.match(line.text)) and len(predictors) > 2:
        given = cursor.take().text.strip(", ")
        cursor.skip_blank()
    name = cursor.peek()
    if name is None or name.text.strip() not in predictors:
        cursor.at = at
        return False
    read_before = len(block.numbers)
    while (line := cursor.peek()) is not None and line.text.strip() == name.text.strip():
        cursor.take()
        if len(predictors) == 1:
            _vector(cursor, block, what)
        else:
            _matrix(cursor, block, given, what)
    if len(block.numbers) == read_before:
        cursor.at = at
    return len(block.numbers) > read_before


def _vector(cursor: Cursor, block: Block, what: str) -> None:
    """Read pairs of lines, levels above fits."""
    while (levels := cursor.peek()) is not None and (below := cursor.peek(1)) is not None:
        cells = all_numbers(below.text) or []
        names = _levels(levels, cells, 0)
        if levels.blank or below.prose or not names:
            return
        block.labels[levels.number] = levels.text
        for name, cell in zip(names, cells, strict=True):
            block.add(cell.text, f"{slug(name)}.{what}", "", name, below.number)
        cursor.at += 2


def _matrix(cursor: Cursor, block: Block, given: str, what: str) -> None:
    """Read the rows below levels; those of the rows' predictor stand below its name."""
    head = cursor.take()
    start = len(head.text.split()[0]) + head.text.index(head.text.split()[0]) if head.text.strip() else 0
    count = 0
    while (line := cursor.peek()) is not None and not (line.blank or line.prose or line.code):
        count = count or _count(line.text, head.text, start)
        cells = trailing(line.text)[-count:] if count else []
        names = _levels(head, cells, start)
        if not names and not cells:
            break
        if not names:
            block.unread.append((line.number, cursor.take().text))
            continue
        label = line.text[: cells[0].start].strip()
        block.labels |= {head.number: head.text, line.number: label}
        prefix = ".".join(map(slug, [*_given(given), label]))
        for name, cell in zip(names, cells, strict=True):
            block.add(cell.text, f"{prefix}.{slug(name)}.{what}", f"{given} {label}".strip(), name, line.number)
        cursor.take()


def _given(text: str) -> list[str]:
    return [part.partition("=")[2].strip() for part in text.split(", ") if part]


def _count(text: str, head: str, start: int) -> int:
    """Return how many numbers at the end of a row have a level above where they end."""
    return sum(cell.end > start and head[cell.end - 1 : cell.end].strip() != "" for cell in trailing(text))


def _levels(line: Line, cells: list[Cell], start: int) -> list[str]:
    """Return the levels in a line that end where the numbers below do, one for each, and nothing behind; else none."""
    names, text = [], line.text
    for cell in cells:
        if text[cell.end - 1 : cell.end].strip() == "" or text[cell.end : cell.end + 1].strip():
            return []
        names.append(text[start : cell.end].strip())
        start = cell.end
    return names if cells and all(names) and not text[start:].strip() else []
