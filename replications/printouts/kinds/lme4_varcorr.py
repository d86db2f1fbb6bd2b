"""``VarCorr()`` of lme4's models."""

from __future__ import annotations

import re

from replications.printouts import random_effects
from replications.printouts.block import Block
from replications.printouts.cursor import Cursor
from replications.printouts.kind import begins_another, kind


@kind("lme4.VarCorr", begins=r"^\s*Groups\s+Name\s+(Variance|Std\. ?Dev)", turn=40)
def read(cursor: Cursor) -> Block | None:
    """Read the table alone; below ``Random effects:`` it belongs to a summary."""
    first = cursor.peek()
    assert first is not None
    block = Block("lme4.VarCorr", first.number, call=cursor.call())
    random_effects.read(cursor, block, lambda line: begins_another(line, "lme4.VarCorr"))
    if (line := cursor.peek()) is not None and re.match(r"^\s*Number of obs", line.text) and not line.prose:
        random_effects.counts(cursor, block)
    return block if block.numbers else None
