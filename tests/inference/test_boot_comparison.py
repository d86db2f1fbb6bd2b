"""Likelihood-ratio tests by the bootstrap: the ratios of refits to responses of the smaller model."""

import warnings
from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import mlm


def rows(effect=0.0, seed=1):
    rng = np.random.default_rng(seed)
    d = pd.DataFrame({"g": np.repeat(np.arange(15), 6), "x": rng.normal(size=90), "z": rng.normal(size=90)})
    d["y"] = d.x + effect * d.z + rng.normal(size=15)[d.g] + rng.normal(size=90)
    return d


@cache
def models(effect=0.0):
    d = rows(effect)
    return mlm.lmer("y ~ x + (1 | g)", d), mlm.lmer("y ~ x + z + (1 | g)", d)


def test_it_is_the_share_of_ratios_of_refits():
    small, large = models()
    table = mlm.anova(large, small, method="boot", n=40, seed=3)
    fits = [m.refit(reml=False) for m in (small, large)]
    y = fits[0].simulate(40, seed=3)
    ratios = [fits[0].refit(y=v).deviance - fits[1].refit(y=v).deviance for v in y.T]
    observed = fits[0].deviance - fits[1].deviance
    assert table.frame.index.tolist() == ["LRT", "PBtest"]
    assert table.frame["stat"].to_numpy() == pytest.approx(observed, abs=1e-7)
    assert table.frame.loc["PBtest", "p.value"] == (1 + np.sum(np.array(ratios) >= observed)) / 41
    assert table.frame.loc["LRT", "p.value"] == pytest.approx(stats.chi2.sf(observed, 1), rel=1e-6)
    assert mlm.anova(small, large, method="boot", n=40, seed=3).frame.equals(table.frame)


def test_p_values_are_uniform_where_the_smaller_model_holds():
    """Of 40 data sets; Kolmogorov's distance has a 1 per mille point of 0.30."""
    found = []
    for seed in range(40):
        d = rows(seed=100 + seed)
        pair = [mlm.lmer(f"y ~ x{z} + (1 | g)", d, reml=False) for z in ("", " + z")]
        found.append(mlm.anova(*pair, method="boot", n=99, seed=seed).frame.loc["PBtest", "p.value"])
    assert stats.kstest(found, "uniform").statistic < 0.30
    assert stats.kstest(np.array(found) ** 3, "uniform").statistic > 0.30


def test_an_effect_is_seen():
    assert mlm.anova(*models(1.0), method="boot", n=99, seed=1).frame.loc["PBtest", "p.value"] == 0.01


def test_rows_may_be_in_another_order():
    small, _ = models()
    d = rows().sample(frac=1.0, random_state=4)
    moved = mlm.lmer("y ~ x + z + (1 | g)", d)
    table = mlm.anova(small, moved, method="boot", n=20, seed=5).frame
    np.testing.assert_allclose(table, mlm.anova(*models(), method="boot", n=20, seed=5).frame, rtol=1e-6)


def test_random_effects_against_none():
    """Ratios of 0 count: half of them, so that p is near half of that of chi-squared."""
    d = rows().assign(
        y=lambda f: f.y - f.groupby("g")["y"].transform("mean") + 0.42 * np.random.default_rng(2).normal(size=15)[f.g]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.SingularFitWarning)
        table = mlm.anova(mlm.lm("y ~ x", d), mlm.lmer("y ~ x + (1 | g)", d), method="boot", n=400, seed=6)
    chi, boot = table.frame["p.value"]
    assert "usable: 400" in str(table)
    assert boot == pytest.approx(chi / 2, abs=0.1)


def test_a_ratio_of_zero_is_no_rarer_than_any():
    """Ratios that are 0 but for rounding of either sign are as extreme as an observed 0."""
    small = models()[0]
    assert mlm.anova(small, small, method="boot", n=50, seed=1).frame.loc["PBtest", "p.value"] == 1.0
    d = rows().assign(y=lambda f: f.y - f.groupby("g")["y"].transform("mean"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.SingularFitWarning)
        pair = mlm.lm("y ~ x", d), mlm.lmer("y ~ x + (1 | g)", d, reml=False)
        table = mlm.anova(*pair, method="boot", n=200, seed=9)
    assert pair[1].is_singular
    assert table.frame["stat"].tolist() == [0.0, 0.0]
    assert table.frame.loc["PBtest", "p.value"] == 1.0
    assert "usable: 200; extremes: 200;" in str(table)


def test_models_that_are_not_nested():
    """Their negative ratios are told from samples that could not be fitted."""
    d = rows()
    near, other = mlm.lmer("y ~ x + (1 | g)", d), mlm.lmer("y ~ z + (1 | g)", d)
    with pytest.warns(mlm.NestingWarning), pytest.raises(mlm.FitError, match=r"30 of 30 samples .* neither is nested"):
        mlm.anova(near, other, method="boot", n=30, seed=1)
    noise = d.assign(a=np.random.default_rng(3).normal(size=90), b=np.random.default_rng(4).normal(size=90))
    pair = mlm.lmer("y ~ a + (1 | g)", noise), mlm.lmer("y ~ b + z + (1 | g)", noise)
    with pytest.warns(mlm.NestingWarning):
        table = mlm.anova(*pair, method="boot", n=60, seed=1)
    usable = int(str(table).split("usable: ")[1].split(";")[0])
    assert 0 < usable < 60
    assert f"{60 - usable} ratios are negative" in str(table)


def test_generalized_models():
    d = rows().assign(k=lambda f: np.random.default_rng(7).poisson(np.exp(0.5 + 0.3 * f.x)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MlmWarning)
        pair = [mlm.glmer(f"k ~ {right} + (1 | g)", d, "poisson") for right in ("1", "x")]
        table = mlm.anova(*pair, method="boot", n=30, seed=8)
    assert table.frame.loc["PBtest", "p.value"] == pytest.approx(1 / 31)


def test_it_is_printed_as_by_pbkrtest():
    lines = str(mlm.anova(*models(1.0), method="boot", n=99, seed=1)).splitlines()
    assert lines[0] == "Bootstrap test; samples: 99; usable: 99; extremes: 0;"
    assert lines[1] == "refitting model(s) with ML (instead of REML)"
    assert lines[2:4] == ["large : y ~ x + z + (1 | g)", "small : y ~ x + (1 | g)"]
    assert lines[4].split() == ["stat", "df", "p.value"]
    assert [line.split()[0] for line in lines[5:7]] == ["LRT", "PBtest"]
    named = mlm.anova(*models(1.0), method="boot", n=9, seed=1, names=["a", "b"])
    assert "large : b: y ~ x + z + (1 | g)" in str(named)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"n": 1}, "`n` is a whole number"),
        ({"seed": "a"}, "`seed`"),
        ({"refit": False}, "`refit` has no meaning"),
        ({"method": "lrt", "n": 10}, "`n` has no meaning"),
        ({"method": "kr", "seed": 1}, "`seed` has no meaning"),
        ({"method": "bootstrap"}, "'boot'"),
        ({"test": "Chisq"}, "contradict"),
    ],
)
def test_what_cannot_be(given, said):
    with pytest.raises(mlm.ArgumentError, match=said):
        mlm.anova(*models(), **{"method": "boot", **given})


def test_models_that_cannot_be_compared():
    d = rows()
    linear = mlm.lm("y ~ x", d)
    with pytest.raises(mlm.ArgumentError, match="compares two models"):
        mlm.anova(*models(), linear, method="boot")
    with pytest.raises(mlm.ArgumentError, match="is a linear model"):
        mlm.anova(linear, mlm.lm("y ~ x + z", d), method="boot")
    with pytest.raises(mlm.ArgumentError, match="no meaning for one model"):
        mlm.anova(linear, n=5)
