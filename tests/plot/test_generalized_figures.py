"""Figures of generalized mixed models: means where rows are drawn, the link's scale where modes are."""

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from pictures import outcomes
from scipy import stats
from scipy.special import expit

import mlm
from mlm import plot


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def m():
    return outcomes(40, 5)


def test_lines_are_means(m):
    lines = plot.group_lines(m, "x").get_lines()
    assert len(lines) == 41
    across, up = lines[-1].get_data()
    z = m.x["z"].mean()
    np.testing.assert_allclose(up, expit(m.fixef["(Intercept)"] + m.fixef["x"] * across + m.fixef["z"] * z), atol=1e-12)
    across, up = lines[0].get_data()
    name = m.groups["g"].unique()[0]
    ends = pd.DataFrame({"x": across[[0, -1]], "z": z, "g": name})
    np.testing.assert_allclose(up[[0, -1]], m.predict(ends, type="response"), atol=1e-12)
    assert np.abs(np.diff(up, 2)).max() > 1e-6  # a curve


def test_lines_with_an_offset_are_refused():
    rng = np.random.default_rng(1)
    d = {"k": rng.poisson(3.0, 60), "x": rng.normal(size=60), "g": np.arange(60) % 6, "t": np.ones(60)}
    m = mlm.glm("k ~ x + offset(log(t))", d, "poisson")
    with pytest.raises(mlm.FitError, match="has an offset"):
        plot.group_lines(m, "x", by="g")


def test_caterpillar_says_the_scale(m):
    (ax,) = plot.caterpillar(m)
    modes = m.ranef().sort_values("condval")
    np.testing.assert_allclose(ax.lines[-1].get_xdata(), modes["condval"])
    lengths = [segment[1, 0] - segment[0, 0] for segment in ax.collections[0].get_segments()]
    np.testing.assert_allclose(lengths, 2 * stats.norm.ppf(0.975) * modes["condsd"])
    assert "logit scale" in ax.figure.get_supxlabel() + ax.get_xlabel()


def test_effects_are_of_a_group_without_effects(m):
    found = mlm.effect(m, "x", values=[-1.0, 2.0]).frame
    rows = pd.DataFrame({"x": [-1.0, 2.0], "z": m.x["z"].mean(), "g": m.groups["g"].iloc[0]})
    np.testing.assert_allclose(found["fit"], m.predict(rows, re_form=False, type="response"), rtol=1e-12)
    on_link = mlm.effect(m, "x", values=[-1.0, 2.0], type="link").frame
    np.testing.assert_allclose(expit(on_link[["lower", "upper"]]), found[["lower", "upper"]], rtol=1e-12)
    half = (on_link["upper"] - on_link["fit"]) / on_link["se"]
    np.testing.assert_allclose(half, stats.norm.ppf(0.975), rtol=1e-12)


def averages(m, **options):
    """What is drawn of averages: across, up, and the upper end of the band."""
    ax = plot.binned_residuals(m, **options)
    band, dots = ax.lines[2], ax.lines[-1]
    return *dots.get_data(), band.get_ydata()


def test_averages_are_those_of_rows_in_order(m):
    across, up, band = averages(m, bins=8)
    order = np.argsort(m.fitted.to_numpy(), kind="stable").reshape(8, -1)
    mean, residual = m.fitted.to_numpy()[order], (m.y - m.fitted).to_numpy()[order]
    np.testing.assert_allclose(across, mean.mean(axis=1))
    np.testing.assert_allclose(up, residual.mean(axis=1))
    np.testing.assert_allclose(band, 2 * np.sqrt((mean * (1 - mean)).sum(axis=1)) / order.shape[1])
    assert len(averages(m)[0]) == 17  # the root of 320 rows


@pytest.mark.parametrize("kind", ["lm", "weights", "Gamma", "trials"])
def test_bands_hold_about_95_percent(kind):
    """Of models that are true: 300 averages, of which 285 are expected within."""
    rng = np.random.default_rng(4)
    n = 9000
    x, w = rng.normal(size=n), rng.integers(1, 9, n).astype(float)
    d = {"x": x, "w": w, "y": x + rng.normal(size=n) / (np.sqrt(w) if kind == "weights" else 1.0)}
    d |= {"t": rng.gamma(4.0, np.exp(0.5 * x) / 4.0), "yes": rng.binomial(w.astype(int), expit(x))}
    made = {
        "lm": lambda: mlm.lm("y ~ x", d),
        "weights": lambda: mlm.glm("y ~ x", d, "gaussian", weights="w"),
        "Gamma": lambda: mlm.glm("t ~ x", d, "Gamma", "log"),
        "trials": lambda: mlm.glm("cbind(yes, w - yes) ~ x", d),
    }
    _, up, band = averages(made[kind](), bins=300)
    assert 275 <= (np.abs(up) < band).sum() <= 294


def test_equal_fitted_values_stay_together():
    d = {"y": [0, 1, 1, 0, 0, 1], "f": list("aaabbb")}
    across, up, _ = averages(mlm.glm("y ~ f", d), bins=6)
    np.testing.assert_allclose(across, [1 / 3, 2 / 3])
    np.testing.assert_allclose(up, [0.0, 0.0], atol=1e-12)
