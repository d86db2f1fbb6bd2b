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
    assert f"{near} of {len(found.frame)} come within 0.01 of the lowest" in str(found)


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
