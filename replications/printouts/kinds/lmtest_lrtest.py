"""``lrtest()`` of lmtest: models with parameters, log-likelihoods, and tests of each against the one above."""

from __future__ import annotations

import re

from replications.printouts import matrices
from replications.printouts.block import Block
from replications.printouts.cells import Cell
from replications.printouts.coefficients import add_rows, formula
from replications.printouts.cursor import Cursor
from replications.printouts.headings import headings
from replications.printouts.kind import begins_another, kind
from replications.printouts.lines import Line
from replications.printouts.names import slug

_IDS = {"#Df": "npar", "LogLik": "loglik", "Df": "chisq_df", "Chisq": "chisq", "Pr(>Chisq)": "p"}
_MODEL = re.compile(r"^\s*Model (\d+):\s*(.*)$")
_NOT_OF_A_FORMULA = re.compile(r"^\s*(?:Model \d|#Df)")


@kind("lmtest.lrtest", begins=r"^\s*Likelihood ratio test\s*$", turn=20)
def read(cursor: Cursor) -> Block | None:
    """Read title, formulas and a row a model; ids are ``1.loglik``, ``2.chisq`` and the like."""
    block = Block("lmtest.lrtest", cursor.take().number, call=cursor.call())
    while (line := cursor.skip_blank()) is not None and (found := _MODEL.match(line.text)):
        cursor.take()
        block.heads[f"model {found[1]}"] = formula(cursor, found[2], _NOT_OF_A_FORMULA)
    if line is None or line.prose or line.code or not _columns(line.text):
        return None
    matrix = matrices.read(cursor, _ends, short=True, find=_columns)
    add_rows(block, matrix, lambda label, column: f"{slug(label)}.{_IDS.get(column, slug(column))}")
    return block if block.numbers else None


def _columns(text: str) -> list[Cell]:
    cells = headings(text)
    return cells if [cell.text for cell in cells] == list(_IDS) else []


def _ends(line: Line) -> bool:
    return begins_another(line, "lmtest.lrtest")
