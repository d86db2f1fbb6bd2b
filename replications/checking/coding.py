"""What the names of printed coefficients say of columns: which are factors, and which level is the reference."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from mlm.errors import DataError


def as_named(data: pd.DataFrame, formula: str, names: Sequence[str]) -> pd.DataFrame:
    """Return data whose columns are factors where coefficients are named by levels, the level without one the first.

    Parameters
    ----------
    data : DataFrame
    formula : str
    names : sequence of str
        Those of the coefficients, as printed.

    Raises
    ------
    mlm.errors.DataError
        If a column of numbers was a factor, and more than one of its levels, or none, has no coefficient.

    Examples
    --------
    >>> rows = pd.DataFrame({"y": [1.0, 2, 3], "ward": [301, 302, 303]})
    >>> list(as_named(rows, "y ~ ward", ["(Intercept)", "ward301", "ward303"])["ward"].cat.categories)
    ['302', '301', '303']
    """
    words = set(re.findall(r"[\w.]+", formula.partition("~")[2]))
    parts = {part for name in names for part in name.split(":")} - words
    found = {str(name): _levels(data[name], str(name), parts) for name in data.columns if str(name) in words}
    columns = {name: pd.Categorical(_as_text(data[name]), order) for name, order in found.items() if order}
    return data.assign(**columns) if columns else data


def _levels(column: pd.Series, name: str, parts: set[str]) -> list[str]:
    """Return the levels of a factor in the order that names tell of; none where they tell of none, or of the usual."""
    numeric = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    text = _as_text(column).dropna()
    levels = sorted(set(text), key=float if numeric else str)
    if isinstance(column.dtype, pd.CategoricalDtype):
        levels = [str(level) for level in column.cat.categories if str(level) in set(levels)]
    own = [level for level in levels if f"{name}{level}" in parts]
    rest = [level for level in levels if level not in own]
    summed = [str(at + 1) for at in range(len(levels))]
    if not own or own == summed[:-1] or (not numeric and len(rest) != 1):
        return []
    if len(rest) != 1:
        raise DataError(f"{name}{own[0]} is printed, so that {name} was a factor, and its reference level is not told")
    return rest + own if numeric or rest != levels[:1] else []


def _as_text(column: pd.Series) -> pd.Series:
    """Return a column's values as R writes them in the names of coefficients."""
    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        return column.astype(object).map(str, na_action="ignore")
    return column.map(lambda value: f"{value:g}" if abs(value) < 1e5 else f"{value:.15g}", na_action="ignore")
