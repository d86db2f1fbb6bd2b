"""Which columns of a matrix depend on the columns to their left."""

from __future__ import annotations

import numpy as np
from scipy import linalg

# Columns among which each new one tells whether they depend: with a ten-millionth new in each, so few stay far from
# singular to rounding. And from what ratio of singular values on they are singular: some hundred roundings of a float.
FEW, SINGULAR = 20, 1e-13

__all__ = ["dependent_columns"]


def dependent_columns(matrix: np.ndarray, tolerance: float = 1e-7) -> list[int]:
    """Positions of the columns that depend linearly on columns to their left.

    Parameters
    ----------
    matrix : ndarray, shape (n, p)
    tolerance : float
        A column counts as dependent when less than this share of its length is new (R's `lm` uses 1e-7).

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
    rest = np.asarray(np.linalg.qr(scaled, mode="r"))
    dropped: list[int] = []
    sizes: list[float] = []  # of what is new in the columns kept, with the signs of the diagonal
    for k in range(rest.shape[1]):
        # rows from `rank` on hold what is new beside the columns kept; in this column, nothing stands below row k
        rank = k - len(dropped)
        new = rest[rank : k + 1, k].copy()
        size = float(np.sqrt(new @ new))
        if size < tolerance:
            dropped.append(k)
            continue
        sizes.append(-float(np.copysign(size, new[0])) if len(new) > 1 else float(new[0]))
        if len(new) > 1:  # reflect it onto row `rank` (Householder), and the columns to its right with it
            new[0] += np.copysign(size, new[0])
            right = rest[rank : k + 1, k + 1 :]
            right -= np.outer(new * (2.0 / (new @ new)), new @ right)
    return dropped if len(sizes) <= FEW else _and_together(rest, sizes, dropped)


def _and_together(rest: np.ndarray, sizes: list[float], dropped: list[int]) -> list[int]:
    """Add the columns that depend on others by many small steps: each brings something new, and all together do not.

    Splines with more columns than their numbers can tell apart do so. `rest` holds the triangle of a QR decomposition,
    whose diagonal are the `sizes`; a column of the last singular vector is dropped, the rightmost of those that weigh.
    """
    kept = [k for k in range(rest.shape[1]) if k not in set(dropped)]
    triangle = np.triu(rest[: len(kept), kept], 1) + np.diag(sizes)
    if linalg.lapack.dtrcon(triangle)[0] > SINGULAR:
        return dropped
    while True:
        _, values, vectors = np.linalg.svd(triangle)
        if values[-1] > SINGULAR * values[0]:
            return sorted(set(range(rest.shape[1])) - set(kept))
        weight = np.abs(vectors[-1])
        place = int(np.flatnonzero(weight > weight.max() / 2)[-1])
        del kept[place]
        triangle = np.asarray(np.linalg.qr(np.delete(triangle, place, axis=1), mode="r"))
