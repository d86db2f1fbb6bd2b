"""Tables of a page that no package is known for: a row of headings, a label in each row."""

from __future__ import annotations

from replications.printouts import grids, model_tables
from replications.printouts.block import Block
from replications.printouts.cells import is_number
from replications.printouts.cursor import Cursor
from replications.printouts.grids import GridRow
from replications.printouts.kind import kind
from replications.printouts.names import QUANTITIES, quantity, slug

_INTERCEPTS = {"(Intercept)", "Constant", "Intercept", "_cons"}


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
    """Tell whether a table has a column a model: rows tell of the fit, or of an intercept, and no heading of a cell."""
    if len(grid) < 4 or sum(cell in QUANTITIES for cell in grid[0].cells[1:]) > 1:
        return False
    labels = {model_tables.clean(row.cells[0]) for row in grid}
    return bool(labels & _INTERCEPTS) or sum(bool(model_tables.fit_ids(label, single=False)) for label in labels) > 1


def _add(block: Block, grid: list[GridRow]) -> None:
    """Add the numbers of a table; a row is named by its first cells, as many as tell the rows apart."""
    head, rows = grid[0].cells, grid[1:]
    count = _labels(rows)
    for row in rows:
        label = " ".join(filter(None, row.cells[:count]))
        name = ".".join(slug(cell) for cell in row.cells[:count] if cell)
        for column, cell in zip(head[count:], row.cells[count:], strict=False):
            parts = [("estimate", cell)] if is_number(cell) else model_tables.parts(cell)
            for what, text in parts:
                end = quantity(column) if what == "estimate" else f"{quantity(column)}_{what}"
                block.add(text, f"{name}.{end}", label, column, row.line)
            if not parts and cell[:1].isdigit():
                block.unread.append((row.line, cell))


def _labels(rows: list[GridRow]) -> int:
    """Return how many cells name a row: the first, and those of text behind it that are needed to tell rows apart."""
    count = 1
    while len({row.cells[:count] for row in rows}) < len(rows):
        if any(len(row.cells) <= count + 1 or model_tables.parts(row.cells[count]) for row in rows):
            return 1
        count += 1
    return count
