"""A table of models as ``screenreg`` lays it out: columns aligned at the decimal point."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from .layout import Layout, PrintedCell

__all__ = ["to_text"]

GAP = "  "


def to_text(table: Layout) -> str:
    """Lay out a table in letters of one width."""
    upper, lower = table.upper(), table.lower()
    rows = [*upper, *lower]
    columns = [_aligned([_joined(row.cells[k]) for row in rows]) for k in range(len(table.names))]
    names, labels = [_one_line(name) for name in table.names], [_one_line(row.label) for row in rows]
    widths = [max(_width(name), *map(len, column)) for name, column in zip(names, columns, strict=True)]
    stub = max(map(_width, labels))
    total = stub + sum(len(GAP) + width for width in widths)
    head = " " * stub + "".join(GAP + _padded(n, w) for n, w in zip(names, widths, strict=True))
    body = [
        _padded(label, stub) + "".join(GAP + c[i].ljust(w) for c, w in zip(columns, widths, strict=True))
        for i, label in enumerate(labels)
    ]
    body.insert(len(upper), "-" * total)
    lines = ["=" * total, head, "-" * total, *body, "=" * total]
    legend = [table.legend("{} p < {}")] if table.bounds else []
    return "\n".join([*([table.caption] if table.caption else []), *lines, *legend, *table.remarks()])


def _joined(cell: PrintedCell) -> str:
    return " ".join(filter(None, cell))


def _aligned(cells: Sequence[str]) -> list[str]:
    """Pad cells to one width so that their (first) decimal points stand below each other."""
    lefts = [cell.find(".") if "." in cell else len(cell) for cell in cells]
    left = max(lefts)
    shifted = [" " * (left - k) + cell if cell else "" for k, cell in zip(lefts, cells, strict=True)]
    width = max(map(len, shifted))
    return [cell.ljust(width) for cell in shifted]


def _one_line(text: str) -> str:
    return " ".join(text.split()) if any(sign in text for sign in "\n\r\t\v\f") else text


def _width(text: str) -> int:
    """Columns of a screen that letters take: two those of East Asian scripts, none the marks on others."""
    return sum(0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF") for c in text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
