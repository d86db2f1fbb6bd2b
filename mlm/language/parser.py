"""R's grammar: from tokens to a tree, by the precedence of operators.

The order of the operators is that of R's help page ``?Syntax``; the method is Pratt's (1973, "Top down operator
precedence", POPL '73).
"""

from __future__ import annotations

import math
from functools import lru_cache

from ..errors import FormulaError, shorten
from .tokens import Token, error_at, tokens
from .tree import Call, Name, Node, Number, Text, start

__all__ = ["outer_bar", "parse_expression", "parse_tree"]

# How strongly operators bind what stands on either side, weakest first.
BINARY = {
    "~": 10, "|": 20, "||": 20, "&": 30, "&&": 30,
    "==": 50, "!=": 50, "<": 50, ">": 50, "<=": 50, ">=": 50,
    "+": 60, "-": 60, "*": 70, "/": 70, ":": 90, "^": 110, "**": 110,
}  # fmt: skip
COMPARISON = 50
SPECIAL = 80  # %in%, %% and their like
# Words of Python, and what stands for them.
WORDS = {
    "and": "write &", "or": "write |", "not": "write !", "in": "write %in%", "is": "write ==",
    "if": "write ifelse(test, yes, no)", "lambda": "pass the function, functions={'name': ...}",
}  # fmt: skip
BARS = ("|", "||")
PREFIX = {"!": 40, "-": 100, "+": 100, "~": 10}
# Parentheses, signs and powers one in another: far more than anybody writes, and far less than Python's stack holds.
MAX_DEPTH = 100
# Pieces that one sum or product may have that is no sum of terms: what walks over them is nested as deeply.
MAX_CHAIN = 150


def parse_tree(text: str) -> Node:
    """Read a whole formula, or an expression.

    Raises
    ------
    FormulaError
        When the text cannot be read; the message shows the place.
    """
    reader = _Reader(text)
    node = reader.expression(0)
    if reader.next.kind != "end":
        raise reader.unexpected()
    _demand_shallow(node, text)
    return node


@lru_cache(maxsize=256)  # texts; an entry is a small tree
def parse_expression(text: str) -> Node:
    """Read what stands for one column: a response, an offset, weights.

    Examples
    --------
    >>> parse_expression("x + 1").function
    '+'
    """
    return parse_tree(text)


def outer_bar(node: Node) -> Call | None:
    """Find a bar that stands in no function's arguments, where it could mean a random-effects term and no 'or'."""
    waiting = [node]
    while waiting:
        piece = waiting.pop()
        if isinstance(piece, Call) and (piece.infix or piece.function == "("):
            if piece.function in BARS:
                return piece
            waiting += piece.arguments
    return None


def _demand_shallow(node: Node, text: str) -> None:
    """Refuse chains of operators too long to be walked over; sums of terms may have any length."""
    waiting = [(node, 0, True)]
    while waiting:
        piece, depth, among_terms = waiting.pop()
        if depth > MAX_CHAIN:
            raise error_at(
                text, start(piece), f"More than {MAX_CHAIN} pieces stand here one in another; make the column before."
            )
        if isinstance(piece, Call):
            sum_of_terms = among_terms and piece.infix and piece.function in ("~", "+", "-")
            waiting += [(each, depth + (not sum_of_terms), sum_of_terms) for each in piece.arguments]


class _Reader:
    """Reads tokens from left to right, one ahead."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens(text)
        self.place = 0
        self.depth = 0

    @property
    def next(self) -> Token:
        return self.tokens[self.place]

    def take(self) -> Token:
        token = self.tokens[self.place]
        self.place += 1
        return token

    def expression(self, weakest: int) -> Node:
        """Read an expression whose operators bind more strongly than `weakest`."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise error_at(self.text, self.next.at, f"Parentheses and signs are nested more than {MAX_DEPTH} deep.")
        node = self.operand()
        while (strength := self.strength()) > weakest:
            operator = self.take()
            name = "^" if operator.text == "**" else operator.text
            # a power is read from the right; what compares does not chain
            right = self.expression(strength - (name == "^"))
            node = Call(name, (node, right), infix=True, at=operator.at)
            if strength == COMPARISON == self.strength():
                raise error_at(self.text, self.next.at, "Comparisons do not chain: write a < b & b < c.")
        self.depth -= 1
        return node

    def strength(self) -> int:
        """How strongly the next token binds as an operator between two operands; 0 when it is none."""
        if self.next.kind != "operator":
            return 0
        return SPECIAL if self.next.text.startswith("%") else BINARY.get(self.next.text, 0)

    def operand(self) -> Node:
        """Read a number, a name, a call, something in parentheses, or a sign with its operand."""
        token = self.next
        if token.kind == "end" or token.text in (")", ",") or (self.strength() and token.text not in PREFIX):
            raise self.nothing_here()
        self.take()
        if token.kind == "number":
            return _number(token, self.text)
        if token.kind == "text":
            return Text(token.text, token.at)
        if token.kind == "name" and "::" in token.text and self.next.text != "(":
            raise error_at(self.text, token.at + token.text.index("::"), "'::' stands before a function only.")
        if token.kind in ("name", "quoted"):
            return self.call(token) if self.next.text == "(" and self.next.kind == "operator" else _name(token)
        if token.text == "(":
            inside = self.expression(0)
            self.close(token)
            return Call("(", (inside,), at=token.at)
        if token.text not in PREFIX:
            raise error_at(self.text, token.at, f"This {shorten(token.text)!r} does not belong here.")
        return Call(token.text, (self.expression(PREFIX[token.text]),), infix=True, at=token.at)

    def call(self, function: Token) -> Call:
        """Read a function's arguments, with or without names."""
        opening = self.take()
        arguments: list[Node] = []
        keywords: list[str | None] = []
        while not self.at_operator(")"):
            keyword = None
            if self.next.kind in ("name", "quoted", "text") and self.tokens[self.place + 1].text == "=":
                keyword = self.take().text
                self.take()
            arguments.append(self.expression(0))
            keywords.append(keyword)
            if not self.at_operator(","):
                break
            self.take()
        self.close(opening)
        return Call(function.text, tuple(arguments), tuple(keywords), at=function.at)

    def at_operator(self, sign: str) -> bool:
        return self.next.kind == "operator" and self.next.text == sign

    def close(self, opening: Token) -> None:
        if self.at_operator(")"):
            self.take()
        elif self.next.kind == "end":
            raise error_at(self.text, opening.at, "This '(' is never closed.")
        else:
            raise self.unexpected()

    def nothing_here(self) -> FormulaError:
        token = self.next
        before = self.tokens[self.place - 1].text if self.place else ""
        if before == "(" and token.text == ")":
            return error_at(self.text, token.at, "Nothing stands in these parentheses.")
        if before == "(" and token.text in BARS:
            return error_at(self.text, token.at, "Nothing varies in this random-effects term: write '(1 | group)'.")
        if before in BARS:
            return error_at(self.text, token.at, "The grouping factor is missing: write '(1 | group)'.")
        if token.text == ")" and not any(t.text == "(" for t in self.tokens[: self.place]):
            return error_at(self.text, token.at, "This ')' closes nothing.")
        what = "the end" if token.kind == "end" else repr(shorten(token.text))
        return error_at(self.text, token.at, f"The formula cannot be read: something is missing before {what}.")

    def unexpected(self) -> FormulaError:
        token = self.next
        if token.text == ")":
            return error_at(self.text, token.at, "This ')' closes nothing.")
        if token.kind == "operator":
            return error_at(self.text, token.at, f"This {shorten(token.text)!r} does not belong here.")
        before = self.tokens[self.place - 1] if self.place else token
        word = token.text if token.text in WORDS else before.text
        if token.kind == "name" and word in WORDS:
            return error_at(self.text, token.at, f"{word!r} is not an operator of a formula: {WORDS[word]}.")
        if token.kind == "name" and token.text.startswith("."):
            why = "Attributes and methods cannot be reached from a formula: make the column before the fit."
            return error_at(self.text, token.at, why)
        hint = ""
        if before.kind == token.kind == "name":
            hint = f" A name with a blank stands in backticks: `{shorten(before.text)} {shorten(token.text)}`."
        missing = f"An operator is missing before {shorten(token.text)!r}: did you mean '+'?"
        return error_at(self.text, token.at, missing + hint)


def _number(token: Token, text: str) -> Number:
    digits = token.text.rstrip("L")  # R's sign of a whole number
    try:
        value = float(int(digits, 16)) if digits[:2] in ("0x", "0X") else float(digits)
    except OverflowError:
        value = math.inf
    if math.isinf(value):
        raise error_at(text, token.at, "This number is too large to be represented.")
    return Number(value, token.text.endswith("L"), token.at)


def _name(token: Token) -> Name:
    return Name(token.text, token.kind == "quoted", token.at)
