"""Tables of easystats with bars between their cells: ``model_parameters()``, ``test_performance()`` and the like."""

from __future__ import annotations

import re

from replications.printouts import row_labels
from replications.printouts.block import Block
from replications.printouts.cells import is_number
from replications.printouts.cursor import Cursor
from replications.printouts.grids import GridRow
from replications.printouts.kind import kind
from replications.printouts.lines import Line
from replications.printouts.model_tables.cells import has_number, parts
from replications.printouts.names import quantity, slug

_IDS = {"Coefficient": "estimate", "Odds Ratio": "odds_ratio", "Std. Coef.": "std_estimate", "p": "p", "SE": "se"}

_LEVEL = re.compile(r"^\s*(?:#\s+)?([\w.]+)(?: = |: )(\S.*?)\s*$")
_LEVELS_AT_MOST = 3
"""Lines of levels above a table: ggeffects takes three predictors beside that of the rows."""
_AT = re.compile(r"^\s*\*\s+[\w.]+ = +\S")


@kind("insight.print_table", begins=r"^\s*[A-Za-z][^|]*(\s\|\s+[^|]+)+$", turn=38)
def read(cursor: Cursor) -> Block | None:
    """Read the rows below headings and a rule; ids are ``row.quantity``, for an interval ``row.ci_low``."""
    head, rule = cursor.peek(), cursor.peek(1)
    if head is None or rule is None or not re.match(r"^\s*-{8,}\s*$", rule.text):
        return None
    block = Block("insight.print_table", head.number, call=cursor.call())
    names = [name.strip() for name in head.text.split("|")]
    levels = _levels(cursor) if "Predicted" in names else []
    given, prefix = ", ".join(f"{name} = {level}" for name, level in levels), "".join(f"{slug(n[1])}." for n in levels)
    cursor.at += 2
    rows = _rows(cursor)
    if _is_wrapped(cursor.lines[cursor.first - 1] if cursor.first else None):
        block.unread = [(row.line, " | ".join(row.cells)) for row in rows]
        return block if rows else None
    count = row_labels.count(names, [row for row in rows if len(row.cells) == len(names)])
    for row in rows:
        found = [_cell(name, cell) for name, cell in zip(names[count:], row.cells[count:], strict=False)]
        if len(row.cells) != len(names) or any(parts is None for parts in found):
            block.unread.append((row.line, " | ".join(row.cells)))
            continue
        label, id = row_labels.joined(row.cells[:count])
        block.labels[row.line] = label
        for name, numbers in zip(names[count:], found, strict=True):
            for end, text in numbers or ():
                block.add(text, f"{prefix}{id}.{end}", f"{given} {label}".strip(), name, row.line)
    _adjusted(cursor, block)
    return block if block.numbers or block.unread else None


def _is_wrapped(above: Line | None) -> bool:
    """Tell whether the headings are the rest of those in the line above, so that each row is a rest as well."""
    return above is not None and "|" in above.text and "~" not in above.text and not (above.prose or above.code)


def _rows(cursor: Cursor) -> list[GridRow]:
    """Take the lines that have bars."""
    rows: list[GridRow] = []
    while (line := cursor.peek()) is not None and "|" in line.text and not (line.prose or line.code):
        rows.append(GridRow(line.number, tuple(cell.strip() for cell in cursor.take().text.split("|"))))
    return rows


def _levels(cursor: Cursor) -> list[tuple[str, str]]:
    """Return the levels that stand above a table of ggeffects, ``# var = Alder`` or ``var: Alder``, a line each."""
    found: list[tuple[str, str]] = []
    for back in range(2, 2 + _LEVELS_AT_MOST):
        line = cursor.lines[cursor.at - back] if cursor.at >= back else None
        level = _LEVEL.match(line.text) if line is not None else None
        if level is None:
            break
        found.insert(0, (level[1], level[2]))
    return found


def _adjusted(cursor: Cursor, block: Block) -> None:
    """Pass the values at which ggeffects holds the other predictors."""
    start, line = cursor.at, cursor.skip_blank()
    if line is None or line.text.strip() != "Adjusted for:":
        cursor.at = start
        return
    cursor.take()
    while (line := cursor.peek()) is not None and _AT.match(line.text):
        block.heads["adjusted"] = f"{block.heads.get('adjusted', '')} {cursor.take().text.strip()}".strip()
        block.labels[line.number] = line.text


def _cell(name: str, cell: str) -> list[tuple[str, str]] | None:
    """Return the numbers of a cell with the ends of their ids; None if it has some that are not understood."""
    if is_number(cell):
        return [(_IDS.get(name, quantity(re.sub(r"\(.*\)", "", name).strip())), cell)]
    found = parts(cell)
    if found and found[0][0] == "ci_low":
        return found
    return None if has_number(cell) or (re.search(r"\d", cell) and not re.match(r"[A-Za-z]", cell)) else []
