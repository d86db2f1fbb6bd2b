"""Tables by sjPlot: ``tab_model``, and ``sjt.lmer`` before it."""

from __future__ import annotations

import re

from replications.printouts import grids
from replications.printouts.block import Block
from replications.printouts.cursor import Cursor
from replications.printouts.grids import GridRow
from replications.printouts.kind import kind
from replications.printouts.lines import Line
from replications.printouts.model_tables import fit_rows, table
from replications.printouts.model_tables.columns import is_of_estimates


@kind("sjPlot.tab_model", begins=r"", turn=71, table=True)
def read(cursor: Cursor) -> Block | None:
    """Read a table with columns of estimates, intervals and p values for each model; none of random effects alone."""
    first = cursor.peek()
    assert first is not None
    if [cell for cell in first.cells if cell] == ["Random Effects"]:
        return None
    return table.of_page(cursor, "sjPlot.tab_model", r"^Predictors$|^Random Effects$|^Random Parts$|^Fixed Parts$")


@kind("sjPlot.tab_model", begins=r"^\s*Predictors\s{2,}\S", turn=35)
def read_text(cursor: Cursor) -> Block | None:
    """Read a table that was copied as text, its columns set apart by blanks; the models may be named above."""
    line, above = cursor.peek(), cursor.peek(-1) if cursor.at else None
    assert line is not None
    block = Block("sjPlot.tab_model", line.number, call=cursor.call())
    grid, unread = grids.of_columns(cursor)
    first = [is_of_estimates(cell) for cell in grid[0].cells[1:]] if grid else []
    if grid and above is not None and not (above.blank or above.prose or above.code):
        grid.insert(0, _names(above, first))
    placed = [(row, _of_the_fit(row, first)) for row in grid]
    table.add(block, [row for _, row in placed if row is not None])
    block.unread += [(line.number, line.text) for line in unread]
    block.unread += [(row.line, "  ".join(filter(None, row.cells))) for row, found in placed if found is None]
    return block if block.numbers else None


def _names(above: Line, first: list[bool]) -> GridRow:
    """Return the row of the models' names, each above the first column of its model."""
    names = re.split(r"\s{2,}", above.text.strip())
    named = iter(names if len(names) == sum(first) else [""] * sum(first))
    return GridRow(above.number, ("", *(next(named) if begins else "" for begins in first)))


def _of_the_fit(row: GridRow, first: list[bool]) -> GridRow | None:
    """Return a row that tells of the fits with its numbers, where each model has one, in their first columns.

    None where it has fewer, and one of them not in such a column: its model is not known.
    """
    values = [cell for cell in row.cells[1:] if cell]
    if not values or not fit_rows.fit_ids(row.cells[0], single=False):
        return row
    if len(values) != sum(first):
        return row if all(begins or not cell for begins, cell in zip(first, row.cells[1:], strict=True)) else None
    placed = iter(values)
    return GridRow(row.line, (row.cells[0], *(next(placed) if begins else "" for begins in first)))
