"""Permutations of the values of a few rows: what reaches more than exchanges do, where rows are few.

Two sets of eight rows have 8! times 8! permutations between them, and the effects of two sets add up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import RandomState

from replications.twins.swapping.pairing import Pairing


@dataclass(frozen=True)
class Permuted:
    """Random orders of the values of a few rows, the order as it stands first.

    Attributes
    ----------
    rows : int array (h,)
    orders : int array (count, h)
        Places in ``rows`` of the rows that the values come from.
    effects : int64 array (count, k)
        Change of the products by each order.
    """

    rows: np.ndarray
    orders: np.ndarray
    effects: np.ndarray

    def sources(self, which: int | np.ndarray) -> np.ndarray:
        """Rows that the values of ``rows`` come from, in one order or in several."""
        return self.rows[self.orders[which]]


def permute(pairing: Pairing, rows: np.ndarray, rs: RandomState, count: int) -> Permuted:
    """Draw orders of the values of some rows."""
    orders = np.argsort(rs.rand(count, len(rows)), axis=1, kind="stable")
    orders[0] = np.arange(len(rows))
    x, given = pairing.x[rows], pairing.given[rows]
    return Permuted(rows, orders, np.einsum("ch,hk->ck", x[orders] - x, given))


def permute_two_sets(pairing: Pairing, rs: RandomState, most_rows: int, count: int) -> tuple[Permuted, Permuted]:
    """Draw two disjoint sets of rows, of ``most_rows`` each if there are as many, and orders of each."""
    half = min(most_rows, len(pairing) // 2)
    drawn = rs.permutation(len(pairing))[: 2 * half]
    return permute(pairing, drawn[:half], rs, count), permute(pairing, drawn[half:], rs, count)
