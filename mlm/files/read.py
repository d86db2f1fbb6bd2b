"""Read a file into a data frame: one function for the kinds of files that data come in."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import ArgumentError, DataError, is_one_of, listed, suggest
from .formats import FORMATS, MISSING, SEVERAL, Request

__all__ = ["read_data"]

COMPRESSED = ".gz"
EXTRA = "pip install 'multilevel-replications[files]'"


def read_data(
    path: str | os.PathLike[str],
    table: str | None = None,
    labels: bool = False,
    missing: Iterable[str] = MISSING,
) -> pd.DataFrame:
    r"""Read a data file, of the kind that its name ends in.

    ====================================  =============================================
    ``.csv`` ``.tsv`` ``.txt``            text; tabs, ``;`` or ``,`` between columns
    ``.parquet`` ``.feather``             Arrow
    ``.dta``                              Stata
    ``.sav`` ``.zsav`` ``.por``           SPSS
    ``.sas7bdat`` ``.xpt``                SAS
    ``.rds`` ``.rda`` ``.RData``          R
    ``.xlsx``                             Excel
    ====================================  =============================================

    Text files and ``.dta`` need nothing else. The others need packages that the extra ``files`` brings. Text may be
    compressed (``.csv.gz``); where ``;`` stands between columns, ``1,5`` is a number. Dates of R
    come as days since 1970.

    Parameters
    ----------
    path : str or path
        The file.
    table : str, optional
        Of a workbook the sheet, of an ``.rda`` file the data frame. Needed where there are several.
    labels : bool, default False
        Stata and SPSS: columns of which every value has a label become categories, in the order of the values. By
        default numbers stay numbers.
    missing : iterable of str
        Text files: what stands for a missing value, beside nothing at all; by default ``NA``, ``NaN`` and a lone dot.
        Codes such as ``-99`` are numbers unless they are named here.

    Returns
    -------
    pandas.DataFrame
        One row per record. Missing values of Stata, SPSS and SAS, those that SPSS calls user-missing among them, are
        missing. ``attrs["name"]`` is the file's name, which printouts then show.

    Raises
    ------
    DataError
        When there is no such file, its kind is not known, it cannot be read, or a package is missing, which the message
        names.
    ArgumentError
        For a wrong `table`, `labels` or `missing`.

    Examples
    --------
    >>> import os, tempfile
    >>> import mlm
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "scores.csv")
    ...     with open(path, "w") as file:
    ...         _ = file.write("school;score\na;1,5\nb;NA\n")
    ...     data = mlm.read_data(path)
    >>> data["score"].tolist(), data.attrs["name"]
    ([1.5, nan], 'scores')
    """
    file = _existing(path)
    kind = _kind(file)
    request = Request(file, _table(table, file, kind), _truth(labels), _texts(missing))
    try:
        data = FORMATS[kind](request)
    except ImportError as absent:
        package = str(absent.name or absent).partition(".")[0]
        raise DataError(f"Reading {file.name} needs the package {package}, which is not installed: {EXTRA}") from None
    except (DataError, ArgumentError):
        raise
    except Exception as error:  # libraries raise errors of many kinds about files that are damaged
        raise DataError(f"{file} cannot be read as {kind}: {type(error).__name__}: {error}") from error
    data.attrs["name"] = file.name.removesuffix(COMPRESSED)[: -len(kind)]
    return data


def _existing(path: Any) -> Path:
    """Return the path of a file that is there."""
    try:
        file = Path(path)
    except TypeError:
        raise ArgumentError(f"`path` is the name of a file; got {type(path).__name__}.") from None
    if file.is_dir():
        raise DataError(f"{file} is a folder, and no file.")
    if not file.exists():
        there = [entry.name for entry in file.parent.iterdir()] if file.parent.is_dir() else []
        raise DataError(f"There is no file {file.name!r} in {file.parent.resolve()}.{suggest(file.name, there)}")
    return file


def _kind(file: Path) -> str:
    """Return the ending that says what kind of file it is."""
    kind = Path(file.name.removesuffix(COMPRESSED)).suffix.lower()
    if kind not in FORMATS:
        raise DataError(f"{file.name} is of no kind that is known: {', '.join(FORMATS)} are.")
    return kind


def _table(table: Any, file: Path, kind: str) -> str | None:
    """Return the name of a table, where the file can have several."""
    if table is None:
        return None
    if not isinstance(table, str):
        raise ArgumentError(f"`table` is the name of a sheet or of a data frame; got {type(table).__name__}.")
    if kind not in SEVERAL:
        raise ArgumentError(f"{file.name} has one table, without a name: `table` is for {', '.join(SEVERAL)}.")
    return table


def _truth(labels: Any) -> bool:
    if not is_one_of(labels, (True, False)):
        raise ArgumentError(f"`labels` is True or False; got {labels!r}.")
    return bool(labels)


def _texts(missing: Any) -> tuple[str, ...]:
    texts = [missing] if isinstance(missing, str) else listed(missing, any_order=True)
    if texts is None or not all(isinstance(text, str) for text in texts):
        raise ArgumentError(f"`missing` is a list of texts, such as ['-99']; got {missing!r}.")
    return ("", *texts)
