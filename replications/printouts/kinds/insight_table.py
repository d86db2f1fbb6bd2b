"""Tables of easystats with bars between their cells: ``model_parameters()``, ``test_performance()`` and the like."""

from __future__ import annotations

import re

from replications.printouts import model_tables
from replications.printouts.block import Block
from replications.printouts.cells import is_number
from replications.printouts.cursor import Cursor
from replications.printouts.kind import kind
from replications.printouts.names import quantity, slug

_IDS = {"Coefficient": "estimate", "Odds Ratio": "odds_ratio", "Std. Coef.": "std_estimate", "p": "p", "SE": "se"}


@kind("insight.print_table", begins=r"^\s*[A-Za-z][^|]*(\s\|\s+[^|]+)+$", turn=38)
def read(cursor: Cursor) -> Block | None:
    """Read the rows below headings and a rule; ids are ``row.quantity``, for an interval ``row.ci_low``."""
    head, rule = cursor.peek(), cursor.peek(1)
    if head is None or rule is None or not re.match(r"^\s*-{8,}\s*$", rule.text):
        return None
    block = Block("insight.print_table", head.number, call=cursor.call())
    names = [name.strip() for name in head.text.split("|")]
    cursor.at += 2
    while (line := cursor.peek()) is not None and "|" in line.text and not (line.prose or line.code):
        cells = [cell.strip() for cell in cursor.take().text.split("|")]
        found = [_cell(name, cell) for name, cell in zip(names[1:], cells[1:], strict=False)]
        if len(cells) != len(names) or any(parts is None for parts in found):
            block.unread.append((line.number, line.text))
            continue
        for name, parts in zip(names[1:], found, strict=True):
            for end, text in parts or ():
                block.add(text, f"{slug(cells[0])}.{end}", cells[0], name, line.number)
    return block if block.numbers or block.unread else None


def _cell(name: str, cell: str) -> list[tuple[str, str]] | None:
    """Return the numbers of a cell with the ends of their ids; None if it has some that are not understood."""
    if is_number(cell):
        return [(_IDS.get(name, quantity(re.sub(r"\(.*\)", "", name).strip())), cell)]
    parts = model_tables.parts(cell)
    if parts and parts[0][0] == "ci_low":
        return parts
    return None if re.search(r"\d", cell) and not re.match(r"[A-Za-z]", cell) else []
