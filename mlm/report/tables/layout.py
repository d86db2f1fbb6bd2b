"""From rows to printed cells: which numbers stand in a cell, with how many digits, beside or below each other."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from ..r_numbers import percent
from .rows import Estimate, TableRow, star_marks

__all__ = ["Layout", "PrintedCell", "PrintedRow"]

P_DIGITS = 3
"""Decimals of p values: those below 0.001 are shown as such."""


class PrintedCell(NamedTuple):
    """A cell: the number, what stands beside it, and its stars; all empty in an empty cell."""

    number: str = ""
    beside: str = ""
    stars: str = ""


class PrintedRow(NamedTuple):
    """A printed row: its label, empty in a row that goes on, what its cells are, and these."""

    label: str
    what: str
    cells: list[PrintedCell]


@dataclass(frozen=True, slots=True)
class Layout:
    """Which numbers a table shows, and how.

    Attributes
    ----------
    names : tuple of str
        Heads of the columns.
    coefficients, statistics : tuple of TableRow
        What there is to show.
    digits : int
        Decimals.
    bounds : tuple of float
        Levels of the stars, ascending.
    single_row : bool
        All that belongs to a coefficient in one row.
    level : float or None
        Coverage of intervals that are shown instead of standard errors.
    p : bool
        Show p values.
    caption, note : str
    """

    names: tuple[str, ...]
    coefficients: tuple[TableRow, ...]
    statistics: tuple[TableRow, ...]
    digits: int
    bounds: tuple[float, ...]
    single_row: bool
    level: float | None
    p: bool
    caption: str
    note: str

    def upper(self) -> list[PrintedRow]:
        """Rows of the coefficients."""
        return [row for each in self.coefficients for row in self._of_coefficient(each)]

    def lower(self) -> list[PrintedRow]:
        """Rows of the statistics."""
        return [
            PrintedRow(
                row.label,
                "statistic",
                [
                    PrintedCell() if c is None or isinstance(c, Estimate) else PrintedCell(self._number(c))
                    for c in row.cells
                ],
            )
            for row in self.statistics
        ]

    def _of_coefficient(self, row: TableRow) -> list[PrintedRow]:
        present = [cell if isinstance(cell, Estimate) else None for cell in row.cells]
        below = {"se" if self.level is None else "ci": [self._spread(cell) for cell in present]}
        if self.p:
            below["p"] = ["" if cell is None else _p_value(cell.p) for cell in present]
        first = [PrintedCell() if c is None else PrintedCell(self._number(c.value), "", c.stars) for c in present]
        if self.single_row:
            beside = [" ".join(filter(None, texts)) for texts in zip(*below.values(), strict=True)]
            first = [cell._replace(beside=text) for cell, text in zip(first, beside, strict=True)]
            return [PrintedRow(row.label, "estimate", first)]
        more = [PrintedRow("", what, [PrintedCell(text) for text in texts]) for what, texts in below.items()]
        return [PrintedRow(row.label, "estimate", first), *more]

    def several_rows(self) -> Layout:
        """The same with standard errors and p values in rows of their own."""
        return replace(self, single_row=False)

    def legend(self, template: str, dot: str = ".") -> str:
        """What the stars mean: the template takes a mark and its bound."""
        marks = star_marks(self.bounds)
        return "; ".join(template.format(mark.replace(".", dot), f"{bound:g}") for bound, mark in marks)

    def remarks(self) -> list[str]:
        """What is said below the table, after the stars: a line each."""
        intervals = [] if self.level is None else [f"{percent(self.level)} confidence intervals in brackets"]
        return [*intervals, *_lines(self.note)]

    def _spread(self, cell: Estimate | None) -> str:
        if cell is None:
            return ""
        if self.level is None:
            return f"({self._number(cell.se)})"
        return f"[{self._number(cell.low)}; {self._number(cell.high)}]"

    def _number(self, value: float | int) -> str:
        if isinstance(value, int):
            return str(value)
        if not math.isfinite(value):
            return "NaN" if math.isnan(value) else ("Inf" if value > 0 else "-Inf")
        return f"{value:.{self.digits}f}"


def _p_value(p: float) -> str:
    if math.isnan(p):
        return "p = NaN"
    least = 10.0**-P_DIGITS
    return f"p < {least:g}" if p < least else f"p = {p:.{P_DIGITS}f}"


def _lines(text: str) -> Sequence[str]:
    return [line for line in re.split(r"\s*\n\s*", text.strip()) if line]
