"""Which two of many effects add up to a wanted one, without trying all pairs.

Every effect, a vector of integers, is hashed to 64 bits by a *linear* hash, ``hash(a + b) = hash(a) + hash(b)`` modulo
2**64. So b is the partner of a if its hash is that of the wanted sum less that of a. The hashes are sorted and the
partners found by bisection: m effects take m log m steps instead of m squared. Equal hashes may be chance, so the sum
itself is looked at in the end.
"""

from __future__ import annotations

import numpy as np
from numpy.random import RandomState

MOST_COLUMNS = 64  # product columns of a block; the widest has 9
# odd, hence invertible modulo 2**64; another seed would give other twins, as good
_MULTIPLIERS = RandomState(77).randint(1, 2**62, size=MOST_COLUMNS).astype(np.uint64) * np.uint64(2) + np.uint64(1)


def linear_hash(effects: np.ndarray) -> np.ndarray:
    """Integer vectors (m, k) -> uint64 (m,), linear modulo 2**64."""
    effects = np.atleast_2d(effects)
    return (effects.astype(np.uint64) * _MULTIPLIERS[: effects.shape[1]]).sum(axis=1, dtype=np.uint64)


def look_up(hashes: np.ndarray, wanted: np.ndarray, rs: RandomState) -> tuple[np.ndarray, np.ndarray]:
    """For each wanted hash one entry of ``hashes`` equal to it, drawn at random among equals.

    Returns
    -------
    found, partner : int arrays
        Positions in ``wanted`` that have a match, and the position of the match in ``hashes``.
    """
    order = np.argsort(hashes, kind="stable")
    ordered = hashes[order]
    low, high = np.searchsorted(ordered, wanted, "left"), np.searchsorted(ordered, wanted, "right")
    found = np.flatnonzero(high > low)
    pick = low[found] + (rs.rand(len(found)) * (high[found] - low[found])).astype(int)
    return found, order[pick]


def partners(
    first: np.ndarray, second: np.ndarray, wanted: np.ndarray, rs: RandomState
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of effects, one of each table, that add up to ``wanted``: at most one for each effect of ``first``.

    Parameters
    ----------
    first, second : int64 arrays (m, k), (m', k)
    wanted : int64 array (k,)
    rs : RandomState
        Draws among several partners.

    Returns
    -------
    a, b : int arrays
        Positions in ``first`` and in ``second``.
    """
    hashes = linear_hash(second)
    a, b = look_up(hashes, linear_hash(wanted)[0] - (hashes if first is second else linear_hash(first)), rs)
    exact = (first[a] + second[b] == wanted).all(axis=1)
    return a[exact], b[exact]
