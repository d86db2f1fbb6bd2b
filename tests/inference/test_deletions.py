"""Terms left out of models of one level, and of generalized ones, as R's drop1 does (`reference/deletions.R`)."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from reference.profiles import counts
from scipy.stats import chi2

import mlm

PATH = Path(__file__).parents[1] / "reference" / "deletions.json"
STORED = json.loads(PATH.read_text(encoding="utf-8"))["models"]
MODELS = {
    "glmer, outcomes": lambda: mlm.glmer("one ~ x * A + (1 | g)", counts(), "binomial"),
    "glmer, counts": lambda: mlm.glmer("k ~ x + A + (1 | g)", counts(), "poisson"),
    "glm, outcomes": lambda: mlm.glm("one ~ x * A", counts(), "binomial"),
    "glm, counts": lambda: mlm.glm("k ~ x + A", counts(), "poisson"),
    "glm, a dispersion": lambda: mlm.glm("I(k + 1) ~ x + A", counts(), "Gamma", link="log"),
    "glm, normal": lambda: mlm.glm("k ~ x + A", counts(), "gaussian"),
    "lm": lambda: mlm.lm("k ~ x * A + h", counts()),
}
# R takes a dispersion from the step before the last; lme4's modes, and the optimum found with rhoend = 1e-9, leave so
# much of a difference of log-likelihoods
LME4, R = 2e-5, 1e-6
# lme4's standard errors come from second derivatives by finite differences: here 0.5 % off
DIFFERENCED = 2e-2


@cache
def fitted(name):
    return MODELS[name]()


@pytest.mark.parametrize("name", MODELS)
def test_tables_are_those_of_r(name):
    stored, found = dict(STORED[name]), mlm.drop1(fitted(name))
    printed = stored.pop("printed")
    theirs = pd.DataFrame({key: value for key, value in stored.items() if key != "rows"}, stored["rows"], dtype=float)
    assert list(found.frame.columns) == list(theirs.columns)
    assert list(found.frame.index) == list(theirs.index)
    within = LME4 if name.startswith("glmer") else R
    assert found.frame.to_numpy() == pytest.approx(theirs.to_numpy(), rel=within, abs=within, nan_ok=True)
    ours = str(found).splitlines()
    if not name.startswith("glm,"):  # R names the family's link in the call of a glm alone
        assert ours[:4] == printed[:4]
    assert len(ours) == len(printed)
    assert found._repr_html_().startswith('<pre class="mlm-anova"')


@pytest.mark.parametrize("name", ["glmer, counts", "glmer, outcomes"])
def test_ratios_are_those_between_two_models(name):
    m = fitted(name)
    found = mlm.drop1(m).frame
    for term in found.index[1:]:
        smaller = m.update(f". ~ . - {term}")
        between = mlm.anova(smaller, m).frame.iloc[1]
        assert found.loc[term, "LRT"] == pytest.approx(between["Chisq"], abs=1e-7)
        assert found.loc[term, "npar"] == between["Df"]
        assert found.loc[term, "AIC"] == pytest.approx(smaller.aic, abs=1e-7)


def test_without_terms_there_is_the_model_alone():
    for m in (mlm.glmer("k ~ 1 + (1 | g)", counts(), "poisson"), mlm.glm("k ~ 1", counts(), "poisson")):
        assert list(mlm.drop1(m).frame.index) == ["<none>"]
    assert list(mlm.drop1(mlm.lm("k ~ 1", counts())).frame.index) == ["<none>"]


def test_a_theta_is_estimated_anew():
    m = mlm.glmer("k ~ x + (1 | g)", counts(), "negative.binomial")
    smaller = mlm.glmer("k ~ 1 + (1 | g)", counts(), "negative.binomial")
    ratio = 2.0 * (m.loglik - smaller.loglik)
    assert mlm.drop1(m).frame.loc["x", "LRT"] == pytest.approx(ratio, abs=1e-6)


def test_hypotheses_about_generalized_mixed_models():
    """Wald's, as car tests them, by the normal and the chi-squared distribution: there is no choice of `ddf`."""
    m = fitted("glmer, counts")
    one, two = STORED["Wald, one"], STORED["Wald, two"]
    for ddf in ({}, {"ddf": None}):
        single = mlm.contest(m, "x = 0", **ddf).frame.iloc[0]
        assert single["z value"] ** 2 == pytest.approx(one["chisq"], rel=DIFFERENCED)
        both = mlm.contest(m, ["Ab = 0", "Ac = 0"], **ddf).frame.iloc[0]
        assert both["Df"] == two["df"]
        assert both["Chisq"] == pytest.approx(two["chisq"], rel=DIFFERENCED)
        assert both["Pr(>Chisq)"] == pytest.approx(chi2.sf(both["Chisq"], 2), rel=1e-10)
    b, v = m.fixef.to_numpy()[2:], m.vcov.to_numpy()[2:, 2:]
    assert both["Chisq"] == pytest.approx(b @ np.linalg.solve(v, b), rel=1e-9)
    coefficients = m.coefficients()
    assert single["Std. Error"] == pytest.approx(coefficients.loc["x", "Std. Error"], rel=1e-10)


def test_what_generalized_models_do_not_have():
    m = fitted("glmer, counts")
    for ask in (mlm.contest, mlm.drop1):
        given = ("x",) if ask is mlm.contest else ()
        with pytest.raises(mlm.FitError, match="by the normal distribution"):
            ask(m, *given, ddf="satterthwaite")
    with pytest.raises(mlm.FitError, match="its own degrees of freedom"):
        mlm.drop1(fitted("lm"), ddf="kenward-roger")
    with pytest.raises(mlm.ArgumentError, match="This takes a model that"):
        mlm.drop1(counts())
