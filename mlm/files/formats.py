"""One function a kind of file, each on a library that is kept well for it."""

from __future__ import annotations

import gzip
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import ArgumentError, DataError, first_few, suggest

__all__ = ["FORMATS", "MISSING", "SEVERAL", "Request"]

MISSING = ("NA", "NaN", ".")
SEVERAL = (".rda", ".rdata", ".xlsx")  # kinds of which a file can hold several tables
SIGNS = ("\t", ";", ",")  # between columns; of those in the first line the most frequent one
DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+(?:[eE][+-]?\d+)?")


@dataclass(frozen=True)
class Request:
    """What is to be read: the file, and the arguments of `read_data`."""

    path: Path
    table: str | None
    labels: bool
    missing: tuple[str, ...]


def text(request: Request) -> pd.DataFrame:
    """Read columns of text, in UTF-8 or else in the letters of Windows."""
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return _separated(request, encoding)
        except UnicodeDecodeError:
            continue
    raise DataError(f"{request.path.name} is text in neither UTF-8 nor Windows-1252.")


def _separated(request: Request, encoding: str) -> pd.DataFrame:
    opened = gzip.open if request.path.suffix == ".gz" else open
    with opened(request.path, "rt", encoding=encoding) as file:
        head = file.readline()
    sign = max(SIGNS, key=head.count)
    # pandas before 3 rounds the last bit unless asked not to, and pandas 3 never does
    exact = {"float_precision": "round_trip"} if int(pd.__version__.partition(".")[0]) < 3 else {}
    options = {"sep": sign, "encoding": encoding, "na_values": list(request.missing), "keep_default_na": False, **exact}
    data = pd.read_csv(request.path, **options)
    if sign == ";" and any(_has_decimal_commas(data[name]) for name in data.columns):
        data = pd.read_csv(request.path, decimal=",", **options)
    return data


def _has_decimal_commas(column: pd.Series) -> bool:
    known = column.dropna()
    if not len(known) or pd.api.types.is_numeric_dtype(known) or pd.api.types.is_bool_dtype(known):
        return False
    return bool(known.astype(str).str.strip().str.fullmatch(DECIMAL_COMMA.pattern).any())


def parquet(request: Request) -> pd.DataFrame:
    """Read Parquet."""
    import pyarrow  # noqa: F401  so that its name is in the error where it is missing

    return pd.read_parquet(request.path)


def feather(request: Request) -> pd.DataFrame:
    """Read Arrow's own format."""
    import pyarrow  # noqa: F401

    return pd.read_feather(request.path)


def stata(request: Request) -> pd.DataFrame:
    """Read Stata."""
    data = pd.read_stata(request.path, convert_categoricals=False)
    if not request.labels:
        return data
    labelled = pd.read_stata(request.path, order_categoricals=False)
    for name in labelled:
        values = labelled[name]
        if isinstance(values.dtype, pd.CategoricalDtype) and all(isinstance(one, str) for one in values.cat.categories):
            data[name] = values
    return data


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

    options = {"na_values": list(request.missing), "keep_default_na": False}
    sheets = pd.read_excel(request.path, sheet_name=None, **options)
    return _one(request, {name: sheet for name, sheet in sheets.items() if len(sheet)}, "sheet")


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
