"""The columns of several grouping factors in one orthonormal basis: what is known of them at any theta.

As `level_bases` does for the levels of one factor; here Z has the columns of all factors and levels, and all is dense.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.linalg import lapack

from ..crossproducts.blocks import CrossProducts, Levels
from .level_bases import SQUARES_ROUNDING, clear_rounding, is_little_left

__all__ = ["Graded", "JointBases", "turned"]

# Share of a column's squares that it keeps beside those before it, up to which that is the rounding of sums: some units
# of 1e-16 for each of a hundred columns.
LEAST_PIVOT = 1e-14
# Squares of random-effects columns, times the relative variances, from which they are graded: below, the squares of
# small effects have lost four digits to those of large ones.
LARGE_SQUARES = 1e4


class Graded(NamedTuple):
    """Random-effects columns in an order and a basis in which small effects do not meet the squares of large ones.

    With ``T = U S W'`` of each factor the columns are Z U, whose effects are independent, with the standard deviations
    S. The basis is that of the columns in descending order of S: coordinates of small effects alone stand below those
    of large ones, and so does every triangular factor.

    Attributes
    ----------
    coordinates : ndarray, shape (r, c + p + 1)
        ``Q' [Z U X y]``.
    sizes : list of ndarray, shapes (q, q)
        S of each factor.
    turns, others : list of ndarray, shapes (q, q)
        U and W of each factor.
    """

    coordinates: np.ndarray
    sizes: list[np.ndarray]
    turns: list[np.ndarray]
    others: list[np.ndarray]


class JointBases:
    """All random effects of several grouping factors, of which there are few.

    Parameters
    ----------
    products : CrossProducts

    Attributes
    ----------
    c : int
        Number of all effects.
    shapes : list of (int, int)
        Effects a level and levels of each factor, (q, J).
    places : list of slice
        Where the effects of each factor stand among the c of all: effect by effect, each for all levels.
    coordinates : ndarray, shape (r, c + p + 1)
        ``Q' [Z X y]``; first R, of the r columns of Z that do not depend on others.
    within : ndarray, shape (p + 1, p + 1)
        What Z leaves of ``[X y]'[X y]``.
    taken : ndarray, shape (p,)
        Coefficients of X that were taken off y before.
    rows : Levels or None
        Where this was found from the rows.
    largest : float
        Of the squares of a level's random-effects columns.
    """

    def __init__(self, products: CrossProducts) -> None:
        self.products, self.p, xy = products, products.p, products.xy
        self.shapes = [(f.size, f.levels) for f in products.factors]
        ends = list(itertools.accumulate([q * levels for q, levels in self.shapes], initial=0))
        self.places = [slice(a, b) for a, b in itertools.pairwise(ends)]
        self.c = ends[-1]
        self.coordinates = self._coordinates()
        self.largest = max([float(np.maximum.reduce(f.zz, None)) for f in products.factors])
        of = self.coordinates[:, self.c :]
        self.within, self.taken = xy - of.T @ of, np.zeros(self.p)
        self.rows: Levels | None = None
        shared = sorted({k for f in products.factors for k in f.shared})
        if products.rows is not None and is_little_left(self.within, xy, shared):
            self.rows = products.rows.levels()
            self.coordinates, self.within, self.taken, _ = self.rows
        clear_rounding(self.within, xy, shared, summed=self.rows is None)

    @property
    def lost(self) -> float:
        """Rounding of what the effects leave of the response's squares."""
        return SQUARES_ROUNDING * float(self.products.xy[-1, -1]) if self.rows is None else self.rows.lost

    def worked_with(self, matrices: list[np.ndarray]) -> tuple[float, Graded | None, np.ndarray, list[np.ndarray]]:
        """The columns worked with at these T: coordinates, and T of them.

        First the relative standard deviation of all effects, where it is large, and otherwise 0.
        """
        square = sum([float(np.vdot(t, t)) for t in matrices])
        if self.largest * square < LARGE_SQUARES:
            return 0.0, None, self.coordinates, matrices
        found = self._graded(matrices)
        return math.sqrt(square), found, found.coordinates, found.sizes

    def _graded(self, matrices: list[np.ndarray]) -> Graded:
        turns, sizes, others = zip(*map(np.linalg.svd, matrices), strict=True)
        columns = self.coordinates.copy()
        for u, (place, (q, levels)) in zip(turns, self.each(), strict=True):
            mine = columns[:, place]
            columns[:, place] = (u.T @ mine.reshape(-1, q, levels)).reshape(mine.shape)
        each = np.concatenate([np.repeat(s, levels) for s, (_, levels) in zip(sizes, self.shapes, strict=True)])
        order = np.concatenate([np.argsort(-each, kind="stable"), np.arange(self.c, columns.shape[1])])
        out = np.empty_like(columns)
        out[:, order] = np.triu(lapack.dgeqrf(columns[:, order])[0])
        return Graded(out, list(map(np.diag, sizes)), list(turns), [w.T for w in others])

    def half(self, coordinates: np.ndarray, matrices: list[np.ndarray]) -> tuple[np.ndarray, float]:
        """``L^-1 Q' [Z X y]``, shape (r, c + p + 1), and ``log |V|``."""
        root = _root_beside_one(self.spread(coordinates, matrices))
        half = lapack.dtrtrs(root, coordinates, lower=1)[0]
        return half, 2.0 * float(np.add.reduce(np.log(root.diagonal())))

    def spread(self, coordinates: np.ndarray, matrices: list[np.ndarray]) -> np.ndarray:
        """``B = R T``, shape (r, c)."""
        out = np.empty((len(coordinates), self.c))
        for t, (place, (q, levels)) in zip(matrices, self.each(), strict=True):
            r = coordinates[:, place]
            out[:, place] = t[0, 0] * r if q == 1 else (t.T @ r.reshape(-1, q, levels)).reshape(r.shape)
        return out

    def each(self) -> Iterator[tuple[slice, tuple[int, int]]]:
        """Places and shapes, factor by factor."""
        return zip(self.places, self.shapes, strict=True)

    def split(self, vector: np.ndarray) -> list[np.ndarray]:
        """A vector (c,) by factor, shapes (q, J)."""
        return [vector[place].reshape(shape) for place, shape in self.each()]

    def by_level(self, matrix: np.ndarray) -> list[np.ndarray]:
        """The blocks of a matrix (c, c) in which levels meet themselves, shapes (q, q, J)."""
        return [
            matrix[place, place].reshape(q, levels, q, levels).diagonal(0, 1, 3) for place, (q, levels) in self.each()
        ]

    def _coordinates(self) -> np.ndarray:
        """``Q' [Z X y]`` from the cross-products, by Cholesky's method with pivots on columns of length 1."""
        squares, others = self._squares(), np.empty((self.c, self.p + 1))
        for factor, place in zip(self.products.factors, self.places, strict=True):
            others[place] = factor.zxy.transpose(0, 2, 1).reshape(-1, self.p + 1)
        length = np.sqrt(np.where(squares.diagonal() > 0.0, squares.diagonal(), 1.0))
        root, order, rank, _ = lapack.dpstrf(squares / (length[:, None] * length), tol=LEAST_PIVOT * self.c)
        order -= 1
        out = np.empty((rank, self.c + self.p + 1))
        out[:, order] = np.where(_below_diagonal(self.c), 0.0, root)[:rank]
        right = (others / length[:, None])[order[:rank]]
        out[:, self.c :] = lapack.dtrtrs(root[:rank, :rank], right, trans=1)[0]
        out[:, : self.c] *= length
        return out

    def _squares(self) -> np.ndarray:
        """``Z'Z``, shape (c, c)."""
        out, factors = np.zeros((self.c, self.c)), self.products.factors
        places = [np.arange(place.start, place.stop).reshape(shape) for place, shape in self.each()]
        for factor, own in zip(factors, places, strict=True):
            out[own[:, None], own] = factor.zz
        for (a, b), pair in self.products.pairs.items():
            first, second = places[a][:, None, pair.rows], places[b][:, pair.columns]
            out[first, second] = out[second, first] = pair.values
        return out


@lru_cache(maxsize=8)
def _below_diagonal(size: int) -> np.ndarray:
    """Which elements of a square matrix are below its diagonal, read-only."""
    out = np.tri(size, k=-1, dtype=bool)
    out.flags.writeable = False
    return out


def turned(turn: np.ndarray, blocks: np.ndarray) -> np.ndarray:
    """``U N_j U'`` of each level, shape (q, q, J)."""
    return np.asarray((turn @ blocks.transpose(2, 0, 1) @ turn.T).transpose(1, 2, 0))


def _root_beside_one(b: np.ndarray) -> np.ndarray:
    """Lower triangular L with ``L L' = I + B B'``, shape (r, r), for B of shape (r, c)."""
    square = b @ b.T
    square.flat[:: len(square) + 1] += 1.0
    return lapack.dpotrf(square, lower=1, clean=1)[0]
