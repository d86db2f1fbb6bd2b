"""Which texts are Markdown and not web pages, and the pieces of web pages within them."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_WHOLE = re.compile(r"^\s*<(?:!doctype\s+html|html|body)\b", re.IGNORECASE | re.MULTILINE)
_OPENS = re.compile(r"<(pre|textarea|table)\b", re.IGNORECASE)
_CLOSES = {tag: re.compile(rf"</{tag}\s*>", re.IGNORECASE) for tag in ("pre", "textarea", "table")}
_FENCE = re.compile(r"^[ \t>]*(`{3,}|~{3,})[ \t]*([^`\n]*)$", re.MULTILINE)
_HEADING = re.compile(r"^(?:#|#{3,6}) +\S", re.MULTILINE)
_FRONT = re.compile(r"\s*---[ \t]*\n(?:[^\n]*\n){0,80}?(?:---|\.\.\.)[ \t]*\n")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_TABLE = re.compile(r"&lt;table\b", re.IGNORECASE)
"""A table within a text that is escaped."""
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
    apart, at = "", 0
    for first, last in _held(text, 0, len(text)):
        apart, at = apart + text[at:first], last
    apart += text[at:]
    return bool(_FENCE.search(apart) or _FRONT.match(text) or _HEADING.search(apart))


def pieces(text: str) -> list[Piece]:
    """Return the tables and ``<pre>`` outside of fences, in their order."""
    if "</" not in text:
        return []
    return _numbered(text, (held for start, end in _spans(text) for held in _held(text, start, end)))


def slides(text: str) -> list[Piece]:
    """Return the ``<textarea>`` of a web page that have fences or tables in them."""
    held = (span for span in _held(text, 0, len(text)) if text[span[0] + 1 : span[0] + 9].lower() == "textarea")
    return _numbered(text, (span for span in held if _FENCE.search(text, *span) or _TABLE.search(text, *span)))


def inner(text: str, piece: Piece) -> str:
    """Return what stands within the tags of a piece."""
    return re.sub(r"^<[^>]*>|<[^<]*>$", "", text[piece.start : piece.end])


def unescaped(text: str) -> str:
    r"""Return a table within Markdown without the backslashes that Markdown asks for before signs: ``\-0.49``.

    Examples
    --------
    >>> unescaped("<td>\n\n\\-0.49 \\* \\<0.001\n\n</td>")
    '<td>\n\n-0.49 * &lt;0.001\n\n</td>'
    """
    return _ESCAPED.sub(lambda found: html.escape(found[1], quote=False), text)


def closed(text: str, tags: Iterable[str]) -> dict[str, int]:
    r"""Return for each of the tags that are closed the number of the line where that is for the last time.

    Examples
    --------
    >>> closed("<head>\n</head>\n<svg>", ["head", "svg"])
    {'head': 2}
    """
    found: dict[str, int] = {}
    for tag in tags:
        ends = [end.start() for end in re.finditer(rf"</{tag}\b", text, re.IGNORECASE)]
        if ends:
            found[tag] = text.count("\n", 0, ends[-1]) + 1
    return found


def _held(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Give from where to where an element that holds lines or rows goes; one that is never closed is none."""
    never: set[str] = set()
    while (opens := _OPENS.search(text, start, end)) is not None:
        tag = opens[1].lower()
        closes = None if tag in never else _CLOSES[tag].search(text, opens.end(), end)
        never |= set() if closes else {tag}
        if closes:
            yield opens.start(), closes.end()
        start = closes.end() if closes else opens.end()


def _numbered(text: str, held: Iterable[tuple[int, int]]) -> list[Piece]:
    found, at, line = [], 0, 1
    for first, last in held:
        line += text.count("\n", at, first)
        at = first
        found.append(Piece(first, last, line, line + text.count("\n", first, last)))
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
