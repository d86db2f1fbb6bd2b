"""Rules of linear models: R squared, F, sums of squares."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from replications.checking import tails
from replications.checking.finding import Finding
from replications.checking.intervals import Interval
from replications.checking.part import Part
from replications.checking.rule import rule
from replications.printouts.block import Number

Family = dict[str, Number]
SPARE = 1e-9
"""What double precision may lose of a number of terms."""


def _terms(part: Part, model: str) -> Interval | None:
    """Return the degrees of freedom of a linear model's terms; None if it is not known to be one with an intercept.

    They are printed, or between those of the rows that are shown and those of the observations.
    A table may leave rows out (``coef_omit``, ``omit``). Pooled fits, Bayesian and multinomial ones, whose adjusted
    share is another one, show no F in the tables that show it of linear models.
    """
    if not _has_intercept(part, model):
        return None
    one, rows, shown = part.count(model, "f_df1"), part.count(model, "n_obs"), part.coefficients(model)
    if one is not None:
        return Interval.exactly(one)
    linear = part.block.kind.startswith(("texreg.", "stargazer.", "sjPlot.")) or part.under(model, "f") in part.numbers
    if rows is None or rows < 3 or shown < 1 or part.is_mixed(model) or not linear:
        return None
    return Interval(shown - 1.0, rows - 2)


def _rows(part: Part, model: str) -> float | None:
    one, two = part.count(model, "f_df1"), part.count(model, "f_df2")
    return one + two + 1 if one is not None and two is not None else part.count(model, "n_obs")


def _adjusted(rows: float, terms: float) -> Callable[[float], float]:
    return lambda share: 1 - (1 - share) * (rows - 1) / (rows - 1 - terms)


def _told(part: Part, model: str, family: Family) -> Interval | None:
    """Return the whole numbers of terms that R squared and adjusted R squared allow; None if there is no such."""
    terms, rows, share = _terms(part, model), _rows(part, model), part.value(family["r2"])
    if terms is None or rows is None or share is None or terms.low == terms.high or "adj_r2" not in family:
        return terms
    value = part.value(family["adj_r2"])
    left = Interval.exactly(1.0) - share.within(-math.inf, 1.0)
    if value is None or left.low <= 0:
        return terms
    kept = (Interval.exactly(1.0) - value) / left * (1 / (rows - 1))
    if kept.low <= 0:
        return terms
    least, most = (rows - 1 - 1 / end for end in kept)
    found = Interval(max(terms.low, math.ceil(least - SPARE)), min(terms.high, math.floor(most + SPARE)))
    return found if found.low <= found.high else None


def _has_intercept(part: Part, model: str) -> bool:
    return any(prefix.rpartition(".")[2] == "intercept" and part.model_of(prefix) == model for prefix in part.families)


@rule("adjusted R squared from R squared")
def adjusted(part: Part, name: str) -> Iterator[Finding]:
    """Adjusted R squared is 1 - (1 - R squared)(n - 1)/(residual df), for a whole number of terms."""
    for model, family in part.having("r2", "adj_r2"):
        terms, rows, share = _terms(part, model), _rows(part, model), part.value(family["r2"])
        if terms is None or rows is None or share is None or rows - 1 <= terms.high:
            continue
        told = _told(part, model, family) or Interval.exactly(terms.low)
        ends = [share.monotone(_adjusted(rows, count)) for count in told]
        allowed = Interval(min(end.low for end in ends), max(end.high for end in ends))
        yield from part.compared(name, family["adj_r2"], allowed, [part.under(model, "r2")])


@rule("F from R squared")
def f_statistic(part: Part, name: str) -> Iterator[Finding]:
    """F is the share explained over the share left, each by its degrees of freedom, where these are printed.

    Without them F may be a robust one, of another covariance matrix.
    """
    for model, family in part.having("r2", "f", "f_df1", "f_df2"):
        one, two, share = part.count(model, "f_df1"), part.count(model, "f_df2"), part.value(family["r2"])
        if one is not None and two is not None and share is not None and one > 0 and _has_intercept(part, model):
            share = share.within(0.0, 1.0)
            allowed = share.monotone(lambda r2: r2 / (1 - r2) if r2 < 1 else math.inf) * (two / one)
            yield from part.compared(name, family["f"], allowed, [part.under(model, "r2")])


@rule("p from F")
def f_p(part: Part, name: str) -> Iterator[Finding]:
    """The p value of the model's F statistic."""
    for model, family in part.having("f", "f_p", "f_df1", "f_df2"):
        one, two, statistic = (part.value(family[key]) for key in ("f_df1", "f_df2", "f"))
        if one is not None and two is not None and statistic is not None:
            given = [part.under(model, key) for key in ("f", "f_df1", "f_df2")]
            yield from part.compared(name, family["f_p"], tails.above_f(statistic, one, two), given)


@rule("F of one predictor = t squared")
def f_of_one(part: Part, name: str) -> Iterator[Finding]:
    """With one predictor beside the intercept F is the square of its t value; not with an offset, which F counts."""
    if "offset" in f"{part.block.formula} {part.block.heads.get('call', '')}":
        return
    for model, family in part.having("f", "f_df1"):
        rows = [row for prefix, row in part.having("t") if prefix.startswith("coef.") and prefix != "coef.intercept"]
        if part.count(model, "f_df1") == 1 and len(rows) == 1 and _has_intercept(part, model):
            t = part.value(rows[0]["t"])
            if t is not None:
                square = t.magnitude.monotone(lambda x: x * x)
                yield from part.compared(name, family["f"], square, [rows[0]["t"].id])


@rule("residual df of F and of the residual standard error are the same")
def same_df(part: Part, name: str) -> Iterator[Finding]:
    """The residual degrees of freedom are printed twice."""
    for model, family in part.having("df_resid", "f_df2"):
        value = part.value(family["df_resid"])
        if value is not None:
            yield from part.compared(name, family["f_df2"], value, [part.under(model, "df_resid")])


@rule("mean square = sum of squares / df")
def mean_square(part: Part, name: str) -> Iterator[Finding]:
    """A mean square is the sum of squares by its degrees of freedom."""
    for prefix, family in part.having("sum_sq", "mean_sq"):
        df = next((family[key] for key in ("num_df", "df", "npar") if key in family), None)
        squares, count = part.value(family["sum_sq"]), part.whole(df) if df is not None else None
        if squares is not None and count is not None and df is not None:
            yield from part.compared(name, family["mean_sq"], squares / count, [f"{prefix}.sum_sq", df.id])


@rule("F = mean square / residual mean square")
def f_ratio(part: Part, name: str) -> Iterator[Finding]:
    """An F value of an analysis of variance is over the mean square of the residuals."""
    residual = next((part.families[key] for key in ("Residuals", "Residual") if key in part.families), None)
    within = _mean_square(part, residual) if residual else None
    if residual is None or within is None or not _one_error(part):
        return
    for prefix, family in part.having("f"):
        above = _mean_square(part, family)
        if above is not None:
            given = [f"{prefix}.{'mean_sq' if 'mean_sq' in family else 'sum_sq'}", next(iter(residual.values())).id]
            yield from part.compared(name, family["f"], above / within, given)


def _one_error(part: Part) -> bool:
    """Tell whether all terms of a table are tested against its residuals: each row but these and a total has an F."""
    others = {"Residuals", "Residual", "Total", "total", ""}
    untested = [prefix for prefix, family in part.having("df") if "f" not in family and prefix not in others]
    return not (part.own_columns and untested)


def _mean_square(part: Part, family: Family) -> Interval | None:
    if "mean_sq" in family:
        return part.value(family["mean_sq"])
    if "sum_sq" in family and "df" in family:
        squares, df = part.value(family["sum_sq"]), part.whole(family["df"])
        return squares / df if squares is not None and df is not None else None
    return None


@rule("p from F and df")
def row_p(part: Part, name: str) -> Iterator[Finding]:
    """The p value of a row of an analysis of variance is the upper tail of F."""
    rows = part.families if _one_error(part) else {}
    residual = next((rows[key] for key in ("Residuals", "Residual") if key in rows), {})
    for _, family in part.having("p"):
        f = next((family[key] for key in ("f", "F_ratio") if key in family), None)
        one = next((family[key] for key in ("num_df", "df1", "df") if key in family), None)
        two = next((family[key] for key in ("den_df", "df2") if key in family), residual.get("df"))
        if f is None or one is None or two is None:
            continue
        counted = two is residual.get("df") or part.block.kind.startswith(("nlme.", "stats.lm"))
        values = [part.value(f), part.whole(one), _degrees_below(part, two, counted)]
        if values[0] is not None and values[1] is not None and values[2] is not None:
            allowed = tails.above_f(values[0], values[1], values[2])
            yield from part.compared(name, family["p"], allowed, [f.id, one.id, two.id])


def _degrees_below(part: Part, number: Number, counted: bool) -> Interval | None:
    if number.text.strip() == "Inf":
        return Interval(1e12, 1e12)
    return part.whole(number) if counted else part.value(number)
