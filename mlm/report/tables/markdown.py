"""A table of models as Markdown: the tables with pipes that GitHub, Quarto, Pandoc and Jupyter read."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from .layout import Layout, PrintedCell

__all__ = ["to_markdown"]

# signs that mean something anywhere, and those that do at the start of a line
_ANYWHERE = re.compile(r"([\\`*_{}\[\]|~^$@])")
_FIRST = re.compile(r"^(?=[#+=:-])|(?<=^\d)(?=[.)])")


def to_markdown(table: Layout) -> str:
    """Write a table with pipes, its caption above and its notes below."""
    lines = [_line(["", *map(_escaped, table.names)]), "|" + "|".join([" :-- ", *[" --: "] * len(table.names)]) + "|"]
    for row in [*table.upper(), *table.lower()]:
        lines.append(_line([_escaped(row.label), *map(_cell, row.cells)]))
    legend = [_escaped(table.legend("{} p < {}", "·"))] if table.bounds else []
    notes = [*legend, *(_FIRST.sub(r"\\", _escaped(line)) for line in table.remarks())]
    caption = [f"**{_escaped(table.caption)}**", ""] if table.caption else []
    return "\n".join([*caption, *lines, *(["", "  \n".join(notes)] if notes else [])])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(cell: PrintedCell) -> str:
    text = _escaped(" ".join(filter(None, cell[:2])).replace("-", "−"))
    return text + _escaped(cell.stars.replace(".", "·"))


def _escaped(text: str) -> str:
    """Text in which no sign means anything to a reader of Markdown."""
    return _ANYWHERE.sub(r"\\\1", html.escape(" ".join(text.split()), quote=False))
