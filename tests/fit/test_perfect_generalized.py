"""Responses with a dispersion of which a model leaves nothing: one clear error; and right numbers beside it."""

import numpy as np
import pandas as pd
import pytest

import mlm

RNG = np.random.default_rng(1)
DATA = pd.DataFrame({"x": RNG.normal(size=160), "g": np.repeat(np.arange(20), 8)})
NOISE, LEVELS = RNG.normal(size=160), RNG.normal(size=20)
INVERSES = {"log": np.exp, "inverse": lambda eta: 1 / eta, "identity": lambda eta: eta, "1/mu^2": lambda eta: eta**-0.5}
MODELS = [
    ("Gamma", "log"),
    ("Gamma", "inverse"),
    ("Gamma", "identity"),
    ("inverse.gaussian", "log"),
    ("inverse.gaussian", "1/mu^2"),
    ("gaussian", "log"),
    ("gaussian", "inverse"),
]


def drawn(link, noise, between=0.0, unit=1.0):
    base = 0.5 if link == "log" else 3.0
    mean = INVERSES[link](base + 0.3 * DATA["x"] + between * LEVELS[DATA["g"]])
    return DATA.assign(y=unit * mean * (1.0 + noise * NOISE))


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("noise", [0.0, 1e-9, 1e-7])
@pytest.mark.parametrize(("family", "link"), MODELS)
def test_fixed_effects_that_fit_exactly(family, link, noise, unit):
    with pytest.raises(mlm.FitError, match="fixed effects fit the response 'y' exactly: there is no dispersion"):
        mlm.glmer("y ~ x + (1 | g)", drawn(link, noise, unit=unit), family, link)


@pytest.mark.parametrize("noise", [0.0, 1e-7])
@pytest.mark.parametrize(("family", "link"), MODELS)
def test_levels_that_fit_exactly(family, link, noise):
    with pytest.raises(
        mlm.FitError, match=r"fits the response 'y' perfectly, or leaves less .* vary within the levels"
    ):
        mlm.glmer("y ~ x + (1 | g)", drawn(link, noise, 0.1), family, link)


@pytest.mark.filterwarnings("ignore::mlm.SingularFitWarning")
@pytest.mark.parametrize(("family", "link"), MODELS)
def test_standard_errors_are_shares_of_the_noise(family, link):
    """So near its mean a response is its mean and an error: all is in units of that."""
    wide, near = (mlm.glmer("y ~ x + (1 | g)", drawn(link, noise), family, link) for noise in (1e-4, 1e-5))
    assert near.converged
    assert near.sigma == pytest.approx(0.1 * wide.sigma, rel=1e-3)
    assert near.se.to_numpy() == pytest.approx(0.1 * wide.se.to_numpy(), rel=1e-3)


@pytest.mark.parametrize(("family", "link"), MODELS)
def test_levels_that_vary_by_thousands_of_what_rows_do(family, link):
    """The search ends, soon, and all that is in units of the noise is a tenth as large with a tenth of it.

    Theta² is about what levels vary by over what rows do, and so is the dispersion, which counts both: to their ratio.
    """
    wide, near = (mlm.glmer("y ~ x + (1 | g)", drawn(link, noise, 0.05), family, link) for noise in (1e-4, 1e-5))
    for m in (wide, near):
        assert m.converged
        assert len(m.optimizer_info.log) < 1000
    assert near.sigma == pytest.approx(np.sqrt(0.1) * wide.sigma, rel=3e-2)
    assert near.theta == pytest.approx(np.sqrt(10.0) * wide.theta, rel=3e-2)
    assert near.se["x"] == pytest.approx(0.1 * wide.se["x"], rel=1e-2)
    assert near.se["(Intercept)"] == pytest.approx(wide.se["(Intercept)"], rel=1e-2)


@pytest.mark.parametrize(("family", "link"), MODELS)
def test_slope_of_the_criterion_is_that_of_its_values_beside_an_exact_fit(family, link):
    """Modes that are not quite those of the least sum change the criterion by more the less is left of a response."""
    m = mlm.glmer("y ~ x + (1 | g)", drawn(link, 1e-5, 0.05), family, link)
    theta, beta, value = m.theta, m.fixef.to_numpy(), m.deviance_function.value
    steps = np.array([0.004, -0.004])
    by_theta = [value(theta * (1.0 + step), beta) for step in steps]
    by_beta = [value(theta, beta + step * m.se["(Intercept)"] * np.array([1.0, 0.0])) for step in steps]
    for pair in (by_theta, by_beta):
        rise = np.array(pair) + 2.0 * m.loglik
        assert (rise > 0.0).all()
        assert rise[0] == pytest.approx(rise[1], rel=0.05)


@pytest.mark.parametrize(("family", "link"), MODELS)
def test_glm_of_nearly_nothing(family, link):
    wide, near = (mlm.glm("y ~ x", drawn(link, noise), family, link) for noise in (1e-5, 1e-7))
    assert near.se.to_numpy() == pytest.approx(0.01 * wide.se.to_numpy(), rel=1e-3)
    assert mlm.glm("y ~ x", drawn(link, 0.0), family, link).se.max() < 1e-14


def test_terms_with_as_many_effects_together_as_rows():
    with pytest.raises(mlm.DataError, match=r"'\(1 \| g\)', '\(0 \+ x \| g\)' have 40 random effects .* 40 rows"):
        mlm.glmer("y ~ x + (1 + x || g)", drawn("log", 0.2, 0.3).iloc[::4], "Gamma", "log")


@pytest.mark.filterwarnings("ignore::mlm.SingularFitWarning")
def test_counts_may_have_as_many_effects_as_rows():
    data = DATA.iloc[::4].assign(y=np.random.default_rng(2).poisson(3.0, 40))
    assert mlm.glmer("y ~ x + (1 + x || g)", data, "poisson").nobs == 40


@pytest.mark.parametrize(("family", "link"), [("Gamma", "log"), ("inverse.gaussian", "log")])
def test_weights_that_leave_the_likelihood_no_digits(family, link):
    data = drawn(link, 1e-2, 0.05)
    assert mlm.glmer("y ~ x + (1 | g)", data.assign(w=1e3), family, link, weights="w").converged
    with pytest.raises(mlm.DataError, match=r"weights go up to 1e\+06, which makes -2 log L 9e\+08 in size"):
        mlm.glmer("y ~ x + (1 | g)", data.assign(w=1e6), family, link, weights="w")
