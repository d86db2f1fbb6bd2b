"""Families with a dispersion: the units of the response change what they must, and local minima are not the end."""

import warnings

import numpy as np
import pandas as pd
import pytest

import mlm
from mlm.generalized.family import make_family
from mlm.generalized.units import units_of

RNG = np.random.default_rng(12)
G = np.repeat(np.arange(18), 10)
X = np.tile(np.arange(10.0), 18)
SIZE = {"identity": 1, "log": 0, "inverse": -1, "1/mu^2": -2}
KINDS = [
    ("Gamma", "inverse"), ("Gamma", "log"), ("Gamma", "identity"), ("inverse.gaussian", "1/mu^2"),
    ("inverse.gaussian", "inverse"), ("inverse.gaussian", "log"), ("inverse.gaussian", "identity"),
    ("gaussian", "log"), ("gaussian", "inverse"),
]  # fmt: skip
STRUCTURES, SCALES = ["(1 | g)", "(x | g)", "(x || g)", "(1 | g) + (1 | h)"], [1e6, 1e-6, 1e3, 1e-3]


def drawn(family, link, seed=0):
    """A response with a mean of about 1 that grows with x."""
    rng = np.random.default_rng(seed)
    eta = 1.0 + 0.04 * X + rng.normal(0, 0.15, 18)[G] + rng.normal(0, 0.01, 18)[G] * X
    mean = make_family(family, link).link.inverse(eta if link != "log" else eta - 1.0)
    noise = {
        "Gamma": lambda: mean * rng.gamma(10.0, 0.1, len(X)),
        "inverse.gaussian": lambda: rng.wald(mean, 10.0 * mean),
        "gaussian": lambda: np.maximum(mean + rng.normal(0, 0.1, len(X)), 0.05),
    }[family]
    return pd.DataFrame({"y": noise(), "x": X, "g": G, "h": np.arange(len(X)) % 7, "o": 0.05 * rng.normal(size=len(X))})


def fitted(data, family, link, terms="(1 | g)", **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.SingularFitWarning)
        return mlm.glmer(f"y ~ x + {terms}", data, family, link=link, **options)


@pytest.mark.parametrize(("terms", "scale"), [*zip(STRUCTURES, SCALES, strict=True)])
@pytest.mark.parametrize("link", ["inverse", "log", "identity"])
def test_units_of_a_gamma_response(link, terms, scale):
    data = drawn("Gamma", link)
    unit = scale ** SIZE[link]
    moved = data.assign(y=data["y"] * scale, o=data["o"] * unit)
    before, after = fitted(data, "Gamma", link, terms, offset="o"), fitted(moved, "Gamma", link, terms, offset="o")
    shift = 2.0 * len(data) * np.log(scale)
    assert -2.0 * after.loglik - shift == pytest.approx(-2.0 * before.loglik, abs=1e-6)
    assert after.theta == pytest.approx(before.theta * unit, rel=1e-3, abs=1e-5 * unit)
    assert (after.fixef / after.se)["x"] == pytest.approx((before.fixef / before.se)["x"], abs=1e-3)
    assert after.is_singular == before.is_singular
    assert after.sigma == pytest.approx(before.sigma, rel=1e-5)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e3])
@pytest.mark.parametrize(("family", "link"), KINDS)
def test_what_a_fit_says_agrees_with_itself(family, link, scale):
    """The user's numbers, in the user's units, from the response and the linear predictor alone."""
    data = drawn(family, link, 3).assign(o=0.0)
    data["y"] *= scale
    m = fitted(data, family, link)
    mean = m.fitted.to_numpy()
    kind, y = make_family(family, link), data["y"].to_numpy()
    assert m.deviance == pytest.approx(float(np.sum(kind.unit_deviances(y, mean))), rel=1e-9)
    modes = m.modes["g"][0][0]
    predictor = m.fixef.iloc[0] + m.fixef.iloc[1] * X + modes[G]
    assert m.linear_predictors.to_numpy() == pytest.approx(predictor, rel=1e-9, abs=1e-9 * scale ** SIZE[link])
    assert m.deviance_function.value(m.theta, m.fixef.to_numpy()) == pytest.approx(-2.0 * m.loglik, abs=1e-6)
    assert -2.0 * m.loglik == pytest.approx(laplace(m, kind, y, mean, modes), abs=1e-5)


def laplace(m, kind, y, mean, modes):
    """Minus twice the log-likelihood of one random intercept, written out."""
    dispersion = np.sum(kind.unit_deviances(y, mean)) / len(y)
    value = kind.minus_two_log_likelihood(y, mean, np.ones(len(y)), dispersion) + 2.0
    if m.theta[0] == 0.0:
        return value
    weights = kind.working_weights(kind.link.link(mean))
    information = m.theta[0] ** 2 * np.bincount(G, weights)
    return value + np.sum(np.square(modes / m.theta[0])) + np.sum(np.log1p(information))


@pytest.mark.parametrize(("family", "link"), KINDS)
@pytest.mark.parametrize(("scale", "terms"), [(0.01, "(1 | g)"), (300.0, "(x | g)")])
def test_no_theta_of_a_grid_is_better(family, link, scale, terms):
    data = drawn(family, link, 5)
    data["y"] *= scale
    m = fitted(data, family, link, terms)
    criterion, beta = m.deviance_function, m.fixef.to_numpy()
    spread = np.std(m.linear_predictors.to_numpy())
    plain = mlm.glm("y ~ x", data, family, link=link)
    for size in spread * np.geomspace(1e-3, 1e3, 13):
        theta = size * np.array([1.0, 0.1, 1e-3][: criterion.layout.n_theta])
        for at in (beta, plain.fixef.to_numpy()):
            try:
                assert criterion.value(theta, at) > -2.0 * m.loglik - 1e-6
            except mlm.FitError:
                continue
    assert m.loglik >= plain_loglik(plain, data, family, link) - 1e-6


def plain_loglik(plain, data, family, link):
    kind, y, mean = make_family(family, link), data["y"].to_numpy(), plain.fitted.to_numpy()
    dispersion = np.sum(kind.unit_deviances(y, mean)) / len(y)
    return -0.5 * (kind.minus_two_log_likelihood(y, mean, np.ones(len(y)), dispersion) + 2.0)


@pytest.mark.parametrize(("seed", "lowest"), [(2, 1508.360463), (6, 1520.350530)])
def test_fewer_effects_a_level_than_columns(seed, lowest):
    """Reaction times: intercepts and slopes with a correlation of 1 are likelier than without, and than none at all.

    The values are those of lme4 1.1-31 with Nelder_Mead; its default search ends at 22 and at 1e-4 above.
    """
    rng, x, g = np.random.default_rng(seed), np.tile(np.arange(8.0), 18), np.repeat(np.arange(18), 8)
    mean = np.exp(5.5 + 0.035 * x + rng.normal(0, 0.1, 18)[g] + rng.normal(0, 0.02, 18)[g] * x)
    data = pd.DataFrame({"y": np.round(mean + rng.normal(0, 25, len(x)), 3), "x": x, "g": g})
    m = fitted(data, "gaussian", "log", "(x | g)")
    assert -2.0 * m.loglik <= lowest + 1e-5
    assert m.is_singular
    assert len(m.optimizer_info.log) < 250


def test_means_do_not_run_away():
    """Reaction times: a search from afar came to coefficients of 1e13 and means of 0."""
    data = drawn("gaussian", "inverse", 7)
    data["y"] *= 300.0
    m = fitted(data, "gaussian", "inverse", "(x | g)")
    assert m.fitted.mean() == pytest.approx(data["y"].mean(), rel=0.05)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_a_small_theta_is_no_variance_of_0(scale):
    """In units of millions an inverse has predictors of millionths, and theta with it."""
    data = drawn("Gamma", "inverse", 9)
    data["y"] *= scale
    m = fitted(data, "Gamma", "inverse")
    assert m.theta[0] * scale > 0.1
    assert not m.is_singular


def test_units_are_powers_of_4():
    kind = make_family("inverse.gaussian", "1/mu^2")
    units = units_of(kind, np.array([900.0, 1100.0]))
    assert (units.response, units.predictor, units.spherical) == (1024.0, 1024.0**-2, 1 / 32)
    assert units_of(make_family("poisson"), np.array([900.0, 1100.0])).response == 1.0
