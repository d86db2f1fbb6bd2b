"""Rules of estimates that are shown on another scale than they were tested on: ratios, rates and probabilities.

A standard error on the scale shown is the one of the test by the delta method; the ends of an interval are those of the
test's scale, transformed back.

References
----------
Lenth, R. V. *emmeans: Estimated Marginal Means*. R package, vignette "Transformations and link functions".
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from replications.checking.finding import Finding
from replications.checking.footers import MOST_LIKELY, TRANSFORMED
from replications.checking.intervals import Interval
from replications.checking.part import Part
from replications.checking.rule import rule
from replications.printouts.block import Number

_TESTED = re.compile(r"Tests are performed on the (log|logit|log odds ratio) scale")
_BACK = re.compile(r"Intervals are back-transformed from the (log|logit|log odds ratio) scale")
_LEVEL = re.compile(r"Confidence level used: (0?\.\d+)")
_OTHERWISE = re.compile(r"[Bb]ias adjust|with a threshold of")
"""Notes of what changes estimates, or what they are tested against."""
Family = dict[str, Number]
TINY = 1e-300
"""What a number printed as 0 is taken to be at least, where its logarithm is asked for."""


class Scale(NamedTuple):
    """A function to the scale of the test, its slope over an interval, and the way back."""

    there: Callable[[float], float]
    slope: Callable[[Interval], Interval]
    back: Callable[[float], float]


def _reciprocal(x: Interval) -> Interval:
    return Interval(1 / x.high, 1 / max(x.low, TINY))


def _of_share(x: Interval) -> Interval:
    ends = [share * (1 - share) for share in x]
    most = 0.25 if x.low <= 0.5 <= x.high else max(ends)
    return _reciprocal(Interval(min(ends), most))


def _logit(share: float) -> float:
    return math.log(max(share, TINY)) - math.log(max(1 - share, TINY))


def _exponential(value: float) -> float:
    return math.exp(min(value, 700.0))


LOG = Scale(lambda x: math.log(max(x, TINY)), _reciprocal, _exponential)
LOGIT = Scale(_logit, _of_share, lambda value: 1 / (1 + _exponential(-value)))


def _scale(part: Part, pattern: re.Pattern[str]) -> Scale | None:
    found = pattern.search(part.notes)
    if found is None or not part.block.kind.startswith("emmeans.") or _OTHERWISE.search(part.notes):
        return None
    return LOGIT if found[1] == "logit" else LOG


def _rows(part: Part, *quantities: str) -> Iterator[tuple[str, Family, Interval, Interval]]:
    """Give rows with an estimate on another scale, which lies within what the scale has, and its standard error."""
    for prefix, family in part.having("estimate", "se", *quantities):
        number, (estimate, se) = family["estimate"], (part.value(family[name]) for name in ("estimate", "se"))
        assert estimate is not None
        assert se is not None
        share = number.column == "prob"
        if TRANSFORMED.match(number.column) and estimate.low > 0 and not (share and estimate.high >= 1):
            yield prefix, family, estimate, Interval(max(se.low, 0.0), se.high)


def _against(scale: Scale, null: Number | None) -> float:
    """Return the null value on the scale of the test, which is 0 where none is printed."""
    return scale.there(float(null.text)) if null is not None and float(null.text) > 0 else 0.0


@rule("t = transformed estimate / standard error by the delta method")
def statistic(part: Part, name: str) -> Iterator[Finding]:
    """The t or z value of a ratio, a rate or a probability is that of its logarithm or logit."""
    scale = _scale(part, _TESTED)
    for prefix, family, estimate, se in _rows(part) if scale is not None else ():
        number = next((family[name] for name in ("t", "z") if name in family), None)
        if scale is None or number is None:
            continue
        away = estimate.monotone(scale.there) - Interval.exactly(_against(scale, family.get("null")))
        allowed = away / (se * scale.slope(estimate))
        yield from part.compared(name, number, allowed, [f"{prefix}.estimate", f"{prefix}.se"])


@rule("interval = transformed estimate plus or minus z standard errors, transformed back")
def limits(part: Part, name: str) -> Iterator[Finding]:
    """The ends of an interval are as far from the estimate as z, or t, standard errors, on the scale of the test."""
    scale, told = _scale(part, _BACK), _LEVEL.search(part.notes)
    level = float(told[1]) if told else MOST_LIKELY
    for prefix, family, estimate, se in _rows(part, "ci_low", "ci_high") if scale is not None else ():
        if scale is None or "df" not in family:
            continue
        middle = estimate.monotone(scale.there)
        reach = se * scale.slope(estimate) * part.footer.quantile(level, part.degrees(family["df"]))
        given = [f"{prefix}.estimate", f"{prefix}.se"]
        yield from part.compared(name, family["ci_low"], (middle - reach).monotone(scale.back), given)
        yield from part.compared(name, family["ci_high"], middle.plus(reach).monotone(scale.back), given)
