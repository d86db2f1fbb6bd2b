"""Formulas and short names against R: the cases are in reference/summary_rformat.json."""

import json
from pathlib import Path

import pytest

from mlm.report import r_text

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "summary_rformat.json").read_text())


@pytest.mark.parametrize("case", REFERENCE["formulas"], ids=lambda case: case["formula"][0])
def test_deparse_and_fill(case):
    lines = r_text.deparse(case["formula"][0])
    assert lines == case["text"]
    assert r_text.fill(["Formula:", *lines]).split("\n") == case["filled"]


def test_abbreviate():
    for case in REFERENCE["names"]:
        assert r_text.abbreviate(case["names"], case["length"][0]) == case["text"]


def test_deparse_leaves_what_it_cannot_read():
    assert r_text.deparse("y ~ x § z") == ["y ~ x§ z"]


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
