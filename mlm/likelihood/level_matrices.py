"""Small matrices, one per level, worked on all at once.

Arrays have the levels last, shapes (rows, columns, J): rows and columns are few and J is large, so that the loops
run over rows and columns and the arithmetic over the levels.
"""

from __future__ import annotations

import numpy as np

__all__ = [
    "add_transposed",
    "apply",
    "eliminate",
    "inverses_of_two",
    "level_inverses",
    "level_roots",
    "level_traces",
    "multiply",
    "outer",
    "shortened",
    "sum_by",
    "summed_products",
]

COFACTOR_SIGNS = np.array([[1.0, -1.0], [-1.0, 1.0]])[:, :, None]


def multiply(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Multiply level by level: (i, k, J) with (k, l, J) gives (i, l, J)."""
    if a.shape[1] == 1:
        return a * b
    return np.einsum("ikj,klj->ilj", a, b)


def apply(a: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Multiply matrices (i, k, J) with vectors (k, J): shape (i, J)."""
    return a[:, 0] * x if a.shape[1] == 1 else np.einsum("ikj,kj->ij", a, x)


def outer(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Multiply (i, k, J) with the transpose of (l, k, J): shape (i, l, J)."""
    return np.einsum("ikj,lkj->ilj", a, b)


def add_transposed(half: np.ndarray) -> np.ndarray:
    """Add to each matrix its transpose."""
    return half + half.transpose(1, 0, 2)


def sum_by(index: np.ndarray, values: np.ndarray, size: int) -> np.ndarray:
    """Add up values, shape (..., J), by an index of shape (J,): shape (..., size)."""
    flat = values.reshape(-1, values.shape[-1])
    return np.stack([np.bincount(index, row, minlength=size) for row in flat]).reshape(*values.shape[:-1], size)


def summed_products(rows: np.ndarray) -> np.ndarray:
    """Sum the products of columns over all rows and levels, of shape (q, k, J): shape (k, k)."""
    flat = rows.transpose(1, 0, 2).reshape(rows.shape[1], -1)
    return flat @ flat.T


def level_roots(t: np.ndarray, zz: np.ndarray) -> tuple[np.ndarray, float]:
    """Factor the system of each level of a grouping factor.

    Parameters
    ----------
    t : ndarray, shape (q, q)
    zz : ndarray, shape (q, q, J)

    Returns
    -------
    root : ndarray, shape (q, q, J)
        ``L_j^-1 T'`` with ``L_j L_j' = T' Z_j'Z_j T + I``.
    log_det : float
        Sum of ``log |L_j L_j'|``.
    """
    q = len(t)
    if q == 1:
        square = 1.0 + t[0, 0] ** 2 * zz[0]
        return (t[0, 0] / np.sqrt(square))[None], float(np.add.reduce(np.log(square[0])))
    rows = np.empty((q, 2 * q, zz.shape[2]))
    np.matmul(t.T, (t.T @ zz.reshape(q, -1)).reshape(zz.shape), out=rows[:, :q])
    rows[:, q:] = t.T[:, :, None]
    log_det = eliminate(rows)
    return rows[:, q:], log_det


def level_inverses(a: np.ndarray) -> np.ndarray:
    """Invert symmetric positive definite matrices, shape (q, q, J); one that is not has no finite inverse."""
    if len(a) == 2:
        return inverses_of_two(a)[0]
    rows = np.concatenate([a, np.broadcast_to(np.eye(len(a))[:, :, None], a.shape)], axis=1)
    eliminate(rows, 0.0)
    root = rows[:, len(a) :]
    return multiply(root.transpose(1, 0, 2), root)


def inverses_of_two(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Invert matrices of an intercept and a slope, the most usual case, by their cofactors.

    Parameters
    ----------
    a : ndarray, shape (2, 2, J)
        With positive determinants; of one that has none, no finite inverse is returned.

    Returns
    -------
    inverses : ndarray, shape (2, 2, J)
        Transposed.
    determinants : ndarray, shape (J,)
    """
    determinants = np.maximum(a[0, 0] * a[1, 1] - a[0, 1] * a[1, 0], 0.0)
    return COFACTOR_SIGNS * a[::-1, ::-1] / determinants, determinants


def eliminate(rows: np.ndarray, added: float = 1.0) -> float:
    """Factor ``A_j + I = L_j L_j'`` and multiply with ``L_j^-1`` from the left, level by level and in place.

    Parameters
    ----------
    rows : ndarray, shape (q, q + k, J)
        ``[A, C]`` with a symmetric A. C is overwritten with ``L^-1 C``, and A on and above its diagonal with ``L'``.
    added : float
        What is added to the diagonal of A.

    Returns
    -------
    float
        Sum of ``log |A_j + I|``.
    """
    determinant: float | np.ndarray = 1.0
    for i, row in enumerate(rows):
        pivot = row[i]
        pivot += added
        np.sqrt(pivot, out=pivot)
        row[i + 1 :] /= pivot
        for r in range(i + 1, len(rows)):
            rows[r, r:] -= row[r] * row[r:]
        determinant = pivot if i == 0 else determinant * pivot
    return 2.0 * float(np.add.reduce(np.log(determinant)))


def shortened(outside: np.ndarray, t: np.ndarray, change: np.ndarray) -> np.ndarray:
    """``sum_j f_j' S f_j`` of columns f, shape (q, k, J), for the change S of Sigma with this change of T: (k, k)."""
    change = t @ change.T + change @ (t + change).T
    changed = (change @ outside.reshape(len(t), -1)).reshape(outside.shape)
    return np.asarray(sum([row @ other.T for row, other in zip(outside, changed, strict=True)]))


def level_traces(change: np.ndarray, k: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Traces ``sum_j tr(K_j S_x M_j S_y)`` of two matrices a level with changes of Sigma between them.

    Parameters
    ----------
    change : ndarray, shape (m, q, q)
        The changes S, symmetric.
    k, other : ndarray, shape (q, q, J)
        K and M, symmetric.

    Returns
    -------
    ndarray, shape (m, m)
        ``S_x[a, b] K[b, c] S_y[c, d] M[d, a]`` summed over levels and indices, which is ``tr(K S_x M S_y)`` read the
        other way round. The sums over levels of ``K[b, c] M[d, a]`` are found first, once for all pairs of changes, as
        a matrix with rows (a, b) and columns (c, d).
    """
    q, flat = len(k), change.reshape(len(change), k.shape[0] ** 2)
    products = (k.reshape(q * q, -1) @ other.reshape(q * q, -1).T).reshape(q, q, q, q)  # [b, c, d, a]
    return flat @ products.transpose(3, 0, 1, 2).reshape(q * q, q * q) @ flat.T
