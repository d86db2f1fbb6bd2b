"""Weights, offsets, contrasts and functions that cannot be meant: the message names the argument."""

import re

import numpy as np
import pandas as pd
import pytest

import mlm

rng = np.random.default_rng(8)
DATA = pd.DataFrame(
    {"x": rng.normal(size=40), "w": rng.uniform(1, 2, 40), "f": list("abca") * 10, "g": np.repeat(np.arange(8), 5)}
)
DATA["y"] = DATA["x"] + rng.normal(size=8)[DATA["g"]] + rng.normal(size=40)


@pytest.mark.parametrize("role", ["weights", "offset"])
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is an empty text: give the name of a column"),
        (" \n", "is an empty text"),
        ("(1 | g)", "has no random-effects terms, and a bar means nothing here"),
        ("w + (1 | g)", "has no random-effects terms"),
        ("w || x", "has no random-effects terms"),
        ("1 / ", "something is missing before the end"),
        ("nope(w)", "cannot call 'nope'"),
        ("nope", "no column 'nope', which `{role}` uses"),
    ],
)
def test_texts_that_are_no_expression(role, text, words):
    with pytest.raises(mlm.MlmError, match=re.escape(words.format(role=role))) as caught:
        mlm.lmer("y ~ x + (1 | g)", DATA, **{role: text})
    assert f"`{role}`" in str(caught.value)


def test_a_bar_inside_of_a_function_is_or():
    offset = mlm.lmer("y ~ x + (1 | g)", DATA, offset="I(x > 0 | w > 1.5)")
    known = ((DATA["x"] > 0) | (DATA["w"] > 1.5)).astype(float)
    assert offset.loglik == mlm.lmer("y ~ x + (1 | g)", DATA, offset=known).loglik
    with pytest.raises(mlm.FormulaError, match="An offset has no random-effects terms"):
        mlm.lm("y ~ x + offset((1 | g))", DATA)


@pytest.mark.parametrize("offset", ["y", "(y)", DATA["y"].to_numpy(), DATA["y"]])
def test_the_response_is_no_offset(offset):
    with pytest.raises(mlm.DataError, match=r"The offset is the response 'y' itself.* leaves 0 in all 40 rows"):
        mlm.lmer("y ~ x + (1 | g)", DATA, offset=offset)
    with pytest.raises(mlm.DataError, match=r"The offset is the response 'log\(w\)' itself"):
        mlm.lm("log(w) ~ x + offset(log(w))", DATA)


@pytest.mark.parametrize("name", ["+", "-", "*", "/", "^", "**", ":", "%in%", "%%", "(", "~", "|", "&&", "!", "=="])
def test_operators_keep_their_meaning(name):
    with pytest.raises(mlm.ArgumentError, match=re.escape(f"{name!r}, which is an operator of formulas")):
        mlm.lm("y ~ x", DATA, functions={name: lambda a, b: a})


def test_an_operator_of_ones_own():
    model = mlm.lm("y ~ I(x %plus% w)", DATA, functions={"%plus%": lambda a, b: a + b})
    np.testing.assert_allclose(model.fixef, mlm.lm("y ~ I(x + w)", DATA).fixef)


@pytest.mark.parametrize(
    "matrix",
    [
        np.array([[1, 0], [0, 1j], [-1, -1]]),
        [[1, 0], [0, 1 + 0j], [-1, -1]],
        pd.DataFrame([[1, 0], [0, 1j], [-1, -1]]),
        np.array([1, 0, np.complex64(-1)], dtype=object),
    ],
)
def test_complex_contrasts(matrix):
    with pytest.raises(mlm.ArgumentError, match=r"matrix of 'f' is made of real numbers.* got complex numbers"):
        mlm.lm("y ~ f", DATA, contrasts={"f": matrix})


def test_words_times_and_missing_numbers_as_contrasts():
    for matrix in ([["1"], ["0"], ["2"]], np.array([1, 0, 2], dtype="m8[s]"), np.array([1, 0, 2], dtype="M8[D]")):
        with pytest.raises(mlm.ArgumentError, match="is made of real numbers"):
            mlm.lm("y ~ f", DATA, contrasts={"f": matrix})
    for matrix in (
        np.ma.array([1.0, 0, 2], mask=[0, 1, 0]),
        pd.DataFrame({"a": pd.array([1, None, 2], dtype="Int64"), "b": [0, 1, 1]}),
    ):
        with pytest.raises(mlm.ArgumentError, match=r"1 of the \d numbers in the contrast matrix of 'f' are missing"):
            mlm.lm("y ~ f", DATA, contrasts={"f": matrix})


@pytest.mark.parametrize("spelling", ["SAS", "contr.SAS", "sas"])
def test_sas_contrasts_by_name(spelling):
    # R: contrasts = list(f = "contr.SAS") calls the coefficients fa and fb; the last level is the reference
    model = mlm.lm("y ~ f + x", DATA, contrasts={"f": spelling})
    assert list(model.fixef.index) == ["(Intercept)", "fa", "fb", "x"]
    np.testing.assert_allclose(model.fixef, mlm.lm("y ~ C(f, SAS) + x", DATA).fixef)
    other = mlm.lm('y ~ relevel(factor(f), "c") + x', DATA)
    np.testing.assert_allclose(model.fixef, other.fixef)


def test_contrasts_of_a_name_in_backticks_with_and_without():
    data = DATA.rename(columns={"f": "my f"})
    plain = mlm.lm("y ~ f", DATA, contrasts={"f": "sum"}).fixef.to_numpy()
    for name in ("my f", "`my f`"):
        np.testing.assert_allclose(mlm.lm("y ~ `my f`", data, contrasts={name: "sum"}).fixef, plain)


# of lm(), R 4, for y ~ C(...) and the data below
Y = [3.0, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8]
IN_R = {
    "C(factor(k), base = 2)": {"1": -2, "3": 2.25},
    "C(o, how.many = 1)": {".L": 3.0052},
    "C(f, how.many = 1)": {"2": -0.125},
    "C(f, base = 3, how.many = 1)": {"1": -3.125},
    "C(C(f, sum), base = 2)": {"1": -2, "3": 2.25},
    "C(C(f, sum))": {"b": 2, "c": 4.25},
}


@pytest.mark.parametrize("term", IN_R)
def test_base_and_how_many_without_contrasts_as_in_r(term):
    data = pd.DataFrame({"y": Y, "f": list("abc") * 4, "k": [1, 2, 3] * 4})
    data["o"] = pd.Categorical(list("lmh") * 4, list("lmh"), ordered=True)
    model = mlm.lm(f"y ~ {term}", data)
    assert list(model.fixef.index)[1:] == [term + end for end in IN_R[term]]
    np.testing.assert_allclose(model.fixef.iloc[1:], list(IN_R[term].values()), atol=5e-6)
    np.testing.assert_allclose(model.predict(data.iloc[:2]), model.fitted.iloc[:2])


@pytest.mark.parametrize(
    ("term", "words"),
    [
        ("C(o, base = 2)", "poly contrasts have no base"),
        ("C(f, base = 7)", "its position from 1 to 3"),
        ("C(f, how.many = 3)", "how.many is a whole number from 1 to 2"),
        ("C(o, how.many = 5)", "how.many is a whole number from 1 to 2"),
    ],
)
def test_what_r_refuses_of_base_and_how_many(term, words):
    data = pd.DataFrame({"y": Y, "f": list("abc") * 4})
    data["o"] = pd.Categorical(list("lmh") * 4, list("lmh"), ordered=True)
    with pytest.raises(mlm.DataError, match=words):
        mlm.lm(f"y ~ {term}", data)
