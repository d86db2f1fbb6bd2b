"""The file of sums: one Parquet table, with the rest in its metadata as JSON.

The table has a row for each level of each grouping factor, and for each pair of levels that occurs: ``part`` says of
which factor or pair, ``level`` and ``other`` which levels, ``rows`` how many rows, ``s0`` … the sums, and columns such
as ``g/0`` the values of a factor's parts; its pages have checksums. Under ``mlm.sums`` the metadata has ``format``,
``version`` and ``content``: formula, design and totals, written as `stored_values` does, with arrays in NumPy's format
as text, and the SHA-256 of these, of the number of rows and of the names of the columns.
"""

from __future__ import annotations

import base64
import hashlib
import importlib
import io
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ..crossproducts.merging import levels_from, own_order, part_values
from ..crossproducts.sums import FactorSums, PairSums, Sums
from ..errors import DataError, MlmError, shorten
from ..frame.model_frame import RandomPart
from ..frame.unread import UnreadColumns, UnreadFrame, UnreadLevels, UnreadPredictor
from ..language.formula import parse
from .stored_file import DAMAGE, named_path
from .stored_values import Reader, Writer

__all__ = ["read_frame_of_sums", "write_frame_of_sums"]

FORMAT, VERSION, KEY = "mlm sums", 1, b"mlm.sums"
OF_SUMS = ("nobs", "shift", "total", "log_weights", "weighted", "names", "plain")
# Sums within levels add up to those over all rows, but for this share of the largest: a million roundings.
ADDED_SHARE = 1e-9
TOLD = ("levels", "counts", "typical", "low", "high", "ordered", "absent")


def write_frame_of_sums(path: Any, frame: UnreadFrame) -> None:
    """Write a frame of sums: see `ModelSums.write`."""
    arrow, parquet = _arrow()
    path = named_path(path)
    tables = [_of_factor(k, name, factor) for k, (name, factor) in enumerate(frame.sums.factors.items())]
    tables += [_of_pair(len(tables) + k, pair) for k, pair in enumerate(frame.sums.pairs.values())]
    names = list(dict.fromkeys(name for table in tables for name in table))
    columns = {name: arrow.concat_arrays(_filled(arrow, tables, name)) for name in names}
    writer = Writer()
    content = writer.value(_content(frame))
    head = {"format": FORMAT, "version": VERSION, "content": content, "arrays": [_text(a) for a in writer.arrays]}
    table = arrow.table(columns)
    head["sha256"] = _digest(head, table)
    table = table.replace_schema_metadata({KEY: json.dumps(head).encode()})
    try:
        parquet.write_table(table, str(path), compression="zstd", write_page_checksum=True)
    except OSError as error:
        raise DataError(f"The sums cannot be written to {str(path)!r}: {error.strerror or error}.") from None


def read_frame_of_sums(path: Any) -> UnreadFrame:
    """Read a frame of sums, and check it: see `read_sums`."""
    _, parquet = _arrow()
    path = named_path(path)
    try:
        table = parquet.read_table(str(path), page_checksum_verification=True)
        head = json.loads((table.schema.metadata or {}).get(KEY, b"null"))
        if not isinstance(head, dict) or head.get("format") != FORMAT:
            raise DataError(f"{str(path)!r} has no sums that mlm has written.")
        if type(head["version"]) is not int or head["version"] < 1:
            raise ValueError("its version is none")
        if head["version"] > VERSION:
            raise DataError(
                f"{str(path)!r} was written by a later version of mlm, in format {head['version']}; this one reads "
                f"formats up to {VERSION}: install a newer one."
            )
        if head["sha256"] != _digest(head, table):
            raise ValueError("it is not what was written")
        return _frame(Reader([_array(text) for text in head["arrays"]]).value(head["content"]), table)
    except MlmError:
        raise
    except OSError as error:
        raise DataError(f"The file {str(path)!r} cannot be read: {error.strerror or error}.") from None
    except DAMAGE as error:
        why = shorten(str(error).partition("\n")[0])
        raise DataError(f"{str(path)!r} is damaged: {type(error).__name__}: {why}. Write the sums again.") from None


def _digest(head: Mapping[str, Any], table: Any) -> str:
    """What tells whether the metadata are those that were written, and of this table."""
    told = [head["content"], head["arrays"], table.num_rows, table.column_names]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _arrow() -> tuple[Any, Any]:
    try:
        return importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise DataError(
            'Files of sums need pyarrow, which is not installed: pip install "multilevel-replications[big]".'
        ) from None


def _of_factor(place: int, name: str, factor: FactorSums) -> dict[str, Any]:
    size = factor.grouping.size
    table: dict[str, Any] = {"part": np.full(size, place), "level": np.arange(size), "rows": factor.counts}
    table |= {f"s{k}": row for k, row in enumerate(factor.products.reshape(-1, size))}
    return table | {f"{name}/{k}": values for k, values in enumerate(part_values(factor.grouping))}


def _of_pair(place: int, pair: PairSums) -> dict[str, Any]:
    size = len(pair.rows)
    table = {"part": np.full(size, place), "level": pair.rows, "other": pair.columns}
    return table | {f"s{k}": row for k, row in enumerate(pair.products.reshape(-1, size))}


def _filled(arrow: Any, tables: list[dict[str, Any]], name: str) -> list[Any]:
    """A column of all tables, null where a table has none."""
    have = [arrow.array(pd.Series(table[name]), from_pandas=True) if name in table else None for table in tables]
    of = next(each.type for each in have if each is not None)
    return [arrow.nulls(len(t["part"]), of) if a is None else a.cast(of) for a, t in zip(have, tables, strict=True)]


def _content(frame: UnreadFrame) -> dict[str, Any]:
    """What the metadata holds."""
    sums, known = frame.sums, frame.known
    told: dict[str, Any] = dict(frame.predictors)
    cells = next((known.cells for known in told.values()), pd.DataFrame())
    return {
        "formula": frame.formula.text,
        "fixed": frame.formula.fixed,
        "offsets": frame.formula.offsets,
        "x": (frame.x_design, frame.x_columns.places),  # type: ignore[attr-defined]
        "random": tuple((part.term, part.design, part.columns.places) for part in frame.random),  # type: ignore[attr-defined]
        "recipe": frame.recipe,
        "dropped": frame.dropped,
        "call": frame.call,
        "offset_parts": known["offset_parts"],
        "offset_mean": frame.offset_mean,
        "no offset": "offset" in known,
        "predictors": {name: {each: getattr(value, each) for each in TOLD} for name, value in told.items()},
        "cells": {str(name): cells[name].tolist() for name in cells},
        "sums": {name: getattr(sums, name) for name in OF_SUMS},
        "factors": tuple((name, factor.effects, len(factor.grouping.parts)) for name, factor in sums.factors.items()),
        "orders": {name: tuple(map(own_order, factor.grouping.parts)) for name, factor in sums.factors.items()},
        "pairs": tuple(sums.pairs),
    }


def _frame(content: dict[str, Any], table: Any) -> UnreadFrame:
    """The frame of what was read."""
    sums = _sums(content, table)
    _demand_added(sums)
    formula = parse(content["formula"])
    if formula.fixed != content["fixed"]:  # a dot stood for columns
        formula = parse(content["formula"], [node.name for node in content["fixed"].variables])
    cells = pd.DataFrame(content["cells"])
    (x, places), n = content["x"], sums.nobs
    random = tuple(
        RandomPart(term, UnreadColumns(design.names, n, at), design)
        for term, (_, design, at) in zip(formula.random, content["random"], strict=True)
    )
    known = {
        "formula": formula,
        "x_design": x,
        "x_columns": UnreadColumns(x.names, n, places),
        "random": random,
        "groupings": {name: factor.grouping for name, factor in sums.factors.items()},
        "recipe": content["recipe"],
        "dropped": content["dropped"],
        "call": content["call"],
        "offset_parts": content["offset_parts"],
        "predictors": {name: UnreadPredictor(**told, cells=cells) for name, told in content["predictors"].items()},
    }
    known |= {"offset": None} if content["no offset"] else {"offset_mean": content["offset_mean"]}
    return UnreadFrame(sums, None, known if sums.weighted else {**known, "weights": None})


def _sums(content: dict[str, Any], table: Any) -> Sums:
    told = content["sums"]
    width = len(told["shift"])
    totals = [told["total"], told["plain"]] if told["weighted"] else [told["total"]]
    if any(np.shape(total) != (width, width) for total in totals) or len(told["names"]) != width:
        raise ValueError("its total sums are not of all columns")
    columns = {name: table[name].combine_chunks() for name in table.column_names}
    part = columns["part"].to_numpy(zero_copy_only=False)
    factors: dict[str, FactorSums] = {}
    for place, (name, effects, parts) in enumerate(content["factors"]):
        rows = np.flatnonzero(part == place)
        values = [pd.Index(columns[f"{name}/{k}"].take(rows).to_pandas()) for k in range(parts)]
        known = levels_from(name, values, content.get("orders", {}).get(name, ()))
        if known.size != len(rows) or (known.codes != np.arange(known.size)).any():
            raise ValueError(f"the levels of {name} are not different ones in their order")
        products = _products(columns, rows, (len(effects), width))
        counts = columns["rows"].take(rows).to_numpy(zero_copy_only=False)
        factors[name] = FactorSums(UnreadLevels(known), counts, effects, products)
    pairs = {}
    for place, (one, other) in enumerate(content["pairs"], start=len(factors)):
        rows = np.flatnonzero(part == place)
        shape = (len(factors[one].effects), len(factors[other].effects))
        level, beside = (columns[name].take(rows).to_numpy(zero_copy_only=False) for name in ("level", "other"))
        pairs[one, other] = PairSums(level.astype(np.intp), beside.astype(np.intp), _products(columns, rows, shape))
    return Sums(factors=factors, pairs=pairs, **told)


def _products(columns: dict[str, Any], rows: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    found = [columns[f"s{k}"].take(rows).to_numpy(zero_copy_only=False) for k in range(shape[0] * shape[1])]
    return np.array(found, dtype=float).reshape(*shape, len(rows))


def _demand_added(sums: Sums) -> None:
    """Refuse sums within levels that do not add up to those over all rows."""
    total = sums.total
    size = np.sqrt(np.outer(total.diagonal(), total.diagonal()))
    if not (np.isfinite(total).all() and (total.diagonal() >= 0).all() and np.array_equal(total, total.T)):
        raise ValueError("its total sums are not sums of products")
    for name, factor in sums.factors.items():
        rows = list(factor.effects)
        away = np.abs(factor.products.sum(axis=2) - total[rows]) / np.where(size[rows] > 0, size[rows], 1.0)
        if not (away < ADDED_SHARE).all() or factor.counts.sum() != sums.nobs:
            raise ValueError(f"the sums by {name} do not add up to those over all rows")
    for (one, other), pair in sums.pairs.items():
        _demand_pairs_added(one, sums, pair.rows, other, pair.products)
        _demand_pairs_added(other, sums, pair.columns, one, pair.products.transpose(1, 0, 2))


def _demand_pairs_added(name: str, sums: Sums, levels: np.ndarray, other: str, products: np.ndarray) -> None:
    """Refuse sums by pairs of levels that do not add up to those by the levels of one factor."""
    mine, theirs = sums.factors[name], list(sums.factors[other].effects)
    size = np.sqrt(sums.total.diagonal())
    for row, effect in enumerate(mine.effects):
        for column, beside in enumerate(theirs):
            added = np.bincount(levels, products[row, column], len(mine.counts))
            away = np.abs(added - mine.products[row, beside])
            if not (away <= ADDED_SHARE * size[effect] * size[beside]).all():
                raise ValueError(f"the sums by {name} and {other} do not add up to those by {name}")


def _text(array: np.ndarray) -> str:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.asarray(array), allow_pickle=False)
    return base64.b64encode(buffer.getvalue()).decode()


def _array(text: str) -> np.ndarray:
    found = np.lib.format.read_array(io.BytesIO(base64.b64decode(text)), allow_pickle=False)
    return np.asarray(found)
