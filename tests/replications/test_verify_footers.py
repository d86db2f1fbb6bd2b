"""Tests and intervals that the lines below a table say more of: sides, null values, thresholds, several tests."""

import math

import pytest
import scipy.stats

import replications
from replications.checking.intervals import Interval
from replications.checking.tails import above, above_f, two_sided

SEVERAL = """\
 contrast estimate    SE df lower.CL upper.CL
 a - b     -0.0685 0.269 86   {}
 a - c     -0.1791 0.275 86   {}
 b - c     -0.1106 0.269 86   {}

Confidence level used: 0.95
{}
"""
RAISED = {
    "Conf-level adjustment: bonferroni method for 3 estimates ": (-0.7252, 0.5882, -0.8507, 0.4925, -0.7672, 0.5460),
    "Conf-level adjustment: tukey method for comparing a family of 3 estimates ": (
        *(-0.710, 0.573),
        *(-0.835, 0.477),
        *(-0.752, 0.530),
    ),
    "Conf-level adjustment: scheffe method with rank 2 ": (-0.739, 0.602, -0.864, 0.506, -0.780, 0.559),
}


def differing(text):
    return [f.id for f in replications.verify(text).having("differs")]


def table(note, ends):
    pairs = [f"{low:.3f}    {high:.3f}" for low, high in zip(ends[::2], ends[1::2], strict=True)]
    return SEVERAL.format(*pairs, note)


@pytest.mark.parametrize("note", RAISED)
def test_intervals_of_several_estimates(note):
    assert not differing(table(note, RAISED[note]))
    wrong = (RAISED[note][0] + 0.2, *RAISED[note][1:])
    assert differing(table(note, wrong)) == ["a - b.ci_low"]


def test_intervals_of_sidak_and_without_a_note_are_known_on_both_sides():
    each = 0.95 ** (1 / 3)
    reach = scipy.stats.t.ppf((1 + each) / 2, 86)
    rows = ((-0.0685, 0.269), (-0.1791, 0.275), (-0.1106, 0.269))
    ends = [estimate + side * reach * se for estimate, se in rows for side in (-1, 1)]
    note = "Conf-level adjustment: sidak method for 3 estimates "
    assert not differing(table(note, ends))
    assert differing(table(note, [ends[0] - 0.1, *ends[1:]])) == ["a - b.ci_low"]
    assert len(differing(table("", ends))) == 6


TESTED = """\
 g emmean    SE df null t.ratio p.value
 a   1.08 0.192 86 0.25   {t}  {p}

P values are {side}-tailed
"""


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ({"t": "4.323", "p": "<.0001", "side": "right"}, {"t": "5.625"}),
        ({"t": "4.323", "p": "1.0000", "side": "left"}, {"p": "<.0001"}),
    ],
)
def test_null_values_and_sides(right, wrong):
    assert not differing(TESTED.format(**right))
    assert differing(TESTED.format(**right | wrong))


THRESHOLDS = """\
 contrast estimate    SE df t.ratio p.value
 a - b     -0.0685 0.269 86  {}  {}

Statistics are tests of {} with a threshold of 0.5
P values are {}-tailed
"""


@pytest.mark.parametrize(
    ("t", "p", "what", "side"),
    [
        (" 1.604", "0.0562", "noninferiority", "right"),
        ("-2.114", "0.0187", "nonsuperiority", "left"),
        ("-1.604", "0.0562", "equivalence", "left"),
    ],
)
def test_tests_with_a_threshold(t, p, what, side):
    assert not differing(THRESHOLDS.format(t, p, what, side))
    assert differing(THRESHOLDS.format("-0.255", p, what, side))[:1] == ["a - b.t"]
    assert differing(THRESHOLDS.format(t, "0.8996", what, side)) == ["a - b.p"]


GLHT = """\
Linear Hypotheses:
           Estimate Std. Error z value Pr(>|z|)
b - a == 0   0.8328     0.2477   3.361  {} **
c - a == 0   0.1450     0.2570   0.564  0.83901
c - b == 0  -0.6877     0.2566  -2.680  0.01994 *
---
Signif. codes:  0 '***' 0.001 '**' 0.01 '*' 0.05 '.' 0.1 ' ' 1
(Adjusted p values reported -- single-step method)
"""


def test_single_step_p_values_of_multcomp():
    assert not differing(GLHT.format("0.00225"))
    assert differing(GLHT.format("0.00925")) == ["coef.b - a == 0.p"]


JOINT = """\
 model term df1    df2 F.ratio p.value
 group        2 434.04   5.695  0.0036
 year:ses     3 435.29   1.260  {}
"""


def test_p_from_f_where_it_turns_in_the_degrees_of_freedom():
    assert not differing(JOINT.format("0.2878"))
    assert not differing(JOINT.format("0.2876"))
    assert differing(JOINT.format("0.2866")) == ["year:ses.p"]


def test_joint_tests_that_were_rounded_before_they_were_printed():
    rounded = (
        " model term df1 df2 F.ratio p.value\n group        2 434   5.700  0.0040\n a:b          3 435   1.300  {}\n"
    )
    assert not differing(rounded.format("0.2880"))
    assert differing(rounded.format("0.3880")) == ["a:b.p"]


def test_tails_hold_all_values_within_the_intervals():
    f, two = Interval(0.95, 1.05), Interval(8.0, 12.0)
    for k in (1, 2, 3, 4, 7):
        low, high = above_f(f, Interval.exactly(k), two)
        inner = [scipy.stats.f.sf(x, k, n) for x in f for n in (8.0, 8.9, 9.7, 10.6, 11.3, 12.0)]
        assert low <= min(inner) <= max(inner) <= high
        assert high - low < 1.5 * (max(inner) - min(inner)) + 0.01
    normal = Interval(math.inf, math.inf)
    assert above(Interval(2.0, 2.0), normal).low * 2 == pytest.approx(two_sided(Interval(2.0, 2.0), normal).low)
    assert above(Interval(-2.0, -2.0), Interval(9, 9)).low == pytest.approx(scipy.stats.t.sf(-2, 9))


OFFSET = """\
Call:
lm(formula = y ~ ses + offset(iq/10), data = d)

Coefficients:
            Estimate Std. Error t value Pr(>|t|)
(Intercept)   44.074      0.989    44.6   <2e-16 ***
ses            3.572      0.388     9.2   <2e-16 ***
---
Signif. codes:  0 '***' 0.001 '**' 0.01 '*' 0.05 '.' 0.1 ' ' 1

Residual standard error: 9.68 on 258 degrees of freedom
Multiple R-squared:  0.464,\tAdjusted R-squared:  0.462
F-statistic: 223.3 on 1 and 258 DF,  p-value: <2e-16
"""


def test_f_of_a_model_with_an_offset_counts_the_offset():
    assert not differing(OFFSET)
    assert "f" in differing(OFFSET.replace(" + offset(iq/10)", ""))


PADDED = """ contrast estimate    SE   df t.ratio p.value
 a - b        27.4  8.35 4.08   3.283  0.0295
 a - c       116.2 21.30 4.00   5.448  0.0055
 b - c        88.8 21.90 4.70   4.046  0.0112
 c - d       219.0 {}
"""


@pytest.mark.parametrize("row", ["40.20 5.00   5.441  0.0028", "40.20 5.00   5.454  0.0028"])
def test_standard_errors_that_emmeans_rounded_to_three_digits_and_filled_with_zeros(row):
    found = replications.verify(PADDED.format(row))
    assert found.ok, found
    assert len(found.having("agrees")) >= 8


@pytest.mark.parametrize(
    ("row", "id"),
    [
        ("40.20 5.00   5.400  0.0030", "c - d.t"),
        ("40.20 5.00   5.449  0.0128", "c - d.p"),
        ("42.10 5.00   5.449  0.0028", "c - d.t"),
    ],
)
def test_slips_beside_numbers_filled_with_zeros_are_found(row, id):
    assert differing(PADDED.format(row)) == [id]


def test_where_one_number_has_a_fourth_digit_none_was_filled():
    assert differing(PADDED.format("40.28 5.00   5.437  0.0028")) == ["a - c.t", "b - c.t"]
