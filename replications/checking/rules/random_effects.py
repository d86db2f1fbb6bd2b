"""Rules of variances: standard deviations, correlations, shares."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Iterator

from replications.checking.finding import Finding
from replications.checking.intervals import Interval
from replications.checking.part import Part
from replications.checking.rule import rule
from replications.printouts.block import Number

POSITIVE = ("variance", "sd", "se", "rse", "rmse", "rss", "sum_sq", "mean_sq", "sigma2", "condsd", "chisq", "f")
SHARES = ("p", "f_p", "icc", "r2", "adjusted", "unadjusted", "r2_conditional", "r2_marginal")
BRACKETS = ("modelsummary.", "stargazer.", "texreg.", "page.")
"""Kinds whose brackets are taken for standard errors, and may hold another statistic."""
ROWS: dict[str, tuple[tuple[str, ...], ...]] = {
    "p": (("t", "df"), ("f", "df"), ("chisq", "df"), ("estimate", "se")),
    "se": (("estimate",),),
    "f": (("p", "df"),),
    "chisq": (("p", "df"),),
    "mean_sq": (("sum_sq",),),
    "sum_sq": (("mean_sq",),),
}
"""What makes a quantity known in a table that somebody made: one of these is in the row."""
CORRELATION = re.compile(r"(^|\.)(fixef_corr\.|rho01|cor\.(estimate$|[^.]+\.|.*__))")
"""Ids of correlations: of fixed effects, of random ones by what they are between, and of a row that is called so."""
BESIDE = ("se", "df", "t", "z", "statistic", "p", "stars", "ci_low", "ci_high", "null")
"""What stands in the row of a quantity and is another one."""
BAYESIAN = re.compile(r"\b(HDI|CrI|Credible)\b|\bCI \(\d+%\)$")
"""Headings of intervals of posterior distributions: the ICC beside them is one of predictions."""
_BETWEEN = re.compile(r"^(l2_variance|level_2_variance|between.variance|tau2|tau00)$", re.IGNORECASE)
_WITHIN = re.compile(r"^(l1_variance|level_1_variance|within.variance|sigma2)$", re.IGNORECASE)


@rule("standard deviation = square root of variance")
def deviation(part: Part, name: str) -> Iterator[Finding]:
    """A standard deviation is the square root of its variance."""
    for prefix, family in part.having("variance", "sd"):
        variance = part.value(family["variance"])
        assert variance is not None
        roots = Interval(max(variance.low, 0.0), max(variance.high, 0.0)).monotone(math.sqrt)
        yield from part.compared(name, family["sd"], roots, [f"{prefix}.variance"])


@rule("correlation within -1 and 1")
def correlation(part: Part, name: str) -> Iterator[Finding]:
    """No correlation is beyond 1; what else a row of it has, such as ends of a Wald interval, may be."""
    for number in part.block.numbers:
        of_row = number.id.rpartition(".")[2] in BESIDE
        if number.id.endswith(".corr") or (not of_row and CORRELATION.search(number.id)):
            yield from part.compared(name, number, Interval(-1.0, 1.0))


@rule("covariance within the product of the standard deviations")
def covariance(part: Part, name: str) -> Iterator[Finding]:
    """No covariance is larger than the product of the standard deviations, and with a correlation it is theirs."""
    for number in part.block.numbers:
        found = re.match(
            r"(?P<start>.*?)(?P<what>cov|varcomp)\.(?P<group>[^.]+)\.(?P<a>\w+)__(?P<b>\w+?)(\.cov)?$", number.id
        )
        if found is None or (found["what"] == "varcomp" and not number.id.endswith(".cov")):
            continue
        ids = [_variance_id(part, found["start"], found["group"], effect) for effect in (found["a"], found["b"])]
        values = [part.of(id) for id in ids if id]
        if len(values) == 2 and all(values):
            most = math.sqrt(max(values[0].high, 0.0) * max(values[1].high, 0.0))  # type: ignore[union-attr]
            yield from part.compared(name, number, Interval(-most, most), [id for id in ids if id])


def _variance_id(part: Part, start: str, group: str, effect: str) -> str | None:
    ids = (f"{start}var.{group}.{effect}", f"{start}varcomp.{group}.{effect}.variance")
    return next((id for id in ids if id in part.numbers), None)


@rule("no negative variance, deviation or statistic; no share beyond 0 and 1")
def possible(part: Part, name: str) -> Iterator[Finding]:
    """Variances, standard errors and sums of squares are not negative; p values and shares lie between 0 and 1.

    Only what differs is a finding: a number that is merely possible has not been compared with any other.
    """
    for number in part.block.numbers:
        quantity = number.id.rpartition(".")[2]
        change = quantity == "sum_sq" and number.id.replace("sum_sq", "rss") in part.numbers  # of a smaller model
        if (quantity in SHARES or quantity in POSITIVE) and not change and _is_what_it_says(part, number, quantity):
            most = 1.0 if quantity in SHARES else math.inf
            yield from filter(operator.not_, part.compared(name, number, Interval(0.0, most)))


def _is_what_it_says(part: Part, number: Number, quantity: str) -> bool:
    """Tell whether a quantity is known: in a table with columns of its author's by what stands in the same row."""
    if (quantity == "se" and part.block.kind.startswith(BRACKETS)) or (quantity == "p" and "." not in number.text):
        return False
    if part.block.kind == "base.print.vector" and quantity == "f":  # an element that is called so
        return False
    beside = part.families[number.id.rpartition(".")[0]]
    return not part.own_columns or any(set(row) <= set(beside) for row in ROWS.get(quantity, ()))


@rule("ICC from the variances")
def icc(part: Part, name: str) -> Iterator[Finding]:
    """The intraclass correlation of a model with one random intercept is its variance's share of both."""
    columns = {number.column for number in part.block.numbers}
    if any(map(BAYESIAN.search, columns)) and not any(number.id.endswith(".p") for number in part.block.numbers):
        return
    for model in part.models:
        between, within = _two_variances(part, model)
        numbers = [number for number in part.block.numbers if _is_icc(part, model, number)]
        if between is None or within is None or len(numbers) != 1:
            continue
        one, two = part.value(between), part.value(within)
        if one is not None and two is not None and one.low > 0:
            share = (two / one).monotone(lambda ratio: 1 / (1 + ratio))
            yield from part.compared(name, numbers[0], share, [between.id, within.id])


def _is_icc(part: Part, model: str, number: Number) -> bool:
    names = ("icc", "adjusted")
    return any(number.id == part.under(model, name) for name in names) or number.id.startswith(
        part.under(model, "icc.")
    )


def _two_variances(part: Part, model: str) -> tuple[Number | None, Number | None]:
    """Return the variances between and within groups of a model that has no other."""
    own = [number for number in part.block.numbers if not model or number.id.startswith(f"{model}.")]
    names = {number.id: number.id[len(model) + 1 if model else 0 :] for number in own}
    within = [n for n in own if re.match(r"(varcomp|var)\.residual(\.variance)?$|sigma2$", names[n.id])]
    between = [n for n in own if re.match(r"varcomp\.(?!residual).*\.variance$|var\.(?!residual)|tau", names[n.id])]
    if not within and not between:
        labels = {n.id: re.sub(r"\W+", "_", names[n.id].removesuffix(".estimate")) for n in own}
        within = [n for n in own if _WITHIN.match(labels[n.id])]
        between = [n for n in own if _BETWEEN.match(labels[n.id])]
    return (between[0], within[0]) if len(within) == len(between) == 1 else (None, None)
