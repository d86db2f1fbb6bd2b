"""The printed report of a fitted model, laid out as R prints it.

A mixed model is reported as by ``summary()`` of lme4 (with a `ddf` as by lmerTest), a linear
model as by ``summary.lm``, a generalized linear one as by ``summary.glm`` of R 4.2, so that a tutorial's printout and
ours can be laid side by side. Class names in the headings (``['lmerMod']``) are kept for that reason only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd

from ..errors import ArgumentError
from . import r_numbers, r_text
from .deviances import call_of_glm, deviance_lines
from .dropped import deleted_rows, with_dropped_terms
from .face import (
    FittedGeneralizedModel,
    FittedLinearModel,
    FittedMixedModel,
    FittedModel,
    demand_model,
    is_generalized,
    is_mixed,
)
from .heading import criterion, heading, observations
from .html import as_html
from .notes import notes
from .print_model import call_of_lm
from .random_effects import random_effects_table
from .style import Style

__all__ = ["Summary", "summarize"]

QUANTILES = ("Min", "1Q", "Median", "3Q", "Max")
FEW_RESIDUALS = 5  # degrees of freedom up to which all residuals are printed
MOST_CORRELATIONS = 12  # terms above which lme4 leaves their correlations out
DECIMALS = 1  # of criteria, in summaries
HIDDEN_CORRELATIONS = """\
Correlation matrix not shown by default, as p = {} > {}.
Use print(x, correlation=TRUE)  or
    vcov(x)        if you need it"""


@dataclass(frozen=True)
class Summary:
    """A printed report: `print` it, or let a notebook show it.

    Attributes
    ----------
    text : str
        The report.
    coefficients : pandas.DataFrame
        The table of fixed effects in full precision.
    """

    text: str
    coefficients: pd.DataFrame

    @property
    def frame(self) -> pd.DataFrame:
        """The table of coefficients, under the name that other tables have; also `coefficients`."""
        return self.coefficients

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return as_html(self.text, "mlm-summary")


def summarize(
    m: FittedModel,
    ddf: str | None = None,
    *,
    digits: int = r_numbers.DIGITS,
    scipen: int = 0,
    width: int = r_numbers.LINE_WIDTH,
    table_digits: int | None = None,
    data_name: str | None = None,
    correlation: bool | None = None,
) -> Summary:
    """Report a fitted model as R prints it.

    Parameters
    ----------
    m : MixedModel, LinearModel or GeneralizedLinearModel
    ddf : {None, "satterthwaite", "kenward-roger"}
        Degrees of freedom for the tests of fixed effects; None prints t values only, as lme4 does. Upper and lower case
        are the same, and ``"lme4"`` is None, as in lmerTest.
    digits, scipen, width : int
        R's ``options(digits = 7, scipen = 0, width = 80)``: digits of numbers, penalty on scientific notation in
        characters, characters of a line. The tables show ``digits - 3`` significant digits and, as in R, not fewer than
        three; 1 or 2 are taken for `table_digits`, which R's option cannot reach.
    table_digits : int, optional
        Significant digits of the tables alone, as in R's ``print(summary(m), digits = 4)``.
    data_name : str, optional
        What to call the data, if not as in the fit. Without a name the line is left out.
    correlation : bool, optional
        Print the correlations of the fixed effects; by default up to 12 terms, as in lme4.

    Returns
    -------
    Summary

    Raises
    ------
    ArgumentError
        For an unknown `ddf`, or fewer than one digit, or another option that is not what it should be.
    FitError
        For a linear model with a `ddf`: its degrees of freedom are exact. For Kenward and Roger's method on a fit by
        maximum likelihood.

    Examples
    --------
    >>> import mlm
    >>> rows = {"y": [1.0, 2.1, 2.9, 4.2, 5.1], "x": [1.0, 2.0, 3.0, 4.0, 5.0]}
    >>> print(summarize(mlm.lm("y ~ x", rows)).text.splitlines()[1])
    lm(formula = y ~ x)

    References
    ----------
    Bates, D., Mächler, M., Bolker, B. & Walker, S. (2015). Fitting linear mixed-effects models using lme4.
    *Journal of Statistical Software* 67(1), section 5.2.
    """
    demand_model(m)
    if not isinstance(data_name, str | None):
        raise ArgumentError(f"data_name is what the report calls the data, a text; got {type(data_name).__name__}.")
    style = Style.of(digits, table_digits, scipen, width, correlation)
    coefficients = m.coefficients(ddf)
    if is_mixed(m):
        lines = _mixed(m, coefficients, style, data_name, m.denominators(ddf).method if "df" in coefficients else None)
    elif is_generalized(m):
        lines = _generalized(m, coefficients, style, data_name)
    else:
        lines = _linear(cast(FittedLinearModel, m), coefficients, style, data_name)
    return Summary("\n".join(lines).rstrip("\n"), coefficients)


def _quantiles(residuals: Sequence[float], style: Style) -> str:
    digits = style.table_digits
    five = np.quantile(np.asarray(residuals, dtype=float), [0, 0.25, 0.5, 0.75, 1])
    zapped = r_numbers.zap_small(five, digits + 1)
    return r_numbers.named_numbers(QUANTILES, zapped, digits, scipen=style.scipen, width=style.width)


def _mixed(
    m: FittedMixedModel, coefficients: pd.DataFrame, style: Style, data_name: str | None, method: str | None
) -> list[str]:
    """Lines of the report of a mixed model, with tests by a method."""
    lines = [*heading(m, style, method, data_name), "", criterion(m, style, DECIMALS), ""]
    if m.has_rows:
        lines += ["Scaled residuals: ", _quantiles(m.scaled_resid, style), ""]
    lines += ["Random effects:", random_effects_table(m.varcorr, style.table_digits, style.scipen, width=style.width)]
    lines += [observations(m, style), ""]
    if len(coefficients):  # of a model without any R's summary says nothing
        lines += ["Fixed effects:", *_fixed_effects(coefficients, style)]
    if len(coefficients) > 1:
        lines += _correlations(m.vcov, style)
    return [*lines, *notes(m)]


def _fixed_effects(coefficients: pd.DataFrame, style: Style) -> list[str]:
    """The table of coefficients, with stars and their legend when there are p values."""
    pvalue = next((name for name in coefficients if name.startswith("Pr(")), None)
    return coefficient_lines(
        coefficients,
        style.table_digits,
        estimates=[name for name in ("Estimate", "Std. Error", "df") if name in coefficients],
        test=next(name for name in coefficients if name.endswith(" value")),
        pvalue=pvalue,
        missing=["NA" if np.isnan(estimate) else "NaN" for estimate in coefficients["Estimate"]],
        scipen=style.scipen,
        width=style.width,
    )


def coefficient_lines(
    table: pd.DataFrame,
    digits: int,
    *,
    pvalue: str | None,
    missing: Sequence[str] | None = None,
    width: int = r_numbers.LINE_WIDTH,
    **options: Any,
) -> list[str]:
    """Print a table with its stars and their legend; options as in `coefficient_columns`.

    Missing values print as ``NA``, or as `missing` has it, row by row.
    """
    columns = r_numbers.coefficient_columns(
        {name: table[name].to_numpy(dtype=float) for name in table}, digits, pvalue=pvalue, **options
    )
    if missing is not None:
        columns = {
            name: [blank if text.strip() == "NA" else text for text, blank in zip(cells, missing, strict=True)]
            for name, cells in columns.items()
        }
    starred = pvalue is not None and bool((table[pvalue] < 0.1).any())
    if not starred:
        columns.pop("", None)
    text = r_text.text_table([str(name) for name in table.index], columns, width=width)
    return [text, "---", _legend(width)] if starred else [text]


def _legend(width: int) -> str:
    """What the stars mean, on lines of its own where a line has no room for it."""
    meaning = r_numbers.STARS_MEAN
    if len(r_numbers.LEGEND) <= width:
        return r_numbers.LEGEND
    lines = [meaning] if len(meaning) <= width else r_text.wrap(meaning, width - 2, first="  ", later="  ")
    return "\n".join([r_numbers.LEGEND_LEAD, *lines])


def _correlations(vcov: pd.DataFrame, style: Style) -> list[str]:
    """The lower triangle of the correlation matrix of the fixed effects, under shortened names."""
    terms = [str(name) for name in vcov.columns]
    show = len(terms) <= MOST_CORRELATIONS if style.correlation is None else style.correlation
    if not show:
        return (
            [] if style.correlation is not None else ["", HIDDEN_CORRELATIONS.format(len(terms), MOST_CORRELATIONS), ""]
        )
    scale = np.sqrt(np.diag(vcov))
    correlation = vcov.to_numpy() / np.outer(scale, scale)
    # The first row and the last column would be empty but for the diagonal.
    cells = [[f"{value + 0.0:.3f}" for value in np.round(correlation[k, :k], 3)] for k in range(1, len(terms))]
    width = max(len(cell) for row in cells for cell in row)
    columns = [
        (name, [row[k].rjust(width) if k < len(row) else "" for row in cells])
        for k, name in enumerate(r_text.abbreviate(terms, 6)[:-1])
    ]
    table = r_text.text_table(r_text.abbreviate(terms, 11)[1:], columns, left=None, width=style.width)
    return ["", "Correlation of Fixed Effects:", table]


def _linear(m: FittedLinearModel, coefficients: pd.DataFrame, style: Style, data_name: str | None) -> list[str]:
    """Lines of the report of a linear model."""
    digits, scipen = style.table_digits, style.scipen
    lines = ["Call:", *call_of_lm(m, data_name or m.frame.call.data), ""]
    lines += ["Residuals:", *_residuals(m, style), "", *_coefficients(m, coefficients, style), ""]
    sigma = "NaN"
    if m.df_resid:
        sigma = r_numbers.format_number(r_numbers.signif(m.sigma, digits), style.digits, scipen=scipen)
    lines.append(f"Residual standard error: {sigma} on {m.df_resid} degrees of freedom")
    lines += deleted_rows(m)
    numdf = len(m.fixef) - m.has_intercept
    if numdf:
        value, pvalue = (np.nan, np.nan) if m.fstatistic is None else (m.fstatistic.value, m.fstatistic.pvalue)
        lines.append(
            f"Multiple R-squared:  {r_numbers.format_c(m.r_squared, digits)},"
            f"\tAdjusted R-squared:  {r_numbers.format_c(m.adj_r_squared, digits)} "
        )
        p = r_numbers.format_pvalues([pvalue], digits, scipen=scipen)[0]
        lines.append(f"F-statistic: {r_numbers.format_c(value, digits)} on {numdf} and {m.df_resid} DF,  p-value: {p}")
    return lines


def _coefficients(m: FittedLinearModel | FittedGeneralizedModel, table: pd.DataFrame, style: Style) -> list[str]:
    """The table of coefficients with the terms that have none."""
    note = f" ({len(m.aliased)} not defined because of singularities)" if m.aliased else ""
    return [f"Coefficients:{note}", *_fixed_effects(with_dropped_terms(table, m), style)]


def _generalized(
    m: FittedGeneralizedModel, coefficients: pd.DataFrame, style: Style, data_name: str | None
) -> list[str]:
    """Lines of the report of a generalized linear model."""
    lines = ["Call:", *call_of_glm(m, data_name or m.frame.call.data), ""]
    if m.frame.outcome.success is not None:
        lines += [f"Success: {m.response} is {m.frame.outcome.success}", ""]
    lines += ["Deviance Residuals: ", _deviance_residuals(m, style), ""]
    return [*lines, *_coefficients(m, coefficients, style), "", *deviance_lines(m, style)]


def _deviance_residuals(m: FittedGeneralizedModel, style: Style) -> str:
    """Quantiles of the deviance residuals; all of them when there are few."""
    many = m.df_resid > FEW_RESIDUALS
    names = QUANTILES if many else [str(label) for label in m.resid.index]
    values = np.quantile(m.resid, [0, 0.25, 0.5, 0.75, 1]) if many else m.resid.to_numpy()
    zapped = r_numbers.zap_small(values, style.table_digits + 1)
    texts = r_numbers.format_numbers(zapped, style.table_digits, scipen=style.scipen)
    return r_numbers.named_texts(names, texts, style.width, gap=2)


def _residuals(m: FittedLinearModel, style: Style) -> list[str]:
    """Quantiles of the residuals; all of them when there are few."""
    if m.df_resid > FEW_RESIDUALS:
        return [_quantiles(m.resid, style)]
    if not m.df_resid:
        return [f"ALL {m.nobs} residuals are 0: no residual degrees of freedom!"]
    names = [str(label) for label in m.resid.index]
    return [r_numbers.named_numbers(names, m.resid, style.table_digits, scipen=style.scipen, width=style.width)]
