"""The algebra of terms: what ``+ - * / ^ : %in%`` make of the variables of a formula.

As in R, after Chambers & Hastie (1992), *Statistical Models in S*, section 2.3 and its reference, Wilkinson & Rogers
(1973), "Symbolic description of factorial models for analysis of variance", Applied Statistics 22(3). A term is a set
of variables; sets are held as the bits of whole numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from ..errors import FormulaError
from .tree import Call, Name, Node, Number, Text, shown, spell, start

__all__ = ["Complaint", "Terms", "expand"]

ALGEBRA = {"+", "-", "*", "/", "^", ":", "%in%", "("}
LISTS = {"c", "seq", "levels", "range", "quantile"}  # functions that make lists of constants and no columns
# Terms that a formula may expand to: 2^11 - 1 are those of 11 variables fully crossed. More take seconds to code, and
# nobody can read them.
MAX_TERMS = 2047
Complaint = Callable[[int, str], FormulaError]


@dataclass(frozen=True)
class Terms:
    """What an expanded formula says: variables, sets of them, and whether there is an intercept.

    Attributes
    ----------
    variables : tuple of Node
        In the order in which the formula names them.
    sets : tuple of tuple of int
        The terms, each the positions of its variables; terms of few variables first.
    intercept : bool
    taken_out : tuple of Node
        Variables of terms that were taken out again; they must be there, and count no further.
    """

    variables: tuple[Node, ...]
    sets: tuple[tuple[int, ...], ...]
    intercept: bool
    taken_out: tuple[Node, ...] = ()

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The terms as R prints them, without the intercept."""
        spelled = [spell(variable) for variable in self.variables]
        return tuple([":".join(spelled[k] for k in term) for term in self.sets])

    @property
    def text(self) -> str:
        """All terms in one line: ``1 + x``, ``0 + x``."""
        return " + ".join(["1" if self.intercept else "0", *self.labels])

    def select(self, keep: Sequence[int], intercept: bool) -> Terms:
        """The terms at these positions, with or without the intercept."""
        used = sorted({k for t in keep for k in self.sets[t]})
        place = {k: position for position, k in enumerate(used)}
        sets = tuple(tuple(place[k] for k in self.sets[t]) for t in keep)
        return Terms(tuple(self.variables[k] for k in used), sets, intercept, self.taken_out)

    def one_by_one(self) -> list[Terms]:
        """Each term alone, the intercept first: what ``||`` makes of them."""
        alone = [Terms((), (), True)] if self.intercept else []
        for term in self.sets:
            variables = tuple(self.variables[k] for k in term)
            alone.append(Terms(variables, (tuple(range(len(term))),), False))
        return alone


def expand(node: Node | None, complain: Complaint, others: Sequence[str] | None = None) -> Terms:
    """Expand the right side of a formula into its terms.

    Parameters
    ----------
    node : Node or None
        None stands for nothing but the intercept.
    complain : callable
        Makes the error for a place and a reason.
    others : sequence of str, optional
        The columns that ``.`` stands for.

    Returns
    -------
    Terms

    Raises
    ------
    FormulaError
        When the expression is not an algebra of terms.

    Examples
    --------
    >>> from mlm.language.parser import parse_expression
    >>> expand(parse_expression("(a + b + c)^2 - a:b"), None).text
    '1 + a + b + c + a:c + b:c'
    """
    algebra = _Algebra(complain, others)
    masks = algebra.terms(node) if node is not None else []
    sets = [_positions(mask) for mask in sorted(masks, key=int.bit_count)]
    used = sorted({k for positions in sets for k in positions})
    place = {k: position for position, k in enumerate(used)}
    nodes = list(algebra.variables)
    renumbered = tuple(tuple(place[k] for k in positions) for positions in sets)
    out = tuple(node for k, node in enumerate(nodes) if k not in place)
    return Terms(tuple(nodes[k] for k in used), renumbered, algebra.intercept, out)


class _Algebra:
    """Expands a tree; what it meets on the way: variables in their order, whether the intercept stays."""

    def __init__(self, complain: Complaint, others: Sequence[str] | None) -> None:
        self.complain, self.others = complain, others
        self.variables: dict[Node, int] = {}
        self.intercept = True

    def terms(self, node: Node, adding: bool = True) -> list[int]:
        """Terms of a tree as sets of bits; under a minus (`adding` False) 1 takes the intercept out and 0 puts it."""
        chain = []
        while isinstance(node, Call) and node.function in ("+", "-") and node.infix and len(node.arguments) == 2:
            chain.append((node.function, node.arguments[1]))
            node = node.arguments[0]
        found = dict.fromkeys(self.product(node, adding))
        for sign, right in reversed(chain):
            if sign == "+":
                found |= dict.fromkeys(self.terms(right, adding))
            else:
                for mask in self.terms(right, not adding):
                    found.pop(mask, None)
        return self.union(list(found), [], node)

    def product(self, node: Node, adding: bool) -> list[int]:
        """Terms of what is not a sum."""
        if isinstance(node, Number) and node.value in (0, 1):
            self.intercept = (node.value == 1) == adding
            return []
        if isinstance(node, Number | Text):
            quotes = "write columns without quotes" if isinstance(node, Text) else "only 0 and 1 have a meaning"
            raise self.complain(node.at, f"A term is made of columns, and {shown(node)} is none: {quotes}.")
        if isinstance(node, Name) and node.name == "." and not node.quoted:
            return self.dot(node)
        if not isinstance(node, Call) or node.function not in ALGEBRA or not (node.infix or node.function == "("):
            return [1 << self.variables.setdefault(node, len(self.variables))]
        if node.function == "(":
            return self.terms(node.arguments[0], adding)
        if len(node.arguments) == 1:  # a sign before the first term
            inside = self.terms(node.arguments[0], adding == (node.function == "+"))
            return inside if node.function == "+" else []
        return self.operation(node, adding)

    def operation(self, node: Call, adding: bool) -> list[int]:
        left, right = node.arguments
        if node.function == "%in%" and _lists(right):
            raise self.complain(
                node.at, f"As a term, %in% nests columns; for whether a value is in a list write I({shown(node)})."
            )
        for each in (left, right):
            if node.function != "^" and _is_number(each, but_one=node.function == "*"):
                raise self.complain(
                    each.at,
                    f"{shown(node)} is not a term: for arithmetic write I({shown(node)}); columns alone make terms.",
                )
        if node.function == "^":
            return self.power(self.terms(left, adding), node)
        first = self.terms(left, adding)
        second = self.terms(right, adding)
        unknown = self.others == ()  # what a '.' stands for is not known yet
        if node.function == ":" and bool(first) != bool(second) and not unknown:
            raise self.complain(node.at, f"{shown(node)} has a side without columns, and so makes no term.")
        if node.function == ":":
            return self.union([], [a | b for a in first for b in second], node)
        if node.function == "*":
            return self.union(self.union(first, second, node), [a | b for a in first for b in second], node)
        if node.function == "/":
            return self.union(first, [b | _all(first) for b in second], node)
        return self.union([], [a | _all(second) for a in first], node)  # %in%

    def power(self, base: list[int], node: Call) -> list[int]:
        exponent = node.arguments[1]
        while isinstance(exponent, Call) and exponent.function == "(":
            exponent = exponent.arguments[0]
        if not (isinstance(exponent, Number) and exponent.value >= 1 and exponent.value == int(exponent.value)):
            raise self.complain(
                start(exponent),
                "Outside of a function, ^ crosses terms: its power is a whole number from 1. For powers of a column "
                f"write I({shown(node)}).",
            )
        found = base
        for _ in range(min(int(exponent.value), len(self.variables)) - 1):
            found = self.union([], [a | b for a in found for b in base], node)
        return found

    def dot(self, node: Name) -> list[int]:
        if self.others is None:
            raise self.complain(
                node.at, "A '.' for all other columns can stand in the fixed part only; name the columns."
            )
        names = [Name(name) for name in self.others]
        return [1 << self.variables.setdefault(name, len(self.variables)) for name in names]

    def union(self, first: list[int], second: list[int], node: Node) -> list[int]:
        """All terms of both, each once, in the order in which they come."""
        found = list(dict.fromkeys(first + second))
        if len(found) > MAX_TERMS:
            raise self.complain(
                start(node),
                f"This expands to {len(found):,} terms or more, for {len(self.variables)} variables; "
                f"the limit is {MAX_TERMS:,}. Cross fewer variables.",
            )
        return found


def _lists(node: Node) -> bool:
    """Whether an expression lists constants: c(…), a word, a number."""
    while isinstance(node, Call) and node.function == "(":
        node = node.arguments[0]
    return isinstance(node, Text | Number) or (isinstance(node, Call) and node.function in LISTS and not node.infix)


def _is_number(node: Node, but_one: bool) -> bool:
    """Whether this is a number, in parentheses or with a sign; 1 may be the side of a crossing."""
    signed = False
    while isinstance(node, Call) and node.function in ("(", "+", "-") and len(node.arguments) == 1:
        signed |= node.function != "("
        node = node.arguments[0]
    return isinstance(node, Number) and (signed or not (but_one and node.value == 1))


def _positions(mask: int) -> list[int]:
    """Positions of the bits that are set, from the lowest."""
    found = []
    while mask:
        found.append((mask & -mask).bit_length() - 1)
        mask &= mask - 1
    return found


def _all(masks: list[int]) -> int:
    """The union of all sets."""
    joined = 0
    for mask in masks:
        joined |= mask
    return joined
