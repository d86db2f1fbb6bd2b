"""Formulas, names and tables as R prints them: one spacing, rules for breaking lines and for short names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ..language.tree import Number, Text, spell, spell_name

LINE_CUTOFF = 60  # characters after which deparse() breaks a line: the default of its argument ``width.cutoff``
INDENT = "    "

_TOKEN = re.compile(
    r"\s*(?:(?P<quoted>`[^`]*`|\"[^\"]*\"|'[^']*')"
    r"|(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[^\W\d][\w.]*|\.[\w.]*)"
    r"|(?P<operator>%[^%]*%|\*\*|\|\||&&|[<>=!]=|[-~+*/:^|&<>=!,()\[\]{}]))"
)
_SPACED = {"~", "+", "-", "*", "|", "||", "&", "&&", "<", ">", "<=", ">=", "==", "!="}
_OPENING, _CLOSING = {"(", "[", "{"}, {")", "]", "}"}


def _tokens(text: str) -> list[str]:
    """Split a formula into tokens; what is no token of R or Python stays as it stands."""
    found, position = [], 0
    while position < len(text.rstrip()):
        match = _TOKEN.match(text, position)
        if match is None:
            found.append(text[position:].strip())
            break
        found.append(_as_r_writes(match))
        position = match.end()
    return found


def _as_r_writes(match: re.Match[str]) -> str:
    """A token with R's quotes and numbers, and with backticks where R needs them."""
    token = match.group().strip()
    if match["number"]:
        return spell(Number(float(token)))
    if match["quoted"]:
        return spell_name(token[1:-1]) if token[0] == "`" else spell(Text(token[1:-1]))
    return token


def deparse(formula: str, cutoff: int = LINE_CUTOFF) -> list[str]:
    """Write a formula with R's spacing, broken into lines as R's ``deparse()`` breaks them.

    A line is broken after an operator, or before an argument, once it is longer than `cutoff`.

    Parameters
    ----------
    formula : str
        Any spelling: ``"y~x+(1|g)"``.
    cutoff : int
        Characters after which a line may break.

    Returns
    -------
    list of str
        The lines; all but the first are indented, all but the last end with a blank.

    Examples
    --------
    >>> deparse("y~x*log(z)+(1+x|g)")
    ['y ~ x * log(z) + (1 + x | g)']
    """
    lines: list[str] = []
    line, broken = "", [False]
    previous = "("
    for token in _tokens(formula):
        binary = previous not in _OPENING and previous not in _SPACED and previous not in {",", "="}
        token = "^" if token == "**" else token
        spaced = binary and (token in _SPACED or token.startswith("%"))
        if token in _OPENING:
            broken.append(False)
        elif token in _CLOSING and len(broken) > 1:
            broken.pop()
        if token == "," or (token == "=" and binary):  # an argument's name keeps its blanks: s(x, k = 3)
            line += ", " if token == "," else " = "
        else:
            line += f" {token} " if spaced else token
        if spaced:
            broken[-1] = False
        if (spaced or token == ",") and len(line) > cutoff:
            lines.append(line)
            broken[-1] = True
            line = INDENT * sum(broken)
        previous = token
    return [*lines, line]


def fill(lead: str, lines: Sequence[str], width: int = 80) -> str:
    """Join pieces by blanks into lines of at most `width`, as R's ``cat(fill = TRUE)`` does.

    Examples
    --------
    >>> fill("Formula:", ["y ~ x"])
    'Formula: y ~ x'
    """
    text, used = lead, len(lead)
    for piece in lines:
        if used + 1 + len(piece) > width:
            text, used = f"{text} \n{piece}", len(piece)
        else:
            text, used = f"{text} {piece}", used + 1 + len(piece)
    return text


def _shorten(name: str, length: int) -> str:
    """Abbreviate one name: strip blanks, lower-case vowels, lower-case letters, the rest, from the end."""
    kept = list(name.strip(" "))
    stages = (
        lambda letter: letter in "aeiou",
        lambda letter: letter.islower(),
        lambda letter: letter != " ",
    )
    for strip in stages:
        for position in range(len(kept) - 1, 0, -1):
            if len(kept) - kept.count(" ") <= length:
                return "".join(kept).replace(" ", "")
            if strip(kept[position]) and kept[position - 1] != " ":
                del kept[position]
    return "".join(kept).replace(" ", "")


def abbreviate(names: Sequence[str], length: int) -> list[str]:
    """Shorten names to about `length` characters, keeping them distinct, as R's ``abbreviate()``.

    Parameters
    ----------
    names : sequence of str
    length : int
        Least length; names not longer than it are left alone, and names that would become the same get more.

    Returns
    -------
    list of str

    Examples
    --------
    >>> abbreviate(["(Intercept)", "edu.cwc", "gend.cwc"], 6)
    ['(Intr)', 'ed.cwc', 'gnd.cw']
    """
    distinct = list(dict.fromkeys(names))
    short = {name: name if len(name) <= length else _shorten(name, length) for name in distinct}
    for more in range(length + 1, max(map(len, distinct), default=0) + 1):
        texts = list(short.values())
        clashing = [name for name in distinct if texts.count(short[name]) > 1]
        if not clashing:
            break
        short |= {name: _shorten(name, more) if len(name) > more else name for name in clashing}
    return [short[name] for name in names]


def text_table(
    rows: Sequence[str],
    columns: Mapping[str, Sequence[str]],
    *,
    left: Sequence[str] = ("",),
    width: int = 80,
) -> str:
    """Lay out formatted columns under their names, as R prints a matrix; wide tables continue below.

    Parameters
    ----------
    rows : sequence of str
        Row names, set flush left.
    columns : mapping of str to sequence of str
        Cells, set flush right but for the columns in `left`.
    left : sequence of str
        Columns set flush left (the stars, names).
    width : int
        Characters a line may take before the remaining columns start again below.

    Returns
    -------
    str
        Without a final line break.
    """
    stub = max([len(row) for row in rows], default=0)
    widths = {name: max([len(name), *map(len, cells)]) for name, cells in columns.items()}
    blocks: list[list[str]] = [[]]
    used = stub
    for name in columns:
        if blocks[-1] and used + 1 + widths[name] > width:
            blocks.append([])
            used = stub
        blocks[-1].append(name)
        used += 1 + widths[name]
    lines = []
    for block in blocks:
        for i in range(-1, len(rows)):
            cells = [name if i < 0 else columns[name][i] for name in block]
            padded = [
                cell.ljust(widths[name]) if name in left else cell.rjust(widths[name])
                for name, cell in zip(block, cells, strict=True)
            ]
            lines.append(" ".join([("" if i < 0 else rows[i]).ljust(stub), *padded]))
    return "\n".join(lines)
