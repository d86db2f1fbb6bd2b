"""Data frames and tables as R prints them."""

from __future__ import annotations

import re

from replications.printouts import comparisons, frames, matrices, parts, row_labels
from replications.printouts.block import Block
from replications.printouts.cells import Cell, trailing
from replications.printouts.coefficients import add_rows
from replications.printouts.cursor import Cursor
from replications.printouts.grids import GridRow
from replications.printouts.headings import headings, known_headings
from replications.printouts.kind import begins_another, kind
from replications.printouts.lines import Line
from replications.printouts.names import QUANTITIES, is_mean, quantity, slug

_EFFECTS = re.compile(
    r"^(?:\w+ <- )?\(?(?:(?:head|tail|round|as\.data\.frame)\()*(?:\w+::)?(ranef|coef)\([^$]*\)\$(\w+)"
)
"""A command that prints effects themselves; their correlations, ``cor(ranef(m)$g)``, are none."""
_OF_A_TERM = {"Estimate", "Value", "Std. Error", "Std.Error", "Df", "Sum Sq", "Mean Sq", "F value", "F-value"}
"""Headings of what a term or a coefficient has, so that a row without a label says nothing."""
_COMPARISON = {"npar", "logLik", "Chisq", "Df"}
"""Headings of a comparison of models, whose list of models may stand on the page before."""


@kind("base.table", begins=r"^\s*\S+(\s+\S+)*\s*$", turn=91)
def read_table(cursor: Cursor) -> Block | None:
    """Read a matrix with headings: coefficients, tests, a data frame, a table.

    Headings between rows of data.table begin a panel of other rows than those above, whose labels are not known.
    """
    first, below = cursor.peek(), cursor.peek(1)
    if first is None or below is None or below.prose or below.code or trailing(first.text):
        return None
    third = cursor.peek(2)
    if cursor.at and frames.is_numbered(cursor.lines[cursor.at - 1].text) and _is_numbered(below, third):
        return None
    columns, cells = headings(first.text), trailing(below.text)
    alone = len(columns) == 1 and (third is None or third.blank or third.prose or third.code)
    if alone and re.match(r"^\s*1 +\S+$", below.text) and len(cells) == 2:
        return _one(cursor, first, below, cells[1])
    if len(known_headings(first.text)) > 1:
        return _tests(cursor)
    block = Block("base.print.data.frame", first.number, call=cursor.call())
    table = frames.read(cursor)
    prefix = ""
    if table and (found := _EFFECTS.match(block.call)) and [row.label for row in table.rows] != table.headings:
        block.kind = "lme4.ranef" if found[1] == "ranef" else "stats.coef"
        prefix = f"{found[1]}.{slug(found[2])}."
    names, rows = (table.headings, table.rows) if table else ([], [])
    count = row_labels.named(names, [GridRow(row.line, row.words) for row in rows])
    for row in rows:
        label, id = row_labels.joined(row.words[:count] if count else [row.label])
        block.labels[row.line] = label
        for column, (text, line) in row.cells.items():
            if column not in names[:count]:
                one = block.kind == "lme4.ranef" and len(row.cells) == 1
                block.add(text, f"{prefix}{id}.{'condval' if one else slug(column)}", label, column, line)
    return block if block.numbers else None


def _is_numbered(*lines: Line | None) -> bool:
    """Tell whether a row of data.table stands below headings, or below the types of its columns."""
    return any(line is not None and frames.is_numbered(line.text) for line in lines)


def _tests(cursor: Cursor) -> Block | None:
    """Read a table of coefficients or tests that has no title."""
    first = cursor.peek()
    assert first is not None
    before = cursor.peek(-1) if cursor.at else None
    if before is not None and not (before.blank or before.code or before.prose) and _heads(before.text):
        return None
    block = Block("stats.printCoefmat", first.number, call=cursor.call())
    matrix = matrices.read(cursor, lambda line: begins_another(line, "base.table"))
    if sum(bool(trailing(line.text)) for line in matrix.unread) > len(matrix.rows):
        return None
    prefix = (
        f"{parts.above(cursor)}coef."
        if {"Estimate", "Value"} & set(matrix.headings) and not re.search(r"means|contest", block.call)
        else ""
    )
    counts = comparisons.counted(matrix.headings)
    if compares := set(matrix.headings) >= _COMPARISON or (bool(counts) and "Chisq" in matrix.headings):
        block.kind = "stats.anova"

    def name(label: str, column: str) -> str:
        what = counts.get(column) or ("chisq_df" if compares and column == "Df" else quantity(column))
        return f"{prefix}{slug(label)}.{what}".removeprefix(".")

    of_a_term = any(name in _OF_A_TERM or name.endswith("%") for name in matrix.headings)
    nameless = [row for row in matrix.rows if not row.label] if of_a_term else []
    block.unread += [(line, text) for row in nameless for text, line in row.cells.values()]
    matrix.rows = [row for row in matrix.rows if row not in nameless]
    add_rows(block, matrix, name)
    return block if block.numbers or nameless else None


def _heads(text: str) -> bool:
    """Tell whether a line is of headings, so that one of headings below it goes on with it."""
    words = text.split()
    known = sum(word in QUANTITIES or is_mean(word) for word in words)
    half = text.startswith(" ") and not text.endswith(":") and 2 * known >= len(words)
    return bool(known_headings(text)) or (not trailing(text) and (known > 1 or half))


def _one(cursor: Cursor, first: Line, below: Line, cell: Cell) -> Block:
    """Read a data frame of one number."""
    cursor.at += 2
    block = Block("base.print.data.frame", first.number, call=cursor.call())
    block.add(cell.text, f"1.{slug(first.text)}", "1", first.text.strip(), below.number)
    return block
