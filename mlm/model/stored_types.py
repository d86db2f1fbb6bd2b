"""What was read from a file is of the types that its classes say, and its rows are as many everywhere."""

from __future__ import annotations

import types
from collections.abc import Mapping
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

import numpy as np
import pandas as pd

from ..frame.grouping import Grouping
from ..frame.model_frame import ModelFrame
from ..frame.values import Category

__all__ = ["demand_coefficients", "demand_rows", "demand_types"]

NUMBERS: dict[Any, tuple[type, ...]] = {
    bool: (bool, np.bool_),
    int: (int, np.integer),
    float: (int, float, np.integer, np.floating),
}
LEVELS = (np.ndarray, pd.Index, pd.api.extensions.ExtensionArray)
SEVERAL: dict[Any, type] = {list: list, frozenset: frozenset, dict: Mapping, Mapping: Mapping}

hints_of = cache(get_type_hints)


def demand_types(kind: Any, found: Mapping[str, Any]) -> None:
    """Refuse fields that are not what a class says.

    Parameters
    ----------
    kind : type
        With annotated fields.
    found : mapping of str to value

    Raises
    ------
    TypeError
        Naming class and field.
    """
    hints = hints_of(kind)
    for name, value in found.items():
        if name in hints and not _fits(value, hints[name]):
            raise TypeError(f"{name!r} of {kind.__name__} is of type {type(value).__name__}")
    levels = found.get("levels")
    for each in ([] if levels is None else [levels]) + list(found["parts"] if kind is Grouping else ()):
        if not isinstance(each, LEVELS):
            raise TypeError(f"levels of {kind.__name__} are of type {type(each).__name__}")


def _fits(value: Any, hint: Any) -> bool:
    if hint is Any or hint is object:
        return True
    origin, of = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return any(_fits(value, each) for each in of)
    if origin is tuple:
        if not isinstance(value, tuple):
            return False
        wanted = of[:1] * len(value) if of[-1] is ... else of
        return len(wanted) == len(value) and all(map(_fits, value, wanted))
    if origin in SEVERAL:
        if not isinstance(value, SEVERAL[origin]):
            return False
        parts: list[Any] = [value.keys(), value.values()] if isinstance(value, Mapping) else [value]
        return all(_fits(each, hint) for part, hint in zip(parts, of, strict=True) for each in part)
    if hint in NUMBERS:
        return isinstance(value, NUMBERS[hint]) and (hint is bool or not isinstance(value, bool | np.bool_))
    return getattr(hint, "_is_protocol", False) or isinstance(value, hint)


def demand_rows(frame: ModelFrame) -> None:
    """Refuse a frame whose columns are not all of its rows, or whose rows have levels that are not there.

    Raises
    ------
    ValueError
    """
    columns = {"the response": frame.y, "row labels": frame.index}
    columns |= {"weights": frame.weights, "the offset": frame.offset}
    columns |= {repr(group): grouping.codes for group, grouping in frame.groupings.items()}
    for name, value in {**frame.others, **frame.predictors}.items():
        columns[repr(name)] = value.codes if isinstance(value, Category) else getattr(value, "values", None)
    for name, values in columns.items():
        if values is not None and len(values) != len(frame.y):
            raise ValueError(f"{name} has {len(values)} rows, and the response {len(frame.y)}")
    for design in (frame.x_columns, *(part.columns for part in frame.random)):
        if {design.n, *(len(array) for arrays in design.factors for array in arrays)} != {len(frame.y)}:
            raise ValueError(f"columns of the model matrix do not have {len(frame.y)} rows")
        if len(design.factors) != len(design.names) or not all(design.factors):
            raise ValueError(f"{len(design.names)} names are of {len(design.factors)} columns of the model matrix")
    for group, grouping in frame.groupings.items():
        _demand_codes(group, grouping.codes, 0, grouping.size)
    for name, value in {**frame.others, **frame.predictors}.items():
        if isinstance(value, Category):
            _demand_codes(name, value.codes, -1, len(value.levels))
    for name, numbers in (("the response", frame.y), ("weights", frame.weights), ("the offset", frame.offset)):
        if numbers is not None and (numbers.ndim != 1 or numbers.dtype.kind != "f"):
            raise ValueError(f"{name} is no column of numbers")


def _demand_codes(name: str, codes: np.ndarray, least: int, size: int) -> None:
    if codes.ndim != 1 or codes.dtype.kind != "i" or not ((codes >= least) & (codes < size)).all():
        raise ValueError(f"{name!r} has levels that are not there")


def demand_coefficients(frame: ModelFrame, beta: np.ndarray, covariance: np.ndarray) -> None:
    """Refuse coefficients that are not one for each column, or a covariance matrix of others.

    Raises
    ------
    ValueError
    """
    p = len(frame.x_names)
    if beta.shape != (p,) or covariance.shape != (p, p):
        raise ValueError(f"{p} columns have {beta.size} coefficients, and a covariance matrix of {covariance.shape}")
