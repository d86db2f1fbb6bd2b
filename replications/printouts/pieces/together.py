"""A text in pieces as a whole: whether it is one, its tables laid out again, and what was lost."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from replications.printouts.block import UNREAD, Block, Number, Printout
from replications.printouts.cells import stars_of, trailing
from replications.printouts.lines import Line
from replications.printouts.pieces import (
    columns,
    deviances,
    effects,
    frames,
    headed,
    models,
    stacked,
    triangle,
    vectors,
)
from replications.printouts.pieces.flow import Text, is_command, is_words, numbers_of
from replications.printouts.pieces.laid import Laid, Piece

LOST = (
    "The order of columns was lost on the way from a PDF, so that tables are not read: convert it once more with "
    "pdftotext -layout, which keeps the order."
)
_GAP = re.compile(r"^\s|\S\s{2,}\S")
"""Blanks that pdftotext leaves only with -layout."""
_FLAT = 0.98
"""Share of lines without such blanks from which on a text is in pieces."""
_LINES_AT_LEAST = 4
_RULE_BESIDE = re.compile(r"^-+(?:\s*##)?\s*(?=Signif)")
"""A rule that was joined with the legend below."""
_GOES_ON = re.compile(r"^Fixed effects:$|groups:$")
_GIVEN = re.compile(r"^[\w.]+ = +\S.*:$")
"""The level above a table of emmeans, in front of which a line is blank."""
_COEFFICIENTS = re.compile(r"^(?:Fixed effects|Coefficients):")
_FORMULA = re.compile(r"^[\w.()]+ ~ ")
_COUNTED = re.compile(r"^[^,;]+, \d+(?:; [^,;]+, \d+)*$")
_COLUMNS_BESIDE = re.compile(r"^on \d+$|^(?:degrees of freedom ?)+$")
"""The columns of the deviances of glm behind the first."""
_STARRED = re.compile(r"\s(?:\*{1,3}|\.)$")
"""A row with stars; a legend stands only below tables that have some, so that elsewhere they were lost."""
_SAYS = re.compile(r"[:=|](?:\s|$)|^\[\d+\]")
_TYPES = re.compile(r"(?:<\w+>\s?)+")
_TWO = 2


@dataclass
class Together:
    """The lines of a text, its tables laid out; by line the pieces of rows; the lines that were lost."""

    lines: list[Line]
    pieces: dict[int, list[Piece]] = field(default_factory=dict)
    lost: list[Line] = field(default_factory=list)


def together(lines: list[Line]) -> Together:
    """Return the lines of a text, and where it is in pieces its tables laid out as R prints them.

    Examples
    --------
    >>> texts = ["Fixed effects:", "Estimate Std. Error", "t value", "x 0.50", "0.25", "2.00", "z", "0.10 0.20", "0.50"]
    >>> for line in together([Line(number, text) for number, text in enumerate(texts)]).lines:
    ...     print(line.text)
    Fixed effects:
      Estimate Std. Error t value
    x     0.50       0.25    2.00
    z     0.10       0.20    0.50
    """
    if not is_in_pieces(lines):
        return Together(lines)
    text = Text(_without_damage(lines))
    state, at = _Pass(), 0
    while at < len(text):
        laid = _read(text, at, state.above.labels)
        state.drop_prefix(text[at])
        if laid is None or laid.end <= at:
            state.keep(text[at])
            at += 1
        else:
            state.add(laid, text[at : laid.end])
            at = laid.end
    return _without_strays(state.found) if state.broken else Together(lines)


@dataclass
class _Pass:
    """What was made of the lines so far: the last table, its rows, its stars; whether any table was in pieces."""

    found: Together = field(default_factory=lambda: Together([]))
    above: Laid = field(default_factory=lambda: Laid(0))
    terms: int = 0
    starred: bool = False
    broken: bool = False

    def drop_prefix(self, line: Line) -> None:
        """Drop the line before if it has nothing but the prefix of this one, which is its text."""
        before = self.found.lines[-1] if self.found.lines else None
        if before and before.output and before.blank and not (line.output or line.blank or is_command(line)):
            self.found.lines.pop()

    def keep(self, line: Line) -> None:
        """Add a line as it is; but no legend below a table without stars."""
        self.above = self.above if line.blank else replace(self.above, labels=[])
        self.terms = 0 if _COEFFICIENTS.match(line.text) else self.terms
        legend = "Signif. codes" in line.text
        self.found.lines.append(replace(line, text="") if legend and not self.starred else line)

    def add(self, laid: Laid, lines: Sequence[Line]) -> None:
        """Add a table that was made of lines; or lose these, as where names are cut from others that were lost.

        Lines of which none is a piece are for other readers to make something of.
        """
        if not laid.lines and not any(map(numbers_of, lines)):
            laid = replace(laid, lines=list(lines))
        if laid.lines and not (laid.cut and len(laid.lines) != self.terms):
            self.found.lines += laid.lines
            self.found.pieces |= {line.number: [] for line in laid.lines} | laid.pieces
            self.found.lost += laid.lost
        else:
            _lose(self.found, lines)
        filled = sum(not line.blank for line in lines)
        whole = sum(not line.blank for line in laid.lines)
        lost = sum(bool(numbers_of(line)) for line in lines) if not whole else 0
        self.broken = self.broken or bool(laid.lost) or filled > whole > 0 or lost >= _TWO
        self.above, self.terms = laid, len(laid.labels)
        self.starred = any(_STARRED.search(line.text) for line in laid.lines)


def is_in_pieces(lines: Sequence[Line]) -> bool:
    """Tell whether all blanks between columns are gone from a text."""
    filled = [line for line in lines if not (line.blank or line.code or line.prose or line.cells)]
    flat = [line for line in filled if not _GAP.search(line.text)]
    return len(filled) >= _LINES_AT_LEAST and len(flat) >= _FLAT * len(filled) and not any(line.cells for line in lines)


def _read(lines: Text, at: int, before: Sequence[str]) -> Laid | None:
    """Return what begins in a line, laid out; None if nothing does."""
    if lines[at].blank or lines[at].code or lines[at].prose:
        return None
    return (
        models.read(lines, at)
        or effects.read(lines, at)
        or vectors.read(lines, at)
        or triangle.read(lines, at)
        or stacked.read(lines, at)
        or headed.read(lines, at, before)
        or vectors.read_named(lines, at)
        or vectors.read_deviations(lines, at)
        or deviances.read(lines, at)
        or frames.read(lines, at)
        or columns.read(lines, at)
    )


def _without_damage(lines: Sequence[Line]) -> list[Line]:
    """Return lines without what stands between the parts of one: rules in front of a legend, and blank lines."""
    found, marked = list[Line](), Text(lines).marked
    for at, line in enumerate(lines):
        above = found[-1].text if found else ""
        page = marked and not line.output and at + 1 < len(lines) and lines[at + 1].output
        if line.blank and (above == "Call:" or _GOES_ON.search(above) or page):
            continue
        if (above == "Fixed effects:" and _FORMULA.match(line.text)) or (
            above.endswith("groups:") and _COUNTED.match(line.text)
        ):
            found[-1] = replace(found[-1], text=f"{above} {line.text}")
        else:
            if _GIVEN.match(line.text):
                found.append(Line(line.number, ""))
            rule = _RULE_BESIDE.match(line.text)
            found.append(replace(line, text=line.text[rule.end() :]) if rule else line)
    return found


def _lose(found: Together, lines: Sequence[Line]) -> None:
    """Keep lines from being read, and those with numbers as lost."""
    found.lost += [line for line in lines if re.search(r"\d", line.text)]
    found.lines += [replace(line, text="") for line in lines]


def _without_strays(found: Together) -> Together:
    """Keep what stands by itself from being read with what happens to stand beside it: numbers without a label.

    So are rows beside such numbers, unless they have a word for each word of the headings above them, or one more.
    """
    kept, words, beside = Together([], found.pieces, found.lost), 0, False
    for at, line in enumerate(found.lines):
        below = found.lines[at + 1] if at + 1 < len(found.lines) else None
        row = _is_row(line)
        whole = row and len(line.text.split()) - words in (0, 1)
        piece = row and not whole and (beside or (below is not None and bool(numbers_of(below))))
        beside = line.number not in found.pieces and (piece or _is_stray(found.lines, at))
        if beside:
            _lose(kept, [line])
        else:
            kept.lines.append(line)
        if not (whole or _TYPES.fullmatch(line.text)):
            words = len(line.text.split()) if is_words(line) else 0
    return kept


def _is_stray(lines: Sequence[Line], at: int) -> bool:
    """Tell whether a line is a piece: numbers alone, and not as many as names above that stand by themselves too."""
    line = lines[at]
    if line.blank or line.code or line.prose:
        return False
    if _COLUMNS_BESIDE.match(line.text):
        return True
    if not (numbers := numbers_of(line)):
        return False
    above = lines[at - 1] if at else None
    if above is None or above.blank or not is_words(above) or len(above.text.split()) != len(numbers) < _TWO:
        return True
    beside = [lines[i] for i in (at - 2, at + 1) if 0 <= i < len(lines)]
    return any(is_words(other) or numbers_of(other) for other in beside)


def _is_row(line: Line) -> bool:
    """Tell whether a line is of a label and several numbers, a row whose headings are not known."""
    cells = trailing(stars_of(line.text)[0])
    label = line.text[: cells[0].start].strip() if cells else ""
    return len(cells) >= _TWO and bool(label) and any("." in cell.text for cell in cells) and not _SAYS.search(label)


def returned(printout: Printout, found: Together) -> None:
    """Give the numbers of tables that were laid out the lines of their pieces, and add what was lost."""
    left = {number: list(pieces) for number, pieces in found.pieces.items()}
    for block in printout:
        block.numbers[:] = [_from_piece(number, left) for number in block.numbers]
    starts, added = [block.line for block in printout], list[Block]()
    for line in sorted(found.lost, key=lambda line: line.number):
        at = bisect_right(starts, line.number) - 1
        block = printout[at] if at >= 0 and line.number <= printout[at].last else _unread(added, line.number)
        block.unread.append((line.number, line.text))
        block.unread.sort()
    printout.extend(added)
    printout.sort(key=lambda block: block.line)
    printout.notes += [LOST] if found.lost else []


def _unread(added: list[Block], number: int) -> Block:
    """Return the block of what no reader knows that a line goes on, or a new one."""
    if not added or added[-1].last + 1 < number:
        added.append(Block(UNREAD, number))
    added[-1].last = number
    return added[-1]


def _from_piece(number: Number, left: dict[int, list[Piece]]) -> Number:
    """Return a number with the line of its piece, which is taken from those that are left."""
    pieces = left.get(number.line, [])
    text = re.sub(r"\s", "", number.text)
    at = next((at for at, (piece, _) in enumerate(pieces) if re.sub(r"\s", "", piece) == text), None)
    return number if at is None or not text else replace(number, line=pieces.pop(at)[1])
