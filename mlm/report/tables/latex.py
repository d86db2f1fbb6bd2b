"""A table of models for LaTeX, with the rules of the package booktabs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .latex_text import escaped
from .layout import Layout, PrintedCell, PrintedRow

__all__ = ["to_document", "to_latex"]

DOCUMENT = r"""\documentclass{{article}}
\ifdefined\Umathchar % LuaLaTeX or XeLaTeX
\usepackage{{fontspec}}
\else
\usepackage[T1]{{fontenc}}
\IfFileExists{{lmodern.sty}}{{\usepackage{{lmodern}}}}{{}}
\fi
\usepackage{{booktabs}}
\tracinglostchars=2 % signs that the font lacks are named on the terminal
\begin{{document}}
{table}
\end{{document}}
"""
POWERS = {"R^2": "R$^2$", "Adj. R^2": "Adj. R$^2$"}
"""Statistics that texreg writes with a raised number."""


def to_latex(table: Layout) -> str:
    """Write a table as ``texreg(booktabs = TRUE)``."""
    upper, lower = table.upper(), table.lower()
    lines = [r"\begin{table}", r"\begin{center}", rf"\begin{{tabular}}{{l {' '.join('c' * len(table.names))}}}"]
    lines += [r"\toprule", _line(["", *map(escaped, table.names)]), r"\midrule"]
    lines += [*map(_row, upper), r"\midrule", *map(_row, lower), r"\bottomrule"]
    legend = [table.legend("$^{{{}}}p<{}$", r"\cdot")] if table.bounds else []
    notes = [*legend, *map(escaped, table.remarks())]
    end = r" \\" + "\n"
    if notes:
        lines.append(end.join(rf"\multicolumn{{{len(table.names) + 1}}}{{l}}{{\scriptsize{{{n}}}}}" for n in notes))
    lines.append(r"\end{tabular}")
    if table.caption:
        lines.append(rf"\caption{{{escaped(table.caption)}}}")
    return "\n".join([*lines, r"\end{center}", r"\end{table}"])


def to_document(table: Layout) -> str:
    """Write a document that has the table alone."""
    return DOCUMENT.format(table=to_latex(table))


def _row(row: PrintedRow) -> str:
    label = POWERS.get(row.label, "") if row.what == "statistic" else ""
    return _line([label or escaped(row.label), *map(_cell, row.cells)])


def _line(cells: Sequence[str]) -> str:
    return f"{' & '.join(cells)} " + r"\\"


def _cell(cell: PrintedCell) -> str:
    if not cell.number:
        return ""
    text = r" \; ".join(_math(part) for part in cell[:2] if part)
    stars = cell.stars.replace(".", r"\cdot")
    return f"${text}^{{{stars}}}$" if stars else f"${text}$"


def _math(text: str) -> str:
    """Numbers in a formula: words in it stand upright, and no bound between is broken."""
    return re.sub(r"NaN|Inf", lambda word: rf"\mathrm{{{word.group()}}}", text)
