"""Several models side by side, in the layout of R's texreg: as text, HTML, LaTeX, Markdown or a document.

The layout is the one of ``screenreg``, ``htmlreg`` and ``texreg`` (Leifeld 2013, J. Stat. Softw. 55(8)):
coefficients with stars over their standard errors, aligned at the decimal point, then what is known of the
fits.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import ArgumentError, FitError, brief, is_count, is_number, is_one_of, listed
from .face import FittedModel, is_model, model_list, model_names
from .tables.html import to_html
from .tables.latex import to_latex
from .tables.layout import Layout
from .tables.markdown import to_markdown
from .tables.rows import MARKS, Estimate, Key, TableRow, coefficient_rows, estimates, statistic_rows
from .tables.saving import save
from .tables.text import to_text

__all__ = ["RegressionTable", "regtable"]

MOST_DIGITS = 15
"""Decimals that floats of size 1 have."""

STANDARDIZED = "std.: numeric predictors, and responses of linear models, with mean 0 and standard deviation 1"
"""What is said below a table with such columns."""


@dataclass(frozen=True)
class RegressionTable:
    """Models side by side; show it in a notebook, `print` it, convert it, or save it."""

    layout: Layout  # what is shown, and how

    @property
    def names(self) -> tuple[str, ...]:
        """Column heads, one per model."""
        return self.layout.names

    @property
    def coefficients(self) -> tuple[TableRow, ...]:
        """Rows of estimates, with a label, and a cell of each model, None where it lacks the term."""
        return self.layout.coefficients

    @property
    def statistics(self) -> tuple[TableRow, ...]:
        """Rows of fit statistics and variances, with a label, and a cell of each model."""
        return self.layout.statistics

    @property
    def frame(self) -> pd.DataFrame:
        """The table as it is laid out, as `to_frame` gives it."""
        return self.to_frame()

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        return self.to_html()

    def to_text(self) -> str:
        """Lay out as ``screenreg``: columns aligned at the decimal point."""
        return to_text(self.layout)

    def to_html(self) -> str:
        """Write an HTML table, as ``htmlreg``, with the style it needs on light and dark pages."""
        return to_html(self.layout)

    def to_latex(self) -> str:
        r"""Write a LaTeX table for the package booktabs, as ``texreg(booktabs = TRUE)``.

        Names of any signs compile. With pdfLaTeX letters beyond those of Western Europe need
        ``\usepackage[T1]{fontenc}``. Scripts other than Latin and Greek need LuaLaTeX or XeLaTeX with
        ``\usepackage{fontspec}`` and a font that has them, which a line such as ``\setmainfont{Noto Serif CJK SC}``
        names (for Hebrew ``\setmainfont{DejaVu Serif}``): what a font lacks is left blank.
        """
        return to_latex(self.layout)

    def to_markdown(self) -> str:
        """Write a table with pipes, as GitHub, Quarto and Pandoc read it."""
        return to_markdown(self.layout)

    def save(self, path: str | os.PathLike[str], document: bool | None = None) -> Path:
        r"""Save the table; the ending of the name says as what.

        Parameters
        ----------
        path : str or path
            Ends in ``.html``, ``.tex``, ``.md``, ``.txt`` or, with the package python-docx, ``.docx``.
        document : bool, optional
            Whether the file is a document, with all it needs, or the table alone, to be put into one. By default an
            HTML file is a page that a browser opens, and a LaTeX file is for ``\input``, where the package booktabs is
            loaded. A LaTeX document is for pdfLaTeX, or for LuaLaTeX and XeLaTeX with the font of `fontspec`, which has
            Latin letters; for other scripts put ``\setmainfont`` below it, as `to_latex` says.

        Returns
        -------
        Path

        Raises
        ------
        ArgumentError
            When the ending is another one, or the file cannot be written.
        FitError
            When python-docx is not installed.

        Examples
        --------
        >>> import tempfile
        >>> import mlm
        >>> table = regtable(mlm.lm("y ~ x", {"y": [1.0, 2.2, 4.1, 5.0], "x": [0, 1, 3, 4]}))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     table.save(f"{folder}/models.md").name
        'models.md'
        """
        return save(self.layout, path, document)

    def to_frame(self) -> pd.DataFrame:
        """Return the printed strings as a data frame.

        Returns
        -------
        DataFrame
            One column per model; index of pairs (row, what) with what ``"estimate"``, ``"se"`` (or ``"ci"``), ``"p"``
            or ``"statistic"``. Stars follow the estimate without a blank.
        """
        pairs: list[tuple[str, str]] = []
        cells: list[list[str]] = []
        whole, label = self.layout.several_rows(), ""
        for row in [*whole.upper(), *whole.lower()]:
            label = label if row.what in ("se", "ci", "p") else row.label
            pairs.append((label, row.what))
            cells.append([cell.number + cell.stars for cell in row.cells])
        index = pd.MultiIndex.from_tuples(pairs, names=["row", "what"])
        return pd.DataFrame(cells, index=index, columns=list(self.names))


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
    omit: str | re.Pattern[str] | Sequence[str] | None = None,
    ci: bool = False,
    level: float = 0.95,
    p: bool = False,
    standardized: bool = False,
    caption: str = "",
    note: str = "",
) -> RegressionTable:
    r"""Put models side by side.

    Parameters
    ----------
    models : MixedModel, LinearModel, GeneralizedLinearModel or sequence of them
    names : sequence of str, optional
        Column heads; ``Model 1``, ``Model 2`` … by default.
    coef_names : sequence of str or mapping, optional
        Row labels: one for each coefficient that is shown, in the order of first appearance over the models, or a
        mapping of those terms that are to be renamed. Coefficients of several models that get one name share a row.
    digits : int
        Decimals.
    stars : sequence of float
        P values below which an estimate gets three, two and one stars; of four the last gets a dot, as in
        ``stars=(0.001, 0.01, 0.05, 0.1)``. Empty for none.
    single_row : bool
        Standard errors beside the coefficients instead of below.
    ddf : {None, "satterthwaite", "kenward-roger"}
        What the stars, p values and intervals of mixed models rest on: None takes the standard normal distribution, as
        texreg does for lme4 fits.
    rmse : bool
        Add the residual standard error of linear models, as earlier versions of texreg did.
    omit : str, pattern or sequence of str, optional
        Coefficients to leave out: a list of their names, or a text, which is a regular expression that is found in
        their names, as in texreg: ``"x"`` leaves out ``x`` and ``I(x^2)``, ``"^x$"`` and ``["x"]`` the first alone.
    ci : bool
        Intervals instead of standard errors, those of `confint`.
    level : float
        Their coverage, in (0, 1).
    p : bool
        Add p values.
    standardized : bool
        Put a second column beside each model, headed ``std.``, with the coefficients of `mlm.standardize`, each in the
        row of the one that it is.
    caption : str
        Stands above the table, in LaTeX below it.
    note : str
        Stands below the table, after what the stars mean; one or several lines.

    Returns
    -------
    RegressionTable
        With ``to_text()``, ``to_html()``, ``to_latex()``, ``to_markdown()``, ``to_frame()`` and ``save(path)``.

    Raises
    ------
    ArgumentError
        When there is no model, the number of names is not that of the models or coefficients, two coefficients of one
        model get one name, `coef_names` or `omit` name a term that no model has, or another argument is none that it
        can be.
    FitError
        When a model cannot be standardised.

    Examples
    --------
    >>> import mlm
    >>> data = {"y": [1, 2.2, 4.1, 5, 7.3, 9], "x": [0, 1, 0, 1, 0, 1], "g": list("aabbcc")}
    >>> models = [mlm.lm("y ~ x", data), mlm.lmer("y ~ x + (1 | g)", data)]
    >>> table = regtable(models, names=["OLS", "MLM"])
    >>> table.to_frame().loc[("(Intercept)", "estimate")].tolist()
    ['4.13', '4.13*']

    References
    ----------
    Leifeld, P. (2013). texreg: Conversion of statistical model output in R to LaTeX and HTML tables.
    *Journal of Statistical Software* 55(8).
    """
    if is_model(names):
        raise ArgumentError("regtable takes models in one list: regtable([m1, m2]); the second argument is `names`.")
    fits = model_list(models)
    if not fits:
        raise ArgumentError("There is no model to show.")
    _demand_flags(single_row=single_row, rmse=rmse, ci=ci, p=p, standardized=standardized)
    _demand_texts(caption=caption, note=note)
    heads = model_names(len(fits), names)
    bounds = _bounds(stars)
    columns = [estimates(m, bounds, ddf, level) for m in fits]
    statistics = statistic_rows(fits, rmse)
    if standardized:
        beside = [estimates(_standardized(m), bounds, ddf, level) for m in fits]
        columns = [each for raw, std in zip(columns, beside, strict=True) for each in (raw, _rows_of(std, raw))]
        heads = [each for head in heads for each in (head, f"{head} (std.)")]
        statistics = tuple(TableRow(s.label, [each for cell in s.cells for each in (cell, None)]) for s in statistics)
        note = f"{STANDARDIZED}\n{note}"
    return RegressionTable(
        Layout(
            names=tuple(heads),
            coefficients=coefficient_rows(columns, heads, coef_names, omit),
            statistics=statistics,
            digits=_digits(digits),
            bounds=bounds,
            single_row=single_row,
            level=level if ci else None,
            p=p,
            caption=caption,
            note=note,
        )
    )


def _standardized(m: Any) -> FittedModel:
    return m.standardize()


def _rows_of(standardized: Mapping[Key, Estimate], raw: Mapping[Key, Estimate]) -> dict[Key, Estimate]:
    """Standardised coefficients by what the coefficients beside them are."""
    if len(standardized) != len(raw):
        raise FitError(
            f"The standardised model has {len(standardized)} coefficients, where the model has {len(raw)}: in one of "
            "them columns are left out as dependent. Leave out what depends on others."
        )
    return dict(zip(raw, standardized.values(), strict=True))


def _digits(digits: Any) -> int:
    if not is_count(digits, 0, MOST_DIGITS):
        raise ArgumentError(f"digits is a whole number from 0 to {MOST_DIGITS}; got {brief(digits)}.")
    return int(digits)


def _bounds(stars: Any) -> tuple[float, ...]:
    """P values below which there are stars, ascending."""
    bounds = listed(stars, any_order=True)
    if bounds is None or not all(is_number(bound) and 0 <= bound <= 1 for bound in bounds):
        raise ArgumentError(f"stars is a list of p values, such as [0.001, 0.01, 0.05]; got {brief(stars)}.")
    if len(bounds) > len(MARKS):
        raise ArgumentError(f"There are marks for {len(MARKS)} levels; stars has {len(bounds)}.")
    return tuple(sorted(bounds))


def _demand_flags(**flags: Any) -> None:
    for name, value in flags.items():
        if not is_one_of(value, (True, False)):
            raise ArgumentError(f"{name} is True or False; got {type(value).__name__}.")


def _demand_texts(**texts: Any) -> None:
    for name, value in texts.items():
        if not isinstance(value, str):
            raise ArgumentError(f"{name} is a text; got {type(value).__name__}.")
