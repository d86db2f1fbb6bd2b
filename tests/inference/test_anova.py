"""Likelihood-ratio tests against lme4's anova (1.1-31), in full precision and as printed."""

import numpy as np
import pytest
from rmodels import data, numbers, reference

import mlm
from mlm.inference.anova import REFITTED

FORMULAS = {"m1": "y ~ x + (1 | g)", "m2": "y ~ x + z + w + (1 | g)", "m3": "y ~ x + z + w + (x | g)"}


def fits(names, **options):
    return [mlm.lmer(FORMULAS[name], data(), **options) for name in names]


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


def test_a_linear_model_may_take_part():
    linear, mixed = mlm.lm("y ~ x", data()), mlm.lmer("y ~ x + (1 | g)", data(), reml=False)
    frame = mlm.anova(mixed, linear).frame
    assert frame.loc["model1", "Chisq"] == pytest.approx(2 * (mixed.loglik - linear.loglik))
    assert frame.loc["model1", "Df"] == 1


def test_restricted_likelihoods_of_the_same_fixed_effects():
    two = fits(["m2", "m3"])
    frame = mlm.anova(*two, refit=False).frame
    assert frame.loc["model2", "Chisq"] == pytest.approx(two[0].reml_criterion - two[1].reml_criterion)
    with pytest.raises(mlm.FitError, match=r"Restricted likelihoods \(model1, model2\)"):
        mlm.anova(*fits(["m1", "m2"]), refit=False)


def test_equally_large_models_are_not_tested():
    frame = mlm.anova(*(mlm.lmer(f"y ~ {term} + (1 | g)", data()) for term in "xz")).frame
    assert frame["Df"].tolist()[1] == 0
    assert frame["Pr(>Chisq)"].isna().all()


def test_refuses_what_cannot_be_compared():
    m1, m2 = fits(["m1", "m2"])
    with pytest.raises(mlm.ArgumentError, match="two models or more; got 1"):
        mlm.anova(m1)
    with pytest.raises(mlm.ArgumentError, match="2 models need 2 different names; got a, a"):
        mlm.anova(m1, m2, names=["a", "a"])
    with pytest.raises(mlm.FitError, match="not fitted to the same rows: model1 180, model2 170"):
        mlm.anova(m1, mlm.lmer(FORMULAS["m2"], data().head(170)))
    with pytest.raises(mlm.FitError, match=r"model2 explains other values \('z'\) than model1 \('y'\)"):
        mlm.anova(m1, mlm.lm("z ~ x", data()))
