"""A table of models as HTML, by itself and as a page: rules, distances and hanging stars come along.

Lines and letters have the colour of the text around them, so that they are right on light and on dark pages.
"""

from __future__ import annotations

import html

from .layout import Layout, PrintedCell, PrintedRow

__all__ = ["to_html", "to_page"]

STYLE = """\
.mlm-regtable-box { overflow-x: auto; }
table.mlm-regtable { border-collapse: collapse; border: 0; border-top: 2px solid; border-bottom: 2px solid;
  color: inherit; background: none; font-variant-numeric: tabular-nums; line-height: 1.35; margin: 0.5em 0; }
table.mlm-regtable caption { caption-side: top; color: inherit; font-weight: bold; padding: 0.3em 0.2em;
  text-align: left; }
table.mlm-regtable tr { background: none !important; border: 0; }
table.mlm-regtable th, table.mlm-regtable td { border: 0; color: inherit; padding: 0.12em 1.4em 0.12em 0.3em;
  text-align: right; vertical-align: baseline; white-space: nowrap; }
table.mlm-regtable thead th { font-weight: bold; max-width: 14em; min-width: 5em; padding-top: 0.3em;
  padding-bottom: 0.3em; vertical-align: bottom; white-space: normal; overflow-wrap: break-word; }
table.mlm-regtable thead { border: 0; }
table.mlm-regtable tbody th { font-weight: normal; max-width: 24em; min-width: 7em; overflow-wrap: break-word;
  text-align: left !important; white-space: normal; }
table.mlm-regtable tbody, table.mlm-regtable tfoot { border-top: 1px solid; }
table.mlm-regtable sup { line-height: 0; }
table.mlm-regtable tbody td sup { display: inline-block; width: 0; }
table.mlm-regtable tfoot td { font-size: 0.85em; padding-top: 0.4em; padding-bottom: 0.3em;
  text-align: left !important; white-space: normal; }
@media (max-width: 480px) { table.mlm-regtable { font-size: 0.8em; } }
"""
PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font-family: system-ui, sans-serif; margin: 1.5rem; }}
</style>
</head>
<body>
{table}
</body>
</html>
"""
POWERS = {"R^2": "R<sup>2</sup>", "Adj. R^2": "Adj. R<sup>2</sup>"}
"""Statistics that texreg writes with a raised number."""


def to_html(table: Layout) -> str:
    """Write a table as ``htmlreg`` does, with the style it needs."""
    heads = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in table.names)
    lines = ['<div class="mlm-regtable-box">', f"<style>\n{STYLE}</style>", '<table class="mlm-regtable">']
    if table.caption:
        lines.append(f"<caption>{html.escape(table.caption)}</caption>")
    lines += [f"<thead><tr><td></td>{heads}</tr></thead>"]
    for rows in (table.upper(), table.lower()):
        lines += ["<tbody>", *map(_row, rows), "</tbody>"]
    legend = [table.legend("<sup>{}</sup>p &lt; {}", "&sdot;")] if table.bounds else []
    notes = [*legend, *(html.escape(line) for line in table.remarks())]
    if notes:
        lines.append(f'<tfoot><tr><td colspan="{len(table.names) + 1}">{"<br>".join(notes)}</td></tr></tfoot>')
    return "\n".join([*lines, "</table>", "</div>"])


def to_page(table: Layout) -> str:
    """Write a page that has the table alone."""
    return PAGE.format(title=html.escape(table.caption or "Models"), table=to_html(table))


def _row(row: PrintedRow) -> str:
    label = POWERS.get(row.label, "") if row.what == "statistic" else ""
    stub = f'<th scope="row">{label or html.escape(row.label)}</th>' if row.label else "<td></td>"
    return f"<tr>{stub}{''.join(f'<td>{_cell(cell)}</td>' for cell in row.cells)}</tr>"


def _cell(cell: PrintedCell) -> str:
    text = html.escape(" ".join(filter(None, cell[:2]))).replace("-", "&minus;")
    return f"{text}<sup>{cell.stars.replace('.', '&sdot;')}</sup>" if cell.stars else text
