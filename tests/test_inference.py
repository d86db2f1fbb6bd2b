"""What follows a fit, against lme4 and lmerTest: `reference/inference.R` made the stored values.

They are Satterthwaite tables, covariance matrices of the fixed effects, every random effect with its conditional
standard deviation, Wald intervals, likelihood-ratio tests and predictions, for models of every structure.
"""

import json
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from reference.designs import designs

import mlm

PATH = Path(__file__).parent / "reference" / "inference.json"
STORED = json.loads(PATH.read_text(encoding="utf-8"))["fits"]
DESIGNS = {design.key: design for design in designs() if design.key in STORED}

# both sides are at the optimum to about 1e-6 in theta; everything here is a smooth function of theta
RELATIVE = 1e-5
# lmerTest differentiates numerically (Richardson) the deviance and the covariance matrix. Measured: 8e-8
NUMERICAL = 1e-6
# lme4 refits by ML with its default tolerances: deviances are up to 1e-6 above their minimum
REFITTED = 1e-5


@cache
def fitted(key: str, formula: str | None = None) -> mlm.MixedModel:
    design = DESIGNS[key]
    data, fingerprint = design.frame()
    assert fingerprint == STORED[key]["hash"], f"{key}: the rows drawn here are not those that lme4 fitted"
    weights = "w" if design.plan.weights else None
    with warnings.catch_warnings():
        # a smaller model may be singular; the models themselves are not
        warnings.simplefilter("ignore", mlm.SingularFitWarning)
        return mlm.lmer(formula or design.formula, data, reml=design.reml, weights=weights)


def table(stored: dict) -> pd.DataFrame:
    columns = {name: np.array(values, dtype=float) for name, values in stored.items() if name != "rows"}
    return pd.DataFrame(columns, index=stored["rows"])


@pytest.mark.parametrize("key", STORED)
def test_satterthwaite_table(key):
    ours, theirs = fitted(key).coefficients(ddf="satterthwaite"), table(STORED[key]["coefficients"])
    assert list(ours.columns) == list(theirs.columns)
    assert list(ours.index) == list(theirs.index)
    near = np.abs(theirs["Estimate"]) + theirs["Std. Error"]
    assert (np.abs(ours["Estimate"] - theirs["Estimate"]) / near).max() < RELATIVE
    assert ours["Std. Error"].to_numpy() == pytest.approx(theirs["Std. Error"].to_numpy(), rel=RELATIVE)
    assert ours["df"].to_numpy() == pytest.approx(theirs["df"].to_numpy(), rel=NUMERICAL)
    # t itself may be near 0
    assert ours["t value"].to_numpy() == pytest.approx(theirs["t value"].to_numpy(), rel=RELATIVE, abs=RELATIVE)
    # a tail probability multiplies the relative error of df and t, by some hundreds where it is 1e-150
    where = theirs["Pr(>|t|)"] > 1e-20
    assert ours["Pr(>|t|)"][where].to_numpy() == pytest.approx(theirs["Pr(>|t|)"][where].to_numpy(), rel=20 * NUMERICAL)


@pytest.mark.parametrize("key", STORED)
def test_covariance_of_fixed_effects_and_wald_intervals(key):
    m, stored = fitted(key), STORED[key]
    scale = np.outer(m.se, m.se)
    assert np.abs((m.vcov.to_numpy() - np.array(stored["vcov"])) / scale).max() < RELATIVE
    ours, theirs = m.confint(method="wald"), table(stored["wald"])
    assert list(ours.columns) == list(theirs.columns)
    assert (np.abs(ours - theirs.loc[ours.index]).max(axis=1) / (np.abs(m.fixef) + m.se)).max() < RELATIVE


@pytest.mark.parametrize("key", STORED)
def test_every_random_effect(key):
    names = ["grpvar", "term", "grp"]
    ours = fitted(key).ranef().astype({"grp": str}).set_index(names)
    theirs = pd.DataFrame(STORED[key]["ranef"]).set_index(names)
    assert sorted(ours.index) == sorted(theirs.index)
    theirs = theirs.loc[ours.index]
    size = theirs.groupby(level=["grpvar", "term"])["condval"].transform("std") + theirs["condsd"]
    assert (np.abs(ours["condval"] - theirs["condval"]) / size).max() < RELATIVE
    assert (np.abs(ours["condsd"] - theirs["condsd"]) / size).max() < RELATIVE


@pytest.mark.parametrize("key", STORED)
def test_information_criteria(key):
    m, stored = fitted(key), STORED[key]
    assert m.df_resid == stored["df_resid"]
    for name in ("aic", "bic", "loglik"):
        assert getattr(m, name) == pytest.approx(stored[name], rel=0, abs=REFITTED)
    assert m.refit(reml=False).deviance == pytest.approx(stored["deviance_ml"], rel=0, abs=REFITTED)


@pytest.mark.parametrize("key", STORED)
def test_likelihood_ratio_tests(key):
    stored = STORED[key]["comparison"]
    models = [fitted(key), *(fitted(key, formula) for formula in stored["formulas"])]
    # R calls models without a name MODEL1, MODEL2, ...
    with warnings.catch_warnings():
        # by maximum likelihood a smaller model may be singular, even if it is not by REML
        warnings.simplefilter("ignore", mlm.SingularFitWarning)
        # of crossed factors one model leaves out the predictors, another a factor
        warnings.simplefilter("ignore", mlm.NestingWarning)
        ours = mlm.anova(*models, names=[f"MODEL{k + 1}" for k in range(len(models))]).frame
    theirs = table(stored["table"])
    assert list(ours.index) == list(theirs.index)
    for name in ("npar", "Df"):
        assert ours[name].to_numpy() == pytest.approx(theirs[name].to_numpy(), nan_ok=True)
    for name in ("AIC", "BIC", "logLik", "deviance", "Chisq"):
        assert ours[name].to_numpy() == pytest.approx(theirs[name].to_numpy(), rel=0, abs=REFITTED, nan_ok=True)
    # a small p value changes by half the change of Chisq, relatively
    assert ours["Pr(>Chisq)"].to_numpy() == pytest.approx(
        theirs["Pr(>Chisq)"].to_numpy(), rel=REFITTED, abs=REFITTED * 0.1, nan_ok=True
    )


@pytest.mark.parametrize("key", STORED)
def test_predictions_and_residuals(key):
    m, stored = fitted(key), STORED[key]["prediction"]
    # a smooth function of theta again, in units of the response
    near = {"rel": 0, "abs": RELATIVE * (m.sigma + float(m.y.std()))}
    assert m.fitted[:5].to_numpy() == pytest.approx(stored["fitted"], **near)
    assert m.resid[:5].to_numpy() == pytest.approx(stored["residual"], **near)
    assert m.scaled_resid[:5].to_numpy() == pytest.approx(stored["pearson"], rel=0, abs=10 * RELATIVE)
    new = DESIGNS[key].frame()[0].iloc[:6].copy()
    for factor in DESIGNS[key].plan.factors:
        new.loc[5, factor.name] = 9999 if factor.numeric else "unseen"
    assert m.predict(new, new_levels="population").to_numpy() == pytest.approx(stored["conditional"], **near)
    assert m.predict(new, re_form="NA").to_numpy() == pytest.approx(stored["fixed"], **near)
