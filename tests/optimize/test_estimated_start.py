"""Starts where estimated scores are 0: the same minimum as from moments, after fewer evaluations, and no less sure."""

import numpy as np
import pandas as pd
import pytest

import mlm
from mlm.optimize import estimated_start as module
from mlm.optimize import newton
from mlm.optimize.estimated_scores import near_scores

FORMULAS = {
    "intercepts": "y ~ x + (1 | user) + (1 | item)",
    "slopes": "y ~ x + (1 + x | user) + (1 | item)",
    "slopes without covariance": "y ~ x + (1 + x || user) + (1 | item)",
    "three factors": "y ~ x + (1 | user) + (1 | item) + (1 | place)",
}
# of theta, which both searches find to 1e-7 of its standard error, a percent or so of itself
SAME_THETA = 1e-8


def ratings(users=400, items=150, rows=12_000, spread=(0.6, 0.5, 0.4), seed=4):
    """Users and items at random, a slope of each user, and a few dozen places."""
    rng = np.random.default_rng(seed)
    user, item, place = (rng.integers(0, n, rows) for n in (users, items, 60))
    x = rng.normal(size=rows)
    y = 1.0 + x * (0.3 + spread[2] * rng.normal(size=users)[user]) + rng.normal(size=rows)
    y += spread[0] * rng.normal(size=users)[user] + spread[1] * rng.normal(size=items)[item]
    y += 0.3 * rng.normal(size=60)[place]
    return pd.DataFrame({"y": y, "x": x, "user": user, "item": item, "place": place})


@pytest.fixture(scope="module")
def frame():
    return ratings()


@pytest.fixture
def always(monkeypatch):
    """As if every evaluation took seconds."""
    monkeypatch.setattr(module, "LEAST_SECONDS", 0.0)
    monkeypatch.setattr(module, "PAIR_SECONDS", 0.0)


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("formula", FORMULAS.values(), ids=FORMULAS)
def test_the_minimum_is_the_same(formula, reml, frame, monkeypatch):
    usual = mlm.lmer(formula, frame, reml=reml)
    monkeypatch.setattr(module, "LEAST_SECONDS", 0.0)
    monkeypatch.setattr(module, "PAIR_SECONDS", 0.0)
    found = mlm.lmer(formula, frame, reml=reml)
    assert len(found.optimum.log) < len(usual.optimum.log)
    assert found.optimum.converged
    np.testing.assert_allclose(found.theta, usual.theta, rtol=SAME_THETA)
    assert found.deviance == pytest.approx(usual.deviance, rel=1e-12)
    assert found.sigma == pytest.approx(usual.sigma, rel=1e-9)
    np.testing.assert_allclose(found.fixef, usual.fixef, rtol=1e-9)
    np.testing.assert_allclose(found.vcov, usual.vcov, rtol=1e-8)


@pytest.mark.usefixtures("always")
def test_the_gradient_is_0_after_one_evaluation():
    found = mlm.lmer(FORMULAS["intercepts"], ratings(1500, 400, 60_000))
    assert len(found.optimum.log) == 1
    at = found.deviance_function.working.evaluate(found.theta, 2)
    promised = 0.5 * at.gradient @ np.linalg.solve(at.hessian, at.gradient)
    assert promised < newton.FORESEEN_DECREASE
    assert at.value == pytest.approx(found.deviance, rel=1e-13)


@pytest.mark.usefixtures("always")
def test_probes_tell_what_second_derivatives_lack(frame):
    deviance = mlm.lmer(FORMULAS["slopes"], frame).deviance_function.working
    start = module.estimated_start(deviance)
    at, step = deviance.evaluate(start.theta, 2), 1e-3 * np.array([1.0, -0.5, 2.0, 1.0])
    wrong = 1.2 * at.hessian
    missing, left = start.lacking(start.theta, step, wrong)
    sides = [deviance.evaluate(start.theta + sign * step).gradient for sign in (0.1, -0.1)]
    want = (sides[0] - sides[1]) / 0.2 - wrong @ step
    off = missing - want
    assert np.abs(off).max() < 0.02 * np.abs(want).max()
    # the error is as large as is said: of four elements, whose squares have a mean of 1 in their standard errors
    assert 0.5 * off @ np.linalg.solve(wrong, off) < 20.0 * left


@pytest.mark.usefixtures("always")
def test_second_derivatives_that_are_off_are_no_end(monkeypatch):
    data = ratings(1500, 400, 60_000)
    right = mlm.lmer(FORMULAS["intercepts"], data)
    exact = newton._second_derivatives
    monkeypatch.setattr(newton, "_second_derivatives", lambda deviance, at: 1.2 * exact(deviance, at))
    found = mlm.lmer(FORMULAS["intercepts"], data)
    assert len(found.optimum.log) > 1
    np.testing.assert_allclose(found.theta, right.theta, rtol=SAME_THETA)


@pytest.mark.usefixtures("always")
def test_a_variance_of_0_is_left_to_the_exact_search():
    rng = np.random.default_rng(3)
    data = ratings().assign(y=lambda d: d["x"] + rng.normal(size=len(d)))
    with pytest.warns(mlm.SingularFitWarning):
        found = mlm.lmer(FORMULAS["intercepts"], data)
    working = found.deviance_function.working
    assert module.estimated_start(working) is None or len(found.optimum.log) > 1
    assert 0.0 in found.theta
    assert near_scores(working, module.Iterative(working.products, working.layout, working.criterion, 6, 0)) is None


def test_quick_evaluations_need_none(frame):
    assert module.estimated_start(mlm.lmer(FORMULAS["intercepts"], frame).deviance_function.working) is None
