"""What the checks computed, one JSON file per source and kind of data.

``_build/checks/`` takes what the chapters write while they run, with every digit; ``replications/records/``
holds the committed copies (``python -m replications check --store``), rounded so that they do not change with
the machine, from which the scoreboard page is built where the originals are not at hand.
"""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from replications import environment, places

KINDS = ("original", "twin")
STORED = places.PACKAGE / "records"


@dataclass(frozen=True, slots=True)
class Record:
    """One checked value.

    Attributes
    ----------
    id, printed : str
        As in the registry.
    shown : str
        The computed value with the printed number of places.
    computed : str
        ``repr`` of the computed number, or the computed text.
    agrees : bool
        Whether it reproduces the printed string.
    reason : str
        Why it need not, where it is a known exception; else empty.
    stopping_point : bool
        Whether it was computed where lme4's optimiser stops rather than at the optimum.
    """

    id: str
    printed: str
    shown: str
    computed: str
    agrees: bool
    reason: str = ""
    stopping_point: bool = False


def folder() -> Path:
    """Return the folder the chapters write to: ``MLM_CHECKS``, or ``_build/checks`` in the repository."""
    return Path(os.environ.get("MLM_CHECKS") or places.ROOT / "_build" / "checks")


def kept() -> bool:
    """Tell whether records are written: in the repository, or where ``MLM_CHECKS`` names a folder."""
    return bool(os.environ.get("MLM_CHECKS")) or places.in_repository()


@dataclass(frozen=True, slots=True)
class Recorded:
    """The complete records of a source on one kind of data.

    Attributes
    ----------
    values : dict of str to Record
        By id.
    made_with : dict of str to str
        Versions and platform (:func:`replications.environment.versions`); empty of records that do not tell.
    stored : bool
        Whether they are the committed copies, and not of a run here.
    """

    values: dict[str, Record]
    made_with: dict[str, str]
    stored: bool


def write(
    path: Path, source: str, data: str, complete: bool, records: list[Record], made_with: dict[str, str] | None = None
) -> None:
    """Write records, with the versions here unless others made them; a reader never sees a half-written file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    values = [asdict(record) for record in records]
    made_with = environment.versions() if made_with is None else made_with
    content = {"source": source, "data": data, "complete": complete, "made_with": made_with, "values": values}
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as file:
        json.dump(content, file, indent=1, ensure_ascii=False)
        file.write("\n")
    os.chmod(file.name, 0o644)
    Path(file.name).replace(path)


def read(source: str, data: str, stored: bool = False) -> tuple[bool, dict[str, Record]] | None:
    """Return whether the records are complete, and the records by id; None if there are none."""
    path = (STORED if stored else folder()) / f"{source}.{data}.json"
    if not path.exists():
        return None
    content: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return bool(content["complete"]), {value["id"]: Record(**value) for value in content["values"]}


def latest(source: str, data: str) -> Recorded | None:
    """Return the records of the last complete run here, else the stored ones; None if there are none."""
    for stored in (False, True):
        recorded = read(source, data, stored)
        if recorded is not None and recorded[0]:
            return Recorded(recorded[1], made_with(source, data, stored), stored)
    return None


def made_with(source: str, data: str, stored: bool = False) -> dict[str, str]:
    """Return the versions and the platform that records tell of."""
    path = (STORED if stored else folder()) / f"{source}.{data}.json"
    content: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return dict(content.get("made_with", {}))


def rounded(computed: str) -> str:
    """Return the text of a number to ten significant digits; other text as it is."""
    try:
        return format(float(computed), ".10g")
    except ValueError:
        return computed
