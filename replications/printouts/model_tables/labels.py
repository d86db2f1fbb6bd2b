"""What names a row: one column of labels, made of two or of rows above; columns of stars go to their numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from replications.printouts.grids import GridRow
from replications.printouts.model_tables.cells import has_no_estimate, is_bracketed, parts
from replications.printouts.model_tables.fit_rows import fit_ids

INTERCEPTS = {"(Intercept)", "Constant", "Intercept", "_cons"}
_EFFECTS = {"fixed", "random", "ran_pars"}
LEVEL = "\t"
"""What parts a term from its level, which stands in a column of its own."""


def labelled(grid: Sequence[GridRow]) -> list[GridRow]:
    """Return a grid whose first column is all that names its rows, and whose other columns have numbers."""
    return _levelled(_labelled(_grouped(_beside_stars(grid))))


def _beside_stars(grid: Sequence[GridRow]) -> list[GridRow]:
    """Return a grid without columns of stars alone, which are put behind the numbers before them."""
    width = max((len(row.cells) for row in grid), default=0)
    found = list(grid)
    for at in reversed(range(2, width)):
        cells = {row.cells[at] for row in grid if len(row.cells) > at}
        if any(cells) and all(re.fullmatch(r"\**", cell) for cell in cells):
            found = [GridRow(row.line, _joined(row.cells, at)) for row in found]
    return found


def _joined(cells: tuple[str, ...], at: int) -> tuple[str, ...]:
    """Return cells, one of them behind the one before it."""
    return (*cells[: at - 1], " ".join(cells[at - 1 : at + 1]).strip(), *cells[at + 1 :])


def _levelled(grid: Sequence[GridRow]) -> list[GridRow]:
    """Return a grid in which labels that are numbers have the factor in front that stands alone in a row above."""
    found, factor = list[GridRow](), ""
    for row in grid:
        label = row.cells[0]
        if label and not any(row.cells[1:]):
            factor = label
        elif label and not label.isdigit():
            factor = ""
        named = f"{factor}{LEVEL}{label}" if factor and label.isdigit() else label
        found.append(GridRow(row.line, (named, *row.cells[1:])))
    return found


def _grouped(grid: Sequence[GridRow]) -> list[GridRow]:
    """Return a grid whose terms stand in the second column, below groups in the first, with one column of labels.

    Fixed and random effects are told apart by their terms; another group is part of the label of its terms.
    """
    terms = [row.cells[1] for row in grid if len(row.cells) > 2]
    own = any(term in INTERCEPTS or fit_ids(term, single=False) for term in terms)
    groups = [row.cells[0] for row in grid if row.cells[0]]
    if (
        not own
        or len(terms) < len(grid)
        or any(parts(group) or group in INTERCEPTS or fit_ids(group, single=False) for group in groups)
    ):
        return list(grid)
    found, group = [grid[0].without(0)], ""
    for row in grid[1:]:
        group, term = row.cells[0] or group, row.cells[1]
        plain = not term or not group or group in _EFFECTS or fit_ids(term, single=False)
        label = term or row.cells[0] if plain else f"{group}{LEVEL}{term}"
        found.append(GridRow(row.line, (label, *row.cells[2:])))
    return found


def _labelled(grid: Sequence[GridRow]) -> list[GridRow]:
    """Return a grid whose second column, where it has levels of a response or groups, is part of the label.

    In such a column nothing has a decimal or brackets, and rows of brackets and of the fit have nothing.
    """
    rows = [row for row in grid if len(row.cells) > 2]
    inner = [row for row in rows if not row.cells[0] and is_of_brackets(row)]
    levels = [row.cells[1] for row in rows[1:] if row.cells[1]]
    fit = [row for row in rows if fit_ids(row.cells[0], single=False)]
    if not inner or not levels or any(row.cells[1] for row in [*inner, *fit]):
        return list(grid)
    if not rows[0].cells[1] and any(parts(level) for level in levels):
        return list(grid)
    if any(re.search(r"\d\.\d|\*|^[\[(]\s*[\d.-]", level) for level in levels) or len(rows) < len(grid):
        return list(grid)
    found, term = [grid[0].without(1)], ""
    for row in grid[1:]:
        term = row.cells[0] or term
        label = f"{term}{LEVEL}{row.cells[1]}" if row.cells[1] else row.cells[0]
        found.append(GridRow(row.line, (label, *row.cells[2:])))
    return found


def goes_on(row: GridRow) -> bool:
    """Tell whether a row goes on with the term above: standard errors or intervals alone, without a label of words."""
    return not row.cells[0] or (is_inner(row) and len(row.cells[0]) == 1)


def is_of_brackets(row: GridRow) -> bool:
    """Tell whether single numbers in brackets, and nothing else, stand in a row."""
    cells = [cell for cell in row.cells[1:] if cell]
    return bool(cells) and all(is_bracketed(cell) for cell in cells)


def is_inner(row: GridRow) -> bool:
    """Tell whether standard errors, intervals or p values, and nothing else, stand in the cells of a row."""
    cells = [cell for cell in row.cells[1:] if cell]
    return bool(cells) and all(has_no_estimate(cell) for cell in cells)
