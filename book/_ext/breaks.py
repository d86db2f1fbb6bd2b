"""Long names and calls in the cells of tables may break after a bracket, dot, dollar, slash or underscore.

Elsewhere in a word they do not, so that a table is as wide as its words and no word is cut (``book.css``).
"""

from __future__ import annotations

import re
from html import escape
from typing import Any

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

AFTER = re.compile(r"(?<=[\w\])])([.$/_@]|::|\()(?=\w)")
SHOWN = '<code class="docutils literal notranslate"><span class="pre">{}</span></code>'
LONG = 16
"""Characters of a word that may break."""


def breakable(text: str) -> str:
    """Return code as HTML in which long words may break.

    Examples
    --------
    >>> breakable("m.fixef"), breakable("as_tibble(ranef(model))")
    ('m.fixef', 'as_<wbr>tibble(<wbr>ranef(<wbr>model))')
    """
    words = re.split(r"(\s+)", text)
    return "".join("<wbr>".join(map(escape, _parts(word))) if len(word) > LONG else escape(word) for word in words)


def _parts(word: str) -> list[str]:
    """Split a word where it may break."""
    return AFTER.sub("\\1\n", word).split("\n")


class Breaks(SphinxPostTransform):
    """Write code in the cells of tables with places to break."""

    default_priority = 900
    formats = ("html",)

    def run(self, **_kwargs: Any) -> None:
        """Replace the code."""
        for cell in self.document.findall(nodes.entry):
            for code in [node for node in cell.findall(nodes.literal) if not node["classes"]]:
                code.replace_self(nodes.raw("", SHOWN.format(breakable(code.astext())), format="html"))


def setup(app: Any) -> dict[str, bool]:
    """Register the transform."""
    app.add_post_transform(Breaks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
