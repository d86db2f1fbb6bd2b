"""Figures: what is drawn are the numbers of the model or of the data."""

from types import SimpleNamespace

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from rmodels import data
from scipy import stats

import mlm
from mlm import plot


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def slopes():
    return mlm.lmer("y ~ x + f + (x | g)", data())


@pytest.fixture(scope="module")
def intercepts():
    return mlm.lmer("y ~ x + (1 | g)", data(), reml=False)


def drawn(axes):
    """Draw, so that layout and text are computed; filterwarnings turn a failing layout into an error."""
    (axes[0] if isinstance(axes, np.ndarray) else axes).figure.canvas.draw()
    return axes


def test_caterpillar(slopes):
    panels = drawn(plot.caterpillar(slopes))
    modes = slopes.ranef()
    first, second = panels
    intercept = modes[modes["term"] == "(Intercept)"].sort_values("condval")
    np.testing.assert_allclose(first.lines[-1].get_xdata(), intercept["condval"])
    assert [label.get_text() for label in first.get_yticklabels()] == intercept["grp"].astype(str).tolist()
    whiskers = first.collections[0].get_segments()
    lengths = [segment[1, 0] - segment[0, 0] for segment in whiskers]
    np.testing.assert_allclose(lengths, 2 * stats.norm.ppf(0.975) * intercept["condsd"])
    # both panels list the groups in one order
    slope = modes[modes["term"] == "x"].set_index("grp").loc[intercept["grp"], "condval"]
    np.testing.assert_allclose(second.lines[-1].get_xdata(), slope)
    by_slope = plot.caterpillar(slopes, "g", sort_by="x")[1].lines[-1].get_xdata()
    assert (np.diff(by_slope) > 0).all()


def test_caterpillar_of_many_groups_has_no_names():
    many = data().assign(k=np.arange(180) % 70)
    m = mlm.lmer("y ~ 1 + (1 | k)", many.assign(y=many["y"] + many["k"]))
    ax = drawn(plot.caterpillar(m))[0]
    assert ax.get_ylabel() == "k (70 groups)"
    assert len(ax.get_yticks()) == 0


def test_facet_histogram():
    panels = drawn(plot.facet_histogram(data(), "y", "g", bins=9, xlabel="Outcome"))
    assert [ax.get_title() for ax in panels] == [str(k) for k in range(1, 16)]
    heights = [sum(patch.get_height() for patch in ax.patches) for ax in panels]
    assert heights == data()["g"].value_counts(sort=False).sort_index().tolist()
    assert len({ax.get_xlim() for ax in panels}) == 1
    assert panels[0].figure.get_supxlabel() == "Outcome"
    assert panels[0].figure.get_supylabel() == "Frequency"


def test_facet_histogram_takes_edges():
    thirds = {"y": [0, 1 / 3, 1 / 3, 2 / 3, 1, 1], "g": list("abbbbb")}
    panels = drawn(plot.facet_histogram(thirds, "y", "g", bins=np.arange(5) / 3 - 1 / 6))
    heights = [[patch.get_height() for patch in ax.patches] for ax in panels]
    assert heights == [[1, 0, 0, 0], [0, 2, 1, 2]]


@pytest.mark.parametrize("kind", ["density", "points"])
def test_facet_lines(kind):
    panels = drawn(plot.facet_density_lines(data(), "x", "y", "h", kind=kind, ncols=3))
    for ax, (name, rows) in zip(panels, data().groupby("h"), strict=True):
        fitted = mlm.lm("y ~ x", rows)
        assert ax.get_title() == name
        ends = ax.lines[0].get_xdata()
        np.testing.assert_allclose(ax.lines[0].get_ydata(), fitted.predict({"x": ends}), rtol=1e-9)
    if kind == "density":
        assert panels[0].collections[0].get_array().sum() == pytest.approx(1)
    else:
        assert len(panels[0].collections[0].get_offsets()) == (data()["h"] == "a").sum()


def test_group_lines_of_a_mixed_model(slopes):
    ax = plot.group_lines(slopes, "x", ylabel="Outcome")
    drawn(ax)
    shares = data()["f"].value_counts(normalize=True)
    typical = sum(slopes.fixef.get(f"f{k}", 0) * share for k, share in shares.items())
    coef = slopes.coef()
    for line, group in zip(ax.lines, coef.index, strict=False):
        across = line.get_xdata()
        mine = data().loc[data()["g"] == group, "x"]
        assert (across[0], across[-1]) == (mine.min(), mine.max())
        expected = coef.loc[group, "(Intercept)"] + coef.loc[group, "x"] * across + typical
        np.testing.assert_allclose(line.get_ydata(), expected, rtol=1e-9)
    middle = ax.lines[-1]
    np.testing.assert_allclose(
        middle.get_ydata(), slopes.fixef["(Intercept)"] + slopes.fixef["x"] * middle.get_xdata() + typical, rtol=1e-9
    )
    assert ax.get_ylabel() == "Outcome"


def test_group_lines_of_dummies():
    m = mlm.lm("y ~ x + C(h)", data())
    ax = plot.group_lines(m, "x", by="h")
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == list("abcdef")
    for line, level in zip(ax.lines, labels, strict=True):
        expected = m.predict({"x": line.get_xdata(), "h": [level] * 50})
        np.testing.assert_allclose(line.get_ydata(), expected, rtol=1e-9)
    counts = [len(points.get_offsets()) for points in ax.collections]
    assert counts == data()["h"].value_counts().sort_index().tolist()


def test_group_lines_of_data():
    ax = plot.group_lines(data(), "x", y="y", by="h", points=False)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [*"abcdef", "overall"]
    whole = mlm.lm("y ~ x", data())
    np.testing.assert_allclose(ax.lines[-1].get_ydata(), whole.predict({"x": ax.lines[-1].get_xdata()}), rtol=1e-9)


def test_group_lines_of_data_with_names_that_models_have():
    odd = data().assign(coefficients=0, ngrps=0, response=1)
    ax = plot.group_lines(odd, "x", y="y", by="h")
    assert ax.get_ylabel() == "y"
    assert len(ax.lines) == 7


def test_dot_and_whisker(slopes):
    linear = mlm.lm("y ~ x + z", data())
    ax = plot.dot_and_whisker([slopes, linear], names=["MLM", "OLS"], coef_names={"x": "Hours"})
    drawn(ax)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["Hours", "fmid", "fhigh", "z"]
    first, second = ax.containers
    np.testing.assert_allclose(first[0].get_xdata(), slopes.fixef[["x", "fmid", "fhigh"]])
    np.testing.assert_allclose(second[0].get_xdata(), linear.fixef[["x", "z"]])
    segments = np.array(second[2][0].get_segments())[:, :, 0]
    np.testing.assert_allclose(segments, linear.confint().loc[["x", "z"]])
    assert plot.dot_and_whisker(linear, intercept=True).get_legend() is None


def test_rows_of_coefficients_are_those_of_a_table():
    """The column fv of one model, and the level v of f in another, have one label and two rows."""
    rng = np.random.default_rng(8)
    d = data().assign(fv=rng.normal(size=len(data())), f=rng.choice(["u", "v"], len(data())))
    fits = [mlm.lm(f"y ~ {right}", d) for right in ("fv", "f", "f + fv")]
    ax = plot.dot_and_whisker(fits)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["fv", "fv"]
    for m, drawn_here, places in zip(fits, ax.containers, ([0], [1], [0, 1]), strict=True):
        np.testing.assert_allclose(sorted(drawn_here[0].get_xdata()), sorted(m.fixef.iloc[1:]))
        assert np.round(drawn_here[0].get_ydata()).tolist() == places
    np.testing.assert_allclose(ax.containers[2][0].get_xdata(), fits[2].fixef.iloc[:0:-1])  # fv, then f


def test_labels_of_coefficients_are_those_of_a_table():
    one, other = mlm.lm("y ~ x", data()), mlm.lm("y ~ z", data())
    for names in ({"x": "Both", "z": "Both", "(Intercept)": "Constant"}, ["Both", "Both"]):
        ax = plot.dot_and_whisker([one, other], coef_names=names)
        assert [label.get_text() for label in ax.get_yticklabels()] == ["Both"]
    assert [c[0].get_xdata().tolist() for c in ax.containers] == [[one.fixef["x"]], [other.fixef["z"]]]


def test_effect_lines(slopes):
    found = mlm.effect(slopes, "x", at={"f": ["low", "high"]})
    ax = found.plot(xlabel="Hours", at_label="Kind")
    drawn(ax)
    assert ax.get_xlabel() == "Hours"
    assert ax.get_legend().get_title().get_text() == "Kind"
    for line, (_, rows) in zip(ax.lines, found.frame.groupby("f", sort=False), strict=True):
        np.testing.assert_array_equal(line.get_ydata(), rows["fit"])
    categories = mlm.effect(slopes, "f").plot()
    assert [label.get_text() for label in categories.get_xticklabels()] == ["low", "mid", "high"]


def test_effect_lines_are_drawn_from_what_they_show():
    frame = pd.DataFrame({"x": [0, 1], "fit": [1.0, 2.0], "lower": [0.5, 1.0], "upper": [1.5, 3.0]})
    found = SimpleNamespace(frame=frame, focal="x", at=(), categorical=False, response="y")
    ax = plot.effect_lines(found)
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [1.0, 2.0])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x", "y")


def test_histograms(slopes, intercepts):
    ax = plot.ranef_histogram(slopes, "x", bins=5)
    assert sum(patch.get_height() for patch in ax.patches) == 15
    assert ax.get_xlabel() == "Empirical Bayes estimate of x"
    ax = plot.residual_histogram(intercepts, bins=20)
    assert sum(patch.get_height() for patch in ax.patches) == 180
    width = ax.patches[0].get_width()
    across, density = ax.lines[0].get_data()
    np.testing.assert_allclose(density, 180 * width * stats.norm.pdf(across, scale=intercepts.sigma))
    assert plot.residual_histogram(mlm.lm("y ~ x", data()), ax=ax) is ax


@pytest.mark.parametrize("reml", [True, False])
def test_likelihood_curve(intercepts, reml):
    m = intercepts.refit(reml=reml)
    ax = plot.likelihood_curve(m)
    drawn(ax)
    across, curve = ax.lines[0].get_data()
    assert curve.max() <= m.loglik + 1e-9
    assert ax.lines[1].get_xdata()[0] == pytest.approx(mlm.icc(m).adjusted)
    low, high = (float(text) for text in ax.texts[1].get_text().split("\n")[1].split(" to "))
    # at the ends of the interval, which the figure prints with three decimals, the curve is 1.92 below its top
    np.testing.assert_allclose(np.interp([low, high], across, curve), m.loglik - 1.9207, atol=0.02)
    assert ax.get_ylabel().startswith("Restricted") is reml


def test_likelihood_curve_at_the_boundary():
    flat = data().assign(y=lambda d: d["y"] - d.groupby("g")["y"].transform("mean"))
    with pytest.warns(mlm.SingularFitWarning):
        m = mlm.lmer("y ~ 1 + (1 | g)", flat)
    assert "0.000 to" in plot.likelihood_curve(m).texts[1].get_text()


def test_an_axes_can_be_given(intercepts):
    _, ax = plt.subplots()
    assert plot.likelihood_curve(intercepts, ax=ax) is ax


def test_refuses(slopes, intercepts):
    with pytest.raises(mlm.ArgumentError, match="'h' is not a grouping factor of this model; these are: g"):
        plot.caterpillar(slopes, "h")
    with pytest.raises(mlm.ArgumentError, match="'z' is not a random effect here"):
        plot.caterpillar(slopes, sort_by="z")
    with pytest.raises(mlm.ArgumentError, match="between 0 and 1; got 95"):
        plot.caterpillar(slopes, level=95)
    with pytest.raises(mlm.ArgumentError, match="'z' is not a random effect here"):
        plot.ranef_histogram(slopes, "z")
    with pytest.raises(mlm.FitError, match="has 3 covariance parameters"):
        plot.likelihood_curve(slopes)
    with pytest.raises(mlm.ArgumentError, match="1 models need 1 names; got 2"):
        plot.dot_and_whisker(slopes, names=["a", "b"])
    with pytest.raises(mlm.ArgumentError, match="no coefficients to draw"):
        plot.dot_and_whisker(mlm.lm("y ~ 1", data()))
    with pytest.raises(mlm.ArgumentError, match="kind must be"):
        plot.facet_density_lines(data(), "x", "y", "g", kind="dots")
    for bins in (0, 2.5, [1], [1, 0], [[1, 2]], "auto", [0, np.nan]):
        with pytest.raises(mlm.ArgumentError, match=r"bins must be .*; got "):
            plot.facet_histogram(data(), "y", "g", bins=bins)


def test_data_figures_refuse():
    with pytest.raises(mlm.DataError, match=r"no column 'yy'\. Did you mean 'y'"):
        plot.facet_histogram(data(), "yy", "g")
    with pytest.raises(mlm.DataError, match="'h' is not numeric"):
        plot.facet_histogram(data(), "h", "g")
    with pytest.raises(mlm.DataError, match="got list"):
        plot.facet_histogram([1], "y", "g")
    with pytest.raises(
        mlm.DataError, match=r"No row is complete: all 2 rows have missing values, by column: y \(1\), g \(1\)"
    ):
        plot.facet_histogram({"y": [None, 1.0], "g": ["a", None]}, "y", "g")


def test_group_lines_refuse(slopes):
    linear = mlm.lm("y ~ x + C(h)", data())
    with pytest.raises(mlm.ArgumentError, match="'f' is not a numeric predictor of this model; these are: x"):
        plot.group_lines(slopes, "f")
    with pytest.raises(mlm.ArgumentError, match="'h' is not a grouping factor"):
        plot.group_lines(slopes, "x", by="h")
    with pytest.raises(mlm.ArgumentError, match="name a category"):
        plot.group_lines(linear, "x")
    with pytest.raises(mlm.ArgumentError, match="'g' is not a category of this model; these are: h"):
        plot.group_lines(linear, "x", by="g")
    with pytest.raises(mlm.ArgumentError, match="y= and by="):
        plot.group_lines(data(), "x")
    with pytest.raises(mlm.DataError, match="does not vary within any of the 2 groups"):
        plot.group_lines({"x": [1, 1, 2, 2], "y": [1, 2, 3, 4], "g": list("aabb")}, "x", y="y", by="g")
    hidden = mlm.lmer("y ~ x + (0 + I(z + 2) | g)", data())
    with pytest.raises(mlm.FitError, match=r"slope 'I\(z \+ 2\)' has no typical value"):
        plot.group_lines(hidden, "x")
