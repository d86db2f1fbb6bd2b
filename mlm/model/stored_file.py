"""The file of a model: a zip of ``model.json`` and of arrays in NumPy's format, read without pickling.

``model.json`` has ``format`` (``"mlm model"``), ``version`` (of the format), ``kind`` (which of the four kinds of
models) and ``model``, see `stored_values`; ``arrays/0.npy`` … are the arrays that this refers to. The model frame has
the columns of the data that the formula uses, in the rows in use, with their labels, and so has the file.
"""

from __future__ import annotations

import json
import math
import os
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ArgumentError, DataError, FitError, MlmError, brief
from ..frame.unread import UnreadFrame
from .stored_values import Reader, Writer

__all__ = ["DAMAGE", "damaged", "named_path", "read_model", "write_model"]

FORMAT, VERSION = "mlm model", 1
TEXT = "model.json"
# Bytes of the text at most: of 10 million rows with labels of 30 letters it has a third of that.
LONGEST_TEXT = 2**30
# Bytes that one of a deflated file comes to at most, and what a file of a few bytes may have above that.
DEFLATED, SLACK = 1032, 4096
# Letters of what is said of a damage.
LONGEST_REASON = 200
# What reading comes to where a file is not what it was when it was written.
DAMAGE: tuple[type[Exception], ...] = (
    *(zipfile.BadZipFile, zlib.error, KeyError, IndexError, TypeError, ValueError, AttributeError, EOFError),
    *(NotImplementedError, RecursionError, OverflowError, AssertionError, RuntimeError, MemoryError),
    *(SyntaxError, tokenize.TokenError),  # NumPy reads the heads of arrays as Python's literals
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
    if isinstance(content["frame"], UnreadFrame):
        raise FitError("A model that was fitted from sums has no rows, which such a file holds; pickle the model.")
    where, writer, origin = named_path(path), Writer(), content["frame"].origin
    model = writer.value({**content, "options": None if origin is None else origin.plain_options})
    text = json.dumps({"format": FORMAT, "version": VERSION, "kind": kind, "model": model})
    if len(text) > LONGEST_TEXT:
        raise DataError("The labels of rows and levels are too long to be saved; number them before the fit.")
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
        When there is no such file, or it is not a model, a damaged one, or one of a later format.
    """
    where = named_path(path)
    try:
        with zipfile.ZipFile(where) as file:
            _demand_sizes(file, where.stat().st_size)
            head = json.loads(file.read(TEXT)) if TEXT in file.namelist() else None
            if not isinstance(head, dict) or head.get("format") != FORMAT:
                raise DataError(f"{str(where)!r} is not a model that mlm has saved.")
            if type(head["version"]) is not int or head["version"] < 1 or not isinstance(head["kind"], str):
                raise ValueError("its format or its kind of model is none")
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
        raise DataError(
            f"{str(where)!r} is not a model that mlm has saved, or is damaged: it is not a zip file."
        ) from None
    except DAMAGE as error:
        raise damaged(where, error) from None


def damaged(path: Any, error: Exception) -> DataError:
    """What is said of a file in which reading has come to something else than a model."""
    why = str(error).partition("\n")[0][:LONGEST_REASON]
    return DataError(f"{str(path)!r} is damaged: {type(error).__name__}: {why}. Save the model again.")


def _arrays(file: zipfile.ZipFile) -> list[np.ndarray]:
    count = sum(name.startswith("arrays/") for name in file.namelist())
    found = []
    for k in range(count):
        name = f"arrays/{k}.npy"
        _demand_shape(file, name)
        with file.open(name) as one:
            found.append(np.lib.format.read_array(one, allow_pickle=False))
            if one.read(1):
                raise ValueError(f"array {k} is longer than it says")
    return found


def _demand_sizes(file: zipfile.ZipFile, size: int) -> None:
    """Refuse parts that say they are larger than what is in the file can come to, before they are read."""
    parts = file.infolist()
    if sum(part.compress_size for part in parts) > size:
        raise ValueError("its parts are larger than the file")
    for part in parts:
        most = DEFLATED * part.compress_size + SLACK
        if part.file_size > (min(most, LONGEST_TEXT) if part.filename == TEXT else most):
            raise ValueError(f"{part.filename!r} says that it has {part.file_size} bytes")


def _demand_shape(file: zipfile.ZipFile, name: str) -> None:
    """Refuse an array that says it has other numbers than there are, before there is room made for them."""
    with file.open(name) as one:
        if np.lib.format.read_magic(one) != (1, 0):
            raise ValueError(f"{name} is of another format")
        shape, _, dtype = np.lib.format.read_array_header_1_0(one)
        left, count = file.getinfo(name).file_size - one.tell(), math.prod(shape)
    if dtype.hasobject or min(shape, default=0) < 0 or count * dtype.itemsize != left or (count and not left):
        raise ValueError(f"{name} says that it has {count} values of type {dtype}")


def named_path(path: Any) -> Path:
    """The path that a file is called by.

    Raises
    ------
    ArgumentError
    """
    if not isinstance(path, str | os.PathLike):
        raise ArgumentError(f"`path` is the name of a file; got {type(path).__name__}.")
    name = os.fspath(path)
    if not isinstance(name, str) or "\0" in name or not name:
        raise ArgumentError(f"`path` is the name of a file; got {brief(name)}.")
    return Path(name)
