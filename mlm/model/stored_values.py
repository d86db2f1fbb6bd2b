"""What models are made of, as text and arrays, and back: only known classes, made from their fields; no code is run.

Numbers, texts, lists and mappings are JSON's; a known class is its name with its fields, and what stands in several
places is stored once. Arrays are kept apart, by their numbers.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
import pandas as pd

from ..errors import DataError, shorten
from ..frame.call_text import CallText
from ..frame.coding import Coding
from ..frame.columns import Columns, ones
from ..frame.design import Design
from ..frame.evaluate import Recipe
from ..frame.functions.own import lost_function
from ..frame.grouping import Grouping
from ..frame.matching import Kind
from ..frame.model_frame import ModelFrame, RandomPart
from ..frame.rows import Dropped
from ..frame.values import Category, Matrix, Numbers, Other, Truth
from ..generalized.distribution import Family
from ..generalized.family import FAMILIES
from ..generalized.irls import Estimate
from ..generalized.link import LINKS
from ..generalized.response import Response
from ..language.formula import Formula, RandomTerm
from ..language.terms import Terms
from ..language.tree import Call, Name, Number, Text
from .stored_types import demand_types

__all__ = ["Reader", "Writer"]

KNOWN: dict[str, Any] = {
    kind.__name__: kind
    for kind in (
        *(Formula, RandomTerm, Terms, Call, Name, Number, Text),
        *(ModelFrame, RandomPart, Design, Coding, Grouping, Kind, Dropped, CallText),
        *(Numbers, Truth, Category, Matrix, Other, Response, Estimate),
    )
}
SEVERAL: dict[type, str] = {tuple: "tuple", list: "list", frozenset: "set"}
LEFT_OUT = {("ModelFrame", "origin")}  # the call has the whole data
PLAIN_KINDS = "biufmMUS"  # of NumPy's types, those that are stored without pickling
NAMED_TYPES = ("object", "str", "string", "boolean", *(f"{u}Int{b}" for u in ("", "U") for b in (8, 16, 32, 64)))
NAMED_TYPES = (*NAMED_TYPES, "Float32", "Float64")


class Writer:
    """Turns values into what JSON has, and takes arrays apart.

    Attributes
    ----------
    arrays : list of ndarray
    """

    def __init__(self) -> None:
        self.arrays: list[np.ndarray] = []
        self._places: dict[int, tuple[int, Any]] = {}

    def value(self, value: Any) -> Any:
        """Write a value.

        Raises
        ------
        DataError
            When it is of a kind that cannot be saved.
        """
        if value is None or isinstance(value, bool | str) or type(value) is int:
            return value
        if type(value) is float:
            return value if math.isfinite(value) else {"float": repr(value)}
        if type(value) in SEVERAL:
            kind = SEVERAL[type(value)]
            return {kind: [self.value(each) for each in (sorted(value) if kind == "set" else value)]}
        if isinstance(value, Mapping):
            return {"mapping": [[self.value(key), self.value(each)] for key, each in value.items()]}
        return self._once(value)

    def _once(self, value: Any) -> Any:
        """Write what may stand in several places."""
        known = self._places.get(id(value))
        if known is not None:
            return {"again": known[0]}
        written = self._written(value)
        if isinstance(written, dict) and not written.keys() & {"moment", "span", "day", "absent"}:
            place = len(self._places)
            self._places[id(value)] = place, value  # which keeps the value, and so its id
            return {**written, "place": place}
        return written

    def _written(self, value: Any) -> Any:
        kind = type(value).__name__
        if isinstance(value, np.ndarray):
            return self._array(value)
        if isinstance(value, pd.Index | pd.api.extensions.ExtensionArray):
            return self._pandas(value)
        if isinstance(value, Family):
            return {"family": value.name, "link": value.link.name, "theta": self.value(value.theta)}
        if isinstance(value, Recipe):
            return {"Recipe": [self.value(v) for v in (value.kinds, value.learnt, list(value.own))]}
        if isinstance(value, Columns):
            factors = [None if value.is_one(k) else arrays for k, arrays in enumerate(value.factors)]
            return {"Columns": [self.value(v) for v in (value.names, factors, value.n)]}
        if KNOWN.get(kind) is type(value):
            names = getattr(value, "_fields", None) or [each.name for each in fields(value)]
            wanted = [name for name in names if (kind, name) not in LEFT_OUT]
            return {kind: {name: self.value(getattr(value, name)) for name in wanted}}
        return self._scalar(value)

    def _array(self, value: np.ndarray) -> Any:
        if value.dtype.kind in PLAIN_KINDS:
            self.arrays.append(value)
            return {"array": len(self.arrays) - 1}
        if value.dtype != object:
            raise _not_saved(value)
        return {"objects": [self.value(each) for each in value.ravel()], "shape": list(value.shape)}

    def _pandas(self, value: Any) -> Any:
        """An index, or an array with a type of pandas' own."""
        if isinstance(value, pd.RangeIndex):
            return {"range": [value.start, value.stop, value.step], "name": self.value(value.name)}
        if isinstance(value, pd.MultiIndex):
            parts = [self.value(value.get_level_values(k)) for k in range(value.nlevels)]
            return {"index of": parts, "names": [self.value(name) for name in value.names]}
        is_index, zone = isinstance(value, pd.Index), getattr(value, "tz", None)
        name = {"name": self.value(value.name), **_frequency(value)} if is_index else {}
        label = "index" if is_index else "extension"
        if zone is not None:
            return {label: self.value(value.tz_convert(None).to_numpy()), "zone": str(zone), **name}
        if isinstance(value.dtype, np.dtype) and value.dtype.kind in PLAIN_KINDS:
            return {label: self.value(value.to_numpy()), **name}
        dtype = str(value.dtype).partition("[")[0]
        if dtype not in NAMED_TYPES:
            raise _not_saved(value)
        return {label: [self.value(each) for each in value.astype(object)], "dtype": str(value.dtype), **name}

    def _scalar(self, value: Any) -> Any:
        if isinstance(value, np.generic) and value.dtype.kind in PLAIN_KINDS:
            self.arrays.append(np.asarray(value))
            return {"scalar": len(self.arrays) - 1}
        if value is pd.NA or value is pd.NaT:
            return {"absent": "NA" if value is pd.NA else "NaT"}
        if isinstance(value, pd.Timedelta | datetime.timedelta):
            return {"span": str(pd.Timedelta(value).isoformat())}
        if isinstance(value, datetime.datetime):
            return {"moment": value.isoformat(), "timestamp": isinstance(value, pd.Timestamp)}
        if isinstance(value, datetime.date):
            return {"day": value.isoformat()}
        if isinstance(value, int | float):
            return self.value(int(value) if isinstance(value, int) else float(value))
        raise _not_saved(value)


def _frequency(index: pd.Index) -> dict[str, str]:
    """What dates follow each other by, where its name tells all of it."""
    freq = getattr(index, "freq", None)
    if freq is None or pd.tseries.frequencies.to_offset(freq.freqstr) != freq:
        return {}
    return {"freq": freq.freqstr}


def _not_saved(value: Any) -> DataError:
    dtype = getattr(value, "dtype", None)
    what = type(value).__name__ if dtype is None else f"{type(value).__name__} of {shorten(str(dtype))}"
    return DataError(
        f"This model cannot be saved: among its columns, levels or labels are values of type {what}. Make text or "
        "numbers of them before the fit."
    )


class Reader:
    """Makes values of what `Writer` wrote.

    Parameters
    ----------
    arrays : list of ndarray

    Raises
    ------
    KeyError, TypeError, ValueError
        From its methods, when that is nothing that a `Writer` wrote.
    """

    def __init__(self, arrays: list[np.ndarray]) -> None:
        self.arrays = arrays
        self._placed: dict[int, Any] = {}
        self._rows = max((array.size for array in arrays), default=0)  # the response is among them

    def value(self, written: Any) -> Any:
        """Make the value."""
        if written is None or isinstance(written, bool | int | float | str):
            return written
        if not isinstance(written, dict) or not written:
            raise TypeError(f"{shorten(repr(written))} is not a value")
        if "again" in written:
            return self._placed[written["again"]]
        kind = next(iter(written))
        made = self._made(kind, written[kind], written)
        if "place" in written:
            self._placed[written["place"]] = made
        return made

    def _made(self, kind: str, content: Any, written: dict[str, Any]) -> Any:
        if kind in KNOWN:
            found = {name: self.value(each) for name, each in content.items()}
            demand_types(KNOWN[kind], found)
            return KNOWN[kind](**found)
        return getattr(self, MAKERS[kind])(content, written)

    def _several(self, content: Any, written: dict[str, Any]) -> Any:
        values = [self.value(each) for each in content]
        return tuple(values) if "tuple" in written else frozenset(values) if "set" in written else values

    def _mapping(self, content: Any, _: Any) -> dict[Any, Any]:
        return {self.value(key): self.value(each) for key, each in content}

    def _array(self, content: int, _: Any) -> np.ndarray:
        found = self.arrays[content]
        if found.dtype.kind not in PLAIN_KINDS:
            raise TypeError(f"an array of {found.dtype}")
        return found

    def _number(self, content: Any, written: dict[str, Any]) -> Any:
        return float(content) if "float" in written else self.arrays[content][()]

    def _objects(self, content: Any, written: dict[str, Any]) -> np.ndarray:
        out = np.empty(len(content), dtype=object)
        for k, each in enumerate(content):
            out[k] = self._single(each)
        return out.reshape(written["shape"])

    def _single(self, written: Any) -> Any:
        """A value that can be a level or a label: no array, list or mapping."""
        made = self.value(written)
        hash(made)
        return made

    def _range(self, content: Any, written: dict[str, Any]) -> pd.Index:
        made = pd.RangeIndex(*content, name=self.value(written["name"]))
        self._demand_rows(len(made))
        return made

    def _demand_rows(self, count: int) -> None:
        """Refuse more rows than there are in any array, before they are made."""
        if not 0 <= count <= self._rows:
            raise ValueError(f"{count} rows are more than there are in the file")

    def _index_of(self, content: Any, written: dict[str, Any]) -> pd.Index:
        names = [self.value(name) for name in written["names"]]
        return pd.MultiIndex.from_arrays([self.value(each) for each in content], names=names)

    def _pandas(self, content: Any, written: dict[str, Any]) -> Any:
        is_index, dtype = "index" in written, written.get("dtype")
        if dtype is not None and dtype.partition("[")[0] not in NAMED_TYPES:
            raise ValueError(f"a column of type {shorten(str(dtype))}")
        values = [self._single(each) for each in content] if dtype is not None else self.value(content)
        made = pd.Index(values, dtype=dtype, tupleize_cols=False) if is_index else pd.array(values, dtype=dtype)
        if "zone" in written:
            made = pd.DatetimeIndex(values, tz="UTC").tz_convert(written["zone"])
            made = made if is_index else made.array
        if "freq" in written:
            made = type(made)(made, freq=written["freq"])
        return made.rename(self.value(written["name"])) if is_index else made

    def _moment(self, content: Any, written: dict[str, Any]) -> Any:
        if "absent" in written:
            return {"NA": pd.NA, "NaT": pd.NaT}[content]
        if "span" in written:
            return pd.Timedelta(content)
        if "day" in written:
            return datetime.date.fromisoformat(content)
        return pd.Timestamp(content) if written["timestamp"] else datetime.datetime.fromisoformat(content)

    def _family(self, content: str, written: dict[str, Any]) -> Family:
        return FAMILIES[content](LINKS[written["link"]], self.value(written["theta"]))

    def _recipe(self, content: Any, _: Any) -> Recipe:
        kinds, learnt, own = (self.value(each) for each in content)
        demand_types(Recipe, {"kinds": kinds, "learnt": learnt})
        return Recipe(kinds, learnt, {name: lost_function(name) for name in own})

    def _columns(self, content: Any, _: Any) -> Columns:
        names, factors, n = (self.value(each) for each in content)
        self._demand_rows(n)
        demand_types(Columns, {"names": names, "n": n})
        return Columns(names, tuple((ones(n),) if arrays is None else arrays for arrays in factors), n)


MAKERS = {
    **dict.fromkeys(("tuple", "list", "set"), "_several"),
    **dict.fromkeys(("float", "scalar"), "_number"),
    **dict.fromkeys(("index", "extension"), "_pandas"),
    **dict.fromkeys(("absent", "span", "day", "moment"), "_moment"),
    **{"mapping": "_mapping", "array": "_array", "objects": "_objects", "range": "_range", "index of": "_index_of"},
    **{"family": "_family", "Recipe": "_recipe", "Columns": "_columns"},
}
"""The method that makes a value of each kind."""
