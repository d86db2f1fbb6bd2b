"""A data frame as the user has it, of whatever library: its columns, and the same frame with more of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from ..errors import DataError, shorten, suggest
from .column import Column, demand_eager
from .splitting import half_signs

__all__ = ["Native", "like_narwhals", "like_pandas"]


class Native:
    """A thin face on a data frame, or on a mapping of columns of one length, that is read column by column.

    Parameters
    ----------
    data : data frame or mapping
        pandas, or any eager frame that narwhals knows, or a mapping of columns.
    whose : str
        What messages call them.

    Raises
    ------
    DataError
        When the data are neither, or not computed yet, the columns of a mapping are not of one length, a frame that is
        not of pandas has a name twice, or a name is not Unicode.

    Examples
    --------
    >>> Native({"x": [1, None], "g": ["a", "b"]}).column("x").absent.tolist()
    [False, True]
    """

    __slots__ = ("data", "known")

    def __init__(self, data: Any, whose: str = "The data") -> None:
        self.data: Any = data
        if isinstance(data, pd.DataFrame):
            several = isinstance(data.columns, pd.MultiIndex)  # of which the name of one level is no column's name
            self.known: Any = data.columns.to_flat_index() if several else data.columns
            if isinstance(self.known.dtype, np.dtype) and self.known.dtype.hasobject:
                _demand_unicode(self.known, whose)
        elif isinstance(data, Mapping):
            _demand_one_length(data)
            _demand_unicode(data, whose)
            self.known = data
        else:
            self.data = _opened(data, whose)
            self.known = self.data.columns

    def __contains__(self, name: Any) -> bool:
        return name in self.known

    @property
    def names(self) -> list[Any]:
        """Names of the columns, as the frame has them."""
        return list(self.known)

    @property
    def has_twins(self) -> bool:
        """Whether a name stands for several columns; only pandas has such frames."""
        return isinstance(self.known, pd.Index) and not self.known.is_unique

    @property
    def is_pandas(self) -> bool:
        """Whether the frame is of pandas."""
        return isinstance(self.data, pd.DataFrame)

    @property
    def index(self) -> pd.Index:
        """Labels of the rows: those of a pandas frame or series, of its own, or their numbers."""
        if isinstance(self.data, pd.DataFrame):
            return self.data.index.view()
        if isinstance(self.data, Mapping):
            labelled = [values.index for values in self.data.values() if isinstance(values, pd.Series)]
            first = next(iter(self.data.values()), ())
            return labelled[0].view() if labelled else pd.RangeIndex(len(first))
        return pd.RangeIndex(self.data.shape[0])

    def column(self, name: str) -> Column:
        """Read one column.

        Raises
        ------
        DataError
            When the data have no column of this name, or more than one.
        """
        if name not in self.names:
            raise DataError(f"The data have no column {name!r}.{suggest(str(name), map(str, self.names))}")
        values = self.data[name]
        if isinstance(values, pd.DataFrame):
            raise DataError(
                f"The data have {values.shape[1]} columns under the name {name!r}; give each a name of its own first."
            )
        return Column.of(values, f"Column {name!r}")

    def rows(self, keep: np.ndarray) -> Any:
        """Return the frame with the rows that are True in `keep`, of the same kind."""
        if isinstance(self.data, pd.DataFrame):
            return self.data.loc[keep]
        if isinstance(self.data, Mapping):
            return {
                name: values[keep]
                if isinstance(values, np.ndarray | pd.Series | pd.Categorical)
                else [value for value, kept in zip(values, keep, strict=True) if kept]
                for name, values in self.data.items()
            }
        return self.data.filter(keep.tolist()).to_native()

    def with_columns(self, new: Mapping[str, np.ndarray], like: Mapping[str, str]) -> Any:
        """Return the frame with more columns, of the same kind; the user's own is not changed.

        Parameters
        ----------
        new : mapping of str to ndarray of float, shape (n,)
            NaN where missing: null, NA or NaN in the new columns, as the kind of frame has it.
        like : mapping of str to str
            For each new column, the one of the data that it is computed from.

        Raises
        ------
        DataError
            When the data already have a column of one of the names.
        """
        _demand_unicode(new, "With these names the data")
        taken = [name for name in new if name in self.names]
        if taken:
            raise DataError(
                f"The data already have a column {taken[0]!r}; rename it, or name the new columns differently."
            )
        if isinstance(self.data, Mapping):
            return {**self.data, **new}
        if isinstance(self.data, pd.DataFrame):
            columns = {name: like_pandas(values, self.data[like[name]].dtype) for name, values in new.items()}
            return self.data.assign(**columns)
        series = [like_narwhals(values, name, self.data.implementation) for name, values in new.items()]
        first = self.data[self.names[0]]
        return self.data.with_columns(*(nw.maybe_align_index(one, first) for one in series)).to_native()


def like_pandas(values: np.ndarray, dtype: Any) -> Any:
    """Floats, shape (n,), NaN where missing, as a pandas column: nullable, Arrow or NumPy's, as this type is."""
    if isinstance(dtype, np.dtype | pd.SparseDtype):
        return values
    missing = np.isnan(values)
    nullable = pd.arrays.FloatingArray(np.where(missing, 0.0, values), missing)
    return nullable.astype("double[pyarrow]") if isinstance(dtype, pd.ArrowDtype) else nullable


def like_narwhals(values: np.ndarray, name: str, library: Any) -> nw.Series:
    """Floats, shape (n,), as a series of another library, null where they are NaN."""
    return nw.new_series(name, values, nw.Float64, backend=library).fill_nan(None)


def _opened(data: Any, whose: str) -> Any:
    """Open a data frame that is not of pandas, by narwhals."""
    kind = f"the class {data.__name__} itself" if isinstance(data, type) else type(data).__name__
    wrong = f"{whose} must be a data frame or a mapping of columns; got {kind}.{_remedy(data)}"
    if isinstance(data, type):
        raise DataError(wrong)
    try:
        demand_eager(data)
        return nw.from_native(data, eager_only=True)
    except TypeError:
        raise DataError(wrong) from None
    except (nw.exceptions.NarwhalsError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        names = [str(name) for name in getattr(data, "column_names", getattr(data, "columns", ()))]
        twins = [name for name in dict.fromkeys(names) if names.count(name) > 1]
        if not twins:
            raise DataError(f"{whose} ({kind}) cannot be read: {error}") from None
        raise DataError(
            f"{whose} have {names.count(twins[0])} columns {twins[0]!r}; rename or drop all but one."
        ) from None


def _remedy(data: Any) -> str:
    """What to do with what is not a data frame."""
    if isinstance(data, str | Path):
        return (
            f" Read the file first, mlm.read_data({shorten(str(data))!r}); lmer also takes Parquet files as they are."
        )
    return " Sums are fitted alone, mlm.lmer(sums)." if type(data).__name__ == "ModelSums" else ""


def _demand_unicode(names: Iterable[Any], whose: str) -> None:
    """Refuse names that cannot be printed or written; the frames of Arrow and polars cannot have them."""
    halves = half_signs(names)
    if halves:
        raise DataError(
            f"{whose} have a column whose name is not Unicode ({halves!r}), as from a file in another encoding; rename "
            "it, or read the file with its own, for example encoding='latin-1'."
        )


def _demand_one_length(data: Mapping[str, Any]) -> None:
    """Refuse a mapping of columns of several lengths, or of pandas series whose rows have different labels."""
    lengths = {name: _length(values) for name, values in data.items()}
    if len(set(lengths.values())) > 1 or None in lengths.values():
        listed = ", ".join(f"{name} {'a single value' if k is None else k}" for name, k in lengths.items())
        raise DataError(f"The columns of the data must have one length; they have: {listed}.")
    labels = {name: values.index for name, values in data.items() if isinstance(values, pd.Series)}
    for name, index in labels.items():
        first, own = next(iter(labels.items()))
        if not index.equals(own):
            raise DataError(
                f"The columns {first!r} and {name!r} of the data have different indexes; align them first, or give"
                " their values alone, .to_numpy()."
            )


def _length(values: Any) -> int | None:
    try:
        return None if isinstance(values, str) else len(values)
    except TypeError:
        return None
