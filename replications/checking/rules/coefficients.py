"""Rules of a row of coefficients: statistic, p value, stars and interval."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from functools import lru_cache

from replications.checking import tails
from replications.checking.finding import AGREES, DIFFERS, Finding
from replications.checking.footers import MOST_LIKELY, TRANSFORMED
from replications.checking.intervals import NORMAL, Interval
from replications.checking.part import Part
from replications.checking.rule import rule
from replications.printouts.block import Number

SHARE_OF_GROUPS = 0.5
"""Satterthwaite's degrees of freedom of a mixed model whose table shows none are taken to be at least this share of the
number of groups less the number of coefficients."""
UNKNOWN_LEVELS = (0.5, 0.999)
"""The lowest and the highest level of intervals in a table that does not say it."""
LEVEL = re.compile(r"(?<![.\d])([5-9]\d(?:\.\d+)?)\s*%\s*(?:CI|conf|interval|HDI|CrI)", re.IGNORECASE)
TAIL = re.compile(r"^\[?(\d*\.?\d+)\s*(?:%|$)")
"""Headings of an interval in one column, and of one of its ends."""
RANDOM = re.compile(r"(?:^|\.)(?:sd|corr?|var|cov|varcomp|phi)(?:__|\.|[ :]?\s*\()|^(?:SD|Corr?|Var|Cov)\b")
"""Ids and labels of standard deviations, variances and correlations: their intervals are made on another scale."""
WALD = re.compile(r"^(emmeans|statsmodels|stata|nlme)\.")
"""Packages of which each interval of a coefficient is estimate and standard errors; of others it is, if symmetric."""
CONFINT = re.compile(r"^\d+(\.\d+)? ?%$")
"""Headings of ``confint()``, which beside a table's standard errors may be of a profile, symmetric or not."""
PROFILES = ("sjPlot", "modelsummary", "stargazer", "texreg")
"""Packages that show intervals of generalized models from their profiles, which are not Wald intervals."""
BRACKETS = ("modelsummary.", "stargazer.", "texreg.")
"""Packages whose tables may show exponents of estimates, and intervals of any level, without a word."""
RESIDUAL = re.compile(r"(^|\.)(residual|Residual|sigma2|r2|adj_r2|rse|SD \(Observations\))\.")
"""What is shown of models with a residual variance."""
WIDTHS = Interval(1.0, 13.0)
"""How many standard errors an end of a 95% interval may be from the estimate, with one degree of freedom or more."""
COMPARISON = re.compile(r"\S (?:-|/|vs\.?) \S|\S effect$")
"""Labels of differences and ratios between groups, and of what sets a group apart from their mean."""
OTHER_TESTS = ("f", "F_ratio", "chisq", "lrt")
OF_RATIO = frozenset(("estimate", "se", "df", "null", "statistic", "t", "z", "p", "stars", "ci_low", "ci_high"))
"""What stands in a row of which a p value is that of estimate over standard error."""
UPPER_TAILS = ("lme4.summary", "lmerTest.summary", "stats.lm", "stats.glm")
"""Kinds whose p values are upper tails; of others nobody knows whether they were one less a probability."""
Family = dict[str, Number]


def _statistic(part: Part, family: Family) -> Number | None:
    """Return a t or z value; a "statistic" is one beside estimate and standard error, unless it is their square."""
    if "statistic" in family and not any(name in family for name in ("t", "z")):
        of_ratio = {"estimate", "se"} <= set(family) and _scale(part) != "square"
        return family["statistic"] if of_ratio or part.block.kind.startswith("sjPlot.") else None
    return next((family[name] for name in ("t", "z") if name in family), None)


@lru_cache(maxsize=8)
def _scale(part: Part) -> str:
    """Return what the statistics of most rows are: the ratio, one on the scale of exponents, or Wald's square."""
    agree = dict.fromkeys(("ratio", "logarithm", "delta", "square"), 0)
    for prefix, family in part.having("estimate", "se"):
        number = next((part.value(family[name]) for name in ("t", "z", "statistic") if name in family), None)
        ratios = _ratios(part, prefix, family)
        if number is not None and "ratio" in ratios:
            squares = {"square": ratios["ratio"].magnitude.monotone(lambda t: t * t)} if "statistic" in family else {}
            for scale, value in (ratios | squares).items():
                agree[scale] += number.meets(value)
    return max(agree, key=lambda scale: agree[scale])


def _ratios(part: Part, prefix: str, family: Family) -> dict[str, Interval]:
    """Return what the estimate over its standard error may be; nothing where a cell holds several numbers.

    An estimate that was exponentiated (``exponentiate = TRUE``) has a standard error of the logarithm, or by the delta
    method one of its own.
    """
    estimate, se = part.value(family["estimate"]), part.value(family["se"])
    counts = {what: sum(name.partition("__")[0] == what for name in family) for what in ("estimate", "se")}
    if estimate is None or se is None or counts["estimate"] != counts["se"] or not _has_errors(part):
        return {}
    se = Interval(max(se.low, 0.0), se.high)
    found = {"ratio": part.footer.tested(estimate, family.get("null")) / se}
    if _may_be_exponentiated(part, part.model_of(prefix)):
        logarithm = Interval(max(estimate.low, 1e-300), max(estimate.high, 1e-300)).monotone(math.log)
        found |= {"logarithm": logarithm / se, "delta": logarithm * estimate / se}
    return found


@lru_cache(maxsize=8)
def _has_errors(part: Part) -> bool:
    """Tell whether numbers in brackets are standard errors: not if most intervals beside them are of another width."""
    if not part.has_errors or not part.block.kind.startswith(BRACKETS):
        return part.has_errors
    as_error = []
    for _, family in part.having("estimate", "se", "ci_low", "ci_high"):
        low, high, se = (part.value(family[name]) for name in ("ci_low", "ci_high", "se"))
        if low is not None and high is not None and se is not None:
            as_error.append(((high - low) * 0.5).meets(se * WIDTHS))
    return 2 * sum(as_error) >= len(as_error)


@lru_cache(maxsize=64)
def _may_be_exponentiated(part: Part, model: str) -> bool:
    """Tell whether estimates may be odds ratios: all are positive, and of no model with a residual variance."""
    if not (part.own_columns or part.block.kind.startswith(BRACKETS)) or _is_linear(part, model):
        return False
    own = [n for id, n in part.numbers.items() if id.endswith(".estimate") and part.model_of(id) == model]
    values = [value for number in own if (value := part.value(number)) is not None]
    return all(value.high > 0 for value in values) and not any(number.column in ("B", "b") for number in own)


@lru_cache(maxsize=64)
def _is_linear(part: Part, model: str) -> bool:
    return any(part.model_of(id) == model and RESIDUAL.search(id) for id in (f"{id}." for id in part.numbers))


def _of_another_test(part: Part, family: Family) -> bool:
    """Tell whether a p value, or stars, may be those of a test that is not of the estimate over its standard error."""
    if any(name in family for name in OTHER_TESTS):
        return True
    known = any(name in family for name in ("t", "z")) or not part.own_columns
    return not (known or set(family) <= OF_RATIO)


def _plain(family: Family) -> bool:
    """Tell whether estimate and standard error are on the scale that the test is made on."""
    return not TRANSFORMED.match(family["estimate"].column)


@rule("t = estimate / standard error")
def statistic(part: Part, name: str) -> Iterator[Finding]:
    """A t or z value is the estimate over its standard error."""
    for prefix, family in part.having("estimate", "se"):
        number = _statistic(part, family)
        ratio = _ratios(part, prefix, family).get(_scale(part)) if number is not None and _plain(family) else None
        if number is not None and ratio is not None:
            yield from part.compared(name, number, ratio, [f"{prefix}.estimate", f"{prefix}.se"])


def degrees(part: Part, prefix: str, family: Family) -> Interval:
    """Return the degrees of freedom of a row's test: printed ones, or what the block allows."""
    if "df" in family:
        return part.degrees(family["df"])
    statistic, model = _statistic(part, family), part.model_of(prefix)
    if statistic is not None and (statistic.id.endswith(".z") or statistic.column.startswith("z")):
        return NORMAL
    if part.block.kind == "stats.lm" and (found := part.of("df_resid")) is not None:
        return found
    if part.block.kind == "stats.glm" and statistic is not None:
        return part.of("df_resid") or Interval(1.0, math.inf)
    return Interval(_fewest(part, model), math.inf)


@lru_cache(maxsize=64)
def _fewest(part: Part, model: str) -> float:
    """Return the fewest degrees of freedom that the test of a coefficient may have had."""
    coefficients = part.coefficients(model)
    if part.is_mixed(model):
        groups = [part.value(number) for number in part.starting(model, "n_groups")]
        counts = [count.low for count in groups if count is not None]
        return max(1.0, SHARE_OF_GROUPS * (min(counts) - coefficients)) if counts else 1.0
    rows = part.count(model, "n_obs")
    return max(1.0, rows - coefficients) if rows is not None else 1.0


def _tested(part: Part, prefix: str, family: Family) -> list[Interval]:
    """Return the statistic of a row as it was printed, or else what estimate over standard error may be."""
    number = _statistic(part, family)
    if _of_another_test(part, family):
        return []
    if number is not None:
        return [value] if (value := part.value(number)) is not None else []
    return list(_ratios(part, prefix, family).values()) if {"estimate", "se"} <= set(family) and _plain(family) else []


def _used(part: Part, family: Family) -> list[str]:
    statistic = _statistic(part, family)
    numbers = [statistic] if statistic else [family[name] for name in ("estimate", "se") if name in family]
    return [number.id for number in (*numbers, family.get("df")) if number is not None]


@rule("p from t and df, or from z")
def p_value(part: Part, name: str) -> Iterator[Finding]:
    """A p value is the tail of its statistic: two-sided, unless the table says otherwise.

    Of comparisons in a table that somebody made, nobody says whether it was raised for several, or is of one side.
    """
    adjusted = part.own_columns and any(COMPARISON.search(number.row) for number in part.block.numbers)
    for prefix, family in part.having("p"):
        found = [part.footer.p(t, degrees(part, prefix, family)) for t in _tested(part, prefix, family)]
        if found:
            allowed = _hull(found)
            lost = 0.0 if part.block.kind in UPPER_TAILS and not part.of_older_lmertest else tails.CANCELLED
            allowed = Interval(allowed.low - lost, allowed.high + lost)
            allowed = Interval(allowed.low / 2, 1.0) if adjusted else allowed
            yield from part.compared(name, family["p"], allowed, _used(part, family))


def _hull(intervals: list[Interval]) -> Interval:
    return Interval(min(each.low for each in intervals), max(each.high for each in intervals))


@rule("stars from p and the legend")
def stars(part: Part, name: str) -> Iterator[Finding]:
    """The stars are those of the p value: printed, or of the statistic, or of an interval that leaves 0 out.

    A row without them claims something only in a column that has some.
    """
    starred = {number.column for number in part.block.numbers if number.id.endswith("stars") and number.text}
    for prefix, family in part.having():
        if "stars" not in family or family["stars"].column not in starred:
            continue
        number, reason = family["stars"], ""
        if "p" in family and (p := part.value(family["p"])) is not None:
            p, given = _bounded(family["p"], p), [f"{prefix}.p"]
        elif ratios := _tested(part, prefix, family):
            p = _hull([tails.two_sided(t, degrees(part, prefix, family)) for t in ratios])
            given = _used(part, family)
        elif (p := _of_interval(part, family)) is not None:
            given, reason = [f"{prefix}.ci_low", f"{prefix}.ci_high"], "by whether the interval has 0"
        else:
            continue
        possible = _possible(p, part)
        yield Finding(
            verdict=AGREES if number.text in possible else DIFFERS,
            rule=name,
            printed=number.text,
            allowed=(p.low, p.high),
            consistent=" or ".join(text or "no star" for text in possible),
            line=number.line,
            block=part.at,
            kind=part.block.kind,
            id=number.id,
            given=tuple(given),
            reason=reason,
        )


def _bounded(number: Number, p: Interval) -> Interval:
    """Return a p value that was printed as a bound without the bound itself."""
    return Interval(p.low, math.nextafter(p.high, 0)) if number.text.lstrip().startswith("<") else p


def _possible(p: Interval, part: Part) -> list[str]:
    """Return the stars that p values within an interval may have."""
    found, above = [], 0.0
    for text, bound in (*part.cutoffs, ("", math.inf)):
        if p.low < bound and p.high >= above:
            found.append(text)
        above = bound
    return found


def _of_interval(part: Part, family: Family) -> Interval | None:
    """Return p values of an estimate with a symmetric 95% interval: below 0.05 where it leaves 0 out."""
    if not all(name in family for name in ("estimate", "ci_low", "ci_high")) or not _symmetric(part, family):
        return None
    low, high = part.value(family["ci_low"]), part.value(family["ci_high"])
    if low is None or high is None or _levels(part, family["ci_low"].column) != (0.95,):
        return None
    if low.low > 0 or high.high < 0:
        return Interval(0.0, math.nextafter(0.05, 0))
    return Interval(0.05, 1.0) if low.high < 0 < high.low else None


@rule("interval = estimate plus or minus z standard errors")
def interval(part: Part, name: str) -> Iterator[Finding]:
    """The ends of a Wald interval are as far from the estimate as z, or t, standard errors."""
    for prefix, family in part.having("estimate", "se", "ci_low", "ci_high"):
        if not _plain(family) or not _has_errors(part) or not _is_wald(part, prefix, family):
            continue
        estimate, se = part.value(family["estimate"]), part.value(family["se"])
        assert estimate is not None
        assert se is not None
        levels, df = _levels(part, family["ci_low"].column), degrees(part, prefix, family)
        quantiles = [part.footer.quantile(level, df) for level in levels]
        reach = Interval(max(se.low, 0.0), se.high) * Interval(quantiles[0].low, quantiles[-1].high)
        given = [f"{prefix}.estimate", f"{prefix}.se"]
        yield from part.compared(name, family["ci_low"], estimate - reach, given)
        yield from part.compared(name, family["ci_high"], estimate.plus(reach), given)


def _is_wald(part: Part, prefix: str, family: Family) -> bool:
    """Tell whether an interval is one of estimate and standard error: none of a profile, or on another scale."""
    if RANDOM.search(prefix) or RANDOM.search(family["estimate"].row):
        return False
    if (part.own_columns or part.block.kind == "stats.printCoefmat") and CONFINT.match(family["ci_low"].column):
        return False
    if part.block.kind.partition(".")[0] in PROFILES:
        model = part.model_of(prefix)
        return _is_linear(part, model) or _symmetric(part, family)
    return bool(WALD.match(part.block.kind)) or _symmetric(part, family)


def _symmetric(part: Part, family: Family) -> bool:
    estimate, low, high = (part.value(family[name]) for name in ("estimate", "ci_low", "ci_high"))
    return estimate is not None and low is not None and high is not None and low.plus(high).meets(estimate * 2.0)


def _levels(part: Part, column: str) -> tuple[float, ...]:
    """Return the level of a table's intervals: said below it or in its heading; the lowest and highest, if nowhere."""
    if found := re.search(r"Confidence level used: (0?\.\d+)", part.notes):
        return (float(found[1]),)
    if found := LEVEL.search(column):
        return (float(found[1]) / 100,)
    if found := TAIL.search(column):
        share = float(found[1]) / (100 if "%" in column else 1)
        return (1 - 2 * min(share, 1 - share),)
    return UNKNOWN_LEVELS if part.own_columns or part.block.kind.startswith(BRACKETS) else (MOST_LIKELY,)


@rule("limits on both sides of the estimate")
def around(part: Part, name: str) -> Iterator[Finding]:
    """Means, contrasts and slopes of emmeans lie between their limits, on whatever scale."""
    for prefix, family in part.having("estimate", "ci_low"):
        estimate = part.value(family["estimate"])
        if estimate is not None and part.block.kind.startswith("emmeans.") and not _plain(family):
            given = [f"{prefix}.estimate"]
            yield from part.compared(name, family["ci_low"], Interval(-math.inf, estimate.high), given)
            if "ci_high" in family:
                yield from part.compared(name, family["ci_high"], Interval(estimate.low, math.inf), given)


@rule("the estimate lies in its interval")
def inside(part: Part, name: str) -> Iterator[Finding]:
    """An estimate lies between the ends of its interval."""
    for prefix, family in part.having("estimate", "ci_low", "ci_high"):
        low, high = part.value(family["ci_low"]), part.value(family["ci_high"])
        assert low is not None
        assert high is not None
        if low.low <= high.high:
            given = [f"{prefix}.ci_low", f"{prefix}.ci_high"]
            yield from part.compared(name, family["estimate"], Interval(low.low, high.high), given)
