"""What commands in a text say of its models: which formula a name stands for, which model a block is about."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from replications.checking.calls import arguments
from replications.checking.recipe import Recipe, family_of
from replications.printouts.lines import Line

_ASSIGNED = re.compile(r"^\s*([A-Za-z.][\w.]*)\s*(?:<-|=)\s*(?:\w+::)?(lmer|glmer\.nb|glmer|lm|glm)\s*\((.*)$")
_AROUND = (
    r"(?:print|round|signif|summary|coef|confint|test|pairs|contrast|plot|as\.data\.frame|data\.frame|as\.matrix|"
    r"suppressWarnings|suppressMessages|kable|invisible)"
)
_ABOUT = re.compile(
    rf"^\s*(?:(?:\w+::)?{_AROUND}\(\s*)*(?:\w+::)?[A-Za-z.][\w.]*\(\s*(?:(?:object|model|x)\s*=\s*)?([A-Za-z.][\w.]*)\s*[,)]"
)
_PIPED = re.compile(r"^\s*([A-Za-z.][\w.]*)\s*(?:\|>|%>%)")
_OBJECT = re.compile(
    r"^\s*([A-Za-z.][\w.]*)\s*(?:<-|=)\s*(.*\b(?:emmeans|emtrends|lsmeans|lstrends|contrast|pairs)\(.*)$"
)
"""What is assigned and is not a model: means, slopes and their contrasts."""
PLACES = {
    "lmer": ("formula", "data", "REML"),
    "glmer": ("formula", "data", "family"),
    "glmer.nb": ("formula", "data"),
    "lm": ("formula", "data", "subset", "weights"),
    "glm": ("formula", "family", "data", "weights", "subset"),
}
"""Arguments in R's order, for those that are given without their names."""
MOST_LINES = 12
"""Lines that one command may take."""


def about(call: str) -> str | None:
    """Return the model that a command is about: ``m2`` for ``summary(m2)``.

    Examples
    --------
    >>> about("performance::icc(m2)"), about("print(VarCorr(m), comp = 'Variance')"), about("nothing")
    ('m2', 'm', None)
    """
    found = _PIPED.match(call) or _ABOUT.match(call)
    return found[1] if found else None


def objects(lines: Sequence[Line]) -> Iterator[tuple[int, str, str]]:
    """Give line, name and command of each table of means, or of contrasts, that is assigned to a name."""
    for at, line in enumerate(lines):
        found = _OBJECT.match(line.text)
        if found and (opening := found[2].find("(")) >= 0:
            inner = _whole(found[2][opening + 1 :], lines[at + 1 : at + MOST_LINES])
            yield line.number, found[1], f"{found[2][: opening + 1]}{inner})" if inner is not None else found[2]


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
    parts = arguments(inner)
    named = {key: value for key, value in parts if key}
    free = [name for name in PLACES[function] if name not in named]
    named |= dict(zip(free, (value for key, value in parts if not key and value), strict=False))
    formula = named.get("formula")
    if formula is None or "~" not in formula or "subset" in named or (function == "lm" and "weights" in named):
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
