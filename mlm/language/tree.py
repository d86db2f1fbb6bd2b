"""Expressions as trees: numbers, words in quotes, names and calls; an operator is a call, as in R.

A tree is data. Nothing in it can be run: `frame` evaluates it by a table of functions, and lazy frames can translate
it. Two trees are equal when they say the same, wherever they stand.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from ..errors import shorten

__all__ = ["Call", "Name", "Node", "Number", "Text", "shown", "spell", "spell_name", "start", "walk"]

# R's names that need no backticks, in the letters of ASCII.
SYNTACTIC = re.compile(r"(?:[a-zA-Z]|\.(?![0-9]))[a-zA-Z0-9._]*")
# Unicode's combining classes of vowel signs: 0 in most scripts, others in Hebrew, Arabic, Syriac, Telugu, Thai, Lao and
# Tibetan. They are letters to R, as accents, tones and viramas are not.
VOWEL_SIGNS = frozenset((0, *range(10, 37), 84, 91, 103, 118, 129, 130, 132))
SPACED = {"~", "+", "-", "*", "<", ">", "<=", ">=", "==", "!=", "&", "&&", "|", "||"}  # binary operators, as R prints
TIGHT = {"/", "^", ":", "%%", "%/%"}
PRINTED_DIGITS = 15  # digits to which R prints the numbers of an expression


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it stands in a formula; R's ``2L`` is a whole one, and printed without powers of ten."""

    value: float
    whole: bool = False
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Text:
    """A word in quotes."""

    value: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Name:
    """A name: of a column, or of a constant such as ``TRUE``."""

    name: str
    quoted: bool = field(default=False, compare=False)
    at: int = field(default=0, compare=False)

    def __hash__(self) -> int:
        return hash(self.name)


@dataclass(frozen=True, slots=True)
class Code(Name):
    """Code of R that no formula could have, printed as it stands."""

    __hash__ = Name.__hash__


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments, or an operator with its operands; parentheses are the function ``(``.

    Attributes
    ----------
    function : str
        Name of the function as it is written, or the operator.
    arguments : tuple of Node
    keywords : tuple of (str or None)
        The arguments' names, None where none is given.
    infix : bool
        Whether it is written as an operator between, or before, its operands.
    at : int
        Where it stands in the text: the operator, or the first letter.
    """

    function: str
    arguments: tuple[Node, ...]
    keywords: tuple[str | None, ...] = ()
    infix: bool = False
    at: int = field(default=0, compare=False)


Node = Number | Text | Name | Call


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and all that stands in it, from left to right."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, Call):
            waiting += reversed(node.arguments)


def start(node: Node) -> int:
    """Where the text of a node begins."""
    while isinstance(node, Call) and node.infix and len(node.arguments) == 2:
        node = node.arguments[0]
    return node.at


@lru_cache(maxsize=1024)  # expressions; an entry is a short text
def spell(node: Node) -> str:
    """Write an expression as R prints it.

    Examples
    --------
    >>> from mlm.language.parser import parse_expression
    >>> spell(parse_expression("I((z-3)**2)")), spell(parse_expression("log( x/2,base=10 )"))
    ('I((z - 3)^2)', 'log(x/2, base = 10)')
    """
    if isinstance(node, Number):
        return _spell_number(node)
    if isinstance(node, Text):
        return '"' + node.value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(node, Name):
        return node.name if isinstance(node, Code) else spell_name(node.name)
    words = [spell(argument) for argument in node.arguments]
    if node.function == "(":
        return f"({words[0]})"
    if node.infix and len(words) == 1:
        return node.function + words[0]
    if node.infix:
        return words[0] + (node.function if node.function in TIGHT else f" {node.function} ") + words[1]
    keywords = node.keywords or (None,) * len(words)
    listed = [word if key is None else f"{spell_name(key)} = {word}" for key, word in zip(keywords, words, strict=True)]
    return f"{node.function}({', '.join(listed)})"


def spell_name(name: str) -> str:
    """Write a name, in backticks where R could not read it without them."""
    letters = name if name.isascii() else "".join(map(_ascii, name))
    return name if SYNTACTIC.fullmatch(letters) else f"`{name}`"


def _ascii(sign: str) -> str:
    """A letter or a digit for a sign that is one in the names of R, where vowel signs are letters."""
    kind = unicodedata.category(sign)
    vowel_sign = kind == "Mn" and unicodedata.combining(sign) in VOWEL_SIGNS
    return "a" if vowel_sign or kind in ("Mc", "Nl") or sign.isalpha() else "0" if kind == "Nd" else sign


def shown(node: Node) -> str:
    """Write an expression for a message: as R prints it, of a long one the two ends."""
    return shorten(spell(node))


def _spell_number(number: Number) -> str:
    """Write a number in the shorter of R's two notations, the fixed one where both are as long."""
    if number.whole:
        return f"{number.value:.0f}"
    digits = f"{number.value:.{PRINTED_DIGITS - 1}e}"
    mantissa, exponent = digits.split("e")
    mantissa = mantissa.rstrip("0").rstrip(".")
    scientific = f"{mantissa}e{int(exponent):+03d}"
    decimals = max(len(mantissa.partition(".")[2]) - int(exponent), 0)
    fixed = f"{number.value:.{decimals}f}"
    return fixed if len(fixed) <= len(scientific) else scientific
