"""The tail: grouping factors that are crossed with the stages, and their Schur complement.

Its matrices are symmetric, and kept at the places that `fronts` gives them: on the pattern of the levels that share
rows, filled in by elimination, where that is sparse, and as one dense block where it is not. *Store* means the values
of such a matrix, shape (fronts.size,).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from .crossproducts import CrossProducts
from .errors import FitError
from .fronts import FULL, SMALL, Fronts, analyse, one_front

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
    """The tail's part of Lambda: a `T` for each level.

    Parameters
    ----------
    tail : Tail
    matrices : list of ndarray
        Each factor's `T`.

    Attributes
    ----------
    matrix : ndarray, shape (m,), or csr_array, shape (m, m)
        The diagonal, where levels have one effect each.
    singular : bool
        Whether a `T` is so close to singular that dividing by its square costs too many digits.
    """

    def __init__(self, tail: Tail, matrices: list[np.ndarray]) -> None:
        mine = [matrices[k] for k in tail.factors]
        self.singular = any(np.linalg.svd(t, compute_uv=False)[-1] <= NEARLY_SINGULAR for t in mine)
        self.matrix: np.ndarray | sparse.csr_array
        if all(len(t) == 1 for t in mine):
            self.matrix = np.concatenate([np.full(at.size, t[0, 0]) for t, at in zip(mine, tail.columns, strict=True)])
        else:
            blocks = [sparse.kron(t, sparse.eye_array(at.shape[1])) for t, at in zip(mine, tail.columns, strict=True)]
            self.matrix = sparse.csr_array(sparse.block_diag(blocks))

    @property
    def simple(self) -> bool:
        """Whether levels have one effect each, and no `T` is nearly 0."""
        return isinstance(self.matrix, np.ndarray) and not self.singular

    @property
    def transposed(self) -> np.ndarray | sparse.sparray:
        """Lambda'."""
        return self.matrix.T

    def rows(self, columns: np.ndarray, transpose: bool = True) -> np.ndarray:
        """Multiply ``Lambda'`` (or Lambda) with (m, k) columns."""
        if isinstance(self.matrix, np.ndarray):
            return columns * self.matrix[:, None]
        return np.asarray((self.matrix.T if transpose else self.matrix) @ columns)
