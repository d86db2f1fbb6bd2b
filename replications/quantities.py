"""From an id to a quantity of a fitted model: ``fixef.cpi_cgm.estimate`` of m is ``m.fixef["cpi_cgm"]``.

The one place that knows how the registry's names are spelled in :mod:`mlm`: ``intercept`` for "(Intercept)",
``b_eduyrs`` for "b.eduyrs", ``schnum2`` for "as.factor(schnum)2".
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import scipy

from mlm.errors import suggest
from replications.errors import CheckError

_FACTOR = re.compile(r"(as\.factor|factor|C)\(([^()]*)\)")
_TREATMENT = re.compile(r"\[T?\.?(.*?)\]")
_POINTS = {"min": 0.0, "q1": 0.25, "median": 0.5, "q3": 0.75, "max": 1.0}
ANOVA_COLUMNS = {
    "npar": "npar",
    "aic": "AIC",
    "bic": "BIC",
    "loglik": "logLik",
    "deviance": "deviance",
    "chisq": "Chisq",
    "chisq_df": "Df",
    "p": "Pr(>Chisq)",
}


def canonical(name: object) -> str:
    """Return the spelling under which an id's name and a model's term, factor or level are the same.

    Examples
    --------
    >>> canonical("(Intercept)"), canonical("b.eduyrs"), canonical("as.factor(g)2"), canonical("edu_cwc:CPI")
    ('intercept', 'beduyrs', 'g2', 'cpi:educwc')
    """
    text = _TREATMENT.sub(r"\1", _FACTOR.sub(r"\2", str(name))).casefold()
    parts = (re.sub(r"\.0$", "", part) for part in text.split(":"))  # level 2 of a column with missing values
    return ":".join(sorted(re.sub(r"[^a-z0-9]", "", part) for part in parts))


def find(name: str, known: Iterable[Any], what: str) -> Any:
    """Return the one of ``known`` that an id's name stands for.

    Raises
    ------
    LookupError
        If none or several do; the message names them.
    """
    known = list(known)
    hits = [k for k in known if canonical(k) == canonical(name)]
    if len(hits) == 1:
        return hits[0]
    if hits:
        raise LookupError(f"{name!r} stands for several {what}s: {', '.join(map(str, hits))}")
    raise LookupError(f"no {what} {name!r} among {', '.join(map(str, known))}.{suggest(name, map(str, known))}")


def normal_quantile(share: float) -> float:
    """Return a quantile of the standard normal distribution."""
    return float(scipy.special.ndtri(share))


def stars(p: float, dot: bool) -> str:
    """Return R's significance stars; with ``dot``, "." for p below 0.1 (not in texreg).

    The check has its own: it judges what `mlm` prints, and sees no more of it than users do.
    """
    for bound, text in ((0.001, "***"), (0.01, "**"), (0.05, "*")):
        if p < bound:
            return text
    return "." if dot and p < 0.1 else ""


def verdict(model: Any, term: str) -> str:
    """Say in the registry's words what a model finds about a term, at the 5% level.

    Parameters
    ----------
    model : MixedModel or LinearModel
        Its t value is referred to the normal (mixed) or t distribution (linear).
    term : str
        As in the model, or as in an id.

    Returns
    -------
    str
        "positive, significant", "negative, significant" or "not significant".
    """
    quantities = Quantities(model)
    if quantities.p(term) >= 0.05:
        return "not significant"
    return ("positive" if quantities.estimate(term) > 0 else "negative") + ", significant"


class Quantities:
    """The quantities of one fitted model by the names that ids use.

    Parameters
    ----------
    model : mlm.MixedModel or mlm.LinearModel
        What is costly (Satterthwaite's degrees of freedom, conditional modes, residuals) is computed once.
    satterthwaite : bool
        Whether p values and stars of a mixed model come from lmerTest's t test; otherwise from the normal
        distribution, as texreg's and sjPlot's do.
    dot : bool
        Whether stars go on to "." for p below 0.1.
    """

    def __init__(self, model: Any, satterthwaite: bool = False, dot: bool = True) -> None:
        self.model = model
        self.satterthwaite = satterthwaite
        self.dot = dot
        self.mixed = hasattr(model, "varcorr")

    def get(self, name: str) -> object:
        """Return the quantity that the last part of an id names.

        Parameters
        ----------
        name : str
            For example "varcomp.schcode.intercept.sd" or "scaled_resid.q1".

        Raises
        ------
        LookupError
            If no quantity is called so, or this model does not have it.
        """
        for pattern, quantity in PATTERNS:
            match = pattern.fullmatch(name)
            if match:
                return quantity(self, **match.groupdict())
        raise LookupError("no quantity of a model is called so: hand over the value itself")

    @cached_property
    def coefficients(self) -> pd.DataFrame:
        """The coefficient table, with degrees of freedom and p values where they are defined."""
        if self.mixed:
            return self.model.coefficients(ddf="satterthwaite" if self.satterthwaite else None)
        return self.model.coefficients()

    @cached_property
    def ranef(self) -> pd.DataFrame:
        """Conditional modes and their standard deviations."""
        return self.model.ranef()

    @cached_property
    def residual_points(self) -> dict[str, float]:
        """Minimum, quartiles and maximum of the residuals: scaled in a mixed model, raw in a linear one."""
        resid = np.asarray(self.model.scaled_resid if self.mixed else self.model.resid)
        return {name: float(np.quantile(resid, share)) for name, share in _POINTS.items()}

    def residual_point(self, point: str) -> float:
        """Return the minimum, a quartile or the maximum of residuals: scaled in a mixed model, raw in a linear one."""
        return self.residual_points[point]

    def term(self, name: str) -> str:
        """Return the model's own name of a fixed-effects term."""
        return find(name, self.model.fixef.index, "term")

    def estimate(self, term: str) -> float:
        """Return a fixed-effects estimate."""
        return float(self.model.fixef[self.term(term)])

    def p(self, term: str) -> float:
        """Return the p value of a coefficient."""
        if self.mixed and not self.satterthwaite:
            term = self.term(term)
            return math.erfc(abs(self.model.fixef[term] / self.model.se[term]) / math.sqrt(2))
        return float(self.coefficients.loc[self.term(term)].iloc[-1])

    def coefficient(self, term: str, column: str) -> object:
        """Return a cell of the coefficient table; ``column`` as in an id ("estimate", "ci_low", ...)."""
        term = self.term(term)
        estimate, se = float(self.model.fixef[term]), float(self.model.se[term])
        match column:
            case "estimate":
                return estimate
            case "se":
                return se
            case "t" | "z" | "statistic":
                return estimate / se
            case "ci_low":
                return estimate - normal_quantile(0.975) * se
            case "ci_high":
                return estimate + normal_quantile(0.975) * se
            case "df":
                return float(self.coefficients.loc[term, "df"])
            case "p":
                return self.p(term)
            case _:
                return stars(self.p(term), dot=self.dot)

    def correlation(self, a: str, b: str) -> float:
        """Return the correlation of two fixed-effects estimates."""
        a, b = self.term(a), self.term(b)
        vcov = self.model.vcov
        return float(vcov.loc[a, b] / math.sqrt(vcov.loc[a, a] * vcov.loc[b, b]))

    def residual(self, column: str | None = None) -> float:
        """Return the residual variance, or its standard deviation."""
        return float(self.model.sigma) ** (1 if column == "sd" else 2)

    def component(self, group: str, a: str, b: str | None = None, column: str = "variance") -> float:
        """Return a variance component: variance or sd of one term, covariance or correlation of two."""
        table = self.model.varcorr
        table = table[table["grp"] == find(group, dict.fromkeys(table["grp"]), "grouping factor")]
        variances = table[table["var2"].isna()]
        a = find(a, variances["var1"], "random effect")
        if b is None:
            row = variances[variances["var1"] == a]
        else:
            b = find(b, variances["var1"], "random effect")
            pairs = [{row.var1, row.var2} == {a, b} for row in table.itertuples()]
            row = table[pairs]
        if len(row) != 1:
            raise LookupError(f"{len(row)} rows of varcorr for {group}, {a}{f', {b}' if b else ''}; there must be one")
        return float(row["vcov" if column in ("variance", "covariance", "cov") else "sdcor"].iloc[0])

    def deviance(self) -> float:
        """Return the deviance as summaries print it: of a generalized mixed model minus twice the log likelihood."""
        laplace = self.mixed and hasattr(self.model, "family")
        return float(-2 * self.model.loglik if laplace else self.model.deviance)

    def covariance(self, group: str, a: str, b: str) -> float:
        """Return the covariance of two random effects of a grouping factor."""
        return self.component(group, a, b, "covariance")

    def between(self) -> float:
        """Return the intercept variance of the only grouping factor."""
        groups = list(self.model.ngrps.index)
        if len(groups) != 1:
            raise LookupError(f"the model has {len(groups)} grouping factors, so no single intercept variance")
        return self.component(groups[0], "intercept")

    def icc(self) -> float:
        """Return the intraclass correlation of a random-intercept model."""
        if len(self.model.varcorr) != 2:
            raise LookupError("the model has more than one random effect, so no single intraclass correlation")
        return self.between() / (self.between() + self.residual())

    def groups(self, group: str | None = None) -> int:
        """Return the number of levels of a grouping factor, or of the only one."""
        ngrps = self.model.ngrps
        if group is None and len(ngrps) != 1:
            raise LookupError(f"the model has {len(ngrps)} grouping factors")
        return int(ngrps.iloc[0] if group is None else ngrps[find(group, ngrps.index, "grouping factor")])

    def mode(self, group: str, level: str, column: str) -> float:
        """Return the conditional mode (condval) of one level, or its standard deviation (condsd)."""
        table = self.ranef
        table = table[table["grpvar"] == find(group, dict.fromkeys(table["grpvar"]), "grouping factor")]
        rows = table[table["grp"].astype(str) == level]
        if len(rows) != 1:
            raise LookupError(f"{len(rows)} conditional modes for level {level!r} of {group}; there must be one")
        return float(rows[column].iloc[0])

    def f_test(self, column: str) -> float:
        """Return the F statistic of a linear model, a degree of freedom of it, or its p value."""
        statistic, numerator, denominator = map(float, tuple(self.model.fstatistic)[:3])
        p = float(scipy.special.fdtrc(numerator, denominator, statistic))
        return {"f": statistic, "f_df1": numerator, "f_df2": denominator, "f_p": p}[column]


def _attribute(name: str) -> Callable[[Quantities], object]:
    def quantity(q: Quantities) -> object:
        return getattr(q.model, name)

    quantity.__doc__ = f"Return the model's ``{name}``."
    return quantity


_COLUMN = r"(?P<column>estimate|se|t|z|statistic|df|p|stars|ci_low|ci_high)"

PATTERNS: tuple[tuple[re.Pattern[str], Callable[..., object]], ...] = tuple(
    (re.compile(pattern), quantity)
    for pattern, quantity in (
        (r"reml_criterion", _attribute("reml_criterion")),
        (r"aic", _attribute("aic")),
        (r"bic", _attribute("bic")),
        (r"loglik", _attribute("loglik")),
        (r"loglik_df|npar|n_parameters", _attribute("npar")),
        (r"deviance", Quantities.deviance),
        (r"df_resid", _attribute("df_resid")),
        (r"n_obs", _attribute("nobs")),
        (r"null_deviance", _attribute("null_deviance")),
        (r"null_df", _attribute("df_null")),
        (r"iterations", _attribute("iterations")),
        (r"r2", _attribute("r_squared")),
        (r"adj_r2", _attribute("adj_r_squared")),
        (r"rmse|rse", _attribute("sigma")),
        (r"(?P<column>f|f_df1|f_df2|f_p)", Quantities.f_test),
        (r"n_groups(\.(?P<group>[^.]+))?", Quantities.groups),
        (r"(scaled_|deviance_)?resid\.(?P<point>min|q1|median|q3|max)", Quantities.residual_point),
        (r"(varcomp|var)\.residual(\.(?P<column>variance|sd))?", Quantities.residual),
        (r"(icc\.input_)?sigma2|l1_variance", Quantities.residual),
        (r"(icc\.input_)?tau2|tau00|l2_variance", Quantities.between),
        (r"icc", Quantities.icc),
        (r"varcomp\.(?P<group>[^.]+)\.(?P<a>[^.]+)__(?P<b>[^.]+)\.(?P<column>corr|cov)", Quantities.component),
        (r"varcomp\.(?P<group>[^.]+)\.(?P<a>[^.]+)\.(?P<column>variance|sd)", Quantities.component),
        (r"var\.(?P<group>[^.]+)\.(?P<a>[^.]+)", Quantities.component),
        (
            r"cov\.(?P<group>[^.]+)\.(?P<a>[^.]+)__(?P<b>[^.]+)",
            Quantities.covariance,
        ),
        (r"fixef_corr\.(?P<a>[^.]+)\.(?P<b>[^.]+)", Quantities.correlation),
        (r"ranef\.(?P<group>[^.]+)\.(?P<level>.+)\.(?P<column>condval|condsd)", Quantities.mode),
        (rf"((fixef|coef)\.)?(?P<term>[^.]+)\.{_COLUMN}", Quantities.coefficient),
        (r"(?P<term>[^.]+)", Quantities.estimate),
    )
)


def is_quantity(name: str) -> bool:
    """Tell whether a quantity of some model is called so.

    Examples
    --------
    >>> is_quantity("varcomp.residual.sd"), is_quantity("model3.varcomp.residual.sd")
    (True, False)
    """
    return any(pattern.fullmatch(name) for pattern, _ in PATTERNS)


def anova_cell(table: pd.DataFrame, row: int, name: str) -> object:
    """Return a cell of :func:`mlm.anova`'s table.

    Parameters
    ----------
    table : DataFrame
        With lme4's columns npar, AIC, BIC, logLik, deviance, Chisq, Df, Pr(>Chisq).
    row : int
        Position of the model.
    name : str
        As in an id: "aic", "chisq_df", "p", "stars", ...

    Raises
    ------
    LookupError
        If there is no such column.
    """
    if name == "stars":
        return stars(float(table["Pr(>Chisq)"].iloc[row]), dot=True)
    if name not in ANOVA_COLUMNS:
        raise LookupError(f"an anova table has no {name!r}.{suggest(name, ANOVA_COLUMNS)}")
    if ANOVA_COLUMNS[name] not in table:
        raise CheckError(f"The anova table lacks the column {ANOVA_COLUMNS[name]!r}; it has {', '.join(table)}")
    return table[ANOVA_COLUMNS[name]].iloc[row]
