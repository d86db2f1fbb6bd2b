"""Directives of the page on what goes in: the catalogue of inputs, run when the book is built, and the functions.

``{inputs} frames`` shows one group of the catalogue: the code of each input, and what comes of it, the message as it is
at this moment. An input that does something else than the catalogue says is a warning, and so fails the build.
``{input-counts}`` counts them all. ``{functions}`` is the table of the functions that formulas can call.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import catalogue
from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.util import logging
from sphinx_design.shared import create_component

from mlm.errors import counted
from mlm.frame.functions.table import TABLE, listing

logger = logging.getLogger(__name__)

# Of each module of functions, what its functions do.
SECTIONS = {
    "elementary": "Numbers",
    "logic": "Comparisons and truth values",
    "choosing": "Choices",
    "moments": "Numbers that describe a column",
    "polynomials": "Polynomials and columns side by side",
    "splines": "Splines",
    "cutting": "Intervals",
    "categories": "Categories",
    "contrasts": "Contrasts",
    "conversion": "Conversions",
}


class Inputs(Directive):
    """Show a group of the catalogue in a box that opens."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Run the inputs and lay them out."""
        title, about, entries = catalogue.read(self.arguments[0])
        refused = sum(bool(entry.refused) for entry in entries)
        summary = f"{title}: {counted(len(entries), 'input')}, {refused} of them refused"
        shown = [nodes.paragraph("", "", *_marked(about))]
        for entry in entries:
            shown += list(_entry(entry, self.state.document))
        box = create_component("dropdown", [], opened=False, type="dropdown", has_title=True, icon=None)
        box["title_classes"], box["body_classes"], box["container_classes"] = [], [], ["catalogue"]
        box["chevron"], box["opened"] = None, False
        box += [nodes.rubric("", summary), *shown]
        return [box]


def _entry(entry: catalogue.Input, document: nodes.document) -> Iterator[nodes.Node]:
    """Title, code and outcome of one input."""
    found = catalogue.run(entry) if entry.can_run else None
    if entry.can_run:
        for fault in catalogue.faults(entry):
            logger.warning("%s: %s", entry.title, fault, location=document.current_source)
    yield nodes.paragraph("", "", nodes.strong("", entry.title), classes=["input-title"])
    yield _code(entry.code)
    if entry.refused or entry.warns:
        message = found.message if found is not None else " … ".join(entry.says)
        first, _, place = message.partition("\n")
        kind = entry.refused or entry.warns
        said = nodes.paragraph("", "", nodes.literal("", kind), nodes.Text(f": {first}"))
        said["classes"] = ["input-refused" if entry.refused else "input-warned"]
        said["support_smartquotes"] = False  # quotes are those of the message
        yield said
        if place:
            yield nodes.literal_block(place, place, language="text")
    if entry.equals:
        yield nodes.paragraph("", "the same as", classes=["input-same"])
        yield _code(entry.equals)


def _code(text: str) -> nodes.literal_block:
    return nodes.literal_block(text, text, language="python")


def _marked(text: str) -> list[nodes.Node]:
    """Text with code between backticks."""
    pieces = text.split("`")
    return [nodes.literal("", piece) if k % 2 else nodes.Text(piece) for k, piece in enumerate(pieces)]


class InputCounts(Directive):
    """How many inputs of each group there are, and what comes of them."""

    def run(self) -> list[nodes.Node]:
        """Count."""
        rows = []
        for group in catalogue.GROUPS:
            title, _, entries = catalogue.read(group)
            refused = sum(bool(entry.refused) for entry in entries)
            warned = sum(bool(entry.warns and not entry.refused) for entry in entries)
            rows.append([title, len(entries), len(entries) - refused - warned, warned, refused])
        rows.append(["All", *(sum(row[k] for row in rows) for k in range(1, 5))])
        head = ["Inputs", "all", "fitted or answered", "with a warning", "refused"]
        return [table(head, [[[nodes.Text(str(cell))] for cell in row] for row in rows])]


class Functions(Directive):
    """The functions that a formula can call, from their own table."""

    def run(self) -> list[nodes.Node]:
        """One table a section."""
        return [part for title, rows in sections() for part in (nodes.rubric("", title), _functions(rows))]


def sections() -> list[tuple[str, list[tuple[str, list[str], str, bool]]]]:
    """Sections with their functions: how it is called, other names, what it is, whether it keeps something."""
    calls = {name: (call, line) for name, call, line in listing()}
    names: dict[Any, list[str]] = {}
    for name, known in TABLE.items():  # the first name of each is R's
        names.setdefault(known.run, []).append(name)
    found: dict[str, list[tuple[str, list[str], str, bool]]] = {title: [] for title in SECTIONS.values()}
    for run, all_names in names.items():
        first, *others = all_names
        section = SECTIONS[run.__module__.rpartition(".")[2]]
        found[section].append((calls[first][0], others, calls[first][1], TABLE[first].learns))
    return [(title, rows) for title, rows in found.items() if rows]


def _functions(rows: list[tuple[str, list[str], str, bool]]) -> nodes.table:
    cells = []
    for call, others, line, learns in rows:
        also = [nodes.Text(" Also ")] if others else []
        for k, name in enumerate(others):
            also += [nodes.Text(", " * (k > 0)), nodes.literal("", name)]
        kept = [nodes.Text(" "), nodes.emphasis("", "Kept for new rows.")] if learns else []
        stop = [nodes.Text(".")] if others else []
        cells.append([[nodes.literal("", call)], [nodes.Text(line), *also, *stop, *kept]])
    return table(["Call", "What it gives"], cells)


def table(head: list[str], rows: list[list[list[nodes.Node]]]) -> nodes.table:
    """Return a table of cells that are lists of inline nodes."""
    group = nodes.tgroup("", *(nodes.colspec(colwidth=1) for _ in head), cols=len(head))
    group += nodes.thead("", _row([[nodes.Text(word)] for word in head]))
    group += nodes.tbody("", *(_row(row) for row in rows))
    return nodes.table("", group, classes=["table"])


def _row(cells: list[list[nodes.Node]]) -> nodes.row:
    return nodes.row("", *(nodes.entry("", nodes.paragraph("", "", *cell)) for cell in cells))


def setup(app: Any) -> dict[str, bool]:
    """Register the directives."""
    directives = {"inputs": Inputs, "input-counts": InputCounts, "functions": Functions}
    for name, directive in directives.items():
        app.add_directive(name, directive)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
