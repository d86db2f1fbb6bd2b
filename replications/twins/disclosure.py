"""How coarsely a small group's cross-product must be told so that it does not give the pairing away.

A group of n rows with columns x and y has at most ``n! / (ties)`` distinct pairings. Their products sum(x
y) spread roughly like a normal variable, so a product known to a width w leaves about ``pairings * w /
(sqrt(2 pi e) sd)`` of them. `rounding_width` widens w until at least 2**bits pairings remain. This is a
heuristic, not a guarantee.
"""

from __future__ import annotations

import math

import numpy as np

NORMAL_ENTROPY_WIDTH = math.sqrt(2 * math.pi * math.e)  # a normal variable with sd 1 has log2(this) bits at width 1
WIDEN = 10**0.5


def pairing_bits(counts: list[int]) -> float:
    """log2 of the number of distinct orders of a multiset with these counts."""
    ways = math.lgamma(sum(counts) + 1) - sum(math.lgamma(count + 1) for count in counts)
    return ways / math.log(2)


def told_bits(sd: float, width: float) -> float:
    """Bits that a sum with standard deviation sd over pairings gives away when told to a width."""
    return math.log2(max(NORMAL_ENTROPY_WIDTH * sd / width, 1.0))


def pairing_sd(x: np.ndarray, y: np.ndarray) -> float:
    """Return the standard deviation of sum(x y) over random pairings of the two columns."""
    spread = ((x - x.mean()) ** 2).sum() * ((y - y.mean()) ** 2).sum()
    return math.sqrt(spread / (len(x) - 1)) if len(x) > 1 else 0.0


def rounding_width(x: np.ndarray, y: np.ndarray, width: float, bits: float) -> float | None:
    """Width to which sum(x y) may be told, at least ``width``; None when it may not be told at all.

    Parameters
    ----------
    x, y : arrays (n,)
        The two columns of the group, in their own units.
    width : float
        Finest width wanted, in units of x times y.
    bits : float
        log2 of the number of pairings that must remain possible.
    """
    pairings = min(pairing_bits(np.unique(column, return_counts=True)[1].tolist()) for column in (x, y))
    if pairings < bits:
        return None
    sd = pairing_sd(x, y)
    while width < 2 * sd and pairings - told_bits(sd, width) < bits:
        width *= WIDEN
    return width if width < 2 * sd else None
