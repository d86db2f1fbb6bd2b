"""The figure that tells whether a model holds: what is drawn are the numbers of the model."""

import warnings

import brute
import matplotlib as mpl
import numpy as np
import pytest
from scipy import stats

mpl.use("Agg")

import matplotlib.pyplot as plt

import mlm


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def mixed(formula="y ~ x + (1 + x | g) + (1 | h)"):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.SingularFitWarning)
        return mlm.lmer(formula, brute.data(2))


def titles(axes):
    return [ax.get_title() for ax in axes]


def points(ax):
    return next(line for line in ax.lines if line.get_marker() == "o")


def test_panels_of_a_mixed_model():
    m = mixed()
    axes = mlm.check(m, "h", title="All of it")
    axes[0].figure.canvas.draw()
    assert titles(axes) == [
        "Residuals", "Normal quantiles of residuals", "Size of residuals", "(Intercept) of g", "x of g",
        "(Intercept) of h", "Influence of h",
    ]  # fmt: skip
    assert points(axes[0]).get_xdata() == pytest.approx(m.fitted.to_numpy())
    assert points(axes[0]).get_ydata() == pytest.approx(m.resid.to_numpy())
    assert points(axes[1]).get_ydata() == pytest.approx(np.sort(m.residuals("standardized")))
    modes = m.ranef().query("grpvar == 'g' and term == 'x'")["condval"]
    assert points(axes[4]).get_ydata() == pytest.approx(np.sort(modes))
    heights = [segment[1, 1] for segment in axes[6].collections[0].get_segments()]
    assert heights == pytest.approx(mlm.influence(m, "h").cooks_distance.tolist())
    assert axes[0].figure.get_suptitle() == "All of it"


def test_bands_are_those_of_order_statistics():
    """Of normal samples, each point lies within with the probability that was asked for."""
    m = mlm.lm("y ~ x", brute.data(3))
    axes = mlm.check(m, level=0.9)
    band = axes[1].collections[0].get_paths()[0].vertices
    n = m.nobs
    low = stats.norm.ppf(stats.beta.ppf(0.05, 1, n))
    assert band[:, 1].min() == pytest.approx(low)
    samples = np.sort(np.random.default_rng(1).normal(size=(4000, n)), axis=1)
    sides = stats.norm.ppf(stats.beta.ppf([[0.05], [0.95]], np.arange(1, n + 1), n - np.arange(n)))
    inside = ((samples > sides[0]) & (samples < sides[1])).mean()
    assert inside == pytest.approx(0.9, abs=0.01)


def test_other_models():
    data = brute.data(3)
    data["up"] = (data["y"] > data["y"].mean()).astype(int)
    assert titles(mlm.check(mlm.lm("y ~ x", data)))[-1] == "Influence of rows"
    assert titles(mlm.check(mlm.glm("up ~ x", data))) == [
        "Averages of residuals",
        "Size of residuals",
        "Influence of rows",
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MlmWarning)
        assert titles(mlm.check(mlm.glmer("up ~ x + (1 | h)", data))) == [
            "Averages of residuals",
            "Size of residuals",
            "(Intercept) of h",
            "Influence of h",
        ]


def test_given_axes_and_what_is_refused():
    m = mixed("y ~ x + (1 | g)")
    _, grid = plt.subplots(3, 2, layout="constrained")
    assert mlm.check(m, ax=grid)[0] is grid[0, 0]
    with pytest.raises(mlm.ArgumentError, match="5 panels"):
        mlm.check(m, ax=plt.subplots()[1])
    with pytest.raises(mlm.ArgumentError, match="grouping"):
        mlm.check(m, "x")
    with pytest.raises(mlm.ArgumentError, match="leave `groups` out"):
        mlm.check(mlm.lm("y ~ x", brute.data(3)), "g")


def test_residuals_of_a_mixed_model():
    """Standardized ones, conditional and marginal, by dense algebra."""
    data = brute.data(2)
    m = mlm.lmer("y ~ x + (1 | g)", data, weights="w")
    x, root = m.x.to_numpy(), np.sqrt(data["w"].to_numpy())
    same = data["g"].to_numpy()[:, None] == data["g"].to_numpy()
    v = np.diag(m.sigma**2 / data["w"]) + m.varcorr["vcov"].iloc[0] * same
    away = m.y.to_numpy() - x @ m.fixef.to_numpy()
    variance = v - x @ m.vcov.to_numpy() @ x.T
    assert m.residuals(level="marginal").to_numpy() == pytest.approx(away)
    assert m.residuals("pearson", "marginal").to_numpy() == pytest.approx(away * root)
    assert m.residuals("standardized", "marginal").to_numpy() == pytest.approx(away / np.sqrt(variance.diagonal()))
    h = mlm.influence(m).leverage.to_numpy()
    assert m.residuals("standardized").to_numpy() == pytest.approx(
        m.resid.to_numpy() * root / (m.sigma * np.sqrt(1 - h))
    )
    assert m.residuals("scaled").to_numpy() == pytest.approx(m.scaled_resid.to_numpy())
    with pytest.raises(mlm.ArgumentError, match="`type`"):
        m.residuals("raw")
    with pytest.raises(mlm.ArgumentError, match="`level`"):
        m.residuals(level="cluster")
