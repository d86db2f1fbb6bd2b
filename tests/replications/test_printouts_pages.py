"""Web pages: output without ``<pre>``, cells that span rows and columns, tables with two rows of headings."""

import html

import pytest

from replications.printouts.read import read_printout

OUTPUT = """Linear mixed model fit by REML ['lmerMod']
Formula: y ~ x + (1 | school)
   Data: d

REML criterion at convergence: 780.2

Random effects:
 Groups   Name        Variance Std.Dev.
 school   (Intercept) 2.094    1.447
 Residual             1.107    1.052
Number of obs: 240, groups:  school, 12

Fixed effects:
            Estimate Std. Error t value
(Intercept)   5.0606     0.4340  11.661
x            -0.6828     0.1222  -5.587
"""


def triples(text):
    """Return what was read as id, text, row and column."""
    return [(n.id, n.text, n.row, n.column) for block in read_printout(text) for n in block.numbers]


def spaced(text):
    return html.escape(text).replace(" ", "&nbsp;")


PAGES = {
    "pre": f"<html><body><p>We see:</p><pre>{html.escape(OUTPUT)}</pre></body></html>",
    "breaks in pre": "<html><body><pre>" + html.escape(OUTPUT).replace("\n", "<br/>") + "</pre></body></html>",
    "blanks that do not break": "<html><body><p><tt>"
    + spaced(OUTPUT).replace("\n", "<br/>\n")
    + "</tt></p></body></html>",
    "a paragraph a line": "<html><body>"
    + "".join(f"<p class='MsoNormal'>{spaced(line)}</p>\n" for line in OUTPUT.split("\n"))
    + "</body></html>",
    "beside a table": "<html><body><table><tr><td>a</td></tr></table><p>"
    + spaced(OUTPUT).replace("\n", "<br/>\n")
    + "</p></body></html>",
    "a style": f"<html><body><div style='white-space: pre-wrap'>{html.escape(OUTPUT)}</div></body></html>",
}


@pytest.mark.parametrize("name", PAGES)
def test_output_is_found_whatever_element_holds_it(name):
    assert triples(PAGES[name]) == triples(OUTPUT)
    assert len(triples(OUTPUT)) == 13


HEAD = (
    "<table><tr><th></th><th colspan='2'>Model 1</th><th colspan='2'>Model 2</th></tr>"
    "<tr><th></th><th>b</th><th>SE</th><th>b</th><th>SE</th></tr>"
)


def test_two_rows_of_headings_are_one():
    page = (
        f"{HEAD}<tr><td>Intercept</td><td>1.10</td><td>0.20</td><td>1.30</td><td>0.40</td></tr>"
        "<tr><td>x</td><td>2.10</td><td>0.21</td><td></td><td></td></tr>"
        "<tr><td>AIC</td><td colspan='2'>100.1</td><td colspan='2'>99.2</td></tr></table>"
    )
    assert triples(page) == [
        ("Model 1.intercept.estimate", "1.10", "Intercept", "Model 1 b"),
        ("Model 1.intercept.se", "0.20", "Intercept", "Model 1 SE"),
        ("Model 2.intercept.estimate", "1.30", "Intercept", "Model 2 b"),
        ("Model 2.intercept.se", "0.40", "Intercept", "Model 2 SE"),
        ("Model 1.x.estimate", "2.10", "x", "Model 1 b"),
        ("Model 1.x.se", "0.21", "x", "Model 1 SE"),
        ("Model 1.aic", "100.1", "AIC", "Model 1"),
        ("Model 2.aic", "99.2", "AIC", "Model 2"),
    ]


def test_a_cell_that_spans_rows_stands_in_each():
    page = (
        "<table><tr><th>Group</th><th>Term</th><th>Estimate</th><th>SE</th></tr>"
        "<tr><td rowspan='2'>school</td><td>a</td><td>1.10</td><td>0.20</td></tr>"
        "<tr><td>b</td><td>1.30</td><td>0.40</td></tr><tr><td>item</td><td>c</td><td>1.50</td><td>0.60</td></tr></table>"
    )
    assert [(text, row, column) for _, text, row, column in triples(page)] == [
        ("1.10", "school a", "Estimate"),
        ("0.20", "school a", "SE"),
        ("1.30", "school b", "Estimate"),
        ("0.40", "school b", "SE"),
        ("1.50", "item c", "Estimate"),
        ("0.60", "item c", "SE"),
    ]


def test_a_row_of_one_cell_is_no_heading_and_intervals_need_no_brackets():
    page = (
        "<table><tr><th></th><th>Beta</th><th>95% CI</th></tr><tr><td colspan='3'>Fixed</td></tr>"
        "<tr><td>x</td><td>10.5</td><td>7.4, 13.5</td></tr><tr><td>z</td><td>0.5</td><td>7,400</td></tr></table>"
    )
    assert triples(page)[:3] == [
        ("x.estimate", "10.5", "x", "Beta"),
        ("x.ci_low", "7.4", "x", "95% CI"),
        ("x.ci_high", "13.5", "x", "95% CI"),
    ]


def test_a_row_with_more_cells_than_headings_is_reported():
    printout = read_printout("<table><tr><th></th><th>b</th></tr><tr><td>x</td><td>1.5</td><td>2.5</td></tr></table>")
    assert printout.unread == [(1, "x  1.5  2.5")]
    assert not [number for block in printout for number in block.numbers]


@pytest.mark.parametrize("heading", ["Pr(>&#124;t&#124;)", "Pr(>|t|)", r"Pr(>\|t\|)"])
def test_bars_of_a_heading_are_none_between_cells(heading):
    text = f"|     | Estimate| {heading}| t value|\n|:----|-----:|-----:|-----:|\n|x    | 10.467| 0.002| 6.771|\n"
    assert triples(text) == [
        ("x.estimate", "10.467", "x", "Estimate"),
        ("x.p", "0.002", "x", "Pr(>|t|)"),
        ("x.t", "6.771", "x", "t value"),
    ]


PASTED = f"""---
title: "Homework  3"
---

# Model 1

We fit the model, and see that the slope is -0.6828.  It is small: 0.5

```{{r}}
summary(m)
```

{OUTPUT}optimizer (nloptwrap) convergence code: 0 (OK)

We conclude with -0.683, p < .001.

- an item with 0.5

[1] 0.6541

2.  a numbered item 12
"""


def test_output_pasted_outside_of_a_fence_is_read():
    printout = read_printout(PASTED)
    assert triples(PASTED)[:13] == triples(OUTPUT)
    assert [block.kind for block in printout] == ["lme4.summary", "base.print"]
    assert printout.unread == []
    assert printout[0].messages == ["optimizer (nloptwrap) convergence code: 0 (OK)"]


def test_pasted_output_of_no_kind_is_reported():
    printout = read_printout("```r\nf(x)\n```\n\n     a quantity   0.5013 0.112\n\nThat was it.\n")
    assert [number for number, _ in printout.unread] == [5]


def cell(text):
    return f"\n<td style='padding:0.2cm;'>\n\n{text}\n\n</td>\n"


def test_signs_that_markdown_escapes_in_a_table_are_themselves():
    rows = [
        ["Predictors", "Estimates", "CI", "p"],
        [r"Arm \[old\] \* x", r"\-0.49", r"\-0.77 – \-0.22", r"<strong>\<0.001"],
        [r"x\_z", r"0.30", r"\-0.10 – 0.70", r"0.140"],
        ["Observations", "352", "", ""],
    ]
    table = "<table>\n" + "".join(f"<tr>{''.join(map(cell, row))}</tr>\n" for row in rows) + "</table>\n"
    page = f"``` r\ntab_model(m)\n```\n\n{table}\nSome text.\n"
    printout = read_printout(page)
    assert printout.unread == []
    assert [(id.rpartition(".")[2], text, row) for id, text, row, _ in triples(page)] == [
        ("estimate", "-0.49", "Arm [old] * x"),
        ("ci_low", "-0.77", "Arm [old] * x"),
        ("ci_high", "-0.22", "Arm [old] * x"),
        ("p", "<0.001", "Arm [old] * x"),
        ("estimate", "0.30", "x_z"),
        ("ci_low", "-0.10", "x_z"),
        ("ci_high", "0.70", "x_z"),
        ("p", "0.140", "x_z"),
        ("n_obs", "352", "Observations"),
    ]


@pytest.mark.parametrize("sign", "!#$%&'()*+,-./:;<=>?@[]^_`{}~")
def test_every_sign_that_markdown_escapes_is_itself_in_a_label(sign):
    text = f"| term | Estimate | SE |\n|:--|--:|--:|\n| a\\{sign}b | 1.25 | 0.5 |\n"
    rows = f"<tr><th>term</th><th>Estimate</th></tr><tr><td>a\\{sign}b</td><td>1.5</td></tr>"
    page = f"``` r\nf(m)\n```\n\n<table>{rows}</table>\n"
    assert {row for _, _, row, _ in triples(text)} == {f"a{sign}b"}
    assert {row for _, _, row, _ in triples(page)} == {f"a{sign}b"}
