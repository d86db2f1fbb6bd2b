"""Lines of text without what a page or a console puts around the output."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, takewhile

from replications.printouts.characters import plain, without_tabs

_COMMENT = re.compile(r"^`?\s*(?:\*?##|#>)(?: |$)")
_PROMPT = re.compile(r"^(?:R?>|\.\s)\s?(?=\S)|^R?>$")
_FRAMES_CODE = re.compile(
    r"^\s*\\(?:begin|end)\{(?:verbatim|Verbatim|lstlisting|alltt|Soutput|Schunk|Sinput|CodeOutput)\*?\}"
)
_DECIMALS = re.compile(r"(?<![\w.])-?\d*\.\d+")
_WORDS = re.compile(r"[A-Za-z]{2,}")
_WORDS_AT_MOST = 3
"""Words in a line with several decimals up to which it is not prose."""
COMMAND = re.compile(r"^>\s*(?:[\w.]+\s*(?:<-|=)\s*\S.*|[\w.:]+\(.*|[\w.]+|#.*)?$")
"""What may stand behind R's prompt."""
_FENCE = re.compile(r"^\s*(?:```+|~~~+)\s*(?P<info>.*)$")
_BAR = "\0"
_BETWEEN_BARS = re.compile(r"^\s*\|.*\|\s*$")
_ESCAPED = re.compile(r"&#124;|&vert;|\\\|")
_WITHIN = re.compile(r"(?:Pr\(|P)>\|[tz]\|\)?")
"""Bars that are none between cells."""
_RUNNING_HEAD = re.compile(
    r"^\f\s*\d*\s*$|^\f?\s*(?:\d{1,4}\s+(?:CHAPTER|Chapter|APPENDIX|Appendix)\s+\w.*|"
    r"(?:CHAPTER|Chapter|APPENDIX|Appendix)\s+\w+\..*\s\d{1,4})\s*$"
)
_ITEM = re.compile(r"^ {0,3}(?:[-*+]|\d{1,3}[.)])\s+\S")
_MARGIN = re.compile(r" {4}|\t(?=\S|  )")
_LINES_AT_LEAST = 4
"""Lines of which none stands right below another, from which on a text is taken to be double-spaced."""
_CALL = re.compile(r"[\w.]\(|<-|=")
_CODE = re.compile(r"^\{?\.?(?:r|python|stata|julia)\b", re.IGNORECASE)
_LATEX_ROW = re.compile(r"\\\\(\s*\[[^\]]*\])?\s*(\\hline|\\midrule|\\bottomrule)?\s*$")
_SPACED = re.compile(r"^\s*\\\\\s*(?:\[[^\]]*\])?(?=.*&)")
_SPAN = re.compile(r"\\multicolumn\{(\d{1,2})\}")
_EMPHASIS = re.compile(r"\\(?:textbf|textit|emph|multicolumn\{\d+\}\{[^{}]*\})\{([^{}]*)\}")
QUOTED = 0.6
"""Share of lines that begin with ">" from which on the whole text is taken to be quoted."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its number, the text, its cells where it is a table's row.

    ``code`` and ``prose`` are what no reader of output looks at. ``output`` is what a page marks as output, and
    ``headed`` a row of a page's table that has cells of headings, ``<th>``, and no others.
    """

    number: int
    text: str
    code: bool = False
    prose: bool = False
    cells: tuple[str, ...] = ()
    output: bool = False
    headed: bool = False

    @property
    def blank(self) -> bool:
        """Whether nothing stands in it."""
        return not self.text and not self.cells


def has_decimals(text: str) -> bool:
    """Tell whether several numbers with decimals stand in a line."""
    return len(_DECIMALS.findall(text)) > 1


def has_few_words(text: str) -> bool:
    """Tell whether a line has too few words for prose."""
    return len(_WORDS.findall(text)) <= _WORDS_AT_MOST


def output(number: int, text: str, *, code: bool = False, prose: bool = False) -> Line:
    """Return a line without knitr's ``##``; what stands behind a prompt is code."""
    text = plain(_WITHIN.sub(lambda bar: bar[0].replace("|", _BAR), _ESCAPED.sub(_BAR, text)))
    line = _output(number, text.rstrip(" \r\f").lstrip("\f"), code=code, prose=prose)
    if _BAR not in text:
        return line
    return replace(line, text=line.text.replace(_BAR, "|"), cells=tuple(cell.replace(_BAR, "|") for cell in line.cells))


def _output(number: int, text: str, *, code: bool, prose: bool) -> Line:
    if _FRAMES_CODE.match(text):
        return Line(number, "")
    if found := _COMMENT.match(text):
        inner = text[found.end() :].rstrip("`") if text.startswith("`") else text[found.end() :]
        return Line(number, inner.rstrip(), cells=_cells(inner) if _BETWEEN_BARS.match(inner) else ())
    if not code and (found := _PROMPT.match(text)):
        code, text = True, text[found.end() :]
    if text.startswith("`") and text.endswith("`") and _CALL.search(text) and not text.startswith("```"):
        text, code = text.strip("` "), True
    return Line(number, without_tabs(text).rstrip(), code=code, prose=prose, cells=_cells(text))


def _cells(text: str) -> tuple[str, ...]:
    """Return the cells of a row of a table: between tabs, between bars, or between LaTeX's ``&``."""
    if "\t" in text and text.strip() and "R-squared" not in text:
        return tuple(_bare(cell) for cell in text.split("\t"))
    if "|" in text and _BETWEEN_BARS.match(text):
        inner = text.strip()
        doubled = inner.startswith("||") and inner.count("||") * 2 == inner.count("|")
        return tuple(_bare(cell) for cell in inner.strip("|").split("||" if doubled else "|"))
    if "&" in text and _LATEX_ROW.search(text):
        row = re.sub(r"\\\\.*$", "", _SPACED.sub("", text))
        return tuple(part for cell in re.split(r"(?<!\\)&", row) for part in _latex(cell))
    return ()


def _bare(cell: str) -> str:
    """Return a cell without Markdown's and HTML's emphasis."""
    cell = re.sub(r"\$?([-\d.]*\d)\^\{(\*+)\}\$?", r"\1\2", re.sub(r"</?\w+>", "", cell))
    bold = re.sub(r"^\*\*(.*?)\*\*$", r"\1", cell.strip())
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", bold).strip()


def _latex(cell: str) -> tuple[str, ...]:
    """Return a cell without LaTeX's commands, and empty ones behind it for the columns that it spans."""
    spans = _SPAN.search(cell)
    cell = re.sub(
        r"\^\{(\*+|\\ast+|\.|\\dagger)\}", r"\1", cell.replace("$", "").replace("\\textasteriskcentered", "*")
    )
    before = ""
    while before != cell:
        before, cell = cell, _EMPHASIS.sub(r"\1", cell)
    cell = re.sub(r"\\[;,: ]|~|\\(?:scriptsize|footnotesize|small|tiny)\b", " ", cell)
    cell = re.sub(r"\\([_%&#])", r"\1", cell.replace("{", "").replace("}", "")).strip()
    return (cell, *[""] * (int(spans[1]) - 1 if spans else 0))


_SEVERAL = re.compile(r"[^\s<>=]\s+(?:<\s?)?-?\d*\.\d[\d.e+-]*\**$|^-?\d[\d.]*\s+-?[\d.]")
"""A cell with a label and a number, or with two numbers: tabs did not stand between all columns."""


_BRACKETS = re.compile(r"[\[(][^\[\]()]*[\])]")


def without_false_cells(lines: list[Line]) -> list[Line]:
    """Return lines whose tabs stand for blanks as text: only where each row has a cell a column is it a table's."""
    found, at = list(lines), 0
    while at < len(lines):
        end = at
        while end < len(lines) and _tabbed(lines[end]):
            end += 1
        if end == at:
            at += 1
            continue
        counts = {len(line.cells) for line in lines[at:end]} - {len(lines[at].cells) + 1}
        headed = at > 0 and bool(lines[at - 1].cells)
        headless = not headed and any(re.search(r"\d[.,]\d", cell) for cell in lines[at].cells)
        gaps = any(not cell for line in lines[at:end] for cell in line.cells[1:-1])
        if (
            headless
            or (len(counts) > 1 and not gaps)
            or any(_SEVERAL.search(_BRACKETS.sub("", cell)) for line in lines[at:end] for cell in line.cells)
        ):
            found[at:end] = [replace(line, cells=()) for line in lines[at:end]]
        at = end
    return found


def _tabbed(line: Line) -> bool:
    if not line.cells or line.prose:
        return False
    return not (line.text.lstrip().startswith("|") or re.search(r"\\\\(\s|$|\[)", line.text))


def of_text(text: str, is_console: Callable[[Sequence[str]], bool] = lambda _: False) -> list[Line]:
    """Return the lines of a plain text or a Markdown page; with code fences, what is outside of them is prose.

    Paragraphs behind Markdown's margin of code are output as what stands in fences is. ``is_console`` tells of the
    lines in a fence of code whether they are commands and what these printed.
    """
    raw = text.split("\n")
    chunks = any((found := _FENCE.match(line)) and _CODE.match(found["info"]) for line in raw)
    raw, indented = _outdented(raw, alone=chunks)
    filled = [line for line in raw if line.strip()]
    marked = [line for line in filled if line.startswith(">")]
    if len(marked) > QUOTED * len(filled) and not all(map(COMMAND.match, marked)):
        raw = [re.sub(r"^> ?", "", line) for line in raw]
    fenced = any(_FENCE.match(line) for line in raw)
    lines = list(_continued(_fences(raw, fenced, is_console)))
    if fenced:
        lines = [
            replace(line, prose=False, output=chunks and not line.code) if at in indented else line
            for at, line in enumerate(lines)
        ]
    return without_false_cells(_single_spaced(_joined_pages(lines, raw)))


def _outdented(raw: list[str], alone: bool) -> tuple[list[str], set[int]]:
    """Return lines without the margin of code that paragraphs have in Markdown, and which lines these are.

    What continues an item of a list is text; a paragraph of one line is code only if ``alone`` says so.
    """
    found, blocks, at = list(raw), set[int](), 0
    while at < len(raw):
        end = at
        while end < len(raw) and (not raw[end].strip() or _has_margin(raw[end])):
            end += 1
        within = raw[at:end]
        apart = (at == 0 or not raw[at].strip()) and (end == len(raw) or not raw[end - 1].strip())
        several = any(a.strip() and b.strip() for a, b in pairwise(within))
        if apart and (several or (alone and any(text.strip() for text in within))):
            found[at:end] = _without_margin(within)
            if not (any(map(_FENCE.match, within)) or _continues_an_item(raw, at)):
                blocks |= set(range(at, end))
        at = max(end, at + 1)
    return found, blocks


def _has_margin(text: str) -> bool:
    """Tell whether a line begins with Markdown's margin of code; with a tab that is none before the second cell."""
    return bool(_MARGIN.match(text)) or (text.startswith("\t") and "\t" not in text.lstrip("\t"))


def _continues_an_item(raw: Sequence[str], at: int) -> bool:
    """Tell whether the paragraph above a line is an item of a list."""
    while at and not raw[at - 1].strip():
        at -= 1
    while at and raw[at - 1].strip():
        at -= 1
        if _ITEM.match(raw[at]):
            return True
    return False


def _without_margin(raw: list[str]) -> list[str]:
    """Return lines without the margin of code that all have, as often as all have it."""
    filled = [text for text in raw if text.strip()]
    margins = [re.match(r"(?: {4}|\t)*", text) for text in filled]
    margin = min((found[0] for found in margins if found), key=len)
    if not all(text.startswith(margin) for text in filled):
        return raw
    return [text[len(margin) :] for text in raw]


def _single_spaced(lines: list[Line]) -> list[Line]:
    """Return the lines of a text that has a blank line behind each without these."""
    filled = [at for at, line in enumerate(lines) if not line.blank]
    if len(filled) < _LINES_AT_LEAST or any(b - a == 1 for a, b in pairwise(filled)):
        return lines
    kept: list[Line] = []
    for a, b in pairwise([*filled, len(lines)]):
        kept += [lines[a], *lines[a + 1 : a + 1 + (b - a - 1) // 2]]
    return kept


def _joined_pages(lines: list[Line], raw: list[str]) -> list[Line]:
    """Return lines without form feeds and running heads, and without the blank lines around them."""
    breaks = [at for at, text in enumerate(raw) if _RUNNING_HEAD.match(text)]
    dropped = set(breaks)
    for at in breaks:
        for step in (-1, 1):
            beside = at + step
            while 0 <= beside < len(lines) and lines[beside].blank:
                dropped.add(beside)
                beside += step
    return [line for at, line in enumerate(lines) if at not in dropped] if dropped else lines


def _fences(raw: Sequence[str], fenced: bool, is_console: Callable[[Sequence[str]], bool]) -> Iterator[Line]:
    inside = code = False
    for number, text in enumerate(raw, start=1):
        if fenced and (found := _FENCE.match(text)) and not text.rstrip().endswith("`" * 3 + "`") and _is_fence(text):
            inside = not inside
            code = inside and bool(_CODE.match(found["info"])) and not is_console(_within(raw[number:]))
            yield Line(number, "")
        else:
            line = output(number, text.rstrip("\r"), code=code)
            commented = line.text != plain(text).rstrip() and not line.code
            marked = inside and not line.code if fenced else commented
            yield replace(line, prose=fenced and not (inside or commented), output=marked)


def _within(raw: Sequence[str]) -> list[str]:
    """Return the lines up to the end of a fence."""
    return list(takewhile(lambda text: not _FENCE.match(text), raw))


def _is_fence(text: str) -> bool:
    return "`" not in text.strip().lstrip("`")


def _continued(lines: Iterable[Line]) -> Iterator[Line]:
    """Mark the lines that go on a command: ``+`` behind a line of code."""
    before = False
    for line in lines:
        if before and line.text.startswith("+ "):
            line = replace(line, text=line.text[2:], code=True)
        before = line.code
        yield line
