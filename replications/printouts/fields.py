"""Numbers that are said with their names: ``AIC = 1652.5, DIC = 1602.5``."""

from __future__ import annotations

import re

from replications.printouts.block import Block
from replications.printouts.cells import NUMBER
from replications.printouts.cursor import Cursor
from replications.printouts.names import quantity

_FIELD = rf"(?P<name>[A-Za-z][\w.-]*(?: [A-Za-z][\w.-]*){{0,2}})\s*=\s*(?P<number>{NUMBER})"
_LINE = re.compile(rf"^\s*(?:{_FIELD.replace('?P<name>', '').replace('?P<number>', '')}\s*(?:[;,(]\s*|\)?\s*$))+$")
_IDS = {"n": "n_obs", "k": "n_coef", "residual sd": "rse", "R-Squared": "r2", "DIC": "dic"}


def take(cursor: Cursor, block: Block) -> bool:
    """Read a line that has nothing else into a block; tell whether it was one."""
    line = cursor.peek()
    if line is None or line.prose or line.code or not _LINE.match(line.text):
        return False
    for found in re.finditer(_FIELD, line.text):
        name = found["name"]
        block.add(found["number"], _IDS.get(name, quantity(name)), "", name, line.number)
    cursor.take()
    return True
