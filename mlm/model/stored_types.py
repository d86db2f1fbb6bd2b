"""What was read from a file is of the types that its classes say, and its rows are as many everywhere."""

from __future__ import annotations

import math
import types
from collections.abc import Mapping
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

import numpy as np
import pandas as pd

from ..frame.coding import Coding
from ..frame.design import Design
from ..frame.grouping import Grouping
from ..frame.model_frame import ModelFrame
from ..frame.values import Category, Numbers, Truth, Value
from ..generalized.response import Response

__all__ = ["demand_coefficients", "demand_designs", "demand_rows", "demand_types"]

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
        if not isinstance(each, LEVELS) or each.ndim != 1:
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
    TypeError, ValueError
    """
    columns = {"the response": frame.y, "row labels": frame.index}
    columns |= {"weights": frame.weights, "the offset": frame.offset}
    columns |= {repr(group): grouping.codes for group, grouping in frame.groupings.items()}
    for name, value in {**frame.others, **frame.predictors}.items():
        if not isinstance(value, Value):
            raise TypeError(f"{name!r} is not a column")
        columns[repr(name)] = value.codes if isinstance(value, Category) else getattr(value, "values", None)
        if isinstance(value, Numbers | Truth) and (value.values.ndim != 1 or value.values.dtype.kind not in "iufb"):
            raise TypeError(f"{name!r} is not a column of numbers")
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
        _demand_parts(group, grouping)
    if not isinstance(frame.outcome, Response | None):
        raise TypeError(f"the response is of type {type(frame.outcome).__name__}")
    for name, value in {**frame.others, **frame.predictors}.items():
        if isinstance(value, Category):
            _demand_codes(name, value.codes, -1, len(value.levels))
    for name, numbers in (("the response", frame.y), ("weights", frame.weights), ("the offset", frame.offset)):
        if numbers is not None and (numbers.ndim != 1 or numbers.dtype != np.float64):
            raise ValueError(f"{name} is not a column of numbers")


def _demand_parts(group: str, grouping: Grouping) -> None:
    """Refuse levels of a grouping factor that its parts do not make."""
    if len(grouping.parts) != len(grouping.pairs) + 1:
        raise ValueError(f"{group!r} is of {len(grouping.parts)} parts and {len(grouping.pairs)} pairings")
    size = len(grouping.parts[0])
    for (before, own), part in zip(grouping.pairs, grouping.parts[1:], strict=True):
        _demand_codes(group, before, 0, size)
        _demand_codes(group, own, 0, len(part))
        if len(before) != len(own):
            raise ValueError(f"{group!r} pairs {len(before)} levels with {len(own)}")
        size = len(before)
    if size != grouping.size:
        raise ValueError(f"{group!r} has {grouping.size} levels, and its parts make {size}")


def demand_designs(frame: ModelFrame) -> None:
    """Refuse designs that do not say what the columns of their model matrix are.

    Raises
    ------
    ValueError
    """
    _demand_design("the fixed part", frame.x_design, frame.x_columns.names, frame.all_columns.names)
    absent = set(frame.x_design.columns_used()) - set(frame.predictors)
    if absent:
        raise ValueError(f"columns that the fixed part uses are not there: {', '.join(map(str, sorted(absent)))}")
    for part in frame.random:
        _demand_design(f"'({part.term.text})'", part.design, part.columns.names, part.columns.names)


def _demand_design(of: str, design: Design, used: tuple[str, ...], every: tuple[str, ...]) -> None:
    terms, codings = design.terms, design.codings
    several = {len(terms.sets), len(design.spans), len(design.full)}
    if len(several) > 1 or len(codings) != len(terms.variables):
        raise ValueError(f"the terms of {of} do not fit together")
    if int(terms.intercept) + sum(design.spans) != len(every) or design.names != used:
        raise ValueError(f"the terms of {of} do not make its columns")
    if not set(design.columns_used()) <= set(design.recipe.kinds):
        raise ValueError(f"columns that the terms of {of} use are of no kind")
    if design.keep is not None and not (len(design.keep) == len(used) and set(design.keep) <= set(range(len(every)))):
        raise ValueError(f"not all columns of {of} that are in use are there")
    for chosen, full, span in zip(terms.sets, design.full, design.spans, strict=True):
        if not chosen or len(full) != len(chosen) or not set(chosen) <= set(range(len(codings))):
            raise ValueError(f"a term of {of} has variables that are not there")
        made = [_coded(codings[k], flag) for k, flag in zip(chosen, full, strict=True)]
        known = math.prod(each for each in made if each is not None)
        basis = span // max(known, 1) if None in made else 1  # columns that numbers make
        if span != basis * known:
            raise ValueError(f"a term of {of} makes {span} columns of categories that make {known}")


def _coded(coding: Coding | None, full: bool) -> int | None:
    """How many columns a category makes; None of numbers, which may be a basis of several."""
    if coding is None or coding.levels is None:
        return None
    if len(coding.levels) != len(coding.labels) or pd.isna(coding.levels).any():
        raise ValueError(f"a category of {len(coding.labels)} labels has {pd.notna(coding.levels).sum()} levels")
    if full or coding.contrast is None:
        return len(coding.labels) - int(not full)
    if coding.contrast.shape != (len(coding.labels), len(coding.contrast_labels)):
        raise ValueError(f"a category of {len(coding.labels)} levels has contrasts of {coding.contrast.shape}")
    return len(coding.contrast_labels)


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
