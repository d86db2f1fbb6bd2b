"""One column of a data frame of any kind: which of its values are missing, and the others as they are.

Missing are: null, None, NaN, NaT and pandas' NA, wherever they stand (a NaN in a nullable or Arrow column too), and the
masked entries of a NumPy array. The other values never pass through a wider type: an integer next to a missing value
stays the integer that it is.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from numbers import Real
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from ..errors import DataError, MissingRowsWarning, users_stacklevel

__all__ = ["Column", "are_numbers", "complete_rows", "demand_eager"]

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


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One column, of whatever library.

    Attributes
    ----------
    what : str
        How messages name it: ``"Column 'x'"``.
    absent : ndarray of bool, shape (n,)
        Which values are missing.
    present : pandas.Series, shape (n - missing,)
        The others, in their order.
    dtype : str
        The type as the user's library calls it.
    """

    what: str
    absent: np.ndarray
    present: pd.Series
    dtype: str

    @classmethod
    def of(cls, values: Any, what: str) -> Column:
        """Read a series, an array or a sequence.

        Parameters
        ----------
        values : Series (pandas, polars, pyarrow …) or array_like of shape (n,)
        what : str

        Raises
        ------
        DataError
            When the values are not one-dimensional, or not computed yet.

        Examples
        --------
        >>> column = Column.of([2**60 + 1, None, 3], "Column 'id'")
        >>> column.absent.tolist(), column.present.tolist()
        ([False, True, False], [1152921504606846977, 3])
        """
        try:
            absent, present = _split(values, what)
        except NotImplementedError as error:  # pyarrow has types that it cannot filter
            dtype = getattr(values, "dtype", getattr(values, "type", type(values).__name__))
            raise DataError(f"{what} cannot be read (dtype {dtype}): {error}. Cast it to another type first.") from None
        return cls(what, absent, present, str(getattr(values, "dtype", getattr(values, "type", present.dtype))))

    def numbers(self) -> np.ndarray:
        """The values as floats, shape (n,), an array of its own; missing ones are NaN.

        Raises
        ------
        DataError
            When the values are not numbers or truth values, or infinite.
        """
        dtype = self.present.dtype
        numeric = dtype.kind in "biuf" or (pd.api.types.is_numeric_dtype(dtype) and dtype.kind != "c")
        # objects may be numbers, such as those of a database; None alone is of no type yet
        if not (numeric or (pd.api.types.is_object_dtype(dtype) and are_numbers(self.present))):
            raise DataError(f"{self.what} is not numeric (dtype {self.dtype}); convert it first.")
        numbers = np.full(len(self.absent), np.nan)
        # what is too large for a float becomes infinite and is refused below
        with np.errstate(over="ignore"):
            numbers[~self.absent] = self.present.to_numpy(dtype=float)
        infinite = int(np.isinf(numbers).sum())
        if infinite:
            raise DataError(
                f"{self.what} has {infinite} infinite values in its {len(numbers)} rows; "
                "replace them by missing values or filter these rows."
            )
        return numbers

    def levels(self, sort: bool = True) -> tuple[np.ndarray, pd.Index]:
        """Codes, shape (n,), of the distinct values, -1 where missing, and these, shape (levels,).

        They are in the order of their first rows, or sorted; categories in their own order.

        Raises
        ------
        DataError
            When the values cannot be told apart or sorted.
        """
        codes = np.full(len(self.absent), -1, dtype=np.intp)
        try:
            codes[~self.absent], found = pd.factorize(self.present, sort=sort)
        except TypeError as error:
            raise DataError(f"The values of {_lower(self.what)} cannot be told apart: {error}.") from None
        categories = isinstance(found.dtype, pd.CategoricalDtype)
        return codes, pd.Index(found.astype(found.dtype.categories.dtype) if categories else found)


def are_numbers(present: pd.Series) -> bool:
    """Whether Python objects are all real numbers: decimals, fractions, whole numbers and floats among one another."""
    return all(isinstance(value, Real | Decimal) and not isinstance(value, bool | np.bool_) for value in present)


def complete_rows(absent: Mapping[str, np.ndarray], of_the_data: Callable[[str], bool] | None = None) -> np.ndarray:
    """Which rows have a value in every column, shape (n,); if not all do, one warning says how many.

    Parameters
    ----------
    absent : mapping of str to ndarray of bool, shape (n,)
        By the name of each column, where it is missing.
    of_the_data : callable, optional
        Whether a name is that of a column of the user's data: all are, by default.

    Raises
    ------
    DataError
        When no row is complete.

    Warns
    -----
    MissingRowsWarning

    Examples
    --------
    >>> complete_rows({"x": np.array([False, False]), "g": np.array([False, False])}).tolist()
    [True, True]
    """
    used = ~np.logical_or.reduce(list(absent.values()))
    counts = {name: int(mask.sum()) for name, mask in absent.items() if mask.any()}
    listed = ", ".join(f"{name} ({count})" for name, count in counts.items())
    if not len(used):
        raise DataError("The data have no rows.")
    if not used.any():
        raise DataError(f"No row is complete: all {len(used)} rows have missing values, by column: {listed}.")
    real = [name for name in counts if of_the_data is None or of_the_data(name)]
    remedy = f" To choose the rows yourself: data.dropna(subset={real})." if real else ""
    if counts:
        warnings.warn(
            f"{int((~used).sum())} of {len(used)} rows have missing values and are left out, by column: {listed}."
            f"{remedy}",
            MissingRowsWarning,
            stacklevel=users_stacklevel(),
        )
    return used


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


def _lower(what: str) -> str:
    return what[0].lower() + what[1:]


def _split(values: Any, what: str) -> tuple[np.ndarray, pd.Series]:
    """Which values are missing, (n,), and the others."""
    if isinstance(values, np.ma.MaskedArray):
        masked = np.ma.getmaskarray(values)
        _demand_one_dimension(values, what)
        return _within(masked.copy(), values.data[~masked], what)
    if isinstance(values, pd.Series | pd.Index | pd.api.extensions.ExtensionArray):
        return _split_pandas(pd.Series(values))
    arrow = sys.modules.get("pyarrow")
    if arrow is not None and isinstance(values, arrow.Array):
        values = arrow.chunked_array([values])
    series = nw.from_native(values, series_only=True, pass_through=True)
    if isinstance(series, nw.Series):
        return _split_narwhals(series, what)
    demand_eager(values)
    if isinstance(values, list | tuple):
        return _split_pandas(pd.Series(list(values), dtype=object))
    array = np.asarray(values)
    _demand_one_dimension(array, what)
    try:
        return _split_pandas(pd.Series(array))
    except (ValueError, TypeError) as error:  # records, dates without a unit
        raise DataError(f"{what} cannot be read (dtype {array.dtype}): {error}.") from None


def _demand_one_dimension(array: np.ndarray, what: str) -> None:
    if array.ndim != 1:
        raise DataError(f"{what} must be one-dimensional; it has {array.ndim} dimensions: give each column alone.")


def _within(absent: np.ndarray, values: Any, what: str) -> tuple[np.ndarray, pd.Series]:
    """Find what is missing among the values where nothing was so far."""
    inner, present = _split(values, what)
    absent[~absent] = inner
    return absent, present


def _split_pandas(column: pd.Series) -> tuple[np.ndarray, pd.Series]:
    dtype = column.dtype
    if isinstance(dtype, pd.SparseDtype):
        column = column.sparse.to_dense()
    elif isinstance(dtype, np.dtype) and not dtype.isnative:  # pandas cannot tell such values apart
        column = column.astype(dtype.newbyteorder("="))
    absent = column.isna().to_numpy(dtype=bool)
    if dtype.kind == "f" and not isinstance(dtype, np.dtype):  # NaN is a value to nullable and Arrow columns
        absent = np.isnan(column.to_numpy(dtype=float, na_value=np.nan))
    present = pd.Series(column.array[~absent])
    if isinstance(dtype, pd.ArrowDtype) and dtype.kind == "m":  # as NumPy has them, and with its labels
        present = pd.Series(present.to_numpy(dtype=dtype.numpy_dtype))
    if isinstance(dtype, pd.ArrowDtype) and dtype.type is pd.CategoricalDtype.type:
        present = present.astype("category")
        if not dtype.pyarrow_dtype.ordered:  # a dictionary may be in the order in which its values were first seen
            present = present.cat.reorder_categories(sorted(present.cat.categories))
    return absent, present.infer_objects() if present.dtype == object else present


def _categorical(present: nw.Series, values: Any, what: str) -> pd.Series:
    """Categories in their order, as pandas has them."""
    if not len(present):
        return pd.Series([], dtype=object)
    try:
        order = [k for k in present.cat.get_categories().to_list() if k is not None]
        ordered = bool(getattr(getattr(present.to_native(), "type", None), "ordered", False))
        if present.dtype != nw.Enum and not ordered:  # it may be in the order in which values were first seen
            order = sorted(order)
        return pd.Series(pd.Categorical(values, categories=order))
    except NotImplementedError:  # pyarrow cannot list categories that are of a type of pandas', such as intervals
        pass
    except TypeError as error:
        raise DataError(f"The categories of {_lower(what)} cannot be told apart: {error}.") from None
    try:
        return present.to_native().to_pandas()
    except TypeError as error:
        raise DataError(f"The categories of {_lower(what)} cannot be told apart: {error}.") from None


def _split_narwhals(column: nw.Series, what: str) -> tuple[np.ndarray, pd.Series]:
    if column.implementation.is_pandas():
        return _split_pandas(column.to_native())
    missing = column.is_null()
    if column.dtype.is_float():
        missing = missing | column.is_nan().fill_null(True)
    present = column.filter(~missing)
    if column.dtype.is_decimal():
        present = present.cast(nw.Float64)
    python = column.dtype.is_nested() or column.dtype in (nw.Int128, nw.UInt128)  # NumPy has no such types
    values = pd.Series(present.to_list(), dtype=object) if python else present.to_numpy()
    if column.dtype == nw.Enum or (column.dtype == nw.Categorical and column.implementation.is_pyarrow()):
        # polars' Categorical has the order in which its values were first seen, in whichever frame
        return _within(missing.to_numpy().astype(bool), _categorical(present, values, what), what)
    known = pd.Series(values, dtype="str" if column.dtype == nw.String else None)
    return _within(missing.to_numpy().astype(bool), known, what)
