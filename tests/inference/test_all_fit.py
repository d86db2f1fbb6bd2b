"""Several optimisers side by side."""

import warnings

import brute
import numpy as np
import pytest

import mlm


def fitted(formula, fit=mlm.lmer, **options):
    data = brute.data()
    data["up"] = (data["y"] > data["y"].mean()).astype(int)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MlmWarning)
        return fit(formula, data, **options)


@pytest.mark.parametrize("formula", ["y ~ x + (1 | g)", "y ~ x + (1 | a/b)"])
@pytest.mark.parametrize("reml", [True, False])
def test_all_agree(formula, reml):
    m = fitted(formula, reml=reml)
    found = mlm.all_fit(m)
    assert found.agree
    assert {"newton", "L-BFGS-B", "Nelder-Mead", "Powell"} <= set(found.frame["optimizer"])
    assert found.frame["deviance"].to_numpy() == pytest.approx(m.deviance, abs=1e-3)
    assert np.abs((found.fixef - m.fixef) / m.se).max(axis=None) < 0.01
    assert found.theta.to_numpy() == pytest.approx(np.tile(m.theta, (len(found.theta), 1)), abs=1e-3)
    assert str(found).splitlines()[-2].startswith("All agree")


def test_ends_that_are_no_minimum():
    """Near variances of 0 some end early; none of the others is lower than our own."""
    found = mlm.all_fit(fitted(brute.STRUCTURES["crossed, slopes"]))
    own = found.frame["optimizer"] == "newton"
    assert not found.agree
    assert found.frame.loc[own, "above"].max() < 1e-6
    assert found.frame["above"].max() > 0.01
    near = int((found.frame["above"] <= 0.01).sum())
    assert f"{near} of {len(found.frame)} come within 0.01 of the lowest; not " in str(found)
    far = found.frame[found.frame["above"] > 0.01]
    assert f"{far['optimizer'].iloc[0]} from {far['start'].iloc[0]}" in str(found)


def test_stops_at_a_variance_of_zero_are_said(monkeypatch):
    """Its slope is 0 there: what a search says of it is not a minimum."""
    m = fitted("y ~ x + (1 | g)")
    monkeypatch.setattr("mlm.inference.all_fit._minimised", lambda *given: (np.zeros(1), "converged"))
    found = mlm.all_fit(m)
    stalled = found.frame["message"] == "stalled at a variance of 0, which is not a minimum (converged)"
    assert stalled.tolist() == (found.frame["above"] > 0.01).tolist()
    assert stalled.any()
    assert not found.agree


def test_no_generalized_search_stops_at_a_variance_of_zero():
    """With a bound at 0 L-BFGS-B ended there from large deviations, 0.13 above."""
    rng = np.random.default_rng(3)
    g = np.repeat(np.arange(15), 14)
    x, u = rng.normal(size=len(g)), rng.normal(size=(15, 2)) * [0.8, 0.5]
    eta = -0.2 + 0.6 * x + u[g, 0] + u[g, 1] * x
    y = (rng.random(len(g)) < 1.0 / (1.0 + np.exp(-eta))).astype(int)
    found = mlm.all_fit(mlm.glmer("y ~ x + (1 | g)", {"y": y, "x": x, "g": g.astype(str)}, "binomial"))
    assert found.agree
    assert (found.theta >= 0.0).all(axis=None)


def test_of_a_generalized_model():
    m = fitted("up ~ x + (1 | h)", mlm.glmer)
    found = mlm.all_fit(m)
    assert found.agree
    assert found.frame["deviance"].min() == pytest.approx(-2 * m.loglik, abs=1e-6)


def test_what_is_refused():
    with pytest.raises(mlm.ArgumentError, match="mixed model"):
        mlm.all_fit(mlm.lm("y ~ x", brute.data()))


@pytest.mark.filterwarnings("ignore::mlm.MlmWarning")
def test_names_of_theta():
    """Those of lme4's getME(m, "theta")."""
    m = mlm.lmer("y ~ x + (1 + x + w | g) + (1 | h)", brute.data(2))
    names = ["g.(Intercept)", "g.x.(Intercept)", "g.w.(Intercept)", "g.x", "g.w.x", "g.w", "h.(Intercept)"]
    if m.ngrps.index[0] == "h":
        names = [names[-1], *names[:-1]]
    assert list(mlm.all_fit(m).theta.columns) == names
