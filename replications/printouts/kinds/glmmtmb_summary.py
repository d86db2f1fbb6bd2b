"""``summary()`` of glmmTMB's models: the parts for the mean, for zeros and for the dispersion each with its name."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from replications.printouts import random_effects
from replications.printouts.block import Block
from replications.printouts.cells import NUMBER, trailing
from replications.printouts.coefficients import coefficients, formula
from replications.printouts.cursor import Cursor
from replications.printouts.headings import known_headings
from replications.printouts.kind import begins_another, kind
from replications.printouts.lines import Line
from replications.printouts.names import quantity, slug

_NAME = "glmmTMB.summary"
_HEAD = re.compile(r"^\s*(Family|Formula|Zero inflation|Dispersion|Data|Weights|Offset)\s*:\s*(.*)$")
_PART = re.compile(r"^\s*(Conditional|Zero-inflation|Dispersion) model:\s*$")
_PREFIX = {"Conditional": "", "Zero-inflation": "zi_", "Dispersion": "disp_"}
"""What stands before the ids of a part, ``zi_fixef.x.estimate``."""
_SIGMA = re.compile(rf"^\s*(Dispersion (?:parameter|estimate) for .* family \(.*?\))\s*:\s*({NUMBER})\s*$")
_STRUCTURE = re.compile(rf"\s({NUMBER})?\s*\((\w+)\)\s*$")
"""The structure of correlations behind a row of random effects, and the correlation it has."""
_LINES_AT_MOST = 40
"""Lines from the family on in which a part is named."""


@kind(_NAME, begins=r"^\s*Family:\s*\S", turn=12)
def read(cursor: Cursor) -> Block | None:
    """Read a summary from its family on; ids of zero inflation begin with ``zi_``, of dispersion with ``disp_``."""
    first = cursor.peek()
    assert first is not None
    ahead = [line for line in map(cursor.peek, range(_LINES_AT_MOST)) if line is not None]
    if not any(_PART.match(line.text) for line in ahead):
        return None
    block = Block(_NAME, first.number, call=cursor.call(), reml=False)
    part = ""
    while (line := cursor.skip_blank()) is not None and not line.prose and not line.code:
        if line.text.lstrip().startswith("Family:") and line is not first:
            break
        if (found := _PART.match(line.text)) or line.text.strip() == "Random effects:":
            part = _PREFIX[found[1]] if found else ""
            cursor.take()
        elif not _section(cursor, block, line, part):
            break
    return block if block.numbers else None


def _section(cursor: Cursor, block: Block, line: Line, part: str) -> bool:
    """Read what stands in a part, or above all; False if it is none of the summary."""
    at = cursor.at
    if found := _SIGMA.match(line.text):
        block.add(found[2], "dispersion", "", found[1], cursor.take().number)
    elif found := _HEAD.match(line.text):
        _head(cursor, block, found[1], found[2])
    elif re.match(r"^\s*AIC\s+BIC\s", line.text):
        _criteria(cursor, block, line)
    elif re.match(r"^\s*Groups\s+Name\s", line.text):
        _random(cursor, block, part)
    elif re.match(r"^\s*Number of obs", line.text):
        _with_prefix(block, part, lambda into: random_effects.counts(cursor, into))
    elif known_headings(line.text):
        coefficients(cursor, block, _ends, f"{part}fixef")
    return cursor.at > at


def _head(cursor: Cursor, block: Block, name: str, rest: str) -> None:
    cursor.take()
    text = formula(cursor, rest, _HEAD)
    if name == "Formula":
        block.formula = text
    elif name == "Data":
        block.data_name = text or None
    else:
        block.heads[name.lower()] = re.sub(r"\s+", " ", text)


def _criteria(cursor: Cursor, block: Block, line: Line) -> None:
    names, below = known_headings(line.text), cursor.peek(1)
    cells = trailing(below.text) if below is not None else []
    if below is not None and names and len(cells) == len(names):
        for name, cell in zip(names, cells, strict=True):
            block.add(cell.text, quantity(name.text), "", name.text, below.number)
        cursor.at += 2


def _random(cursor: Cursor, block: Block, part: str) -> None:
    """Read a table of random effects; a structure behind a row says of what kind its one correlation is."""
    found: list[tuple[Line, re.Match[str]]] = []
    lines = list(cursor.lines)
    for at in range(cursor.at + 1, len(lines)):
        if lines[at].blank or lines[at].prose or lines[at].code:
            break
        if structure := _STRUCTURE.search(lines[at].text):
            found.append((lines[at], structure))
            lines[at] = replace(lines[at], text=lines[at].text[: structure.start()])
    own = Cursor(lines, cursor.at)
    _with_prefix(block, part, lambda into: random_effects.read(own, into, _ends))
    cursor.at = own.at
    for line, structure in found:
        place = next((n for n in block.numbers if n.line == line.number), None)
        if place is None or structure[1] is None:
            block.unread += [(line.number, line.text)] if structure[1] else []
        else:
            id = f"{place.id.rpartition('.')[0]}.{slug(structure[2])}"
            block.add(structure[1], id, place.row, f"Corr ({structure[2]})", line.number)


def _with_prefix(block: Block, part: str, read: Callable[[Block], None]) -> None:
    """Read into a block with a prefix before each id; counts that stand again are not read again."""
    into = Block(block.kind, block.line)
    read(into)
    known = {(number.id, number.text) for number in block.numbers}
    for number in into.numbers:
        counted = number.id.startswith("n_")
        id = number.id if counted else part + number.id
        if not (counted and (id, number.text) in known):
            block.add(number.text, id, number.row, number.column, number.line)
    block.unread += into.unread


def _ends(line: Line) -> bool:
    return bool(
        _PART.match(line.text)
        or _SIGMA.match(line.text)
        or re.match(r"^\s*(Number of obs|Random effects:|Family:)", line.text)
        or begins_another(line, _NAME)
    )
