"""``VarCorr()`` of nlme's models, with one grouping factor or several."""

from __future__ import annotations

import re

from replications.printouts import deviations
from replications.printouts.block import Block
from replications.printouts.cursor import Cursor
from replications.printouts.kind import kind
from replications.printouts.names import slug

_HEAD = r"^\s*Variance\s+StdDev(\s+Corr)?\s*$"


@kind("nlme.VarCorr", begins=rf"^\s*[\w.]+ = pd\w+\(|{_HEAD}", turn=20)
def read(cursor: Cursor) -> Block | None:
    """Read the table; its parts are named by their grouping factors, which stand above it or within."""
    first = cursor.peek()
    assert first is not None
    block, group = Block("nlme.VarCorr", first.number, call=cursor.call()), ""
    if found := deviations.GROUP.match(first.text):
        group = slug(found[1])
        block.heads[f"structure {group}"] = found[2]
        cursor.take()
    head = cursor.peek()
    if head is None or not re.match(_HEAD, head.text):
        return None
    deviations.read(cursor, block, group, cursor.take())
    return block if block.numbers else None
