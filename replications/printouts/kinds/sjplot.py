"""Tables by sjPlot: ``tab_model``, and ``sjt.lmer`` before it."""

from __future__ import annotations

from replications.printouts import model_tables
from replications.printouts.block import Block
from replications.printouts.cursor import Cursor
from replications.printouts.kind import kind


@kind("sjPlot.tab_model", begins=r"", turn=71, table=True)
def read(cursor: Cursor) -> Block | None:
    """Read a table with columns of estimates, intervals and p values for each model."""
    return model_tables.of_page(
        cursor, "sjPlot.tab_model", r"^Predictors$|^Random Effects$|^Random Parts$|^Fixed Parts$"
    )
