"""Cells: the combinations of two grouping factors' levels that occur in the data."""

from __future__ import annotations

import numpy as np

__all__ = ["cells"]

FEW = 4  # combinations a row up to which all are counted, whether they occur or not
DIGIT = 16  # bits that NumPy sorts by counting, in time linear in the rows


def cells(first: np.ndarray, second: np.ndarray, levels: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the cells of a two-way table that have rows.

    Parameters
    ----------
    first, second : ndarray of int, shape (n,)
        Level of each row in the two factors, from 0.
    levels : (int, int)
        How many levels they have.

    Returns
    -------
    first_levels, second_levels : ndarray of int, shape (m,)
        Of each cell, sorted by the first, then by the second.
    cell : ndarray of int, shape (n,)
        Which cell each row is in.

    Examples
    --------
    >>> import numpy as np
    >>> cells(np.array([1, 0, 1, 1]), np.array([2, 0, 0, 2]), (2, 3))
    (array([0, 1, 1]), array([0, 0, 2]), array([2, 0, 1, 2]))
    """
    key = first * levels[1] + second
    if levels[0] * levels[1] <= FEW * len(key):
        seen = np.zeros(levels[0] * levels[1], dtype=bool)
        seen[key] = True
        present, cell = np.flatnonzero(seen), (np.cumsum(seen) - 1)[key]
    else:
        order = _sorted_order(key, levels[0] * levels[1])
        key = key[order]
        starts = np.append(True, key[1:] != key[:-1])
        present, cell = key[starts], np.empty(len(key), dtype=np.intp)
        cell[order] = np.cumsum(starts) - 1
    return *np.divmod(present, levels[1]), cell


def _sorted_order(key: np.ndarray, size: int) -> np.ndarray:
    """Order in which keys below `size` are sorted: digit by digit, from the last to the first."""
    order = np.argsort(key.astype(np.uint16), kind="stable")
    for shift in range(DIGIT, int(size - 1).bit_length(), DIGIT):
        order = order[np.argsort((key[order] >> shift).astype(np.uint16), kind="stable")]
    return order
