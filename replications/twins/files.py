"""The files that the program of the twins writes: the same bytes on every machine.

``data/aggregates/*.json.gz`` and ``data/twins/*.csv.gz``, and the manifest of the twins, which has their checksums.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
from pathlib import Path
from typing import TypedDict

import pandas as pd

from replications import data


class Made(TypedDict):
    """The manifest's line of a twin: its number of rows and the sha256 of the CSV inside the csv.gz."""

    rows: int
    sha256: str


def aggregates_of(dataset: str) -> Path:
    """Return where the aggregates of a data set are stored."""
    return data.FOLDER / "aggregates" / f"{dataset}.json.gz"


def _manifest() -> Path:
    return data.FOLDER / "twins" / "manifest.json"


def write_gzip(path: Path, content: bytes) -> None:
    """Write a gzip file whose bytes depend on the content alone (no name, no time stamp)."""
    with path.open("wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        packed.write(content)


def csv_bytes(rows: pd.DataFrame) -> bytes:
    """Return rows as CSV: shortest decimals that read back to the same numbers, missing values empty, LF ends."""
    text = io.StringIO()
    rows.to_csv(text, index=False, lineterminator="\n")
    return text.getvalue().encode()


def checksum(rows: pd.DataFrame) -> str:
    """Return the sha256 of rows as CSV."""
    return hashlib.sha256(csv_bytes(rows)).hexdigest()


def manifest() -> dict[str, Made]:
    """Return what was written, by data set."""
    lines: dict[str, Made] = json.loads(_manifest().read_text()) if _manifest().exists() else {}
    return lines


def save_twin(dataset: str, rows: pd.DataFrame) -> Path:
    """Write one twin and its line in the manifest; return where the twin is."""
    path = data.dataset(dataset).twin
    path.parent.mkdir(exist_ok=True)
    write_gzip(path, csv_bytes(rows))
    lines = manifest() | {dataset: Made(rows=len(rows), sha256=checksum(rows))}
    _manifest().write_text(json.dumps(dict(sorted(lines.items())), indent=2) + "\n")
    return path


def read_twin(dataset: str) -> pd.DataFrame:
    """Read a committed twin in the original's columns, with the file's own names for them."""
    return data.read_csv(data.dataset(dataset).twin, low_memory=False, na_values=[""])
