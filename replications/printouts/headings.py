"""Headings of R's tables: which words of a line belong together, ``Std. Error`` and ``Pr(>|t|)``."""

from __future__ import annotations

import re

from replications.printouts.cells import Cell
from replications.printouts.names import QUANTITIES

_KNOWN = "|".join(re.escape(name).replace(r"\ ", r"\s") for name in sorted(QUANTITIES, key=len, reverse=True))
_PERCENT = r"\d+(?:\.\d+)?\s?%"
_HEADING = re.compile(rf"(?:{_KNOWN}|{_PERCENT})(?=\s|$)|\S+")
_KNOWN_HEADING = re.compile(rf"(?:{_KNOWN}|{_PERCENT})")


def headings(text: str) -> list[Cell]:
    """Return the headings of a line, those that have blanks within in one piece.

    Examples
    --------
    >>> [cell.text for cell in headings("            Estimate Std. Error t value")]
    ['Estimate', 'Std. Error', 't value']
    """
    return [Cell(found[0], found.start(), found.end()) for found in _HEADING.finditer(text)]


def known_headings(text: str) -> list[Cell]:
    """Return the headings of a line that has only known ones, else nothing."""
    cells = headings(text)
    return cells if all(_KNOWN_HEADING.fullmatch(cell.text) for cell in cells) else []
