"""Tables by stargazer, as text, HTML or LaTeX."""

from __future__ import annotations

from replications.printouts.block import Block
from replications.printouts.cursor import Cursor
from replications.printouts.kind import kind
from replications.printouts.model_tables import table

SIGNATURE = r"Dependent variable|^Residual Std\. Error|^Akaike Inf\. Crit\.|^Bayesian Inf\. Crit\."


@kind("stargazer.stargazer", begins=r"^\s*={10,}\s*$", turn=26)
def read_text(cursor: Cursor) -> Block | None:
    """Read a table between rules of ``=``."""
    return table.of_text(cursor, "stargazer.stargazer", SIGNATURE)


@kind("stargazer.stargazer", begins=r"", turn=72, table=True)
def read_cells(cursor: Cursor) -> Block | None:
    """Read a table of a web page, or of LaTeX."""
    return table.of_page(cursor, "stargazer.stargazer", SIGNATURE)
