"""Comparisons of models, printed as R's ``anova()`` prints them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from ..language.formula import without_double_bars
from ..report import r_numbers, r_text
from ..report.html import as_html
from ..report.style import Style
from ..report.summary import coefficient_lines
from .comparison import REFITTED
from .tables import FEWER, on_one_line

__all__ = ["AnovaTable", "style_of"]

HEADING = "Analysis of Variance Table"
OF_DEVIANCE = "Analysis of Deviance Table"


@dataclass(frozen=True)
class AnovaTable:
    """Comparison of models: `print` it, or take `frame`.

    Attributes
    ----------
    frame : pandas.DataFrame
        One row per model, by its name. Likelihood-ratio tests have the smallest model first: npar, AIC, BIC, logLik,
        deviance, and against the row above Chisq, Df, Pr(>Chisq). F tests have the models as they were given: Res.Df,
        RSS, and against the row above Df, Sum of Sq, F, Pr(>F). So do tests of deviances: Resid. Df, Resid. Dev, and
        against the row above Df, Deviance, Pr(>Chi); or F, Pr(>F) where a dispersion is estimated.
    formulas : dict of str to str
        Formula of each model, by the name used in `frame`.
    refitted : tuple of str
        Models that had been fitted by REML and were refitted by maximum likelihood for the comparison.
    digits : int
        R's ``options(digits = 7)`` for the print.
    width : int
        R's ``options(width = 80)``.
    named : bool
        Whether the names were chosen. Otherwise F tests are printed as R prints them, with numbers: Model 1, 1.
    data_name : str or None
        What the data of all models are called.
    notes : tuple of str
        Lines below the table.
    """

    frame: pd.DataFrame
    formulas: dict[str, str]
    refitted: tuple[str, ...]
    digits: int = r_numbers.DIGITS
    named: bool = True
    width: int = r_numbers.LINE_WIDTH
    data_name: str | None = None
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        if "Chisq" in self.frame:
            return "\n".join(self._chisq_lines())
        return "\n".join(self._in_order(OF_DEVIANCE if "Deviance" in self.frame else HEADING))

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return as_html(str(self), "mlm-anova")

    def _chisq_lines(self) -> list[str]:
        """Lines of likelihood-ratio tests, as lme4 prints them."""
        texts = {name: without_double_bars(text) for name, text in self.formulas.items()}
        models = [f"{name}: {on_one_line(text)}" for name, text in texts.items()]
        table = self._table(self.frame, "Chisq", ("AIC", "BIC", "logLik", "deviance"))
        data = [f"Data: {self.data_name}"] if self.data_name else []
        return [*([REFITTED] if self.refitted else []), *data, "Models:", *models, *table, *self.notes]

    def _in_order(self, heading: str) -> list[str]:
        """Lines of tests of models in the order given, as R prints them."""
        formulas = ["\n".join(r_text.deparse(text)) for text in self.formulas.values()]
        numbers = [str(k) for k in range(1, len(formulas) + 1)]
        names = list(self.formulas) if self.named else [f"Model {k.rjust(len(numbers[-1]))}" for k in numbers]
        models = [f"{name}: {text}" for name, text in zip(names, formulas, strict=True)]
        frame = self.frame if self.named else self.frame.set_axis(numbers)
        zapped = ("Resid. Dev", "Deviance") if heading == OF_DEVIANCE else ("RSS", "Sum of Sq")
        return [heading, "", *models, *self._table(frame, "F" if "F" in frame else None, zapped)]

    def _table(self, frame: pd.DataFrame, test: str | None, zapped: Sequence[str]) -> list[str]:
        digits = style_of(self.digits, self.width).table_digits
        for name in zapped:
            frame = frame.assign(**{name: r_numbers.zap_small(frame[name], digits)})
        # without residuals F is 0 / 0, which R tells from tests that there are none of
        undefined = "Res.Df" in frame and (frame["Res.Df"].min() == 0 or self.frame["RSS"].min() == 0)
        missing = ["NaN" if df and undefined else "" for df in frame["Df"].fillna(0)]
        p = str(frame.columns[-1])
        return coefficient_lines(frame, digits, estimates=(), test=test, pvalue=p, missing=missing, width=self.width)


def style_of(digits: int, width: int) -> Style:
    """The style of such a table, or an error for what R would not print."""
    return Style.of(digits, None, 0, width, fewer=FEWER)
