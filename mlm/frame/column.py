"""One column of a data frame of any kind: which of its values are missing, and the others as they are.

Missing are: null, None, NaN, NaT and pandas' NA, wherever they stand (a NaN in a nullable or Arrow column too), and the
masked entries of a NumPy array. The other values never pass through a wider type: an integer next to a missing value
stays the integer that it is.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..errors import DataError, MissingRowsWarning, MlmError, users_stacklevel
from .splitting import are_numbers, demand_eager, demand_unicode, lower, split

__all__ = ["Column", "are_numbers", "complete_rows", "demand_eager", "demand_unicode"]


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
            absent, present = split(values, what)
        except (MlmError, MemoryError):
            raise
        except UnicodeEncodeError as error:  # Arrow holds the strings of pandas, where it is installed
            demand_unicode([error.object], what)
            raise
        except Exception as error:  # each library has types that it cannot filter or hand out, and errors of its own
            dtype = getattr(values, "dtype", getattr(values, "type", type(values).__name__))
            why = str(error).partition("\n")[0].rstrip(".")
            raise DataError(f"{what} cannot be read (dtype {dtype}): {why}. Cast it to another type first.") from None
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
            raise DataError(
                f"The values of {lower(self.what)} cannot be told apart: {error}. Make text of them first, or numbers."
            ) from None
        demand_unicode(found, self.what)
        categories = isinstance(found.dtype, pd.CategoricalDtype)
        return codes, pd.Index(found.astype(found.dtype.categories.dtype) if categories else found)


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
