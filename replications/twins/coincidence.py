"""How many twin rows happen to equal an original row, and how many would by chance.

With few coarse columns most records that can occur do occur, so a twin row equal to an original one says nothing by
itself. The yardstick is chance: the originals' own columns re-paired at random within group and pattern of missing
values. Needs the originals, so this is for checking only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.random import RandomState

from replications.twins.recipe import Recipe
from replications.twins.tabulate import encode

MISSING = -(2**40)  # no code is as small


@dataclass(frozen=True)
class Shares:
    """What a table has in common with the original.

    Attributes
    ----------
    coinciding : float
        Share of its rows that equal some original row of the same group.
    reproduced : float
        Share of the originals' unique records (alone in their group) that occur in it.
    """

    coinciding: float
    reproduced: float

    @classmethod
    def of(cls, records: pd.Series, original: pd.Series) -> Shares:
        """Compare records with the original ones."""
        unique = original[~original.duplicated(keep=False)]
        reproduced = float(unique.isin(set(records)).mean()) if len(unique) else 0.0
        return cls(float(records.isin(set(original)).mean()), reproduced)


def compare(twin: pd.DataFrame, original: pd.DataFrame, recipe: Recipe) -> tuple[Shares, Shares]:
    """Return what a twin has in common with the original, and what the original re-paired at random has."""
    columns = [item for column in recipe["columns"] for item in column.get("items", [column["name"]])]
    group = recipe["group"]
    twin, original = encode(twin, recipe), encode(original, recipe)
    chance = _repaired(original, columns, group, RandomState(1))
    records, by_chance, true = (_records(rows, columns, group) for rows in (twin, chance, original))
    return Shares.of(records, true), Shares.of(by_chance, true)


def _records(codes: pd.DataFrame, columns: list[str], group: str) -> pd.Series:
    """One string a row: group and codes."""
    text = codes[columns].fillna(MISSING).astype(np.int64).astype(str)
    return codes[group].astype(str).str.cat([text[name] for name in columns], sep="|")


def _repaired(original: pd.DataFrame, columns: list[str], group: str, rs: RandomState) -> pd.DataFrame:
    """Return encoded rows with every column shuffled within group and pattern of missing values."""
    out = original.copy()
    pattern = original[columns].notna().astype(int).astype(str).agg("".join, axis=1)
    for rows in original.groupby([original[group].astype(str), pattern]).indices.values():
        for name in columns:
            at = original.columns.get_loc(name)
            out.iloc[rows, at] = original.iloc[rs.permutation(rows), at].to_numpy()
    return out
