"""Which texts are Markdown and not web pages, and the pieces of web pages within them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_WHOLE = re.compile(r"^\s*<(?:!doctype\s+html|html|body)\b", re.IGNORECASE | re.MULTILINE)
_HELD = re.compile(r"<(pre|textarea|table)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_SLIDES = re.compile(r"<textarea\b.*?</textarea\s*>", re.IGNORECASE | re.DOTALL)
_FENCE = re.compile(r"^[ \t>]*(`{3,}|~{3,})[ \t]*([^`\n]*)$", re.MULTILINE)
_HEADING = re.compile(r"^(?:#|#{3,6}) +\S", re.MULTILINE)
_FRONT = re.compile(r"\s*---[ \t]*\n(?:[^\n]*\n){0,80}?(?:---|\.\.\.)[ \t]*\n")
_RAW = re.compile(r"\{?=html\}?\s*$")


@dataclass(frozen=True, slots=True)
class Piece:
    """A table, ``<pre>`` or ``<textarea>`` of a web page: its place, and the numbers of its first and last line."""

    start: int
    end: int
    line: int
    last: int


def is_markdown(text: str) -> bool:
    r"""Tell whether a text with tags is Markdown: fences, front matter or headings, and nothing that makes it a page.

    Examples
    --------
    >>> is_markdown("<div></div>\n\n``` r\nf(x)\n```\n"), is_markdown("<html><pre>\n```\n</pre></html>")
    (True, False)
    """
    outside = "".join(_outside(text))
    if _WHOLE.search(outside):
        return False
    apart = _HELD.sub("", text)
    return bool(_FENCE.search(apart) or _FRONT.match(text) or _HEADING.search(apart))


def pieces(text: str) -> list[Piece]:
    """Return the tables and ``<pre>`` outside of fences, in their order."""
    if "</" not in text:
        return []
    return _numbered(text, (held for start, end in _spans(text) for held in _HELD.finditer(text, start, end)))


def slides(text: str) -> list[Piece]:
    """Return the ``<textarea>`` of a web page that have fences in them."""
    return _numbered(text, (held for held in _SLIDES.finditer(text) if _FENCE.search(held[0])))


def inner(text: str, piece: Piece) -> str:
    """Return what stands within the tags of a piece."""
    return re.sub(r"^<[^>]*>|<[^<]*>$", "", text[piece.start : piece.end])


def _numbered(text: str, held: Iterable[re.Match[str]]) -> list[Piece]:
    found, at, line = [], 0, 1
    for match in held:
        line += text.count("\n", at, match.start())
        at = match.start()
        found.append(Piece(at, match.end(), line, line + text.count("\n", at, match.end())))
    return found


def without(text: str, found: list[Piece]) -> str:
    """Return a text with nothing but its line ends where pieces stood."""
    parts, at = [], 0
    for piece in found:
        parts += [text[at : piece.start], "\n" * text.count("\n", piece.start, piece.end)]
        at = piece.end
    return "".join([*parts, text[at:]])


def _outside(text: str) -> Iterator[str]:
    return (text[start:end] for start, end in _spans(text))


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Give the parts of a text outside of fences; what is in a fence of raw HTML is outside."""
    at, opened, raw = 0, "", False
    for fence in _FENCE.finditer(text):
        closes = opened and fence[1].startswith(opened) and not fence[2].strip()
        if opened and not closes:
            continue
        if raw or not opened:
            yield at, fence.start()
        opened = "" if closes else fence[1]
        raw = not closes and _RAW.search(fence[2]) is not None
        at = fence.end()
    if raw or not opened:
        yield at, len(text)
