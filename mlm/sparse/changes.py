"""How the selected inverse of a sparse symmetric matrix changes with the matrix, front by front.

A change ``dN`` of the matrix N, on its pattern, changes the inverse by ``-N^-1 dN N^-1``. The entries of this that
stand on the pattern of the factor follow from differentiating what `cholesky` does, up and down the tree of fronts. For
a front with pivots' block ``P`` and border ``A``, both with the updates of its children, let ``D = P^-1`` and
``G = A D``. Elimination leaves the update ``-G A'``, and with the border's block Z of the inverse, the inverse has
``-Z G`` in the border's rows and ``D + G' Z G`` in the pivots' block. So, with ``dG = (dA - G dP) D``,

- the update changes by ``-(dA G' + G dA' - G dP G')``
- the border's rows of the inverse change by ``-dZ G - Z dG``
- its pivots' block changes by ``-D dP D + dG' Z G + G' Z dG + G' dZ G``.

In the notation of automatic differentiation this is the forward mode applied to the factorisation and to the recursion
of Takahashi (Smith 1995, J. Comput. Graph. Stat. 4, 134-147).
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import blas, lapack

from .cholesky import Factor, mirror, pass_on
from .fronts import Front, Fronts

__all__ = ["inverse_change", "log_det_curvature"]

# Columns of a symmetric product that are formed at a time, from their diagonal downwards: few calls, and little is
# formed above the diagonal. Measured on 1,850 columns: 0.64 s, and 0.80 s all at once.
COLUMNS = 256

# Pairs of entries of changes, as a share of the products that dense ones take, up to which they are taken one by one.
# Measured with seven changes of 299 entries in 181 columns: 2.6 ms, and 7.9 ms as dense matrices.
PAIRED_SHARE = 0.1

Block = tuple[np.ndarray, np.ndarray]  # of the inverse, and its change


def inverse_change(factor: Factor, inverse: np.ndarray, change: np.ndarray) -> np.ndarray:
    """Entries of ``-N^-1 dN N^-1`` at the places of the store.

    Parameters
    ----------
    factor : Factor
        Of N.
    inverse : ndarray, shape (size,)
        What ``factor.inverse()`` gives.
    change : ndarray, shape (size,)
        dN: its lower triangles count.

    Returns
    -------
    ndarray, shape (size,)
        Pivot blocks in both triangles.
    """
    fronts = factor.fronts.fronts
    work = change.copy()
    if len(fronts) == 1:
        _between(fronts[0].pivots_of(inverse), fronts[0].pivots_of(work))
        return work
    slopes = _forward(factor, work)
    around: dict[int, Block] = {}
    waiting = factor.fronts.children
    for k in range(len(fronts) - 1, -1, -1):
        f = fronts[k]
        later = None
        if len(f.border):
            later = tuple(block[f.inner][:, f.inner] for block in around[f.parent])
        found = _back(f, factor.store, inverse, work, slopes.pop(), later)
        if waiting[k]:
            around[k] = found
        if f.parent >= 0:
            waiting[f.parent] -= 1
            if not waiting[f.parent]:
                del around[f.parent]
    return work


def log_det_curvature(factor: Factor, inverse: np.ndarray, changes: list[np.ndarray]) -> np.ndarray:
    """Second derivatives of ``log |N|`` along changes of N: ``-tr(N^-1 dN N^-1 dN)`` of each two.

    Parameters
    ----------
    factor : Factor
        Of N.
    inverse : ndarray, shape (size,)
        What ``factor.inverse()`` gives.
    changes : list of ndarray, shape (size,)
        m changes: their lower triangles count.

    Returns
    -------
    ndarray, shape (m, m)
    """
    fronts = factor.fronts
    if not fronts.dense:
        turned = [fronts.counts * inverse_change(factor, inverse, change) for change in changes]
        return np.array(turned) @ np.array(changes).T
    return -_traces(fronts, inverse, changes)


def _traces(fronts: Fronts, inverse: np.ndarray, changes: list[np.ndarray]) -> np.ndarray:
    """``tr(P dN P dN)`` of each two changes, with P the inverse of one dense matrix: shape (m, m)."""
    width, stacked = fronts.width, np.array(changes)
    at = np.flatnonzero(fronts.counts * np.abs(stacked).sum(axis=0))
    if len(at) ** 2 < PAIRED_SHARE * width**3:
        row, column = np.divmod(at, width)
        of_rows, of_columns = (inverse.reshape(width, width).take(each, axis=0) for each in (row, column))
        across = of_rows.take(column, axis=1)
        between = of_rows.take(row, axis=1) * of_columns.take(column, axis=1) + across * across.T
        few = fronts.counts[at] * stacked[:, at]
        return np.asarray(0.5 * few @ between @ few.T)
    whole = stacked.reshape(-1, width, width).transpose(0, 2, 1).copy()
    for each in whole:
        mirror(each)
    halves = inverse.reshape(width, width) @ whole
    return np.asarray(halves.reshape(len(changes), -1) @ halves.transpose(0, 2, 1).reshape(len(changes), -1).T)


def _between(inverse: np.ndarray, change: np.ndarray) -> None:
    """Turn the change of one dense matrix into that of its inverse, in place; its lower triangle, then both."""
    mirror(change)
    half = inverse @ change
    for start in range(0, len(half), COLUMNS):
        stop = start + COLUMNS
        change[start:, start:stop] = -(half[start:] @ inverse[:, start:stop])
    mirror(change)


def _forward(factor: Factor, work: np.ndarray) -> list[np.ndarray]:
    """Add to each front's change those of the updates it receives, in place; also G of each front, shapes (b, n)."""
    updates: dict[int, np.ndarray] = {}
    slopes = []
    for k, f in enumerate(factor.fronts.fronts):
        pivots, border = f.pivots_of(work), f.border_of(work)
        mirror(pivots)
        slopes.append(np.empty((0, f.stop - f.start)))
        if not len(f.border):
            continue
        # the factor's border is A L^-T, so that G is that times L^-1
        g = slopes[k] = blas.dtrsm(1.0, f.pivots_of(factor.store), f.border_of(factor.store), side=1, lower=1)
        half = (border - 0.5 * (g @ pivots)) @ g.T
        update = np.asfortranarray(-(half + half.T))
        if k in updates:
            update += updates.pop(k)
        pass_on(f, update, factor.fronts.fronts[f.parent], work, updates)
    return slopes


def _back(
    f: Front, store: np.ndarray, inverse: np.ndarray, work: np.ndarray, g: np.ndarray, later: Block | None
) -> Block:
    """Turn a front's change of the matrix into that of the inverse, in place; returns the front's whole blocks."""
    pivots, border = f.pivots_of(work), f.border_of(work)
    d = f.pivots_of(store).copy(order="F")
    lapack.dtrtri(d, lower=1, overwrite_c=1)
    lapack.dlauum(d, lower=1, overwrite_c=1)
    mirror(d)
    own = f.pivots_of(inverse)
    if later is None:
        pivots[...] = -(d @ pivots @ d)
        return own, pivots
    z, dz = later
    dg = (border - g @ pivots) @ d
    across, beside = f.border_of(inverse), dz @ g
    half = dg.T @ across  # across is -Z G
    pivots[...] = g.T @ beside - d @ pivots @ d - half - half.T
    border[...] = -beside - z @ dg
    return np.block([[own, across.T], [across, z]]), np.block([[pivots, border.T], [border, dz]])
