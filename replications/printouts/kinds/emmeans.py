"""``emmeans()``, ``contrast()``, ``emtrends()`` and ``joint_tests()`` of emmeans, and the letters of ``cld()``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from replications.printouts.block import Block
from replications.printouts.cells import NUMBER, Cell, is_split
from replications.printouts.cursor import Cursor
from replications.printouts.kind import has_title, kind
from replications.printouts.lines import Line
from replications.printouts.names import quantity, slug
from replications.printouts.rows import swallows

_ESTIMATE = (
    r"(?:emmean|estimate|prob|rate|response|odds\.ratio|ratio|hazard|lsmean|prediction|the\.emmean|[^\s=]+\.trend)"
)
_OF_TESTS = r"(?:model term\s.*\s)?df1\s+df2\s+F\.ratio|effect\.size\s+SE"
_BEHIND = (
    r"(?:SE|df|null|df1|df2|(?:t|z|F)\.ratio|Chisq|p\.value|(?:lower|upper)\.(?:CL|HPD)|asymp\.(?:L|U)CL|\.group|note)"
)
_HEAD = re.compile(
    rf"^(?:.*?\s{_ESTIMATE}\s+(?:SE|(?:lower|asymp)\S+|df)\b|(?:.*?\s)?(?:{_OF_TESTS}))(?:\s+{_BEHIND}|\s+SE)*"
    rf"(?P<others>(?:\s+[A-Za-z.][\w.]*){{1,2}}(?:\s+{_BEHIND}){{2,}}(?:\s+\S+)?|\s+\.\w+\.set)?\s*$"
)
"""Headings, with one or two columns between that a method adds, ``n``, perhaps."""
_LETTERS = re.compile(r"\.(?:group|(?:equiv|delta|signif)\.set)|note")
"""Headings of what stands behind the numbers as letters: groups, sets, notes."""
_GIVEN = r"^\s*[\w.]+ = +\S.*:\s*$"
_NOTES = (
    r"^(Degrees-of-freedom|Confidence level|P value adjustment|Results are (averaged|given)|Intervals are|Tests are)",
    r"^(Conf-level adjustment|Note: |NOTE: |d\.f\. method|Warning|[Ss]ignificance level used|Groups? (?!\s*Name\b)|"
    r"then we cannot show|But we also did not show)",
)


_CELL = re.compile(rf"(?:^|(?<=\s))(?:{NUMBER}|nonEst)$")
_WIDEST = 80
"""The most characters of one number, as far as is looked back from where it ends."""
_NO_LETTERS = re.compile(r"\d\.\d|[:=]")
_NOTE = "note"
"""The heading of letters that refer to notes below, which only some rows have."""
_PANEL = re.compile(rf"^\s*{_BEHIND}(\s+{_BEHIND})*\s*$")
_NUMBERS = re.compile(rf"^\s*{_ESTIMATE}(\s+{_BEHIND})+\s*$")
_LABELS = r"^\s*contrast\s*$"
"""The heading of labels that took the whole width, so that their numbers stand below."""
_INTERACTION = re.compile(r"_(?:(?:rev)?pairwise|poly|(?:del\.)?eff|consec|trt\.vs\.ctrl\w*|mean_chg|tukey)(?:\s|$)")
"""The end of a heading of levels of ``contrast(..., interaction = )``."""


@dataclass
class _Heads:
    """Headings: those of levels, those of numbers, and that of the letters of ``cld()`` behind, if there is one."""

    labels: list[Cell]
    columns: list[Cell]
    letters: Cell | None

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.labels) + len(self.columns) + (self.letters is not None)


@dataclass
class _Row:
    """A row: its label, the beginning of its ids, its cells as heading, quantity, text and line."""

    label: str
    name: str
    cells: list[tuple[str, str, str, Line]]


@kind(
    "emmeans.emmeans",
    begins=rf"{_HEAD.pattern}|^\s*\$(emmeans|contrasts|emtrends|lsmeans)\s*$|{_GIVEN}|{_LABELS}",
    turn=40,
)
def read(cursor: Cursor) -> Block | None:
    """Read one table with the notes below; ids are ``levels.quantity``."""
    first = cursor.peek()
    assert first is not None
    block = Block("emmeans.emmeans", first.number, call=cursor.call())
    if first.text.strip().startswith("$"):
        cursor.take()
    given = ""
    if (line := cursor.peek()) is not None and re.match(_GIVEN, line.text):
        given = cursor.take().text.strip(": ")
    head = cursor.peek()
    if head is not None and re.match(_LABELS, head.text):
        return _below_labels(cursor, block, given)
    if head is None or not _HEAD.match(head.text):
        return None
    heads = _heads(cursor.take().text)
    block.kind = _kind(heads)
    while True:
        if given:
            block.labels[cursor.lines[cursor.at - 2].number] = given
        _panels(cursor, block, _rows(cursor, block, heads, given))
        again = _again(cursor, head)
        if again is None:
            break
        given, heads = again, _heads(cursor.lines[cursor.at - 1].text)
    _notes(cursor, block)
    return block if block.numbers or block.unread else None


def _notes(cursor: Cursor, block: Block) -> None:
    while (line := cursor.skip_blank()) is not None and any(re.match(p, line.text.strip()) for p in _NOTES):
        block.heads.setdefault("notes", "")
        block.heads["notes"] = f"{block.heads['notes']} {cursor.take().text.strip()}".strip()


def _below_labels(cursor: Cursor, block: Block, given: str) -> Block | None:
    """Read labels that took the whole width, and the panels of their numbers below; None if none follow."""
    block.kind, rows = "emmeans.contrast", list[_Row]()
    while (line := cursor.peek(1 + len(rows))) is not None and not (line.blank or line.prose or line.code):
        if _NUMBERS.match(line.text):
            break
        label = line.text.strip()
        block.labels[line.number] = label
        name = ".".join(filter(None, (slug(given.partition("=")[2]), slug(re.sub(r"\s+", " ", label)))))
        rows.append(_Row(f"{given} {label}".strip(), name, []))
    if line is None or not rows or not _NUMBERS.match(line.text):
        return None
    cursor.at += 1 + len(rows)
    _panels(cursor, block, rows)
    _notes(cursor, block)
    return block if block.numbers else None


def _again(cursor: Cursor, head: Line) -> str | None:
    """Pass ``sex = f:`` and the headings that stand again below; return what is given."""
    ahead = 0
    while (line := cursor.peek(ahead)) is not None and line.blank:
        ahead += 1
    below = cursor.peek(ahead + 1)
    if line is None or below is None or not re.match(r"^.* = .*:$", line.text.strip()):
        return None
    if below.text.split() != head.text.split():
        return None
    cursor.at += ahead + 2
    return line.text.strip(": ")


def _heads(text: str) -> _Heads:
    """Return the headings of a line; those of numbers begin with the estimate."""
    cells, letters = _words(text)
    at = next(
        (i for i, cell in enumerate(cells) if re.search(rf"^({_ESTIMATE}|df1|effect\.size)$", cell.text)),
        1,
    )
    return _Heads(cells[:at], cells[at:], letters)


def _kind(heads: _Heads) -> str:
    labels = " ".join(cell.text for cell in heads.labels)
    if "contrast" in labels or _INTERACTION.search(labels):
        return "emmeans.contrast"
    return "emmeans.joint_tests" if "model term" in labels else "emmeans.emmeans"


def _rows(cursor: Cursor, block: Block, heads: _Heads, given: str) -> list[_Row]:
    """Read rows up to what is none; one with numbers that cannot be placed is reported."""
    rows: list[_Row] = []
    while (line := cursor.peek()) is not None and not (line.blank or line.prose or line.code):
        row = _row(line, heads, given)
        if row is not None:
            rows.append(row)
            block.labels[line.number] = row.label
        elif _is_row(line, heads):
            block.unread.append((line.number, line.text))
        else:
            break
        cursor.take()
    return rows


def _is_row(line: Line, heads: _Heads) -> bool:
    """Tell whether a line that could not be read is a row: most of its numbers are there, and nothing else begins."""
    text = line.text.strip()
    if any(re.match(note, text) for note in _NOTES) or _HEAD.match(line.text) or has_title(line):
        return False
    numbers = [word for word in text.split() if _CELL.fullmatch(word)]
    return 2 * len(numbers) > len(heads.columns)


def _row(line: Line, heads: _Heads, given: str) -> _Row | None:
    """Return a row of a label and a number, or ``nonEst``, for each heading, with its letters."""
    if is_split(line.text):
        return None
    placed = _aligned(line.text, heads)
    if placed is None and not _has_gaps(line.text, heads):
        placed = _in_words(line.text, heads) or _in_turn(line.text, heads)
    joint = not heads.labels and heads.columns[0].text == "df1"
    if placed is None or not (placed[0] or joint):
        return None
    label, cells = placed
    name = slug(re.sub(r"\s+", " ", label))
    return _Row(
        f"{given} {label}".strip(),
        ".".join(filter(None, (slug(given.partition("=")[2]), name))),
        [(what, id, text, line) for (what, id), text in zip(_quantities(heads), cells, strict=True) if text],
    )


def _quantities(heads: _Heads) -> list[tuple[str, str]]:
    """Return each heading of numbers and letters with what it is in ids; the first behind levels is the estimate."""
    names = [column.text for column in heads.columns]
    found = [(name, quantity(name)) for name in names]
    if heads.labels and names[0] != "df1":
        found[0] = (names[0], "estimate")
    return [*found, (heads.letters.text, quantity(heads.letters.text).strip("_"))] if heads.letters else found


def _aligned(text: str, heads: _Heads) -> tuple[str, list[str]] | None:
    """Return label and cells of a row whose numbers end below their headings; what stands in front are levels."""
    cells: list[Cell] = []
    for column in heads.columns:
        found = _CELL.search(text, max(0, column.end - _WIDEST), column.end)
        between = text[cells[-1].end : found.start()] if found and cells else ""
        if found is None or text[column.end : column.end + 1].strip() or between.strip():
            return None
        cells.append(Cell(found[0], found.start(), found.end()))
    label, behind = (text[: cells[0].start], text[cells[-1].end :]) if cells else ("", text)
    letters = _letters(behind, heads)
    return None if letters is None else (label.strip(), [*(cell.text for cell in cells), *letters])


def _has_gaps(text: str, heads: _Heads) -> bool:
    """Tell whether most numbers of a row end below their headings, and below another one nothing stands."""
    ends = [_CELL.search(text, max(0, column.end - _WIDEST), column.end) for column in heads.columns]
    whole = [
        found and not text[column.end : column.end + 1].strip()
        for found, column in zip(ends, heads.columns, strict=True)
    ]
    empty = [not text[column.start : column.end].strip() for column in heads.columns]
    return any(empty) and 2 * sum(map(bool, whole)) >= len(heads.columns)


def _letters(behind: str, heads: _Heads) -> list[str] | None:
    """Return what stands behind the numbers as the letters; None if there is something else, or none."""
    text = behind.strip()
    if heads.letters is None:
        return None if text else []
    if heads.letters.text == _NOTE:
        return [""] if re.fullmatch(r"(?:[a-z](?:\s+[a-z])*)?", text) else None
    return [text] if text and not _NO_LETTERS.search(text) else None


def _in_words(text: str, heads: _Heads) -> tuple[str, list[str]] | None:
    """Return label and cells of a row that is not aligned and has a word for each heading."""
    words = re.sub(r"([<>]=?)\s+(?=[\d.])", r"\1", text).split()
    at = len(heads.labels)
    numbers = words[at : at + len(heads.columns)]
    if len(words) != heads.count or not all(map(_CELL.fullmatch, numbers)):
        return None
    return " ".join(words[:at]), words[at:]


def _in_turn(text: str, heads: _Heads) -> tuple[str, list[str]] | None:
    """Return label and cells of a row that is not aligned: its last numbers, with letters but no digits behind."""
    behind = r"\s+([A-Za-z]+(?:\s+[A-Za-z]+)*)" if heads.letters else "()"
    found = re.match(rf"^(.*?\S)((?:\s+(?:{NUMBER}|nonEst)){{{len(heads.columns)}}}){behind}\s*$", text)
    if found is None:
        return None
    label = found[1].strip()
    if swallows(label, gap=heads.letters is not None) and ("  " not in text.strip() or heads.letters):
        return None
    return label, [*re.findall(rf"{NUMBER}|nonEst", found[2]), *filter(None, [found[3]])]


def _panels(cursor: Cursor, block: Block, rows: list[_Row]) -> None:
    """Add the rows, with the columns that did not fit and stand below them, a line a row and without its label."""
    while (head := cursor.peek()) is not None and rows and (_PANEL.match(head.text) or _numbers_begin(head, rows)):
        heads = _heads_of_panel(head.text)
        lines = [cursor.peek(1 + at) for at in range(len(rows))]
        cells = [_of_panel(line, heads) for line in lines]
        cursor.take()
        if any(values is None for values in cells) or _of_panel(cursor.peek(len(rows)), heads) is not None:
            while (line := cursor.peek()) is not None and _of_panel(line, heads, whole=False) is not None:
                block.unread.append((line.number, cursor.take().text))
            break
        for row, line, values in zip(rows, lines, cells, strict=True):
            assert line is not None
            assert values is not None
            named = zip(_quantities(heads), values, strict=True)
            row.cells += [(column, what, text, line) for (column, what), text in named]
        cursor.at += len(rows)
    for row in rows:
        for column, what, text, line in row.cells:
            if text != "nonEst":
                block.add(text, f"{row.name}.{what}".removeprefix("."), row.label, column, line.number)


def _numbers_begin(line: Line, rows: list[_Row]) -> bool:
    """Tell whether a line heads the first panel of rows that have labels alone."""
    return not any(row.cells for row in rows) and bool(_NUMBERS.match(line.text))


def _heads_of_panel(text: str) -> _Heads:
    cells, letters = _words(text)
    return _Heads([], cells, letters)


def _words(text: str) -> tuple[list[Cell], Cell | None]:
    """Return the headings of a line, and that of letters where it is the last."""
    cells = [Cell(found[0], found.start(), found.end()) for found in re.finditer(r"\S+", text)]
    return (cells[:-1], cells[-1]) if _LETTERS.fullmatch(cells[-1].text) else (cells, None)


def _of_panel(line: Line | None, heads: _Heads, *, whole: bool = True) -> list[str] | None:
    """Return the cells of a row of a panel below; without ``whole`` its words if there are numbers or letters only."""
    if line is None or line.blank or line.prose or line.code or any(re.match(p, line.text.strip()) for p in _NOTES):
        return None
    words = line.text.split()
    if not whole:
        return words if all(_CELL.fullmatch(word) or (heads.letters and word.isalnum()) for word in words) else None
    placed = _aligned(line.text, heads) or _in_words(line.text, heads)
    return placed[1] if placed is not None and not placed[0] else None
