"""Text: decode it, find its columns, read them."""

from __future__ import annotations

import codecs
import gzip
import io
import re
import warnings

import pandas as pd

from ..errors import DataError, TextColumnWarning, first_few, users_stacklevel
from .cells import is_text, needs_digits, read_cells
from .request import COMPRESSED, Request
from .separators import Layout, layout

__all__ = ["text"]

MARKED_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+")
MARKED = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def text(request: Request) -> pd.DataFrame:
    """Read columns of text."""
    found = layout(_decoded(request), request.path.name)
    if not found.body.strip():
        return pd.DataFrame(columns=list(found.names))
    data = _named(_columns(request, found), found)
    decimals = request.decimal or (",." if found.sign in (";", "\t", "|") else ".")
    floats = [name for name in data.columns if pd.api.types.is_float_dtype(data[name].dtype)]
    exact = floats if request.decimal == "," else [name for name in floats if needs_digits(data[name])]
    if exact:
        texts = _named(_columns(request, found, dtype=str), found)
        data = data.assign(**{name: texts[name] for name in exact})
    read = {name: read_cells(data[name], request.missing, decimals, request.decimal) for name in data.columns}
    if request.decimal is None and any(is_text(data[name]) and not is_text(read[name]) for name in read):
        _warn_of_dots(request, found, [name for name in floats if name not in exact])
    return pd.DataFrame(read, index=data.index)


def _may_be_marked(cell: str) -> bool:
    return MARKED_THOUSANDS.fullmatch(cell) is not None


def _warn_of_dots(request: Request, found: Layout, floats: list[str]) -> None:
    """Warn of numbers such as 1.234 beside columns with decimal commas: the dot may be a mark of thousands."""
    if not floats:
        return
    texts = _named(_columns(request, found, dtype=str), found)
    marked = [name for name in floats if texts[name].dropna().str.strip().map(_may_be_marked).all()]
    if marked:
        warnings.warn(
            f"{request.path.name}: other columns have decimal commas, so that the dots may stand between thousands in "
            f"{first_few([repr(name) for name in marked])}, read as decimal dots, as in "
            f"{texts[marked[0]].dropna().iloc[0].strip()}. If they do: decimal=','.",
            TextColumnWarning,
            stacklevel=users_stacklevel(),
        )


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
            raise DataError(f"{request.path.name} is not text, or UTF-16 without its mark: save it as UTF-8.")
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
