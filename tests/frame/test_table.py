"""Columns of every library as a fit reads them: what is missing, in what precision and order, and what is refused."""

import datetime
import decimal
import fractions
import warnings

import numpy as np
import pandas as pd
import pytest

import mlm
from mlm.frame.table import Table
from mlm.frame.values import Category, Numbers, Other, Truth, label, missing

N = 120


def data():
    rng = np.random.default_rng(21)
    g = np.repeat(np.arange(12), 10)
    d = pd.DataFrame(
        {"x": rng.normal(size=N).round(3), "f": rng.choice(["low", "mid", "high"], N), "b": rng.random(N) > 0.4}
    )
    d["year"], d["g"], d["w"], d["o"] = (
        rng.integers(1990, 2021, N),
        [f"g{k}" for k in g],
        rng.uniform(0.5, 2, N),
        rng.normal(size=N),
    )
    d["y"] = (d.x + 0.02 * (d.year - 2000) + (d.f == "low") + rng.normal(size=12)[g] + rng.normal(size=N)).round(3)
    return d


@pytest.fixture(autouse=True)
def quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MissingRowsWarning)
        yield


def polars(d):
    return pytest.importorskip("polars").DataFrame(d.to_dict("list"))


def pyarrow(d):
    return pytest.importorskip("pyarrow").table(d.to_dict("list"))


def pandas_on_arrow(d):
    pytest.importorskip("pyarrow")
    return d.convert_dtypes(dtype_backend="pyarrow")


LIBRARIES = {
    "convert_dtypes": lambda d: d.convert_dtypes(),
    "string": lambda d: d.astype({"f": "string", "g": "string"}),
    "category": lambda d: d.astype({"f": "category", "g": "category"}),
    "objects": lambda d: d.astype(object),
    "pandas on arrow": pandas_on_arrow,
    "polars": polars,
    "pyarrow": pyarrow,
    "lists": lambda d: d.to_dict("list"),
    "arrays": lambda d: {name: np.array(column) for name, column in d.items()},
    "masked arrays": lambda d: {name: np.ma.masked_array(np.array(d[name])) for name in d},
}
FORMULAS = [
    "y ~ x * f + b + (1 | g)",
    "y ~ I(year^2) + f + (x | g)",
    "y ~ scale(year) * b + (1 | g:f)",
    'y ~ I(f == "low") + log(w)',
]


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("formula", FORMULAS)
def test_every_library_fits_the_same(formula, library):
    frame = LIBRARIES[library](data())
    if "|" in formula:
        m, want = (mlm.lmer(formula, d, weights="w", offset="o") for d in (frame, data()))
    else:
        m, want = mlm.lm(formula, frame), mlm.lm(formula, data())
    assert m.fixef.index.tolist() == want.fixef.index.tolist()
    np.testing.assert_array_equal(m.fixef, want.fixef)
    np.testing.assert_array_equal(m.predict(frame), want.predict(data()))
    np.testing.assert_array_equal(m.predict(data()), want.predict(data()))
    np.testing.assert_array_equal(want.predict(frame), want.predict(data()))


def test_the_reference_level_does_not_depend_on_the_order_of_rows():
    polars, arrow = pytest.importorskip("polars"), pytest.importorskip("pyarrow")
    for seed in range(6):
        d = data().sample(frac=1, random_state=seed)
        frame = polars.DataFrame({"y": d.y.to_numpy(), "f": d.f.tolist()}).with_columns(
            polars.col("f").cast(polars.Categorical)
        )
        assert mlm.lm("y ~ f", frame).fixef.index.tolist() == ["(Intercept)", "flow", "fmid"]
        words = arrow.array(d.f.tolist()).dictionary_encode()  # in the order in which they come
        for column in (words, pd.Series(pd.arrays.ArrowExtensionArray(arrow.chunked_array([words])))):
            table = {"y": d.y.to_numpy(), "f": column}
            assert mlm.lm("y ~ f", table).fixef.index.tolist() == ["(Intercept)", "flow", "fmid"]
    # an enumeration has an order of its own
    order = ["mid", "low", "high"]
    chosen = polars.DataFrame({"y": data().y.to_numpy(), "f": data().f.tolist()}).with_columns(
        polars.col("f").cast(polars.Enum(order))
    )
    m = mlm.lm("y ~ f", chosen)
    assert m.fixef.index.tolist() == ["(Intercept)", "flow", "fhigh"]
    np.testing.assert_array_equal(m.fitted, mlm.lm("y ~ f", data().assign(f=pd.Categorical(data().f, order))).fitted)


# missing values

HOLES = [3, 40, 77]


def holed(values, what):
    some = list(values)
    for k in HOLES:
        some[k] = what
    return some


NUMBERS = {
    "NaN": lambda v: pd.Series(holed(v, np.nan)),
    "None": lambda v: holed(v, None),
    "NA": lambda v: pd.Series(holed(v, pd.NA), dtype=object),
    "nullable": lambda v: pd.array(holed(v, pd.NA), dtype="Float64"),
    "NaN in a nullable": lambda v: pd.Series(
        pd.arrays.FloatingArray(np.array(holed(v, np.nan)), np.zeros(N, dtype=bool))
    ),
    "masked": lambda v: np.ma.masked_array(holed(v, -999.0), mask=np.isin(np.arange(N), HOLES)),
    "masked infinity": lambda v: np.ma.masked_array(holed(v, np.inf), mask=np.isin(np.arange(N), HOLES)),
    "half masked": lambda v: np.ma.masked_array(holed(v, np.nan), mask=np.arange(N) == HOLES[0]),
    "sparse": lambda v: pd.Series(pd.arrays.SparseArray(holed(v, np.nan))),
    "polars null": lambda v: pytest.importorskip("polars").Series(holed(v, None)),
    "polars NaN": lambda v: pytest.importorskip("polars").Series(holed(v, np.nan)),
    "arrow null": lambda v: pytest.importorskip("pyarrow").array(holed(v, None)),
    "arrow NaN": lambda v: pytest.importorskip("pyarrow").array(holed(v, np.nan)),
    "pandas on arrow, NaN": lambda v: pd.Series(
        pd.arrays.ArrowExtensionArray(pytest.importorskip("pyarrow").array(holed(v, np.nan)))
    ),
}


@pytest.mark.parametrize("kind", NUMBERS)
def test_missing_numbers(kind):
    d, make = data(), NUMBERS[kind]
    rest = d.drop(HOLES)
    columns = d.to_dict("list")
    for name in ("x", "y", "w", "o"):
        frame = {**columns, name: make(d[name])}
        m = mlm.lmer("y ~ x + f + (1 | g)", frame, weights="w", offset="o")
        want = mlm.lmer("y ~ x + f + (1 | g)", rest, weights="w", offset="o")
        np.testing.assert_array_equal(m.fixef, want.fixef)
        assert m.dropped.by_column == {name: 3}
    m = mlm.lmer("y ~ x + f + (1 | g)", columns, weights=make(d.w), offset=make(d.o))
    np.testing.assert_array_equal(m.fixef, mlm.lmer("y ~ x + f + (1 | g)", rest, weights="w", offset="o").fixef)
    m = mlm.lmer("y ~ x + f + (1 | g)", columns)
    found = m.predict({**columns, "x": make(d.x)})
    assert np.flatnonzero(found.isna()).tolist() == HOLES
    np.testing.assert_array_equal(found.drop(HOLES), m.predict(d).drop(HOLES))
    with pytest.raises(mlm.DataError, match="The new response has 3 missing values"):
        m.refit(y=make(d.y))


GROUPS = {
    "None": lambda v: holed(v, None),
    "NaN": lambda v: pd.Series(holed(v, np.nan), dtype=object),
    "string": lambda v: pd.array(holed(v, pd.NA), dtype="string"),
    "category": lambda v: pd.Categorical(holed(v, None)),
    "masked": lambda v: np.ma.masked_array(holed(v, "zz"), mask=np.isin(np.arange(N), HOLES)),
    "polars": lambda v: pytest.importorskip("polars").Series(holed(v, None)),
    "arrow": lambda v: pytest.importorskip("pyarrow").array(holed(v, None)),
    "dictionary": lambda v: pytest.importorskip("pyarrow").array(holed(v, None)).dictionary_encode(),
}


@pytest.mark.parametrize("kind", GROUPS)
def test_missing_levels(kind):
    d, make = data(), GROUPS[kind]
    columns, rest = d.to_dict("list"), d.drop(HOLES)
    for name in ("g", "f"):
        frame = {**columns, name: make(d[name])}
        m = mlm.lmer("y ~ x + f + (1 | g)", frame)
        # a dictionary has an order of its own, and so another reference level
        np.testing.assert_allclose(m.fitted, mlm.lmer("y ~ x + f + (1 | g)", rest).fitted, rtol=1e-10)
        assert m.dropped.by_column == {name: 3}
        assert m.ngrps["g"] == 12
    m = mlm.lmer("y ~ x + f + (1 | g)", columns)
    assert np.flatnonzero(m.predict({**columns, "f": make(d.f)}).isna()).tolist() == HOLES
    with pytest.raises(mlm.DataError, match="'g' is missing in 3 of 120 rows of the new data"):
        m.predict({**columns, "g": make(d.g)})


def test_missing_truth_values():
    d = data()
    for column in (pd.array(holed(d.b, pd.NA), dtype="boolean"), holed(d.b.tolist(), None)):
        frame = {**d.to_dict("list"), "b": column}
        m = mlm.lmer("y ~ b + (1 | g)", frame)
        assert m.fixef.index.tolist() == ["(Intercept)", "bTRUE"]
        np.testing.assert_array_equal(m.fixef, mlm.lmer("y ~ b + (1 | g)", d.drop(HOLES)).fixef)


# precision


def test_numbers_are_computed_in_double_precision():
    d = data()
    want = {"I(year^2)": d.year.to_numpy() ** 2.0, "log(year)": np.log(d.year.to_numpy())}
    for dtype in ("float32", "int16", "uint16", "Int16", "Float32", "float64"):
        m = mlm.lm("y ~ I(year^2) + log(year)", d.assign(year=d.year.astype(dtype)))
        np.testing.assert_array_equal(m.x["I(year^2)"], want["I(year^2)"])
        np.testing.assert_array_equal(m.x["log(year)"], want["log(year)"])
    narrow = pytest.importorskip("polars").DataFrame({"y": d.y.to_numpy(), "year": d.year.to_numpy().astype("float32")})
    np.testing.assert_array_equal(mlm.lm("y ~ I(year^2)", narrow).x["I(year^2)"], want["I(year^2)"])


def test_integers_do_not_overflow():
    d = data().assign(k=np.arange(N, dtype="int8"), u=np.arange(N, dtype="uint8"))
    m = mlm.lm("y ~ I(k * k) + I(u - 100)", d.assign(u=(np.arange(N) ** 2 % 97).astype("uint8")))
    np.testing.assert_array_equal(m.x["I(k * k)"], np.arange(N) ** 2.0)
    np.testing.assert_array_equal(m.x["I(u - 100)"], np.arange(N) ** 2 % 97 - 100.0)


def test_decimals_are_numbers():
    import decimal

    d = data()
    exact = d.assign(x=[decimal.Decimal(str(v)) for v in d.x])
    want = mlm.lm("y ~ x + I(x^2)", d).fixef
    np.testing.assert_allclose(mlm.lm("y ~ x + I(x^2)", exact).fixef, want, rtol=1e-12)
    arrow = pytest.importorskip("pyarrow")
    column = arrow.array(exact.x.tolist(), arrow.decimal128(10, 3))
    in_polars = pytest.importorskip("polars").DataFrame({"y": d.y.tolist(), "x": exact.x.tolist()})
    for frame in ({"y": d.y, "x": column}, in_polars):
        np.testing.assert_allclose(mlm.lm("y ~ x + I(x^2)", frame).fixef, want, rtol=1e-12)


def test_what_numpy_has_no_type_for():
    polars = pytest.importorskip("polars")
    if hasattr(polars, "Int128"):
        wide = Table.of(polars.DataFrame({"q": polars.Series([2**40, None, 3], dtype=polars.Int128)})).value("q")
        assert isinstance(wide, Numbers)
        np.testing.assert_array_equal(wide.values, [2.0**40, np.nan, 3])
    lists = Table.of(polars.DataFrame({"q": [[1, 2], None, [3]]})).value("q")
    assert isinstance(lists, Other)
    assert [None if v is np.nan else v for v in lists.values] == [[1, 2], None, [3]]


# kinds


KINDS = [
    ([1, 2], Numbers),
    (np.array([1.5, 2], dtype="float16"), Numbers),
    (pd.array([1, None], dtype="Int8"), Numbers),
    ([True, None], Truth),
    (["a", "b"], Category),
    ([None, None], Numbers),
    ([datetime.date(2001, 1, 1)] * 2, Other),
    (pd.date_range("2001-01-01", periods=2), Other),
    (pd.to_timedelta([1, 2]), Other),
    (pd.period_range("2001-01", periods=2, freq="M"), Category),
    (pd.interval_range(0, 2), Category),
    (np.array([1j, 2]), Other),
    ([1, "a"], Other),
    ([2**70, 1.5, None], Numbers),
]


@pytest.mark.parametrize(("column", "kind"), KINDS)
def test_kinds(column, kind):
    value = Table.of({"q": column}).value("q")
    assert type(value) is kind
    absent = missing(value)
    assert (0 if absent is None else absent.sum()) == pd.isna(np.array(list(column), dtype=object)).sum()


REFUSED = {
    "dates": pd.Series(pd.date_range("2001-01-01", periods=N)),
    "time differences": pd.Series(pd.to_timedelta(np.arange(N), unit="h")),
    "complex numbers": np.arange(N) + 1j,
    "date values": [datetime.date(2001, 1, 1)] * N,
    "text": ["a"] * N,
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_number_is_refused(kind):
    d, column = data(), REFUSED[kind]
    frame = {**d.to_dict("list"), "q": column}
    for name in ("weights", "offset"):
        with pytest.raises(mlm.DataError, match=f"`?{name}.* is not numeric"):
            mlm.lmer("y ~ x + (1 | g)", d, **{name: column})
        with pytest.raises(mlm.DataError, match="'q' is not numeric"):
            mlm.lmer("y ~ x + (1 | g)", frame, **{name: "q"})
    with pytest.raises(mlm.DataError, match="The new response is not numeric"):
        mlm.lmer("y ~ x + (1 | g)", d).refit(y=np.array(column))
    with pytest.raises(mlm.DataError, match="response 'q' is not numeric"):
        mlm.lmer("q ~ x + (1 | g)", frame)
    if kind != "text":
        for formula in ("y ~ q", "y ~ x:q", "y ~ log(q)", "y ~ scale(q)", "y ~ q + (1 | g)"):
            with pytest.raises(mlm.DataError, match="q"):
                (mlm.lmer if "|" in formula else mlm.lm)(formula, frame)


def test_only_the_columns_of_the_formula_are_read():
    class Untouched:
        def __len__(self):
            return N

        def __getattr__(self, name):
            raise AssertionError(name)

    frame = {**data().to_dict("list"), "unused": Untouched()}
    m = mlm.lmer("y ~ x + (1 | g)", frame)
    np.testing.assert_array_equal(m.predict(frame), m.predict(data()))
    odd = data().assign(**{"log": "a", "I": 1j, "scale": None, "c": pd.NaT})
    np.testing.assert_array_equal(
        mlm.lm("y ~ log(w) + I(x^2) + scale(year)", odd).fixef,
        mlm.lm("y ~ log(w) + I(x^2) + scale(year)", data()).fixef,
    )


def test_zero_has_one_label():
    assert [label(zero) for zero in (0, 0.0, -0.0, np.float64(-0.0), np.float32(-0.0))] == ["0"] * 5


# numbers as objects, and time differences


EXACT = {
    "decimals": [decimal.Decimal("0.5") + k % 3 for k in range(N)],
    "fractions": [fractions.Fraction(1, 2) + k % 3 for k in range(N)],
    "among one another": [decimal.Decimal(1), 2, 0.5, *[decimal.Decimal("1.5")] * (N - 3)],
}


@pytest.mark.parametrize("role", ["weights", "offset"])
@pytest.mark.parametrize("kind", EXACT)
def test_exact_numbers_as_weights_and_offsets_are_those_of_a_column(kind, role):
    d, values = data(), EXACT[kind]
    want = mlm.lmer("y ~ x + (1 | g)", d, **{role: [float(v) for v in values]}).fixef
    for given in (values, np.array(values, dtype=object), pd.Series(values, dtype=object)):
        np.testing.assert_allclose(mlm.lmer("y ~ x + (1 | g)", d, **{role: given}).fixef, want, rtol=1e-12)
    np.testing.assert_allclose(mlm.lmer("y ~ x + (1 | g)", d.assign(q=values), **{role: "q"}).fixef, want, rtol=1e-12)
    x = mlm.lm("y ~ q", d.assign(q=values)).fixef
    np.testing.assert_allclose(x, mlm.lm("y ~ q", d.assign(q=[float(v) for v in values])).fixef, rtol=1e-12)


def test_truth_values_and_words_among_numbers_are_no_numbers():
    for odd in (True, "1", 1j, datetime.date(2001, 1, 1)):
        assert isinstance(Table.of({"q": [decimal.Decimal(1), odd]}).value("q"), Other)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_time_differences_have_the_same_labels_in_every_frame(unit):
    d = data()
    hours = pd.Series(pd.to_timedelta(np.arange(N) % 3 * 3600.5, unit="s")).astype(f"timedelta64[{unit}]")
    frames = [d.assign(t=hours)]
    arrow = pytest.importorskip("pyarrow")
    column = arrow.array(hours.to_numpy(), type=arrow.duration(unit))
    frames += [d.assign(t=pd.arrays.ArrowExtensionArray(column)), {"y": d.y, "x": d.x, "t": column}]
    if unit != "s":  # polars has none
        polars = pytest.importorskip("polars")
        frames.append(polars.DataFrame({"y": d.y.tolist(), "x": d.x.tolist(), "t": polars.Series(hours.to_numpy())}))
    names = [mlm.lm("y ~ as.factor(t)", frame).fixef.index.tolist() for frame in frames]
    half = ".500000" if unit != "s" else ""
    assert names[0][1:] == [f"as.factor(t)0 days 01:00:00{half}", "as.factor(t)0 days 02:00:01"]
    assert all(other == names[0] for other in names)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MlmWarning)
        groups = [mlm.lmer("y ~ x + (1 | t)", frame).ranef()["grp"].astype(str).tolist() for frame in frames]
    assert all(other == groups[0] for other in groups)


@pytest.mark.parametrize("dtype", ["str", "object", pd.StringDtype("python")])
@pytest.mark.parametrize("words", [["b", "a", "ä", "B", "", "a"], ["10", "9", None, "10"], [None, None, "x"]])
def test_words_of_few_rows_are_told_apart_as_those_of_many(words, dtype, monkeypatch):
    column = pd.Series(words, dtype=dtype)
    few = Table.of(pd.DataFrame({"w": column})).value("w")
    monkeypatch.setattr("mlm.frame.kinds.FEW_ROWS", 0)
    many = Table.of(pd.DataFrame({"w": column})).value("w")
    assert few.codes.tolist() == many.codes.tolist()
    assert list(few.levels) == list(many.levels) == sorted({word for word in words if word is not None})
    assert few.text
    assert few.codes.dtype == many.codes.dtype == np.intp
