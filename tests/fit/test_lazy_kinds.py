"""Columns of lazy data with missing values in expressions, or of odd kinds: what memory does, or one error."""

import warnings

import numpy as np
import pandas as pd
import pytest
from engines import ENGINES, in_dask, in_files, in_polars, of_dask

import mlm
from mlm.errors import DataError, FitError, MissingRowsWarning, SingularFitWarning

N = 400


def rows(seed=3):
    rng = np.random.default_rng(seed)
    d = pd.DataFrame({"x": rng.normal(size=N), "g": rng.integers(0, 20, N), "k": rng.integers(1, 5, N)})
    d["b"] = pd.array(d.x > 0.2, dtype="boolean")
    d["f"] = rng.choice(list("abc"), N)
    d["y"] = 0.5 * d.x + rng.normal(size=20)[d.g] + 0.3 * (d.f == "c") + rng.normal(size=N)
    d.loc[5:7, "b"] = pd.NA
    d.loc[9:13, "f"] = None
    return d


def fitted(formula, data, **given):
    """The fit, and by which columns rows are left out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MissingRowsWarning)
        warnings.simplefilter("ignore", SingularFitWarning)
        m = mlm.lmer(mlm.sums(formula, data)) if isinstance(data, pd.DataFrame) else mlm.lmer(formula, data)
    return m, m.dropped.by_column


@of_dask
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("formula", "nobs"),
    [
        ("y ~ (b & x > 0) + (1 | g)", 400),
        ("y ~ I(b | x > 0) * k + (1 | g)", 399),
        ("y ~ is.na(b) + is.na(f) + x + (1 | g)", 400),
        ("y ~ x + (1 | is.na(f):g)", 400),
        ("y ~ factor(k, levels = c(3, 1, 2)) + (1 | g)", None),
        ("y ~ factor(f, levels = c('c', 'a')) + x + (1 | g)", None),
        ("y ~ x + (1 | g) + (1 | factor(k, levels = c(1, 2, 3)))", None),
        ("y ~ ifelse(k > 2, x, NA) + (1 | g)", None),
    ],
)
def test_missing_values_in_expressions(engine, formula, nobs, tmp_path):
    d = rows()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MissingRowsWarning)
        warnings.simplefilter("ignore", SingularFitWarning)
        here = mlm.lmer(formula, d)
    there, dropped = fitted(formula, engine(d, tmp_path))
    assert there.nobs == here.nobs
    assert nobs is None or abs(here.nobs - nobs) < 3
    assert dropped == here.dropped.by_column
    np.testing.assert_allclose(there.fixef, here.fixef, atol=1e-7)
    np.testing.assert_allclose(there.theta, here.theta, atol=1e-7)


@pytest.mark.parametrize("engine", ENGINES[:2])
@pytest.mark.parametrize(("name", "count"), [("b", 3), ("f", 5), ("x", 2)])
def test_what_is_missing_in_rows_in_use_has_no_typical_value(engine, name, count, tmp_path):
    d = rows()
    d.loc[:1, "x"] = np.nan
    formula = f"y ~ k + is.na({name}) + (1 | g)"
    for m in (mlm.lmer(formula, d), fitted(formula, engine(d, tmp_path))[0]):
        with pytest.raises(DataError, match=f"The column '{name}' is missing in {count} of the 400 rows in use"):
            mlm.effect(m, "k")


def test_sites_with_missing_values_are_merged(tmp_path):
    pytest.importorskip("pyarrow")
    d, formula = rows(), "y ~ k + is.na(f) + (1 | g)"
    parts = [mlm.sums(formula, each) for each in (d.head(12), d.tail(N - 12))]
    mlm.merge(parts).write(tmp_path / "sums.parquet")
    there, here = mlm.lmer(mlm.read_sums(tmp_path / "sums.parquet")), mlm.lmer(formula, d)
    np.testing.assert_allclose(there.fixef, here.fixef, atol=1e-8)
    with pytest.raises(DataError, match="is missing in 5 of the 400 rows in use"):
        mlm.effect(there, "k")


def test_groups_that_are_undefined_are_counted(tmp_path):
    with pytest.raises(DataError, match=r"'log\(k - 2\)' is undefined in \d+ of 400 rows"):
        mlm.sums("y ~ x + (1 | log(k - 2))", rows())


@of_dask
def test_truth_values_that_became_words_are_told(tmp_path):
    d = rows()
    d["b"] = d.b.astype(object).where(d.b.notna(), None)
    with pytest.raises(DataError, match=r"words 'False' and 'True'.*Dask makes words of Python's objects"):
        mlm.lmer("y ~ (b & x > 0) + (1 | g)", in_dask(d, tmp_path))


@of_dask
@pytest.mark.parametrize("ordered", [True, False])
def test_arrow_dictionaries_of_pandas_lose_their_order_and_are_refused(ordered, tmp_path):
    arrow = pytest.importorskip("pyarrow")
    d, levels = rows(), arrow.array(["lo", "mid", "hi"])
    codes = arrow.array(np.arange(N) % 3, "int32")
    d["q"] = pd.arrays.ArrowExtensionArray(arrow.DictionaryArray.from_arrays(codes, levels, ordered=ordered))
    for data in (in_dask(d, tmp_path), d):
        with pytest.raises(DataError, match=r"Column 'q' is a dictionary of Arrow's .*make a category of pandas"):
            mlm.sums("y ~ q + (1 | g)", data)
    known = d.assign(q=pd.Categorical(d.q.astype(str), ["lo", "mid", "hi"], ordered=ordered))
    there, here = mlm.lmer("y ~ q + (1 | g)", in_dask(known, tmp_path)), mlm.lmer("y ~ q + (1 | g)", known)
    np.testing.assert_allclose(there.fixef, here.fixef, atol=1e-8)


def enumerated(connection, d, levels):
    """A table of DuckDB's whose f is an enumeration, of which no row has the last level."""
    d = d.drop(columns="b")
    connection.register("d", d)
    connection.execute(f"create type levels as enum({', '.join(map(repr, levels))})")
    connection.execute("create table t as select * replace (f::levels as f) from d")
    return d.assign(f=pd.Categorical(d.f, levels))


@pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")
@pytest.mark.parametrize("through", ["duckdb", "ibis"])
@pytest.mark.parametrize("formula", ["y ~ x + f + (1 | g)", "y ~ relevel(f, 'b') + (1 | g)", "y ~ f + (0 + f || g)"])
def test_enumerations_keep_the_order_in_which_they_were_declared(through, formula):
    connection = pytest.importorskip("duckdb").connect()
    known = enumerated(connection, rows(), ["c", "a", "b", "never"])
    if through == "ibis":
        table = pytest.importorskip("ibis").duckdb.from_connection(connection).table("t")
    else:
        table = connection.table("t")
    there, _ = fitted(formula, table)
    here, _ = fitted(formula, known)
    assert there.fixef.index.tolist() == here.fixef.index.tolist()
    np.testing.assert_allclose(there.fixef, here.fixef, atol=1e-7)
    np.testing.assert_allclose(there.theta, here.theta, atol=1e-6)


@of_dask
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("size", [1e150, 1e160])
def test_numbers_whose_squares_are_none_are_refused(engine, size, tmp_path):
    d = rows().drop(columns="b").assign(x=lambda d: size * d.x)
    data = engine(d, tmp_path)
    for fit in (mlm.sums, mlm.lmer)[: 1 if isinstance(data, pd.DataFrame) else 2]:
        with pytest.raises(DataError, match=r"'x' has numbers whose squares cannot be computed with in its 400 rows"):
            fit("y ~ x + (1 | g)", data)


@of_dask
@pytest.mark.parametrize("engine", ENGINES)
def test_messages_count_rows_and_name_weights(engine, tmp_path):
    d = rows().drop(columns="b").assign(w=lambda d: np.where(d.index < 4, -1.0, 1.0))
    with pytest.raises(DataError, match="4 of 400 weights 'w' are zero or negative"):
        mlm.sums("y ~ x + (1 | g)", engine(d, tmp_path), weights="w")
    with pytest.raises(DataError, match=r"'f' has one level \(a\) in the \d\d+ rows used"):
        mlm.sums("y ~ f + (1 | g)", engine(d[d.f == "a"], tmp_path))


@of_dask
@pytest.mark.parametrize("engine", ENGINES)
def test_lists_and_nothing_are_told(engine, tmp_path):
    arrow = pytest.importorskip("pyarrow")
    d = rows().drop(columns="b")
    d["several"] = pd.array([[1, 2]] * N, dtype=pd.ArrowDtype(arrow.list_(arrow.int64())))
    with pytest.raises(DataError, match=r"grouping column 'several' cannot be told apart: it holds List\(Int64\)"):
        mlm.sums("y ~ x + (1 | several)", engine(d, tmp_path))
    nothing = d.drop(columns="several").assign(x=pd.array([None] * N, dtype=pd.ArrowDtype(arrow.null())))
    with pytest.raises(DataError, match=r"No row is complete|'x' holds values of the type .*NULL|'x' holds Unknown"):
        mlm.sums("y ~ x + (1 | g)", engine(nothing, tmp_path))


def test_what_takes_rows_in_memory_says_how_to_have_them(tmp_path):
    d = rows().drop(columns="b")
    data, path = in_polars(d, tmp_path), in_files(d, tmp_path)
    for given in (data, path):
        with pytest.raises(FitError, match=r"cannot be standardised.*standardize\(m, data=rows\)"):
            mlm.standardize(mlm.lmer("y ~ x + (1 | g)", given))
    for fit in (mlm.lm, mlm.glm, mlm.glmer):
        with pytest.raises(DataError, match=r"Read the file first, mlm\.read_data\("):
            fit("y ~ x + (1 | g)", path)
