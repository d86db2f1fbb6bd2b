"""One way to ask for every figure: where it is drawn, how large, with which words; and what is refused by one error."""

import inspect
from functools import cache

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import mlm
from mlm import plot


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@cache
def made():
    """Rows of three groups, a mixed and a linear model of them."""
    rng = np.random.default_rng(3)
    d = pd.DataFrame({"x": rng.normal(size=60), "g": np.repeat(list("abc"), 20), "h": np.tile(list("uv"), 30)})
    d["y"] = d["x"] + np.repeat([-2.0, 0.0, 2.0], 20) + rng.normal(size=60)
    return d, mlm.lmer("y ~ x + (1 | g)", d), mlm.lm("y ~ x + g", d)


# each function on data or a model that suits it, and how many panels it then has
CALLS = {
    "binned_residuals": (lambda **options: plot.binned_residuals(made()[1], **options), 0),
    "caterpillar": (lambda **options: plot.caterpillar(made()[1], **options), 1),
    "dot_and_whisker": (lambda **options: plot.dot_and_whisker(made()[2], **options), 0),
    "effect_lines": (lambda **options: plot.effect_lines(mlm.effect(made()[2], "x"), **options), 0),
    "facet_density_lines": (lambda **options: plot.facet_density_lines(made()[0], "x", "y", "g", **options), 3),
    "facet_histogram": (lambda **options: plot.facet_histogram(made()[0], "y", "g", **options), 3),
    "group_lines": (lambda **options: plot.group_lines(made()[0], "x", y="y", by="g", **options), 0),
    "likelihood_curve": (lambda **options: plot.likelihood_curve(made()[1], **options), 0),
    "mean_intervals": (lambda **options: plot.mean_intervals(mlm.emmeans(made()[2], "g"), **options), 0),
    "ranef_histogram": (lambda **options: plot.ranef_histogram(made()[1], **options), 0),
    "residual_histogram": (lambda **options: plot.residual_histogram(made()[1], **options), 0),
    "zeta_curves": (lambda **options: plot.zeta_curves(mlm.profile(made()[1], "sigma"), **options), 1),
}
every = pytest.mark.parametrize("name", CALLS)


def test_every_function_is_asked():
    functions = {name for name in plot.__all__ if inspect.isfunction(getattr(plot, name))}
    assert set(CALLS) == functions - {"use_style"}  # which draws nothing


@every
def test_options_have_one_name_and_one_default(name):
    parameters = inspect.signature(getattr(plot, name)).parameters
    for option in ("ax", "figsize", "title", "xlabel", "ylabel"):
        assert parameters[option].default is None
        assert parameters[option].kind is inspect.Parameter.KEYWORD_ONLY


@every
def test_axes_come_back(name):
    draw, panels = CALLS[name]
    axes = draw(figsize=(5, 3.5), title="A $ and a $", xlabel="across_%", ylabel="up $x$")
    assert isinstance(axes, np.ndarray) is bool(panels)
    first = np.ravel(axes)[0]
    assert np.shape(axes) == ((panels,) if panels else ())
    assert first.figure.get_size_inches().tolist() == [5, 3.5]
    words = {text.get_text() for text in first.figure.findobj(mpl.text.Text)}
    assert {"A $ and a $", "up $x$"} <= words
    assert any("across_%" in text for text in words)
    first.figure.canvas.draw()


@every
def test_axes_are_taken(name):
    draw, panels = CALLS[name]
    figure, given = plt.subplots(2, 2)
    axes = draw(ax=given if panels else given[0, 1], title="Title", xlabel="across", ylabel="up")
    assert set(np.ravel(axes)) <= set(given.flat)
    first = np.ravel(axes)[0]
    assert first.get_ylabel() == "up"
    assert first.get_xlabel().startswith("across")
    assert plt.get_fignums() == [figure.number]
    figure.canvas.draw()


@every
def test_one_axes_holds_one_panel(name):
    draw, panels = CALLS[name]
    _, ax = plt.subplots()
    if panels > 1:
        with pytest.raises(mlm.ArgumentError, match=r"There are 3 panels, and ax has 1 Axes\. Give an array of 3"):
            draw(ax=ax)
    else:
        assert np.ravel(draw(ax=ax))[0] is ax


WRONG = {
    "ax is text": ({"ax": "ax"}, "ax is a matplotlib Axes .* got str"),
    "ax is a figure": ({"ax": "figure"}, "ax is a matplotlib Axes .* got Figure"),
    "ax was removed": ({"ax": "removed"}, "ax was removed from its figure"),
    "ax is polar": ({"ax": "polar"}, "ax has the projection 'polar'"),
    "ax is of three dimensions": ({"ax": "3d"}, "ax has the projection '3d'"),
    "figsize is a number": ({"figsize": 5}, r"figsize is the width and the height in inches.*got 5"),
    "figsize is nothing": ({"figsize": (0, 3)}, r"figsize is .*got \(0, 3\)"),
    "figsize is not finite": ({"figsize": (np.inf, 3)}, "figsize is "),
    "title is a number": ({"title": 5}, "A label of a figure is a text; got int"),
    "xlabel is a list": ({"xlabel": ["x"]}, "A label of a figure is a text; got list"),
    "ylabel is True": ({"ylabel": True}, "A label of a figure is a text; got bool"),
}


def removed():
    """Axes for three panels, off their figure."""
    each = plt.subplots(1, 1)[1]
    each.remove()
    return each


@every
@pytest.mark.parametrize("what", WRONG)
def test_wrong_options_are_refused_by_name(name, what):
    options, message = WRONG[what]
    made_here = {
        "figure": lambda: plt.figure(),
        "removed": removed,
        "polar": lambda: plt.subplots(subplot_kw={"projection": "polar"})[1],
        "3d": lambda: plt.subplots(subplot_kw={"projection": "3d"})[1],
    }
    ((key, value),) = options.items()
    options = {key: made_here[value]() if key == "ax" and value in made_here else value}
    before = plt.get_fignums()
    draw, _ = CALLS[name]
    with pytest.raises(mlm.ArgumentError, match=message):
        draw(**options)
    assert plt.get_fignums() == before


@every
def test_a_size_belongs_to_a_new_figure(name):
    with pytest.raises(mlm.ArgumentError, match="figsize is the size of a new figure"):
        CALLS[name][0](ax=plt.subplots(1, 3)[1], figsize=(4, 4))


@every
def test_an_array_of_axes_is_no_axes(name):
    draw, panels = CALLS[name]
    if not panels:
        with pytest.raises(mlm.ArgumentError, match=r"got ndarray\. Of an array of Axes, give one"):
            draw(ax=plt.subplots(1, 3)[1])
    else:
        with pytest.raises(mlm.ArgumentError, match=r"ax is a matplotlib Axes .* got int"):
            draw(ax=[1, 2, 3])


NO_ROWS = {"x": [], "y": [], "g": []}
ONE_GAP = {"x": [1.0, None], "y": [None, 2.0], "g": ["a", "b"]}
CATALOGUE = {
    "no columns": (lambda: plot.facet_histogram({}, "y", "g"), "no column 'y'"),
    "no rows": (lambda: plot.facet_histogram(NO_ROWS, "y", "g"), "have no rows"),
    "no rows, lines": (lambda: plot.group_lines(NO_ROWS, "x", y="y", by="g"), "have no rows"),
    "no complete row": (lambda: plot.group_lines(ONE_GAP, "x", y="y", by="g"), r"No row is complete: all 2 rows"),
    "ncols=0": (lambda: plot.facet_histogram(made()[0], "y", "g", ncols=0), "ncols, .* positive whole number; got 0"),
    "ncols=True": (lambda: plot.facet_histogram(made()[0], "y", "g", ncols=2.0), "ncols, .* got 2.0"),
    "bins=0": (lambda: plot.facet_histogram(made()[0], "y", "g", bins=0), "bins must be a positive whole .*got 0"),
    "bins=0, modes": (lambda: plot.ranef_histogram(made()[1], bins=0), "bins must be a positive whole .*got 0"),
    "bins=0, residuals": (lambda: plot.residual_histogram(made()[1], bins=0), "bins must be .*got 0"),
    "bins of more than the rows": (lambda: plot.binned_residuals(made()[1], bins=61), "from 1 to the 60 rows; got 61"),
    "bins=0, averages": (lambda: plot.binned_residuals(made()[1], bins=0), "bins is a number of bins.*got 0"),
    "gridsize=0": (lambda: plot.facet_density_lines(made()[0], "x", "y", "g", gridsize=0), "gridsize, .* got 0"),
    "kind": (lambda: plot.facet_density_lines(made()[0], "x", "y", "g", kind="violin"), "kind must be .*'violin'"),
    "values=5": (lambda: mlm.effect(made()[2], "x", values=5), r"Values of 'x' are a list, such as \[0, 1\]; got 5"),
    "df=0": (lambda: mlm.effect(made()[2], "x", df=0), "df is a positive number; got 0"),
    "unknown column": (lambda: plot.facet_histogram(made()[0], "yy", "g"), "no column 'yy'.* Did you mean 'y'"),
    "text for numbers": (lambda: plot.facet_histogram(made()[0], "h", "g"), "Column 'h' is not numeric"),
    "a number for a column": (lambda: plot.facet_histogram(made()[0], ["y"], "g"), "given by its name, a text; got li"),
    "unknown group": (lambda: plot.caterpillar(made()[1], "h"), "'h' is not a grouping factor .* these are: g"),
    "unknown term": (lambda: plot.ranef_histogram(made()[1], "x"), "'x' is not a random effect here; these are: .Int"),
    "unknown order": (lambda: plot.caterpillar(made()[1], sort_by="z"), "'z' is not a random effect here"),
    "level=95": (lambda: plot.caterpillar(made()[1], level=95), "between 0 and 1; got 95"),
    "level=0": (lambda: plot.dot_and_whisker(made()[1], level=0), "between 0 and 1; got 0"),
    "level=1": (lambda: plot.likelihood_curve(made()[1], level=1), "between 0 and 1; got 1"),
    "points=1": (lambda: plot.likelihood_curve(made()[1], points=1), "points is a whole number, at least 2; got 1"),
    "points=text": (lambda: plot.group_lines(made()[1], "x", points="no"), "points is True or False; got str"),
    "overall=1": (lambda: plot.group_lines(made()[1], "x", overall=1), "overall is True or False; got int"),
    "intercept=1": (lambda: plot.dot_and_whisker(made()[1], intercept=1), "intercept is True or False; got int"),
    "a frame for a model": (lambda: plot.caterpillar(made()[0]), "a mixed model that .* mlm.glmer .* got DataFrame"),
    "a linear model": (lambda: plot.caterpillar(made()[2]), "a mixed model that .* mlm.glmer .* got LinearModel"),
    "a model for an effect": (lambda: plot.effect_lines(made()[2]), r"mlm\.effect\(model, focal\) gives; got Linear"),
    "a model for data": (lambda: plot.facet_histogram(made()[1], "y", "g"), "got MixedModel"),
    "gridsize=True": (lambda: plot.facet_density_lines(made()[0], "x", "y", "g", gridsize=True), "gridsize.*got True"),
    "a million bins": (
        lambda: plot.facet_histogram(made()[0], "y", "g", bins=1_000_000), "number up to 100,000, .*got 1000000",
    ),
    "a range beyond floats": (
        lambda: plot.facet_histogram({"x": [-1.7e308, 1.7e308], "g": ["a", "a"]}, "x", "g"), "no float has; rescale",
    ),
    "names in a set": (lambda: plot.dot_and_whisker(made()[1], names={"a"}), "names are a list .* got set"),
    "no name": (lambda: plot.dot_and_whisker(made()[1], names=[None]), "names has a name that is not text: NoneType"),
    "labels in a set": (lambda: plot.dot_and_whisker(made()[1], coef_names={"a"}), "coef_names is a list .* got set"),
    "labels of nothing": (lambda: plot.dot_and_whisker(made()[1], coef_names={"nope": "a"}), "the coefficient 'nope'"),
    "two of one label": (lambda: plot.dot_and_whisker(made()[2], coef_names={"x": "a", "gb": "a"}), "x and gb would"),
    "a size in a set": (lambda: plot.dot_and_whisker(made()[1], figsize={4, 5}), "figsize is the width"),
    "bins in a set": (lambda: plot.facet_histogram(made()[0], "y", "g", bins={0, 1, 8}), "bins must be"),
    "models in a set": (lambda: plot.dot_and_whisker({made()[1], made()[2]}), "A fitted model is needed; got set"),
    "another response": (lambda: plot.group_lines(made()[1], "x", y="x"), "of its response, 'y'; y='x' is another"),
    "another response of data": (
        lambda: plot.group_lines(made()[1], "x", y="x", data=made()[0]), "of its response, 'y'; y='x' is another",
    ),
    "another response of lm": (
        lambda: plot.group_lines(made()[2], "x", by="g", y="h"), "of its response, 'y'; y='h' is another",
    ),
    "names": (lambda: plot.dot_and_whisker(made()[1], names=["a", "b"]), "1 models need 1 names; got 2"),
    "no source": (lambda: plot.group_lines(None, "x", y="y", by="g"), "got NoneType"),
    "no predictor": (lambda: plot.group_lines(made()[1]), "x names the numeric predictor"),
    "two frames": (lambda: plot.group_lines(made()[0], "x", data=made()[0]), "Beside data=, .* got DataFrame"),
    "no response": (lambda: plot.group_lines(data=made()[0], x="x", by="g"), "y= and by="),
    "no category": (lambda: plot.group_lines(made()[2], "x", by="x"), "'x' is not a category .*these are: g"),
    "no categories": (
        lambda: plot.group_lines(mlm.lm("y ~ x", made()[0]), "x", by="g"), "'g' is not a category .*these are: none",
    ),
    "no numbers": (
        lambda: plot.group_lines(mlm.lm("y ~ g", made()[0]), "x", by="g"), "not a numeric predictor .*are: none",
    ),
    "other groups": (
        lambda: plot.group_lines(made()[1], "x", data=made()[0].assign(g="z")),
        "No group of the model, a, b, c, is in the column 'g'",
    ),
    "fifty models": (lambda: plot.dot_and_whisker([made()[2]] * 50), "at most 49 models apart; got 50 models"),
}  # fmt: skip


@pytest.mark.parametrize("case", CATALOGUE)
def test_wrong_arguments_are_refused_by_one_error(case):
    draw, message = CATALOGUE[case]
    with pytest.raises(mlm.errors.MlmError, match=message) as refused:
        draw()
    assert refused.value.__cause__ is None
    assert not str(refused.value).endswith((": .", ":"))
    assert not plt.get_fignums()  # nothing half drawn is left


def test_lines_are_seen_on_dark_ground():
    with plt.style.context("dark_background"):
        ax = plot.group_lines(made()[0], "x", y="y", by="g")
        assert mpl.colors.to_hex(ax.lines[-1].get_color()) == "#ffffff"
        assert mpl.colors.to_hex(plot.style.color(6)) == "#ffffff"
    assert mpl.colors.to_hex(plot.style.color(6)) == "#000000"
