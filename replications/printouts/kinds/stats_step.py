"""The trace of ``step()`` and MASS's ``stepAIC()``: AIC and formula of each model, and what its neighbours have."""

from __future__ import annotations

import re

from replications.printouts import matrices
from replications.printouts.block import Block
from replications.printouts.cells import NUMBER
from replications.printouts.coefficients import add_rows, formula
from replications.printouts.cursor import Cursor
from replications.printouts.headings import known_headings
from replications.printouts.kind import begins_another, kind
from replications.printouts.names import quantity, slug

_BEGINS = rf"^\s*(Start|Step):\s+(AIC|BIC)\s*=\s*({NUMBER})\s*$"
_HEADINGS = re.compile(r"^\s+Df\s")


@kind("stats.step", begins=_BEGINS, turn=20)
def read(cursor: Cursor) -> Block | None:
    """Read one step; ids are ``aic`` and ``term.quantity``, ``none`` for the model as it is."""
    first = cursor.take()
    found = re.match(_BEGINS, first.text)
    assert found is not None
    block = Block("stats.step", first.number, call=cursor.call(), heads={"step": found[1]})
    block.add(found[3], found[2].lower(), "", found[2], first.number)
    cursor.skip_blank()
    if text := formula(cursor, "", _HEADINGS):
        block.formula = text
    behind = cursor.at
    if (line := cursor.skip_blank()) is None or not known_headings(line.text):
        cursor.at = behind
        return block
    matrix = matrices.read(cursor, lambda line: begins_another(line, ""), short=True)
    add_rows(block, matrix, lambda label, column: f"{slug(label.lstrip('-+ ').strip('<>'))}.{quantity(column)}")
    return block
