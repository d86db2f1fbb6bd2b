"""Which columns of a matrix depend on the columns to their left."""

from __future__ import annotations

import numpy as np
from scipy import linalg

# Columns among which each new one tells whether they depend: with a ten-millionth new in each, so few stay far from
# singular to rounding. And from what ratio of singular values on they are singular: some hundred roundings of a float.
FEW, SINGULAR = 20, 1e-13

__all__ = ["dependent_columns"]


def dependent_columns(matrix: np.ndarray, tolerance: float = 1e-7, least: np.ndarray | None = None) -> list[int]:
    """Positions of the columns that depend linearly on columns to their left.

    Parameters
    ----------
    matrix : ndarray, shape (n, p)
    tolerance : float
        A column counts as dependent when less than this share of its length is new (R's `lm` uses 1e-7).
    least : ndarray, shape (p,), optional
        Length of what is new of each column that is rounding: of columns that were shifted, it is that of their
        numbers before.

    Examples
    --------
    >>> dependent_columns(np.array([[1.0, 2.0, 0.0], [1.0, 2.0, 1.0], [1.0, 2.0, 5.0]]))
    [1]
    """
    # divided by its largest element first, a column's squares can neither overflow nor vanish
    largest = np.maximum.reduce(np.abs(matrix), axis=0, initial=0.0)
    scaled = matrix / np.where(largest > 0, largest, 1.0)
    length = np.sqrt(np.einsum("ij,ij->j", scaled, scaled))
    scaled /= np.where(length > 0, length, 1.0)
    smallest = np.full(len(length), tolerance)
    if least is not None:
        smallest = np.maximum(smallest, least / np.where(length > 0, largest * length, 1.0))
    rest = np.asarray(np.linalg.qr(scaled, mode="r"))
    dropped: list[int] = []
    for k in range(rest.shape[1]):
        # rows from `rank` on hold what is new beside the columns kept; in this column, nothing stands below row k
        rank = k - len(dropped)
        new = rest[rank : k + 1, k].copy()
        size = float(np.sqrt(new @ new))
        if size < smallest[k]:
            dropped.append(k)
        elif len(new) > 1:  # reflect it onto row `rank` (Householder), and the columns to its right with it
            new[0] += np.copysign(size, new[0])
            right = rest[rank : k + 1, k + 1 :]
            right -= np.outer(new * (2.0 / (new @ new)), new @ right)
    return dropped if rest.shape[1] - len(dropped) <= FEW else _and_together(rest, dropped)


def _and_together(rest: np.ndarray, dropped: list[int]) -> list[int]:
    """Add the columns that depend on others by many small steps: each brings something new, and all together do not.

    Splines with more columns than their numbers can tell apart do so. As many columns are dropped as singular values
    are zero to rounding: those that weigh most in their vectors, from the right where some weigh the same. `rest` holds
    the triangle of a QR decomposition, but for the diagonal: there, and below, stand the vectors that were reflected.
    """
    kept = sorted(set(range(rest.shape[1])) - set(dropped))
    triangle = np.triu(rest[: len(kept), kept])
    for rank, k in enumerate(kept):
        if k > rank:  # a reflection gave it the opposite sign
            triangle[rank, rank] = -np.copysign(np.linalg.norm(rest[rank : k + 1, k]), rest[rank, k])
    inverse, zero = linalg.lapack.dtrtri(triangle)
    if not zero and np.linalg.norm(triangle, 1) * np.linalg.norm(inverse, 1) * SINGULAR < 1.0:
        return dropped
    while True:
        _, values, vectors = np.linalg.svd(triangle)
        null = vectors[values <= SINGULAR * values[0]]
        if not len(null):
            return sorted(set(range(rest.shape[1])) - set(kept))
        order = linalg.qr(null[:, ::-1], mode="r", pivoting=True)[1]
        out = len(kept) - 1 - order[: len(null)]
        kept = np.delete(kept, out).tolist()
        triangle = np.asarray(np.linalg.qr(np.delete(triangle, out, axis=1), mode="r"))
