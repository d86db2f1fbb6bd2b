"""``VarCorr()`` of lme4's models."""

from __future__ import annotations

import re

from replications.printouts import random_effects
from replications.printouts.block import Block
from replications.printouts.cells import NUMBER
from replications.printouts.cursor import Cursor
from replications.printouts.kind import begins_another, kind
from replications.printouts.names import slug

_FRAME = re.compile(rf"^\s*\d+\s+(\S+)\s+(\S+)\s+(\S+)\s+({NUMBER})\s+({NUMBER})\s*$")


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


@kind("lme4.VarCorr", begins=r"^\s*grp\s+var1\s+var2\s+vcov\s+sdcor\s*$", turn=41)
def read_frame(cursor: Cursor) -> Block | None:
    """Read ``as.data.frame(VarCorr(m))``; a row of two effects has their covariance and correlation."""
    first = cursor.take()
    block = Block("lme4.VarCorr", first.number, call=cursor.call())
    while (line := cursor.peek()) is not None and (found := _FRAME.match(line.text)) and not line.prose:
        group, one, other, vcov, sdcor = found.groups()
        names = [name for name in (one, other) if name != "<NA>"]
        prefix = ".".join(
            ["varcomp", slug(group).replace("Residual", "residual"), *["__".join(map(slug, names))] * bool(names)]
        )
        label = " ".join([group, *names])
        ids = ("cov", "corr") if len(names) > 1 else ("variance", "sd")
        for id, text, column in zip(ids, (vcov, sdcor), ("vcov", "sdcor"), strict=True):
            block.add(text, f"{prefix}.{id}", label, column, line.number)
        cursor.take()
    return block if block.numbers else None
