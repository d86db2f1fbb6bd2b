"""Cholesky factors of small positive definite matrices, one a level, all at once.

Arrays have the levels last, shapes (q, q, J), as in `mlm.likelihood.level_matrices`: loops run over rows and columns.
"""

from __future__ import annotations

import numpy as np

from ..errors import FitError

__all__ = ["NOT_POSITIVE", "congruent", "inverse_of_root", "level_cholesky", "transposed_product"]

NOT_POSITIVE = "The system of the random effects is not positive definite."


def level_cholesky(h: np.ndarray) -> np.ndarray:
    """Lower Cholesky factors of symmetric matrices, shape (q, q, J).

    Raises
    ------
    FitError
        When one of them is not positive definite.

    Examples
    --------
    >>> level_cholesky(np.array([[4.0, 2.0], [2.0, 5.0]])[:, :, None])[:, :, 0]
    array([[2., 0.],
           [1., 2.]])
    """
    q, root = len(h), np.zeros(h.shape)
    for j in range(q):
        pivot = h[j, j] - (np.einsum("kj,kj->j", root[j, :j], root[j, :j]) if j else 0.0)
        if not np.minimum.reduce(pivot) > 0.0:
            raise FitError(NOT_POSITIVE)
        root[j, j] = np.sqrt(pivot)
        for i in range(j + 1, q):
            rest = h[i, j] - (np.einsum("kj,kj->j", root[i, :j], root[j, :j]) if j else 0.0)
            root[i, j] = rest / root[j, j]
    return root


def inverse_of_root(root: np.ndarray) -> np.ndarray:
    """Inverses of lower triangular matrices, shape (q, q, J)."""
    q, out = len(root), np.zeros(root.shape)
    for j in range(q):
        out[j, j] = 1.0 / root[j, j]
        for i in range(j + 1, q):
            out[i, j] = -np.einsum("kj,kj->j", root[i, j:i], out[j:i, j]) / root[i, i]
    return out


def congruent(left: np.ndarray, blocks: np.ndarray, right: np.ndarray) -> np.ndarray:
    """``left blocks right'`` with the same matrices (a, i) and (b, k) for all blocks (i, k, J): shape (a, b, J)."""
    if left.shape == right.shape == (1, 1):
        return (left[0, 0] * right[0, 0]) * blocks
    half = (left @ blocks.reshape(len(blocks), -1)).reshape(len(left), *blocks.shape[1:])
    return np.matmul(right, half)


def transposed_product(root: np.ndarray, other: np.ndarray) -> np.ndarray:
    """``root' other`` level by level: (k, i, J) with (k, l, J) gives (i, l, J)."""
    return root * other if root.shape[:2] == (1, 1) else np.einsum("kij,klj->ilj", root, other)
