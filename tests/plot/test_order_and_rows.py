"""In which order groups come, which rows are drawn and what is said of the others, and what is drawn of weights."""

import datetime
import time
import warnings

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from frames import kinds
from matplotlib.dates import num2date
from scipy import stats

import mlm
from mlm import plot
from mlm.plot import rows as rows_of_figures
from mlm.plot.labels import inches, told_apart, wrapped
from mlm.plot.rows import natural

TEXT = ["0", "1", "10", "11", "2"]
NATURAL = ["0", "1", "2", "10", "11"]


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def rows(names=TEXT, each=6, seed=4):
    """Rows of groups with these names."""
    rng = np.random.default_rng(seed)
    which = np.repeat(np.arange(len(names)), each)
    d = pd.DataFrame({"x": rng.normal(size=len(which)), "g": np.array(names, dtype=object)[which]})
    d["y"] = d["x"] + rng.normal(size=len(names))[which] + 0.3 * rng.normal(size=len(which))
    return d


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


@pytest.mark.parametrize(
    ("given", "right"),
    [
        (TEXT, NATURAL),
        (["a10", "a2"], ["a2", "a10"]),
        (["B1", "a1", "a10", "a9"], ["a1", "a9", "a10", "B1"]),
        (["1e3", "20", "3.5"], ["3.5", "20", "1e3"]),
        (["001", "01", "1"], ["001", "01", "1"]),
        (["9" * 5000, "9" * 5000 + "1"], ["9" * 5000, "9" * 5000 + "1"]),
        (["high", "mid", "low"], ["high", "mid", "low"]),
        ([10, 2], [10, 2]),
        ([], []),
    ],
)
def test_natural_order(given, right):
    assert natural(given) == right


def test_text_comes_in_the_order_of_its_numbers_in_every_figure():
    d = rows()
    mixed, dummies = mlm.lmer("y ~ x + (1 | g)", d), mlm.lm("y ~ x + g", d)
    assert [ax.get_title() for ax in plot.facet_histogram(d, "y", "g")] == NATURAL
    assert [ax.get_title() for ax in plot.facet_density_lines(d, "x", "y", "g")] == NATURAL
    assert legend(plot.group_lines(d, "x", y="y", by="g"))[:5] == NATURAL
    assert legend(plot.group_lines(mixed, "x"))[:5] == NATURAL
    assert legend(plot.group_lines(dummies, "x", by="g")) == NATURAL
    ax = plot.effect_lines(mlm.effect(dummies, "g"))
    assert [label.get_text() for label in ax.get_xticklabels()] == NATURAL
    found = mlm.effect(dummies, "g").frame.set_index("g").loc[NATURAL, "fit"]
    np.testing.assert_array_equal(ax.containers[0][0].get_ydata(), found)
    assert [label.get_text() for label in plot.dot_and_whisker(dummies).get_yticklabels()] == ["x", *(
        f"g{name}" for name in NATURAL[1:]
    )]  # fmt: skip
    assert list(dummies.fixef.index[2:]) == ["g1", "g10", "g11", "g2"]  # printed tables keep R's order


TOWNS = [f"School {k} {town}" for k, town in zip(range(1, 13), ["Bergen", "Bodø", "Oslo"] * 4, strict=True)]


def test_levels_come_by_their_first_number_whatever_follows_it():
    d = rows(TOWNS)
    shown = [label.get_text() for label in plot.dot_and_whisker(mlm.lm("y ~ g + x", d)).get_yticklabels()]
    assert [text.replace("\n", "") for text in shown] == [*(f"g{town}" for town in TOWNS[1:]), "x"]
    few, all_ = d[~d["g"].isin(TOWNS[4:])], mlm.lm("y ~ g + x", d)
    shown = plot.dot_and_whisker([mlm.lm("y ~ g + x", few), all_]).get_yticklabels()
    assert [text.get_text().replace("\n", "") for text in shown] == [*(f"g{town}" for town in TOWNS[1:]), "x"]
    assert [ax.get_title().replace("\n", " ") for ax in plot.facet_histogram(d, "y", "g")] == TOWNS


def test_no_variance_is_said_in_every_figure_of_modes():
    d = rows()
    within = d.assign(**{name: d[name] - d.groupby("g")[name].transform("mean") for name in ("x", "y")})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        flat = mlm.lmer("y ~ x + (1 | g)", within)
        part = mlm.lmer("y ~ x + (x || g)", within)
    (ax,) = plot.caterpillar(flat)
    assert ax.get_title().replace("\n", " ") == "(Intercept) (variance 0: all are 0)"
    assert plot.group_lines(flat, "x").get_legend().get_title().get_text() == "variance 0: all are 0"
    said = plot.group_lines(part, "x").get_legend().get_title().get_text().replace("\n", " ")
    assert said.startswith("(Intercept)")
    assert said.endswith(": variance 0: all are 0")
    assert not plot.group_lines(mlm.lmer("y ~ x + (1 | g)", d), "x").get_legend().get_title().get_text()


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("friends_relatives", ["friends_", "relatives"]),
        ("friends.relatives", ["friends.", "relatives"]),
        ("friends:relatives", ["friends:", "relatives"]),
        ("friends-relatives", ["friends-", "relatives"]),
        ("friends relatives", ["friends", "relatives"]),
        ("share 0.123456789", ["share", "0.123456789"]),
    ],
)
def test_names_are_broken_between_words(text, lines):
    assert wrapped(text, inches(max(lines, key=len), "medium") + 0.02, "medium").split("\n") == lines


def test_only_a_word_longer_than_a_line_is_torn():
    torn = wrapped("a_" + "m" * 20, inches("m" * 12, "medium"), "medium").split("\n")
    assert torn == ["a_", "m" * 12, "m" * 8]


def test_equal_modes_come_in_the_order_of_their_names():
    d = rows()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        flat = mlm.lmer("y ~ 1 + (1 | g)", d.assign(y=d["y"] - d.groupby("g")["y"].transform("mean")))
    (ax,) = plot.caterpillar(flat)
    assert [label.get_text() for label in ax.get_yticklabels()] == NATURAL
    assert plot.ranef_histogram(flat).get_xlabel().endswith("(variance 0: all are 0)")


@pytest.mark.parametrize("levels", [TEXT, ["11", "0", "2", "1", "10"]])
def test_ordered_categories_keep_their_order(levels):
    d = rows().assign(g=lambda d: pd.Categorical(d["g"], categories=levels, ordered=True))
    assert [ax.get_title() for ax in plot.facet_histogram(d, "y", "g")] == levels
    assert legend(plot.group_lines(d, "x", y="y", by="g"))[:5] == levels
    m = mlm.lm("y ~ x + g", d, contrasts={"g": "contr.treatment"})
    assert legend(plot.group_lines(m, "x", by="g")) == levels
    assert [label.get_text() for label in mlm.effect(m, "g").plot().get_xticklabels()] == levels
    shown = [label.get_text() for label in plot.dot_and_whisker(m).get_yticklabels()]
    assert shown == ["x", *(f"g{level}" for level in levels[1:])]


def test_more_groups_than_colours_look_different():
    ax = plot.group_lines(rows([f"g{k}" for k in range(8)]), "x", y="y", by="g")
    looks = {(line.get_color(), line.get_marker()) for line in ax.lines[:-1]}
    assert len(looks) == 8
    ax = plot.group_lines(rows([f"g{k}" for k in range(9)]), "x", y="y", by="g")
    assert legend(ax) == ["9 groups (g)", "overall"]
    assert len(ax.lines) == 10


def test_lines_of_data_are_asked_for_by_either_name():
    d = rows()
    one, other = plot.group_lines(d, "x", y="y", by="g"), plot.group_lines(data=d, x="x", y="y", by="g")
    assert legend(one) == legend(other)
    for a, b in zip(one.lines, other.lines, strict=True):
        np.testing.assert_array_equal(a.get_xydata(), b.get_xydata())


def test_other_rows_beside_the_lines_of_a_model():
    d = rows()
    m = mlm.lmer("y ~ x + (1 | g)", d)
    more = pd.concat([d[d["g"] != "10"], pd.DataFrame({"x": [9.0], "y": [1.0], "g": ["2"]})])
    ax = plot.group_lines(m, "x", data=more)
    assert legend(ax) == ["0", "1", "2", "11", "overall"]
    assert sum(len(points.get_offsets()) for points in ax.collections) == len(more)
    line = ax.lines[2]
    assert line.get_xdata()[-1] == 9
    expected = m.predict({"x": line.get_xdata(), "g": ["2"] * 50})
    np.testing.assert_allclose(line.get_ydata(), expected, rtol=1e-9)  # solved and added in another order


def test_rows_of_groups_without_a_line_are_drawn_and_said():
    d = pd.concat([rows(), pd.DataFrame({"x": [1.0, 2.0], "y": [1.0, 2.0], "g": ["alone", "single"]})])
    ax = plot.group_lines(d, "x", y="y", by="g")
    assert legend(ax)[-2:] == ["2 groups without a line", "overall"]
    np.testing.assert_array_equal(ax.collections[-1].get_offsets(), [[1, 1], [2, 2]])


def test_residuals_of_a_weighted_fit_are_those_that_have_one_variance():
    rng = np.random.default_rng(5)
    d = rows(each=200)
    weights = rng.choice([0.01, 1.0, 100.0], size=len(d))
    d["y"] = d["x"] + rng.normal(size=len(d)) / np.sqrt(weights)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.errors.SingularFitWarning)
        m = mlm.lmer("y ~ x + (1 | g)", d, weights=weights)
    edges = np.linspace(-4, 4, 17) * m.sigma
    ax = plot.residual_histogram(m, bins=edges)
    drawn = np.array([patch.get_height() for patch in ax.patches])
    np.testing.assert_array_equal(drawn, np.histogram(m.scaled_resid, edges / m.sigma)[0])
    expected = len(d) * np.diff(stats.norm.cdf(edges, scale=m.sigma))
    assert np.abs(drawn - expected).max() < 5 * np.sqrt(expected.max())  # counts vary by their square roots
    assert ax.get_xlabel() == "Residual × √weight (y)"


def test_unequal_bins_have_their_own_expected_counts():
    m = mlm.lm("y ~ x", rows())
    edges = [-3, -1, -0.5, 0, 3]
    ax = plot.residual_histogram(m, bins=edges)
    steps = ax.patches[-1].get_data()
    np.testing.assert_allclose(steps.values, m.nobs * np.diff(stats.norm.cdf(edges, scale=m.sigma)))
    assert legend(ax) == ["residuals", f"normal, SD {m.sigma:.3g}, by bin"]


DAYS = [datetime.date(2021, 3, 1), datetime.date(2021, 9, 1), None, datetime.date(2022, 5, 1)]
HOURS = [None if day is None else datetime.datetime(day.year, day.month, day.day, 12) for day in DAYS]


@kinds
@pytest.mark.parametrize("values", [DAYS, HOURS], ids=["days", "hours"])
def test_dates_along_the_axis(kind, values):
    frame = kind({"when": values, "y": [1.0, 2.0, 3.0, 4.0], "g": ["a", "a", "a", "a"]})
    with pytest.warns(mlm.MissingRowsWarning, match=r"1 of 4 rows .* when \(1\)"):
        (ax,) = plot.facet_density_lines(frame, "when", "y", "g", kind="points")
    ax.figure.canvas.draw()
    drawn = [num2date(day).replace(tzinfo=None) for day in ax.collections[0].get_offsets()[:, 0]]
    hour = 12 if values is HOURS else 0
    assert drawn == [datetime.datetime(d.year, d.month, d.day, hour) for d in DAYS if d is not None]
    assert any("2021" in label.get_text() for label in ax.get_xticklabels())


def test_dates_with_a_time_zone_keep_their_clock():
    when = pd.to_datetime(["2021-03-01 23:30", "2021-03-02 23:30"]).tz_localize("Asia/Tokyo")
    ax = plot.group_lines({"t": when, "y": [1.0, 2.0], "g": ["a", "a"]}, "t", y="y", by="g")
    assert num2date(ax.lines[0].get_xdata()[0]).strftime("%d %H:%M") == "01 23:30"


def test_a_response_of_dates_is_refused():
    with pytest.raises(mlm.DataError, match="Column 'when' is not numeric"):
        plot.facet_density_lines({"when": pd.to_datetime(["2021-01-01"]), "g": ["a"], "x": [1.0]}, "x", "when", "g")


def test_hexagons_of_equal_shares_are_seen():
    (ax,) = plot.facet_density_lines({"x": [0.0, 1.0], "y": [0.0, 1.0], "g": ["a", "a"]}, "x", "y", "g")
    hexagons = ax.collections[0]
    assert hexagons.norm.vmin == 0
    assert hexagons.norm.vmax == 0.5
    (ax,) = plot.facet_density_lines({"x": [1.0, 1.0], "y": [0.0, 1.0], "g": ["a", "a"]}, "x", "y", "g")
    assert len(ax.collections[0].get_offsets()) == 2


@pytest.mark.parametrize("draw", [
    lambda d: plot.facet_histogram(d, "y", "g"),
    lambda d: plot.facet_density_lines(d, "x", "y", "g"),
])  # fmt: skip
def test_four_hundred_panels_in_seconds(draw):
    d = rows([f"a long name of group {k}" for k in range(400)])
    start = time.process_time()
    panels = draw(d)
    panels[0].figure.canvas.draw()
    assert (
        time.process_time() - start < 20
    )  # ten on a machine of its own, where it takes five; matplotlib alone took 70
    assert len(panels) == 400
    assert len({ax.get_xlim() for ax in panels}) == len({ax.get_ylim() for ax in panels}) == 1
    assert [ax.get_title().replace("\n", " ") for ax in panels] == [f"a long name of group {k}" for k in range(400)]


def test_bars_of_many_panels_are_those_of_few():
    d = rows([f"g{k}" for k in range(30)])
    panels = plot.facet_histogram(d, "y", "g", bins=7)
    edges = np.histogram_bin_edges(d["y"], 7)
    for ax in panels:
        mine = d.loc[d["g"] == ax.get_title(), "y"]
        np.testing.assert_array_equal(ax.patches[0].get_data().values, np.histogram(mine, edges)[0])


def test_likelihood_near_a_correlation_of_one():
    d = rows([f"g{k}" for k in range(20)])
    d["y"] += 1e5 * np.repeat(np.random.default_rng(1).normal(size=20), 6)
    m = mlm.lmer("y ~ 1 + (1 | g)", d)
    ax = plot.likelihood_curve(m)
    assert ax.get_xlabel() == "1 − intraclass correlation"
    across, curve = ax.lines[0].get_data()
    assert across[np.argmax(curve)] == pytest.approx(1 / (1 + m.theta[0] ** 2), rel=0.05)  # the points' distance
    low, high = (float(text.replace("1 − ", "")) for text in ax.texts[1].get_text().split("\n")[1].split(" to "))
    np.testing.assert_allclose(np.interp([high, low], across, curve), m.loglik - 1.9207, atol=0.02)  # three digits


@pytest.mark.parametrize(("level", "text"), [(0.95, "95%"), (0.999, "99.9%"), (0.9995, "99.95%")])
def test_coverage_is_written_alike(level, text):
    m = mlm.lmer("y ~ x + (1 | g)", rows())
    plot.caterpillar(m, level=level)
    assert plt.gcf().get_supxlabel() == f"Deviation from the fixed effect ({text} interval)"
    assert plot.dot_and_whisker(m, level=level).get_xlabel() == f"Estimate ({text} confidence interval)"
    assert plot.likelihood_curve(m, level=level).texts[1].get_text().startswith(f"{text} interval\n")


STEP = float(np.spacing(1e17))


@pytest.mark.parametrize(
    "x", [[1e17] * 4, [1e17, 1e17 + STEP] * 2, [1e18, 1e18 + 512] * 2, [0.0, 5e-324] * 2, [3.0] * 4]
)
def test_numbers_without_room_for_bins_between_them_are_drawn(x):
    d = {"x": x, "y": [1.0, 2.0, 4.0, 3.0], "g": ["a", "a", "b", "b"]}
    for ax in plot.facet_histogram(d, "x", "g", bins=30):
        assert sum(bar.get_height() for bar in ax.patches) == 2
        assert len(ax.patches) == 30
        ax.figure.canvas.draw()
    for gridsize in (1, 14):
        for ax in plot.facet_density_lines(d, "x", "y", "g", gridsize=gridsize):
            assert np.isclose(ax.collections[0].get_array().sum(), 1)


def test_bins_are_those_of_numpy():
    values = np.random.default_rng(1).normal(size=50)
    np.testing.assert_allclose(rows_of_figures.bin_edges(values, 7), np.histogram_bin_edges(values, 7), rtol=1e-14)


@pytest.mark.parametrize("width", [0.6, 1.0, 1.5])
def test_long_names_that_differ_in_the_middle_are_told_apart(width):
    names = [f"Primary school of Saint {chr(65 + k)}{k} by the river" for k in range(8)]
    found = told_apart(names, width, 10, 1)
    assert len(set(found)) == len(names)
    assert all(f"{chr(65 + k)}{k}" in text for k, text in enumerate(found))
    assert told_apart(["b", "a"], width, 10) == ["b", "a"]
    assert len(set(told_apart([names[0], names[0]], width, 10, 1))) == 1


def test_shortened_names_of_a_figure_are_told_apart():
    import matplotlib.pyplot as plt

    k = np.arange(160) % 8
    names = np.array([f"Primary school of Saint {chr(65 + i)}{i} by the river" for i in range(8)])
    frame = {"g": names[k], "x": np.arange(160) % 7, "y": k + np.random.default_rng(1).normal(size=160)}
    _, axes = plt.subplots(1, 2, figsize=(9, 4))
    plot.dot_and_whisker(mlm.lm("y ~ g + x", frame), ax=axes[0])
    texts = [label.get_text() for label in axes[0].get_yticklabels()]
    assert len(set(texts)) == len(texts) == 8


def test_what_is_written_above_a_curve_keeps_within_narrow_axes():
    import matplotlib.pyplot as plt

    rng, g = np.random.default_rng(2), np.arange(120) % 12
    m = mlm.lmer("y ~ 1 + (1 | g)", {"y": 3.0 * rng.normal(size=12)[g] + rng.normal(size=120), "g": g})
    figure, axes = plt.subplots(1, 4, figsize=(12, 3))
    plot.likelihood_curve(m, ax=axes[3])
    figure.canvas.draw()
    inside = axes[3].get_window_extent()
    for text in axes[3].texts:
        box = text.get_window_extent()
        assert inside.x0 <= box.x0
        assert box.x1 <= inside.x1


def test_half_a_letter_is_drawn_as_a_question_mark():
    m = mlm.lm("y ~ x", {"y": [1.0, 2.0, 4.0, 3.0], "x": [0, 1, 2, 3]})
    ax = plot.dot_and_whisker([m, m], ["\ud800", "b"], title="c\ud800", coef_names={"x": "d\ud800"})
    ax.figure.canvas.draw()
    assert ax.get_title() == "c?"
    assert [label.get_text() for label in ax.get_yticklabels()] == ["d?"]


def test_means_stand_in_the_order_of_numbers():
    m = mlm.lm("y ~ x * g", rows(each=8).assign(h=list("ba") * 20))
    both = mlm.lm("y ~ g * h", rows(each=8).assign(h=list("ba") * 20))
    means, families = mlm.emmeans(m, "g"), mlm.emmeans(both, "h", by="g")

    def up(found):
        return [text.get_text() for text in plot.mean_intervals(found).get_yticklabels()]

    assert up(means) == NATURAL
    assert up(means.contrast())[:4] == [f"g0 - g{name}" for name in NATURAL[1:]]
    assert up(mlm.emmeans(both, ["g", "h"])) == [f"{name}, {h}" for h in "ab" for name in NATURAL]
    assert legend(plot.mean_intervals(families)) == NATURAL
    assert up(mlm.emmeans(m, "x", at={"x": [1.0, 10.0, 2.0]})) == ["1", "10", "2"]
    shown = sorted(plot.mean_intervals(means).collections[0].get_segments(), key=lambda segment: segment[0][1])
    low = means.frame.set_index("g")["lower.CL"]
    assert [segment[0][0] for segment in shown] == pytest.approx([low[name] for name in NATURAL])
