"""The data sets: the original file where it is at hand, else the synthetic twin, in the same columns."""

from __future__ import annotations

import hashlib
import os
import tomllib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from mlm.errors import suggest
from replications import places
from replications.columns import Codebook
from replications.errors import OriginalsError

FOLDER = places.DATA
VARIABLE = "MLM_ORIGINALS"
EXTRA = '''pip install "multilevel-replications[originals]", or in the project's folder pip install -e ".[originals]"'''
_TYPES = {"text": "str", "integer": "int64", "number": "float64"}

Kind = Literal["original", "twin"]

# which kind each data set was last loaded as, so that a check knows what its numbers rest on
_loaded: dict[str, Kind] = {}


@dataclass(frozen=True, slots=True)
class Dataset:
    """A data set as described in ``data/datasets.toml``.

    Attributes
    ----------
    name, title, file, url, sha256, licence, citation, about : str
    rows : int
        Number of rows, of the original as of the twin.
    columns : mapping
        Column name -> type ("text", "integer" or "number"), meaning and, where it differs, the file's name.
    selection : str or None
        File in ``data/`` with the (1-based) numbers of the rows used; None for all.
    ship : bool
        Whether the file may be passed on: it is in ``data/shipped/``, and there is no twin.
    """

    name: str
    title: str
    file: str
    url: str
    sha256: str
    licence: str
    citation: str
    about: str
    rows: int
    columns: Mapping[str, Mapping[str, str]]
    selection: str | None = None
    ship: bool = False

    @property
    def shipped(self) -> Path:
        """Where the file is, of data that may be passed on."""
        return FOLDER / "shipped" / self.file

    @property
    def twin(self) -> Path:
        """Where the embedded twin is."""
        return FOLDER / "twins" / f"{self.name}.csv.gz"

    @property
    def names(self) -> dict[str, str]:
        """Name of each column in the file, which is that in the twin, -> its name in the codebook."""
        return {spec.get("from", column): column for column, spec in self.columns.items()}


@cache
def datasets() -> dict[str, Dataset]:
    """Return all data sets by name.

    Examples
    --------
    >>> datasets()["imm10"].rows
    260
    """
    raw: dict[str, dict[str, Any]] = tomllib.loads((FOLDER / "datasets.toml").read_text("utf-8"))
    return {name: Dataset(name=name, **about) for name, about in raw.items()}


def dataset(name: str) -> Dataset:
    """Return one data set's description.

    Raises
    ------
    OriginalsError
        If there is none of this name.
    """
    if name not in datasets():
        near, known = suggest(name, datasets()), ", ".join(datasets())
        raise OriginalsError(f"There is no data set {name!r}.{near} The data sets are {known}")
    return datasets()[name]


def codebook(name: str) -> pd.DataFrame:
    """Return the columns of a data set with type and meaning, indexed by their names.

    Printed, the meanings are whole, in lines of 80 characters.

    Raises
    ------
    OriginalsError
        If there is no data set of this name.

    Examples
    --------
    >>> codebook("heck2011")
    schcode  integer  School, numbered 1 to 419
    math     number   Score in a mathematics test; here from 27.42 to 99.98
    ses      number   Socioeconomic status of the student's family, a composite
                      scale with mean near zero
    """
    columns = dataset(name).columns
    rows = [(about["type"], about["meaning"]) for about in columns.values()]
    return Codebook(rows, columns=["type", "meaning"], index=list(columns))


def originals_folder() -> Path | None:
    """Return the folder of the original files, whether it exists or not.

    The environment variable ``MLM_ORIGINALS`` names it; set to the empty string, it says that there is none,
    so that the twins are used. Without the variable it is the user's cache; None where pooch, which knows
    that folder and downloads to it, is not installed.
    """
    if VARIABLE in os.environ:
        return Path(os.environ[VARIABLE]) if os.environ[VARIABLE] else None
    try:
        import pooch
    except ImportError:
        return None
    return Path(pooch.os_cache("multilevel-replications"))


def kinds(name: str) -> tuple[Kind, ...]:
    """Return the kinds there are of a data set: one that may be passed on has no twin.

    Examples
    --------
    >>> kinds("imm10")
    ('original', 'twin')
    """
    return ("original",) if dataset(name).ship else ("original", "twin")


def locate(name: str) -> Path | None:
    """Return the path of the original file, verified; None where it is not at hand.

    Raises
    ------
    OriginalsError
        If there is no such data set, or the file is not the one described in ``data/datasets.toml``.
    """
    about = dataset(name)
    if about.ship:
        verify(_shipped(about), about)
        return about.shipped
    folder = originals_folder()
    if folder is None or not (folder / about.file).exists():
        return None
    verify(folder / about.file, about)
    return folder / about.file


def _shipped(about: Dataset) -> Path:
    if not about.shipped.exists():
        raise OriginalsError(
            f"{about.shipped} is missing: {about.name!r} may be passed on, and is part of the project's repository and "
            "of its wheel, from which the project is to be installed anew"
        )
    return about.shipped


def verify(path: Path, about: Dataset) -> None:
    """Check a file's sha256.

    Raises
    ------
    OriginalsError
        If it differs; the message has both sums and the remedy.
    """
    actual = hashlib.sha256(path.read_bytes()).hexdigest()
    if actual != about.sha256:
        remedy = "Get it anew" if about.ship else f"Delete it and run: python -m replications fetch {about.name}"
        raise OriginalsError(
            f"{path} is not the original file of {about.name!r}: its sha256 is {actual}, "
            f"expected {about.sha256}. {remedy}"
        )


def which(name: str) -> Kind:
    """Tell which data ``load(name)`` would return now: "original" or "twin".

    Raises
    ------
    OriginalsError
        If there is no such data set, or an original file at hand is damaged.
    """
    return "twin" if locate(name) is None else "original"


def in_use(name: str) -> Kind:
    """Tell which data were last loaded under this name, or would be."""
    return _loaded.get(name) or which(name)


def load(name: str, kind: Kind | None = None, verbose: bool = True) -> pd.DataFrame:
    """Load a data set: the original if it is at hand, else the synthetic twin.

    Parameters
    ----------
    name : str
        One of the data sets of ``data/datasets.toml``: "heck2011", "imm10", ...
    kind : {"original", "twin"}, optional
        Insist on one of them.
    verbose : bool
        Print one line on which data these are.

    Returns
    -------
    DataFrame
        One row per respondent, the columns of :func:`codebook` in that order; text as str, whole numbers that
        are never missing as int64, all others as float64 with NaN. Original and twin have the same columns,
        types and number of rows; ``attrs`` tells them apart ({"dataset": ..., "kind": ...}).

    Raises
    ------
    OriginalsError
        If there is no such data set, the data asked for are not at hand, or the file is damaged or cannot be
        read.

    Examples
    --------
    >>> import replications
    >>> replications.load("imm10", kind="twin", verbose=False).shape
    (260, 6)
    """
    about = dataset(name)
    if kind not in (None, "original", "twin"):
        raise OriginalsError(f'kind is "original" or "twin", not {kind!r}')
    used = kind or which(name)
    data = _typed(_read_twin(about) if used == "twin" else read_original(name, list(about.names)), about)
    if used == "twin" and len(data) != about.rows:
        raise OriginalsError(
            f"The twin of {name} has {len(data):,} rows and should have {about.rows:,}: the file is damaged; "
            "get it anew."
        )
    data.attrs = {"dataset": name, "kind": used}
    _loaded[name] = used
    if verbose:
        what = "the synthetic twin" if used == "twin" else f"the original file {about.file}"
        print(f"{name}: {what}, {len(data):,} rows")
    return data


def results(source: str) -> pd.DataFrame:
    """Return numbers of a chapter that were computed on the original data and that no twin gives.

    Parameters
    ----------
    source : str
        Key of the source: "day1_basics" alone has such numbers.

    Returns
    -------
    DataFrame
        One row a regression in one country: what its coefficient is of, the country, n, estimate and se to four places.

    Raises
    ------
    OriginalsError
        If nothing is kept of this source.

    Examples
    --------
    >>> import replications
    >>> replications.results("day1_basics").shape
    (36, 5)
    """
    kept = {path.stem: path for path in sorted((FOLDER / "results").glob("*.csv"))}
    if source not in kept:
        raise OriginalsError(f"No results on the original data are kept of {source!r}; of {', '.join(kept)} they are.")
    return pd.read_csv(kept[source])


def read_original(name: str, columns: list[str]) -> pd.DataFrame:
    """Read columns of an original file, verified, under the names and in the types they have there.

    :func:`load` is what an analysis wants; this is for programs that need the file itself, as those do that make the
    aggregates behind the twins.

    Parameters
    ----------
    name : str
        As for :func:`load`.
    columns : list of str
        Columns of the file, by its own names, in the order wanted.

    Returns
    -------
    DataFrame
        One row per respondent, in the file's order, numbered from 0; of a data set with a ``selection`` only these
        rows. Missing values are NaN, or what takes its place in the column's type.

    Raises
    ------
    OriginalsError
        If there is no such data set, its file is not at hand or damaged or cannot be read, or lacks a column.

    Examples
    --------
    >>> from replications.data import read_original, which
    >>> which("imm10") == "twin" or read_original("imm10", ["schid", "math"]).shape == (260, 2)
    True
    """
    about, path = dataset(name), locate(name)
    if path is None:
        raise OriginalsError(
            f"{about.file}, the original of {name!r} is not here: run `python -m replications fetch {name}`, "
            f"or let the environment variable {VARIABLE} name its folder. The twin needs nothing: "
            f'load({name!r}, kind="twin")'
        )
    data = _chosen(_read_file(path), columns, path)
    if about.selection:
        rows = pd.read_csv(FOLDER / about.selection)["row"].to_numpy()
        data = data.iloc[rows - 1]
    # R's NA is a signalling NaN, at which arithmetic warns
    return data.mask(data.isna()).reset_index(drop=True)


def _read_file(path: Path) -> pd.DataFrame:
    match path.suffix:
        case ".rds":
            return _read_rds(path)
        case ".dta":
            return pd.read_stata(path, convert_categoricals=False)
        case _:
            # heck2011.csv begins with a byte order mark
            return read_csv(path, encoding="utf-8-sig", na_values=["", "NA"])


def read_csv(path: Path, **options: Any) -> pd.DataFrame:
    """Read a CSV file: each number is the double nearest to its decimals; missing is only what `options` call so."""
    rows = pd.read_csv(path, keep_default_na=False, **options)
    # pandas before 3 may be off in the last bit unless asked for more, and later versions warn of being asked
    numbers = list(rows.select_dtypes("float"))
    texts = pd.read_csv(path, keep_default_na=False, usecols=numbers, dtype=object, **options)
    return rows.assign(**{name: texts[name].astype(float) for name in numbers})


def _read_rds(path: Path) -> pd.DataFrame:
    try:
        import rdata
    except ImportError:
        raise OriginalsError(f"Reading {path.name} needs the package rdata: {EXTRA}") from None
    with warnings.catch_warnings():
        # labelled columns come without a constructor of their own; their numbers are what is wanted
        warnings.simplefilter("ignore")
        return rdata.read_rds(path)


def _read_twin(about: Dataset) -> pd.DataFrame:
    if about.ship:
        raise OriginalsError(f"{about.name!r} has no twin: its file may be passed on, and comes with the project")
    if not about.twin.exists():
        raise OriginalsError(
            f"The twin {about.twin} of {about.name!r} is missing: it is part of the project's repository and of its "
            "wheel, from which the project is to be installed anew"
        )
    data = read_csv(about.twin, na_values=[""])
    return _chosen(data, list(about.names), about.twin)


def _chosen(data: pd.DataFrame, columns: list[str], path: Path) -> pd.DataFrame:
    missing = [name for name in columns if name not in data]
    if missing:
        present = ", ".join(map(str, data))
        raise OriginalsError(f"{path} lacks the columns {', '.join(missing)}; it has {present}")
    return data[columns]


def _typed(data: pd.DataFrame, about: Dataset) -> pd.DataFrame:
    """Return the columns under the codebook's names and in its types."""
    named = data.rename(columns=about.names)
    return named.astype({column: _TYPES[spec["type"]] for column, spec in about.columns.items()})
