"""The rule by which a computed number reproduces a printed one."""

from decimal import Decimal

import numpy as np
import pytest

from replications.errors import RegistryError
from replications.rounding import agrees, parse, show


@pytest.mark.parametrize(
    ("printed", "value", "half"),
    [
        ("48877.3", "48877.3", "0.05"),
        ("-0.80", "-0.80", "0.005"),
        ("\N{MINUS SIGN}0.80", "-0.80", "0.005"),
        ("20.0", "20.0", "0.05"),
        ("124400", "124400", "0.5"),
        ("25,697", "25697", "0.5"),
        ("44,000", "44000", "0.5"),
        ("13.8%", "0.138", "0.0005"),
        ("21%", "0.21", "0.005"),
        (".173", "0.173", "0.0005"),
        ("1.2538825×10^5", "125388.25", "0.005"),
        ("-6.269113×10^4", "-62691.13", "0.005"),
        ("1.079e-06", "0.000001079", "5e-10"),
        ("0.0000000660", "0.0000000660", "5e-11"),
        ("<2e-16", "2e-16", "5e-17"),
        ("< 2e-16", "2e-16", "5e-17"),
        ("<0.0000000000000002", "2e-16", "5e-17"),
    ],
)
def test_printed_strings_are_read(printed, value, half):
    assert parse(printed).value == Decimal(value)
    assert parse(printed).half == Decimal(half)


@pytest.mark.parametrize("printed", ["", "***", "three", "1,23", "inf", "nan", "1.2.3"])
def test_what_is_no_number_is_refused(printed):
    with pytest.raises(RegistryError, match="number"):
        parse(printed)


@pytest.mark.parametrize(
    ("computed", "printed", "expected"),
    [
        (10.645, "10.64", True),
        (10.635, "10.64", True),
        (10.6450001, "10.64", False),
        (10.6349999, "10.64", False),
        (-0.00046, "0.000", True),
        (np.float64(416.06545), "416.0655", True),
        (np.int64(419), "419", True),
        (419.5, "419", True),
        (float("nan"), "419", False),
        (float("inf"), "419", False),
        (None, "419", False),
        ("419", "419", False),
    ],
)
def test_half_a_unit_of_the_last_place_and_no_more(computed, printed, expected):
    assert agrees(computed, printed) is expected


def test_a_tie_agrees_whichever_way_it_was_rounded():
    assert agrees(843 / 20, "42.2")  # held as 42.14999999999999858
    assert agrees(213 / 4, "53.2")
    assert agrees(957 / 20, "47.8")


def test_decimals_make_a_dropped_zero_count():
    assert agrees(0.34, "0.3")
    assert not agrees(0.34, "0.3", decimals=2)
    assert agrees(0.3049, "0.3", decimals=2)


def test_bounds():
    assert agrees(0.0, "<2e-16", "<")
    assert agrees(1.9e-16, "< 2e-16", "<")
    assert not agrees(3e-16, "<2e-16", "<")


def test_words_about_and_over():
    assert agrees(63.2, "62", "about", "2")
    assert not agrees(64.1, "62", "about", "2")
    assert agrees(44243, "44,000", "over", "1000")
    assert not agrees(43999, "44,000", "over", "1000")
    assert not agrees(45001, "44,000", "over", "1000")
    with pytest.raises(RegistryError, match="no tolerance"):
        agrees(1, "1", "about")


def test_mostly_is_a_share_of_nine_in_ten():
    assert agrees(0.954, "-5", "mostly")
    assert not agrees(0.899, "5", "mostly")


def test_texts_are_the_same_and_number_words_take_numbers():
    assert agrees("***", "***", "text")
    assert not agrees("**", "***", "text")
    assert agrees("", "", "text")
    assert agrees(3, "three", "text")
    assert agrees(np.int64(2), "two", "text")
    assert not agrees(4, "three", "text")


def test_an_unknown_relation_is_refused():
    with pytest.raises(RegistryError, match="Unknown relation"):
        agrees(1, "1", "nearly")


@pytest.mark.parametrize(
    ("computed", "printed", "expected"),
    [
        (48877.255532875, "48877.3", "48877.3"),
        (-0.80423, "-0.80", "-0.80"),
        (-0.00046, "0.000", "0.000"),
        (25696.6, "25,697", "25,697"),
        (0.137865, "13.8%", "13.8%"),
        (0.208, "21%", "21%"),
        (0.17312, ".173", ".173"),
        (-0.17312, "-.173", "-.173"),
        (125388.2547, "1.2538825×10^5", "1.2538825×10^5"),
        (1.0785e-06, "1.079e-06", "1.078e-06"),
        (6.6004e-08, "0.0000000660", "0.0000000660"),
        (53.25, "53.2", "53.2"),
        (843 / 20, "42.2", "42.2"),
    ],
)
def test_shown_as_printed(computed, printed, expected):
    assert show(computed, printed) == expected


def test_shown_where_the_relation_is_not_rounding():
    assert show(1e-123, "<2e-16", "<") == "<2e-16"
    assert show(0.02, "<2e-16", "<") == "0.02"
    assert show(0.9547, "-5", "mostly") == "95% inside"
    assert show(3, "three", "text") == "three"
    assert show("**", "*", "text") == "**"
    assert show(float("nan"), "1.0") == "nan"
