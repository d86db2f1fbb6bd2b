"""Tests of terms and random effects of generalized mixed models: `reference/generalized_tests.R` has stored R's."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from reference.generalized_tests import CASES, rows

import mlm

STORED = json.loads((Path(__file__).parents[1] / "reference/generalized_tests.json").read_text("utf-8"))["models"]
# lme4 has second derivatives by differences
NUMERICAL, LOGLIK = 5e-5, 1e-5


def fit(name, fixed=None, **options):
    case = CASES[name]
    given = {"family": case["family"], "link": case["link"], **options}
    return mlm.glmer(f"{fixed or case['fixed']} + {case['random']}", rows(name), **given)


@cache
def fitted(name):
    if name != "empty cell":
        return fit(name)
    with pytest.warns(mlm.RankWarning):
        return fit(name)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(("kind", "key"), [(1, "one"), (2, "two"), (3, "three")])
def test_terms_are_tested_as_by_car(name, kind, key):
    """Its type III, by coefficients, is that of contrasts that sum to 0; ours is whatever the coding."""
    stored, found = STORED[name], mlm.anova(fitted(name), type=kind)
    assert list(found.frame.columns) == ["Chisq", "Df", "Pr(>Chisq)"]
    assert list(found.frame.index) == stored["terms"]
    assert found.frame["Df"].tolist() == stored["df"]
    if key in stored:
        np.testing.assert_allclose(found.frame["Chisq"], stored[key], rtol=NUMERICAL)
    assert list(found.contrasts) == stored["terms"]


@pytest.mark.parametrize("name", CASES)
def test_random_effects_are_left_out(name):
    stored, found = STORED[name], mlm.ranova(fitted(name)).frame
    assert found["logLik"].iloc[0] == pytest.approx(stored["loglik"], abs=LOGLIK)
    # R's glm has the density's log-likelihood, lme4's fit counts the dispersion in: with a variance of 0, too
    counted = 2.0 * fitted(name).family.has_scale
    np.testing.assert_allclose(found["LRT"].iloc[1:], np.add(stored["lrt"], counted), atol=LOGLIK)
    assert found["Df"].iloc[1:].tolist() == stored["lost"]
    assert found["AIC"].iloc[0] == pytest.approx(fitted(name).aic)


def test_the_print_is_that_of_car():
    printed = "\n".join(STORED["poisson, offset"]["printed"]).replace("‘", "'").replace("’", "'")
    ours = str(mlm.anova(fitted("poisson, offset"), type=2))
    assert len(ours.splitlines()) == len(printed.splitlines())
    for mine, theirs in zip(ours.split(), printed.split(), strict=True):
        assert mine == theirs or float(mine) == pytest.approx(float(theirs), rel=1e-4)


def test_ranova_is_the_comparison_with_the_smaller_model():
    m = fitted("negative binomial")
    compared = mlm.anova(mlm.glm("many ~ A * B", rows("negative binomial"), "negative.binomial"), m).frame
    found = mlm.ranova(m).frame.iloc[1]
    assert found[["LRT", "Df"]].tolist() == pytest.approx(compared.iloc[1][["Chisq", "Df"]].tolist())
    slopes = fitted("poisson, offset")
    both = mlm.ranova(slopes, reduce_terms=False).frame.iloc[1]
    alone = mlm.glm("count ~ A * x + offset(o)", rows("poisson, offset"), "poisson")
    assert both["LRT"] == pytest.approx(2.0 * (slopes.loglik - alone.loglik))
    assert both["Df"] == 3


def test_type_three_is_the_default_and_does_not_depend_on_the_coding():
    name = "binomial, interaction"
    whole = mlm.anova(fitted(name)).frame
    assert whole.equals(mlm.anova(fitted(name), type="III").frame)
    other = fit(name, contrasts={"A": "sum", "B": "helmert"})
    for kind in (1, 2, 3):
        np.testing.assert_allclose(
            mlm.anova(other, type=kind).frame["Chisq"], mlm.anova(fitted(name), type=kind).frame["Chisq"], rtol=1e-5
        )
    assert "Missing cells for: Aa3:Bb2." in str(mlm.anova(fitted("empty cell")))


def test_the_order_of_levels_says_nothing_of_a_cell_without_rows():
    m, data = fitted("empty cell"), rows("empty cell")
    turned = data.assign(A=pd.Categorical(data["A"], ["a3", "a2", "a1"]), B=pd.Categorical(data["B"], ["b2", "b1"]))
    with pytest.warns(mlm.RankWarning):
        other = mlm.glmer(m.formula, turned, family="binomial")
    for kind in (1, 2, 3):
        ours, theirs = mlm.anova(m, type=kind).frame, mlm.anova(other, type=kind).frame
        np.testing.assert_allclose(ours.to_numpy(), theirs.to_numpy(), rtol=1e-5)


def test_the_last_term_is_the_hypothesis_about_its_coefficients():
    m = fitted("poisson, offset")
    names = [name for name in m.fixef.index if ":" in name]
    wanted = mlm.contest(m, names).frame["Chisq"].iloc[0]
    for kind in (1, 2, 3):
        assert mlm.anova(m, type=kind).frame.loc["A:x", "Chisq"] == pytest.approx(wanted)


def test_approximate_fits_say_so():
    m = fit("binomial, interaction", n_agq=0)
    assert "n_agq=0 is approximate" in str(mlm.anova(m))
    assert "n_agq=0 is approximate" in str(mlm.ranova(m))


def test_what_is_not_there_is_said():
    m = fitted("two random terms")
    with pytest.raises(mlm.ArgumentError, match="type of an analysis of variance"):
        mlm.anova(m, type=4)
    with pytest.raises(mlm.FitError, match="leave `ddf` out"):
        mlm.anova(m, ddf="satterthwaite")
    with pytest.raises(mlm.FitError, match=r"mlm.ranova\(m\) and mlm.drop1\(m\)"):
        mlm.step(m)
    with pytest.raises(mlm.ArgumentError, match=r"mlm.drop1\(m\)"):
        mlm.anova(mlm.glm("k ~ x", rows("two random terms"), family="binomial"))
