"""One row of a printed matrix: its label, and the numbers below the headings they belong to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from replications.printouts.cells import Cell, stars_of, tidy, trailing
from replications.printouts.lines import Line

_WITHOUT_TEST = ("Residual", "<none>", "NULL")
_TEST = ("Chisq", "Df", "Test")
"""Headings of the first cell that the row of the first model has not: it is compared with none."""
_APART = re.compile(r"\s\s-?\d[\d.]*(?=\s)|^-?\d+\.\d{3,}$")
"""A number set apart within a label, and a long one that is all of it: neither names a row of tests or coefficients."""
_LINE = re.compile(r"\d+\s*\|$")
"""The number that an editor gave to a line, which is the label of nothing."""
_WORDS_OF_A_LABEL = 5
"""Words in front of numbers, too few for the headings, from which on a line is none of the matrix."""

_BRACKETS = re.compile(r"[(\[][^()\[\]]*[)\]]")
_DECIMAL = r"-?\d*\.\d[\d.eE+-]*"
_SET_APART = re.compile(
    rf"(?:\S\s\s+{_DECIMAL}|(?:^|\s){_DECIMAL}\s+{_DECIMAL})\s+\S|[^\W\d_][\w.]*:?\s{_DECIMAL}\s+[^\W\d_]"
)


@dataclass
class Row:
    """A row: its label, the cells by heading, its stars, its line; all its cells where these were cut at columns."""

    label: str
    line: int
    cells: dict[str, tuple[str, int]] = field(default_factory=dict)
    stars: str = ""
    stars_line: int = 0
    words: tuple[str, ...] = ()


def parse(line: Line, columns: Sequence[Cell], *, short: bool, decimal: bool = False) -> Row | None:
    """Read a row below headings.

    Parameters
    ----------
    line : Line
    columns : sequence of Cell
    short : bool
        Whether a row that is not aligned may have fewer cells than there are headings, the last ones missing.
    decimal : bool
        Whether a label may end with a decimal, ``eduYear 12.5``: not unless each heading has a cell that ends below it.
    """
    text, stars = stars_of(line.text)
    cells = trailing(text)
    if short and len(cells) > 1 and not text[: cells[0].start] and cells[0].text.isdigit():
        cells = cells[1:]
    below = _of_the_model(text, cells, columns) or _unless_covered(text, aligned(cells, columns), columns)
    if below and len(cells) == len(columns) > len(below) and _lost_places(text, below, columns):
        if len(below) > 1 and len(columns) > 2:
            return None
        below = {}
    placed = below or _in_turn(cells, columns, short, text[: cells[0].start].strip() if cells else "")
    if not placed:
        return None
    label = text[: min(cell.start for cell in placed.values())].strip()
    named = decimal and len(below) == len(columns) and re.search(r"\S \S*\d\S*$", label)
    if swallows(label.rpartition(" ")[0] if named else label, gap=True):
        return None
    if re.fullmatch(r"-\d*\.\d+" if len(placed) == len(columns) else r"-?\d*\.\d+", label) or _APART.search(label):
        return None
    if not below and len(placed) < len(columns) and len(label.split()) > _WORDS_OF_A_LABEL:
        return None
    row = Row(label, line.number, stars=stars, stars_line=line.number)
    row.cells = {name: (tidy(cell.text), line.number) for name, cell in placed.items()}
    return row


def swallows(label: str, *, gap: bool) -> bool:
    """Tell whether a label ends in a number that is none of it: one with a decimal, or with ``gap`` one set apart.

    A minus or stars at its end are none of it either; a number within brackets that the label opens and closes is.
    Nor has a label numbers within that are set apart: those are of a row that stands in front of the label.

    Examples
    --------
    >>> [swallows(label, gap=True) for label in ("arm 2", "(Intercept) 251.4", "Days  10", "0.25", "Days -")]
    [False, True, True, False, True]
    >>> [swallows(label, gap=True) for label in ("I(age - 43.01)", "I(x > 40.5)TRUE", "log(x + 0.5):z 0.3")]
    [False, False, True]
    >>> [swallows(label, gap=True) for label in ("2 |", "1 | site")]
    [True, False]
    >>> [swallows(label, gap=True) for label in ("dose 0.5 - dose 2", "ses 0.25 0.5 age", "error: 1.4 on")]
    [False, True, True]
    """
    if holds_numbers(label) or _LINE.match(label):
        return True
    if re.search(r"(^|\s)(?:[-<>]|\*{1,3})$|^Residuals?\s+\d", label):
        return True
    if _closes(label):
        return False
    return bool(
        re.search(r"\s-?\d*[.,]\d\S*$", label)
        or (gap and re.search(r"\s\s-?\d[\d.]*(?:\s+-?\d[\d.]*)*$|^-\d*\.\d+$", label))
    )


def holds_numbers(label: str) -> bool:
    """Tell whether decimals stand apart in a label, not in brackets: behind two blanks, two in turn, between words."""
    before = ""
    while before != label:
        before, label = label, _BRACKETS.sub("", label)
    return _SET_APART.search(label) is not None


def _closes(label: str) -> bool:
    """Tell whether the last word of a label closes more brackets than it opens, and the words before opened them."""
    before, _, last = label.rpartition(" ")
    return last.count(")") - last.count("(") == before.count("(") - before.count(")") > 0


def _lost_places(text: str, aligned: dict[str, Cell], columns: Sequence[Cell]) -> bool:
    """Tell whether a row that has a cell for each heading, but not below it, lost its blanks."""
    label = text[: min(cell.start for cell in aligned.values())].strip()
    by_chance = len(aligned) == 1 and columns[-1].text not in aligned and "  " not in text.strip()
    return by_chance or swallows(label, gap=True)


def aligned(cells: Sequence[Cell], columns: Sequence[Cell]) -> dict[str, Cell]:
    """Return the cells by the headings they end below; nothing if a cell between two such ones ends elsewhere."""
    ends = {column.end: column.text for column in columns}
    hits = [at for at, cell in enumerate(cells) if cell.end in ends]
    if not hits or hits[-1] != len(cells) - 1 or hits != list(range(hits[0], len(cells))):
        return {}
    if cells[hits[0]].start < 1 and len(columns) > 1:
        return {}
    if hits[0] and cells[hits[0] - 1].end > columns[0].end:
        return {}
    return {ends[cells[at].end]: cells[at] for at in hits}


def _unless_covered(text: str, below: dict[str, Cell], columns: Sequence[Cell]) -> dict[str, Cell]:
    """Return the aligned cells of a row, unless something stands below the headings in front that have no cell."""
    first = min((cell.start for cell in below.values()), default=0)
    skipped = [column for column in columns if column.end <= first and column.text not in below]
    return {} if any(text[column.start : column.end].strip() for column in skipped) else below


def _filled(label: str, columns: Sequence[Cell]) -> Sequence[Cell]:
    """Return the headings that have cells in a row with empty ones: of the model as it is, those of the fit alone."""
    if label == "NULL":
        return [column for column in columns if column.text.startswith("Resid.")]
    names = [column.text for column in columns]
    if label == "<none>":
        wanted = ("npar", "logLik", "AIC") if "logLik" in names else ("RSS", "Deviance", "AIC")
        return [column for column in columns if column.text in wanted]
    return columns


def _of_the_model(text: str, cells: Sequence[Cell], columns: Sequence[Cell]) -> dict[str, Cell]:
    """Return the cells of the row of the model as it is, if there is one for each heading that row can have."""
    label = text[: cells[0].start].strip() if cells else ""
    filled = _filled(label, columns) if label in ("<none>", "NULL") else []
    return {column.text: cell for column, cell in zip(filled, cells, strict=False)} if len(filled) == len(cells) else {}


def _in_turn(cells: Sequence[Cell], columns: Sequence[Cell], short: bool, label: str) -> dict[str, Cell]:
    if len(cells) < len(columns) and not (short and cells):
        return {}
    chosen = cells[-len(columns) :]
    if short and len(cells) < len(columns):
        columns = _filled(label, columns)
        if not (label.startswith(_WITHOUT_TEST) or len(columns) == len(cells) or columns[len(cells)].text in _TEST):
            return {}
    return {column.text: cell for column, cell in zip(columns, chosen, strict=False)}


def joined(lines: Sequence[Line], columns: Sequence[Cell]) -> list[Row]:
    """Return rows whose numbers follow on lines of their own; nothing unless each has one for each heading.

    A row begins with its label. As the numbers stand in the order of their headings, a full row leaves no choice.

    Examples
    --------
    >>> texts = ["(Intercept) 11.61", "0.38 30.29 ***", "x", "1.51", "0.16 9.30"]
    >>> pieces = [Line(number, text) for number, text in enumerate(texts)]
    >>> headings = [Cell("Estimate", 0, 8), Cell("Std. Error", 9, 19), Cell("t value", 20, 27)]
    >>> [(row.label, [text for text, _ in row.cells.values()], row.stars) for row in joined(pieces, headings)]
    [('(Intercept)', ['11.61', '0.38', '30.29'], '***'), ('x', ['1.51', '0.16', '9.30'], '')]
    """
    found: list[tuple[str, int, list[tuple[str, int]], str]] = []
    for line in lines:
        text, stars = stars_of(line.text)
        cells = trailing(text)
        label = text[: cells[0].start].strip() if cells else text.strip()
        numbers = [(tidy(cell.text), line.number) for cell in cells]
        if label:
            found.append((label, line.number, numbers, stars))
        elif not found or found[-1][3]:
            return []
        else:
            found[-1] = (*found[-1][:2], found[-1][2] + numbers, stars)
    names = [column.text for column in columns]
    if len(found) == len(lines) or not all(len(numbers) == len(names) for _, _, numbers, _ in found):
        return []
    if any(swallows(label, gap=True) for label, *_ in found):
        return []
    return [
        Row(label, number, dict(zip(names, numbers, strict=True)), stars, numbers[-1][1])
        for label, number, numbers, stars in found
    ]


def wrapped(lines: Sequence[Line], first: Sequence[Cell], columns: Sequence[Cell]) -> list[Row]:
    """Return rows that were wrapped where their headings were: label and numbers below ``first``, the rest below these.

    Nothing unless each row has a number that ends below each heading of the first line, whatever its label ends in, and
    then one for each other heading.

    Examples
    --------
    >>> texts = ["dose 0.5  2.41       0.60", " 4.02", "ses       0.31       0.10", " 3.10"]
    >>> headings = [Cell("Estimate", 6, 14), Cell("Std. Error", 15, 25), Cell("t value", -1, -1)]
    >>> rows = wrapped([Line(number, text) for number, text in enumerate(texts)], headings[:2], headings)
    >>> [(row.label, [text for text, _ in row.cells.values()]) for row in rows]
    [('dose 0.5', ['2.41', '0.60', '4.02']), ('ses', ['0.31', '0.10', '3.10'])]
    """
    names, found = [column.text for column in columns], list[Row]()
    numbers: list[list[tuple[str, int]]] = []
    for line in lines:
        text, stars = stars_of(line.text)
        cells = trailing(text)
        if numbers and cells and not text[: cells[0].start].strip() and not found[-1].stars:
            numbers[-1] += [(tidy(cell.text), line.number) for cell in cells]
            found[-1].stars, found[-1].stars_line = stars, line.number
            continue
        own = cells[-len(first) :]
        label = text[: own[0].start].rstrip() if own else ""
        if stars or [cell.end for cell in own] != [column.end for column in first] or not label or holds_numbers(label):
            return []
        found.append(Row(label.strip(), line.number))
        numbers.append([(tidy(cell.text), line.number) for cell in own])
    if not all(len(values) == len(names) for values in numbers):
        return []
    for row, values in zip(found, numbers, strict=True):
        row.cells = dict(zip(names, values, strict=True))
    return found
