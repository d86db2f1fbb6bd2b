"""Exponentials of coefficients: odds ratios, rate ratios, and the links of which they are these."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..errors import ArgumentError, FitError, brief, is_one_of
from ..report.dropped import with_dropped_terms
from ..report.face import FittedGeneralizedModel, is_mixed

__all__ = ["exponentiated", "ratio_name", "ratio_table"]

COUNTS = ("poisson", "negative.binomial")
LIMITS = ["conf.low", "conf.high"]


def ratio_name(m: FittedGeneralizedModel) -> str:
    """Say what the exponential of a coefficient is.

    Raises
    ------
    FitError
        When it is nothing: the link is neither a logit nor a logarithm.
    """
    link = m.family.link.name
    if link == "logit":
        return "odds ratio"
    if link == "cloglog":
        return "hazard ratio"
    if link == "log":
        return "risk ratio" if m.family.name == "binomial" else "rate ratio" if m.family.name in COUNTS else "ratio"
    raise FitError(
        f"With link={link!r} the exponential of a coefficient is not a ratio of anything; odds ratios come of "
        "link='logit', rate ratios of link='log'."
    )


def ratio_table(m: FittedGeneralizedModel, level: float) -> pd.DataFrame:
    """Exponentials of coefficients, of their limits, and p values.

    Parameters
    ----------
    m : FittedGeneralizedModel
    level : float
        Coverage of the intervals.

    Returns
    -------
    DataFrame, one row a term

    Raises
    ------
    FitError
        When exponentials of coefficients mean nothing with this link.
    ArgumentError
        When the level is not in (0, 1).
    """
    name = ratio_name(m)
    table = m.coefficients()
    if not is_mixed(m):
        table = with_dropped_terms(table, m)
    pvalue = table.columns[-1]
    with np.errstate(over="ignore"):
        limits = np.exp(m.confint(level))
        found = np.exp(table[["Estimate"]]).rename(columns={"Estimate": name})
    return pd.concat([found, limits.set_axis(found.index), table[[pvalue]]], axis=1)


def exponentiated(m: FittedGeneralizedModel, table: pd.DataFrame, exponentiate: bool) -> pd.DataFrame:
    """Return a tidy table with the exponentials of its estimates and limits, where that is asked for.

    Raises
    ------
    FitError
        When they mean nothing with this link.
    ArgumentError
        When `exponentiate` is neither True nor False.
    """
    if not is_one_of(exponentiate, (True, False)):
        raise ArgumentError(f"exponentiate is True or False; got {brief(exponentiate)}.")
    if not exponentiate:
        return table
    ratio_name(m)
    with np.errstate(over="ignore"):
        changed = {name: np.exp(table[name]) for name in ("estimate", *LIMITS) if name in table}
    if "effect" in table:  # as broom.mixed, where broom keeps the errors of coefficients; those of random effects stay
        changed["std.error"] = changed["estimate"] * table["std.error"]
        changed = {name: values.where(table["effect"] == "fixed", table[name]) for name, values in changed.items()}
    return table.assign(**changed)
