"""The labels of a table's rows: the columns in front that name them, ``effect group term``, and have no results."""

from __future__ import annotations

from collections.abc import Sequence

from replications.printouts.grids import GridRow
from replications.printouts.model_tables.cells import parts
from replications.printouts.names import level_columns, quantity, slug

MISSING = ("NA", "<NA>")
_NAMES = {"effect", "component", "group", "term", "parameter", "contrast", "response", "var1", "var2", "grpvar"}
_LEVELS = {"group", "grp", "level", "y.level"}
"""Headings of columns whose labels may be numbers, as those of a factor's levels are."""
_RESULTS = {"estimate", "condval", "vcov", "sdcor"}
"""What the headings of results say, one of which stands in a table whose label columns are known by their names."""


def count(headings: Sequence[str], rows: Sequence[GridRow]) -> int:
    """Return how many columns in front name the rows: those of known names, and of text needed to tell rows apart.

    Examples
    --------
    >>> count(["grpvar", "term", "grp", "condval"], [GridRow(1, ("Subject", "(Intercept)", "308", "2.26"))])
    3
    """
    return max(_needed(rows), level_columns(headings), named(headings, rows))


def filled(rows: Sequence[GridRow]) -> list[GridRow]:
    """Return rows in which a label that stands only in the first of several rows stands in each, before their own."""
    found, label = list[GridRow](), ""
    for row in rows:
        label = row.cells[0] or label
        apart = not row.cells[0] and len(row.cells) > 2 and row.cells[1] and not _is_value(row.cells[1])
        found.append(GridRow(row.line, (label, *row.cells[1:])) if apart else row)
    return found


def joined(cells: Sequence[str]) -> tuple[str, str]:
    """Return the label that cells are together, and its id; what is missing is no part of either.

    Examples
    --------
    >>> joined(["fixed", "NA", "(Intercept)"]), joined(["NA"])
    (('fixed (Intercept)', 'fixed.intercept'), ('NA', 'NA'))
    """
    words = [cell for cell in cells if cell and cell not in MISSING] or list(cells[:1])
    return " ".join(words), ".".join(map(slug, words))


def named(headings: Sequence[str], rows: Sequence[GridRow]) -> int:
    """Return how many columns there are up to the last whose heading is one of labels, all before it of labels too."""
    if not _RESULTS & {quantity(heading) for heading in headings[1:]}:
        return 0
    last = 0
    for at, heading in enumerate(headings[:-1]):
        cells = [row.cells[at] for row in rows if at < len(row.cells) and row.cells[at] not in ("", *MISSING)]
        text, name = not any(map(_is_value, cells)), heading.casefold()
        if name in _LEVELS or (text and name in _NAMES):
            last = at + 1
        elif at and not (text and cells):
            break
    return last


def _needed(rows: Sequence[GridRow]) -> int:
    """Return how many cells name a row: the first, and those of text behind it that are needed to tell rows apart."""
    number = 1
    while len({row.cells[:number] for row in rows}) < len(rows):
        if any(len(row.cells) <= number + 1 or _is_value(row.cells[number]) for row in rows):
            return 1
        number += 1
    return number


def _is_value(cell: str) -> bool:
    """Tell whether a cell is a number; one that is missing may be of a column of words."""
    return cell not in MISSING and bool(parts(cell))
