"""Pieces of rows, which damage put on lines of their own, laid over each other."""

from __future__ import annotations

import re
from collections.abc import Sequence

from replications.printouts.cells import is_number
from replications.printouts.lines import Line


def overlaid(lines: Sequence[Line]) -> list[Line]:
    """Lay pieces of rows over each other: a piece begins a new row where it would cover the one before.

    Examples
    --------
    >>> pieces = [Line(1, "        0.9326"), Line(2, "                0.9657"), Line(3, "cntry"), Line(4, "Residual")]
    >>> [line.text for line in overlaid(pieces)]
    ['cntry   0.9326  0.9657', 'Residual']
    """
    rows: list[Line] = []
    for line in lines:
        both = _laid(rows[-1].text, line.text) if rows else None
        if both is None:
            rows.append(line)
        else:
            rows[-1] = Line(max(rows[-1].number, line.number) if is_number(line.text.strip()) else line.number, both)
    return rows


def _laid(below: str, above: str) -> str | None:
    """Return one text over another; None if they touch."""
    width = max(len(below), len(above)) + 1
    low, high = below.ljust(width), above.ljust(width)
    spans = [found.span() for found in re.finditer(r"\S+", high)]
    if any(low[max(0, start - 1) : end + 1].strip() for start, end in spans):
        return None
    return "".join(b if b != " " else a for a, b in zip(low, high, strict=True)).rstrip()
