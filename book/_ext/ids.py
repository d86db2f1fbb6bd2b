"""``{ids} of_models``: a table of the forms of ids, from the code that reads them (:mod:`replications.grammar`)."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from inputs import table

from replications import grammar

HEADS = {
    "of_models": ["Form", "What it is"],
    "of_comparisons": ["Form", "Column"],
    "of_terms": ["Form", "Column"],
    "of_headings": ["Word", "Headings it stands for"],
}


class Ids(Directive):
    """One table of the grammar."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Lay out the table."""
        name = self.arguments[0]
        rows = getattr(grammar, name)()
        return [table(HEADS[name], [[[nodes.literal("", form)], [nodes.Text(what)]] for form, what in rows])]


def setup(app: Any) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("ids", Ids)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
