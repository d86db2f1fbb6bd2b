# ruff: noqa: E501  (tables are as wide as they are)
"""Tables of pages: headings with a decimal, rows without a label, and which quantity a cell has."""

import html

import pytest

from replications.printouts.read import read_printout


def triples(text):
    """Return what was read as id and text."""
    return [(n.id, n.text) for block in read_printout(text) for n in block.numbers]


def page(*rows, head="th"):
    """Return a table of a web page, its first row of headings."""
    cells = [
        "".join(f"<{tag}>{cell}</{tag}>" for cell in row)
        for row, tag in zip(rows, [head, *["td"] * len(rows)], strict=False)
    ]
    return f"<table>{''.join(f'<tr>{row}</tr>' for row in cells)}</table>"


ENDS = [("intercept.ci_low", "4.27"), ("intercept.ci_high", "6.01"), ("x.ci_low", "-0.92"), ("x.ci_high", "-0.44")]
ROWS = (("(Intercept)", "4.27", "6.01"), ("x", "-0.92", "-0.44"))
HEADS = [("2.5 %", "97.5 %"), ("2.5%", "97.5%"), ("lower_2.5", "upper_97.5"), ("Q2.5", "Q97.5"), ("CI_low", "CI_high")]
PLAIN = {
    "pipe": "|            | 2.5 %| 97.5 %|\n|:-----------|-----:|------:|\n|(Intercept) |  4.27|   6.01|\n|x           | -0.92|  -0.44|",
    "jira": "||            || 2.5 %|| 97.5 %||\n|(Intercept) |  4.27|   6.01|\n|x           | -0.92|  -0.44|",
    "simple": "               2.5 %   97.5 %\n------------  ------  -------\n(Intercept)     4.27     6.01\nx              -0.92    -0.44",
    "one word": "                2.5%    97.5%\n------------  ------  -------\n(Intercept)     4.27     6.01\nx              -0.92    -0.44",
    "rst": "===========  =====  ======\n\\            2.5 %  97.5 %\n===========  =====  ======\n(Intercept)   4.27    6.01\nx            -0.92   -0.44\n===========  =====  ======",
    "grid": "+-------------+-------+--------+\n|             | 2.5 % | 97.5 % |\n+=============+=======+========+\n| (Intercept) | 4.27  | 6.01   |\n+-------------+-------+--------+\n| x           | -0.92 | -0.44  |\n+-------------+-------+--------+",
    "latex": "\\begin{tabular}{l|r|r}\n & 2.5 \\% & 97.5 \\%\\\\\n\\hline\n(Intercept) & 4.27 & 6.01\\\\\nx & -0.92 & -0.44\\\\\n\\end{tabular}",
}  # fmt: skip


@pytest.mark.parametrize("head", HEADS)
def test_headings_with_a_decimal_are_headings(head):
    assert triples(page(("", *head), *ROWS)) == ENDS


@pytest.mark.parametrize("name", PLAIN)
def test_intervals_are_read_in_every_format(name):
    assert triples(PLAIN[name] + "\n") == ENDS


def test_intervals_below_their_command_are_those_of_confint():
    text = f"```r\nknitr::kable(confint(m))\n```\n\n{PLAIN['pipe'].replace('x ', '.sigma ')}\n"
    assert [block.kind for block in read_printout(text)] == ["stats.confint"]
    assert triples(text)[3] == ("confint.sigma.ci_high", "-0.44")


def test_two_rows_of_headings_may_end_in_shares():
    text = page(("Term", "Estimate", "CI", "CI"), ("", "", "2.5%", "97.5%"), ("x", "1.20", "0.40", "2.00"))
    assert triples(text) == [("x.estimate", "1.20"), ("CI.x.ci_low", "0.40"), ("CI.x.ci_high", "2.00")]


def test_a_table_without_headings_is_reported():
    printout = read_printout(page(("x", "1.5", "2.5"), ("z", "0.5", "0.7"), head="td"))
    assert [line for line, _ in printout.unread] == [1, 1]


def test_quantiles_are_no_interval():
    text = page(("", "0%", "25%", "50%", "75%", "100%"), ("x", "1.1", "2.2", "3.3", "4.4", "5.5"))
    assert triples(text)[0] == ("x.0%", "1.1")


def test_rows_without_a_label_are_counted():
    text = page(("Days", "fit"), ("0.5", "251.4"), ("1.5", "261.9"))
    assert triples(text) == [("1.Days", "0.5"), ("1.fit", "251.4"), ("2.Days", "1.5"), ("2.fit", "261.9")]


@pytest.mark.parametrize(("heading", "id"), [("p_value", "p"), ("Std Error", "se"), (r"$$\chi^2$$", "chisq")])
def test_headings_that_people_wrote_have_their_quantity(heading, id):
    assert triples(page(("Term", heading), ("x", "0.12"))) == [(f"x.{id}", "0.12")]


SHIFTED = """## Data: d
## Models:
## m0: y ~ 1 + (1 | g)
## m1: y ~ x + (1 | g)
##    npar    AIC    BIC  logLik deviance  Chisq Df Pr(>Chisq)    
## m0    3 216.51 226.11 -105.26   210.51                         
## m1    4 202.11 214.80  -97.06   194.11 16.402  1  5.125e-05 ***
"""  # noqa: W291
TAGS = '<div class="figure">\n<p class="caption">Figure 1</p>\n</div>\n\n<p align="center"><img src="a.png"/></p>\n'
MARKED = {
    "tags first": f"{TAGS}{TAGS}\n``` r\nanova(m0, m1)\n```\n\n```\n{SHIFTED}```\n",
    "tags below": f"# A page\n\n```\n{SHIFTED}```\n\n{TAGS}{TAGS}",
    "no fences": f"# A page\n\n{TAGS}{TAGS}\n{SHIFTED}",
    "slides": f"<!DOCTYPE html>\n<html><body>\n<textarea id='source'>\n# A slide\n\n```r\nanova(m0, m1)\n```\n\n```\n"
    f"{html.escape(SHIFTED)}```\n</textarea></body></html>",
}


@pytest.mark.parametrize("name", MARKED)
def test_output_in_a_page_of_markdown_with_tags_keeps_its_blanks(name):
    printout = read_printout(MARKED[name])
    assert [(n.id, n.text) for block in printout for n in block.numbers] == triples(SHIFTED)
    assert printout.unread == []
    assert printout[0].get("m1.chisq").line == MARKED[name].split("\n").index(html.escape(SHIFTED.split("\n")[6])) + 1


@pytest.mark.parametrize(("before", "after"), [("", ""), ("```{=html}\n", "```\n")])
def test_a_table_of_a_web_page_within_markdown_is_read(before, after):
    table = page(("", "2.5 %", "97.5 %"), *ROWS).replace("<tr>", "\n<tr>")
    text = f"# A page\n\n```r\nf(m)\n```\n\n{before}<div>\n{table}\n</div>\n{after}\nSee 0.5.\n\n```\n[1] 0.25\n```\n"
    assert triples(text)[:4] == ENDS
    assert triples(text)[4:] == [("1", "0.25")]
    assert [n.line for block in read_printout(text) for n in block.numbers][:4:2] == [
        1 + at for at, line in enumerate(text.split("\n")) if "<td>(Int" in line or "<td>x" in line
    ]


def test_tags_shown_within_a_fence_are_no_table():
    shown = page(("", "2.5 %", "97.5 %"), *ROWS)
    assert triples(f"# A page\n\n```html\n{shown}\n```\n") == []


MODEL = (("(Intercept)", "-6.188"), ("", "(-1.038)"), ("x", "0.256"), ("", "(3.272)"), ("Num.Obs.", "31"))


def brackets(values, *, head="(1)", stars=("", ""), above=""):
    """Return ids and texts of what was read from brackets below two estimates."""
    rows = [("(Intercept)", f"1.50{stars[0]}"), ("", values[0]), ("x", f"-2.00{stars[1]}"), ("", values[1])]
    text = above + page(("", head), *rows, ("Num.Obs.", "31"))
    return [(id, text) for id, text in triples(text) if not id.endswith(("estimate", "stars", "n_obs"))]


@pytest.mark.parametrize(
    ("values", "stars", "quantity"),
    [
        (("(0.50)", "(1.20)"), ("", ""), "se"),
        (("(<0.001)", "(0.212)"), ("", ""), "p"),
        (("(1.04)", "(-3.27)"), ("", "**"), "statistic"),
        (("(0.50)", "(0.40)"), ("**", "***"), "se"),
        (("(0.003)", "(0.412)"), ("**", ""), "p"),
    ],
)
def test_what_stands_in_brackets_is_a_standard_error_only_if_it_can_be_one(values, stars, quantity):
    read = brackets(values, stars=stars)
    assert read == [
        (f"coef.{name}.{quantity}", value.strip("()")) for name, value in zip(("intercept", "x"), values, strict=True)
    ]


def test_what_cannot_be_told_is_reported():
    printout = read_printout(
        page(("", "(1)"), ("(Intercept)", "1.5"), ("", "(<0.001)"), ("x", "2"), ("", "(-2.1)"), ("Num.Obs.", "31"))
    )
    assert [text for _, text in printout.unread] == ["(Intercept) (<0.001)", "x (-2.1)"]


def test_the_command_says_what_stands_in_brackets():
    above = "<pre><code class='r'>modelsummary(m, statistic = 'p.value')</code></pre>"
    assert brackets(("(0.50)", "(0.20)"), above=above) == [("coef.intercept.p", "0.50"), ("coef.x.p", "0.20")]


def test_an_interval_beside_the_estimate_tells_a_p_value_below_it():
    text = page(("", "(1)"), ("x", "1.67 [0.92, 2.43]"), ("", "(0.000)"), ("z", "1.10 [-1.27, 3.47]"), ("", "(0.364)"))
    assert triples(text)[3] == ("coef.x.p", "0.000")
    assert triples(text)[4:] == [
        ("coef.z.estimate", "1.10"), ("coef.z.ci_low", "-1.27"), ("coef.z.ci_high", "3.47"), ("coef.z.p", "0.364"),
    ]  # fmt: skip


def test_levels_of_a_response_are_labels_and_models_have_the_names_of_their_heads():
    text = page(
        ("", "response", "A", "B"), ("(Intercept)", "6", "0.500", "0.700"), ("", "", "(0.250)", "(0.350)"),
        ("", "8", "8.400", "8.600"), ("", "", "(0.502)", "(0.602)"), ("Num.Obs.", "", "32", "30"),
    )  # fmt: skip
    assert triples(text)[::2] == [
        ("A.intercept.6.estimate", "0.500"), ("A.intercept.6.se", "0.250"), ("A.intercept.8.estimate", "8.400"),
        ("A.intercept.8.se", "0.502"), ("A.n_obs", "32"),
    ]  # fmt: skip


def test_a_predictor_may_be_called_as_a_row_of_the_fit():
    text = page(
        ("Predictors", "Estimates", "CI", "p"), ("(Intercept)", "0.50", "0.10 \N{EN DASH} 0.90", "0.014"),
        ("N", "0.22", "-0.90 \N{EN DASH} 1.34", "0.699"), ("Random Effects", "", "", ""),
        ("N PID", "76", "", ""), ("", "10 level", "", ""), ("Observations", "1520", "", ""),
    )  # fmt: skip
    ids = [id for id, _ in triples(text)]
    assert ids[4:] == [
        "fixef.N.estimate",
        "fixef.N.ci_low",
        "fixef.N.ci_high",
        "fixef.N.p",
        "n_groups.PID",
        "n_groups.level",
        "n_obs",
    ] or ids[4:8] == ["coef.N.estimate", "coef.N.ci_low", "coef.N.ci_high", "coef.N.p"]


def test_one_column_of_two_may_have_no_stars():
    text = page(
        ("", "A", "B"), ("(Intercept)", "-6.188", "10.816"), ("", "(5.960)", "(1.973)"),
        ("x", "0.256**", "0.195"), ("", "(0.078)", "(0.011)"), ("Num.Obs.", "31", "31"),
    )  # fmt: skip
    assert [id for id, _ in triples(text) if "stars" in id] == ["A.intercept.stars", "A.x.stars"]


@pytest.mark.parametrize(
    ("heading", "cell", "ids"),
    [
        ("Mean (SD)", "25.3 (4.2)", ["Mean_(SD)", "Mean_(SD)_sd"]),
        ("n (%)", "44 (26)", ["n_(%)", "n_(%)_percent"]),
        ("Median (IQR)", "47 (38, 57)", ["Median_(IQR)", "Median_(IQR)_q1", "Median_(IQR)_q3"]),
        ("b (SE)", "1.5 (0.2)", ["b_(SE)", "b_(SE)_se"]),
    ],
)
def test_brackets_beside_means_and_counts_are_what_the_heading_says(heading, cell, ids):
    assert [id for id, _ in triples(page(("", heading), ("age", cell), ("mass", cell)))][: len(ids)] == [
        f"age.{id}" for id in ids
    ]


TYPED = """Table 1. Two models
Model               M0: empty       M1: predictors
Fixed part          Coef. (s.e.)    Coef. (s.e.)
Intercept           5.11 (.12)      0.81 (.22)
x                                   1.15 (.04)
Deviance            512.7           465.3
"""


def test_a_table_that_was_typed_without_rules_is_read():
    assert triples(TYPED) == [
        ("M0:empty.intercept.estimate", "5.11"), ("M0:empty.intercept.se", ".12"),
        ("M1:predictors.intercept.estimate", "0.81"), ("M1:predictors.intercept.se", ".22"),
        ("M1:predictors.x.estimate", "1.15"), ("M1:predictors.x.se", ".04"),
        ("M0:empty.deviance", "512.7"), ("M1:predictors.deviance", "465.3"),
    ]  # fmt: skip


def test_a_typed_row_between_columns_and_typed_means_are_reported():
    shifted = TYPED.replace("                                   1.15", "                       1.15")
    assert [line for line, _ in read_printout(shifted).unread] == [5]
    means = TYPED.replace("Coef. (s.e.)", "Mean (SD)   ")
    assert triples(means) == []
    assert [line for line, _ in read_printout(means).unread] == [4, 5, 6]


def test_rows_of_tidy_are_told_apart_by_their_words_though_some_are_missing():
    text = page(
        ("effect", "group", "term", "estimate", "p.value"), ("fixed", "NA", "(Intercept)", "1.50", "0.012"),
        ("fixed", "NA", "x", "0.25", "0.003"), ("ran_pars", "school", "sd__(Intercept)", "0.75", "NA"),
    )  # fmt: skip
    assert triples(text) == [
        ("fixed.intercept.estimate", "1.50"), ("fixed.intercept.p", "0.012"),
        ("fixed.x.estimate", "0.25"), ("fixed.x.p", "0.003"),
        ("ran_pars.school.sd__(Intercept).estimate", "0.75"), ("ran_pars.school.sd__(Intercept).p", "NA"),
    ]  # fmt: skip


def test_columns_of_one_model_may_be_its_quantities():
    text = page(
        ("", "(1)", "", ""), ("", "b", "SE", "p"), ("(Intercept)", "37.2", "1.6", "<0.001"), ("x", "-0.3", "0.1", "0.001"),
        ("Num.Obs.", "32", "", ""),
    )  # fmt: skip
    assert triples(text)[2:] == [
        ("coef.intercept.p", "<0.001"), ("coef.x.estimate", "-0.3"), ("coef.x.se", "0.1"), ("coef.x.p", "0.001"), ("n_obs", "32"),
    ]  # fmt: skip


def test_intervals_below_their_heading_may_stand_in_brackets():
    text = page(
        ("Parameter", "Coefficient", "SE", "95% CI", "t", "p"), ("Fixed Effects", "", "", "", "", ""),
        ("(Intercept)", "17.1", "5.2", "(6.8, 27.5)", "3.29", "0.002"), ("Random Effects", "", "", "", "", ""),
        ("SD (Intercept: school)", "6.93", "", "", "", ""),
    )  # fmt: skip
    assert [(id.rpartition(".")[2], text) for id, text in triples(text)][:6] == [
        ("estimate", "17.1"), ("se", "5.2"), ("ci_low", "6.8"), ("ci_high", "27.5"), ("t", "3.29"), ("p", "0.002"),
    ]  # fmt: skip


def test_a_label_that_stands_once_is_of_the_rows_below_it():
    text = page(
        ("island", "", "A", "B"), ("Biscoe", "N", "44", "124"), ("", "% row", "26.2", "73.8"),
        ("Dream", "N", "56", "0"), ("", "% row", "100.0", "0.0"),
    )  # fmt: skip
    assert [id for id, _ in triples(text)][::2] == ["Biscoe.N.A", "Biscoe.% row.A", "Dream.N.A", "Dream.% row.A"]
