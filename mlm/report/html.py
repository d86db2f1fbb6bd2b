"""Printed reports in a notebook: R's text as it stands, in the colours of the page."""

from __future__ import annotations

import html

__all__ = ["as_html"]

# No colour is set, so that text and page are the notebook's own, light or dark; what is wider than the page scrolls.
# The letters are those of code, as Jupyter's style for the text of pages would part the columns.
STYLE = (
    "font-family: var(--jp-code-font-family, monospace), monospace; line-height: 1.3; white-space: pre; "
    "overflow-x: auto; background: none; color: inherit; border: none; padding: 0"
)


def as_html(text: str, kind: str = "mlm-model") -> str:
    """Show a printed report in a notebook; `kind` is the class by which a style sheet can find it.

    Examples
    --------
    >>> as_html("a < b").partition(">")[2]
    'a &lt; b</pre>'
    """
    return f'<pre class="{kind}" style="{STYLE}">{html.escape(text, quote=False)}</pre>'
