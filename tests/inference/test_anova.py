"""Comparisons of models against anova() of R 4.2.2 and lme4 1.1-31, in full precision and as printed."""

import json
import warnings

import numpy as np
import pytest
from rmodels import FOLDER, assert_same_print, data, numbers, reference

import mlm
from mlm.inference.comparison import REFITTED

FORMULAS = {"m1": "y ~ x + (1 | g)", "m2": "y ~ x + z + w + (1 | g)", "m3": "y ~ x + z + w + (x | g)"}
R = json.loads((FOLDER / "anova.json").read_text(encoding="utf-8"))
LINEAR = {case["what"]: case for case in R["linear"]}
NOT_NESTED = {"as many", "as many, then more", "two largest", "larger and worse", "another offset"}


def fits(names, **options):
    return [mlm.lmer(FORMULAS[name], data(), **options) for name in names]


def linear(formulas, frame=None):
    return [mlm.lm(formula, data() if frame is None else frame) for formula in formulas]


@pytest.mark.parametrize("case", reference()["anova"], ids=lambda case: " ".join(case["names"]))
def test_prints_as_lme4(case):
    names = case["names"][::-1]
    text = str(mlm.anova(*fits(names), names=names))
    # lme4 names the data first; its note on refitting is a message
    assert text.split("\n") == [REFITTED, *case["text"][1:]]


def test_numbers_are_lme4s():
    table = mlm.anova(*fits(FORMULAS, reml=False), names=list(FORMULAS))
    expected = reference()["anova"][0]["table"]
    assert list(table.frame) == list(expected)
    for name, column in expected.items():
        # a p value of 1e-20 carries the absolute error of its chi-square, about 1e-6
        np.testing.assert_allclose(table.frame[name], numbers(column), rtol=1e-5 if "Pr" in name else 1e-8)
    assert table.refitted == ()
    assert not str(table).startswith(REFITTED)


def test_names_and_order():
    table = mlm.anova(*fits(["m3", "m1"]))
    assert table.frame.index.tolist() == ["model2", "model1"]
    assert table.refitted == ("model1", "model2")
    assert table.formulas == {"model2": FORMULAS["m1"], "model1": FORMULAS["m3"]}
    assert "&lt; 2.2e-16" in table._repr_html_()
    assert repr(table) == str(table)


@pytest.fixture(params=LINEAR)
def compared(request):
    """A comparison of linear models by R, and ours."""
    case = LINEAR[request.param]
    frame = data().head(case["rows"]).assign(large=lambda d: d.y * 1e6, small=lambda d: d.y * 1e-6)
    models = linear(case["formulas"], frame)
    if case["what"] in NOT_NESTED:
        with pytest.warns(mlm.NestingWarning):
            return case, mlm.anova(*models, digits=case["digits"])
    return case, mlm.anova(*models, digits=case["digits"])


def test_linear_models_print_as_in_r(compared):
    case, table = compared
    assert str(table).split("\n") == case["text"]


def test_numbers_of_linear_models_are_rs(compared):
    case, table = compared
    assert list(table.frame) == list(case["table"])
    assert table.frame.index.tolist() == [f"model{k + 1}" for k in range(len(case["formulas"]))]
    for name, column in case["table"].items():
        expected = numbers(column)
        # polynomials of degree 10 are known to about 1e-9; a sum of squares that is 0 is one to the rounding of others
        np.testing.assert_allclose(
            table.frame[name], expected, rtol=1e-7, atol=1e-13 * np.nanmax(table.frame["RSS"]), err_msg=name
        )


def test_names_stand_in_the_print_of_linear_models():
    table = mlm.anova(*linear(["y ~ 1", "y ~ x"]), names=["null", "slope"])
    assert table.frame.index.tolist() == ["null", "slope"]
    lines = str(table).split("\n")
    assert lines[2:4] == ["null: y ~ 1", "slope: y ~ x"]
    assert [line.split()[0] for line in lines[5:7]] == ["null", "slope"]


@pytest.mark.parametrize("what", ["two", "three", "descending", "one degree of freedom", "interactions"])
def test_likelihood_ratios_of_linear_models(what):
    case = LINEAR[what]
    models = linear(case["formulas"], data().head(case["rows"]))
    frame = mlm.anova(*models, test="Chisq").frame
    loglik = np.sort(numbers(case["loglik"]))
    np.testing.assert_allclose(frame["logLik"], loglik, rtol=1e-10)
    np.testing.assert_allclose(frame["Chisq"].iloc[1:], 2 * np.diff(loglik), rtol=1e-8)
    assert frame["npar"].is_monotonic_increasing


def test_f_tests_are_of_linear_models():
    mixed, one = fits(["m1"])[0], linear(["y ~ x"])[0]
    assert str(mlm.anova(one, linear(["y ~ x + z"])[0], test="F")).startswith("Analysis of Variance Table")
    with pytest.raises(mlm.ArgumentError, match="F tests compare linear models; model1 is mixed"):
        mlm.anova(mixed, one, test="F")
    with pytest.raises(mlm.ArgumentError, match="`test` is None, 'F' or 'Chisq'; got 'LRT'"):
        mlm.anova(one, one, test="LRT")


def test_a_linear_model_may_take_part():
    one, mixed = linear(["y ~ x"])[0], mlm.lmer("y ~ x + (1 | g)", data(), reml=False)
    table = mlm.anova(mixed, one, names=["mixed", "linear_one"])
    assert_same_print(str(table).split("\n"), R["with_mixed"]["text"][1:])
    for name, column in R["with_mixed"]["table"].items():
        np.testing.assert_allclose(table.frame[name], numbers(column), rtol=1e-6 if "Pr" in name else 1e-8)


def test_restricted_likelihoods_of_the_same_fixed_effects():
    two = fits(["m2", "m3"])
    frame = mlm.anova(*two, refit=False).frame
    assert frame.loc["model2", "Chisq"] == pytest.approx(two[0].reml_criterion - two[1].reml_criterion)
    with pytest.raises(mlm.FitError, match=r"Restricted likelihoods \(model1, model2\)"):
        mlm.anova(*fits(["m1", "m2"]), refit=False)
    with pytest.raises(mlm.FitError, match="model2 was not fitted by REML, and model1 was"):
        mlm.anova(two[0], mlm.lmer(FORMULAS["m3"], data(), reml=False), refit=False)


def test_a_name_is_one_line():
    table = mlm.anova(mlm.lm("y ~ x", data()), mlm.lm("y ~ x + z", data()), names=["the\nfirst", "second"])
    assert table.frame.index.tolist() == ["the first", "second"]
    assert "the first: y ~ x" in str(table).split("\n")
    with pytest.raises(mlm.ArgumentError, match=r"names are a list with one name .* got set"):
        mlm.anova(*fits(["m2", "m3"]), names={"a", "b"})
    with pytest.raises(mlm.ArgumentError, match="names has a name that is not text: NoneType"):
        mlm.anova(*fits(["m2", "m3"]), names=["a", None])


def test_restricted_likelihoods_depend_on_units():
    other = data().assign(x=lambda d: 10 * d.x)
    with pytest.raises(mlm.FitError, match="The column 'x' has other values in model2 than in model1"):
        mlm.anova(fits(["m2"])[0], mlm.lmer(FORMULAS["m3"], other), refit=False)


def test_equally_large_models_are_not_tested():
    with pytest.warns(mlm.NestingWarning, match="model1 is not nested in model2, which cannot express 'x'"):
        frame = mlm.anova(*(mlm.lmer(f"y ~ {term} + (1 | g)", data()) for term in "xz")).frame
    assert frame["Df"].tolist()[1] == 0
    assert frame["Pr(>Chisq)"].isna().all()


def test_refuses_what_cannot_be_compared():
    m1, m2 = fits(["m1", "m2"])
    with pytest.raises(mlm.ArgumentError, match="the terms of a model, or compares several; got none"):
        mlm.anova()
    for wrong, why in (({"type": 2}, "`type` has no meaning for 2 models"), ({"method": "score"}, "`method` is None")):
        with pytest.raises(mlm.ArgumentError, match=why):
            mlm.anova(m1, m2, **wrong)
    with pytest.raises(mlm.ArgumentError, match="`test` has no meaning for one model"):
        mlm.anova(m1, test="Chisq")
    with pytest.raises(mlm.ArgumentError, match="2 models need 2 different names; got a, a"):
        mlm.anova(m1, m2, names=["a", "a"])
    for refit in ("no", None, [True]):
        with pytest.raises(mlm.ArgumentError, match="`refit` is True or False; got"):
            mlm.anova(m1, m2, refit=refit)


def test_warnings_point_at_the_users_line():
    flat = data().assign(y=lambda d: d.y - d.groupby("g").y.transform("mean"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.SingularFitWarning)
        models = [mlm.lmer(f"y ~ {term} + (1 | g)", flat) for term in ("x", "z")]
    with pytest.warns() as caught:
        mlm.anova(*models)
    assert {w.category for w in caught} == {mlm.SingularFitWarning, mlm.NestingWarning}
    assert {w.filename for w in caught} == {__file__}


@pytest.mark.parametrize("fit", [mlm.lm, lambda formula, rows: mlm.glm(formula, rows, "gaussian")])
def test_no_difference_is_0_and_not_below(fit):
    frame = mlm.anova(fit("y ~ x", data()), fit("y ~ x", data())).frame
    differences = frame.iloc[1][["Df", "Sum of Sq" if "RSS" in frame else "Deviance"]].to_numpy(float)
    assert differences.tolist() == [0.0, 0.0]
    assert not np.signbit(differences).any()
