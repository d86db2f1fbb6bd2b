"""The same rows where lazy data can be: as a frame to be summed, in Polars, in a file that DuckDB reads, in Dask."""

import sys

import pytest


def as_sums(d, path):
    return d


def in_polars(d, path):
    return pytest.importorskip("polars").from_pandas(d).lazy()


def in_files(d, path):
    pytest.importorskip("duckdb")
    pytest.importorskip("polars").from_pandas(d).write_parquet(path / "rows.parquet")
    return path / "rows.parquet"


def in_dask(d, path):
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "sparse", None)  # dask looks for a package that is called as our folder of tests
        return pytest.importorskip("dask.dataframe").from_pandas(d, npartitions=3)


ENGINES = [as_sums, in_polars, in_files, in_dask]
of_dask = pytest.mark.filterwarnings(
    "ignore:Dask support is moving out of Narwhals:FutureWarning",
    "ignore:The inplace keyword in DataFrame.reset_index:Warning",
)
