"""The data that a printout is held against, as the user gives them: read, renamed, and some of their rows."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd

import mlm
from mlm.errors import ArgumentError, suggest


def frame(data: Any, rename: Mapping[str, str] | None = None, where: str | None = None) -> pd.DataFrame:
    """Return the data as a frame of pandas, with the printout's names and the rows that are meant.

    Parameters
    ----------
    data : path or data frame
        A file as of :func:`mlm.read_data`, or any eager frame that narwhals knows, or a mapping of columns.
    rename : mapping of str to str, optional
        From a printed name to the column of the data that it stands for.
    where : str, optional
        A condition on columns, as of ``DataFrame.query``: ``"year == 2016 and age > 17"``.

    Raises
    ------
    mlm.ArgumentError
        If the data are none, a column is not there, or the condition is none.
    mlm.errors.DataError
        If the file cannot be read.
    """
    table = _where(_table(data), where)
    if rename is not None and not _is_names(rename):
        raise ArgumentError(f"rename is a mapping from printed names to columns, {{'old': 'new'}}; got {rename!r}")
    for old, new in (rename or {}).items():
        if new not in table:
            raise ArgumentError(f"rename: the data have no column {new!r}.{suggest(new, map(str, table.columns))}")
        table = table.assign(**{old: table[new]})
    return table


def known_columns(name: str, expression: str | None, data: pd.DataFrame) -> None:
    """Refuse an expression with names that are not columns of the data.

    Raises
    ------
    mlm.ArgumentError
    """
    for word in re.findall(r"(?<![\w.])[A-Za-z_.][\w.]*(?!\s*\(|[\w.])", expression or ""):
        if word not in data:
            raise ArgumentError(f"{name}: the data have no column {word!r}.{suggest(word, map(str, data.columns))}")


def _is_names(rename: object) -> bool:
    return isinstance(rename, Mapping) and all(isinstance(name, str) for pair in rename.items() for name in pair)


def _table(data: Any) -> pd.DataFrame:
    if isinstance(data, str | os.PathLike):
        return mlm.read_data(data)
    if isinstance(data, pd.DataFrame):
        return data
    if isinstance(data, Mapping):
        return pd.DataFrame(dict(data))
    try:
        return nw.from_native(data, eager_only=True).to_pandas()
    except TypeError:
        raise ArgumentError(f"data is the name of a file or a data frame; got {type(data).__name__}") from None


def _where(table: pd.DataFrame, where: str | None) -> pd.DataFrame:
    if where is None:
        return table
    try:
        kept = table.query(where)
    except Exception as error:  # pandas raises what the parser, or the names, make of the text
        raise ArgumentError(f"where={where!r} is not a condition on the data's columns: {error}") from None
    if not isinstance(kept, pd.DataFrame) or kept.empty:
        raise ArgumentError(f"where={where!r} leaves none of the {len(table)} rows")
    return kept
