"""``KRmodcomp()``, ``SATmodcomp()`` and ``PBmodcomp()`` of pbkrtest: two models, a table of tests."""

from __future__ import annotations

import re

from replications.printouts import matrices
from replications.printouts.block import Block
from replications.printouts.cells import Cell
from replications.printouts.coefficients import add_rows
from replications.printouts.cursor import Cursor
from replications.printouts.kind import begins_another, kind
from replications.printouts.names import slug

_NAMES = ("stat", "statistic", "ndf", "ddf", "df", "F.scaling", "F.scale", "p.value")
_IDS = {"stat": "statistic", "ndf": "num_df", "ddf": "den_df", "p.value": "p"}
_TITLE = r"^\s*(F-test with |Parametric bootstrap test|Bootstrap test;)"
_HEAD = r"^\s*stat(istic)?\s+(ndf|df)\b.*\bp\.value\s*$"


@kind("pbkrtest.modcomp", begins=rf"{_TITLE}|^\s*large\s*:.*~|{_HEAD}", turn=12)
def read(cursor: Cursor) -> Block | None:
    """Read title, models and table; ids are ``test.quantity``."""
    first = cursor.peek()
    assert first is not None
    block = Block("pbkrtest.modcomp", first.number, call=cursor.call())
    model = ""
    while (line := cursor.skip_blank()) is not None and not line.prose and not line.code and not _headings(line.text):
        text = cursor.take().text.strip()
        if re.match(_TITLE, text):
            block.heads["title"] = text
        elif found := re.match(r"(large|small)\s*:\s*(.*)$", text):
            model = f"model {found[1]}"
            block.heads[model] = found[2]
        elif re.match(r"(L =|.*~|\[\d+,\])", text) or text.startswith("L="):
            block.heads["hypothesis"] = f"{block.heads.get('hypothesis', '')} {text}".strip()
        elif model and line.text.startswith("    "):
            block.heads[model] += f" {text}"
        else:
            return None
    table = matrices.read(cursor, lambda line: begins_another(line, "pbkrtest.modcomp"), find=_headings)
    add_rows(block, table, lambda label, column: f"{slug(label)}.{_IDS.get(column, slug(column))}")
    return block if block.numbers else None


def _headings(text: str) -> list[Cell]:
    """Return the headings of a line that has nothing else, two at least."""
    words = [Cell(found[0], found.start(), found.end()) for found in re.finditer(r"\S+", text)]
    return words if len(words) > 1 and all(word.text in _NAMES for word in words) else []
