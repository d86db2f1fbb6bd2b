"""Formulas and short names against R: reference/summary_rformat.json and short_names.json."""

import json
from pathlib import Path

import pytest

from mlm.report import r_text

FOLDER = Path(__file__).parents[1] / "reference"
REFERENCE = json.loads((FOLDER / "summary_rformat.json").read_text())
SHORT_NAMES = json.loads((FOLDER / "short_names.json").read_text(encoding="utf-8"))["cases"]


@pytest.mark.parametrize("case", REFERENCE["formulas"], ids=lambda case: case["formula"][0])
def test_deparse_and_fill(case):
    lines = r_text.deparse(case["formula"][0])
    assert lines == case["text"]
    assert r_text.fill(["Formula:", *lines]).split("\n") == case["filled"]


def test_abbreviate():
    for case in REFERENCE["names"]:
        assert r_text.abbreviate(case["names"], case["length"][0]) == case["text"]


def test_abbreviate_several_words_and_letters_beyond_ascii():
    for case in SHORT_NAMES:
        assert r_text.abbreviate(case["names"], case["length"]) == case["text"]


def test_fill_breaks_a_line_that_would_be_full():
    lead = "a" * 10
    assert r_text.fill([lead, "b" * 12], 24) == f"{lead} {'b' * 12}"
    assert r_text.fill([lead, "b" * 13], 24) == f"{lead} \n{'b' * 13}"
    assert r_text.fill([lead, "b" * 14], 24, between="") == lead + "b" * 14
    assert r_text.fill([lead, "b" * 15], 24, between="") == f"{lead}\n{'b' * 15}"


def test_what_follows_a_break_is_indented_to_its_end():
    """As R 4.2.2 has it."""
    formula = (
        "I(y/1000) ~ gini.cgm_of_the_country*predictor_with_a_long_name + gini.cgm_of_the_country*k*"
        "homework_total:I(poly(age.cwc,2)/10) + x + (x+age.cwc|`my group`)"
    )
    assert r_text.deparse(formula) == [
        "I(y/1000) ~ gini.cgm_of_the_country * predictor_with_a_long_name + ",
        "    gini.cgm_of_the_country * k * homework_total:I(poly(age.cwc, ",
        "        2)/10) + x + (x + age.cwc | `my group`)",
    ]


def test_long_sums_are_written():
    terms = [f"x{k}" for k in range(3000)]
    assert (
        "".join(line.strip(" ") + " " for line in r_text.deparse(f"y ~ {'+'.join(terms)}")).split(" + ")[-1] == "x2999 "
    )


def test_abbreviate_nothing():
    assert r_text.abbreviate([], 6) == []


def test_wide_tables_continue_below():
    columns = {"first": ["1"] * 2, "second": ["22"] * 2, "third": ["3"] * 2}
    text = r_text.text_table(["a", "b"], columns, width=15)
    assert text.split("\n") == [
        "  first second",
        "a     1     22",
        "b     1     22",
        "  third",
        "a     3",
        "b     3",
    ]
