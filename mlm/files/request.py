"""What is to be read, as all kinds of files are asked for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["COMPRESSED", "MISSING", "Request"]

MISSING = ("NA", "NaN", ".")
COMPRESSED = ".gz"


@dataclass(frozen=True)
class Request:
    """What is to be read: the file, and the arguments of `read_data`; of `missing` those that count for the kind."""

    path: Path
    table: str | None
    labels: bool
    missing: tuple[str, ...]
    decimal: str | None = None
