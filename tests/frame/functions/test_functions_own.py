"""Functions that users bring: what they are handed, what they may return, and what becomes of their errors."""

import functools
import re
import warnings

import numpy as np
import pandas as pd
import pytest
from calls import evaluate

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
