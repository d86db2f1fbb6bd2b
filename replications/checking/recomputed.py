"""A printout against the data: its models fitted, every number compared, and what differs explained where it can be."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from mlm.errors import MlmError
from replications.checking import alternatives, short
from replications.checking.alternatives import Alternative
from replications.checking.answers import limits
from replications.checking.answers.cells import Value, stars
from replications.checking.computed import values, without_hessian
from replications.checking.finding import AGREES, DIFFERS, EXPLAINED, FITTED, NOT_FITTED, SLIP, STOPPED, TWICE, Finding
from replications.checking.intervals import Interval, printed
from replications.checking.part import Part
from replications.checking.recipe import Recipe, fitted, may_be
from replications.checking.reproduced import reproduces, shown_as, twice
from replications.checking.targets import Asked, Target, targets
from replications.printouts.block import Number, Printout
from replications.printouts.lines import Line

GLMER = "lme4's glmer ends a little short of the optimum, and takes standard errors from differences"
PROFILE = "R interpolates between the points of a profile"
ASTRAY = "the printout says that the search did not converge"
STEP = "lme4 ends a little short of the optimum of each smaller model"
GLM = "R's glm stops where a step changes the deviance by less than 1e-8 of itself"
NLME = "nlme stops where the likelihood hardly changes, a little short of the optimum"
BOUNDARY = "lme4's search ends beside the boundary, where the optimum has a standard deviation of 0"
HESSIAN = (
    "standard errors of vcov(m, use.hessian = FALSE), which glmer has where derivatives are missing or not definite"
)
NOT_TOLD = "the printout does not tell which model it is of, and none of those it may be gives most of its numbers"
NEAR = 0.01
"""Share of itself that a number may be off to tell of which model it is."""
COUNTED = re.compile(r"(?:^|\.)(?:npar|\w*df\d?|n_obs|stars)$")
"""What several models share."""

Other = tuple[str, str, dict[str, Value]]
"""Another fit: what it is called, which kind it is, its numbers."""


class Recomputed:
    """The findings of a printout's models, fitted to data.

    Attributes
    ----------
    notes : list of str
        The calls that were made, and what was said by warnings.
    """

    def __init__(self, data: pd.DataFrame, doubted: Collection[tuple[int, str]] = ()) -> None:
        self.data = data
        self.doubted = doubted
        self.notes: list[str] = []
        self._models: dict[tuple[Recipe, str], tuple[Any, Sequence[str]]] = {}

    def findings(self, printout: Printout, lines: Sequence[Line], asked: Asked) -> Iterator[Finding]:
        """Give a finding for each number of the printout."""
        for target in targets(printout, lines, asked):
            yield from self._of_target(target)

    def _of_target(self, target: Target) -> Iterator[Finding]:
        told, reason = target.told, target.reason or NOT_TOLD
        target, found = self._read(target)
        if isinstance(found, str):
            yield from (_not_fitted(target, number, found) for number in target.numbers.values())
            return
        findings = self._explained(replace(target, told=told), found)
        if not (told or _tells(findings)):
            yield from (_not_fitted(target, number, reason) for number in target.numbers.values())
            return
        for name, recipe in target.recipes.items():
            where = f"line {target.block.line}{f', {name}' if name else ''}"
            for text in (recipe, *self._models[recipe, ""][1]):
                self._note(f"{where}: {text}")
        yield from findings

    def _explained(self, target: Target, found: dict[str, Value]) -> list[Finding]:
        """Return the findings, those that differ explained where another fit does."""
        others: list[Other] = []
        findings = _findings(target, found, others, self.doubted)
        if not all(findings):
            findings = self._by_information(target, found, findings)
        for rule, alternative in ((STOPPED, alternatives.stopping_points), (SLIP, alternatives.slips)):
            if all(findings) or (rule == SLIP and not (target.told or _tells(findings))):
                break
            tried = alternative(target.recipes, self.data)
            others += self._better(target, found, others, rule, tried)
            if rule == STOPPED and target.astray and not others:
                others += self._stopped(target)
            findings = _findings(target, found, others, self.doubted)
        return findings

    def _by_information(self, target: Target, found: dict[str, Value], findings: list[Finding]) -> list[Finding]:
        """Return the findings of a ``glmer``, explained where its standard errors are all as if theta were known.

        So may its correlations be, which ``summary(m, use.hessian = FALSE)`` prints as they are otherwise.
        """
        if target.what != "model" or any(recipe.function != "glmer" for recipe in target.recipes.values()):
            return findings
        (recipe,) = target.recipes.values()
        other = without_hessian(target, self._models[recipe, ""][0])
        tried = _findings(target, found | other, [], self.doubted)
        explained: dict[str, Finding] = {}
        for kind in ("fixef.", "fixef_corr."):
            pairs = zip(findings, tried, strict=True)
            own = [(one, new) for one, new in pairs if one.id in other and one.id.startswith(kind)]
            if all(new for _, new in own) and (explained or kind == "fixef."):
                explained |= {
                    new.id: replace(new, verdict=EXPLAINED, rule=STOPPED, reason=HESSIAN) for one, new in own if not one
                }
        return [explained.get(one.id, one) for one in findings]

    def _stopped(self, target: Target) -> list[Other]:
        """Return the point where lme4 stops, which tells how far from the optimum a search that went astray may end."""
        other = next(alternatives.stopping_points(target.recipes, self.data), None)
        result = self._values(target, other) if other is not None else ""
        return [(other.label, STOPPED, result)] if other is not None and not isinstance(result, str) else []

    def _read(self, target: Target) -> tuple[Target, dict[str, Value] | str]:
        """Return a target with its numbers: of what it may be of, that with which most agree."""
        found = self._values(target, Alternative("", target.recipes, self.data, {}))
        if not isinstance(found, str) and _agreeing(target, found) == _comparable(target, found):
            return target, found
        best = (_alike(target, found) if not isinstance(found, str) else -1, target, found)
        counted = target.what == "comparison" and any(
            reproduces(found[id], number)
            for id, number in target.numbers.items()
            if not isinstance(found, str) and id.endswith(".npar")
        )
        for guess in (*target.others, *(replace(target, recipes=recipes, reason="") for recipes in target.guesses)):
            generalized = any(recipe.function in ("glm", "glmer") for recipe in guess.recipes.values())
            if generalized and (counted or not all(may_be(recipe, self.data) for recipe in guess.recipes.values())):
                continue  # a generalized model has no residual variance among its parameters
            other = self._values(guess, Alternative("", guess.recipes, self.data, {}))
            if not isinstance(other, str) and (count := _alike(guess, other)) > best[0]:
                best = (count, guess, other)
        return best[1], best[2]

    def _values(self, target: Target, how: Alternative) -> dict[str, Value] | str:
        """Return the numbers that fits have, or the reason why there are none."""
        if target.reason:
            return target.reason
        try:
            models = {name: self._fitted(recipe, how) for name, recipe in how.recipes.items()}
            return values(replace(target, recipes=how.recipes), models)
        except (MlmError, ArithmeticError) as error:
            return f"the model cannot be fitted to these data: {str(error).splitlines()[0]}"

    def _fitted(self, recipe: Recipe, how: Alternative) -> Any:
        """Return a model, fitted once in each way."""
        if (recipe, how.label) not in self._models:
            changes = how.changes if recipe.function == "lmer" else {}
            self._models[recipe, how.label] = fitted(recipe, how.data, **changes)
        return self._models[recipe, how.label][0]

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def _better(
        self, target: Target, found: dict[str, Value], known: list[Other], rule: str, others: Iterator[Alternative]
    ) -> list[Other]:
        """Return the fit under which most numbers agree, if they are more than under those that are known."""
        best = max([_agreeing(target, found), *(_agreeing(target, other) for _, _, other in known)])
        kept: list[Other] = []
        for other in others:
            result = self._values(target, other)
            count = _agreeing(target, result) if not isinstance(result, str) else 0
            if count > best and not isinstance(result, str):
                best, kept = count, [(other.label, rule, result)]
            if best == _comparable(target, found):
                break
        return kept


def _findings(
    target: Target, found: dict[str, Value], others: Sequence[Other], doubted: Collection[tuple[int, str]]
) -> list[Finding]:
    findings = []
    for id, number in target.numbers.items():
        named = [
            (label, rule, other[id]) for label, rule, other in others if not (rule == STOPPED and _is_nlme(target))
        ]
        finding = _finding(target, number, found[id], named)
        contradicted = (target.at, number.id) in doubted  # by the numbers beside it
        findings.append(
            finding if finding or contradicted else _within(finding, _open(target, id, found, others), number, target)
        )
    return findings


def _comparable(target: Target, found: dict[str, Value]) -> int:
    return sum(not isinstance(found[id], LookupError) for id in target.numbers)


def _agreeing(target: Target, found: dict[str, Value]) -> int:
    return sum(reproduces(found[id], number) for id, number in target.numbers.items())


def _alike(target: Target, found: dict[str, Value]) -> int:
    """Return how many numbers agree, and how many are near, which is what tells models with other stopping points."""
    pairs = ((found[id], printed(number.text)) for id, number in target.numbers.items())
    near = (
        isinstance(value, float)
        and interval is not None
        and interval.meets(Interval(value - NEAR * abs(value), value + NEAR * abs(value)))
        for value, interval in pairs
    )
    return _agreeing(target, found) + sum(near)


def _tells(findings: Sequence[Finding]) -> bool:
    """Tell whether most numbers are a model's, of those that tell it from another."""
    compared = [finding for finding in findings if finding.verdict != NOT_FITTED]
    telling = [one for one in compared if not COUNTED.search(one.id) and one.printed not in ("NA", "Inf")]
    own = [finding for finding in telling if finding.verdict != DIFFERS and finding.rule != SLIP]
    return not compared or len(own) > len(telling) / 2


def _finding(target: Target, number: Number, value: Value, others: Sequence[tuple[str, str, Value]]) -> Finding:
    if isinstance(value, LookupError):
        return _not_fitted(target, number, str(value.args[0]))
    own = reproduces(value, number) or (isinstance(value, float) and _is_padded(target, number, value))
    verdict, rule, reason = (AGREES if own else DIFFERS), FITTED, ""
    if verdict == DIFFERS and isinstance(value, float) and (via := twice(value, number)) is not None:
        verdict, rule, reason = EXPLAINED, TWICE, f"by way of {via}"
    for label, kind, other in others if verdict == DIFFERS else ():
        if reproduces(other, number):
            verdict, rule, reason = EXPLAINED, kind, f"{label} gives {shown_as(other, number)}"
            break
    if verdict == DIFFERS and target.astray:
        reason = ASTRAY
    ends = (value, value) if isinstance(value, float) else None
    return Finding(
        verdict=verdict,
        rule=rule,
        printed=number.text,
        allowed=ends,
        computed=value if isinstance(value, float) else None,
        consistent=shown_as(value, number) or "no star",
        line=number.line,
        block=target.at,
        kind=target.block.kind,
        id=number.id,
        reason=reason,
    )


def _is_padded(target: Target, number: Number, value: float) -> bool:
    """Tell whether a number is a computed one that emmeans rounded to significant digits and filled with zeros."""
    spare, found = Part(target.block, target.at).digits_spared(number), printed(number.text)
    return spare is not None and found is not None and found.low - spare <= value <= found.high + spare


def _is_nlme(target: Target) -> bool:
    return target.block.kind.startswith("nlme.")


def _open(target: Target, id: str, found: dict[str, Value], others: Sequence[Other]) -> tuple[Interval, str] | None:
    """Return the numbers that lme4 may end with by what its search leaves open, and in words why."""
    if isinstance(found[id], limits.OfProfile) and (interval := short.of_profile(id, found)) is not None:
        return interval, PROFILE
    if target.what == "step" and (interval := short.of_step(id, found)) is not None:
        return interval, STEP
    if all(recipe.function == "glmer" for recipe in target.recipes.values()):
        interval = short.of_glmer(id, found, _errors_off(target, found))
        return (interval, GLMER) if interval is not None else None
    if all(recipe.function == "glm" for recipe in target.recipes.values()):
        interval = short.of_glm(id, found)
        return (interval, GLM) if interval is not None else None
    if _is_nlme(target) and (interval := short.of_nlme(id, found)) is not None:
        number = printed(target.numbers[id].text)
        if number is not None and number.meets(interval):
            return interval, NLME
    linear = all(recipe.function == "lmer" for recipe in target.recipes.values())
    if linear and (interval := short.of_boundary(id, found)) is not None:
        return interval, BOUNDARY
    for label, rule, other in others:
        interval = short.as_near(found[id], other[id], target.astray) if rule == STOPPED else None
        if interval is not None:
            if target.astray:
                return interval, ASTRAY
            stopped = "another search may stop" if _is_nlme(target) else f"{label} stops"
            return interval, f"as near the optimum as where {stopped}"
    return None


def _errors_off(target: Target, found: dict[str, Value]) -> float | None:
    """Return the most that a printed standard error may be off, as a share of the computed one; None without any."""
    both = ((found[id], printed(number.text)) for id, number in target.numbers.items() if id.endswith(".se"))
    pairs = [(se, text) for se, text in both if isinstance(se, float) and se > 0 and text is not None]
    return max((max(abs(end / se - 1) for end in text) for se, text in pairs), default=None)


def _within(finding: Finding, left: tuple[Interval, str] | None, number: Number, target: Target) -> Finding:
    """Return a finding, explained where the number is one that lme4's search leaves open."""
    if left is None:
        return finding
    if number.id.endswith(".stars"):
        within = number.text in {stars(p, target.cutoffs) for p in left[0]}
    else:
        value = printed(number.text)
        within = value is not None and value.meets(left[0])
    return replace(finding, verdict=EXPLAINED, rule=STOPPED, reason=left[1]) if within else finding


def _not_fitted(target: Target, number: Number, reason: str) -> Finding:
    return Finding(
        verdict=NOT_FITTED,
        rule=FITTED,
        printed=number.text,
        line=number.line,
        block=target.at,
        kind=target.block.kind,
        id=number.id,
        reason=reason,
    )
