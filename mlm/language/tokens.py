"""A formula cut into tokens, each with its place."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from ..errors import FormulaError, shorten

__all__ = ["Token", "error_at", "tokens"]

# MARKS stands for the combining marks of the text: re has no name for them all.
TOKEN = (
    r"(?P<blank>[\s\ufeff]+)"
    r"|(?P<number>(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)L?(?![\w.MARKS]))"
    r"|(?P<name>(?:[^\W\d]|\.(?!\d))[\w.MARKS]*(?:::(?:[^\W\d]|\.)[\w.MARKS]*)?)"
    r"|`(?P<quoted>[^`]+)`"
    r"|(?P<text>\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')"
    r"|(?P<operator>%[^%\s]*%|\*\*|\|\||&&|<-|->|<=|>=|==|!=|//|[-~+*/:^|&<>!=(),])"
)
NO_NUMBER = re.compile(r"\.?\d[\w.]*")  # what begins as a number and is none: 1_000, 2x
WORD = re.compile(r"[^\s~+\-*/:^|&<>!=(),`\"']*")  # what a reader takes for one name, whatever its signs
SHOWN_SIGNS = 60  # signs of a formula on each side of a place that a message shows
ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)", re.DOTALL)
ESCAPED = {"t": "\t", "n": "\n", "r": "\r", "\\": "\\", '"': '"', "'": "'", "`": "`"}
# What stands in other languages, or in R outside of formulas, and what to do instead.
FOREIGN = {
    "$": "a formula names columns of the data: write x, not data$x",
    "[": "a part of a column or of a matrix is made before the fit, data['x1'] = …, and named here",
    "{": "make such a column before the fit",
    "@": "make such a column before the fit",
    "//": "R's whole division is %/%",
    "<-": "a smaller-than sign before a negative number needs a blank: x < -1",
    "->": "arrows have no meaning here",
    "\u2013": "write the minus of the keyboard, -",
    "\u2014": "write the minus of the keyboard, -",
    "\u2212": "write the minus of the keyboard, -",
    "\u201c": "write the straight quotes of the keyboard",
    "\u201d": "write the straight quotes of the keyboard",
    "\u2018": "write the straight quotes of the keyboard",
    "\u2019": "write the straight quotes of the keyboard",
    "\u223c": "write the ~ of the keyboard",
    "\u00d7": "write *",
    "``": "a name in backticks is empty; rename the column first",
    "%": "R's remainder is %% and its whole division %/%",
}


class Token(NamedTuple):
    """A piece of a formula: its kind (number, name, quoted, text, operator, end), what it says, where it stands."""

    kind: str
    text: str
    at: int


def error_at(text: str, position: int, why: str) -> FormulaError:
    """Make the error that shows a formula with a caret under the place."""
    line_start = text.rfind("\n", 0, position) + 1
    line_end = text.find("\n", position)
    before, after = text[:line_start], "" if line_end < 0 else text[line_end:]
    line = "".join(s if s.isprintable() else " " for s in text[line_start : line_end if line_end >= 0 else len(text)])
    place = position - line_start
    first, last = max(place - SHOWN_SIGNS, 0), place + SHOWN_SIGNS
    lead, end = "… " if first else "", " …" if last < len(line) else ""
    shown = f"{before[-SHOWN_SIGNS:]}{lead}{line[first:last]}{end}"
    return FormulaError(f"{why}\n  {shown}\n  {' ' * (len(lead) + place - first)}^{after[:SHOWN_SIGNS]}")


def tokens(text: str) -> list[Token]:
    """Cut a formula into tokens; blanks are left out, and the last token is the end.

    Raises
    ------
    FormulaError
        At a sign that means nothing here, or an unclosed quote.

    Examples
    --------
    >>> [token.text for token in tokens("y~x+2")]
    ['y', '~', 'x', '+', '2', '']
    """
    _demand_unicode(text)
    found: list[Token] = []
    position = 0
    pattern = _pattern("" if text.isascii() else _marks(text))
    while position < len(text):
        match = pattern.match(text, position)
        if match is None:
            raise _no_token(text, position)
        kind, piece = str(match.lastgroup), str(match[match.lastgroup or 0])
        if kind == "operator" and piece in FOREIGN:
            raise _no_token(text, position)
        if kind == "text":
            piece = _unescaped(text, piece[1:-1], position)
        if kind != "blank":
            found.append(Token(kind, piece, position))
        position = match.end()
    return [*found, Token("end", "", len(text.rstrip()))]


def _demand_unicode(text: str) -> None:
    """Refuse halves of signs, which cannot be printed or written."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        printable = text.encode(errors="replace").decode()
        raise error_at(
            printable,
            error.start,
            f"There is no sign {text[error.start]!r} in Unicode: is the text in another encoding?",
        ) from None


def _marks(text: str) -> str:
    """The signs of a text that can stand in a name after its first letter and are not letters: combining marks.

    By Unicode's rule for identifiers, which is Python's; with NFC or NFD the name is another one, as it is in R.
    """
    return "".join(sorted(sign for sign in set(text) if not sign.isalnum() and ("a" + sign).isidentifier()))


@lru_cache(maxsize=64)  # sets of marks; an entry is a pattern
def _pattern(marks: str) -> re.Pattern[str]:
    return re.compile(TOKEN.replace("MARKS", re.escape(marks)))


def _unescaped(text: str, word: str, position: int) -> str:
    """A word in quotes with R's escapes read: a tabulator, a sign by its number, a quote."""
    for sign in ESCAPE.findall(word):
        if sign not in ESCAPED and len(sign) == 1:
            raise error_at(
                text, position, f"The escape \\{sign} means nothing in a word; a backslash is written twice."
            )
    said = ESCAPE.sub(lambda m: ESCAPED.get(m[1]) or chr(int(m[1][1:], 16)), word)
    if not said.isascii() and any("\ud800" <= sign <= "\udfff" for sign in said):
        raise error_at(text, position, "This word has half of a sign, by its number from d800 to dfff.")
    return said


def _no_token(text: str, position: int) -> FormulaError:
    sign = next((s for s in FOREIGN if text.startswith(s, position)), text[position])
    if sign in ("`", '"', "'"):
        return error_at(text, position, f"This {sign} is never closed.")
    if sign in "]}":
        return error_at(text, position, f"This {sign!r} closes nothing.")
    word = NO_NUMBER.match(text, position)
    if word:
        whole = word[0].replace("_", "")
        separated = f"numbers are written without a separator, {shorten(whole)}"
        say = separated if whole.isdigit() else "names begin with a letter"
        quoted = f"; a column of this name stands in backticks, `{shorten(word[0])}`"
        return error_at(text, position, f"{shorten(word[0])!r} is neither a number nor a name: {say}{quoted}.")
    remedy = FOREIGN.get(sign) or f"a column with it in its name stands in backticks, `{_word_around(text, position)}`"
    return error_at(text, position, f"The sign {sign!r} means nothing in a formula: {remedy}.")


def _word_around(text: str, position: int) -> str:
    """The name that a reader sees around a sign."""
    first = next(match for match in WORD.finditer(text) if match.start() <= position < match.end())
    return shorten(first[0])
