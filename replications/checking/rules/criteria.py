"""Rules of criteria that show how many parameters a model has: those of nlme, and of ``glmer.nb``."""

from __future__ import annotations

import math
from collections.abc import Iterator

from replications.checking.finding import Finding
from replications.checking.intervals import Interval
from replications.checking.part import Part
from replications.checking.rule import rule
from replications.printouts.block import Number

Family = dict[str, Number]


def _base(part: Part, family: Family) -> Interval | None:
    """Return -2 log likelihood."""
    loglik = part.value(family["loglik"]) if "loglik" in family else None
    return loglik * -2.0 if loglik is not None else None


def _parameters(part: Part, family: Family) -> Interval | None:
    """Return the whole numbers of parameters that AIC and log likelihood allow; None if there is no such."""
    base, aic = _base(part, family), part.value(family["aic"])
    if base is None or aic is None:
        return None
    half = (aic - base) * 0.5
    least, most = math.ceil(half.low), math.floor(half.high)
    return Interval(max(least, 1), most) if max(least, 1) <= most else None


@rule("AIC of nlme = -2 log likelihood + twice a whole number")
def whole(part: Part, name: str) -> Iterator[Finding]:
    """A model has a whole number of parameters, also where a structure does not show them."""
    for _, family in part.having("aic", "loglik"):
        base = _base(part, family)
        if part.block.kind not in ("nlme.lme", "nlme.gls") or base is None or _rows(part) is None:
            continue
        found = _parameters(part, family)
        near = round(((part.value(family["aic"]) or base) - base).high / 2)
        allowed = base.plus((found or Interval.exactly(float(max(near, 1)))) * 2.0)
        yield from part.compared(name, family["aic"], allowed, [family["loglik"].id])


@rule("BIC of nlme from AIC and log likelihood")
def bic(part: Part, name: str) -> Iterator[Finding]:
    """BIC has log(n) for each parameter where AIC has 2; by REML n is the rows less the coefficients."""
    for prefix, family in part.having("aic", "bic", "loglik"):
        base, count, rows = _base(part, family), _parameters(part, family), _rows(part)
        if part.block.kind not in ("nlme.lme", "nlme.gls") or base is None or count is None or rows is None:
            continue
        counted = rows - part.coefficients(prefix) if part.block.reml else rows
        penalty = Interval.exactly(math.log(max(counted, 1.0))) * count
        if part.block.reml is None or part.block.unread:
            penalty = Interval(penalty.low - count.high, math.log(rows) * count.high)
        yield from part.compared(name, family["bic"], base.plus(penalty), [family["aic"].id, family["loglik"].id])


def _rows(part: Part) -> float | None:
    """Return the number of observations."""
    return next((count for id in ("n_obs", "df_total") if (count := part.count("", id)) is not None), None)


@rule("one number of observations for all models of nlme")
def same_rows(part: Part, name: str) -> Iterator[Finding]:
    """The rows that BIC counts are the same, or by REML differ by no more than the parameters."""
    if part.block.kind != "nlme.anova":
        return
    found: list[tuple[Family, Interval, float, Interval]] = []
    for _, family in part.having("bic", "npar", "loglik"):
        base, value, count = _base(part, family), part.value(family["bic"]), part.value(family["npar"])
        if base is not None and value is not None and count is not None and count.low > 0:
            logs = ((value - base) / count.low).within(0.0, math.log(1e15))
            found.append((family, base, count.low, logs.monotone(math.exp)))
    most = max((count for _, _, count, _ in found), default=0.0)
    for family, base, npar, _ in found:
        others = [rows for other, _, _, rows in found if other is not family]
        low, high = max((o.low for o in others), default=1.0), min((o.high for o in others), default=0.0)
        if low <= high + most:
            logs = Interval(math.log(max(low - most, 1.0)), math.log(high + most))
            given = [row[what].id for row, *_ in found for what in ("bic", "npar", "loglik")]
            yield from part.compared(name, family["bic"], base.plus(logs * npar), given)


@rule("AIC of a negative binomial model")
def negative_binomial(part: Part, name: str) -> Iterator[Finding]:
    """AIC adds twice the rows less the residual degrees of freedom; old versions left theta out of these."""
    family = part.families.get("", {})
    if part.block.kind != "lme4.summary" or "Negative Binomial" not in part.block.heads.get("family", ""):
        return
    deviance, rows, left = part.of("deviance"), part.count("", "n_obs"), part.count("", "df_resid")
    if "aic" in family and deviance is not None and rows is not None and left is not None and rows > left:
        count = Interval(rows - left, rows - left + 1)
        allowed = deviance.plus(count * 2.0)
        yield from part.compared(name, family["aic"], allowed, ["deviance", "n_obs", "df_resid"])
