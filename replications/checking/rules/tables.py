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

POINTS = ("min", "q1", "median", "q3", "max")
TOTAL = re.compile(r"^(Sum|Total|total|sum|All|TOTAL)$")


@rule("no more groups than observations")
def groups(part: Part, name: str) -> Iterator[Finding]:
    """A group has at least one observation."""
    for model in part.models:
        rows = part.of(part.under(model, "n_obs"))
        for number in part.starting(model, "n_groups"):
            if rows is not None:
                yield from part.compared(name, number, Interval(1.0, rows.high), [part.under(model, "n_obs")])


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
    """A row or column called Sum or Total holds the sums of the others."""
    if part.block.kind not in ("base.table", "page.table", "base.print.data.frame", "tibble.print"):
        return
    cells = {(number.row, number.column): number for number in part.block.numbers}
    for at, label in ((0, "row"), (1, "column")):
        for key, number in cells.items():
            others = [n for k, n in cells.items() if k[1 - at] == key[1 - at] and k[at] != key[at]]
            values = [part.value(n) for n in others if n.text]
            if TOTAL.match(key[at]) and len(values) > 1 and all(value is not None for value in values):
                low, high = (sum(value[end] for value in values if value is not None) for end in (0, 1))
                yield from part.compared(name, number, Interval(low, high), [n.id for n in others], f"by {label}")


@rule("conditional R squared is no smaller than the marginal")
def shares(part: Part, name: str) -> Iterator[Finding]:
    """What random effects explain comes on top of what fixed effects explain."""
    for prefix, family in part.having("r2_conditional", "r2_marginal"):
        least = part.value(family["r2_marginal"])
        if least is not None:
            yield from part.compared(
                name, family["r2_conditional"], Interval(least.low, math.inf), [part.under(prefix, "r2_marginal")]
            )
