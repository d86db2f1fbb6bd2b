"""The files that the command writes: looked at before the fit, so that none destroys another and no fit is lost."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from .errors import ArgumentError

__all__ = ["PICTURES", "check_outputs", "write_table"]

SIGNS = {".csv": ",", ".tsv": "\t", ".txt": "\t", "": ","}  # between the columns of a table, by the end of its name
PAGES = (".html", ".htm", "")
PICTURES = (".png", ".svg", ".pdf", ".jpg", ".jpeg", ".tif", ".tiff", ".eps")


def check_outputs(source: str, outputs: Mapping[str, str | None]) -> None:
    """See that each file can be written, and is neither the data nor another output.

    Parameters
    ----------
    source : str
        The data file.
    outputs : mapping of str to str
        Option -> file; None where it is not asked for.

    Raises
    ------
    ArgumentError
        That names the option, the file and what can be done.

    Examples
    --------
    >>> check_outputs("scores.csv", {"--tidy": "scores.csv"})
    Traceback (most recent call last):
    mlm.errors.ArgumentError: --tidy would overwrite the data file scores.csv: give it another name.
    """
    asked = {option: Path(file) for option, file in outputs.items() if file is not None}
    seen: dict[str, Path] = {}
    for option, path in asked.items():
        if _same(path, Path(source)):
            raise ArgumentError(f"{option} would overwrite the data file {path}: give it another name.")
        for other, before in seen.items():
            if _same(path, before):
                raise ArgumentError(f"{other} and {option} would write the same file {path}: give one another name.")
        _check_kind(option, path)
        _check_place(option, path)
        seen[option] = path


def _same(one: Path, other: Path) -> bool:
    """Whether two paths are one file; devices, such as /dev/null, are not files."""
    if one.exists() and other.exists():
        return one.is_file() and one.samefile(other)
    return os.path.normcase(one.resolve()) == os.path.normcase(other.resolve())


def _check_kind(option: str, path: Path) -> None:
    known = {"--tidy": tuple(SIGNS), "--report": PAGES, "--plot": PICTURES}[option]
    if path.suffix.lower() not in known:
        kinds = ", ".join(kind for kind in known if kind)
        raise ArgumentError(f"{option} writes {kinds}, by the end of the name; got {str(path)!r}.")


def _check_place(option: str, path: Path) -> None:
    if not path.parent.is_dir():
        raise ArgumentError(f"{option}: there is no folder {str(path.parent)!r} to write {path.name} in.")
    if path.is_dir():
        raise ArgumentError(f"{option}: {str(path)!r} is a folder; give the name of a file.")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise ArgumentError(f"{option}: {str(path)!r} cannot be written: it, or its folder, is read-only.")


def write_table(rows: pd.DataFrame, path: Path) -> None:
    """Write a table as the end of its name says."""
    rows.to_csv(path, index=False, sep=SIGNS[path.suffix.lower()])
