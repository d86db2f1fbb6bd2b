"""From the blocks of a printout to the sections of a chapter: names, models, and every number tried."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

import mlm
from mlm.errors import MlmError
from replications.checking.alternatives import STOPS
from replications.checking.finding import STOPPED, TWICE, Finding
from replications.checking.recipe import Recipe, fitted
from replications.checking.recomputed import Recomputed
from replications.checking.targets import Asked, Target, targets
from replications.drafts.section import Section, handed_over, variable
from replications.errors import RegistryError
from replications.lookup import HandedOver
from replications.printouts.block import Number, Printout
from replications.printouts.lines import Line
from replications.quantities import is_quantity
from replications.registry import TO_DECIDE, Entry, KnownException, Source
from replications.rounding import agrees, parse, show

BLANKS = r"\s+"
CANONICAL = (
    *(("binomial", "logit"), ("poisson", "log"), ("gaussian", "identity")),
    *(("Gamma", "inverse"), ("inverse.gaussian", "1/mu^2"), ("negative.binomial", "log")),
)
"""Links that are the same said or not."""
BY_WAY = "by way of "
BY_HAND = "no call of mlm makes this table: hand over its values by their ids"
SHORT = {"comparison": "anova", "terms": "anova", "car": "Anova"}
"""What sections are called after; others after what is asked."""


class Sections:
    """The sections of a chapter.

    Parameters
    ----------
    key : str
        Of the source.
    file : str
        Name of the printout, for the places of its numbers.
    data : DataFrame or None
        What the models were fitted to; without them nothing is tried.
    """

    def __init__(self, key: str, file: str, data: pd.DataFrame | None) -> None:
        self.key, self.file, self.data = key, file, data
        self.models: dict[str, Recipe] = {}
        self.stopped: list[str] = []
        self._fits: dict[str, Any] = {}

    def of(self, printout: Printout, lines: Sequence[Line], asked: Asked) -> list[Section]:
        """Return a section for each block whose models are known, and one for what is left of others."""
        findings: dict[tuple[int, str], Finding] = {}
        if self.data is not None:
            told = Recomputed(self.data).findings(printout, lines, asked)
            findings = {(finding.block, finding.id): finding for finding in told}
        found: list[Section] = []
        for target in targets(printout, lines, asked):
            section = self._begun(target, [one.name for one in found])
            self._register(section, target)
            if self.data is not None and section.handed:
                self._try(section, {id: one for (at, id), one in findings.items() if at == target.at})
            found.append(section)
        return found

    def _begun(self, target: Target, taken: list[str]) -> Section:
        """Return a section with its name and its models."""
        recipes = target.recipes or (target.guesses[0] if target.guesses else {})
        refitted = target.what == "comparison"
        names = [self._named(name, recipe, refitted) for name, recipe in recipes.items()]
        kind = re.sub(r"\W", "_", target.block.kind.partition(".")[2] or target.block.kind)
        wanted = "_".join([_short(target), *names]).strip("_") if names else kind
        if wanted in taken and target.what == "model":
            wanted = f"{wanted}_{kind}"
        models = {name: self.models[name] for name in names}
        handed = handed_over(target, names) if names else ""
        return Section(variable(wanted, taken), target.block, models, handed)

    def _named(self, name: str, recipe: Recipe, refitted: bool) -> str:
        """Return the notebook's name of a model, which is that of the same model if it was met before.

        A comparison refits by maximum likelihood what it gets, so that a REML fit serves as well.
        """
        alike = [known for known, other in self.models.items() if _plain(other) == _plain(recipe)]
        same = [known for known in alike if self.models[known].reml == recipe.reml]
        for known in (*same, *(alike if refitted else ())):
            return known
        new = variable(name or f"model{len(self.models) + 1}", self.models)
        self.models[new] = recipe
        return new

    def _register(self, section: Section, target: Target) -> None:
        """Make the entries of a section, as far as it is known what answers for them."""
        for id, number in target.numbers.items():
            reason = (target.reason if not section.models else _unreadable(number)) or (not section.handed and BY_HAND)
            if not reason and target.what == "model" and not is_quantity(id):
                reason = "no quantity of a model is called so"
            if reason:
                section.left.append((number, reason))
            else:
                entry = self._entry(section, id, number)
                section.entries.append(entry)
                section.numbers[entry.id] = number
        section.handed = section.handed if section.entries else ""

    def _entry(self, section: Section, id: str, number: Number) -> Entry:
        above = section.block.call or section.block.kind
        several = len(section.models) != 1
        return Entry(
            id=f"{section.name}.{re.sub(BLANKS, '_', id)}",
            value=number.text,
            what=": ".join(filter(None, (number.row, number.column))) or id,
            model=section.name if several else next(iter(section.models)),
            where=f"{self.file}, {above} [source line {number.line}]",
            determined_by="rows",
            relation=_relation(id, number),
        )

    def _try(self, section: Section, findings: Mapping[str, Finding]) -> None:
        """Hand over what the notebook will, and keep what answers; what differs becomes an exception to decide on."""
        handed = self._answers(section, self._value(section.handed, section.models))
        if isinstance(handed, str):
            section.left += [(section.numbers[entry.id], handed) for entry in section.entries]
            section.entries, section.handed = [], ""
            return
        kept = []
        for entry in section.entries:
            computed, finding = handed[entry.id], findings.get(entry.id[len(section.name) + 1 :])
            if isinstance(computed, LookupError):
                section.left.append((section.numbers[entry.id], str(computed.args[0])))
            elif _agrees(computed, entry):
                kept.append(entry)
            else:
                kept.append(self._differing(section, entry, computed, finding))
        section.entries = kept

    def _value(self, code: str, models: Mapping[str, Recipe]) -> Any:
        """Return what a cell of the notebook will compute; the reason where it cannot."""
        try:
            for name, recipe in models.items():
                if name not in self._fits:
                    self._fits[name] = fitted(recipe, self.data)[0]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # the notebook says them where it runs
                return eval(code, {"mlm": mlm, **self._fits})
        except (MlmError, ArithmeticError, AttributeError) as error:
            return f"it cannot be computed: {str(error).splitlines()[0]}"

    def _answers(self, section: Section, value: Any) -> dict[str, object] | str:
        """Return by id what answers for the entries, by the rules of the check."""
        if isinstance(value, str):
            return value
        source = Source(self.key, "", "", "", tuple(section.entries), {}, {}, {}, {})
        handed, found = HandedOver(source, section.name, value), dict[str, object]()
        for entry in section.entries:
            try:
                found[entry.id] = handed.find(entry)
            except (LookupError, MlmError, AttributeError) as error:
                found[entry.id] = LookupError(str(error.args[0] if error.args else error))
        return found

    def _differing(self, section: Section, entry: Entry, computed: object, finding: Finding | None) -> Entry:
        """Return an entry that needs the stopping point, or is an exception of which a person decides."""
        if finding is not None and finding.rule == STOPPED and self._at_stop(section, entry):
            return replace(entry, optimizer_sensitive=True)
        known = finding.reason if finding is not None and finding.reason else "nothing that was tried explains it"
        reason = f"{TO_DECIDE}: computed {_shown(computed, entry)}, {known}."
        twice = finding is not None and finding.rule == TWICE
        via = known.removeprefix(BY_WAY) if twice and known.startswith(BY_WAY) else None
        section.exceptions[entry.id] = KnownException(self.key, entry.id, reason, via=via)
        return entry

    def _at_stop(self, section: Section, entry: Entry) -> bool:
        """Tell whether a number is that of the point where lme4 stops; the section then has such a model."""
        (name, recipe), *more = section.models.items()
        if more or recipe.function != "lmer" or section.handed != name:
            return False
        stopped = f"{name}_stopped"
        if stopped not in self._fits:
            assert self.data is not None
            self._fits[stopped] = fitted(recipe, self.data, **STOPS[0][1])[0]
        answers = self._answers(section, self._fits[stopped])
        if isinstance(answers, str) or not _agrees(answers[entry.id], entry):
            return False
        section.stopped = stopped
        return True


def _short(target: Target) -> str:
    return "" if target.what == "model" else SHORT.get(target.what, target.what.replace(" ", "_"))


def _plain(recipe: Recipe) -> Recipe:
    link = None if (recipe.family, recipe.link) in CANONICAL else recipe.link
    return replace(recipe, formula=re.sub(BLANKS, "", recipe.formula), reml=True, link=link)


def _unreadable(number: Number) -> str:
    if number.id.endswith(".stars"):
        return ""
    try:
        parse(number.text)
    except RegistryError:
        return "it is not a number"
    return ""


def _relation(id: str, number: Number) -> str:
    if id.endswith(".stars"):
        return "text"
    return "<" if number.text.strip().startswith("<") else "rounded"


def _agrees(computed: object, entry: Entry) -> bool:
    return not isinstance(computed, LookupError) and agrees(computed, entry.value, entry.relation)


def _shown(computed: object, entry: Entry) -> str:
    return show(computed, entry.value, entry.relation) or "no star"
