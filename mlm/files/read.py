"""Read a file into a data frame: one function for the kinds of files that data come in."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import ArgumentError, DataError, brief, is_one_of, listed, shorten, suggest
from .cells import DECIMALS, warn_of_text, without
from .formats import FORMATS, LABELLED, SEVERAL, SIGNLESS
from .request import COMPRESSED, MISSING, Request

__all__ = ["read_data", "usual_missing"]

ADDRESS = re.compile(r"(https?|ftp)://", re.IGNORECASE)
EXTRA = 'pip install "multilevel-replications[files]"'


def read_data(
    path: str | os.PathLike[str],
    table: str | None = None,
    labels: bool = False,
    missing: Iterable[str] | None = None,
    decimal: str | None = None,
) -> pd.DataFrame:
    r"""Read a data file, of the kind that its name ends in.

    ====================================  =============================================
    ``.csv`` ``.tsv`` ``.txt``            text; ``,`` ``;`` ``|`` tabs or blanks between columns
    ``.parquet`` ``.feather``             Arrow
    ``.dta``                              Stata
    ``.sav`` ``.zsav`` ``.por``           SPSS
    ``.sas7bdat`` ``.xpt``                SAS
    ``.rds`` ``.rda`` ``.RData``          R
    ``.xlsx``                             Excel
    ====================================  =============================================

    Text files and ``.dta`` need nothing else. The others need packages that the extra ``files`` brings. Text may be
    compressed (``.csv.gz``), and is in UTF-8, UTF-16 with its mark, or the letters of Windows. A column in which all
    cells are numbers is numbers: with ``1,5`` too, where no ``,`` stands between columns. A blank cell is missing. Of a
    column most of whose cells are numbers a warning names the others, and says what reads them. Group ids of up to 19
    digits keep all of them, longer ones are text; but ``1.10`` and ``1.1``, or ``007`` and ``7``, are one number, as in
    R. Rows may begin with a name of their own, as R writes them.

    Dates of R come as days since 1970. Categories that are numbers come from Parquet in the order of the numbers.

    Parameters
    ----------
    path : str or path
        The file.
    table : str, optional
        Of a workbook the sheet, of an ``.rda`` file the data frame. Needed where there are several.
    labels : bool, default False
        Stata and SPSS: columns of which every value has a label become categories, in the order of the values; those
        where two values have the same label stay numbers. By default all numbers stay numbers.
    missing : iterable of str, optional
        What stands for a missing value, beside nothing at all: texts, and numbers as in ``["-99"]``. By default ``NA``,
        ``NaN`` and a lone dot in text and workbooks; nothing in the other kinds, which have a sign of their own.
    decimal : {None, ",", "."}
        In text, and in cells of a workbook that are text, the sign before the decimals; the other one may then stand
        between thousands: with ``","`` ``1.234,5`` is 1234.5, with ``"."`` ``1,234.5`` is. By default no sign stands
        between thousands.

    Returns
    -------
    pandas.DataFrame
        One row per record. Missing values of Stata, SPSS and SAS, those that SPSS calls user-missing among them, are
        missing. ``attrs["name"]`` is the file's name, which printouts then show.

    Raises
    ------
    DataError
        When there is no such file, its kind is not known, it cannot be read, its rows do not fit its header, two of its
        columns have the same name, or a package is missing, which the message names.
    ArgumentError
        For a wrong `table`, `labels`, `missing` or `decimal`, and where the kind of file has none of these.

    Warns
    -----
    TextColumnWarning
        Of columns that are text though most of their cells look like numbers, and of those with decimal dots that may
        be marks of thousands, since others have decimal commas.

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
    codes = usual_missing(file) if missing is None else _texts(missing)
    of_text = FORMATS[kind] is FORMATS[".csv"]
    decimal = _decimal(decimal, file, kind)
    request = Request(file, _table(table, file, kind), _labels(labels, file, kind), ("", *codes), decimal)
    try:
        data = FORMATS[kind](request)
    except ImportError as absent:
        package = str(absent.name or absent).partition(".")[0]
        raise DataError(f"Reading {file.name} needs the package {package}, which is not installed: {EXTRA}") from None
    except (DataError, ArgumentError):
        raise
    except Exception as error:  # libraries raise errors of many kinds about files that are damaged
        raise DataError(f"{file} cannot be read as {kind}: {type(error).__name__}: {error}") from error
    if not of_text:
        data = without(data, codes)
    warn_of_text(file.name, codes, data, kind in SIGNLESS, decimal)
    data.attrs["name"] = _uncompressed(file)[: -len(kind)]
    return data


def usual_missing(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """Return what stands for a missing value where nothing is said: in kinds of files without a sign of their own.

    Examples
    --------
    >>> usual_missing("scores.csv"), usual_missing("scores.sav")
    (('NA', 'NaN', '.'), ())
    """
    return MISSING if Path(_uncompressed(Path(path))).suffix.lower() in SIGNLESS else ()


def _uncompressed(file: Path) -> str:
    """Return the name of a file without the ending that says that it is compressed."""
    return file.name[: -len(COMPRESSED)] if file.name.lower().endswith(COMPRESSED) else file.name


def _existing(path: Any) -> Path:
    """Return the path of a file that is there."""
    if isinstance(path, str) and ADDRESS.match(path):
        raise DataError(f"Addresses are not read: download {shorten(path)} first, and give the name of the file.")
    try:
        file = Path(path)
    except TypeError:
        raise ArgumentError(f"`path` is the name of a file; got {type(path).__name__}.") from None
    if file.is_dir():
        raise DataError(f"{file} is a folder, not a file.")
    if not file.exists():
        there = [entry.name for entry in file.parent.iterdir()] if file.parent.is_dir() else []
        raise DataError(f"There is no file {file.name!r} in {file.parent.resolve()}.{suggest(file.name, there)}")
    return file


def _kind(file: Path) -> str:
    """Return the ending that says what kind of file it is."""
    kind = Path(_uncompressed(file)).suffix.lower()
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


def _labels(labels: Any, file: Path, kind: str) -> bool:
    """Return whether labelled values are categories, where the file can have labels."""
    if not is_one_of(labels, (True, False)):
        raise ArgumentError(f"`labels` is True or False; got {brief(labels)}.")
    if labels and kind not in LABELLED:
        raise ArgumentError(f"{file.name} has no labels of values: `labels` is for {', '.join(LABELLED)}.")
    return bool(labels)


def _decimal(decimal: Any, file: Path, kind: str) -> str | None:
    """Return the sign before decimals, where the file can have numbers as text."""
    if decimal is not None and not is_one_of(decimal, DECIMALS):
        raise ArgumentError(f"`decimal` is ',' or '.'; got {brief(decimal)}.")
    if decimal is not None and kind not in SIGNLESS:
        raise ArgumentError(f"The numbers of {file.name} are not text: `decimal` is for {', '.join(SIGNLESS)}.")
    return decimal


def _texts(missing: Any) -> tuple[str, ...]:
    texts = [missing] if isinstance(missing, str) else listed(missing, any_order=True)
    if texts is None or not all(isinstance(text, str) for text in texts):
        raise ArgumentError(f"`missing` is a list of texts, such as ['-99']; got {brief(missing)}.")
    return tuple(texts)
