"""Reports against R's own, character by character (lme4 1.1-31, lmerTest 3.1-3, R 4.2.2)."""

import warnings

import numpy as np
import pandas as pd
import pytest
from rmodels import assert_same_print, data, lines, reference

import mlm
from mlm.report.summary import random_effects_table, summarize

REFERENCE = reference()


@pytest.mark.parametrize("case", REFERENCE["lmer"], ids=lambda case: case["formula"])
def test_mixed_models_print_as_in_r(case):
    m = mlm.lmer(case["formula"], data(), reml=case["reml"])
    for options, key in (({}, "text"), ({"digits": 3, "scipen": 8}, "short")):
        assert str(m.summary(data_name="d", **options)).split("\n") == lines(case[key])


@pytest.mark.parametrize("case", REFERENCE["lmer"], ids=lambda case: case["formula"])
def test_tests_print_as_in_lmertest(case):
    m = mlm.lmer(case["formula"], data(), reml=case["reml"])
    printed = str(m.summary("satterthwaite", data_name="d")).split("\n")
    # lmerTest differentiates numerically, so that the seventh digit of its degrees of freedom may be off
    assert_same_print(printed, lines(case["tested"]))


@pytest.mark.parametrize("case", REFERENCE["lm"], ids=lambda case: case["formula"])
@pytest.mark.filterwarnings("ignore::mlm.RankWarning")
def test_linear_models_print_as_in_r(case):
    m = mlm.lm(case["formula"], data())
    assert str(m.summary(data_name="d")).split("\n") == lines(case["text"])
    assert str(m.summary(data_name="d", digits=3)).split("\n") == lines(case["short"])


@pytest.mark.parametrize("case", REFERENCE["lm_few"], ids=lambda case: str(case["rows"]))
def test_few_residuals_are_all_printed(case):
    m = mlm.lm("y ~ x", data().head(case["rows"]))
    assert str(m.summary(data_name="part")).split("\n") == lines(case["text"])


def test_rows_left_out_are_counted():
    gap = data().copy()
    gap.loc[[3, 50], "y"] = float("nan")
    gap.loc[7, "x"] = float("nan")
    with pytest.warns(mlm.MissingRowsWarning):
        m = mlm.lm("y ~ x + z", gap)
    assert str(m.summary(data_name="gap")).split("\n") == lines(REFERENCE["lm_missing"])


def test_no_residual_degrees_of_freedom():
    text = str(mlm.lm("y ~ x", data().head(2)).summary())
    assert "ALL 2 residuals are 0: no residual degrees of freedom!" in text
    assert "on 0 degrees of freedom" in text


def test_data_name_is_optional():
    m = mlm.lmer("y ~ x + (1 | g)", data())
    assert "Data:" not in str(m.summary())
    assert "data =" not in str(mlm.lm("y ~ x", data()).summary())


def test_correlations_are_printed_on_demand():
    m = mlm.lmer("y ~ x + (1 | g)", data())
    assert "Correlation" not in str(m.summary(correlation=False))
    wide = "y ~ " + " + ".join(f"I(x ** {k})" for k in range(2)) + " + f * h * z + (1 | g)"
    m = mlm.lmer(wide.replace("I(x ** 0) + I(x ** 1)", "x"), data())
    assert f"not shown by default, as p = {len(m.fixef)} > 12." in str(m.summary())
    assert "Correlation of Fixed Effects:" in str(m.summary(correlation=True))


def test_singular_fits_say_so():
    flat = data().assign(y=lambda d: d["y"] - d.groupby("g")["y"].transform("mean"))
    with pytest.warns(mlm.SingularFitWarning):
        m = mlm.lmer("y ~ z + (1 | g)", flat)
    assert str(m.summary()).endswith(
        "boundary (singular) fit: a variance is zero or a correlation is plus or minus one"
    )


def test_notebooks_show_escaped_text():
    report = mlm.lm("y ~ x", data()).summary()
    assert repr(report) == str(report) == report.text
    assert report._repr_html_().startswith('<pre class="mlm-summary" style=')
    assert report._repr_html_().partition(">")[2].startswith("Call:")
    assert "Pr(&gt;|t|)" in report._repr_html_()
    pd.testing.assert_frame_equal(report.coefficients, mlm.lm("y ~ x", data()).coefficients())


def test_undefined_correlations_print_as_nan():
    nan = float("nan")
    rows = [
        ("g", "(Intercept)", None, 0.0, 0.0),
        ("g", "x", None, 1.0, 1.0),
        ("g", "(Intercept)", "x", 0.0, nan),
    ]
    table = pd.DataFrame([*rows, ("Residual", None, None, 2.0, 1.4)], columns=["grp", "var1", "var2", "vcov", "sdcor"])
    assert random_effects_table(table).split("\n")[2].split() == ["x", "1", "1.0", "NaN"]


def test_unknown_options_are_refused():
    m = mlm.lmer("y ~ x + (1 | g)", data())
    with pytest.raises(mlm.ArgumentError, match="ddf must be None, 'satterthwaite' or 'kenward-roger'; got 'kenward'"):
        summarize(m, "kenward")
    with pytest.raises(mlm.ArgumentError, match=r"digits must be a whole number, at least 1 .*; got 0"):
        summarize(m, digits=0)
    with pytest.raises(mlm.FitError, match="its own degrees of freedom"):
        summarize(mlm.lm("y ~ x", data()), "satterthwaite")


@pytest.mark.parametrize("term", ["1 ", "x ", "x |"])
def test_a_group_that_is_called_like_the_residual(term):
    """As with any other name, but for the name."""
    named = data().rename(columns={"g": "Residual"})
    plain, m = mlm.lmer(f"y ~ x + ({term}| g)", data()), mlm.lmer(f"y ~ x + ({term}| Residual)", named)
    block = random_effects_table(m.varcorr).split("\n")
    assert [line.split()[0] for line in block if "Intercept" in line or "Groups" in line] == ["Groups", "Residual"]
    assert block[-1].split() == ["Residual", *random_effects_table(plain.varcorr).split("\n")[-1].split()[1:]]
    shown = random_effects_table(plain.varcorr).replace("g.1", "Residual.1").replace("g ", "Residual ")
    assert shown.split() == " ".join(block).split()
    assert str(m.summary()).replace("Residual", "g").split() == str(plain.summary()).replace("Residual", "g").split()
    renamed = plain.tidy().replace({"group": {"g": "Residual", "g.1": "Residual.1"}})
    pd.testing.assert_frame_equal(m.tidy(), renamed)
    assert len(mlm.regtable(m).statistics) == len(mlm.regtable(plain).statistics)
    assert str(mlm.icc(m)) == str(mlm.icc(plain))


def test_a_group_that_is_called_like_the_second_term_of_another():
    """It is then called ``g.2``, as in lme4."""
    d = data().assign(**{"g.1": data().h})
    table = random_effects_table(mlm.lmer("y ~ x + (1 | g) + (0 + x | g) + (1 | `g.1`)", d).varcorr).split("\n")
    assert [line.split()[:2] for line in table[1:4]] == [["g", "(Intercept)"], ["g.2", "x"], ["g.1", "(Intercept)"]]


@pytest.mark.filterwarnings("ignore::mlm.RankWarning")
def test_dropped_terms_stand_in_their_places_beside_labels_that_are_alike():
    """Level v of f beside a column fv."""
    rng = np.random.default_rng(5)
    d = data().assign(f=rng.choice(["u", "v"], 180), fv=rng.normal(size=180)).assign(twice=lambda rows: 2 * rows["fv"])
    alike = mlm.lm("y ~ f + fv + twice + x", d)
    told = mlm.lm("y ~ f + fw + twice + x", d.rename(columns={"fv": "fw"}))
    assert str(alike.summary()) == str(told.summary()).replace("fw", "fv")


def test_labels_that_are_alike_keep_their_columns():
    """Level v of f beside a column fv: every correlation is that of its place."""
    rng = np.random.default_rng(5)
    d = data().assign(f=rng.choice(["u", "v"], 180), fv=rng.normal(size=180))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MlmWarning)
        alike = mlm.lmer("y ~ f + fv + (f + fv | g)", d)
        told = mlm.lmer("y ~ f + fw + (f + fw | g)", d.rename(columns={"fv": "fw"}))
    assert str(alike.summary()) == str(told.summary()).replace("fw", "fv")


X = [0.0, 1.75, 3.5, 4.5, 6.25, 8.0]
NULL = {"x": X, "y": [0.0] * 6, "f": list("abcabc")}
# what R 4.2.2 prints of summary(lm(y ~ x, d)), and of anova() beside y ~ 1
OF_NULLS = """\
Coefficients:
            Estimate Std. Error t value Pr(>|t|)
(Intercept)        0          0     NaN      NaN
x                  0          0     NaN      NaN

Residual standard error: 0 on 4 degrees of freedom
Multiple R-squared:    NaN,\tAdjusted R-squared:    NaN \n\
F-statistic:   NaN on 1 and 4 DF,  p-value: NA"""
NULLS_COMPARED = """\
  Res.Df RSS Df Sum of Sq   F Pr(>F)
1      5   0                        \n\
2      4   0  1         0 NaN    NaN"""
SATURATED = """\
Coefficients: (1 not defined because of singularities)
            Estimate Std. Error t value Pr(>|t|)
(Intercept)        0        NaN     NaN      NaN
x                  0        NaN     NaN      NaN
fb                NA         NA      NA       NA

Residual standard error: NaN on 0 degrees of freedom
Multiple R-squared:    NaN,\tAdjusted R-squared:    NaN \n\
F-statistic:   NaN on 1 and 0 DF,  p-value: NA"""


@pytest.mark.filterwarnings("ignore::mlm.RankWarning")
def test_what_is_0_over_0_is_no_missing_value():
    m = mlm.lm("y ~ x", NULL)
    assert str(m.summary()).endswith(OF_NULLS)
    assert str(mlm.anova(mlm.lm("y ~ 1", NULL), m)).endswith(NULLS_COMPARED)
    two = {name: values[:2] for name, values in NULL.items()}
    assert str(mlm.lm("y ~ x + f", two).summary()).endswith(SATURATED)


@pytest.mark.parametrize(("width", "between"), [(35, " \n"), (36, " ")])
def test_a_criterion_has_its_line_where_there_is_room(width, between):
    m = mlm.lmer("y ~ x + (1 | g)", {"x": X, "y": [1.0, 2.5, 39.0, 40.4, 14.0, 15.9], "g": list("aabbcc")})
    assert f"REML criterion at convergence:{between}{m.deviance:.1f}\n" in str(m.summary(width=width))
    assert len(f"{m.deviance:.1f}") == 4


def test_a_summary_has_its_table_as_a_frame():
    m = mlm.lm("y ~ x", {"y": [1.0, 2.2, 4.1, 5.0], "x": [0, 1, 3, 4]})
    found = mlm.summary(m)
    assert found.frame.equals(m.coefficients())
    assert list(found.frame.columns) == ["Estimate", "Std. Error", "t value", "Pr(>|t|)"]


def test_double_bars_are_written_as_r_writes_them():
    m = mlm.lmer("y ~ x + (x || g)", data())
    assert "Formula: y ~ x + ((1 | g) + (0 + x | g))\n" in str(m.summary())
    for ddf in ("Satterthwaite", "Kenward-Roger"):  # lmerTest's lmer keeps the formula as it is written
        assert "Formula: y ~ x + (x || g)\n" in str(m.summary(ddf))
