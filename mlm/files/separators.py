"""What stands between the columns of a text, what its header says, and whether the rows below keep to it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from ..errors import DataError, counted, first_few

__all__ = ["Layout", "layout"]

SIGNS = ("\t", ";", ",", "|")  # of those in the header the most frequent one, else blanks
BLANKS = r"\s+"
ANNOUNCED = re.compile(r"sep=(.)\n?", re.IGNORECASE)  # a first line that spreadsheets write
QUOTED = re.compile(r'"[^"]*"')
OTHER_SIGNS = ":^~#/!&*+=@\\"  # may stand between columns, and are not taken for it
WHOLE = re.compile(r"\d+")
FIRST_ROWS = 20  # below the header, that are looked at for the sign

Fields = tuple[int, list[str]]


@dataclass(frozen=True)
class Layout:
    """Where the columns of a text are.

    Attributes
    ----------
    sign : str
        What stands between columns, as pandas takes it.
    names : tuple of str
    body : str
        The rows below the header.
    width : int
        Fields of the longest row: more than there are names where signs stand at the end of rows, or row names
        before them.
    row_names : bool
        Whether each row begins with its name, for which the header has none, as R writes them.
    """

    sign: str
    names: tuple[str, ...]
    body: str
    width: int
    row_names: bool


def layout(text: str, name: str) -> Layout:
    """Find out where columns and rows are.

    Raises
    ------
    DataError
        When no known sign stands between the columns, rows do not fit the header, or two columns have one name.
    """
    lines = io.StringIO(text)
    start, header, sign = _start(lines)
    if not header:
        raise DataError(f"{name} is empty.")
    above = start.count("\n")
    sign = sign or _sign(header, list(islice(filter(str.strip, lines), FIRST_ROWS)), name)
    lines.seek(len(start))
    names = next(_fields(lines, sign))[1]
    body = text[lines.tell() :]
    above += text[len(start) : lines.tell()].count("\n")
    width, row_names = _rows(body, sign, names, above, QUOTED.match(header.strip()) is not None, name)
    return Layout(sign, _unlike(names, name), body, width, row_names)


def _start(lines: io.StringIO) -> tuple[str, str, str]:
    """Return what stands above the header, the header's first line, and the sign that is announced above it."""
    above, sign = "", ""
    for line in iter(lines.readline, ""):
        announced = ANNOUNCED.fullmatch(line)
        if announced and not sign:
            sign = announced[1]
        elif line.strip():
            return above, line, sign
        above += line
    return above, "", sign


def _sign(header: str, rows: list[str], name: str) -> str:
    """Choose what separates columns by the header and the first rows, without what stands in quotes."""
    bare, below = QUOTED.sub("q", header), [QUOTED.sub("q", row) for row in rows]
    signs = [sign for sign in SIGNS if sign in bare]
    if signs:
        common = [sign for sign in signs if any(sign in row for row in below)]
        return max(common or signs, key=bare.count)
    columns, cells = len(bare.split()), [len(row.split()) for row in below]
    most = max(cells, default=columns)
    if columns > 1 and most - columns in (0, 1):
        return BLANKS
    if '"' in header and columns == 1 and set(cells) == {2}:  # one column below row names, as R writes it
        return BLANKS
    unknown = any(sign in bare and any(sign in row for row in below) for sign in OTHER_SIGNS)
    if (columns > 1 and most > 1) or (columns == 1 and unknown):
        raise DataError(f"{name} has no known separator between columns (, ; | tab or blanks) in {header.strip()!r}.")
    return ","


def _fields(lines: io.StringIO, sign: str, above: int = 0) -> Iterator[Fields]:
    """Give each row that is not blank as the number of its last line, and its fields; the first reads no further."""
    rows = iter(lines.readline, "")
    if sign == BLANKS:
        rows = (line.strip().replace("\t", " ") + "\n" for line in rows)
    reader = csv.reader(rows, delimiter=" " if sign == BLANKS else sign, skipinitialspace=True)
    yield from ((reader.line_num + above, fields) for fields in reader if any(fields) or len(fields) > 1)


def _split(body: str, sign: str, above: int) -> Iterator[Fields]:
    """Give the same; at once where nothing is quoted."""
    if '"' in body:
        return _fields(io.StringIO(body), sign, above)
    of = None if sign == BLANKS else sign
    lines = enumerate(body.split("\n"), above + 1)
    return ((number, line.split(of)) for number, line in lines if line.strip())


def _rows(body: str, sign: str, names: list[str], above: int, quoted: bool, name: str) -> tuple[int, bool]:
    """Return how many fields the longest row has, and whether the first of each row is its name."""
    columns = width = len(names)
    if '"' not in body and sign != BLANKS and max(line.count(sign) for line in body.split("\n")) < columns:
        return width, False  # no row has more; told in a tenth of the time
    surplus: Fields | None = None
    for line, fields in _split(body, sign, above):
        if sign == BLANKS and len(fields) < columns:
            raise _unfit(name, line, len(fields), names)
        if len(fields) > columns:
            width = max(width, len(fields))
            if surplus is None and any(field.strip() for field in fields[columns:]):
                surplus = line, fields
    if surplus is None:
        return width, False
    for line, fields in _split(body, sign, above):
        if len(fields) != columns + 1 or not fields[-1].strip():  # row names are before all rows, or before none
            wrong = (line, fields) if len(fields) > columns + 1 else surplus
            raise _unfit(name, wrong[0], len(wrong[1]), names)
    first = [fields[0].strip() for _, fields in _split(body, sign, above)]
    if not _are_row_names(first) or (columns == 1 and not quoted):
        raise _unfit(name, surplus[0], len(surplus[1]), names)
    return width, True


def _are_row_names(first: list[str]) -> bool:
    """Whether they are texts or row numbers, each another one."""
    if "" in first or len(set(first)) < len(first):
        return False
    return all(map(WHOLE.fullmatch, first)) or not any(map(_is_number, first))


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", "."))
    except ValueError:
        return False
    return True


def _unfit(name: str, line: int, fields: int, names: list[str]) -> DataError:
    return DataError(
        f"{name}: line {line} has {counted(fields, 'field')}, and the header {len(names)} ({first_few(names)}). "
        "Give every column a name and every row as many fields, remove what stands above the names, and put texts that "
        "hold the separator in quotes."
    )


def _unlike(names: list[str], file: str) -> tuple[str, ...]:
    """Return names of which none is empty; refuse two that are alike."""
    named = [name.strip() or f"Unnamed: {place}" for place, name in enumerate(names)]
    twins = [word for word in dict.fromkeys(named) if named.count(word) > 1]
    if twins:
        raise DataError(f"{file} has {named.count(twins[0])} columns {twins[0]!r}; rename or remove all but one.")
    return tuple(named)
