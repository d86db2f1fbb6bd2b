"""Numbers against R's own print: the cases in reference/summary_rformat.json (script beside it)."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from mlm.report import r_numbers, r_text

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "summary_rformat.json").read_text())
COEFFICIENTS = ["Estimate", "Std. Error", "t value", "Pr(>|t|)"]


def numbers(values):
    return [math.nan if value in (None, "NA") else float(value) for value in values]


def test_format_numbers_is_r_format():
    for case in REFERENCE["numbers"]:
        texts = r_numbers.format_numbers(numbers(case["values"]), case["digits"][0], scipen=case["scipen"][0])
        assert texts == case["text"]


def test_format_pvalues_is_r_format_pval():
    for case in REFERENCE["pvalues"]:
        texts = r_numbers.format_pvalues(numbers(case["values"]), case["digits"][0], scipen=case["scipen"][0])
        assert texts == [text.strip() for text in case["text"]]


def test_named_numbers_is_r_print():
    for case in REFERENCE["vectors"]:
        text = r_numbers.named_numbers(case["names"], numbers(case["values"]), case["digits"][0])
        assert text.split("\n") == case["text"]


def test_coefficient_columns_is_r_print_coefmat():
    for case in REFERENCE["coefmat"]:
        values = np.array([numbers(row) for row in case["table"]])
        columns = r_numbers.coefficient_columns(
            dict(zip(COEFFICIENTS, values.T, strict=True)),
            case["digits"][0],
            estimates=COEFFICIENTS[:2],
            test="t value",
            pvalue="Pr(>|t|)",
        )
        expected = case["text"]
        if any(code != " " for code in columns[""]):
            assert expected[-1] == r_numbers.LEGEND
            expected = expected[:-2]
        else:
            del columns[""]
        text = r_text.text_table([f"x{i + 1}" for i in range(len(values))], columns)
        assert text.split("\n") == expected


@pytest.mark.parametrize(
    ("value", "text"), [(math.nan, "NA"), (math.inf, "Inf"), (-math.inf, "-Inf"), (-0.0, "0"), (1e5, "1e+05")]
)
def test_single_numbers(value, text):
    assert r_numbers.format_number(value) == text


def test_stars_bounds_belong_to_the_smaller_p():
    assert [r_numbers.stars(p) for p in (0.001, 0.01, 0.05, 0.1, 1.0)] == ["***", "**", "*", ".", " "]
    assert r_numbers.stars(math.nan) == ""


def test_stars_of_other_bounds_and_of_open_ones():
    breaks = [(0.01, "++"), (0.1, "+")]
    assert [r_numbers.stars(p, breaks, otherwise="-") for p in (0.0, 0.01, 0.02, 0.1, 0.11)] == [
        "++",
        "++",
        "+",
        "+",
        "-",
    ]
    assert [r_numbers.stars(p, breaks, otherwise="", closed=False) for p in (0.0, 0.01, 0.1)] == ["++", "+", ""]
    assert r_numbers.stars(0.001, [], otherwise="") == ""


def test_zap_small_of_zeros_and_of_nothing():
    assert r_numbers.zap_small([0.0, 0.0], 5) == [0.0, 0.0]
    assert r_numbers.zap_small([], 5) == []
    assert r_numbers.zap_small([math.inf, 1e-9], 5)[0] == math.inf
