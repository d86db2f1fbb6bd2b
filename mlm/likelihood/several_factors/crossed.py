"""The tail: grouping factors that are crossed with the stages, and their Schur complement.

Its matrices are symmetric, and kept at the places that `fronts` gives them: on the pattern of the levels that share
rows, filled in by elimination, where that is sparse, and as one dense block where it is not. *Store* means the values
of such a matrix, shape (fronts.size,).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from ...crossproducts.blocks import CrossProducts
from ...errors import FitError
from ...sparse.arithmetic import sandwich
from ...sparse.fronts import DENSE_COLUMNS as SMALL
from ...sparse.fronts import DENSE_SHARE as FULL
from ...sparse.fronts import Fronts, analyse, one_front

__all__ = ["Scale", "Tail", "tail_fronts", "tail_of"]

LINKS = 5e7  # pairs of levels that share rows, from which it takes too long
SAMPLE = 64  # levels by which these are estimated
ROOM = 25e9  # bytes that all matrices of the tail may take
MATRICES = 5  # that are held at once
NEARLY_SINGULAR = 1e-4  # relative standard deviation below which dividing by it squared costs too many digits


@dataclass(frozen=True, slots=True, eq=False)
class Tail:
    """Cross-products within the tail.

    Attributes
    ----------
    factors : tuple of int
        Positions of its grouping factors among those of the cross-products.
    columns : tuple of ndarray of int, shapes (q, J)
        The tail's columns of each factor's effects and levels.
    fronts : Fronts
        Where the entries of its matrices stand.
    store : ndarray, shape (fronts.size,)
        ``Z'Z``.
    cross : csr_array, shape (m, m)
        The same, to multiply with.
    xy : ndarray, shape (m, p + 1)
        ``Z' [X y]``.
    blocks : tuple of ndarray of int, shapes (q, q, J)
        Places of each level's own block.
    """

    factors: tuple[int, ...]
    columns: tuple[np.ndarray, ...]
    fronts: Fronts
    store: np.ndarray
    cross: sparse.csr_array
    xy: np.ndarray
    blocks: tuple[np.ndarray, ...]

    @property
    def width(self) -> int:
        """Number of columns m."""
        return self.fronts.width

    def gather(self, values: Sequence[np.ndarray]) -> np.ndarray:
        """Put (q, k, J) values of all factors, tail or not, in the order of the columns: shape (m, k)."""
        out = np.empty((self.width, values[0].shape[1]))
        for factor, at in zip(self.factors, self.columns, strict=True):
            out[at] = values[factor].transpose(0, 2, 1)
        return out


def tail_fronts(levels: int, row: np.ndarray, unit: np.ndarray, columns: tuple[np.ndarray, ...], names: str) -> Fronts:
    """Lay out the Schur complement that is left when the levels of a stage have been eliminated.

    Parameters
    ----------
    levels : int
        Number of levels of the stage.
    row, unit : ndarray of int, shape (nnz,)
        Levels of the stage and of the tail (numbered through all factors) that share rows.
    columns : tuple of ndarray of int, shapes (q, J)
        The tail's columns of each factor's effects and levels.
    names : str
        What to call the tail in an error.

    Returns
    -------
    Fronts

    Raises
    ------
    FitError
        When the matrix would not fit in memory.
    """
    count, width = sum(at.shape[1] for at in columns), sum(at.size for at in columns)
    fronts = one_front(width)
    if width > SMALL:
        ones = np.ones(len(row), dtype=np.float32)
        shared = sparse.csr_array((ones, (row.astype(np.int32), unit.astype(np.int32))), shape=(levels, count))
        transposed = sparse.csr_array(shared.T)
        some = transposed[:: max(count // SAMPLE, 1)] @ shared
        if some.nnz * count <= min(FULL * count**2, LINKS) * some.shape[0]:
            units = transposed @ shared
            fronts = analyse(units) if width == count else _with_effects(units, columns)
    _demand_room(fronts, names)
    return fronts


def _with_effects(units: sparse.csr_array, columns: tuple[np.ndarray, ...]) -> Fronts:
    """Fronts of columns, from the pattern of levels that share rows."""
    starts = np.cumsum([0, *(at.shape[1] for at in columns)])
    together = np.empty(sum(at.size for at in columns), dtype=np.intp)
    for at, start in zip(columns, starts[:-1], strict=True):
        together[at] = start + np.arange(at.shape[1])
    return analyse(units[together][:, together], together)


def _demand_room(fronts: Fronts, names: str) -> None:
    """Refuse a Schur complement that would not fit in memory, before trying."""
    if 8.0 * MATRICES * fronts.size > ROOM:
        raise FitError(
            f"The crossed grouping factors {names} need a system of {fronts.width} columns that is too full to be kept "
            f"sparse: about {8e-9 * MATRICES * fronts.size:.0f} GB, where at most {1e-9 * ROOM:.0f} GB are tried. Use "
            "fewer random slopes, or coarser grouping factors."
        )


def tail_of(products: CrossProducts, factors: tuple[int, ...], columns: tuple[np.ndarray, ...], fronts: Fronts) -> Tail:
    """Collect the cross-products within the tail."""
    own, between = _Entries(), _Entries()
    xy = np.empty((fronts.width, products.p + 1))
    for k, at in zip(factors, columns, strict=True):
        xy[at] = products.factors[k].zxy.transpose(0, 2, 1)
        own.add(at[:, None], at[None], products.factors[k].zz)
        for other, beside in zip(factors, columns, strict=True):
            if other > k:
                pair = products.pairs[k, other]
                between.add(at[:, None, pair.rows], beside[None][:, :, pair.columns], pair.values)
    store = fronts.zeros()
    for entries in (own, between):
        store[fronts.place(entries.rows, entries.columns)] = entries.values
    upper = between.matrix(fronts.width)
    cross = own.matrix(fronts.width) + upper + upper.T
    blocks = tuple(
        fronts.place(*(b.ravel() for b in np.broadcast_arrays(at[:, None], at[None]))).reshape(len(at), *at.shape)
        for at in columns
    )
    return Tail(factors, columns, fronts, store, sparse.csr_array(cross), xy, blocks)


class _Entries:
    """Entries of a sparse matrix while they are collected."""

    def __init__(self) -> None:
        self.rows, self.columns = np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)
        self.values = np.empty(0)

    def add(self, rows: np.ndarray, columns: np.ndarray, values: np.ndarray) -> None:
        """Add values, with rows and columns that broadcast to them."""
        self.rows = np.append(self.rows, np.broadcast_to(rows, values.shape))
        self.columns = np.append(self.columns, np.broadcast_to(columns, values.shape))
        self.values = np.append(self.values, values)

    def matrix(self, width: int) -> sparse.csr_array:
        """What has been collected, as a (width, width) matrix."""
        return sparse.csr_array((self.values, (self.rows, self.columns)), shape=(width, width))


class Scale:
    """How theta enters the system of the tail, ``N = F' S F + D``, whose inverse gives the covariance ``F N^-1 F'``.

    In general F is Lambda, made of a `T` for each level, and D the identity. Where levels have one effect each and no
    `T` is nearly 0, F is the identity and D is ``Sigma^-1``: that saves the scaling of matrices.

    Parameters
    ----------
    tail : Tail
    matrices : list of ndarray
        Each factor's `T`.

    Attributes
    ----------
    singular : bool
        Whether a `T` is so close to singular that dividing by its square costs too many digits.
    simple : bool
        Whether levels have one effect each, and no `T` is nearly 0.
    log_det : float
        Logarithm of the determinant of Lambda' Lambda, over that of F' F.
    theta : ndarray, shape (m,)
        Each column's `T`, where levels have one effect each.
    """

    def __init__(self, tail: Tail, matrices: list[np.ndarray]) -> None:
        self.tail, mine = tail, [matrices[k] for k in tail.factors]
        self.singular = any(np.linalg.svd(t, compute_uv=False)[-1] <= NEARLY_SINGULAR for t in mine)
        single = all(len(t) == 1 for t in mine)
        self.simple, self.log_det, self.theta = single and not self.singular, 0.0, np.empty(0)
        if single:
            self.theta = np.concatenate([np.full(at.size, t[0, 0]) for t, at in zip(mine, tail.columns, strict=True)])
        if self.simple:
            self.log_det = 2.0 * sum(at.size * math.log(abs(t[0, 0])) for t, at in zip(mine, tail.columns, strict=True))
        self._mine = mine

    @cached_property
    def matrix(self) -> np.ndarray | sparse.csr_array:
        """Lambda: its diagonal, shape (m,), where levels have one effect each, else shape (m, m)."""
        if len(self.theta):
            return self.theta
        pairs = zip(self._mine, self.tail.columns, strict=True)
        return sparse.csr_array(sparse.block_diag([sparse.kron(t, sparse.eye_array(at.shape[1])) for t, at in pairs]))

    def system(self, schur: np.ndarray) -> np.ndarray:
        """N, of a Schur complement S: a store, which is that of S where F is the identity."""
        fronts = self.tail.fronts
        n = schur if self.simple else sandwich(fronts, schur, self.matrix)
        n[fronts.diagonal] += self.theta**-2 if self.simple else 1.0
        return n

    def covariance(self, inverse: np.ndarray) -> np.ndarray:
        """``F N^-1 F'``, of the inverse of N: a store, which is overwritten."""
        return inverse if self.simple else sandwich(self.tail.fronts, inverse, self.matrix.T, out=inverse)

    def rows(self, columns: np.ndarray, transpose: bool = True) -> np.ndarray:
        """Multiply ``F'`` (or F) with (m, k) columns."""
        if self.simple:
            return columns
        if isinstance(self.matrix, np.ndarray):
            return columns * self.matrix[:, None]
        return np.asarray((self.matrix.T if transpose else self.matrix) @ columns)
