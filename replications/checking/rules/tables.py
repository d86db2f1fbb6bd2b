"""Rules of any table: counts, order, sums."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from itertools import pairwise

from replications.checking.finding import Finding
from replications.checking.intervals import Interval
from replications.checking.part import Part
from replications.checking.rule import rule
from replications.printouts.block import Number

POINTS = ("min", "q1", "median", "q3", "max")
TOTAL = re.compile(r"^(Sum|Total|total|sum|All|TOTAL)$")
Total = tuple[Number, list[Number], Interval]
"""What is called a total, the others of its row or column, and their sum."""


@rule("no more groups than observations")
def groups(part: Part, name: str) -> Iterator[Finding]:
    """A group has at least one observation."""
    for model in part.models:
        rows = part.count(model, "n_obs")
        for number in part.starting(model, "n_groups"):
            if rows is not None:
                yield from part.compared(name, number, Interval(1.0, rows), [part.under(model, "n_obs")])


@rule("quantiles in their order")
def order(part: Part, name: str) -> Iterator[Finding]:
    """Minimum, quartiles and maximum do not fall."""
    for prefix, family in part.families.items():
        known = [point for point in POINTS if point in family and part.value(family[point]) is not None]
        for before, after in pairwise(known) if len(known) > 2 else ():
            low = part.value(family[before])
            assert low is not None
            yield from part.compared(name, family[after], Interval(low.low, math.inf), [f"{prefix}.{before}"])


@rule("range = maximum - minimum")
def spread(part: Part, name: str) -> Iterator[Finding]:
    """The range of a described variable."""
    for prefix, family in part.having("min", "max", "range"):
        low, high = part.value(family["min"]), part.value(family["max"])
        if low is not None and high is not None:
            yield from part.compared(
                name, family["range"], high - low, [part.under(prefix, "min"), part.under(prefix, "max")]
            )


@rule("standard error of a mean = standard deviation / root of n")
def mean_error(part: Part, name: str) -> Iterator[Finding]:
    """The standard error of a described variable's mean."""
    for prefix, family in part.having("n", "sd", "se"):
        rows, sd = part.value(family["n"]), part.value(family["sd"])
        if part.block.kind == "psych.describe" and rows is not None and sd is not None and rows.low > 0:
            allowed = sd / rows.monotone(math.sqrt)
            yield from part.compared(name, family["se"], allowed, [part.under(prefix, "n"), part.under(prefix, "sd")])


@rule("a total is the sum of what stands in its row or column")
def total(part: Part, name: str) -> Iterator[Finding]:
    """A row and a column called Sum or Total hold the sums of the others, in a table of counts with both margins.

    A listing may have a column of that name, and a table of means and shares a row; so a table is taken for one of
    sums if R's ``addmargins()`` made it, or if most totals of either margin are.
    """
    if part.block.kind not in ("base.table", "page.table", "base.print.data.frame", "tibble.print"):
        return
    by_row, by_column = _margin(part, 0), _margin(part, 1)
    of_r = part.block.kind == "base.table" and any(n.row == "Sum" or n.column == "Sum" for n in part.block.numbers)
    if of_r or (_are_sums(part, by_row) and _are_sums(part, by_column)):
        for label, margin in (("row", by_row), ("column", by_column)):
            for number, others, allowed in margin:
                yield from part.compared(name, number, allowed, [n.id for n in others], f"by {label}")


def _margin(part: Part, at: int) -> list[Total]:
    """Return the totals of a table's rows called Sum (0) or of its columns (1), with what they may be the sums of."""
    if not any(TOTAL.match(_place(number)[at]) for number in part.block.numbers):
        return []
    lines: dict[str, list[Number]] = {}
    for number in part.block.numbers:
        lines.setdefault(_place(number)[1 - at], []).append(number)
    found = []
    for numbers in lines.values():
        totals = [number for number in numbers if TOTAL.match(_place(number)[at])]
        others = [number for number in numbers if not TOTAL.match(_place(number)[at]) and number.text]
        values = [part.value(number) for number in others]
        labels = {_place(number)[at] for number in others}
        known = [value for value in values if value is not None]
        if len(totals) == 1 and 1 < len(known) == len(values) == len(labels):
            low, high = (sum(value[end] for value in known) for end in (0, 1))
            found.append((totals[0], others, Interval(low, high)))
    return found


def _place(number: Number) -> tuple[str, str]:
    return number.row, number.column


def _are_sums(part: Part, margin: list[Total]) -> bool:
    values = [(part.value(number), allowed) for number, _, allowed in margin]
    return 2 * sum(value is not None and value.meets(allowed) for value, allowed in values) > len(values) > 1


@rule("conditional R squared is no smaller than the marginal")
def shares(part: Part, name: str) -> Iterator[Finding]:
    """What random effects explain comes on top of what fixed effects explain."""
    for prefix, family in part.having("r2_conditional", "r2_marginal"):
        least = part.value(family["r2_marginal"])
        if least is not None:
            yield from part.compared(
                name, family["r2_conditional"], Interval(least.low, math.inf), [part.under(prefix, "r2_marginal")]
            )
