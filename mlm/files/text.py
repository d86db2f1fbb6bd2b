"""Text: decode it, find its columns, read them."""

from __future__ import annotations

import codecs
import gzip
import io

import pandas as pd

from ..errors import DataError
from .cells import as_numbers, needs_digits
from .request import COMPRESSED, Request
from .separators import Layout, layout

__all__ = ["text"]

MARKED = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def text(request: Request) -> pd.DataFrame:
    """Read columns of text."""
    found = layout(_decoded(request), request.path.name)
    if not found.body.strip():
        return pd.DataFrame(columns=list(found.names))
    data = _named(_columns(request, found), found)
    decimal_comma = found.sign in (";", "\t", "|")
    exact = [name for name in data.columns if needs_digits(data[name])]
    if exact:
        texts = _named(_columns(request, found, dtype=str), found)
        data = data.assign(**{name: texts[name] for name in exact})
    read = {name: as_numbers(data[name], request.missing, decimal_comma) for name in data.columns}
    return pd.DataFrame(read, index=data.index)


def _decoded(request: Request) -> str:
    """Return the text, in the letters that its mark says, in UTF-8, or else in those of Windows."""
    opened = gzip.open if request.path.suffix.lower() == COMPRESSED else open
    with opened(request.path, "rb") as file:
        head = file.read(4)
    marked = [encoding for mark, encoding in MARKED.items() if head.startswith(mark)]
    for encoding in marked or ["utf-8", "cp1252"]:
        try:
            with opened(request.path, "rt", encoding=encoding) as file:
                content = file.read()
        except UnicodeError:
            continue
        if "\0" in content:
            raise DataError(f"{request.path.name} is no text, or UTF-16 without its mark: save it as UTF-8.")
        return str(content)
    raise DataError(f"{request.path.name} is text in neither UTF-8, UTF-16 with its mark nor Windows-1252.")


def _columns(request: Request, found: Layout, dtype: type | None = None) -> pd.DataFrame:
    # pandas before 3 rounds the last bit unless asked not to, and pandas 3 never does
    exact = {"float_precision": "round_trip"} if int(pd.__version__.partition(".")[0]) < 3 else {}
    return pd.read_csv(
        io.StringIO(found.body),
        sep=found.sign,
        header=None,
        names=range(found.width),
        index_col=False,
        dtype=dtype,
        na_values=list(request.missing),
        keep_default_na=False,
        skipinitialspace=True,
        low_memory=False,
        **exact,
    )


def _named(data: pd.DataFrame, found: Layout) -> pd.DataFrame:
    """Return the columns that the header names; rows by their names where they have some."""
    if found.row_names:
        data = data.set_index(0).rename_axis(None)
    data = data.iloc[:, : len(found.names)].set_axis(list(found.names), axis=1)
    unnamed = [name for name in data.columns if name.startswith("Unnamed: ") and data[name].isna().all()]
    return data.drop(columns=unnamed)
