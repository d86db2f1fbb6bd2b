"""The model frame of data that stayed where they are: everything but the rows, and one error for who asks for these."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, NoReturn

import numpy as np

from ..errors import FitError
from .columns import Columns
from .grouping import Grouping
from .model_frame import ModelFrame

__all__ = ["UnreadColumns", "UnreadFrame", "UnreadLevels", "UnreadPredictor", "refuse"]

OF_ROWS = {
    "y": "the response",
    "index": "the labels of the rows",
    "weights": "the weights",
    "offset": "the offset",
    "offset_mean": "the mean of the offset",
    "factors": "the columns of the model matrix",
    "codes": "the level of each row",
}


def refuse(name: str) -> NoReturn:
    """Say that rows are needed, and how to have them.

    Raises
    ------
    FitError
    """
    raise FitError(
        f"This needs the rows of the data ({OF_ROWS[name]}), and this model has read none: it was fitted from sums. "
        "For rows that you have, m.predict(rows) works; for the rest, fit the rows in memory, as with "
        "mlm.lmer(formula, relation.df()) or mlm.lmer(formula, lazy_frame.collect()), all of them or a sample of the "
        "groups."
    )


class _Unread:
    """Refuses what would be of rows."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        if name in OF_ROWS:
            refuse(name)
        raise AttributeError(name)


class UnreadColumns(_Unread, Columns):
    """Names of the columns of a model matrix that nobody has read.

    Parameters
    ----------
    names : tuple of str
    n : int
        Number of rows.
    places : tuple of int
        Where they stand among the columns that were summed, of which the first, 0, is the constant.
    """

    __slots__ = ("places",)

    def __init__(self, names: tuple[str, ...], n: int, places: tuple[int, ...]) -> None:
        for name, value in (("names", names), ("n", n), ("places", places)):
            object.__setattr__(self, name, value)

    def of(self, n: int) -> UnreadColumns:
        """The columns of another number of rows."""
        return UnreadColumns(self.names, n, self.places)

    def select(self, keep: list[int]) -> UnreadColumns:
        """The columns at these positions."""
        names, places = tuple(self.names[k] for k in keep), tuple(self.places[k] for k in keep)
        return UnreadColumns(names, self.n, places)

    def is_one(self, k: int) -> bool:
        """Whether column `k` is the constant."""
        return bool(self.places[k] == 0)

    def __reduce__(self) -> tuple[Any, ...]:
        return UnreadColumns, (self.names, self.n, self.places)


class UnreadLevels(_Unread, Grouping):
    """A grouping factor of which the levels are known and not the level of each row.

    Parameters
    ----------
    known : Grouping
        With the levels.
    """

    def __init__(self, known: Grouping) -> None:
        for name in ("name", "size", "parts", "pairs"):
            object.__setattr__(self, name, getattr(known, name))


@dataclass(frozen=True, slots=True, eq=False)
class UnreadPredictor:
    """What is known of a column of the data that the fixed part uses.

    Attributes
    ----------
    levels : tuple
        Of a category, of truth values, and of numbers that are two or stand in the formula as levels; else none.
    counts : tuple of int
        Rows of each level.
    typical, low, high : float
        Mean and range of numbers.
    ordered : bool
        Whether the order of the levels means something.
    absent : int
        Rows in use where it is missing, as ``is.na(x)`` allows.
    cells : DataFrame
        The combinations of levels of all predictors that have levels, and the rows of each, ``(rows)``; without those
        of which one is missing.
    """

    levels: tuple[Any, ...] = ()
    counts: tuple[int, ...] = ()
    typical: float = np.nan
    low: float = np.nan
    high: float = np.nan
    ordered: bool = False
    absent: int = 0
    cells: Any = None


class UnreadFrame(_Unread, ModelFrame):
    """A model frame without rows, and the sums of its columns.

    Parameters
    ----------
    sums : Sums
        See `mlm.crossproducts.sums`.
    again : callable or None
        Has the sums computed with another response and with more columns, which are combinations of the columns; it
        is not saved.
    known : mapping
        The attributes of `ModelFrame` that are known: all but those of rows. ``weights`` and ``offset`` are None where
        there are none, and otherwise not known; ``offset_mean`` may be.
    """

    __slots__ = ("again", "offset_mean", "sums")
    sums: Any
    again: Callable[..., Any] | None
    offset_mean: float | None

    def __init__(self, sums: Any, again: Callable[..., Any] | None, known: Mapping[str, Any]) -> None:
        every = {"offset_parts": (), "outcome": None, "origin": None, "dependent": None, "others": {}, **known}
        every |= {"offset_mean": None} if "offset" in known else {}
        for name, value in {**every, "sums": sums, "again": again}.items():
            object.__setattr__(self, name, value)

    def changed(self, **changes: Any) -> UnreadFrame:
        """The frame with other attributes."""
        return UnreadFrame(self.sums, self.again, {**self.known, **changes})

    @property
    def known(self) -> dict[str, Any]:
        """The attributes that are known."""
        found = {}
        for name in (*(each.name for each in fields(ModelFrame)), "offset_mean"):
            try:
                found[name] = object.__getattribute__(self, name)
            except AttributeError:
                continue
        return found

    def __reduce__(self) -> tuple[Any, ...]:
        return UnreadFrame, (self.sums, None, self.known)

    def without(self, dropped: list[int]) -> UnreadFrame:
        """The frame with these fixed-effects columns left out."""
        out = set(dropped)
        keep = [k for k in range(len(self.x_names)) if k not in out]
        return self.changed(
            x_columns=self.x_columns.select(keep),
            dependent=self.x_columns.select(sorted(out)),
            x_design=self.x_design.without(dropped),
        )

    def with_functions(self, functions: Mapping[str, Callable[..., Any]]) -> UnreadFrame:
        """Refuse functions of the user's, of which there are none: see `Recipe.with_functions`."""
        self.recipe.with_functions(functions)
        return self

    @property
    def all_columns(self) -> Columns:
        """The fixed-effects columns with those that depend on others in their places."""
        keep = self.x_design.keep
        if keep is None or self.dependent is None:
            return self.x_columns
        mine, out = self.x_columns, self.dependent
        assert isinstance(mine, UnreadColumns)
        assert isinstance(out, UnreadColumns)
        order = np.argsort([*keep, *sorted(set(range(len(keep) + len(out.names))) - set(keep))]).tolist()
        return UnreadColumns(mine.names + out.names, self.nobs, mine.places + out.places).select(order)

    def moments(self, columns: Columns) -> tuple[np.ndarray, np.ndarray]:
        """Means (k,) of columns, and their sums of products about these (k, k), over the rows without their weights."""
        assert isinstance(columns, UnreadColumns)
        places, total = list(columns.places), self.sums.unweighted
        rest, products = total[0, places], total[np.ix_(places, places)]
        return self.sums.shift[places] + rest / self.nobs, products - np.outer(rest, rest) / self.nobs

    @property
    def like_x(self) -> np.ndarray:
        """A matrix with the products X'X of the fixed-effects columns, shape (p + 1, p)."""
        means, products = self.moments(self.x_columns)
        values, vectors = np.linalg.eigh(products)
        root = np.sqrt(np.maximum(values, 0.0))[:, None] * vectors.T
        return np.vstack([np.sqrt(self.nobs) * means, root])
