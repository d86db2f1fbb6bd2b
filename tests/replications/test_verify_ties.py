"""What ties the numbers of deletions, comparisons and criteria together: each slip is found, and nothing in R's own."""

import pytest

import replications

LME = """\
Linear mixed-effects model fit by REML
  Data: d
       AIC      BIC    logLik
  2268.933 2293.925 -1128.466

Random effects:
 Formula: ~1 | school
        (Intercept) Residual
StdDev:    2.233494 2.359676

Fixed effects:  y ~ ses + group
                      Value Std.Error  DF   t-value p-value
(Intercept)        4.499392 0.4920429 453  9.144308  0.0000
ses                1.811934 0.1177899 453 15.382768  0.0000
groupDrug A        0.839238 0.2634152 453  3.185990  0.0015
groupDrug B (high) 0.052099 0.2701986 453  0.192817  0.8472

Number of Observations: 480
Number of Groups: 24
"""
GLS = """\
Generalized least squares fit by REML
  Model: y ~ ses
  Data: d
       AIC      BIC    logLik
  2497.836 2510.345 -1245.918

Coefficients:
               Value Std.Error  t-value p-value
(Intercept) 4.806660 0.1478587 32.50847       0
ses         1.889304 0.1575202 11.99404       0

Residual standard error: 3.237503
Degrees of freedom: 480 total; 478 residual
"""
NLME = """\
   Model df      AIC      BIC    logLik   Test L.Ratio p-value
m1     1  6 2231.738 2256.781 -1109.869
m2     2  8 2222.279 2255.669 -1103.139 1 vs 2 13.4593  0.0012
"""
NEGATIVE = """\
Generalized linear mixed model fit by maximum likelihood (Laplace
  Approximation) [glmerMod]
 Family: Negative Binomial(53.0187)  ( log )
Formula: cnt ~ ses + (1 | school)
   Data: d

     AIC      BIC   logLik deviance df.resid
  1703.9   1720.6   -848.0   1695.9      476

Random effects:
 Groups Name        Variance Std.Dev.
 school (Intercept) 0.1991   0.4462
Number of obs: 480, groups:  school, 24

Fixed effects:
            Estimate Std. Error z value Pr(>|z|)
(Intercept)  0.69293    0.09745   7.111 1.15e-12 ***
ses          0.18066    0.03557   5.079 3.80e-07 ***
"""
DROPPED_GLM = """\
Single term deletions

Model:
bin ~ ses + group + Sex
       Df Deviance    AIC     LRT  Pr(>Chi)
<none>      624.90 634.90
ses     1   646.95 654.95 22.0509 2.655e-06 ***
group   2   625.25 631.25  0.3506    0.8392
"""
DROPPED_LM = """\
Single term deletions

Model:
y ~ ses + group
       Df Sum of Sq    RSS    AIC  F value  Pr(>F)
<none>              4942.2 1127.3
ses     1   1480.26 6422.5 1251.0 142.5682 < 2e-16 ***
group   2     67.91 5010.1 1129.8   3.2703 0.03885 *
"""
COMPARED = """\
Analysis of Variance Table

Model 1: y ~ ses
Model 2: y ~ ses + group
  Res.Df    RSS Df Sum of Sq      F  Pr(>F)
1    478 5010.1
2    476 4942.2  2     67.91 3.2703 0.03885 *
"""
SMALLER = """\
Analysis of Variance Table

Model 1: y ~ ses + group
Model 2: y ~ ses
  Res.Df    RSS Df Sum of Sq      F  Pr(>F)
1    476 4942.2
2    478 5010.1 -2    -67.91 3.2703 0.03885 *
"""
SEQUENCE = """\
Analysis of Deviance Table

Model: binomial, link: logit

Response: bin

Terms added sequentially (first to last)


      Df Deviance Resid. Df Resid. Dev  Pr(>Chi)
NULL                    479     647.68
ses    1  21.8118       478     625.87 3.008e-06 ***
group  2   0.3886       476     625.48    0.8234
"""
TERMS = """\
Analysis of Variance Table
          npar  Sum Sq Mean Sq  F value
ses          1 1361.61 1361.61 244.1955
group        2   69.62   34.81   6.2433
ses:group    2    7.73    3.86   0.6928
"""
RESPONSE = """\
 group         rate    SE  df asymp.LCL asymp.UCL
 Control       1.95 0.208 Inf      1.59      2.41
 Drug A        1.99 0.212 Inf      1.62      2.45

Confidence level used: 0.95
Intervals are back-transformed from the log scale
"""
SLIPS = (
    (LME, "2268.933", "2269.933", "aic"),
    (LME, "2293.925", "2295.925", "bic"),
    (LME, "-1128.466", "-1128.966", "aic"),
    (GLS, "2497.836", "2498.836", "aic"),
    (GLS, "2510.345", "2511.345", "bic"),
    (NLME, "2255.669", "2265.669", "m2.bic"),
    (NEGATIVE, "1703.9", "1708.9", "aic"),
    (DROPPED_GLM, "0.3506", "0.9506", "group.lrt"),
    (DROPPED_GLM, "646.95", "656.95", "ses.lrt"),
    (DROPPED_LM, "1480.26", "1490.26", "ses.sum_sq"),
    (DROPPED_LM, "3.2703", "3.7703", "group.f"),
    (DROPPED_LM, "0.03885", "0.04885", "group.p"),
    (COMPARED, "67.91", "76.91", "2.f"),
    (COMPARED, "3.2703", "3.7203", "2.f"),
    (COMPARED, "0.03885", "0.03585", "2.p"),
    (COMPARED, "4942.2", "4932.2", "2.rss"),
    (SEQUENCE, "625.48", "625.84", "group.resid_deviance"),
    (SEQUENCE, "476", "467", "group.df_resid"),
    (TERMS, "6.2433", "6.4233", "group.f"),
    (TERMS, "34.81", "38.41", "group.f"),
    (RESPONSE, "1.59", "2.59", "Control.ci_low"),
    (RESPONSE, "2.45", "1.45", "Drug A.ci_high"),
)


@pytest.mark.parametrize("text", [LME, GLS, NLME, NEGATIVE, DROPPED_GLM, DROPPED_LM, COMPARED, SMALLER, SEQUENCE])
def test_nothing_of_r_differs(text):
    found = replications.verify(text)
    assert not found.having("differs"), found
    assert found.having("agrees")


@pytest.mark.parametrize(("text", "right", "wrong", "id"), SLIPS)
def test_a_slip_is_found(text, right, wrong, id):
    assert text.count(right) == 1
    assert not replications.verify(text).having("differs")
    assert id in {f.id for f in replications.verify(text.replace(right, wrong)).having("differs")}
