"""Columns of a model matrix that are products of arrays: nothing of size rows x columns is built unasked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

__all__ = ["INTERCEPT", "Columns", "ones"]

INTERCEPT = "(Intercept)"


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Named columns, each a product of arrays of one length; nothing of size rows x columns is built unasked.

    Attributes
    ----------
    names : tuple of str
        One name a column, spelled as in R: ``"(Intercept)"``, ``"x:z"``, ``"fB"``.
    factors : tuple of tuple of ndarray
        The arrays, each of shape (n,), whose product is the column.
    n : int
        Number of rows.
    """

    names: tuple[str, ...]
    factors: tuple[tuple[np.ndarray, ...], ...]
    n: int

    def fill(
        self, out: np.ndarray, start: int = 0, stop: int | None = None, means: Sequence[float] | None = None
    ) -> None:
        """Write rows start … stop, less the columns' means if these are given, into `out`, shape (columns, rows)."""
        for k, arrays in enumerate(self.factors):
            mean = means[k] if means is not None else 0.0
            if mean and len(arrays) == 1:
                np.subtract(arrays[0][start:stop], mean, out=out[k])
                continue
            out[k] = arrays[0][start:stop]
            for array in arrays[1:]:
                out[k] *= array[start:stop]
            if mean:
                out[k] -= mean

    def matrix(self) -> np.ndarray:
        """Return all columns as one array of shape (n, columns)."""
        out = np.empty((len(self.names), self.n))
        self.fill(out)
        return out.T

    def select(self, keep: list[int]) -> Columns:
        """Return the columns at these positions."""
        return Columns(tuple(self.names[k] for k in keep), tuple(self.factors[k] for k in keep), self.n)

    def is_one(self, k: int) -> bool:
        """Whether column `k` is the constant 1, stored as a single number."""
        return len(self.factors[k]) == 1 and self.factors[k][0].strides == (0,)

    @property
    def has_one(self) -> bool:
        """Whether a column is the constant 1, which mostly is the first."""
        return any(map(self.is_one, range(len(self.factors))))

    def __reduce__(self) -> tuple[Any, ...]:
        # a copy of the constant would no longer be a single number
        factors = tuple(None if self.is_one(k) else arrays for k, arrays in enumerate(self.factors))
        return _restored, (self.names, factors, self.n)


def _restored(names: tuple[str, ...], factors: tuple[tuple[np.ndarray, ...] | None, ...], n: int) -> Columns:
    """Columns that were saved or copied, of the constant that it is the constant."""
    return Columns(names, tuple((ones(n),) if arrays is None else arrays for arrays in factors), n)


@lru_cache(maxsize=32)  # numbers of rows; an entry is a single number
def ones(n: int) -> np.ndarray:
    """The constant 1, stored as a single number that nobody can change."""
    return np.broadcast_to(np.float64(1.0), (n,))
