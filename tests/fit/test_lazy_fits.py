"""Fits of lazy data: the same numbers as of rows in memory, on every engine; and what needs rows says so."""

import pickle
import sys
import warnings

import numpy as np
import pandas as pd
import pytest

import mlm
from mlm.errors import (
    ArgumentError,
    DataError,
    FitError,
    MissingRowsWarning,
    RankWarning,
    ResponseWarning,
    SingularFitWarning,
)

GROUPS, SITES = 60, 9


def rows(n=1500, seed=5):
    rng = np.random.default_rng(seed)
    d = pd.DataFrame({"x": rng.normal(50.0, 3.0, n), "z": rng.normal(size=n), "g": rng.integers(0, GROUPS, n)})
    d["h"] = np.array(list("abcdefghi"))[rng.integers(0, SITES, n)]
    d["f"] = np.array(["low", "mid", "high"])[rng.integers(0, 3, n)]
    d["k"], d["b"] = rng.integers(1, 4, n), rng.random(n) < 0.4
    d["w"], d["o"] = rng.uniform(0.5, 2.0, n), rng.normal(size=n)
    effects, sites = rng.normal(size=(GROUPS, 2)), rng.normal(size=SITES)
    slope = (0.5 + 0.3 * effects[d.g, 1]) * (d.x - 50.0)
    d["y"] = 20.0 + slope + (d.f == "high") + effects[d.g, 0] + d.o + rng.normal(size=n)
    d["y"] += sites[d.h.map("abcdefghi".index)]
    return d


def in_duckdb(d, path):
    connection = pytest.importorskip("duckdb").connect()
    connection.register("rows_in_memory", d)
    connection.execute("create table kept as select * from rows_in_memory")
    return connection.table("kept")


def in_polars(d, path):
    return pytest.importorskip("polars").from_pandas(d).lazy()


def in_files(d, path):
    pytest.importorskip("duckdb")
    half = len(d) // 2
    for k, part in enumerate((d[:half], d[half:])):
        pytest.importorskip("polars").from_pandas(part).write_parquet(path / f"part_{k}.parquet")
    return str(path / "part_*.parquet")


ENGINES = [in_duckdb, in_polars, in_files]
MODELS = [
    ("y ~ x + (1 | g)", {}),
    ("y ~ x + z + (1 + x | g)", {"reml": False}),
    ("y ~ x + z + (1 + x || g)", {}),
    ("y ~ x * f + b + (1 | g) + (1 | h)", {}),
    ("y ~ x + offset(o) + (1 | h/g)", {}),
    ("y ~ x + z + (1 + f | g)", {"weights": "w", "offset": "o"}),
    ("y ~ x + f + (1 + x | g) + (1 | h)", {"weights": "w"}),
    ("y ~ log(x) + I(x^2) + factor(k) + scale(z) + (1 + z || g)", {}),
    ("y ~ 0 + f + x:b + (0 + x | g)", {}),
    ("sqrt(y) ~ ifelse(f == 'high', x, z) + (x > 50) + abs(z) + exp(z / 9) + (1 | g)", {}),
    ("y ~ f + x + (1 | g)", {"contrasts": {"f": "sum"}}),
    ("y ~ relevel(f, ref = 'mid') + I(f %in% c('low', 'mid')):x + (1 | factor(g))", {}),
    ("y ~ pmin(x, 50) + z %/% 0.5 + z %% 0.5 + sign(z) + (1 | g:h)", {}),
]


def quietly(*args, **given):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SingularFitWarning)
        return mlm.lmer(*args, **given)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("formula", "given"), MODELS)
def test_a_fit_of_lazy_data_is_that_of_the_rows(engine, formula, given, tmp_path):
    d = rows()
    there, here = quietly(formula, engine(d, tmp_path), **given), quietly(formula, d, **given)
    np.testing.assert_allclose(there.theta, here.theta, atol=1e-8)
    np.testing.assert_allclose(there.deviance, here.deviance, rtol=1e-9)
    np.testing.assert_allclose(there.fixef, here.fixef, atol=1e-7 * here.se.min())
    np.testing.assert_allclose(there.vcov, here.vcov, rtol=1e-6, atol=1e-7 * np.diag(here.vcov).min())
    assert list(there.fixef.index) == list(here.fixef.index)
    assert there.ngrps.equals(here.ngrps)
    ours, theirs = there.ranef(), here.ranef()
    assert ours[["grpvar", "term", "grp"]].astype(str).equals(theirs[["grpvar", "term", "grp"]].astype(str))
    np.testing.assert_allclose(ours.condval, theirs.condval, atol=1e-6)


@pytest.mark.parametrize("engine", ENGINES)
def test_missing_values_of_all_kinds_leave_rows_out(engine, tmp_path):
    d = rows()
    d.loc[[3, 5], "x"], d.loc[[5, 9], "f"], d.loc[11, "y"] = np.nan, None, np.nan
    polars = pytest.importorskip("polars")
    kept = polars.from_pandas(d).with_columns(polars.col("x").fill_null(float("nan")))  # NaN and not null
    data = engine(kept.to_pandas(), tmp_path) if engine is in_duckdb else kept.lazy()
    if engine is in_files:
        kept.write_parquet(tmp_path / "nan.parquet")
        data = tmp_path / "nan.parquet"
    with pytest.warns(MissingRowsWarning, match=r"4 of 1500 rows .* y \(1\), x \(2\), f \(2\)"):
        there = mlm.lmer("y ~ x + f + (1 | g)", data)
    with pytest.warns(MissingRowsWarning):
        here = mlm.lmer("y ~ x + f + (1 | g)", d)
    assert there.nobs == here.nobs
    assert there.dropped.by_column == here.dropped.by_column
    np.testing.assert_allclose(there.fixef, here.fixef, rtol=1e-9)


@pytest.mark.parametrize("engine", ENGINES)
def test_columns_far_from_zero_lose_no_digits(engine, tmp_path):
    d = rows()
    d["x"] = d.x - 50.0 + 1e6
    there, here = (mlm.lmer("y ~ x + (1 + x | g)", data) for data in (engine(d, tmp_path), d))
    np.testing.assert_allclose(there.theta, here.theta, atol=1e-8)
    np.testing.assert_allclose(there.se["x"], here.se["x"], rtol=1e-9)


def test_what_follows_from_sums_is_what_follows_from_rows(tmp_path):
    d = rows()
    data = in_polars(d, tmp_path)
    formula, smaller = "y ~ x + f + (1 + x | g)", "y ~ x + (1 + x | g)"
    there, here = mlm.lmer(formula, data), mlm.lmer(formula, d)
    asked = [
        lambda m, less: mlm.anova(m).frame,
        lambda m, less: mlm.anova(m, type=1).frame,
        lambda m, less: mlm.anova(less, m).frame,
        lambda m, less: mlm.drop1(m).frame,
        lambda m, less: mlm.ranova(m).frame,
        lambda m, less: mlm.emmeans(m, "f").frame,
        lambda m, less: mlm.emmeans(m, "f", weights="proportional").frame,
        lambda m, less: mlm.effect(m, "x").frame,
        lambda m, less: m.confint(),
        lambda m, less: m.coefficients(ddf="satterthwaite"),
        lambda m, less: m.predict(d.head(9)).to_frame(),
        lambda m, less: pd.DataFrame([[mlm.icc(m).adjusted, mlm.r2(m).marginal, m.refit(reml=False).aic]]),
        lambda m, less: m.update(". ~ . - f").fixef.to_frame(),
    ]
    for ask in asked:
        ours, theirs = (ask(m, mlm.lmer(smaller, each)) for m, each in ((there, data), (here, d)))
        assert ours.index.equals(theirs.index)
        ours, theirs = (frame.select_dtypes("number").to_numpy(dtype=float) for frame in (ours, theirs))
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-9)


def test_means_over_cells_of_several_categories(tmp_path):
    d = rows()
    there, here = (mlm.lmer("y ~ f * b + k + (1 | g)", data) for data in (in_polars(d, tmp_path), d))
    for given in ({"weights": "proportional"}, {"weights": "cells"}, {}):
        ours, theirs = (mlm.emmeans(m, "f", **given).frame.select_dtypes("number") for m in (there, here))
        np.testing.assert_allclose(ours, theirs, rtol=1e-7)


@pytest.mark.parametrize(
    "ask",
    [
        lambda m: m.fitted,
        lambda m: m.resid,
        lambda m: m.y,
        lambda m: m.groups,
        lambda m: m.predict(),
        lambda m: m.simulate(1, seed=1),
        lambda m: m.refit(y=np.zeros(m.nobs)),
        lambda m: mlm.influence(m, "g"),
        lambda m: mlm.bootstrap(m, 2),
        lambda m: m.augment(),
    ],
)
def test_what_needs_rows_says_so(ask, tmp_path):
    m = mlm.lmer("y ~ x + (1 | g)", in_polars(rows(), tmp_path))
    with pytest.raises(FitError, match=r"needs the rows of the data .* fit the rows in memory"):
        ask(m)


def test_the_summary_has_all_but_residuals(tmp_path):
    m = mlm.lmer("y ~ x + (1 | g)", in_polars(rows(), tmp_path))
    text = str(m.summary())
    assert "Scaled residuals" not in text
    assert "Number of obs: 1500, groups:  g, 60" in text
    assert "(Intercept)" in str(m)


def test_a_pickled_model_has_its_sums(tmp_path):
    m = mlm.lmer("y ~ x + f + (1 | g)", in_polars(rows(), tmp_path))
    again = pickle.loads(pickle.dumps(m))
    assert (again.fixef == m.fixef).all()
    np.testing.assert_allclose(mlm.drop1(again).frame, mlm.drop1(m).frame)
    with pytest.raises(FitError, match="fitted from sums"):
        m.save(tmp_path / "m.mlm")


@pytest.mark.parametrize("engine", ENGINES)
def test_means_and_effects_have_the_offset_at_its_mean(engine, tmp_path):
    formula, d = "y ~ x + f + offset(o) + (1 | g)", rows()
    d.loc[7, "o"] = np.nan
    with pytest.warns(MissingRowsWarning):
        there, here = (mlm.lmer(formula, data, offset="log(x)") for data in (engine(d, tmp_path), d))
    for ask in (lambda m: mlm.emmeans(m, "f").frame, lambda m: mlm.effect(m, "f").frame):
        ours, theirs = (ask(m).select_dtypes("number") for m in (there, here))
        np.testing.assert_allclose(ours, theirs, rtol=1e-7)


@pytest.mark.parametrize("engine", ENGINES)
def test_dependent_columns_are_dropped_as_in_memory(engine, tmp_path):
    d = rows()
    d["twice"], d["flat"] = 2.0 * d.x + 1.0, 1.1
    with pytest.warns(RankWarning, match="twice, flat were dropped"):
        there = mlm.lmer("y ~ x + twice + flat + z + (1 | g)", engine(d, tmp_path))
    np.testing.assert_allclose(there.fixef, mlm.lmer("y ~ x + z + (1 | g)", d).fixef, rtol=1e-8)


def test_a_dot_stands_for_the_other_columns(tmp_path):
    d = rows()[["y", "x", "z", "g"]]
    assert list(mlm.lmer("y ~ . - g + (1 | g)", in_polars(d, tmp_path)).fixef.index) == ["(Intercept)", "x", "z"]


@pytest.mark.parametrize(
    ("formula", "given", "error", "says"),
    [
        ("y ~ poly(x, 2) + (1 | g)", {}, DataError, r"'poly\(x, 2\)' cannot be computed where the data stay: poly\(\)"),
        ("y ~ bs(x) + (1 | g)", {}, DataError, r"bs\(\) is not translated for polars. Make the column there"),
        ("y ~ log(z) + (1 | g)", {}, DataError, r"'log\(z\)' is infinite or undefined in \d+ of 1500 rows"),
        ("y ~ missing + (1 | g)", {}, DataError, "no column 'missing'"),
        ("y ~ x + (1 | g)", {"weights": np.ones(1500)}, DataError, "give its name, weights='name'"),
        ("y ~ x + (1 | g)", {"weights": "z"}, DataError, r"\d+ of 1500 weights 'z' are zero or negative"),
        ("y ~ x + (1 | g)", {"functions": {"half": lambda x: x / 2}}, ArgumentError, "`functions` take arrays"),
        ("f ~ x + (1 | g)", {}, DataError, "The response 'f' is not numeric"),
        ("y ~ factor(x) + (1 | g)", {}, DataError, "1,500 distinct values, too many for a category"),
        ("y ~ I(factor(k) == '1' | k > mean(k)) + (1 | g)", {}, DataError, r"'mean\(k\)' cannot be computed"),
    ],
)
def test_what_cannot_be_computed_is_refused_by_name(formula, given, error, says, tmp_path):
    with pytest.raises(error, match=says):
        mlm.lmer(formula, in_polars(rows(), tmp_path), **given)


@pytest.mark.parametrize("engine", ENGINES)
def test_infinite_values_and_constant_responses_are_refused(engine, tmp_path):
    d = rows()
    d["flat"] = 3.7
    with pytest.raises(DataError, match="'flat' is constant"):
        mlm.lmer("flat ~ x + (1 | g)", engine(d, tmp_path))
    d.loc[4, "x"] = np.inf
    with pytest.raises(DataError, match="Column 'x' has 1 infinite values in its 1500 rows"):
        mlm.lmer("y ~ x + (1 | g)", engine(d, tmp_path))


def test_a_response_of_truth_values_is_taken_for_numbers_with_a_warning(tmp_path):
    d = rows()
    with pytest.warns(ResponseWarning, match="'b' is True or False, and is taken for 1 and 0"):
        there = quietly("b ~ x + (1 | h)", in_polars(d, tmp_path))
    np.testing.assert_allclose(there.fixef, quietly("as.numeric(b) ~ x + (1 | h)", d).fixef, rtol=1e-8)


def test_a_file_that_is_not_there_is_said(tmp_path):
    pytest.importorskip("duckdb")
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        mlm.lmer("y ~ x + (1 | g)", tmp_path / "nothing.parquet")


def test_names_with_blanks_and_of_sql_are_names(tmp_path):
    d = rows().rename(columns={"x": "select", "g": "my group", "z": "a b"})
    formula = "y ~ select + `a b` + (1 | `my group`)"
    for data in (in_polars(d, tmp_path), in_duckdb(d, tmp_path)):
        np.testing.assert_allclose(mlm.lmer(formula, data).fixef, mlm.lmer(formula, d).fixef, rtol=1e-9)


def in_dask(d, path):
    return pytest.importorskip("dask.dataframe").from_pandas(d, npartitions=3)


# narwhals says so of itself, of Dask frames of any kind
@pytest.mark.filterwarnings("ignore:Dask support is moving out of Narwhals:FutureWarning")
@pytest.mark.parametrize("place", [1, 3, 6])
def test_a_fit_of_a_dask_frame_is_that_of_the_rows(place, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "sparse", None)  # dask looks for a package that is called as our folder of tests
    formula, given = MODELS[place]
    d = rows(600)
    there, here = quietly(formula, in_dask(d, tmp_path), **given), quietly(formula, d, **given)
    np.testing.assert_allclose(there.theta, here.theta, atol=1e-8)
    np.testing.assert_allclose(there.deviance, here.deviance, rtol=1e-9)
    np.testing.assert_allclose(there.fixef, here.fixef, atol=1e-7 * here.se.min())


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("formula", "given"),
    [
        ("y ~ x + I(x^2) + (1 | g)", {}),
        ("y ~ x + near + z + (1 + x | g)", {"weights": "w"}),
        ("y ~ 0 + z + zz + f + (1 | g)", {}),
    ],
)
def test_columns_that_nearly_depend_are_summed_in_a_basis(engine, formula, given, tmp_path):
    d = rows()
    noise = np.random.default_rng(9).normal(size=len(d))
    d["x"] = d.x - 50.0 + 2000.0
    d["near"], d["zz"] = d.x + 1e-3 * noise, d.z + 1e-3 * noise
    there, here = quietly(formula, engine(d, tmp_path), **given), quietly(formula, d, **given)
    assert there.products.shift.rotation is not None
    np.testing.assert_allclose(there.theta, here.theta, atol=1e-8)
    np.testing.assert_allclose(there.deviance, here.deviance, rtol=1e-9)
    np.testing.assert_allclose(there.fixef, here.fixef, atol=1e-7 * here.se.min())
    np.testing.assert_allclose(there.se, here.se, rtol=1e-7)
