"""The book's scoreboard page, from what the checks recorded; ``python -m replications scoreboard``."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from importlib import resources

from replications import data, environment, listing, places, records, registry
from replications.display import STOPPED, agreement, breakable, by_reason, in_words
from replications.records import Record

PAGE = places.ROOT / "book" / "scoreboard.md"
NOT_YET = "–"
_KINDS = {"original": "original data", "twin": "twin"}


def gather() -> dict[str, dict[str, dict[str, Record]]]:
    """Return the records by source, kind and id: of the last complete run here, else the stored ones.

    Data that may be passed on have no twin: what was computed on them stands for both.
    """
    found: dict[str, dict[str, dict[str, Record]]] = {}
    for source in registry.SOURCES:
        found[source] = {}
        for kind in records.KINDS:
            recorded = records.latest(source, kind)
            if recorded is not None:
                found[source][kind] = recorded.values
        if found[source] and data.dataset(registry.read(source).dataset).ship:
            found[source]["twin"] = found[source]["original"]
    return found


def made_with() -> dict[str, list[str]]:
    """Return the versions with which records were made, in words, and which records those are."""
    groups: dict[str, list[str]] = {}
    for source in registry.SOURCES:
        for kind in records.KINDS:
            recorded = records.latest(source, kind)
            if recorded is not None and recorded.made_with:
                words = environment.in_words(recorded.made_with)
                groups.setdefault(words, []).append(f"{source} ({_KINDS[kind]})")
    return groups


@dataclass(frozen=True)
class Totals:
    """Counts over all sources.

    Attributes
    ----------
    published : int
        Values registered.
    agreeing : dict of str to int or None
        By kind of data, how many are reproduced; None where a source was not checked on it.
    exceptions : int or None
        How many have a reason not to agree; None where a source was not checked.
    """

    published: int
    agreeing: dict[str, int | None]
    exceptions: int | None


def totals(found: dict[str, dict[str, dict[str, Record]]]) -> Totals:
    """Count over all sources what :func:`gather` returns."""
    agreeing: dict[str, int | None] = {}
    for kind in records.KINDS:
        values = [kinds[kind] for kinds in found.values() if kind in kinds]
        number = sum(record.agrees for value in values for record in value.values())
        agreeing[kind] = number if len(values) == len(registry.SOURCES) else None
    known = {
        (source, id)
        for source, kinds in found.items()
        for values in kinds.values()
        for id, record in values.items()
        if record.reason
    }
    published = sum(len(registry.read(source).entries) for source in registry.SOURCES)
    return Totals(published, agreeing, len(known) if all(found.values()) else None)


def page(found: dict[str, dict[str, dict[str, Record]]], made: dict[str, list[str]] | None = None) -> str:
    """Return the page in MyST Markdown.

    Parameters
    ----------
    found : dict
        As :func:`gather` returns it. The page shows no more digits than were printed, so that it does not
        depend on the machine.
    made : dict, optional
        As :func:`made_with` returns it.
    """
    total = totals(found).published
    parts = [
        "# Scoreboard",
        "<!-- written by `python -m replications scoreboard`; do not edit -->",
        f"Every published number and claim of the sources, {total:,} in all: as printed, as computed "
        "here on the original data, and on the synthetic twin that comes with the book. A number is reproduced "
        "when the computed value rounds to it, within half a unit of its last printed place, or lies in the range "
        'that the registry names where the document says "about" or reads a plot. '
        "Exceptions are listed one by one, with the reason. `python -m replications list` prints the counts.",
        "Values registered, and how many of them are reproduced on the original data and on the twin:",
        _summary(found),
        *_made_with(made or {}),
        "## Exceptions",
        _exceptions(found),
        "## All published values",
        "```{raw} html\n" + _table(found) + "\n```",
    ]
    return "\n\n".join(parts) + "\n"


def main() -> int:
    """Write the page, or print the counts where there is no book; return the exit status."""
    if not places.in_repository():
        print(listing.sources())
        return 0
    text = page(gather(), made_with())
    if not PAGE.exists() or PAGE.read_text("utf-8") != text:
        PAGE.write_text(text, "utf-8")
        print(f"{PAGE.relative_to(places.ROOT)}: written")
    else:
        print(f"{PAGE.relative_to(places.ROOT)}: unchanged")
    return 0


def _summary(found: dict[str, dict[str, dict[str, Record]]]) -> str:
    lines = [
        "| Source | Values | Original | Twin | Exceptions |",
        "|---|--:|--:|--:|--:|",
    ]
    notes = []
    for source in registry.SOURCES:
        about = registry.read(source)
        title = _linked(source) + (f"; {about.caveat}" if about.caveat else "")
        counts = [_count(found[source].get(kind)) for kind in records.KINDS]
        known = {id for kind in found[source].values() for id, record in kind.items() if record.reason}
        exceptions = str(len(known)) if found[source] else NOT_YET
        lines.append(f"| {title} | {len(about.entries)} | {counts[0]} | {counts[1]} | {exceptions} |")
        notes += _notes(source, found[source])
    lines.append(_total(found))
    return "\n".join(lines + (["", *notes] if notes else []))


def _made_with(made: dict[str, list[str]]) -> list[str]:
    """Return the paragraph that says with which versions the records were made."""
    if len(made) == 1:
        return [f"All records were made with {next(iter(made))}."]
    lines = [f"- {words}: {', '.join(f'`{record}`' for record in of)}" for words, of in made.items()]
    return ["The records were made with\n\n" + "\n".join(lines)] if lines else []


def _total(found: dict[str, dict[str, dict[str, Record]]]) -> str:
    """Return the last line of the summary."""
    counts = totals(found)
    agreeing = [NOT_YET if number is None else f"{number:,}" for number in counts.agreeing.values()]
    exceptions = NOT_YET if counts.exceptions is None else counts.exceptions
    return f"| All | {counts.published:,} | {' | '.join(agreeing)} | {exceptions} |"


def _notes(source: str, kinds: dict[str, dict[str, Record]]) -> list[str]:
    """Return what a source's line must not be read without, as items of a list."""
    stopped = {id for values in kinds.values() for id, record in values.items() if agreement(record) == STOPPED}
    if not stopped:
        return []
    return [
        f"- {_linked(source)}: the last digits of {len(stopped)} values are those of the point where the author's "
        "optimiser stopped, a little short of the optimum. A fit stopped there gives them, and they are "
        f"compared with it; the table says “{STOPPED}”."
    ]


def _count(values: dict[str, Record] | None) -> str:
    return NOT_YET if values is None else str(sum(record.agrees for record in values.values()))


def _exceptions(found: dict[str, dict[str, dict[str, Record]]]) -> str:
    lines = []
    for source in registry.SOURCES:
        rows = []
        for entry in registry.read(source).entries:
            kinds = {kind: values[entry.id] for kind, values in found[source].items() if entry.id in values}
            excepted = {kind: record for kind, record in kinds.items() if record.reason}
            if excepted:
                kind, record = next(iter(excepted.items()))
                only = "" if len(excepted) == len(kinds) else f" ({_KINDS[kind]} only)"
                value = f"`{entry.id}`{only}: printed {_verbatim(record.printed)}, computed {_verbatim(record.shown)}"
                rows.append((value, record))
        for reason, values in by_reason(rows):
            lines += [f"- {_linked(source)}: {reason}", *(f"  - {value}" for value in values)]
    return "\n".join(lines) or "None recorded yet."


def _linked(source: str) -> str:
    """Return the title of a source, which links to its chapter where the book has one."""
    toc = places.ROOT / "_toc.yml"
    chapters = toc.read_text("utf-8").split() if toc.exists() else []
    title = registry.read(source).title
    return f"[{title}]({source}.ipynb)" if f"book/{source}" in chapters else title


def _verbatim(text: str) -> str:
    return f"`{text}`" if text else "nothing"


def _table(found: dict[str, dict[str, dict[str, Record]]]) -> str:
    rows = []
    for source in registry.SOURCES:
        for entry in registry.read(source).entries:
            original, twin = (found[source].get(kind, {}).get(entry.id) for kind in records.KINDS)
            rows.append(_row(source, entry, original, twin))
    template = resources.files("replications").joinpath("scoreboard.html").read_text("utf-8")
    titles = {source: registry.read(source).title for source in registry.SOURCES}
    options = "".join(f'<option value="{source}">{escape(title)}</option>' for source, title in titles.items())
    return template.replace("@sources@", options).replace("@rows@", "\n".join(rows)).strip()


def _cell(text: str) -> str:
    """Return a value in a cell; words wrap, and numbers do not."""
    kind = ' class="words"' if in_words(text) else ""
    return f"<td{kind}>{escape(text)}</td>"


def _row(source: str, entry: registry.Entry, original: Record | None, twin: Record | None) -> str:
    known = [record for record in (original, twin) if record is not None]
    reason = next((record.reason for record in known if record.reason), "")
    words = {agreement(record) for record in known}
    agrees = next((word for word in ("exception", STOPPED, "yes") if word in words), NOT_YET)
    place = f"<small>{breakable(source)}, {escape(entry.where)}</small>"
    because = f"<small>{escape(reason)}</small>" if reason else ""
    cells = [
        f'<th scope="row" title="{escape(entry.what)}"><code>{breakable(entry.id)}</code>{place}{because}</th>',
        _cell(entry.value),
        *(_cell(record.shown if record else NOT_YET) for record in (original, twin)),
        f"<td>{agrees}</td>",
    ]
    return f'<tr data-source="{source}">{"".join(cells)}</tr>'
