"""How a printed model is fitted: what the printout, or the user, says of its call."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

import mlm
from replications.checking.coding import as_named
from replications.checking.rows import Condition, conditions, said, taken
from replications.printouts.block import Block

_FAMILY = re.compile(r"^\s*[\"']?(?:\w+::)?([A-Za-z. ]+?)[\"']?\s*(?:\(([^()]*)\))?\s*(?:\(\s*(\w+)\s*\))?\s*$")
_OF_LME4 = re.compile(r"General positive-definite|^Diagonal")
"""Structures of nlme's random effects that lme4 has, too."""
_QUADRATURE = re.compile(r"nAGQ\s*=\s*(\d+)")
TWO = 2
FAMILIES = {"Negative Binomial": "negative.binomial", "inverse": "inverse.gaussian"}


@dataclass(frozen=True, slots=True)
class Recipe:
    """A call of :func:`mlm.lmer`, ``glmer``, ``lm`` or ``glm``.

    Attributes
    ----------
    function : str
        One of these names.
    formula : str
    reml : bool
        Of ``lmer`` alone.
    family, link : str or None
        Of ``glmer`` and ``glm``.
    n_agq : int
        Of ``glmer``.
    weights, offset : str or None
        Columns, or expressions of columns.
    rows : tuple of conditions
        Those that the printout says were taken.
    names : tuple of str
        Those of the coefficients, as printed, which tell what a factor is and its reference level.
    """

    function: str
    formula: str
    reml: bool = True
    family: str | None = None
    link: str | None = None
    n_agq: int = 1
    weights: str | None = None
    offset: str | None = None
    rows: tuple[Condition, ...] = ()
    names: tuple[str, ...] = ()

    def options(self) -> dict[str, Any]:
        """Return the arguments of the call beside formula and data."""
        given: dict[str, Any] = {key: getattr(self, key) for key in ("weights", "offset") if getattr(self, key)}
        if self.function == "lmer":
            given["reml"] = self.reml
        if self.function in ("glmer", "glm"):
            given |= {"family": self.family or "binomial", "link": self.link}
        if self.function == "glmer":
            given["n_agq"] = self.n_agq
        return given

    def __str__(self) -> str:
        given = ", ".join(f"{key}={value!r}" for key, value in self.options().items() if value is not None)
        data = "data" if not self.rows else f"data[{' & '.join(' '.join(one) for one in self.rows)}]"
        return f"{self.function}({self.formula!r}, {data}{', ' if given else ''}{given})"


def fitted(recipe: Recipe, data: pd.DataFrame, **changes: Any) -> tuple[Any, Sequence[str]]:
    """Fit a recipe; return the model, and what was said by warnings.

    Raises
    ------
    mlm.errors.MlmError
        If the model cannot be fitted to the data.
    """
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        rows = as_named(taken(data, recipe.rows), recipe.formula, recipe.names)
        model = getattr(mlm, recipe.function)(recipe.formula, rows, **recipe.options(), **changes)
    return model, [str(one.message).split("\n")[0] for one in said]


def may_be(recipe: Recipe, data: pd.DataFrame) -> bool:
    """Tell whether the response is one that the family has: two columns or two values, or counts."""
    response = recipe.formula.partition("~")[0].strip()
    if recipe.family == "binomial":
        return response.startswith("cbind(") or (response in data and data[response].nunique() <= TWO)
    if response not in data or not pd.api.types.is_numeric_dtype(data[response]):
        return False
    counts = data[response].dropna()
    return bool(((counts >= 0) & (counts == counts.round())).all())


def of_block(block: Block) -> Recipe | str:
    """Return how the model of a summary is fitted, or the reason why that is not known or not possible here."""
    if block.formula is None:
        return "no formula is printed: formula= says it"
    rows = said(block)
    wanted = conditions(rows) if rows else ()
    if isinstance(wanted, str):
        return wanted
    recipe = _of_all_rows(block)
    return replace(recipe, rows=wanted, names=_names(block)) if isinstance(recipe, Recipe) else recipe


def _names(block: Block) -> tuple[str, ...]:
    """Return the names of a block's coefficients."""
    return tuple(dict.fromkeys(n.row for n in block.numbers if n.id.startswith(("fixef.", "coef."))))


def _of_all_rows(block: Block) -> Recipe | str:
    assert block.formula is not None
    if block.kind in ("stats.lm", "stats.glm"):
        return _one_level(block)
    if block.kind == "nlme.lme":
        return _nlme(block)
    title = block.heads.get("title", "")
    if "family" not in block.heads and "eneralized" not in title:
        return _given(Recipe("lmer", block.formula, reml=block.reml is not False), block.heads)
    found = family_of(block.heads.get("family", "binomial"))
    if found is None:
        return f"the family {block.heads['family']} is not fitted here"
    quadrature = _QUADRATURE.search(title)
    nodes = int(quadrature[1]) if quadrature else 1
    recipe = Recipe("glmer", block.formula, family=found[0], link=found[1], n_agq=nodes)
    return _given(recipe, block.heads)


def _given(recipe: Recipe, said: Mapping[str, str]) -> Recipe:
    """Return a recipe with the weights and the offset that are said."""
    return replace(recipe, weights=said.get("weights"), offset=said.get("offset"))


def _nlme(block: Block) -> Recipe | str:
    """Return the mixed model that an ``lme`` without structures of its residuals is."""
    structures = [text for key, text in block.heads.items() if key.split()[0] in ("correlation", "variance")]
    if structures:
        return f"the structure {structures[0]!r} of nlme's residuals is not fitted here"
    other = [text for key, text in block.heads.items() if key.startswith("structure") and not _OF_LME4.search(text)]
    if other:
        return f"the structure {other[0]!r} of nlme's random effects is not fitted here"
    random = [text for key, text in block.heads.items() if key.startswith("random ")]
    diagonal = [text for key, text in block.heads.items() if key.startswith("structure ") and "Diagonal" in text]
    found = re.match(r"^~\s*(.*?)\s*\|\s*([\w.]+)\s*$", random[0]) if len(random) == 1 else None
    if found is None or block.reml is None or any("%in%" in text for text in random):
        return "an lme of several grouping factors is not fitted here"
    bars = "||" if diagonal else "|"
    return Recipe("lmer", f"{block.formula} + ({found[1]} {bars} {found[2]})", reml=block.reml)


def family_of(text: str) -> tuple[str, str | None] | None:
    """Return family and link of ``binomial ( logit )``, ``poisson("log")`` or ``Negative Binomial(1.1) ( log )``."""
    found = _FAMILY.match(text)
    if found is None:
        return None
    name = FAMILIES.get(found[1].strip(), found[1].strip())
    if name not in ("binomial", "poisson", "Gamma", "inverse.gaussian", "gaussian", "negative.binomial"):
        return None
    inner = re.sub(r"link\s*=|[\"'\s]", "", found[2] or "")
    return name, found[3] or (inner if inner.isalpha() else None)


def _one_level(block: Block) -> Recipe | str:
    call = block.heads.get("call", "")
    assert block.formula is not None
    weights, offset = (_argument(call, name) for name in ("weights", "offset"))
    if block.kind == "stats.lm":
        return (
            Recipe("lm", block.formula)
            if not weights and not offset
            else "lm with weights or an offset is not fitted here"
        )
    found = family_of("negative.binomial" if "glm.nb(" in call else block.heads.get("family", "gaussian"))
    if found is None:
        return f"the family {block.heads.get('family')} is not fitted here"
    return Recipe("glm", block.formula, family=found[0], link=found[1], weights=weights, offset=offset)


def _argument(call: str, name: str) -> str | None:
    found = re.search(rf"\b{name}\s*=\s*([\w.]+(?:\([^()]*\))?)", call)
    return found[1] if found else None
