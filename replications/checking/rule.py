"""How a rule is written down: its name, and the function that gives its findings for a block."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from replications.checking.finding import Finding
from replications.checking.part import Part

Rule = Callable[[Part], Iterator[Finding]]
RULES: dict[str, Rule] = {}


def rule(name: str) -> Callable[[Callable[[Part, str], Iterator[Finding]]], Rule]:
    """Register a rule under the words that its findings carry; the function gets them as its second argument."""

    def register(function: Callable[[Part, str], Iterator[Finding]]) -> Rule:
        def named(part: Part) -> Iterator[Finding]:
            return function(part, name)

        named.__doc__ = function.__doc__
        RULES[name] = named
        return named

    return register
