"""A printout against itself: each block by all rules, and blocks about one model with each other."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from replications.checking import rules
from replications.checking.finding import UNREAD, Finding
from replications.checking.part import Part
from replications.checking.rule import RULES
from replications.printouts.block import Block, Printout
from replications.printouts.lines import Line

for _module in pkgutil.iter_modules(rules.__path__):
    importlib.import_module(f"{rules.__name__}.{_module.name}")

_SHOWS = "summary|print|AIC|BIC|logLik|REMLcrit|deviance|icc|VarCorr|r2|fixef"
_CALL = re.compile(rf"^(?:\w+::)?(?:{_SHOWS})\(\s*([A-Za-z.][\w.]*)\s*[,)]")
_ONE_MODEL = (
    "lme4.summary",
    "stats.AIC",
    "stats.BIC",
    "stats.logLik",
    "lme4.REMLcrit",
    "lme4.VarCorr",
    "performance.icc",
)
TOGETHER = (
    "deviance = -2 log likelihood",
    "AIC = -2 log likelihood + 2 parameters",
    "BIC from AIC, parameters and observations",
    "ICC from the variances",
)
"""Rules whose numbers may stand in several blocks about one model."""


def findings(printout: Printout, lines: Sequence[Line]) -> list[Finding]:
    """Return what the rules say of a printout, in the order of its lines.

    Parameters
    ----------
    printout : Printout
    lines : sequence of Line
        Those of its text, for the legends of stars and what happens between two blocks.
    """
    found = [finding for at, block in enumerate(printout) for finding in _of_block(Part(block, at, lines))]
    found += [finding for parts in _about_one(printout, lines) for finding in _joined(parts, lines)]
    found += [
        Finding(verdict=UNREAD, rule="", printed=text.strip(), line=line, block=at, kind=block.kind)
        for at, block in enumerate(printout)
        for line, text in block.unread
    ]
    return sorted(found, key=lambda finding: (finding.line, finding.block))


def _of_block(part: Part) -> Iterator[Finding]:
    for rule in RULES.values():
        yield from rule(part)


def _about_one(printout: Printout, lines: Sequence[Line]) -> Iterator[list[tuple[int, Block]]]:
    """Give the blocks that one and the same model printed: by the name in their commands, which nothing reassigned."""
    open_ones: dict[str, list[tuple[int, Block]]] = {}
    for at, block in enumerate(printout):
        found = _CALL.match(block.call.strip())
        if found is None or block.kind not in _ONE_MODEL:
            continue
        name, known = found[1], open_ones.get(found[1], [])
        if known and (block.kind == "lme4.summary" or _assigned(name, lines, known[-1][1].last, block.line)):
            yield known
            known = []
        open_ones[name] = [*known, (at, block)]
    yield from open_ones.values()


def _assigned(name: str, lines: Sequence[Line], first: int, last: int) -> bool:
    pattern = re.compile(rf"(^|[\s;({{]){re.escape(name)}\s*(<-|<<-|=(?!=))")
    return any(first < line.number < last and pattern.search(line.text) for line in lines)


def _joined(blocks: list[tuple[int, Block]], lines: Sequence[Line]) -> Iterator[Finding]:
    """Give the findings of rules whose numbers stand in several of the blocks."""
    if len(blocks) < 2:
        return
    whole = replace(blocks[0][1], numbers=[], unread=[line for _, block in blocks for line in block.unread])
    owner: dict[str, int] = {}
    for at, (_, block) in enumerate(blocks):
        for number in block.numbers:
            if number.id not in owner:
                owner[number.id] = at
                whole.numbers.append(number)
    part = Part(whole, blocks[0][0], lines)
    for name in TOGETHER:
        for finding in RULES[name](part):
            at = owner[finding.id]
            if any(owner.get(id, at) != at for id in finding.given):
                yield replace(finding, block=blocks[at][0], kind=blocks[at][1].kind)
