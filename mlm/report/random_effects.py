"""The table of the random effects: variances, standard deviations and correlations, as lme4 prints it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

import pandas as pd

from . import r_numbers, r_text

__all__ = ["random_effects_table"]

Correlations = Mapping[str, Sequence[str]]  # of each term, pair by pair
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
    terms = _terms(variances)
    correlations: dict[str, list[str]] = {grp: [] for grp, _ in terms}
    for grp, value in varcorr.loc[~plain, ["grp", "sdcor"]].itertuples(index=False):
        correlations[str(grp)].append(f"{value:.{places}f}" if math.isfinite(value) else "NaN")
    groups = ["" if k else grp for grp, names in terms for k in range(len(names))]
    columns = [("Groups", groups), ("Name", [name for _, names in terms for name in names])]
    for name in scales:
        columns.append((name, r_numbers.format_numbers(variances[SCALES[name]], digits, scipen=scipen)))
    columns += _correlation_columns(terms, correlations, least=len(f"{1:.{places}f}"))
    return r_text.text_table([""] * len(groups), columns, left=None, width=width)


def _terms(variances: pd.DataFrame) -> list[tuple[str, list[str]]]:
    """Terms, each with a name of its own, and the names of their effects; the residual has one that is blank."""
    rows = [(str(grp), "" if pd.isna(name) else str(name)) for grp, name in variances[["grp", "var1"]].to_numpy()]
    found = itertools.groupby(rows, key=lambda row: (row[0], row[1] == ""))
    return [(grp, [name for _, name in effects]) for (grp, _), effects in found]


def _correlation_columns(
    terms: Sequence[tuple[str, list[str]]], correlations: Correlations, least: int
) -> list[tuple[str, list[str]]]:
    """Columns under ``Corr``: of each variance the correlations with the ones above it; `least` letters wide."""
    rows = []
    for grp, names in terms:
        pairs = dict(zip(itertools.combinations(range(len(names)), 2), correlations[grp], strict=False))
        rows += [[pairs[i, k] for i in range(k)] for k in range(len(names))]
    width = max([least, *(len(cell) for row in rows for cell in row)])
    return [
        ("" if k else "Corr", [row[k].rjust(width) if k < len(row) else "" for row in rows])
        for k in range(max(map(len, rows), default=0))
    ]
