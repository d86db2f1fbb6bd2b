"""Laid blocks -> rows in the original's columns."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.random import RandomState

from replications.twins.aggregates import Aggregates, Group
from replications.twins.items import split_items
from replications.twins.swapping.rows import Cells, Rows

ASSEMBLY_STREAM = 777  # of random numbers, [seed, group, this one]: no group has so many blocks


def _group_cells(aggregates: Aggregates, blocks: list[Rows], rs: RandomState) -> dict[str, Cells]:
    """Codes and presence of every column over all blocks of a group, rows shuffled."""
    n = sum(rows.block.n for rows in blocks)
    parts = {name: (np.zeros(n, dtype=np.int64), np.zeros(n, dtype=bool)) for name in aggregates.columns}
    at = 0
    for rows in blocks:
        here = slice(at, at + rows.block.n)
        for name in rows.block.cross:
            parts[name][0][here], parts[name][1][here] = rows.all_codes(name), True
        for name, (codes, present) in rows.free_columns(rs).items():
            parts[name][0][here], parts[name][1][here] = codes, present
        at += rows.block.n
    order = rs.permutation(n)
    return {name: (codes[order], present[order]) for name, (codes, present) in parts.items()}


def _values(codes: np.ndarray, present: np.ndarray, scale: int) -> pd.Series:
    if scale == 1:
        return pd.Series(codes, dtype="Int64").where(present)
    return pd.Series(np.where(present, codes / scale, np.nan))


def _group_rows(aggregates: Aggregates, group: Group, blocks: list[Rows], rs: RandomState) -> pd.DataFrame:
    recipe = aggregates.recipe
    out = {recipe["group"]: pd.Series([group.name] * group.n, dtype=object)}
    for name, (codes, present) in _group_cells(aggregates, blocks, rs).items():
        column = aggregates.columns[name]
        if column.items:
            items = split_items(np.where(present, codes, 0), [group.items[item] for item in column.items], rs)
            for k, item in enumerate(column.items):
                out[item] = _values(items[:, k], items[:, k] >= 0, 1)
        else:
            out[name] = _values(codes, present, column.scale)
    for name, value in group.constants.items():
        out[name] = pd.Series([value] * group.n, dtype=object)
    return pd.DataFrame(out)[recipe["layout"]]


def assemble(aggregates: Aggregates, laid: list[list[Rows]]) -> pd.DataFrame:
    """All rows of a twin; ``laid`` holds the blocks of each group, groups in the original's order."""
    parts = []
    for index, (group, blocks) in enumerate(zip(aggregates.groups, laid, strict=True)):
        rs = RandomState([aggregates.recipe["seed"], index, ASSEMBLY_STREAM])
        parts.append(_group_rows(aggregates, group, blocks, rs))
    return pd.concat(parts, ignore_index=True)
