"""What commands in a text say of its models: which formula a name stands for, which model a block is about."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from replications.checking.calls import arguments
from replications.checking.recipe import Recipe, family_of
from replications.printouts.lines import Line

_FIT = re.compile(r"^(?:\w+::)?(lmer|glmer\.nb|glmer|lm|glm)\s*\((.*)\)")
_FITTED = re.compile(r"^\s*([A-Za-z.][\w.]*)\s*(?:<-|=)\s*((?:\w+::)?(?:lmer|glmer\.nb|glmer|lm|glm)\s*\(.*)$")
_ASSIGNED = re.compile(r"^\(?([A-Za-z.][\w.]*)\s*(?:<-|=(?!=))\s*([A-Za-z.(][^=~]*\(.*|[A-Za-z.][\w.]*)$")
_SAME = re.compile(r"^(?:as\w*\(\s*)?([A-Za-z.][\w.]*)\s*(?:[,)].*)?$")
_UPDATED = re.compile(r"^update\(\s*([A-Za-z.][\w.]*)\s*,\s*(?:formula\.?\s*=\s*)?[^,=]*~[^,=]*\)$")
_SILENT = re.compile(
    r"^(?:library|require|options|set\.seed|data|par|plot|qqnorm|qqline|hist|ggplot|abline|setwd|rm)\s*\("
)
_GOES_ON = re.compile(r"(?:[-+*/,~|&(]|%>%|\|>|<-)\s*$")
_AROUND = (
    r"(?:print|round|signif|summary|coef|confint|test|pairs|contrast|plot|as\.data\.frame|data\.frame|as\.matrix|"
    r"suppressWarnings|suppressMessages|kable|invisible|cld)"
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


def assignments(lines: Sequence[Line]) -> Iterator[tuple[int, str, str]]:
    """Give line, name and command of each result that is assigned to a name; of a fit the whole call."""
    for at, line in enumerate(lines):
        found = _FITTED.match(line.text) or _ASSIGNED.match(line.text)
        if found:
            call, _, rest = found[2].partition("(")
            inner = _whole(rest, lines[at + 1 : at + MOST_LINES]) if rest else None
            yield line.number, found[1], f"{call}({inner})" if inner is not None else found[2].strip()


def fit_of(command: str) -> Recipe | None:
    """Return the recipe of a command that fits a model."""
    found = _FIT.match(command)
    return _recipe(found[1], found[2]) if found else None


def learn(known: dict[str, Recipe], name: str, command: str) -> None:
    """Remember which model a name stands for from now on: none, if a command is not understood.

    Of ``update()`` the kind of model is known, and not the formula.
    """
    same, changed = _SAME.match(command), _UPDATED.match(command)
    recipe = fit_of(command)
    if recipe is None and same:
        recipe = known.get(same[1])
    if recipe is None and changed and changed[1] in known:
        recipe = replace(known[changed[1]], formula="")
    if recipe is not None:
        known[name] = recipe
    else:
        known.pop(name, None)


def printing(lines: Sequence[Line], at: int) -> list[str]:
    """Return the commands that print, of the run of code that is the last above a line, unless text stands between.

    Examples
    --------
    >>> code = [Line(1, "m <- lm(y ~ x)", code=True), Line(2, "AIC(m)", code=True), Line(3, "BIC(m)", code=True)]
    >>> printing([*code, Line(4, "[1] 12.5")], 3)
    ['AIC(m)', 'BIC(m)']
    """
    while at > 0 and not (lines[at - 1].code and not lines[at - 1].blank):
        at -= 1
        if lines[at].prose and not lines[at].blank:
            return []
    end = at
    while at > 0 and (lines[at - 1].code or lines[at - 1].blank):
        at -= 1
    found, text = list[str](), ""
    for line in lines[at:end]:
        code = re.sub(r"(?:^|\s)#.*$", "", line.text).strip()
        text = f"{text} {code}".strip()
        if text and text.count("(") <= text.count(")") and not _GOES_ON.search(text):
            found.append(text)
            text = ""
    return [text for text in found if not (_SILENT.match(text) or re.match(r"[\w.$]+\s*(?:<-|=(?!=))", text))]


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
