"""Several models side by side, in the layout of R's texreg: as text, HTML or LaTeX.

The layout is the one of ``screenreg``, ``htmlreg`` and ``texreg`` (Leifeld 2013, J. Stat. Softw. 55(8)):
coefficients with stars over their standard errors, aligned at the decimal point, then what is known of the
fits.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd
import scipy

from ..errors import ArgumentError, is_number, listed
from . import r_numbers
from .face import FittedLinearModel, FittedMixedModel, FittedModel, is_mixed, model_list, model_names

__all__ = ["RegressionTable", "regtable"]

GAP = "  "


@dataclass(frozen=True, slots=True)
class _Estimate:
    """A coefficient, its standard error, and how many stars it has."""

    value: float
    se: float
    stars: str


_Cell = _Estimate | float | int | None


@dataclass(frozen=True)
class RegressionTable:
    """Models side by side; show it in a notebook, `print` it, or convert it.

    Attributes
    ----------
    names : tuple of str
        Column heads, one a model.
    coefficients : dict of str to list
        By row label the estimates of each model, None where a model lacks the term.
    statistics : dict of str to list
        By row label the fit statistics and variances of each model.
    digits : int
        Decimals.
    bounds : tuple of float
        Levels of the stars, ascending.
    single_row : bool
        Standard errors beside the coefficients instead of below.
    caption : str
        For HTML and LaTeX.
    """

    names: tuple[str, ...]
    coefficients: dict[str, list[_Cell]]
    statistics: dict[str, list[_Cell]]
    digits: int
    bounds: tuple[float, ...]
    single_row: bool
    caption: str

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        return self.to_html()

    def _number(self, value: float | int) -> str:
        return str(value) if isinstance(value, int) else f"{value:.{self.digits}f}"

    def _rows(self, mark: str, space: str) -> tuple[list[tuple[str, list[str]]], list[tuple[str, list[str]]]]:
        """Label and cells of each printed row, coefficients and statistics; `mark` takes the stars."""

        def with_stars(cell: _Estimate) -> str:
            return mark.format(cell.stars) if cell.stars else ""

        upper: list[tuple[str, list[str]]] = []
        for label, cells in self.coefficients.items():
            present = [cell if isinstance(cell, _Estimate) else None for cell in cells]
            values = ["" if c is None else self._number(c.value) for c in present]
            errors = ["" if c is None else f"({self._number(c.se)})" for c in present]
            starred = ["" if c is None else with_stars(c) for c in present]
            if self.single_row:
                joined = zip(values, errors, starred, strict=True)
                upper.append((label, [f"{v}{space}{e}{s}" if v else "" for v, e, s in joined]))
            else:
                upper.append((label, [v + s for v, s in zip(values, starred, strict=True)]))
                upper.append(("", errors))
        lower = [
            (label, ["" if c is None or isinstance(c, _Estimate) else self._number(c) for c in cells])
            for label, cells in self.statistics.items()
        ]
        return upper, lower

    def _legend(self, template: str) -> str:
        return "; ".join(template.format(mark, f"{bound:g}") for bound, mark in _breaks(self.bounds))

    def to_text(self) -> str:
        """Lay out as ``screenreg``: columns aligned at the decimal point."""
        upper, lower = self._rows(" {}", " ")
        rows = [*upper, *lower]
        columns = [_aligned([cells[k] for _, cells in rows]) for k in range(len(self.names))]
        widths = [max(len(name), *map(len, column)) for name, column in zip(self.names, columns, strict=True)]
        stub = max(len(label) for label, _ in rows)
        total = stub + sum(len(GAP) + width for width in widths)
        head = " " * stub + "".join(GAP + n.ljust(w) for n, w in zip(self.names, widths, strict=True))
        body = [
            label.ljust(stub) + "".join(GAP + c[i].ljust(w) for c, w in zip(columns, widths, strict=True))
            for i, (label, _) in enumerate(rows)
        ]
        body.insert(len(upper), "-" * total)
        lines = ["=" * total, head, "-" * total, *body, "=" * total]
        return "\n".join([*lines, self._legend("{} p < {}")] if self.bounds else lines)

    def to_html(self) -> str:
        """Write an HTML table, as ``htmlreg``."""
        upper, lower = self._rows("<sup>{}</sup>", " ")
        heads = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in self.names)
        lines = ['<table class="mlm-regtable">']
        if self.caption:
            lines.append(f"<caption>{html.escape(self.caption)}</caption>")
        lines += [f"<thead><tr><th></th>{heads}</tr></thead>"]
        for rows in (upper, lower):
            lines.append('<tbody style="border-top: 1px solid">')
            for label, cells in rows:
                stub = f'<th scope="row">{html.escape(label)}</th>' if label else "<td></td>"
                lines.append(f"<tr>{stub}{''.join(f'<td>{_minus(cell)}</td>' for cell in cells)}</tr>")
            lines.append("</tbody>")
        if self.bounds:
            legend = self._legend("<sup>{}</sup>p &lt; {}")
            lines.append(f'<tfoot><tr><td colspan="{len(self.names) + 1}">{legend}</td></tr></tfoot>')
        return "\n".join([*lines, "</table>"])

    def to_latex(self) -> str:
        """Write a LaTeX table for the package booktabs, as ``texreg(booktabs = TRUE)``."""
        upper, lower = self._rows("^{{{}}}", r" \; ")
        lines = [r"\begin{table}", r"\begin{center}", rf"\begin{{tabular}}{{l {' '.join('c' * len(self.names))}}}"]
        lines += [r"\toprule", " & " + " & ".join(map(_latex, self.names)) + r" \\", r"\midrule"]
        for k, rows in enumerate((upper, lower)):
            if k:
                lines.append(r"\midrule")
            for label, cells in rows:
                shown = [f"${cell}$" if cell else "" for cell in cells]
                lines.append(f"{_latex(label)} & {' & '.join(shown)} " + r"\\")
        lines.append(r"\bottomrule")
        if self.bounds:
            legend = self._legend("$^{{{}}}p<{}$")
            lines.append(rf"\multicolumn{{{len(self.names) + 1}}}{{l}}{{\scriptsize{{{legend}}}}}")
        lines.append(r"\end{tabular}")
        if self.caption:
            lines.append(rf"\caption{{{_latex(self.caption)}}}")
        return "\n".join([*lines, r"\end{center}", r"\end{table}"])

    def to_frame(self) -> pd.DataFrame:
        """Return the printed strings as a data frame.

        Returns
        -------
        DataFrame
            One column a model; index of pairs (row, what) with what ``"estimate"``, ``"se"`` or
            ``"statistic"``. Stars follow the estimate without a blank.
        """
        rows: dict[tuple[str, str], list[str]] = {}
        for label, cells in self.coefficients.items():
            present = [cell if isinstance(cell, _Estimate) else None for cell in cells]
            rows[label, "estimate"] = ["" if c is None else self._number(c.value) + c.stars for c in present]
            rows[label, "se"] = ["" if c is None else f"({self._number(c.se)})" for c in present]
        rows |= {(label, "statistic"): cells for label, cells in self._rows("{}", " ")[1]}
        index = pd.MultiIndex.from_tuples(rows, names=["row", "what"])
        return pd.DataFrame(list(rows.values()), index=index, columns=list(self.names))


def _aligned(cells: Sequence[str]) -> list[str]:
    """Pad cells to one width so that their (first) decimal points stand below each other."""
    lefts = [cell.find(".") if "." in cell else len(cell) for cell in cells]
    left = max(lefts)
    shifted = [" " * (left - k) + cell if cell else "" for k, cell in zip(lefts, cells, strict=True)]
    width = max(map(len, shifted))
    return [cell.ljust(width) for cell in shifted]


def _minus(cell: str) -> str:
    return cell.replace("-", "&minus;")


def _latex(text: str) -> str:
    for sign in ("\\", "_", "&", "%", "#", "$", "{", "}"):
        text = text.replace(sign, r"\textbackslash " if sign == "\\" else "\\" + sign)
    return text.replace("R^2", "R$^2$").replace("^", r"\^{}").replace(r"R$\^{}2$", "R$^2$")


def regtable(
    models: FittedModel | Iterable[FittedModel],
    names: Sequence[str] | None = None,
    coef_names: Sequence[str] | Mapping[str, str] | None = None,
    *,
    digits: int = 2,
    stars: Sequence[float] = (0.001, 0.01, 0.05),
    single_row: bool = False,
    ddf: str | None = None,
    rmse: bool = False,
    caption: str = "",
) -> RegressionTable:
    """Put models side by side.

    Parameters
    ----------
    models : MixedModel, LinearModel or sequence of them
    names : sequence of str, optional
        Column heads; ``Model 1``, ``Model 2`` … by default.
    coef_names : sequence of str or mapping, optional
        Row labels: one for each coefficient in the order of first appearance over the models, or a mapping of
        those terms that are to be renamed.
    digits : int
        Decimals.
    stars : sequence of float
        P values below which an estimate gets three, two and one stars; empty for none.
    single_row : bool
        Standard errors beside the coefficients instead of below.
    ddf : {None, "satterthwaite"}
        What the stars of mixed models rest on: None takes the standard normal distribution, as texreg does
        for lme4 fits.
    rmse : bool
        Add the residual standard error of linear models, as earlier versions of texreg did.
    caption : str
        For HTML and LaTeX.

    Returns
    -------
    RegressionTable
        With ``to_text()``, ``to_html()``, ``to_latex()`` and ``to_frame()``.

    Raises
    ------
    ArgumentError
        When there is no model, the number of names is not that of the models or coefficients, two coefficients get one
        name, `coef_names` names a term that no model has, `digits` is negative, or `ddf` is unknown.

    Examples
    --------
    >>> import mlm
    >>> data = {"y": [1.0, 2.2, 4.1, 5.0, 7.3, 9.0], "x": [0, 1, 0, 1, 0, 1], "g": list("aabbcc")}
    >>> table = regtable([mlm.lm("y ~ x", data), mlm.lmer("y ~ x + (1 | g)", data)], names=["OLS", "MLM"])
    >>> table.to_frame().loc[("(Intercept)", "estimate")].tolist()
    ['4.13', '4.13*']

    References
    ----------
    Leifeld, P. (2013). texreg: Conversion of statistical model output in R to LaTeX and HTML tables.
    *Journal of Statistical Software* 55(8).
    """
    fits = model_list(models)
    if not fits:
        raise ArgumentError("There is no model to show.")
    if not isinstance(digits, int | np.integer) or digits < 0:
        raise ArgumentError(f"digits must not be negative; got {digits!r}.")
    heads = model_names(len(fits), names)
    bounds = _bounds(stars)
    columns = [_estimates(m, bounds, ddf) for m in fits]
    terms = list(dict.fromkeys(term for column in columns for term in column))
    labels = _labels(terms, coef_names)
    statistics = [_statistics(m, rmse) for m in fits]
    rows = dict.fromkeys(label for column in statistics for label in column)
    return RegressionTable(
        names=tuple(heads),
        coefficients={labels[term]: [column.get(term) for column in columns] for term in terms},
        statistics={label: [column.get(label) for column in statistics] for label in rows},
        digits=digits,
        bounds=bounds,
        single_row=single_row,
        caption=caption,
    )


def _bounds(stars: Any) -> tuple[float, ...]:
    """P values below which there are stars, ascending."""
    bounds = listed(stars)
    if bounds is None or not all(map(is_number, bounds)):
        raise ArgumentError(f"stars is a list of p values, such as [0.001, 0.01, 0.05]; got {stars!r}.")
    return tuple(sorted(bounds))


def _labels(terms: Sequence[str], coef_names: Sequence[str] | Mapping[str, str] | None) -> dict[str, str]:
    """Row label of each term."""
    if coef_names is None:
        return {term: term for term in terms}
    if isinstance(coef_names, Mapping):
        unknown = [term for term in coef_names if term not in terms]
        if unknown:
            raise ArgumentError(f"No model has the coefficient {unknown[0]!r}; there are {', '.join(terms)}.")
        labels = {term: str(coef_names.get(term, term)) for term in terms}
    else:
        names = listed(coef_names)
        if names is None:
            raise ArgumentError(
                "coef_names is a list of names, or maps terms to names, such as {'x': 'Hours'}; got "
                f"{type(coef_names).__name__}."
            )
        if len(names) != len(terms):
            raise ArgumentError(
                f"The models have {len(terms)} different coefficients, {', '.join(terms)}; got {len(names)} names."
            )
        labels = dict(zip(terms, map(str, names), strict=True))
    if len(set(labels.values())) < len(labels):
        raise ArgumentError(f"Two coefficients cannot have one name: {', '.join(labels.values())}.")
    return labels


def _breaks(bounds: Sequence[float]) -> list[tuple[float, str]]:
    """Bounds of the p values, ascending, and their stars: one for the largest."""
    return [(bound, "*" * (len(bounds) - k)) for k, bound in enumerate(bounds)]


def _estimates(m: FittedModel, bounds: Sequence[float], ddf: str | None) -> dict[str, _Estimate]:
    table = m.coefficients(ddf) if is_mixed(m) else m.coefficients()
    p = table["Pr(>|t|)"] if "Pr(>|t|)" in table else 2 * scipy.stats.norm.sf(table["t value"].abs())
    breaks = _breaks(bounds)
    marks = [r_numbers.stars(value, breaks, otherwise="", closed=False) for value in p]
    return {
        str(term): _Estimate(float(value), float(se), mark)
        for term, value, se, mark in zip(table.index, table["Estimate"], table["Std. Error"], marks, strict=True)
    }


def _statistics(m: FittedModel, rmse: bool) -> dict[str, float | int]:
    """What texreg shows of a fit, by row label."""
    return _mixed_statistics(m) if is_mixed(m) else _linear_statistics(cast(FittedLinearModel, m), rmse)


def _linear_statistics(m: FittedLinearModel, rmse: bool) -> dict[str, float | int]:
    shown: dict[str, float | int] = {"R^2": m.r_squared, "Adj. R^2": m.adj_r_squared, "Num. obs.": m.nobs}
    return shown | ({"RMSE": m.sigma} if rmse else {})


def _mixed_statistics(m: FittedMixedModel) -> dict[str, float | int]:
    shown: dict[str, float | int] = {"AIC": m.aic, "BIC": m.bic, "Log Likelihood": m.loglik, "Num. obs.": m.nobs}
    shown |= {f"Num. groups: {name}": int(count) for name, count in m.ngrps.items()}
    for grp, one, two, value in m.varcorr[["grp", "var1", "var2", "vcov"]].itertuples(index=False):
        if pd.isna(one):
            shown[f"Var: {grp}"] = float(value)
        elif pd.isna(two):
            shown[f"Var: {grp} {one}"] = float(value)
        else:
            shown[f"Cov: {grp} {one} {two}"] = float(value)
    return shown
