"""Tables whose columns are ruled one by one, as Pandoc, pander and reStructuredText have them."""

from __future__ import annotations

import re
from itertools import pairwise

from replications.printouts import row_labels
from replications.printouts.block import Block
from replications.printouts.cells import is_number
from replications.printouts.comparisons import counted
from replications.printouts.cursor import Cursor
from replications.printouts.grids import GridRow
from replications.printouts.kind import kind
from replications.printouts.lines import Line
from replications.printouts.model_tables import fit_rows
from replications.printouts.model_tables.cells import has_number, parts
from replications.printouts.names import LETTERS, interval_ends, level_columns, quantity

_RULES = re.compile(r"^\s*(?:-{2,}(?:\s+-{2,})+|={2,}(?:\s+={2,})+)\s*$")
_WHOLE = re.compile(r"^\s*-{8,}\s*$")


@kind("pandoc.table", begins=r"\S", turn=39)
def read(cursor: Cursor) -> Block | None:
    """Read the rows below headings and rules; a rule as long as its column tells where cells begin and end."""
    first = cursor.peek()
    above = first is not None and _RULES.match(first.text) is not None and "=" in first.text
    head, rule = cursor.peek(1 if above else 0), cursor.peek(2 if above else 1)
    if first is None or head is None or rule is None or not _RULES.match(rule.text) or rule.code or head.prose:
        return None
    spans = [found.span() for found in re.finditer(r"-+|=+", rule.text)]
    names = _cells(head.text, spans) or _headings(head.text, len(spans))
    ends = interval_ends(names or [])
    if names is None or any(is_number(name) and name not in ends for name in names[1:]):
        return None
    cursor.at += 3 if above else 2
    fit = fit_rows.are_of_the_fit(names)
    block = Block("pander.pander" if fit else "pandoc.table", head.number, call=cursor.call())
    rows = [(line, _cells(line.text, spans)) for line in _lines(cursor, spans)]
    block.unread += [(line.number, line.text) for line, cells in rows if cells is None]
    whole = row_labels.filled([GridRow(line.number, tuple(cells)) for line, cells in rows if cells is not None])
    unnamed = not level_columns(names) and fit_rows.has_no_names(names[0], [row.cells[0] for row in whole])
    count = row_labels.count(names, whole)
    ends |= counted(names[count:])
    for at, row in enumerate(whole, start=1):
        if fit:
            fit_rows.add_fit(block, names, row)
        elif unnamed:
            _row(block, GridRow(row.line, (str(at), *row.cells)), ["", *names], 1, ends)
        else:
            _row(block, row, names, count, ends)
    return block if block.numbers or block.unread else None


def _lines(cursor: Cursor, spans: list[tuple[int, int]]) -> list[Line]:
    """Take the lines of the rows, and the rule below them."""
    lines: list[Line] = []
    while (line := cursor.peek()) is not None and not (line.prose or line.code):
        following = cursor.peek(1)
        if line.blank and (following is None or following.blank or _cells(following.text, spans) is None):
            break
        cursor.take()
        if _RULES.match(line.text) or _WHOLE.match(line.text):
            break
        lines += [] if line.blank else [line]
    return lines


def _headings(text: str, count: int) -> list[str] | None:
    """Return headings that are not below their rules, as many as columns or one fewer, without that of the labels."""
    words = re.split(r"\s{2,}", text.strip())
    return [""] * (count - len(words)) + words if count - 1 <= len(words) <= count else None


def _cells(text: str, spans: list[tuple[int, int]]) -> list[str] | None:
    """Return the cells of a line; None if something stands between two columns, or behind the last."""
    gaps = [text[: spans[0][0]], *(text[a[1] : b[0]] for a, b in pairwise(spans))]
    if any(gap.strip() for gap in gaps) or text[spans[-1][1] :].strip():
        return None
    return [_bare(text[start:end]) for start, end in spans]


def _bare(cell: str) -> str:
    """Return a cell without emphasis, empty for the sign that stands for an empty one."""
    text = re.sub(r"^\*\*(.+)\*\*$", r"\1", cell.strip())
    return "" if text in ("\\", "&nbsp;") else re.sub(r"\\([*_<>|~^])", r"\1", text)


def _row(block: Block, row: GridRow, names: list[str], count: int, ends: dict[str, str]) -> None:
    """Add the numbers of a row that its first cells name."""
    label, prefix = row_labels.joined(row.cells[:count])
    block.labels[row.line] = label
    for name, cell in zip(names[count:], row.cells[count:], strict=True):
        if name == LETTERS:
            block.add(cell, f"{prefix}.{quantity(name)}", label, name, row.line)
            continue
        counted = fit_rows.named_values(label, cell)
        for id, text in counted:
            block.add(text, id, label, name, row.line)
        numbers = [("estimate", cell)] if is_number(cell) else parts(cell)
        for what, text in numbers:
            own = ends.get(name) or quantity(name)
            end = own if what == "estimate" else what if what == "stars" else f"{own}_{what}"
            block.add(text, f"{prefix}.{end}", label, name, row.line)
        if not (numbers or counted) and has_number(cell):
            block.unread.append((row.line, "  ".join(row.cells)))
