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
from replications.errors import OriginalsError

FOLDER = Path(__file__).resolve().parents[1] / "data"
VARIABLE = "MLM_ORIGINALS"
EXTRA = "pip install -e '.[originals]' in the project's folder"
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

    @property
    def twin(self) -> Path:
        """Where the embedded twin is."""
        return FOLDER / "twins" / f"{self.name}.csv.gz"


@cache
def datasets() -> dict[str, Dataset]:
    """Return all data sets by name.

    Examples
    --------
    >>> list(datasets())
    ['ess', 'issp', 'heck2011', 'imm10', 'vaisey']
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

    Raises
    ------
    OriginalsError
        If there is no data set of this name.
    """
    columns = dataset(name).columns
    rows = [(about["type"], about["meaning"]) for about in columns.values()]
    return pd.DataFrame(rows, columns=["type", "meaning"], index=list(columns))


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


def locate(name: str) -> Path | None:
    """Return the path of the original file, verified; None where it is not at hand.

    Raises
    ------
    OriginalsError
        If there is no such data set, or the file is not the one described in ``data/datasets.toml``.
    """
    about = dataset(name)
    folder = originals_folder()
    if folder is None or not (folder / about.file).exists():
        return None
    verify(folder / about.file, about)
    return folder / about.file


def verify(path: Path, about: Dataset) -> None:
    """Check a file's sha256.

    Raises
    ------
    OriginalsError
        If it differs; the message has both sums and the remedy.
    """
    actual = hashlib.sha256(path.read_bytes()).hexdigest()
    if actual != about.sha256:
        raise OriginalsError(
            f"{path} is not the original file of {about.name!r}: its sha256 is {actual}, "
            f"expected {about.sha256}. Delete it and run: python -m replications fetch {about.name}"
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
        "ess", "issp", "heck2011", "imm10" or "vaisey".
    kind : {"original", "twin"}, optional
        Insist on one of them.
    verbose : bool
        Print one line on which data these are.

    Returns
    -------
    DataFrame
        One row a respondent, the columns of :func:`codebook` in that order; text as str, whole numbers that
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
    path = None if kind == "twin" else locate(name)
    if path is None and kind == "original":
        raise OriginalsError(
            f"{about.file}, the original of {name!r} is not here: run `python -m replications fetch {name}`, "
            f"or let the environment variable {VARIABLE} name its folder. The twin needs nothing: "
            f'load({name!r}, kind="twin")'
        )
    data = _read_twin(about) if path is None else _read_original(path, about)
    used: Kind = "twin" if path is None else "original"
    data.attrs = {"dataset": name, "kind": used}
    _loaded[name] = used
    if verbose:
        what = "the synthetic twin" if path is None else f"the original file {about.file}"
        print(f"{name}: {what}, {len(data):,} rows")
    return data


def _read_twin(about: Dataset) -> pd.DataFrame:
    if not about.twin.exists():
        raise OriginalsError(
            f"The twin {about.twin} of {about.name!r} is missing: it is part of the project's repository, "
            "from which the project is to be installed (pip install -e .)"
        )
    return _typed(pd.read_csv(about.twin, keep_default_na=False, na_values=[""]), about, about.twin)


def _read_original(path: Path, about: Dataset) -> pd.DataFrame:
    match path.suffix:
        case ".rds":
            data = _read_rds(path)
        case ".dta":
            data = pd.read_stata(path, convert_categoricals=False)
        case _:
            # heck2011.csv begins with a byte order mark
            data = pd.read_csv(path, encoding="utf-8-sig", keep_default_na=False, na_values=["", "NA"])
    if about.selection:
        rows = pd.read_csv(FOLDER / about.selection)["row"].to_numpy()
        data = data.iloc[rows - 1]
    return _typed(data, about, path)


def _read_rds(path: Path) -> pd.DataFrame:
    try:
        import rdata
    except ImportError:
        raise OriginalsError(f"Reading {path.name} needs the package rdata: {EXTRA}") from None
    with warnings.catch_warnings():
        # labelled columns come without a constructor of their own; their numbers are what is wanted
        warnings.simplefilter("ignore")
        return rdata.read_rds(path)


def _typed(data: pd.DataFrame, about: Dataset, path: Path) -> pd.DataFrame:
    """Return the columns of the codebook under their names and in their types."""
    names = {spec.get("from", column): column for column, spec in about.columns.items()}
    missing = [name for name in names if name not in data]
    if missing:
        present = ", ".join(map(str, data))
        raise OriginalsError(f"{path} lacks the columns {', '.join(missing)}; it has {present}")
    typed = data[list(names)].rename(columns=names).reset_index(drop=True)
    typed = typed.astype({column: _TYPES[spec["type"]] for column, spec in about.columns.items()})
    # R's NA is a signalling NaN, at which arithmetic warns
    return typed.mask(typed.isna())
