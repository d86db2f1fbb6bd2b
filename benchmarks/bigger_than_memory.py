"""Rows that stay where they are, beside rows in memory: ``python -m benchmarks.bigger_than_memory``.

It writes tables/bigger_than_memory.txt. Rows are drawn into Parquet files in a temporary folder, and each is fitted by
each reader in a process of its own, after a small fit: seconds of the processor from the file to the model, reading
included, and the peak of resident memory, Python included. Of PySpark both are those of Python and of its Java
together, of a cluster of Dask's those of Python and of its two workers. Readers that are not installed are left out.
What the table shows is kept in tables/bigger_than_memory.json.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import resource
import subprocess
import sys
import tempfile
import textwrap
import time
import warnings
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import numpy as np
import pandas as pd

import mlm

from . import memory
from .machine import now
from .stored import Said, keep

FORMULA = "y ~ x + z + f + (1 + x | g)"
SMALL = 1000
ROWS_AT_ONCE = 10**6
# the deviations of intercepts and of slopes, and of the residual
DEVIATIONS, RESIDUAL = (3.0, 0.3), 5.0
# Processes of the cluster, with one thread each.
WORKERS = 2


def _pandas(path: str) -> object:
    return pd.read_parquet(path)


def _duckdb(path: str) -> object:
    return path


def _polars(path: str) -> object:
    import polars

    return polars.scan_parquet(path)


def _dask(path: str) -> object:
    from dask import dataframe

    return dataframe.read_parquet(path)


def _ibis(path: str) -> object:
    import ibis

    return ibis.duckdb.connect().read_parquet(path)


def _cluster(path: str) -> object:
    from distributed import Client, LocalCluster
    from distributed.client import default_client

    try:
        default_client()
    except ValueError:  # there is none yet
        Client(LocalCluster(n_workers=WORKERS, threads_per_worker=1, dashboard_address=None))
    return _dask(path)


def _spark(path: str) -> object:
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    return builder.config("spark.driver.bindAddress", "127.0.0.1").getOrCreate().read.parquet(path)


READERS: dict[str, Callable[[str], object]] = {
    "pandas": _pandas,
    "duckdb": _duckdb,
    "polars": _polars,
    "ibis": _ibis,
    "dask": _dask,
    "cluster": _cluster,
    "pyspark": _spark,
}
# distributions whose names are others
DISTRIBUTIONS = {"ibis": "ibis-framework", "cluster": "distributed"}
# rows, groups, readers
CASES = (
    (10**6, 10**4, ("pandas", "duckdb", "polars", "ibis", "dask", "cluster", "pyspark")),
    (10**7, 10**5, ("pandas", "duckdb", "polars")),
    (10**8, 10**6, ("duckdb",)),
)


def draw(path: Path, rows: int, groups: int, seed: int = 1) -> None:
    """Write rows to a Parquet file, no more than a million of them in memory.

    Parameters
    ----------
    path : Path
    rows, groups : int
        Rows fall on groups at random.
    seed : int

    Notes
    -----
    Columns y, x (mean 50), z, f (three words), g (int32 from 0). Intercepts at the mean of x and slopes are
    uncorrelated, with standard deviations 3 and 0.3; the residual's is 5.
    """
    import pyarrow as pa
    from pyarrow import parquet

    rng = np.random.default_rng(seed)
    intercepts, slopes = (sd * rng.standard_normal(groups) for sd in DEVIATIONS)
    words = np.array(["low", "mid", "high"])
    kinds = [("y", pa.float64()), ("x", pa.float64()), ("z", pa.float64()), ("f", pa.string()), ("g", pa.int32())]
    with parquet.ParquetWriter(path, pa.schema(kinds)) as file:
        for start in range(0, rows, ROWS_AT_ONCE):
            many = min(ROWS_AT_ONCE, rows - start)
            g, f = rng.integers(0, groups, many, dtype=np.int32), rng.integers(0, 3, many)
            x, z, e = (rng.standard_normal(many) for _ in range(3))
            y = 20.0 + 5.0 * x + 0.2 * z + f + intercepts[g] + 10.0 * slopes[g] * x + RESIDUAL * e
            values = (y, 50.0 + 10.0 * x, z, words[f], g)
            arrays = [pa.array(v, kind) for v, (_, kind) in zip(values, kinds, strict=True)]
            file.write_table(pa.table(arrays, schema=file.schema), row_group_size=ROWS_AT_ONCE // 4)


def measured(path: Path, small: Path, reader: str) -> Said:
    """Fit in this process."""
    warnings.simplefilter("ignore")  # narwhals and PySpark say things of themselves
    read = READERS[reader]
    mlm.lmer(FORMULA, read(str(small)))
    begun = time.process_time()
    m = mlm.lmer(FORMULA, read(str(path)))
    taken, peak = time.process_time() - begun, memory.peak()
    if reader in ENDED:
        others, held = ENDED[reader]()
        taken, peak = taken + others, peak + held
    version = metadata.version(DISTRIBUTIONS.get(reader, reader))
    return {"seconds": taken, "peak": peak, "theta": m.theta.tolist(), "criterion": m.deviance, "version": version}


def _java() -> tuple[float, int]:
    """Seconds of the processor and peak of memory of PySpark's Java, which is ended; the small fit is in both."""
    from pyspark import SparkContext

    gateway = SparkContext._gateway
    gateway.shutdown()
    gateway.proc.stdin.close()
    gateway.proc.wait()
    return _children()


def _workers() -> tuple[float, int]:
    """The same of the cluster's workers; each counts as much memory as the largest."""
    from distributed.client import default_client

    client = default_client()
    cluster = client.cluster
    client.close()
    cluster.close()
    seconds, held = _children()
    return seconds, WORKERS * held


def _children() -> tuple[float, int]:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime, used.ru_maxrss * 1024


# what ends the processes of a reader, and says what they took
ENDED = {"pyspark": _java, "cluster": _workers}


def beside(found: Said, memory: Said) -> Said:
    """A fit with how far it is from that of the rows in memory, as the table shows it."""
    apart = {
        "theta_apart": float(np.abs(np.subtract(found["theta"], memory["theta"])).max()),
        "criterion_apart": abs(found["criterion"] / memory["criterion"] - 1.0),
    }
    return found if found is memory else found | apart


def table(found: list[Said]) -> str:
    """Lay the fits out."""
    head = f"{'rows':>11}{'groups':>10}  {'read by':8}{'CPU s':>7}{'peak GB':>9}{'theta':>8}{'criterion':>11}"
    lines = [FORMULA, "", head]
    for each in found:
        line = f"{each['rows']:11,}{each['groups']:10,}  {each['by']:8}{each['seconds']:7.1f}{each['peak'] / 1e9:9.2f}"
        if "theta_apart" in each:
            line += f"{_small(each['theta_apart']):>8}{_small(each['criterion_apart']):>11}"
        lines.append(line)
    names = ((DISTRIBUTIONS.get(each["by"], each["by"]), each["version"]) for each in found)
    versions = dict.fromkeys(f"{name}\xa0{version}" for name, version in names)
    said = "theta, criterion: largest, relative difference from rows in memory"
    return "\n".join([*lines, "", *textwrap.wrap(", ".join(versions), 70), said, ""]).replace("\xa0", " ")


def _small(difference: float) -> str:
    return f"{difference:.0e}" if difference else "0"


def main(arguments: list[str] | None = None) -> None:
    """Measure, each case in a process of its own, and write the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bigger_than_memory", description=__doc__)
    parser.add_argument("--fit", nargs=3, metavar=("FILE", "SMALL", "READER"), help="fit one file in this process")
    parser.add_argument("--rows", type=int, nargs="+", help="only the cases of so many rows; others stay as they are")
    asked = parser.parse_args(arguments)
    if asked.fit:
        print(json.dumps(measured(Path(asked.fit[0]), Path(asked.fit[1]), asked.fit[2])))
        return
    one_thread = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryDirectory() as folder:
        path, small = Path(folder) / "rows.parquet", Path(folder) / "small.parquet"
        draw(small, SMALL, SMALL // 20)
        for rows, groups, readers in CASES:
            if asked.rows and rows not in asked.rows:
                continue
            draw(path, rows, groups)
            in_memory: Said | None = None
            for reader in readers:
                if importlib.util.find_spec("distributed" if reader == "cluster" else reader) is None:
                    continue
                command = [
                    sys.executable,
                    "-m",
                    "benchmarks.bigger_than_memory",
                    "--fit",
                    str(path),
                    str(small),
                    reader,
                ]
                done = subprocess.run(command, capture_output=True, text=True, check=True, env=one_thread)
                said = json.loads(done.stdout.splitlines()[-1])
                found = {"rows": rows, "groups": groups, "by": reader, "date": now(), **said}
                in_memory = found if reader == "pandas" else in_memory
                found = beside(found, in_memory) if in_memory else found
                print(found, flush=True)
                keep("bigger_than_memory", found, [(n, by) for n, _, several in CASES for by in several], table)


if __name__ == "__main__":
    main()
