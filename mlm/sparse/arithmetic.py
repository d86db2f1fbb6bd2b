"""Arithmetic with sparse symmetric matrices that are kept front by front.

See `fronts` for the layout. Values are read from the lower triangles of the pivot blocks and from the border blocks.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.linalg import blas, lapack

from ..errors import FitError
from .cholesky import NOT_POSITIVE, mirror, pass_on
from .fronts import Fronts

__all__ = ["add_product", "inner_product", "mixed_sandwich", "projections", "sandwich", "times"]

# Columns up to which matrices with small blocks are multiplied as dense ones: a sparse one costs 30 array calls to be
# put in order. Measured on second derivatives of two factors with slopes, sparse and dense: 56 and 20 ms with 24
# columns, 43 and 26 with 90, 88 and 105 with 180.
DENSE_WIDTH = 100


def sandwich(
    fronts: Fronts, store: np.ndarray, factor: np.ndarray | sparse.sparray, out: np.ndarray | None = None
) -> np.ndarray:
    """Multiply ``factor' N factor``.

    Parameters
    ----------
    fronts : Fronts
    store : ndarray, shape (size,)
        N.
    factor : ndarray, shape (m,), or sparse array, shape (m, m)
        A diagonal matrix, or one with blocks on its diagonal for units of columns that are eliminated together.
    out : ndarray, shape (size,), optional
        Where to put the product; may be N itself.

    Returns
    -------
    ndarray, shape (size,)
        Pivot blocks in both triangles, if N has them so or the factor is not diagonal.
    """
    out = np.empty_like(store) if out is None else out
    if isinstance(factor, np.ndarray):
        ordered = factor[fronts.order]
        for f in fronts.fronts:
            own, pivots, border = ordered[f.start : f.stop], f.pivots_of(out), f.border_of(out)
            np.multiply(f.pivots_of(store), own, out=pivots)
            pivots *= own[:, None]
            np.multiply(f.border_of(store), own, out=border)
            border *= ordered[f.border][:, None]
        return out
    blocks = _by_step(fronts, factor)
    for f in fronts.fronts:
        left, full = blocks[f.start : f.stop, f.start : f.stop].T, f.pivots_of(store).copy()
        mirror(full)
        f.pivots_of(out)[...] = left @ (left @ full).T
        if len(f.border):
            f.border_of(out)[...] = (left @ (blocks[f.border][:, f.border].T @ f.border_of(store)).T).T
    return out


def mixed_sandwich(
    fronts: Fronts, store: np.ndarray, left: np.ndarray | sparse.sparray, right: np.ndarray | sparse.sparray
) -> np.ndarray:
    """Multiply ``left' N right + right' N left``.

    Parameters
    ----------
    fronts : Fronts
    store : ndarray, shape (size,)
        N.
    left, right : ndarray, shape (m,), or sparse array, shape (m, m)
        Both diagonal, or both with blocks on their diagonals as in `sandwich`.

    Returns
    -------
    ndarray, shape (size,)
        Pivot blocks in both triangles.
    """
    out = np.empty_like(store)
    diagonal = isinstance(left, np.ndarray)
    a, b = (m[fronts.order] if diagonal else _by_step(fronts, m) for m in (left, right))
    for f in fronts.fronts:
        own, full, border = slice(f.start, f.stop), f.pivots_of(store).copy(), f.border_of(store)
        mirror(full)
        if diagonal:
            f.pivots_of(out)[...] = full * (np.outer(a[own], b[own]) + np.outer(b[own], a[own]))
            f.border_of(out)[...] = border * (np.outer(a[f.border], b[own]) + np.outer(b[f.border], a[own]))
            continue
        mine = [m[own, own].T for m in (a, b)]
        half = mine[0] @ (mine[1] @ full).T
        f.pivots_of(out)[...] = half + half.T
        if len(f.border):
            above = [m[f.border][:, f.border].T @ border for m in (a, b)]
            f.border_of(out)[...] = (mine[1] @ above[0].T).T + (mine[0] @ above[1].T).T
    return out


def inner_product(fronts: Fronts, a: np.ndarray, b: np.ndarray) -> float:
    """Sum of the products of all entries of two matrices, shapes (size,): the trace of their product."""
    total = 0.0
    for f in fronts.fronts:
        product = f.pivots_of(a) * f.pivots_of(b)
        total += 2.0 * float(np.tril(product, -1).sum()) + float(product.diagonal().sum())
        total += 2.0 * float(f.border_of(a).ravel("K") @ f.border_of(b).ravel("K"))
    return total


def add_product(fronts: Fronts, store: np.ndarray, columns: np.ndarray, sign: float = 1.0) -> None:
    """Add ``sign * columns columns'`` on the pattern of the fronts, in place, for (m, k) columns."""
    ordered = np.asfortranarray(columns[fronts.order])
    for f in fronts.fronts:
        own = ordered[f.start : f.stop]
        blas.dgemm(sign, own, own, beta=1.0, c=f.pivots_of(store), trans_b=1, overwrite_c=1)
        if len(f.border):
            blas.dgemm(sign, ordered[f.border], own, beta=1.0, c=f.border_of(store), trans_b=1, overwrite_c=1)


def times(fronts: Fronts, store: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Multiply N with (m, k) columns."""
    ordered = columns[fronts.order]
    out = np.zeros_like(ordered)
    for f in fronts.fronts:
        own, border = ordered[f.start : f.stop], f.border_of(store)
        out[f.start : f.stop] += blas.dsymm(1.0, f.pivots_of(store), own, lower=1)
        if len(border):
            out[f.start : f.stop] += border.T @ ordered[f.border]
            out[f.border] += border @ own
    return out[fronts.step]


def projections(fronts: Fronts, store: np.ndarray, factor: np.ndarray | sparse.sparray) -> np.ndarray:
    """Find entries of ``S - S T (T' S T + I)^-1 T' S`` without dividing by T, which may be singular.

    With ``M = T (T' S T + I)^-1 T'`` they are those of ``S - S M S``. For a front, let S be its pivots' block and A'
    its border, both after the elimination of the fronts below, ``E = T (T' S T + I)^-1 T'`` of its pivots alone, and W
    the border's block of M. As in the inverse of a matrix in four blocks, the border's rows of M are ``-W A' E``, and
    the pivots' block is ``E + E Q E`` with ``Q = A W A'``. Put into ``S - S M S``, the pivots' block of that is
    ``(I - S E) S - (I - S E) Q (I - S E)'``.

    Parameters
    ----------
    fronts : Fronts
    store : ndarray, shape (size,)
        S.
    factor : ndarray, shape (m,), or sparse array, shape (m, m)
        T, diagonal or with blocks on its diagonal for units of columns that are eliminated together.

    Returns
    -------
    ndarray, shape (size,)
        Pivot blocks only, in both triangles: they hold the diagonal, and the blocks of units. Border blocks are zero.

    Raises
    ------
    FitError
        When ``T' S T + I`` is not positive definite to working precision.
    """
    scale = sparse.diags_array(factor) if isinstance(factor, np.ndarray) else factor
    ordered = _by_step(fronts, scale)
    work, roots = store.copy(), []
    updates: dict[int, np.ndarray] = {}
    for k, f in enumerate(fronts.fronts):
        s, border = f.pivots_of(work), f.border_of(work)
        mirror(s)
        t = ordered[f.start : f.stop, f.start : f.stop].T
        inner = np.asfortranarray(t @ (t @ s).T)
        inner[np.diag_indices_from(inner)] += 1.0
        lower, info = lapack.dpotrf(inner, lower=1, overwrite_a=1)
        if info:
            raise FitError(NOT_POSITIVE)
        roots.append(lapack.dtrtrs(lower, _dense(t), lower=1, overwrite_b=1)[0])
        if len(border):
            update = blas.dsyrk(-1.0, border @ roots[k].T, lower=1)
            if k in updates:
                update += updates.pop(k)
            pass_on(f, update, fronts.fronts[f.parent], work, updates)
    return _project(fronts, work, roots)


def _project(fronts: Fronts, work: np.ndarray, roots: list[np.ndarray]) -> np.ndarray:
    """Go back through the fronts: the blocks of M for pivots and border, and the projections of the pivots.

    `roots` holds H with ``E = H'H`` for each front: ``half = H S``, so that ``S E S = half' half``.
    """
    out = np.zeros_like(work)
    whole: dict[int, np.ndarray] = {}
    waiting = fronts.children
    for k in range(len(fronts.fronts) - 1, -1, -1):
        f, root = fronts.fronts[k], roots.pop()
        s, border = f.pivots_of(work), f.border_of(work)
        half = root @ s
        f.pivots_of(out)[...] = s - half.T @ half
        if not len(border):
            whole[k] = root.T @ root if waiting[k] else root
            continue
        later = whole[f.parent][f.inner][:, f.inner]
        through = later @ border
        spread = border.T @ through
        shrunk = spread - half.T @ (root @ spread)
        f.pivots_of(out)[...] -= shrunk - (shrunk @ root.T) @ half
        if waiting[k]:
            e = root.T @ root
            across = -through @ e
            whole[k] = np.block([[e + e @ spread @ e, across.T], [across, later]])
        waiting[f.parent] -= 1
        if not waiting[f.parent]:
            del whole[f.parent]
    return out


def _by_step(fronts: Fronts, factor: sparse.sparray) -> sparse.csr_array | np.ndarray:
    """Rows and columns of a matrix in the order of elimination; dense where it is small."""
    if fronts.width <= DENSE_WIDTH:
        return np.asarray(factor.toarray()[fronts.order[:, None], fronts.order])
    return sparse.csr_array(factor)[fronts.order][:, fronts.order]


def _dense(block: sparse.sparray | np.ndarray) -> np.ndarray:
    """A matrix of its own, column by column."""
    return np.array(block, order="F") if isinstance(block, np.ndarray) else block.toarray(order="F")
