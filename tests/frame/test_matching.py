"""A column of one kind in the fit and of another in new data: the same predictions, or one error that names both."""

import datetime
import decimal
import io
import re
import warnings

import numpy as np
import pandas as pd
import pytest

import mlm
from mlm.frame.likeness import Unlike, family, level_codes
from mlm.frame.matching import Kind, as_in_the_fit
from mlm.frame.values import Category, Numbers

N, GROUPS = 120, 12
rng = np.random.default_rng(11)
PLACE = rng.integers(0, 3, N)
G = np.repeat(np.arange(GROUPS), N // GROUPS)
X = rng.normal(size=N).round(3)
Y = X + np.array([0.0, 0.7, -0.4])[PLACE] + rng.normal(size=GROUPS)[G] + 0.6 * rng.normal(size=(GROUPS, 3))[G, PLACE]
Y = (Y + 0.4 * rng.normal(size=N)).round(3)


def taken(values):
    """The values of three levels, row by row."""
    return [values[k] for k in PLACE]


def arrow(values, of=None):
    arrow = pytest.importorskip("pyarrow")
    return pd.Series(pd.arrays.ArrowExtensionArray(arrow.array(taken(values), of and getattr(arrow, of)())))


def polars(values, of=None):
    polars = pytest.importorskip("polars")
    return polars.Series(taken(values), dtype=of and getattr(polars, of))


def dictionary(values):
    return pytest.importorskip("pyarrow").array(taken(values)).dictionary_encode()


def kept_by(dtype):
    return lambda values: pd.Series(taken(values), dtype=dtype)


def category(values, ordered=False, order=None):
    return pd.Series(pd.Categorical(taken(values), categories=order or values, ordered=ordered))


# How three values can stand in a column.
NUMBERS = {
    **{dtype: kept_by(dtype) for dtype in ("int64", "int8", "uint64", "float64", "float32", "Int64", "Float64")},
    "objects": kept_by(object),
    "decimals": lambda v: pd.Series([decimal.Decimal(x) for x in taken(v)], dtype=object),
    "array": lambda v: np.array(taken(v)),
    "masked array": lambda v: np.ma.masked_array(taken(v)),
    "list": taken,
    "sparse": lambda v: pd.Series(pd.arrays.SparseArray(taken(v))),
    "other byte order": lambda v: pd.Series(np.array(taken(v), dtype=">i4")),
    "arrow int": arrow,
    "arrow double": lambda v: arrow(v, "float64"),
    "polars int": polars,
    "polars float": lambda v: polars(v, "Float32"),
    "polars unsigned": lambda v: polars(v, "UInt8"),
}
CATEGORIES_OF_NUMBERS = {
    "category of ints": category,
    "of floats": lambda v: category([float(x) for x in v]),
    "in another order": lambda v: category(v, order=v[::-1]),
    "with more": lambda v: category(v, order=[*v, 77]),
    "dictionary": dictionary,
}
WORDS = {
    "object": kept_by(object),
    "str": kept_by("str"),
    "string": kept_by("string"),
    "string of python": kept_by("string[python]"),
    "array of objects": lambda v: np.array(taken(v), dtype=object),
    "array of strings": lambda v: np.array(taken(v)),
    "list of strings": taken,
    "arrow string": arrow,
    "arrow large string": lambda v: arrow(v, "large_string"),
    "polars string": polars,
    "polars categorical": lambda v: polars(v, "Categorical"),
    "category of text": category,
    "category in another order": lambda v: category(v, order=v[::-1]),
    "category with more": lambda v: category(v, order=["more", *v]),
    "dictionary of text": dictionary,
}
FORMS = NUMBERS | CATEGORIES_OF_NUMBERS


@pytest.fixture(autouse=True)
def quiet():
    """What the optimiser says of these small data does not matter here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.SingularFitWarning)
        yield


def rows(column):
    return {"y": Y, "x": X, "g": G, "q": column}


MODELS = {}  # each is fitted once; a fitted model never changes


def fitted(formula, column):
    key = (formula, str(type(column)), str(getattr(column, "dtype", "")), repr(list(column)))
    if key not in MODELS:
        fit = mlm.lmer if "|" in formula else mlm.lm
        MODELS[key] = fit(formula, rows(column))
    return MODELS[key]


def assert_same(formula, then, now):
    """New data of another kind give what the fit's own give: predictions and design."""
    m = fitted(formula, then)
    np.testing.assert_allclose(m.predict(rows(then)), m.fitted, rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(m.predict(rows(now)), m.predict(rows(then)))
    np.testing.assert_array_equal(m.design(rows(now)), m.design(rows(then)))
    if "|" in formula:
        population = m.predict(rows(now), new_levels="population")
        np.testing.assert_array_equal(population, m.predict(rows(then)))


def assert_refused(formula, then, now, kinds):
    """One error names the column and both kinds; of a grouping column, which may have many levels, the kinds alone."""
    m = fitted(formula, then)
    if formula.endswith("(1 | g:q)"):
        kinds = re.sub(r" \\\(.*?\\\)", "", kinds).replace("(text|a category) .*", ".*").replace("a category", "text")
    for options in ({}, {"new_levels": "population"} if "|" in formula else {}):
        with pytest.raises(mlm.DataError, match=rf"'q' of the new data is not what it was in the fit: {kinds}"):
            m.predict(rows(now), **options)
    np.testing.assert_allclose(m.predict(rows(then)), m.fitted, rtol=1e-9, atol=1e-9)


# numbers as numbers, as categories and as groups

SLOPES = [
    "y ~ x * q",
    "y ~ x + I(q^2) + (1 | g)",
    "y ~ cut(q, c(0, 1.5, 4))",
    "y ~ factor(q) + (1 | g)",
    "y ~ x + C(q)",
]
GROUPED = ["y ~ x + (1 | q)", "y ~ x + (1 | g:q)", "y ~ x + (1 | factor(q):g)", "y ~ x + (0 + factor(q) | g)"]


@pytest.mark.parametrize("now", FORMS)
@pytest.mark.parametrize("formula", SLOPES + GROUPED)
def test_numbers(formula, now):
    assert_same(formula, NUMBERS["int64"]([1, 2, 3]), FORMS[now]([1, 2, 3]))


@pytest.mark.parametrize("then", FORMS)
@pytest.mark.parametrize("formula", [SLOPES[3], GROUPED[1]])
def test_numbers_of_every_kind_in_the_fit(formula, then):
    assert_same(formula, FORMS[then]([1, 2, 3]), NUMBERS["int64"]([1, 2, 3]))
    want = fitted(formula, NUMBERS["int64"]([1, 2, 3]))
    np.testing.assert_allclose(fitted(formula, FORMS[then]([1, 2, 3])).fitted, want.fitted, rtol=1e-7)


@pytest.mark.parametrize("formula", SLOPES + GROUPED[2:])
def test_numbers_then_text(formula):
    kinds = r"numbers then, text \('1', '2', '3'\) now"
    assert_refused(formula, NUMBERS["int64"]([1, 2, 3]), WORDS["str"](["1", "2", "3"]), kinds)
    assert_refused(
        formula, NUMBERS["float64"]([1, 2, 3]), category(["1", "2", "3"]), kinds.replace("text", "a category")
    )


@pytest.mark.parametrize("formula", GROUPED[:2])
def test_a_grouping_column_is_matched_by_its_values(formula):
    for words in (["1", "2", "3"], ["01", "2.0", "3"]):
        assert_same(formula, NUMBERS["int64"]([1, 2, 3]), WORDS["str"](words))
        assert_same(formula, NUMBERS["float64"]([1, 2, 3]), category(words))


CODED = [
    "y ~ x * q",
    "y ~ x + q + (1 | g)",
    'y ~ I(q == "2") + x',
    'y ~ relevel(q, ref = "3") + (1 | g)',
    "y ~ as.numeric(as.character(q)) + x",
    "y ~ C(q, sum) + (1 | g)",
    "y ~ x + (1 | g:q)",
    "y ~ x + (0 + q | g)",
]


@pytest.mark.parametrize("now", [*FORMS, *WORDS])
@pytest.mark.parametrize("then", ["category of ints", "of floats", "str"])
@pytest.mark.parametrize("formula", CODED)
def test_categories_of_numbers(formula, then, now):
    ask = WORDS | FORMS
    made = ask[then](["1", "2", "3"] if then in WORDS else [1, 2, 3])
    assert_same(formula, made, ask[now](["1", "2", "3"] if now in WORDS else [1, 2, 3]))


@pytest.mark.parametrize("now", WORDS)
@pytest.mark.parametrize("then", ["str", "object", "category of text", "polars string", "dictionary of text"])
@pytest.mark.parametrize("formula", ["y ~ x * q", 'y ~ I(q == "b") + (1 | g)', "y ~ x + (1 | g:q)", "y ~ x + (q | g)"])
def test_words(formula, then, now):
    assert_same(formula, WORDS[then](["a", "b", "c"]), WORDS[now](["a", "b", "c"]))


@pytest.mark.parametrize("formula", ["y ~ x + q", "y ~ q + (1 | g)", "y ~ x + (1 | g:q)"])
def test_words_then_numbers(formula):
    assert_refused(
        formula, WORDS["str"](["a", "b", "c"]), NUMBERS["int64"]([1, 2, 3]), r"text \('a', 'b', 'c'\) then, numbers now"
    )
    assert_refused(
        formula, category(["a", "b", "c"]), NUMBERS["float64"]([1, 2, 3]), r"a category \('a'.*\) then, numbers now"
    )


def test_codes_with_a_leading_zero():
    for formula in ("y ~ x + q", "y ~ x + (1 | g:q)"):
        assert_same(formula, WORDS["str"](["01", "02", "03"]), NUMBERS["int64"]([1, 2, 3]))
        assert_same(formula, WORDS["str"](["1.0", "2.0", "3.0"]), NUMBERS["int64"]([1, 2, 3]))
        assert_same(formula, category([1, 2, 3]), WORDS["str"](["01", "2.0", "3"]))
        # read back from a file, "1" and "01" are both 1
        kinds = r"text \('01', '1', '2'\) then, numbers now, and 1 could be '01' or '1'"
        assert_refused(formula, WORDS["str"](["1", "01", "2"]), NUMBERS["int64"]([1, 1, 2]), kinds)


def test_years():
    for formula in ("y ~ x + q", "y ~ x * q + (1 | g)", "y ~ x + (1 | g:q)"):
        assert_same(formula, WORDS["str"](["2001", "2002", "2003"]), NUMBERS["int64"]([2001, 2002, 2003]))
        assert_same(formula, category([2001, 2002, 2003], ordered=True), WORDS["str"](["2001", "2002", "2003"]))
    m = fitted("y ~ q", WORDS["str"](["2001", "2002", "2003"]))
    with pytest.raises(
        mlm.DataError, match="'q' has categories that the fit has not seen: '2004'; it knew '2001', '2002'"
    ):
        m.predict(rows(NUMBERS["int64"]([2001, 2002, 2004])))


# truth values

TRUTHS = {
    "bool": kept_by(bool),
    "boolean": kept_by("boolean"),
    "objects": kept_by(object),
    "array": lambda v: np.array(taken(v)),
    "arrow": arrow,
    "polars": polars,
    "category of bools": lambda v: category(v, order=[False, True]),
}
BITS = {
    "int64": kept_by("int64"),
    "float64": kept_by("float64"),
    "Int8": kept_by("Int8"),
    "category of bits": lambda v: category(v, order=[0, 1]),
}
LIKE_TRUTHS = {
    **{name: (make, [False, True, True]) for name, make in TRUTHS.items()},
    **{name: (make, [0, 1, 1]) for name, make in BITS.items()},
    "words": (kept_by("str"), ["False", "True", "True"]),
    "R's words": (kept_by("str"), ["FALSE", "TRUE", "TRUE"]),
}


@pytest.mark.parametrize("now", LIKE_TRUTHS)
@pytest.mark.parametrize("then", LIKE_TRUTHS)
@pytest.mark.parametrize("formula", ["y ~ x * q", "y ~ q + (1 | g)", "y ~ x + (1 | g:q)"])
def test_truth_values(formula, then, now):
    fit_has, new_has = (make(values) for make, values in (LIKE_TRUTHS[then], LIKE_TRUTHS[now]))
    words, bits = ("words", "R's words"), ("int64", "float64", "Int8", "category of bits")
    grouped = formula.endswith("(1 | g:q)")
    if then in ("int64", "float64", "Int8") and (now in words or (now == "category of bools" and not grouped)):
        assert_refused(formula, fit_has, new_has, "numbers then, .* now")
    elif then in words and now in words and then != now:
        with pytest.raises(mlm.DataError, match="that the fit has not seen"):
            fitted(formula, fit_has).predict(rows(new_has))
    elif (then in words and now in bits) or (then in bits and now in words):
        assert_refused(formula, fit_has, new_has, "(text|a category) .* then, .* now")
    else:
        assert_same(formula, fit_has, new_has)


def test_truth_values_are_no_other_numbers():
    m = fitted("y ~ q", TRUTHS["bool"]([True, False, True]))
    with pytest.raises(mlm.DataError, match=r"'q' of the new data is not .*: truth values then, numbers now"):
        m.predict(rows(NUMBERS["int64"]([1, 0, 2])))
    sexes = fitted("y ~ q", WORDS["str"](["F", "M", "F"]))
    with pytest.raises(mlm.DataError, match=r"text \('F', 'M'\) then, truth values now"):
        sexes.predict(rows(TRUTHS["bool"]([False, True, False])))


# times, intervals, periods

DAYS = [pd.Timestamp("2001-01-01"), pd.Timestamp("2001-03-01"), pd.Timestamp("2002-01-01")]
HOURS = [pd.Timestamp("2001-01-01 10:30"), pd.Timestamp("2001-01-01"), pd.Timestamp("2001-01-02 23:59:59.25")]
SPANS = [pd.Timedelta("1 days"), pd.Timedelta("2 days 03:00:00"), pd.Timedelta("10 days")]
PIECES = list(pd.interval_range(0, 3))
MONTHS = [pd.Period("2001-01", "M"), pd.Period("2001-02", "M"), pd.Period("2002-01", "M")]


def csv_again(frame):
    return pd.read_csv(io.StringIO(frame.to_csv(index=False)))


@pytest.mark.parametrize(
    "values", [DAYS, HOURS, SPANS, PIECES, MONTHS], ids=["days", "hours", "spans", "pieces", "months"]
)
@pytest.mark.parametrize("formula", ["y ~ x + q", "y ~ q + (1 | g)", "y ~ x + (1 | g:q)"])
def test_categories_of_times(formula, values):
    then = category(values)
    for now in (
        category(values, order=values[::-1]),
        pd.Series(taken(values)),
        csv_again(pd.DataFrame({"q": then}))["q"],
    ):
        assert_same(formula, then, now)


@pytest.mark.parametrize("values", [DAYS, HOURS, SPANS, MONTHS], ids=["days", "hours", "spans", "months"])
@pytest.mark.parametrize("formula", ["y ~ x + (1 | q)", "y ~ x + (1 | g:q)", "y ~ x + (1 | q:g)"])
def test_groups_of_times(formula, values):
    then = pd.Series(taken(values))
    forms = [then.astype(object), category(values), csv_again(pd.DataFrame({"q": then}))["q"], taken(values)]
    if values is DAYS:
        forms += [then.astype("datetime64[s]"), pd.Series([d.date() for d in then])]
    for now in forms:
        assert_same(formula, then, now)
        assert_same(formula, now, then)


@pytest.mark.parametrize("make", [polars, arrow], ids=["polars", "arrow"])
@pytest.mark.parametrize("formula", ["y ~ x + (1 | q)", "y ~ x + (1 | g:q)"])
def test_groups_of_times_of_other_libraries(formula, make):
    then = pd.Series(taken(DAYS))
    for now in (make(DAYS), make([day.date() for day in DAYS])):
        assert_same(formula, then, now)
        assert_same(formula, now, then)


def test_times_are_no_numbers():
    for formula in ("y ~ x + (1 | q)", "y ~ x + (1 | g:q)"):
        m = fitted(formula, pd.Series(taken(DAYS)))
        for now in ([1, 2, 3], [2001, 2002, 2003]):
            with pytest.raises(mlm.DataError, match=r"'q' of the new data is not .*: dates then, numbers now"):
                m.predict(rows(NUMBERS["int64"](now)), new_levels="population")
        with pytest.raises(
            mlm.DataError, match=r"'q' of the new data is not .*: dates then, dates with a time zone now"
        ):
            m.predict(rows(pd.Series(taken(DAYS)).dt.tz_localize("UTC")), new_levels="population")
    m = fitted("y ~ q", category(PIECES))
    with pytest.raises(mlm.DataError, match=r"'q' of the new data .* a category \('\(0, 1\]'.*\) then, numbers now"):
        m.predict(rows(NUMBERS["float64"]([0.5, 1.5, 2.5])))  # pandas would look for the interval that holds each


# files

FILED = {
    "id": [1001, 1002, 1003],
    "code": ["7", "8", "9"],
    "zeros": ["007", "008", "009"],
    "year": ["2001", "2002", "2003"],
    "word": ["x", "y z", "é"],
    "size": pd.Categorical(["small", "large", "small"], categories=["small", "large"], ordered=True),
    "dose": pd.Categorical([0.5, 1.0, 2.0]),
    "flag": [True, False, True],
    "yes": ["True", "False", "True"],
    "half": [0.5, 1.0, 1.5],
    "day": pd.Categorical(DAYS),
    "piece": pd.Categorical(PIECES),
}


@pytest.mark.parametrize("by", ["pandas", "pandas, nullable", "pandas, arrow", "polars"])
@pytest.mark.parametrize("name", FILED)
def test_a_whole_frame_goes_through_a_file(name, by):
    then = pd.DataFrame({k: pd.Series(v).iloc[PLACE].array for k, v in FILED.items()}).assign(y=Y, x=X, g=G)
    text = io.StringIO(then.to_csv(index=False))
    if by == "polars":
        now = pytest.importorskip("polars").read_csv(io.BytesIO(text.getvalue().encode()), try_parse_dates=True)
    elif by == "pandas":
        now = pd.read_csv(text)
    else:
        if by.endswith("arrow"):
            pytest.importorskip("pyarrow")
        now = pd.read_csv(text, dtype_backend="pyarrow" if by.endswith("arrow") else "numpy_nullable")
    for formula in (f"y ~ x * {name}", f"y ~ {name} + (1 | g)", f"y ~ x + (1 | g:{name})", f"y ~ factor({name}) + x"):
        m = mlm.lmer(formula, then) if "|" in formula else mlm.lm(formula, then)
        np.testing.assert_array_equal(m.predict(now), m.predict(then))
        np.testing.assert_allclose(m.predict(then), m.fitted, rtol=1e-9, atol=1e-9)
        # and one row at a time, of which the type says least
        for k in (0, 50, 119):
            row = pd.DataFrame({c: [v.iloc[k]] for c, v in pd.read_csv(io.StringIO(then.to_csv(index=False))).items()})
            assert m.predict(row).iloc[0] == pytest.approx(m.fitted.iloc[k], rel=1e-9, abs=1e-9)


# nothing there

NOTHING = {
    "None": [None] * 4,
    "NaN": np.full(4, np.nan),
    "nullable": pd.array([pd.NA] * 4, dtype="Int64"),
    "boolean": pd.array([pd.NA] * 4, dtype="boolean"),
    "string": pd.array([pd.NA] * 4, dtype="string"),
    "times": pd.Series([pd.NaT] * 4),
    "category": pd.Categorical([None] * 4, categories=["u"]),
    "masked": np.ma.masked_array([1, 2, 3, 4], mask=True),
}
THEN = {
    "numbers": NUMBERS["int64"]([1, 2, 3]),
    "truth values": TRUTHS["bool"]([True, False, True]),
    "words": WORDS["str"](["a", "b", "c"]),
    "category": category(["a", "b", "c"], ordered=True),
}


@pytest.mark.parametrize("nothing", NOTHING)
@pytest.mark.parametrize("then", THEN)
def test_columns_of_missing_values(then, nothing):
    new = {"x": [0.0, 1.0, 2.0, 3.0], "g": [0, 1, 2, 3], "q": NOTHING[nothing]}
    for formula in ("y ~ x * q", "y ~ x + q + (1 | g)", "y ~ factor(q) + (1 | g)"):
        m = fitted(formula, THEN[then])
        assert m.predict(new).isna().all()
        assert m.design(new)["(Intercept)"].eq(1).all()
    m = fitted("y ~ x + (1 | g:q)", THEN[then])
    with pytest.raises(mlm.DataError, match="'g:q' is missing in 4 of 4 rows of the new data"):
        m.predict(new)
    np.testing.assert_array_equal(m.predict(new, new_levels="population"), m.predict(new, re_form="NA"))


# levels


def objects(*values):
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made


BIG = 2**53
FOUND = [
    ([3, 1], [1, 2, 3], [2, 0]),
    ([1.0, 2.5], [1, 2, 3], [0, -1]),
    (objects(1, 2.5), [2, 1], [1, -1]),
    ([-0.0], [0.0, 1.0], [0]),
    ([BIG + 1], [BIG, BIG + 1], [1]),
    (objects(str(BIG + 1)), [BIG, BIG + 1], [1]),
    (objects(str(BIG + 1)), [BIG, BIG + 2], None),
    ([BIG + 1], objects(str(BIG), str(BIG + 1)), [1]),
    (np.array([2**63 + 1], dtype="uint64"), np.array([2**63, 2**63 + 1], dtype="uint64"), [1]),
    ([1], np.array([1, 2**63 + 1], dtype="uint64"), [0]),
    (np.array([2**63 + 1], dtype="uint64"), [-1, 1], [-1]),
    ([float(BIG)], [BIG, BIG + 1], None),
    ([BIG], [float(BIG)], None),
    ([float(BIG)], [1, 2], [-1]),
    (np.array([0.1], dtype="float32"), [0.1, 0.2], [0]),
    ([0.1, 0.3], np.array([0.1, 0.2], dtype="float32"), [0, -1]),
    (np.array([0.1], dtype="float32"), [0.1, 0.1 + 1e-12], None),
    (objects("0.1", "1e5", " 2"), [0.1, 0.1 + 1e-17, 100000.0, 2.0], [0, 2, 3]),
    (objects("a", 1), objects(1, "1", "a"), [2, 0]),
    (objects("1"), objects(1, "1", "a"), [1]),
    ([1, 7], objects(1, "1", "a"), [0, -1]),
    (objects("2001-01-01T00:00:00.000000", "2001-03-01"), pd.DatetimeIndex(DAYS), [0, 1]),
    (objects("2001"), pd.DatetimeIndex(DAYS), None),
    (pd.DatetimeIndex(DAYS), objects("2001-03-01", "2001-01-01"), [1, 0, -1]),
    (objects("2001-01-01 3pm"), pd.DatetimeIndex(["2001-01-01 15:00"]), None),
    (objects("1 days", "5 ns", "x"), pd.TimedeltaIndex([5, 86400 * 10**9]), [1, 0, -1]),
    (objects("5"), pd.TimedeltaIndex([5]), None),
    ([True], [0, 1, 2], None),
    ([], ["a"], []),
]


@pytest.mark.parametrize(("levels", "known", "place"), FOUND)
def test_levels(levels, known, place):
    levels, known = (v if hasattr(v, "dtype") else np.asarray(v) for v in (levels, known))
    if place is None:
        with pytest.raises(Unlike):
            level_codes(levels, known)
    else:
        assert level_codes(levels, known).tolist() == place


def test_families():
    assert family(pd.Index([True, False])) == "truth values"
    assert family(pd.Index(["a"], dtype="str")) == family(objects("a")) == "text"
    assert family(objects(1, 2.5)) == family(pd.array([1], dtype="Int64")) == "numbers"
    assert family(objects(1, "a")) == "mixed"
    assert family(pd.IntervalIndex(PIECES)) == "intervals"
    assert family(pd.PeriodIndex(MONTHS)) == "periods"
    assert family(objects(datetime.date(2001, 1, 1))) == "days"
    assert family(pd.DatetimeIndex(DAYS).tz_localize("UTC")) == "dates with a time zone"


@pytest.mark.parametrize("codes", [[0, 1, 0], [1, -1, 0]])
def test_whole_numbers_of_a_category_stay_whole(codes):
    ids = np.array([2**60 + 1, 2**60 + 2])
    found = as_in_the_fit(Category(np.array(codes), ids), Kind("numbers"), "q")
    assert isinstance(found, Numbers)
    exact = found.values if found.exact is None else found.exact
    assert pd.array(exact, dtype="Int64").tolist() == [pd.NA if k < 0 else int(ids[k]) for k in codes]
    np.testing.assert_array_equal(np.isnan(found.values.astype(float)), np.array(codes) < 0)


def test_levels_that_do_not_occur_in_new_rows_are_not_matched():
    then = Kind("category", objects("01", "1", "2"))
    new = Category(np.array([1, -1, 1]), np.array([1, 2]))
    found = as_in_the_fit(new, then, "q")
    assert [None if k < 0 else found.levels[k] for k in found.codes] == ["2", None, "2"]
    with pytest.raises(mlm.DataError, match="1 could be '01' or '1'"):
        as_in_the_fit(Category(np.array([0, 1]), np.array([1, 2])), then, "q")


# names that are a column in the fit and a constant without it


def test_a_column_of_a_constants_name():
    data = rows(NUMBERS["int64"]([1, 2, 3]))
    m = mlm.lm("y ~ x + I(q * T)", {**data, "T": X + 2})
    with pytest.raises(mlm.DataError, match="no column 'T'"):
        m.predict(data)
    constant = mlm.lm("y ~ I(x * pi)", data)
    np.testing.assert_array_equal(constant.predict({**data, "pi": np.zeros(N)}), constant.fitted)


# effects make rows of their own


@pytest.mark.parametrize("values", [[1, 2, 3], [0.5, 1.0, 1.5], DAYS, PIECES, MONTHS, SPANS, ["01", "1", "x"]], ids=str)
@pytest.mark.parametrize("formula", ["y ~ x * q", "y ~ x + q + (1 | g)"])
def test_effects_of_categories(formula, values):
    m, want = fitted(formula, category(values)), fitted(formula, category(["a", "b", "c"]))
    for focal, options in (("q", {}), ("x", {"values": [0.0, 1.0]}), ("q", {"at": {"x": [-1.0, 2.0]}})):
        found, right = mlm.effect(m, focal, **options).frame, mlm.effect(want, focal, **options).frame
        np.testing.assert_allclose(found[["fit", "se"]], right[["fit", "se"]], rtol=1e-9)
    assert list(mlm.effect(m, "q").frame["q"].astype(object)) == values
    at_level = mlm.effect(m, "x", at={"q": values[2:]}, values=[0.0]).frame["fit"].iloc[0]
    assert at_level == pytest.approx(
        mlm.effect(want, "x", at={"q": ["c"]}, values=[0.0]).frame["fit"].iloc[0], rel=1e-9
    )


def test_effects_of_truth_values_and_coded_numbers():
    by_bits, by_words = (
        fitted("y ~ x + q", TRUTHS["bool"]([False, True, True])),
        fitted("y ~ x + q", WORDS["str"](["a", "b", "b"])),
    )
    np.testing.assert_allclose(mlm.effect(by_bits, "q").frame["fit"], mlm.effect(by_words, "q").frame["fit"], rtol=1e-9)
    coded, words = (
        fitted("y ~ x + factor(q)", NUMBERS["int64"]([1, 2, 3])),
        fitted("y ~ x + q", WORDS["str"](["1", "2", "3"])),
    )
    np.testing.assert_allclose(mlm.effect(coded, "q").frame["fit"], mlm.effect(words, "q").frame["fit"], rtol=1e-9)
