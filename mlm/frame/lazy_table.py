"""Data that stay where they are: a table of which an engine is asked for sums, counts and distinct values only.

The seam is narwhals' lazy frame, whatever runs it; a path of Parquet files is read by DuckDB.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd
from narwhals.exceptions import NarwhalsError

from ..errors import DataError, MlmError, shorten
from .splitting import EAGER
from .table import Table

__all__ = ["LazyTable", "is_lazy"]

PARQUET = (".parquet", ".pq")  # how the names of files end that are read without being asked what they are
# Sums that one query asks for: DuckDB plans 1,000 in a second, and 5,000 in half a minute.
MOST_SUMS = 500


def is_lazy(data: Any) -> bool:
    """Whether data are not computed yet, or are files of Parquet by their names.

    Examples
    --------
    >>> is_lazy("visits/*.parquet"), is_lazy({"x": [1.0]})
    (True, False)
    """
    if isinstance(data, str | Path):
        return str(data).endswith(PARQUET)
    try:
        return isinstance(nw.from_native(data, pass_through=True), nw.LazyFrame)
    except NarwhalsError:  # a table in memory with a name twice, which is looked at by what reads those
        return False


# Names of the columns that are made on the way; engines of SQL take capitals for small letters.
OURS = re.compile(
    r"\((?:[fctr]\d+|s\d+_\d+|key \d+|y|w|offset|row|own|rows|residual)\)|mlm_(?:key|b|size).*", re.IGNORECASE
)


class LazyTable:
    """A lazy frame, and what is known of its columns without running it.

    Parameters
    ----------
    lazy : narwhals.LazyFrame
    engine : str
        What messages call it.

    Attributes
    ----------
    dtypes : mapping of str to narwhals.DType
        Types of the columns by their names.
    """

    def __init__(self, lazy: nw.LazyFrame[Any], engine: str, dtypes: Mapping[str, Any] | None = None) -> None:
        self._lazy, self.engine = lazy, engine
        self.dtypes: Mapping[str, Any] = dict(lazy.collect_schema()) if dtypes is None else dtypes

    @classmethod
    def of(cls, data: Any) -> LazyTable:
        """Take lazy data, or the path or pattern of Parquet files.

        Parameters
        ----------
        data : DuckDB relation, polars LazyFrame, Ibis table, Dask or PySpark frame, str or Path

        Raises
        ------
        DataError
            When there is no such file, or no DuckDB to read it.
        """
        native = _files(str(data)) if isinstance(data, str | Path) and is_lazy(data) else data
        try:
            given = nw.from_native(pd.DataFrame(native) if isinstance(native, Mapping) else native, pass_through=True)
        except ValueError as error:  # columns of a mapping that are not of one length, a name that is there twice
            raise DataError(f"The data cannot be read: {str(error).strip().partition(chr(10))[0]}") from None
        if isinstance(given, nw.DataFrame):
            given = given.lazy()
        if not isinstance(given, nw.LazyFrame):
            raise DataError(
                f"The data must be a data frame, in memory or lazy, or the name of a Parquet file; got "
                f"{type(data).__name__}{' that names none' if isinstance(data, str | Path) else ''}."
            )
        return cls(given, given.implementation.value)

    @property
    def remedy(self) -> str:
        """How the rows come into memory, where they fit and are not there."""
        if self._lazy.implementation.is_pandas_like():
            return ""
        return EAGER.get(self._lazy.implementation, ".collect()")

    def __contains__(self, name: object) -> bool:
        return name in self.dtypes

    def demand(self, wanted: Mapping[str, Iterable[str]], whose: str = "The data") -> None:
        """Raise unless all these columns are there, under names that are free: see `Table.demand`."""
        self.names_only().demand(wanted, whose)
        self.demand_free(name for names in wanted.values() for name in names)

    def demand_free(self, names: Iterable[str]) -> None:
        """Refuse columns in use whose names those have that are made on the way.

        Raises
        ------
        DataError
        """
        taken = next((name for name in names if OURS.fullmatch(name)), None)
        if taken is not None:
            raise DataError(f"Column {taken!r} has a name that mlm gives to columns of its own; rename it.")

    def names_only(self) -> Table:
        """A table of these columns with one row of nothing, for what asks for names."""
        return Table.of(pd.DataFrame(index=[0], columns=list(self.dtypes)))

    def holds(self, name: str) -> str:
        """What a column holds: ``"numbers"``, ``"truth"``, ``"words"``, or its type."""
        dtype = self.dtypes[name]
        if dtype.is_numeric():
            return "numbers"
        if dtype == nw.Boolean:
            return "truth"
        return "words" if isinstance(dtype, nw.String | nw.Categorical | nw.Enum) else str(dtype)

    def declared(self, name: str) -> list[str] | None:
        """The levels of an enumeration of DuckDB's in their declared order; None of any other column."""
        dtype, engine, native = self.dtypes[name], self._lazy.implementation, self._lazy.to_native()
        if engine.is_duckdb() and isinstance(dtype, nw.Enum):
            return list(dtype.categories)
        if not engine.is_ibis() or dtype != nw.String or native.get_backend().name != "duckdb":
            return None
        # Ibis takes enumerations for words
        kinds = native.select(kind=native[name].typeof()).limit(1).to_pyarrow()["kind"].to_pylist()
        if not kinds or not kinds[0].startswith("ENUM("):
            return None
        return list(importlib.import_module("duckdb").sqltype(kinds[0]).children[0][1])

    def values_of(self, found: nw.DataFrame[Any], names: Iterable[str]) -> Table:
        """Columns of an answer, values of columns of this table: enumerations in their declared order."""
        columns = {}
        for name in names:
            declared = self.declared(name)
            values = found[name]
            columns[name] = values.to_native() if declared is None else pd.Categorical(values.to_list(), declared)
        return Table.of(columns)

    def of_pandas(self, name: str) -> Any:
        """The type of a column of a frame of pandas', or of Dask's, which is made of these; None of any other."""
        engine, native = self._lazy.implementation, self._lazy.to_native()
        if not (engine.is_pandas_like() or engine.is_dask()):
            return None
        return getattr(native, "_meta", native).dtypes[name]

    def is_text(self, name: str) -> bool:
        """Whether what a column of words holds are words: categories of pandas' can be of anything."""
        categories = getattr(self.of_pandas(name), "categories", None)
        return categories is None or pd.api.types.infer_dtype(categories) in ("string", "empty")

    def told(self, name: str) -> str:
        """The type of a column for messages: as the engine calls it where narwhals does not know it."""
        native = self._lazy.to_native()
        if self.dtypes[name] == nw.Unknown and self._lazy.implementation.is_duckdb():
            return f"values of the type {native.types[native.columns.index(name)]}"
        return str(self.dtypes[name])

    def is_float(self, name: str) -> bool:
        """Whether a column can hold what is not a number."""
        return bool(self.dtypes[name].is_float())

    def with_columns(self, columns: Mapping[str, nw.Expr]) -> LazyTable:
        """The table with more columns."""
        return LazyTable(self._lazy.with_columns(**columns) if columns else self._lazy, self.engine, self.dtypes)

    def keeping(self, condition: nw.Expr) -> LazyTable:
        """The rows for which a condition holds."""
        return LazyTable(self._lazy.filter(condition), self.engine, self.dtypes)

    def sizes(self, keys: Iterable[str], name: str) -> LazyTable:
        """The rows with the sum of a column over those of the same values of some columns, in its place."""
        plain = {f"mlm_key_{k}": key for k, key in enumerate(keys)}
        lazy = self._lazy.with_columns(nw.col(key).alias(each) for each, key in plain.items())
        return LazyTable(lazy.with_columns(nw.col(name).sum().over(*plain).alias(name)), self.engine, self.dtypes)

    def numbers(self, wanted: Mapping[str, nw.Expr]) -> dict[str, float]:
        """Numbers that are each one for all rows, by their names; NaN of what has no rows."""
        found: dict[str, float] = {}
        names = list(wanted)
        for start in range(0, len(names), MOST_SUMS):
            asked = [wanted[name].alias(name) for name in names[start : start + MOST_SUMS]]
            row = self._run(self._lazy.select(*asked)).row(0)
            for name, value in zip(names[start:], row, strict=False):
                found[name] = float("nan") if value is None else float(value)
        return found

    def by(self, keys: Iterable[str], wanted: Mapping[str, nw.Expr]) -> nw.DataFrame[Any]:
        """Numbers for each combination of the values of some columns that occurs."""
        asked = [expression.alias(name) for name, expression in wanted.items()]
        plain = {f"mlm_key_{k}": name for k, name in enumerate(keys)}  # which need no quoting
        lazy = self._lazy.with_columns(nw.col(name).alias(key) for key, name in plain.items())
        return self._run(lazy.group_by(*plain).agg(*asked)).rename(plain)

    def joined(self, keys: Mapping[str, nw.Expr], other: nw.DataFrame[Any]) -> LazyTable:
        """The rows with what another table has for their values of some expressions, or null.

        Parameters
        ----------
        keys : mapping of str to narwhals.Expr
            By the names that their values have in `other`.
        other : narwhals.DataFrame
            In memory, each combination of values once.
        """
        lazy = self._lazy.with_columns(**keys).join(self._beside(other), on=list(keys), how="left")
        return LazyTable(lazy, self.engine, self.dtypes)

    def _beside(self, other: nw.DataFrame[Any]) -> nw.LazyFrame[Any]:
        """A table in memory as the engine reads it together with the rows."""
        native, engine = self._lazy.to_native(), self._lazy.implementation
        if engine.is_duckdb():  # tables of two connections cannot be joined, and a relation does not tell its own
            mlm_other = other.to_arrow()  # noqa: F841 (DuckDB finds it by its name)
            return nw.from_native(native.query("mlm_rows", "select * from mlm_other"))
        session = native.sparkSession if engine.is_pyspark() else None
        return other.lazy(engine, session=session)

    def native_with(self, name: str, expression: nw.Expr) -> Any:
        """The engine's own table: the columns of the data and one more."""
        return self._lazy.select(*self.dtypes, expression.alias(name)).to_native()

    def _run(self, query: nw.LazyFrame[Any]) -> nw.DataFrame[Any]:
        """Let the engine compute.

        Raises
        ------
        DataError
            When it cannot: with the first line of what it says.
        """
        try:
            if query.implementation.is_polars():
                return query.collect(engine="streaming")
            return query.collect()
        except (MlmError, MemoryError):
            raise
        except Exception as error:  # each engine has errors of its own
            why = str(error).strip().partition("\n")[0]
            raise DataError(f"{self.engine} cannot compute what the formula asks for: {why}") from error


def _files(path: str) -> Any:
    """Files of Parquet as a relation of DuckDB's."""
    try:
        duckdb = importlib.import_module("duckdb")
    except ImportError:
        raise DataError(
            f"Files of Parquet are read by DuckDB, which is not installed ({shorten(path)!r}): "
            'pip install "multilevel-replications[big]".'
        ) from None
    try:
        return duckdb.connect().read_parquet(path)
    except duckdb.Error as error:
        why = str(error).strip().partition("\n")[0]
        raise DataError(f"{shorten(path)!r} cannot be read as Parquet: {why}") from None
