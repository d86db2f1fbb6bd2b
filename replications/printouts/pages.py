"""Lines of web pages and notebooks: outputs, code, and the rows of tables."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

from replications.errors import PrintoutError
from replications.printouts import lines as of
from replications.printouts.lines import Line

_SKIPPED = {"script", "style", "head", "svg", "math", "nav"}
_BREAKS = {"p", "div", "br", "li", "h1", "h2", "h3", "h4", "h5", "h6", "section", "table", "blockquote"}
_CODE = {"sourceCode", "language-r", "language-python", "r", "R", "python", "source", "input", "r-in", "stata"}
_OUTPUT = {"output", "rout", "sourceoutput", "text", "plaintext", "cell-output", "r-out"}
_IS_PAGE = re.compile(r"<(?:!doctype html|html|body|pre|table|div|p|tr)\b", re.IGNORECASE)
_TWO_TAGS = 2


def lines_of(text: str) -> list[Line]:
    """Return the lines of a text of any kind: notebook, web page, Markdown or plain."""
    start = text.lstrip("\N{ZERO WIDTH NO-BREAK SPACE} \r\n\t")
    if start.startswith("{") and '"cells"' in text:
        try:
            return _notebook(json.loads(start))
        except ValueError:
            pass
        except (AttributeError, TypeError):
            raise PrintoutError(
                "The text begins as a notebook, but its cells are no list of cells with source and outputs: "
                "save the notebook again, or give the output itself as text"
            ) from None
    if (start.startswith("<") and _IS_PAGE.search(start[:5000])) or len(_IS_PAGE.findall(text)) > _TWO_TAGS * 2:
        page = _Page()
        page.feed(text)
        page.close()
        page.flush()
        return page.lines
    return of.of_text(text.replace("\r\n", "\n"))


def _notebook(notebook: dict) -> list[Line]:
    """Return the lines of a notebook: code, then what it printed; numbers count these lines."""
    found: list[Line] = []

    def add(text: str, **marks: bool) -> None:
        found.extend(of.output(len(found) + 1 + at, row, **marks) for at, row in enumerate(text.split("\n")))
        found.append(Line(len(found) + 1, ""))

    for cell in notebook.get("cells", []):
        source = _joined(cell.get("source", ""))
        if cell.get("cell_type") == "code":
            add(source, code=True)
        else:
            found.extend(replace(row, number=len(found) + 1 + at) for at, row in enumerate(of.of_text(source)))
        for result in cell.get("outputs", []):
            data = result.get("data", {})
            if "text/html" in data and "<table" in _joined(data["text/html"]):
                rows = lines_of("<div>" + _joined(data["text/html"]) + "</div>")
                found.extend(replace(row, number=len(found) + 1 + at) for at, row in enumerate(rows))
            else:
                add(_joined(result.get("text", data.get("text/plain", ""))))
    return found


def _joined(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)


class _Page(HTMLParser):
    """Gathers lines: ``<pre>`` line by line, a table row by row, all else as prose."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[Line] = []
        self._skip = self._pre = self._tables = 0
        self._code = False
        self._text: list[str] = []
        self._start = 1
        self._row: list[str] | None = None
        self._cell: list[str] | None = None
        self._spans = 1

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SKIPPED:
            self._skip += 1
        elif tag == "tr":
            self.flush()
            self._close_row()
            self._row, self._start = [], self.getpos()[0]
        elif tag in ("td", "th") and self._row is not None:
            self._close_cell()
            span = dict(attrs).get("colspan") or "1"
            self._cell, self._spans = [], int(span) if span.isdigit() else 1
        elif tag == "pre" and self._cell is None:
            self.flush()
            self._pre, self._start = self._pre + 1, self.getpos()[0]
            self._code = self._is_code(attrs)
        elif tag == "code" and self._pre and "".join(self._text).strip() == "":
            self._code = self._code or self._is_code(attrs)
        elif tag == "br" and self._cell is not None:
            self._cell.append(" ")
        elif tag in _BREAKS and not self._pre and self._cell is None:
            self.flush()

    @staticmethod
    def _is_code(attrs: list[tuple[str, str | None]]) -> bool:
        names = set((dict(attrs).get("class") or "").split())
        return bool(names & _CODE) and not names & _OUTPUT

    def handle_endtag(self, tag: str) -> None:
        if tag in _SKIPPED:
            self._skip = max(0, self._skip - 1)
        elif tag in ("td", "th"):
            self._close_cell()
        elif tag == "tr":
            self._close_row()
        elif tag == "pre" and self._pre:
            self.flush()
            self._pre = 0
        elif tag in _BREAKS and not self._pre and self._cell is None:
            self.flush()
            if tag == "table":
                self._close_row()
                self.lines.append(Line(self.getpos()[0], ""))

    def _close_row(self) -> None:
        self._close_cell()
        if self._row is not None and any(self._row):
            cells = tuple(self._row)
            self.lines.append(Line(self._start, "\t".join(cells), prose=True, cells=cells))
        self._row = None

    def _close_cell(self) -> None:
        if self._cell is not None and self._row is not None:
            text = " ".join(of.plain("".join(self._cell)).split())
            self._row.extend([text] + [""] * (self._spans - 1))
        self._cell = None

    def handle_data(self, data: str) -> None:
        if self._skip:
            return
        if self._cell is not None:
            self._cell.append(data)
        elif self._row is None:
            if not self._text:
                self._start = self.getpos()[0]
            self._text.append(data)

    def flush(self) -> None:
        """End what was being gathered: a ``<pre>`` or a piece of prose."""
        text, self._text = "".join(self._text), []
        if not text.strip():
            return
        for at, row in enumerate(text.split("\n")):
            if self._pre:
                line = of.output(self._start + at, row, code=self._code)
                self.lines.append(replace(line, output=not line.code))
            elif row.strip():
                self.lines.append(Line(self._start + at, of.plain(row).strip(), prose=True))
        if self._pre:
            self.lines.append(Line(self._start + at, ""))
