"""Tests after a fit, against lmerTest and pbkrtest: `reference/hypothesis_tests.R` made the stored values."""

import json
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from reference.hypothesis_tests import CASES, PRINTED, REDUCED, SMALLER, rows

import mlm

PATH = Path(__file__).parents[1] / "reference" / "hypothesis_tests.json"
STORED = json.loads(PATH.read_text(encoding="utf-8"))["models"]
WEIGHTED = [name for name, case in CASES.items() if "weights" in case]
REML = [name for name in STORED if "kr" in STORED[name] and name not in WEIGHTED]

# both sides are at the optimum to 1e-8 in theta, years to 1e-7
ADJUSTED = 1e-7
# lmerTest's derivatives are numerical; those of years to 1e-5
NUMERICAL, NUMERICAL_YEARS = 2e-7, 1e-5
# lmerTest rounds contrasts of type III to six or seven digits
CONTRASTS = 2e-6
LOGLIK = 1e-7


@cache
def fitted(name):
    case = CASES[name]
    with warnings.catch_warnings():
        for kind in (mlm.SingularFitWarning, mlm.RankWarning):
            warnings.simplefilter("ignore", kind)
        options = {key: case[key] for key in ("reml", "weights", "contrasts") if key in case}
        return mlm.lmer(case["formula"], rows(case.get("data", "main")), data_name=case.get("data", "main"), **options)


def smaller(name):
    """The model that is compared with one of the cases."""
    case = CASES[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.SingularFitWarning)
        return mlm.lmer(SMALLER[name], rows(case.get("data", "main")), reml=case.get("reml", True))


def table(stored):
    labels = stored["rows"]
    columns = {name: np.atleast_1d(np.array(values, dtype=float)) for name, values in stored.items() if name != "rows"}
    return pd.DataFrame(columns, index=[labels] if isinstance(labels, str) else labels)


def numerical(name):
    return NUMERICAL_YEARS if name == "far from zero" else NUMERICAL


def demand_same(ours, theirs, df, value):
    """Columns and rows of an F table; p values follow from the others."""
    assert list(ours.columns) == list(theirs.columns)
    assert list(ours.index) == list(theirs.index)
    assert ours["NumDF"].tolist() == theirs["NumDF"].tolist()
    assert ours["DenDF"].to_numpy() == pytest.approx(theirs["DenDF"].to_numpy(), rel=df)
    for column in ("Sum Sq", "Mean Sq", "F value"):
        assert ours[column].to_numpy() == pytest.approx(theirs[column].to_numpy(), rel=value, abs=1e-9)
    assert ours["Pr(>F)"].to_numpy() == pytest.approx(theirs["Pr(>F)"].to_numpy(), rel=50 * value, abs=1e-9)


def kinds(name):
    """Types to compare: polynomials lmerTest takes for categories in type II, where a number is none."""
    return [kind for kind in (1, 2, 3) if (name, kind) != ("polynomial", 2)]


def test_there_are_many_of_them():
    assert len(STORED) == len(CASES) >= 40
    assert not [name for name, stored in STORED.items() if "error" in stored]


@pytest.mark.parametrize("name", STORED)
def test_the_optimum_is_the_same(name):
    stored, m = STORED[name], fitted(name)
    assert m.theta == pytest.approx(np.atleast_1d(stored["theta"]), abs=2e-7)
    assert m.sigma == pytest.approx(stored["sigma"], rel=1e-8)


@pytest.mark.parametrize("name", REML)
def test_kenward_roger_coefficients(name):
    stored, m = STORED[name]["kr"], fitted(name)
    ours, theirs = m.coefficients(ddf="kenward-roger"), table(stored["coefficients"])
    assert list(ours.columns) == list(theirs.columns)
    assert list(ours.index) == list(theirs.index)
    assert ours["Std. Error"].to_numpy() == pytest.approx(theirs["Std. Error"].to_numpy(), rel=ADJUSTED)
    assert ours["df"].to_numpy() == pytest.approx(theirs["df"].to_numpy(), rel=ADJUSTED)
    assert ours["t value"].to_numpy() == pytest.approx(theirs["t value"].to_numpy(), rel=1e-6)
    assert ours["Pr(>|t|)"].to_numpy() == pytest.approx(theirs["Pr(>|t|)"].to_numpy(), rel=1e-4)
    vcov, scale = np.atleast_2d(stored["vcov"]), ours["Std. Error"].to_numpy()
    found = m.denominators("kenward-roger").vcov
    np.testing.assert_allclose(found / np.outer(scale, scale), vcov / np.outer(scale, scale), rtol=0, atol=2 * ADJUSTED)


@pytest.mark.parametrize("name", REML)
def test_kenward_roger_analysis_of_variance(name):
    for kind in kinds(name) if name != "intercept only" else ():
        theirs = table(STORED[name]["kr"]["anova"][kind - 1])
        demand_same(mlm.anova(fitted(name), type=kind, ddf="Kenward-Roger").frame, theirs, CONTRASTS, CONTRASTS)


@pytest.mark.parametrize("name", STORED)
def test_satterthwaite_coefficients(name):
    ours, theirs = fitted(name).coefficients(ddf="satterthwaite"), table(STORED[name]["satterthwaite"])
    assert ours["df"].to_numpy() == pytest.approx(theirs["df"].to_numpy(), rel=numerical(name))
    assert ours["t value"].to_numpy() == pytest.approx(theirs["t value"].to_numpy(), rel=1e-6)


@pytest.mark.parametrize("name", STORED)
def test_analysis_of_variance_of_all_types(name):
    for kind in kinds(name) if name != "intercept only" else ():
        theirs = table(STORED[name]["anova"][kind - 1])
        df = max(numerical(name), CONTRASTS if kind == 3 else 0.0)
        demand_same(mlm.anova(fitted(name), type=kind).frame, theirs, df, CONTRASTS)


@pytest.mark.parametrize("name", STORED)
def test_single_terms_deleted(name):
    if name != "intercept only":
        theirs = table(STORED[name]["drop1"])
        demand_same(mlm.drop1(fitted(name)).frame, theirs, numerical(name), 1e-6)


# lmerTest takes the constant for what is left of (0 + x | g), which is no smaller model
@pytest.mark.parametrize("name", [name for name in STORED if name not in ("random slope alone", "weights by hand")])
def test_random_effects_deleted(name):
    ours, theirs = mlm.ranova(fitted(name)).frame, table(STORED[name]["ranova"])
    assert list(ours.columns) == list(theirs.columns)
    assert list(ours.index) == list(theirs.index)
    assert ours["npar"].tolist() == theirs["npar"].tolist()
    assert ours["Df"].tolist()[1:] == theirs["Df"].tolist()[1:]
    # a smaller model may end at a better minimum than lme4's
    assert (ours["logLik"] - theirs["logLik"]).min() > -LOGLIK
    assert (ours["logLik"] - theirs["logLik"]).max() < LOGLIK


@pytest.mark.parametrize("name", STORED)
def test_contrasts(name):
    m, stored = fitted(name), STORED[name]
    p = len(m.fixef)
    weights = np.array([np.resize([1, -0.5, 0.25], p), np.arange(p, 0, -1)])[: min(p, 2)]
    demand_same(
        mlm.contest(m, weights, joint=True).frame.set_axis(["1"]), table(stored["contest"]), numerical(name), 1e-6
    )
    if name in REML:
        found = mlm.contest(m, weights, ddf="kenward-roger", joint=True).frame.set_axis(["1"])
        demand_same(found, table(stored["kr"]["contest"]), 1e-6, 1e-6)
    ours, theirs = mlm.contest(m, weights, joint=False, rhs=0.25).frame, table(stored["contest_each"])
    assert list(ours.columns) == list(theirs.columns)
    for column in ours:
        want = theirs[column].to_numpy()
        assert ours[column].to_numpy() == pytest.approx(want, rel=10 * numerical(name), abs=1e-8)


def test_weights_count_as_if_rows_had_been_multiplied():
    """Unlike pbkrtest, which leaves prior weights out: the same model with rows times the root of the weights."""
    theirs = table(STORED["weights by hand"]["kr"]["coefficients"])
    ours = fitted("weights and numbers").coefficients(ddf="kenward-roger")
    for column in ours:
        assert ours[column].to_numpy() == pytest.approx(theirs[column].to_numpy(), rel=1e-6, abs=1e-12)
    left_out = table(STORED["weights and numbers"]["kr"]["coefficients"])
    assert np.abs(left_out["df"] / theirs["df"].to_numpy() - 1.0).max() > 0.01


@pytest.mark.parametrize("name", PRINTED)
def test_prints_as_r_does(name):
    m, texts = fitted(name), STORED[name]["printed"]
    ours = {f"type{kind}": mlm.anova(m, type=kind) for kind in (1, 2, 3)}
    ours |= {"drop1": mlm.drop1(m), "ranova": mlm.ranova(m)}
    if "kr" in texts:
        # without the blank lines at the end; of a singular fit R says what its own optimiser had to say
        summary = "\n".join(texts["kr_summary"]).rstrip("\n").splitlines()
        texts = {kind: lines for kind, lines in texts.items() if kind != "kr_summary"}
        texts |= {} if m.is_singular else {"kr_summary": summary}
        ours |= {"kr_summary": m.summary(ddf="Kenward-Roger")}
        ours |= {"kr": mlm.anova(m, ddf="kenward-roger"), "kr_drop1": mlm.drop1(m, ddf="kenward-roger")}
    for kind, lines in texts.items():
        assert str(ours[kind]).splitlines() == lines, kind


@pytest.mark.parametrize("name", SMALLER)
def test_a_smaller_model_is_tested_within_a_larger_one(name):
    found, stored = mlm.anova(smaller(name), fitted(name), method="kr"), STORED[name]["within"]
    theirs = table(stored["table"])
    assert list(found.frame.columns) == list(theirs.columns)
    assert found.frame.to_numpy() == pytest.approx(theirs.to_numpy(), rel=1e-6, abs=1e-9)
    lines, printed = str(found).splitlines(), stored["printed"]
    if name == "maximum likelihood":  # of a model that it fits again R prints the formula with its terms sorted
        assert lines[0] == "refitting model(s) with REML (instead of ML)"
        lines, printed = lines[3:], printed[2:]
    assert lines == printed
    # in either order
    assert mlm.anova(fitted(name), smaller(name), method="kr").frame.equals(found.frame)


@pytest.mark.parametrize("name", REDUCED)
def test_backward_elimination_prints_as_in_r(name):
    assert str(mlm.step(fitted(name))).splitlines() == STORED[name]["reduced"]
