"""Functions that users bring: Python functions of arrays, under the names by which formulas call them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from ...errors import ArgumentError, shorten
from ...language.parser import BINARY, PREFIX
from ..values import Category, Matrix, Numbers, Other, Truth, Value
from .registry import TABLE, Function, Site

__all__ = ["lost", "lost_function", "own_functions"]


def own_functions(functions: Mapping[str, Callable] | None) -> dict[str, Function]:
    """Make functions of formulas from functions of arrays.

    A function is called with a float array (n,) for numbers and for truth values (1, 0; NaN is missing), an object
    array of labels for a category (None is missing), an array (n, k) for several columns, and constants as they are.
    It returns numbers or bools, one per row or several columns (n, k). Masked values, nulls, None and pandas' NA are
    missing; NaN is what cannot be computed. It learns nothing: on new rows it is called with the new rows alone.

    Parameters
    ----------
    functions : mapping of str to callable, or None

    Returns
    -------
    dict of str to Function

    Raises
    ------
    ArgumentError
        When it is not a mapping of names to callables, or a name is that of an operator.

    Examples
    --------
    >>> import numpy as np
    >>> known = own_functions({"half": lambda x: x / 2})["half"]
    >>> known.run(Site("half(x)", 2), Numbers(np.array([1, 3]))).values
    array([0.5, 1.5])
    """
    if functions is None:
        return {}
    if not isinstance(functions, Mapping):
        raise ArgumentError(f"functions maps names to functions: {{'half': half}}; got {type(functions).__name__}.")
    for name, run in functions.items():
        if not isinstance(name, str) or not name:
            raise ArgumentError(f"functions maps names to functions; {name!r} is not a name.")
        if name in BINARY or name in PREFIX or (name in TABLE and not name[0].isalpha()):
            raise ArgumentError(
                f"functions names {name!r}, which is an operator of formulas and keeps its meaning; give the function "
                "another name."
            )
        if not callable(run):
            raise ArgumentError(
                f"functions maps names to functions; {shorten(name)!r} is {type(run).__name__}, no function."
            )
    return {name: Function(name, _wrapped(name, run)) for name, run in functions.items()}


def lost(site: Site, /, *arguments: Value, **keywords: Value) -> Value:
    """Stand for a function of a model that was saved without it."""
    raise site.error("its function was not saved with the model.")


def lost_function(name: str) -> Function:
    """Make what stands for a function that was not saved."""
    return Function(name, lost)


def _wrapped(name: str, run: Callable) -> Callable[..., Value]:
    def call(site: Site, /, *arguments: Value, **keywords: Value) -> Value:
        given = [_array(argument) for argument in arguments]
        named = {key: _array(argument) for key, argument in keywords.items()}
        try:
            result = run(*given, **named)
        except Exception as error:
            raise site.error(f"functions[{shorten(name)!r}] raised {type(error).__name__}: {error}") from error
        return _value(site, name, result)

    try:
        own = inspect.signature(run)
        call.__signature__ = own.replace(  # type: ignore[attr-defined]
            parameters=[inspect.Parameter("_site", inspect.Parameter.POSITIONAL_ONLY), *own.parameters.values()]
        )
    except (TypeError, ValueError):  # functions written in C may not say what they take
        pass
    return call


def _array(value: Value) -> Any:
    """A value as the user's function gets it: a copy."""
    if isinstance(value, Numbers | Truth):
        return np.array(value.values, dtype=float)
    if isinstance(value, Category):
        labels = np.array([*value.labels, None], dtype=object)
        return labels[value.codes]
    return np.array(value.values) if isinstance(value, Matrix | Other) else value


def _value(site: Site, name: str, result: Any) -> Value:
    """Check what a user's function returned."""
    try:
        array, absent = _split(result)
    except Exception as error:
        raise site.error(f"functions[{shorten(name)!r}] returned no array of numbers: {error}") from error
    if array.dtype.kind not in "biuf":
        raise site.error(f"functions[{shorten(name)!r}] returned {array.dtype} instead of numbers or truth values.")
    if array.ndim not in (1, 2) or array.shape[0] != site.n or 0 in array.shape[1:]:
        raise site.error(f"functions[{shorten(name)!r}] returned the shape {array.shape}; there are {site.n} rows.")
    if absent is not None and absent.any():
        site.gave_missing = True
    if array.ndim == 1:
        return Truth(array.astype(float)) if array.dtype.kind == "b" else Numbers(array.astype(float))
    columns = getattr(result, "columns", range(1, array.shape[1] + 1))
    return Matrix(array.astype(float), tuple(str(column) for column in columns))


def _split(result: Any) -> tuple[np.ndarray, np.ndarray | None]:
    """What a function returned as an array, and which of its values are said to be missing; words stay objects."""
    array = np.ma.getdata(result) if isinstance(result, np.ma.MaskedArray) else np.asarray(result)
    absent = _nulls(result)
    if array.dtype.kind == "O" and array.size:
        said = np.array([value is None or value is pd.NA for value in array.ravel()]).reshape(array.shape)
        absent = said if absent is None else absent | said
        array = _unboxed(array, absent)
    if absent is None or not absent.any() or array.dtype.kind not in "biuf":
        return array, None
    return np.where(absent, np.nan, array.astype(float)), absent


def _nulls(result: Any) -> np.ndarray | None:
    """Which values a type that knows missing ones holds as such; None where NaN is all there is."""
    if isinstance(result, np.ma.MaskedArray):
        return np.ma.getmaskarray(result)
    if isinstance(result, pd.DataFrame) or callable(getattr(result, "get_columns", None)):  # pandas, polars
        of_pandas = isinstance(result, pd.DataFrame)
        series = [result.iloc[:, k] for k in range(result.shape[1])] if of_pandas else result.get_columns()
        found = [_nulls(each) for each in series]
        columns = [np.zeros(len(result), dtype=bool) if each is None else each for each in found]
        return np.column_stack(columns) if columns else None
    if isinstance(getattr(result, "dtype", None), pd.api.extensions.ExtensionDtype):
        return np.asarray(pd.isna(result))
    nulls = getattr(result, "is_null", None)  # of polars and pyarrow
    return np.asarray(nulls()).astype(bool) if callable(nulls) else None


def _unboxed(array: np.ndarray, absent: np.ndarray) -> np.ndarray:
    """An array of objects as numbers or truth values; what is absent is NaN, words stay objects."""
    present = array[~absent]
    if any(isinstance(value, str | bytes | complex | np.complexfloating) for value in present):
        return array
    if present.size == array.size and all(isinstance(value, bool | np.bool_) for value in present):
        return array.astype(bool)
    values = np.full(array.shape, np.nan)
    values[~absent] = present.astype(float)
    return values
