"""``anova()`` of several models of nlme: degrees of freedom, criteria, likelihood ratios."""

from __future__ import annotations

import re

from replications.printouts import matrices
from replications.printouts.block import Block
from replications.printouts.cells import NUMBER
from replications.printouts.coefficients import add_rows
from replications.printouts.cursor import Cursor
from replications.printouts.kind import begins_another, kind
from replications.printouts.lines import Line
from replications.printouts.names import quantity, slug

_CELL = rf"\d+ vs \d+|{NUMBER}"
_ROW = re.compile(rf"^\s*(?P<label>\S.*?)(?P<cells>(?:\s+(?:{_CELL}))*)\s*$")
_IDS = {
    "Model": "model",
    "df": "npar",
    "AIC": "aic",
    "BIC": "bic",
    "logLik": "loglik",
    "L.Ratio": "chisq",
    "p-value": "p",
}
_HEADINGS = [*list(_IDS)[:5], "Test", *list(_IDS)[5:]]
_DENOMINATOR = r"^\s*Denom\. DF:\s*"
_TESTS = re.compile(r"^\s*numDF\s+F-value\s+p-value\s*$")
_OF_THE_FIRST = 5
"""Headings that have a cell in the row of the first model, which is compared with none."""


@kind(
    "nlme.anova", begins=r"^\s*Model\s+df\s+AIC(\s+BIC)?(\s+logLik)?(\s+Test)?(\s+L\.Ratio)?(\s+p-value)?\s*$", turn=19
)
def read(cursor: Cursor) -> Block | None:
    """Read a row a model, in panels where they are wide; a row without the number of its turn is none."""
    first = cursor.peek()
    assert first is not None
    block = Block("nlme.anova", first.number, call=cursor.call())
    labels: list[str] = []
    while (head := cursor.peek()) is not None and _is_head(head, labels):
        cursor.take()
        columns, count = head.text.split(), 0
        while (line := cursor.peek()) is not None and not line.prose and (found := _ROW.match(line.text)):
            label, cells = found["label"], re.findall(_CELL, found["cells"])
            if _is_head(line, labels) or (columns[0] != "Model" and label not in labels):
                break
            if columns[0] == "Model":
                if cells[:1] != [str(len(labels) + 1)]:
                    break
                labels.append(label)
            _add(block, line, label, columns, cells)
            count += 1
            cursor.take()
        if not count:
            break
    return block if block.numbers else None


@kind("nlme.anova", begins=rf"{_DENOMINATOR}\d+\s*$", turn=19)
def of_terms(cursor: Cursor) -> Block | None:
    """Read the tests of a gls's terms, which share their degrees of freedom in the denominator."""
    first = cursor.take()
    block = Block("nlme.anova", first.number, call=cursor.call())
    below = cursor.peek()
    if below is None or not _TESTS.match(below.text):
        return None
    block.add(re.sub(_DENOMINATOR, "", first.text).strip(), "den_df", "", "Denom. DF", first.number)
    matrix = matrices.read(cursor, lambda line: begins_another(line, "nlme.anova"))
    add_rows(block, matrix, lambda label, column: f"{slug(label)}.{quantity(column)}")
    return block


def _is_head(line: Line, labels: list[str]) -> bool:
    words = line.text.split()
    known = bool(words) and all(word in _HEADINGS for word in words) and not line.prose
    return known and (words[0] == "Model") == (not labels)


def _add(block: Block, line: Line, label: str, columns: list[str], cells: list[str]) -> None:
    """Add a row; the first model has no test, so that its row ends before."""
    own = [name for name in columns if name in _HEADINGS[:_OF_THE_FIRST]]
    wanted = columns if len(cells) == len(columns) else own
    tested = wanted is columns and "Test" in columns and " vs " not in cells[columns.index("Test")]
    if len(cells) != len(wanted) or tested:
        block.unread.append((line.number, line.text))
        return
    for column, text in zip(wanted, cells, strict=True):
        if column in _IDS:
            block.add(text, f"{slug(label)}.{_IDS[column]}", label, column, line.number)
