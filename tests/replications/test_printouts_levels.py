# ruff: noqa: E501, W291  (printouts are as wide as they are, with blanks behind)
"""Rows that several levels name, some of them numbers: on pages, in tibbles, above tables, beside and above cells."""

import re

import pytest

from replications import read_printout


def triples(text):
    return [(n.id, n.text) for block in read_printout(text) for n in block.numbers]


LETTERED = {
    "pipe": "|var   |fdose | emmean|   SE|.group |\n|:-----|:-----|------:|----:|:------|\n|Alder |0.2   |  35.37| 2.29|b      |\n|Beech |0.2   |  40.29| 2.30|12     |\n",
    "simple": "var     fdose    emmean     SE  .group \n------  ------  -------  -----  -------\nAlder   0.2       35.37   2.29  b      \nBeech   0.2       40.29   2.30  12     \n",
    "html": "<table><tr><th>var</th><th>fdose</th><th>emmean</th><th>SE</th><th>.group</th></tr>"
    "<tr><td>Alder</td><td>0.2</td><td>35.37</td><td>2.29</td><td>b</td></tr>"
    "<tr><td>Beech</td><td>0.2</td><td>40.29</td><td>2.30</td><td>12</td></tr></table>",
    "tibble": '# A tibble: 2 × 5\n  var   fdose emmean    SE .group\n  <fct> <fct>  <dbl> <dbl> <chr> \n1 Alder 0.2    35.37  2.29 " b " \n2 Beech 0.2    40.29  2.30 " 12" \n',
}


@pytest.mark.parametrize("name", LETTERED)
def test_letters_of_pages_and_tibbles_belong_to_their_levels(name):
    printout = read_printout(LETTERED[name])
    found = {re.sub("emmean$", "estimate", id.lower()): text for id, text in triples(LETTERED[name])}
    assert printout.unread == []
    assert found == {
        "alder.0_2.estimate": "35.37", "alder.0_2.se": "2.29", "alder.0_2.group": "b",
        "beech.0_2.estimate": "40.29", "beech.0_2.se": "2.30", "beech.0_2.group": "12",
    }  # fmt: skip


def test_one_factor_of_numbers_names_the_rows_of_a_page():
    text = "|dose | emmean|   SE|\n|:----|------:|----:|\n|0.2  |  38.75| 2.21|\n|0.4  |  46.68| 2.21|\n"
    assert triples(text) == [("0_2.emmean", "38.75"), ("0_2.se", "2.21"), ("0_4.emmean", "46.68"), ("0_4.se", "2.21")]


PREDICTED = """\
# Predicted values of y

{}

fdose | Predicted |         95% CI
----------------------------------
0     |     24.60 | [17.71, 31.48]
0.2   |     34.54 | [27.65, 41.42]

Adjusted for:
*    x = 0.01
* plot = 0 (population-level)
"""


@pytest.mark.parametrize(
    ("above", "prefix", "row"),
    [
        ("", "", ""),
        ("# var = Alder", "Alder.", "var = Alder "),
        ("var: Alder", "Alder.", "var = Alder "),
        ("#  var = Alder\n# half = n", "Alder.n.", "var = Alder, half = n "),
    ],
)
def test_levels_above_predictions_are_part_of_their_names(above, prefix, row):
    printout = read_printout(PREDICTED.format(above))
    assert printout.unread == []
    assert [n.id for n in printout[0].numbers][3:] == [
        f"{prefix}0_2.{what}" for what in ("Predicted", "ci_low", "ci_high")
    ]
    assert printout[0].numbers[-1].row == f"{row}0.2"
    assert printout[0].heads["adjusted"].startswith("*    x = 0.01")


SLICES = """
 fdose*half*var effect
, , var = Alder

     half
fdose        n        s
  0   24.59728 28.66257
  0.2 34.53628 36.19427

, , var = Beech

     half
fdose        n        s
  0   27.30125 30.26371
  0.2 39.09921 41.46662
"""
POINTS = """
 x effect
x
      -3       -2     -0.7      0.8        2 
38.70090 38.59763 38.46337 38.30845 38.18452 

 Lower 95 Percent Confidence Limits
x
      -3       -2     -0.7      0.8        2 
34.10423 34.14942 34.12291 33.96463 33.73956 
"""


def test_effects_of_three_predictors_are_read_slice_by_slice():
    found = dict(triples(SLICES))
    assert found["Alder.0_2.s.fit"] == "36.19427"
    assert found["Beech.0.n.fit"] == "27.30125"
    assert len(found) == 8
    assert read_printout(SLICES).unread == []


def test_effects_at_points_have_these_as_names():
    found = dict(triples(POINTS))
    assert found["-0_7.fit"] == "38.46337"
    assert found["2.ci_low"] == "33.73956"
    assert len(found) == 10


@pytest.mark.parametrize("text", [SLICES, POINTS])
def test_effects_that_lost_their_places_are_reported(text):
    narrow = re.sub(" +", " ", text)
    lines = {line for line, _ in read_printout(narrow).unread}
    known = set(triples(text))
    assert set(triples(narrow)) <= known
    rows = {at for at, line in enumerate(narrow.split("\n"), 1) if re.search(r"\d\.\d{5}", line)}
    assert lines & rows == rows - {n.line for block in read_printout(narrow) for n in block.numbers}


def test_the_diagonal_in_brackets_is_of_its_row_and_column():
    text = "       Alder  Beech  Cedar\nAlder [35.2] <.0001 <.0001\nBeech  -3.36 [38.5] <.0001\nCedar  -6.33  -2.97 [41.5]\n"
    assert dict(triples(text))["Beech.Beech"] == "38.5"
    assert len(triples(text)) == 9


def test_a_hypothesis_without_its_headings_is_not_lost_in_silence():
    assert read_printout("Beech - Alder == 0 2.182\n").unread == [(1, "Beech - Alder == 0 2.182")]


def test_names_of_rows_that_are_numbers_are_no_results():
    text = "    yield groups\nv4  29.93      a\n0.2 18.00      b\n"
    assert triples(text) == [("v4.yield", "29.93"), ("0_2.yield", "18.00")]
    assert read_printout(text).unread == []


def test_a_row_of_whole_numbers_with_a_label_behind_is_not_lost_in_silence():
    text = " N4 B   2310 298 40     1708     2912  a"
    assert read_printout(text).unread == [(1, text)]
    assert read_printout(" $ level : int  1 2 1 1 1 ...").unread == []
