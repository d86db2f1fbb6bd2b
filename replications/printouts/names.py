"""From printed labels to the ids of the registry: ``(Intercept)`` and ``Pr(>|t|)`` to ``intercept`` and ``p``.

The one place of the printouts that knows how ids are spelled; :mod:`replications.quantities` reads them.
"""

from __future__ import annotations

import re
from functools import cache

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
    "Pr(>Chisq)": "p",
    "Pr(>Chi)": "p",
    "Pr(Chi)": "p",
    "Sum Sq": "sum_sq",
    "Mean Sq": "mean_sq",
    "NumDF": "num_df",
    "DenDF": "den_df",
    "numDF": "num_df",
    "denDF": "den_df",
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
    "upper": "ci_high",
}
_FOLDED = {name.casefold(): value for name, value in QUANTITIES.items()}
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
    return _FOLDED.get(re.sub(r"\s+", " ", column).casefold(), slug(column).replace(" ", "_"))
