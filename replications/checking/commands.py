"""What commands in a text say of its models: which formula a name stands for, which model a block is about."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from replications.checking.recipe import Recipe, family_of
from replications.printouts.lines import Line

_ASSIGNED = re.compile(r"^\s*([A-Za-z.][\w.]*)\s*(?:<-|=)\s*(?:\w+::)?(lmer|glmer\.nb|glmer|lm|glm)\s*\((.*)$")
_ABOUT = re.compile(r"^\s*(?:\w+::)?[A-Za-z.][\w.]*\(\s*([A-Za-z.][\w.]*)\s*[,)]")
MOST_LINES = 12
"""Lines that one command may take."""


def about(call: str) -> str | None:
    """Return the model that a command is about: ``m2`` for ``summary(m2)``.

    Examples
    --------
    >>> about("performance::icc(m2)"), about("nothing")
    ('m2', None)
    """
    found = _ABOUT.match(call)
    return found[1] if found else None


def assignments(lines: Sequence[Line]) -> Iterator[tuple[int, str, Recipe]]:
    """Give line, name and recipe of each model that a command of the text fits and assigns."""
    for at, line in enumerate(lines):
        found = _ASSIGNED.match(line.text)
        if found:
            text = _whole(found[3], lines[at + 1 : at + MOST_LINES])
            recipe = _recipe(found[2], text) if text is not None else None
            if recipe is not None:
                yield line.number, found[1], recipe


def _whole(first: str, below: Sequence[Line]) -> str | None:
    """Return what stands between the brackets of a call that may go on below."""
    text = re.sub(r"#.*$", "", first)
    for line in [None, *below]:
        text += f" {re.sub(r'#.*$', '', line.text)}" if line is not None else ""
        depth = 1
        for at, letter in enumerate(text):
            depth += (letter == "(") - (letter == ")")
            if depth == 0:
                return text[:at]
    return None


def _recipe(function: str, inner: str) -> Recipe | None:
    parts = _split(inner)
    named = {key: value for key, value in (part for part in parts if part[0])}
    formula = named.get("formula") or next((value for key, value in parts if not key and "~" in value), None)
    if formula is None or "subset" in named or (function == "lm" and "weights" in named):
        return None
    weights, offset = named.get("weights"), named.get("offset")
    if function == "lmer":
        reml = named.get("REML", "TRUE") in ("TRUE", "T")
        return Recipe("lmer", formula, reml=reml, weights=weights, offset=offset)
    if function == "lm":
        return Recipe("lm", formula)
    family = family_of("negative.binomial" if function == "glmer.nb" else named.get("family", "gaussian"))
    nodes = named.get("nAGQ", "1").rstrip("L")
    if family is None or not nodes.isdigit():
        return None
    return Recipe(function.partition(".")[0], formula, True, family[0], family[1], int(nodes), weights, offset)


def _split(text: str) -> list[tuple[str, str]]:
    """Return the arguments of a call, each with its name or without."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    found = [re.match(r"^\s*(?:([\w.]+)\s*=(?!=))?\s*(.*?)\s*$", re.sub(r"\s+", " ", part)) for part in parts]
    return [(match[1] or "", match[2]) for match in found if match is not None]
