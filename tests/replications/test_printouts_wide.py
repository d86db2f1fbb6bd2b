"""Printouts that were too wide for the page, and tables whose rows are named by text with blanks."""

import pytest

from replications.printouts.read import read_printout


def cells(text):
    """Return what was read as text by row and column, and the lines that were not."""
    printout = read_printout(text)
    return {(n.row, n.column): n.text for block in printout for n in block.numbers}, printout.unread


CALLS = """Data: d
Models:
lme4::lmer(y ~ 1 + (1 | school), d, REML = FALSE): y ~ 1 + (1 | school)
lme4::lmer(y ~ x + z + arm + (x | school), d, REML = FALSE): y ~ x + z + arm + (x | school)
                                                            npar    AIC
lme4::lmer(y ~ 1 + (1 | school), d, REML = FALSE)              3 1382.9
lme4::lmer(y ~ x + z + arm + (x | school), d, REML = FALSE)    9 1214.9
                                                             Chisq Df
lme4::lmer(y ~ 1 + (1 | school), d, REML = FALSE)
lme4::lmer(y ~ x + z + arm + (x | school), d, REML = FALSE) 180.02  6
                                                            Pr(>Chisq)
lme4::lmer(y ~ 1 + (1 | school), d, REML = FALSE)
lme4::lmer(y ~ x + z + arm + (x | school), d, REML = FALSE)  < 2.2e-16
"""


def test_models_named_by_their_calls_go_on_in_panels():
    found, unread = cells(CALLS)
    second = "lme4::lmer(y ~ x + z + arm + (x | school), d, REML = FALSE)"
    assert unread == []
    assert found[second, "Df"] == "6"
    assert found[second, "Pr(>Chisq)"] == "< 2.2e-16"
    assert len(found) == 7


NLME = """   Model df         AIC         BIC       logLik   Test     L.Ratio
n0     1  3 1382.943552 1394.601864 -688.4717757
n1     2  4 1324.210038 1339.754454 -658.1050189 1 vs 2 60.73351364
   p-value
n0
n1  <.0001
"""


def test_models_of_nlme_go_on_in_panels():
    found, unread = cells(NLME)
    assert unread == []
    assert found["n1", "p-value"] == "<.0001"
    assert found["n0", "logLik"] == "-688.4717757"
    assert len(found) == 12


CONTRASTS = """ contrast               estimate    SE  df t.ratio
 old drug f - old drug m   0.542 0.333 353   1.629
 old drug f - placebo f   -0.304 0.348 353  -0.874
 p.value
  0.1042
  0.3830

P value adjustment: tukey method for comparing a family of 6 estimates
"""


def test_contrasts_go_on_below_without_their_labels():
    found, unread = cells(CONTRASTS)
    assert unread == []
    assert found["old drug f - placebo f", "p.value"] == "0.3830"
    assert found["old drug f - old drug m", "p.value"] == "0.1042"


def test_a_panel_of_other_length_is_reported():
    found, unread = cells(CONTRASTS.replace("  0.3830\n", ""))
    assert ("old drug f - old drug m", "p.value") not in found
    assert (5, "  0.1042") in unread


TIBBLE = """# A tibble: 3 × 6
  effect   group term              estimate std.error   p.value
  <chr>    <chr> <chr>                <dbl>     <dbl>     <dbl>
1 fixed    <NA>  arm old drug         0.677    0.0943  3.94e- 1
2 fixed    <NA>  (Intercept)         -1.11e+1  0.198   3.94e-12
3 ran_pars cls   sd__(Intercept)      0.0756  NA      NA
"""


def test_a_tibble_is_cut_at_its_columns():
    found, unread = cells(TIBBLE.replace("-1.11e+1", "-11.1   "))
    assert unread == []
    assert found["fixed arm old drug", "p.value"] == "3.94e-1"
    assert found["fixed (Intercept)", "estimate"] == "-11.1"
    assert found["ran_pars cls sd__(Intercept)", "estimate"] == "0.0756"


def test_a_row_of_a_tibble_with_a_cell_across_a_column_is_reported():
    found, unread = cells(
        TIBBLE.replace("1 fixed    <NA>  arm old drug         0.677 ", "1 fixed    <NA>  arm old drug  0.7 0.677 ")
    )
    assert [line for line, _ in unread] == [4]
    assert ("fixed (Intercept)", "p.value") in found


def test_one_row_of_a_tibble_without_text_is_named_by_its_number():
    text = "# A tibble: 1 × 3\n  r.squared sigma p.value\n      <dbl> <dbl>   <dbl>\n1     0.126  1.73 3.9e-12\n"
    assert cells(text)[0] == {("1", "r.squared"): "0.126", ("1", "sigma"): "1.73", ("1", "p.value"): "3.9e-12"}


FRAME = """       grp         var1         var2      vcov    sdcor
1   school  (Intercept)         <NA>  1.116719  1.05675
2   school  armold drug         <NA>  0.170596  0.41303
3   school  (Intercept)  armold drug -0.315841 -0.72362
4 Residual         <NA>         <NA>  1.963680  1.40131
"""


def test_effects_with_blanks_in_a_frame_of_variances():
    found, unread = cells(FRAME)
    assert unread == []
    assert found["school armold drug", "vcov"] == "0.170596"
    assert found["school (Intercept) armold drug", "sdcor"] == "-0.72362"


CORRELATIONS = """Linear mixed model fit by REML ['lmerMod']
Formula: y ~ arm + (1 | g)
   Data: d

Fixed effects:
            Estimate Std. Error t value
(Intercept)    0.691      0.282   2.450
`w v`          0.398      0.453   1.192
armfa b        0.311      0.280   1.107

Correlation of Fixed Effects:
        (Intr) `w v`
`w v`    0.066
armfa b -0.407 -0.112
fit warnings:
Some predictor variables are on very different scales: consider rescaling
optimizer (nloptwrap) convergence code: 0 (OK)
Model failed to converge with max|grad| = 0.0237878 (tol = 0.002, component 1)
"""


def test_correlations_below_names_with_blanks_and_what_the_fit_warned_of():
    block = read_printout(CORRELATIONS)[0]
    found = {(number.row, number.column): number.text for number in block.numbers}
    assert found["armfa b", "(Intr)"] == "-0.407"
    assert found["armfa b", "`w v`"] == "-0.112"
    assert block.unread == []
    assert [message.split()[0] for message in block.messages] == ["fit", "Some", "optimizer", "Model"]


def test_variances_too_wide_for_the_page_stand_below_their_names():
    text = (
        "Random effects:\n Groups   Name\n school   (Intercept)\n          a_very_long_name_of_a_slope\n Residual\n"
        " Variance Std.Dev. Corr \n 0.49102  0.7007        \n 0.03166  0.1779   -0.40\n 2.49001  1.5780        \n"
        "Number of obs: 120, groups:  school, 12\n"
    )
    found = {number.id: (number.text, number.line) for number in read_printout(text)[0].numbers}
    assert found["varcomp.school.intercept.variance"] == ("0.49102", 7)
    assert found["varcomp.school.intercept__a_very_long_name_of_a_slope.corr"] == ("-0.40", 8)
    assert found["varcomp.residual.sd"] == ("1.5780", 9)


PANELS = {
    "deviations and correlations": (
        " Groups   Name              Variance   \n school   (Intercept)       5.026632268\n"
        "          a_long_name       0.006983948\n          x                 0.300000000\n"
        " Residual                   5.618779257\n Std.Dev.   Corr             \n 2.24201522                  \n"
        " 0.08357002  0.10000         \n 0.54772256 -0.25000  0.31000\n 2.37039643                  \n"
    ),
    "correlations": (
        " Groups   Name        Variance    Std.Dev.  \n school   (Intercept) 5.026632268 2.24201522\n"
        "          a_long_name 0.006983948 0.08357002\n          x           0.300000000 0.54772256\n"
        " Residual             5.618779257 2.37039643\n Corr             \n                  \n"
        "  0.10000         \n -0.25000  0.31000\n                  \n"
    ),
    "each correlation": (
        " Groups   Name        Variance    Std.Dev.  \n school   (Intercept) 5.026632268 2.24201522\n"
        "          a_long_name 0.006983948 0.08357002\n          x           0.300000000 0.54772256\n"
        " Residual             5.618779257 2.37039643\n Corr    \n         \n  0.10000\n -0.25000\n         \n"
        "        \n        \n        \n 0.31000\n        \n"
    ),
}


@pytest.mark.parametrize("head", ["Random effects:\n", ""])
@pytest.mark.parametrize("name", PANELS)
def test_variances_whose_last_columns_stand_below(name, head):
    text = head + PANELS[name] + "Number of obs: 120, groups:  school, 12\n"
    printout = read_printout(text)
    found = {number.id: number for number in printout[0].numbers}
    assert len(printout) == 1
    assert printout.unread == []
    assert len(found) == 13
    assert found["varcomp.school.x.sd"].text == "0.54772256"
    assert found["varcomp.residual.sd"].text == "2.37039643"
    assert found["varcomp.school.intercept__a_long_name.corr"].text == "0.10000"
    assert found["varcomp.school.intercept__x.corr"].text == "-0.25000"
    assert found["varcomp.school.a_long_name__x.corr"].text == "0.31000"
    assert all(number.text in text.split("\n")[number.line - 1] for number in found.values())


@pytest.mark.parametrize("gap", ["\n", ""])
def test_deviations_of_effects_with_blanks(gap):
    text = (
        "Linear mixed-effects model fit by REML\n  Data: d \nRandom effects:\n Formula: ~arm | school\n"
        "            StdDev    Corr         \n(Intercept) 1.0564111 (Intr) armodd\n"
        "armodd drug 0.4143361 -0.724       \narmplacebo  0.1834012  0.801 -0.165\n"
        f"Residual    1.4013012              \n{gap}Fixed effects:  y ~ 1 \n"
        "               Value Std.Error  DF  t-value p-value\n(Intercept) 5.060580 0.4339782 225 11.660908  0.0000\n"
    )
    printout = read_printout(text)
    found = {number.id: number.text for number in printout[0].numbers}
    assert printout.unread == []
    assert found["varcomp.school.armodd drug.sd"] == "0.4143361"
    assert found["varcomp.school.armodd drug__armplacebo.corr"] == "-0.165"
    assert found["fixef.intercept.df"] == "225"


def test_as_many_values_as_headings_or_none_in_nlme():
    text = "Linear mixed-effects model fit by REML\n  Data: d \n       AIC      BIC    logLik\n  459,2493 491,2105\n"
    printout = read_printout(f"{text}\nFixed effects:  y ~ 1 \n            Value\n(Intercept) 5.06\n")
    assert [number.text for block in printout for number in block.numbers if number.column != "Value"] == []
    assert (4, "  459,2493 491,2105") in printout.unread


STARS = """Fixed effects:
              Estimate Std. Error        df t value Pr(>|t|)
(Intercept)    4.81330    0.57608  51.62229   8.355 3.71e-11
arm 2          0.74613    0.49521 435.05690   1.507   0.1326
x              0.32100    0.15000 435.05690   2.140   0.0329

(Intercept)   ***
arm 2
x             *
---
Signif. codes:  0 '***' 0.001 '**' 0.01 '*' 0.05 '.' 0.1 ' ' 1
"""


@pytest.mark.parametrize("margin", ["", "## ", "    "])
def test_stars_in_a_panel_of_their_own_belong_to_their_rows(margin):
    text = "\n".join(f"{margin + line:80}" for line in STARS.splitlines())
    block = read_printout(text)[0]
    stars = {n.row: (n.text, n.line) for n in block.numbers if n.id.endswith(".stars")}
    assert stars == {"(Intercept)": ("***", 7), "arm 2": ("", 8), "x": ("*", 9)}
    assert len(block.numbers) == 18
    assert not block.unread


def test_a_panel_of_stars_that_lost_a_row_is_reported():
    block = read_printout(STARS.replace("x             *\n", ""))[0]
    assert [number for number, _ in block.unread] == [7, 8]
    assert [n.text for n in block.numbers if n.id.endswith(".stars")] == []


LEVELS = """$school
   arm new drug arm placebo (2)
1    0.05832656      0.07296628
10  -2.89025523     -3.61569615
   arm new drug:year:x arm placebo (2):year:x
1                 0.11                   0.31
10               -0.12                  -0.32
   arm new drug:wave:x arm placebo (2):wave:x
1                 0.21                   0.41
10               -0.22                  -0.42

"""


@pytest.mark.parametrize("margin", ["", "    ", "        ", "\t"])
def test_effects_whose_headings_are_as_wide_as_those_above_them(margin):
    text = "> coef(m)\n" + LEVELS
    printout = read_printout("Text.\n\n" + "\n".join(margin + line for line in text.split("\n")) + "\nText.\n")
    found = {number.id: number.text for block in printout for number in block.numbers}
    assert len(found) == 12
    assert printout.unread == []
    assert found["coef.school.10.arm placebo (2):wave:x"] == "-0.42"


NARROW = """Linear mixed model fit by maximum
  likelihood . t-tests use
  Satterthwaite's method [
lmerModLmerTest]
Formula: y ~ x + (1 | school)
   Data: d

     AIC      BIC   logLik deviance
  1763.9   1783.1   -876.0   1751.9
df.resid
     174

Random effects:
 Groups   Name        Std.Dev.
 school   (Intercept) 1.447
 Residual             1.052
"""


def test_a_title_and_criteria_on_several_lines_are_of_the_summary():
    (block,) = read_printout(NARROW)
    assert block.formula == "y ~ x + (1 | school)"
    assert block.data_name == "d"
    assert block.reml is False
    assert block.heads["title"].endswith("[ lmerModLmerTest]")
    assert [n.text for n in block.numbers] == ["1763.9", "1783.1", "-876.0", "1751.9", "174", "1.447", "1.052"]


@pytest.mark.parametrize(
    "code", ["anova(m1, m2)", "m", "m2 <- lmer(y ~ x + (1 | g), d)\nsummary(m2)", "x <- 3", "z = 3"]
)
def test_a_command_without_a_prompt_ends_a_table_of_variances(code):
    text = " Groups   Name        Std.Dev. Corr\n school   (Intercept) 1.447\n          x           0.382    -0.703\n"
    printout = read_printout(f"VarCorr(m)\n{text} Residual             1.052\n{code}\n")
    assert [n.text for n in printout[0].numbers] == ["1.447", "0.382", "-0.703", "1.052"]
    assert not printout[0].unread
    assert printout[0].last == 5
