"""The deviances of ``glm``, whose degrees of freedom stand in a column of their own behind them."""

from __future__ import annotations

import re
from dataclasses import replace

from replications.printouts.pieces.flow import Text
from replications.printouts.pieces.laid import Laid

_DEVIANCE = re.compile(r"^(?:Null|Residual) [dD]eviance: \S+$")
_ON = re.compile(r"^on (\d+)$")
_UNIT = "degrees of freedom"
_LINES_AT_MOST = 12
_TWO = 2


def read(lines: Text, at: int) -> Laid | None:
    """Put both columns together where each has two rows; None if no deviance begins here, or nothing is missing."""
    if not _DEVIANCE.match(lines[at].text):
        return None
    near = range(at, min(at + _LINES_AT_MOST, len(lines)))
    both = [i for i in near if _DEVIANCE.match(lines[i].text)]
    on = [i for i in near if _ON.match(lines[i].text)]
    units = [i for i in near if lines[i].text and not lines[i].text.replace(_UNIT, "").strip()]
    if not on or both != [at, at + 1]:
        return None
    end = max([*on, *units]) + 1
    if len(on) != _TWO or sum(lines[i].text.count(_UNIT) for i in units) != _TWO or min(on) < at + _TWO:
        return Laid(end)
    laid = [replace(lines[i], text=f"{lines[i].text} {lines[j].text} {_UNIT}") for i, j in zip(both, on, strict=True)]
    pieces = {
        lines[i].number: [(lines[i].text.split()[-1], lines[i].number), (lines[j].text[3:], lines[j].number)]
        for i, j in zip(both, on, strict=True)
    }
    rest = [lines[i] for i in range(at + _TWO, end) if i not in (*on, *units)]
    return Laid(end, [*laid, *rest], pieces)
