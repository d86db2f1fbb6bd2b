"""The table of the random effects: variances, standard deviations and correlations, as lme4 prints it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from . import r_numbers, r_text

__all__ = ["random_effects_table"]

Correlations = Mapping[tuple[str, str, str], str]
SCALES = {"Variance": "vcov", "Std.Dev.": "sdcor"}  # columns that are printed, and where their numbers stand


def random_effects_table(
    varcorr: pd.DataFrame,
    digits: int = 4,
    scipen: int = 0,
    *,
    scales: Sequence[str] = tuple(SCALES),
    width: int = r_numbers.LINE_WIDTH,
) -> str:
    """Lay out variances, standard deviations and correlations as lme4's ``print(VarCorr(m))`` does.

    Parameters
    ----------
    varcorr : pandas.DataFrame
        Columns grp, var1, var2, vcov, sdcor.
    digits : int
        Significant digits.
    scipen : int
        Penalty on scientific notation.
    scales : sequence of {"Variance", "Std.Dev."}
        Which columns.
    width : int
        Characters of a line.

    Returns
    -------
    str
    """
    plain = varcorr["var2"].isna()
    variances = varcorr[plain]
    places = max(2, digits - 2)
    correlations = {
        (grp, one, two): f"{value:.{places}f}" if math.isfinite(value) else "NaN"
        for grp, one, two, value in varcorr.loc[~plain, ["grp", "var1", "var2", "sdcor"]].itertuples(index=False)
    }
    terms = _terms(variances, correlations)
    groups = ["" if k else grp for grp, names in terms for k in range(len(names))]
    columns = [("Groups", groups), ("Name", [name for _, names in terms for name in names])]
    for name in scales:
        columns.append((name, r_numbers.format_numbers(variances[SCALES[name]], digits, scipen=scipen)))
    columns += _correlation_columns(terms, correlations, least=len(f"{1:.{places}f}"))
    return r_text.text_table([""] * len(groups), columns, left=None, width=width)


def _terms(variances: pd.DataFrame, correlations: Correlations) -> list[tuple[str, list[str]]]:
    """Terms and the names of their effects; the residual has one that is blank, and a group may be called as it is."""
    terms: list[tuple[str, list[str]]] = []
    for grp, name in variances[["grp", "var1"]].itertuples(index=False):
        effect = "" if pd.isna(name) else str(name)
        if terms and terms[-1][0] == grp and (grp, terms[-1][1][0], effect) in correlations:
            terms[-1][1].append(effect)
        else:
            terms.append((str(grp), [effect]))
    return terms


def _correlation_columns(
    terms: Sequence[tuple[str, list[str]]], correlations: Correlations, least: int
) -> list[tuple[str, list[str]]]:
    """Columns under ``Corr``: of each variance the correlations with the ones above it; `least` letters wide."""
    rows = [[correlations[grp, one, name] for one in names[:k]] for grp, names in terms for k, name in enumerate(names)]
    width = max([least, *(len(cell) for row in rows for cell in row)])
    return [
        ("" if k else "Corr", [row[k].rjust(width) if k < len(row) else "" for row in rows])
        for k in range(max(map(len, rows), default=0))
    ]
