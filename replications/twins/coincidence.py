"""How many twin rows happen to equal an original row, and how many would by chance.

With few coarse columns most records that can occur do occur, so a twin row equal to an original one says nothing by
itself. The yardstick is chance: the originals' own columns re-paired at random within group and pattern of missing
values. Needs the originals, so this is for checking only.
"""

import numpy as np
import pandas as pd

MISSING = -(2**40)


def _records(codes: pd.DataFrame, columns: list[str], group: str) -> pd.Series:
    """One string a row: group and codes."""
    text = codes[columns].fillna(MISSING).astype(np.int64).astype(str)
    return codes[group].astype(str).str.cat([text[name] for name in columns], sep="|")


def coinciding_share(twin: pd.DataFrame, original: pd.DataFrame, columns: list[str], group: str) -> float:
    """Share of twin rows equal to some original row of the same group; both tables encoded (see `tabulate`)."""
    return float(_records(twin, columns, group).isin(set(_records(original, columns, group))).mean())


def reproduced_share(twin: pd.DataFrame, original: pd.DataFrame, columns: list[str], group: str) -> float:
    """Share of the originals' unique records (alone in their group) that occur in the twin."""
    records = _records(original, columns, group)
    unique = records[~records.duplicated(keep=False)]
    return float(unique.isin(set(_records(twin, columns, group))).mean()) if len(unique) else 0.0


def repair_at_random(original: pd.DataFrame, columns: list[str], group: str, rs) -> pd.DataFrame:
    """Return the originals with every column shuffled within group and pattern of missing values."""
    out = original.copy()
    pattern = original[columns].notna().astype(int).astype(str).agg("".join, axis=1)
    for rows in original.groupby([original[group].astype(str), pattern]).indices.values():
        for name in columns:
            at = original.columns.get_loc(name)
            out.iloc[rows, at] = original.iloc[rs.permutation(rows), at].to_numpy()
    return out


def checked_columns(recipe: dict) -> list[str]:
    """Level-1 columns of a data set, a composite as its items."""
    return [item for column in recipe["columns"] for item in column.get("items", [column["name"]])]
