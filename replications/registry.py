"""The registry: what each source printed, where, and under which rule it counts as reproduced.

One TOML file a source, in ``replications/published/``. An ``[[entry]]`` has

``id``
    dotted name, unique in its source: the model or table first, then the quantity
    (``model2.fixef.cpi_cgm.estimate``).
``value``
    the string as printed.
``what``, ``model``, ``where``
    what it is, which ``[models]`` (or description) it belongs to, where it stands in the document.
    ``[source line 108]`` counts lines of the document's extracted text.
``determined_by``
    ``moments`` (counts, means and cross-products within groups determine it) or ``rows`` (it needs the rows).
``relation``, ``tolerance``, ``unit``, ``decimals``
    see :mod:`replications.rounding`; absent for a plain rounded number.
``basis``
    ``printed`` where the author computed it from numbers already rounded in print.
``restates``
    the id of the entry whose value is printed here once more: checking that one serves for both.
``optimizer_sensitive``
    true where the last printed digit is where the author's optimiser stopped, short of the optimum.
``prose``, ``in_source_text``, ``note``, ``glitch``
    a number in running text; lost in the extracted text (restored from the original PDF); remarks on the
    number and on damage done to it by the extraction.

A ``caveat`` in ``[source]`` is what the source's line of the scoreboard must not be read without. ``[chapter]`` has the
place of the chapter in the book and the words of its row in the tables of the README and of the first page, which
``tools/sources.py`` writes. The sources are the files of the folder, in the order of their chapters.

``exceptions.toml`` beside them lists, value by value and with the reason, what is not reproduced.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from mlm.errors import suggest
from replications.errors import RegistryError

PUBLISHED = resources.files("replications").joinpath("published")
EXCEPTIONS = "exceptions.toml"
TO_DECIDE = "TO DECIDE"
"""What stands in a new chapter's files where a person has to decide; no committed file has it."""


def _sources() -> tuple[str, ...]:
    """Return the keys of the folder's registries in the order of their chapters, from what stands above the entries."""
    places = {}
    for path in PUBLISHED.iterdir():
        if path.name.endswith(".toml") and path.name != EXCEPTIONS:
            head = tomllib.loads(path.read_text("utf-8").partition("\n[[entry]]")[0])
            places[head["source"]["key"]] = head["chapter"]["position"]
    return tuple(sorted(places, key=lambda key: (places[key], key)))


SOURCES = _sources()


@dataclass(frozen=True, slots=True)
class Entry:
    """One published number or claim; the fields are explained in :mod:`replications.registry`."""

    id: str
    value: str
    what: str
    model: str
    where: str
    determined_by: str
    relation: str = "rounded"
    tolerance: str | None = None
    unit: str | None = None
    decimals: int | None = None
    basis: str = "computed"
    restates: str | None = None
    optimizer_sensitive: bool = False
    prose: bool = False
    in_source_text: bool = True
    note: str = ""
    glitch: str = ""


@dataclass(frozen=True, slots=True)
class KnownException:
    """A published value known not to be reproduced, and why.

    ``data`` limits it to one kind of data; ``via`` is the first print of a number that R rounded twice.
    """

    source: str
    id: str
    reason: str
    data: str | None = None
    via: str | None = None


@dataclass(frozen=True)
class Source:
    """A source document: its entries in the order of the document, and what the registry says about it."""

    key: str
    title: str
    author: str
    dataset: str
    entries: tuple[Entry, ...]
    data: dict[str, Any]
    models: dict[str, Any]
    figures: dict[str, str]
    methods: dict[str, str]
    caveat: str = ""
    n_entries: int = 0
    chapter: dict[str, Any] = field(default_factory=dict)

    def entry(self, id: str) -> Entry:
        """Return the entry of this id.

        Raises
        ------
        RegistryError
            If no entry has this id.
        """
        for entry in self.entries:
            if entry.id == id:
                return entry
        names = [entry.id for entry in self.entries]
        raise RegistryError(f"{self.key} has no published value {id!r}.{suggest(id, names)}")

    def under(self, name: str) -> tuple[Entry, ...]:
        """Return the entry called ``name`` and all whose id begins with ``name`` and a dot."""
        return tuple(e for e in self.entries if e.id == name or e.id.startswith(name + "."))


def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads(PUBLISHED.joinpath(name).read_text("utf-8"))


@cache
def read(key: str) -> Source:
    """Read one source's registry.

    Parameters
    ----------
    key : str
        One of ``SOURCES``.

    Raises
    ------
    RegistryError
        If there is no such source, or an id occurs twice in it.

    Examples
    --------
    >>> source = read("learn_mlms_ch4")
    >>> len(source.entries), source.entry("null_model.reml_criterion").value
    (60, '48877.3')
    """
    if key not in SOURCES:
        raise RegistryError(f"There is no source {key!r}.{suggest(key, SOURCES)}")
    raw = _toml(f"{key}.toml")
    entries = tuple(Entry(**entry) for entry in raw["entry"])
    ids = [entry.id for entry in entries]
    twice = sorted({id for id in ids if ids.count(id) > 1})
    if twice:
        raise RegistryError(f"{key}.toml has these ids more than once: {', '.join(twice)}")
    head = raw["source"]
    parts = {part: raw.get(part, {}) for part in ("data", "models", "figures", "methods", "chapter")}
    about = {key: head[key] for key in ("key", "title", "author", "dataset", "n_entries")}
    return Source(**about, entries=entries, **parts, caveat=head.get("caveat", ""))


@cache
def exceptions(key: str, data: str) -> dict[str, KnownException]:
    """Return the known exceptions of a source by id, on one kind of data ("original" or "twin")."""
    known = (KnownException(**raw) for raw in _toml(EXCEPTIONS)["exception"])
    return {k.id: k for k in known if k.source == key and k.data in (None, data)}
