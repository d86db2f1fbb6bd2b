"""A table as a whole: its rows and columns are told what they are, and each cell gives its numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from replications.printouts import grids
from replications.printouts.block import Block
from replications.printouts.cursor import Cursor
from replications.printouts.grids import GridRow
from replications.printouts.model_tables.brackets import beside_estimates, quantities, starred_models
from replications.printouts.model_tables.cells import parts_below
from replications.printouts.model_tables.columns import Column, columns_of, split
from replications.printouts.model_tables.fit_rows import clean, fit_ids, fit_values
from replications.printouts.model_tables.labels import LEVEL, goes_on, is_inner, is_of_brackets, labelled
from replications.printouts.names import slug

_UNTESTED = re.compile(r"(?:var|sd|cov|corr)\(")
"""Labels of Stata's variances, which have standard errors and no stars."""


@dataclass(frozen=True, slots=True)
class _Table:
    """What is known of a table: one model or several, mixed or not, which have stars, what stands in brackets where."""

    single: bool
    mixed: bool
    starred: set[str]
    bracketed: dict[int, str | None]


def add(block: Block, grid: Sequence[GridRow]) -> None:
    """Add the numbers of a grid to a block; with one model the ids are those of a summary."""
    grid = labelled(grid)
    head, rows = split(grid)
    columns = columns_of(head, max((len(row.cells) for row in grid), default=1) - 1)
    models = list(dict.fromkeys(column.model for column in columns))
    text = " ".join(row.cells[0] for row in rows)
    mixed = bool(re.search(r"Num\. groups|Var: |\N{GREEK SMALL LETTER TAU}|SD \(|tau_", text))
    beside = beside_estimates(rows, columns)
    starred = starred_models(rows, columns, beside)
    bracketed = quantities(beside, starred, block.call, " ".join(row.cells[0] for row in grid))
    about = _Table(len(models) == 1, mixed, starred, bracketed)
    term, below, fits = "", 0, False
    for at, row in enumerate(rows):
        below = below + is_of_brackets(row) if goes_on(row) else 0
        if not goes_on(row):
            term, fits = row.cells[0], not _is_term(rows, at, columns)
        for column, cell in zip(columns, row.cells[1:], strict=False):
            if re.search(r"\d", cell):
                _add_cell(block, row, term, column, cell, about, fits, below)


def _is_term(rows: Sequence[GridRow], at: int, columns: Sequence[Column]) -> bool:
    """Tell whether a row is of a term whatever its label: brackets stand below it, or models have several cells."""
    if at + 1 < len(rows) and is_inner(rows[at + 1]):
        return True
    filled = [column.model for column, cell in zip(columns, rows[at].cells[1:], strict=False) if cell]
    return len(filled) > len(set(filled))


def _add_cell(
    block: Block, row: GridRow, term: str, column: Column, cell: str, table: _Table, fits: bool, below: int
) -> None:
    """Add the numbers of a cell, which tell of the fit or belong to a term; what is not understood is not read."""
    ids = fit_ids(term, table.single) if fits else ()
    prefix = "" if table.single else f"{slug(column.model)}."
    found = fit_values(cell, ids) if ids else _of_term(term, column, cell, table, table.bracketed.get(below, "se"))
    label = column.model if ids else f"{column.model} {column.statistic}".strip()
    for id, text in found:
        block.add(text, prefix + id, term.replace(LEVEL, " "), label, row.line)
    if not found:
        block.unread.append((row.line, f"{term} {cell}"))


def _of_term(term: str, column: Column, cell: str, table: _Table, bracketed: str | None) -> list[tuple[str, str]]:
    """Return the numbers of a term's cell, each with its id; nothing if one is in brackets that may be anything."""
    found = parts_below(column.what, cell)
    if not found or (bracketed is None and any(name == "se" for name, _ in found)):
        return []
    tested = column.model in table.starred and not _UNTESTED.match(term)
    if found[0][0] == "estimate" and tested and not any(part[0] == "stars" for part in found):
        found.append(("stars", ""))
    name = ".".join(slug(re.sub(r"^(Constant|_cons)$", "(Intercept)", clean(part))) for part in term.split(LEVEL))
    kind = ("fixef." if table.mixed else "coef.") if table.single else ""
    return [(f"{kind}{name}.{bracketed if quantity == 'se' else quantity}", text) for quantity, text in found]


def of_page(cursor: Cursor, kind: str, signature: str) -> Block | None:
    """Read a table of a page if its labels or headings tell who made it.

    Parameters
    ----------
    cursor : Cursor
    kind : str
        The block's kind.
    signature : str
        Regular expression of a label or heading.
    """
    first = cursor.peek()
    assert first is not None
    grid, note = grids.without_notes(grids.of_cells(cursor))
    if not any(re.search(signature, cell) for row in grid for cell in row.cells):
        return None
    block = Block(kind, first.number, call=cursor.call(), heads={"note": note} if note else {})
    add(block, grid)
    return block if block.numbers else None


def of_text(cursor: Cursor, kind: str, signature: str) -> Block | None:
    """Read a table between rules of ``=`` if its labels tell who made it."""
    first = cursor.peek()
    assert first is not None
    grid, notes, unread = grids.of_ruled(cursor)
    if not any(re.search(signature, cell) for row in grid for cell in row.cells):
        return None
    block = Block(kind, first.number, call=cursor.call())
    add(block, grid)
    block.heads |= {"note": " ".join(note.text.strip() for note in notes)} if notes else {}
    block.unread += [(line.number, line.text) for line in unread]
    return block if block.numbers else None
