"""Refits, intervals and bootstrap tests against lme4, boot and pbkrtest: `reference/bootstrap.R` made the values."""

import json
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from reference.bootstrap import CASES, responses, rows, sample

import mlm
from mlm.fit.refits import Refitting, covariances
from mlm.inference.bootstrap_intervals import limits
from mlm.inference.parameters import parameter_names, parameter_values

PATH = Path(__file__).parents[1] / "reference" / "bootstrap.json"
STORED = json.loads(PATH.read_text(encoding="utf-8"))

# lme4's searches end where the criterion cannot be told from its least value: its rounding is 1e-9, and parameters are
# known to the root of that
CRITERION, PARAMETERS = 1e-7, 1e-4


@cache
def fitted(name, which="formula", reml=True):
    case = CASES[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.SingularFitWarning)
        return mlm.lmer(case[which], rows(), weights=case.get("weights"), reml=reml)


def refits(m, reml=None):
    work = Refitting(m, responses().shape[1], reml)
    work.add(responses())
    return work.found


@pytest.mark.parametrize("name", CASES)
def test_refits_are_those_of_lme4(name):
    m, theirs = fitted(name), STORED["models"][name]["refits"]
    found = refits(m)
    np.testing.assert_allclose(found.deviance, [r["criterion"] for r in theirs], rtol=0, atol=CRITERION)
    assert found.singular(m.working.layout).tolist() == [r["singular"] for r in theirs]
    values = parameter_values(list(covariances(m, found)), found.sigma, found.beta)
    names = parameter_names(m)
    for k, r in enumerate(theirs):
        # a correlation with an effect that does not vary has no value; a variance near 0 is known to its own square
        there = np.isfinite(values[k]) & ~(np.char.startswith(names, "cor") & r["singular"])
        np.testing.assert_allclose(values[k][there], np.array(r["parameters"], dtype=float)[there], atol=PARAMETERS)


@pytest.mark.parametrize("name", CASES)
def test_ratios_are_those_of_lme4(name):
    ratios = refits(fitted(name, "smaller"), reml=False).deviance - refits(fitted(name), reml=False).deviance
    np.testing.assert_allclose(ratios, [r["ratio"] for r in STORED["models"][name]["refits"]], rtol=0, atol=CRITERION)


@pytest.mark.parametrize("name", CASES)
def test_tests_are_those_of_pbkrtest(name):
    theirs = STORED["models"][name]["test"]
    frame = mlm.anova(fitted(name, "smaller"), fitted(name), method="boot", n=2, seed=1).frame
    np.testing.assert_allclose(frame["stat"], theirs["stat"], rtol=0, atol=CRITERION)
    assert frame.loc["LRT", "df"] == theirs["df"]
    assert frame.loc["LRT", "p.value"] == pytest.approx(theirs["p"][0], rel=1e-6)
    ratios = np.array([r["ratio"] for r in STORED["models"][name]["refits"]])
    # ratios that are not above 0 are dropped there, and count here
    assert theirs["p"][1] == pytest.approx((1 + np.sum(ratios > theirs["stat"][0])) / (1 + np.sum(ratios > 0)))


@pytest.mark.parametrize("level", ["0.95", "0.9"])
@pytest.mark.parametrize("kind", ["percentile", "basic", "normal"])
def test_limits_are_those_of_boot(level, kind):
    ours = limits(sample(), STORED["observed"], float(level), kind)
    np.testing.assert_allclose(ours, STORED["limits"][level][kind], rtol=1e-10)
