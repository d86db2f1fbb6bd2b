"""The printed report of a fitted model, laid out as R prints it.

A mixed model is reported as by ``summary()`` of lme4 (with ``ddf="satterthwaite"`` as by lmerTest), a linear
model as by ``summary.lm``, so that a tutorial's printout and ours can be laid side by side. Class names in
the headings (``['lmerMod']``) are kept for that reason only.
"""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd

from ..errors import ArgumentError
from . import r_numbers, r_text
from .dropped import with_dropped_terms
from .face import FittedLinearModel, FittedMixedModel, FittedModel, demand_model, is_mixed

__all__ = ["Summary", "summarize"]

QUANTILES = ("Min", "1Q", "Median", "3Q", "Max")
MOST_CORRELATIONS = 20
MOST_DIGITS = 22  # digits that R prints at most
"""lme4 leaves the correlations of the fixed effects out above this number of terms."""


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

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return f'<pre class="mlm-summary">{html.escape(self.text, quote=False)}</pre>'


@dataclass(frozen=True)
class _Style:
    """How to print: R's options and what R's deparse would know of the call."""

    digits: int
    scipen: int
    data_name: str | None
    correlation: bool | None

    @property
    def table_digits(self) -> int:
        """Digits of the tables; R takes three fewer than its option."""
        return max(3, self.digits - 3)


def summarize(
    m: FittedModel,
    ddf: str | None = None,
    *,
    digits: int = r_numbers.DIGITS,
    scipen: int = 0,
    data_name: str | None = None,
    correlation: bool | None = None,
) -> Summary:
    """Report a fitted model as R prints it.

    Parameters
    ----------
    m : MixedModel or LinearModel
    ddf : {None, "satterthwaite"}
        Degrees of freedom for the tests of fixed effects; None prints t values only, as lme4 does.
    digits, scipen : int
        R's ``options(digits = 7, scipen = 0)``: the tables show ``digits - 3`` significant digits.
    data_name : str, optional
        What to call the data; without it the line is left out.
    correlation : bool, optional
        Print the correlations of the fixed effects; by default up to 20 terms.

    Returns
    -------
    Summary

    Raises
    ------
    ArgumentError
        For an unknown `ddf`, or fewer than one digit.
    FitError
        For a linear model with a `ddf`: its degrees of freedom are exact.

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
    if not isinstance(digits, int | np.integer) or not 1 <= digits <= MOST_DIGITS:
        raise ArgumentError(f"digits must be a whole number, at least 1 and at most {MOST_DIGITS}; got {digits!r}.")
    demand_model(m)
    if not isinstance(scipen, int | np.integer):
        raise ArgumentError(f"scipen is a whole number, R's option; got {scipen!r}.")
    if not isinstance(data_name, str | None):
        raise ArgumentError(f"data_name is what the report calls the data, a text; got {type(data_name).__name__}.")
    if not isinstance(correlation, bool | np.bool_ | None):
        raise ArgumentError(f"correlation is True, False or None; got {type(correlation).__name__}.")
    style = _Style(digits, scipen, data_name, correlation)
    coefficients = m.coefficients(ddf)
    if is_mixed(m):
        return Summary("\n".join(_mixed(m, coefficients, style)), coefficients)
    return Summary("\n".join(_linear(cast(FittedLinearModel, m), coefficients, style)), coefficients)


def _quantiles(residuals: Sequence[float], style: _Style) -> str:
    digits = style.table_digits
    five = np.quantile(np.asarray(residuals, dtype=float), [0, 0.25, 0.5, 0.75, 1])
    return r_numbers.named_numbers(QUANTILES, r_numbers.zap_small(five, digits + 1), digits, scipen=style.scipen)


def _mixed(m: FittedMixedModel, coefficients: pd.DataFrame, style: _Style) -> list[str]:
    """Lines of the report of a mixed model."""
    lines = [_title(m, "df" in coefficients), r_text.fill("Formula:", r_text.deparse(m.formula))]
    if style.data_name:
        lines.append(f"   Data: {style.data_name}")
    lines += ["", _criterion(m, style), "", "Scaled residuals: ", _quantiles(m.scaled_resid, style), ""]
    lines += ["Random effects:", random_effects_table(m.varcorr, style.table_digits, style.scipen)]
    groups = "; ".join(f"{name}, {count}" for name, count in m.ngrps.items())
    lines += [f"Number of obs: {m.nobs}, groups:  {groups}", ""]
    if not len(coefficients):
        lines.append("No fixed effect coefficients")
    else:
        lines += ["Fixed effects:", *_fixed_effects(coefficients, style)]
    if len(coefficients) > 1:
        lines += _correlations(m.vcov, style)
    return [*lines, *_notes(m)]


def _title(m: FittedMixedModel, tested: bool) -> str:
    method = "REML" if m.reml else "maximum likelihood"
    if tested:
        return f"Linear mixed model fit by {method}. t-tests use Satterthwaite's method ['lmerModLmerTest']"
    return f"Linear mixed model fit by {method}{' ' if m.reml else '  '}['lmerMod']"


def _criterion(m: FittedMixedModel, style: _Style) -> str:
    """The REML criterion, or the information criteria of a maximum-likelihood fit."""
    if m.reml:
        value = r_numbers.format_number(round(m.deviance, 1), style.digits, scipen=style.scipen)
        return f"REML criterion at convergence: {value}"
    names = ["AIC", "BIC", "logLik", "deviance", "df.resid"]
    rounded = [round(float(value), 1) for value in (m.aic, m.bic, m.loglik, m.deviance)]
    texts = r_numbers.format_numbers(rounded, style.digits, scipen=style.scipen)
    return r_numbers.named_texts(names, [*texts, str(m.df_resid)])


def random_effects_table(varcorr: pd.DataFrame, digits: int = 4, scipen: int = 0) -> str:
    """Lay out variances, standard deviations and correlations as lme4's ``print(VarCorr(m))`` does.

    Parameters
    ----------
    varcorr : pandas.DataFrame
        Columns grp, var1, var2, vcov, sdcor.
    digits : int
        Significant digits.
    scipen : int
        Penalty on scientific notation.

    Returns
    -------
    str
    """
    plain = varcorr["var2"].isna()
    variances = varcorr[plain]
    places = max(2, digits - 2)
    correlations = {
        (grp, one, two): f"{value:.{places}f}" if math.isfinite(value) else "NaN"
        for grp, one, two, value in varcorr.loc[~plain, ["grp", "var1", "var2", "sdcor"]].itertuples(index=False)
    }
    terms = _terms(variances, correlations)
    labels = [["Groups", "Name"]]
    for term, names in terms:
        labels += [["" if k else term, name] for k, name in enumerate(names)]
    table = [
        [*label, variance, deviation, *correlation]
        for label, variance, deviation, correlation in zip(
            labels,
            ["Variance", *r_numbers.format_numbers(variances["vcov"], digits, scipen=scipen)],
            ["Std.Dev.", *r_numbers.format_numbers(variances["sdcor"], digits, scipen=scipen)],
            _correlation_cells(terms, correlations),
            strict=True,
        )
    ]
    widths = [max(len(row[k]) for row in table) for k in range(len(table[0]))]
    return "\n".join("".join(f" {cell:<{width}}" for cell, width in zip(row, widths, strict=True)) for row in table)


def _terms(variances: pd.DataFrame, correlations: Mapping[tuple[str, str, str], str]) -> list[tuple[str, list[str]]]:
    """Terms and the names of their effects; the residual has one that is blank, and a group may be called as it is."""
    terms: list[tuple[str, list[str]]] = []
    for grp, name in variances[["grp", "var1"]].itertuples(index=False):
        effect = "" if pd.isna(name) else str(name)
        if terms and terms[-1][0] == grp and (grp, terms[-1][1][0], effect) in correlations:
            terms[-1][1].append(effect)
        else:
            terms.append((str(grp), [effect]))
    return terms


def _correlation_cells(
    terms: Sequence[tuple[str, list[str]]], correlations: Mapping[tuple[str, str, str], str]
) -> list[list[str]]:
    """Cells under ``Corr``: for each variance its correlations with the ones above it in its term."""
    rows = [[correlations[grp, one, name] for one in names[:k]] for grp, names in terms for k, name in enumerate(names)]
    columns = max(map(len, rows), default=0)
    width = max((len(cell) for row in rows for cell in row), default=0)
    header = ["Corr", *[""] * (columns - 1)] if columns else []
    return [header, *([*(cell.rjust(width) for cell in row), *[""] * (columns - len(row))] for row in rows)]


def _fixed_effects(coefficients: pd.DataFrame, style: _Style) -> list[str]:
    """The table of coefficients, with stars and their legend when there are p values."""
    pvalue = next((name for name in coefficients if name.startswith("Pr(")), None)
    return coefficient_lines(
        coefficients,
        style.table_digits,
        estimates=[name for name in ("Estimate", "Std. Error", "df") if name in coefficients],
        test="t value",
        pvalue=pvalue,
        scipen=style.scipen,
    )


def coefficient_lines(
    table: pd.DataFrame, digits: int, *, pvalue: str | None, missing: Sequence[str] | None = None, **options: Any
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
    text = r_text.text_table([str(name) for name in table.index], columns)
    return [text, "---", r_numbers.LEGEND] if starred else [text]


def _correlations(vcov: pd.DataFrame, style: _Style) -> list[str]:
    """The lower triangle of the correlation matrix of the fixed effects, under shortened names."""
    terms = [str(name) for name in vcov.columns]
    show = len(terms) <= MOST_CORRELATIONS if style.correlation is None else style.correlation
    if not show:
        if style.correlation is None:
            return [
                "",
                f"Correlation matrix not shown by default, as p = {len(terms)} > {MOST_CORRELATIONS}.",
                "Use summary(correlation=True) to print it, or the attribute vcov.",
            ]
        return []
    scale = np.sqrt(np.diag(vcov))
    correlation = vcov.to_numpy() / np.outer(scale, scale)
    # The first row and the last column would be empty but for the diagonal.
    cells = [[f"{value + 0.0:.3f}" for value in np.round(correlation[k, :k], 3)] for k in range(1, len(terms))]
    width = max(len(cell) for row in cells for cell in row)
    columns = {
        name: [row[k].rjust(width) if k < len(row) else "" for row in cells]
        for k, name in enumerate(r_text.abbreviate(terms, 6)[:-1])
    }
    table = r_text.text_table(r_text.abbreviate(terms, 11)[1:], columns, left=tuple(columns))
    return ["", "Correlation of Fixed Effects:", table]


def _notes(m: FittedMixedModel) -> list[str]:
    """What the optimiser has to say, when it is not silent success."""
    if not m.converged:
        return [f"optimizer ({m.optimizer}) did not converge; see optimizer_info and messages"]
    if m.is_singular:
        return [
            f"optimizer ({m.optimizer}) converged",
            "boundary (singular) fit: a variance is zero or a correlation is plus or minus one",
        ]
    return []


def _linear(m: FittedLinearModel, coefficients: pd.DataFrame, style: _Style) -> list[str]:
    """Lines of the report of a linear model."""
    digits, scipen = style.table_digits, style.scipen
    data = f", data = {style.data_name}" if style.data_name else ""
    lines = ["Call:", *r_text.deparse(f"lm(formula = {m.formula}{data})"), ""]
    lines += ["Residuals:", *_residuals(m, style), ""]
    coefficients = with_dropped_terms(coefficients, m)
    note = f" ({len(m.aliased)} not defined because of singularities)" if m.aliased else ""
    lines += [f"Coefficients:{note}", *_fixed_effects(coefficients, style), ""]
    sigma = r_numbers.format_number(r_numbers.signif(m.sigma, digits), style.digits, scipen=scipen)
    lines.append(f"Residual standard error: {sigma} on {m.df_resid} degrees of freedom")
    if m.frame.dropped.count:
        many = m.frame.dropped.count > 1
        lines.append(f"  ({m.frame.dropped.count} observation{'s' if many else ''} deleted due to missingness)")
    f = m.fstatistic
    if f is not None:
        lines.append(
            f"Multiple R-squared:  {r_numbers.format_c(m.r_squared, digits)},"
            f"\tAdjusted R-squared:  {r_numbers.format_c(m.adj_r_squared, digits)} "
        )
        pvalue = r_numbers.format_pvalues([f.pvalue], digits, scipen=scipen)[0]
        value = r_numbers.format_c(f.value, digits)
        lines.append(f"F-statistic: {value} on {f.numdf} and {f.dendf} DF,  p-value: {pvalue}")
    return lines


def _residuals(m: FittedLinearModel, style: _Style) -> list[str]:
    """Quantiles of the residuals; all of them when there are few."""
    if m.df_resid > 5:
        return [_quantiles(m.resid, style)]
    if not m.df_resid:
        return [f"ALL {m.nobs} residuals are 0: no residual degrees of freedom!"]
    names = [str(label) for label in m.resid.index]
    return [r_numbers.named_numbers(names, m.resid, style.table_digits, scipen=style.scipen)]
