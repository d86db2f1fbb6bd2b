"""The file of a model: a zip of ``model.json`` and of arrays in NumPy's format, read without pickling.

``model.json`` has ``format`` (``"mlm model"``), ``version`` (of the format), ``kind`` (which of the four kinds of
models) and ``model``, see `stored_values`; ``arrays/0.npy`` … are the arrays that this refers to. The model frame has
the columns of the data that the formula uses, in the rows in use, with their labels, and so has the file.
"""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ArgumentError, DataError, MlmError
from .stored_values import Reader, Writer

__all__ = ["read_model", "write_model"]

FORMAT, VERSION = "mlm model", 1
TEXT = "model.json"
# What reading comes to where a file is not what it was when it was written.
DAMAGE: tuple[type[Exception], ...] = (
    *(zipfile.BadZipFile, zlib.error, KeyError, IndexError, TypeError, ValueError, AttributeError, EOFError),
    *(NotImplementedError, RecursionError, OverflowError, AssertionError, RuntimeError),
)


def write_model(path: Any, kind: str, content: dict[str, Any]) -> None:
    """Write a model.

    Parameters
    ----------
    path : str or path
    kind : str
        Name of its class.
    content : dict
        What it is made of, its frame among it.

    Raises
    ------
    ArgumentError
        When `path` is none.
    DataError
        When something of it cannot be saved, or the file cannot be written.
    """
    where, writer, origin = _path(path), Writer(), content["frame"].origin
    model = writer.value({**content, "options": None if origin is None else origin.plain_options})
    text = json.dumps({"format": FORMAT, "version": VERSION, "kind": kind, "model": model})
    try:
        with zipfile.ZipFile(where, "w", zipfile.ZIP_DEFLATED) as out:
            out.writestr(TEXT, text)
            for k, array in enumerate(writer.arrays):
                with out.open(f"arrays/{k}.npy", "w", force_zip64=True) as file:
                    np.lib.format.write_array(file, array, allow_pickle=False)
    except OSError as error:
        raise DataError(f"The model cannot be written to {str(where)!r}: {error.strerror or error}.") from None


def read_model(path: Any) -> tuple[str, dict[str, Any]]:
    """Read what `write_model` wrote: the kind, and what the model is made of.

    Raises
    ------
    ArgumentError
        When `path` is none.
    DataError
        When there is no such file, or it is no model, a damaged one, or one of a later format.
    """
    where = _path(path)
    try:
        with zipfile.ZipFile(where) as file:
            head = json.loads(file.read(TEXT)) if TEXT in file.namelist() else None
            if not isinstance(head, dict) or head.get("format") != FORMAT:
                raise DataError(f"{str(where)!r} is no model that mlm has saved.")
            if head["version"] > VERSION:
                raise DataError(
                    f"{str(where)!r} was written by a later version of mlm, in format {head['version']}; this one "
                    f"reads formats up to {VERSION}: install a newer one."
                )
            return head["kind"], Reader(_arrays(file)).value(head["model"])
    except MlmError:
        raise
    except OSError as error:
        raise DataError(f"The file {str(where)!r} cannot be read: {error.strerror or error}.") from None
    except zipfile.BadZipFile:
        raise DataError(f"{str(where)!r} is no model that mlm has saved, or is damaged: it is no zip file.") from None
    except DAMAGE as error:
        raise DataError(f"{str(where)!r} is damaged: {type(error).__name__}: {error}. Save the model again.") from None


def _arrays(file: zipfile.ZipFile) -> list[np.ndarray]:
    count = sum(name.startswith("arrays/") for name in file.namelist())
    found = []
    for k in range(count):
        with file.open(f"arrays/{k}.npy") as one:
            found.append(np.lib.format.read_array(one, allow_pickle=False))
            if one.read(1):
                raise ValueError(f"array {k} is longer than it says")
    return found


def _path(path: Any) -> Path:
    if not isinstance(path, str | os.PathLike):
        raise ArgumentError(f"`path` is the name of a file; got {type(path).__name__}.")
    return Path(path)
