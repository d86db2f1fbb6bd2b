"""A table of models as a document for word processors (.docx), by the package python-docx."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...errors import FitError
from .layout import Layout, PrintedCell, PrintedRow

__all__ = ["write_docx"]

WIDE = 5
"""Models on an upright page; with more it lies on its side."""
MARGIN = 50
"""Of such a page, in points."""
MOST_POINTS, LEAST_POINTS, NOTE_POINTS = 10.0, 5.0, 8.0
"""Sizes of letters: as large as fits between the first two; of notes."""
LETTER = 0.55
"""Width of a digit, in sizes of letters, with some air: 0.5 in common fonts."""
CELL_MARGINS = 10.8
"""Points that Word leaves free beside the text of a cell."""
MOST_STUB = 0.3
"""Share of the page that the labels of rows may take; longer ones are broken."""
HAIR, THICK = 4, 12
"""Widths of rules, in eighths of a point."""
POWERS = {"R^2": "R", "Adj. R^2": "Adj. R"}
"""Statistics that texreg writes with a raised 2, before it."""


def write_docx(table: Layout, path: Path) -> None:
    """Write a document that has the table alone.

    Raises
    ------
    FitError
        When python-docx is not installed.
    """
    try:
        import docx
    except ImportError as error:
        raise FitError(
            "A .docx file needs the package python-docx: pip install python-docx (the extra `docx` of this one)."
        ) from error
    document: Any = docx.Document()
    if len(table.names) > WIDE:
        _lie_on_its_side(document.sections[0])
    if table.caption:
        _write(document.add_paragraph(), table.caption, MOST_POINTS, bold=True)
    _fill(document, table)
    legend = [table.legend("{} p < {}", "·")] if table.bounds else []
    for line in (*legend, *table.remarks()):
        _write(document.add_paragraph(), line, NOTE_POINTS)
    document.save(str(path))


def _lie_on_its_side(page: Any) -> None:
    from docx.shared import Pt

    page.orientation, page.page_width, page.page_height = 1, page.page_height, page.page_width
    page.left_margin = page.right_margin = Pt(MARGIN)


def _fill(document: Any, table: Layout) -> None:
    upper, lower = table.upper(), table.lower()
    page, rows = document.sections[0], [*upper, *lower]
    stub, column, points = _measures(rows, len(table.names), page.page_width - page.left_margin - page.right_margin)
    grid = document.add_table(rows=1 + len(rows), cols=1 + len(table.names))
    for k, width in enumerate([stub, *[column] * len(table.names)]):
        grid.columns[k].width = width
        for cell in grid.columns[k].cells:
            cell.width = width
    for cell, name in zip(grid.rows[0].cells[1:], table.names, strict=True):
        _write(cell.paragraphs[0], name, points, bold=True, right=True)
    for place, row in enumerate(rows, start=1):
        _fill_row(list(grid.rows[place].cells), row, points)
    rules = {0: {"top": THICK, "bottom": HAIR}, len(upper): {"bottom": HAIR}}
    rules.setdefault(len(rows), {})["bottom"] = THICK
    for place, sides in rules.items():
        for cell in grid.rows[place].cells:
            _ruled(cell, sides)
    _repeated(grid.rows[0])


def _measures(rows: Sequence[PrintedRow], models: int, width: int) -> tuple[int, int, float]:
    """Widths of the labels' column and of a model's, and the size of letters with which no number is broken."""
    from docx.shared import Pt

    labels = max(len(row.label) for row in rows)
    numbers = max(len(_number(cell)) + len(cell.stars) for row in rows for cell in row.cells)
    points = MOST_POINTS
    while True:
        stub = int(min(MOST_STUB * width, Pt(labels * LETTER * points + CELL_MARGINS)))
        column = (width - stub) // models
        if points <= LEAST_POINTS or column >= Pt(numbers * LETTER * points + CELL_MARGINS):
            return stub, column, points
        points -= 0.5


def _fill_row(cells: list[Any], row: PrintedRow, points: float) -> None:
    power = POWERS.get(row.label, "") if row.what == "statistic" else ""
    _write(cells[0].paragraphs[0], power or row.label, points)
    if power:
        _write(cells[0].paragraphs[0], "2", points).font.superscript = True
    for place, cell in zip(cells[1:], row.cells, strict=True):
        _write(place.paragraphs[0], _number(cell), points, right=True)
        if cell.stars:
            _write(place.paragraphs[0], cell.stars.replace(".", "·"), points, right=True).font.superscript = True


def _number(cell: PrintedCell) -> str:
    return " ".join(filter(None, cell[:2])).replace("-", "−")


def _write(paragraph: Any, text: str, points: float, *, bold: bool = False, right: bool = False) -> Any:
    """Add text to a paragraph that keeps no distance to others; signs that XML forbids are left out."""
    from docx.shared import Pt

    paragraph.paragraph_format.space_before = paragraph.paragraph_format.space_after = Pt(0)
    if right:
        paragraph.alignment = 2
    run = paragraph.add_run("".join(sign for sign in " ".join(text.split()) if sign.isprintable()))
    run.bold, run.font.size = bold, Pt(points)
    return run


def _ruled(cell: Any, sides: dict[str, int]) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    borders = OxmlElement("w:tcBorders")
    for side in ("top", "bottom"):  # in the order of the schema
        if side in sides:
            rule = OxmlElement(f"w:{side}")
            for name, value in {"val": "single", "sz": sides[side], "space": 0, "color": "auto"}.items():
                rule.set(qn(f"w:{name}"), str(value))
            borders.append(rule)
    cell._tc.get_or_add_tcPr().append(borders)


def _repeated(row: Any) -> None:
    """Let a row stand at the top of every page."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    head = OxmlElement("w:tblHeader")
    head.set(qn("w:val"), "true")
    row._tr.get_or_add_trPr().append(head)
