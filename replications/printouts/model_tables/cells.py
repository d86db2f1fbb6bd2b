"""What stands in one cell: an estimate, and what is beside it or alone in brackets, ``0.27 (0.09) **``."""

from __future__ import annotations

import re

from replications.printouts.cells import NUMBER, is_number

_DASH = r"\s*(?:;|,|\N{EN DASH}|\N{EM DASH}|\bto\b|\s-\s)\s*"
_STARS = r"\s*(?:\^?\{?(\*{1,3}|\+|\.)\}?)?"
_N = rf"(?:{NUMBER})"
_PLAIN = re.compile(rf"({_N}){_STARS}")
_SE = re.compile(rf"\(({_N})\){_STARS}")
_CI = re.compile(rf"[\[(]\s*({_N}){_DASH}({_N})\s*[\])]{_STARS}")
_P = re.compile(rf"p\s*(?:=\s*({_N})|({_N}))")
_WITH_NUMBER = re.compile(r"[<>(\[-]?\s*\.?\d|[A-Za-z][\w.: ]*\(\s*-?[\d.,]+\s*%?\)")
_RANGE = re.compile(rf"({_N}){_DASH}({_N})")


def parts(cell: str) -> list[tuple[str, str]]:
    """Return what stands in a cell, each as quantity and text; empty if it is not understood.

    Examples
    --------
    >>> parts("2.068 (-1.35 - 5.48) ***"), parts("(0.21)"), parts("x")
    ([('estimate', '2.068'), ('ci_low', '-1.35'), ('ci_high', '5.48'), ('stars', '***')], [('se', '0.21')], [])
    """
    if found := _P.fullmatch(cell):
        return [("p", found[1] or found[2])]
    if found := _SE.fullmatch(cell):
        return [("se", found[1]), *_stars(found[2])]
    if found := _CI.fullmatch(cell):
        return [("ci_low", found[1]), ("ci_high", found[2]), *_stars(found[3])]
    if found := _PLAIN.fullmatch(cell):
        return [("estimate", found[1]), *_stars(found[2])]
    if found := re.match(rf"({_N}){_STARS}\s+(?=[\[(])|({_N}){_STARS}(?=[\[(])", cell):
        rest = parts(cell[found.end() :].strip())
        return [("estimate", found[1] or found[3]), *_stars(found[2] or found[4]), *rest] if rest else []
    return []


def interval(cell: str) -> list[tuple[str, str]]:
    """Return the two ends of ``7.4, 13.5`` or ``7.4 to 13.5`` without brackets; empty if it is not an interval.

    Examples
    --------
    >>> interval("-7.4, 13.5"), interval("7,400")
    ([('ci_low', '-7.4'), ('ci_high', '13.5')], [])
    """
    found = _RANGE.fullmatch(cell)
    return [("ci_low", found[1]), ("ci_high", found[2])] if found and not is_number(cell) else []


def parts_below(what: str, cell: str) -> list[tuple[str, str]]:
    """Return the parts of a cell below a heading that says what it is, or of any other cell."""
    if what in ("", "estimate"):
        return parts(cell)
    if what in ("ci", "std_ci"):
        found = _RANGE.fullmatch(cell.strip("()[] "))
        return [(f"{what}_low", found[1]), (f"{what}_high", found[2])] if found else []
    return [(what if name == "estimate" else name, text) for name, text in parts(cell)]


def is_bracketed(cell: str) -> bool:
    """Tell whether a cell is a single number in brackets, with stars perhaps."""
    return _SE.fullmatch(cell) is not None


def has_no_estimate(cell: str) -> bool:
    """Tell whether a cell is a standard error, an interval or a p value, and nothing else."""
    return bool(_SE.fullmatch(cell) or _CI.fullmatch(cell) or _P.fullmatch(cell))


def has_number(cell: str) -> bool:
    """Tell whether a cell begins with a number, or is a word with a number in brackets.

    Examples
    --------
    >>> [has_number(cell) for cell in ("2.5 of 7", "ID (88)", "(0.3", "Model 1", "age (18 to 25)")]
    [True, True, True, False, False]
    """
    return _WITH_NUMBER.match(cell) is not None


def _stars(text: str | None) -> list[tuple[str, str]]:
    return [("stars", text)] if text else []
