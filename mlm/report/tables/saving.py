"""A table of models in a file; the ending of its name says which."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ...errors import ArgumentError, brief, is_one_of, shorten
from .html import to_html, to_page
from .latex import to_document, to_latex
from .layout import Layout
from .markdown import to_markdown
from .text import to_text
from .word import write_docx

__all__ = ["save"]

WRITERS = {
    ".html": (to_html, to_page), ".htm": (to_html, to_page), ".tex": (to_latex, to_document),
    ".md": (to_markdown, to_markdown), ".txt": (to_text, to_text),
}  # fmt: skip
"""Of each ending the table by itself, and in a document."""
WHOLE = (".html", ".htm")
"""Endings whose files are documents unless said otherwise: browsers open them."""


def save(table: Layout, path: Any, document: bool | None) -> Path:
    """Write a table to a file and return where it is.

    Raises
    ------
    ArgumentError
        When the path is none, has another ending, or lies in no folder that can be written to.
    """
    if not is_one_of(document, (None, True, False)):
        raise ArgumentError(f"document is True, False or None; got {brief(document)}.")
    if not isinstance(path, str | os.PathLike) or isinstance(os.fspath(path), bytes):
        raise ArgumentError(f"A table is saved under a name such as 'table.html'; got {type(path).__name__}.")
    target = Path(path)
    if not _is_name(target):
        raise ArgumentError(f"No file can be called {str(target)!r}.")
    ending = target.suffix.lower()
    if ending != ".docx" and ending not in WRITERS:
        known = ", ".join([".docx", *WRITERS])
        raise ArgumentError(f"A table is saved as {known}; got the name {shorten(target.name)!r}.")
    try:
        if ending == ".docx":
            write_docx(table, target)
        else:
            whole = ending in WHOLE if document is None else document
            text = WRITERS[ending][bool(whole)](table) + "\n"
            target.write_bytes(text.encode("utf-8", errors="replace"))  # halves of letters, which no file has, are "?"
    except OSError as error:
        raise ArgumentError(f"The table cannot be saved as {target}: {error.strerror or error}.") from error
    return target


def _is_name(target: Path) -> bool:
    """Whether a file can be called so: not with a zero, nor with half a letter."""
    try:
        return b"\0" not in os.fsencode(target)
    except UnicodeEncodeError:
        return False
