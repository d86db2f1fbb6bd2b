"""Tables of tests, printed as R prints them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import pandas as pd

from ..report import r_numbers, r_text
from ..report.html import as_html
from ..report.style import Style
from ..report.summary import coefficient_lines

__all__ = ["FEWER", "TestsTable", "on_one_line"]

LONGEST_LINE = 500  # letters after which deparse() breaks a line at the latest: what is broken is joined again
FEWER = 2  # digits that tables of tests have fewer than R's option


@dataclass(frozen=True)
class TestsTable:
    """Tests, one a row: `print` it, or take `frame`.

    Attributes
    ----------
    frame : pandas.DataFrame
        In full precision, with the columns that R has.
    heading : tuple of str
        Lines above the table.
    notes : tuple of str
        Lines below it.
    contrasts : mapping of str to ndarray, shapes (k, p)
        What is tested in each row, as weights of the fixed effects; empty where models are compared.
    test : str, tuple of str, or None
        Columns of the test statistic, and others that are formatted with it.
    pvalue : str
        The column of its p value.
    digits : int
        R's ``options(digits = 7)`` for the print.
    width : int
        R's ``options(width = 80)``.
    """

    __test__ = False  # it is no test of pytest's

    frame: pd.DataFrame
    heading: tuple[str, ...]
    notes: tuple[str, ...] = ()
    contrasts: Mapping[str, np.ndarray] = field(default_factory=dict)
    test: str | tuple[str, ...] | None = "F value"
    pvalue: str = "Pr(>F)"
    digits: int = r_numbers.DIGITS
    width: int = r_numbers.LINE_WIDTH

    def __post_init__(self) -> None:
        Style.of(self.digits, None, 0, self.width, fewer=FEWER)  # refuses what R would not print
        object.__setattr__(self, "contrasts", MappingProxyType(dict(self.contrasts)))
        for rows in self.contrasts.values():
            rows.flags.writeable = False

    def __reduce__(self) -> tuple[object, ...]:
        values = (self.frame, self.heading, self.notes, dict(self.contrasts))
        return TestsTable, (*values, self.test, self.pvalue, self.digits, self.width)

    def __str__(self) -> str:
        return "\n".join([*self.heading, *self.lines(), *self.notes])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return as_html(str(self), "mlm-anova")

    def lines(self) -> list[str]:
        """The table alone, as R prints it: missing values are left blank, and degrees of freedom of no test."""
        digits = Style.of(self.digits, None, 0, self.width, fewer=FEWER).table_digits
        frame = self.frame
        if "NumDF" in frame:
            frame = frame.assign(NumDF=frame["NumDF"].where(frame["NumDF"] > 0))
        tests = (self.test,) if isinstance(self.test, str) else self.test or ()
        for name in frame.columns.difference([*tests, self.pvalue, "Df"]):
            frame = frame.assign(**{name: r_numbers.zap_small(frame[name], digits)})
        return coefficient_lines(
            frame, digits, estimates=(), test=self.test, pvalue=self.pvalue, missing=[""] * len(frame), width=self.width
        )


def on_one_line(formula: str) -> str:
    """A formula as R's packages print it that break no line of it."""
    return " ".join(r_text.deparse(formula, LONGEST_LINE))
