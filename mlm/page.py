"""A fitted model as one page for a browser: it loads nothing, so it can be sent and kept."""

from __future__ import annotations

import base64
import io
import warnings
from collections.abc import Callable
from functools import partial
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
from .plot.check import Draw, residual_panels
from .plot.places import Canvas
from .plot.random_effects import NAMED_GROUPS
from .report.face import FittedMixedModel, is_generalized
from .report.html import as_html
from .report.r_numbers import format_pvalues
from .variance.icc import icc
from .variance.r2 import r2

__all__ = ["Model", "page", "picture", "save", "software"]

Model = MixedModel | GeneralizedMixedModel | LinearModel | GeneralizedLinearModel
MIXED = (MixedModel, GeneralizedMixedModel)

DOTS = 150  # an inch: sharp on screens of twice the usual density
P_DIGITS = 3  # of p values, as in the summary
PANEL = 4.2, 3.2  # inches of a picture that fills a telephone, or half of the page
ROW = 0.17  # inches of a named level of a caterpillar, on a telephone
LEAST_ROWS, MOST_ROWS = 2.1, 10.5  # inches of its panels
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
img { width: 100%; height: auto; }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr)); gap: 1rem; }
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
    parts.append(_section("Residuals", _residual_pictures(m)))
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


def _modes(m: MixedModel | GeneralizedMixedModel, group: str, ax: Any = None) -> Any:
    return caterpillar(cast(FittedMixedModel, m), group, ax=ax)[0].figure


def _narrow_modes(m: MixedModel | GeneralizedMixedModel, group: str) -> Any:
    """Return the same for a telephone, the panels below each other."""
    from matplotlib import pyplot

    modes = m.ranef()
    terms = modes.loc[modes["grpvar"] == group, "term"].nunique()
    height = min(max(LEAST_ROWS, ROW * m.ngrps[group] + 0.8), MOST_ROWS if m.ngrps[group] <= NAMED_GROUPS else PANEL[1])
    size = (PANEL[0], terms * height)
    return _modes(m, group, pyplot.subplots(terms, 1, figsize=size, layout="constrained", squeeze=False)[1].ravel())


def _residuals(m: Model, figsize: tuple[float, float] | None = None) -> Any:
    """Return the figure of the residuals: beside a normal distribution, or their averages where they have none."""
    return (binned_residuals if is_generalized(m) else residual_histogram)(m, figsize=figsize).figure


def _residual_pictures(m: Model) -> str:
    """Return averages of the residuals; of a linear model their distribution, against fitted values, and quantiles."""
    if not isinstance(m, MixedModel | LinearModel):
        return _image(lambda: _residuals(m), "Averages of the residuals in bins", lambda: _residuals(m, PANEL))
    images = [_image(lambda: _residuals(m, PANEL), "Distribution of the residuals")]
    images += [_image(partial(_panel, head, draw), head) for head, draw in residual_panels(m)]
    return f'<div class="pictures">{"".join(images)}</div>'


def _panel(head: str, draw: Draw) -> Any:
    """Return a panel of residuals as a figure."""
    canvas = Canvas.of(None, PANEL)
    draw(canvas)
    canvas.ax.set_title(head, fontsize="medium")
    return canvas.ax.figure


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
    image = _image(lambda: _modes(m, group), about, lambda: _narrow_modes(m, group))
    return _section(f"The {m.ngrps[group]:,} levels of {group}", f"<p>{escape(about)}.</p>{image}")


def _image(draw: Callable[[], Any], about: str, narrow: Callable[[], Any] | None = None) -> str:
    """Return a figure as an image that the page itself holds, with another one for telephones where it is wide."""
    source, boxes = _png(draw)
    other = f'<source media="(max-width: 600px)" srcset="{_png(narrow)[0]}">' if narrow else ""
    image = f'<picture>{other}<img alt="{escape(about)}" src="{source}"></picture>'
    return f"<div>{image}{f'<p>{boxes}</p>' if boxes else ''}</div>"


def _png(draw: Callable[[], Any]) -> tuple[str, str]:
    """Return a figure as the address of an image, and what is to be said of its letters."""
    content = io.BytesIO()
    boxes = save(draw, content, format="png", dpi=DOTS, bbox_inches="tight", transparent=True)
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode('ascii')}", boxes


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
    columns = [_cells(rows.iloc[:, place]) for place in range(rows.shape[1])]
    body = "".join(f"<tr>{''.join(row)}</tr>" for row in zip(*columns, strict=True))
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _cells(column: pd.Series) -> list[str]:
    """Return the cells of a column, p values as the summary has them."""
    if str(column.name).startswith(("p.value", "Pr(")):
        known = column.astype(float).dropna()
        texts = dict(zip(known.index, format_pvalues(known, P_DIGITS), strict=True))
        return [f"<td>{escape(texts.get(row, ''))}</td>" for row in column.index]
    return [_cell(value) for value in column]


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return f"<td{LEFT}>{escape(value)}</td>"
    return f"<td>{'' if pd.isna(value) else f'{value:.{DIGITS}g}'}</td>"


def _lines(report: Any) -> str:
    return "<br>".join(escape(line.lstrip("# ")) for line in str(report).splitlines() if line.strip())
