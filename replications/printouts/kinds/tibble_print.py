"""Tibbles: names above types, text at the left of its column, numbers at the right."""

from __future__ import annotations

import re
from dataclasses import replace

from replications.printouts.block import Block
from replications.printouts.cells import Cell, is_number, trailing
from replications.printouts.cursor import Cursor
from replications.printouts.kind import has_title, kind
from replications.printouts.lines import Line
from replications.printouts.names import LETTERS, slug
from replications.printouts.rows import swallows

_TEXT = ("chr", "fct", "ord", "lgl", "date", "dttm", "list")
_TYPE = r"<(?P<type>\w+)(?:\s?\[[\w, ×]+\])?>"
_TYPES = re.compile(rf"^\s*(?:{_TYPE.replace('?P<type>', '')}\s*)+$")
_PADDED = re.compile(r"(-?[\d.]+e[-+])( +)(?=\d+(?:\s|$))")
"""An exponent that pillar pads: ``8.33e- 9``."""
_MISSING = ("NA", "<NA>", "NULL")
_DIGITS = str.maketrans("\N{SUPERSCRIPT ONE}\N{SUPERSCRIPT TWO}\N{SUPERSCRIPT THREE}⁴⁵⁶⁷⁸⁹", "123456789")


@kind("tibble.print", begins=r"^\s*# A (tibble|data frame|tsibble|rowwise|grouped)\b|^\s*# Source:", turn=20)
def read(cursor: Cursor) -> Block | None:
    """Read a tibble; its rows are named by their text, and where there is none by their whole first column."""
    first = cursor.take()
    block = Block("tibble.print", first.number, call=cursor.call())
    while (line := cursor.peek()) is not None and re.match(r"^\s*# \w+:", line.text):
        cursor.take()
    head, types = cursor.peek(), cursor.peek(1)
    if head is None or types is None or not _TYPES.match(types.text):
        return None
    cursor.at += 2
    kinds = [Cell(found["type"], found.start(), found.end()) for found in re.finditer(_TYPE, types.text)]
    names = _names(head.text, kinds)
    first_row = cursor.at
    count = 0
    while (line := cursor.peek()) is not None and _is_row(line, count):
        count += 1
        _row(block, cursor.take(), names, kinds)
    if first_row < cursor.at:
        _footnotes(cursor, block)
    return block if block.numbers or block.unread else None


def _is_row(line: Line, count: int) -> bool:
    """Tell whether a line is the next row behind ``count`` others: they are numbered, or have a star each."""
    found = re.match(r"^\s*(\d+|\*)\s", line.text)
    return found is not None and not line.prose and (found[1] == "*" or int(found[1]) == count + 1)


def _names(text: str, types: list[Cell]) -> list[str]:
    """Return the names above the types; one may have blanks, between backticks or where its type says so."""
    words = re.findall(r"`[^`]*`\S?|\S+", text)
    if len(words) == len(types):
        return words
    cut = _cut(text, types, len(words[-1]) if words else 0)
    return cut if cut and all(cut) else []


def _footnotes(cursor: Cursor, block: Block) -> None:
    """Pass the notes below; they have the names that were cut in the headings: ``estim…¹``."""
    text = ""
    while (line := cursor.peek()) is not None and re.match(r"^\s*#", line.text) and not has_title(line):
        text += " " + cursor.take().text.strip("# ")
    full = dict(re.findall(r"(\d)(`[^`]+`|[^\s,]+)", text.translate(_DIGITS))) if "abbreviated" in text else {}
    for at, number in enumerate(block.numbers):
        if found := re.search(r"…(\d)$", number.column.translate(_DIGITS)):
            name = full.get(found[1], number.column)
            id = number.id.removesuffix(slug(number.column)) + slug(name)
            block.numbers[at] = replace(number, id=id, column=name)


def _is_text(type_: Cell) -> bool:
    return type_.text in _TEXT


def _cut(text: str, types: list[Cell], width: int) -> list[str] | None:
    """Return the cells of a line: numbers end where their type does, text begins there; None if one stands across."""
    cells, start = [], width
    for at, type_ in enumerate(types):
        following = types[at + 1] if at + 1 < len(types) else None
        if not _is_text(type_):
            end = type_.end
        elif following is not None and not _is_text(following):
            found = re.search(r"\S+ *$", text[type_.start : following.end])
            end = type_.start + found.start() if found else following.end
        else:
            end = following.start if following is not None else max(len(text), type_.start)
        if text[end - 1 : end].strip() and text[end : end + 1].strip():
            return None
        if _is_text(type_) and text[start : type_.start].strip():
            return None
        cells.append(text[start:end].strip())
        start = end
    return None if text[start:].strip() else cells


def _words(text: str, names: list[str], types: list[Cell]) -> list[str] | None:
    """Return the cells of a row that is not aligned: a word each, or all text in front and cut by its place."""
    words = text.split()[1:]
    if len(words) == len(names):
        return words
    texts = [at for at, type_ in enumerate(types) if _is_text(type_)]
    count = len(types) - (texts[-1] + 1 if texts else 0)
    cells = trailing(text)
    if texts != [0] or not 0 < count <= len(cells):
        return None
    label = text[: cells[-count].start].split(maxsplit=1)
    return [label[1].strip(), *(cell.text for cell in cells[-count:])] if len(label) > 1 else None


def _row(block: Block, line: Line, names: list[str], types: list[Cell]) -> None:
    text = _PADDED.sub(r"\2\1", line.text)
    found = re.match(r"^\s*(\d+|\*)\s", text)
    index = found[1] if found else ""
    words = _cut(text, types, len(found[0]) - 1 if found else 0)
    if words is None or not _fits(words, types):
        words = _words(text, names, types)
    if not names or words is None or not _fits(words, types):
        block.unread.append((line.number, line.text))
        return
    texts = [at for at, type_ in enumerate(types) if _is_text(type_)]
    keys = [
        words[at]
        for at in texts
        if names[at] != LETTERS and words[at] not in _MISSING and types[at].text not in ("lgl", "list")
    ]
    named = [key for key in keys if key != "(Intercept)" or len(keys) == 1 or "condval" not in names]
    if not keys:
        named = [words[0]] if re.fullmatch(r"\d+", words[0]) else [index]
    prefix = ".".join(map(slug, named))
    block.labels[line.number] = " ".join(keys)
    for at, (name, word) in enumerate(zip(names, words, strict=True)):
        if name == LETTERS:
            block.add(word.strip('" '), f"{prefix}.group", " ".join(keys) or index, name, line.number)
        elif at not in texts and is_number(word):
            block.add(word, f"{prefix}.{slug(name)}", " ".join(keys) or index, name, line.number)


def _fits(words: list[str], types: list[Cell]) -> bool:
    """Tell whether each cell is what its type says, and no text ends in a number set apart."""
    return len(words) == len(types) and all(
        not swallows(word, gap=True) if _is_text(type_) else is_number(word) or word in _MISSING
        for word, type_ in zip(words, types, strict=True)
    )
