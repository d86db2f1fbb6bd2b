"""Tables whose columns are not always what their names say: what is true raises no alarm, and a slip still does."""

import re
import time

import pytest
from slips import FINE

import replications
from replications.checking.intervals import Interval, printed


def differing(text):
    return [f.id for f in replications.verify(text).having("differs")]


BOOTSTRAP = """\
Bootstrap test; time: 12.34 sec; samples: 500; extremes: 3;
large : y ~ x + (1 | g)
         stat df  p.value
LRT    7.1500  1 {} **
PBtest 7.1500    0.007984 **
"""


def test_a_bootstrap_of_the_likelihood_ratio():
    assert not differing(BOOTSTRAP.format("0.007496"))
    assert not differing("        stat df      p.value\nLRT    60.66  1 6.772360e-15\nPBtest 60.66 NA 1.464e-03\n")
    assert differing(BOOTSTRAP.format("0.017496")) == ["LRT.stars", "LRT.p"]


OF_CHI_SQUARED = """\
| Predictor | B | SE | {} | p |
|---|---|---|---|---|
| age | 1.20 | 0.45 | 7.11 | 0.0066 |
| hours | 5.10 | 1.20 | 18.06 | <0.001 |
"""


@pytest.mark.parametrize("name", ["chi2", "$$\\chi^2$$", "Wald", "Deviance"])
def test_p_belongs_to_the_statistic_that_the_table_shows(name):
    assert not differing(OF_CHI_SQUARED.format(name))


def test_p_of_estimate_and_standard_error_where_nothing_else_was_tested():
    text = "| Term | B | SE | p |\n|---|---|---|---|\n| age | 1.20 | 0.45 | {} |\n| hours | 5.10 | 1.20 | <0.001 |\n"
    assert not differing(text.format("0.008"))
    assert differing(text.format("0.002")) == ["age.p"]


TIDY = """\
|term|estimate|std.error|statistic|p.value|
|:--|--:|--:|--:|--:|
|(Intercept)|2.40|0.400|{:.2f}|0.0000|
|x|0.50|0.250|{:.2f}|0.0455|
"""


@pytest.mark.parametrize(("one", "two", "wrong"), [(36, 4, []), (6, 2, []), (6, 2.9, ["x.statistic"])])
def test_a_statistic_is_the_ratio_or_its_square(one, two, wrong):
    assert sorted(differing(TIDY.format(one, two))) == wrong


RANDOM = """\
# Random Effects

Parameter             | Coefficient |   SE |         95% CI
-----------------------------------------------------------
SD (Intercept: g)     |        3.10 | 0.80 | [ 1.87,  5.14]
SD (x: g)             |        4.00 | 1.50 | [ 1.92,  8.34]
Cor (Intercept~x: g)  |        0.10 | 0.40 | [-0.58,  0.70]
"""


def test_intervals_of_random_effects_are_on_other_scales():
    """They are symmetric for the logarithm and for Fisher's z."""
    assert not differing(RANDOM)
    assert "the estimate lies in its interval" in {f.rule for f in replications.verify(RANDOM).findings}


MADE = """\
| Term | B | SE | conf.low | conf.high |
|---|---|---|---|---|
| age | 1.20 | 0.40 | {} | {} |
"""
INSIGHT = """\
Parameter | Coefficient |   SE |       {}
-------------------------------------------
age       |        1.20 | 0.40 | [{}, {}]
"""


@pytest.mark.parametrize(
    ("ends", "wrong"),
    [((0.42, 1.98), 0), ((0.54, 1.86), 0), ((0.45, 2.05), 0), ((1.10, 1.30), 2)],  # of 95%, of 90%, of a profile, none
)
def test_an_interval_that_does_not_say_its_level_may_have_any(ends, wrong):
    assert len(differing(MADE.format(*ends))) == wrong


@pytest.mark.parametrize(
    ("heading", "ends", "wrong"),
    [("95% CI", (0.42, 1.98), 0), ("90% CI", (0.54, 1.86), 0), ("95% CI", (0.54, 1.86), 2)],
)
def test_an_interval_has_the_level_that_is_said(heading, ends, wrong):
    assert len(differing(INSIGHT.format(heading, *ends))) == wrong


SUMS = "a total is the sum of what stands in its row or column"


def summed(text):
    return [(f.id, bool(f)) for f in replications.verify(text).findings if f.rule == SUMS]


def test_a_column_called_total_need_not_be_its_neighbours_sum():
    listing = "|id|age|total|under5|\n|-|-|-|-|\n|a|40|3|1|\n|b|51|0|0|\n|c|0|2|2|\n"
    assert not summed(listing)
    assert not summed(
        "# A tibble: 2 x 3\n    age total small\n  <dbl> <dbl> <dbl>\n1    40     3     1\n2    51     0     0\n"
    )
    described = "|what|a|b|Total|\n|-|-|-|-|\n|n|10|12|22|\n|women|4|6|10|\n|age|31|33|32|\n"
    assert not summed(described)


CROSSED = "|kind|old|new|All|\n|-|-|-|-|\n|a|10|30|{}|\n|b|20|5|25|\n|c|1|2|3|\n|All|31|37|68|\n"


def test_a_table_with_both_margins_is_one_of_sums():
    assert {right for _, right in summed(CROSSED.format(40))} == {True}
    assert ("a.All", False) in summed(CROSSED.format(44))


def test_shares_between_the_counts_are_not_added_to_them():
    shares = "|kind|what|old|new|All|\n|-|-|-|-|-|\n|a|N|10|30|40|\n||% row|25.0|75.0|100.0|\n|b|N|20|5|25|\n"
    shares += "||% row|80.0|20.0|100.0|\n|All|N|30|35|65|\n||% row|46.2|53.8|100.0|\n"
    assert not [id for id, right in summed(shares) if not right]


@pytest.mark.parametrize("rows", [200, 2000])
def test_a_long_listing_with_totals_takes_no_time(rows):
    text = "|id|a|total|\n|-|-|-|\n" + "".join(f"|p{at}|{at}|{at}|\n" for at in range(rows))
    start = time.process_time()
    assert not summed(text)
    assert time.process_time() - start < 0.003 * rows


LINEAR = """\
<p>modelsummary(m, {called})</p><table><thead><tr><th></th><th>(1)</th></tr></thead><tbody>
<tr><td>(Intercept)</td><td>2.100</td></tr><tr><td></td><td>(0.300)</td></tr>
<tr><td>x</td><td>0.500</td></tr><tr><td></td><td>(0.100)</td></tr>
<tr><td>Num.Obs.</td><td>40</td></tr><tr><td>R2</td><td>0.600</td></tr><tr><td>R2 Adj.</td><td>{}</td></tr>
{}</tbody></table>
"""
F_ROW = "<tr><td>F</td><td>{}</td></tr>\n"


@pytest.mark.parametrize(
    ("adjusted", "f", "wrong"),
    [
        ("0.589", "57.000", []),  # the one term that is shown
        ("0.554", "13.125", []),  # of four terms, three of them left out
        ("0.562", "13.125", ["adj_r2"]),  # of no whole number of terms
        ("0.554", "9.125", []),  # of a robust covariance matrix
        ("0.599", "57.000", ["adj_r2"]),
    ],
)
def test_shares_of_a_linear_model_of_which_not_all_coefficients_are_shown(adjusted, f, wrong):
    text = LINEAR.format(adjusted, F_ROW.format(f), called='coef_omit = "z"')
    assert differing(text) == wrong


def test_shares_that_are_pooled_or_of_other_models():
    """They show no F: of several imputations, of a posterior, of a likelihood."""
    assert not differing(LINEAR.format("0.562", "", called="pooled"))


STARRED = """\
<p>modelsummary(m)</p><table><thead><tr><th></th><th>A</th><th>B</th></tr></thead><tbody>
<tr><td>(Intercept)</td><td>4.000***</td><td>4.000{}</td></tr><tr><td></td><td>(0.200)</td><td>(0.200)</td></tr>
<tr><td>x</td><td>0.900{}</td><td>0.900 (0.200)</td></tr><tr><td></td><td>(0.200)</td><td>(0.200)</td></tr>
<tr><td>w</td><td>0.900***</td><td>0.900</td></tr><tr><td></td><td>(0.200)</td><td>(0.200)</td></tr>
<tr><td>Num.Obs.</td><td>400</td><td>400</td></tr>
<tr><td>R2</td><td>0.300</td><td>0.300</td></tr></tbody></table>
"""


def test_a_column_without_stars_claims_nothing():
    assert not differing(STARRED.format("", "***"))
    assert differing(STARRED.format("", "")) == ["A.x.stars"]
    assert differing(STARRED.format("***", "***")) == ["B.w.stars"]


KNITTED = """\
|          | Df|   Sum Sq|  Mean Sq|  F value|  Pr(>F)|
|:---------|--:|--------:|--------:|--------:|-------:|
|age       |  1| 1500.250| 1500.250| 37.50625| 1.1e-06|
|hours     |  1| 1800.125| 1800.125| 45.00312| {}|
|Residuals | 29| 1160.000|   40.000|       NA|      NA|
"""


def test_knitr_rounds_to_seven_decimals_before_it_prints_an_exponent():
    assert not differing(KNITTED.format("2.0e-07"))
    assert differing(KNITTED.format("4.0e-07")) == ["hours.p"]
    assert differing(KNITTED.format("2.1e-07")) == ["hours.p"]  # digits that are shown are


WITH_EXPONENTS = """\
Linear mixed model fit by REML ['lmerMod']
Formula: y ~ x + z + (1 | g)
   Data: d

REML criterion at convergence: 8.972e+02

Random effects:
 Groups   Name        Variance  Std.Dev.
 g        (Intercept) 5.000e-01 7.071e-01
 Residual             2.000e+00 1.414e+00
Number of obs: 240, groups:  g, 1.4e+01

Fixed effects:
             Estimate Std. Error   t value
(Intercept) 5.270e+00  2.110e-01 2.498e+01
x           9.413e-02  2.110e-01 {}
z           3.000e-01  2.100e-02 1.429e+01
"""


def test_a_column_that_was_rounded_to_decimals_has_digits_to_spare():
    """0.09413 / 0.211 is 0.44611: 4.461e-01 to four digits, 0.446 to the three decimals of a t value."""
    assert not differing(WITH_EXPONENTS.format("4.460e-01"))
    assert not differing(WITH_EXPONENTS.format("4.461e-01"))
    assert differing(WITH_EXPONENTS.format("4.560e-01")) == ["fixef.x.t"]


def test_a_share_in_percent_and_a_column_of_another_meaning():
    shares = "           grp vcov       icc\n1 child:school 36.5  22.21657\n2       school 28.8  39.71194\n"
    assert not differing(shares)
    assert not differing("|model|p|sd|f|\n|-|-|-|-|\n|a|3|-0.5|-2.1|\n|b|5|0.2|1.3|\n")
    assert differing("|term|B|SE|t|p|\n|-|-|-|-|-|\n|x|0.50|0.25|2.00|4.60|\n") == ["x.p", "x.p"]


def test_negative_numbers_in_brackets_are_no_standard_errors():
    text = STARRED.format("***", "***").replace("(0.200)", "(-4.500)")
    assert not differing(text)


def with_commas(text):
    return re.sub(r"(?<=\d)\.(?=\d)", ",", text)


WITHOUT_EXPONENTS = FINE[FINE.index("REML criterion at") :].replace("14.29", "{}")


def test_decimal_commas_of_a_whole_print():
    text = with_commas(WITHOUT_EXPONENTS.format("14.29"))
    found = replications.verify(text)
    assert not found.having("differs", "unread")
    assert len(found.having("agrees")) == len(replications.verify(WITHOUT_EXPONENTS.format("14.29")).having("agrees"))
    assert differing(with_commas(WITHOUT_EXPONENTS.format("19.29"))) == ["fixef.x.t"]
    assert replications.read_printout(f"> logLik(m)\n'log Lik.' -897,0393 (df=4)\n\n{text}")[0].get("loglik").text == (
        "-897.0393"
    )


EXPONENTS = """\
|term|estimate|std.error|statistic|p.value|
|-|-|-|-|-|
|(Intercept)|0.50|0.20|-3.47|0.0005|
|x|1.20|0.05|{}|{}|
|z|0.90|0.10|-1.05|0.292|
"""


def test_odds_ratios_under_the_name_of_estimates():
    """broom leaves the standard error of the logarithm beside them, and the test is its."""
    assert not differing(EXPONENTS.format("3.65", "0.0003"))
    assert differing(EXPONENTS.format("5.65", "0.0003")) == ["x.statistic"]


def test_odds_ratios_in_a_table_of_models():
    """modelsummary shows their standard errors by the delta method, and the stars of the logarithms."""
    rows = (("(Intercept)", 0.9, 0.1, ""), ("x", 1.5, 0.15, "***"), ("z", 1.02, 0.05, ""))
    body = "".join(
        f"<tr><td>{n}</td><td>{e:.3f}{s}</td></tr><tr><td></td><td>({se:.3f})</td></tr>" for n, e, se, s in rows
    )
    text = "<p>modelsummary(m)</p><table><thead><tr><th></th><th>(1)</th></tr></thead><tbody>" + body
    assert not differing(text + "<tr><td>Num.Obs.</td><td>400</td></tr></tbody></table>")
    assert differing(text + "<tr><td>Num.Obs.</td><td>400</td></tr><tr><td>R2</td><td>0.5</td></tr></tbody></table>")


COMPARED = """\
|{}|estimate|SE|df|t.ratio|p.value|
|-|-|-|-|-|-|
|{}|0.208|0.171|212|1.216|0.4448|
|x|0.600|0.171|212|3.509|0.0005|
"""


def test_comparisons_may_have_adjusted_p_values():
    assert not differing(COMPARED.format("contrast", "a - b"))
    assert differing(COMPARED.format("term", "a")) == ["a.p"]


def test_the_deviance_of_glance_is_that_of_glm():
    row = "|null.deviance|df.null|logLik|AIC|BIC|deviance|df.residual|nobs|\n|-|-|-|-|-|-|-|-|\n"
    assert not differing(row + "|120.50|99|-150.25|304.50|309.71|95.20|98|100|\n")


SPLIT = """\
| |Df|Sum Sq|Mean Sq|F value|Pr(>F)|
|-|-|-|-|-|-|
|A|1|100.00|100.00|{}|{}|
{}|B|2|60.00|30.00|15.00|0.002|
|A:B|2|40.00|20.00|10.00|0.007|
|Residuals|8|16.00|2.00|||
"""


def test_a_table_with_two_errors_is_not_held_to_one():
    assert not differing(SPLIT.format("5.00", "0.0890", "|Plot error|4|80.00|20.00|||\n"))
    assert sorted(differing(SPLIT.format("5.00", "0.0890", ""))) == ["A.f", "A.p"]


def test_p_values_in_brackets_below_an_interval():
    rows = ((2.5, 1.3, 3.7, 0.001), (1.1, -0.1, 2.3, 0.072), (-3.0, -4.2, -1.8, 0.002), (-2.0, -3.2, -0.8, 0.003))
    cells = [f"<td>{b} [{low}, {high}]</td></tr><tr><td></td><td>({p})</td>" for b, low, high, p in rows]
    body = "".join(f"<tr><td>x{at}</td>{cell}</tr>" for at, cell in enumerate(cells))
    text = "<p>modelsummary(m)</p><table><thead><tr><th></th><th>(1)</th></tr></thead><tbody>" + body
    assert not differing(
        text + "<tr><td>Num.Obs.</td><td>400</td></tr><tr><td>R2</td><td>0.5</td></tr></tbody></table>"
    )


def test_a_decimal_comma_behind_a_zero_is_no_thousand():
    assert printed("0,092") is None
    assert printed("-1,092") == Interval(-1092.55, -1091.45)
    assert not differing("| |x|z|\n|-|-|-|\n|x|1|0,092|\n|z|0,092|1|\n")
