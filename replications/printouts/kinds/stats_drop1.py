"""``drop1()`` and ``add1()``, lmerTest's ``ranova()`` and ``step()``, and data frames of ``AIC()`` and ``BIC()``."""

from __future__ import annotations

import re

from replications.printouts import matrices
from replications.printouts.block import Block
from replications.printouts.coefficients import add_rows, formula
from replications.printouts.cursor import Cursor
from replications.printouts.headings import known_headings
from replications.printouts.kind import begins_another, kind
from replications.printouts.lines import Line
from replications.printouts.names import quantity, slug

_TITLES = (
    (r"ANOVA-like table for random-effects|Backward reduced random-effect table", "lmerTest.ranova"),
    (r"Single term deletions using", "lmerTest.drop1"),
    (r"Backward reduced fixed-effect table", "lmerTest.step"),
    (r"Single term deletions", "stats.drop1"),
    (r"Single term additions", "stats.add1"),
)


_BEGINS = "|".join(rf"^\s*({pattern})" for pattern, _ in _TITLES)


@kind("stats.drop1", begins=_BEGINS, turn=20)
def read(cursor: Cursor) -> Block | None:
    """Read title, model and table; ids are ``term.quantity``, ``none`` for the model as it is."""
    first = cursor.take()
    block = Block("stats.drop1", first.number, call=cursor.call(), heads={"title": first.text.strip()})
    block.kind = next(name for pattern, name in _TITLES if re.search(pattern, first.text))
    while (line := cursor.skip_blank()) is not None and not line.prose and not line.code:
        if known_headings(line.text):
            break
        text = cursor.take().text.strip()
        if text.startswith("Model:"):
            block.formula = formula(cursor, text[6:], re.compile(r"^\s+(npar|Df|Sum Sq)\b"))
        elif not re.match(r"(Degrees of freedom method|Satterthwaite|Kenward)", text):
            return None
    find = known_headings
    matrix = matrices.read(cursor, _ends, find=find, short=True)
    add_rows(block, matrix, lambda label, column: f"{slug(label.strip('<>'))}.{_name(column, matrix.headings)}")
    return block if block.numbers else None


def _ends(line: Line) -> bool:
    return re.match(_BEGINS, line.text) is not None or begins_another(line, "stats.drop1")


def _name(column: str, headings: list[str]) -> str:
    return "chisq_df" if column == "Df" and "npar" in headings else quantity(column)


@kind("stats.AIC", begins=r"^\s*df\s+(AIC|BIC)\s*$", turn=40)
def read_criteria(cursor: Cursor) -> Block | None:
    """Read the data frame that ``AIC(m1, m2)`` prints."""
    first = cursor.peek()
    assert first is not None
    block = Block(f"stats.{first.text.split()[-1]}", first.number, call=cursor.call())
    matrix = matrices.read(cursor, lambda line: begins_another(line, "stats.AIC"))
    add_rows(block, matrix, lambda label, column: f"{slug(label)}.{'npar' if column == 'df' else quantity(column)}")
    return block if block.numbers else None
