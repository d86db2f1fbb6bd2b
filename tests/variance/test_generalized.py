"""Shares of variance of generalized models: on the scale of the latent variable, approximated, or refused."""

import json
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from reference import shares

import mlm
from mlm.variance.components import variance_components
from mlm.variance.observation_level import mean_without_predictors

RNG = np.random.default_rng(5)
G = np.repeat(np.arange(20), 12)
X = RNG.normal(size=240)
ETA = 0.5 * X + RNG.normal(0, 1, 20)[G]
DATA = pd.DataFrame({"g": G, "x": X, "y": RNG.random(240) < 1 / (1 + np.exp(-ETA)), "k": RNG.poisson(np.exp(ETA))})
LOGIT = mlm.glmer("y ~ x + (1 | g)", DATA)
COUNTS = mlm.glmer("k ~ x + (1 | g)", DATA, "poisson")


@pytest.mark.parametrize(("link", "residual"), [("logit", np.pi**2 / 3), ("probit", 1.0), ("cloglog", np.pi**2 / 6)])
def test_latent_scale(link, residual):
    m = mlm.glmer("y ~ x + (1 | g)", DATA, link=link)
    between = m.varcorr["vcov"].iloc[0]
    assert mlm.icc(m).adjusted == pytest.approx(between / (between + residual))
    fixed = np.var(m.x.to_numpy() @ m.fixef.to_numpy(), ddof=1)
    assert mlm.r2(m).marginal == pytest.approx(fixed / (fixed + between + residual))


STORED = json.loads((Path(shares.__file__).parent / "shares.json").read_text(encoding="utf-8"))["mixed"]
NAMES = [f"{case['family']} {case['formula']}" for case in shares.CASES]
EACH = pytest.mark.parametrize("k", range(len(NAMES)), ids=NAMES)
SAME = 1e-3  # lme4 ends that far from the optimum


@cache
def fitted(k):
    case = shares.CASES[k]
    return mlm.glmer(case["formula"], shares.rows(), case["family"], case.get("link"))


@EACH
def test_parts_are_those_of_insight(k):
    """But for residuals with a log link, of which insight 0.19 takes the mean of a group without effects."""
    parts, stored = variance_components(fitted(k)), STORED[k]
    assert parts.fixed == pytest.approx(stored["fixed"], rel=SAME)
    assert parts.random.sum() == pytest.approx(stored["random"], rel=SAME)
    if "delta" in stored or stored.get("mean"):
        return
    if fitted(k).family.link.name == "log":  # with a slope, of which R was not asked for the mean
        assert parts.residual < stored["residual"]
        return
    assert parts.residual == pytest.approx(stored["residual"], rel=SAME)
    found, explained = mlm.icc(fitted(k)), mlm.r2(fitted(k))
    assert found.adjusted == pytest.approx(stored["adjusted"], rel=SAME)
    assert found.unadjusted == pytest.approx(stored["unadjusted"], rel=SAME)
    assert explained.marginal == pytest.approx(stored["marginal"], rel=SAME)
    assert explained.conditional == pytest.approx(stored["conditional"], rel=SAME)


@pytest.mark.parametrize("k", [k for k, stored in enumerate(STORED) if "delta" in stored])
def test_approximations_are_those_of_nakagawa(k):
    """From lme4's model without predictors, by R's functions."""
    stored = STORED[k]
    rows = stored["dispersion"] if "row" in shares.CASES[k]["formula"] else 0.0
    for approximation in ("delta", "lognormal", "trigamma"):
        parts = variance_components(fitted(k), approximation)
        assert parts.residual - rows == pytest.approx(stored[approximation], rel=2 * SAME)
        share = mlm.icc(fitted(k), approximation)
        assert share.adjusted == pytest.approx(parts.random.sum() / (parts.random.sum() + parts.residual))
        assert mlm.r2(fitted(k), approximation=approximation).marginal == pytest.approx(parts.fixed / parts.total)
    if "mean" in stored:
        assert mean_without_predictors(fitted(k)) == pytest.approx(stored["mean"], rel=SAME)


def test_the_mean_is_that_of_the_response():
    """Of many rows with slopes and an offset, drawn from the model: the mean of what was drawn."""
    rng = np.random.default_rng(8)
    g, x, o = np.arange(60_000) % 600, rng.normal(size=60_000), rng.uniform(-1, 1, 60_000)
    u = rng.normal(0, 0.5, (2, 600))
    data = {"g": g, "x": x, "o": o, "k": rng.poisson(np.exp(0.3 + o + u[0][g] + u[1][g] * x))}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        m = mlm.glmer("k ~ x + offset(o) + (x || g)", data, "poisson")
    assert mean_without_predictors(m) == pytest.approx(np.mean(data["k"]), rel=0.02)


def test_an_intercept_is_not_needed():
    free = mlm.glmer("k ~ 0 + x + (1 | g)", DATA, "poisson")
    assert mean_without_predictors(free) == pytest.approx(mean_without_predictors(COUNTS), rel=1e-6)


def test_square_roots_of_counts():
    data = DATA.assign(k=np.random.default_rng(2).negative_binomial(3, 3 / (3 + np.square(3 + 0.5 * ETA))))
    m = mlm.glmer("k ~ x + (1 | g)", data, "negative.binomial", "sqrt")
    mean = mean_without_predictors(m)
    assert mean == pytest.approx(data["k"].mean(), rel=0.1)
    assert variance_components(m).residual == pytest.approx((1 + mean / m.family.theta) / 4)


def test_effects_of_rows_alone_are_residuals():
    m = mlm.glmer("scattered ~ x + (1 | row)", shares.rows(), "poisson")
    found = mlm.icc(m)
    assert found.adjusted == 0.0
    assert found.by_group.empty
    assert "Adjusted ICC: 0.000" in str(found)


@pytest.mark.parametrize("run", [mlm.icc, mlm.r2])
def test_links_without_a_residual_variance_are_refused(run):
    with pytest.raises(mlm.FitError, match=r"binomial family with link='cauchit'.*m\.varcorr"):
        run(mlm.glmer("y ~ x + (1 | g)", DATA, link="cauchit"))
    with pytest.raises(mlm.ArgumentError, match=r"`approximation` is 'lognormal', .* got 'exact'"):
        run(COUNTS, approximation="exact")


@pytest.mark.parametrize(
    "run",
    [
        mlm.shrinkage,
        mlm.plausible_range,
        mlm.plot.likelihood_curve,
        lambda m: mlm.r2(m, null=m),
        mlm.design_effect,
    ],
)
def test_what_is_of_residual_variances_is_refused(run):
    with pytest.raises(mlm.MlmError):
        run(LOGIT)


def test_tables_of_several_models():
    text = str(mlm.regtable([LOGIT, COUNTS]))
    assert "Var: g (Intercept)" in text
    assert "Residual" not in text


@pytest.mark.parametrize("weights", [1 + np.arange(240) % 4, 0.3 + RNG.random(240), 7.0])
def test_weights_of_outcomes_leave_the_latent_scale(weights):
    """A share is that of one trial, whether weights are trials, whole or not, or weigh rows of one outcome."""
    trials = np.broadcast_to(weights, 240)
    share = DATA["y"] * 1.0 if trials[0] != 1 else np.round(trials * DATA["y"]) / trials
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MlmWarning)
        m = mlm.glmer("share ~ x + (1 | g)", DATA.assign(share=share, w=trials), weights="w")
    between = m.varcorr["vcov"].iloc[0]
    assert mlm.icc(m).adjusted == pytest.approx(between / (between + np.pi**2 / 3))


@pytest.mark.parametrize("share", [mlm.icc, mlm.r2])
@pytest.mark.parametrize(
    ("family", "link", "said"),
    [("poisson", "log", "as offset="), ("poisson", "sqrt", "as offset="), ("Gamma", "log", "Repeat rows")],
)
def test_weights_by_which_the_variance_of_rows_differs(share, family, link, said):
    data = DATA.assign(v=DATA["k"] + 1.0, w=np.tile([0.5, 1.0, 2.5], 80))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MlmWarning)
        m = mlm.glmer("v ~ x + (1 | g)", data, family, link=link, weights="w")
    with pytest.raises(mlm.FitError, match=rf"have prior weights, 0\.5 to 2\.5: .*{said}"):
        share(m)
    ones = mlm.glmer("v ~ x + (1 | g)", data.assign(w=1.0), family, link=link, weights="w")
    plain = mlm.glmer("v ~ x + (1 | g)", data, family, link=link)
    assert mlm.icc(ones).adjusted == pytest.approx(mlm.icc(plain).adjusted)
