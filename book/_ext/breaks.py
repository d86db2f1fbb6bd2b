"""Where words may break at the end of a line: long code in the cells of tables may, numbers and options may not.

Long names and calls in the cells of tables break after a bracket, dot, dollar, slash or equals sign, and after an
underscore where what is left is still long. Elsewhere in a word they do not, so that a table is as wide as its words
and no word is cut (``book.css``). Everywhere numbers such as 1e-5 and options such as ``--help`` stay whole, which a
browser would break at their hyphens.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from typing import Any

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

AFTER = re.compile(r'(?<=[\w\])])([.$/@=]|::|\()(?=[\w"])')
UNDERSCORE = re.compile(r"(?<=\w)(_)(?=\w)")
NUMBER = re.compile(r"(?<![\w./])(\d[\d.]*e-\d+)")
OPTION = re.compile(r"(?<![\w./-])(--\w[\w-]*)")
HYPHENED = re.compile(f"{NUMBER.pattern}|{OPTION.pattern}")
SHOWN = '<code class="docutils literal notranslate"><span class="pre">{}</span></code>'
WHOLE = '<span class="whole">{}</span>'
LONG = 16
"""Characters of a word that may break."""
PROSE = (nodes.paragraph, nodes.emphasis, nodes.strong, nodes.term)


def breakable(text: str) -> str:
    """Return code as HTML in which long words may break.

    Examples
    --------
    >>> breakable("m.fixef"), breakable("as_tibble(ranef(model))")
    ('m.fixef', 'as_tibble(<wbr>ranef(<wbr>model))')
    """
    words = re.split(r"(\s+)", text)
    return "".join("<wbr>".join(map(whole, _parts(word))) if len(word) > LONG else whole(word) for word in words)


def _parts(word: str) -> Iterator[str]:
    """Split a word where it may break."""
    for part in AFTER.sub("\\1\n", word).split("\n"):
        yield from UNDERSCORE.sub("\\1\n", part).split("\n") if len(part) > LONG else [part]


def whole(text: str) -> str:
    """Return code as HTML in which numbers and options do not break at a hyphen.

    Examples
    --------
    >>> whole("mlm --ddf kr")
    'mlm <span class="whole">--ddf</span> kr'
    """
    pieces, end = [], 0
    for found in HYPHENED.finditer(text):
        pieces += [escape(text[end : found.start()]), WHOLE.format(escape(found[0]))]
        end = found.end()
    return "".join([*pieces, escape(text[end:])])


class Breaks(SphinxPostTransform):
    """Write code in the cells of tables with places to break, and numbers and options without."""

    default_priority = 900
    formats = ("html",)

    def run(self, **_kwargs: Any) -> None:
        """Replace code and numbers."""
        for cell in self.document.findall(nodes.entry):
            for code in _plain_code(cell):
                code.replace_self(_html(SHOWN.format(breakable(code.astext()))))
        for code in _plain_code(self.document):
            if HYPHENED.search(code.astext()):
                code.replace_self(_html(SHOWN.format(whole(code.astext()))))
        for text in list(self.document.findall(nodes.Text)):
            if isinstance(text.parent, PROSE) and NUMBER.search(text):
                text.parent.replace(text, list(_with_numbers(text)))


def _with_numbers(text: str) -> Iterator[nodes.Node]:
    """Yield a text in pieces, of which every second one is a number."""
    for at, piece in enumerate(NUMBER.split(text)):
        yield _html(whole(piece)) if at % 2 else nodes.Text(piece)


def _plain_code(node: nodes.Element) -> list[nodes.literal]:
    """Return the code in a node that leads nowhere."""
    return [code for code in node.findall(nodes.literal) if not code["classes"]]


def _html(text: str) -> nodes.raw:
    return nodes.raw("", text, format="html")


def setup(app: Any) -> dict[str, bool]:
    """Register the transform."""
    app.add_post_transform(Breaks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
