"""Cholesky factor and selected inverse of a sparse symmetric matrix, front by front.

A front receives the updates of its children in the elimination tree, is factored by LAPACK, and leaves its own update
to its parent: the multifrontal method (Duff & Reid 1983, ACM Trans. Math. Softw. 9; Liu 1992, SIAM Review 34).
Backwards through the tree, the same blocks turn into those entries of the inverse that stand on the pattern of the
factor (Takahashi, Fagan & Chin 1973; Erisman & Tinney 1975, Commun. ACM 18; Lin et al. 2011, ACM Trans. Math. Softw.
37). For a front with factor ``[L; B]`` and ``Y = B L^-1``, with the border's block Z of the inverse known,

- the border's rows of the inverse are ``-Z Y``
- the pivots' block is ``(L L')^-1 + Y' Z Y``.

This is the inverse of a matrix in four blocks: the pivots' block is ``L L'``, the one below it ``B L'``, and Z is the
inverse of what elimination leaves of the others. Rows of B outside of the border are 0, so that no more of Z is needed.

Besides the store there are only the updates and the inverse's blocks of fronts on one path through the tree. See
`fronts` for the layout.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import blas, lapack

from ..errors import FitError
from .fronts import Front, Fronts

__all__ = ["Factor", "factor", "mirror", "pass_on"]

NOT_POSITIVE = "The random-effects system is not positive definite to working precision; rescale the slopes."
# Columns of an update that are added at a time, from their diagonal downwards: fewer cost array calls, more add what is
# above the diagonal. Measured on borders of 100, 500 and 2,000: 0.05, 0.74 and 12 ms; 0.06, 0.82 and 10 ms with 16
# columns; 0.05, 0.92 and 22 ms all at once.
UPDATE_COLUMNS = 128
# Columns of a triangle up to which LAPACK inverts it, instead of products of its halves, and from which it does again.
# Measured: halves down to 16 to 128 columns are equally fast within a fifth; LAPACK alone takes 1.6 times as long
# at 512, as long at 1,850, and 0.85 of the time at 3,700, without copies of the halves.
TRIANGLE_COLUMNS, LARGE_TRIANGLE = 64, 2000
# Columns that are copied across the diagonal at a time, to stay within the cache. Measured on 2,000 columns: 9 ms, 7 to
# 13 with 16 to 256, and 57 all at once.
TILE_COLUMNS = 64
LOWER_TILE = np.tri(TILE_COLUMNS, dtype=bool)


@dataclass(frozen=True, slots=True, eq=False)
class Factor:
    """A Cholesky factor.

    Attributes
    ----------
    fronts : Fronts
    store : ndarray, shape (size,)
        Its blocks; above the diagonal of the pivot blocks stands nothing of meaning.
    log_det : float
        Logarithm of the determinant of the matrix.
    """

    fronts: Fronts
    store: np.ndarray
    log_det: float

    def half_solve(self, columns: np.ndarray) -> np.ndarray:
        """Solve with the factor: (m, k) columns give H with ``H'H = columns' N^-1 columns``, rows by elimination."""
        out = columns[self.fronts.order]
        for f in self.fronts.fronts:
            out[f.start : f.stop] = lapack.dtrtrs(f.pivots_of(self.store), out[f.start : f.stop], lower=1)[0]
            if len(f.border):
                out[f.border] -= f.border_of(self.store) @ out[f.start : f.stop]
        return out

    def finish_solve(self, half: np.ndarray) -> np.ndarray:
        """Solve with the factor's transpose: from what `half_solve` returns to ``N^-1 columns``, rows by column."""
        out = half.copy()
        for f in reversed(self.fronts.fronts):
            if len(f.border):
                out[f.start : f.stop] -= f.border_of(self.store).T @ out[f.border]
            out[f.start : f.stop] = lapack.dtrtrs(f.pivots_of(self.store), out[f.start : f.stop], lower=1, trans=1)[0]
        return out[self.fronts.step]

    def solve(self, columns: np.ndarray) -> np.ndarray:
        """Multiply the inverse with (m, k) columns."""
        return self.finish_solve(self.half_solve(columns))

    def inverse(self, overwrite: bool = False) -> np.ndarray:
        """Entries of the inverse at the places of the store.

        Parameters
        ----------
        overwrite : bool
            Whether the factor's store may be used; the factor is then spent.

        Returns
        -------
        ndarray, shape (size,)
            All entries of the fronts' blocks, which include those of the pattern; pivot blocks in both triangles.
        """
        store = self.store if overwrite else self.store.copy()
        whole: dict[int, np.ndarray] = {}
        fronts = self.fronts.fronts
        waiting = self.fronts.children
        for k in range(len(fronts) - 1, -1, -1):
            f = fronts[k]
            around = whole[f.parent] if f.parent >= 0 else None
            _invert(f, store, around, whole, k if waiting[k] else -1)
            if f.parent >= 0:
                waiting[f.parent] -= 1
                if not waiting[f.parent]:
                    del whole[f.parent]
        return store


def factor(fronts: Fronts, store: np.ndarray) -> Factor:
    """Factor a positive definite matrix, in place.

    Parameters
    ----------
    fronts : Fronts
    store : ndarray, shape (size,)
        Values at their places; overwritten.

    Returns
    -------
    Factor

    Raises
    ------
    FitError
        When the matrix is not positive definite to working precision.
    """
    updates: dict[int, np.ndarray] = {}
    log_det = 0.0
    for k, f in enumerate(fronts.fronts):
        border = f.border_of(store)
        root, info = lapack.dpotrf(f.pivots_of(store), lower=1, clean=0, overwrite_a=1)
        if info:
            raise FitError(NOT_POSITIVE)
        log_det += 2.0 * float(np.log(np.diagonal(root)).sum())
        if len(border):
            blas.dtrsm(1.0, root, border, side=1, lower=1, trans_a=1, overwrite_b=1)
            if k in updates:
                update = blas.dsyrk(-1.0, border, beta=1.0, c=updates.pop(k), lower=1, overwrite_c=1)
            else:
                update = blas.dsyrk(-1.0, border, lower=1)
            pass_on(f, update, fronts.fronts[f.parent], store, updates)
    return Factor(fronts, store, log_det)


def pass_on(f: Front, update: np.ndarray, parent: Front, store: np.ndarray, updates: dict[int, np.ndarray]) -> None:
    """Add a front's update to its parent's blocks, and to the update that the parent will pass on itself.

    Parameters
    ----------
    f, parent : Front
    update : ndarray, shape (b, b)
        Its lower triangle counts.
    store : ndarray, shape (size,)
        Changed in place, at the parent's blocks.
    updates : dict of int to ndarray
        What has gathered so far for later fronts, by their number; changed in place.
    """
    n, b = parent.stop - parent.start, len(parent.border)
    split = int(np.searchsorted(f.inner, n))
    own, beyond = f.inner[:split], f.inner[split:] - n
    _add_lower(parent.pivots_of(store), own, update[:split, :split])
    if len(beyond):
        _add(parent.border_of(store), beyond, own, update[split:, :split])
        if f.parent not in updates:
            updates[f.parent] = np.zeros((b, b), order="F")
        _add_lower(updates[f.parent], beyond, update[split:, split:])


def _add_lower(target: np.ndarray, at: np.ndarray, values: np.ndarray) -> None:
    """Add the lower triangle of a matrix to rows and columns `at` of another, in place, some columns at a time."""
    for start in range(0, len(at), UPDATE_COLUMNS):
        stop = start + UPDATE_COLUMNS
        _add(target, at[start:], at[start:stop], values[start:, start:stop])


def _add(target: np.ndarray, rows: np.ndarray, columns: np.ndarray, values: np.ndarray) -> None:
    """Add values to distinct rows and columns of a matrix with contiguous columns, in place."""
    at = (columns * len(target))[:, None] + rows
    np.add.at(target.T.reshape(-1), at.ravel(), values.T.ravel())  # half the time of `+=` with an index


def _invert(f: Front, store: np.ndarray, around: np.ndarray | None, whole: dict[int, np.ndarray], keep: int) -> None:
    """Turn a front's blocks of the factor into those of the inverse, in place; keeps all of them for its children."""
    pivots, border = f.pivots_of(store), f.border_of(store)
    n, b = len(pivots), len(border)
    later = None
    if b and around is not None:
        scaled = blas.dtrsm(1.0, pivots, border, side=1, lower=1)
        later = around.T.reshape(-1).take((f.inner * len(around))[:, None] + f.inner).T
        blas.dgemm(-1.0, later, scaled, c=border, overwrite_c=1)
    _invert_triangle(pivots)
    lapack.dlauum(pivots, lower=1, overwrite_c=1)  # L^-T L^-1
    if b:
        blas.dgemm(-1.0, scaled, border, beta=1.0, c=pivots, trans_a=1, overwrite_c=1)
    mirror(pivots)
    if keep < 0:
        return
    if later is None:
        whole[keep] = pivots
        return
    full = np.empty((n + b, n + b), order="F")
    full[:n, :n], full[n:, :n], full[:n, n:], full[n:, n:] = pivots, border, border.T, later
    whole[keep] = full


def mirror(block: np.ndarray) -> None:
    """Copy the lower triangle of an (n, n) matrix to its upper one, in place."""
    for start in range(0, len(block), TILE_COLUMNS):
        stop = min(start + TILE_COLUMNS, len(block))
        corner = block[start:stop, start:stop]
        corner[...] = np.where(LOWER_TILE[: stop - start, : stop - start], corner, corner.T)
        block[start:stop, stop:] = block[stop:, start:stop].T


def _invert_triangle(root: np.ndarray) -> None:
    """Invert a lower triangle, in place; by halves where dtrmm is faster than dtrtri."""
    n = len(root)
    if n <= TRIANGLE_COLUMNS or n >= LARGE_TRIANGLE:
        lapack.dtrtri(root, lower=1, overwrite_c=1)
        return
    half = n // 2
    first, last = root[:half, :half].copy(order="F"), root[half:, half:].copy(order="F")
    _invert_triangle(first)
    _invert_triangle(last)
    root[half:, :half] = blas.dtrmm(-1.0, last, blas.dtrmm(1.0, first, root[half:, :half], side=1, lower=1), lower=1)
    root[:half, :half], root[half:, half:] = first, last
