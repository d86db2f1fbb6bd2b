"""Functions that users bring: what they are handed, what they may return, and what becomes of their errors."""

import functools
import re
import warnings

import numpy as np
import pandas as pd
import pytest
from calls import evaluate

import mlm
from mlm.errors import ArgumentError, DataError, FormulaError
from mlm.frame.functions.table import own_functions
from mlm.frame.values import Category, Matrix, Numbers, Other, Truth

DATA = {
    "x": Numbers(np.array([1, 2, 4], dtype=np.int8)),
    "b": Truth(np.array([1.0, 0.0, np.nan])),
    "f": Category(np.array([1, -1, 0], dtype=np.int8), np.array(["a", "b"], dtype=object)),
    "m": Matrix(np.arange(6.0).reshape(3, 2), ("u", "v")),
    "d": Other(pd.to_datetime(["2020-01-01", "2021-02-03", "2022-07-07"]).to_numpy(), "dates"),
}


def run(text, function):
    return evaluate(text, DATA, own=own_functions({"mine": function}))


def recorder(seen):
    def mine(*arguments, **keywords):
        seen.extend([*arguments, keywords])
        return np.zeros(3)

    return mine


def test_what_a_function_is_handed():
    seen = []
    run("mine(x, b, f, m, d, 2, 'word', NULL, TRUE)", recorder(seen))
    x, b, f, m, d, *constants, keywords = seen
    assert x.dtype == b.dtype == np.float64
    np.testing.assert_array_equal(x, [1, 2, 4])
    np.testing.assert_array_equal(b, [1, 0, np.nan])
    assert f.dtype == object
    assert f.tolist() == ["b", None, "a"]
    np.testing.assert_array_equal(m, DATA["m"].values)
    assert d.dtype.kind == "M"
    assert constants == [2.0, "word", None, True]
    assert keywords == {}


def test_a_function_cannot_change_the_data():
    def mine(b, m):
        b[:] = m[:] = 7
        return b

    run("mine(b, m)", mine)
    np.testing.assert_array_equal(DATA["b"].values, [1, 0, np.nan])
    np.testing.assert_array_equal(DATA["m"].values, np.arange(6.0).reshape(3, 2))


@pytest.mark.parametrize(
    ("result", "kind", "values"),
    [
        (np.array([1, 2, 3]), Numbers, [1, 2, 3]),
        (np.array([1.5, np.nan, 3], dtype=np.float32), Numbers, [1.5, np.nan, 3]),
        ([True, False, True], Truth, [1, 0, 1]),
        (pd.Series([1.0, 2.0, 3.0], index=[5, 6, 7]), Numbers, [1, 2, 3]),
        (pd.Series([1, None, 3], dtype="Int64"), Numbers, [1, np.nan, 3]),
        (np.array([1, None, 2.5], dtype=object), Numbers, [1, np.nan, 2.5]),
        (np.ma.masked_array([1, 2, 3], [False, True, False]), Numbers, [1, np.nan, 3]),
        (np.ones((3, 1)), Matrix, [[1], [1], [1]]),
        (np.arange(6).reshape(3, 2), Matrix, [[0, 1], [2, 3], [4, 5]]),
    ],
)
def test_what_a_function_may_return(result, kind, values):
    value = run("mine(x)", lambda x: result)
    assert isinstance(value, kind)
    assert value.values.dtype == np.float64
    np.testing.assert_array_equal(value.values, values)
    assert not (isinstance(result, np.ndarray) and np.shares_memory(value.values, result))


def test_names_of_columns():
    assert run("mine(x)", lambda x: np.ones((3, 2))).names == ("1", "2")
    assert run("mine(x)", lambda x: pd.DataFrame({"lin": x, "quad": x**2})).names == ("lin", "quad")


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (np.array([1, 2]), "returned the shape (2,); there are 3 rows"),
        (5.0, "returned the shape (); there are 3 rows"),
        (np.ones((3, 0)), "returned the shape (3, 0)"),
        (np.ones((3, 1, 1)), "returned the shape (3, 1, 1)"),
        (np.array([1, 2, 3j]), "returned complex128 instead of numbers"),
        (["a", "b", "c"], "instead of numbers or truth values"),
        (np.array(["a", None, 1], dtype=object), "returned object instead of numbers"),
        (np.array([1, 2, 3j], dtype=object), "returned object instead of numbers"),
        (np.array([{}, [], None], dtype=object), "returned no array of numbers"),
        ([[1, 2], [3]], "returned no array of numbers"),
        (None, "functions['mine']"),
        ({"a": 1}, "functions['mine'] returned no array of numbers"),
        (pd.to_datetime(["2020-01-01"] * 3), "returned datetime64"),
    ],
)
def test_what_a_function_may_not_return(result, words):
    with pytest.raises(DataError, match=re.escape(words)):
        run("mine(x)", lambda x: result)


@pytest.mark.parametrize(
    "error", [ZeroDivisionError("by zero"), KeyError("k"), TypeError("bad"), RecursionError("deep")]
)
def test_an_exception_is_told_with_the_name_of_the_function(error):
    def mine(x):
        raise error

    with pytest.raises(DataError, match=rf"mine\(x\) .*functions\['mine'\] raised {type(error).__name__}") as caught:
        run("mine(x)", mine)
    assert caught.value.__cause__ is error


def test_an_interrupt_is_let_through():
    def mine(x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run("mine(x)", mine)


def test_arguments_by_name_are_the_functions_own():
    def mine(site, *, by=1, lambda_=0.0):
        return site * by + lambda_

    assert run("mine(x, by = 3)", mine).values.tolist() == [3, 6, 12]
    assert run("mine(x, lambda = 1)", mine).values.tolist() == [2, 3, 5]
    with pytest.raises(FormulaError, match="has no argument 'power'"):
        run("mine(x, power = 3)", mine)
    with pytest.raises(FormulaError, match=r"mine\(\) takes site, by, lambda"):
        run("mine(x, 3)", mine)


@pytest.mark.parametrize(
    "function", [np.cbrt, functools.partial(np.multiply, 2), np.vectorize(lambda x: x + 1), pd.Series]
)
def test_any_callable(function):
    np.testing.assert_array_equal(run("mine(x)", function).values, np.asarray(function(np.array([1.0, 2, 4]))))


def test_what_is_undefined_is_silent():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(run("mine(-x)", np.log).values).all()


def test_a_function_of_ones_own_goes_before_the_table():
    own = own_functions({"log": lambda x: x + 1})
    assert evaluate("log(x)", DATA, own=own).values.tolist() == [2, 3, 5]


def test_none_is_no_function():
    assert own_functions(None) == own_functions({}) == {}


@pytest.mark.parametrize("functions", [[np.log], "log", 3, {"log": 3}, {1: np.log}, {"": np.log}, np.log])
def test_no_mapping_of_names_to_functions(functions):
    with pytest.raises(ArgumentError, match="functions maps names to functions"):
        own_functions(functions)


def nullable(x, dtype):
    return pd.array([None, *x[1:]], dtype=dtype)


MISSING = {
    "masked": lambda x: np.ma.array(x, mask=np.arange(len(x)) < 1),
    "masked objects": lambda x: np.ma.array(x.astype(object), mask=np.arange(len(x)) < 1),
    "NA": lambda x: np.array([pd.NA, *x[1:]], dtype=object),
    "None": lambda x: [None, *x[1:]],
    "nullable": lambda x: nullable(x, "Float64"),
    "series": lambda x: pd.Series(nullable(x, "Float64")),
    "truth values": lambda x: nullable(x > 0, "boolean"),
    "columns": lambda x: pd.DataFrame({"a": nullable(x, "Float64"), "b": x**2}),
    "polars": lambda x: pytest.importorskip("polars").Series([None, *x[1:]]),
    "polars columns": lambda x: pytest.importorskip("polars").DataFrame({"a": [None, *x[1:]], "b": x**2}),
    "arrow": lambda x: pytest.importorskip("pyarrow").array([None, *x[1:]]),
}


@pytest.mark.parametrize("kind", MISSING)
def test_what_a_function_says_is_missing_is_missing(kind):
    x = np.array([0.5, -1, 2, 3, -2.5, 0, 1, 4])
    data = pd.DataFrame({"x": x, "y": [1.0, 3, 2, 5, 4, 7, 6, 6]})
    with pytest.warns(mlm.MissingRowsWarning, match=r"1 of 8 rows .* by column: mine\(x\) \(1\)"):
        model = mlm.lm("y ~ mine(x)", data, functions={"mine": MISSING[kind]})
    known = {"truth values": "y ~ I(x > 0)", "columns": "y ~ x + I(x^2)", "polars columns": "y ~ x + I(x^2)"}
    plain = mlm.lm(known.get(kind, "y ~ x"), data.iloc[1:])
    np.testing.assert_allclose(model.fixef, plain.fixef)
    new = model.predict(data)
    assert new.isna().tolist() == [True] + [False] * 7
    np.testing.assert_allclose(new.iloc[1:], plain.fitted)


def test_missing_inside_of_more_and_what_is_undefined():
    data = pd.DataFrame({"x": np.arange(8.0), "z": [1.0, 0, 2, 5, 1, 3, 3, 1], "y": [1.0, 3, 2, 5, 4, 7, 6, 6]})
    with pytest.warns(mlm.MissingRowsWarning, match=r"I\(mine\(x\) \+ z\) \(1\)"):
        model = mlm.lm("y ~ I(mine(x) + z)", data, functions={"mine": MISSING["NA"]})
    np.testing.assert_allclose(model.fixef, mlm.lm("y ~ I(x + z)", data.iloc[1:]).fixef)
    with pytest.raises(DataError, match=r"'mine\(x\)' is infinite or undefined in 1 of 8 rows"):
        mlm.lm("y ~ mine(x)", data, functions={"mine": lambda x: np.where(x > 0, x, np.nan)})
    with pytest.raises(DataError, match=r"'mine\(x\)' has 1 infinite values"):
        mlm.lm("y ~ mine(x)", data, functions={"mine": lambda x: np.array([None, np.inf, *x[2:]], dtype=object)})
