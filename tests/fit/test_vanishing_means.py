"""Normal responses that are 0 or less under a logarithm, whose means run to 0; and negative ones under an inverse."""

import warnings

import numpy as np
import pandas as pd
import pytest

import mlm

RNG = np.random.default_rng(71)
N, J = 120, 15
DATA = pd.DataFrame({"pond": np.repeat(np.arange(J), N // J), "depth": RNG.uniform(0.0, 2.0, N)})
DATA["kind"] = np.array(["clear", "green", "salt"])[np.arange(N) % 3]
LEVELS, NOISE = RNG.normal(size=J), RNG.normal(size=N)
WAVE = np.exp(0.4 * DATA["depth"] + 0.2 * LEVELS[DATA["pond"]]) + 0.3 * NOISE
SALT = DATA["kind"] == "salt"


@pytest.mark.parametrize("n_agq", [0, 1])
@pytest.mark.parametrize(
    ("response", "formula", "rows"),
    [
        (-WAVE, "y ~ depth + (1 | pond)", 120),
        (-WAVE - 50.0, "y ~ depth + (1 | pond)", 120),
        (1e6 * (0.5 * NOISE - 1.0), "y ~ 1 + (1 | pond)", 120),
        (np.where(SALT, -WAVE, WAVE), "y ~ kind + (1 | pond)", 40),
        (np.where(SALT, 0.0, WAVE), "y ~ 0 + kind + (1 | pond)", 40),
        (np.where(SALT, 0.3 * NOISE - 0.4, WAVE), "y ~ kind + (1 | pond)", 40),
        (np.where(SALT, -WAVE, WAVE), "y ~ kind + (1 + depth | pond)", 40),
    ],
)
def test_means_below_0_have_no_logarithm(response, formula, rows, n_agq):
    said = rf"no maximum: fitted means run to 0 in {rows} rows of 120, where 'y' .* by a linear mixed model"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(mlm.FitError, match=said):
            mlm.glmer(formula, DATA.assign(y=response), "gaussian", "log", n_agq=n_agq)


@pytest.mark.parametrize(
    ("response", "formula", "rows"), [(-WAVE, "y ~ 1", 120), (np.where(SALT, -1, WAVE), "y ~ kind", 40)]
)
def test_glm_says_it_too(response, formula, rows):
    with pytest.warns(mlm.ConvergenceWarning, match=f"run to 0 in {rows} rows of 120.*Take link='identity'"):
        assert not mlm.glm(formula, DATA.assign(y=response), "gaussian", "log").converged


@pytest.mark.filterwarnings("ignore::mlm.SingularFitWarning")
def test_means_that_are_small_are_none_that_vanish():
    """A decay over 30 units of the logarithm, whose last means are 1e-11 of its noise."""
    time = np.linspace(0.0, 30.0, N)
    data = DATA.assign(time=time, y=3.0 * np.exp(-time) + 0.01 * NOISE)
    m = mlm.glmer("y ~ time + (1 | pond)", data, "gaussian", "log")
    assert m.fixef["time"] == pytest.approx(-1.0, abs=4.0 * m.se["time"])
    assert m.se["time"] < 0.01


@pytest.mark.parametrize("y", [WAVE + 3.0, 1 / (0.8 + 0.3 * DATA["depth"]) + 0.2 * LEVELS[DATA["pond"]] + 0.2 * NOISE])
def test_inverse_of_negative_means_is_that_of_positive_ones_mirrored(y):
    kinds = (y, -y)
    for fit, formula in ((mlm.glm, "y ~ depth"), (mlm.glmer, "y ~ depth + (1 | pond)")):
        up, down = (fit(formula, DATA.assign(y=each), "gaussian", "inverse") for each in kinds)
        assert down.converged
        assert down.loglik == pytest.approx(up.loglik, rel=0, abs=1e-8)
        assert down.fixef.to_numpy() == pytest.approx(-up.fixef.to_numpy(), rel=1e-6)
        assert down.se.to_numpy() == pytest.approx(up.se.to_numpy(), rel=1e-6)
        assert (down.fitted < 0).all()


def test_inverses_of_both_signs():
    """Each kind has the inverse of its own mean, whichever sign that has."""
    mean = DATA["kind"].map({"clear": 2.0, "green": -3.0, "salt": 0.8})
    data = DATA.assign(y=mean + 0.2 * NOISE)
    m = mlm.glm("y ~ 0 + kind", data, "gaussian", "inverse")
    means = data.groupby("kind")["y"].mean()
    assert m.fixef.to_numpy() == pytest.approx(1.0 / means.to_numpy(), rel=1e-9)
    mixed = mlm.glmer(
        "y ~ 0 + kind + (1 | pond)", data.assign(y=data["y"] + 0.3 * LEVELS[DATA["pond"]]), "gaussian", "inverse"
    )
    assert np.sign(mixed.fixef).tolist() == [1.0, -1.0, 1.0]
    assert mixed.converged


def test_the_lower_end_of_the_two_sides():
    """With means near 0 a side's end is not the other's: what is found is no higher than from starts on either."""
    y = DATA["depth"] - 1.2 + 0.4 * LEVELS[DATA["pond"]] + 0.3 * NOISE
    data = DATA.assign(y=y)
    m = mlm.glmer("y ~ depth + (1 | pond)", data, "gaussian", "inverse")
    for side in (-1.0, 1.0):
        start = {"theta": [0.5], "fixef": [2.0 * side, 0.0]}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", mlm.MlmWarning)
            try:
                other = mlm.glmer("y ~ depth + (1 | pond)", data, "gaussian", "inverse", start=start)
            except mlm.FitError:
                continue
        assert m.loglik > other.loglik - 1e-6
