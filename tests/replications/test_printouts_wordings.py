"""Wordings of a kind that differ from the usual one: subsets, older versions, what was too wide, rows left out."""

from replications.printouts.read import read_printout

SUBSET = """Linear mixed-effects model fit by REML
  Data: d
  Subset: week < 8
       AIC      BIC    logLik
  500.6842 517.7019 -244.3421

Random effects:
 Formula: ~week | herd
 Structure: General positive-definite, Log-Cholesky parametrization
            StdDev    Corr
(Intercept) 2.2630063 (Intr)
week        0.6606179 0.205
Residual    1.1000350

Fixed effects:  milk ~ week
                Value Std.Error  DF  t-value p-value
(Intercept) 25.207510 0.5929479 111 42.51218  0.0000
week        -0.352212 0.1705190 111 -2.06553  0.0412
 Correlation:
     (Intr)
week 0.127

Standardized Within-Group Residuals:
        Min          Q1         Med          Q3         Max
-2.72215240 -0.54230086 -0.04153987  0.59250494  2.76350804

Number of Observations: 128
Number of Groups: 16
"""
COVARIANCES = """Random effects variance covariance matrix
            (Intercept)    week
(Intercept)      5.1212 0.30630
week             0.3063 0.43642
  Standard Deviations: 2.263 0.66062
"""
OF_ROWS = """herd h3
Marginal variance covariance matrix
        [,1]   [,2]   [,3]   [,4]   [,5]   [,6]   [,7]   [,8]   [,9]
 [1,] 22.423 20.893 19.468 18.139 16.902 15.748 14.674 13.672 12.739
 [2,] 20.893 22.423 20.893 19.468 18.139 16.902 15.748 14.674 13.672
 [3,] 19.468 20.893 22.423 20.893 19.468 18.139 16.902 15.748 14.674
 [4,] 18.139 19.468 20.893 22.423 20.893 19.468 18.139 16.902 15.748
 [5,] 16.902 18.139 19.468 20.893 22.423 20.893 19.468 18.139 16.902
 [6,] 15.748 16.902 18.139 19.468 20.893 22.423 20.893 19.468 18.139
 [7,] 14.674 15.748 16.902 18.139 19.468 20.893 22.423 20.893 19.468
 [8,] 13.672 14.674 15.748 16.902 18.139 19.468 20.893 22.423 20.893
 [9,] 12.739 13.672 14.674 15.748 16.902 18.139 19.468 20.893 22.423
[10,] 11.870 12.739 13.672 14.674 15.748 16.902 18.139 19.468 20.893
       [,10]
 [1,] 11.870
 [2,] 12.739
 [3,] 13.672
 [4,] 14.674
 [5,] 15.748
 [6,] 16.902
 [7,] 18.139
 [8,] 19.468
 [9,] 20.893
[10,] 22.423
  Standard Deviations: 4.7353 4.7353 4.7353 4.7353 4.7353 4.7353 4.7353 4.7353 4.7353 4.7353
"""
CONTRASTS = """ contrast
 pasture at hill 0.5 km - pasture at hill 12.25 km and by the old mill
 pasture at hill 0.5 km - silage that was made in the year before
 estimate    SE  df t.ratio p.value
  -0.0399 0.468 142  -0.085  0.9322
  -0.5257 0.470 142  -1.119  0.2652

Degrees-of-freedom method: kenward-roger
"""
LOGISTIC = """Mixed-effects logistic regression               Number of obs      =      1200
Group variable: herd                            Number of groups   =        40

                                                Obs per group: min =        30
                                                               avg =      30.0
                                                               max =        30

Integration points =   7                        Wald chi2(1)       =     16.00
Log likelihood = -701.3127                      Prob > chi2        =    0.0001

------------------------------------------------------------------------------
         ill |      Coef.   Std. Err.      z    P>|z|     [95% Conf. Interval]
-------------+----------------------------------------------------------------
         age |         .4         .1     4.00   0.000     .2040036    .5959964
       _cons |        -.5         .2    -2.50   0.012    -.8919928   -.1080072
------------------------------------------------------------------------------

------------------------------------------------------------------------------
  Random-effects Parameters  |   Estimate   Std. Err.     [95% Conf. Interval]
-----------------------------+------------------------------------------------
herd: Identity               |
                   sd(_cons) |   .5105341   .0812743      .3736891    .6974911
------------------------------------------------------------------------------
LR test vs. logistic regression: chibar2(01) =    27.18 Prob>=chibar2 = 0.0000
"""
PYTHON = """          Mixed Linear Model Regression Results
=======================================================
Model:            MixedLM Dependent Variable: milk
No. Observations: 160     Method:             REML
No. Groups:       16      Scale:              1.0801
Min. group size:  10      Likelihood:         -300.1147
Max. group size:  10      Converged:          Yes
Mean group size:  10.0
-------------------------------------------------------
             Coef. Std.Err.   z    P>|z| [0.025 0.975]
-------------------------------------------------------
Intercept   24.800    0.400 62.000 0.000 24.016 25.584
Group Var    2.150    0.800
=======================================================
"""
ELIDED = """$herd
             (Intercept)
Old Mill           2.747
Upper Meadow      -1.359
  ...                ...
Brook Farm         0.662
  ...                ...
Zoe's Yard        -2.134
"""


def _only(text):
    blocks = read_printout(text)
    assert blocks.unread == []
    (block,) = blocks
    return block, {number.id: number.text for number in block.numbers}


def test_the_subset_of_an_lme_is_said():
    block, values = _only(SUBSET)
    assert block.kind == "nlme.lme"
    assert block.heads["subset"] == "week < 8"
    assert values["n_obs"] == "128"
    assert "varcomp.herd.intercept__week.corr" in values


def test_covariances_by_nlme():
    block, values = _only(COVARIANCES)
    assert block.kind == "nlme.getVarCov"
    assert values["random_effects_vcov.week.intercept"] == "0.3063"
    assert values["random_effects_sd.week"] == "0.66062"


def test_covariances_of_rows_by_nlme_go_on_in_panels():
    block, values = _only(OF_ROWS)
    assert block.heads["group"] == "herd h3"
    assert values["marginal_vcov.10.9"] == "20.893"
    assert values["marginal_vcov.9.10"] == "20.893"
    assert values["marginal_vcov.10.10"] == "22.423"
    assert values["marginal_sd.10"] == "4.7353"
    assert len(values) == 110


def test_contrasts_whose_labels_took_the_whole_width():
    block, values = _only(CONTRASTS)
    assert block.kind == "emmeans.contrast"
    label = "pasture at hill 0_5 km - pasture at hill 12_25 km and by the old mill"
    assert [values[f"{label}.{end}"] for end in ("estimate", "se", "df", "t", "p")] == (
        ["-0.0399", "0.468", "142", "-0.085", "0.9322"]
    )
    assert len(values) == 10


def test_labels_are_not_taken_for_more_rows_than_there_are_numbers():
    text = CONTRASTS.replace("  -0.5257 0.470 142  -1.119  0.2652\n", "")
    blocks = read_printout(text)
    assert not any(number.text == "-0.0399" for block in blocks for number in block.numbers)
    assert any("-0.0399" in line for _, line in blocks.unread)


def test_the_test_below_an_older_logistic_model():
    _, values = _only(LOGISTIC)
    assert (values["lr_chisq"], values["lr_p"]) == ("27.18", "0.0000")


def test_the_likelihood_of_an_older_statsmodels():
    assert _only(PYTHON)[1]["loglik"] == "-300.1147"


def test_effects_go_on_behind_rows_that_were_left_out():
    _, values = _only(ELIDED)
    assert values["ranef.herd.Zoe's Yard.condval"] == "-2.134"
    assert len(values) == 4


def test_the_variances_of_the_oldest_statsmodels_are_those_of_groups():
    old = "Intercept RE 2.150    0.800\nIntercept RE x week RE -0.100 0.050\nweek RE 0.250 0.125\n"
    _, values = _only(PYTHON.replace("Group Var    2.150    0.800\n", old))
    assert values["varcomp.group.variance"] == "2.150"
    assert values["varcomp.group__week.cov"] == "-0.100"
    assert values["varcomp.week.se"] == "0.125"
