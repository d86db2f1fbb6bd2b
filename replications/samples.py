"""The analysis samples of the chapters, prepared as there: see :func:`prepared`."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

import mlm
from mlm.errors import suggest
from replications.data import load
from replications.errors import RegistryError
from replications.registry import SOURCES, read

Recipe = Callable[[], tuple[pd.DataFrame, list[str]]]


def prepared(source: str, all_rows: bool = False) -> pd.DataFrame:
    """Return a chapter's data as its models take them: with the prepared columns, without incomplete rows.

    Parameters
    ----------
    source : str
        Key of the source: one of ``replications.SOURCES``.
    all_rows : bool
        Keep the rows that the chapter leaves out because a column is missing.

    Returns
    -------
    DataFrame
        The columns of :func:`replications.load` and those that the chapter computes. "two_level_mlm": the index of
        attitudes ``trustind``, predictors of respondents rescaled within countries (``_cwc``) and of countries at their
        mean (``_cgm``). "day1_basics": ``educCWC``, ``urbanCWC``, ``cpiCGM``. "vaisey_mlm": ``b.eduyrs`` and
        ``w.eduyrs``. The others have no columns of their own.

    Raises
    ------
    RegistryError
        If there is no such source.

    Examples
    --------
    >>> import replications
    >>> ess = replications.prepared("two_level_mlm")
    >>> len(ess), ess["cntry"].nunique()
    (31648, 21)
    """
    if source not in RECIPES:
        raise RegistryError(f"There is no source {source!r}.{suggest(source, RECIPES)}")
    data, used = RECIPES[source]()
    return data if all_rows else data.dropna(subset=used)


def _as_loaded(source: str) -> Recipe:
    def recipe() -> tuple[pd.DataFrame, list[str]]:
        data = load(read(source).dataset, verbose=False)
        return data, list(data.columns)

    return recipe


def _day1_basics() -> tuple[pd.DataFrame, list[str]]:
    """Rescale after the incomplete rows are left out, within countries and over the table of countries."""
    data = load("issp", verbose=False)
    used = ["poleff", "educ", "urban", "ti_cpi"]
    rows = data[used].notna().all(axis=1)
    by_country = data[rows].groupby("cnt")
    data["educCWC"] = by_country["educ"].transform(mlm.rescale)
    data["urbanCWC"] = by_country["urban"].transform(mlm.rescale)
    data["cpiCGM"] = data["cnt"].map(mlm.rescale(by_country["ti_cpi"].first())).where(rows)
    return data, used


def _vaisey() -> tuple[pd.DataFrame, list[str]]:
    data = mlm.between_within(load("vaisey", verbose=False), "eduyrs", "cntry", prefixes=("b.", "w."))
    return data, ["stflife", "eduyrs", "gnipc1000"]


def _two_level() -> tuple[pd.DataFrame, list[str]]:
    """Rescale before the incomplete rows are left out, within countries and over the table of countries."""
    data = load("ess", verbose=False)
    data["trustind"] = data[["ppltrst", "pplfair", "pplhlp"]].mean(axis=1)
    people = {"age_cwc": "agea", "gend_cwc": "male", "edu_cwc": "eduyrs", "inc_cwc": "hinctnta"}
    for new, old in people.items():
        data[new] = data.groupby("cntry")[old].transform(mlm.rescale)
    countries = {"gini_cgm": "gini_net", "postcom_cgm": "postcom", "cpi_cgm": "ti_cpi"}
    table = data[["cntry", *countries.values()]].drop_duplicates().set_index("cntry")
    for new, old in countries.items():
        data[new] = data["cntry"].map(mlm.rescale(table[old]))
    return data, ["trustind", *people, *countries]


OWN: dict[str, Recipe] = {"day1_basics": _day1_basics, "vaisey_mlm": _vaisey, "two_level_mlm": _two_level}
"""The sources that prepare columns; the others take the data as they are loaded."""
RECIPES: dict[str, Recipe] = {source: OWN.get(source) or _as_loaded(source) for source in SOURCES}
