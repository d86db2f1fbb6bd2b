"""Categories of lazy data and of sums: their order, levels without rows, levels that are no words, names in the way."""

import warnings

import engines
import numpy as np
import pandas as pd
import pytest

import mlm
from mlm.errors import DataError, SingularFitWarning, TextColumnWarning

N = 240
LEVELS = ["south", "east", "never", "north"]


def rows(seed=4):
    rng = np.random.default_rng(seed)
    d = pd.DataFrame({"x": rng.normal(size=N), "h": rng.integers(0, 12, N), "site": rng.integers(0, 3, N)})
    d["place"] = np.array(["south", "east", "north"])[d.site]
    d["y"] = d.x + rng.normal(size=12)[d.h] + 0.7 * d.site + rng.normal(size=N)
    return d


def in_polars(d):
    polars = pytest.importorskip("polars")
    words = polars.from_pandas(d.assign(place=d.place.astype(str)))
    return words.with_columns(place=polars.col("place").cast(polars.Enum(LEVELS))).lazy()


def in_duckdb(d):
    connection = pytest.importorskip("duckdb").connect()
    connection.register("d", d.assign(place=d.place.astype(str)))
    connection.execute(f"create type places as enum({', '.join(map(repr, LEVELS))})")
    connection.execute("create table t as select * replace (place::places as place) from d")
    return connection.table("t")


def in_ibis(d):
    ibis = pytest.importorskip("ibis")
    connection = pytest.importorskip("duckdb").connect()
    connection.register("d", d.assign(place=d.place.astype(str)))
    connection.execute(f"create type places as enum({', '.join(map(repr, LEVELS))})")
    connection.execute("create table t as select * replace (place::places as place) from d")
    return ibis.duckdb.from_connection(connection).table("t")


def in_dask(d):
    return engines.in_dask(d, None)


def alike(there, here):
    assert there.ngrps.equals(here.ngrps)
    assert there.fixef.index.equals(here.fixef.index)
    ours, theirs = there.ranef(), here.ranef()
    assert ours.grp.astype(str).tolist() == theirs.grp.astype(str).tolist()
    np.testing.assert_allclose(there.theta, here.theta, atol=1e-8)
    np.testing.assert_allclose(there.fixef, here.fixef, atol=1e-8)
    np.testing.assert_allclose(ours.condval, theirs.condval, atol=1e-7)


@pytest.fixture(autouse=True)
def _quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SingularFitWarning)
        yield


@pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:Dask support is moving out of Narwhals:FutureWarning")
@pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame.reset_index:Warning")
@pytest.mark.parametrize("engine", [in_polars, in_duckdb, in_ibis, in_dask])
@pytest.mark.parametrize("term", ["place", "h) + (1 | place", "place:h", "factor(place)"])
def test_levels_stand_in_their_order_and_have_rows(engine, term):
    d = rows().assign(place=lambda d: pd.Categorical(d.place, LEVELS))
    formula = f"y ~ x + (1 | {term})"
    alike(mlm.lmer(formula, engine(d)), mlm.lmer(formula, d))


def cases():
    rng = np.random.default_rng(9)
    numbers, days = rng.integers(1, 5, N), pd.Timestamp("2021-03-01") + pd.to_timedelta(rng.integers(0, 4, N), "D")
    return {
        "words": pd.Categorical(np.array(LEVELS)[numbers - 1], LEVELS[::-1]),
        "ordered": pd.Categorical(np.array(LEVELS)[numbers - 1], LEVELS, ordered=True),
        "unused": pd.Categorical(np.array(LEVELS)[numbers // 2], ["no one", *LEVELS]),
        "numbers": pd.Categorical(numbers, [3, 1, 4, 2]),
        "some missing": pd.Categorical(np.where(numbers == 1, None, numbers), [4, 2, 3]),
        "fractions": pd.Categorical(numbers / 4, [0.5, 0.25, 1.0, 0.75]),
        "days": pd.Categorical(days, sorted(days.unique(), reverse=True)),
        "truth": pd.Categorical(numbers > 2, [True, False]),
    }


@pytest.mark.filterwarnings("ignore::mlm.errors.MissingRowsWarning")
@pytest.mark.parametrize("kind", cases())
@pytest.mark.parametrize("formula", ["y ~ c + (1 | h)", "y ~ x + (1 | c) + (1 | h)", "y ~ x + (1 | c:h)"])
def test_sums_of_any_category_are_written_read_and_merged(kind, formula, tmp_path):
    pytest.importorskip("pyarrow")
    d = rows().assign(c=cases()[kind])
    here = mlm.lmer(formula, d)
    sums = mlm.sums(formula, d)
    assert sums.smallest_group > 0
    sums.write(tmp_path / "sums.parquet")
    alike(mlm.lmer(mlm.read_sums(tmp_path / "sums.parquet")), here)
    alike(mlm.lmer(mlm.merge([mlm.sums(formula, part) for part in (d[: N // 2], d[N // 2 :])])), here)


def test_levels_of_sites_are_in_the_order_of_the_first():
    d = rows().assign(place=lambda d: pd.Categorical(d.place, LEVELS))
    parts = [d[d.place != "east"], d[d.place != "south"]]
    merged = mlm.lmer(mlm.merge([mlm.sums("y ~ x + (1 | place) + (1 | h)", part) for part in parts]))
    listed = merged.ranef()
    assert listed[listed.grpvar == "place"].grp.tolist() == ["south", "north", "east"]


@pytest.mark.parametrize("name", ["(y)", "(W)", "(c1)", "(f0)", "(rows)", "(t2)", "mlm_key_0", "mlm_size"])
def test_names_of_our_own_columns_are_refused(name):
    d = rows().rename(columns={"site": name})
    for formula in (f"y ~ x + (1 | `{name}`)", f"y ~ `{name}` + (1 | h)", f"y ~ x + (1 + `{name}` | h)"):
        with pytest.raises(DataError, match=r"has a name that mlm gives to columns of its own; rename it"):
            mlm.sums(formula, d)
    alike(mlm.lmer(mlm.sums("y ~ x + (1 | h)", d)), mlm.lmer("y ~ x + (1 | h)", d))


@pytest.mark.parametrize("formula", ["y ~ x + (1 | place)", "y ~ place + (1 | h)", "y ~ x + (1 | place:h)"])
def test_levels_that_differ_in_blanks_are_told(formula):
    d = rows().assign(place=lambda d: np.where(d.x > 1.0, d.place + " ", d.place))
    for fit in (mlm.lmer, mlm.sums):
        with pytest.warns(TextColumnWarning, match="differ only in the blanks around them"):
            fit(formula, d)


def test_messages_say_that_distinct_values_are_counted():
    with pytest.raises(DataError, match=r"3 of 3 rows hold no number.*Counted are the 3 distinct values of 'place'"):
        mlm.sums("y ~ as.numeric(place) + (1 | h)", rows())
