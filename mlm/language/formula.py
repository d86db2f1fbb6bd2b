"""The model formula: the response, the fixed part, and the random-effects terms between bars.

The grammar is lme4's. See Bates, Mächler, Bolker & Walker (2015), J. Stat. Softw. 67(1), section 2.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial

from ..errors import FormulaError, shorten
from .parser import BARS, outer_bar, parse_tree
from .terms import Complaint, Terms, expand
from .tokens import error_at, tokens
from .tree import Call, Name, Node, Number, Text, shown, spell, start, walk

__all__ = ["Formula", "RandomTerm", "key_of_bar", "parse", "without_double_bars"]


@dataclass(frozen=True, slots=True)
class RandomTerm:
    """One random-effects term ``(expr | group)``.

    Attributes
    ----------
    expr : Terms
        What varies between groups, for example ``1 + x``.
    group : str
        Name of the grouping factor as lme4 spells it: an interaction is ``"a:b"``; of ``a/b`` the inner factor
        is ``"b:a"``, of ``a/b/c`` the innermost is ``"c:(b:a)"``.
    parts : tuple of Node
        The expressions whose combination makes the grouping factor, in the order of its name.
    holds_its_group : bool
        Whether all names of the grouping factor stand in `expr`, too, as in ``(x | x)``.
    written : str
        As it was written, where the bar stands for this term alone; otherwise as `text`.
    """

    expr: Terms
    group: str
    parts: tuple[Node, ...]
    holds_its_group: bool
    written: str

    @property
    def text(self) -> str:
        """The term as it can be shown to a reader: ``1 + x | g``."""
        return f"{self.expr.text} | {self.group}"


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula taken apart: response, fixed part, random terms, offsets.

    Attributes
    ----------
    text : str
        As it was given.
    left : Node
        The response.
    fixed : Terms
    random : tuple of RandomTerm
    offsets : tuple of Node
        What stands inside of ``offset()``.
    has_dot : bool
        Whether a ``.`` stands in the fixed part; it means all columns but those of the response.
    variables : tuple of Node
        All expressions that are computed on the data, in the formula's order, each once.
    only_grouped_by : frozenset of str
        Names that stand for grouping factors, and nowhere else.
    names : tuple of str
        The names that `variables` are; empty where any of these is computed, or an offset, or what ``.`` stands for.
    predictors, slopes : tuple of str
        Those of them that the fixed part and the random effects use.
    """

    text: str
    left: Node
    fixed: Terms
    random: tuple[RandomTerm, ...]
    offsets: tuple[Node, ...]
    has_dot: bool
    variables: tuple[Node, ...]
    only_grouped_by: frozenset[str]
    names: tuple[str, ...]
    predictors: tuple[str, ...]
    slopes: tuple[str, ...]

    @property
    def response(self) -> str:
        """The response as R prints it; a name without backticks."""
        return self.left.name if isinstance(self.left, Name) else spell(self.left)


def parse(text: str, others: Sequence[str] | None = None) -> Formula:
    """Read a mixed-model formula.

    Parameters
    ----------
    text : str
        As in lme4: ``"y ~ x + (1 + x | g)"``. Grouping factors may be nested (``a/b``) or interact (``a:b``);
        ``||`` takes out the correlations.
    others : sequence of str, optional
        What a ``.`` in the fixed part stands for.

    Returns
    -------
    Formula

    Raises
    ------
    FormulaError
        When the text cannot be read. The message shows the place.

    Examples
    --------
    >>> f = parse("y ~ x + (1 | school/class)")
    >>> [t.text for t in f.random]
    ['1 | class:school', '1 | school']
    """
    if not isinstance(text, str):
        raise FormulaError(f"A formula is a string such as 'y ~ x + (1 | g)'; got {type(text).__name__}.")
    return _parse(text, None if others is None else tuple(others))


@lru_cache(maxsize=256)  # formulas; an entry is a small tree
def _parse(text: str, others: tuple[str, ...] | None) -> Formula:
    complain = partial(error_at, text)
    left, right = _sides(text, complain)
    pieces = _Pieces(complain)
    fixed = pieces.taken_out(right)
    dotted = fixed is not None and any(isinstance(n, Name) and n.name == "." and not n.quoted for n in walk(fixed))
    terms = expand(fixed, complain, others if others is not None else () if dotted else None)
    _demand_other_columns(left, terms, complain)
    random = tuple(term for bar in pieces.bars for term in _random_terms(bar, complain))
    _demand_own_names(random, complain)
    computed = dict.fromkeys((left, *terms.variables, *pieces.offsets))
    varying = dict.fromkeys(node for term in random for node in term.expr.variables)
    computed |= varying
    groups = dict.fromkeys(node for term in random for node in term.parts)
    elsewhere = _names((*computed, *[node for node in groups if isinstance(node, Call)]))
    only = frozenset(node.name for node in groups if isinstance(node, Name)) - elsewhere
    variables = tuple(computed | groups)
    plain = not dotted and not pieces.offsets and not terms.taken_out and all(isinstance(n, Name) for n in variables)
    names, predictors, slopes = (
        tuple(node.name for node in nodes if plain and isinstance(node, Name))
        for nodes in (variables, terms.variables, varying)
    )
    return Formula(text, left, terms, random, tuple(pieces.offsets), dotted, variables, only, names, predictors, slopes)


def without_double_bars(text: str) -> str:
    """Write a formula with the terms that each ``||`` stands for, as lme4 prints it; others are returned as they are.

    Examples
    --------
    >>> without_double_bars("y ~ x + (x || g)"), without_double_bars("y~x + (1|g)")
    ('y ~ x + ((1 | g) + (0 + x | g))', 'y~x + (1|g)')
    """
    if "||" not in text:
        return text
    return spell(_written_out(parse_tree(text), partial(error_at, text)))


def _written_out(node: Node, complain: Complaint) -> Node:
    """A tree in which the terms of each ``||`` stand one by one; what is not a sum is left as it is."""
    if not isinstance(node, Call):
        return node
    if node.function == "(" and isinstance(node.arguments[0], Call) and node.arguments[0].function == "||":
        effects, group = node.arguments[0].arguments
        terms = [f"({piece.text} | {spell(group)})" for piece in expand(effects, complain).one_by_one()]
        return parse_tree(f"({' + '.join(terms)})")
    if not (node.infix or node.function == "("):
        return node
    return replace(node, arguments=tuple(_written_out(argument, complain) for argument in node.arguments))


def _sides(text: str, complain: Complaint) -> tuple[Node, Node]:
    """Left and right of the one ``~``."""
    if not text.strip():
        raise complain(0, "The formula is empty: write 'response ~ predictors + (1 | group)'.")
    stripped = text.rstrip()
    if stripped.endswith("~") and stripped.count("~") == 1:
        raise complain(len(stripped), "Nothing stands right of '~'; write 1 for an intercept.")
    if not any(token.text == "~" and token.kind == "operator" for token in tokens(text)):
        raise complain(len(stripped), "The formula has no '~': write 'response ~ predictors + (1 | group)'.")
    tree = parse_tree(text)
    if not isinstance(tree, Call) or tree.function != "~" or not tree.infix:
        raise complain(start(tree), "A formula stands alone, 'response ~ predictors': the call around it is left out.")
    tildes = [node.at for node in walk(tree) if isinstance(node, Call) and node.function == "~" and node.infix]
    if len(tildes) > 1:
        raise complain(max(tildes), "The formula has a second '~'.")
    if len(tree.arguments) == 1:
        raise complain(tree.at, "The formula has no response before '~'.")
    left, right = tree.arguments
    if isinstance(left, Text):
        raise complain(left.at, f"The response is a column: write it without quotes, {shorten(left.value)} ~ …")
    return left, right


def _demand_other_columns(left: Node, fixed: Terms, complain: Complaint) -> None:
    """Refuse the response as a predictor of itself."""
    for node in fixed.variables:
        if node == left:
            raise complain(
                start(node), f"The response {shown(left)} stands on the right side, too: it would explain itself."
            )


def _demand_own_names(random: tuple[RandomTerm, ...], complain: Complaint) -> None:
    """Refuse two grouping factors of one name: a column may be called as an interaction or a call is."""
    known: dict[str, tuple[Node, ...]] = {}
    for term in random:
        if known.setdefault(term.group, term.parts) != term.parts:
            raise complain(
                start(term.parts[0]),
                f"Two grouping factors are called {shorten(term.group)!r}, one of them the column of this name: "
                "rename it.",
            )


class _Pieces:
    """Takes random-effects terms and offsets out of the right side, where they are added to it."""

    def __init__(self, complain: Complaint) -> None:
        self.complain = complain
        self.bars: list[Call] = []
        self.offsets: list[Node] = []

    def taken_out(self, node: Node) -> Node | None:
        """What is left of a sum; None when nothing is."""
        chain = []
        while isinstance(node, Call) and node.infix and node.function in ("+", "-") and len(node.arguments) == 2:
            chain.append(node)
            node = node.arguments[0]
        found = self.summand(node)
        for operation in reversed(chain):
            last = operation.arguments[1]
            right = self.taken_out(last) if operation.function == "+" else self.refused(last)
            if right is not None:
                found = self.joined(found, operation, right)
        return found

    @staticmethod
    def joined(left: Node | None, operation: Call, right: Node) -> Node:
        if left is not None:
            return Call(operation.function, (left, right), infix=True, at=operation.at)
        return right if operation.function == "+" else Call("-", (right,), infix=True, at=operation.at)

    def summand(self, node: Node) -> Node | None:
        if isinstance(node, Call) and node.function == "(" and not _is_bar(node.arguments[0]):
            inside = self.taken_out(node.arguments[0])
            return None if inside is None else Call("(", (inside,), at=node.at)
        if isinstance(node, Call) and node.function == "(":
            bar = node.arguments[0]
            assert isinstance(bar, Call)
            self.bars.append(bar)
            return None
        if isinstance(node, Call) and node.function in ("offset", "stats::offset") and len(node.arguments) == 1:
            inside = outer_bar(node.arguments[0])
            if inside is not None:
                raise self.complain(inside.at, "An offset has no random-effects terms; for 'or' write I(a | b).")
            self.offsets.append(node.arguments[0])
            return None
        return self.refused(node)

    def refused(self, node: Node) -> Node:
        """Complain about bars and offsets in places where they have no meaning; functions look after themselves."""
        waiting = [node]
        while waiting:
            piece = waiting.pop()
            if not isinstance(piece, Call):
                continue
            if _is_bar(piece):
                raise self.complain(piece.at, "A random-effects term stands in parentheses: write '(1 | group)'.")
            if piece.function == "(" and _is_bar(piece.arguments[0]):
                raise self.complain(piece.at, "A random-effects term can only be added to the formula.")
            if piece.function == "offset" and len(piece.arguments) != 1:
                raise self.complain(
                    piece.at, f"offset() takes one argument, and has {len(piece.arguments)}: add them up."
                )
            if piece.function == "offset":
                raise self.complain(piece.at, "An offset can only be added to the formula: + offset(x).")
            waiting += piece.arguments if piece.infix or piece.function == "(" else ()
        return node


def _is_bar(node: Node) -> bool:
    return isinstance(node, Call) and node.infix and node.function in BARS


def _random_terms(bar: Call, complain: Complaint) -> list[RandomTerm]:
    """The terms that one pair of parentheses stands for: one a grouping factor, and with ``||`` one an effect.

    In lme4's order, where ``||`` is expanded before ``/``, and ``a/b`` to ``b:a`` before ``a``.
    """
    effects, group = bar.arguments
    if _is_bar(effects):
        raise complain(bar.at, "A random-effects term has one bar, or '||'.")
    terms = expand(effects, complain)
    if not terms.sets and not terms.intercept:
        raise complain(start(effects), "Nothing varies in this random-effects term: write '(1 | group)'.")
    pieces = terms.one_by_one() if bar.function == "||" else [terms]
    found = [(piece, *factor) for piece in pieces for factor in reversed(_grouping(group, complain))]
    alone = bar.function == "|" and len(found) == 1
    return [
        RandomTerm(
            piece,
            name,
            parts,
            _names(piece.variables).issuperset(_names(parts)),
            spell(bar) if alone else f"{piece.text} | {name}",
        )
        for piece, name, parts in found
    ]


def key_of_bar(node: Node) -> tuple[tuple[str, str], ...] | None:
    """What a random-effects term without its parentheses means, so that two that mean the same can be told; or None.

    Examples
    --------
    >>> from mlm.language.parser import parse_expression
    >>> key_of_bar(parse_expression("x | g")) == key_of_bar(parse_expression("1 + x | g"))
    True
    """
    if not _is_bar(node):
        return None
    assert isinstance(node, Call)
    terms = _random_terms(node, partial(error_at, spell(node)))
    return tuple((term.expr.text, term.group) for term in terms)


def _names(nodes: tuple[Node, ...]) -> set[str]:
    """All names that stand in some expressions."""
    return {piece.name for node in nodes for piece in walk(node) if isinstance(piece, Name)}


def _grouping(node: Node, complain: Complaint) -> list[tuple[str, tuple[Node, ...]]]:
    """Names and parts of the grouping factors: ``a/b`` is ``a`` and ``b:a``."""
    bare = _bare(node)
    if isinstance(bare, Call) and bare.infix and bare.function == "/":
        outer = _grouping(bare.arguments[0], complain)
        inner = _interaction(bare.arguments[1], complain)
        around = f"({outer[-1][0]})" if len(outer[-1][1]) > 1 else _quoted(outer[-1])
        return [*outer, (f"{_quoted(inner)}:{around}", inner[1] + outer[-1][1])]
    return [_interaction(node, complain)]


def _interaction(node: Node, complain: Complaint) -> tuple[str, tuple[Node, ...]]:
    """Name and parts of a grouping factor that is a column, a function of columns, or ``a:b``."""
    if isinstance(node, Call) and node.function == "(":
        name, parts = _interaction(node.arguments[0], complain)
        return name if len(parts) == 1 else f"({name})", parts
    if isinstance(node, Name) and (node.quoted or node.name != "."):
        return node.name, (node,)
    if isinstance(node, Call) and node.infix and node.function == ":":
        first, second = (_interaction(argument, complain) for argument in node.arguments)
        return f"{_quoted(first)}:{_quoted(second)}", first[1] + second[1]
    if isinstance(node, Call) and not node.infix:
        return spell(node), (node,)
    what = "is one level for all rows" if isinstance(node, Number) else "is not a grouping factor"
    raise complain(
        start(node), f"{shown(node)} {what}: a grouping factor is a column, a function of it, 'a:b' or 'a/b'."
    )


def _quoted(factor: tuple[str, tuple[Node, ...]]) -> str:
    return spell(factor[1][0]) if len(factor[1]) == 1 else factor[0]


def _bare(node: Node) -> Node:
    while isinstance(node, Call) and node.function == "(":
        node = node.arguments[0]
    return node
