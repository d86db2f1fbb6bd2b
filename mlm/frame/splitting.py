"""The values of a column of whatever library: which are missing, and the others as pandas or NumPy has them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from decimal import Decimal, InvalidOperation
from numbers import Real
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from ..errors import DataError
from .values import EXACT

__all__ = ["are_numbers", "demand_eager", "demand_unicode", "half_signs", "lower", "split"]

# How a frame that is computed later is computed now, by the library that it is of.
EAGER = {
    nw.Implementation.POLARS: ".collect()",
    nw.Implementation.DUCKDB: ".df() or .pl()",
    nw.Implementation.DASK: ".compute()",
    nw.Implementation.IBIS: ".to_pandas()",
    nw.Implementation.PYSPARK: ".toPandas()",
    nw.Implementation.PYSPARK_CONNECT: ".toPandas()",
    nw.Implementation.SQLFRAME: ".toPandas()",
}
# Types of Arrow's that it cannot filter, and those of the same values that it can.
VIEWS = {"string_view": "large_string", "binary_view": "large_binary"}


def are_numbers(present: pd.Series) -> bool:
    """Whether Python objects are all real numbers: decimals, fractions, whole numbers and floats among one another."""
    return all(isinstance(value, Real | Decimal) and not isinstance(value, bool | np.bool_) for value in present)


def demand_eager(data: Any) -> None:
    """Refuse what has no values yet.

    Raises
    ------
    DataError
        When the data are computed later; the message says which call computes them now.
    """
    module = type(data).__module__.partition(".")[0]
    if module in ("dask", "narwhals_dask"):  # narwhals knows its frames, and not its series
        call = EAGER[nw.Implementation.DASK]
    else:
        frame = nw.from_native(data, pass_through=True)
        if not isinstance(frame, nw.LazyFrame):
            return
        call = EAGER.get(frame.implementation, ".collect()")
    raise DataError(f"The data are not computed yet ({module} {type(data).__name__}); call {call} on them first.")


def split(values: Any, what: str) -> tuple[np.ndarray, pd.Series]:
    """Tell which values are missing, shape (n,), and return the others.

    Parameters
    ----------
    values : Series (pandas, polars, pyarrow …) or array_like of shape (n,)
    what : str
        How messages call them.

    Raises
    ------
    DataError
        When the values are not one-dimensional, not computed yet, or beyond what floats and Unicode hold.
    Exception
        Of the library that they are of, when it has a type that it cannot read.

    Examples
    --------
    >>> absent, present = split([1, None, 3], "Column 'x'")
    >>> absent.tolist(), present.tolist()
    ([False, True, False], [1, 3])
    """
    absent, present = _split(values, what)
    _demand_range(present, what)
    if isinstance(present.dtype, pd.CategoricalDtype):
        demand_unicode(present.cat.categories, what)
    return absent, present


def _split(values: Any, what: str) -> tuple[np.ndarray, pd.Series]:
    """Which values are missing, (n,), and the others."""
    if isinstance(values, np.ma.MaskedArray):
        masked = np.ma.getmaskarray(values)
        _demand_one_dimension(values, what)
        return _within(masked.copy(), values.data[~masked], what)
    if isinstance(values, pd.Series | pd.Index | pd.api.extensions.ExtensionArray):
        return _split_pandas(pd.Series(values), what)
    arrow = sys.modules.get("pyarrow")
    if arrow is not None and isinstance(values, arrow.Array):
        values = arrow.chunked_array([values])
    series = nw.from_native(values, series_only=True, pass_through=True)
    if isinstance(series, nw.Series):
        return _split_narwhals(series, what)
    demand_eager(values)
    if isinstance(values, list | tuple):
        return _split_pandas(pd.Series(list(values), dtype=object), what)
    if isinstance(values, Set | Mapping | Iterator):
        raise DataError(f"{what} is of type {type(values).__name__}, which is not a column; give a list of its values.")
    array = np.asarray(values)
    _demand_one_dimension(array, what)
    return _split_pandas(pd.Series(array), what)


def lower(what: str) -> str:
    """Write what messages call a column within a sentence."""
    return what[0].lower() + what[1:]


def _demand_one_dimension(array: np.ndarray, what: str) -> None:
    if array.ndim != 1:
        raise DataError(f"{what} must be one-dimensional; it has {array.ndim} dimensions: give each column alone.")


def _within(absent: np.ndarray, values: Any, what: str) -> tuple[np.ndarray, pd.Series]:
    """Find what is missing among the values where nothing was so far."""
    inner, present = _split(values, what)
    absent[~absent] = inner
    return absent, present


def _demand_range(present: pd.Series, what: str) -> None:
    """Refuse whole numbers and fractions that no float can hold, whatever they are for."""
    if present.dtype != object or not are_numbers(present):
        return
    beyond = sum(map(_is_beyond, present))
    if beyond:
        raise DataError(
            f"{what} has {beyond} numbers beyond ±{sys.float_info.max:.1e}, which cannot be computed with; replace them"
            " by missing values or filter these rows, or as labels make text of them, str(value)."
        )


def _is_beyond(number: Any) -> bool:
    try:
        float(number)
    except OverflowError:
        return True
    return False


def demand_unicode(values: Any, what: str) -> None:
    """Refuse words with halves of signs, which cannot be printed or written: here are the distinct values."""
    halves = half_signs(values)
    if halves:
        raise DataError(
            f"{what} holds text that is not Unicode ({halves!r}), as from a file in another encoding; read it with its "
            "own, for example encoding='latin-1'."
        )


def half_signs(values: Iterable[Any]) -> str:
    """The first halves of signs in the words among some values; empty where there are none."""
    try:
        words = "".join(values)  # mostly, all are words
    except TypeError:
        words = "".join(value for value in values if isinstance(value, str))
    try:
        words.encode()
    except UnicodeEncodeError as error:
        return str(error.object[error.start : error.end])
    return ""


def _split_pandas(column: pd.Series, what: str) -> tuple[np.ndarray, pd.Series]:
    dtype = column.dtype
    if isinstance(dtype, pd.ArrowDtype) and _is_of_arrow(dtype.pyarrow_dtype):
        return _split(sys.modules["pyarrow"].array(column.array), what)
    if isinstance(dtype, pd.SparseDtype):
        column = column.sparse.to_dense()
    elif isinstance(dtype, np.dtype) and not dtype.isnative:  # pandas cannot tell such values apart
        column = column.astype(dtype.newbyteorder("="))
    try:
        absent = column.isna().to_numpy(dtype=bool)
    except InvalidOperation:  # a decimal that signals when it is looked at
        quiet = [None if isinstance(value, Decimal) and value.is_snan() else value for value in column]
        return _split_pandas(pd.Series(quiet, dtype=object), what)
    if dtype.kind == "f" and not isinstance(dtype, np.dtype):  # NaN is a value to nullable and Arrow columns
        absent = np.isnan(column.to_numpy(dtype=float, na_value=np.nan))
    present = pd.Series(column.array[~absent], dtype=object if pd.api.types.is_object_dtype(dtype) else None)
    if isinstance(dtype, pd.ArrowDtype) and dtype.kind == "m":  # as NumPy has them, and with its labels
        present = pd.Series(present.to_numpy(dtype=dtype.numpy_dtype))
    return absent, _inferred(present) if present.dtype == object else present


def _inferred(present: pd.Series) -> pd.Series:
    """Objects as what they all are, where pandas finds one type for them."""
    try:
        found = present.infer_objects()
    except OverflowError:  # pandas before 3 tries floats first, which large whole numbers are not
        return present
    # of whole numbers and floats together pandas makes floats, which do not tell large ones apart
    merged = found.dtype.kind == "f" and found.abs().max() >= EXACT and len(set(present)) > found.nunique()
    return present if merged else found


def _is_of_arrow(dtype: Any) -> bool:
    """Whether a type of Arrow's is one that pandas does not know from elsewhere, or has other limits for."""
    arrow = sys.modules["pyarrow"]
    known = arrow.types
    tests = (
        known.is_dictionary, known.is_nested, known.is_run_end_encoded, known.is_interval, known.is_timestamp,
        known.is_date, known.is_time,
    )  # fmt: skip
    return isinstance(dtype, arrow.BaseExtensionType) or str(dtype) in VIEWS or any(test(dtype) for test in tests)


def _split_arrow(values: Any, what: str) -> tuple[np.ndarray, pd.Series] | None:
    """Split a chunked array of one of the types that wrap others; None of others."""
    arrow, dtype = sys.modules["pyarrow"], values.type
    if isinstance(dtype, arrow.BaseExtensionType):
        if getattr(dtype, "extension_name", "").startswith("pandas."):  # intervals and periods
            return _split_pandas(values.to_pandas(), what)
        if getattr(dtype, "extension_name", "") == "arrow.bool8":
            return _split(values.cast(arrow.bool_()), what)
        return _split(arrow.chunked_array([part.storage for part in values.chunks], dtype.storage_type), what)
    if str(dtype) in VIEWS:
        return _split(values.cast(getattr(arrow, VIEWS[str(dtype)])()), what)
    if arrow.types.is_run_end_encoded(dtype):
        decoded = [sys.modules["pyarrow.compute"].run_end_decode(part) for part in values.chunks]
        return _split(arrow.chunked_array(decoded, dtype.value_type), what)
    return _split_dictionary(values, what) if arrow.types.is_dictionary(dtype) else None


def _split_dictionary(values: Any, what: str) -> tuple[np.ndarray, pd.Series]:
    """Categories that Arrow holds: in their order where that means something, and else sorted."""
    ordered = bool(values.type.ordered)
    parts = sorted(((part.dictionary, k) for k, part in enumerate(values.chunks)), key=lambda part: -len(part[0]))
    if not len(values):
        return np.zeros(0, dtype=bool), pd.Series([], dtype=object)
    if ordered and len(parts) > 1:
        _demand_one_order([dictionary for dictionary, _ in parts], what)
    read: list[tuple[np.ndarray, pd.Series]] = []
    for dictionary, _ in parts:  # most often all parts have the same
        read.append(read[0] if read and dictionary.equals(parts[0][0]) else _levels(dictionary, what))
    try:  # they may be in the order in which their values were first seen
        places, distinct = pd.factorize(pd.concat([own for _, own in read], ignore_index=True), sort=not ordered)
    except TypeError as error:
        raise DataError(f"The categories of {lower(what)} cannot be told apart: {error}.") from None
    number, codes, first = sys.modules["pyarrow"].int64(), [np.empty(0, dtype=np.intp)] * len(parts), 0
    for (_, k), (nothing, own) in zip(parts, read, strict=True):
        of_levels = np.full(len(nothing) + 1, -1)  # the last is for codes of -1
        of_levels[:-1][~nothing] = places[first : first + len(own)]
        codes[k] = of_levels[values.chunk(k).indices.cast(number).fill_null(-1).to_numpy()]
        first += len(own)
    every = np.concatenate(codes)
    return every < 0, pd.Series(pd.Categorical.from_codes(every[every >= 0], distinct, ordered=ordered))


def _levels(dictionary: Any, what: str) -> tuple[np.ndarray, pd.Series]:
    """Which levels are missing, and the others; those of a dictionary of a dictionary are the inner one's."""
    nothing, levels = _split(dictionary, what)
    inner = isinstance(levels.dtype, pd.CategoricalDtype)
    return nothing, levels.astype(levels.dtype.categories.dtype) if inner else levels


def _demand_one_order(dictionaries: Sequence[Any], what: str) -> None:
    """Refuse parts of a column, the longest first, unless it has the categories of all others in their order."""
    longest, *others = [dictionary.to_pylist() for dictionary in dictionaries]
    if not all([level for level in longest if level in order] == order for order in others):
        raise DataError(
            f"The parts of {lower(what)} have its ordered categories in lists that do not fit together; give all parts"
            " the same categories first."
        )


def _categorical(present: nw.Series, values: Any) -> pd.Series:
    """The categories of a polars Enum in their order."""
    return pd.Series(pd.Categorical(values, categories=present.cat.get_categories().to_list()))


def _split_narwhals(column: nw.Series, what: str) -> tuple[np.ndarray, pd.Series]:
    if column.implementation.is_pandas():
        return _split_pandas(column.to_native(), what)
    if column.implementation.is_pyarrow():
        found = _split_arrow(column.to_native(), what)
        if found is not None:
            return found
    missing = column.is_null()
    if column.dtype.is_float():
        missing = missing | column.is_nan().fill_null(True)
    present = column.filter(~missing)
    # of these types NumPy has none; Arrow's floats of decimals are some of them one digit off
    python = column.dtype.is_nested() or column.dtype.is_decimal() or column.dtype in (nw.Int128, nw.UInt128)
    values: Any = None if python else present.to_numpy()
    if values is None or values.ndim > 1:  # polars gives the intervals of pandas as pairs
        values = pd.Series(present.to_list(), dtype=object)
    absent = missing.to_numpy().astype(bool)
    if column.dtype == nw.Enum:  # polars' Categorical has its levels in the order in which they were first seen
        return _within(absent, _categorical(present, values), what)
    known = pd.Series(values, dtype="str" if column.dtype == nw.String else None)
    if isinstance(column.dtype, nw.Datetime) and column.dtype.time_zone:
        known = _in_zone(known, column.dtype.time_zone)
    return _within(absent, known, what)


def _in_zone(times: pd.Series, zone: str) -> pd.Series:
    """Times of UTC, as NumPy has those with a time zone, in their zone; in UTC where this machine does not know it."""
    times = times.dt.tz_localize("UTC")
    try:
        return times.dt.tz_convert(zone)
    except (KeyError, ValueError):
        return times
