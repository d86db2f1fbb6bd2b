"""Formulas with other terms: written as R writes those that it has sorted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .formula import Formula, RandomTerm
from .terms import Terms
from .tree import spell

__all__ = ["rewritten"]


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
