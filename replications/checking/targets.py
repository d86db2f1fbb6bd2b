"""What of a printout can be recomputed, and from which fits; of the rest, why not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from replications.checking.commands import about, assignments, objects
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
    fits, tables = list(assignments(lines)), list(objects(lines))
    only, astray = _only(printout, [recipe for _, _, recipe in fits], asked), _astray(printout, asked)
    for at, block in enumerate(printout):
        if not block.numbers:
            continue
        for line, name, recipe in fits:
            if line <= block.line:
                known[name] = recipe
        named = {name: text for line, name, text in tables if line <= block.line}
        if not block.call and (block.kind == "lmerTest.step" or lines[block.line - 1].text.strip() == "$contrasts"):
            block = replace(block, call=call)
        part, call = Part(block, at, lines), block.call
        for target in _of_block(part, known, asked, named):
            unknown = bool(only) and (block.kind in OF_ONE_MODEL or target.what != "model") and bool(target.reason)
            guesses = ({"": asked.change(only[0])},) if unknown and target.what != "terms" else target.guesses
            lost = any(_key(recipe) in astray for recipe in target.recipes.values())
            yield replace(target, cutoffs=part.cutoffs, guesses=guesses, objects=named, astray=lost)
        _learn(block, known, asked)


def _only(printout: Printout, fits: Sequence[Recipe], asked: Asked) -> list[Recipe]:
    """Return the model of a text that has no other."""
    found = [asked.recipe(block) for block in printout if block.kind in SUMMARIES]
    known = {_key(recipe): recipe for recipe in (*found, *fits) if isinstance(recipe, Recipe)}
    return list(known.values()) if len(known) == 1 else []


def _key(recipe: Recipe) -> tuple[str, str]:
    return recipe.function, recipe.formula.replace(" ", "")


def _astray(printout: Printout, asked: Asked) -> frozenset[tuple[str, str]]:
    """Return the models of which the printout says that the search for them did not converge."""
    lost = [asked.recipe(block) for block in printout if any(map(NO_OPTIMUM.search, block.messages))]
    return frozenset(_key(recipe) for recipe in lost if isinstance(recipe, Recipe))


def _learn(block: Block, known: dict[str, Recipe], asked: Asked) -> None:
    """Remember which model a name is, from a block that shows its formula."""
    if block.kind in SUMMARIES and (name := about(block.call)) is not None:
        recipe = asked.recipe(block)
        if isinstance(recipe, Recipe):
            known[name] = recipe


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
    if isinstance(recipe, str) and block.formula is None and name in known:
        recipe = known[name]
    if isinstance(recipe, str) and formula:
        recipe = asked.recipe(replace(block, formula=formula))
    if isinstance(recipe, str):
        return replace(target, reason=recipe)
    return replace(target, recipes={name: asked.change(recipe, formula)})


def _comparison(target: Target, known: Mapping[str, Recipe], asked: Asked) -> Target:
    printed = {key[6:]: formula for key, formula in target.block.heads.items() if key.startswith("model ")}
    recipes, guessed = {}, False
    for name, formula in printed.items():
        same = [r for r in known.values() if r.formula.replace(" ", "") == formula.replace(" ", "")]
        base = known[name] if name in known else same[-1] if same else asked.anew(formula, reml=False)
        guessed = guessed or not (name in known or same)
        recipes[name] = asked.change(replace(base, formula=formula), asked.of(name) if asked.formula else None)
    refitted = any("refitting" in message for message in target.block.messages)
    if asked.reml is None:
        recipes = {name: replace(r, reml=False) for name, r in recipes.items()}  # as R refits what REML fitted
    guesses = tuple(_guesses(recipes, refitted or asked.reml is not None, guessed))
    return replace(target, recipes=recipes, what="comparison", guesses=guesses)


def _several(target: Target, known: Mapping[str, Recipe], asked: Asked) -> Target:
    """Return the criteria of several models by their names."""
    names = list(dict.fromkeys(number.row for number in target.numbers.values()))
    unknown = [name for name in names if name not in known]
    if unknown:
        return replace(target, what="criteria", reason=f"no formula of {unknown[0]} is printed")
    return replace(target, what="criteria", recipes={name: asked.change(known[name]) for name in names})


def _guesses(recipes: Mapping[str, Recipe], method_known: bool, any_family: bool) -> Iterator[Mapping[str, Recipe]]:
    """Give other models that a comparison may be of: it prints formulas, and neither method nor family."""
    mixed = any("|" in recipe.formula for recipe in recipes.values())
    if mixed and not method_known:
        yield {name: replace(recipe, reml=True) for name, recipe in recipes.items()}
    for family in ("binomial", "poisson", "negative.binomial") if mixed and any_family else ():
        yield {name: replace(recipe, function="glmer", family=family) for name, recipe in recipes.items()}


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
    elif name in known:
        recipe = asked.change(known[name])
    elif block.formula is not None:
        return _of_its_formula(replace(target, what=what), known, asked)
    else:
        return replace(target, reason="no formula is printed: formula= says it", what=what)
    return replace(target, recipes={name: recipe}, what=what)


def _of_its_formula(target: Target, known: Mapping[str, Recipe], asked: Asked) -> Target:
    """Return a table that prints the formula of its model, and neither method nor family."""
    formula = target.block.formula or ""
    same = [recipe for recipe in known.values() if recipe.formula.replace(" ", "") == formula.replace(" ", "")]
    if same:
        return replace(target, recipes={"": asked.change(same[-1])})
    recipes = {"": asked.anew(formula)}
    other = {"": replace(recipes[""], reml=False)} if "|" in formula and asked.reml is None else None
    families = tuple(_guesses(recipes, method_known=True, any_family=not target.block.kind.startswith("lmerTest")))
    return replace(target, recipes=recipes, guesses=(*((other,) if other else ()), *families))
