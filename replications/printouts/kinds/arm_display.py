"""``display()`` of arm, and ``sumary()`` of faraway, which prints the same: estimates and standard errors in short."""

from __future__ import annotations

import re

from replications.printouts import fields, matrices, random_effects
from replications.printouts.block import Block
from replications.printouts.cells import Cell
from replications.printouts.coefficients import add_rows
from replications.printouts.cursor import Cursor
from replications.printouts.kind import begins_another, kind
from replications.printouts.lines import Line
from replications.printouts.names import slug

_IDS = {"coef.est": "estimate", "coef.se": "se"}
_HEAD = re.compile(r"^\s*coef\.est\s+coef\.se\s*$")
_RANDOM = re.compile(r"^\s*(Error terms|Random Effects):\s*$")
_LINES_OF_A_CALL = 8


@kind("arm.display", begins=rf"^\s*(lmer|glmer|lm|glm|bayesglm)\(formula = |{_HEAD.pattern}", turn=15)
def read(cursor: Cursor) -> Block | None:
    """Read call, coefficients, error terms and what is said below; ids are those of a summary."""
    first = cursor.peek()
    assert first is not None
    block = Block("arm.display", first.number, call=cursor.call())
    _call(cursor, block)
    head = cursor.peek()
    if head is None or head.prose or not _HEAD.match(head.text):
        return None
    matrix = matrices.read(cursor, _ends, find=_headings)
    multilevel = (line := cursor.skip_blank()) is not None and bool(_RANDOM.match(line.text))
    prefix = "fixef" if multilevel or "|" in (block.formula or "") else "coef"
    add_rows(block, matrix, lambda label, column: f"{prefix}.{slug(label)}.{_IDS[column]}")
    if multilevel:
        cursor.take()
        random_effects.read(cursor, block, _ends)
    _said(cursor, block)
    return block if block.numbers else None


def _call(cursor: Cursor, block: Block) -> None:
    """Pass the call above the headings, which may be wrapped."""
    text, passed = "", 0
    while (line := cursor.peek(passed)) is not None and not _HEAD.match(line.text) and passed < _LINES_OF_A_CALL:
        text += f" {line.text.strip()}"
        passed += 1
    if line is None or not _HEAD.match(line.text):
        return
    cursor.at += passed
    block.heads["call"] = text.strip()
    if found := re.search(r"formula = (.*?)(?:, data = ([\w.$]+).*|, \w+ = .*)?\)$", text.strip()):
        block.formula, block.data_name = found[1], found[2]


def _headings(text: str) -> list[Cell]:
    found = re.finditer(r"coef\.\w+", text) if _HEAD.match(text) else ()
    return [Cell(word[0], word.start(), word.end()) for word in found]


def _ends(line: Line) -> bool:
    return bool(_RANDOM.match(line.text) or re.match(r"^\s*-{3}\s*$", line.text)) or begins_another(line, "arm.display")


def _said(cursor: Cursor, block: Block) -> None:
    """Read the lines below a rule: counts, criteria, the residual deviation; a deviance is none of the fit's own."""
    behind = cursor.at
    while (line := cursor.skip_blank()) is not None and not (line.prose or line.code):
        if re.match(r"^-{3}\s*$", line.text):
            cursor.take()
        elif re.match(r"^\s*number of obs:", line.text):
            random_effects.counts(cursor, block)
        elif not fields.take(cursor, block):
            break
        behind = cursor.at
    cursor.at = behind
