"""Rules of fits and their comparison: criteria, numbers of parameters, likelihood ratios."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from itertools import pairwise

from replications.checking import tails
from replications.checking.finding import Finding
from replications.checking.intervals import Interval
from replications.checking.part import Part
from replications.checking.rule import rule
from replications.printouts.block import Number

COUNTED = re.compile(r"^(lme4\.|texreg\.|nlme\.lme)")
"""Kinds whose blocks show all parameters of a model."""
TABLES = ("texreg.", "stargazer.", "modelsummary.")
MORE_PARAMETERS = re.compile(r"negative|theta|beta|gamma|quasi|zero", re.IGNORECASE)
"""Families with parameters that a table of coefficients and variances does not show."""
_ADDED = "stats.add1"
Family = dict[str, Number]


@rule("deviance = -2 log likelihood")
def deviance(part: Part, name: str) -> Iterator[Finding]:
    """The deviance of a mixed model is -2 times its log likelihood."""
    for _, family in part.having("deviance", "loglik"):
        loglik = part.value(family["loglik"])
        if loglik is not None and not _other_deviance(part, family) and _tests_models(family):
            yield from part.compared(name, family["deviance"], loglik * -2.0, [family["loglik"].id])


def _other_deviance(part: Part, family: Family) -> bool:
    """Tell whether the deviance may not be the log likelihood's.

    That of ``glm`` is not, in a table of models neither, nor lme4 0.99's by ML of a REML fit; of criteria in a row by
    themselves nobody says.
    """
    alone = part.block.kind == "stats.anova" and not any("chisq" in row for row in part.families.values())
    of_glm = part.block.kind == "stats.glm" or part.own_columns or _is_of_no_groups(part, family)
    return alone or of_glm or ("reml_criterion" in family and "deviance" in family and part.block.reml is not False)


def _is_of_no_groups(part: Part, family: Family) -> bool:
    """Tell whether a deviance stands in a table of models, in a column without random effects."""
    number = family.get("deviance")
    of_table = number is not None and part.block.kind.startswith(TABLES)
    return of_table and number is not None and not part.is_mixed(part.model_of(number.id))


def _tests_models(family: Family) -> bool:
    return any(name in family for name in ("aic", "bic", "npar", "df_resid"))


def _minus_twice(part: Part, family: Family) -> tuple[Interval, str] | None:
    """Return -2 log likelihood (or the REML criterion), and the number that it was taken from."""
    found = []
    by_ml = part.block.reml is False and "deviance" in family
    for name, factor in (("deviance", 1.0), ("reml_criterion", 1.0), ("loglik", -2.0)):
        if name == "reml_criterion" and by_ml:  # of the same model by REML
            continue
        if name in family and not (name == "deviance" and _other_deviance(part, family)):
            value = part.value(family[name])
            if value is not None:
                found.append((value * factor, family[name].id))
    return min(found, key=lambda pair: pair[0].high - pair[0].low) if found else None


def parameters(part: Part, prefix: str, family: Family) -> tuple[float, str] | None:
    """Return how many parameters a model has: printed, or counted where all are shown; and where that stands."""
    for name in ("npar", "loglik_df"):
        if name in family and (value := part.value(family[name])) is not None:
            return value.low, family[name].id
    count = _counted(part, prefix)
    return (count, "its parameters") if count is not None else None


def _counted(part: Part, model: str) -> int | None:
    """Return the number of coefficients and of variances and covariances; None where not all may be there."""
    block = part.block
    if not COUNTED.match(block.kind) or block.unread or MORE_PARAMETERS.search(" ".join(block.heads.values())):
        return None
    if any(key.split(" ")[0] in ("correlation", "variance", "structure") for key in block.heads):
        return None
    coefficients, variances = part.coefficients(model), _covariance_parameters(part, model)
    if not coefficients or variances is None:
        return None
    return coefficients + variances


def _covariance_parameters(part: Part, model: str) -> int | None:
    effects: dict[str, set[str]] = {}
    pairs: dict[str, int] = {}
    residual = 0
    for number in part.starting(model, "varcomp.", "var.", "sd.", "cov.", "cor."):
        words = number.id[len(model) + 1 if model else 0 :].split(".")
        if words[1] == "residual":
            residual = 1
        elif "__" in words[-1] or words[-1] in ("corr", "cov"):
            pairs[words[1]] = pairs.get(words[1], 0) + 1
        else:
            effects.setdefault(words[1], set()).add(words[2] if len(words) > 2 else "")
    if not effects:
        return None
    count = residual
    for group, names in effects.items():
        wanted = len(names) * (len(names) - 1) // 2
        if pairs.get(group, 0) != wanted:
            return None
        count += len(names) + wanted
    return count


@rule("AIC = -2 log likelihood + 2 parameters")
def aic(part: Part, name: str) -> Iterator[Finding]:
    """Akaike's criterion adds twice the number of parameters."""
    for prefix, family in part.having("aic"):
        known, count = _minus_twice(part, family), parameters(part, prefix, family)
        if known is not None and count is not None:
            allowed = known[0].plus(Interval.exactly(2 * count[0]))
            yield from part.compared(name, family["aic"], allowed, [known[1], count[1]])


@rule("BIC from AIC, parameters and observations")
def bic(part: Part, name: str) -> Iterator[Finding]:
    """Schwarz's criterion has log(n) for each parameter where Akaike's has 2."""
    for prefix, family in part.having("bic"):
        count = parameters(part, prefix, family)
        known = _minus_twice(part, family)
        rows = part.count(prefix, "n_obs")
        if count is None or rows is None or rows < 1:
            continue
        bases = [(known[0], known[1])] if known else []
        if "aic" in family and (value := part.value(family["aic"])) is not None:
            bases.append((value - Interval.exactly(2 * count[0]), family["aic"].id))
        for base, given in bases[-1:]:
            # nlme's REML criterion counts the rows less the coefficients
            fewest = rows - part.coefficients(prefix) if part.block.kind.startswith("nlme.") else rows
            penalty = Interval(math.log(max(fewest, 1.0)), math.log(rows)) * count[0]
            yield from part.compared(
                name, family["bic"], base.plus(penalty), [given, count[1], part.under(prefix, "n_obs")]
            )


@rule("residual df = observations - parameters")
def residual_df(part: Part, name: str) -> Iterator[Finding]:
    """What is left of the observations when each parameter has taken one."""
    for prefix, family in part.having("df_resid"):
        rows = part.count(prefix, "n_obs")
        if rows is None:
            continue
        if part.block.kind.startswith("lme4.") and (count := parameters(part, prefix, family)) is not None:
            allowed = Interval.exactly(rows - count[0])
            yield from part.compared(name, family["df_resid"], allowed, [part.under(prefix, "n_obs"), count[1]])


@rule("one number of observations for all models")
def same_rows(part: Part, name: str) -> Iterator[Finding]:
    """BIC gives log(n) for each model of a comparison; models that are compared have the same rows."""
    found = []
    for _, family in part.having("bic", "npar"):
        value, count, known = part.value(family["bic"]), part.value(family["npar"]), _minus_twice(part, family)
        if value is not None and count is not None and known is not None and count.low > 0:
            given = [family["bic"].id, family["npar"].id, known[1]]
            found.append((given, known[0], count.low, (value - known[0]) / count.low))
    if part.block.kind.startswith("nlme.") or part.own_columns:
        return
    for given, base, npar, _ in found:
        others = [other for other in found if other[0] != given]
        logs = Interval(max((o[3].low for o in others), default=1.0), min((o[3].high for o in others), default=0.0))
        if logs.low <= logs.high:
            ids = [*given[1:], *(id for other in others for id in other[0])]
            yield from part.compared(name, part.numbers[given[0]], base.plus(logs * npar), ids)


def compared_models(part: Part) -> Iterator[tuple[str, Family, str, Family]]:
    """Give each model of a comparison with the one above it."""
    rows = [(prefix, family) for prefix, family in part.families.items() if "loglik" in family or "deviance" in family]
    if part.block.kind in ("stats.anova", "nlme.anova") and any("chisq" in family for _, family in rows):
        for (before, first), (after, second) in pairwise(rows):
            yield before, first, after, second


@rule("chi-squared = difference of deviances")
def chisq(part: Part, name: str) -> Iterator[Finding]:
    """The likelihood ratio statistic of two models is the difference of their deviances."""
    for _, first, _, second in compared_models(part):
        one, two = _minus_twice(part, first), _minus_twice(part, second)
        if "chisq" in second and one is not None and two is not None:
            allowed = (one[0] - two[0]).magnitude
            if one[0].meets(two[0]) or (part.block.kind == "stats.anova" and one[0].high < two[0].low):
                allowed = Interval(0.0, allowed.high)
            yield from part.compared(name, second["chisq"], allowed, [one[1], two[1]])


@rule("df of a likelihood ratio = difference of the parameters")
def chisq_df(part: Part, name: str) -> Iterator[Finding]:
    """A likelihood ratio has as many degrees of freedom as one model has parameters more."""
    for before, first, after, second in compared_models(part):
        if "chisq_df" in second and "npar" in first and "npar" in second:
            one, two = part.value(first["npar"]), part.value(second["npar"])
            if one is not None and two is not None:
                allowed = (two - one).magnitude
                yield from part.compared(name, second["chisq_df"], allowed, [f"{before}.npar", f"{after}.npar"])


@rule("p from chi-squared and df")
def chisq_p(part: Part, name: str) -> Iterator[Finding]:
    """The p value of a likelihood ratio, or of a Wald test, is the upper tail of a chi-squared variable.

    That of a parametric bootstrap is a share of draws; a chi-squared in the row of a model that is compared with none
    is of how each model fits.
    """
    above = _parameters_above(part)
    of_models = any("chisq" in family and "df_diff" not in family for family in part.families.values())
    of_draws = "PB-method" in part.block.heads.get("title", "")
    for prefix, family in part.having("p") if not of_draws else ():
        ratio_of_models = part.block.kind == "pbkrtest.modcomp" and prefix == "LRT"
        names = ("chisq", "lrt", *(["statistic"] if ratio_of_models else []))
        statistic = next((family[key] for key in names if key in family), None)
        degrees = next(
            (family[key] for key in ("chisq_df", "df_diff", "df", "npar") if key in family and key != "npar"), None
        )
        if statistic is None or (value := part.value(statistic)) is None or (of_models and "df_diff" in family):
            continue
        df = part.whole(degrees) if degrees is not None else above.get(prefix)
        if df is None and part.block.kind in ("stats.drop1", _ADDED, "car.Anova") and "npar" in family:
            df = part.whole(family["npar"])
        if df is not None and df.low > 0:
            given = [statistic.id, degrees.id if degrees is not None else f"{prefix}.npar"]
            allowed = tails.above_chisq(value, df)
            lost = tails.CANCELLED if ratio_of_models else 0.0
            allowed = Interval(allowed.low - lost, allowed.high + lost)
            yield from part.compared(name, family["p"], allowed, given)


def _parameters_above(part: Part) -> dict[str, Interval]:
    """Return by how many parameters each model of a comparison differs from the one above."""
    found = {}
    for _, first, after, second in compared_models(part):
        if "npar" in first and "npar" in second:
            one, two = part.value(first["npar"]), part.value(second["npar"])
            if one is not None and two is not None:
                found[after] = (two - one).magnitude
    return found


@rule("likelihood ratios of terms left out")
def dropped(part: Part, name: str) -> Iterator[Finding]:
    """``drop1()`` and ``ranova()``: the rise of AIC and twice the df, or twice the fall of the log likelihood.

    In ``step()`` what a term is left out of is the model above it, where the term above was eliminated.
    """
    above, none = "none", part.families.get("none", {})
    for prefix, family in part.having("lrt") if part.block.kind != _ADDED else ():
        of, larger = above, none
        if "eliminated" in family and family["eliminated"].text != "0":
            above, none = prefix, family
        if prefix != "none":
            yield from _ratio(part, name, family["lrt"], (prefix, family), (of, larger))


@rule("likelihood ratios of terms added")
def added(part: Part, name: str) -> Iterator[Finding]:
    """``add1()``: the fall of AIC and twice the df, or twice the rise of the log likelihood."""
    none = part.families.get("none", {})
    for prefix, family in part.having("lrt") if part.block.kind == _ADDED else ():
        if prefix != "none":
            yield from _ratio(part, name, family["lrt"], ("none", none), (prefix, family))


def _ratio(
    part: Part, name: str, ratio: Number, smaller: tuple[str, Family], larger: tuple[str, Family]
) -> Iterator[Finding]:
    """Compare a likelihood ratio with the criteria of the two models; the row of the term has its df."""
    (first, one), (second, two) = smaller, larger
    row = two if first == "none" else one
    df = next((row[key] for key in ("df", "chisq_df") if key in row), row.get("npar"))
    count = part.whole(df) if df is not None else None
    if count is None:
        return
    for quantity, given in (("aic", _changes(part, two, one, "aic")), ("loglik", _changes(part, one, two, "loglik"))):
        if given is not None:
            allowed = given.plus(count * 2.0) if quantity == "aic" else given * 2.0
            yield from part.compared(name, ratio, allowed, [f"{first}.{quantity}", f"{second}.{quantity}"])
            break


def _changes(part: Part, one: Family, two: Family, quantity: str) -> Interval | None:
    """Return the second's value less the first's."""
    if quantity not in one or quantity not in two:
        return None
    first, second = part.value(one[quantity]), part.value(two[quantity])
    return second - first if first is not None and second is not None else None
