"""``summary()`` of glmmTMB's models: the parts for the mean, for zeros and for the dispersion each with its name."""

from __future__ import annotations

import re
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
from replications.printouts.parts import PART, PREFIX, with_prefix

_NAME = "glmmTMB.summary"
_HEAD = re.compile(r"^\s*(Family|Formula|Zero inflation|Dispersion|Data|Weights|Offset)\s*:\s*(.*)$")
_SIGMA = re.compile(rf"^\s*(Dispersion (?:parameter|estimate) for .* family \(.*?\))\s*:\s*({NUMBER})\s*$")
_STRUCTURE = re.compile(rf"\s({NUMBER})?\s*\((\w+)\)\s*$")
"""The structure of correlations behind a row of random effects, and the correlation it has."""
_GROUPS = re.compile(r"^\s*Groups\s+Name\s")
_RANDOM = "Random effects:"
_CRITERIA = "criteria"
_LINES_AT_MOST = 40
"""Lines from the family on in which a part is named."""


@kind(_NAME, begins=rf"^\s*Family:\s*\S|^\s*Random effects:\s*$|{PART.pattern}", turn=8)
def read(cursor: Cursor) -> Block | None:
    """Read a summary from its family on; ids of zero inflation begin with ``zi_``, of dispersion with ``disp_``.

    Of a summary whose first part was not copied, it is read from the random effects on, or from a part with its name.
    """
    first = cursor.peek()
    assert first is not None
    if not _is_summary(cursor, first):
        return None
    block = Block(_NAME, first.number, call=cursor.call(), reml=False)
    seen: list[tuple[int, str]] = []
    while (line := cursor.skip_blank()) is not None and not line.prose and not line.code:
        section = _section(cursor, line)
        if section is None or section in seen or (seen and section[0] < seen[-1][0]):
            break
        at = cursor.at
        _read(cursor, block, line, section)
        if cursor.at == at:
            break
        seen.append(section)
    return block if block.numbers else None


def _is_summary(cursor: Cursor, first: Line) -> bool:
    """Tell whether what begins in a line is of such a summary: a part is named, with a table where it is the first."""
    ahead = [line for line in map(cursor.peek, range(_LINES_AT_MOST)) if line is not None]
    below = [line for line in ahead[1:] if not line.blank]
    if PART.match(first.text):
        return bool(below) and _is_coefficients(below[0])
    if first.text.strip() == _RANDOM:
        return bool(below) and PART.match(below[0].text) is not None
    return any(PART.match(line.text) for line in ahead)


def _is_coefficients(line: Line) -> bool:
    return "Estimate" in [cell.text for cell in known_headings(line.text)]


def _section(cursor: Cursor, line: Line) -> tuple[int, str] | None:
    """Return the place of a section in the summary and its name; None for what is none of it.

    Each stands once, and none behind a later one, so that a table below the last part is not its own.
    """
    if found := _HEAD.match(line.text):
        return 0, found[1]
    if re.match(r"^\s*AIC\s+BIC\s", line.text):
        return 0, _CRITERIA
    if line.text.strip() == _RANDOM:
        return 1, _RANDOM
    if _SIGMA.match(line.text):
        return 2, "dispersion"
    if found := PART.match(line.text):
        below = next((one for one in map(cursor.peek, range(1, 4)) if one is not None and not one.blank), None)
        return (1 if below is not None and _GROUPS.match(below.text) else 3), found[1]
    return None


def _read(cursor: Cursor, block: Block, line: Line, section: tuple[int, str]) -> None:
    """Read a section; a part with the table below its name."""
    place, name = section
    if (found := _HEAD.match(line.text)) and not place:
        _head(cursor, block, found[1], found[2])
    elif name == _CRITERIA:
        _criteria(cursor, block, line)
    elif (found := _SIGMA.match(line.text)) is not None:
        block.add(found[2], "dispersion", "", found[1], cursor.take().number)
    else:
        cursor.take()
        below = cursor.skip_blank()
        if name == _RANDOM or below is None or below.prose or below.code:
            return
        if place == 1:
            _random(cursor, block, PREFIX[name])
            _counts(cursor, block, PREFIX[name])
        elif known_headings(below.text):
            coefficients(cursor, block, _ends, f"{PREFIX[name]}fixef")


def _counts(cursor: Cursor, block: Block, part: str) -> None:
    line = cursor.skip_blank()
    if line is not None and not line.prose and not line.code and re.match(r"^\s*Number of obs", line.text):
        with_prefix(block, part, lambda into: random_effects.counts(cursor, into))


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
    with_prefix(block, part, lambda into: random_effects.read(own, into, _ends))
    cursor.at = own.at
    for line, structure in found:
        place = next((n for n in block.numbers if n.line == line.number), None)
        if place is None or structure[1] is None:
            block.unread += [(line.number, line.text)] if structure[1] else []
        else:
            id = f"{place.id.rpartition('.')[0]}.{slug(structure[2])}"
            block.add(structure[1], id, place.row, f"Corr ({structure[2]})", line.number)


def _ends(line: Line) -> bool:
    return bool(
        PART.match(line.text)
        or _SIGMA.match(line.text)
        or re.match(r"^\s*(Number of obs|Random effects:|Family:)", line.text)
        or begins_another(line, _NAME)
    )
