"""What pander prints of a fit below its coefficients: counts, residual standard error and R² side by side."""

from __future__ import annotations

from replications.printouts import grids
from replications.printouts.block import Block
from replications.printouts.cursor import Cursor
from replications.printouts.kind import kind
from replications.printouts.model_tables import fit_rows


@kind("pander.pander", begins=r"", turn=70, table=True)
def read(cursor: Cursor) -> Block | None:
    """Read a table all of whose headings tell of the fit; the same in text is read with the tables of Pandoc."""
    first = cursor.peek()
    assert first is not None
    grid = grids.of_cells(cursor)
    if len(grid) < 2 or not fit_rows.are_of_the_fit(grid[0].cells):
        return None
    block = Block("pander.pander", first.number, call=cursor.call())
    for row in grid[1:]:
        fit_rows.add_fit(block, grid[0].cells, row)
    return block if block.numbers else None
