"""Numbers within a line: what a printed number looks like, and which stand at the end of a row."""

from __future__ import annotations

import re
from dataclasses import dataclass

NUMBER = (
    r"(?:(?:<=?\s*|>=?\s?))?-?(?:\d{1,3}(?:,\d{3})+(?:\.\d*)?|\d+(?:\.\d*)?|\.\d+)(?!,?\d)(?:[eE][-+]?\d+)?%?"
    r"(?![^\W\d_]|\.?\d|[\u2010-\u2015\u2212]|\s?[x\u00d7]\s?10\b)|NA|NaN|-?Inf"
)
"""A number as a whole, never its first digits alone; behind ``>`` stands one blank at most, else it quotes a line."""
_NUMBER = re.compile(NUMBER)
_LAST = re.compile(rf"(?:^|(?<=\s))(?P<number>(?:- (?=[\d.]))?(?:{NUMBER}))\s*$")
_SIGNIF = re.compile(r"(?<=\S)\s+(?P<stars>\*{1,3}|\.|\+)\s*$")
_ATTACHED = re.compile(r"(?<=[\d.])\s?(?P<stars>\*{1,3})\s*$")
_SPLIT = re.compile(r"(?<![\w.])\d+\. +\d+(?![\w.,])")
_WIDEST = 80
"""The most characters of one number; looking no farther back keeps the time of a line proportional to its length."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A piece of a line with the columns it takes: text, first column, column after the last."""

    text: str
    start: int
    end: int


def is_number(text: str) -> bool:
    """Tell whether a text is one printed number.

    Examples
    --------
    >>> [is_number(text) for text in ("<2e-16", "< 2e-16", "-.5", "1,234", "x2", "1.2.3", "NA")]
    [True, True, True, True, False, False, True]
    """
    return _NUMBER.fullmatch(text) is not None


def is_split(text: str) -> bool:
    """Tell whether a line has a number that a blank cut behind its point, so that it is not known where numbers end.

    Examples
    --------
    >>> is_split("x  0. 517  0.1"), is_split("x  0.517  0.1")
    (True, False)
    """
    return _SPLIT.search(text) is not None


def tidy(text: str) -> str:
    """Return a number without the blank that damage put behind its minus."""
    return re.sub(r"^- ", "-", text)


def stars_of(text: str) -> tuple[str, str]:
    """Return a row without its significance stars, and the stars.

    Examples
    --------
    >>> stars_of("x  0.1  0.02 *"), stars_of("x  0.1  0.2")
    (('x  0.1  0.02', '*'), ('x  0.1  0.2', ''))
    """
    found = _SIGNIF.search(text) or _ATTACHED.search(text)
    if found is None:
        return text.rstrip(), ""
    before = text[: found.start()]
    if not _LAST.search(before):
        return text.rstrip(), ""
    return before.rstrip(), found["stars"]


def trailing(text: str) -> list[Cell]:
    """Return the numbers at the end of a line, from left to right; none if a number is cut in two.

    Examples
    --------
    >>> [cell.text for cell in trailing("arm 2  0.5  < 2e-16")]
    ['2', '0.5', '< 2e-16']
    """
    cells: list[Cell] = []
    rest = 0 if is_split(text) else len(text.rstrip())
    while rest and (found := _LAST.search(text, max(0, rest - _WIDEST), rest)):
        cells.append(Cell(found["number"], found.start("number"), found.end("number")))
        rest = found.start("number")
        while rest and text[rest - 1].isspace():
            rest -= 1
    return cells[::-1]


def all_numbers(text: str) -> list[Cell] | None:
    """Return the numbers of a line that has nothing else; None for any other line."""
    cells = trailing(text)
    return cells if cells and not text[: cells[0].start].strip() else None


def names_above(text: str, cells: list[Cell]) -> list[str]:
    """Return the names in a line that end where the numbers below do, one for each; none if any does not.

    Examples
    --------
    >>> names_above("(Intercept)    ses", trailing("     11.608  1.514"))
    ['(Intercept)', 'ses']
    """
    names, start = [], 0
    for cell in cells:
        names.append(text[start : cell.end].strip())
        start = cell.end
    ends = [text[cell.end - 1 : cell.end + 1] for cell in cells]
    whole = all(end.strip() == end[:1] != "" for end in ends)
    return names if whole and all(names) and not text[start:].strip() else []
