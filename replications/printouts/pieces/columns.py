"""Tables of a page whose columns follow each other, as paragraphs: labels, headings, then the cells of each column."""

from __future__ import annotations

import re
from collections.abc import Sequence

from replications.printouts.cells import is_number
from replications.printouts.headings import known_headings
from replications.printouts.lines import Line
from replications.printouts.model_tables.cells import parts
from replications.printouts.model_tables.columns import is_statistic
from replications.printouts.pieces.flow import Text
from replications.printouts.pieces.laid import Laid

_MODEL = re.compile(r"(?:Model|Modell) \w{1,3}|\(\d{1,2}\)|M\d{1,2}")
_WORDS_OF_A_LABEL = 6
_TWO = 2
_PARAGRAPHS_AT_MOST = 60

_Paragraph = list[Line]


def read(lines: Text, at: int) -> Laid | None:
    """Read a table that begins with its labels, or lose the column that begins here; None if neither does."""
    if at and not lines[at - 1].blank:
        return None
    (labels,), (end,) = _paragraphs(lines, at, 1)
    if len(labels) >= _TWO and all(map(_is_value, labels)):
        return Laid(end)
    if len(labels) < _TWO or not all(map(_is_label, labels)):
        return None
    rest, behind = _paragraphs(lines, end, _PARAGRAPHS_AT_MOST)
    found = _columns(rest, len(labels))
    if found is None:
        return None
    heads, columns, count = found
    rows = [Line(heads[0].number, "", cells=("", *(line.text for line in heads)))]
    rows += [
        Line(label.number, "", cells=(label.text, *(column[i].text for column in columns)))
        for i, label in enumerate(labels)
    ]
    pieces = {
        label.number: [
            (part, column[i].number) for column in columns for part in re.split(r"[()\s]+", column[i].text) if part
        ]
        for i, label in enumerate(labels)
    }
    rows.append(Line(heads[-1].number, ""))
    return Laid(behind[count - 1], rows, pieces)


def _paragraphs(lines: Text, at: int, most: int) -> tuple[list[_Paragraph], list[int]]:
    """Return the paragraphs from a place on, and the place behind each."""
    found, behind = list[_Paragraph](), list[int]()
    while at < len(lines) and len(found) < most:
        paragraph = _Paragraph()
        while at < len(lines) and not (lines[at].blank or lines[at].code or lines[at].prose):
            paragraph.append(lines[at])
            at += 1
        if paragraph:
            found.append(paragraph)
            behind.append(at)
        if at < len(lines) and not lines[at].blank:
            break
        at += 1
    return found, behind


def _columns(rest: Sequence[_Paragraph], high: int) -> tuple[list[Line], list[_Paragraph], int] | None:
    """Return headings, columns and how many paragraphs these are; None if any column has not a cell for each label."""
    heads, columns = list[Line](), list[_Paragraph]()
    for at, paragraph in enumerate(rest):
        if len(columns) == len(heads) and len(heads) >= _TWO and not _is_heading(paragraph[0]):
            return None if _is_value(paragraph[0]) else (heads, columns, at)
        if _is_heading(paragraph[0]) and (not columns or len(columns) == len(heads)):
            heads.append(paragraph.pop(0) if len(paragraph) > 1 else paragraph[0])
            if paragraph[0] is heads[-1]:
                continue
        if len(paragraph) != high or not all(map(_is_value, paragraph)) or len(columns) == len(heads):
            return None
        columns.append(paragraph)
    return (heads, columns, len(rest)) if len(columns) == len(heads) >= _TWO else None


def _is_heading(line: Line) -> bool:
    """Tell whether a line is the heading of one column that is known, or of a model."""
    text = line.text
    known = [cell.text for cell in known_headings(text)]
    return len(known) == 1 or is_statistic(text) or _MODEL.fullmatch(text) is not None


def _is_value(line: Line) -> bool:
    return is_number(line.text) or bool(parts(line.text))


def _is_label(line: Line) -> bool:
    return not _is_value(line) and len(line.text.split()) <= _WORDS_OF_A_LABEL and not line.text.endswith((".", ":"))
