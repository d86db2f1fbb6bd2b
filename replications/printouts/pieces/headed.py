"""Tables below headings that R has: coefficients, tests, intervals, means; each row has a number for each heading."""

from __future__ import annotations

import re
from collections.abc import Sequence

from replications.printouts.headings import headings, known_headings
from replications.printouts.lines import Line
from replications.printouts.pieces.flow import STARS, Text, is_command, is_words, rows_from, says
from replications.printouts.pieces.laid import Laid, Piece, Row, table

_MEAN = re.compile(r"emmean|lsmean|prob|rate|response|hazard|estimate|odds\.ratio|ratio|\S+\.trend")
"""The heading of a mean or contrast, in front of which stand those of levels."""
_BEHIND = {"null", "lower.HPD", "upper.HPD", "Chisq", "F.ratio"}
_LINES_OF_HEADINGS = 12
_TEST = re.compile(r"F[ -]?values?|F|Chisq|LR Chisq|Pr\(.*")
"""The first heading of a test, which residuals have not."""
_COMPARED = ("Chisq", "Chi.sq")
_AS_IT_IS = {"<none>": ({"npar", "logLik", "AIC"}, {"RSS", "AIC"}, {"Deviance", "AIC"})}
_NEVER_FIRST = {
    *("Std. Error", "Std.Error", "SE", "t value", "t-value", "t.ratio", "z value", "z.ratio", "p.value", "p-value"),
    *("Pr(>|t|)", "Pr(>|z|)", "Pr(>F)", "Pr(>Chisq)", "Mean Sq", "DenDF", "denDF", "F value", "F-value", "BIC"),
    *("deviance", "upper", "97.5 %", "lower.CL", "upper.CL"),
}
"""Headings that others stand in front of, unless it is a further panel."""
_COMPARISONS = ("Res.Df", "Resid. Df")
_ENDS = ["lower", "est.", "upper"]
"""Headings of the one row of nlme's intervals that has no label: the standard error within groups."""
_TWO = 2
VECTORS = {"Min", "1Q", "Q1", "Median", "Med", "3Q", "Q3", "Max"}
"""Headings of quantiles, whose rows have no label."""


def read(lines: Text, at: int, before: Sequence[str]) -> Laid | None:
    """Read a table, or a further panel of the rows called ``before``; None if no headings begin here."""
    labels, head, start = _headings(lines, at)
    if len(head) < 2 and not (before and head):
        return None
    rows, end = rows_from(lines, start)
    rows = _numbered(rows, [text for text, _ in head])
    if (len(head) == 1 or head[0][0] in _NEVER_FIRST) and [row.name for row in rows] != list(before):
        return Laid(end) if rows else None
    cells = _cells(rows, [text for text, _ in head])
    if not rows:
        return None
    if cells is None or not (all(row.label for row in rows) or [text for text, _ in head] == _ENDS):
        return Laid(end)
    found = table(end, head, labels, rows, cells)
    return _with_stars(lines, found)


def _headings(lines: Text, at: int) -> tuple[list[str], list[Piece], int]:
    """Return the headings of labels and those of columns, and the place behind them."""
    found, place = list[Piece](), at
    while place < len(lines) and (cells := _known(lines[place])):
        found += [(cell, lines[place].number) for cell in cells]
        place += 1
    if found:
        return [], found if found[0][0] not in VECTORS else [], place
    words = list[Piece]()
    for place in range(at, min(at + _LINES_OF_HEADINGS, len(lines))):
        line = lines[place]
        more = [(cell.text, line.number) for cell in headings(line.text)]
        if not is_words(line) or says(line) or is_command(line) or not _may_go_on([*words, *more]):
            break
        words += more
    first = _first([text for text, _ in words])
    if first < 1 or len(words) < first + 2 or words[first + 1][0] not in ("SE", "df", "lower.CL", "asymp.LCL"):
        return [], [], at
    behind = next(i for i in range(at, len(lines)) if lines[i].number > words[-1][1])
    return [text for text, _ in words[:first]], words[first:], behind


def _known(line: Line) -> list[str]:
    if line.blank or line.code or line.prose or line.cells:
        return []
    return [cell.text for cell in known_headings(line.text)]


def _first(words: Sequence[str]) -> int:
    return next((i for i, word in enumerate(words) if i and _MEAN.fullmatch(word)), -1)


def _may_go_on(words: Sequence[Piece]) -> bool:
    """Tell whether words may be headings of levels, then of a mean, then known ones."""
    texts = [text for text, _ in words]
    first = _first(texts)
    behind = texts[first + 1 :] if first > 0 else []
    return all(known_headings(text) or text in _BEHIND for text in behind) and (first > 0 or len(texts) <= 4)


def _numbered(rows: list[Row], names: Sequence[str]) -> list[Row]:
    """Return the rows of a comparison of models that are numbered, which have no words: the first has two numbers."""
    if any(row.label for row in rows) or not names or names[0] not in _COMPARISONS:
        return rows
    pieces = [piece for row in rows for piece in row.numbers]
    found, at = list[Row](), 0
    while at < len(pieces):
        label, numbers = pieces[at], pieces[at + 1 : at + 1 + (len(names) if found else _TWO)]
        if label[0] != str(len(found) + 1) or any(line == label[1] for _, line in pieces[:at]):
            return rows
        found.append(Row(label[1], [label], numbers, next((row.stars for row in rows if row.line == label[1]), None)))
        at += 1 + len(numbers)
    if len(rows) == 1 and found:
        found[0].stars, found[-1].stars = None, rows[0].stars
    return found


def _cells(rows: Sequence[Row], names: Sequence[str]) -> list[list[str]] | None:
    """Return a cell for each heading and row, empty where a row of its kind has none; None if a row does not fit."""
    found = list[list[str]]()
    for at, row in enumerate(rows):
        texts = [text for text, _ in row.numbers]
        if len(texts) == len(names) + 1 and row.label and texts[0].isdigit() and row.numbers[0][1] == row.label[-1][1]:
            row.label.append(row.numbers.pop(0))
            texts = texts[1:]
        filled = names if len(texts) == len(names) else _filled(row.name, names, at == 0)
        if len(filled) != len(texts):
            return None
        cells = dict(zip(filled, texts, strict=True))
        found.append([cells.get(name, "") for name in names])
    return found


def _filled(label: str, names: Sequence[str], first: bool) -> Sequence[str]:
    """Return the headings that have cells in a row with empty ones; nothing where no row has any."""
    if label == "NULL":
        return [name for name in names if name.startswith("Resid.")]
    for wanted in _AS_IT_IS.get(label, ()):
        if wanted <= set(names):
            return [name for name in names if name in wanted]
    if label.startswith("Residual"):
        test = next((at for at, name in enumerate(names) if _TEST.fullmatch(name)), 0)
        return names[:test]
    if first and names[0] in _COMPARISONS:
        return names[:_TWO]
    if first and names[0] in ("npar", "Df"):
        return names[: next((at for at, name in enumerate(names) if name in _COMPARED), 0)]
    return ()


def _with_stars(lines: Text, found: Laid) -> Laid:
    """Return a table with the panel of its stars, if one stands below; lost if that is not of all its rows."""
    at, stars = lines.behind_blank(found.end), list[str]()
    panel = [Line(lines[at].number if at < len(lines) else 0, "")]
    for label in found.labels:
        row = re.fullmatch(rf"{re.escape(label)}(?: ({STARS.pattern}))?", lines[at].text) if at < len(lines) else None
        if row is None:
            break
        alone = not row[1] and at + 1 < len(lines) and STARS.fullmatch(lines[at + 1].text)
        stars.append(lines[at + 1].text if alone else row[1] or "")
        panel.append(Line(lines[at].number, f"{label} {stars[-1]}".strip()))
        at += 2 if alone else 1
    if len(stars) == len(found.labels):
        return Laid(at, [*found.lines, *panel], found.pieces, found.labels)
    return Laid(at) if any(stars) else found
