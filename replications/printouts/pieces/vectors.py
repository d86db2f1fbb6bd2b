"""Names above values, of which groups of columns follow each other: quantiles, criteria, coefficients."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from replications.printouts.headings import known_headings
from replications.printouts.lines import Line
from replications.printouts.pieces.flow import Text, ends, is_command, is_words, numbers_of
from replications.printouts.pieces.headed import VECTORS
from replications.printouts.pieces.laid import Laid, Piece, Row, table

_QUANTILES = 5
_CRITERIA = (
    ["AIC", "BIC", "logLik"],
    ["AIC", "BIC", "logLik", "deviance", "df.resid"],
    ["AIC", "BIC", "logLik", "-2*log(L)", "df.resid"],
)
_TITLE = re.compile(
    r"^(?:Fixed Effects|Coefficients|Parameter estimates?(?:\(s\))?):$|^(?:round\()?(?:\w+::)?(?:fixef|coef)\("
)
"""What stands above a named vector: a title of lme4's or lm's, or a command."""
_DEVIATIONS = "StdDev:"


def read(lines: Text, at: int) -> Laid | None:
    """Read quantiles of residuals or criteria; None if their names do not begin here."""
    line = lines[at]
    words = [cell.text for cell in known_headings(line.text)] if not (line.blank or line.code or line.prose) else []
    if not words or not (words[0] in VECTORS or words[0] == "AIC"):
        return None
    names, values, end = _groups(lines, at, known=True)
    texts = [text for text, _ in names]
    whole = len(names) == _QUANTILES and set(texts) <= VECTORS if words[0] in VECTORS else texts in _CRITERIA
    if words[0] == "AIC" and not values:
        return None
    return _laid(end, [(names, values)]) if whole and len(names) == len(values) else Laid(end)


def read_named(lines: Text, at: int) -> Laid | None:
    """Read coefficients below a title or a command; None if no names stand here."""
    above = lines.above(at)
    if above is None or not _TITLE.match(above.text) or not is_words(lines[at]) or ends(lines[at]):
        return None
    names, values, end = _groups(lines, at, known=False)
    if not values:
        return None
    return _laid(end, [(names, values)]) if len(names) == len(values) else Laid(end)


def read_deviations(lines: Text, at: int) -> Laid | None:
    """Read the standard deviations of nlme, which have ``StdDev:`` in front; None if they do not begin here."""
    above = lines.above(at)
    if above is None or not above.text.startswith("Formula: ~") or not is_words(lines[at]):
        return None
    end = at
    while end < len(lines) and is_words(lines[end]) and not lines[end].text.startswith(_DEVIATIONS):
        end += 1
    if end == len(lines) or not lines[end].text.startswith(_DEVIATIONS):
        return None
    names = [(word, line.number) for line in lines[at:end] for word in line.text.split()]
    first = replace(lines[end], text=lines[end].text.removeprefix(_DEVIATIONS).strip())
    values, end = numbers_of(first), end + 1
    while end < len(lines) and len(values) < len(names) and (numbers := numbers_of(lines[end])):
        values, end = values + numbers, end + 1
    if len(values) != len(names):
        return Laid(end)
    row = Row(first.number, [(_DEVIATIONS, first.number)], values)
    return table(end, names, [], [row], [[text for text, _ in values]])


def _groups(lines: Text, at: int, *, known: bool) -> tuple[list[Piece], list[Piece], int]:
    """Return names and values, and the place behind them.

    Groups of columns follow each other, blank lines between them perhaps; all names may stand before all values.
    """
    names, values, end = list[Piece](), list[Piece](), at
    while True:
        more, place = _names(lines, at, known)
        at = lines.behind_blank(place) if known or lines.marked else place
        while more and known and (further := _names(lines, at, known)[0]):
            more, at = more + further, lines.behind_blank(_names(lines, at, known)[1])
        found = list[Piece]()
        while len(found) < len(more) and at < len(lines) and (numbers := numbers_of(lines[at])):
            found, end = found + numbers, at + 1
            at = lines.behind_blank(end) if known else end
        if not found:
            return names, values, end
        names, values, at = names + more, values + found, lines.behind_blank(end)
        if len(more) != len(found) or (end < len(lines) and numbers_of(lines[end])):
            return names, [*values, *(numbers_of(lines[end]) if end < len(lines) else [])], end


def _names(lines: Text, at: int, known: bool) -> tuple[list[Piece], int]:
    """Return the names that begin at a place, in one line or several."""
    names = list[Piece]()
    while at < len(lines) and not lines[at].blank and is_words(lines[at]):
        line = lines[at]
        cells = [cell.text for cell in known_headings(line.text)] if known else line.text.split()
        if not cells or (not known and (ends(line) or is_command(line))):
            break
        names += [(cell, line.number) for cell in cells]
        at += 1
    return names, at


def _laid(end: int, pairs: Sequence[tuple[Sequence[Piece], Sequence[Piece]]]) -> Laid:
    """Lay out names above values, both ending in the same place."""
    found = Laid(end)
    for names, values in pairs:
        widths = [max(len(a), len(b)) for (a, _), (b, _) in zip(names, values, strict=True)]
        for row in (names, values):
            text = " ".join(cell.rjust(width) for (cell, _), width in zip(row, widths, strict=True))
            found.lines.append(Line(row[0][1], f" {text}"))
        found.pieces[values[0][1]] = list(values)
    return found
