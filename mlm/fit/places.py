"""Where the terms, their columns and their parameters stand when derivatives are compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import numpy as np

from ..frame.model_frame import RandomPart
from ..likelihood.covariance import CovarianceLayout
from .confounding import Basis

__all__ = ["Place", "Places", "Side"]

# Square of what is left of a user's column of length 1 outside of what is spanned, below which it is 0.
NOTHING_LEFT = 1e-11


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A term that has parameters.

    Attributes
    ----------
    part : RandomPart
    factor : int
    columns : ndarray of int
        Positions of its columns in use among all.
    parameters : ndarray of int
        Positions of the derivatives by its parameters among all.
    user : ndarray
        The user's columns, of length 1 each without what is not in use, in terms of the columns in use.
    """

    part: RandomPart
    factor: int
    columns: np.ndarray
    parameters: np.ndarray
    user: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One factor: its columns in use, their positions among all, and the columns a and b of each derivative."""

    factor: int
    vectors: np.ndarray
    columns: np.ndarray
    a: np.ndarray
    b: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """All terms, and all factors.

    Attributes
    ----------
    terms : list of Place
    sides : list of Side
    spanned : list of int
        Positions of derivatives by what are not parameters: variances of what the fixed effects span.
    """

    terms: list[Place]
    sides: list[Side]
    spanned: list[int]

    @classmethod
    def of(cls, terms: Sequence[RandomPart], bases: Mapping[int, Basis], layout: CovarianceLayout, reml: bool) -> Self:
        """Lay out terms by their bases.

        What the fixed effects span is not in use under REML. Maximum likelihood makes the variances of it as small as
        it can: these are not parameters, but the covariances with the other columns are.
        """
        out, column, derivative = cls([], [], []), 0, 0
        for factor, size in enumerate(layout.sizes):
            vectors, a, b, begin = [], [], [], column
            for k, slot in enumerate(layout.slots):
                first = bases[k].spanned if reml else 0
                if slot.factor != factor or first == slot.size:
                    continue
                vectors.append(np.zeros((size, slot.size - first)))
                vectors[-1][slot.start : slot.start + slot.size] = bases[k].vectors[:, first:]
                one, other = _triangle(slot.size - first)
                out._place(terms[k], factor, bases[k], column, derivative + np.arange(len(one)), reml)
                a.append(one + column - begin)
                b.append(other + column - begin)
                column, derivative = column + slot.size - first, derivative + len(one)
            if vectors:
                pairs = np.concatenate(a), np.concatenate(b)
                out.sides.append(Side(factor, np.hstack(vectors), np.arange(begin, column), *pairs))
        out.terms.sort(key=lambda place: next(k for k, part in enumerate(terms) if part is place.part))
        return out

    def _place(
        self, part: RandomPart, factor: int, basis: Basis, column: int, derivatives: np.ndarray, reml: bool
    ) -> None:
        """Put a term that begins at a column, with some derivatives, into its place."""
        first = basis.spanned if reml else 0
        columns = np.arange(len(basis.shares) - first)
        told = _triangle(len(columns))[1] >= basis.spanned - first  # of a pair, one column is not spanned
        self.spanned.extend(derivatives[~told].tolist())
        if told.any():
            user = _unit(basis.user[first:])
            self.terms.append(Place(part, factor, columns + column, derivatives[told], user))


def _unit(user: np.ndarray) -> np.ndarray:
    """Make columns of length 1, or 0."""
    squares = (user**2).sum(axis=0)
    return np.where(squares > NOTHING_LEFT, user / np.sqrt(np.maximum(squares, NOTHING_LEFT)), 0.0)


@lru_cache(maxsize=64)  # sizes; an entry is a few positions
def _triangle(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of an upper triangle."""
    return np.triu_indices(size)
