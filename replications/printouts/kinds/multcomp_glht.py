"""Simultaneous intervals of multcomp, ``confint(glht())``, whose cells stand below the beginnings of their headings."""

from __future__ import annotations

import re

from replications.printouts.block import Block
from replications.printouts.cells import NUMBER
from replications.printouts.cursor import Cursor
from replications.printouts.kind import kind
from replications.printouts.names import slug

_QUANTILE = re.compile(rf"^\s*Quantile = ({NUMBER})\s*$")
_LEVEL = re.compile(r"^\s*[\d.]+% (?:family-wise )?confidence level\s*$")
_HEAD = re.compile(r"^\s*Estimate\s+lwr\s+upr\s*$")
_ROW = re.compile(rf"^\s*(\S.*?\s(?:==|<=|>=)\s\S+)\s+({NUMBER})\s+({NUMBER})\s+({NUMBER})\s*$")
_CELLS = (("Estimate", "estimate"), ("lwr", "ci_low"), ("upr", "ci_high"))


@kind("multcomp.glht", begins=_QUANTILE.pattern, turn=19)
def read(cursor: Cursor) -> Block | None:
    """Read the quantile and the rows; ids are ``coef.hypothesis.quantity``, as those of its summary."""
    first = cursor.take()
    block, quantile = Block("multcomp.glht", first.number, call=cursor.call()), _QUANTILE.match(first.text)
    assert quantile is not None
    block.add(quantile[1], "quantile", "", "Quantile", first.number)
    while (line := cursor.skip_blank()) is not None and not (line.prose or line.code or _HEAD.match(line.text)):
        text = cursor.take().text.strip()
        if not (_LEVEL.match(text) or text == "Linear Hypotheses:"):
            return None
        block.heads.setdefault("level", text)
    if line is None or line.prose or line.code:
        return None
    cursor.take()
    while (line := cursor.peek()) is not None and not (line.blank or line.prose or line.code):
        found = _ROW.match(cursor.take().text)
        if found is None:
            block.unread.append((line.number, line.text))
            continue
        block.labels[line.number] = found[1]
        for (column, what), text in zip(_CELLS, found.groups()[1:], strict=True):
            block.add(text, f"coef.{slug(found[1])}.{what}", found[1], column, line.number)
    return block
