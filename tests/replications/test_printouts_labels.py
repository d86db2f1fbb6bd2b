"""Names with a decimal, ``I(age - 4.25)`` or ``stage 12.5``: rows are read under them, and correlations follow."""

import pytest

from replications.printouts.read import read_printout

SUMMARY = """Linear mixed model fit by REML. t-tests use Satterthwaite's method [
lmerModLmerTest]
Formula: milk ~ I(age - 4.25) * stage + log(feed + 0.5) + (I(age - 4.25) |
    herd)
   Data: d

REML criterion at convergence: 349.2

Scaled residuals:
     Min       1Q   Median       3Q      Max
-2.24105 -0.62582 -0.00593  0.66925  2.57520

Random effects:
 Groups   Name          Variance  Std.Dev. Corr
 herd     (Intercept)   7.543e-01 0.868490
          I(age - 4.25) 2.049e-05 0.004527 -1.00
 Residual               7.897e-01 0.888647
Number of obs: 120, groups:  herd, 12

Fixed effects:
                             Estimate Std. Error         df t value Pr(>|t|)
(Intercept)                 22.229302   0.310915  19.795201  71.496  < 2e-16
I(age - 4.25)                0.412220   0.074990 103.752892   5.497 2.78e-07
stageWk 12                  -0.554945   0.246526 102.671933  -2.251   0.0265
stageWk 12.5                 0.065838   0.227694 102.284192   0.289   0.7730
log(feed + 0.5)             -0.064420   0.145286 103.654296  -0.443   0.6584
I(age - 4.25):stageWk 12    -0.002423   0.104141 103.754506  -0.023   0.9815
I(age - 4.25):stageWk 12.5  -0.114195   0.116096 104.137586  -0.984   0.3276

(Intercept)                ***
I(age - 4.25)              ***
stageWk 12                 *
stageWk 12.5
log(feed + 0.5)
I(age - 4.25):stageWk 12
I(age - 4.25):stageWk 12.5
---
Signif. codes:  0 '***' 0.001 '**' 0.01 '*' 0.05 '.' 0.1 ' ' 1

Correlation of Fixed Effects:
              (Intr) I(-4.2 stgW12 sW12.5 l(+0.5 I(-4.25):sW12
I(age-4.25)   -0.374
stageWk 12    -0.430  0.455
stageWk12.5   -0.436  0.454  0.558
log(fd+0.5)   -0.167  0.130  0.105 -0.016
I(-4.25):sW12  0.266 -0.734 -0.584 -0.332 -0.110
I(-4.25):W12.  0.234 -0.659 -0.307 -0.407 -0.063  0.500
optimizer (nloptwrap) convergence code: 0 (OK)
boundary (singular) fit: see help('isSingular')

"""
TABLES = """ Groups   Name          Std.Dev.  Corr
 herd     (Intercept)   0.8684896
          I(age - 4.25) 0.0045266 -1.000
 Residual               0.8886467
Type III Analysis of Variance Table with Satterthwaite's method
                    Sum Sq Mean Sq NumDF  DenDF F value    Pr(>F)
I(age - 4.25)       54.435  54.435     1 101.68 68.9320 4.577e-13 ***
stage                6.742   3.371     2 102.43  4.2690   0.01657 *
log(feed + 0.5)      0.155   0.155     1 103.65  0.1966   0.65840
I(age - 4.25):stage  0.995   0.497     2 103.35  0.6298   0.53472
---
Signif. codes:  0 '***' 0.001 '**' 0.01 '*' 0.05 '.' 0.1 ' ' 1
Analysis of Deviance Table (Type II Wald chisquare tests)

Response: milk
                      Chisq Df Pr(>Chisq)
I(age - 4.25)       74.8690  1  < 2.2e-16 ***
stage               10.3227  2   0.005734 **
log(feed + 0.5)      0.1966  1   0.657473
I(age - 4.25):stage  1.2596  2   0.532685
---
Signif. codes:  0 '***' 0.001 '**' 0.01 '*' 0.05 '.' 0.1 ' ' 1
Single term deletions using Satterthwaite's method:

Model:
milk ~ I(age - 4.25) * stage + log(feed + 0.5) + (I(age - 4.25) | herd)
                     Sum Sq Mean Sq NumDF  DenDF F value Pr(>F)
log(feed + 0.5)     0.15526 0.15526     1 103.65  0.1966 0.6584
I(age - 4.25):stage 0.99474 0.49737     2 103.35  0.6298 0.5347
                                2.5 %      97.5 %
.sig01                             NA          NA
.sig02                             NA          NA
.sig03                             NA          NA
.sigma                             NA          NA
(Intercept)                21.6199191 22.83868394
I(age - 4.25)               0.2652431  0.55919652
stageWk 12                 -1.0381274 -0.07176333
stageWk 12.5               -0.3804335  0.51210999
log(feed + 0.5)            -0.3491755  0.22033472
I(age - 4.25):stageWk 12   -0.2065368  0.20168978
I(age - 4.25):stageWk 12.5 -0.3417396  0.11334954
               (Intercept)              I(age - 4.25)
              22.229301509                0.412219785
                stageWk 12               stageWk 12.5
              -0.554945365                0.065838244
           log(feed + 0.5)   I(age - 4.25):stageWk 12
              -0.064420383               -0.002423493
I(age - 4.25):stageWk 12.5
              -0.114195053
                               Estimate Std. Error       df     t value
(Intercept)                22.229301509 0.31091512  19.7952 71.49636808
I(age - 4.25)               0.412219785 0.07498951 103.7529  5.49703286
stageWk 12                 -0.554945365 0.24652598 102.6719 -2.25106242
stageWk 12.5                0.065838244 0.22769385 102.2842  0.28915249
log(feed + 0.5)            -0.064420383 0.14528588 103.6543 -0.44340428
I(age - 4.25):stageWk 12   -0.002423493 0.10414134 103.7545 -0.02327119
I(age - 4.25):stageWk 12.5 -0.114195053 0.11609631 104.1376 -0.98362341
                               Pr(>|t|)
(Intercept)                2.286832e-25
I(age - 4.25)              2.782498e-07
stageWk 12                 2.651262e-02
stageWk 12.5               7.730499e-01
log(feed + 0.5)            6.583975e-01
I(age - 4.25):stageWk 12   9.814787e-01
I(age - 4.25):stageWk 12.5 3.275805e-01
"""
LME = """Linear mixed-effects model fit by REML
  Data: d
       AIC      BIC   logLik
  413.1281 432.3426 -199.564

Random effects:
 Formula: ~1 | herd
        (Intercept) Residual
StdDev:   0.8377332 1.161193

Fixed effects:  milk ~ feed + log(feed + 0.5) + stage
                    Value Std.Error  DF  t-value p-value
(Intercept)     22.924372 0.3367191 104 68.08159  0.0000
feed            -0.113414 0.1896211 104 -0.59811  0.5511
log(feed + 0.5)  0.057681 0.4029902 104  0.14313  0.8865
stageWk 12      -0.662217 0.2635917 104 -2.51228  0.0135
stageWk 12.5    -0.421716 0.2651867 104 -1.59026  0.1148
 Correlation:
                (Intr) feed   l(+0.5 stgW12
feed            -0.405
log(feed + 0.5)  0.291 -0.885
stageWk 12      -0.446  0.139 -0.102
stageWk 12.5    -0.435  0.163 -0.182  0.505

Standardized Within-Group Residuals:
        Min          Q1         Med          Q3         Max
-1.90407869 -0.70972397 -0.08163014  0.67367452  2.81642362

Number of Observations: 120
Number of Groups: 12
"""
LM = """
Call:
lm(formula = milk ~ I(age > 4.25) + feed + stage, data = d)

Residuals:
    Min      1Q  Median      3Q     Max
-2.8698 -0.8471  0.0693  1.0112  3.7730

Coefficients:
                  Estimate Std. Error t value Pr(>|t|)
(Intercept)       21.97373    0.31306  70.190  < 2e-16 ***
I(age > 4.25)TRUE  1.15659    0.25743   4.493 1.68e-05 ***
feed              -0.01790    0.09675  -0.185   0.8535
stageWk 12        -0.58208    0.29507  -1.973   0.0509 .
stageWk 12.5      -0.17237    0.29876  -0.577   0.5651
---
Signif. codes:  0 '***' 0.001 '**' 0.01 '*' 0.05 '.' 0.1 ' ' 1

Residual standard error: 1.311 on 115 degrees of freedom
Multiple R-squared:  0.1841,	Adjusted R-squared:  0.1557
F-statistic: 6.485 on 4 and 115 DF,  p-value: 9.644e-05

"""


def _read(text):
    blocks = read_printout(text)
    assert blocks.unread == []
    return blocks


def _values(block):
    return {number.id: number.text for number in block.numbers}


def test_a_summary_has_all_its_rows():
    (block,) = _read(SUMMARY)
    values = _values(block)
    assert values["varcomp.herd.I(age - 4_25).sd"] == "0.004527"
    assert values["varcomp.herd.intercept__I(age - 4_25).corr"] == "-1.00"
    assert values["varcomp.residual.variance"] == "7.897e-01"
    assert values["fixef.stageWk 12_5.estimate"] == "0.065838"
    assert values["fixef.I(age - 4_25):stageWk 12_5.p"] == "0.3276"
    assert values["fixef.stageWk 12.stars"] == "*"
    assert values["fixef_corr.log(feed + 0_5).stageWk 12_5"] == "-0.016"
    assert values["fixef_corr.I(age - 4_25):stageWk 12_5.I(age - 4_25):stageWk 12"] == "0.500"
    assert sum(id.startswith("fixef_corr") for id in values) == 21


@pytest.mark.parametrize(
    ("at", "kind", "id", "text"),
    [
        (0, "lme4.VarCorr", "varcomp.herd.I(age - 4_25).sd", "0.0045266"),
        (1, "lmerTest.anova", "log(feed + 0_5).den_df", "103.65"),
        (2, "car.Anova", "I(age - 4_25):stage.chisq", "1.2596"),
        (3, "lmerTest.drop1", "I(age - 4_25):stage.f", "0.6298"),
        (4, "stats.confint", "confint.stageWk 12_5.ci_high", "0.51210999"),
        (5, "lme4.fixef", "fixef.I(age - 4_25):stageWk 12_5.estimate", "-0.114195053"),
        (6, "stats.printCoefmat", "coef.stageWk 12_5.p", "7.730499e-01"),
    ],
)
def test_tables_have_all_their_rows(at, kind, id, text):
    block = _read(TABLES)[at]
    assert block.kind == kind
    assert _values(block)[id] == text


def test_lme_and_lm_have_all_their_rows():
    values = _values(_read(LME)[0])
    assert values["fixef_corr.stageWk 12_5.log(feed + 0_5)"] == "-0.182"
    assert "fixef.log(feed + 0_5).estimate" in values
    assert "coef.I(age > 4_25)TRUE.t" in _values(_read(LM)[0])


@pytest.mark.parametrize(("label", "read"), [("stage 12.5 ", True), ("stage  12.5", False)])
def test_a_decimal_that_two_blanks_set_apart_is_none_of_a_name(label, read):
    text = f"""            Estimate Std. Error t value
(Intercept)   22.103      0.311  71.071
{label}    0.412      0.075   5.493
"""
    assert any(number.text == "0.412" for block in read_printout(text) for number in block.numbers) is read
    assert bool(read_printout(text).unread) is not read


def test_a_number_in_front_of_all_rows_is_none_of_their_names():
    text = """                  Estimate Std. Error t value
(Intercept)  9.17   22.103      0.311  71.071
stageWk 9.17         0.412      0.075   5.493
"""
    assert not any("9_17" in number.id for block in read_printout(text) for number in block.numbers)
    assert any("9.17" in line for _, line in read_printout(text).unread)


@pytest.mark.parametrize("row", ["I(age - 4.25)  ", "stageWk 12  ", "stageWk 12.5", "I(age - 4.25):stageWk 12.5"])
def test_correlations_never_take_the_name_of_another_row(row):
    lines = SUMMARY.splitlines()
    start = lines.index("Fixed effects:")
    gone = next(at for at, line in enumerate(lines) if at > start and line.startswith(row))
    text = "\n".join(lines[:gone] + lines[gone + 1 :])
    blocks = read_printout(text)
    assert not any(number.id.startswith("fixef_corr") for block in blocks for number in block.numbers)
    assert any("stageWk12.5   -0.436" in line for _, line in blocks.unread)
