"""Formulas with other terms: fewer, or changed as R's ``update`` does; written as R writes terms that it has sorted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..errors import ArgumentError, FormulaError
from .formula import Formula, RandomTerm, key_of_bar, without_double_bars
from .parser import parse_tree
from .terms import Complaint, Terms, expand
from .tree import Call, Name, Node, spell, walk

__all__ = ["rewritten", "updated"]


def rewritten(formula: Formula, fixed: Terms, random: Sequence[RandomTerm]) -> Formula:
    """A formula with other terms on its right side, in the order in which R writes terms that it has sorted.

    Parameters
    ----------
    formula : Formula
    fixed : Terms
    random : sequence of RandomTerm

    Returns
    -------
    Formula

    Examples
    --------
    >>> from mlm.language.formula import parse
    >>> f = parse("y ~ a * b + (1 | g)")
    >>> rewritten(f, f.fixed, f.random).text
    'y ~ a + b + (1 | g) + a:b'
    """
    first = [label for label, term in zip(fixed.labels, fixed.sets, strict=True) if len(term) == 1]
    later = [label for label, term in zip(fixed.labels, fixed.sets, strict=True) if len(term) > 1]
    summands = [*first, *(f"({term.written})" for term in random), *later]
    summands += [f"offset({spell(node)})" for node in formula.offsets]
    right = " + ".join(summands or ["1" if fixed.intercept else "0"])
    text = f"{spell(formula.left)} ~ {right}{'' if fixed.intercept or not summands else ' - 1'}"
    used = dict.fromkeys((formula.left, *fixed.variables, *formula.offsets))
    used |= dict.fromkeys(node for term in random for node in (*term.expr.variables, *term.parts))
    variables = tuple(node for node in formula.variables if node in used)
    return replace(formula, text=text, fixed=fixed, random=tuple(random), variables=variables, has_dot=False)


def updated(formula: Formula, change: str) -> str:
    """Write a formula with a change to it, as R's ``update.formula`` does.

    Parameters
    ----------
    formula : Formula
    change : str
        ``". ~ . + z"``: a dot stands for what was on its side. Random-effects terms and offsets are added and taken out
        as others are; terms that are not there are taken out without a word, as in R, random effects excepted.

    Returns
    -------
    str
        Terms in R's order: those of one variable first.

    Raises
    ------
    ArgumentError
        When the change is not text.
    FormulaError
        When it cannot be read, takes random effects out that are not there, or crosses them with others.

    Examples
    --------
    >>> from mlm.language.formula import parse
    >>> updated(parse("y ~ x + (1 | g)"), "log(.) ~ . - (1 | g) + (x | g) + x:z")
    'log(y) ~ x + (x | g) + x:z'
    """
    if not isinstance(change, str):
        raise ArgumentError(f"A change of a formula is a string such as '. ~ . + x'; got {type(change).__name__}.")
    old = rewritten(formula, formula.fixed, formula.random).text if formula.has_dot else formula.text
    left, right = _sides(parse_tree(without_double_bars(old)))
    new_left, new_right = _sides(parse_tree(change if "~" in change else f"~{change}"))
    assert left is not None

    def complain(_at: int, why: str) -> FormulaError:
        return FormulaError(f"{why}\n  {change}, of {formula.text}")

    tree = _alike(_filled(new_right, right), {})
    _demand_known_bars(right, new_right, complain)
    response = left if new_left is None or _is_dot(new_left) else _filled(new_left, left)
    return _written(response, expand(tree, complain), complain)


def _sides(tree: Node) -> tuple[Node | None, Node]:
    tildes = sum(isinstance(node, Call) and node.function == "~" for node in walk(tree))
    if not (isinstance(tree, Call) and tree.function == "~" and tree.infix and tildes == 1):
        raise FormulaError(f"A change of a formula has one '~', as '. ~ . + x' has; got {spell(tree)!r}.")
    return (None, tree.arguments[0]) if len(tree.arguments) == 1 else (tree.arguments[0], tree.arguments[1])


def _is_dot(node: Node) -> bool:
    return isinstance(node, Name) and node.name == "." and not node.quoted


def _filled(node: Node, old: Node) -> Node:
    """A tree with the old side in the places of its dots."""
    if _is_dot(node):
        return Call("(", (old,)) if isinstance(old, Call) and old.infix else old
    if isinstance(node, Call):
        return replace(node, arguments=tuple(_filled(argument, old) for argument in node.arguments))
    return node


def _alike(node: Node, seen: dict[object, Node]) -> Node:
    """A tree in which random-effects terms that mean the same are written alike, as the first of them is."""
    key = key_of_bar(node)
    if key is not None:
        return seen.setdefault(key, node)
    if isinstance(node, Call) and (node.infix or node.function == "("):
        return replace(node, arguments=tuple(_alike(argument, seen) for argument in node.arguments))
    return node


def _demand_known_bars(old: Node, change: Node, complain: Complaint) -> None:
    """Refuse to take out random effects that are not there: one misspelt would stay."""
    known = {key_of_bar(node) for node, added in _summands(old, True) if added}
    for node, added in _summands(change, True):
        key = key_of_bar(node)
        if added:
            known.add(key)
        elif key is not None and key not in known:
            there = ", ".join(f"({spell(n)})" for n, a in _summands(old, True) if a and key_of_bar(n)) or "none"
            raise complain(0, f"The model has no random-effects term ({spell(node)}) to take out; it has {there}.")


def _summands(node: Node, added: bool) -> list[tuple[Node, bool]]:
    """What is added or taken out in a sum, from left to right."""
    if isinstance(node, Call) and node.function == "(":
        return _summands(node.arguments[0], added)
    if isinstance(node, Call) and node.infix and node.function in ("+", "-"):
        *first, last = node.arguments
        found = _summands(first[0], added) if first else []
        return found + _summands(last, added == (node.function == "+"))
    return [(node, added)]


def _written(left: Node, terms: Terms, complain: Complaint) -> str:
    """Write a formula whose random-effects terms and offsets are among the variables of its terms."""
    summands, offsets = [], []
    for positions, label in zip(terms.sets, terms.labels, strict=True):
        nodes = [terms.variables[k] for k in positions]
        special = [n for n in nodes if key_of_bar(n) or (isinstance(n, Call) and n.function == "offset")]
        if special and len(nodes) > 1:
            raise complain(0, f"{spell(special[0])!r} can only be added to a formula, and not be crossed with terms.")
        if special and key_of_bar(special[0]) is None:
            offsets.append(label)
        else:
            summands.append(f"({label})" if special else label)
    summands += offsets
    right = " + ".join(summands or ["1" if terms.intercept else "0"])
    return f"{spell(left)} ~ {right}{'' if terms.intercept or not summands else ' - 1'}"
