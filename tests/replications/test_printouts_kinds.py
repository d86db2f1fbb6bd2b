# ruff: noqa: E501  (printouts are as wide as they are)
"""Each kind of block, in a printout made here: what it is called, and some of its numbers by their ids."""

import pytest

from replications import read_printout
from replications.checking.recipe import of_block

LEGEND = "---\nSignif. codes:  0 '***' 0.001 '**' 0.01 '*' 0.05 '.' 0.1 ' ' 1"
CASES = {
    "multcomp.glht": (
        "Quantile = 2.3454\n95% family-wise confidence level\n \n\nLinear Hypotheses:\n"
        "                   Estimate lwr     upr    \nBeech - Alder == 0  2.1815  -0.1455  4.5085\n"
        "0.4 - 0.2 == 0      8.1658   5.8422 10.4894",
        {
            "quantile": "2.3454", "coef.Beech - Alder == 0.estimate": "2.1815", "coef.0_4 - 0_2 == 0.ci_low": "5.8422",
            "coef.0_4 - 0_2 == 0.ci_high": "10.4894",
        },
    ),
    "effects.effect": (
        " var*fdose effect\n       fdose\nvar            0      0.2      0.4\n  Alder 26.57816 35.37075 43.53659\n"
        "  Beech 28.75966 40.29365 46.50317\n\n Lower 95 Percent Confidence Limits\n       fdose\n"
        "var            0      0.2      0.4\n  Alder 22.05384 30.85377 39.01797\n  Beech 24.24132 35.77643 41.98529",
        {"Alder.0_2.fit": "35.37075", "Beech.0.fit": "28.75966", "Beech.0_4.ci_low": "41.98529"},
    ),
    "afex.nice": (
        "Mixed Model Anova Table (Type 3 tests, KR-method)\n\nModel: y ~ arm * x + (1 | school)\nData: d\n"
        "  Effect       df         F p.value\n1    arm  2, 28.3   8.15 **    .002\n2      x   1, 148 47.89 ***   <.001\n"
        f"3  arm:x 2, 147.6    2.36 +    .098\n{LEGEND.replace(chr(39) + '.' + chr(39), chr(39) + '+' + chr(39))}",
        {
            "arm.num_df": "2", "arm.den_df": "28.3", "arm.f": "8.15", "arm.stars": "**", "x.f": "47.89", "x.p": "<.001",
            "arm:x.den_df": "147.6", "arm:x.stars": "+",
        },
    ),
    "afex.anova": (
        "Anova Table (Type 3 tests)\n\nResponse: y\n          num Df  den Df    MSE       F     ges    Pr(>F)    \n"
        "var       1.2606  6.3030 3.1816  89.583 0.20403 4.257e-05 ***\n"
        f"var:fdose 2.6455 13.2277 2.2869   5.790 0.02438   0.01109 *  \n{LEGEND}",
        {"var.num_df": "1.2606", "var.den_df": "6.3030", "var:fdose.mse": "2.2869", "var:fdose.stars": "*"},
    ),
    "arm.display": (
        "lmer(formula = y ~ x + (1 | county), data = d)\n            coef.est coef.se\n(Intercept)  1.46     0.05  \n"
        "x           -0.69     0.07  \n\nError terms:\n Groups   Name        Std.Dev.\n county   (Intercept) 0.33    \n"
        " Residual             0.76    \n---\nnumber of obs: 919, groups: county, 85\nAIC = 2179.3, DIC = 2156\n"
        "deviance = 2163.7 ",
        {"fixef.x.se": "0.07", "varcomp.county.intercept.sd": "0.33", "n_groups.county": "85", "dic": "2156"},
    ),
    "base.cat": (" AIC =  6731 ;  BIC =  6822", {"aic": "6731", "bic": "6822"}),
    "lme4.VarCorr": (
        " Groups   Name        Std.Dev. Corr  \n school   (Intercept) 1.44698        \n"
        "          x           0.38228  -0.703\n Residual             1.05234        ",
        {"varcomp.school.x.sd": "0.38228", "varcomp.school.intercept__x.corr": "-0.703"},
    ),
    "lme4.fixef": (
        "> fixef(m)\n(Intercept)  old drug \n       5.15     -0.20 \n  placebo B \n       1.10 ",
        {"fixef.intercept.estimate": "5.15", "fixef.old drug.estimate": "-0.20", "fixef.placebo B.estimate": "1.10"},
    ),
    "lme4.ranef": (
        "$school\n   (Intercept)\n1  -0.18865541\n10  0.82637042\n\nwith conditional variances for “school” ",
        {"ranef.school.1.condval": "-0.18865541", "ranef.school.10.condval": "0.82637042"},
    ),
    "stats.coef": (
        "> coef(m)$school\n  (Intercept)         x old drug\n1    4.675824 0.7438443     0.21\n2    5.867076 0.5725282     0.21\n"
        "  placebo B\n1      0.05\n2     -0.05",
        {"coef.school.1.old drug": "0.21", "coef.school.2.placebo B": "-0.05", "coef.school.2.intercept": "5.867076"},
    ),
    "stats.confint": (
        "Computing profile confidence intervals ...\n                2.5 %    97.5 %\n"
        ".sig01             NA        NA\n(Intercept) 4.2676622 6.0090649",
        {"confint.sig01.ci_low": "NA", "confint.intercept.ci_high": "6.0090649"},
    ),
    "stats.step": (
        "Start:  AIC=64.37\nI(y > 0) ~ x + \n    z\n\n       Df Deviance    AIC\n- z     1   59.023 63.023\n"
        "<none>      58.372 64.372\n+ w     1   56.496 60.496",
        {"aic": "64.37", "z.deviance": "59.023", "none.aic": "64.372", "w.aic": "60.496"},
    ),
    "stata.lrtest": (
        "Likelihood-ratio test                        LR chi2(2)  =     11.78\n"
        "(Assumption: m1 nested in m2)                Prob > chi2 =    0.0028",
        {"chisq": "11.78", "chisq_df": "2", "p": "0.0028"},
    ),
    "lmerTest.rand": (
        "Analysis of Random effects Table:\n         Chi.sq Chi.DF p.value    \nx:school   12.9      2   0.002 ** \n"
        f"{LEGEND}",
        {"x:school.chisq": "12.9", "x:school.chisq_df": "2", "x:school.p": "0.002", "x:school.stars": "**"},
    ),
    "lmerTest.lsmeans": (
        "Least Squares Means table:\n        arm sex Estimate Standard Error   DF t-value Lower CI Upper CI p-value    \n"
        "arm 1     1  NA    3.100          0.200 34.0    15.5     2.69     3.51  <2e-16 ***\n"
        "arm 10   10  NA    0.100          0.200 34.0     0.5    -0.31     0.51     0.6    ",
        {"arm 1.estimate": "3.100", "arm 1.stars": "***", "arm 10.df": "34.0", "arm 10.ci_low": "-0.31", "arm 10.p": "0.6"},
    ),
    "stats.AIC": ("> AIC(m)\n[1] 804.2224", {"aic": "804.2224"}),
    "lme4.REMLcrit": ("> lme4::REMLcrit(m)\n[1] 780.2224", {"reml_criterion": "780.2224"}),
    "performance.icc": (
        "# Intraclass Correlation Coefficient\n\n    Adjusted ICC: 0.697\n  Unadjusted ICC: 0.621",
        {"adjusted": "0.697", "unadjusted": "0.621"},
    ),
    "performance.r2": (
        "# R2 for Mixed Models\n\n  Conditional R2: 0.729\n     Marginal R2: 0.108",
        {"r2_conditional": "0.729", "r2_marginal": "0.108"},
    ),
    "stats.drop1": (
        "Single term deletions\n\nModel:\ny ~ x + arm + (1 | school)\n       npar    AIC    LRT  Pr(Chi)    \n"
        "<none>      827.22                    \nx         1 887.21 61.985 3.46e-15 ***\n"
        f"arm       2 824.09  0.866   0.6486    \n{LEGEND}",
        {"none.aic": "827.22", "x.npar": "1", "x.stars": "***", "arm.stars": "", "arm.p": "0.6486"},
    ),
    "lmerTest.ranova": (
        "ANOVA-like table for random-effects: Single term deletions\n\nModel:\ny ~ x + (x | g)\n"
        "             npar  logLik    AIC    LRT Df Pr(>Chisq)    \n"
        "<none>         12 -390.11 804.22                         \n"
        f"x in (x | g)   10 -396.57 813.14 12.913  2   0.001571 ** \n{LEGEND}",
        {"none.loglik": "-390.11", "x in (x | g).chisq_df": "2", "x in (x | g).p": "0.001571"},
    ),
    "emmeans.contrast": (
        " contrast             estimate    SE  df t.ratio p.value\n new drug - old drug   -0.2080 0.171 212  -1.214  0.4464\n"
        " old drug - placebo B   0.0763 0.181 214   0.421  <.0001\n\nP value adjustment: tukey method",
        {"new drug - old drug.estimate": "-0.2080", "old drug - placebo B.p": "<.0001"},
    ),
    "emmeans.emmeans": (
        "sex = f:\n arm      emmean    SE   df lower.CL upper.CL\n old drug   5.06 0.477 16.3     4.05     6.07\n\n"
        "sex = m:\n arm      emmean    SE   df lower.CL upper.CL\n old drug   6.06 0.477 16.3     5.05     7.07\n\n"
        "Confidence level used: 0.95 ",
        {"f.old drug.estimate": "5.06", "m.old drug.ci_high": "7.07"},
    ),
    "nlme.lme": (
        "Linear mixed-effects model fit by REML\n  Data: d \n      AIC      BIC    logLik\n  829.561 857.2716 -406.7805\n\n"
        "Random effects:\n Formula: ~x | school\n Structure: General positive-definite, Log-Cholesky parametrization\n"
        "            StdDev   Corr  \n(Intercept) 1.433796 (Intr)\nx           0.305735 -0.789\nResidual    1.195229       \n\n"
        "Fixed effects:  y ~ x \n                Value Std.Error  DF   t-value p-value\n"
        "(Intercept)  5.060580 0.4339782 225 11.660908  0.0000\nx            0.682766 0.1222042 225  5.587093  0.0000\n"
        " Correlation: \n  (Intr)\nx -0.560\n\nStandardized Within-Group Residuals:\n"
        "        Min          Q1         Med          Q3         Max \n-2.65338037 -0.68989014 -0.02252259  0.64007408  2.72175429 \n\n"
        "Number of Observations: 240\nNumber of Groups: 12 ",
        {
            "varcomp.school.intercept__x.corr": "-0.789", "varcomp.residual.sd": "1.195229", "fixef.x.df": "225",
            "fixef_corr.x.intercept": "-0.560", "n_groups.school": "12", "loglik": "-406.7805",
        },
    ),
    "nlme.VarCorr": (
        "            Variance     StdDev    Corr  \nschool =    pdLogChol(x)                 \n"
        "(Intercept) 0.9000618    0.9487159 (Intr)\nx           0.1930673    0.4393942 -0.099\n"
        "cls =       pdLogChol(1)                 \n(Intercept) 0.2668093    0.5165359       \n"
        "Residual    1.6708604    1.2926177       ",
        {
            "varcomp.school.intercept.variance": "0.9000618", "varcomp.school.intercept__x.corr": "-0.099",
            "varcomp.cls.intercept.sd": "0.5165359", "varcomp.residual.sd": "1.2926177",
        },
    ),
    "pbkrtest.modcomp": (
        "F-test with Kenward-Roger approximation; time: 0.06 sec\nlarge : y ~ x + (1 | school)\n"
        "small : y ~ 1 + (1 | school)\n         stat    ndf    ddf F.scaling   p.value    \n"
        "Ftest   65.97   1.00 343.96         1 8.289e-15 ***\nFtestU  65.97   1.00 343.96           8.289e-15 ***\n"
        f"{LEGEND}",
        {"Ftest.statistic": "65.97", "Ftest.F_scaling": "1", "FtestU.den_df": "343.96", "FtestU.p": "8.289e-15"},
    ),
    "nlme.intervals": (
        "Approximate 95% confidence intervals\n\n Fixed effects:\n                lower     est.    upper\n"
        "(Intercept) 4.2932213 5.135777 5.978333\n\n Random Effects:\n  Level: school \n"
        "                    lower     est.    upper\nsd((Intercept)) 0.9308363 1.442477 2.235346\n\n"
        " Within-group standard error:\n    lower      est.     upper \n0.9821961 1.1004333 1.2329040 ",
        {
            "fixef.intercept.ci_low": "4.2932213", "varcomp.school.intercept.sd.ci_high": "2.235346",
            "varcomp.residual.sd.estimate": "1.1004333",
        },
    ),
    "nlme.anova": (
        "   Model df      AIC      BIC    logLik   Test  L.Ratio p-value\nn1     1  4 824.0884 838.0109 -408.0442                        \n"
        "n2     2  5 823.0593 840.4624 -406.5296 1 vs 2 3.029106  0.0818",
        {"n1.npar": "4", "n2.aic": "823.0593", "n2.chisq": "3.029106", "n2.p": "0.0818"},
    ),
    "psych.describe": (
        "   vars   n mean   sd\nX1    1 240 5.15 2.03",
        {"n": "240", "sd": "2.03"},
    ),
    "tibble.print": (
        "# A tibble: 2 × 4\n  term        estim…¹ std.e…² p.value\n  <chr>         <dbl>   <dbl>   <dbl>\n"
        "1 (Intercept)   5.04    0.479 1.17e-8\n2 old drug      0.608   0.167 1.38e-3\n"
        "# … with abbreviated variable names ¹estimate, ²std.error",
        {"intercept.estimate": "5.04", "old drug.std_error": "0.167", "old drug.p_value": "1.38e-3"},
    ),
    "base.print.data.frame": (
        "  school          x       arm        y\n1      1 -0.6264538  new drug 5.923989\n2      1  0.1836433 placebo B 5.091407",
        {"1.school": "1", "2.x": "0.1836433", "2.y": "5.091407"},
    ),
    "stargazer.stargazer": (
        "===============================================\n                        Dependent variable:    \n"
        "                    ---------------------------\n                                 y             \n"
        "-----------------------------------------------\nx                            0.467***          \n"
        "                              (0.088)          \n                                               \n"
        "Constant                     1.042***          \n                              (0.177)          \n"
        "                                               \n-----------------------------------------------\n"
        "Observations                    200            \nR2                             0.218           \n"
        "Residual Std. Error      0.951 (df = 198)      \nF Statistic          55.180*** (df = 1; 198)   \n"
        "===============================================\nNote:               *p<0.1; **p<0.05; ***p<0.01",
        {
            "coef.x.estimate": "0.467", "coef.x.se": "0.088", "coef.intercept.stars": "***", "n_obs": "200",
            "rse": "0.951", "df_resid": "198", "f": "55.180", "f_df2": "198",
        },
    ),
    "sjPlot.tab_model": (
        "<table><tr><th></th><th colspan='3'>y</th><th colspan='2'>z</th></tr>"
        "<tr><td>Predictors</td><td>Estimates</td><td>CI</td><td>p</td><td>Odds Ratios</td><td>p</td></tr>"
        "<tr><td>(Intercept)</td><td>5.04</td><td>4.10&nbsp;&ndash;&nbsp;5.98</td><td><strong>&lt;0.001</strong></td>"
        "<td>1.20</td><td>0.3</td></tr><tr><td>&tau;<sub>00</sub></td><td colspan='3'>2.09 <sub>school</sub></td>"
        "<td colspan='2'>1.10 <sub>item</sub></td><tr><td>Marginal R<sup>2</sup> / Conditional R<sup>2</sup></td>"
        "<td colspan='3'>0.108 / 0.729</td><td colspan='2'>0.1 / 0.2</td></tr></table>",
        {
            "y.intercept.ci_high": "5.98", "y.intercept.p": "<0.001", "z.intercept.odds_ratio": "1.20",
            "y.tau00.school": "2.09", "z.tau00.item": "1.10", "z.r2_conditional": "0.2",
        },
    ),
    "modelsummary.modelsummary": (
        "|             | Model 1 | Model 2 |\n|:------------|--------:|--------:|\n| (Intercept) | 5.040*** | 4.1 |\n"
        "|             | (0.479) | (0.2) |\n| SD (Intercept school) | 1.447 | 1.3 |\n| Num.Obs.    | 240 | 240 |",
        {"Model 1.intercept.se": "0.479", "Model 2.sd.school.intercept": "1.3", "Model 1.n_obs": "240"},
    ),
    "statsmodels.MixedLM": (
        "         Mixed Linear Model Regression Results\n========================================================\n"
        "Model:             MixedLM Dependent Variable: y        \nNo. Observations:  200     Method:             REML     \n"
        "--------------------------------------------------------\n              Coef.  Std.Err.   z    P>|z| [0.025 0.975]\n"
        "--------------------------------------------------------\nIntercept      1.042    0.177  5.901 0.000  0.696  1.388\n"
        "Group Var      0.445    0.166                           \nGroup x x Cov  0.024    0.065                           \n"
        "========================================================",
        {"n_obs": "200", "fixef.intercept.ci_low": "0.696", "varcomp.group.variance": "0.445", "varcomp.group__x.cov": "0.024"},
    ),
    "pandoc.table": (
        "                Estimate  Std. Error   t value\n------------  ----------  ----------  --------\n"
        "(Intercept)    2.9873850   0.2490357   11.9958\narm old       -0.5242000   0.2134000   -2.4560",
        {"intercept.estimate": "2.9873850", "arm old.se": "0.2134000", "arm old.t": "-2.4560"},
    ),
    "insight.print_table": (
        "Parameter   | Coefficient |   SE |        95% CI | t(234) |      p\n"
        "---------------------------------------------------------------\n"
        "(Intercept) |        2.99 | 0.25 | [ 2.50, 3.47] |  12.00 | < .001\n"
        "arm [old]   |       -0.52 | 0.21 | [-0.94, -.10] |  -2.46 | 0.014 ",
        {
            "intercept.estimate": "2.99", "arm [old].ci_low": "-0.94", "arm [old].ci_high": "-.10",
            "intercept.p": "< .001", "arm [old].t": "-2.46",
        },
    ),
    "stata.estat": (
        "------------------------------------------------------------------------------\n"
        "                       Level |        ICC   Std. err.     [95% conf. interval]\n"
        "-----------------------------+------------------------------------------------\n"
        "                      school |   .3948826   .0925063      .2333046    .5822303\n"
        "------------------------------------------------------------------------------",
        {"icc.school": ".3948826", "icc.school.se": ".0925063", "icc.school.ci_high": ".5822303"},
    ),
    "stata.mixed": (
        "Mixed-effects REML regression                   Number of obs     =        240\n"
        "Group variable: school                          Number of groups  =         12\n\n"
        "Log restricted-likelihood = -405.76843          Prob > chi2       =     0.0000\n\n"
        "------------------------------------------------------------------------------\n"
        "           y |      Coef.   Std. Err.      z    P>|z|     [95% Conf. Interval]\n"
        "-------------+----------------------------------------------------------------\n"
        "           x |   .6976748   .0821976     8.49   0.000     .5365705    .8587791\n"
        "       _cons |   5.135777   .4262455    12.05   0.000     4.300352    5.971203\n"
        "------------------------------------------------------------------------------\n\n"
        "  Random-effects Parameters  |   Estimate   Std. Err.     [95% Conf. Interval]\n"
        "-----------------------------+------------------------------------------------\n"
        "school: Identity             |\n                  var(_cons) |   2.080741   .9297423      .8667   4.995339\n"
        "-----------------------------+------------------------------------------------\n"
        "               var(Residual) |   1.210953   .1137053      1.0074   1.455629\n"
        "------------------------------------------------------------------------------\n"
        "LR test vs. linear model: chibar2(01) = 191.29        Prob >= chibar2 = 0.0000",
        {
            "n_groups": "12", "loglik": "-405.76843", "fixef.x.estimate": ".6976748", "fixef.intercept.ci_high": "5.971203",
            "varcomp.school.intercept.variance": "2.080741", "varcomp.residual.variance": "1.210953", "lr_chisq": "191.29",
        },
    ),
}  # fmt: skip


def test_variances_may_stand_beside_covariances():
    text = (
        " Groups   Name        Variance Cov    \n school   (Intercept) 2.09375         \n"
        "          x           0.14614  -0.389 \n Residual             1.10742         "
    )
    found = {number.id: number.text for number in read_printout(text)[0].numbers}
    assert found["varcomp.school.intercept__x.cov"] == "-0.389"
    assert found["varcomp.residual.variance"] == "1.10742"


@pytest.mark.parametrize("kind", CASES)
def test_a_block_of_each_kind(kind):
    text, wanted = CASES[kind]
    printout = read_printout(text)
    assert list(printout.kinds()) == [kind]
    assert printout.unread == []
    found = {number.id: number.text for number in printout[0].numbers}
    assert {id: found.get(id) for id in wanted} == wanted


def whole(text):
    printout = read_printout(text)
    return [(b.kind, b.formula, b.reml, n.id, n.text, n.column) for b in printout for n in b.numbers], len(
        printout.unread
    )


def indented(text):
    lines = "\n".join(f"    {line}".rstrip() for line in text.split("\n"))
    return f"``` r\nsummary(fit)\n```\n\n{lines}\n\nWe see that 2 of them\nare larger.\n\n``` r\nplot(x)\n```\n"


def fenced(text):
    return f"``` r\nsummary(fit)\n```\n\n```\n{text}\n```\n\nWe see that 2 of them\nare larger.\n"


@pytest.mark.parametrize("page", [indented, fenced])
@pytest.mark.parametrize("kind", [kind for kind, (text, _) in CASES.items() if "</" not in text])
def test_a_block_of_each_kind_is_the_same_in_a_github_document(kind, page):
    text = CASES[kind][0]
    assert whole(page(text)) == whole(text)


LEVELS = """Linear mixed-effects model fit by REML
  Data: d
       AIC      BIC    logLik
  605.0418 618.5327 -296.5209

Random effects:
 Formula: ~1 | g
        (Intercept)
StdDev:    14.50598

 Formula: ~1 | h %in% g
        (Intercept) Residual
StdDev: 0.004655635 12.86695

Fixed effects:  y ~ x
               Value Std.Error DF  t-value p-value
(Intercept) 81.87222  6.945283 36 11.78818       0
x           73.66667  6.781480 17 10.86292       0
 Correlation:
  (Intr)
x -0.293

Standardized Within-Group Residuals:
        Min          Q1         Med          Q3         Max
-1.74380731 -0.66475223  0.01710386  0.54298801  1.80298795

Number of Observations: 72
Number of Groups:
       g h %in% g
       6       18
"""


@pytest.mark.parametrize("page", [indented, fenced])
def test_levels_and_counts_of_a_nested_lme_are_the_same_in_a_github_document(page):
    numbers, unread = whole(page(LEVELS))
    found = {id: text for _, _, _, id, text, _ in numbers}
    assert (numbers, unread) == whole(LEVELS)
    assert (found["varcomp.h.intercept.sd"], found["n_obs"], found["n_groups.h"]) == ("0.004655635", "72", "18")
    assert {kind for kind, *_ in numbers} == {"nlme.lme"}


BLOCKED = """Linear mixed-effects model fit by REML
  Data: d
  Log-restricted-likelihood: -125.8008
  Fixed: y ~ x
(Intercept)           x
  2.4497111   0.5056238

Random effects:
 Composite Structure: Blocked

 Block 1: (Intercept)
 Formula: ~1 | g
        (Intercept)
StdDev:   0.7823788

 Block 2: fa, fb
 Formula: ~f - 1 | g
 Structure: Multiple of an Identity
                  fa           fb Residual
StdDev: 0.0002680419 0.0002680419 1.042482

Number of Observations: 80
Number of Groups: 10
"""


def test_blocks_of_random_effects_of_an_lme_are_read_and_not_fitted():
    (block,) = read_printout(BLOCKED)
    found = {number.id: number.text for number in block.numbers}
    assert (found["varcomp.g.fb.sd"], found["varcomp.residual.sd"], found["n_groups.g"]) == (
        "0.0002680419",
        "1.042482",
        "10",
    )
    assert "Composite Structure: Blocked" in of_block(block)


def test_tests_of_the_terms_of_a_gls_share_their_denominator():
    text = "Denom. DF: 75 \n            numDF   F-value p-value\n(Intercept)     1 308.59657  <.0001\nf               3   0.78727  0.5048\n"
    printout = read_printout(text)
    assert (list(printout.kinds()), printout.unread) == (["nlme.anova"], [])
    assert [number.text for number in printout[0].numbers] == [
        "75",
        "1",
        "308.59657",
        "<.0001",
        "3",
        "0.78727",
        "0.5048",
    ]
    assert [number.id for number in printout[0].numbers][-2:] == ["f.f", "f.p"]


GLS = """Generalized least squares fit by REML
  Model: y ~ x + f
  Data: d
       AIC      BIC    logLik
  280.8152 296.9325 -133.4076

Correlation Structure: Compound symmetry
 Formula: ~1 | g
 Parameter estimate(s):
      Rho
0.3905412

Coefficients:
               Value Std.Error  t-value p-value
(Intercept) 2.449711 0.2744272 8.926633  0.0000
x           0.505624 0.1395209 3.624000  0.0005
fb          0.105624 0.2395209 0.440980  0.6605

 Correlation:
   (Intr) x
x  -0.083
fb -0.555  0.012

Standardized residuals:
        Min          Q1         Med          Q3         Max
-2.35648810 -0.67332250  0.07857800  0.69064750  2.46015430

Residual standard error: 1.313482
Degrees of freedom: 80 total; 77 residual
"""


@pytest.mark.parametrize("page", [str, indented, fenced])
def test_every_number_of_a_gls_is_read(page):
    numbers, unread = whole(page(GLS))
    found = {id: text for _, _, _, id, text, _ in numbers}
    assert unread == 0
    assert {kind for kind, *_ in numbers} == {"nlme.gls"}
    wanted = {
        "structure.Rho": "0.3905412",
        "fixef_corr.fb.x": "0.012",
        "rse": "1.313482",
        "df_total": "80",
        "df_resid": "77",
    }
    assert {id: found.get(id) for id in wanted} == wanted
    assert len(numbers) == 27


def test_what_continues_an_item_of_a_list_is_text():
    page = "``` r\nf(x)\n```\n\n- An item.\n\n    It was seen in Table\n    12 of chapter 3.5\n\nEnd.\n"
    assert read_printout(page) == []


CONFINT = "                             2.5 %     97.5 %\n"


@pytest.mark.parametrize(
    "row",
    [
        "(Intercept) 251.40510   237.935498 264.874712",
        "Days         10.46729     7.416374  13.518197",
        "Days         10           7.416374  13.518197",
        "Days 10.46729 7.416374 13.518197",
    ],
)
def test_a_number_more_than_headings_is_reported_and_no_part_of_the_label(row):
    printout = read_printout(f"{CONFINT}{row}\narm 2                    0.416374   3.518197\n")
    assert printout.unread == [(2, row)]
    assert [number.id for number in printout[0].numbers] == ["confint.arm 2.ci_low", "confint.arm 2.ci_high"]
    assert read_printout(f"{CONFINT}{row}\n").unread[-1:] == [(2, row)]


def test_a_row_name_of_a_data_frame_has_no_number_of_its_own():
    text = "             low  high\nDays  10.46  7.41 13.51\nx      1.46  0.41  3.51\n"
    printout = read_printout(text)
    assert [line for line, _ in printout.unread] == [2, 3]
    assert not [number for block in printout for number in block.numbers]


def test_as_many_numbers_as_headings_are_taken_in_order():
    text = "                 2.5 %    97.5 %\n(Intercept) 238.029141 264.78105\nDays 7.437594 13.49698\n"
    found = {number.id: number.text for number in read_printout(text)[0].numbers}
    assert found == {
        "confint.intercept.ci_low": "238.029141",
        "confint.intercept.ci_high": "264.78105",
        "confint.Days.ci_low": "7.437594",
        "confint.Days.ci_high": "13.49698",
    }


TABLE = "            Estimate Std. Error t value\n(Intercept)  251.405      6.825  36.838\n"
ANOVA = "     Sum Sq Mean Sq NumDF DenDF F value    Pr(>F)    \nDays  30031   30031     1    17   45.85 3.264e-06 ***\n"


@pytest.mark.parametrize("table", [TABLE, ANOVA])
@pytest.mark.parametrize("gap", ["", "\n"])
@pytest.mark.parametrize("below", ["AIC: 3495.149", "[1] 32", "[1] 32.5 14.2", "Confidence level: 95%", "sigma 25.6"])
def test_what_stands_below_a_table_is_no_row_of_it(table, gap, below):
    alone, both = read_printout(table), read_printout(f"{table}{gap}{below}\n")
    more = [(number.id, number.text) for number in both[0].numbers]
    same = [(number.id, number.text) for number in alone[0].numbers]
    assert more[: len(same)] == same
    assert not [id for id, _ in more[len(same) :] if id != "aic"]


def test_rows_behind_a_blank_line_go_on_where_they_stand_below_the_headings():
    found = read_printout(f"{TABLE}\nDays          10.467      1.546   6.771\n")[0]
    assert found.get("coef.Days.se").text == "1.546"


def test_rows_with_stars_go_on_behind_blank_lines_and_none_is_lost():
    text = f"{ANOVA}arm    1504     752     2    17    0.32    0.7233    \n"
    wanted = {number.id: number.text for number in read_printout(text)[0].numbers}
    doubled = read_printout(text.replace("\n", "\n\n"))
    assert {number.id: number.text for number in doubled[0].numbers} == wanted
    assert wanted["arm.f"] == "0.32"
    assert doubled.unread == []


STATA = """
Performing EM optimization ...

Iteration 0:  log likelihood = -401.29315

Mixed-effects ML regression                     Number of obs     =        240
Group variable: school                          Number of groups  =         12
                                                Wald chi2(3)      =      45.85
Log likelihood = -401.29315                     Prob > chi2       =     0.0000

------------------------------------------------------------------------------
           y | Coefficient  Std. err.      z    P>|z|     [95% conf. interval]
-------------+----------------------------------------------------------------
         arm |
          2  |   .6976748   .0821976     8.49   0.000     .5365705    .8587791
   placebo   |          0  (base)
             |
   arm#c.age |
          2  |  -.0976748   .0221976    -4.40   0.000    -.1365705   -.0587791
             |
       _cons |   5.135777   .4262455    12.05   0.000     4.300352    5.971203
------------------------------------------------------------------------------
LR test vs. linear model: chibar2(01) = 191.29        Prob >= chibar2 = 0.0000
"""


def test_levels_of_factors_in_stata_are_named_by_factor_and_level():
    printout = read_printout(STATA)
    found = {(number.row, number.column): number.text for number in printout[0].numbers}
    assert printout.unread == []
    assert found["arm 2", "Coefficient"] == ".6976748"
    assert found["arm#c.age 2", "[95% conf."] == "-.1365705"
    assert found["arm placebo", "Coefficient"] == "0"
    assert found["_cons", "interval]"] == "5.971203"
    assert found["Iteration 0", "log likelihood"] == "-401.29315"
    assert printout[0].reml is False
    assert printout[0].heads["response"] == "y"


def test_a_level_with_a_colon_is_a_row_of_statsmodels():
    text = CASES["statsmodels.MixedLM"][0].replace("Intercept      1.042", "arm[T.c: d]    1.042")
    printout = read_printout(text)
    assert printout[0].get("fixef.arm[T_c:d].estimate").text == "1.042"
    assert printout.unread == []
