"""Comparisons of models without their list: the first degrees of freedom count the parameters of each model."""

import pytest

from replications import verify
from replications.printouts.read import read_printout

COMPARED = [
    ["", "{count}", "AIC", "BIC", "logLik", "deviance", "Chisq", "{df}", "Pr(>Chisq)"],
    ["small", "5", "812.40", "829.10", "-401.20", "802.40", "", "", ""],
    ["large", "7", "806.20", "829.58", "-396.10", "792.20", "10.20", "2", "0.006097"],
]
CRITERIA = [["", "{count}", "AIC", "BIC"], ["small", "5", "812.40", "829.10"], ["large", "7", "806.20", "829.58"]]


def plain(rows):
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    named = [f"{row[0]:{widths[0]}}" for row in rows]
    values = [" ".join(f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True)) for row in rows]
    return "\n".join(f"{name} {line}" for name, line in zip(named, values, strict=True)) + "\n"


def kable(rows):
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|:--" + "|--:" * (len(rows[0]) - 1) + "|", *lines[1:]]) + "\n"


def web(rows):
    cells = ["".join(f"<td>{cell.replace('>', '&gt;')}</td>" for cell in row) for row in rows]
    return "<html><body><table>" + "".join(f"<tr>{row}</tr>\n" for row in cells) + "</table></body></html>"


def pandoc(rows):
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]]) + "\n"


LAYOUTS = [plain, kable, web, pandoc, lambda rows: "\n".join("\t".join(row) for row in rows) + "\n"]


def ids_of(rows, layout, **words):
    printout = read_printout(layout([[cell.format(**words) for cell in row] for row in rows]))
    assert not printout.unread
    return {number.id: number.text for block in printout for number in block.numbers if number.text != "NA"}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("count", "df"), [("Df", "Chi Df"), ("npar", "Df")])
def test_a_comparison_counts_the_parameters_of_each_model(layout, count, df):
    texts = ids_of(COMPARED, layout, count=count, df=df)
    assert (texts["small.npar"], texts["large.npar"], texts["large.chisq_df"]) == ("5", "7", "2")
    assert not [id for id in texts if id.endswith((".df", "__2"))]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("criteria", [["AIC"], ["BIC"], ["AIC", "BIC"]])
def test_criteria_beside_df_count_parameters(layout, criteria):
    places = [0, 1, *(CRITERIA[0].index(name) for name in criteria)]
    rows = [[row[place] for place in places] for row in CRITERIA]
    texts = ids_of(rows, layout, count="df")
    assert (texts["small.npar"], texts["large.npar"]) == ("5", "7")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_terms_left_out_have_degrees_of_freedom(layout):
    rows = [["", "Df", "AIC", "LRT", "Pr(>Chi)"], ["height", "2", "816.60", "10.20", "0.006097"]]
    assert ids_of(rows, layout)["height.df"] == "2"
    glance = [["", "df", "logLik", "AIC", "BIC"], ["small", "3", "-401.20", "812.40", "829.10"]]
    assert ids_of(glance, layout)["small.df"] == "3"


def test_the_counts_are_held_against_the_criteria():
    rows = [[cell.format(count="Df", df="Chi Df") for cell in row] for row in COMPARED]
    assert not verify(plain(rows)).having("differs")
    rows[2][1] = "8"
    assert verify(plain(rows)).having("differs")
