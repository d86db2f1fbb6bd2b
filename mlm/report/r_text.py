"""Formulas, names and tables as R prints them: one spacing, rules for breaking lines and for short names."""

from __future__ import annotations

import itertools
import re
import string
from collections.abc import Callable, Mapping, Sequence

from ..errors import FormulaError
from ..language.parser import parse_expression, parse_tree
from ..language.tree import TIGHT, Call, Code, Name, Node, spell, spell_name
from .r_numbers import LINE_WIDTH

NO_ROWS = 4  # width of the row names of a matrix that has none
LINE_CUTOFF = 60  # characters after which deparse() breaks a line: the default of its argument ``width.cutoff``
# The first indents of a line, how many these are, and the further ones.
INDENT, FULL_INDENTS, HALF_INDENT = "    ", 4, "  "
# Signs by which a text that is no expression of a formula is code of R: indices, elements, slots, calls, text.
CODE = re.compile(r"[\[\](){}$@:%'\"]")
# What R's abbreviate() takes for vowels, as was seen by asking it for each letter: â and ę are not among them, Ę is,
# and in names with letters beyond ASCII the dot.
LETTERS = frozenset(string.ascii_lowercase)
VOWELS = frozenset("aeiouàáãäåèéêëìíîïòóôõöøùúûüāăąēĕėĘěĩīĭįıōŏőũūŭůűųǾǿ")


def deparse(formula: str | Node, cutoff: int = LINE_CUTOFF) -> list[str]:
    """Write a formula with R's spacing, broken into lines as R's ``deparse()`` breaks them.

    A line is broken after an operator, or before an argument, once it is longer than `cutoff`. What follows is indented
    to the end of the operand, or of the arguments, once for each operation that is broken and not at its end.

    Parameters
    ----------
    formula : str or Node
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
    lines = _Lines(cutoff)
    lines.write(parse_tree(formula) if isinstance(formula, str) else formula)
    return [*lines.done, lines.line]


def named(text: str) -> Node:
    """What an argument is called, as R prints it: an expression, or a name that needs backticks.

    Examples
    --------
    >>> [spell(named(text)) for text in ("subset(d,x>0)", "d[1:8, ]", "two words")]
    ['subset(d, x > 0)', 'd[1:8, ]', '`two words`']
    """
    try:
        return parse_expression(text)
    except FormulaError:
        return Code(text) if CODE.search(text) else Name(text, quoted=True)


class _Lines:
    """Lines that are being written, and how far the next one is indented."""

    def __init__(self, cutoff: int) -> None:
        self.cutoff, self.indent, self.line = cutoff, 0, ""
        self.done: list[str] = []

    def write(self, node: Node) -> None:
        if not isinstance(node, Call):
            self.add(spell(node))
        elif node.infix and len(node.arguments) == 2:
            self.operations(node)
        elif node.infix or node.function == "(":
            self.add(node.function)
            self.write(node.arguments[0])
            self.add(")" if node.function == "(" else "")
        else:
            self.call(node)

    def add(self, text: str) -> None:
        if not self.line and self.done:
            self.line = INDENT * min(self.indent, FULL_INDENTS) + HALF_INDENT * max(self.indent - FULL_INDENTS, 0)
        self.line += text

    def ended(self, broken: bool) -> bool:
        """End the line if it is long, and tell whether what is being written is broken now."""
        if len(self.line) <= self.cutoff:
            return broken
        self.indent += not broken
        self.done.append(self.line)
        self.line = ""
        return True

    def operations(self, node: Node) -> None:
        """Write a chain of operations: its first operand, then operator and operand, one after the other."""
        chain: list[Call] = []
        while isinstance(node, Call) and node.infix and len(node.arguments) == 2:
            chain.append(node)
            node = node.arguments[0]
        self.write(node)
        for each in reversed(chain):
            tight = each.function in TIGHT
            self.add(each.function if tight else f" {each.function} ")
            broken = not tight and self.ended(False)
            self.write(each.arguments[1])
            self.indent -= broken

    def call(self, node: Call) -> None:
        self.add(f"{node.function}(")
        broken = False
        for k, (argument, key) in enumerate(itertools.zip_longest(node.arguments, node.keywords)):
            if k:
                self.add(", ")
                broken = self.ended(broken)
            if key is not None:
                self.add(f"{spell_name(key)} = ")
            self.write(argument)
        self.indent -= broken
        self.add(")")


def fill(pieces: Sequence[str], width: int = LINE_WIDTH, between: str = " ") -> str:
    """Join pieces into lines of at most `width`, as R's ``cat(fill = TRUE)`` does: it counts a last `between`, too.

    Examples
    --------
    >>> fill(["Formula:", "y ~ x"])
    'Formula: y ~ x'
    """
    text, used = pieces[0], len(pieces[0]) + len(between)
    for piece in pieces[1:]:
        if used + len(piece) + len(between) > width:
            text, used = f"{text}{between}\n{piece}", 0
        else:
            text += between + piece
        used += len(piece) + len(between)
    return text


def wrap(text: str, width: int, first: str = "", later: str = "") -> list[str]:
    """Break a text at blanks into lines shorter than `width`, as R's ``strwrap()``.

    Parameters
    ----------
    text : str
    width : int
    first, later : str
        What the first line begins with, and the others.

    Returns
    -------
    list of str

    Examples
    --------
    >>> wrap("one two three", 9, later="  ")
    ['one two', '  three']
    """
    lines: list[str] = []
    line, words = first, text.split()
    for word in words:
        begun = len(line) > len(later if lines else first)
        if begun and len(line) + 1 + len(word) >= width:
            lines.append(line)
            line, begun = later, False
        line += f" {word}" if begun else word
    return [*lines, line]


def _shorten(name: str, length: int) -> str:
    """Abbreviate one name: strip vowels, lower-case letters, the rest, from the end; those at ends of words first.

    The first letter of a word stays, and blanks go in the end.
    """
    kept = list(name.strip(" "))
    vowels = VOWELS if name.isascii() else VOWELS | {"."}
    stages: tuple[Callable[[str], bool], ...] = (
        vowels.__contains__,
        LETTERS.__contains__,
        lambda letter: letter != " ",
    )
    for strip, last_only in itertools.product(stages, (True, False)):
        for position in range(len(kept) - 1, 0, -1):
            if len(kept) - kept.count(" ") <= length:
                break
            inside = position + 1 < len(kept) and kept[position + 1] != " "
            if strip(kept[position]) and kept[position - 1] != " " and not (last_only and inside):
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
    columns: Mapping[str, Sequence[str]] | Sequence[tuple[str, Sequence[str]]],
    *,
    left: Sequence[str] | None = ("",),
    width: int = LINE_WIDTH,
) -> str:
    """Lay out formatted columns under their names, as R prints a matrix; wide tables continue below.

    Parameters
    ----------
    rows : sequence of str
        Row names, set flush left.
    columns : mapping of str to sequence of str, or such pairs
        Cells, set flush right but for the columns in `left`.
    left : sequence of str, or None
        Columns set flush left (the stars, names); None for all.
    width : int
        Characters that a line stays below; the remaining columns start again below it.

    Returns
    -------
    str
        Without a final line break.
    """
    pairs = list(columns.items()) if isinstance(columns, Mapping) else list(columns)
    stub = max([len(row) for row in rows], default=NO_ROWS)
    cells = [_padded([name, *texts], left is None or name in left) for name, texts in pairs]
    blocks: list[list[list[str]]] = [[]]
    used = stub
    for column in cells:
        if blocks[-1] and used + 1 + len(column[0]) >= width:  # the last place stays free
            blocks.append([])
            used = stub
        blocks[-1].append(column)
        used += 1 + len(column[0])
    stubs = [row.ljust(stub) for row in ["", *rows]]
    return "\n".join(" ".join(line) for block in blocks for line in zip(stubs, *block, strict=True))


def _padded(texts: Sequence[str], flush_left: bool) -> list[str]:
    width = max(map(len, texts))
    return [text.ljust(width) if flush_left else text.rjust(width) for text in texts]
