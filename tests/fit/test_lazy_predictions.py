"""Predictions of lazy rows are those of the same rows in memory, whatever the model was fitted to."""

import warnings

import numpy as np
import pandas as pd
import pytest

import mlm
from mlm.errors import ArgumentError, DataError, SingularFitWarning

N, GROUPS = 500, 40


def rows(n=N, seed=3):
    rng = np.random.default_rng(seed)
    d = pd.DataFrame({"id": range(n), "x": rng.normal(50.0, 3.0, n), "z": rng.normal(size=n)})
    d["g"], d["k"], d["b"] = rng.integers(0, GROUPS, n), rng.integers(1, 4, n), rng.random(n) < 0.4
    d["h"] = np.array(list("abcde"))[rng.integers(0, 5, n)]
    d["f"] = np.array(["low", "mid", "high"])[rng.integers(0, 3, n)]
    d["o"], d["q"] = rng.normal(size=n), rng.integers(0, 30, n) / 2.0
    effects = np.random.default_rng(1).normal(size=(GROUPS, 2))
    d["y"] = 20.0 + (0.5 + 0.3 * effects[d.g, 1]) * (d.x - 50.0) + (d.f == "high") + effects[d.g, 0] + d.o
    d["y"] += rng.normal(size=n)
    return d


def in_duckdb(d):
    connection = pytest.importorskip("duckdb").connect()
    connection.register("rows_in_memory", d)
    connection.execute("create table kept as select * from rows_in_memory")
    return connection.table("kept")


def in_polars(d):
    return pytest.importorskip("polars").from_pandas(d).lazy()


def collected(found):
    """The predictions in the order of the rows."""
    frame = found.collect().to_pandas() if hasattr(found, "collect") else found.df()
    return frame.sort_values("id").fit.to_numpy(dtype=float)


ENGINES = [in_duckdb, in_polars]
MODELS = [
    ("y ~ x + f + (1 + x | g)", {}),
    ("y ~ x * f + b + offset(o) + (1 + x || g) + (1 | h)", {}),
    ("y ~ 0 + f:b + scale(z) + log(x) + (1 + f | h) + (1 | h:g)", {}),
    ("y ~ I(f == 'low') + I(x > mean(x)) * factor(k) + (0 + b | g) + (1 | q)", {}),
    ("y ~ relevel(f, ref = 'mid') + log(x) + I(z^2) + (1 | factor(g))", {"offset": "o"}),
    ("y ~ f + x + (1 | g)", {"contrasts": {"f": "sum"}}),
]


def fitted(formula, data, **given):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SingularFitWarning)
        return mlm.lmer(formula, data, **given)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("formula", "given"), MODELS)
def test_predictions_of_lazy_rows_are_those_of_rows_in_memory(engine, formula, given):
    new = rows(300, seed=9)
    for m in (fitted(formula, rows(), **given), fitted(formula, engine(rows()), **given)):
        for re_form in (None, "NA"):
            asked = {"re_form": re_form, "new_levels": "population"}
            np.testing.assert_allclose(collected(m.predict(engine(new), **asked)), m.predict(new, **asked), rtol=1e-11)


@pytest.mark.parametrize("engine", ENGINES)
def test_some_random_effects_are_joined_and_others_left_out(engine):
    m, new = fitted("y ~ x + (1 + x | g) + (1 | h)", rows()), rows(90, seed=9)
    for re_form in ("(1 | g)", "(0 + x | g)", "(1 | h)"):
        ours = collected(m.predict(engine(new), re_form=re_form))
        np.testing.assert_allclose(ours, m.predict(new, re_form=re_form), rtol=1e-11)


@pytest.mark.parametrize("engine", ENGINES)
def test_new_and_missing_levels_are_treated_as_in_memory(engine):
    m, new = fitted("y ~ x + (1 + x | g) + (1 | h)", rows()), rows(90, seed=9)
    new["g"] = new.g.astype("Int64")
    new.loc[[3, 4], "g"], new.loc[5, "g"], new.loc[6, "h"], new.loc[7, "x"] = 777, pd.NA, "new", np.nan
    for new_levels in ("population", "missing"):
        ours = collected(m.predict(engine(new), new_levels=new_levels))
        np.testing.assert_allclose(ours, m.predict(new, new_levels=new_levels), rtol=1e-11)
        assert np.isnan(ours[7])
    with pytest.raises(DataError, match="'g' is missing in 1 of 90 rows of the new data"):
        m.predict(engine(new))
    with pytest.raises(DataError, match="'g' has 1 level that the fit has not seen, such as '777'"):
        m.predict(engine(new.drop(index=5)))


@pytest.mark.parametrize("engine", ENGINES)
def test_kinds_of_columns_may_differ_as_they_may_in_memory(engine):
    d, new = rows(), rows(90, seed=9)
    d["f"], d["k"] = d.f.astype("category"), d.k.astype("category")
    m = fitted("y ~ f + b + k + (1 | g)", d)
    new["b"] = new.b.astype(int)
    np.testing.assert_allclose(collected(m.predict(engine(new))), m.predict(new), rtol=1e-11)


def test_columns_of_the_data_stay_and_their_files_are_read(tmp_path):
    polars = pytest.importorskip("polars")
    pytest.importorskip("duckdb")
    polars.from_pandas(rows(50, seed=9)).write_parquet(tmp_path / "new.parquet")
    m = fitted("y ~ x + (1 | g)", rows())
    found = m.predict(tmp_path / "new.parquet")
    assert found.columns == [*rows().columns, "fit"]
    np.testing.assert_allclose(collected(found), m.predict(rows(50, seed=9)), rtol=1e-11)


@pytest.mark.parametrize(
    ("formula", "change", "given", "error", "says"),
    [
        ("y ~ x + (1 | g)", {}, {"se": True}, ArgumentError, "Lazy data get predictions alone"),
        ("y ~ x + (1 | g)", {}, {"interval": "prediction"}, ArgumentError, "collect those"),
        ("y ~ x + (1 | g)", {"fit": 1.0}, {}, DataError, "have a column 'fit'"),
        ("y ~ x + (1 | g)", {"x": None}, {}, DataError, "no column 'x'|'x'"),
        ("y ~ f + (1 | g)", {"f": "other"}, {}, DataError, "categories that the fit has not seen|no level"),
        ("y ~ x + (1 | g)", {"x": "word"}, {}, DataError, "'x' was numbers in the fit, and holds words"),
        ("y ~ x + (1 | g)", {"x": np.inf}, {}, DataError, "Column 'x' has 80 infinite values"),
        ("y ~ log(x) + (1 | g)", {"x": -1.0}, {}, DataError, r"'log\(x\)' is infinite or undefined in 80 of 80 rows"),
        ("y ~ poly(x, 2) + (1 | g)", {}, {}, DataError, r"poly\(\) is not translated for polars"),
        (
            "y ~ x + twice + (1 | g)",
            {},
            {},
            DataError,
            r"twice was dropped from the fit .* m.predict\(data.collect\(\)\)",
        ),
    ],
)
def test_what_cannot_be_predicted_there_is_refused_by_name(formula, change, given, error, says):
    new, old = rows(80, seed=9), rows()
    for each in (new, old):
        each["twice"] = 2.0 * each.x
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.RankWarning)
        m = fitted(formula, old)
    for name, value in change.items():
        new[name] = value
    if change == {"x": None}:
        new = new.drop(columns="x")
    with pytest.raises(error, match=says):
        m.predict(in_polars(new), **given)


def test_functions_of_the_users_own_are_refused():
    m = mlm.lmer("y ~ half(x) + (1 | g)", rows(), functions={"half": lambda x: x / 2})
    with pytest.raises(DataError, match=r"half\(\) is a function of your own"):
        m.predict(in_polars(rows()))
