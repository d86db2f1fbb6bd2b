"""Tables by modelsummary, as HTML, Markdown or LaTeX."""

from __future__ import annotations

from replications.printouts import model_tables
from replications.printouts.block import Block
from replications.printouts.cursor import Cursor
from replications.printouts.kind import kind


@kind("modelsummary.modelsummary", begins=r"", turn=73, table=True)
def read(cursor: Cursor) -> Block | None:
    """Read a table with a row of standard errors below each row of estimates."""
    return model_tables.of_page(cursor, "modelsummary.modelsummary", r"^Num\.Obs\.$|^R2 Marg\.$|^SD \(")
