"""One function a kind of file, each on a library that is kept well for it."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import ArgumentError, DataError, first_few, suggest
from .cells import EXACT, is_text, read_cells, without_blanks
from .request import Request
from .text import text

__all__ = ["FORMATS", "LABELLED", "SEVERAL", "SIGNLESS"]

SEVERAL = (".rda", ".rdata", ".xlsx")  # kinds of which a file can hold several tables
LABELLED = (".dta", ".sav", ".zsav", ".por")  # kinds whose values can have labels
SIGNLESS = (".csv", ".tsv", ".txt", ".xlsx")  # kinds without a sign of their own for a missing value


def parquet(request: Request) -> pd.DataFrame:
    """Read Parquet."""
    import pyarrow.parquet

    return _from_arrow(pyarrow.parquet.read_table(request.path))


def feather(request: Request) -> pd.DataFrame:
    """Read Arrow's own format."""
    import pyarrow.feather

    return _from_arrow(pyarrow.feather.read_table(request.path))


def _from_arrow(table: Any) -> pd.DataFrame:
    """Return a table of Arrow: large whole numbers with all digits, and the categories that pandas had written.

    Of categories that are numbers Parquet keeps no list: they come in the order of the numbers.
    """
    import pyarrow

    data = table.to_pandas()
    for name in set(table.column_names) & set(data.columns):
        column = table.column(name)
        if pyarrow.types.is_integer(column.type) and column.null_count and not data[name].abs().max() < EXACT:
            kind = "UInt64" if pyarrow.types.is_uint64(column.type) else "Int64"
            data[name] = pd.Series(pd.array(column.to_pylist(), dtype=kind), index=data.index)
    about = json.loads((table.schema.metadata or {}).get(b"pandas", b"{}"))
    for column in about.get("columns", []):
        name = column["name"]
        if column["pandas_type"] == "categorical" and name in data and data[name].dtype != "category":
            dtype = pd.CategoricalDtype(sorted(data[name].dropna().unique()), column["metadata"]["ordered"])
            data[name] = data[name].astype(dtype)
    return data


def stata(request: Request) -> pd.DataFrame:
    """Read Stata."""
    data = pd.read_stata(request.path, convert_categoricals=False)
    if not request.labels:
        return data
    for name, values in _labelled(request.path, list(data.columns)).items():
        if isinstance(values.dtype, pd.CategoricalDtype) and all(isinstance(one, str) for one in values.cat.categories):
            data[name] = values
    return data


def _labelled(path: Path, names: list[str]) -> dict[str, pd.Series]:
    """Return the columns of a Stata file with their labels, but for those in which two values have one label."""
    try:
        return dict(pd.read_stata(path, order_categoricals=False).items())
    except ValueError:  # pandas refuses the whole file for one such column
        return {name: column for name in names for column in _labelled_alone(path, name)}


def _labelled_alone(path: Path, name: str) -> list[pd.Series]:
    try:
        return [pd.read_stata(path, columns=[name], order_categoricals=False)[name]]
    except ValueError:
        return []


def spss(request: Request) -> pd.DataFrame:
    """Read SPSS."""
    import pyreadstat

    read = pyreadstat.read_por if request.path.suffix.lower() == ".por" else pyreadstat.read_sav
    data, about = read(str(request.path))
    return _with_labels(data, about.variable_value_labels) if request.labels else data


def _with_labels(data: pd.DataFrame, labels: Mapping[str, Mapping[Any, str]]) -> pd.DataFrame:
    """Make columns categories of which every value has a label."""
    for name, of_values in labels.items():
        if set(data[name].dropna()) <= set(of_values) and len(set(of_values.values())) == len(of_values):
            ordered = [of_values[value] for value in sorted(of_values)]
            data[name] = pd.Categorical(data[name].map(of_values), categories=ordered)
    return data


def sas(request: Request) -> pd.DataFrame:
    """Read SAS."""
    import pyreadstat

    read = pyreadstat.read_xport if request.path.suffix.lower() == ".xpt" else pyreadstat.read_sas7bdat
    return read(str(request.path))[0]


def r_object(request: Request) -> pd.DataFrame:
    """Read an object of R, which must be a data frame."""
    import rdata

    found = _from_r(rdata.read_rds, request.path)
    if not isinstance(found, pd.DataFrame):
        raise DataError(f"{request.path.name} holds no data frame: R's object comes as {type(found).__name__}.")
    return _quiet(found)


def r_workspace(request: Request) -> pd.DataFrame:
    """Read a data frame among the objects of an R workspace."""
    import rdata

    objects = _from_r(rdata.read_rda, request.path)
    frames = {name: found for name, found in objects.items() if isinstance(found, pd.DataFrame)}
    return _quiet(_one(request, frames, "data frame"))


def _from_r(read: Callable[[Path], Any], path: Path) -> Any:
    """Read R's objects; of labelled columns, which rdata warns of, the numbers are what is wanted."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return read(path)


def _quiet(data: pd.DataFrame) -> pd.DataFrame:
    """Return a frame with Python's missing values: R's NA is a signalling NaN, at which arithmetic warns."""
    return data.mask(data.isna()).reset_index(drop=True)


def excel(request: Request) -> pd.DataFrame:
    """Read a sheet of a workbook; sheets without rows do not count."""
    import openpyxl  # noqa: F401

    options = {"na_values": [""], "keep_default_na": False}
    sheets = pd.read_excel(request.path, sheet_name=None, **options)
    sheet = _one(request, {name: sheet for name, sheet in sheets.items() if len(sheet)}, "sheet")
    unnamed = [
        column for column in sheet.columns if str(column).startswith("Unnamed: ") and sheet[column].notna().any()
    ]
    if len(unnamed) > len(sheet.columns) / 2:
        raise DataError(
            f"{request.path.name} has no name above {len(unnamed)} of {len(sheet.columns)} columns. Names stand in the "
            "first row: remove the rows above them."
        )
    sheet = sheet.apply(without_blanks)
    return sheet if request.decimal is None else sheet.apply(_with_sign, request=request, sign=request.decimal)


def _with_sign(column: pd.Series, request: Request, sign: str) -> pd.Series:
    """Return a column whose texts are numbers by the sign before decimals as numbers, those among its cells too."""
    if not is_text(column):
        return column
    texts = column.map(lambda cell: repr(cell).replace(".", sign) if isinstance(cell, float) else cell)
    read = read_cells(texts.mask(column.isna()), request.missing, sign, sign)
    return column if is_text(read) else read


def _one(request: Request, tables: Mapping[str, pd.DataFrame], noun: str) -> pd.DataFrame:
    """Choose the table that was asked for, or the only one."""
    if request.table is not None:
        if request.table not in tables:
            near = suggest(str(request.table), tables)
            raise ArgumentError(
                f"{request.path.name} has no {noun} {request.table!r}; it has {first_few(list(tables))}.{near}"
            )
        return tables[request.table]
    if len(tables) != 1:
        there = f": {first_few(list(tables))}. Choose one with table=" if tables else ""
        raise DataError(f"{request.path.name} has {len(tables) or 'no'} {noun}s with rows{there}.")
    return next(iter(tables.values()))


FORMATS: dict[str, Callable[[Request], pd.DataFrame]] = {
    ".csv": text,
    ".tsv": text,
    ".txt": text,
    ".parquet": parquet,
    ".feather": feather,
    ".dta": stata,
    ".sav": spss,
    ".zsav": spss,
    ".por": spss,
    ".sas7bdat": sas,
    ".xpt": sas,
    ".rds": r_object,
    ".rda": r_workspace,
    ".rdata": r_workspace,
    ".xlsx": excel,
}
