"""Tables by sjPlot: ``tab_model``, and ``sjt.lmer`` before it."""

from __future__ import annotations

import re

from replications.printouts import grids, model_tables
from replications.printouts.block import Block
from replications.printouts.cursor import Cursor
from replications.printouts.grids import GridRow
from replications.printouts.kind import kind
from replications.printouts.lines import Line


@kind("sjPlot.tab_model", begins=r"", turn=71, table=True)
def read(cursor: Cursor) -> Block | None:
    """Read a table with columns of estimates, intervals and p values for each model."""
    return model_tables.of_page(
        cursor, "sjPlot.tab_model", r"^Predictors$|^Random Effects$|^Random Parts$|^Fixed Parts$"
    )


@kind("sjPlot.tab_model", begins=r"^\s*Predictors\s{2,}\S", turn=35)
def read_text(cursor: Cursor) -> Block | None:
    """Read a table that was copied as text, its columns set apart by blanks; the models may be named above."""
    first, above = cursor.peek(), cursor.peek(-1) if cursor.at else None
    assert first is not None
    block = Block("sjPlot.tab_model", first.number, call=cursor.call())
    grid, unread = grids.of_columns(cursor)
    if grid and above is not None and not (above.blank or above.prose or above.code):
        grid.insert(0, _names(above, grid[0]))
    model_tables.add(block, grid)
    block.unread += [(line.number, line.text) for line in unread]
    return block if block.numbers else None


def _names(above: Line, heads: GridRow) -> GridRow:
    """Return the row of the models' names, each above the first column of its model."""
    names = re.split(r"\s{2,}", above.text.strip())
    first = [model_tables.is_of_estimates(cell) for cell in heads.cells[1:]]
    named = iter(names if len(names) == sum(first) else [""] * sum(first))
    return GridRow(above.number, ("", *(next(named) if begins else "" for begins in first)))
