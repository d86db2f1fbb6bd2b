"""Tables of a page that no package is known for: a row of headings, a label in each row."""

from __future__ import annotations

from replications.printouts import grids, model_tables
from replications.printouts.block import Block
from replications.printouts.cells import is_number
from replications.printouts.cursor import Cursor
from replications.printouts.grids import GridRow
from replications.printouts.kind import kind
from replications.printouts.names import QUANTITIES, quantity, slug


@kind("page.table", begins=r"", turn=90, table=True)
def read(cursor: Cursor) -> Block | None:
    """Read a table of numbers below headings; a table of models is read as such."""
    first = cursor.peek()
    assert first is not None
    grid = grids.of_cells(cursor)
    block = Block("page.table", first.number, call=cursor.call())
    if _is_of_models(grid):
        model_tables.add(block, grid)
    elif len(grid) > 1:
        _add(block, grid)
    return block if block.numbers else None


def _is_of_models(grid: list[GridRow]) -> bool:
    labels = {model_tables.clean(row.cells[0]) for row in grid}
    return bool(labels & {"(Intercept)", "Constant", "Intercept", "_cons"}) or (
        sum(bool(model_tables.fit_ids(row.cells[0], single=False)) for row in grid) > 1 and len(grid) > 3
    )


def _add(block: Block, grid: list[GridRow]) -> None:
    head, rows = grid[0].cells, grid[1:]
    for row in rows:
        label = row.cells[0]
        for column, cell in zip(head[1:], row.cells[1:], strict=False):
            parts = model_tables.parts(cell) if not is_number(cell) else [("estimate", cell)]
            name = QUANTITIES.get(column) or quantity(column)
            if parts and (len(parts) == 1 or parts[0][0] == "estimate"):
                block.add(parts[0][1], f"{slug(label)}.{name}", label, column, row.line)
            elif cell and cell[:1].isdigit():
                block.unread.append((row.line, cell))
