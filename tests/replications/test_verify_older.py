"""What older versions and other packages print in another way is no slip; a slip in it is found."""

import pytest

import replications

LMERTEST = """Linear mixed model fit by REML
t-tests use  Satterthwaite approximations to degrees of freedom ['merModLmerTest']
Formula: milk ~ week + age + dose + (1 | herd)
   Data: d

REML criterion at convergence: 1000.1

Random effects:
 Groups   Name        Variance Std.Dev.
 herd     (Intercept) 0.5892   0.7676
 Residual             0.2254   0.4748
Number of obs: 1800, groups:  herd, 36

Fixed effects:
              Estimate Std. Error          df t value Pr(>|t|)
(Intercept)   0.320400   0.100000  108.700000   3.204  0.00178 **
week         -0.886100   0.100000    9.300000  -8.861 7.52e-06 ***
age           0.783500   0.100000  108.700000   7.835 3.38e-12 ***
dose          0.796200   0.100000 1758.400000   7.962 3.11e-15 ***
---
Signif. codes:  0 '***' 0.001 '**' 0.01 '*' 0.05 '.' 0.1 ' ' 1
"""
BY_ML = """Linear mixed model fit by maximum likelihood
Formula: milk ~ week + (1 | herd)
   Data: d
   AIC   BIC logLik deviance REMLdev
 308.0 318.4 -150.0    300.0   305.1
Random effects:
 Groups   Name        Variance Std.Dev.
 herd     (Intercept) 4.0000   2.0000
 Residual             1.0000   1.0000
Number of obs: 100, groups: herd, 10

Fixed effects:
            Estimate Std. Error t value
(Intercept)  24.0000     0.5000   48.00
week          0.5000     0.1000    5.00
"""
RATIOS = """# Likelihood-Ratio-Test (LRT) for Model Comparison (ML-estimator)

Name |   Model | df | df_diff |  Chi2 |     p
---------------------------------------------
m1   | lmerMod |  4 |         |       |
m2   | lmerMod |  6 |       2 | 11.30 | 0.004
m3   | lmerMod |  7 |       1 |  1.66 | 0.198
"""

OF_MODELS = """Model |   Type | df | df_diff |    Chi2 |      p
------------------------------------------------
m1    | lavaan | 22 |       1 | 1646.01 | < .001
m2    | lavaan | 21 |       1 |   19.75 |  0.711
m3    | lavaan | 20 |         |   19.61 |
"""
SCIENTIFIC = """t-tests use  Satterthwaite approximations to degrees of freedom ['lmerMod']
Formula: milk ~ week + age + (1 | herd)
   Data: d

REML criterion at convergence: 1630.9

Random effects:
 Groups   Name        Variance Std.Dev.
 herd     (Intercept) 0.5892   0.7676
 Residual             0.2254   0.4748
Number of obs: 600, groups:  herd, 36

Fixed effects:
              Estimate Std. Error         df t value Pr(>|t|)
(Intercept)  3.204e-01  1.000e-01  4.001e+02   3.204  0.00146 **
week        -7.621e-01  1.000e-01  1.600e+01  -7.621 1.05e-06 ***
---
Signif. codes:  0 '***' 0.001 '**' 0.01 '*' 0.05 '.' 0.1 ' ' 1
"""


def _page(*rows):
    cells = ["".join(f"<td>{cell}</td>" for cell in row.split("|")) for row in rows]
    return '<html><table class="texreg">' + "".join(f"<tr>{row}</tr>" for row in cells) + "</table></html>"


GLM = _page(
    "&nbsp;|Model 1",
    "(Intercept)|5.08 (0.03)<sup>***</sup>",
    "AIC|6974.40",
    "Log Likelihood|-3485.20",
    "Deviance|3820.82",
    "Num. obs.|2000",
)
LMER = _page(
    "&nbsp;|Model 1",
    "(Intercept)|5.08 (0.03)<sup>***</sup>",
    "Log Likelihood|-3485.20",
    "AIC|6976.40",
    "Deviance|6970.40",
    "Num. obs.|2000",
    "Num. groups: herd|40",
    "Var: herd (Intercept)|0.25",
    "Var: Residual|1.00",
)
NPAR = _page("term|npar|AIC|logLik", "m0|4.00|104117.09|-52054.54", "m1|6.00|104001.20|-51994.60")
VECTOR = """         d          e          f          g
 2.030e-01 -1.094e-06 -2.536e-01 -8.075e-01
"""


def _differ(text):
    return {finding.id for finding in replications.verify(text).findings if finding.verdict == "differs"}


@pytest.mark.parametrize(
    "text",
    [
        LMERTEST,
        LMERTEST.partition("Data: d\n")[2],
        BY_ML,
        RATIOS,
        OF_MODELS,
        SCIENTIFIC,
        GLM,
        LMER,
        NPAR,
        VECTOR,
    ],
)
def test_what_is_right_is_no_slip(text):
    assert replications.read_printout(text).unread == []
    assert _differ(text) == set()


@pytest.mark.parametrize(
    ("text", "right", "wrong", "id"),
    [
        (LMERTEST, "7.52e-06", "8.84e-06", "fixef.week.p"),
        (LMERTEST, "3.38e-12", "3.67e-12", "fixef.age.p"),
        (SCIENTIFIC, "1.05e-06", "1.25e-06", "fixef.week.p"),
        (LMERTEST, "3.11e-15", "3.41e-15", "fixef.dose.p"),
        (BY_ML, "308.0", "313.1", "aic"),
        (BY_ML, "318.4", "323.5", "bic"),
        (RATIOS, "0.198", "0.298", "m3.p"),
        (RATIOS, "0.004", "0.024", "m2.p"),
        (LMER, "6970.40", "6980.40", "deviance"),
        (NPAR, "104117.09", "104118.09", "m0.aic"),
    ],
)
def test_a_slip_in_it_is_found(text, right, wrong, id):
    assert text.count(right) == 1
    assert id in _differ(text.replace(right, wrong))
