"""Figures of data: every kind of frame gives the same figure, and says which rows are not in it."""

import datetime
import math
import sys
import warnings

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from frames import kinds, unchanged

import mlm
from mlm import plot

X = [1.0, 3.0, 5.0, None, 9.0, math.nan, 7.0, 2.0, 4.0, 6.0]
Y = [2.0, 3.0, 9.0, 1.0, None, 5.0, 4.0, 8.0, 1.0, 3.0]
IDS = [2**60 + 1, 2**60 + 1, 2**60, 2**60, 2**60, 7, None, 2**60, 2**60 + 1, 7]
# rows 3 and 5 lack x, 6 the group, 4 the response
BOTH = {2**60 + 1: [(1.0, 2.0), (3.0, 3.0), (4.0, 1.0)], 2**60: [(5.0, 9.0), (2.0, 8.0)], 7: [(6.0, 3.0)]}


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@kinds
def test_facet_histogram_of_every_frame(kind):
    frame = kind({"x": X, "y": Y, "id": IDS})
    before = unchanged(frame)
    with pytest.warns(mlm.MissingRowsWarning) as said:
        panels = plot.facet_histogram(frame, "x", "id", bins=[0.5, 3.5, 6.5, 9.5])
    assert [str(w.message) for w in said] == [
        "3 of 10 rows have missing values and are left out, by column: x (2), id (1). "
        "To choose the rows yourself: data.dropna(subset=['x', 'id'])."
    ]
    assert said[0].filename == __file__
    assert [ax.get_title() for ax in panels] == ["7", str(2**60), str(2**60 + 1)]
    assert [[bar.get_height() for bar in ax.patches] for ax in panels] == [[0, 1, 0], [1, 1, 1], [2, 1, 0]]
    assert unchanged(frame) == before


@kinds
def test_facet_lines_of_every_frame(kind):
    with pytest.warns(mlm.MissingRowsWarning) as said:
        panels = plot.facet_density_lines(kind({"x": X, "y": Y, "id": IDS}), "x", "y", "id", kind="points")
    assert len(said) == 1
    assert "4 of 10 rows have missing values and are left out, by column: x (2), y (1), id (1)." in str(said[0].message)
    assert said[0].filename == __file__
    for ax in panels:
        points = BOTH[int(ax.get_title())]
        np.testing.assert_array_equal(ax.collections[0].get_offsets(), points)
        if len(points) > 1:
            slope, intercept = np.polyfit(*np.transpose(points), 1)
            line = ax.lines[0]
            np.testing.assert_allclose(line.get_ydata(), intercept + slope * line.get_xdata(), rtol=1e-12)


@kinds
def test_group_lines_of_every_frame(kind):
    with pytest.warns(mlm.MissingRowsWarning) as said:
        ax = plot.group_lines(kind({"x": X, "y": Y, "id": IDS}), "x", y="y", by="id")
    assert len(said) == 1
    assert said[0].filename == __file__
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        str(2**60),
        str(2**60 + 1),
        "1 group without a line",
        "overall",
    ]
    whole = np.array([point for points in BOTH.values() for point in points])
    slope, intercept = np.polyfit(*whole.T, 1)
    line = ax.lines[-1]
    np.testing.assert_allclose(line.get_ydata(), intercept + slope * line.get_xdata(), rtol=1e-12)
    np.testing.assert_array_equal(ax.collections[1].get_offsets(), BOTH[2**60 + 1])


@kinds
def test_complete_rows_need_no_word(kind):
    frame = kind({"x": [1.0, 2.0, 3.0], "g": ["b", "a", "b"]})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        panels = plot.facet_histogram(frame, "x", "g")
    assert [ax.get_title() for ax in panels] == ["a", "b"]


@kinds
def test_infinite_text_and_absent_values_are_refused_by_name(kind):
    frame = kind({"x": [1.0, math.inf, None], "t": ["1", None, "2"], "n": [None, math.nan, None], "g": [1, 2, 3]})
    for draw in (
        lambda x: plot.facet_histogram(frame, x, "g"),
        lambda x: plot.facet_density_lines(frame, "g", x, "g"),
        lambda x: plot.group_lines(frame, "g", y=x, by="g"),
    ):
        with pytest.raises(mlm.DataError, match="Column 'x' has 1 infinite values in its 3 rows"):
            draw("x")
        with pytest.raises(mlm.DataError, match=r"Column 't' is not numeric \(dtype"):
            draw("t")
        with pytest.raises(
            mlm.DataError, match=r"No row is complete: all 3 rows have missing values, by column: n \(3\)"
        ):
            draw("n")


KEYS = {
    "text": (["b", None, "a"], ["a", "b"]),
    "float": ([1.5, None, -2.0], ["-2.0", "1.5"]),
    "truth": ([True, None, False], ["False", "True"]),
    "day": ([datetime.date(2021, 5, 1), None, datetime.date(2020, 5, 1)], ["2020-05-01", "2021-05-01"]),
    "span": ([datetime.timedelta(2), None, datetime.timedelta(1)], ["1 days 00:00:00", "2 days 00:00:00"]),
}


@kinds
@pytest.mark.parametrize("key", KEYS)
def test_titles_of_groups(kind, key):
    values, titles = KEYS[key]
    with pytest.warns(mlm.MissingRowsWarning, match=r"1 of 3 rows .* by column: key \(1\)"):
        panels = plot.facet_histogram(kind({"x": [1.0, 2.0, 3.0], "key": values}), "x", "key")
    # Arrow and Python print a time span without its hours, minutes and seconds where these are 0
    assert [ax.get_title().removesuffix(", 0:00:00").replace("1 day,", "1 days") for ax in panels] in (
        titles,
        ["1 day", "2 days"],
    )


def test_categories_come_in_their_own_order():
    levels = ["low", "unused", "mid", "high"]
    frame = pd.DataFrame({"x": [1.0, 2, 3, 4], "g": pd.Categorical(["high", "mid", "low", "mid"], categories=levels)})
    assert [ax.get_title() for ax in plot.facet_histogram(frame, "x", "g")] == ["low", "mid", "high"]
    polars = pytest.importorskip("polars")
    made = polars.DataFrame(
        {"x": [1.0, 2.0, 3.0], "g": polars.Series(["high", "mid", "low"], dtype=polars.Enum(levels))}
    )
    assert [ax.get_title() for ax in plot.facet_histogram(made, "x", "g")] == ["low", "mid", "high"]


@pytest.mark.parametrize("shuffled", [False, True])
def test_polars_categories_do_not_depend_on_the_order_of_rows(shuffled):
    polars = pytest.importorskip("polars")
    texts = ["b", "a", "c"][:: -1 if shuffled else 1]
    frame = polars.DataFrame({"x": [1.0, 2.0, 3.0], "g": polars.Series(texts, dtype=polars.Categorical)})
    assert [ax.get_title() for ax in plot.facet_histogram(frame, "x", "g")] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("library", "call", "make"),
    [
        ("polars", ".collect()", lambda library: library.LazyFrame({"x": [1.0], "g": [1]})),
        ("duckdb", ".df() or .pl()", lambda library: library.sql("select 1.0 as x, 1 as g")),
        (
            "dask.dataframe",
            ".compute()",
            lambda library: library.from_pandas(pd.DataFrame({"x": [1.0], "g": [1]}), npartitions=1),
        ),
    ],
    ids=["polars", "duckdb", "dask"],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_lazy_frames_are_told_how_to_become_eager(library, call, make, monkeypatch):
    monkeypatch.setitem(sys.modules, "sparse", None)  # dask looks for a package that is called as our folder of tests
    lazy = make(pytest.importorskip(library))
    for draw in (
        lambda: plot.facet_histogram(lazy, "x", "g"),
        lambda: plot.facet_density_lines(lazy, "x", "x", "g"),
        lambda: plot.group_lines(lazy, "x", y="x", by="g"),
    ):
        with pytest.raises(mlm.DataError) as refused:
            draw()
        assert f"call {call} on them first" in str(refused.value)


def test_one_column_can_play_several_parts():
    frame = {"x": [1.0, 2.0, 2.0]}
    assert [ax.get_title() for ax in plot.facet_histogram(frame, "x", "x")] == ["1.0", "2.0"]
    assert len(plot.facet_density_lines(frame, "x", "x", "x", kind="points")) == 2


def test_lines_over_days_and_years_lose_no_digits():
    days = 2.0**40 + np.arange(4)  # exact, and their squares are not
    ax = plot.group_lines({"x": days, "y": [1.0, 3.0, 5.0, 7.0], "g": list("aabb")}, "x", y="y", by="g")
    np.testing.assert_allclose(
        ax.lines[-1].get_ydata(), [1.0, 7.0], atol=1e-3
    )  # the intercept is 2e12, with 2e-4 to it


@pytest.mark.parametrize("ncols", [0, -1, 2.5, "two"])
def test_numbers_of_panels_and_hexagons(ncols):
    frame = {"x": [1.0, 2.0], "g": [1, 2]}
    with pytest.raises(mlm.ArgumentError, match="ncols, the panels a row, must be a positive whole number"):
        plot.facet_histogram(frame, "x", "g", ncols=ncols)
    with pytest.raises(mlm.ArgumentError, match="gridsize, the hexagons across a panel, must be a positive"):
        plot.facet_density_lines(frame, "x", "x", "g", gridsize=ncols)
