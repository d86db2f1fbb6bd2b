"""A fitted model as one page for a browser: it loads nothing, so it can be sent and kept."""

from __future__ import annotations

import base64
import io
import warnings
from collections.abc import Callable
from html import escape
from importlib.metadata import PackageNotFoundError, version
from typing import Any, cast

import pandas as pd

from .errors import FitError, counted
from .model.generalized_linear_model import GeneralizedLinearModel
from .model.generalized_mixed_model import GeneralizedMixedModel
from .model.linear_model import LinearModel
from .model.mixed_model import MixedModel
from .plot import binned_residuals, caterpillar, residual_histogram
from .report.face import FittedMixedModel, is_generalized
from .report.html import as_html
from .variance.icc import icc
from .variance.r2 import r2

__all__ = ["Model", "page", "picture", "save", "software"]

Model = MixedModel | GeneralizedMixedModel | LinearModel | GeneralizedLinearModel
MIXED = (MixedModel, GeneralizedMixedModel)

DOTS = 150  # an inch: sharp on screens of twice the usual density
LEAST_P = 2e-16  # smaller ones are written as bounds, as in R
BOXES = "Some letters are in none of the fonts that the picture is drawn with, and show as boxes."
DIGITS = 5  # of a figure in the tables; the summary has R's
LEFT = ' class="text"'  # of columns of words
STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin-top: 2.5rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 0.2rem 0.8rem; text-align: right; border: 0; white-space: nowrap; }
th { border-bottom: 1px solid; }
.text { text-align: left; }
img { width: 100%; min-width: 34rem; height: auto; }
@media (prefers-color-scheme: dark) { img { filter: invert(1) hue-rotate(180deg); } }
footer { margin-top: 3rem; font-size: 0.85rem; }
"""


def page(m: Model, ddf: str | None = None, source: str = "") -> str:
    """Return a page in HTML: summary, estimates with intervals, ratios, variances, ICC and R², pictures.

    Parameters
    ----------
    m : fitted model
    ddf : {None, "satterthwaite"}
        As for `summary`.
    source : str
        Name of the data, shown below the title.

    Examples
    --------
    >>> import mlm
    >>> m = mlm.lm("y ~ x", {"y": [1.0, 2.0, 4.0], "x": [0, 1, 2]})
    >>> page(m).startswith("<!DOCTYPE html>")
    True
    """
    of = f"{source}, " if source else ""
    parts = [
        f"<h1>{escape(str(m.formula))}</h1><p>{escape(of)}{counted(m.nobs, 'row')}{_left_out(m)}.</p>",
        _section("Summary", f'<div class="wide">{as_html(str(m.summary(ddf)))}</div>'),
        _section("Fixed effects" if isinstance(m, MIXED) else "Coefficients", _table(_fixed(m, ddf))),
        _ratios(m),
    ]
    if isinstance(m, MIXED):
        parts.append(_section("Where the variance is", _table(m.varcorr) + _shares(m)))
        parts += [_caterpillar(m, group) for group in m.ngrps.index]
    parts.append(
        _section("Residuals", _image(lambda: _residuals(m), "Residuals of the fit, by the model's own yardstick"))
    )
    footer = f"<footer>{software()}</footer>"
    view = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    head = f"{view}<title>{escape(str(m.formula))}</title>"
    body = "\n".join([*parts, footer])
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}<style>{STYLE}</style></head>\n<body>{body}</body></html>\n'


def _left_out(m: Model) -> str:
    """Say which rows are not in the fit."""
    if not m.frame.dropped.count:
        return ""
    columns = ", ".join(f"{name} ({count:,})" for name, count in m.frame.dropped.by_column.items())
    return (
        f" of {m.frame.dropped.total:,}; {m.frame.dropped.count:,} left out, with missing values in {escape(columns)}"
    )


def software() -> str:
    """Return name and version of what is installed; the name alone where the code only lies on the path."""
    try:
        return f"mlm {version('multilevel-replications')}"
    except PackageNotFoundError:
        return "mlm"


def picture(m: Model) -> Any:
    """Return the figure that shows most of a model: groups as a caterpillar; residuals where there are none."""
    return _modes(m, m.ngrps.index[0]) if isinstance(m, MIXED) else _residuals(m)


def _modes(m: MixedModel | GeneralizedMixedModel, group: str) -> Any:
    return caterpillar(cast(FittedMixedModel, m), group)[0].figure


def _residuals(m: Model) -> Any:
    """Return the figure of the residuals: beside a normal distribution, or their averages where they have none."""
    return (binned_residuals if is_generalized(m) else residual_histogram)(m).figure


def _ratios(m: Model) -> str:
    """Return the section of odds ratios, or what else exponentials of coefficients are; nothing where they are none."""
    if isinstance(m, MixedModel | LinearModel):
        return ""
    try:
        table = m.exp_table()
    except FitError:
        return ""
    return _section(f"{table.columns[0].capitalize()}s", _table(table.rename_axis("term").reset_index()))


def _shares(m: MixedModel | GeneralizedMixedModel) -> str:
    """Return ICC and R², or why there are none."""
    try:
        return f"<p>{_lines(icc(m))}</p><p>{_lines(r2(m))}</p>"
    except FitError as error:
        return f"<p>{escape(str(error))}</p>"


def _fixed(m: Model, ddf: str | None) -> pd.DataFrame:
    """Return the rows of the fixed effects, with intervals."""
    rows = m.tidy(conf_int=True, ddf=ddf)
    return rows[rows["effect"] == "fixed"].drop(columns=["effect", "group"]) if "effect" in rows else rows


def _section(title: str, content: str) -> str:
    return f"<h2>{escape(title)}</h2>\n{content}"


def _caterpillar(m: MixedModel | GeneralizedMixedModel, group: str) -> str:
    about = f"Conditional modes of the random effects of {group}, in ascending order, with 95% intervals"
    image = _image(lambda: _modes(m, group), about)
    return _section(f"The {m.ngrps[group]:,} levels of {group}", f"<p>{escape(about)}.</p>{image}")


def _image(draw: Callable[[], Any], about: str) -> str:
    """Return a figure as an image that the page itself holds."""
    content = io.BytesIO()
    boxes = save(draw, content, format="png", dpi=DOTS, bbox_inches="tight", transparent=True)
    data = base64.b64encode(content.getvalue()).decode("ascii")
    image = f'<div class="wide"><img alt="{escape(about)}" src="data:image/png;base64,{data}"></div>'
    return f"{image}<p>{boxes}</p>" if boxes else image


def save(draw: Callable[[], Any], target: Any, **options: Any) -> str:
    """Draw a figure, save it with the options of its `savefig`, close it; say where its fonts lack letters."""
    from matplotlib import pyplot

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        figure = draw()
        figure.savefig(target, **options)
        pyplot.close(figure)
    lacking = [one for one in caught if "missing from" in str(one.message)]
    for one in caught:
        if one not in lacking:
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
    return BOXES if lacking else ""


def _table(rows: pd.DataFrame) -> str:
    """Return a table, numbers to a few digits and what is absent as nothing."""
    texts = [name for name in rows if any(isinstance(value, str) for value in rows[name])]
    head = "".join(f'<th scope="col"{LEFT * (name in texts)}>{escape(str(name))}</th>' for name in rows)
    body = "".join(f"<tr>{''.join(map(_cell, row, rows))}</tr>" for row in rows.itertuples(index=False))
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _cell(value: Any, column: str) -> str:
    if isinstance(value, str):
        return f"<td{LEFT}>{escape(value)}</td>"
    if column == "p.value" and value < LEAST_P:
        return f"<td>&lt;{LEAST_P:g}</td>"
    return f"<td>{'' if pd.isna(value) else f'{value:.{DIGITS}g}'}</td>"


def _lines(report: Any) -> str:
    return "<br>".join(escape(line.lstrip("# ")) for line in str(report).splitlines() if line.strip())
