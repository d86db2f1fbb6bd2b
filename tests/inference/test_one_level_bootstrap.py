"""The bootstrap of models without random effects: refits are fits to simulated responses, errors those of theory."""

import warnings

import numpy as np
import pandas as pd
import pytest

import mlm

RNG = np.random.default_rng(41)
DATA = pd.DataFrame(
    {"x": RNG.normal(size=60), "z": RNG.normal(size=60), "f": list("abc") * 20, "w": [2.0, 3.0, 5.0] * 20}
)
DATA["y"] = 1.0 + 0.5 * DATA["x"] + RNG.normal(size=60)
DATA["count"] = RNG.poisson(np.exp(1.0 + 0.3 * DATA["x"])).astype(float)
DATA["share"] = RNG.binomial(DATA["w"].astype(int), 0.4) / DATA["w"]
DATA["time"] = RNG.gamma(3.0, np.exp(0.2 * DATA["x"]))
DATA["spread"] = RNG.negative_binomial(2, 0.3, size=60).astype(float)

# verb, formula, response and options
MODELS = {
    "least squares": (mlm.lm, "{} ~ x + f + offset(0.3 * z)", "y", {}),
    "no columns": (mlm.lm, "{} ~ 0 + x", "y", {}),
    "counts": (mlm.glm, "{} ~ x + offset(0.1 * z)", "count", {"family": "poisson"}),
    "shares": (mlm.glm, "{} ~ x + f", "share", {"family": "binomial", "weights": "w"}),
    "times": (mlm.glm, "{} ~ x", "time", {"family": "Gamma", "link": "log"}),
    "with weights": (mlm.glm, "{} ~ x", "y", {"family": "gaussian", "weights": "w"}),
}


def fitted(name, y=None):
    verb, formula, response, options = MODELS[name]
    data = DATA if y is None else DATA.assign(**{response: y})
    return verb(formula.format(response), data, **options)


@pytest.mark.parametrize("name", MODELS)
def test_refits_are_fits_to_the_simulated_responses(name):
    m = fitted(name)
    found, y = mlm.bootstrap(m, 4, seed=7), mlm.simulate(m, 4, seed=7)
    again = m.bootstrap(4, lambda fit: {"se": fit.se["x"], "loglik": fit.loglik, "resid": fit.resid.iloc[3]}, seed=7)
    has_sigma = "sigma" in found.estimates
    assert has_sigma == (name not in ("counts", "shares"))
    for k in range(4):
        alone = fitted(name, y[:, k])
        np.testing.assert_allclose(found.estimates.iloc[k][list(alone.fixef.index)], alone.fixef, rtol=1e-8, atol=1e-10)
        if has_sigma:
            assert found.estimates["sigma"][k] == pytest.approx(alone.sigma, rel=1e-8)
        np.testing.assert_allclose(again.estimates["se"][k], alone.se["x"], rtol=1e-8)
        np.testing.assert_allclose(again.estimates["loglik"][k], alone.loglik, rtol=1e-8)
        np.testing.assert_allclose(again.estimates["resid"][k], alone.resid.iloc[3], rtol=1e-6)
    assert found.observed.drop("sigma", errors="ignore").equals(m.fixef)
    assert found.failures == found.singular == found.unconverged == 0


def test_errors_are_those_of_theory():
    m = fitted("least squares")
    found = mlm.bootstrap(m, 2000, seed=3)
    np.testing.assert_allclose(found.frame.loc[m.fixef.index, "std. error"], m.se, rtol=0.06)
    assert found.frame.loc["sigma", "std. error"] == pytest.approx(m.sigma / np.sqrt(2.0 * m.df_resid), rel=0.06)


def test_theta_of_counts_stays():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.ConvergenceWarning)
        m = mlm.glm("spread ~ x", DATA, "negative.binomial")
    found = mlm.bootstrap(m, 3, lambda fit: fit.family.theta, seed=1)
    assert (found.estimates["statistic"] == m.family.theta).all()


@pytest.mark.parametrize("name", ["least squares", "counts"])
def test_intervals(name):
    m = fitted(name)
    found = m.confint(method="boot", n=50, seed=5, level=0.9, kind="basic")
    assert found.equals(mlm.bootstrap(m, 50, seed=5).confint("basic", level=0.9))
    assert list(m.confint(method="boot", n=20, seed=5, parm=["x"]).index) == ["x"]
    assert mlm.confint(m, method="BOOT", n=20, seed=5).equals(m.confint(method="boot", n=20, seed=5, kind="percentile"))


def test_columns_that_are_left_out_have_no_interval():
    with pytest.warns(mlm.RankWarning):
        m = mlm.lm("y ~ x + double", DATA.assign(double=2.0 * DATA["x"]))
    assert list(m.confint(method="boot", n=20, seed=1).index) == ["sigma", "(Intercept)", "x"]


@pytest.mark.parametrize("name", ["least squares", "counts"])
def test_what_cannot_be(name):
    m = fitted(name)
    for given in ({"n": 10}, {"kind": "basic"}, {"method": "wald", "seed": 1}):
        with pytest.raises(mlm.ArgumentError, match="is of method='boot'"):
            m.confint(**given)
    with pytest.raises(mlm.ArgumentError, match="`n` is a whole number"):
        m.confint(method="boot", n=1)
    with pytest.raises(mlm.ArgumentError, match="`kind` is one of"):
        m.confint(method="boot", kind="bca")
    with pytest.raises(mlm.ArgumentError, match="this model has no random effects"):
        mlm.bootstrap(m, 5, kind="groups")
    with pytest.raises(mlm.ArgumentError, match="`group` is of kind='groups'"):
        mlm.bootstrap(m, 5, group="f")
    with pytest.raises(mlm.ArgumentError, match="there is no"):
        m.confint(method="boot", parm="q")
