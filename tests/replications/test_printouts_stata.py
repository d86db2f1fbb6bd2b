# ruff: noqa: W291  (Stata prints blanks behind its steps)
"""Stata's mixed models in the wordings of versions 14 to 18: steps, degrees of freedom, residuals, other links."""

import re

import pytest

import replications
from replications import read_printout

LOGISTIC = """. melogit passed i.sex age || school: , or

Fitting fixed-effects model:

Iteration 0:   log likelihood = -812.44731  
Iteration 1:   log likelihood = -811.90314  

Refining starting values:

Grid node 0:   log likelihood = -805.11207

Fitting full model:

Iteration 0:   log likelihood = -805.11207  (not concave)
Iteration 1:   log likelihood = -801.36655  

Mixed-effects logistic regression               Number of obs     =      1,412
Group variable: school                          Number of groups  =         38

                                                Obs per group:
                                                              min =          2
                                                              avg =       37.2
                                                              max =         61

Integration method: mvaghermite                 Integration pts.  =          7

                                                Wald chi2(2)      =       41.72
Log likelihood = -799.82904                     Prob > chi2       =     0.0000
------------------------------------------------------------------------------
      passed | Odds Ratio   Std. Err.      z    P>|z|     [95% Conf. Interval]
-------------+----------------------------------------------------------------
         sex |
     female  |   1.712400   .2103110     4.38   0.000     1.346060    2.178441
         age |   .9521130   .0098250    -4.76   0.000     .9330498    .9715657
       _cons |   .3310500   .0512400    -7.14   0.000     .2444266    .4483725
-------------+----------------------------------------------------------------
school       |
   var(_cons)|   .4127311   .1213904                      .2319148    .7345251
     var(age)|   1.04e-33   3.10e-18                             .           .
-------------+----------------------------------------------------------------
school>class |
   var(_cons)|   .0912077   .0406613
------------------------------------------------------------------------------
Note: Estimates are transformed only in the first equation.
LR test vs. logistic model: chibar2(01) = 57.61       Prob >= chibar2 = 0.0000
"""
LINEAR = """Obtaining starting values by EM:

Performing gradient-based optimization:

Iteration 0:   log restricted-likelihood = -704.90137  (backed up)
Iteration 1:   log restricted-likelihood = -701.22816

Computing standard errors:

Mixed-effects REML regression                   Number of obs     =        432

        Grouping information
        -------------------------------------------------------------
                        |     No. of       Observations per group
         Group variable |     groups    Minimum    Average    Maximum
        ----------------+--------------------------------------------
                 region |          9         48       48.0         48
                  pupil |         48          9        9.0          9
        -------------------------------------------------------------

DF method: Satterthwaite                        DF:           min =      47.00
                                                              avg =     215.00
                                                              max =     383.00

                                                F(1,   383.00)    =    2229.55
Log restricted-likelihood = -701.22816          Prob > F          =     0.0000

                                 (Std. Err. adjusted for 48 clusters in pupil)
------------------------------------------------------------------------------
             |               Robust
      weight | Coefficient  std. err.      DF       t    P>|t|
-------------+----------------------------------------------------------------
        term |   4.118402   .0872210    383.00    47.22   0.000
       _cons |   21.70633   .5120940     47.00    42.39   0.000
------------------------------------------------------------------------------

------------------------------------------------------------------------------
  Random-effects Parameters  |   Estimate   Std. Err.     [95% Conf. Interval]
-----------------------------+------------------------------------------------
region: Unstructured         |
                   sd(term)  |   .5120080   .0701100      .3914400    .6697100
                   sd(_cons) |   2.204300   .2711500      1.732100    2.805200
             corr(term,_cons)|  -.0635300   .1711000     -.3809200    .2672900
-----------------------------+------------------------------------------------
pupil: Identity              |
                   sd(_cons) |   1.204000   .1041200      1.016300    1.426300
-----------------------------+------------------------------------------------
Residual: AR(1),             |
    by sex                   |
                        rho  |   .3102000   .0614000      .1853000    .4252000
                     a: sd(e)|   1.264000   .0541200      1.162300    1.374700
                     b: sd(e)|   1.464000   .0641200      1.342300    1.594700
------------------------------------------------------------------------------
LR test vs. linear regression:       chi2(5) =   512.38   Prob > chi2 = 0.0000

Note: LR test is conservative and provided only for reference.
"""
UNSTRUCTURED = """\
Mixed-effects REML regression                        Number of obs    =     96
Group variable: pupil                                Number of groups =     34
                                                     Obs per group:
                                                                  min =      1
                                                                  avg =    2.8
                                                                  max =      3
DF method: Kenward\N{EN DASH}Roger                             DF:          min =  30.12
                                                                  avg =  31.40
                                                                  max =  33.95
                                                     F(2, 31.88)      =   3.71
Log restricted-likelihood =  -412.0317               Prob > F         = 0.0356

-------------------------------------------------------------------------------
        score | Coefficient  Std. err.      t    P>|t|     [95% conf. interval]
--------------+----------------------------------------------------------------
         term |
           2  |      -4.10       6.02    -0.68   0.501       -16.38        8.18
           3  |     -15.77       6.11    -2.58   0.015       -28.24       -3.30
              |
        _cons |     218.40       5.13    42.57   0.000       207.94      228.86
-------------------------------------------------------------------------------

------------------------------------------------------------------------------
  Random-effects parameters  |   Estimate   Std. err.     [95% conf. interval]
-----------------------------+------------------------------------------------
pupil:               (empty) |
-----------------------------+------------------------------------------------
Residual: Unstructured       |
                     var(e1) |     601.22     151.40        367.02      984.85
                     var(e2) |     498.07     128.13        300.82      824.66
                  cov(e1,e2) |      51.90     101.22       -146.49      250.29
------------------------------------------------------------------------------
LR test vs. linear model: chi2(5) = 2.41                  Prob > chi2 = 0.7901

Note: The reported degrees of freedom assumes the null hypothesis is not on the boundary of the parameter
      space. If this is not true, then the reported test is conservative.
"""
TEXTS = {"logistic": LOGISTIC, "linear": LINEAR, "unstructured": UNSTRUCTURED}
WANTED = {
    "logistic": {
        "steps.Iteration_0": "-812.44731", "steps.Grid_node_0": "-805.11207", "steps.Iteration_1__2": "-801.36655",
        "loglik": "-799.82904", "n_obs": "1,412", "integration_points": "7", "wald_chisq": "41.72",
        "fixef.sexfemale.odds_ratio": "1.712400", "fixef.age.z": "-4.76",
        "varcomp.school.intercept.variance": ".4127311", "varcomp.school.intercept.variance_ci_low": ".2319148",
        "varcomp.school.intercept.variance_ci_high": ".7345251", "varcomp.school.age.variance_se": "3.10e-18",
        "varcomp.school>class.intercept.variance_se": ".0406613", "lr_chisq": "57.61",
    },
    "linear": {
        "loglik": "-701.22816", "steps.Iteration_0": "-704.90137", "group_size.pupil.max": "9", "n_groups.region": "9",
        "coef_df.min": "47.00", "coef_df.mean": "215.00", "coef_df.max": "383.00",
        "f": "2229.55", "f_df1": "1", "f_df2": "383.00", "f_p": "0.0000", "fixef.term.df": "383.00",
        "fixef.term.se": ".0872210", "fixef.intercept.t": "42.39", "varcomp.region.term__intercept.corr": "-.0635300",
        "varcomp.residual.rho": ".3102000", "varcomp.residual.rho_ci_high": ".4252000",
        "varcomp.residual.a.sd": "1.264000", "varcomp.residual.b.sd_ci_low": "1.342300",
    },
    "unstructured": {
        "group_size.max": "3", "coef_df.max": "33.95", "f_df2": "31.88", "f_p": "0.0356", "loglik": "-412.0317",
        "fixef.term3.ci_high": "-3.30", "varcomp.residual.e1.variance": "601.22",
        "varcomp.residual.e1__e2.cov": "51.90", "varcomp.residual.e1__e2.cov_ci_low": "-146.49", "lr_p": "0.7901",
    },
}  # fmt: skip
DECIMAL = re.compile(r"(?<![\w.>])-?\d*\.\d+(?:e-\d+)?(?![\w.%])")


def as_of_version(text, version):
    """Return a printout with the words of a version."""
    if version >= 17:
        return text.replace("Odds Ratio", "Odds ratio").replace("Interval]", "interval]").replace(":   log", ":  Log")
    for new, old in (("Coefficient", "     Coef."), ("td. err.", "td. Err."), ("conf. interval]", "Conf. Interval]")):
        text = text.replace(new, old)
    return text.replace("ters  |   Estimate", "ters  |   Estimate").replace("effects p", "effects P")


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("version", [14, 18])
@pytest.mark.parametrize("margin", ["", "    "])
def test_every_number_is_read_under_its_name(name, version, margin):
    text = as_of_version(TEXTS[name], version)
    if margin:
        text = "# A page\n\n``` \nmixed y x || g:\n```\n" + re.sub("(?m)^(?=.)", margin, text)
    printout = read_printout(text)
    assert [block.kind for block in printout] == ["stata.mixed"]
    assert printout.unread == []
    found = {number.id: number.text for number in printout[0].numbers}
    assert {id: found.get(id) for id in WANTED[name]} == WANTED[name]
    assert sorted(t for t in found.values() if DECIMAL.fullmatch(t)) == sorted(DECIMAL.findall(text))
    assert all(id.startswith("steps.") or "e1__e2" in id for id in found if "__2" in id)


@pytest.mark.parametrize("name", TEXTS)
def test_what_stata_printed_agrees_with_itself(name):
    assert replications.verify(TEXTS[name]).ok


def test_a_range_is_that_of_the_words_beside_it():
    numbers = {number.id: number.column for number in read_printout(UNSTRUCTURED)[0].numbers}
    assert (numbers["group_size.min"], numbers["coef_df.min"]) == ("min", "DF: min")
    assert read_printout(UNSTRUCTURED)[0].heads["df_method"].startswith("Kenward")


def test_a_variance_with_cells_that_cannot_be_placed_is_reported():
    text = LOGISTIC.replace(".0912077   .0406613", ".0912077   .0406613   .0100000")
    printout = read_printout(text)
    assert [line for line, _ in printout.unread] == [
        1 + text.split("\n").index("   var(_cons)|   .0912077   .0406613   .0100000")
    ]


def test_statistics_that_were_not_computed_do_not_end_the_block():
    text = UNSTRUCTURED.replace("F(2, 31.88)      =   3.71", "Wald chi2(0)     =      .").replace(
        "Prob > F         = 0.0356", "Prob > chi2      =      ."
    )
    assert read_printout(text)[0].get("fixef.term3.t").text == "-2.58"
    assert read_printout(text).unread == []


NESTED = """. estat icc

Intraclass correlation

------------------------------------------------------------------------------
                       Level |        ICC   Std. err.     [95% conf. interval]
-----------------------------+------------------------------------------------
                        ward |   .0750336   .0190847      .0450028    .1219141
                    bed|ward |   .3460037    .017146      .3134867    .3806097
------------------------------------------------------------------------------
"""


def test_a_nested_level_has_the_levels_it_is_nested_in():
    printout = read_printout(NESTED)
    found = [(n.id, n.row, n.text) for block in printout for n in block.numbers]
    assert found[4] == ("icc.bed_ward", "bed|ward", ".3460037")
    assert len(found) == 8
    assert not printout.unread
