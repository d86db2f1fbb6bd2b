"""What the large benchmarks measured, case by case: a case that is measured again takes the place of what it was."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

__all__ = ["Said", "keep", "kept"]

Said = dict[str, Any]
TABLES = Path(__file__).resolve().parent / "tables"


def kept(name: str) -> list[Said]:
    """Read what was measured so far."""
    path = TABLES / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else []


def keep(name: str, found: Said, cases: Iterable[tuple[object, str]], table: Callable[[list[Said]], str]) -> None:
    """Store a case, and the table of all in the order of the cases; those that are no case any more are left out.

    Parameters
    ----------
    name : str
        Of the files in `tables`.
    found : dict
        With "rows" and "by", which tell cases apart.
    cases : iterable of (int, str)
        These two of each case.
    table : callable
        Lays them out.
    """
    every = {(each["rows"], each["by"]): each for each in [*kept(name), found]}
    ordered = [every[case] for case in cases if case in every]
    lines = ",\n".join(json.dumps(each) for each in ordered)
    (TABLES / f"{name}.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    (TABLES / f"{name}.txt").write_text(table(ordered), encoding="utf-8")
