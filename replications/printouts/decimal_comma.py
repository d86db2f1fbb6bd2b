"""Output that was printed with ``options(OutDec = ",")``: its decimal commas are read as points."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from replications.printouts.lines import Line

_COMMAS = re.compile(r"(?:(?<=\s)|(?<=<)|^)-?\d+,\d+(?:e[-+]\d+)?(?=\s|$|[;%)])")
_SHARES = re.compile(r"(?:(?<=\s)|(?<=<)|^)-?0,\d{2,}(?=\s|$)")
"""Numbers below one that no list of two numbers is."""
_THOUSANDS = re.compile(r"-?[1-9]\d{0,2},\d{3}")
_POINTS = re.compile(r"(?<![\w.])\d*\.\d+(?![\w.])")
_NAMED = re.compile(r"(?<=[^\W\d] )\d*\.\d+(?![\w.])|<\.\d+")
"""A number behind a word and one blank, which may be the end of a level's name, and what ``<.0001`` always is."""
_BETWEEN_DIGITS = re.compile(r"(?<=[\d<]),(?=\d)")
AT_LEAST = 3
"""Numbers with a decimal comma, which no thousands can be, from which on a print without any point has such."""


def with_points(lines: list[Line]) -> list[Line]:
    """Return lines with points for the decimal commas of prints, or of a whole text, that has no decimal point.

    Points within names, ``dose 2.5``, are none of these where there are more commas.

    Examples
    --------
    >>> texts = ["x  0,30  0,021  14,29", "z  1,25  0,500   2,50"]
    >>> [line.text for line in with_points([Line(at, text) for at, text in enumerate(texts)])]
    ['x  0.30  0.021  14.29', 'z  1.25  0.500   2.50']
    """
    own = [line for line in lines if _is_output(line)]
    if not any(_commas(line) for line in own):
        return lines
    runs = [own] if _has_commas(own) else [run for run in _runs(lines) if _has_commas(run)]
    found = {id(line) for run in runs for line in run}
    return [replace(line, text=_BETWEEN_DIGITS.sub(".", line.text)) if id(line) in found else line for line in lines]


def _is_output(line: Line) -> bool:
    return not (line.code or line.prose or line.cells or line.blank)


def _runs(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Give what was printed at once: lines with neither code nor prose nor a table between them."""
    run: list[Line] = []
    for line in lines:
        if _is_output(line):
            run.append(line)
        elif not line.blank:
            yield run
            run = []
    yield run


def _commas(line: Line) -> int:
    return sum(not _THOUSANDS.fullmatch(text) for text in _COMMAS.findall(line.text)) if "," in line.text else 0


def _has_commas(run: list[Line]) -> bool:
    if any(_POINTS.search(_NAMED.sub("", line.text)) for line in run):
        return False
    commas, named = sum(map(_commas, run)), sum(len(_NAMED.findall(line.text)) for line in run)
    if commas < AT_LEAST and any(_SHARES.search(line.text) for line in run):
        commas = sum(len(_COMMAS.findall(line.text)) for line in run)
    return commas >= AT_LEAST and commas > named
