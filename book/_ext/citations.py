"""Citations by author and year, as Markdown, for pages that are read outside of the book."""

from __future__ import annotations

import re
from pathlib import Path

from pybtex.database import Entry, parse_string
from pybtex.plugin import find_plugin
from pybtex.richtext import Text


class Citations:
    """The entries of a BibTeX file, and which of them were cited.

    Parameters
    ----------
    path : Path
        The file.
    """

    def __init__(self, path: Path) -> None:
        self._entries = parse_string(re.sub(r"\\url\{([^}]*)\}", r"\1", path.read_text("utf-8")), "bibtex").entries
        self._cited: set[str] = set()

    def in_brackets(self, keys: str) -> str:
        """Cite as (Author, year); several keys are divided by commas."""
        return "(" + "; ".join(self._linked(key, "{}, {}") for key in _split(keys)) + ")"

    def in_text(self, keys: str) -> str:
        """Cite as Author (year)."""
        return ", ".join(self._linked(key, "{} ({})") for key in _split(keys))

    def listing(self) -> str:
        """Return what was cited as a list, in the order of its labels."""
        cited = sorted(self._cited, key=lambda key: label(self._entries[key]))
        style, backend = find_plugin("pybtex.style.formatting", "plain")(), find_plugin("pybtex.backends", "markdown")()
        entries = style.format_entries([self._entries[key] for key in cited])
        texts = {entry.key: entry.text.render(backend).replace("\n", " ") for entry in entries}
        return "\n".join(f"- {texts[key]}" for key in cited)

    def _linked(self, key: str, form: str) -> str:
        entry = self._entries[key]
        self._cited.add(key)
        text, address = form.format(*label(entry)), _address(entry)
        return f"[{text}]({address})" if address else text


def _split(keys: str) -> list[str]:
    return [key.strip() for key in keys.split(",")]


def label(entry: Entry) -> tuple[str, str]:
    """Return the authors' names and the year of an entry."""
    people = entry.persons.get("author") or entry.persons.get("editor") or []
    names = [str(Text.from_latex(" ".join(person.prelast_names + person.last_names))) for person in people]
    authors = " et al.".join([names[0], ""]) if len(names) > 2 else " & ".join(names)
    return authors or entry.fields.get("title", entry.key), entry.fields.get("year", "n.d.")


def _address(entry: Entry) -> str:
    """Return where an entry can be read; empty where it does not say."""
    if "doi" in entry.fields:
        return f"https://doi.org/{entry.fields['doi']}"
    written = re.search(r"https?://\S*[^\s.,;]", entry.fields.get("note", ""))
    return entry.fields.get("url") or (written[0] if written else "")
