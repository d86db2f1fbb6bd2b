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
    assert heights == pytest.approx(mlm.influence(m, "h", "HLMdiag").cooks_distance.tolist())
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


def residual_models():
    data = brute.data(2)
    data["up"] = (data["y"] > data["y"].mean()).astype(int)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MlmWarning)
        return {
            "lm": mlm.lm("y ~ x", data),
            "glm": mlm.glm("up ~ x", data),
            "lmer": mlm.lmer("y ~ x + (1 | g) + (1 | h)", data),
            "glmer": mlm.glmer("up ~ x + (1 | h)", data),
        }


def test_residuals_of_all_models_by_one_name():
    for kind, m in residual_models().items():
        assert mlm.residuals(m).to_numpy() == pytest.approx(m.resid.to_numpy()), kind
        for type in ("response", "pearson", "deviance", "working", "standardized"):
            assert mlm.residuals(m, type=type).equals(m.residuals(type)), (kind, type)
        with pytest.raises(mlm.ArgumentError, match="`type`"):
            mlm.residuals(m, "raw")
    with pytest.raises(mlm.ArgumentError, match="it has type"):
        mlm.residuals(m, kind="pearson")


def test_residuals_of_a_linear_model():
    m = residual_models()["lm"]
    x = m.x.to_numpy()
    h = np.einsum("ij,ji->i", x, np.linalg.pinv(x))
    assert m.residuals("pearson").tolist() == m.resid.tolist()
    assert m.residuals("standardized").to_numpy() == pytest.approx(m.resid / (m.sigma * np.sqrt(1 - h)))


@pytest.mark.parametrize("kind", ["lmer", "glmer"])
def test_two_spellings_of_what_residuals_are_taken_about(kind):
    m = residual_models()[kind]
    for type in ("response", "pearson"):
        without = m.residuals(type, re_form=False)
        assert without.equals(m.residuals(type, level="marginal"))
        assert without.equals(m.residuals(type, "marginal"))
        assert without.equals(m.residuals(type, "NA"))
        assert m.residuals(type, level="conditional").equals(m.residuals(type))
    with pytest.raises(mlm.ArgumentError, match="give one of them"):
        m.residuals("response", re_form=False, level="marginal")
    with pytest.raises(mlm.ArgumentError, match="`level`"):
        m.residuals(level="cluster")
    with pytest.raises(mlm.ArgumentError, match=r"[Ss]tandardized residuals"):
        m.residuals("standardized", "(1 | h)" if kind == "lmer" else False)


def test_residuals_with_some_random_effects():
    m = residual_models()["lmer"]
    part = m.y - m.predict(re_form="(1 | g)")
    assert m.residuals(re_form="(1 | g)").to_numpy() == pytest.approx(part.to_numpy())


def test_a_row_that_is_fitted_whatever_it_is():
    """Its Cook's distance is not drawn, and this is said; the limits are those of the others."""
    data = brute.data(3)
    data["q"] = np.where(np.arange(len(data)) == 5, "one", "rest")
    for m in (mlm.lm("y ~ q + x", data), mlm.glm("y ~ q + x", data, family="gaussian")):
        last = mlm.check(m)[-1]
        last.figure.canvas.draw()
        cooks = mlm.influence(m).cooks_distance
        assert len(last.collections[0].get_segments()) == len(data) - 1
        assert last.get_ylim()[1] == pytest.approx(1.15 * cooks.max())
        assert "1 not to be left out" in last.get_xlabel()


def test_fewer_groups_than_coefficients():
    data = brute.data(3)
    data["f"] = np.array(list("abcdefghijklmnopqrstuvwxyz"))[np.arange(len(data)) % (data["g"].nunique() + 1)]
    m = mlm.lmer("y ~ f + (1 | g)", data)
    last = mlm.check(m)[-1]
    heights = [segment[1, 1] for segment in last.collections[0].get_segments()]
    assert min(heights) > 0
    assert last.get_ylim()[1] > max(heights)


def named(ax):
    ax.figure.canvas.draw()
    return [text for text in ax.texts if text.get_text()]


def test_long_names_are_told_apart_and_stay_inside():
    data = brute.data(2)
    data["school"] = [f"The long name of school number {g} in the district of Saint $x_1$ & Co" for g in data["g"]]
    last = mlm.check(mlm.lmer("y ~ x + (1 | school)", data))[-1]
    texts = named(last)
    assert texts
    assert len({text.get_text() for text in texts}) == len(texts)
    inside = last.get_window_extent()
    for text in texts:
        box = text.get_window_extent()
        assert inside.x0 - 1 <= box.x0
        assert box.x1 <= inside.x1 + 1


@pytest.mark.parametrize("groups", [3, 40, 400])
def test_names_do_not_stand_over_each_other(groups):
    rng = np.random.default_rng(groups)
    g = np.repeat(np.arange(groups), 5)
    data = {"g": [f"group of {k}" for k in g], "y": rng.normal(size=groups)[g] + rng.normal(size=len(g))}
    texts = named(mlm.check(mlm.lmer("y ~ 1 + (1 | g)", data))[-1])
    boxes = [text.get_window_extent() for text in texts]
    assert boxes
    for k, one in enumerate(boxes):
        assert not any(one.overlaps(other) for other in boxes[:k])


@pytest.mark.parametrize("groups", [12, 30])
@pytest.mark.parametrize(
    "name", ["abcdefghijklmnopqrstuvwxyzabcdefghijklmn{:02d}", "{:02d} of the schools of the town of X"]
)
def test_long_names_do_not_stand_over_names_or_bars(groups, name):
    rng = np.random.default_rng(1)
    g = np.repeat(np.arange(groups), 12)
    data = {"g": [name.format(k) for k in g], "y": rng.normal(size=groups)[g] + rng.normal(size=len(g))}
    last = mlm.check(mlm.lmer("y ~ 1 + (1 | g)", data))[-1]
    boxes = [text.get_window_extent() for text in named(last)]
    assert boxes
    bars = last.transData.transform([segment[1] for segment in last.collections[0].get_segments()])
    for k, one in enumerate(boxes):
        assert not any(one.overlaps(other) for other in boxes[:k])
        assert not ((bars[:, 0] > one.x0) & (bars[:, 0] < one.x1) & (bars[:, 1] > one.y0)).any()


def test_points_on_a_dark_page():
    m = mlm.lm("y ~ x", brute.data(3))
    light = points(mlm.check(m)[0])
    with plt.style.context("dark_background"):
        dark = points(mlm.check(m)[0])
    assert sum(mpl.colors.to_rgb(dark.get_color())) > sum(mpl.colors.to_rgb(light.get_color()))
    assert dark.get_alpha() > light.get_alpha()


def test_residuals_of_a_weighted_model():
    data = brute.data(2)
    m = mlm.lmer("y ~ x + (1 | g)", data, weights="w")
    first = mlm.check(m)[0]
    assert points(first).get_ydata() == pytest.approx(m.residuals("pearson").to_numpy())
    assert first.get_ylabel() == "Pearson residual"
