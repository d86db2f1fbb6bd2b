"""Confidence intervals of the coefficients, in columns named by their tail probabilities as in R."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence, Sized
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
import scipy

from ..errors import ArgumentError, brief, first_few, is_count, is_one_of, listed, suggest
from ..report.r_numbers import format_numbers

__all__ = ["checked_level", "confidence_intervals", "limit_names", "positions"]


def confidence_intervals(
    estimate: pd.Series, se: pd.Series, level: float, method: str, df: pd.Series | float | None = None, parm: Any = None
) -> pd.DataFrame:
    """Intervals of the fixed effects.

    Parameters
    ----------
    estimate, se : pandas.Series, length p
        By term; NaN for terms without a coefficient.
    level : float
        Coverage, in (0, 1).
    method : {"wald"}
        Estimate ± quantile times standard error; in capital or small letters.
    df : pandas.Series of length p, or float, optional
        Degrees of freedom of the t distribution that the quantile is taken from; None for the standard normal one.
    parm : str, int or sequence of these, optional
        The terms wanted, by name or position from 0, in this order; a name that several terms have means all of these.
        R's ``"beta_"`` and None are all terms.

    Returns
    -------
    DataFrame, shape (p, 2)
        In units of the coefficients; the columns named by `limit_names`.

    Raises
    ------
    ArgumentError
        When the level is not in (0, 1), there is no such method, or no such term.

    References
    ----------
    Pinheiro, J. C. & Bates, D. M. (2000). *Mixed-Effects Models in S and S-PLUS*, section 2.4. Springer.
    """
    if not (isinstance(method, str) and method.lower() == "wald"):
        raise ArgumentError(f"Confidence intervals by {brief(method)} are not there; use method='wald'.")
    level = checked_level(level)
    tail = 0.5 * (1.0 - level)
    quantile = scipy.stats.norm.isf(tail) if df is None else scipy.stats.t.isf(tail, np.asarray(df, dtype=float))
    center, reach = estimate.to_numpy(), quantile * se.to_numpy()
    limits = np.column_stack([center - reach, center + reach])
    if is_one_of(parm, ("theta_",)):
        raise ArgumentError(
            "Wald intervals of variances are not there, as they would say little; method='profile' has intervals of "
            "all parameters of a mixed model."
        )
    chosen = positions(parm, [str(term) for term in estimate.index], {"beta_": list(range(len(estimate)))})
    return pd.DataFrame(limits, estimate.index, list(limit_names(level))).iloc[chosen]


def positions(parm: Any, terms: Sequence[str], groups: Mapping[str, list[int]]) -> list[int]:
    """Places of the terms asked for.

    Parameters
    ----------
    parm : str, int or sequence of these, or None
        Names or positions from 0; None for all.
    terms : sequence of str
    groups : mapping of str to list of int
        What R's names of several terms stand for.

    Raises
    ------
    ArgumentError
        When there is no such term, or none is asked for.
    """
    if parm is None:
        return list(range(len(terms)))
    if is_one_of(parm, groups):
        return groups[parm]
    found: list[int] = []
    if isinstance(parm, Sized) and not isinstance(parm, str) and getattr(parm, "shape", None) != () and not len(parm):
        raise ArgumentError("parm is empty: it names the terms wanted; leave it out for all of them.")
    for one in [parm] if isinstance(parm, str | Integral) else listed(parm) or [parm]:
        if is_count(one, least=0, most=len(terms) - 1):
            found.append(int(one))
        elif isinstance(one, str) and one in terms:
            found += [k for k, term in enumerate(terms) if term == one]
        else:
            shown = repr(one) if isinstance(one, str | Integral) else type(one).__name__
            raise ArgumentError(
                f"parm names terms, or gives their positions from 0; there is no {shown} among {first_few(terms)}."
                f"{suggest(shown, terms)}"
            )
    return found


def limit_names(level: float) -> tuple[str, str]:
    """Name the two limits by their tail probabilities in percent.

    As in R, the one that needs more decimals shows three significant digits, and the other as many decimals; levels
    near 0, whose two limits R would call the same, get more.

    Parameters
    ----------
    level : float
        Coverage, in (0, 1).

    Returns
    -------
    tuple of two str

    Examples
    --------
    >>> limit_names(0.95), limit_names(0.9995)
    (('2.5 %', '97.5 %'), ('0.025 %', '99.975 %'))
    """
    tail = 0.5 * (1.0 - level)
    percentages = [100.0 * tail, 100.0 * (1.0 - tail)]
    for digits in range(3, 18):  # 17 significant digits tell any two numbers apart
        lower, upper = format_numbers(percentages, digits, scipen=100, align=False)
        if lower != upper:
            break
    return f"{lower} %", f"{upper} %"


def checked_level(level: Any) -> float:
    """Return a coverage after checking that it lies in (0, 1).

    Raises
    ------
    ArgumentError
        When it does not, or is not a number.
    """
    try:
        share = math.nan if isinstance(level, str) else float(level)
    except (TypeError, ValueError, OverflowError):
        share = math.nan
    if not 0 < share < 1:
        raise ArgumentError(f"The level must lie between 0 and 1; got {brief(level)}.")
    return share
