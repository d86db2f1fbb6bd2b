"""What functions refuse, in what words; and what is Python's rather than R's."""

import re

import numpy as np
import pandas as pd
import pytest
from calls import evaluate, rows

from mlm.errors import DataError, FormulaError
from mlm.frame.functions.table import TABLE, found, listing
from mlm.frame.values import Category, Matrix, Numbers, Other, Truth

DATA = {
    "x": Numbers(np.array([1.0, np.nan, 3.0, -2.0, 3.0, np.nan])),
    "z": Numbers(np.array([1.0, 2.0, 3.0, 4.0, 5.0, np.inf])),
    "k": Numbers(np.array([3, 1, 2, 2, 1, 3])),
    "one": Numbers(np.full(6, 7.0)),
    "b": Truth(np.array([1.0, 0.0, np.nan, 1.0, 0.0, 1.0])),
    "f": Category(np.array([0, 1, 2, 0, 1, -1]), np.array(["a", "b", "c"], dtype=object)),
    "o": Category(np.array([0, 1, 2, 0, 1, -1]), np.array(["a", "b", "c"], dtype=object), ordered=True),
    "q": Category(np.array([0, 1, 2, 0, 1, -1]), pd.Index([10, 2, 7])),
    "r": Category(np.array([0, 1, 0, 0, 1, -1]), pd.Index([1, 2])),
    "t": Category(np.array([0, 1, 2, 0, 1, 0]), np.array(["1.5", "n/a", "2"], dtype=object), text=True),
    "d": Other(pd.to_datetime(["2020-01-01", "2021-02-03"] * 3).to_numpy(), "dates"),
    "m": Matrix(np.arange(12.0).reshape(6, 2), ("u", "v")),
}
# Every operation of numbers, with a category on either side.
WITH_A_CATEGORY = ["x + f", "x - f", "f - x", "-f", "+f", "x * f", "f/x", "x^f", "x%%f", "f%/%x", "f & b", "!f"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        *((text, f"{text} cannot be computed: it needs numbers, not a category (a, b, c)") for text in WITH_A_CATEGORY),
        ("log(d)", "log(d) cannot be computed: it needs numbers, not dates"),
        ("x * 'a'", "not the word 'a'"),
        ("m > 1", "not 2 columns; give it one at a time"),
        ("m + cbind(x, z, k)", "one side has 2 columns and the other 3"),
        ("x + c(1, 2)", "not a list c(…)"),
        ("cut(x, c(1, 2) + c(1, 2, 3))", "lists have 2 and 3 constants"),
        ("rev(x)", "it turns a list of constants around"),
        ("levels(x)", "as.factor(…) makes one"),
        ("seq(1, 3, by = 0)", "from 1 to 3 by 0 are not 1 to 10,000 numbers"),
        ("seq(1, 3, 1, 3)", "and not both"),
        ("poly(z, 2, raw = x)", "raw is TRUE or FALSE, and here it is numbers: a name such as T is the column"),
        ("factor(f, exclude = NULL)", "exclude = NULL asks for; fill them before the fit"),
        ("factor(f, exclude = 'a')", "1 of 6 rows are missing, and R here makes a level of them"),
        ("factor(f, exclude = x)", "exclude is a list of constants"),
        ("interaction(f, o, drop = x)", "drop is TRUE or FALSE, and here it is numbers"),
        ("x == 'a'", "not with the word 'a'"),
        ("f < 'b'", "an unordered category; ordered(f, levels = c(…)) orders"),
        ("o < 'z'", "'z', which is not a level; they are a, b, c"),
        ("o < factor(o, levels = c('c', 'b', 'a'), ordered = TRUE)", "different levels, or in a different order"),
        ("d == 5", "cannot be compared"),
        ("x %in% c('a')", "not with the word 'a'"),
        ("mean(x)", "2 of 6 numbers are missing; with na.rm = TRUE"),
        ("sum(z - z)", "1 of 6 numbers are missing"),
        ("mean(c(1, 2))", "not a list c(…)"),
        ("sd(x + NA)", "6 of 6 numbers are missing"),
        ("sd(3)", "it needs 2 numbers or more"),
        ("max(f)", "it needs numbers"),
        ("scale(z)", "1 of its numbers are infinite"),
        ("scale(one)", "all of its numbers are 7: their standard deviation is 0"),
        ("scale(x, scale = 0)", "divide by 0"),
        ("poly(x, 3)", "degree 3 needs 4 different numbers; there are 3"),
        ("poly(x, 3, raw = TRUE)", "degree 3 needs 4 different numbers; there are 3"),
        ("poly(k, 1.5)", "degree is a whole number"),
        ("poly(3, 1)", "a column of numbers, not a single one"),
        ("bs(x, df = 2)", "df is a whole number from 3"),
        ("ns(x, knots = 3)", "the knot 3 is not below the upper boundary, 3: leave it out, or widen the range"),
        ("ns(x, knots = 7)", "the knot 7 is not below the upper boundary, 3"),
        ("bs(x, knots = Inf)", "its knots are finite numbers"),
        ("bs(k, df = 12)", "too many ties among its 3 different numbers: write a smaller df"),
        ("ns(x, knots = c(1, 1))", "a knot stands twice"),
        ("bs(one)", "all of its numbers are 7"),
        ("ns(x, Boundary.knots = 1)", "Boundary.knots are two different numbers"),
        ("cut(one, 3)", "there is no range to cut"),
        ("cut(x, 1)", "whole number from 2"),
        ("cut(x, c(1, 1, 2))", "different numbers"),
        ("cut(x, 3, labels = c('a', 'b'))", "one for each of the 3 intervals"),
        ("as.numeric(t)", "2 of 6 rows hold no number, such as 'n/a'"),
        ("as.integer(t)", "hold no number, such as 'n/a'"),
        ("as.numeric(q)", "it is ambiguous: the levels are numbers"),
        ("as.integer(q)", "as.numeric(as.character(…))"),
        ("as.logical(f)", "5 of 6 rows hold no truth value, such as 'a'"),
        ("ifelse(b, f, x)", "as.character(…) makes words of numbers"),
        ("ifelse(f, 1, 2)", "it needs numbers"),
        ("ifelse(1 > 2, 0, x)", "its test is one value for all rows"),
        ("ifelse(TRUE, f, 'a')", "its test is one value for all rows"),
        ("relevel(f, 'z')", "ref is 'z', which is not a level; they are a, b, c"),
        ("relevel(o, 'b')", "keeps its order"),
        ("relevel(r, 3)", "ref is a whole number from 1 to 2"),
        ("relevel(k, 2)", "as.factor(…) makes one"),
        ("factor(f, levels = c('a', 'a'))", "the level 'a' is given twice"),
        ("factor(f, labels = c('u', 'v'))", "2 labels for 3 levels (a, b, c)"),
        ("C(f, contr.treatment(4))", "contrasts of 4 levels are asked for, and there are 3"),
        ("C(f, Treatment('z'))", "the base is 'z', which is not a level"),
        ("C(f, contr.sum(3, base = 1))", "sum contrasts have no base"),
        ("C(f, deviation)", "its contrasts are treatment, sum, helmert, poly"),
        ("C(f, deviation)", "contrasts={'f': matrix}"),
        ("C(f, x + 1)", "x is not a constant"),
        ("C(f, cbind(x, z))", "x is not a constant"),
        ("C(f, c(1, -1))", "one number for each of the 3 levels (a, b, c); got 2"),
        ("C(f, cbind(c(1, 0, -1), c(1, -1)))", "lists of different lengths"),
        ("C(f, matrix(c(1, 0, -1, 0), 3))", "has 4 numbers, which do not fill its rows and columns"),
        ("C(f, matrix(c(1, 0, -1), rows = 3))", "matrix() has no argument rows; it has data, nrow, ncol, byrow"),
        ("C(f, contr.treatment(c('a', 'b')))", "the levels are a, b, c; got"),
        ("C(f, sum, 0)", "how.many is a whole number from 1"),
        ("C(f, sum, base = 2)", "sum contrasts have no base"),
        ("interaction(f, 3)", "it needs a category, not a single number"),
        ("f:o", "interaction(a, b)"),
        ("c(x, 1)", "c() lists constants"),
        ("cbind(x, f)", "it needs numbers"),
        ("round(x, 'a')", "digits is a single number"),
        ("round(x, 301)", "digits is from -300 to 300; got 301"),
        ("signif(x, 0)", "digits is a whole number from 1"),
        ("pmax(x, 0, na.rm = 3)", "na.rm is TRUE or FALSE"),
        ("quantile(x, 2, na.rm = TRUE)", "probs are numbers from 0 to 1; got 2"),
        ("quantile(z, c(0.5, -1))", "probs are numbers from 0 to 1; got -1"),
        ("quantile(x)", "2 of 6 numbers are missing; with na.rm = TRUE"),
        ("range(x)", "2 of 6 numbers are missing; with na.rm = TRUE"),
    ],
)
def test_refused_in_words(text, words):
    with pytest.raises(DataError, match=re.escape(words)):
        evaluate(text, DATA)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("log(x, 2, 3)", "log() takes x, base; too many"),
        ("log(x, basis = 2)", "has no argument 'basis'; it has x, base"),
        ("lag(x)", "'lag'"),
        ("np.var(x)", "NumPy divides by n, R by n - 1"),
        ("numpy.poly(x)", "polynomials of their roots"),
        ("addNA(f)", "missing values are not made a level of their own; fill them before the fit"),
        ("log(offset(x))", "an offset is added to the formula as a whole"),
        ("paste(f, o)", "interaction(a, b)"),
        ("pmax(x, narm = TRUE)", "pmax() has no argument 'narm'"),
    ],
)
def test_calls_that_do_not_fit(text, words):
    with pytest.raises(FormulaError, match=re.escape(words)):
        evaluate(text, DATA)


def test_where_a_number_could_be_a_level_or_its_position():
    data = {"q": Category(np.array([0, 1, 2]), np.array([3, 1, 2], dtype=object))}
    for text in ("relevel(q, 2)", "C(q, contr.treatment(3, base = 2))"):
        with pytest.raises(DataError, match=r'there is a level 2 too; write .*"2"'):
            evaluate(text, data)
    assert evaluate('relevel(q, "2")', data).labels == ("2", "3", "1")
    coding = evaluate('C(q, contr.treatment(base = "2"))', data).contrast
    assert coding.columns.tolist() == ["3", "1"]
    assert evaluate("C(q, Treatment(2))", data).contrast.equals(coding)
    assert evaluate("C(q, Treatment(reference = 2))", data).contrast.equals(coding)


def test_a_reference_by_its_position():
    for place, labels in ((1, "abc"), (2, "bac"), (3, "cab")):
        assert evaluate(f"relevel(f, {place})", DATA).labels == tuple(labels)
    with pytest.raises(DataError, match="ref is a whole number from 1 to 3; got 4"):
        evaluate("relevel(f, 4)", DATA)


def test_a_polynomial_is_of_the_first_degree_unless_another_is_asked_for():
    one = evaluate("poly(k)", DATA)
    assert one.names == ("1",)
    np.testing.assert_array_equal(one.values, evaluate("poly(k, 1)", DATA).values)
    np.testing.assert_allclose(one.values[:, 0], [0.5, -0.5, 0, 0, -0.5, 0.5], rtol=1e-15, atol=1e-15)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("ifelse(TRUE, 'a', 'b')", "a"), ("ifelse(FALSE, 'a', 'b')", "b"), ("ifelse(NA, 'a', 'b')", None),
        ("'a' == 'a'", True), ("'a' == 'b'", False), ("'a' != 'b'", True), ("'a' != 'a'", False),
        ("NA == 'a'", None), ("'a' == NA", None), ("NA != 'a'", None), ("'a' != NA", None),
    ],
)  # fmt: skip
def test_constants_that_are_words(text, value):
    assert evaluate(text, DATA) is value if value is None else evaluate(text, DATA) == value


def test_codes_of_levels_that_are_their_own_numbers():
    np.testing.assert_array_equal(evaluate("as.numeric(r)", DATA).values, [1, 2, 1, 1, 2, np.nan])
    np.testing.assert_array_equal(evaluate("as.numeric(as.character(q))", DATA).values, [10, 2, 7, 10, 2, np.nan])
    np.testing.assert_array_equal(
        evaluate("as.numeric(as.factor(as.character(f)))", DATA).values, [1, 2, 3, 1, 2, np.nan]
    )


@pytest.mark.parametrize(
    ("python", "r"),
    [
        ("np.log(x)", "log(x)"), ("numpy.exp(x)", "exp(x)"), ("np.power(x, 2)", "x^2"), ("np.square(x)", "x * x"),
        ("np.where(x > 1, x, 0)", "ifelse(x > 1, x, 0)"), ("np.arcsin(b)", "asin(b)"),
        ("np.minimum(x, k)", "pmin(x, k)"),
        ("np.maximum(x, 0)", "pmax(x, 0)"), ("np.ceil(k / 2)", "ceiling(k / 2)"), ("np.isnan(x)", "is.na(x)"),
        ("np.mod(k, 2)", "k %% 2"), ("center(x)", "scale(x, scale = FALSE)"), ("standardize(x)", "scale(x)"),
        ("stats::poly(k, 2)", "poly(k, 2)"), ("splines::bs(k)", "bs(k)"), ("b && k", "b & k"), ("b || k", "b | k"),
        ("mean(k * 1.0)", "np.mean(k)"), ("np.logical_not(b)", "!b"), ("np.arctan2(x, k)", "atan2(x, k)"),
        ("np.less(x, 3)", "x < 3"), ("np.less_equal(x, 3)", "x <= 3"), ("np.greater(x, 1)", "x > 1"),
        ("np.greater_equal(x, 3)", "x >= 3"), ("np.equal(x, 3)", "x == 3"), ("np.not_equal(x, 3)", "x != 3"),
        ("np.logical_and(b, k > 1)", "b & (k > 1)"), ("np.logical_or(b, k > 1)", "b | (k > 1)"),
        ("np.logical_xor(b, k > 1)", "xor(b, k > 1)"), ("isna(x)", "is.na(x)"), ("isnull(x)", "is.na(x)"),
    ],
)  # fmt: skip
def test_names_of_python(python, r):
    one, other = evaluate(python, DATA), evaluate(r, DATA)
    assert type(one) is type(other)
    np.testing.assert_array_equal(
        rows(one) if hasattr(one, "values") else one, rows(other) if hasattr(other, "values") else other
    )


@pytest.mark.parametrize(
    ("text", "coding"),
    [
        ("C(f)", None), ("C(o)", None), ("C(f, sum)", "sum"), ("C(f, contr.sum)", "sum"), ("C(f, Sum)", "sum"),
        ("C(f, 'contr.sum')", "sum"), ("C(f, contr.sum(3))", "sum"), ("C(f, Sum())", "sum"),
        ("C(f, treatment)", "treatment"),
        ("C(f, 'contr.treatment')", "treatment"), ("C(f, Treatment)", "treatment"), ("C(f, helmert)", "helmert"),
        ("C(f, contr.helmert)", "helmert"), ("C(k, poly)", "poly"), ("C(f, contr.poly(3))", "poly"),
        ("C(f, contr = sum)", "sum"),
    ],
)  # fmt: skip
def test_names_of_contrasts(text, coding):
    assert evaluate(text, DATA).contrast == coding


def test_levels_that_the_fit_did_not_see_come_last():
    learnt = {}
    evaluate("as.factor(k)", DATA, learnt)
    value = evaluate("as.factor(k)", {"k": Numbers(np.array([0.0, 3.0]))}, learnt)
    assert value.labels == ("1", "2", "3", "0")
    assert value.codes.tolist() == [3, 2]


def test_intervals_with_one_digit():
    assert evaluate("cut(k, c(0, 1.26, 3.74), dig.lab = 1)", DATA).labels == ("(0,1]", "(1,4]")  # R's labels


def test_text_that_was_made_a_category_has_codes():
    data = {"s": Category(np.array([0, 1, 2, 0, -1]), np.array(["a", "b", "c"], dtype=object), text=True)}
    coded = evaluate("as.integer(factor(s, levels = c('c', 'b', 'a')))", data)
    np.testing.assert_array_equal(coded.values, [3, 2, 1, 3, np.nan])


def test_codes_of_a_level_that_the_fit_did_not_see_are_refused():
    learnt = {}
    evaluate("as.integer(f)", DATA, learnt)
    known = Category(np.array([0]), np.array(["c"], dtype=object))
    assert evaluate("as.integer(f)", {"f": known}, learnt).values.tolist() == [3]
    with pytest.raises(DataError, match="'z' did not occur in the fit"):
        evaluate("as.integer(f)", {"f": Category(np.array([0]), np.array(["z"], dtype=object))}, learnt)


def test_the_order_of_the_fit_holds_for_new_rows():
    learnt = {}
    evaluate("o >= 'b'", DATA, learnt)
    new = Category(np.array([0, 1]), np.array(["c", "a"], dtype=object), ordered=True)
    assert evaluate("o >= 'b'", {"o": new}, learnt).values.tolist() == [1, 0]


def test_words_and_categories_chosen_by_a_test():
    """The order of a category's levels is kept, where R gives codes."""
    value = evaluate("ifelse(b, f, 'other')", DATA)
    assert value.labels == ("a", "b", "c", "other")
    assert value.codes.tolist() == [0, 3, -1, 0, 3, -1]


def test_dates_have_labels():
    assert evaluate("as.factor(d)", DATA).labels == ("2020-01-01", "2021-02-03")
    assert evaluate("d == '2020-01-01'", DATA).values.tolist() == [1, 0, 1, 0, 1, 0]


def test_a_natural_spline_is_straight_outside():
    learnt = {}
    evaluate("ns(k, df = 2)", {"k": Numbers(np.array([0.0, 1, 2, 5, 7, 10]))}, learnt)
    values = evaluate("ns(k, df = 2)", {"k": Numbers(np.array([11.0, 12, 13, -1, -2, -3]))}, learnt).values
    np.testing.assert_allclose(np.diff(values[:3], 2, axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(np.diff(values[3:], 2, axis=0), 0, atol=1e-12)


def test_a_number_of_equal_size_is_no_reason_to_learn_again():
    """The replay asks for what was kept and never computes it: a row alone has no standard deviation."""
    learnt = {}
    evaluate("scale(x) + sd(k)", DATA, learnt)
    expected = evaluate("scale(x) + sd(k)", DATA).values[:1]
    one = {name: Numbers(DATA[name].values[:1]) for name in ("x", "k")}
    np.testing.assert_array_equal(evaluate("scale(x) + sd(k)", one, learnt).values, expected)


def test_listing_has_every_function_once_with_a_line():
    listed = listing()
    assert [name for name, _, _ in listed] == sorted(TABLE)
    assert all(line.endswith(".") and 5 < len(line) < 120 for _, _, line in listed)
    signatures = {name: signature for name, signature, _ in listed}
    assert signatures["round"] == "round(x, digits = 0)"
    assert signatures["interaction"] == 'interaction(..., drop = FALSE, sep = ".", lex.order = FALSE)'
    assert signatures["!"] == "!x"
    assert signatures["("] == "(x)"


def test_what_learns_says_so():
    """A function that has kept something is entered as one that learns, and the other way round."""
    arguments = {
        "relevel": "f, 'b'",
        "droplevels": "f",
        "ifelse": "b, f, 'a'",
        "where": "b, f, 'a'",
        "quantile": "k, 0.5",
        "cut": "k, 2",
        "levels": "f",
    }
    operators = {"<", "<=", ">", ">="}
    for name, known in TABLE.items():
        if known.learns and name not in operators and not name.startswith(("less", "greater")):
            learnt = {}
            evaluate(f"{name}({arguments.get(name, 'r' if name.startswith('as.') else 'k')})", DATA, learnt)
            assert any(learnt.values()), name
    for text in ("x + k", "log(k)", "is.na(f)", "f == 'a'", "pmax(x, k)", "cbind(x, k)"):
        learnt = {}
        evaluate(text, DATA, learnt)
        assert not any(learnt.values())


def test_own_functions_come_first():
    assert found("log", {"log": TABLE["exp"]}) is TABLE["exp"]
