"""What was printed, as text: the sources, and the numbers of one; ``python -m replications list`` and ``show``."""

from __future__ import annotations

import textwrap

from replications import data, records, registry
from replications.display import agreement
from replications.errors import RegistryError
from replications.records import Record
from replications.registry import Entry
from replications.rounding import MOSTLY

WIDTH = 100
INDENT = 4


def sources() -> str:
    """Return the sources as text: key, document, data, how many numbers are registered and reproduced.

    Examples
    --------
    >>> print(sources())
    learn_mlms_ch4       60 numbers, 58 reproduced
        Mairead Shaw and Jessica Kay Flake, ...
    """
    lines, reproduced = [], 0
    for key in registry.SOURCES:
        source, found = registry.read(key), computed(key)
        agreeing = sum(record.agrees for record in found.values())
        reproduced += agreeing
        lines.append(f"{key:20}{len(source.entries):>3} numbers, {agreeing} reproduced")
        lines.append(f"{' ' * INDENT}{source.author}, {source.title}; data: {source.dataset}")
    total = sum(len(registry.read(key).entries) for key in registry.SOURCES)
    return "\n".join([*lines, f"{'all':20}{total:,} numbers, {reproduced:,} reproduced"])


def entries(key: str, name: str = "") -> str:
    """Return the numbers of a source as text: as printed, what each is, where it stands, and as computed.

    Parameters
    ----------
    key : str
        The source.
    name : str
        The beginning of their ids, up to a dot; empty for all.

    Raises
    ------
    RegistryError
        If there is no such source, or it has no such number.
    """
    source, found = registry.read(key), computed(key)
    chosen = source.under(name) if name else source.entries
    if not chosen:
        groups = sorted({entry.id.partition(".")[0] for entry in source.entries})
        raise RegistryError(f"{key} has no number {name!r}; they begin with {', '.join(groups)}")
    return "\n".join(_entry(entry, found.get(entry.id)) for entry in chosen)


def computed(key: str) -> dict[str, Record]:
    """Return what was computed for a source, on the twin if there is one, as it is kept in the package."""
    stored = records.read(key, data.kinds(registry.read(key).dataset)[-1], stored=True)
    return stored[1] if stored else {}


def _entry(entry: Entry, record: Record | None) -> str:
    shown = (
        "" if record is None else f"   computed {record.shown}   agrees: {agreement(record)}{_leeway(entry, record)}"
    )
    about = textwrap.wrap(f"{entry.what} ({entry.where})", WIDTH - INDENT)
    reason = [] if record is None or not record.reason else textwrap.wrap(f"Exception: {record.reason}", WIDTH - INDENT)
    return "\n".join([f"{entry.id}   printed {entry.value}{shown}", *(" " * INDENT + line for line in about + reason)])


def _leeway(entry: Entry, record: Record) -> str:
    """Say what agreement means where more than the last printed place may differ."""
    if not record.agrees:
        return ""
    return {
        "about": f", within {entry.tolerance}: printed in words, or read off a plot",
        "over": f", by no more than {entry.tolerance}: printed as a lower bound in words",
        "mostly": f', at least {MOSTLY:.0%}: printed as "mostly"',
        "<": ", below the printed bound",
    }.get(entry.relation, "")


def main(key: str | None = None, name: str = "") -> int:
    """Print the sources, or the numbers of one; return the exit status."""
    print(sources() if key is None else entries(key, name))
    return 0
