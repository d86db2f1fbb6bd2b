"""Data frames, tibbles and tables as R prints them."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

from replications.printouts import frames, matrices
from replications.printouts.block import Block
from replications.printouts.cells import Cell, is_number, trailing
from replications.printouts.coefficients import add_rows
from replications.printouts.cursor import Cursor
from replications.printouts.kind import begins_another, kind
from replications.printouts.lines import Line
from replications.printouts.matrices import headings
from replications.printouts.names import quantity, slug

_TEXT = ("chr", "fct", "ord", "lgl", "date")
_TYPES = re.compile(r"^\s*(?:<\w+(?:\s?\[\w+\])?>\s*)+$")


@kind("tibble.print", begins=r"^\s*# A tibble:", turn=20)
def read_tibble(cursor: Cursor) -> Block | None:
    """Read a tibble; its rows are named by their first columns if these are no measurements."""
    first = cursor.take()
    block = Block("tibble.print", first.number, call=cursor.call())
    while (line := cursor.peek()) is not None and re.match(r"^\s*# (Groups|Rowwise)", line.text):
        cursor.take()
    head, types = cursor.peek(), cursor.peek(1)
    if head is None or types is None or not _TYPES.match(types.text):
        return None
    cursor.at += 2
    names = head.text.split()
    kinds = [Cell(found[1], found.start(), found.end()) for found in re.finditer(r"<(\w+)[^>]*>", types.text)]
    if len(names) != len(kinds):
        return None
    first_row = cursor.at
    while (line := cursor.peek()) is not None and re.match(r"^\s*\d+\s", line.text) and not line.prose:
        _tibble_row(block, cursor.take(), names, kinds)
    if first_row < cursor.at:
        _footnotes(cursor, block)
    return block if block.numbers else None


def _footnotes(cursor: Cursor, block: Block) -> None:
    """Pass the notes below; they have the names that were cut in the headings: ``estim…¹``."""
    text = ""
    while (line := cursor.peek()) is not None and re.match(r"^\s*#", line.text):
        text += " " + cursor.take().text.strip("# ")
    digits = str.maketrans("\N{SUPERSCRIPT ONE}\N{SUPERSCRIPT TWO}\N{SUPERSCRIPT THREE}⁴⁵⁶⁷⁸⁹", "123456789")
    full = dict(re.findall(r"(\d)([^\s,]+)", text.translate(digits))) if "abbreviated" in text else {}
    for at, number in enumerate(block.numbers):
        if found := re.search(r"…(\d)$", number.column.translate(digits)):
            name = full.get(found[1], number.column)
            id = number.id.removesuffix(slug(number.column)) + slug(name)
            block.numbers[at] = replace(number, id=id, column=name)


def _tibble_row(block: Block, line: Line, names: list[str], types: list[Cell]) -> None:
    """Read a row: text is cut where its column begins, numbers are taken from the end."""
    texts = [at for at, type_ in enumerate(types) if type_.text in _TEXT]
    line = replace(line, text=re.sub(r"(\de[-+]) (\d)(?!\S)", r"\1\2", line.text))  # pillar pads: 8.33e- 9
    words = line.text.split()[1:]
    cells = trailing(line.text)
    count = len(types) - (texts[-1] + 1 if texts else 0)
    in_front = bool(texts) and texts == list(range(len(texts))) and types[0].start > 1
    if in_front and 0 < count <= len(cells) and len(words) != len(names):
        words = [line.text[a.start : b.start].strip() for a, b in pairwise(types[: len(texts) + 1])]
        words[-1] = line.text[types[texts[-1]].start : cells[-count].start].strip()
        words += [cell.text for cell in cells[-count:]]
    if len(words) != len(names):
        block.unread.append((line.number, line.text))
        return
    keys = [words[at] for at in texts if words[at] != "<NA>"]
    start = 0 if keys else 1
    keys = keys or words[:1]
    prefix = ".".join(slug(key) for key in keys if key != "(Intercept)" or len(keys) == 1)
    if "condval" not in names:
        prefix = ".".join(map(slug, keys))
    for at, (name, word) in enumerate(zip(names, words, strict=True)):
        if at >= start and at not in texts and is_number(word):
            block.add(word, f"{prefix}.{slug(name)}", " ".join(keys), name, line.number)


@kind("base.table", begins=r"^\s*\S+(\s+\S+)*\s*$", turn=91)
def read_table(cursor: Cursor) -> Block | None:
    """Read a matrix with headings: coefficients, tests, a data frame, a table."""
    first, below = cursor.peek(), cursor.peek(1)
    if first is None or below is None or below.prose or below.code or trailing(first.text):
        return None
    columns, cells = headings(first.text), trailing(below.text)
    third = cursor.peek(2)
    alone = len(columns) == 1 and (third is None or third.blank or third.prose or third.code)
    if alone and re.match(r"^\s*1 +\S+$", below.text) and len(cells) == 2:
        return _one(cursor, first, below, cells[1])
    if len(matrices.known_headings(first.text)) > 1:
        return _tests(cursor)
    block = Block("base.print.data.frame", first.number, call=cursor.call())
    table = frames.read(cursor)
    prefix = ""
    if found := re.search(r"\b(ranef|coef)\([^$]*\)\$(\w+)", block.call):
        block.kind = "lme4.ranef" if found[1] == "ranef" else "stats.coef"
        prefix = f"{found[1]}.{slug(found[2])}."
    for row in table.rows if table else ():
        for column, (text, line) in row.cells.items():
            one = block.kind == "lme4.ranef" and len(row.cells) == 1
            block.add(text, f"{prefix}{slug(row.label)}.{'condval' if one else slug(column)}", row.label, column, line)
    return block if block.numbers else None


def _tests(cursor: Cursor) -> Block | None:
    """Read a table of coefficients or tests that has no title."""
    first = cursor.peek()
    assert first is not None
    block = Block("stats.printCoefmat", first.number, call=cursor.call())
    matrix = matrices.read(cursor, lambda line: begins_another(line, "base.table"), short=True)
    prefix = (
        "coef." if {"Estimate", "Value"} & set(matrix.headings) and not re.search(r"means|contest", block.call) else ""
    )
    add_rows(block, matrix, lambda label, column: f"{prefix}{slug(label)}.{quantity(column)}")
    return block if block.numbers else None


def _one(cursor: Cursor, first: Line, below: Line, cell: Cell) -> Block:
    """Read a data frame of one number."""
    cursor.at += 2
    block = Block("base.print.data.frame", first.number, call=cursor.call())
    block.add(cell.text, f"1.{slug(first.text)}", "1", first.text.strip(), below.number)
    return block
