"""How a kind of block is written down: where it may begin, and what reads it there."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from replications.printouts.block import Block
from replications.printouts.cursor import Cursor
from replications.printouts.lines import Line

Reader = Callable[[Cursor], Block | None]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of block: its name, the first line it may have, its reader, and its turn among others (low first)."""

    name: str
    begins: re.Pattern[str]
    read: Reader
    turn: int
    table: bool


KINDS: list[Kind] = []
TITLED = 35
"""Up to this turn a kind has a title of its own, so that it ends whatever stands above."""
_PART_OF_A_LIST = r"^\s*\$(?:`[^`]+`|[\w.:]+)(?:\$[\w.:`]+)*\s*$"
"""``$school``, which ends whatever stands above as a title does."""


def kind(name: str, begins: str, *, turn: int = 50, table: bool = False) -> Callable[[Reader], Reader]:
    """Register a reader.

    Parameters
    ----------
    name : str
        Package and function that print such blocks.
    begins : str
        Regular expression of the first line.
    turn : int
        Readers of general layouts have a higher one and are asked last.
    table : bool
        Whether it reads rows of cells (of a web page, Markdown or LaTeX) and not lines of output.

    Notes
    -----
    A reader returns the block and leaves the cursor behind it, or None if it is none of its kind.
    """

    def register(reader: Reader) -> Reader:
        KINDS.append(Kind(name, re.compile(begins), reader, turn, table))
        KINDS.sort(key=lambda known: known.turn)
        _titles.cache_clear()
        return reader

    return register


def begins_another(line: Line, own: str) -> bool:
    """Tell whether a block of another kind that has a title of its own begins in a line."""
    return _titles(own).search(line.text) is not None


@cache
def _titles(own: str) -> re.Pattern[str]:
    """Return one pattern of the titles of all kinds but ``own``, which is what most lines are asked for."""
    titles = [known.begins.pattern for known in KINDS if known.turn <= TITLED and known.name != own]
    return re.compile("|".join(f"(?:{title})" for title in [*titles, _PART_OF_A_LIST]))


def has_title(line: Line) -> bool:
    """Tell whether a block that has a title of its own begins in a line."""
    return begins_another(line, "")
