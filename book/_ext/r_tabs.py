"""Show a tutorial's R code and the Python that replaces it as two tabs of one set.

In a notebook, write the R code as fenced ``r`` blocks at the end of a Markdown cell, and give the code cell
that follows the tag ``r-tabs``. The pair becomes one tab set: "Python" (the code of the cell) and "R" (the blocks;
output of R may stand in a ``rout`` block among them). What the cell printed and drew stands below the tabs, so that
the choice of a language hides code and never a figure. That choice holds for all tab sets, also on the next page.
Where tabs are not drawn, in a notebook viewer say, the R code simply stands before the Python cell.

A code cell cannot stand inside a Markdown directive, hence this transform.
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx_design.shared import create_component

CELL_CLASS = "tag_r-tabs"
OUTPUT = "cell_code_output"  # what MyST-NB calls the container of a cell's outputs
R_LANGUAGES = frozenset({"r", "rout"})

logger = logging.getLogger(__name__)


def is_r_block(node: nodes.Node) -> bool:
    """Return whether `node` is a code block of R code or R output."""
    return isinstance(node, nodes.literal_block) and node.get("language") in R_LANGUAGES


def r_blocks_before(cell: nodes.Element) -> list[nodes.Element]:
    """Return the unbroken run of R blocks that stand just before `cell`, in reading order."""
    siblings = cell.parent.children
    end = start = siblings.index(cell)
    while start > 0 and is_r_block(siblings[start - 1]):
        start -= 1
    return siblings[start:end]


def tab(label: str, content: list[nodes.Element], *, selected: bool) -> nodes.Element:
    """Return one tab of sphinx-design, synchronised under its label in lower case."""
    rubric = nodes.rubric(label, "", nodes.Text(label), classes=["sd-tab-label"])
    rubric["sync_id"], rubric["sync_group"] = label.lower(), "language"
    body = create_component("tab-content", classes=["sd-tab-content"], children=content)
    return create_component("tab-item", classes=["sd-tab-item"], selected=selected, children=[rubric, body])


def code_and_outputs(cell: nodes.Element) -> list[nodes.Element]:
    """Return `cell` as one with its code alone and, where it has any, one with its outputs alone."""
    outputs = [part for part in cell.children if part.get("nb_element") == OUTPUT]
    code = [part for part in cell.children if part not in outputs]
    halves = []
    for parts in filter(None, (code, outputs)):
        half = cell.copy()
        half.extend(parts)
        halves.append(half)
    return halves


class RTabs(SphinxPostTransform):
    """Put the code of each tagged cell and the R blocks before it into tabs, and its outputs below them."""

    default_priority = 190  # sphinx-design turns tab sets into HTML at 200
    formats = ("html",)

    def run(self, **_kwargs: Any) -> None:
        """Replace each tagged cell and its R blocks by a tab set and the cell's outputs."""
        containers = self.document.findall(nodes.container)
        for cell in [node for node in containers if CELL_CLASS in node.get("classes", ())]:
            r_blocks = r_blocks_before(cell)
            if not r_blocks:
                logger.warning("a cell tagged r-tabs has no R code before it", location=cell)
                continue
            parent = cell.parent
            for block in r_blocks:
                parent.remove(block)
            at = parent.index(cell)
            parent.remove(cell)
            code, *outputs = code_and_outputs(cell)
            tabs = [tab("Python", [code], selected=True), tab("R", r_blocks, selected=False)]
            parent.insert(at, [create_component("tab-set", classes=["sd-tab-set"], children=tabs), *outputs])


def setup(app: Any) -> dict[str, bool]:
    """Register the transform with Sphinx."""
    app.add_post_transform(RTabs)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
