"""What a printout does not say is not held against it: levels of intervals, rows of one label, stars a line below."""

import pytest
import scipy.stats

import replications
from replications.printouts.read import read_printout


def differing(text):
    return [f.id for f in replications.verify(text).having("differs")]


SINGLE_STEP = """
\t Simultaneous Tests for General Linear Hypotheses

Linear Hypotheses:
          Estimate Std. Error z value Pr(>|z|)
{a:8}   -0.5000     0.2500  -2.000   {p[0]:.4f}
{b:8}    0.3750     0.2500   1.500   {p[1]:.4f}
{c:8}    0.4500     0.2500   1.800   {p[2]:.4f}
(Adjusted p values reported -- single-step method)
"""


@pytest.mark.parametrize(
    "labels", [("hay == 0", "hay == 0", "oat == 0"), ("oat == 0",) * 3, ("a == 0", "b == 0", "c == 0")]
)
def test_tests_are_counted_by_rows_whatever_they_are_called(labels):
    alone = [2 * scipy.stats.norm.sf(z) for z in (2.0, 1.5, 1.8)]
    names = dict(zip("abc", labels, strict=True))
    assert not differing(SINGLE_STEP.format(p=[2.9 * p for p in alone], **names))
    assert differing(SINGLE_STEP.format(p=[3.3 * alone[0], *alone[1:]], **names)) == [f"coef.{labels[0]}.p"]


STARGAZER = """
=====================================
             Dependent variable:
         ----------------------------
                    kilos
-------------------------------------
feed       {feed}
week       0.125 (-0.100, 0.350)
Constant   2.500*** (1.500, 3.500)
-------------------------------------
Observations          72
=====================================
Note:     *p<0.1; **p<0.05; ***p<0.01
"""


@pytest.mark.parametrize("feed", ["0.500* (0.020, 0.980)", "0.500** (-0.020, 1.020)", "0.500 (0.100, 0.900)"])
def test_stars_are_not_told_by_an_interval_of_an_unknown_level(feed):
    numbers = {n.id: n.text for n in read_printout(STARGAZER.format(feed=feed))[0].numbers}
    assert numbers["coef.feed.ci_low"] == feed.split("(")[1].split(",")[0]
    assert not differing(STARGAZER.format(feed=feed))


def test_an_estimate_outside_of_its_interval_differs_at_any_level():
    assert differing(STARGAZER.format(feed="0.500* (0.620, 0.980)")) == ["coef.feed.estimate"]


WRAPPED = """Coefficients:
            Estimate Std. Error z value Pr(>|z|)
(Intercept) -2.00000    1.60000  -1.250   0.2113
feed         0.75000    0.25000   3.000   0.0027
{first}
week         0.45000    0.25000   1.800   0.0719{second}
---
Signif. codes:  0 '***' 0.001 '**' 0.01 '*' 0.05 '.' 0.1 ' ' 1
"""


@pytest.mark.parametrize("second", [" .", "\n.", "\n                                                     ."])
@pytest.mark.parametrize("first", ["**", "      **", "**  "])
def test_stars_on_a_line_of_their_own_are_those_of_the_row_above(first, second):
    text = WRAPPED.format(first=first, second=second)
    numbers = {n.id: n.text for block in read_printout(text) for n in block.numbers}
    assert [numbers[f"coef.{name}.stars"] for name in ("intercept", "feed", "week")] == ["", "**", "."]
    assert not read_printout(text).unread
    assert not differing(text)
    assert differing(text.replace("**\n", "*\n", 1).replace("**  \n", "*\n", 1)) == ["coef.feed.stars"]


@pytest.mark.parametrize("column", ["**", "**\n.", "**\n*\n."])
def test_stars_below_all_rows_may_be_of_any(column):
    text = WRAPPED.replace("{first}\n", "").format(second=f"\n{column}")
    printout = read_printout(text)
    assert not [n.id for block in printout for n in block.numbers if n.id.endswith("stars")]
    assert [text for _, text in printout.unread] == column.split("\n")
    assert not differing(text)
