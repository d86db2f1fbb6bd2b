"""Tables that look like others: what stands in a place says what it is, and a doubtful row is not read as another."""

import pytest

from replications import read_printout


def _read(text: str) -> dict[str, str]:
    return {number.id: number.text for block in read_printout(text) for number in block.numbers}


def _page(rows: list[list[str]], heads: int = 1, title: str = "") -> str:
    """Return a page with a table, the first rows of which are headings."""
    parts = [f'<tr><th colspan="{len(rows[0])}">{title}</th></tr>'] if title else []
    for at, row in enumerate(rows):
        tag = "th" if at < heads else "td"
        parts.append("<tr>" + "".join(f"<{tag}>{cell}</{tag}>" for cell in row) + "</tr>")
    return f"<html><body><table>{''.join(parts)}</table></body></html>"


def _markdown(rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]]) + "\n"


FITS = [
    ["Criterion", "Null model", "With age", "Change"],
    ["Method", "REML", "REML", ""],
    ["AIC", "811.20", "799.05", "12.15"],
    ["BIC", "823.61", "815.60", "8.01"],
    ["logLik", "-402.60", "-395.53", "7.07"],
]


@pytest.mark.parametrize(
    "text", [_page(FITS), _page(FITS, heads=0), _markdown(FITS)], ids=["headings", "cells alone", "Markdown"]
)
def test_a_row_of_words_below_headings_is_none_of_them(text: str):
    (block,) = read_printout(text)

    assert {(n.row, n.column): n.text for n in block.numbers} == {
        (row[0], head): cell for row in FITS[2:] for head, cell in zip(FITS[0][1:], row[1:], strict=True)
    }
    assert block.unread == []


@pytest.mark.parametrize(
    ("second", "ids"),
    [
        (["Term", "b", "SE"], ["Model A.age.estimate", "Model B.age.se"]),
        (["", "Women", "Men"], ["Women.age.estimate", "Men.age.estimate"]),
    ],
)
def test_a_second_row_of_headings_is_still_one(second: list[str], ids: list[str]):
    rows = [["", "Model A", "Model B"], second, ["(Intercept)", "1.25", "1.50"], ["age", "0.31", "0.07"]]

    assert _read(_page(rows)).items() >= dict(zip(ids, ("0.31", "0.07"), strict=True)).items()


@pytest.mark.parametrize("title", ["", "Random Effects"])
def test_a_row_whose_second_label_is_empty_is_named_by_its_first(title: str):
    rows = [["Group", "Parameter", "Std. Dev."], ["ward", "(Intercept)", "3.31"], ["Residual", "", "7.02"]]
    (block,) = read_printout(_page(rows, title=title))

    assert (block.kind, [(n.row, n.column, n.text) for n in block.numbers]) == (
        "page.table", [("ward", "Std. Dev.", "3.31"), ("Residual", "Std. Dev.", "7.02")],
    )  # fmt: skip


def test_a_group_without_a_term_does_not_go_on_with_the_row_above():
    rows = [
        ["", "", "Model 1", "Model 2"], ["ward", "(Intercept)", "3.31", "3.12"], ["", "age", "0.20", "0.25"],
        ["Residual", "", "7.02", "6.80"],
    ]  # fmt: skip
    numbers = [n for block in read_printout(_page(rows)) for n in block.numbers if n.text in ("7.02", "6.80")]

    assert len(numbers) == 2
    assert all("Residual" in n.row and "esidual" in n.id for n in numbers)


TWO_WAY = """              arm
ClinicVisits          0          1
           1 0.11830201 0.20914832
           2 0.20914832 0.30118420
           3 0.31204755 0.31204755
           4 0.36050224 0.17761993
"""


@pytest.mark.parametrize("call", ["prop.table(table(d$visits, d$arm), 2)", "xtabs(p ~ visits + arm, d)", ""])
def test_rows_of_a_two_way_table_are_no_names_of_the_rows_below(call: str):
    output = "\n".join(f"## {line}" for line in TWO_WAY.rstrip().split("\n"))
    printout = read_printout(f"```r\n{call}\n```\n\n```\n{output}\n```\n" if call else TWO_WAY)
    read = {n.line for block in printout for n in block.numbers}

    assert all(block.kind != "base.print.vector" for block in printout)
    assert read | {line for line, _ in printout.unread} >= set(range(*((8, 12) if call else (3, 7))))


def test_levels_that_are_numbers_are_names_below_their_call():
    text = (
        "> tapply(d$y, d$dose, mean)\n   0.5      1      2 \n11.105 18.735 27.100 \n> table(d$arm)\n\n 1  2 \n30 41 \n"
    )

    assert [(n.row, n.text) for block in read_printout(text) for n in block.numbers] == [
        ("0.5", "11.105"), ("1", "18.735"), ("2", "27.100"), ("1", "30"), ("2", "41"),
    ]  # fmt: skip


MIXED = """Mixed-effects ML regression                     Number of obs     =        360
Group variable: ward                            Number of groups  =         24
Log likelihood = -512.7731                      Prob > chi2       =     0.0112

------------------------------------------------------------------------------
        pain | Coefficient  Std. err.      z    P>|z|     [95% conf. interval]
-------------+----------------------------------------------------------------
       visit |  -.1204331   .0411225    -2.93   0.003    -.2010317   -.0398345
             |
   treatment |
     Active  |  -.2811140   .1711022    -1.64   0.100    -.6164682    .0542402
             |
{heading}
{row}  -.0733410   .0581560    -1.26   0.207    -.1873247    .0406427
             |
       _cons |   5.102230   .1211045    42.13   0.000      4.86487     5.33959
------------------------------------------------------------------------------
"""


@pytest.mark.parametrize(
    ("heading", "row", "id"),
    [
        ("  treatment#|\n     c.visit |", "     Active  |", "treatmentActive:visit"),
        ("   arm#c.age |", "     Active  |", "armActive:age"),
        ("   treatment#|\n     clinic# |\n     c.visit |", "Active#West  |", "treatmentActive:clinicWest:visit"),
        ("     clinic#arm |", "  West#New  |", "clinicWest:armNew"),
        ("     clinic#arm |", "        2 3  |", "clinic2:arm3"),
        ("    c.visit#|", "     c.visit |", "visit:visit"),
    ],
)
def test_an_interaction_of_stata_has_all_its_factors_on_whatever_lines_they_stand(heading: str, row: str, id: str):
    (block,) = read_printout(MIXED.format(heading=heading, row=row))
    numbers = {number.id: number.text for number in block.numbers if number.id.startswith("fixef.")}

    assert {id.rpartition(".")[0] for id in numbers} == {
        "fixef.visit", "fixef.treatmentActive", f"fixef.{id}", "fixef.intercept",
    }  # fmt: skip
    assert (numbers[f"fixef.{id}.estimate"], numbers[f"fixef.{id}.ci_high"]) == ("-.0733410", ".0406427")
    assert block.unread == []
