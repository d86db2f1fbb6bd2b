"""Searches for coefficients: in whatever units, with slow steps, and where the likelihood has no maximum."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import optimize

import mlm
from mlm.generalized.family import FAMILIES, make_family

N = 60
SCALED = [(name, link) for name, kind in FAMILIES.items() if kind.has_scale for link in kind.links]
POWERS = {"identity": 1.0, "inverse": -1.0, "1/mu^2": -2.0}  # of the response, that a linear predictor is in
# Of 10, by which a response can be multiplied where variances or weights are higher powers of it than squares.
LARGEST_POWERS = {
    ("inverse.gaussian", "1/mu^2"): 100,
    ("inverse.gaussian", "identity"): 100,
    ("gaussian", "inverse"): 100,
}
DEVIANCE_POWERS = {"gaussian": 2.0, "Gamma": 0.0, "inverse.gaussian": -1.0}
PROBABILITIES = ("logit", "probit", "cloglog", "cauchit")


def rows(seed=3, n=N):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    data = {"x": x, "g": rng.choice(list("abc"), n), "size": rng.gamma(2.0, 1.0, n) + 0.05}
    data["y"] = (rng.uniform(size=n) < 1 / (1 + np.exp(-x))).astype(int)
    return pd.DataFrame(data)


@pytest.mark.parametrize(("family", "link"), SCALED)
@pytest.mark.parametrize("power", [*range(-12, 0), *range(1, 13)])
def test_units_of_the_response_do_not_matter(family, link, power):
    data, scale = rows(), 10.0**power
    m = mlm.glm("size ~ x + g", data, family, link)
    other = mlm.glm("size ~ x + g", data.assign(size=data["size"] * scale), family, link)
    assert m.converged
    assert other.converged
    if link == "log":
        wanted, se = m.fixef + np.log(scale) * (m.fixef.index == "(Intercept)"), m.se
    else:
        wanted, se = m.fixef * scale ** POWERS[link], m.se * scale ** POWERS[link]
    assert np.abs((other.fixef - wanted) / se).max() < 1e-8
    np.testing.assert_allclose(other.se, se, rtol=1e-8)
    assert other.deviance == pytest.approx(m.deviance * scale ** DEVIANCE_POWERS[family], rel=1e-10)
    assert other.loglik == pytest.approx(m.loglik - N * np.log(scale), rel=1e-9)
    np.testing.assert_allclose(other.coefficients().iloc[1:, 2], m.coefficients().iloc[1:, 2], rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(("family", "link"), SCALED)
@pytest.mark.parametrize("power", [-200, -140, -70, -40, 40, 70, 120, 200])
def test_units_at_the_ends_of_floats(family, link, power):
    """The same fit, or one sentence where variances are not numbers any more."""
    data = rows()
    m = mlm.glm("size ~ x + g", data, family, link)
    scaled = data.assign(size=data["size"] * 10.0**power)
    if not -LARGEST_POWERS.get((family, link), 150) < power < LARGEST_POWERS.get((family, link), 150):
        with pytest.raises(mlm.DataError, match="rescale it, for example divide it by"):
            mlm.glm("size ~ x + g", scaled, family, link)
        return
    other = mlm.glm("size ~ x + g", scaled, family, link)
    assert other.converged
    np.testing.assert_allclose(other.coefficients().iloc[1:, 2], m.coefficients().iloc[1:, 2], rtol=1e-6, atol=1e-8)
    assert np.isfinite([other.deviance, other.loglik, other.dispersion, other.null_deviance]).all()
    assert str(other.summary())


@pytest.mark.parametrize("link", PROBABILITIES)
def test_predictors_with_far_tails(link):
    """Fisher scoring is slow here, or goes to and fro: no false separation, and no search that is given up."""
    for seed in range(12):
        rng = np.random.default_rng(seed)
        x, z = rng.standard_t(1, 50), rng.standard_t(2, 50)
        y = rng.binomial(1, 1 / (1 + np.exp(-0.3 * x - 0.2)))
        m = mlm.glm("y ~ x + z", {"x": x, "y": y, "z": z}, link=link)
        assert m.converged
        columns, family = m.frame.x, m.family

        def deviance(beta, columns=columns, family=family, y=y):
            return float(np.sum(family.deviances_at(y.astype(float), columns @ beta)))

        best = optimize.minimize(deviance, m.beta, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-11}).fun
        assert m.deviance <= best + 1e-8


@pytest.mark.parametrize(("family", "link"), [("inverse.gaussian", "identity"), ("Gamma", "identity")])
def test_slow_links_reach_a_maximum(family, link):
    for seed in range(50):
        rng = np.random.default_rng(seed)
        x, z = rng.normal(size=40), rng.random(40)
        mu = np.abs(3 + 0.4 * x + z) + 0.1
        y = rng.wald(mu, 8.0) if family == "inverse.gaussian" else rng.gamma(3, mu / 3)
        assert mlm.glm("y ~ x + z", {"x": x, "y": y, "z": z}, family, link).converged


def told(y, link, formula="y ~ g", **columns):
    """Fit, and give what is said of separation."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        m = mlm.glm(formula, {"y": y, **columns}, link=link)
    return m, [str(each.message).partition(" Estimates")[0] for each in said]


@pytest.mark.parametrize("link", PROBABILITIES)
@pytest.mark.parametrize("n", [5, 40, 1000])
@pytest.mark.parametrize("outcome", [0, 1])
def test_one_outcome_only_is_said_of_either(link, n, outcome):
    m, said = told(np.full(n, outcome), link, "y ~ 1")
    assert len(said) == 1
    assert f"only {['failures', 'successes'][outcome]} in the {n:,} rows used: there is nothing to explain" in said[0]
    assert not m.converged


@pytest.mark.parametrize("link", PROBABILITIES)
@pytest.mark.parametrize("n", [5, 500, 20000])
def test_a_group_of_successes_is_said_as_one_of_failures(link, n):
    y = np.concatenate([np.zeros(n), np.tile([0.0, 1.0], 4)])
    g = ["b"] * n + ["a"] * 8
    zeros, said = told(y, link, g=g)
    ones, said_too = told(1 - y, link, g=g)
    assert len(said) == 1
    assert f"run to 0 or 1 in {n:,} rows of {n + 8:,}" in said[0]
    assert said == said_too
    if link != "cloglog":
        np.testing.assert_allclose(zeros.fixef, -ones.fixef, rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(zeros.se, ones.se, rtol=1e-6)
        assert zeros.deviance == pytest.approx(ones.deviance, rel=1e-10)
        assert zeros.loglik == pytest.approx(ones.loglik, rel=1e-10)
        for kind in ("deviance", "pearson", "response", "working"):
            np.testing.assert_allclose(zeros.residuals(kind), -ones.residuals(kind), rtol=1e-6, atol=1e-9, err_msg=kind)


@pytest.mark.parametrize("link", PROBABILITIES)
def test_successes_and_failures_exchanged_in_counts(link):
    data = {"s": [900, 8000, 3, 2], "f": [0, 0, 1, 2], "g": list("bbaa")}
    for formula in ("cbind(s, f) ~ g", "cbind(f, s) ~ g"):
        with pytest.warns(mlm.ConvergenceWarning, match="run to 0 or 1 in 2 rows of 4"):
            assert not mlm.glm(formula, data, link=link).converged


@pytest.mark.parametrize("link", [*PROBABILITIES, "log"])
@pytest.mark.parametrize("eta", [-45.0, -38.0, -1.0, 38.0, 45.0])
def test_what_is_left_of_one_is_exact(link, eta):
    if link == "log" and eta > 0:
        return
    family, at = make_family("binomial", link), np.array([eta])
    mu, rest = family.link.inverse(at), family.probability.complement(at)
    assert family.residual(np.ones(1), at)[0] == pytest.approx(rest[0], rel=1e-15)
    assert family.residual(np.zeros(1), at)[0] == pytest.approx(-mu[0], rel=1e-15)
    assert family.room(at)[0] == min(mu[0], rest[0])
    if link == "logit":
        assert family.score(np.ones(1), at)[0] == pytest.approx(rest[0], rel=1e-15)


@pytest.mark.parametrize("size", [20.0, 50.0, 300.0])
@pytest.mark.parametrize("link", PROBABILITIES)
def test_offsets_that_contradict_the_response(size, link):
    data = rows()
    data["o"] = np.where(data.y == 1, -size, size)
    m = mlm.glm("y ~ x", data, link=link, offset="o")
    assert m.converged
    for sign in (1e-4, -1e-4):
        for k in range(2):
            moved = m.beta + sign * np.maximum(np.abs(m.beta), 1.0) * (np.arange(2) == k)
            eta = m.frame.x @ moved + m.frame.offset
            assert m.family.deviances_at(m.outcome.values, eta).sum() >= m.deviance * (1 - 1e-12)


def test_what_keeps_a_search_from_an_end_is_said():
    data = rows()
    with pytest.warns(mlm.ConvergenceWarning, match=r"did not come to rest: .* Centre x: what is far from 0"):
        mlm.glm("y ~ x", data.assign(x=data.x + 1e8))
    for far, link, what in ((1e4, "probit", "standard errors cannot be computed"), (1e5, "logit", "come to rest")):
        with pytest.warns(mlm.ConvergenceWarning, match=f"{what}.* Look at the offset: it is up to .* of the link"):
            mlm.glm("y ~ x", data, link=link, offset=np.where(data.y == 1, -far, far))
    with pytest.raises(mlm.FitError, match=r"Look at the offset: it is up to 1e\+05"):
        mlm.glm("y ~ x", data, "poisson", offset=np.where(data.y == 1, -1e5, 1e5))
    with pytest.raises(mlm.DataError, match=r"The offset has numbers of 1e\+300"):
        mlm.glm("y ~ x", data, "poisson", offset=np.full(N, 1e300))


@pytest.mark.parametrize(("family", "link"), [(n, k) for n, kind in FAMILIES.items() for k in kind.links])
def test_observed_information(family, link):
    made = make_family(family, link, 2.5 if family == "negative.binomial" else None)
    eta = np.array([0.05, 0.3, 0.9, 1.7]) * (-1 if (family, link) == ("binomial", "log") else 1)
    y = np.array([0.0, 0.25, 0.5, 1.0]) if family == "binomial" else np.array([1.0, 2.0, 3.0, 7.0])
    step = 1e-5 * np.abs(eta)
    slope = (made.score(y, eta + step) - made.score(y, eta - step)) / (2 * step)
    np.testing.assert_allclose(made.curvature(y, eta), -slope, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(
        made.link.bend(eta), made.link.second_derivative(eta) / made.link.derivative(eta), rtol=1e-12
    )


def test_what_a_search_found_is_read_only():
    import pickle

    m = mlm.glm("cbind(y, 1 - y) ~ x", rows())
    for each in (m, pickle.loads(pickle.dumps(m))):
        arrays = [each.beta, each.covariance, each.ended.eta, each.ended.beta]
        arrays += [each.outcome.values, each.outcome.weights, each.outcome.trials, each.frame.y, each.frame.weights]
        for array in arrays:
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 1.0
