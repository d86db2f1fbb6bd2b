"""``VarCorr()`` of lme4's models."""

from __future__ import annotations

import re
from functools import partial
from itertools import pairwise

from replications.printouts import parts, random_effects
from replications.printouts.block import Block
from replications.printouts.cells import NUMBER, is_number
from replications.printouts.cursor import Cursor
from replications.printouts.kind import begins_another, kind
from replications.printouts.names import slug

_FRAME = re.compile(rf"^\s*\d+\s+(\S+)\s+(\S+)\s+(\S+)\s+({NUMBER})\s+({NUMBER})\s*$")


@kind("lme4.VarCorr", begins=r"^\s*Groups\s+Name\s+(Variance|Std\. ?Dev)", turn=34)
def read(cursor: Cursor) -> Block | None:
    """Read the table alone; below ``Random effects:`` it belongs to a summary."""
    first = cursor.peek()
    assert first is not None
    block = Block("lme4.VarCorr", first.number, call=cursor.call())
    part = parts.above(cursor)
    ends = partial(begins_another, own="lme4.VarCorr")
    parts.with_prefix(block, part, lambda into: random_effects.read(cursor, into, ends))
    behind = cursor.at
    if (line := cursor.skip_blank()) is not None and re.match(r"^\s*Number of obs", line.text) and not line.prose:
        random_effects.counts(cursor, block)
    else:
        cursor.at = behind
    return block if block.numbers else None


@kind("lme4.VarCorr", begins=r"^\s*grp\s+var1\s+var2\s+vcov\s+sdcor\s*$", turn=35)
def read_frame(cursor: Cursor) -> Block | None:
    """Read ``as.data.frame(VarCorr(m))``; a row of two effects has their covariance and correlation."""
    first = cursor.take()
    block = Block("lme4.VarCorr", first.number, call=cursor.call())
    ends = [found.end() for found in re.finditer(r"\S+", first.text)]
    while (line := cursor.peek()) is not None and (cells := _cells(line.text, ends)) and not line.prose:
        group, one, other, vcov, sdcor = cells
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


def _cells(text: str, ends: list[int]) -> list[str]:
    """Return the five cells of a row: by their places, which names with blanks need, or one word each."""
    if found := _FRAME.match(text):
        return list(found.groups())
    if len(text) != ends[-1] or any(text[end] != " " or text[end - 1] == " " for end in ends[:-1]):
        return []
    cells = [text[start:end].strip() for start, end in pairwise([0, *ends])]
    cells[0] = re.sub(r"^\d+\s+", "", cells[0])
    return cells if all(map(is_number, cells[3:])) else []
