"""Named vectors: ``fixef()``, ``coef()``, ``quantile()``, ``summary()`` of a column, and the like."""

from __future__ import annotations

import re

from replications.printouts.block import Block
from replications.printouts.cells import all_numbers, is_number
from replications.printouts.coefficients import named_vector
from replications.printouts.cursor import Cursor
from replications.printouts.kind import begins_another, kind
from replications.printouts.names import slug

_KINDS = {"fixef": "lme4.fixef", "coef": "stats.coef", "ngrps": "lme4.ngrps", "quantile": "stats.quantile"}


@kind("base.print.vector", begins=r"^\s*[^\s#].*$", turn=92)
def read(cursor: Cursor) -> Block | None:
    """Read lines of names above lines of values; ids are the names, below ``fixef`` those of a summary."""
    first, below = cursor.peek(), cursor.peek(1)
    if first is None or below is None or below.prose or not all_numbers(below.text):
        return None
    call = cursor.call()
    called = re.match(r"(?:round\(|\w+ <- )*(?:\w+::)?(fixef|coef|ngrps|quantile)\(", call)
    block = Block(_KINDS[called[1]] if called else "base.print.vector", first.number, call=call)
    pairs = named_vector(cursor, lambda line: begins_another(line, "base.print.vector"))
    counted = re.search(r"\b(table|[ts]apply|ngrps|aggregate)\(", call)
    if not counted and any(is_number(name) and not name.endswith("%") for name, _, _ in pairs):
        return None
    if not call and any(name == "(Intercept)" for name, _, _ in pairs):
        block.kind = "lme4.fixef"
    for name, text, number in pairs:
        id = {"lme4.fixef": f"fixef.{slug(name)}.estimate", "stats.coef": f"coef.{slug(name)}.estimate"}
        id["lme4.ngrps"] = f"n_groups.{slug(name)}"
        block.add(text, id.get(block.kind, slug(name)), name, "", number)
    return block if block.numbers else None
