"""From printed labels to the ids of the registry: ``(Intercept)`` and ``Pr(>|t|)`` to ``intercept`` and ``p``.

The one place of the printouts that knows how ids are spelled; :mod:`replications.quantities` reads them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from itertools import pairwise

QUANTITIES = {
    "Estimate": "estimate",
    "Value": "estimate",
    "Coef.": "estimate",
    "Coefficient": "estimate",
    "estimate": "estimate",
    "Std. Error": "se",
    "Std.Error": "se",
    "Std.Err.": "se",
    "Std. err.": "se",
    "Std. Err.": "se",
    "std.error": "se",
    "SE": "se",
    "DF": "df",
    "df": "df",
    "t value": "t",
    "t-value": "t",
    "t.ratio": "t",
    "t": "t",
    "z value": "z",
    "z.ratio": "z",
    "z": "z",
    "statistic": "statistic",
    "Pr(>|t|)": "p",
    "Pr(>|z|)": "p",
    "p-value": "p",
    "p.value": "p",
    "P>|z|": "p",
    "P>|t|": "p",
    "[0.025": "ci_low",
    "0.975]": "ci_high",
    "2.5 %": "ci_low",
    "97.5 %": "ci_high",
    "lower.CL": "ci_low",
    "upper.CL": "ci_high",
    "asymp.LCL": "ci_low",
    "asymp.UCL": "ci_high",
    "conf.low": "ci_low",
    "conf.high": "ci_high",
    "AIC": "aic",
    "BIC": "bic",
    "logLik": "loglik",
    "deviance": "deviance",
    "-2*log(L)": "deviance",
    "REMLdev": "reml_criterion",
    "df.resid": "df_resid",
    "npar": "npar",
    "Chisq": "chisq",
    "LR Chisq": "chisq",
    "Chi Df": "chisq_df",
    "Chi.sq": "chisq",
    "Chi.DF": "chisq_df",
    "elim.num": "eliminated",
    "Pr(>Chisq)": "p",
    "Pr(>Chi)": "p",
    "Pr(Chi)": "p",
    "Sum Sq": "sum_sq",
    "Mean Sq": "mean_sq",
    "NumDF": "num_df",
    "DenDF": "den_df",
    "numDF": "num_df",
    "denDF": "den_df",
    "num Df": "num_df",
    "den Df": "den_df",
    "MSE": "mse",
    "ges": "ges",
    "pes": "pes",
    "Error SS": "error_sum_sq",
    "F value": "f",
    "F-value": "f",
    "F.value": "f",
    "F values": "f",
    "F": "f",
    "Df": "df",
    "Df.res": "den_df",
    "Pr(>F)": "p",
    "Res.Df": "df_resid",
    "RSS": "rss",
    "Sum of Sq": "sum_sq",
    "Resid. Df": "df_resid",
    "Resid. Dev": "resid_deviance",
    "Deviance": "deviance",
    "LRT": "lrt",
    "L.Ratio": "chisq",
    "scaled dev.": "scaled_deviance",
    "Variance": "variance",
    "StdDev": "sd",
    "Std.Dev.": "sd",
    "Min": "min",
    "1Q": "q1",
    "Q1": "q1",
    "Median": "median",
    "Med": "median",
    "3Q": "q3",
    "Q3": "q3",
    "Max": "max",
    "Cp": "cp",
    "Eliminated": "eliminated",
    "lower": "ci_low",
    "est.": "estimate",
    ".group": "group",
    "upper": "ci_high",
}
_SPELLINGS = {
    "est": "estimate", "se": "se", "stderror": "se", "stderr": "se", "pvalue": "p", "pval": "p",
    "tvalue": "t", "tstat": "t", "zvalue": "z", "chi2": "chisq", "chisquare": "chisq", "chisquared": "chisq",
    "\N{GREEK SMALL LETTER CHI}2": "chisq", "\N{GREEK SMALL LETTER CHI}\N{SUPERSCRIPT TWO}": "chisq",
}  # fmt: skip
"""Headings of tables that people wrote, in small letters and without blanks, points, dashes and LaTeX's signs."""
_FOLDED = {name.casefold(): value for name, value in QUANTITIES.items()}
_LOW, _HIGH = r"(?:lower|low|lwr|ll)", r"(?:upper|high|upr|ul)"
_SHARE = r"\d+(?:[._]\d+)?\s?%?"
_ENDS = tuple(
    (re.compile(rf"{word}[\s_.]*{_SHARE}|(?:{_SHARE}\s*)?ci[\s_.]*{word}|{word}[\s_.]*(?:{_SHARE}\s*)?ci", re.I), id)
    for word, id in ((_LOW, "ci_low"), (_HIGH, "ci_high"))
)
_QUANTILE = re.compile(
    r"(?:(?P<named>[qQ]\.?)|X|(?P<in>CI \())?(?P<share>\d+(?:\.\d+)?)(?(named)\s?%?|\s?(?:%|\.\.))(?(in)\))"
)
_MEAN = re.compile(r"emmean|lsmean|prob|rate|response|.+\.trend")
"""Headings of what emmeans gives of a combination of levels."""
LETTERS = ".group"
"""The heading of the letters of ``cld()``."""
_TAIL_AT_MOST = 20.0
"""Percent in one tail up to which two quantiles are an interval's ends and no quartiles."""
_FACTOR = re.compile(r"^(?:as\.factor|factor|C)\(([^(),]*)\)")


@cache
def slug(label: str) -> str:
    """Return a term, group or level as ids spell it.

    Examples
    --------
    >>> [slug(label) for label in ("(Intercept)", "age.cwc", "as.factor(schnum)2", "edu.cwc:cpi.cgm")]
    ['intercept', 'age_cwc', 'schnum2', 'edu_cwc:cpi_cgm']
    """
    parts = (_FACTOR.sub(r"\1", part.strip()) for part in label.strip().split(":"))
    return ":".join("intercept" if part in ("(Intercept)", "Intercept") else part.replace(".", "_") for part in parts)


@cache
def quantity(column: str) -> str:
    """Return a column's heading as ids spell it; a heading that has no word of its own is spelled as a term."""
    if column in QUANTITIES:
        return QUANTITIES[column]
    for pattern, id in _ENDS:
        if pattern.fullmatch(column):
            return id
    folded = re.sub(r"\s+", " ", column).casefold()
    spelled = _SPELLINGS.get(re.sub(r"[\s._\-$\\^{}]", "", folded))
    return spelled or _FOLDED.get(folded, slug(column).replace(" ", "_"))


def interval_ends(columns: Sequence[str]) -> dict[str, str]:
    """Return which of the headings are the ends of an interval: two quantiles, and no third, with equal tails.

    Examples
    --------
    >>> interval_ends(["est", "5 %", "95 %"]), interval_ends(["0%", "25%", "50%", "75%", "100%"])
    ({'5 %': 'ci_low', '95 %': 'ci_high'}, {})
    """
    found = [(column, _QUANTILE.fullmatch(column)) for column in columns]
    shares = [(column, float(match["share"])) for column, match in found if match]
    if len(shares) != 2 or abs(sum(share for _, share in shares) - 100) > 1e-9:
        return {}
    low, high = sorted(shares, key=lambda pair: pair[1])
    return {low[0]: "ci_low", high[0]: "ci_high"} if low[1] <= _TAIL_AT_MOST else {}


def is_mean(column: str) -> bool:
    """Tell whether a heading is one of what emmeans gives of a combination of levels."""
    return _MEAN.fullmatch(column) is not None


def level_columns(columns: Sequence[str]) -> int:
    """Return how many of the first headings are of levels: those before a mean and its standard error.

    Examples
    --------
    >>> level_columns(["gen", "dose", "emmean", "SE", "df"]), level_columns(["", "Estimate", "SE"])
    (2, 0)
    """
    pairs = pairwise(columns[1:])
    return next((at for at, (name, behind) in enumerate(pairs, 1) if is_mean(name) and behind == "SE"), 0)
