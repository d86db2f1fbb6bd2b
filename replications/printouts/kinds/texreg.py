"""Tables by texreg: ``screenreg`` (and :func:`mlm.regtable`), ``htmlreg`` and ``texreg``."""

from __future__ import annotations

from replications.printouts.block import Block
from replications.printouts.cursor import Cursor
from replications.printouts.kind import kind
from replications.printouts.model_tables import table

SIGNATURE = r"^Num\. obs\."


@kind("texreg.screenreg", begins=r"^\s*={10,}\s*$", turn=25)
def read_text(cursor: Cursor) -> Block | None:
    """Read a table between rules of ``=``."""
    return table.of_text(cursor, "texreg.screenreg", SIGNATURE)


@kind("texreg.htmlreg", begins=r"", turn=70, table=True)
def read_cells(cursor: Cursor) -> Block | None:
    """Read a table of a web page, or of LaTeX."""
    first = cursor.peek()
    assert first is not None
    return table.of_page(cursor, "texreg.texreg" if "&" in first.text else "texreg.htmlreg", SIGNATURE)
