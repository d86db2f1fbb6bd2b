"""Formulas and short names against R: the cases are in reference/summary_rformat.json."""

import json
from pathlib import Path

import pytest

from mlm import rtext

REFERENCE = json.loads((Path(__file__).parent / "reference" / "summary_rformat.json").read_text())


@pytest.mark.parametrize("case", REFERENCE["formulas"], ids=lambda case: case["formula"][0])
def test_deparse_and_fill(case):
    lines = rtext.deparse(case["formula"][0])
    assert lines == case["text"]
    assert rtext.fill("Formula:", lines).split("\n") == case["filled"]


def test_abbreviate():
    for case in REFERENCE["names"]:
        assert rtext.abbreviate(case["names"], case["length"][0]) == case["text"]


def test_deparse_leaves_what_it_cannot_read():
    assert rtext.deparse("y ~ x § z") == ["y ~ x§ z"]


def test_abbreviate_nothing():
    assert rtext.abbreviate([], 6) == []


def test_wide_tables_continue_below():
    columns = {"first": ["1"] * 2, "second": ["22"] * 2, "third": ["3"] * 2}
    text = rtext.text_table(["a", "b"], columns, width=14)
    assert text.split("\n") == [
        "  first second",
        "a     1     22",
        "b     1     22",
        "  third",
        "a     3",
        "b     3",
    ]
