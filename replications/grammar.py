"""How ids are spelled, told by the code that reads them: :mod:`replications.quantities` and :mod:`replications.lookup`.

In a form, a word in capitals is a name of the model's own, square brackets hold what may be missing, and a bar stands
between words of which one is written.
"""

from __future__ import annotations

import re

from replications.lookup import TERM_COLUMNS, TESTS
from replications.printouts.names import QUANTITIES, quantity
from replications.quantities import ANOVA_COLUMNS, PATTERNS

_NAME = re.compile(r"\(\?P<(\w+)>(?:\[\^\.\]\+|\.\+)\)")
_CHOICE = re.compile(r"\(\?P<\w+>([^()]*)\)")
_OPTIONAL = re.compile(r"\(((?:[^()]|\([^()]*\))*)\)\?")


def readable(pattern: str) -> str:
    r"""Return a regular expression of ids as a form.

    Examples
    --------
    >>> readable(r"n_groups(\.(?P<group>[^.]+))?")
    'n_groups[.GROUP]'
    >>> readable(r"(coef\.)?(?P<term>[^.]+)\.(?P<column>estimate|se)")
    '[coef.]TERM.(estimate | se)'
    """
    text = _NAME.sub(lambda found: found[1].upper(), pattern)
    text = _OPTIONAL.sub(r"[\1]", _CHOICE.sub(r"(\1)", text))
    return text.replace(r"\.", ".").replace("|", " | ")


def of_models() -> list[tuple[str, str]]:
    """Return the forms of a model's quantities, in the order in which they are tried, and what each is."""
    return [(readable(pattern.pattern), _what(str(quantity.__doc__))) for pattern, quantity in PATTERNS]


def of_comparisons() -> list[tuple[str, str]]:
    """Return the forms of a comparison's cells, and the column of :func:`mlm.anova` that each is."""
    return [
        *((f"MODEL.{name}", column) for name, column in ANOVA_COLUMNS.items()),
        ("MODEL.stars", "stars of the p value"),
    ]


def of_terms() -> list[tuple[str, str]]:
    """Return the forms of the tests of one model's terms, and the column of :func:`mlm.anova` that each is."""
    named = [(f"TERM.{name}", column) for name, column in TERM_COLUMNS.items()]
    return [*named, ("TERM.p", " or ".join(TESTS)), ("TERM.stars", "stars of the p value")]


def of_headings() -> list[tuple[str, str]]:
    """Return the words that stand for the headings of printed columns, and the headings of each."""
    words: dict[str, list[str]] = {}
    for heading in QUANTITIES:
        words.setdefault(quantity(heading), []).append(heading)
    return [(word, ", ".join(headings)) for word, headings in words.items()]


def _what(docstring: str) -> str:
    """Return the first line of a docstring without "Return"."""
    first = docstring.strip().splitlines()[0].removeprefix("Return ").rstrip(".").replace("``", "")
    return first[:1].upper() + first[1:]
