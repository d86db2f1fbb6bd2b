"""Formulas of a page, ``$$ … $$`` and LaTeX's environments of mathematics: their numbers are none that were printed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from replications.printouts.lines import Line

_BEGINS = re.compile(
    r"\\begin\{((?:[pbBvV]|small)?matrix|array|(?:equation|align|gather|multline|eqnarray|displaymath)\*?|"
    r"aligned|split|cases)\}"
)
_DOLLARS = "$$"
_LONGEST = 60
"""Lines of the longest formula that is looked for."""


def without_formulas(lines: Sequence[Line]) -> list[Line]:
    r"""Return lines in which those of formulas are prose; a formula that does not end is none.

    Examples
    --------
    >>> found = without_formulas([Line(1, "$$"), Line(2, ".1 & .2 \\\\", cells=(".1", ".2")), Line(3, "$$")])
    >>> [(line.prose, line.cells) for line in found]
    [(True, ()), (True, ()), (True, ())]
    """
    found, at = list(lines), 0
    while at < len(found):
        end = _end(lines, at)
        found[at:end] = [replace(line, prose=True, cells=()) for line in lines[at:end]]
        at = max(end, at + 1)
    return found


def _end(lines: Sequence[Line], at: int) -> int:
    """Return the line behind a formula that begins in a line; this line itself where none begins."""
    text = lines[at].text
    if lines[at].code or lines[at].output or ("$" not in text and "\\begin" not in text):
        return at
    begun = _BEGINS.search(text)
    if text.lstrip().startswith(_DOLLARS):
        close, first = _DOLLARS, text.lstrip()[len(_DOLLARS) :]
    elif begun:
        close, first = f"\\end{{{begun[1]}}}", text[begun.end() :]
    else:
        return at
    rest = (first, *(line.text for line in lines[at + 1 : at + _LONGEST]))
    return next((at + count for count, piece in enumerate(rest, start=1) if close in piece), at)
