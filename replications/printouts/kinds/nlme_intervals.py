"""``intervals()`` of nlme: fixed effects, standard deviations and correlations of each level, the residual."""

from __future__ import annotations

import re

from replications.printouts import matrices
from replications.printouts.block import Block
from replications.printouts.cells import all_numbers
from replications.printouts.cursor import Cursor
from replications.printouts.kind import kind
from replications.printouts.names import quantity, slug


@kind("nlme.intervals", begins=r"^\s*Approximate \d+(\.\d+)?% confidence intervals", turn=9)
def read(cursor: Cursor) -> Block | None:
    """Read the tables of ``lower est. upper`` one after the other."""
    first = cursor.take()
    block = Block("nlme.intervals", first.number, call=cursor.call())
    prefix = ""
    while (line := cursor.skip_blank()) is not None and not line.prose and not line.code:
        text = line.text.strip()
        if found := re.match(
            r"(Fixed effects|Coefficients|Level|Within-group|Residual|Correlation|Variance|Random)", text
        ):
            level = re.match(r"Level:\s*(\S+)", text)
            prefix = (
                f"varcomp.{slug(level[1])}"
                if level
                else "fixef"
                if found[1] in ("Fixed effects", "Coefficients")
                else ""
            )
            prefix = "varcomp.residual.sd" if "standard error" in text else prefix
            cursor.take()
        elif not text.startswith("lower") or not _table(cursor, block, prefix):
            break
    return block if block.numbers else None


def _table(cursor: Cursor, block: Block, prefix: str) -> bool:
    head, below = cursor.peek(), cursor.peek(1)
    if head is None or below is None:
        return False
    columns = head.text.split()
    if cells := all_numbers(below.text):
        if len(cells) != len(columns):
            block.unread.append((below.number, below.text))
            columns, cells = [], []
        for column, cell in zip(columns, cells, strict=True):
            block.add(cell.text, f"{prefix}.{quantity(column)}", "", column, below.number)
        cursor.at += 2
        return True
    matrix = matrices.read(cursor, lambda line: line.text.lstrip().startswith(("Level:", "Within-group")))
    for row in matrix.rows:
        for column, (text, line) in row.cells.items():
            block.add(text, f"{_name(prefix, row.label)}.{quantity(column)}", row.label, column, line)
    block.unread += [(line.number, line.text) for line in matrix.unread]
    return bool(matrix.rows)


def _name(prefix: str, label: str) -> str:
    """Return the id of ``sd((Intercept))`` or ``cor((Intercept),x)``; of a coefficient its name."""
    if found := re.match(r"(sd|cor)\((.*)\)$", label):
        names = "__".join(slug(name) for name in found[2].split(","))
        return f"{prefix}.{names}.{'corr' if found[1] == 'cor' else 'sd'}"
    return ".".join(filter(None, (prefix, slug(label))))
