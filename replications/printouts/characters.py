"""Characters and line ends as a console has them, whatever a page, a terminal or a PDF made of them."""

from __future__ import annotations

import html
import re

_BLANKS = "\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{MEDIUM MATHEMATICAL SPACE}\N{IDEOGRAPHIC SPACE}" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_MINUSES = (
    "\N{MINUS SIGN}\N{HYPHEN}\N{NON-BREAKING HYPHEN}\N{FULLWIDTH HYPHEN-MINUS}\N{SMALL HYPHEN-MINUS}"
    "\N{MODIFIER LETTER MINUS SIGN}\N{HEAVY MINUS SIGN}"
)
_STARS = (
    "\N{ASTERISK OPERATOR}\N{LOW ASTERISK}\N{FULLWIDTH ASTERISK}\N{SMALL ASTERISK}\N{STAR OPERATOR}\N{HEAVY ASTERISK}"
)
_UNSEEN = (
    "\N{ZERO WIDTH SPACE}\N{ZERO WIDTH NO-BREAK SPACE}\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}\N{WORD JOINER}"
    "\N{LEFT-TO-RIGHT MARK}\N{RIGHT-TO-LEFT MARK}"
)
_PLAIN = str.maketrans(
    dict.fromkeys(_BLANKS, " ")
    | dict.fromkeys(_MINUSES, "-")
    | dict.fromkeys(_STARS, "*")
    | dict.fromkeys(_UNSEEN)
    | {
        "\N{LEFT SINGLE QUOTATION MARK}": "'",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "\N{LATIN SMALL LIGATURE FF}": "ff",
        "\N{LATIN SMALL LIGATURE FI}": "fi",
        "\N{LATIN SMALL LIGATURE FL}": "fl",
        "\N{LATIN SMALL LIGATURE FFI}": "ffi",
        "\N{LATIN SMALL LIGATURE FFL}": "ffl",
        "\N{LATIN SMALL LIGATURE LONG S T}": "st",
        "\N{LATIN SMALL LIGATURE ST}": "st",
    }
)
_DASHES = "\N{EN DASH}\N{FIGURE DASH}\N{EM DASH}\N{HORIZONTAL BAR}\N{SMALL EM DASH}\N{SOFT HYPHEN}"
_DASH = re.compile(rf"(?:(?<![\w.)%])|(?<=\d[eE]))[{_DASHES}](?=\.?\d)")
"""A dash that is a minus: none between two numbers, which says from where to where, unless it is an exponent's."""
_COLOUR = re.compile(r"\x1b\[[\d;:?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\[\d{1,2}(?:;\d{1,3})*m(?!\])")
"""What a terminal is told about colours; the character in front is lost on some pages."""
_APART = re.compile(r"((?:[:=]|log Lik\.'|\[1\])\s*)-(\s{1,3})(?=\.?\d[\d.,]*(?:[eE][-+]?\d+)?(?:$|\s*\(|\s{2,}|\s*$))")
"""A minus that damage set apart from the one number behind a name, after which nothing stands or a gap."""
_STOP = 8
"""Columns between the stops of tabs."""
_LINE_ENDS = re.compile("\r\n?|[\v\x85\N{LINE SEPARATOR}\N{PARAGRAPH SEPARATOR}]")


def plain(text: str) -> str:
    r"""Return text with the typographic characters written as on a console, and without colours.

    Examples
    --------
    >>> plain("&lt;2e-16 \N{MINUS SIGN}0.5")
    '<2e-16 -0.5'
    >>> plain("Log-likelihood: - 12.5")
    'Log-likelihood:  -12.5'
    >>> plain("e\N{LATIN SMALL LIGATURE FF}ect 2e\N{EN DASH}04 \N{ASTERISK OPERATOR} 1\N{EN DASH}3 \x1b[31m-4\x1b[39m")
    'effect 2e-04 * 1\u20133 -4'
    """
    if "&" in text:
        text = html.unescape(text)
    if "[" in text or "\x1b" in text:
        text = _COLOUR.sub("", text)
    if not text.isascii():
        text = _DASH.sub("-", text.translate(_PLAIN)).replace("\N{SOFT HYPHEN}", "")
    return _APART.sub(r"\1\2-", text) if "- " in text else text


def with_line_ends(text: str) -> str:
    r"""Return text with its lines ended by ``\n``: those of Windows, and where it has no other, of an old Mac or Word.

    Examples
    --------
    >>> with_line_ends("a\rb\r"), with_line_ends("a\r\n10 %\r20 %\r\n")
    ('a\nb\n', 'a\n10 %\r20 %\n')
    """
    return text.replace("\r\n", "\n") if "\n" in text else _LINE_ENDS.sub("\n", text)


def without_tabs(text: str) -> str:
    r"""Return a line with blanks up to each eighth column for its tabs; where that is one, no editor put a tab for it.

    Examples
    --------
    >>> without_tabs("ab\tc"), without_tabs("1234567\tc")
    ('ab      c', '1234567    c')
    """
    first, *others = text.split("\t")
    for other in others:
        blanks = -len(first) % _STOP or _STOP
        first += " " * (blanks if blanks > 1 else _STOP // 2) + other
    return first
