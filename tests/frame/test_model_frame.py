"""From data of any kind to a model frame: rows in use, types, weights, offsets, grouping factors."""

import warnings

import numpy as np
import pandas as pd
import pytest

import mlm
from mlm.frame.model_frame import model_frame
from mlm.language.tree import spell_name

FORMULA = "y ~ x + (1 | g)"


def rows(**columns):
    frame = pd.DataFrame(
        {"y": [1.0, 2.5, 2.0, 4.0, 3.0, 6.0], "x": [0.0, 1, 2, 0, 1, 2], "g": list("aabbcc")}, list("uvwxyz")
    )
    return frame.assign(**columns)


# columns that are missing, or there twice


@pytest.mark.parametrize(
    ("formula", "name"),
    [("Y2 ~ x + (1 | g)", "Y2"), ("y ~ xx + (1 | g)", "xx"), ("y ~ x + (xx | g)", "xx"), ("y ~ x + (1 | gg)", "gg")],
)
def test_a_missing_column_is_named_with_those_there_are(formula, name):
    with pytest.raises(mlm.DataError, match=f"no column '{name}'.* They have 3 columns: y, x, g"):
        model_frame(formula, rows())


def test_near_names_are_suggested_whatever_their_case():
    with pytest.raises(mlm.DataError, match="Did you mean 'x'"):
        model_frame("y ~ X + (1 | g)", rows())
    with pytest.raises(mlm.DataError, match="Did you mean 'income'"):
        model_frame("y ~ incme + (1 | g)", rows(income=1.0))


def test_a_column_that_is_there_twice():
    frame = rows()
    frame.insert(3, "x", frame["x"], allow_duplicates=True)
    with pytest.raises(mlm.DataError, match="2 columns 'x'; rename or drop"):
        model_frame(FORMULA, frame)
    # columns that the formula does not use may be what they like
    assert model_frame("y ~ 1 + (1 | g)", frame).nobs == 6


@pytest.mark.parametrize("name", ["x.1", "my x", "x-1", "λ", "class", "np", "log", "1x", "x|1", "a:b", "(x)", "x~1"])
def test_any_column_name_can_stand_in_backticks(name):
    plain, odd = (
        model_frame(FORMULA, rows()),
        model_frame(f"y ~ `{name}` + (1 | g)", rows().rename(columns={"x": name})),
    )
    # as R prints it: in backticks where it could not be read without
    assert odd.x_names == ("(Intercept)", name if name in ("x.1", "λ", "class", "np", "log") else spell_name(name))
    assert spell_name(name).startswith("`") == (name not in ("x.1", "λ", "class", "np", "log"))
    assert (odd.x == plain.x).all()
    grouped = model_frame(f"y ~ x + (1 | `{name}`)", rows().rename(columns={"g": name}))
    assert grouped.groupings[name].levels.tolist() == ["a", "b", "c"]
    response = model_frame(f"`{name}` ~ x + (1 | g)", rows().rename(columns={"y": name}))
    assert (response.y == plain.y).all()


@pytest.mark.parametrize("name", ["x.1", "λ", "class", "np", "log", "center", "Intercept", "offset"])
def test_names_that_need_no_backticks(name):
    """Words that mean something to Python or to the formula reader, when they are not called."""
    frame = rows(f=list("pqpqpq")).rename(columns={"x": name})
    assert model_frame(f"y ~ {name} + (1 | g)", frame).x_names == ("(Intercept)", name)
    coded = model_frame(f"y ~ {name} + f + (1 | g)", frame)
    assert dict(zip(coded.x_names, coded.x.T.tolist(), strict=True))[name] == [0, 1, 2, 0, 1, 2]
    # missing values in it count
    frame.loc["u", name] = np.nan
    with pytest.warns(mlm.MissingRowsWarning, match=f"{name} "):
        assert model_frame(f"y ~ {name} + f + (1 | g)", frame).nobs == 5


# missing and infinite values


def test_missing_rows_are_counted_by_column_and_labels_are_kept():
    frame = rows(x=[np.nan, 1, 2, 0, 1, 2], w=1.0)
    frame.loc["y", "y"] = np.nan
    frame.loc["u", "y"] = np.nan
    frame.loc["v", "g"] = None
    before = frame.copy(deep=True)
    with pytest.warns(mlm.MissingRowsWarning, match=r"3 of 6 rows .* by column: y \(2\), x \(1\), g \(1\)") as caught:
        used = model_frame(FORMULA, frame)
    assert "data.dropna(subset=['y', 'x', 'g'])" in str(caught[0].message)
    assert used.index.tolist() == ["w", "x", "z"]
    assert used.y.tolist() == [2.0, 4.0, 6.0]
    assert used.x.tolist() == [[1, 2], [1, 0], [1, 2]]
    assert used.groupings["g"].levels.tolist() == ["b", "c"]
    assert used.groupings["g"].codes.tolist() == [0, 0, 1]
    assert (used.dropped.count, used.dropped.total) == (3, 6)
    assert used.dropped.by_column == {"y": 2, "x": 1, "g": 1}
    pd.testing.assert_frame_equal(frame, before)


def test_columns_that_are_not_used_may_be_missing():
    assert model_frame(FORMULA, rows(other=np.nan)).dropped.count == 0


@pytest.mark.parametrize(
    "formula", ["y ~ bs(x, df=3) + (1 | g)", "y ~ poly(x, 2) + (1 | g)", "y ~ x + (log(x + 1) | g)"]
)
def test_missing_values_inside_a_call_count(formula):
    with pytest.warns(mlm.MissingRowsWarning, match=r"x \(1\)"):
        assert model_frame(formula, rows(x=[np.nan, 1, 2, 0, 1, 2])).nobs == 5


def test_no_row_is_complete():
    with pytest.raises(mlm.DataError, match=r"all 6 rows have missing values, by column: y \(3\), x \(3\)"):
        model_frame(FORMULA, rows(y=[np.nan, 1] * 3, x=[1, np.nan] * 3))
    with pytest.raises(mlm.DataError, match="The data have no rows"):
        model_frame(FORMULA, rows().iloc[:0])


@pytest.mark.parametrize("dtype", ["float64", "float32", "Float64", object])
@pytest.mark.parametrize("column", ["y", "x"])
def test_infinite_values_are_an_error(column, dtype):
    values = pd.Series([np.inf, 1, 2, -np.inf, 1, 2], list("uvwxyz"), dtype=dtype)
    with pytest.raises(mlm.DataError, match=f"'{column}' has 2 infinite values in its 6 rows; replace them by missing"):
        model_frame(FORMULA, rows(**{column: values}))


def test_large_values_are_not_infinite():
    used = model_frame(FORMULA, rows(x=np.float32(3e38)))
    assert used.nobs == 6  # their sum is infinite in single precision


def test_a_transformation_that_gives_no_number():
    with pytest.raises(mlm.DataError, match=r"'log\(x\)' is infinite or undefined in 2 of 6 rows"):
        model_frame("y ~ log(x) + (1 | g)", rows())
    with pytest.raises(mlm.DataError, match=r"'log\(y - 1\)' is infinite or undefined in 1 of 6 rows"):
        model_frame("log(y - 1) ~ x + (1 | g)", rows())


# types


@pytest.mark.parametrize(
    "values", [list("abcdef"), pd.Categorical([1, 2, 3, 1, 2, 3]), pd.date_range("2020", periods=6)]
)
def test_a_response_that_is_not_numeric(values):
    with pytest.raises(mlm.DataError, match=r"response 'y' is not numeric: it .*; (convert|make numbers)"):
        model_frame(FORMULA, rows(y=values))


def test_a_response_is_arithmetic():
    frame = rows()
    for text, values in [("y + x", frame.y + frame.x), ("y * x", frame.y * frame.x), ("y - 1", frame.y - 1)]:
        used = model_frame(f"{text} ~ 1 + (1 | g)", frame)
        assert used.y.tolist() == values.tolist()
        assert used.formula.response == text


def test_a_response_of_several_columns():
    with pytest.raises(mlm.DataError, match=r"response 'cbind\(y, x\)' makes 2 columns; it must be one"):
        model_frame("cbind(y, x) ~ 1 + (1 | g)", rows())


@pytest.mark.parametrize(
    ("values", "holds"),
    [
        (pd.date_range("2020", periods=6), "dates"),
        (pd.to_timedelta(range(6), "D"), "time differences"),
        (np.arange(6) + 1j, "complex"),
        (["a", 1, "b", 2, "c", 3], r"values of several types \(str, int\)"),
    ],
)
def test_a_predictor_that_is_neither_number_nor_category(values, holds):
    with pytest.raises(mlm.DataError, match=f"'x' is neither numeric nor categorical: it holds {holds}"):
        model_frame(FORMULA, rows(x=values))


@pytest.mark.filterwarnings("ignore:The response 'y' is True or False")
@pytest.mark.parametrize("dtype", ["int8", "uint8", "int64", "Int64", "Float32", "float32", "boolean", bool, object])
def test_numbers_of_every_type_are_numbers(dtype):
    values = [1, 0, 1, 1, 0, 0]
    used = model_frame(
        FORMULA,
        rows(x=pd.Series(values, list("uvwxyz"), dtype=dtype), y=pd.Series(values, list("uvwxyz"), dtype=dtype)),
    )
    assert used.x[:, 1].tolist() == values
    assert used.y.tolist() == values
    assert used.y.dtype == used.x.dtype == np.float64


def test_missing_values_of_nullable_and_object_columns():
    for dtype in ("Int64", "Float64", object):
        with pytest.warns(mlm.MissingRowsWarning, match=r"x \(1\)"):
            used = model_frame(FORMULA, rows(x=pd.Series([None, 1, 2, 0, 1, 2], list("uvwxyz"), dtype=dtype)))
        assert used.x[:, 1].tolist() == [1, 2, 0, 1, 2]


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32"])
@pytest.mark.parametrize("formula", ["y ~ x * z + (1 | g)", "y ~ I(x^3) + (x:z | g)", "I(x**3) ~ 1 + (1 | g)"])
def test_small_integers_do_not_overflow(formula, dtype):
    frame = rows(x=[100, 90, 80, 100, 70, 60], z=[99, 1, 2, 3, 4, 100])
    small, large = (
        model_frame(formula, frame.astype({"x": dtype, "z": dtype})),
        model_frame(formula, frame.astype({"x": float, "z": float})),
    )
    assert (small.x == large.x).all()
    assert (small.y == large.y).all()
    assert (small.random[0].columns.matrix() == large.random[0].columns.matrix()).all()


def test_a_power_inside_identity_is_a_power():
    """In Python ``^`` is the exclusive or of integers: 3 ^ 2 is 1."""
    assert model_frame("y ~ I(x^2) + (1 | g)", rows(x=[1, 2, 3, 1, 2, 3])).x[:, 1].tolist() == [1, 4, 9, 1, 4, 9]


def test_unused_categories_are_dropped_and_the_order_is_theirs():
    f = pd.Categorical(list("ccbbaa"), ["x", "c", "b", "a", "z"])
    used = model_frame("y ~ f + (1 | g)", rows(f=f, g=f))
    assert used.x_names == ("(Intercept)", "fb", "fa")
    assert used.groupings["g"].levels.tolist() == ["c", "b", "a"]
    assert used.groupings["g"].codes.tolist() == [0, 0, 1, 1, 2, 2]


# weights and offsets


@pytest.mark.parametrize("role", ["weights", "offset"])
def test_weights_and_offsets_by_name_array_and_series(role):
    values = [1.0, 2, 3, 4, 5, 6]
    frame = rows(w=values)
    for given in ("w", values, np.array(values), frame["w"]):
        assert getattr(model_frame(FORMULA, frame, **{role: given}), role).tolist() == values
    assert getattr(model_frame(FORMULA, frame), role) is None


def test_one_column_may_be_weights_and_offset():
    values = [1.0, 2, 3, 4, 5, 6]
    used = model_frame(FORMULA, rows(w=values), weights="w", offset="w")
    assert used.weights.tolist() == used.offset.tolist() == values


@pytest.mark.parametrize("role", ["weights", "offset"])
def test_bad_weights_and_offsets(role):
    for given, message in [
        ([1.0, 2.0], r"one number per row: 6; got 2"),
        (2.0, r"one number per row: 6; got a single float"),
        ({}, "one number per row: 6; got a single dict"),
        ((one for one in range(6)), "one number per row: 6; got a single generator"),
        (pd.DataFrame, "one number per row: 6; got the class DataFrame itself"),
        (np.ones((6, 1)), "one number per row: 6; got an array of 6 by 1"),
        (["a"] * 6, "is not numeric"),
        ("nope", "no column 'nope'"),
        ("g", f"The {role} column 'g' is not numeric"),
        ([np.inf, 1, 1, 1, 1, 1], "has 1 infinite values"),
        (rows()["x"].iloc[::-1], "index of the .* is not that of the data"),
    ]:
        with pytest.raises(mlm.DataError, match=message):
            model_frame(FORMULA, rows(), **{role: given})


def test_missing_weights_and_offsets_leave_rows_out():
    with pytest.warns(mlm.MissingRowsWarning, match=r"by column: \(weights\) \(1\), \(offset\) \(1\)\.$"):
        used = model_frame(FORMULA, rows(), weights=[np.nan, 2, 3, 4, 5, 6], offset=[1, np.nan, 1, 1, 1, 1])
    assert used.index.tolist() == list("wxyz")
    assert used.weights.tolist() == [3, 4, 5, 6]


@pytest.mark.parametrize(("weights", "count"), [([0, 1, 1, 1, 1, 1], 1), ([-1, 0, 1, 1, 1, 1], 2)])
def test_weights_are_positive(weights, count):
    with pytest.raises(mlm.DataError, match=f"{count} of 6 weights are zero or negative; leave these rows out"):
        model_frame(FORMULA, rows(), weights=weights)


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_weights_that_cannot_be_squared(scale):
    with pytest.raises(mlm.DataError, match="divide them by their mean"):
        model_frame(FORMULA, rows(), weights=np.full(6, scale))


def test_offsets_of_the_formula_and_of_the_argument_add_up():
    used = model_frame("y ~ x + offset(x) + offset(log(y)) + (1 | g)", rows(), offset=np.ones(6))
    # one addition after another
    np.testing.assert_allclose(used.offset, rows()["x"] + np.log(rows()["y"]) + 1.0, rtol=1e-15)


# data of other kinds


def test_a_mapping_of_columns():
    frame = rows()
    used = model_frame(FORMULA, {name: frame[name].tolist() for name in frame})
    assert used.index.tolist() == [0, 1, 2, 3, 4, 5]
    assert (used.x == model_frame(FORMULA, frame).x).all()


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"y": [1.0, 2.0], "x": [1, 2, 3], "g": [1, 2]}, "one length; they have: y 2, x 3, g 2"),
        ({"y": 1.0, "x": 2, "g": "a"}, "one length; they have: y a single value"),
    ],
)
def test_a_mapping_of_columns_that_do_not_fit(columns, message):
    with pytest.raises(mlm.DataError, match=message):
        model_frame(FORMULA, columns)


@pytest.mark.parametrize("data", [None, "file.csv", [[1, 2, 3]], np.zeros((3, 3)), pd.Series([1.0])])
def test_data_of_no_kind(data):
    with pytest.raises(mlm.DataError, match=f"must be a data frame or a mapping of columns; got {type(data).__name__}"):
        model_frame(FORMULA, data)


def test_polars_frames():
    polars = pytest.importorskip("polars")
    frame = rows(g=pd.Categorical(list("bbccaa"), ["c", "b", "a"]), x=[np.nan, 1, 2, 0, 1, 2])
    table = polars.DataFrame({"y": frame["y"].tolist(), "x": [None, 1.0, 2.0, 0.0, 1.0, 2.0]}).with_columns(
        polars.Series("g", list("bbccaa"), dtype=polars.Enum(["c", "b", "a"]))
    )
    with pytest.warns(mlm.MissingRowsWarning):
        expected = model_frame(FORMULA, frame)
    with pytest.warns(mlm.MissingRowsWarning):
        used = model_frame(FORMULA, table)
    assert (used.x == expected.x).all()
    assert used.groupings["g"].levels.tolist() == ["c", "b", "a"]
    assert used.groupings["g"].codes.tolist() == expected.groupings["g"].codes.tolist()


def test_arrow_tables():
    arrow = pytest.importorskip("pyarrow")
    table = arrow.table({"y": [1.0, 2.5, 2.0, None], "x": [1, 2, None, 4], "g": ["a", "b", "a", "b"]})
    with pytest.warns(mlm.MissingRowsWarning, match=r"y \(1\), x \(1\)"):
        used = model_frame(FORMULA, table)
    assert used.x.tolist() == [[1, 1], [1, 2]]
    assert used.groupings["g"].levels.tolist() == ["a", "b"]


@pytest.mark.parametrize(
    "labels", [[7] * 6, pd.MultiIndex.from_product([[1, 2], [1, 2, 3]]), pd.date_range("2020", periods=6)]
)
def test_any_index_will_do(labels):
    frame = rows(x=[0, np.nan, 2, 0, 1, 2]).set_axis(labels)
    with pytest.warns(mlm.MissingRowsWarning):
        used = model_frame(FORMULA, frame)
    assert used.index.equals(frame.index[[0, 2, 3, 4, 5]])
    assert used.y.tolist() == [1.0, 2.0, 4.0, 3.0, 6.0]


# grouping factors


@pytest.mark.parametrize(
    ("values", "levels"),
    [
        ([30, 30, 4, 4, 100, 100], [4, 30, 100]),
        (pd.array([3, 3, 2, 2, 1, 1], "Int64"), [1, 2, 3]),
        (np.array([2**62, 2**62, -5, -5, 0, 0]), [-5, 0, 2**62]),
        (np.array([2**64 - 1, 2**64 - 1, 3, 3, 0, 0], dtype="uint64"), [0, 3, 2**64 - 1]),
        (np.array([-128, -128, 127, 127, 0, 0], dtype="int8"), [-128, 0, 127]),
        (np.array([5, 5, 6, 6, 9, 9], dtype="uint8"), [5, 6, 9]),
        ([True, True, False, False, True, True], [False, True]),
        ([0.5, 0.5, -1.0, -1.0, 3.0, 3.0], [-1.0, 0.5, 3.0]),
        (["b", "b", "a", "a", "C", "C"], ["C", "a", "b"]),
        (pd.array(["b", "b", "a", "a", "c", "c"], "string"), ["a", "b", "c"]),
        (pd.Categorical(list("bbaacc"), list("cba")), ["c", "b", "a"]),
    ],
)
def test_levels_are_sorted_and_codes_point_at_them(values, levels):
    found = model_frame(FORMULA, rows(g=values)).groupings["g"]
    assert found.levels.tolist() == levels
    assert [found.levels[c] for c in found.codes] == list(values)


def test_values_that_cannot_be_grouped():
    with pytest.raises(mlm.DataError, match="grouping column 'g' cannot be told apart"):
        model_frame(FORMULA, rows(g=[[1], [1], [2], [2], [3], [3]]))


def test_interactions_have_the_levels_that_occur():
    frame = rows(a=[1, 1, 2, 2, 2, 10], b=list("qpqqpp"))
    found = model_frame("y ~ x + (1 | a:b)", frame).groupings["a:b"]
    assert found.levels.tolist() == ["1:p", "1:q", "2:p", "2:q", "10:p"]
    assert [found.levels[c] for c in found.codes] == ["1:q", "1:p", "2:q", "2:q", "2:p", "10:p"]
    nested = model_frame("y ~ x + (1 | a/b)", frame).groupings
    assert list(nested) == ["b:a", "a"]
    assert [nested["b:a"].levels[c] for c in nested["b:a"].codes] == ["q:1", "p:1", "q:2", "q:2", "p:2", "p:10"]


def test_interactions_of_three_factors_with_many_levels():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({name: rng.integers(0, 10**6, 2000) for name in "abc"})
    frame["y"], frame["x"] = rng.normal(size=2000), 1.0
    frame = pd.concat([frame, frame])
    found = model_frame("y ~ 1 + (1 | a:b:c)", frame).groupings["a:b:c"]
    assert len(found.levels) == 2000
    assert [found.levels[c] for c in found.codes[:5]] == [f"{r.a}:{r.b}:{r.c}" for r in frame.head().itertuples()]
    assert (found.codes[:2000] == found.codes[2000:]).all()


def test_nothing_is_said_of_complete_data():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert model_frame(FORMULA, rows()).dropped.by_column == {}
