"""The description of a new chapter's data, as it stands in ``data/datasets.toml``."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from replications.drafts.registry_file import quoted
from replications.registry import TO_DECIDE

WORDS = ("title", "licence", "citation", "about")


def columns(data: pd.DataFrame, formulas: Iterable[str]) -> list[str]:
    """Return the columns that formulas name; all where they name none.

    Examples
    --------
    >>> columns(pd.DataFrame({"y": [1], "x": [1], "x2": [1]}), ["y ~ x"])
    ['y', 'x']
    """
    said = " ".join(formulas)
    named = [str(name) for name in data if re.search(rf"(?<![\w.]){re.escape(str(name))}(?![\w.])", said)]
    return named or [str(name) for name in data]


def text(name: str, path: Path, data: pd.DataFrame, used: list[str], ship: bool) -> str:
    """Return the entry.

    Parameters
    ----------
    name : str
        Of the data set.
    path : Path
        The file.
    data : DataFrame
        Its rows.
    used : list of str
        The columns that are described.
    ship : bool
        Whether the file may be passed on.
    """
    values: dict[str, object] = {word: f"{TO_DECIDE}: {word}" for word in WORDS}
    values |= {"file": path.name, "url": "" if ship else f"{TO_DECIDE}: address", "rows": len(data)}
    values |= {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()} | ({"ship": True} if ship else {})
    head = "".join(f"{key} = {quoted(value)}\n" for key, value in values.items())
    rows = "".join(
        f'{_key(column)} = {{ type = "{_type(data[column])}", meaning = "{TO_DECIDE}" }}\n' for column in used
    )
    return f"\n[{name}]\n{head}\n[{name}.columns]\n{rows}"


def _key(column: str) -> str:
    return column if re.fullmatch(r"[A-Za-z0-9_-]+", column) else quoted(column)


def _type(values: pd.Series) -> str:
    if pd.api.types.is_bool_dtype(values) or not pd.api.types.is_numeric_dtype(values):
        return "text"
    return "integer" if pd.api.types.is_integer_dtype(values) else "number"
