"""Which columns of a matrix depend on the columns to their left."""

from __future__ import annotations

import numpy as np

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
    for k in range(rest.shape[1]):
        # rows from `rank` on hold what is new beside the columns kept; in this column, nothing stands below row k
        rank = k - len(dropped)
        new = rest[rank : k + 1, k].copy()
        size = float(np.sqrt(new @ new))
        if size < tolerance:
            dropped.append(k)
        elif len(new) > 1:  # reflect it onto row `rank` (Householder), and the columns to its right with it
            new[0] += np.copysign(size, new[0])
            right = rest[rank : k + 1, k + 1 :]
            right -= np.outer(new * (2.0 / (new @ new)), new @ right)
    return dropped
