"""Exchanges of values between rows: the moves that keep a marginal distribution (their effect: see `pairing`).

With some ten thousand exchanges at hand, a single one or a pair of them often has exactly the effect that is wanted,
on all products at once. Exchanges of rows that are neighbours have small effects, random ones large ones; both are
sampled, so that both large and small integers can be made up.
"""

from __future__ import annotations

import numpy as np
from numpy.random import RandomState

from replications.twins.swapping.look_up import partners
from replications.twins.swapping.pairing import SMALLEST_SPREAD, Pairing

DIRECTIONS = 8  # random ones, along which neighbours are looked for
HARDLY, HARDLY_SHARE = 0.02, 0.3  # weight of the columns that hardly count in a direction, and how many do
NEIGHBOURHOOD = 50  # neighbours are up to a fiftieth of the rows apart
DECIMALS = 9  # of positions that are sorted: hides the last bits, in which machines differ


def _near_exchanges(pairing: Pairing, rs: RandomState, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows that are neighbours along random directions: exchanges of small effect."""
    n = len(pairing)
    points = np.column_stack([pairing.points, pairing.x / max(pairing.x.std(), SMALLEST_SPREAD)])
    first, second = [], []
    for _ in range(DIRECTIONS):
        weights = rs.standard_normal(points.shape[1])
        direction = weights * np.where(rs.rand(points.shape[1]) < HARDLY_SHARE, HARDLY, 1.0)
        order = np.argsort((points * direction).sum(axis=1).round(DECIMALS), kind="stable")
        at = rs.randint(0, n - 1, count // DIRECTIONS)
        step = 1 + rs.randint(0, max(2, n // NEIGHBOURHOOD), len(at))
        first.append(order[at])
        second.append(order[np.minimum(at + step, n - 1)])
    return np.concatenate(first), np.concatenate(second)


def sample_exchanges(pairing: Pairing, rs: RandomState, count: int) -> tuple[np.ndarray, np.ndarray]:
    """All allowed exchanges if there are fewer than ``count``, else half random ones and half near ones."""
    n = len(pairing)
    if n * (n - 1) // 2 <= count:
        i, j = np.triu_indices(n, 1)
    else:
        half = count // 2
        near_i, near_j = _near_exchanges(pairing, rs, half)
        i = np.concatenate([rs.randint(0, n, half), near_i])
        j = np.concatenate([rs.randint(0, n, half), near_j])
    allowed = pairing.allowed(i, j)
    return i[allowed], j[allowed]


def pairs_with_effect(
    pairing: Pairing,
    i: np.ndarray,
    j: np.ndarray,
    wanted: np.ndarray,
    rs: RandomState,
    limit: int,
    first: np.ndarray | None = None,
) -> np.ndarray:
    """Pairs of exchanges on four different rows whose joint effect is the wanted one.

    Parameters
    ----------
    pairing : Pairing
    i, j : int arrays (m,)
        The exchanges to choose from.
    wanted : int64 array (k,)
    rs : RandomState
    limit : int
        How many pairs to look at, at most.
    first : int array, optional
        Positions of ``i, j`` to which the first exchange of a pair is restricted; a position may occur repeatedly.

    Returns
    -------
    int array (pairs, 4)
        Rows i, j, i', j' of the two exchanges.
    """
    effects = pairing.effects(i, j)
    one, other = partners(effects if first is None else effects[first], effects, wanted, rs)
    if len(one) > limit:
        keep = rs.choice(len(one), limit, replace=False)
        one, other = one[keep], other[keep]
    if first is not None:
        one = first[one]
    disjoint = (i[one] != i[other]) & (i[one] != j[other]) & (j[one] != i[other]) & (j[one] != j[other])
    one, other = one[disjoint], other[disjoint]
    return np.column_stack([i[one], j[one], i[other], j[other]])
