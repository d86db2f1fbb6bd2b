"""What stands in brackets, by all of a table together: a standard error, a statistic or a p value."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from replications.printouts.grids import GridRow
from replications.printouts.model_tables.cells import parts
from replications.printouts.model_tables.columns import Column
from replications.printouts.model_tables.fit_rows import fit_ids
from replications.printouts.model_tables.labels import goes_on, is_of_brackets

_SAID = {"std.error": "se", "statistic": "statistic", "p.value": "p"}
_ARGUMENT = re.compile(r"statistic\s*=\s*(c\([^()]*\)|[\"'][\w.]+[\"'])")
_NOTE = re.compile(
    r"(standard errors?|[tz][- ](?:statistics?|values?)|p[- ]values?) (?:are )?in (?:parenthes|bracket)", re.I
)
_RATIOS = "se of ratios"
_STARRED_FROM, _UNSTARRED_TO = 1.5, 3.6
"""Size of t from which on a result may have a star, and up to which it may have none, in samples that are not tiny."""
_WIDTHS = (1.5, 5.0)
"""Standard errors in half an interval: 90 % of many observations, 95 % of few."""
_NEAR = 0.15
_IN_DOUBT = 0.5
"""Share of cells that cannot be standard errors from which on none of the table's is one."""


@dataclass(frozen=True, slots=True)
class Bracketed:
    """A number in brackets with the estimate it belongs to; stars are None in a table that has none."""

    value: str
    estimate: str = ""
    stars: str | None = None
    interval: tuple[str, str] | None = None


def said(call: str, notes: str) -> list[str]:
    """Return what a command or a note says to stand in brackets, row after row; nothing where neither does.

    Examples
    --------
    >>> said('modelsummary(m, statistic = c("std.error", "p.value"))', ""), said("", "p-values in parentheses")
    (['se', 'p'], ['p'])
    """
    if found := _ARGUMENT.search(call):
        named = re.findall(r"[\"']([^\"']*)[\"']", found[1])
        return [_SAID[name] for name in named if name in _SAID]
    noted = _NOTE.search(notes)
    return [{"s": "se", "p": "p"}.get(noted[1][0].lower(), "statistic")] if noted else []


def quantity(cells: Sequence[Bracketed]) -> str | None:
    """Return what the numbers of one row of brackets are: se, statistic or p; None if that cannot be told.

    They are standard errors unless one cannot be: ``<0.001`` is a p value, ``-1.04`` a statistic; or most are at odds
    with the stars and intervals beside them, with which another quantity agrees throughout. Those of odds ratios by the
    delta method are as many standard errors from 1 as their logarithms are from 0.

    Examples
    --------
    >>> quantity([Bracketed("0.21", "0.5"), Bracketed("<0.001", "2.0")]), quantity([Bracketed("0.21", "0.5")])
    ('p', 'se')
    """
    bounded = any(cell.value[0] in "<>" for cell in cells)
    negative = any(cell.value.startswith("-") for cell in cells)
    if bounded or negative:
        return None if bounded and negative else "p" if bounded else "statistic"
    odd = sum(not _agrees("se", cell) for cell in cells)
    if odd < _IN_DOUBT * len(cells):
        return "se"
    told = any(cell.stars or cell.interval for cell in cells)
    other = [name for name in ("p", "statistic", _RATIOS) if told and all(_agrees(name, cell) for cell in cells)]
    if (not other and odd <= _IN_DOUBT * len(cells)) or other == [_RATIOS]:
        return "se"
    return other[0] if len(other) == 1 else None


def is_many(cell: Bracketed) -> bool:
    """Tell whether an estimate is so many standard errors, if brackets hold these, that it would have a star."""
    value, estimate = _number(cell.value), _number(cell.estimate)
    return value is not None and estimate is not None and _size("se", value, abs(estimate)) > _UNSTARRED_TO


def beside_estimates(rows: Sequence[GridRow], columns: Sequence[Column]) -> list[tuple[int, str, Bracketed]]:
    """Return the numbers in brackets with place and model: beside the estimates (0), in each row below (from 1)."""
    found: list[tuple[int, str, Bracketed]] = []
    known: dict[int, dict[str, str]] = {}
    below = 0
    for row in rows:
        further = goes_on(row)
        below = below + is_of_brackets(row) if further else 0
        known = known if further else {}
        for at, (column, cell) in enumerate(zip(columns, row.cells[1:], strict=False)):
            if column.what in ("", "estimate"):
                known.setdefault(at, {}).update(read := dict(parts(cell)))
                if "se" in read and not fit_ids(row.cells[0], single=False):
                    ends = (known[at]["ci_low"], known[at]["ci_high"]) if "ci_low" in known[at] else None
                    estimate, stars = known[at].get("estimate", ""), known[at].get("stars", "")
                    found.append((below, column.model, Bracketed(read["se"], estimate, stars, ends)))
    return found


def starred_models(
    rows: Sequence[GridRow], columns: Sequence[Column], beside: Sequence[tuple[int, str, Bracketed]]
) -> set[str]:
    """Return the models whose estimates have stars; one without any that has need of some has none printed."""
    models = {column.model for row in rows for column, cell in zip(columns, row.cells[1:], strict=False) if "*" in cell}
    without = {model for _, model, cell in beside if is_many(cell)} - models
    return {column.model for column in columns} - without if models else set()


def quantities(
    beside: Sequence[tuple[int, str, Bracketed]], starred: set[str], call: str, notes: str
) -> dict[int, str | None]:
    """Return what stands in each place of brackets; None where it cannot be told."""
    places = sorted({place for place, _, _ in beside})
    told = said(call, notes)
    own = {place: told[at] for at, place in enumerate(places) if at < len(told)}
    cells = [(at, cell if model in starred else replace(cell, stars=None)) for at, model, cell in beside]
    return {place: own.get(place) or quantity([cell for at, cell in cells if at == place]) for place in places}


def _agrees(name: str, cell: Bracketed) -> bool:
    """Tell whether a number may be a quantity, by the estimate, stars and interval beside it."""
    value, estimate = _number(cell.value), _number(cell.estimate)
    if value is None or estimate is None:
        return True
    if (name == "p" and value > 1) or (name == _RATIOS and estimate <= 0):
        return False
    if name == "statistic" and estimate < 0 < value:
        return False
    size = _size(name, value, abs(estimate))
    if cell.stars is not None and not (size >= _STARRED_FROM if cell.stars.strip(".+") else size <= _UNSTARRED_TO):
        return False
    return cell.interval is None or _fits(name, value, estimate, cell.interval)


def _size(name: str, value: float, estimate: float) -> float:
    """Return the size of t that a quantity says."""
    if name == "se":
        return estimate / value if value else math.inf
    if name == _RATIOS:
        return abs(math.log(estimate)) * estimate / value if value else math.inf
    if name == "statistic":
        return value
    return _STARRED_FROM if value <= 0.1 else 0.0


def _fits(name: str, value: float, estimate: float, interval: tuple[str, str]) -> bool:
    low, high = (_number(end) for end in interval)
    if low is None or high is None or high <= low:
        return True
    half = (high - low) / 2
    if name in ("se", _RATIOS):
        return bool(value) and _WIDTHS[0] <= half / value <= _WIDTHS[1]
    t = abs(estimate) / (half / 1.96)
    expected = math.erfc(t / math.sqrt(2)) if name == "p" else t
    return abs(value - expected) <= _NEAR * (1 if name == "p" else max(t, 1))


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", "").lstrip("<>= "))
    except ValueError:
        return None
