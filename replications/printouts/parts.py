"""The parts of a glmmTMB model: what it says of the mean, of zeros and of the dispersion has ids of its own."""

from __future__ import annotations

import re
from collections.abc import Callable

from replications.printouts.block import Block
from replications.printouts.cursor import Cursor

PART = re.compile(r"^\s*(Conditional|Zero-inflation|Dispersion) model:\s*$")
PREFIX = {"Conditional": "", "Zero-inflation": "zi_", "Dispersion": "disp_"}
"""What stands before the ids of a part, ``zi_fixef.x.estimate``."""


def above(cursor: Cursor) -> str:
    """Return the prefix of the part whose name is the last line above the place where a cursor began."""
    before = (line for line in reversed(cursor.lines[: cursor.first]) if not line.blank)
    line = next(before, None)
    found = PART.match(line.text) if line is not None and not line.code else None
    return PREFIX[found[1]] if found else ""


def with_prefix(block: Block, part: str, read: Callable[[Block], None]) -> None:
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
