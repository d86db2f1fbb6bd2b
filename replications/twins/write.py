"""Laid blocks -> rows in the original's columns -> csv.gz, the same bytes on every machine."""

import hashlib
import io
import json
from pathlib import Path

import numpy as np
import pandas as pd

from replications import data
from replications.twins.aggregates import Aggregates, Group, write_gzip
from replications.twins.items import split_items
from replications.twins.swapping.margins import Rows

FOLDER = data.FOLDER / "twins"
MANIFEST = FOLDER / "manifest.json"


def _group_codes(aggregates: Aggregates, blocks: list[Rows], rs) -> dict[str, tuple[np.ndarray, np.ndarray]]:
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


def _group_rows(aggregates: Aggregates, group: Group, blocks: list[Rows], rs) -> pd.DataFrame:
    recipe = aggregates.recipe
    out = {recipe["group"]: pd.Series([group.name] * group.n, dtype=object)}
    for name, (codes, present) in _group_codes(aggregates, blocks, rs).items():
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
        rs = np.random.RandomState([aggregates.recipe["seed"], index, 777])
        parts.append(_group_rows(aggregates, group, blocks, rs))
    return pd.concat(parts, ignore_index=True)


def csv_bytes(rows: pd.DataFrame) -> bytes:
    """Rows as CSV: shortest decimals that read back to the same numbers, missing values empty, LF ends."""
    text = io.StringIO()
    rows.to_csv(text, index=False, lineterminator="\n")
    return text.getvalue().encode()


def path_of(dataset: str) -> Path:
    """Where a twin is stored."""
    return FOLDER / f"{dataset}.csv.gz"


def manifest() -> dict:
    """Return the checksums of the twins as written: data set -> rows, sha256 of the CSV inside the csv.gz."""
    return json.loads(MANIFEST.read_text()) if MANIFEST.exists() else {}


def save(dataset: str, rows: pd.DataFrame) -> Path:
    """Write one twin and its line in the manifest."""
    content = csv_bytes(rows)
    FOLDER.mkdir(exist_ok=True)
    write_gzip(path_of(dataset), content)
    lines = manifest() | {dataset: {"rows": len(rows), "sha256": hashlib.sha256(content).hexdigest()}}
    MANIFEST.write_text(json.dumps(dict(sorted(lines.items())), indent=2) + "\n")
    return path_of(dataset)
