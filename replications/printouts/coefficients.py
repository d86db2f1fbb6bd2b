"""What summaries of models share: title lines, coefficient tables, quantiles of residuals, messages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from replications.printouts import matrices
from replications.printouts.block import Block
from replications.printouts.cells import Cell, all_numbers, is_number, names_above, tidy, trailing
from replications.printouts.cursor import Cursor
from replications.printouts.lines import Line
from replications.printouts.matrices import Matrix
from replications.printouts.names import quantity, slug

_P = ("Pr(", "p-value", "p.value", "P>")
_NO_STARS_FROM = 0.1
_NEAR = 2
"""Columns that a value may end beside its name where the page moved it."""
_VALUES = re.compile(r"-?\d*\.\d{4,}(?:[eE][-+]?\d+)?|-?[\d.]+(?:\s+-?[\d.]+)+")
"""A number with so many decimals that it names nothing, and several numbers."""
_TWO = 2
_LINES_OF_QUANTILES = 11
"""Lines that headings and quantiles take at most, where each of the five stands apart."""


_ONCE = re.compile(
    r"\s*(Random effects|Fixed effects|Coefficients|Number of obs|Scaled residuals|REML criterion|"
    r"Residual standard error|Multiple R-squared|F-statistic|"
    r"(?:Weighted |Deviance )?Residuals)\b.*?(?::|at convergence)",
    re.IGNORECASE,
)
"""What a summary of a model says once."""


def is_said_again(line: Line, seen: set[str]) -> bool:
    """Tell whether a section begins that a summary had, so that it is another model's whose title was not copied.

    Random effects stand above the fixed effects, so that those below are another model's too.

    Examples
    --------
    >>> seen = set()
    >>> [is_said_again(Line(1, text), seen) for text in ("Random effects:", "Fixed effects:", "Random effects:")]
    [False, False, True]
    >>> seen = set()
    >>> [is_said_again(Line(1, text), seen) for text in ("Fixed effects:", "Random effects:")]
    [False, True]
    """
    found = _ONCE.match(line.text)
    name = found[1].casefold() if found else ""
    again = name in seen or (name == "random effects" and "fixed effects" in seen)
    seen |= {name} - {""}
    return again


def formula(cursor: Cursor, first: str, ends: re.Pattern[str]) -> str:
    """Return a formula that may be wrapped: ``first`` and the indented lines that follow.

    Parameters
    ----------
    cursor : Cursor
        Behind the line where the formula begins.
    first : str
        What stands of it in that line.
    ends : pattern
        Lines that are none of it.
    """
    text = first.strip()
    while (line := cursor.peek()) is not None:
        if line.blank or line.prose or ends.search(line.text) or (text and not _unfinished(text, line.text)):
            break
        text += " " + cursor.take().text.strip()
    return re.sub(r"\s+", " ", text).strip()


def _unfinished(text: str, following: str) -> bool:
    return text[-1] in "+*|~,(-:/&=" or text.count("(") > text.count(")") or following.lstrip()[:1] in "+*|~"


def quantiles(cursor: Cursor, block: Block, prefix: str) -> None:
    """Read the row of five quantiles below its headings, which damage may have put on several lines."""
    names: list[str] = []
    cells: list[tuple[str, int]] = []
    taken = 0
    while (line := cursor.peek(taken)) is not None and taken < _LINES_OF_QUANTILES and len(cells) < 5:
        words = line.text.split()
        if line.prose or not words:
            if line.prose or len(cells) != len(names):
                break
        elif (numbers := all_numbers(line.text)) and not (words == ["10"] or not names):
            cells += [(tidy(cell.text), line.number) for cell in numbers]
        elif all(word in ("Min", "1Q", "10", "Q1", "Median", "Med", "3Q", "Q3", "Max") for word in words):
            names += words
        else:
            break
        taken += 1
    if len(cells) == 5:
        for name, (text, number) in zip(("Min", "1Q", "Median", "3Q", "Max"), cells, strict=True):
            block.add(text, f"{prefix}.{quantity(name)}", "", name, number)
        cursor.at += taken


def coefficients(
    cursor: Cursor, block: Block, ends: Callable[[Line], bool], prefix: str, *, columns: list[Cell] | None = None
) -> Matrix:
    """Read a table of coefficients into a block; ids are ``prefix.term.quantity``."""
    matrix = matrices.read(cursor, ends, columns=columns)
    add_rows(block, matrix, lambda label, column: f"{prefix}.{slug(label)}.{quantity(column)}")
    return matrix


def add_rows(block: Block, matrix: Matrix, name: Callable[[str, str], str]) -> None:
    """Add the cells of a matrix to a block, with the stars where they were printed."""
    starred = stars_shown(matrix)
    for row in matrix.rows:
        for column in matrix.headings:
            if column in row.cells:
                text, line = row.cells[column]
                block.add(text, name(row.label, column), row.label, column, line)
        p = [column for column in row.cells if column.startswith(_P)]
        if starred and p and row.cells[p[0]][0] != "NA":
            block.add(row.stars, name(row.label, "stars"), row.label, "", row.stars_line or row.line)
    block.unread += [(line.number, line.text) for line in matrix.unread]


def stars_shown(matrix: Matrix) -> bool:
    """Tell whether a row without stars says that there are none: not where they were switched off."""
    if matrix.has_stars or matrix.cut:
        return matrix.has_stars
    values = [cell[0] for row in matrix.rows for column, cell in row.cells.items() if column.startswith(_P)]
    return bool(values) and all(_value(text) >= _NO_STARS_FROM for text in values)


def _value(text: str) -> float:
    try:
        return float(text.lstrip("<= "))
    except ValueError:
        return 1.0


def named_vector(cursor: Cursor, ends: Callable[[Line], bool]) -> list[tuple[str, str, int]]:
    """Read a named vector: lines of names above lines of values, name and value ending in the same column."""
    found: list[tuple[str, str, int]] = []
    edges: list[int] = []
    while (line := cursor.peek()) is not None and (below := cursor.peek(1)) is not None:
        if line.blank and found:
            ahead = cursor.peek(1)
            if ahead is None or ahead.blank or not _pairs(ahead, cursor.peek(2), cursor.peek(3)):
                break
            cursor.take()
            continue
        if line.blank:
            cursor.take()
            continue
        pairs = [] if _both_wrapped(cursor) else _pairs(line, below, cursor.peek(2))
        if line.prose or line.code or ends(line) or not pairs or (found and _is_another(pairs, found)):
            break
        places = [cell.end for cell in trailing(below.text)] if names_above(line.text, trailing(below.text)) else []
        if edges and places and places != edges[: len(places)]:
            break
        edges = edges or places
        found += pairs
        cursor.at += 2
    return found


def _both_wrapped(cursor: Cursor) -> bool:
    """Tell whether names stand on two lines and values on the two below, so that it is not known whose they are."""
    above = cursor.lines[cursor.at - 1] if cursor.at else None
    if above is None or above.blank or above.prose or above.code or above.text.endswith(":") or "(" in above.text[1:]:
        return False
    values = [line is not None and all_numbers(line.text) for line in (cursor.peek(1), cursor.peek(2))]
    return all(values) and not trailing(above.text) and any("." in cell.text for cell in values[1] or ())


def _is_another(pairs: list[tuple[str, str, int]], found: list[tuple[str, str, int]]) -> bool:
    """Tell whether names begin another vector: with the first name of the one above, or with the intercept."""
    return pairs[0][0] in ("(Intercept)", found[0][0])


def _whole(names: list[str]) -> list[str]:
    """Return names, or nothing if one is part of another, as words of ``arm (old)`` would be, or a value itself."""
    parts = (
        (name[0] == "(" and name != "(Intercept)") or not re.search(r"\w", name) or _VALUES.fullmatch(name) is not None
        for name in names
    )
    return [] if any(parts) else names


def _names_near(text: str, cells: list[Cell]) -> list[str]:
    """Return the names above values that end a column or two beside them, where no other word ends as near."""
    ends = [found.end() for found in re.finditer(r"\S+", text)]
    near = [[end for end in ends if abs(end - cell.end) <= _NEAR] for cell in cells]
    if any(len(found) != 1 for found in near) or len(cells) < _TWO:
        return []
    cuts = [found[0] for found in near]
    names = [text[start:end].strip() for start, end in zip([0, *cuts], cuts, strict=False)]
    return names if cuts[-1] == ends[-1] and all(names) and not any(map(is_number, names)) else []


def _pairs(names: Line, values: Line | None, after: Line | None) -> list[tuple[str, str, int]]:
    """Return name, value and line of each value; nothing if the two lines are not names above values.

    Where values do not end below names, they are taken in turn, unless the line ``after`` them goes on with values:
    then both lines were wrapped, and it is not known which names are theirs.
    """
    if values is None or values.prose or names.code:
        return []
    if names.cells and len(names.cells) in (len(values.cells), len(values.cells) - 1):
        within = values.cells[-len(names.cells) :]
        both = [(name, text) for name, text in zip(names.cells, within, strict=True) if name or text]
        if all(name and is_number(text) and not is_number(name) for name, text in both):
            return [(name, text, values.number) for name, text in both]
    cells = trailing(values.text)
    if not cells or values.text[: cells[0].start].strip() or not names.text.strip():
        return []
    if labels := _whole(names_above(names.text, cells) or _names_near(names.text, cells)):
        return [(label, tidy(cell.text), values.number) for label, cell in zip(labels, cells, strict=True)]
    if after is not None and not after.prose and all_numbers(after.text):
        return []
    words = _whole(re.findall(r"\d(?:st|rd) Qu\.|\S+", names.text))
    if words and len(words) == len(cells) and not any(is_number(word) and word[-1] != "%" for word in words):
        return [(word, tidy(cell.text), values.number) for word, cell in zip(words, cells, strict=True)]
    return []


def messages(cursor: Cursor, block: Block, known: Iterable[str]) -> bool:
    """Take a line that is a message; tell whether it was one."""
    line = cursor.peek()
    if line is None or line.prose or line.blank:
        return False
    text = line.text.strip()
    if any(re.search(pattern, text) for pattern in known):
        block.messages.append(text)
        cursor.take()
        return True
    return False
