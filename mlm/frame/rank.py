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
    length = np.sqrt(np.einsum("ij,ij->j", matrix, matrix))
    kept = list(range(matrix.shape[1]))
    dropped: list[int] = []
    while kept:
        scaled = matrix[:, kept] / np.where(length[kept] > 0, length[kept], 1.0)
        diagonal = np.zeros(len(kept))
        r = np.asarray(np.linalg.qr(scaled, mode="r"))
        diagonal[: r.shape[0]] = np.abs(np.diag(r))
        small = np.flatnonzero(diagonal < tolerance)
        if not len(small):
            break
        dropped.append(kept.pop(int(small[0])))
    return sorted(dropped)
