"""Estimates on another scale than their test, and true tables of other kinds that must raise no alarm."""

import numpy as np
import pytest
from scipy import stats

import replications


def differing(text):
    return [f.id for f in replications.verify(text).having("differs")]


def of_ratio(logarithm, se, df=60.0, level=0.95):
    """Return what emmeans prints of a ratio: estimate, standard error, limits, t and p."""
    ratio = np.exp(logarithm)
    reach = stats.t.ppf((1 + level) / 2, df) * se
    t = logarithm / se
    return ratio, ratio * se, np.exp(logarithm - reach), np.exp(logarithm + reach), t, 2 * stats.t.sf(abs(t), df)


RATIO = """\
 contrast      ratio     SE df lower.CL upper.CL null t.ratio p.value
 early / late {:6.3f} {:6.4f} 60   {:6.3f}   {:6.3f}    1  {:6.3f}  {:.4f}

Confidence level used: 0.95
Intervals are back-transformed from the {scale} scale
Tests are performed on the {scale} scale
"""


@pytest.mark.parametrize("scale", ["log", "log odds ratio"])
def test_ratios_are_tested_as_logarithms(scale):
    rng = np.random.default_rng(11)
    for logarithm, se in zip(rng.normal(0, 0.8, 40), rng.uniform(0.02, 0.4, 40), strict=True):
        numbers = of_ratio(logarithm, se)
        assert not differing(RATIO.format(*numbers, scale=scale))
        estimate, error, *rest = numbers
        assert "early / late.t" in differing(RATIO.format(estimate, error * 1.3 + 0.01, *rest, scale=scale))


PROBABILITY = """\
 group   prob     SE  df asymp.LCL asymp.UCL
 early {:6.4f} {:6.4f} Inf    {:6.4f}    {:6.4f}

Confidence level used: 0.95
Intervals are back-transformed from the logit scale
"""


def of_probability(eta, se):
    share = 1 / (1 + np.exp(-eta))
    ends = [1 / (1 + np.exp(-(eta + sign * stats.norm.ppf(0.975) * se))) for sign in (-1, 1)]
    return share, se * share * (1 - share), *ends


def test_limits_of_probabilities_are_those_of_logits():
    rng = np.random.default_rng(12)
    for eta, se in zip(rng.normal(0, 1.2, 40), rng.uniform(0.05, 0.6, 40), strict=True):
        share, error, low, high = of_probability(eta, se)
        assert not differing(PROBABILITY.format(share, error, low, high))
        assert differing(PROBABILITY.format(share, error, low - 0.01, high)) == ["early.ci_low"]
    symmetric = [share - 1.96 * error, share + 1.96 * error]  # of the scale shown
    assert differing(PROBABILITY.format(share, error, *symmetric))


def test_without_the_notes_nothing_is_known_of_the_scale():
    text = PROBABILITY.format(0.62, 0.04, 0.5416, 0.6984)
    assert differing(text) == ["early.ci_low", "early.ci_high"]
    assert not differing(text.replace("Intervals are back-transformed from the logit scale", ""))


CONFINT = """\
|             | Estimate | Std. Error | t value | 2.5 % | 97.5 % |
|-------------|----------|------------|---------|-------|--------|
| (Intercept) | 31.4     | 1.65       | 19.0    | 28.3  | 34.5   |
| age         | 0.81     | 0.24       | 3.4     | {}    | 1.26   |
"""


def test_columns_of_confint_may_be_of_a_profile_but_hold_the_estimate():
    assert not differing(CONFINT.format("0.36"))
    assert differing(CONFINT.format("0.86")) == ["age.estimate"]


def test_only_the_estimate_of_a_correlation_lies_within_1():
    text = "    estimate    se   df lower upper p.value\ncor    {} 0.310 3.10 -0.31 1.183   0.212\n"
    assert not differing(text.format("0.435"))
    assert differing("        corr\ncor   1.0350\nother 0.2113\n") == ["cor.corr"]


ROUNDED = """\
            Estimate Std. Error t value Pr(>|t|)
(Intercept)   214.00       1.83  {} 1.15e-42
age            -2.45       1.04   -2.36 2.45e-02
"""


def test_numbers_of_signif_that_were_filled_with_zeros():
    assert not differing(ROUNDED.format(" 117.00"))  # 214.4 / 1.834
    assert differing(ROUNDED.format(" 119.00")) == ["coef.intercept.t"]


THREE_DIGITS = """\
 contrast estimate   SE  df t.ratio p.value
 a - b       -3.12 1.41 126  -2.210  0.0289
 a - c       -7.81 1.93 126  {}  0.0001

P value adjustment: none
"""


def test_columns_of_emmeans_that_have_three_digits_each():
    assert not differing(THREE_DIGITS.format("-4.040"))  # -7.814 / 1.934
    assert differing(THREE_DIGITS.format("-4.140"))[0] == "a - c.t"
    assert "a - c.t" in differing(THREE_DIGITS.format("-4.041").replace("-2.210", "-2.213").replace("1.93", "1.90"))


@pytest.mark.parametrize(("exponent", "wrong"), [("e", False), ("E", False), ("e", True), ("E", True)])
def test_exponents_are_read_in_both_cases(exponent, wrong):
    p = "2.897330e-07" if not wrong else "2.897330e-06"
    text = f"""\
            Estimate Std. Error z value {"Pr(>|z|)":>12}
(Intercept)   -0.412      0.103  -4.000 6.334248e-05
age            1.539      0.300   5.130 {p}
""".replace("e-", f"{exponent}-")
    assert differing(text) == (["coef.age.p"] if wrong else [])


def test_an_exponent_that_no_number_has_is_not_compared():
    text = "            Estimate Std. Error z value Pr(>|z|)\nage            1.539      0.300   5.130 5.0e+99999\n"
    assert "coef.age.p" not in differing(text)


COUNTS = """\
Call:
glm(formula = visits ~ age, family = {family}, data = d)

Coefficients:
            Estimate Std. Error z value Pr(>|z|)
(Intercept)  0.41000    0.20500   2.000   0.0455
age          0.31000    0.15500   2.000   0.0455

(Dispersion parameter for {family} family taken to be 1)

    Null deviance: 171.33  on 119  degrees of freedom
Residual deviance: {left}  on 118  degrees of freedom
AIC: {aic}

Number of Fisher Scoring iterations: 4
"""


@pytest.mark.parametrize(
    ("family", "left", "aic", "wrong"),
    [
        ("poisson", "167.02", "402.5", []),
        ("poisson", "176.02", "402.5", ["deviance"]),
        ("poisson", "167.02", "170.5", ["aic"]),
        ("binomial", "167.02", "171.02", []),
        ("binomial", "167.02", "170.5", []),  # shares have a likelihood above that of counts
    ],
)
def test_deviances_of_glm(family, left, aic, wrong):
    assert differing(COUNTS.format(family=family, left=left, aic=aic)) == wrong


POSTERIOR = """\
| Predictors | Estimates | {} |
|---|---|---|
| Intercept | 12.40 | 11.31 - 13.52 |
| age | 0.41 | 0.22 - 0.60 |
| Random Effects | | |
| σ2 | 4.10 | |
| τ00 school | 1.90 | |
| ICC | 0.71 | |
"""


def test_the_icc_of_posterior_predictions_is_another_one():
    assert differing(POSTERIOR.format("CI"))
    assert not differing(POSTERIOR.format("CI (95%)"))


SUMARY = """\
Fixed Effects:
            coef.est coef.se
(Intercept) 7.42     0.65
age         0.31     0.12

Random Effects:
 Groups Name        Std.Dev.
 school (Intercept) 1.20
 Residual           2.30
---
number of obs: 96, groups: school, 12
AIC = 451.3, DIC = 440
deviance = 441.6
"""


def test_sumary_prints_one_model():
    (block,) = replications.read_printout(SUMARY)
    ids = {number.id: number.text for number in block.numbers}
    assert block.kind == "arm.display"
    assert ids["fixef.age.se"] == "0.12"
    assert ids["varcomp.school.intercept.sd"] == "1.20"
    assert (ids["n_obs"], ids["n_groups.school"], ids["aic"]) == ("96", "12", "451.3")
