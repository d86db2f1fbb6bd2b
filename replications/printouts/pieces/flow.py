"""The lines of a text in pieces, one after another: what a line has, and where a table ends."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from replications.printouts.cells import all_numbers, stars_of, tidy, trailing
from replications.printouts.headings import known_headings
from replications.printouts.kind import has_title
from replications.printouts.lines import Line
from replications.printouts.pieces.laid import Piece, Row

STARS = re.compile(r"\*{1,3}|[.+]")
_NO_ROW = re.compile(r":(?:\s|$)|^-{2,}|^\[\d+\]|Signif\. codes|<-")
"""What says something of its own, a rule, a vector, a legend, an assignment."""
_COMMAND = re.compile(r"^[A-Za-z_.][\w.:]*\(.*\)$|<-")
VARIABLES = ("z", "t", "F")
"""Headings that are names of variables as well."""
_MARKED = 0.2
"""Share of lines with a prefix from which on all output has it."""
_LOOK_BACK = 3


class Text(list[Line]):
    """The lines of a text in pieces.

    Attributes
    ----------
    marked : bool
        Whether each printed line has a prefix, ``##``, so that it is known where rows begin.
    """

    def __init__(self, lines: Iterable[Line]) -> None:
        super().__init__(lines)
        self.marked = sum(line.output for line in self) > _MARKED * len(self)

    def above(self, at: int) -> Line | None:
        """Return the line above that is not blank; None at the beginning."""
        return next((line for line in self[max(at - _LOOK_BACK, 0) : at][::-1] if not line.blank), None)

    def behind_blank(self, at: int) -> int:
        """Return the first place from one on whose line is not blank."""
        while at < len(self) and self[at].blank:
            at += 1
        return at


def numbers_of(line: Line) -> list[Piece]:
    """Return the numbers of a line that has nothing else."""
    text, _ = stars_of(line.text)
    return [(tidy(cell.text), line.number) for cell in all_numbers(text) or []]


def is_command(line: Line) -> bool:
    """Tell whether a line is a command, with a prompt or without."""
    return line.code or _COMMAND.search(line.text) is not None


def is_words(line: Line) -> bool:
    """Tell whether a line has text and no number at its end."""
    return not (line.blank or line.code or line.prose or trailing(stars_of(line.text)[0]))


def ends(line: Line) -> bool:
    """Tell whether a line is none of a table's rows."""
    if line.blank or line.code or line.prose or line.cells:
        return True
    return says(line) or (line.text not in VARIABLES and bool(known_headings(line.text)))


def says(line: Line) -> bool:
    """Tell whether a line is neither of a row nor of headings, but a title, a note, a rule or an assignment."""
    return bool(_NO_ROW.search(line.text) or has_title(line))


def rows_from(
    lines: Text, start: int, *, labels: int = 1, ended: Callable[[Line], bool] = ends
) -> tuple[list[Row], int]:
    """Take the pieces of rows, and return the rows and the place behind them.

    Parameters
    ----------
    lines : Text
    start : int
        The place behind the headings.
    labels : int
        How many pieces a label may have.
    ended : callable
        Tells whether a line is none of the rows.
    """
    rows, at = list[Row](), start
    while at < len(lines) and not _is_over(lines, at, labels, ended):
        line = lines[at]
        text, stars = stars_of(line.text)
        cells = trailing(text)
        label = text[: cells[0].start].strip() if cells else text.strip()
        if STARS.fullmatch(label) and rows and not (cells or rows[-1].stars):
            label, stars = "", label
        elif label and not cells and not _begins_row(lines, at, labels, ended):
            break
        if _is_new(line, label, rows, lines.marked, labels):
            rows.append(Row(line.number, indented=lines.marked and line.blank))
        rows[-1].label += [(label, line.number)] if label else []
        rows[-1].numbers += [(tidy(cell.text), line.number) for cell in cells]
        rows[-1].stars = (stars, line.number) if stars else rows[-1].stars
        at += 1
    return rows, at


def _is_over(lines: Text, at: int, labels: int, ended: Callable[[Line], bool]) -> bool:
    """Tell whether rows end; a row may begin with nothing but its prefix where labels have several pieces."""
    line = lines[at]
    if lines.marked and labels > 1 and line.output and line.blank:
        return at + 1 == len(lines) or lines[at + 1].output or ended(lines[at + 1])
    return ended(line)


def _is_new(line: Line, label: str, rows: Sequence[Row], marked: bool, labels: int) -> bool:
    if marked:
        return line.output or not rows
    if not rows or not label:
        return not rows
    return bool(rows[-1].numbers) or len(rows[-1].label) == labels


def _begins_row(lines: Text, at: int, labels: int, ended: Callable[[Line], bool]) -> bool:
    """Tell whether a line of words is a label: numbers follow, or another piece of the label and then numbers.

    What may be a command, ``log(x)``, is one unless numbers alone follow.
    """
    labels = 1 if is_command(lines[at]) else labels
    for ahead in range(1, labels + 1):
        below = lines[at + ahead] if at + ahead < len(lines) else None
        if below is None or ended(below):
            return False
        if trailing(stars_of(below.text)[0]):
            return labels > 1 or bool(numbers_of(below))
    return False
