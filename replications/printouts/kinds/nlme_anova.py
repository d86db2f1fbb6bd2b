"""``anova()`` of several models of nlme: degrees of freedom, criteria, likelihood ratios."""

from __future__ import annotations

import re

from replications.printouts.block import Block
from replications.printouts.cells import NUMBER
from replications.printouts.cursor import Cursor
from replications.printouts.kind import kind
from replications.printouts.names import slug

_N = rf"\s+({NUMBER})"
_ROW = re.compile(rf"^\s*(\S.*?)\s+(\d+){_N}{_N}{_N}{_N}(?:\s+\d+ vs \d+{_N}{_N})?\s*$")
_COLUMNS = (
    ("df", "npar"),
    ("AIC", "aic"),
    ("BIC", "bic"),
    ("logLik", "loglik"),
    ("L.Ratio", "chisq"),
    ("p-value", "p"),
)


@kind("nlme.anova", begins=r"^\s*Model\s+df\s+AIC\s+BIC\s+logLik(\s+Test\s+L\.Ratio\s+p-value)?\s*$", turn=34)
def read(cursor: Cursor) -> Block | None:
    """Read a row a model; the number R gives to each model is no number of the comparison."""
    first = cursor.take()
    block = Block("nlme.anova", first.number, call=cursor.call())
    while (line := cursor.peek()) is not None and not line.prose and (found := _ROW.match(line.text)):
        for (column, id), text in zip(_COLUMNS, found.groups()[2:], strict=True):
            if text:
                block.add(text, f"{slug(found[1])}.{id}", found[1], column, line.number)
        cursor.take()
    return block if block.numbers else None
