"""Lines of web pages and notebooks: outputs, code, and the rows of tables."""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser

from replications.errors import PrintoutError
from replications.printouts import lines as of
from replications.printouts import markup
from replications.printouts.characters import plain, with_line_ends
from replications.printouts.comments import is_console, with_known_prefix
from replications.printouts.lines import Line

_SKIPPED = {"script", "style", "head", "svg", "math", "nav"}
_BREAKS = {"p", "div", "br", "li", "h1", "h2", "h3", "h4", "h5", "h6", "section", "table", "blockquote"}
_CODE = {"sourceCode", "language-r", "language-python", "r", "R", "python", "source", "input", "r-in", "stata"}
_OUTPUT = {"output", "rout", "sourceoutput", "text", "plaintext", "cell-output", "r-out"}
_IS_PAGE = re.compile(r"<(?:!doctype html|html|body|pre|table|div|p|tr)\b", re.IGNORECASE)
_CLOSES = re.compile(r"</(?:html|body|pre|table|div|p|tr)\s*>", re.IGNORECASE)
_LAID_OUT = {"pre", "textarea", "listing", "xmp", "samp"}
_STYLED = re.compile(r"white-space:\s*(pre|break-spaces)|font-family:[^;]*(courier|consolas|mono)", re.IGNORECASE)
_TWO_TAGS = 2
_RULED = re.compile(r"={8,}")
_ENDS = re.compile(r"\*+\s*p\s*<\s*0?\.")
_LONGEST = 80
"""Lines of the longest table between rules that a page shows as text."""
NEAR = 2
"""How far from a line laid out by blanks that do not break the lines of the same output may be."""


def lines_of(text: str) -> list[Line]:
    """Return the lines of a text of any kind: notebook, web page, Markdown or plain."""
    text = with_line_ends(text)
    start = text.lstrip("\N{ZERO WIDTH NO-BREAK SPACE} \r\n\t")
    if start.startswith("{") and '"cells"' in text:
        try:
            return _notebook(json.loads(start))
        except ValueError:
            pass
        except (AttributeError, TypeError):
            raise PrintoutError(
                "The text begins as a notebook, but its cells are not a list of cells with source and outputs: "
                "save the notebook again, or give the output itself as text"
            ) from None
    tagged = _IS_PAGE.search(start[:5000]) is not None if start.startswith("<") else _is_marked_up(text)
    if tagged and not markup.is_markdown(text):
        return _of_page(text)
    return _of_markdown(text)


def _is_marked_up(text: str) -> bool:
    """Tell whether a text that begins with none has tags around it: more than it names, and some of them closed.

    What stands in tables and ``<pre>`` does not count, since a text that is none of a page may have these.
    """
    if len(_IS_PAGE.findall(text)) <= _TWO_TAGS * 2:
        return False
    apart = markup.without(text, markup.pieces(text))
    return len(_IS_PAGE.findall(apart)) > _TWO_TAGS * 2 and len(_CLOSES.findall(apart)) > _TWO_TAGS


def _of_page(text: str) -> list[Line]:
    """Return the lines of a web page; Markdown in a ``<textarea>``, as slides have it, is read as such."""
    held = markup.slides(text)
    apart = markup.without(text, held)
    page = _Page(markup.closed(apart, _SKIPPED))
    page.feed(apart)
    page.end()
    lines = of.without_false_cells(_outputs(page.lines, page.has_output))
    return _with(lines, [(piece, _of_markdown(html.unescape(markup.inner(text, piece)))) for piece in held])


def _of_markdown(text: str) -> list[Line]:
    """Return the lines of a text that is not a web page; tables and ``<pre>`` of one within it are read as such."""
    held = markup.pieces(text)
    raw = with_known_prefix(markup.without(text, held).split("\n"))
    lines = of.of_text("\n".join(raw), is_console)
    return _with(lines, [(piece, _of_piece(text[piece.start : piece.end])) for piece in held])


def _of_piece(text: str) -> list[Line]:
    return _of_page(markup.unescaped(text) if text[1:6].lower() == "table" else text)


def _with(lines: list[Line], held: list[tuple[markup.Piece, list[Line]]]) -> list[Line]:
    """Return lines with those of pieces in the place of the blank ones there."""
    taken = {number for piece, _ in held for number in range(piece.line, piece.last + 1)}
    found = [line for line in lines if not (line.blank and line.number in taken)]
    for piece, rows in held:
        found += [replace(row, number=row.number + piece.line - 1) for row in rows]
    return sorted(found, key=lambda line: line.number) if held else lines


def _notebook(notebook: dict) -> list[Line]:
    """Return the lines of a notebook: code, then what it printed; numbers count these lines."""
    found: list[Line] = []

    def add(text: str, **marks: bool) -> None:
        rows = [of.output(len(found) + 1 + at, row, **marks) for at, row in enumerate(_rows(text))]
        found.extend(of.without_false_cells(rows))
        found.append(Line(len(found) + 1, ""))

    def add_lines(rows: list[Line]) -> None:
        first = len(found) + 1
        found.extend([replace(row, number=first + at) for at, row in enumerate(rows)])

    for cell in notebook.get("cells", []):
        source = _joined(cell.get("source", ""))
        if cell.get("cell_type") == "code":
            add(source, code=True)
        else:
            add_lines(of.of_text(source))
        for result in cell.get("outputs", []):
            data = result.get("data", {})
            if "text/html" in data and "<table" in _joined(data["text/html"]):
                add_lines(lines_of("<div>" + _joined(data["text/html"]) + "</div>"))
            else:
                add(_joined(result.get("text", data.get("text/plain", ""))))
    return found


def _rows(text: str) -> list[str]:
    return with_known_prefix(text.split("\n"))


def _joined(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)


def _outputs(lines: list[Line], has_output: bool) -> list[Line]:
    """Return a page's lines; where no element holds the output, those that are laid out like it are not prose.

    That is all text of a page without ``<pre>`` and tables, as a program makes it of a text, and elsewhere what is laid
    out by blanks that do not break, with the lines beside it.
    """
    if not has_output and not any(line.cells for line in lines):
        return [replace(line, prose=False) for line in lines]
    reflowed = _reflowed(lines)
    spaced = [at for at, line in enumerate(lines) if line.prose and not line.cells and "  " in line.text]
    near = {at + by for at in spaced for by in range(-NEAR, NEAR + 1)}
    return [
        replace(line, prose=False) if (at in near or at in reflowed) and not line.cells else line
        for at, line in enumerate(lines)
    ]


def _reflowed(lines: list[Line]) -> set[int]:
    """Return the lines of tables between rules of ``=`` that a page shows as text: each from a rule to a legend."""
    found = set[int]()
    for first in (at for at, line in enumerate(lines) if line.prose and _RULED.match(line.text)):
        if first in found:
            continue
        within = range(first + 1, min(first + _LONGEST, len(lines)))
        last = next((at for at in within if _RULED.match(lines[at].text) or _ENDS.search(lines[at].text)), first)
        found |= set(range(first, last + 1))
    return found


@dataclass
class _Rows:
    """The rows of a table as they are read; a cell that spans rows stands in each of them."""

    row: list[str] | None = None
    headed: bool = True
    cell: list[str] | None = None
    start: int = 1
    spans: tuple[int, int] = (1, 1)
    below: dict[int, tuple[int, str]] = field(default_factory=dict)

    def open_row(self, line: int) -> None:
        """Begin a row."""
        self.row, self.start, self.headed = [], line, True
        self._fill()

    def open_cell(self, attrs: dict[str, str | None]) -> None:
        """Begin a cell."""
        spans = [attrs.get(name) or "1" for name in ("colspan", "rowspan")]
        wide, high = (int(span) if span.isdigit() else 1 for span in spans)
        self.cell, self.spans = [], (wide, high)

    def close_cell(self) -> None:
        """End a cell, and put those behind it that span from above."""
        if self.cell is not None and self.row is not None:
            text = " ".join(plain("".join(self.cell)).split())
            for at, part in enumerate([text] + [""] * (self.spans[0] - 1)):
                if self.spans[1] > 1:
                    self.below[len(self.row)] = (self.spans[1], part)
                self.row.append(part)
                if at + 1 == self.spans[0]:
                    self._fill()
        self.cell = None

    def close_row(self) -> Line | None:
        """End a row and return its line; nothing if it is empty."""
        self.close_cell()
        row, self.row = self.row, None
        if row is None:
            return None
        self.below = {at: (count - 1, text) for at, (count, text) in self.below.items() if count > 1}
        text, cells = "\t".join(row), tuple(row)
        return Line(self.start, text, prose=True, cells=cells, headed=self.headed) if any(row) else None

    def _fill(self) -> None:
        while self.row is not None and (found := self.below.get(len(self.row))) is not None:
            if found[0] < 1:
                break
            self.row.append(found[1])


class _Page(HTMLParser):
    """Gathers lines: ``<pre>`` line by line, a table row by row, all else as prose.

    Elements without output are skipped up to the line where they are closed for the last time, ``closed``.
    """

    def __init__(self, closed: dict[str, int]) -> None:
        super().__init__(convert_charrefs=True)
        self._closed = closed
        self.lines: list[Line] = []
        self.has_output = False
        self._skipped = set[str]()
        self._pre = 0
        self._pre_tag = ""
        self._code = False
        self._text: list[str] = []
        self._start = 1
        self._table = _Rows()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag == "body":
            self._skipped.clear()
        if tag in _SKIPPED:
            self._skipped |= {tag} if self.getpos()[0] <= self._closed.get(tag, 0) else set()
        elif tag == "table":
            self.flush()
            self._table = _Rows()
        elif tag == "tr":
            self.flush()
            self._close_row()
            self._table.open_row(self.getpos()[0])
        elif tag in ("td", "th") and self._table.row is not None:
            self._table.close_cell()
            self._table.open_cell(named)
            self._table.headed &= tag == "th"
        elif self._table.cell is not None:
            self._table.cell += [" "] if tag == "br" else []
        elif self._pre:
            self._within(tag, attrs)
        elif tag in _LAID_OUT or _STYLED.search(named.get("style") or ""):
            self.flush()
            self._pre, self._pre_tag, self._start = 1, tag, self.getpos()[0]
            self._code, self.has_output = self._is_code(attrs), True
        elif tag in _BREAKS:
            self.flush()

    def _within(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take a tag within ``<pre>``: what breaks lines elsewhere does so here."""
        self._pre += tag == self._pre_tag
        if tag == "code" and "".join(self._text).strip() == "":
            self._code = self._code or self._is_code(attrs)
        elif tag == "br" or (tag in _BREAKS and self._text and not self._text[-1].endswith("\n")):
            self._text.append("\n")

    @staticmethod
    def _is_code(attrs: list[tuple[str, str | None]]) -> bool:
        names = set((dict(attrs).get("class") or "").split())
        return bool(names & _CODE) and not names & _OUTPUT

    def handle_endtag(self, tag: str) -> None:
        if tag in _SKIPPED:
            self._skipped.discard(tag)
        elif tag in ("td", "th"):
            self._table.close_cell()
        elif tag == "tr":
            self._close_row()
        elif self._pre and tag == self._pre_tag:
            self._pre -= 1
            if not self._pre:
                self._pre = 1
                self.flush()
                self._pre = 0
        elif tag in _BREAKS and not self._pre and self._table.cell is None:
            self.flush()
            if tag == "table":
                self._close_row()
                self.lines.append(Line(self.getpos()[0], ""))

    def _close_row(self) -> None:
        if line := self._table.close_row():
            self.lines.append(line)

    def handle_data(self, data: str) -> None:
        if self._skipped:
            return
        if self._table.cell is not None:
            self._table.cell.append(data)
        elif self._table.row is None or data.strip():
            if not self._text:
                self._start = self.getpos()[0]
            self._text.append(data)

    def end(self) -> None:
        """End the page, and the row and the cell that were not closed."""
        self.close()
        self._close_row()
        self.flush()

    def flush(self) -> None:
        """End what was being gathered: a ``<pre>`` or a piece of prose."""
        text, self._text = "".join(self._text), []
        if not text.strip():
            return
        rows = _rows(text) if self._pre else text.split("\n")
        code = self._code and not is_console(rows)
        for at, row in enumerate(rows):
            if self._pre:
                line = of.output(self._start + at, row, code=code)
                self.lines.append(Line(line.number, line.text, line.code, line.prose, line.cells, not line.code))
            elif row.strip():
                collapsed = re.sub(r"[ \t\r\f]+", " ", row).strip(" ")
                self.lines.append(replace(of.output(self._start + at, collapsed, prose=True), cells=()))
        if self._pre:
            self.lines.append(Line(self._start + at, ""))
