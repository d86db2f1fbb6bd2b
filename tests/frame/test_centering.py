"""Centring and scaling: against arm::rescale 1.13-1, by hand, and over kinds of frames."""

import datetime
import json
import math
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from frames import agree, kinds, listed, masked, unchanged

from mlm.errors import ArgumentError, DataError
from mlm.frame.centering import between_within, center_within, rescale

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "summary_models.json").read_text())


def numbers(values):
    return np.array([math.nan if value is None else float(value) for value in values])


@pytest.mark.parametrize("case", REFERENCE["rescale"], ids=["numeric", "binary", "binary with gaps", "gaps"])
def test_rescale_is_arm_rescale(case):
    # two additions and a division: a few units of the last place
    np.testing.assert_allclose(rescale(numbers(case["x"])), numbers(case["y"]), rtol=1e-14, atol=1e-15)


def test_rescale_keeps_the_kind():
    series = pd.Series([1, 2, 4], index=["a", "b", "c"], name="x")
    result = rescale(series)
    assert result.index.equals(series.index)
    assert result.name == "x"
    assert series.tolist() == [1, 2, 4]
    nullable = rescale(pd.Series([1, None, 4, 7], dtype="Int64"))
    assert nullable.isna().tolist() == [False, True, False, False]
    assert rescale([True, False]).tolist() == [0.5, -0.5]


def test_rescale_takes_the_missing_value_of_r():
    missing = np.array([0x7FF00000000007A2], dtype=np.uint64).view(float)  # R's NA_real_ as files store it
    assert rescale(np.concatenate([[1.0, 2.0, 3.0], missing]))[:3].tolist() == [-0.5, 0.0, 0.5]


def test_rescale_within_groups():
    frame = pd.DataFrame({"g": list("aaabbb"), "x": [1.0, 2, 3, 10, 20, 30]})
    assert frame.groupby("g")["x"].transform(rescale).tolist() == [-0.5, 0, 0.5, -0.5, 0, 0.5]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([3.0, 3.0, math.nan], r"'x' has 1 distinct values in 3 \(1 missing\)"),
        ([math.nan], "has 0 distinct values in 1"),
        ([1.0, math.inf], "1 infinite values in its 2 rows"),
        (["a", "b"], "not numeric"),
        ([[1.0, 2.0]], "has 2 dimensions"),
    ],
)
def test_rescale_refuses(values, message):
    with pytest.raises(DataError, match=message):
        rescale(np.array(values))


def test_rescale_names_the_series():
    with pytest.raises(DataError, match="Column 'age' is not numeric"):
        rescale(pd.Series(["1", "2"], name="age"))


@pytest.fixture
def frame():
    return pd.DataFrame(
        {
            "g": ["a", "a", "b", "b", None],
            "h": [1, 1, 1, 2, 2],
            "x": [1.0, 3, 5, np.nan, 7],
            "z": [2, 4, 6, 8, 10],
        }
    )


def test_center_within_uses_the_non_missing_values(frame):
    before = frame.copy()
    result = center_within(frame, ["x", "z"], "g")
    pd.testing.assert_frame_equal(frame, before)
    np.testing.assert_array_equal(result["x_cwc"], [-1, 1, 0, np.nan, np.nan])
    np.testing.assert_array_equal(result["z_cwc"], [-1, 1, -1, 1, np.nan])
    assert list(result.columns) == [*before.columns, "x_cwc", "z_cwc"]


def test_between_within_adds_up(frame):
    result = between_within(frame, "z", ["g", "h"], prefixes=("between.", "within."))
    np.testing.assert_array_equal(result["between.z"], [3, 3, 6, 8, np.nan])
    np.testing.assert_array_equal((result["between.z"] + result["within.z"])[:4], frame["z"][:4])


def test_polars_frames_stay_polars(frame):
    polars = pytest.importorskip("polars")
    result = between_within(polars.from_pandas(frame), "x", "g")
    assert isinstance(result, polars.DataFrame)
    assert result["w_x"].to_list() == [-1, 1, 0, None, None]
    series = rescale(polars.Series("x", [1.0, None, 3.0, 5.0]))
    assert series.to_list() == [-0.5, None, 0.0, 0.5]


@pytest.mark.parametrize(
    ("cols", "by", "message"),
    [
        ("xx", "g", "no column 'xx'. Did you mean 'x'"),
        ("x", "gg", "no column 'gg'"),
        ("g", "h", "Column 'g' is not numeric"),
        ("h", "h", "within groups of itself"),
        ([], "g", "at least one column"),
        ("x", [], "at least one column"),
        (3, "g", "at least one column and one grouping column; cols is 3"),
    ],
)
def test_both_refuse(frame, cols, by, message):
    for function in (center_within, between_within):
        with pytest.raises(DataError, match=message):
            function(frame, cols, by)


def test_taken_names_and_other_objects_are_refused(frame):
    with pytest.raises(DataError, match="already have a column 'x_cwc'"):
        center_within(center_within(frame, "x", "g"), "x", "g")
    with pytest.raises(DataError, match="got list"):
        center_within([1, 2], "x", "g")


# x: two values that are missing, one each way; the fourth group has none that is not
X = [1.0, 3.0, 5.0, None, 9.0, math.nan, 7.0, 2.0, 4.0, None]
KEYS = {
    "text": ["a", "a", "b", "b", "b", "a", None, "c", "c", "d"],
    "float": [0.5, 0.5, -1.0, -1.0, -1.0, 0.5, None, math.nan, 2.0, 3.0],
    # apart by one: as floats, all are the same
    "wide": [2**60, 2**60, 2**60 + 1, 2**60 + 1, 2**60 + 1, 2**60, None, 2**60 - 1, 2**60 - 1, 5],
    "truth": [True, True, False, False, False, True, None, False, True, True],
    "date": [None if k is None else datetime.date(2020, 1, k) for k in [1, 1, 2, 2, 2, 1, None, 3, 3, 4]],
    "time": [None if k is None else datetime.datetime(2020, 1, 1, k, 30) for k in [1, 1, 2, 2, 2, 1, None, 3, 3, 4]],
    "span": [None if k is None else datetime.timedelta(hours=k) for k in [1, 1, 2, 2, 2, 1, None, 3, 3, 4]],
}


def by_hand(values, keys):
    """Group means and deviations from them; None where missing."""
    known = [not (v is None or v != v or k is None or k != k) for v, k in zip(values, keys, strict=True)]
    groups = {k: [v for v, j, here in zip(values, keys, known, strict=True) if here and j == k] for k in keys}
    mean = [None if k is None or k != k or not groups[k] else sum(groups[k]) / len(groups[k]) for k in keys]
    return mean, [v - m if here else None for v, m, here in zip(values, mean, known, strict=True)]


@kinds
@pytest.mark.parametrize("key", KEYS)
def test_missing_is_missing_in_every_frame(kind, key):
    frame = kind({"x": X, "key": KEYS[key]})
    before = unchanged(frame)
    between, within = by_hand(X, KEYS[key])
    result = between_within(frame, "x", "key")
    assert type(result) is type(frame)
    agree(listed(result, "b_x"), between)
    agree(listed(result, "w_x"), within)
    assert listed(center_within(frame, ["x"], "key"), "x_cwc") == listed(result, "w_x")
    assert unchanged(frame) == before


@kinds
def test_combinations_of_keys(kind):
    first, second = KEYS["wide"], [1.0, None, 1.0, 1.0, 2.0, 1.0, 1.0, 2.0, 2.0, math.nan]
    frame = kind({"x": X, "first": first, "second": second})
    both = [None if a is None or b is None or b != b else (a, b) for a, b in zip(first, second, strict=True)]
    between, within = by_hand(X, both)
    result = between_within(frame, "x", ["first", "second"])
    agree(listed(result, "b_x"), between)
    agree(listed(result, "w_x"), within)


@kinds
def test_the_new_columns_mark_missing_as_the_old_do(kind):
    frame = kind({"x": X, "n": [1, 2, None, 4, 5, 6, 7, 8, 9, None], "g": KEYS["text"]})
    result = center_within(frame, ["x", "n"], "g")
    # where the library tells null and NaN apart, missing is null
    for column in ("x_cwc", "n_cwc"):
        assert not any(isinstance(v, float) and v != v for v in listed(result, column))
    assert listed(result, "n_cwc") == [-2.0, -1.0, None, -0.5, 0.5, 3.0, None, -0.5, 0.5, None]
    if isinstance(result, pd.DataFrame):
        assert result.index.equals(frame.index)
    if kind.__name__ == "nullable":
        assert result["x_cwc"].dtype == "Float64"
    if kind.__name__ == "arrow_backed":
        assert result["n_cwc"].dtype == "double[pyarrow]"


@kinds
def test_rescale_of_every_kind(kind):
    known = np.array([v for v in X if v is not None and v == v])
    scaled = iter((known - known.mean()) / (2 * known.std(ddof=1)))
    expected = [None if v is None or v != v else next(scaled) for v in X]
    column = kind({"x": X})["x"]
    result = rescale(column)
    shown = result.filled(math.nan) if isinstance(result, np.ma.MaskedArray) else result
    agree(listed({"x": shown}, "x"), expected)
    if not isinstance(column, list):
        assert type(result) is type(column)
    assert str(kind({"x": X})["x"]) == str(column)


def test_rescale_of_a_masked_array_keeps_the_mask():
    result = rescale(np.ma.array([1.0, 2.0, 3.0, -99.0], mask=[False, False, False, True]))
    assert result.mask.tolist() == [False, False, False, True]
    assert result[:3].tolist() == [-0.5, 0.0, 0.5]


@pytest.mark.parametrize("unit", [1e200, 1e-200])
def test_rescale_at_the_ends_of_double_precision(unit):
    np.testing.assert_allclose(rescale(np.array([1.0, 2.0, 3.0]) * unit), [-0.5, 0.0, 0.5], rtol=1e-14)


def test_group_means_lose_nothing_to_large_numbers():
    rng = np.random.default_rng(1)
    noise = rng.integers(-512, 512, 20000) / 1024.0  # exact in double precision next to 2^40
    result = center_within({"x": 2.0**40 + noise, "g": np.zeros(20000)}, "x", "g")["x_cwc"]
    # eps * 2^40 = 2.4e-4 is the spacing of the numbers themselves
    np.testing.assert_allclose(result, noise - noise.mean(), atol=2.5e-4)
    assert abs(result.mean()) < 2.5e-4


def test_unsigned_ids_beyond_signed_ones():
    ids = np.array([2**63, 2**63 + 1, 2**63, 2**63 + 1], dtype=np.uint64)
    result = center_within({"x": [1, 2, 3, 6], "g": ids}, "x", "g")
    assert result["x_cwc"].tolist() == [-1, -2, 1, 2]


def test_categories_and_other_byte_orders():
    codes = pd.Categorical(["b", None, "a", "b"], categories=["b", "unused", "a"])
    frame = pd.DataFrame({"x": np.array([1, 2, 3, 5], dtype=">i4"), "g": codes, "h": np.array([1, 1, 2, 1], ">i8")})
    np.testing.assert_array_equal(center_within(frame, "x", "g")["x_cwc"], [-2, np.nan, 0, 2])
    np.testing.assert_allclose(center_within(frame, "x", "h")["x_cwc"], np.array([-5, -2, 0, 7]) / 3, rtol=1e-15)


@pytest.mark.parametrize("dtype", ["Categorical", "Enum"])
def test_polars_categories(dtype):
    polars = pytest.importorskip("polars")
    kind = polars.Categorical if dtype == "Categorical" else polars.Enum(["b", "a"])
    frame = polars.DataFrame({"x": [1.0, 2.0, 3.0, 5.0], "g": polars.Series(["b", None, "a", "b"], dtype=kind)})
    assert center_within(frame, "x", "g")["x_cwc"].to_list() == [-2, None, 0, 2]


@pytest.mark.parametrize("nested", [False, True])
def test_arrow_dictionaries(nested):
    arrow = pytest.importorskip("pyarrow")
    keys = arrow.array(["b", None, "a", "b"]).dictionary_encode()
    frame = arrow.table({"x": [1.0, 2.0, 3.0, 5.0], "g": keys})
    if nested:  # held by pandas
        frame = frame.to_pandas(types_mapper=pd.ArrowDtype)
    assert listed(center_within(frame, "x", "g"), "x_cwc") == [-2, None, 0, 2]


@kinds
def test_infinite_and_other_values_are_refused_by_name(kind):
    frame = kind({"x": [1.0, math.inf, -math.inf, None], "t": ["1", "2", None, "3"], "g": ["a", "a", "b", "b"]})
    for function in (center_within, between_within):
        with pytest.raises(DataError, match="Column 'x' has 2 infinite values in its 4 rows"):
            function(frame, "x", "g")
        with pytest.raises(DataError, match=r"Column 't' is not numeric \(dtype"):
            function(frame, "t", "g")


def test_keys_that_cannot_be_told_apart():
    with pytest.raises(DataError, match="The values of column 'g' cannot be told apart: unhashable"):
        center_within({"x": [1, 2], "g": [[1], [2]]}, "x", "g")


@pytest.mark.parametrize("dtype", ["datetime64[s]", "timedelta64[s]", "boolean", "string", "Int64", "category"])
def test_nat_and_na_are_no_group(dtype):
    seconds = pd.Series([0, np.nan, 1, 0, np.nan])
    if dtype.startswith("date"):
        keys = pd.to_datetime(seconds, unit="s").astype(dtype)
    elif dtype.startswith("time"):
        keys = pd.to_timedelta(seconds, unit="s").astype(dtype)
    else:
        keys = seconds.astype("Int64").astype(dtype)
    assert keys.isna().sum() == 2
    frame = pd.DataFrame({"x": [1.0, 2.0, 3.0, 5.0, 6.0], "g": keys})
    np.testing.assert_array_equal(center_within(frame, "x", "g")["x_cwc"], [-2, np.nan, 0, 2, np.nan])


def test_columns_of_numbers_held_as_objects():
    frame = pd.DataFrame({"x": pd.Series([1, None, 4], dtype=object), "g": [1, 1, 1]})
    np.testing.assert_array_equal(center_within(frame, "x", "g")["x_cwc"], [-1.5, np.nan, 1.5])
    nothing = center_within({"x": [None, None], "g": [1, 1]}, "x", "g")["x_cwc"]
    assert np.isnan(nothing).all()


def test_mappings_whose_columns_do_not_belong_together():
    with pytest.raises(DataError, match="must have one length; they have: x 2, g 3"):
        center_within({"x": [1, 2], "g": [1, 1, 1]}, "x", "g")
    with pytest.raises(DataError, match="must have one length; they have: x 2, g a single value"):
        center_within({"x": [1, 2], "g": "ab"}, "x", "g")
    with pytest.raises(DataError, match="columns 'x' and 'g' of the data have different indexes"):
        center_within({"x": pd.Series([1, 2]), "g": pd.Series([1, 1], index=[1, 0])}, "x", "g")


def test_names_that_stand_for_two_columns(frame):
    twice = pd.DataFrame([[1.0, 2.0, 1]], columns=["x", "x", "g"])
    with pytest.raises(DataError, match="have 2 columns under the name 'x'"):
        center_within(twice, "x", "g")
    with pytest.raises(ArgumentError, match="two different texts"):
        between_within(frame, "z", "h", prefixes=("b_", "b_"))
    with pytest.raises(ArgumentError, match="two of the new columns have the same name"):
        between_within({"x": [1.0], "ax": [1.0], "g": [1]}, ["x", "ax"], "g", prefixes=("aa", "a"))


def lazy_frames():
    columns = {"x": [1.0, 2.0], "g": [1, 1]}
    yield "polars", ".collect()", lambda library: library.LazyFrame(columns)
    yield "duckdb", ".df() or .pl()", lambda library: library.sql("select 1.0 as x, 1 as g")
    yield "dask.dataframe", ".compute()", lambda library: library.from_pandas(pd.DataFrame(columns), npartitions=1)


@pytest.mark.parametrize(("library", "call", "make"), list(lazy_frames()), ids=["polars", "duckdb", "dask"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_lazy_frames_are_told_how_to_become_eager(library, call, make, monkeypatch):
    monkeypatch.setitem(sys.modules, "sparse", None)  # dask looks for a package that is called as our folder of tests
    lazy = make(pytest.importorskip(library))
    for ask in (lambda: center_within(lazy, "x", "g"), lambda: between_within(lazy, "x", "g"), lambda: rescale(lazy)):
        with pytest.raises(DataError) as refused:
            ask()
        assert f"call {call} on them first" in str(refused.value)


def test_what_comes_back_can_be_renamed():
    series = pd.Series([1.0, 2.0, 4.0], index=pd.Index([1, 2, 3], name="row"))
    rescale(series).index.name = "other"
    assert series.index.name == "row"
    columns = masked({"x": [1.0, None, 3.0], "g": ["a", "a", "a"]})
    center_within(columns, "x", "g")["x"][0] = 5.0  # the column is the user's own, as in a copy of the dict
    assert list(columns) == ["x", "g"]
