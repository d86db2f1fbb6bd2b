"""Centring and scaling: against arm::rescale 1.13-1, by hand, and over kinds of frames."""

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mlm.errors import DataError
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
        ([1.0, math.inf], "1 infinite values in 2"),
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
