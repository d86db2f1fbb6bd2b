"""Fits on engines that run beside Python: PySpark in a Java of its own, a cluster of Dask's; and through Ibis.

`make engines` installs them and runs this with MLM_ENGINES=1: what is not there fails then, and is skipped otherwise.
"""

import importlib
import os
import shutil
import sys
import warnings

import numpy as np
import pandas as pd
import pytest

import mlm
from mlm.errors import MissingRowsWarning, SingularFitWarning

pytestmark = [
    pytest.mark.engines,
    # narwhals says so of itself, of Dask frames of any kind
    pytest.mark.filterwarnings("ignore:Dask support is moving out of Narwhals:FutureWarning"),
    # PySpark says so of itself, when it hands rows over
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas >= 3:FutureWarning"),
    # what Dask calls in pandas, and Ibis in DuckDB, is going to be called otherwise
    pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame.reset_index:Warning"),
    pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning"),
    # sockets of the process that runs Spark, and of workers that are gone
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

MODELS = [
    ("y ~ x + f + (1 + x | g)", {}),
    ("y ~ x * b + offset(o) + (1 | g) + (1 | h)", {"weights": "w"}),
    ("y ~ log(x) + factor(k) + (1 | h/g)", {"reml": False}),
]


def wanted(module):
    """A package that is to be there where MLM_ENGINES says so."""
    return importlib.import_module(module) if os.environ.get("MLM_ENGINES") else pytest.importorskip(module)


def rows(n=600, seed=5):
    rng = np.random.default_rng(seed)
    d = pd.DataFrame({"id": np.arange(n), "x": rng.normal(50.0, 3.0, n), "z": rng.normal(size=n)})
    d["g"], d["h"] = rng.integers(0, 30, n), np.array(list("abcdefg"))[rng.integers(0, 7, n)]
    d["f"], d["b"] = np.array(["low", "mid", "high"])[rng.integers(0, 3, n)], rng.random(n) < 0.4
    d["k"], d["w"], d["o"] = rng.integers(1, 4, n), rng.uniform(0.5, 2.0, n), rng.normal(size=n)
    effects, sites = rng.normal(size=(30, 2)), rng.normal(size=7)
    d["y"] = 20.0 + (0.5 + 0.3 * effects[d.g, 1]) * (d.x - 50.0) + effects[d.g, 0] + d.o + rng.normal(size=n)
    d["y"] += sites[d.h.map("abcdefg".index)]
    return d


@pytest.fixture(scope="module")
def spark():
    sql = wanted("pyspark.sql")
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        assert not os.environ.get("MLM_ENGINES"), "Spark needs a Java: apt-get install default-jre-headless"
        pytest.skip("Spark needs a Java")
    asked = {"spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "2", "spark.driver.memory": "1g"}
    asked |= {"spark.sql.codegen.wholeStage": "false", "spark.sql.adaptive.enabled": "false"}  # quicker with few rows
    asked |= {"spark.driver.host": "localhost", "spark.driver.bindAddress": "127.0.0.1"}
    builder = sql.SparkSession.builder.master("local[2]")
    for name, value in asked.items():
        builder = builder.config(name, value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        session = builder.getOrCreate()
    yield lambda path: session.read.parquet(path).repartition(2)
    session.stop()


@pytest.fixture(scope="module")
def dask():
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "sparse", None)  # dask looks for a package that is called as our folder of tests
        frames, distributed = wanted("dask.dataframe"), wanted("distributed")
        with (
            distributed.LocalCluster(
                n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None
            ) as cluster,
            distributed.Client(cluster),
        ):
            yield lambda path: frames.read_parquet(path).repartition(npartitions=2)


@pytest.fixture(scope="module")
def ibis():
    found = wanted("ibis")
    return lambda path: found.duckdb.connect().read_parquet(path)


@pytest.fixture(params=["spark", "dask", "ibis"])
def engine(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def placed(engine, tmp_path):
    """Hands rows to the engine."""

    def place(d):
        path = str(tmp_path / f"{len(list(tmp_path.iterdir()))}.parquet")
        d.to_parquet(path, index=False)
        return engine(path)

    return place


def quietly(*args, **given):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SingularFitWarning)
        return mlm.lmer(*args, **given)


def collected(found):
    """Predictions in the order of the rows."""
    for how in ("toPandas", "compute", "to_pandas"):
        if hasattr(found, how):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return getattr(found, how)().sort_values("id").fit.to_numpy(dtype=float)
    raise AssertionError(type(found))


@pytest.mark.parametrize(("formula", "given"), MODELS)
def test_a_fit_by_an_engine_is_that_of_the_rows(placed, formula, given):
    there, here = quietly(formula, placed(rows()), **given), quietly(formula, rows(), **given)
    np.testing.assert_allclose(there.theta, here.theta, atol=1e-8)
    np.testing.assert_allclose(there.deviance, here.deviance, rtol=1e-9)
    np.testing.assert_allclose(there.fixef, here.fixef, atol=1e-7 * here.se.min())
    np.testing.assert_allclose(there.se, here.se, rtol=1e-7)
    assert list(there.fixef.index) == list(here.fixef.index)
    np.testing.assert_allclose(there.ranef().condval, here.ranef().condval, atol=1e-6)
    assert there.frame.offset_mean == pytest.approx(here.frame.offset_mean)
    assert mlm.r2(there).marginal == pytest.approx(mlm.r2(here).marginal, rel=1e-6)


def test_missing_values_and_columns_far_from_zero(placed):
    d = rows()
    d["x"] = d.x - 50.0 + 1e6
    d.loc[[3, 5], "x"], d.loc[[5, 9], "f"], d.loc[11, "y"] = np.nan, None, np.nan
    with pytest.warns(MissingRowsWarning, match=r"4 of 600 rows .*y \(1\), x \(2\), f \(2\)"):
        there = mlm.lmer("y ~ x + f + (1 | g)", placed(d))
    with pytest.warns(MissingRowsWarning):
        here = mlm.lmer("y ~ x + f + (1 | g)", d)
    np.testing.assert_allclose(there.theta, here.theta, atol=1e-8)
    np.testing.assert_allclose(there.se, here.se, rtol=1e-9)


def test_predictions_are_joined_by_the_engine(placed):
    m, new = quietly("y ~ x + f + (1 + x | g) + (1 | h)", rows()), rows(100, seed=8)
    new.loc[3, "g"], new.loc[4, "x"] = 999, np.nan
    ours = collected(m.predict(placed(new), new_levels="population"))
    np.testing.assert_allclose(ours, m.predict(new, new_levels="population"), rtol=1e-11)
