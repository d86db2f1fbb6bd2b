"""Responses drawn from a model: their moments are those of the model, and a seed gives them again.

Means and variances of N draws are compared with the exact ones within five standard errors: of a mean
``sqrt(variance / N)``, of a variance at most its size times ``sqrt((kurtosis + 2) / N)``.
"""

import warnings
from functools import cache

import numpy as np
import pandas as pd
import pytest

import mlm

N = 20_000
FAMILIES = ["binomial", "poisson", "negative.binomial", "Gamma", "inverse.gaussian", "gaussian"]


def rows():
    rng = np.random.default_rng(5)
    d = pd.DataFrame({"g": np.repeat(np.arange(12), 6), "x": rng.normal(size=72), "w": rng.uniform(0.5, 3.0, 72)})
    d["h"], d["o"], d["n"] = np.tile(np.arange(6), 12), rng.normal(size=72), rng.integers(2, 9, 72)
    d["eta"] = 0.4 + 0.3 * d.x + 0.6 * rng.normal(size=12)[d.g]
    d["y"] = d.eta + d.o + 0.5 * rng.normal(size=6)[d.h] + 0.4 * d.x * rng.normal(size=12)[d.g]
    d["y"] += rng.normal(size=72) / np.sqrt(d.w)
    return d


@cache
def linear():
    return mlm.lmer("y ~ x + offset(o) + (x | g) + (1 | h)", rows(), weights="w")


@cache
def generalized(family):
    d, rng = rows(), np.random.default_rng(6)
    mu = np.exp(d.eta)
    made = {
        "binomial": rng.binomial(d.n, mu / (1 + mu)) / d.n,
        "poisson": rng.poisson(mu),
        "negative.binomial": rng.negative_binomial(2.0, 2.0 / (2.0 + mu)),
        "Gamma": rng.gamma(5.0 * d.w, mu / (5.0 * d.w)),
        "inverse.gaussian": rng.wald(mu, 4.0 * d.w),
        "gaussian": mu + 0.5 * rng.normal(size=72),
    }
    weights = {"binomial": d.n, "Gamma": d.w, "inverse.gaussian": d.w}.get(family)
    link = "logit" if family == "binomial" else "log"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MlmWarning)
        return mlm.glmer("y ~ x + (1 | g)", d.assign(y=made[family]), family, link=link, weights=weights)


def covariance(m, drawn=(0, 1)):
    """Of the responses of `linear`, from the user's columns: of new effects of these terms, and residuals."""
    d, out = m.frame, np.diag(m.sigma**2 / m.frame.weights)
    for k in drawn:
        part, layout = m.terms[k], m.deviance_function.layout
        slot = layout.slots[k]
        t = layout.matrices(m.theta)[slot.factor]
        codes, z = d.groupings[part.term.group].codes, part.columns.matrix()
        out += (codes[:, None] == codes) * (z @ (m.sigma**2 * t @ t.T) @ z.T)
    return out


def is_drawn_from(drawn, mean, variance, kurtosis=3.0):
    """Whether means and variances of draws, shape (n, N), are within five standard errors of these."""
    many = drawn.shape[1]
    off = np.abs(drawn.mean(axis=1) - mean) / np.sqrt(variance / many)
    spread = np.abs(drawn.var(axis=1) / variance - 1.0) / np.sqrt((kurtosis + 2.0) / many)
    return bool(off.max() < 5.0 and spread.max() < 5.0)


def test_all_effects_are_drawn_by_default():
    m = linear()
    drawn, v = mlm.simulate(m, N, seed=1), covariance(m)
    mean = m.x.to_numpy() @ m.fixef.to_numpy() + m.frame.offset
    assert is_drawn_from(drawn, mean, v.diagonal())
    error = (np.cov(drawn) - v) / np.sqrt((v**2 + np.outer(v.diagonal(), v.diagonal())) / N)
    assert np.abs(error).max() < 5.5  # of 2,628 covariances
    assert not is_drawn_from(drawn, mean + 0.2, v.diagonal())
    assert not is_drawn_from(drawn, mean, 1.2 * v.diagonal())


def test_effects_that_stay_are_those_of_the_fit():
    m = linear()
    assert is_drawn_from(m.simulate(N, 2, re_form=None), m.fitted.to_numpy(), covariance(m, ()).diagonal())


def test_one_term_can_stay():
    m = linear()
    kept = m.predict(re_form="(1 | h)").to_numpy()
    slope = [part.term.group for part in m.terms].index("g")
    assert is_drawn_from(m.simulate(N, 3, re_form="(1 | h)"), kept, covariance(m, [slope]).diagonal())


def test_a_part_of_a_term_cannot_stay():
    with pytest.raises(mlm.ArgumentError, match="keeps a part of"):
        linear().simulate(re_form="(1 | g)")


@pytest.mark.parametrize("family", FAMILIES)
def test_families_have_their_variance(family):
    m = generalized(family)
    mu, w, phi = m.fitted.to_numpy(), m.outcome.weights, m.sigma**2
    variance = {
        "binomial": mu * (1 - mu) / w,
        "poisson": mu,
        "negative.binomial": mu + mu**2 / (m.family.theta or 1.0),
        "Gamma": phi * mu**2 / w,
        "inverse.gaussian": phi * mu**3 / w,
        "gaussian": np.full(72, phi),
    }[family]
    drawn = m.simulate(5000, 4, re_form=None)
    assert is_drawn_from(drawn, mu, variance, kurtosis=12.0)
    if family == "binomial":
        assert np.abs(drawn * w[:, None] - np.rint(drawn * w[:, None])).max() < 1e-12


@pytest.mark.parametrize("family", FAMILIES)
def test_new_effects_of_families_move_whole_levels(family):
    """Means of a level's rows on the scale of the link vary by the effects' variance."""
    m = generalized(family)
    apart, kept = (
        np.var(m.simulate(400, 5, re_form=r).reshape(12, 6, -1).mean(axis=1), axis=1).mean() for r in (0, None)
    )
    assert apart > 1.3 * kept or m.is_singular


def test_the_first_responses_do_not_depend_on_their_number(monkeypatch):
    m = linear()
    many = m.simulate(9, seed=7)
    assert (m.simulate(4, seed=7) == many[:, :4]).all()
    monkeypatch.setattr("mlm.fit.simulate.PIECE_NUMBERS", 300)
    assert (m.simulate(9, seed=7) == many).all()
    assert (mlm.simulate(m, 9, seed=np.random.default_rng(7)) == many).all()
    assert (m.simulate(9, seed=8) != many).all()
    of_counts = generalized("poisson")
    assert (of_counts.simulate(2, seed=7) == of_counts.simulate(5, seed=7)[:, :2]).all()


def test_models_without_random_effects():
    d = rows()
    m = mlm.lm("y ~ x + offset(o)", d)
    assert is_drawn_from(m.simulate(N, 8), m.fitted.to_numpy(), np.full(72, m.sigma**2))
    counts = mlm.glm("k ~ x", d.assign(k=np.random.default_rng(1).poisson(np.exp(d.eta))), "poisson")
    assert is_drawn_from(mlm.simulate(counts, N, 9), counts.fitted.to_numpy(), counts.fitted.to_numpy())
    with pytest.raises(mlm.ArgumentError, match="has no random effects"):
        mlm.simulate(m, re_form="(1 | g)")


def test_rows_and_the_scale_are_those_of_the_formula():
    d = rows()
    d["z"] = np.exp(d.y)
    d.loc[[3, 50], "x"] = np.nan
    with pytest.warns(mlm.MissingRowsWarning):
        m = mlm.lmer("log(z) ~ x + (1 | g)", d)
    assert m.simulate(3, 1).shape == (70, 3)
    assert is_drawn_from(m.simulate(N, 1, re_form=None), m.fitted.to_numpy(), np.full(70, m.sigma**2))


def test_means_beyond_a_family_are_refused():
    d = rows()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MlmWarning)
        m = mlm.glmer("y ~ 1 + (1 | g)", d.assign(y=np.exp(d.eta)), "Gamma", link="inverse")
    with pytest.raises(mlm.FitError, match="no mean of the Gamma family"):
        m.simulate(5000, 1)


def test_trials_are_whole_numbers():
    d = rows()
    with pytest.warns(mlm.ResponseWarning):
        m = mlm.glm("k ~ x", d.assign(k=(d.y > 0) * 1.0), "binomial", weights="w")
    with pytest.raises(mlm.FitError, match="whole numbers of trials"):
        m.simulate()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"n": 0}, "`n` is a whole number"),
        ({"n": 2.5}, "`n` is a whole number"),
        ({"seed": -1}, "`seed` is a whole number"),
        ({"seed": "a"}, "`seed` is a whole number"),
        ({"re_form": "x"}, "re_form is None"),
    ],
)
def test_what_cannot_be_drawn(given, said):
    with pytest.raises(mlm.ArgumentError, match=said):
        mlm.simulate(linear(), **given)
