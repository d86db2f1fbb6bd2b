"""What the lines below a table say of its tests and intervals: on which side, against what, raised for how many."""

from __future__ import annotations

import math
import re
from functools import cached_property

from replications.checking import tails
from replications.checking.intervals import Interval, printed
from replications.printouts.block import Number

PLACES = 0.001
"""What single-step p values of multcomp, which are integrated at random, may be off: its absolute error."""
EXACT_COUNT = 1000
"""Below it a null value that is printed without decimals is taken for a whole number."""
MOST_LIKELY = 0.95
"""The level of an interval that does not say its own, of functions that make such by default."""
TRANSFORMED = re.compile(r"^(prob|rate|response|odds\.ratio|ratio)$")
"""Columns of estimates that are shown on another scale than they were tested on."""
_METHOD = r"(?!none)(\w+)(?: method)?(?: for (?:comparing a family of )?(\d+) (?:estimates|tests))?"
_RAISED = re.compile(rf"P value adjustment: {_METHOD}")
_WIDENED = re.compile(rf"Conf-level adjustment: {_METHOD}")
_GLHT = re.compile(r"\(Adjusted p values reported -- ([\w-]+) method\)")
_THRESHOLD = re.compile(r"tests of (equivalence|noninferiority|nonsuperiority) with a threshold of (\S*\d)")
_SIDE = re.compile(r"P values are (left|right)-tailed")
NO_MORE = ("tukey", "bonferroni", "holm", "sidak", "mvt", "dunnettx", "hochberg", "hommel", "BH", "fdr")
"""Methods that raise a p value to no more than its multiple by the number of tests."""


class Footer:
    """The notes below a table of estimates, of emmeans or multcomp.

    Parameters
    ----------
    text : str
        The lines, joined by spaces.
    kind : str
        Of the block.
    tests : int
        How many p values the table shows.
    lettered : bool
        Whether the table is one of ``cld()``, which may widen its intervals; a note on its letters ends those of it.
    """

    def __init__(self, text: str, kind: str, tests: int, *, lettered: bool = False) -> None:
        self.text, self.kind, self.tests, self.lettered = text, kind, tests, lettered

    @cached_property
    def side(self) -> str:
        """Left or right of one-sided tests, empty of others."""
        found = _SIDE.search(self.text)
        return found[1] if found else ""

    def tested(self, estimate: Interval, null: Number | None) -> Interval:
        """Return what a test divides by the standard error: the estimate less the null value, by a threshold more."""
        if null is not None:
            whole = "." not in null.text and abs(float(null.text)) < EXACT_COUNT
            value = Interval.exactly(float(null.text)) if whole else printed(null.text)
            estimate = estimate - value if value is not None else estimate
        found = _THRESHOLD.search(self.text)
        delta = printed(found[2]) if found else None
        if found is None or delta is None:
            return estimate
        if found[1] == "equivalence":
            return estimate.magnitude - delta
        return estimate.plus(delta) if found[1] == "noninferiority" else estimate - delta

    def p(self, t: Interval, df: Interval) -> Interval:
        """Return the p values of a statistic, raised for several tests as the table says."""
        signed = t * -1.0 if self.side == "left" else t
        found = tails.above(signed, df) if self.side else tails.two_sided(t, df)
        if _GLHT.search(self.text):
            return Interval(found.low - PLACES, min(1.0, found.high * self.tests + PLACES))
        return Interval(found.low, min(1.0, found.high * self._most_tests))

    @cached_property
    def _most_tests(self) -> float:
        """By how much a p value may have been raised: contrasts are, also without a note."""
        if not self.kind.startswith("emmeans."):
            return 1.0
        found = _RAISED.search(self.text)
        if found is None:
            return float(self.tests) if self.kind == "emmeans.contrast" else 1.0
        if found[1] not in NO_MORE:
            return math.inf
        return float(max(self.tests, _family(found[1], found[2], self.text)))

    def quantile(self, level: float, df: Interval) -> Interval:
        """Return how many standard errors an interval may reach, to its level or to one raised for several."""
        plain = tails.quantile((1 + level) / 2, df)
        found = _WIDENED.search(self.text)
        if not self.kind.startswith("emmeans."):
            return plain
        if found is None:
            told = self.kind != "emmeans.contrast" or "Confidence level used" in self.text
            told = told and not (self.lettered and "significance level used" not in self.text)
            return plain if told else Interval(plain.low, math.inf)
        if found[1] not in (*NO_MORE, "sidak"):
            return Interval(plain.low, math.inf)
        count = _family(found[1], found[2], self.text)
        if count < 1:
            return Interval(plain.low, math.inf)
        each = level ** (1 / count) if found[1] == "sidak" else 1 - (1 - level) / count
        widest = tails.quantile((1 + each) / 2, df)
        return widest if found[1] in ("sidak", "bonferroni") else Interval(plain.low, widest.high)


def _family(method: str, count: str | None, text: str) -> int:
    """Return how many tests a note tells of; the pairs, where it tells of the means that are compared."""
    if count is None:
        return 0
    means = int(count)
    return means * (means - 1) // 2 if f"{method} method for comparing a family of {count}" in text else means
