"""Roles that docutils gives and readers' programs do not take: a list of citations without items of a list.

The entries of a bibliography have the role of one entry, ``doc-biblioentry``, which the standard of roles (DPUB-ARIA
1.1) has dropped, in a box with the role of a list, where no other than ``listitem`` may stand.
"""

from __future__ import annotations

from typing import Any

LIST = '<div role="list" class="citation-list">'


def mend_citations(_app: Any, _page: str, _template: str, context: dict[str, Any], _doctree: Any) -> None:
    """Let a list of citations be boxes of text."""
    if LIST in (body := context.get("body", "")):
        context["body"] = body.replace(LIST, '<div class="citation-list">').replace(' role="doc-biblioentry"', "")


def setup(app: Any) -> dict[str, bool]:
    """Register the change with Sphinx."""
    app.connect("html-page-context", mend_citations)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
