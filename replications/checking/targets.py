"""What of a printout can be recomputed, and from which fits; of the rest, why not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from replications.checking.commands import about, assignments, fit_of, learn, objects, printing
from replications.checking.part import Cutoffs, Part
from replications.checking.recipe import Recipe, of_block
from replications.printouts.block import Block, Number, Printout
from replications.printouts.lines import Line

SUMMARIES = ("lme4.summary", "lme4.print", "stats.lm", "stats.glm", "nlme.lme")
OF_ONE_MODEL = (
    *("lme4.VarCorr", "lme4.fixef", "stats.coef", "lme4.ranef", "lme4.REMLcrit", "stats.logLik", "stats.AIC"),
    *("stats.BIC", "stats.sigma", "stats.deviance", "stats.nobs", "stats.printCoefmat"),
)
WHAT = {
    "performance.icc": "icc",
    "performance.r2": "r2",
    "stats.anova": "terms",
    "lmerTest.anova": "terms",
    "car.Anova": "car",
    "stats.drop1": "drop1",
    "lmerTest.drop1": "drop1",
    "lmerTest.ranova": "ranova",
    "stats.confint": "confint",
    "emmeans.emmeans": "means",
    "emmeans.contrast": "means",
    "emmeans.joint_tests": "joint tests",
    "lmerTest.step": "step",
    "performance.model_performance": "performance",
}
"""What is asked after a fit, and by which word its numbers are computed again."""
NO_OPTIMUM = re.compile(r"failed to converge|unable to evaluate scaled gradient|nearly unidentifiable")
"""What lme4 says where its search may not have found the optimum."""
TABLES = ("texreg", "stargazer", "sjPlot", "modelsummary")


@dataclass(frozen=True)
class Target:
    """Numbers that come from the same fits.

    Attributes
    ----------
    block : Block
    at : int
        Its place in the printout.
    numbers : mapping of str to Number
        By what remains of their ids: of a table without the name of the model.
    recipes : mapping of str to Recipe
        The models by their names; one for a summary.
    what : str
        "model", "comparison", or one of `WHAT`.
    cutoffs : tuple
        Those of the stars.
    guesses : tuple of mappings
        Other recipes, where the printout leaves open which they are.
    others : tuple of Target
        The same block as another command of the same piece of code would have printed it.
    told : bool
        Whether the printout says which model it is; of what only may be, nothing differs.
    reason : str
        Why it is not recomputed, if so.
    objects : mapping of str to str
        Commands by the names to which their results were assigned.
    astray : bool
        Whether the printout says of one of the models that its search did not converge.
    """

    block: Block
    at: int
    numbers: Mapping[str, Number]
    recipes: Mapping[str, Recipe]
    what: str = "model"
    cutoffs: Cutoffs = ()
    guesses: tuple[Mapping[str, Recipe], ...] = ()
    others: tuple[Target, ...] = ()
    told: bool = True
    reason: str = ""
    objects: Mapping[str, str] = field(default_factory=dict)
    astray: bool = False


@dataclass(frozen=True)
class Asked:
    """What the user says of the models, where the printout does not, or otherwise."""

    formula: str | Mapping[str, str] | None = None
    weights: str | None = None
    reml: bool | None = None
    where: str | None = None

    def recipe(self, block: Block) -> Recipe | str:
        """Return how the model of a summary is fitted; to the rows that the user says, if so."""
        if self.where is None:
            return of_block(block)
        call = re.sub(r",\s*subset\s*=\s*[^,]+?(?=,|\)$)", "", block.heads.get("call", ""))
        heads = {key: text for key, text in block.heads.items() if key != "subset"} | ({"call": call} if call else {})
        return of_block(replace(block, data_name=None, heads=heads))

    def of(self, name: str) -> str | None:
        """Return the formula of a model."""
        return self.formula.get(name) if isinstance(self.formula, Mapping) else self.formula

    def change(self, recipe: Recipe, formula: str | None = None) -> Recipe:
        """Return a recipe as the user wants it."""
        given: dict[str, Any] = {"formula": formula} if formula else {}
        given |= {} if self.weights is None else {"weights": self.weights}
        given |= {} if self.reml is None else {"reml": self.reml}
        return replace(recipe, **given)

    def anew(self, formula: str, reml: bool = True) -> Recipe:
        """Return the recipe of a formula of which nothing else is printed."""
        return self.change(Recipe("lmer" if "|" in formula else "lm", formula, reml=reml))


def targets(printout: Printout, lines: Sequence[Line], asked: Asked) -> Iterator[Target]:
    """Give what the blocks of a printout have to be compared with, in their order."""
    known: dict[str, Recipe] = {}
    call = ""
    commands, tables = list(assignments(lines)), list(objects(lines))
    fits = [recipe for _, _, text in commands if (recipe := fit_of(text)) is not None]
    only, astray = _only(printout, fits, asked), _astray(printout, asked)
    for at, block in enumerate(printout):
        if not block.numbers:
            continue
        while commands and commands[0][0] <= block.line:
            learn(known, *commands.pop(0)[1:])
        named = {name: text for line, name, text in tables if line <= block.line}
        if not block.call and (block.kind == "lmerTest.step" or lines[block.line - 1].text.strip() == "$contrasts"):
            block = replace(block, call=call)
        part, call = Part(block, at, lines), block.call
        for target in _of_block(part, known, asked, named):
            others = tuple(_others(part, known, asked, named)) if block.kind in (*OF_ONE_MODEL, *WHAT) else ()
            unknown = bool(only) and (block.kind in OF_ONE_MODEL or target.what != "model") and bool(target.reason)
            guesses = (
                ({"": asked.change(only[0])},)
                if unknown and target.what not in ("terms", "criteria")
                else target.guesses
            )
            target = replace(target, guesses=guesses, told=target.told and not unknown and not others)
            target = replace(target, cutoffs=part.cutoffs, objects=named, others=others)
            yield replace(target, astray=any(_key(recipe) in astray for recipe in target.recipes.values()))
        _learn(block, known, asked)


def _others(part: Part, known: Mapping[str, Recipe], asked: Asked, named: Mapping[str, str]) -> Iterator[Target]:
    """Give what a block is if another command of the code above it printed it: several may have, one after another."""
    commands = printing(part.lines, part.first)
    for command in dict.fromkeys(commands if len(commands) > 1 else ()):
        if re.sub(r"\s+", "", command) == re.sub(r"\s+", "", part.block.call):
            continue
        other = Part(replace(part.block, call=command), part.at, part.lines)
        yield from (
            replace(target, cutoffs=part.cutoffs, objects=named)
            for target in _of_block(other, known, asked, named)
            if not target.reason
        )


def _only(printout: Printout, fits: Sequence[Recipe], asked: Asked) -> list[Recipe]:
    """Return the model of a text that has no other."""
    found = [asked.recipe(block) for block in printout if block.kind in SUMMARIES]
    known = {_key(recipe): recipe for recipe in (*found, *fits) if isinstance(recipe, Recipe)}
    return list(known.values()) if len(known) == 1 else []


def _key(recipe: Recipe) -> tuple[str, str]:
    return recipe.function, _spelled(recipe.formula)


def _astray(printout: Printout, asked: Asked) -> frozenset[tuple[str, str]]:
    """Return the models of which the printout says that the search for them did not converge."""
    lost = [asked.recipe(block) for block in printout if any(map(NO_OPTIMUM.search, block.messages))]
    return frozenset(_key(recipe) for recipe in lost if isinstance(recipe, Recipe))


def _learn(block: Block, known: dict[str, Recipe], asked: Asked) -> None:
    """Remember which model a name is, from a block that shows its formula."""
    if block.kind in SUMMARIES and (name := about(block.call)) is not None:
        recipe = asked.recipe(block)
        told = known.get(name)
        if isinstance(recipe, Recipe) and (told is None or _key(told) != _key(recipe)):
            known[name] = recipe
    elif block.kind in SUMMARIES and isinstance(recipe := asked.recipe(block), Recipe):
        known[f"line {block.line}"] = recipe


def _of_block(part: Part, known: Mapping[str, Recipe], asked: Asked, named: Mapping[str, str]) -> Iterator[Target]:
    block = part.block
    whole = Target(block, part.at, part.numbers, {})
    if block.kind in SUMMARIES:
        yield _summary(whole, known, asked)
    elif any(key.startswith("model ") for key in block.heads) and block.kind == "stats.anova":
        yield _comparison(whole, known, asked)
    elif block.kind.partition(".")[0] in TABLES:
        yield from _table(part, asked)
    elif block.kind in ("stats.AIC", "stats.BIC") and any(number.row for number in block.numbers):
        yield _several(whole, known, asked)
    elif block.kind in OF_ONE_MODEL or block.kind in WHAT:
        yield _about_one(whole, known, asked, named)
    else:
        yield replace(whole, reason=f"what {block.kind} prints is not recomputed here")


def _summary(target: Target, known: Mapping[str, Recipe], asked: Asked) -> Target:
    block = target.block
    recipe, name = asked.recipe(block), about(block.call) or ""
    formula = asked.of(name) or (asked.of(block.formula or "") if isinstance(asked.formula, Mapping) else None)
    if isinstance(recipe, str) and block.formula is None and name in known and known[name].formula:
        recipe = known[name]
    if isinstance(recipe, str) and formula:
        recipe = asked.recipe(replace(block, formula=formula))
    if isinstance(recipe, str):
        return replace(target, reason=recipe)
    return replace(target, recipes={name: asked.change(recipe, formula)})


def _comparison(target: Target, known: Mapping[str, Recipe], asked: Asked) -> Target:
    printed = {key[6:]: formula for key, formula in target.block.heads.items() if key.startswith("model ")}
    bases = {name: _base(name, formula, known) for name, formula in printed.items()}
    guessed = None in bases.values()
    beside = next((base for base in reversed(bases.values()) if base is not None), None)
    recipes = {}
    for name, formula in printed.items():
        base = bases[name] or (_like(beside, formula) if beside else asked.anew(formula, reml=False))
        recipes[name] = asked.change(replace(base, formula=formula), asked.of(name) if asked.formula else None)
    refitted = any("refitting" in message for message in target.block.messages)
    if asked.reml is None:
        recipes = {name: replace(r, reml=False) for name, r in recipes.items()}  # as R refits what REML fitted
    guesses = tuple(_guesses(recipes, refitted or asked.reml is not None, guessed))
    return replace(target, recipes=recipes, what="comparison", guesses=guesses, told=not guessed)


def _base(name: str, formula: str, known: Mapping[str, Recipe]) -> Recipe | None:
    """Return the model of a comparison that a name, or else its formula, stands for; None if neither is known."""
    if name in known and _spelled(known[name].formula) in ("", _spelled(formula)):
        return known[name]
    same = [recipe for recipe in known.values() if _spelled(recipe.formula) == _spelled(formula)]
    return same[-1] if same else None


def _like(beside: Recipe, formula: str) -> Recipe:
    """Return a model of the kind of one that it is compared with."""
    kinds = {"lmer": ("lm", "lmer"), "glmer": ("glm", "glmer")}
    function = kinds["glmer" if beside.function.startswith("g") else "lmer"]["|" in formula]
    return replace(beside, function=function, formula=formula)


def _spelled(formula: str) -> str:
    return formula.replace(" ", "")


def _several(target: Target, known: Mapping[str, Recipe], asked: Asked) -> Target:
    """Return the criteria of several models by their names."""
    names = list(dict.fromkeys(number.row for number in target.numbers.values()))
    unknown = [name for name in names if name not in known or not known[name].formula]
    if unknown:
        return replace(target, what="criteria", reason=f"no formula of {unknown[0]} is printed")
    return replace(target, what="criteria", recipes={name: asked.change(known[name]) for name in names})


def _guesses(recipes: Mapping[str, Recipe], method_known: bool, any_family: bool) -> Iterator[Mapping[str, Recipe]]:
    """Give other models that a table may be of: it prints formulas, and neither method nor family."""
    mixed = any("|" in recipe.formula for recipe in recipes.values())
    if mixed and not method_known:
        yield {name: replace(recipe, reml=True) for name, recipe in recipes.items()}
    for family in ("binomial", "poisson", "negative.binomial") if any_family else ():
        yield {
            name: replace(recipe, function="glmer" if "|" in recipe.formula else "glm", family=family)
            for name, recipe in recipes.items()
        }


def _table(part: Part, asked: Asked) -> Iterator[Target]:
    for model in part.models:
        start = f"{model}." if model else ""
        numbers = {id.removeprefix(start): number for id, number in part.numbers.items() if id.startswith(start)}
        target = Target(part.block, part.at, numbers, {})
        formula = asked.of(model)
        if formula is None:
            said = f"formula={{{model!r}: ...}}" if model else "formula="
            yield replace(target, reason=f"no formula is printed: {said} says it")
        else:
            yield replace(target, recipes={model: asked.anew(formula)})


def _about_one(target: Target, known: Mapping[str, Recipe], asked: Asked, named: Mapping[str, str]) -> Target:
    block, what = target.block, WHAT.get(target.block.kind, "model")
    name = about(block.call) or block.call.strip()
    name = about(named[name]) or "" if name in named else name
    formula = asked.of(name)
    if formula:
        recipe = asked.change(known[name], formula) if name in known else asked.anew(formula)
    elif name in known and known[name].formula:
        recipe = asked.change(known[name])
    elif block.formula is not None:
        return _of_its_formula(replace(target, what=what), known, asked)
    else:
        return replace(target, reason="no formula is printed: formula= says it", what=what)
    return replace(target, recipes={name: recipe}, what=what)


def _of_its_formula(target: Target, known: Mapping[str, Recipe], asked: Asked) -> Target:
    """Return a table that prints the formula of its model, and neither method nor family."""
    formula = target.block.formula or ""
    same = {_key(r): r for r in known.values() if _spelled(r.formula) == _spelled(formula)}
    if same:
        first, *rest = [{"": asked.change(recipe)} for recipe in reversed(same.values())]
        return replace(target, recipes=first, guesses=tuple(rest), told=not rest)
    recipes = {"": asked.anew(formula)}
    other = {"": replace(recipes[""], reml=False)} if "|" in formula and asked.reml is None else None
    families = tuple(_guesses(recipes, method_known=True, any_family=not target.block.kind.startswith("lmerTest")))
    return replace(target, recipes=recipes, guesses=(*((other,) if other else ()), *families), told=False)
