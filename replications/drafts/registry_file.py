"""The registry of a new source, as TOML: head, models, and an entry a number."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import fields

from replications.drafts.section import Section, call
from replications.registry import SOURCES, TO_DECIDE, Entry

ABOUT = """\
# Every number and claim printed in this source that its data and models determine, and a few that they do not.
# The keys of an entry are explained in replications/registry.py.
"""
DEFAULTS = {field.name: field.default for field in fields(Entry)}


def text(key: str, dataset: str, sections: Sequence[Section]) -> str:
    """Return the file.

    Parameters
    ----------
    key, dataset : str
        Names of the source and of its data.
    sections : sequence of Section
    """
    entries = [entry for section in sections for entry in section.entries]
    tables: list[tuple[str, dict[str, object]]] = [
        ("source", _source(key, dataset, len(entries))),
        ("chapter", _chapter()),
        (f"data.{dataset}", {"what": f"{TO_DECIDE}: which rows, which columns are computed"}),
        *_models(sections),
    ]
    parts = [ABOUT, *(f"[{name}]\n{_table(values)}" for name, values in tables)]
    parts += [f"[[entry]]\n{_table(_entry(entry))}" for entry in entries]
    return "\n".join([*parts, *_left(sections)])


def quoted(value: object) -> str:
    """Return a value as TOML writes it.

    Examples
    --------
    >>> quoted("a"), quoted(True), quoted(3)
    ('"a"', 'true', '3')
    """
    return json.dumps(value, ensure_ascii=False)


def _table(values: dict[str, object]) -> str:
    return "".join(f"{name} = {quoted(value)}\n" for name, value in values.items())


def _source(key: str, dataset: str, count: int) -> dict[str, object]:
    title = f"{TO_DECIDE}: title of the document"
    return {"key": key, "title": title, "author": TO_DECIDE, "dataset": dataset, "n_entries": count}


def _chapter() -> dict[str, object]:
    words = {
        "document": "authors, title and year, as the README names it",
        "data": "whose data, how many groups",
        "learn": "what the chapter teaches",
        "before": "what comes before it",
        "time": "how long it takes",
    }
    said = {name: f"{TO_DECIDE}: {what}" for name, what in words.items()}
    return {"position": len(SOURCES) + 1, "cite": "", **said}


def _models(sections: Sequence[Section]) -> Iterator[tuple[str, dict[str, object]]]:
    """Give the table of each model once, in the order in which they are printed."""
    told: set[str] = set()
    for section in sections:
        for name, recipe in section.models.items():
            if name in told:
                continue
            told.add(name)
            method = ("REML" if recipe.reml else "ML") if recipe.function == "lmer" else recipe.function
            yield f"models.{name}", {"formula": recipe.formula, "estimation": method, "call": call(recipe)}


def _entry(entry: Entry) -> dict[str, object]:
    """Return the fields of an entry that are not as always."""
    given = {field.name: getattr(entry, field.name) for field in fields(Entry)}
    return {name: value for name, value in given.items() if value != DEFAULTS[name]}


def _left(sections: Sequence[Section]) -> Iterator[str]:
    """Give a comment for each number that is not registered, with the reason."""
    rows = [(section, number, why) for section in sections for number, why in section.left]
    if rows:
        yield f"# {TO_DECIDE}: {len(rows)} numbers were read and are not registered: no model answers for them.\n"
    for section, number, why in rows:
        yield f"# line {number.line}, {section.name}: {number.id} = {quoted(number.text)} ({why})"
    if rows:
        yield ""
