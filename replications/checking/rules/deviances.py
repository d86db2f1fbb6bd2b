"""Rules of models that differ by terms: sums of squares and deviances of ``drop1()``, ``add1()`` and ``anova()``."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator
from itertools import pairwise

from replications.checking import tails
from replications.checking.finding import Finding
from replications.checking.intervals import Interval
from replications.checking.part import Part
from replications.checking.rule import rule
from replications.printouts.block import Number

LEFT = ("rss", "resid_deviance")
"""What a model of a comparison leaves: a sum of squares, or a deviance."""
Family = dict[str, Number]


def _none(part: Part) -> Family:
    """Return the row of the model as it is, of ``drop1()`` and ``add1()``."""
    return next((part.families[name] for name in ("none", "<none>") if name in part.families), {})


def _terms(part: Part) -> Iterator[tuple[str, Family, Interval, Interval]]:
    """Give the terms of ``drop1()`` and ``add1()``, with what a model leaves: as it is, and changed by the term."""
    none = _none(part)
    for prefix, family in part.families.items():
        key = next((key for key in ("rss", "deviance") if key in none and key in family), "")
        if key and family is not none:
            as_is, changed = part.value(none[key]), part.value(family[key])
            if as_is is not None and changed is not None:
                yield prefix, family, as_is, changed


@rule("what a term changes = difference of what the models leave")
def changed(part: Part, name: str) -> Iterator[Finding]:
    """A likelihood ratio is the difference of the deviances, a sum of squares that of the residual ones."""
    for _, family, as_is, without in _terms(part):
        key = "sum_sq" if "rss" in family else "lrt"
        if key in family:
            left = "rss" if "rss" in family else "deviance"
            yield from part.compared(name, family[key], (without - as_is).magnitude, [family[left].id])


def _additions(part: Part) -> bool:
    return part.block.kind == "stats.add1"


def _residual_df(part: Part) -> dict[str, tuple[Interval, Interval]]:
    """Return the residual degrees of freedom by which each F of ``drop1()`` was made, and F over them."""
    found = {}
    for prefix, family, as_is, without in _terms(part):
        count = part.whole(family["df"]) if "df" in family else None
        f = part.value(family["f"]) if "f" in family else None
        change = part.value(family["sum_sq"]) if "sum_sq" in family else (without - as_is).magnitude
        if f is None or count is None or change is None or count.low <= 0 or change.low <= 0:
            continue
        share = change / count / as_is
        found[prefix] = f / share, share
    return {} if _additions(part) else found


def _common(intervals: list[Interval]) -> Interval | None:
    low, high = max(i.low for i in intervals), min(i.high for i in intervals)
    return Interval(low, high) if low <= high else None


@rule("F of terms left out: one residual df")
def dropped_f(part: Part, name: str) -> Iterator[Finding]:
    """All F values of ``drop1()`` are over one residual mean square, so that their degrees of freedom are the same."""
    degrees = _residual_df(part)
    for prefix, (_, share) in degrees.items():
        others = {key: pair[0] for key, pair in degrees.items() if key != prefix}
        known = _common(list(others.values())) if others else None
        if known is not None:
            yield from part.compared(name, part.families[prefix]["f"], share * known, [f"{key}.f" for key in others])


@rule("p from F of terms left out")
def dropped_p(part: Part, name: str) -> Iterator[Finding]:
    """The p value has the residual degrees of freedom that F tells of."""
    for prefix, (df, _) in _residual_df(part).items():
        family = part.families[prefix]
        f, count = part.value(family["f"]), part.whole(family["df"])
        if "p" in family and f is not None and count is not None:
            allowed = tails.above_f(f, count, Interval(max(df.low, 1.0), max(df.high, 1.0)))
            yield from part.compared(name, family["p"], allowed, [f"{prefix}.f", f"{prefix}.df"])


def _steps(part: Part) -> Iterator[tuple[Family, Family, str]]:
    """Give the rows of an ``anova()`` that shows what each model leaves, with the one above."""
    for key in LEFT:
        rows = [family for family in part.families.values() if key in family and "df_resid" in family]
        yield from ((one, two, key) for one, two in pairwise(rows))


@rule("what models leave and what they differ by")
def running(part: Part, name: str) -> Iterator[Finding]:
    """A residual sum of squares, or deviance, is the one above less what the row says; so are their df."""
    for above, row, key in _steps(part):
        change = next((row[k] for k in ("sum_sq", "deviance") if k in row), None)
        before, by = part.value(above[key]), part.value(change) if change is not None else None
        if change is not None and before is not None and by is not None:
            yield from part.compared(name, row[key], before - by, [above[key].id, change.id])
        counts = [part.whole(number) for number in (above["df_resid"], row.get("df")) if number is not None]
        if len(counts) == 2 and counts[0] is not None and counts[1] is not None:
            given = [above["df_resid"].id, row["df"].id]
            yield from part.compared(name, row["df_resid"], counts[0] - counts[1], given)


@rule("F and p of linear models that are compared")
def compared_f(part: Part, name: str) -> Iterator[Finding]:
    """F is over the residual mean square of the largest model."""
    rows = [family for family in part.families.values() if "rss" in family and "df_resid" in family]
    known = [(part.whole(row["df_resid"]), row) for row in rows]
    degrees, largest = min(((d.low, row) for d, row in known if d is not None), key=lambda p: p[0], default=(0.0, {}))
    left = part.value(largest["rss"]) if degrees > 0 else None
    for row in rows:
        change = part.whole(row["df"]) if "df" in row else None
        count, f = (part.value(row[what]) if what in row else None for what in ("sum_sq", "f"))
        if left is None or f is None or change is None or count is None or change.low == 0:
            continue
        given = [largest["rss"].id, *(other["df_resid"].id for other in rows)]
        allowed = (count / change / (left / degrees)).magnitude
        yield from part.compared(name, row["f"], allowed, [row["sum_sq"].id, row["df"].id, *given])
        if "p" in row:
            allowed = tails.above_f(f, change.magnitude, Interval.exactly(degrees))
            yield from part.compared(name, row["p"], allowed, [row["f"].id, row["df"].id, *given[1:]])


@rule("mean square / F is the same in all rows")
def one_scale(part: Part, name: str) -> Iterator[Finding]:
    """The F values of a mixed model's terms are their mean squares over one residual variance."""
    if part.block.kind not in ("stats.anova", "lmerTest.anova") or "Residuals" in part.families:
        return
    if "Kenward" in part.block.heads.get("title", ""):  # its F has a scale of its own
        return
    scales: dict[str, tuple[Family, Interval]] = {}
    for prefix, family in part.having("mean_sq", "f"):
        square, f = part.value(family["mean_sq"]), part.value(family["f"])
        if square is not None and f is not None and f.low > 0:
            scales[prefix] = family, Interval(max(square.low, 0.0), square.high) / f
    for prefix, (family, _) in scales.items():
        others = [scale for key, (_, scale) in scales.items() if key != prefix]
        common = _common(others) if others else None
        square = part.value(family["mean_sq"])
        if common is not None and common.low > 0 and square is not None and math.isfinite(common.high):
            given = [
                f"{prefix}.mean_sq",
                *(f"{key}.{what}" for key in scales if key != prefix for what in ("mean_sq", "f")),
            ]
            yield from part.compared(name, family["f"], square / common, given)


@rule("a glm's deviance is at most that of no predictor")
def null_deviance(part: Part, name: str) -> Iterator[Finding]:
    """What predictors leave is no more than what is left without them, where the search converged.

    Only what differs is a finding here and below: a number that is merely possible has not been recomputed.
    """
    family = part.families.get("", {})
    if part.block.kind != "stats.glm" or not {"deviance", "null_deviance"} <= set(family) or part.block.messages:
        return
    most = part.value(family["null_deviance"])
    if most is not None:
        found = part.compared(name, family["deviance"], Interval(-math.inf, most.high), [family["null_deviance"].id])
        yield from filter(operator.not_, found)


@rule("AIC of counts is at least the deviance and twice the coefficients")
def discrete_aic(part: Part, name: str) -> Iterator[Finding]:
    """No probability of counts is above 1, not of an exact fit either: -2 log L is at least the deviance."""
    family = part.families.get("", {})
    counts = part.block.heads.get("family", "").lower().startswith(("poisson", "negative binomial"))
    if part.block.kind != "stats.glm" or not counts or not {"deviance", "aic"} <= set(family):
        return
    left, shown = (
        part.value(family["deviance"]),
        sum(1 for prefix, _ in part.having("estimate") if prefix[:5] == "coef."),
    )
    if left is not None:
        given = [family["deviance"].id]
        allowed = Interval(left.low + 2 * shown, math.inf)
        yield from filter(operator.not_, part.compared(name, family["aic"], allowed, given))
