"""One block of a printout as it is checked in a chapter."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from replications.checking.answers import limits
from replications.checking.recipe import Recipe
from replications.checking.targets import Target
from replications.printouts.block import Block, Number
from replications.registry import Entry, KnownException

TAKEN = ("data", "published", "mlm", "replications")
"""Names that the notebook has for other things."""


@dataclass
class Section:
    """What is registered of a block, how its models are fitted, and what the check gets.

    Attributes
    ----------
    name : str
        The beginning of its ids.
    block : Block
    models : dict of str to Recipe
        The models that it is about, by their names in the notebook.
    handed : str
        What is handed over to the check, as Python.
    entries : list of Entry
    numbers : dict of str to Number
        What was read, by the ids of entries.
    stopped : str
        The name of the model stopped where lme4 stops, if last digits need it.
    exceptions : dict of str to KnownException
        What differs, by id, and what is known of the reason.
    left : list of (Number, str)
        What is not registered, and why.
    """

    name: str
    block: Block
    models: dict[str, Recipe]
    handed: str
    entries: list[Entry] = field(default_factory=list)
    numbers: dict[str, Number] = field(default_factory=dict)
    stopped: str = ""
    exceptions: dict[str, KnownException] = field(default_factory=dict)
    left: list[tuple[Number, str]] = field(default_factory=list)


def variable(name: str, taken: Iterable[str]) -> str:
    """Return a model's name as a name of Python that is not taken yet.

    Examples
    --------
    >>> variable("m.1", ["m_2"]), variable("data", []), variable("m", ["m"]), variable("", [])
    ('m_1', 'data_', 'm__2', 'model')
    """
    text = re.sub(r"\W", "_", name) or "model"
    text = f"m{text}" if text[0].isdigit() else text
    text = f"{text}_" if keyword.iskeyword(text) or text in TAKEN else text
    free, count = text, 1
    while free in taken:
        count += 1
        free = f"{text}__{count}"
    return free


def handed_over(target: Target, names: list[str]) -> str:
    """Return what the check of a target gets, as Python; of a table of models, a mapping from their ids.

    Empty where it is not a table that `mlm` makes in one call: its values are handed over by hand.
    """
    match target.what:
        case "comparison":
            return f"mlm.anova({', '.join(names)}).frame"
        case "terms" | "car":
            return _tests(target, names[0])
        case "drop1" | "ranova":
            return _deletions(target, names[0])
        case "confint":
            return _intervals(target, names[0])
        case "icc" | "r2":
            parts = [id for id in target.numbers if id.isidentifier()]
            lines = [f'"{id}": mlm.{target.what}({names[0]}).{id.removeprefix("r2_")}' for id in parts]
            return "{" + ", ".join(lines) + "}"
        case "model":
            return names[0]
        case _:
            return ""


def _function(target: Target) -> str:
    return next(iter(target.recipes.values())).function if target.recipes else ""


def _tests(target: Target, name: str) -> str:
    """Return the table of one model's terms; lme4's own, and car's but of ``lm`` and ``glmer``, are none of mlm's."""
    title, function = target.block.heads.get("title", ""), _function(target)
    kind = re.search(r"Type (I{1,3}|[123])\b", title)
    number = {"I": 1, "II": 2, "III": 3}.get(kind[1], kind[1]) if kind else None
    columns = {number.column for number in target.numbers.values()}
    of_car = target.what == "car" and (function not in ("lm", "glmer") or number not in (2, "2"))
    if of_car or function == "glm" or "npar" in columns:
        return ""
    options = [f"type={number}"] if number is not None and (function != "lmer" or number not in (3, "3")) else []
    options += ['ddf="kenward-roger"'] if "Kenward" in title else []
    return f"mlm.anova({', '.join([name, *options])}).frame"


def _deletions(target: Target, name: str) -> str:
    """Return the table of models without each term; that of lme4's ``drop1`` of a linear model is none of mlm's."""
    columns = {number.column for number in target.numbers.values()}
    if "Eliminated" in columns or (_function(target) == "lmer" and target.block.kind == "stats.drop1"):
        return ""
    if target.what == "ranova":
        return f"mlm.ranova({name}).frame" if "reduce.terms" not in target.block.call else ""
    ddf = ', ddf="kenward-roger"' if "Kenward" in target.block.heads.get("title", "") else ""
    return f"mlm.drop1({name}{ddf}).frame"


def _intervals(target: Target, name: str) -> str:
    """Return intervals as a mapping, at the level of the headings."""
    percent = [float(number.column.strip(" %")) for number in target.numbers.values()]
    level = 1 - 2 * min(min(one, 100 - one) for one in percent) / 100
    options = [f"level={level:g}"] if level != 0.95 else []
    options += [] if limits.is_wald(target) else ['method="profile"']
    return f'{{"confint": mlm.confint({", ".join([name, *options])})}}'


def call(recipe: Recipe, **more: Any) -> str:
    """Return the call that fits a model, as Python, in lines that a page shows whole."""
    given = {name: value for name, value in (recipe.options() | more).items() if value is not None}
    if given.get("reml") is True:
        del given["reml"]
    if given.get("n_agq") == 1:
        del given["n_agq"]
    quoted: Mapping[str, str] = {name: _literal(value) for name, value in given.items()}
    parts = [_literal(recipe.formula), "data", *(f"{name}={value}" for name, value in quoted.items())]
    return f"mlm.{recipe.function}({', '.join(parts)})"


def _literal(value: object) -> str:
    if not isinstance(value, str):
        return repr(value)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
