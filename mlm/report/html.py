"""Printed reports in a notebook: R's text as it stands, in the colours of the page."""

from __future__ import annotations

import html

__all__ = ["as_html"]

# No colour is set, so that text and page are the notebook's own, light or dark; what is wider than the page scrolls.
STYLE = "background: none; color: inherit; border: none; margin: 0; overflow-x: auto; white-space: pre"


def as_html(text: str, kind: str = "mlm-model") -> str:
    """Show a printed report in a notebook; `kind` is the class by which a style sheet can find it.

    Examples
    --------
    >>> as_html("a < b").partition(">")[2]
    'a &lt; b</pre>'
    """
    return f'<pre class="{kind}" style="{STYLE}">{html.escape(text, quote=False)}</pre>'
