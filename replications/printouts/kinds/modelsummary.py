"""Tables by modelsummary, as HTML, Markdown or LaTeX."""

from __future__ import annotations

from replications.printouts.block import Block
from replications.printouts.cursor import Cursor
from replications.printouts.kind import kind
from replications.printouts.model_tables import table


@kind("modelsummary.modelsummary", begins=r"", turn=73, table=True)
def read(cursor: Cursor) -> Block | None:
    """Read a table with a row of standard errors below each row of estimates."""
    return table.of_page(cursor, "modelsummary.modelsummary", r"^Num\.Obs\.$|^R2 Marg\.$|^SD \(")
